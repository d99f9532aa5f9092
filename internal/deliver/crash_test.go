package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// What was settled above the mark and saved is not sent again after a crash, and the counts hold from the first moment.
func TestCrashRepeatsOnlyWhatWasNotSaved(t *testing.T) {
	t.Parallel()
	for _, committed := range []bool{false, true} {
		t.Run(fmt.Sprintf("committed=%v", committed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			id, r := w.add(quick, "*")
			r.set(func(ctx context.Context, d connector.Delivery) error {
				switch d.Record.OrderingKey {
				case "stuck":
					return hanging(ctx, d)
				case "bad":
					return connector.Permanent(errors.New("422"))
				}
				return nil
			})
			saved := w.sendN(100, 10, "alert.created", func(i int) string { return map[int]string{2: "stuck", 5: "bad"}[i] })
			eventually(t, "all but the stuck one", func() bool { c := w.counts(id); return c.Delivered == 98 && c.Mailbox == 1 })
			w.tick()
			w.s.dead.Store(!committed)
			late := w.sendN(30, 10, "alert.created", nil)
			eventually(t, "the late ones are delivered", func() bool { return r.accepted() == 98+30 })
			if committed {
				eventually(t, "they are settled", func() bool { return w.counts(id).Delivered == 98+30 })
				w.s.lastWish.Store(true)
				_ = w.e.saveNow(context.Background())
			}
			before := r.callCount()
			w.crash()
			r.set(happy)
			w.start()
			w.mustAddUp()
			c := w.settled(id)
			if c.Delivered != 129 || c.Mailbox != 1 || c.Journalled != 130 {
				t.Fatalf("%+v", c)
			}
			repeated := r.callCount() - before - 1
			want := 30
			if committed {
				want = 0
			}
			if repeated < 0 || repeated > want || committed && repeated != 0 {
				t.Errorf("%d repeated, want at most %d", repeated, want)
			}
			for _, rec := range saved {
				if n := r.count(rec.ID); n > 1 {
					t.Fatalf("one that was saved as settled came %d times", n)
				}
			}
			for _, rec := range late {
				if r.count(rec.ID) == 0 {
					t.Fatal("lost")
				}
			}
			if r.changed {
				t.Error("the delivery key changed")
			}
		})
	}
}

// The model: whatever happens, in the end every matched event was delivered or is visible somewhere, the counts hold at
// every look, and the order of keys is kept.
func TestModel(t *testing.T) {
	t.Parallel()
	for seed := *modelFirst; seed < *modelFirst+*modelSeeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			newModel(t, seed).play(40)
		})
	}
}

// More of the model: go test -run TestModel -model.first 100 -model.seeds 200
var (
	modelFirst = flag.Uint64("model.first", 0, "the first seed of the model test")
	modelSeeds = flag.Uint64("model.seeds", 4, "how many seeds the model test plays")
)

type model struct {
	*world
	rng *rand.Rand
	ids []event.ID
	// off is when an integration was off, by index into list.
	maySkip map[event.ID]bool
	subs    map[event.ID]bool // the subscription changed: what is matched is only known to the counts
	crashes int
	news    news // what came of messages that stand for several events
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{world: newWorld(t), rng: rand.New(rand.NewPCG(seed, 7)), maySkip: map[event.ID]bool{}, subs: map[event.ID]bool{}}
	m.news.init()
	m.seg = 256 << 10
	m.start()
	for _, delivery := range []string{ordered, patient, patient, `{"batch":{"max_events":50}}`, ordered, noisyOrdered, noisyPatient} {
		id, r := m.add(delivery, "*")
		r.batch.Store(delivery[2] == 'b')
		m.change(id, func(*store.Integration) {})
		m.ids = append(m.ids, id)
		r.set(m.reading(id, happy))
	}
	return m
}

// moody fails in a way that a seed decides.
func (m *model) moody() mood {
	kind := m.rng.IntN(7)
	return func(ctx context.Context, d connector.Delivery) error {
		n := rand.IntN(100)
		switch {
		case kind == 0 && n < 95:
			return errors.New("500")
		case kind == 1 && n < 30:
			return errors.New("500")
		case kind == 2 && n < 30:
			return connector.Throttled(errors.New("429"), time.Duration(n)*time.Millisecond/10)
		case kind == 3 && n < 4:
			ctx, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
			defer cancel()
			return hanging(ctx, d)
		case kind == 4 && n < 10:
			return connector.Permanent(errors.New("422"))
		case kind == 5 && n < 2:
			panic("a bug in a connector")
		}
		return nil
	}
}

func (m *model) play(steps int) {
	for range steps {
		m.step()
		m.mustAddUp()
	}
	for _, id := range m.ids {
		m.recvs[id].set(m.reading(id, happy))
		m.change(id, func(i *store.Integration) { i.Enabled, i.Paused = true, false })
	}
	m.sendN(20, 5, "alert.created", func(i int) string { return []string{"a", "b", "c", "d", ""}[i%5] })
	for n, id := range m.ids {
		m.judge(n, id, m.settled(id))
	}
}

func (m *model) judge(n int, id event.ID, c Counts) {
	m.t.Helper()
	r := m.recvs[id]
	if c.Journalled != uint64(len(m.list)) || c.Lost != 0 || c.Expired != 0 {
		m.t.Fatalf("lane %d: %+v, %d were sent", n, c, len(m.list))
	}
	rows := map[event.ID]bool{}
	for after := ""; ; {
		list, next, err := m.s.ListParked(context.Background(), store.ParkedFilter{Account: event.DefaultAccount, Integration: id}, store.Page{After: after, Limit: 500})
		if err != nil {
			m.t.Fatal(err)
		}
		for _, p := range list {
			rows[p.Event] = true
		}
		if after = next; next == "" {
			break
		}
	}
	missing, repeated, taken := 0, 0, m.inMessages(id)
	for _, rec := range m.list {
		got := r.count(rec.ID)
		if m.noisy(id) {
			got = taken[rec.ID.Text(event.PrefixEvent)]
		}
		if got == 0 && !rows[rec.ID] {
			missing++
		}
		repeated += max(got-1, 0)
	}
	if uint64(missing) > c.Skipped+c.Filtered {
		m.t.Fatalf("lane %d: %d events are nowhere: %+v", n, missing, c)
	}
	if !m.maySkip[id] && !m.subs[id] && !m.noisy(id) && missing > 0 {
		m.t.Fatalf("lane %d: %d lost", n, missing)
	}
	window := SingleWindowEvents
	if r.batch.Load() {
		window = BatchWindowEvents
	}
	if repeated > window*m.crashes {
		m.t.Fatalf("lane %d: %d repeated in %d crashes", n, repeated, m.crashes)
	}
	if r.changed && !m.noisy(id) { // a message of several has the key of the first, and the event of the worst
		m.t.Fatalf("lane %d: a delivery key changed", n)
	}
	if strings.Contains(string(m.conf[id].Delivery), "by_key") {
		if r.together > 1 && !m.noisy(id) {
			m.t.Fatalf("lane %d: %d of one key together", n, r.together)
		}
		if m.mustHoldInOrder(id); !m.noisy(id) {
			mustKeepOrder(m.t, r, m.list)
		}
	}
}

func (m *model) step() {
	id := m.ids[m.rng.IntN(len(m.ids))]
	switch n := m.rng.IntN(20); {
	case n < 9:
		kinds := []string{"alert.created", "alert.resolved", "ip.blocked"}
		m.sendN(1+m.rng.IntN(400), 1+m.rng.IntN(60), kinds[m.rng.IntN(3)], func(int) string {
			return []string{"a", "b", "c", "d", ""}[m.rng.IntN(5)]
		})
	case n < 13:
		m.recvs[id].set(m.reading(id, m.moody()))
	case n == 13:
		m.change(id, func(i *store.Integration) { i.Paused = !i.Paused })
	case n == 14:
		m.maySkip[id] = true
		m.change(id, func(i *store.Integration) { i.Enabled = !i.Enabled })
	case n == 15:
		m.subs[id] = true
		m.change(id, func(i *store.Integration) {
			i.Subscription = [...]json.RawMessage{subscriptionOf("*"), subscriptionOf("alert.*"), subscriptionOf("ip.*", "alert.created"), subscriptionOf()}[m.rng.IntN(4)]
		})
	case n == 16:
		m.stop()
		m.calm()
		m.start()
	case n == 17:
		m.s.lastWish.Store(true)
		_ = m.e.saveNow(context.Background())
		m.down()
	case n == 18:
		m.down()
	default:
		_, _ = m.e.Replay(context.Background(), event.DefaultAccount, ReplaySpec{Filter: &store.ParkedFilter{Integration: id}})
	}
}

func (m *model) down() {
	m.crashes++
	m.crash()
	m.calm()
	m.start()
}

// calm forgets what was in flight when the process died.
func (m *model) calm() {
	for _, r := range m.recvs {
		r.mu.Lock()
		clear(r.flying)
		r.mu.Unlock()
	}
}
