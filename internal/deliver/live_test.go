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
)

// watch begins to watch and ends with the test.
func (w *world) watch(spec LiveSpec) *Watch {
	w.t.Helper()
	watch, err := w.e.Watch(context.Background(), event.DefaultAccount, spec)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(watch.Close)
	return watch
}

// next gives the next item within the test's patience.
func (w *world) next(watch *Watch) LiveItem {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testDeadline)
	defer cancel()
	i, err := watch.Next(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return i
}

// wantEvents takes as many events, and they are those.
func (w *world) wantEvents(watch *Watch, want ...*event.Record) (last LiveItem) {
	w.t.Helper()
	for i, r := range want {
		last = w.next(watch)
		if last.Topic != LiveEvents || last.Event == nil || last.Event.ID != r.ID {
			w.t.Fatalf("item %d is %+v, want event %v", i, last, r.ID)
		}
	}
	return last
}

func TestWatchEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	before := w.sendN(10, 3, "alert.created", nil)
	watch := w.watch(LiveSpec{Events: true})
	after := w.sendN(10, 3, "alert.created", nil)
	w.wantEvents(watch, after[:4]...)
	place := w.wantEvents(watch, after[4]).Next
	watch.Close()
	if _, err := watch.Next(t.Context()); err == nil {
		t.Fatal("a closed watch goes on")
	}

	// It goes on in the middle of a frame, in the next life of the hub.
	w.stop()
	w.start()
	again := w.watch(LiveSpec{Events: true, From: place})
	w.wantEvents(again, after[5:]...)
	more := w.sendN(1, 1, "alert.created", nil)
	w.wantEvents(again, more...)

	all := w.watch(LiveSpec{Events: true, Filter: EventFilter{Since: before[0].Received}})
	w.wantEvents(all, before...)

	filtered := w.watch(LiveSpec{Events: true, Filter: EventFilter{Types: []event.TypeFilter{"ip.*"}}})
	w.sendN(5, 5, "alert.created", nil)
	w.wantEvents(filtered, w.sendN(2, 2, "ip.blocked", nil)...)
	eventually(t, "the place behind everything", func() bool { return filtered.Place() == w.j.End() })

	other, err := w.e.Watch(t.Context(), "other", LiveSpec{Events: true, Deliveries: true, Mailbox: true, Filter: EventFilter{Since: time.Unix(1, 0)}})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	eventually(t, "the other account's place", func() bool { return other.Place() == w.j.End() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if i, err := other.Next(ctx); err == nil {
		t.Fatalf("another account gets %+v", i)
	}
}

func TestWatchDeliveries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(quick, "*")
	other, _ := w.add(quick, "ip.blocked")
	watch := w.watch(LiveSpec{Deliveries: true, Mailbox: true, Integration: id})
	w.sendN(1, 1, "ip.blocked", nil)
	if i := w.next(watch); i.Topic != LiveDeliveries || i.Delivery.Status != "delivered" || i.Delivery.History[0].Number != 1 || i.Delivery.Integration == other {
		t.Fatalf("the success is told as %+v", i.Delivery)
	}
	r.set(func(context.Context, connector.Delivery) error { return connector.Permanent(errors.New("never")) })
	bad := w.sendN(1, 1, "alert.created", nil)[0]
	attempt, closed := w.next(watch), w.next(watch)
	if attempt.Topic != LiveDeliveries || attempt.Delivery.Status != "mailbox" || attempt.Delivery.History[0].Error != "never" || attempt.Delivery.Severity != bad.Severity {
		t.Errorf("the attempt is told as %+v", attempt.Delivery)
	}
	if closed.Topic != LiveMailbox || closed.Delivery.Event != bad.ID || closed.Delivery.Cause != "never" {
		t.Errorf("the mailbox is told as %+v", closed.Delivery)
	}
	// What is told has become true: it can be looked up.
	if v, err := w.e.Delivery(t.Context(), event.DefaultAccount, closed.Delivery.ID); err != nil || v.Status != "mailbox" {
		t.Errorf("looked up: %+v, %v", v, err)
	}
}

// A watcher that takes nothing holds nobody back, and learns how much it has missed.
func TestWatchSlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, _ := w.add(quick, "*")
	watch := w.watch(LiveSpec{Deliveries: true})
	const n = watchQueue + 300
	w.sendN(n, 500, "alert.created", nil)
	w.settled(id)
	w.tick()
	i := w.next(watch)
	if i.Lost != 300 || !i.Gap {
		t.Errorf("lost %d, want 300", i.Lost)
	}
	for range watchQueue {
		if i := w.next(watch); i.Delivery == nil {
			t.Fatalf("got %+v", i)
		}
	}
}

// Events that are passed over are counted by the next section.
func TestWatchGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	watch := &Watch{e: w.e, account: event.DefaultAccount, events: make(chan LiveItem, 8)}
	r := &liveReader{w: watch, next: w.j.End()}
	first := w.sendN(4, 2, "alert.created", nil)
	w.sendN(6, 2, "alert.created", nil)
	last := w.sendN(1, 1, "alert.created", nil)
	for _, number := range []uint64{1, w.j.End().Frame - 1} {
		f, err := w.j.Read(t.Context(), number)
		if err != nil || !r.frame(t.Context(), f) {
			t.Fatal(err)
		}
	}
	w.wantEvents(watch, first[:2]...)
	if i := w.next(watch); i.Lost != 8 || !i.Gap || i.Topic != LiveEvents {
		t.Errorf("the gap is told as %+v", i)
	}
	w.wantEvents(watch, last...)
}

func TestWatchLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	for i := range MaxWatches {
		account := event.Account(fmt.Sprint("a", i/MaxAccountWatches))
		watch, err := w.e.Watch(t.Context(), account, LiveSpec{Deliveries: true})
		if err != nil {
			t.Fatal(err)
		}
		defer watch.Close()
		if i == MaxAccountWatches-1 {
			if _, err := w.e.Watch(t.Context(), account, LiveSpec{}); !errors.Is(err, ErrTooManyWatches) {
				t.Errorf("one account may watch without end: %v", err)
			}
		}
	}
	if _, err := w.e.Watch(t.Context(), "fresh", LiveSpec{}); !errors.Is(err, ErrTooManyWatches) {
		t.Errorf("the hub may be watched without end: %v", err)
	}
	for watch := range w.e.live.watches {
		watch.Close()
		break
	}
	watch, err := w.e.Watch(t.Context(), "fresh", LiveSpec{Events: true, From: journal.Position{Epoch: 9, Frame: 9}})
	if err != nil {
		t.Fatal(err)
	}
	w.e.EndWatches()
	if _, err := watch.Next(t.Context()); !errors.Is(err, ErrWatchEnded) {
		t.Errorf("stopping ends a watch with %v", err)
	}
	if _, err := w.e.Watch(t.Context(), "late", LiveSpec{}); !errors.Is(err, ErrWatchEnded) {
		t.Errorf("a stopping hub lets watch: %v", err)
	}
}
