package deliver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// refusing fails for good what has the ordering key "bad", and takes the rest.
func refusing(_ context.Context, d connector.Delivery) error {
	if d.Record.OrderingKey == "bad" {
		return connector.Permanent(errors.New("422"))
	}
	return nil
}

func every(n int, key string) func(int) string {
	return func(i int) string {
		if i%n == 0 {
			return key
		}
		return ""
	}
}

func (w *world) fallback(from, to event.ID) {
	w.t.Helper()
	w.change(from, func(i *store.Integration) { i.Fallback = to })
}

func (w *world) stats(id event.ID) IntegrationStats {
	w.t.Helper()
	s, ok := w.e.IntegrationStats(event.DefaultAccount, id)
	if !ok {
		w.t.Fatal("no such integration")
	}
	return s
}

func (w *world) mailbox(id event.ID) []store.Parked {
	w.t.Helper()
	list, _, err := w.s.ListParked(context.Background(), store.ParkedFilter{
		Account: event.DefaultAccount, Integration: id, States: []store.ParkedState{store.StateMailbox},
	}, store.Page{Limit: 500})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// What ends in the mailbox goes to the fallback once, whatever that one subscribes to, and both sides tell of the other.
func TestFallback(t *testing.T) {
	t.Parallel()
	for _, batch := range []bool{false, true} {
		t.Run(fmt.Sprintf("batch=%v", batch), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			a, ra := w.add(quick, "*")
			b, rb := w.add(quick)
			rb.batch.Store(batch)
			w.change(b, func(*store.Integration) {})
			w.fallback(a, b)
			ra.set(refusing)
			sent := w.sendN(40, 7, "alert.created", every(4, "bad"))
			if c := w.settled(a); c.Mailbox != 10 || c.Delivered != 30 {
				t.Fatalf("%+v", c)
			}
			eventually(t, "the fallback gets them", func() bool { return rb.accepted() == 10 && w.stats(b).Fallback.Delivered == 10 })
			s := w.stats(b)
			if !s.AddsUp || s.Counts.Matched != 0 || s.Counts.Filtered != 40 || s.Counts.Parked != 0 || s.Fallback != (RunCounts{Matched: 10, Delivered: 10}) {
				t.Fatalf("%+v", s)
			}
			w.tick()
			bad := sent[4]
			row := w.mailbox(a)[0]
			own, err := w.e.Delivery(context.Background(), event.DefaultAccount, event.DeliveryID(bad.ID, a))
			if err != nil || own.Status != "mailbox" || own.ToIntegration != b || own.ToDelivery.IsZero() || row.ToIntegration != b {
				t.Fatalf("%+v, %v", own, err)
			}
			if key := rb.keys[bad.ID]; key != own.ToDelivery.Text(event.PrefixDelivery) {
				t.Errorf("it came as %s, and the mailbox says %s", key, own.ToDelivery)
			}
			v, err := w.e.Delivery(context.Background(), event.DefaultAccount, own.ToDelivery)
			if err != nil || v.Status != "delivered" || v.FromIntegration != a || v.FromDelivery != own.ID || v.Event != bad.ID ||
				v.Integration != b || v.Severity != bad.Severity || len(v.History) != 1 || !v.Run.IsZero() {
				t.Fatalf("%+v, %v", v, err)
			}
			list, _, err := w.e.Deliveries(context.Background(), event.DefaultAccount, DeliveryFilter{Event: bad.ID}, store.Page{})
			if err != nil || len(list) != 2 {
				t.Fatalf("%d deliveries of the event: %+v, %v", len(list), list, err)
			}

			// A replay that fails again is not handed on again.
			job, err := w.e.Replay(context.Background(), event.DefaultAccount, ReplaySpec{Filter: &store.ParkedFilter{Integration: a}})
			if err != nil {
				t.Fatal(err)
			}
			w.jobEnds(job.ID, "done")
			if c := w.settled(a); c.Mailbox != 10 {
				t.Fatalf("%+v", c)
			}
			w.tick()
			if s := w.stats(b); s.Fallback.Matched != 10 || rb.accepted() != 10 || rb.changed {
				t.Errorf("%+v", s.Fallback)
			}
			w.stop()
			w.start()
			w.mustAddUp()
			if s := w.stats(b); s.Fallback != (RunCounts{Matched: 10, Delivered: 10}) {
				t.Errorf("after a restart: %+v", s.Fallback)
			}
		})
	}
}

func (w *world) jobEnds(id event.ID, state string) JobView {
	w.t.Helper()
	var v JobView
	eventually(w.t, "the job ends", func() bool {
		var err error
		if v, err = w.e.Job(context.Background(), event.DefaultAccount, id); err != nil {
			w.t.Fatal(err)
		}
		return !slices.Contains([]string{"queued", "running"}, v.State)
	})
	if v.State != state {
		w.t.Fatalf("the job is %s (%s), want %s", v.State, v.Error, state)
	}
	return v
}

// What the fallback cannot deliver ends in its own mailbox, and does not fall further.
func TestFallbackIsOneDeep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	a, ra := w.add(quick, "ip.blocked")
	b, rb := w.add(quick, "alert.created")
	c, rc := w.add(quick)
	w.fallback(a, b)
	w.fallback(b, c)
	ra.set(refusing)
	rb.set(refusing)
	w.sendN(3, 3, "ip.blocked", every(1, "bad"))
	own := w.sendN(2, 2, "alert.created", every(1, "bad"))
	eventually(t, "b's own reach c", func() bool { return rc.accepted() == 2 })
	eventually(t, "a's end at b", func() bool { return w.stats(b).Fallback.Mailbox == 3 })
	w.settled(a)
	w.settled(b)
	w.tick()
	if n := rc.accepted(); n != 2 || rc.count(own[0].ID) != 1 || w.stats(c).Fallback.Matched != 2 {
		t.Errorf("c got %d", n)
	}
	if s := w.stats(b); s.Counts.Mailbox != 2 || s.Fallback.Matched != 3 || !s.AddsUp {
		t.Errorf("%+v", s)
	}
	// From the fallback's mailbox it can be replayed like any other.
	rb.set(happy)
	job, err := w.e.Replay(context.Background(), event.DefaultAccount, ReplaySpec{Filter: &store.ParkedFilter{Integration: b}})
	if err != nil {
		t.Fatal(err)
	}
	if v := w.jobEnds(job.ID, "done"); v.Done != 5 {
		t.Fatalf("%+v", v)
	}
	eventually(t, "the replays", func() bool {
		s := w.stats(b)
		return s.Counts.Mailbox == 0 && s.Fallback.Delivered == 3 && s.Counts.Delivered == 2
	})
	w.mustAddUp()
}

// What a person or a switch closes does not fall back; neither does anything to a fallback that is off. One that is paused
// keeps it.
func TestFallbackTakesOnlyFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	a, ra := w.add(`{"concurrency":2,"retry":{"schedule":["0s","1h"]}}`, "*")
	b, rb := w.add(quick)
	w.fallback(a, b)
	ra.set(failing)
	w.sendN(2, 2, "alert.created", nil)
	eventually(t, "they are parked", func() bool { return w.counts(a).Parked == 2 })
	w.change(a, func(i *store.Integration) { i.Enabled = false })
	w.change(a, func(i *store.Integration) { i.Enabled = true })
	if c := w.settled(a); c.Discarded != 2 {
		t.Fatalf("%+v", c)
	}
	ra.set(refusing)
	w.change(b, func(i *store.Integration) { i.Enabled = false })
	w.sendN(1, 1, "alert.created", every(1, "bad"))
	eventually(t, "the mailbox", func() bool { return w.counts(a).Mailbox == 1 })
	w.tick()
	w.change(b, func(i *store.Integration) { i.Enabled, i.Paused = true, true })
	w.sendN(1, 1, "alert.created", every(1, "bad"))
	eventually(t, "the mailbox", func() bool { return w.counts(a).Mailbox == 2 })
	eventually(t, "it waits", func() bool { return w.stats(b).Fallback.Parked == 1 })
	if _, parked := w.e.Backlog(event.DefaultAccount, b); parked != 1 {
		t.Errorf("the backlog has %d", parked)
	}
	w.stop()
	w.start()
	w.mustAddUp()
	if s := w.stats(b); s.Fallback != (RunCounts{Matched: 1, Parked: 1}) || rb.callCount() != 0 {
		t.Fatalf("%+v", s.Fallback)
	}
	w.change(b, func(i *store.Integration) { i.Paused = false })
	eventually(t, "it goes out", func() bool { return rb.accepted() == 1 && w.stats(b).Fallback.Delivered == 1 })
	marks := 0
	w.tick()
	for _, row := range w.mailbox(a) {
		if !row.ToDelivery.IsZero() {
			marks++
		}
	}
	if marks != 1 {
		t.Errorf("%d rows say that they were handed on", marks)
	}
	// A fallback that is deleted takes nothing any more.
	if err := w.e.Remove(context.Background(), event.DefaultAccount, b); err != nil {
		t.Fatal(err)
	}
	w.sendN(1, 1, "alert.created", every(1, "bad"))
	eventually(t, "the mailbox", func() bool { return w.counts(a).Mailbox == 3 })
	w.tick()
	w.mustAddUp()
}

// The mark in the mailbox and the fallback's delivery become durable together, or not at all.
func TestFallbackCrash(t *testing.T) {
	t.Parallel()
	for _, committed := range []bool{false, true} {
		t.Run(fmt.Sprintf("committed=%v", committed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			a, ra := w.add(quick, "*")
			b, rb := w.add(quick)
			w.fallback(a, b)
			w.change(b, func(i *store.Integration) { i.Paused = true })
			ra.set(refusing)
			w.tick()
			w.s.lastWish.Store(committed)
			w.s.dead.Store(!committed)
			sent := w.sendN(50, 50, "alert.created", every(5, "bad"))
			eventually(t, "all are tried", func() bool { return ra.callCount() >= 50 })
			_ = w.e.saveNow(context.Background())
			w.crash()
			w.start()
			w.mustAddUp()
			eventually(t, "the failures", func() bool { return w.counts(a).Mailbox == 10 })
			w.change(b, func(i *store.Integration) { i.Paused = false })
			eventually(t, "the fallback has them", func() bool { return w.stats(b).Fallback.Delivered == 10 })
			w.mustAddUp()
			for i, r := range sent {
				want := 0
				if i%5 == 0 {
					want = 1
				}
				if rb.count(r.ID) != want {
					t.Errorf("event %d came %d times", i, rb.count(r.ID))
				}
			}
			if s := w.stats(b); s.Fallback.Matched != 10 || rb.changed {
				t.Errorf("%+v", s.Fallback)
			}
		})
	}
}

// More than the fallback may have parked ends in its mailbox at once, and its own events go on.
func TestFallbackOverflow(t *testing.T) {
	t.Parallel()
	l, now := pureLane(t, quick)
	var list []*parked
	for range MaxParked + 5 {
		rec := recordOf("a.b", "")
		list = append(list, &parked{rec: rec, size: rec.Size(), index: -1, row: store.Parked{
			Delivery: event.DeliveryID(rec.ID, l.id), Event: rec.ID, Run: l.id, FromDelivery: rec.ID, FromIntegration: rec.ID,
		}})
	}
	l.halted = true
	l.takeOver(list, now)
	sums, _, _ := l.runSums(event.ID{})
	if sums != (RunCounts{Matched: MaxParked + 5, Parked: MaxParked, Mailbox: 5}) || l.park.full() {
		t.Errorf("%+v", sums)
	}
}

func TestTickOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	var ids []event.ID
	for range 6 {
		id, _ := w.add(quick)
		ids = append(ids, id)
	}
	for from, to := range map[int]int{0: 1, 1: 2, 3: 2, 4: 5, 5: 4} { // 4 and 5 are a cycle, which nobody may configure
		w.fallback(ids[from], ids[to])
	}
	for range 50 { // the lanes come in any order
		w.e.tail.mu.Lock()
		ordered, to := w.e.tail.inOrder(w.e.allLanes())
		w.e.tail.mu.Unlock()
		at := map[event.ID]int{}
		for i, l := range ordered {
			at[l.id] = i
		}
		if len(at) != 6 || len(ordered) != 6 || len(to) != 4 {
			t.Fatalf("%d lanes of %d, %d links", len(at), len(ordered), len(to))
		}
		for from, target := range to {
			if at[from.id] >= at[target.id] {
				t.Fatal("a lane is saved before one that hands over to it")
			}
		}
	}
}

// A fallback's delivery of an ordered lane goes through the gate of its key.
func TestFallbackKeepsOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	a, ra := w.add(quick, "ip.blocked")
	b, rb := w.add(ordered, "alert.created")
	w.fallback(a, b)
	ra.set(refusing)
	rb.set(func(context.Context, connector.Delivery) error { <-time.After(time.Millisecond); return nil })
	for range 10 {
		w.sendN(2, 2, "ip.blocked", every(1, "bad"))
		w.sendN(2, 2, "alert.created", every(1, "bad"))
	}
	eventually(t, "all came", func() bool { return rb.accepted() == 40 })
	w.settled(b)
	if rb.together > 1 {
		t.Errorf("%d of one key were in flight together", rb.together)
	}
}
