package deliver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// What goes through takes what is held of its key along, in one message.
func TestTakesAlong(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"none", "by_key"} {
		w := newWorld(t)
		w.start()
		id, r := w.add(`{"order":"`+order+`","noise":{"quiet_hours":[{"from":"00:00","to":"00:00"}]}}`, "*")
		m := reading(r)
		w.send(alertOf(opened, "a", event.Low), alertOf(opened, "b", event.Low))
		w.heldNow(id, 2)
		w.send(alertOf(opened, "a", event.Critical))
		eventually(t, "the message", func() bool { return len(m.all()) == 1 })
		if got := m.all()[0]; got.title != "2 × about a" || got.kind != opened {
			t.Errorf("%+v", got)
		}
		w.heldNow(id, 1)
		// It is announced now: its end follows it.
		w.send(alertOf(over, "a", event.Critical))
		eventually(t, "its end", func() bool { return len(m.all()) == 2 })
		w.mustAddUp()
	}
}

// Repeats that are held go before news of their alert.
func TestNewsAfterHeldRepeats(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"none", "by_key"} {
		w := newWorld(t)
		w.start()
		id, r := w.add(`{"order":"`+order+`"}`, "*")
		m := reading(r)
		w.send(alertOf(opened, "a", event.Low))
		w.settled(id)
		w.ends(id, `{"order":"`+order+`","noise":{"quiet_hours":[{"from":"00:00","to":"00:00"}]}}`)
		w.send(alertOf(opened, "a", event.Low), alertOf(opened, "a", event.Medium))
		w.heldNow(id, 2)
		w.send(alertOf(acked, "a", event.Low))
		w.settled(id)
		if got := m.all(); len(got) != 3 || got[1].count != 2 || got[2].kind != acked {
			t.Errorf("%s: %+v", order, got)
		}
	}
}

// Order is kept where it is asked for, around what is held, sent and failing.
func TestHeldKeepsOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"order":"by_key","retry":{"schedule":["0s","1h"]},"noise":{"group":{"by":["project"],"wait":"1h","max":2}}}`, "*")
	m := reading(r)
	m.failing(errors.New("500"))
	w.send(alertOf(opened, "a", event.Low), alertOf(opened, "b", event.Low))
	eventually(t, "it failed", func() bool { return len(m.all()) == 1 })
	// What follows waits behind it, and comes together when it is over.
	w.send(alertOf(opened, "a", event.Low), alertOf(opened, "a", event.Low), alertOf(acked, "b", event.Low))
	eventually(t, "they are parked", func() bool { c := w.counts(id); return c.Parked == 5 && c.Waiting == 0 })
	w.tick()
	w.crash()
	w.start()
	m.failing(nil)
	if err := w.e.Retry(context.Background(), event.DefaultAccount, event.DeliveryID(w.list[1].ID, id), false); err != nil {
		t.Fatal(err)
	}
	if c := w.settled(id); c.Delivered != 5 {
		t.Fatalf("%+v", c)
	}
	var got []string
	for _, s := range m.all()[1:] {
		got = append(got, fmt.Sprint(s.kind, " ", s.title))
	}
	if s := strings.Join(got, ", "); s != "alert.created 2 × about a, alert.created 2 × about a, alert.acknowledged about b" &&
		s != "alert.created 2 × about a, alert.acknowledged about b, alert.created 2 × about a" {
		t.Errorf("%s", s)
	}
}

// A person can hurry what is held, or discard it; those of one message are one.
func TestHeldByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	ctx := context.Background()
	id, r := w.add(`{"retry":{"schedule":["0s","1h"]},"noise":{"group":{"by":["project"],"wait":"1h","max":3}}}`, "*")
	m := reading(r)
	w.send(alertOf(opened, "a", event.Low), alertOf(opened, "b", event.Low))
	w.heldNow(id, 2)
	w.tick()
	if err := w.e.Retry(ctx, event.DefaultAccount, event.DeliveryID(w.list[0].ID, id), false); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is sent alone", func() bool { return m.titles() == "about a" })
	if n, err := w.e.Discard(ctx, event.DefaultAccount, Selection{IDs: []event.ID{event.DeliveryID(w.list[1].ID, id)}}, "no"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	w.settled(id)
	m.failing(errors.New("500"))
	w.send(alertOf(opened, "c", event.Low), alertOf(opened, "d", event.Low), alertOf(opened, "e", event.Low))
	eventually(t, "the message failed", func() bool { return len(m.all()) == 2 && w.stats(id).Counts.Parked == 3 })
	w.tick()
	if _, err := w.e.Discard(ctx, event.DefaultAccount, Selection{IDs: []event.ID{event.DeliveryID(w.list[4].ID, id)}}, "no"); err != nil {
		t.Fatal(err)
	}
	if c := w.settled(id); c.Discarded != 4 {
		t.Fatalf("%+v", c)
	}
}

// An integration that is switched off closes what is held; one that is paused keeps it.
func TestHeldAndSwitchedOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(slowly, "*")
	m := reading(r)
	w.send(alertOf(opened, "a", event.Low), alertOf(opened, "b", event.Low))
	w.heldNow(id, 2)
	w.change(id, func(i *store.Integration) { i.Paused = true })
	w.ends(id, quick)
	if c := w.counts(id); c.Parked != 2 || len(m.all()) != 0 {
		t.Fatalf("%+v", c)
	}
	w.change(id, func(i *store.Integration) { i.Paused = false })
	w.settled(id)
	w.ends(id, slowly)
	w.send(alertOf(opened, "c", event.Low), alertOf(opened, "d", event.Low))
	w.heldNow(id, 2)
	w.change(id, func(i *store.Integration) { i.Enabled = false })
	if c := w.settled(id); c.Discarded != 2 {
		t.Fatalf("%+v", c)
	}
	w.change(id, func(i *store.Integration) { i.Enabled = true })
	if _, err := w.e.Replay(context.Background(), event.DefaultAccount, ReplaySpec{IDs: []event.ID{event.DeliveryID(w.list[2].ID, id)}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replay", func() bool { return r.count(w.list[2].ID) == 1 })
}

// What is held is parked: beyond the limits of that, the lane waits in the journal.
func TestHeldIsBounded(t *testing.T) {
	t.Parallel()
	for _, batch := range []bool{false, true} {
		w := newWorld(t)
		w.start()
		id, r := w.add(always, "*")
		r.batch.Store(batch)
		w.change(id, func(*store.Integration) {})
		l := w.lane(id)
		l.mu.Lock()
		l.park.own.n += MaxParked - 3 // as if so many were parked
		l.mu.Unlock()
		for i := range 10 {
			w.send(alertOf(opened, fmt.Sprint(i), event.Low))
		}
		eventually(t, "the rest waits", func() bool { c := w.counts(id); return c.Waiting == 7 && c.Parked == MaxParked })
		l.mu.Lock()
		l.park.own.n -= MaxParked - 3
		l.mu.Unlock()
		w.ends(id, quick)
		w.settled(id)
	}
}
