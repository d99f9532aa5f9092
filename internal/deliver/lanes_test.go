package deliver

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// One dead receiver costs the others nothing: its lane detaches, and later catches up exactly.
func TestDetachAndCatchUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	slow, rs := w.add(`{"concurrency":4}`, "alert.*")
	fast, rf := w.add(quick, "*")
	release := make(chan struct{})
	rs.set(func(ctx context.Context, _ connector.Delivery) error {
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	const n = 3 * SingleWindowEvents
	for range 6 {
		w.sendN(n/6, 100, "alert.created", nil)
		w.sendN(50, 7, "ip.blocked", nil)
	}
	if c := w.settled(fast); c.Delivered != n+300 {
		t.Fatalf("the healthy one: %+v", c)
	}
	c := w.counts(slow)
	if w.stateOf(slow) != LaneCatchingUp || c.Waiting != SingleWindowEvents || c.Behind == 0 {
		t.Fatalf("%s %+v", w.stateOf(slow), c)
	}
	w.mustAddUp()
	rs.set(happy)
	close(release)
	eventually(t, "it attaches again", func() bool { w.mustAddUp(); return w.stateOf(slow) == LaneAttached })
	w.sendN(10, 3, "alert.created", nil)
	if c := w.settled(slow); c.Delivered != n+10 || c.Filtered != 300 || c.Journalled != n+310 {
		t.Fatalf("%+v", c)
	}
	for _, r := range w.list {
		want := 1
		if r.Type != "alert.created" {
			want = 0
		}
		if rs.count(r.ID) != want || rf.count(r.ID) != 1 {
			t.Fatalf("%s came %d and %d times", r.Type, rs.count(r.ID), rf.count(r.ID))
		}
	}
}

func TestPauseResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(quick, "*")
	w.change(id, func(i *store.Integration) { i.Paused = true })
	w.sendN(SingleWindowEvents+500, 100, "alert.created", nil)
	eventually(t, "its window is full", func() bool { return w.counts(id).Behind > 0 })
	w.stop()
	w.start()
	if c := w.counts(id); r.callCount() != 0 || c.Delivered != 0 || w.stateOf(id) != LanePaused {
		t.Fatalf("a paused one was sent something: %+v", c)
	}
	w.change(id, func(i *store.Integration) { i.Paused = false })
	if c := w.settled(id); c.Delivered != SingleWindowEvents+500 || r.accepted() != SingleWindowEvents+500 {
		t.Fatalf("%+v", c)
	}
}

func TestDisableEnable(t *testing.T) {
	t.Parallel()
	for _, delivery := range []string{quick, ordered} {
		w := newWorld(t)
		w.start()
		id, r := w.add(delivery, "*")
		r.set(func(ctx context.Context, d connector.Delivery) error {
			if d.Record.OrderingKey == "slow" {
				return hanging(ctx, d)
			}
			return errors.New("500")
		})
		first := w.sendN(30, 30, "alert.created", func(i int) string { return []string{"slow", "a", "b"}[i%3] })
		eventually(t, "something is in flight and something parked", func() bool {
			return w.counts(id).Parked > 0 && r.callCount() > 3
		})
		w.change(id, func(i *store.Integration) { i.Enabled = false })
		w.sendN(10, 5, "alert.created", nil)
		c := w.settled(id)
		if c.Delivered != 0 || c.Discarded == 0 || c.Discarded+c.Skipped+c.Mailbox != 40 || c.Skipped < 10 {
			t.Fatalf("%+v", c)
		}
		r.set(happy)
		w.change(id, func(i *store.Integration) { i.Enabled = true })
		w.sendN(12, 4, "alert.created", func(i int) string { return []string{"slow", "a", "b", ""}[i%4] })
		if c := w.settled(id); c.Delivered != 12 {
			t.Fatalf("after enabling: %+v", c)
		}
		// What was discarded can be replayed.
		w.tick()
		if err := w.e.Retry(context.Background(), event.DefaultAccount, event.DeliveryID(first[0].ID, id), true); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the replay", func() bool { return r.count(first[0].ID) == 1 })
		w.settled(id)
		w.crash()
	}
}

// Enabling again while a cancelled request is still on its way back must not leave it, or its key, in limbo.
func TestEnableBeforeLanding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(ordered, "*")
	land := make(chan struct{})
	r.set(func(ctx context.Context, _ connector.Delivery) error {
		<-ctx.Done()
		<-land
		return ctx.Err()
	})
	w.sendN(8, 8, "alert.created", func(i int) string { return fmt.Sprint(i % 6) })
	eventually(t, "they fly", func() bool { return r.callCount() == 6 })
	w.change(id, func(i *store.Integration) { i.Enabled = false })
	r.set(happy)
	w.change(id, func(i *store.Integration) { i.Enabled = true })
	close(land)
	eventually(t, "they land", func() bool { return w.counts(id).Waiting == 0 })
	w.sendN(8, 8, "alert.created", func(i int) string { return fmt.Sprint(i % 6) })
	c := w.settled(id)
	s, _ := w.e.IntegrationStats(event.DefaultAccount, id)
	if c.Delivered != 8 || c.Discarded != 6 || c.Skipped != 2 || s.Breaker != "closed" {
		t.Fatalf("%+v, breaker %s", c, s.Breaker)
	}
}

func TestRemoveClosesWhatFlies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"retry":{"schedule":["0s","1h"]}}`, "*")
	r.set(failing)
	w.sendN(4, 4, "alert.created", nil)
	eventually(t, "parked", func() bool { return w.counts(id).Parked == 4 })
	r.set(hanging)
	w.sendN(4, 4, "alert.created", nil)
	eventually(t, "in flight", func() bool { return r.callCount() >= 8 })
	ctx := context.Background()
	if err := w.e.Remove(ctx, event.DefaultAccount, id); err != nil {
		t.Fatal(err)
	}
	n, err := w.s.CountParked(ctx, store.ParkedFilter{Account: event.DefaultAccount, Integration: id})
	if err != nil || n[store.StateParked] != 0 || n[store.StateDiscarded] < 5 {
		t.Fatalf("rows of a deleted integration: %v, %v", n, err)
	}
	rows, err := w.s.LoadLanes(ctx)
	if err != nil || len(rows) != 0 {
		t.Fatalf("%d lanes are left, %v", len(rows), err)
	}
}

// A change of the subscription takes effect at its position, also for a lane that is far behind it, and after a restart.
func TestSubscriptionChangeWhileBehind(t *testing.T) {
	t.Parallel()
	for _, restart := range []string{"no", "clean", "crash"} {
		t.Run(restart, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			id, r := w.add(quick, "alert.created")
			r.batch.Store(false)
			w.change(id, func(i *store.Integration) { i.Paused = true })
			w.sendN(SingleWindowEvents+100, 100, "alert.created", nil)
			early := w.sendN(10, 5, "ip.blocked", nil)
			eventually(t, "the tail has it all", func() bool { return w.counts(id).Behind == 110 && w.stateOf(id) == LanePaused })
			eventually(t, "the tail is at the end", w.tailAtEnd)
			w.change(id, func(i *store.Integration) { i.Subscription = subscriptionOf("ip.*") })
			late := w.sendN(10, 5, "ip.blocked", nil)
			ignored := w.sendN(10, 5, "alert.created", nil)
			switch restart {
			case "clean":
				w.stop()
				w.start()
			case "crash":
				w.crash()
				w.start()
			}
			w.change(id, func(i *store.Integration) { i.Paused = false })
			c := w.settled(id)
			if c.Delivered != SingleWindowEvents+110 || c.Filtered != 20 {
				t.Fatalf("%+v", c)
			}
			if r.count(early[0].ID) != 0 || r.count(late[0].ID) != 1 || r.count(ignored[0].ID) != 0 {
				t.Fatal("the wrong version was in force")
			}
			eventually(t, "it attaches", func() bool { return w.stateOf(id) == LaneAttached })
			w.sendN(3, 1, "alert.created", nil)
			w.sendN(3, 1, "ip.blocked", nil)
			if c := w.settled(id); c.Delivered != SingleWindowEvents+113 || c.Filtered != 23 {
				t.Fatalf("%+v", c)
			}
		})
	}
}

// The configuration is saved before the engine hears of it: a crash in between must not upset the counts.
func TestCrashBetweenSavingAndApplying(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(quick, "alert.*")
	other, _ := w.add(quick, "alert.*")
	off, ro := w.add(`{"retry":{"schedule":["0s","1h"]}}`, "*")
	ro.set(func(context.Context, connector.Delivery) error { return errors.New("500") })
	w.sendN(50, 5, "ip.blocked", nil)
	w.sendN(5, 5, "alert.created", nil)
	w.settled(id)
	w.settled(other)
	w.tick()
	w.crash()
	w.change(id, func(i *store.Integration) { i.Subscription = subscriptionOf("ip.*") })
	w.change(off, func(i *store.Integration) { i.Enabled = false })
	w.start()
	w.mustAddUp()
	w.sendN(7, 1, "ip.blocked", nil)
	w.sendN(3, 1, "alert.created", nil)
	if c := w.settled(id); c.Delivered != 12 || c.Filtered != 53 || r.accepted() != 12 {
		t.Fatalf("%+v", c)
	}
	if c := w.settled(other); c.Delivered != 8 || c.Filtered != 57 {
		t.Fatalf("%+v", c)
	}
	if c := w.settled(off); c.Parked != 0 || c.Discarded+c.Skipped+c.Mailbox != 65 {
		t.Fatalf("%+v: disabling closes what is parked, whenever it is noticed", c)
	}
}

func TestSweepExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(quick, "alert.*")
	w.change(id, func(i *store.Integration) { i.Paused = true })
	w.sendN(SingleWindowEvents, 128, "alert.created", nil)
	w.sendN(300, 100, "alert.created", nil)
	w.sendN(40, 10, "ip.blocked", nil)
	eventually(t, "the tail is at the end", w.tailAtEnd)
	ctx := context.Background()
	if err := w.e.Sweep(ctx, w.j.End()); err != nil {
		t.Fatal(err)
	}
	c := w.counts(id)
	if c.Expired != 300 || c.Waiting != SingleWindowEvents || !c.AddUp() {
		t.Fatalf("%+v", c)
	}
	rows, _, err := w.s.ListParked(ctx, store.ParkedFilter{Account: event.DefaultAccount, States: []store.ParkedState{store.StateExpired}}, store.Page{})
	if err != nil || len(rows) != 1 || rows[0].Matched != 300 {
		t.Fatalf("%+v, %v", rows, err)
	}
	w.change(id, func(i *store.Integration) { i.Paused = false })
	w.sendN(5, 5, "alert.created", nil)
	if c := w.settled(id); c.Delivered != SingleWindowEvents+5 || r.accepted() != SingleWindowEvents+5 {
		t.Fatalf("%+v", c)
	}
}

// A sweep does not wait for a lane that is deleted meanwhile.
func TestSweepOfRemovedLane(t *testing.T) {
	t.Parallel()
	l, _ := pureLane(t, quick)
	l.next, l.skipTo = journal.Position{Frame: 3}, journal.Position{Frame: 9}
	done := make(chan struct{})
	l.swept = append(l.swept, done)
	l.removed = true
	l.catchUp()
	select {
	case <-done:
	default:
		t.Fatal("the sweep still waits")
	}
}

func (j *faultyJournal) Read(ctx context.Context, n uint64) (*journal.Frame, error) {
	if err := j.fault(n); err != nil {
		return nil, err
	}
	return j.Journal.Read(ctx, n)
}

func (j *faultyJournal) Next(ctx context.Context, n uint64) (*journal.Frame, error) {
	f, err := j.Journal.Next(ctx, n)
	if err == nil {
		if fault := j.fault(n); fault != nil {
			return nil, fault
		}
	}
	return f, err
}

func TestStopFinishesWhatFlies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"concurrency":2}`, "*")
	started, release := make(chan struct{}, 2), make(chan struct{})
	r.set(func(context.Context, connector.Delivery) error {
		started <- struct{}{}
		<-release
		return nil
	})
	w.sendN(10, 10, "alert.created", nil)
	<-started
	<-started
	stopped := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), testDeadline)
		defer cancel()
		stopped <- w.e.Stop(ctx)
	}()
	l := w.lane(id)
	eventually(t, "it halts", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.halted })
	close(release)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	w.end()
	if n := r.accepted(); n != 2 {
		t.Fatalf("%d were delivered, want the two in flight", n)
	}
	r.set(happy)
	w.start()
	if c := w.settled(id); c.Delivered != 10 || r.callCount() != 10 {
		t.Fatalf("%+v in %d requests", c, r.callCount())
	}
}

func TestStopCancelsAtTheDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(quick, "*")
	w.sendN(3, 3, "alert.created", nil)
	w.settled(id)
	r.set(hanging)
	w.sendN(3, 3, "alert.created", nil)
	eventually(t, "they hang", func() bool { return r.callCount() == 6 })
	began := time.Now()
	w.stop()
	if took := time.Since(began); took > 2*time.Second {
		t.Fatalf("stopping took %v", took)
	}
	r.set(happy)
	w.start()
	if c := w.settled(id); c.Delivered != 6 || r.callCount() != 9 {
		t.Fatalf("%+v in %d requests", c, r.callCount())
	}
}
