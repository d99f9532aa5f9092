package deliver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The model of what runs bring: whatever happens, in the end every delivery that the mailbox says was handed on is at the
// fallback, every event that a finished backfill matched came or is visible somewhere, and all sums hold at every look.
func TestGivenModel(t *testing.T) {
	t.Parallel()
	for seed := *modelFirst; seed < *modelFirst+*modelSeeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			newGivenModel(t, seed).play(30)
		})
	}
}

type givenModel struct {
	*model
	young event.ID // made when events were journalled already
	older int      // how many were
	jobs  map[event.ID]BackfillSpec
	began time.Time
	dead  map[event.ID]bool // jobs that were cancelled
}

func newGivenModel(t *testing.T, seed uint64) *givenModel {
	m := &givenModel{
		model: &model{world: newWorld(t), rng: rand.New(rand.NewPCG(seed, 11)), maySkip: map[event.ID]bool{}, subs: map[event.ID]bool{}},
		jobs:  map[event.ID]BackfillSpec{}, dead: map[event.ID]bool{}, began: time.Now(),
	}
	m.seg = 256 << 10
	m.start()
	m.sendN(200, 40, "alert.created", func(i int) string { return []string{"a", "b", ""}[i%3] })
	eventually(t, "the tail is at the end", m.tailAtEnd)
	m.older = len(m.list)
	for n, delivery := range []string{ordered, patient, `{"batch":{"max_events":50},"retry":{"schedule":["0s","5ms","5ms","5ms","5ms","5ms","5ms","5ms"]}}`, patient, ordered} {
		types := []string{"*"}
		if n >= 3 {
			types = nil // fallbacks only
		}
		id, r := m.add(delivery, types...)
		r.batch.Store(delivery[2] == 'b')
		m.change(id, func(*store.Integration) {})
		m.ids = append(m.ids, id)
	}
	m.fallback(m.ids[0], m.ids[3])
	m.fallback(m.ids[1], m.ids[4])
	m.fallback(m.ids[2], m.ids[3])
	m.fallback(m.ids[3], m.ids[4])
	m.young = m.ids[2]
	return m
}

func (m *givenModel) play(steps int) {
	for range steps {
		switch n := m.rng.IntN(16); {
		case n < 4:
			m.sendN(1+m.rng.IntN(200), 1+m.rng.IntN(60), "alert.created", func(int) string { return []string{"a", "b", "c", ""}[m.rng.IntN(4)] })
		case n < 8:
			m.recvs[m.ids[m.rng.IntN(len(m.ids))]].set(m.harsh())
		case n < 10:
			m.begin()
		case n == 10:
			m.cancel()
		case n == 11:
			m.change(m.ids[m.rng.IntN(len(m.ids))], func(i *store.Integration) { i.Paused = !i.Paused })
		case n == 12:
			m.stop()
			m.calm()
			m.start()
		case n == 13:
			m.s.lastWish.Store(true)
			_ = m.e.saveNow(context.Background())
			m.down()
		case n == 14:
			m.down()
		default:
			_, _ = m.e.Replay(context.Background(), event.DefaultAccount, ReplaySpec{Filter: &store.ParkedFilter{}})
		}
		m.mustAddUp()
	}
	for _, id := range m.ids {
		m.recvs[id].set(happy)
		m.change(id, func(i *store.Integration) { i.Paused = false })
	}
	m.judgeAll()
}

// harsh is moody, and sends much to the mailbox.
func (m *givenModel) harsh() mood {
	soft, share := m.moody(), m.rng.IntN(60)
	return func(ctx context.Context, d connector.Delivery) error {
		if rand.IntN(100) < share {
			return connector.Permanent(errors.New("422"))
		}
		return soft(ctx, d)
	}
}

func (m *givenModel) begin() {
	id := m.ids[m.rng.IntN(3)]
	spec := BackfillSpec{From: m.began, All: m.rng.IntN(2) == 0}
	j, err := m.e.Backfill(context.Background(), event.DefaultAccount, id, spec)
	if err == nil {
		m.jobs[j.ID] = spec
	} else if !errors.Is(err, ErrBackfilling) {
		m.t.Fatal(err)
	}
}

func (m *givenModel) cancel() {
	for id := range m.jobs {
		if m.rng.IntN(3) == 0 && m.e.CancelJob(context.Background(), event.DefaultAccount, id) == nil {
			m.dead[id] = true
		}
	}
}

func (m *givenModel) judgeAll() {
	eventually(m.t, "all jobs end", func() bool {
		list, next, err := m.e.Jobs(context.Background(), event.DefaultAccount, store.Page{Limit: 500})
		if err != nil || next != "" {
			m.t.Fatal(err, next)
		}
		return !slices.ContainsFunc(list, func(v JobView) bool { return v.State == jobRunning || v.State == "queued" })
	})
	for id := range m.jobs {
		v, err := m.e.Job(context.Background(), event.DefaultAccount, id)
		if err != nil {
			m.t.Fatal(err)
		}
		if !m.dead[id] && v.State != jobDone || !v.Backfill.Counts.AddUp() {
			m.t.Fatalf("%s %s %+v", v.State, v.Error, v.Backfill)
		}
		if v.State == jobDone && v.Backfill.Counts.Matched < uint64(m.older) {
			m.t.Fatalf("a backfill matched %d of %d", v.Backfill.Counts.Matched, m.older)
		}
	}
	for _, id := range m.ids {
		m.settled(id)
	}
	eventually(m.t, "the fallbacks rest", func() bool {
		for _, id := range m.ids {
			if s := m.stats(id); s.Fallback.Parked+s.Backfill.Parked > 0 {
				return false
			}
		}
		return true
	})
	m.mustAddUp()
	m.tick()
	m.judgeRows()
	done := map[event.ID]bool{}
	for id := range m.jobs {
		v, err := m.e.Job(context.Background(), event.DefaultAccount, id)
		if err != nil {
			m.t.Fatal(err)
		}
		done[v.Backfill.Integration] = done[v.Backfill.Integration] || v.State == jobDone
	}
	for _, id := range m.ids[:3] {
		for i, rec := range m.list {
			if i < m.older && !done[id] {
				continue
			}
			if m.recvs[id].count(rec.ID) == 0 && m.rowOf(event.DeliveryID(rec.ID, id)) == nil {
				m.t.Fatalf("event %d is nowhere", i)
			}
		}
		if m.recvs[id].changed {
			m.t.Fatal("the delivery key changed")
		}
	}
}

func (m *givenModel) rowOf(id event.ID) *store.Parked {
	row, err := m.s.GetParked(context.Background(), event.DefaultAccount, id)
	if err != nil {
		return nil
	}
	return &row
}

// judgeRows holds the mailbox to what it says: what was handed on is there, once, and says so.
func (m *givenModel) judgeRows() {
	handed := map[event.ID]uint64{}
	for _, from := range m.ids {
		for after := ""; ; {
			list, next, err := m.s.ListParked(context.Background(), store.ParkedFilter{Account: event.DefaultAccount, Integration: from}, store.Page{After: after, Limit: 500})
			if err != nil {
				m.t.Fatal(err)
			}
			for _, p := range list {
				if p.ToDelivery.IsZero() {
					continue
				}
				if !p.FromDelivery.IsZero() {
					m.t.Fatal("a delivery by fallback fell further")
				}
				handed[p.ToIntegration]++
				v, err := m.e.Delivery(context.Background(), event.DefaultAccount, p.ToDelivery)
				if err != nil || v.FromDelivery != p.Delivery || v.FromIntegration != from || v.Status != "delivered" && v.Status != "mailbox" {
					m.t.Fatalf("the fallback's delivery is %+v, %v", v, err)
				}
				if v.Status == "delivered" && m.recvs[p.ToIntegration].count(p.Event) == 0 {
					m.t.Fatal("the fallback never got it")
				}
			}
			if after = next; next == "" {
				break
			}
		}
	}
	for id, n := range handed {
		if s := m.stats(id); s.Fallback.Matched < n {
			m.t.Fatalf("%d were handed on, %d counted", n, s.Fallback.Matched)
		}
	}
}
