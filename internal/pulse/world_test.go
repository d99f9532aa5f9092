package pulse

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// world is a service over counters and a clock that a test moves.
type world struct {
	t        *testing.T
	now      time.Time
	readings map[key]*Reading
	received map[event.Account]uint64
	store    *memory
	s        *Service
}

// memory is a store of pieces.
type memory struct {
	rows   map[string]store.PulsePiece
	writes int // transactions
	fails  bool
}

func rowKey(p *store.PulsePiece) string {
	return p.Step.String() + p.At.String() + string(p.Account) + p.Integration.Text("x")
}

func (m *memory) SavePulses(_ context.Context, pieces []store.PulsePiece) error {
	if m.fails {
		return errors.New("no room")
	}
	m.writes++
	for _, p := range pieces {
		m.rows[rowKey(&p)] = p
	}
	return nil
}

func (m *memory) LoadPulses(_ context.Context, step time.Duration, since time.Time) ([]store.PulsePiece, error) {
	var list []store.PulsePiece
	for _, p := range m.rows {
		if p.Step == step && !p.At.Before(since) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b store.PulsePiece) int { return a.At.Compare(b.At) })
	return list, nil
}

func (m *memory) PrunePulses(_ context.Context, step time.Duration, before time.Time, limit int) (n int, _ error) {
	for k, p := range m.rows {
		if p.Step == step && p.At.Before(before) && n < limit {
			delete(m.rows, k)
			n++
		}
	}
	return n, nil
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: noon, readings: map[key]*Reading{}, received: map[event.Account]uint64{"acme": 1000, "other": 5}, store: &memory{rows: map[string]store.PulsePiece{}}}
	w.open()
	return w
}

func (w *world) open() {
	w.t.Helper()
	s, err := Open(w.t.Context(), Deps{
		Store: w.store, Now: func() time.Time { return w.now },
		Accounts: func() []event.Account { return slices.Sorted(maps.Keys(w.received)) },
		Received: func(a event.Account) uint64 { return w.received[a] },
		Read: func(of event.Account) (list []Reading) {
			for k, r := range w.readings {
				if of == "" || k.account == of {
					list = append(list, *r)
				}
			}
			return list
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.s = s
}

// restart ends the process and begins another, whose counters begin anew.
func (w *world) restart(down time.Duration) {
	w.t.Helper()
	w.s.save(w.t.Context(), true)
	for k, r := range w.readings {
		w.readings[k] = &Reading{Integration: r.Integration, Account: r.Account, Matched: r.Matched, Backlog: r.Backlog, Mailbox: r.Mailbox}
	}
	w.now = w.now.Add(down)
	w.open()
}

// pass lets time pass, with a look at every step's end as Run has it, a few milliseconds late.
func (w *world) pass(d time.Duration) {
	const late = 3 * time.Millisecond
	end := w.now.Add(d)
	for next := begins(w.now, every).Add(every); !next.After(end); next = next.Add(every) {
		w.now = next.Add(late)
		w.s.Look()
	}
	if w.now.Before(end) {
		w.now = end
	}
}

func (w *world) lane(account event.Account, n byte) *Reading {
	id := event.ID{n}
	r := &Reading{Integration: id, Account: account}
	w.readings[key{account, id}] = r
	return r
}

// deliver counts deliveries that took so long.
func (r *Reading) deliver(n int, took time.Duration) {
	r.Matched += uint64(n)
	r.Delivered += uint64(n)
	for range n {
		r.Took.Observe(took)
	}
}

// line is a point without its times to deliver.
func line(p Point) [7]uint64 {
	return [7]uint64{uint64(p.At.Sub(noon) / time.Second), p.Received, p.Delivered, p.Failed, p.Retried, p.Backlog, p.Mailbox}
}

func lines(points []Point) (list [][7]uint64) {
	for _, p := range points {
		list = append(list, line(p))
	}
	return list
}
