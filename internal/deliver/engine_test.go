package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const (
	quick   = `{"concurrency":8,"retry":{"schedule":["0s","5ms","5ms","5ms"]}}`
	patient = `{"concurrency":8,"retry":{"schedule":["0s","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms"]}}`
	ordered = `{"order":"by_key","concurrency":16,"retry":{"schedule":["0s","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms"]}}`
)

func TestDelivers(t *testing.T) {
	t.Parallel()
	for _, batch := range []bool{false, true} {
		t.Run(fmt.Sprintf("batch=%v", batch), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			a, ra := w.add(quick, "alert.*")
			b, rb := w.add(quick, "ip.blocked")
			none, rnone := w.add(quick)
			ra.batch.Store(batch)
			w.change(a, func(*store.Integration) {})
			alerts := w.sendN(300, 7, "alert.created", nil)
			w.sendN(20, 3, "ip.blocked", nil)
			ca, cb, cn := w.settled(a), w.settled(b), w.settled(none)
			if ca.Delivered != 300 || ca.Filtered != 20 || cb.Delivered != 20 || cb.Filtered != 300 || cn.Filtered != 320 {
				t.Fatalf("%+v\n%+v\n%+v", ca, cb, cn)
			}
			if ra.accepted() != 300 || rb.accepted() != 20 || rnone.accepted() != 0 {
				t.Fatal("the receivers got something else than was counted")
			}
			for _, r := range alerts {
				if ra.count(r.ID) != 1 {
					t.Fatalf("event %v came %d times", r.ID, ra.count(r.ID))
				}
			}
			// A clean restart repeats nothing.
			w.stop()
			w.start()
			w.mustAddUp()
			w.sendN(5, 5, "alert.created", nil)
			if c := w.settled(a); c.Delivered != 305 || c.Journalled != 325 {
				t.Fatalf("after the restart: %+v", c)
			}
			if ra.accepted() != 305 || ra.changed {
				t.Fatal("repeated after a clean restart, or with another key")
			}
		})
	}
}

func TestRetriesThenMailbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(quick, "*")
	bad := recordOf("alert.created", "")
	r.set(func(_ context.Context, d connector.Delivery) error {
		if d.Record.ID == bad.ID {
			return errors.New("answered 500")
		}
		return nil
	})
	w.send(bad)
	for range 40 { // good ones between the tries keep the breaker closed
		w.sendN(1, 1, "alert.created", nil)
	}
	c := w.settled(id)
	if c.Mailbox != 1 || c.Delivered != 40 {
		t.Fatalf("%+v", c)
	}
	r.mu.Lock()
	tries := fmt.Sprint(r.attempts[bad.ID])
	r.mu.Unlock()
	if tries != "[1 2 3 4]" {
		t.Fatalf("attempts %s, want as many as the schedule has steps", tries)
	}
	w.tick()
	ctx := context.Background()
	v, err := w.e.Delivery(ctx, event.DefaultAccount, event.DeliveryID(bad.ID, id))
	if err != nil || v.Status != "mailbox" || len(v.History) != 4 || v.CauseClass != "exhausted" {
		t.Fatalf("%+v, %v", v, err)
	}
	// It is replayed when the receiver works again, under the same key.
	r.set(happy)
	job, err := w.e.Replay(ctx, event.DefaultAccount, ReplaySpec{IDs: []event.ID{v.ID}})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replay", func() bool { return r.count(bad.ID) == 1 })
	eventually(t, "the job's end", func() bool {
		j, err := w.e.Job(ctx, event.DefaultAccount, job.ID)
		return err == nil && j.State == "done" && j.Done == 1 && j.Failed == 0
	})
	if c := w.settled(id); c.Mailbox != 0 || c.Delivered != 41 || r.changed {
		t.Fatalf("%+v", c)
	}
	w.tick()
	if err := w.e.Retry(ctx, event.DefaultAccount, v.ID, false); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("a delivered one was retried: %v", err)
	}
}

func TestThrottledSpendsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"concurrency":1,"retry":{"schedule":["0s"]}}`, "*")
	n := 0
	r.set(func(context.Context, connector.Delivery) error {
		if n++; n < 12 {
			return connector.Throttled(errors.New("429"), 3*time.Millisecond)
		}
		return nil
	})
	sent := w.sendN(3, 3, "alert.created", nil)
	if c := w.settled(id); c.Delivered != 3 || c.Mailbox != 0 {
		t.Fatalf("%+v", c)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.attempts[sent[0].ID] {
		if a != 1 {
			t.Fatalf("a throttled try spent an attempt: %v", r.attempts[sent[0].ID])
		}
	}
}

// A vendor that asks for a pause without saying how long is not asked again at once, and the longest pause counts.
func TestThrottlePause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"concurrency":8}`, "*")
	waits := []time.Duration{0, time.Hour, 20 * time.Millisecond}
	r.set(func(_ context.Context, d connector.Delivery) error {
		return connector.Throttled(errors.New("429"), waits[len(d.Record.Type)%3])
	})
	w.sendN(20, 20, "alert.created", nil) // 13 characters: an hour
	eventually(t, "the first answers", func() bool { return r.callCount() > 0 })
	l := w.lane(id)
	eventually(t, "they come back", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.flying == 0
	})
	l.mu.Lock()
	l.tellBreaker(&work{}, &result{err: connector.Throttled(errors.New("own limit"), time.Millisecond)}, time.Now())
	pause := time.Until(l.throttle)
	l.throttle = time.Time{}
	l.tellBreaker(&work{}, &result{err: connector.Throttled(errors.New("429"), 0)}, time.Now())
	short := time.Until(l.throttle)
	l.mu.Unlock()
	if pause < 59*time.Minute || short < defaultThrottle/2 {
		t.Fatalf("pauses of %v and %v", pause, short)
	}
	if n := r.callCount(); n > 8 {
		t.Fatalf("%d requests to a vendor that asked for an hour", n)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"concurrency":32,"rate":{"per_second":100}}`, "*")
	began := time.Now()
	w.sendN(160, 160, "alert.created", nil)
	w.settled(id)
	took := time.Since(began)
	if r.callCount() != 160 || took < 500*time.Millisecond {
		t.Fatalf("%d requests in %v at 100/s with a burst of 100", r.callCount(), took)
	}
	if took > 3*time.Second {
		t.Errorf("160 requests took %v: the limit is far below what was set", took)
	}
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	for _, batch := range []bool{false, true} {
		t.Run(fmt.Sprintf("batch=%v", batch), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			id, r := w.add(`{"concurrency":4,"retry":{"schedule":["0s","1h","1h"]}}`, "*")
			r.batch.Store(batch)
			r.set(failing)
			w.change(id, func(*store.Integration) {})
			w.sendN(200, 10, "alert.created", nil)
			breaker := func() string {
				s, _ := w.e.IntegrationStats(event.DefaultAccount, id)
				return s.Breaker
			}
			eventually(t, "the breaker opens", func() bool { return breaker() == "open" })
			w.mustAddUp()
			calls := r.callCount()
			if calls > 5+4 {
				t.Errorf("%d requests before it opened", calls)
			}
			eventually(t, "a probe", func() bool { return r.callCount() > calls })
			r.set(happy)
			back := time.Now()
			c := w.settled(id)
			if took := time.Since(back); took > 2500*time.Millisecond {
				t.Errorf("drained %v after the receiver's return", took)
			}
			if c.Delivered != 200 || c.Mailbox != 0 {
				t.Fatalf("%+v: a probe spent attempts, or what was parked did not become due", c)
			}
		})
	}
}

// A full parking and an open breaker together must not stop the probes.
func TestProbeWithFullParking(t *testing.T) {
	t.Parallel()
	l, now := pureLane(t, quick)
	for range MaxParked {
		rec := recordOf("a.b", "")
		l.park.add(&parked{rec: rec, size: 1, row: store.Parked{Delivery: event.DeliveryID(rec.ID, l.id), State: store.StateParked, Due: now.Add(time.Hour)}})
	}
	l.ready.push(&entry{rec: recordOf("a.b", "")})
	l.breaker = breaker{open: true, openedAt: now, probeAt: now.Add(-time.Second), delay: probeFirst}
	work := l.nextWork()
	if work == nil || !work.probe || len(work.parked) != 1 {
		t.Fatalf("no probe: %+v", work)
	}
}

// pureLane is a lane of an engine that never starts.
func pureLane(t *testing.T, delivery string) (*lane, time.Time) {
	t.Helper()
	w := &world{t: t, recvs: map[event.ID]*receiver{}}
	e := New(Options{Opener: w, Kinds: connector.Catalogue{"fake": {}}})
	i := store.Integration{ID: event.NewID(), Account: event.DefaultAccount, Kind: "fake", Enabled: true,
		Subscription: subscriptionOf("*"), Delivery: json.RawMessage(delivery)}
	w.recvs[i.ID] = newReceiver(t)
	return newLane(e, i), e.Now()
}

func TestFirstDelay(t *testing.T) {
	t.Parallel()
	for _, batch := range []bool{false, true} {
		w := newWorld(t)
		w.start()
		id, r := w.add(`{"retry":{"schedule":["300ms","1s"]}}`, "*")
		r.batch.Store(batch)
		w.change(id, func(*store.Integration) {})
		began := time.Now()
		w.sendN(10, 1, "alert.created", nil)
		w.settled(id)
		if took := time.Since(began); took < 300*time.Millisecond || took > 5*time.Second {
			t.Errorf("batch=%v: delivered after %v, want after the schedule's first delay", batch, took)
		}
	}
}

func TestGoneAsksToDisable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(quick, "*")
	r.set(func(context.Context, connector.Delivery) error { return connector.Gone(errors.New("410")) })
	w.sendN(1, 1, "alert.created", nil)
	eventually(t, "the wish to be disabled", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.gone[id] != ""
	})
	w.change(id, func(i *store.Integration) { i.Enabled, i.DisabledReason = false, "the receiver answered 410" })
	w.sendN(10, 1, "alert.created", nil)
	if c := w.settled(id); c.Mailbox != 1 || c.Skipped != 10 {
		t.Fatalf("%+v", c)
	}
}

func TestPanicIsContained(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(quick, "*")
	r.set(func(_ context.Context, d connector.Delivery) error {
		if d.Record.OrderingKey == "boom" {
			panic("boom")
		}
		return nil
	})
	w.sendN(4, 4, "alert.created", func(i int) string { return []string{"boom", "", "", ""}[i] })
	if c := w.settled(id); c.Mailbox != 1 || c.Delivered != 3 {
		t.Fatalf("%+v", c)
	}
}
