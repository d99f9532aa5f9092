package deliver

import (
	"context"
	"encoding/json"
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

// mustKeepOrder fails if the first deliveries of any key are not in journal order, or two of one key flew together.
func mustKeepOrder(t testing.TB, r *receiver, sent []*event.Record) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.together > 1 {
		t.Fatalf("%d of one ordering key were in flight together", r.together)
	}
	place := map[event.ID]int{}
	for i, rec := range sent {
		place[rec.ID] = i
	}
	last, seen := map[string]int{}, map[event.ID]bool{}
	for _, id := range r.order {
		if seen[id] || r.refused[id] {
			continue
		}
		seen[id] = true
		i := place[id]
		key := sent[i].OrderingKey
		if key == "" {
			continue
		}
		if before, ok := last[key]; ok && before > i {
			t.Fatalf("key %s: event %d was delivered after event %d", key, i, before)
		}
		last[key] = i
	}
}

func TestOrderByKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"order":"by_key","concurrency":16,"retry":{"schedule":["0s","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms"]}}`, "*")
	r.set(func(ctx context.Context, _ connector.Delivery) error {
		switch n := rand.IntN(100); {
		case n < 15:
			return errors.New("500")
		case n < 25:
			return connector.Throttled(errors.New("429"), time.Millisecond)
		case n < 50:
			select {
			case <-time.After(time.Duration(n) * 20 * time.Microsecond):
			case <-ctx.Done():
			}
		}
		return nil
	})
	w.sendN(600, 40, "incident.updated", func(i int) string {
		return []string{"a", "b", "a", "c", "", fmt.Sprint(i)}[rand.IntN(6)]
	})
	if c := w.settled(id); c.Delivered != 600 {
		t.Fatalf("%+v", c)
	}
	mustKeepOrder(t, r, w.list)
	l := w.lane(id)
	eventually(t, "no gate is left", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return len(l.gates) == 0 })
}

// A parked delivery holds its key, not its neighbours; the mailbox and a person release it.
func TestParkedHoldsItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"order":"by_key","concurrency":4,"retry":{"schedule":["0s","1h","1h"]}}`, "*")
	var bad event.ID
	r.set(func(_ context.Context, d connector.Delivery) error {
		if d.Record.ID == bad {
			return errors.New("500")
		}
		return nil
	})
	first := recordOf("incident.updated", "k")
	bad = first.ID
	w.send(first)
	eventually(t, "it is parked", func() bool { return w.counts(id).Parked == 1 })
	w.sendN(3, 1, "incident.updated", func(int) string { return "k" })
	w.sendN(5, 1, "incident.updated", func(int) string { return "other" })
	eventually(t, "the others pass, its followers wait", func() bool {
		c := w.counts(id)
		return c.Delivered == 5 && c.Parked == 4 && c.Waiting == 0
	})
	// The same after a crash.
	w.tick()
	w.crash()
	w.start()
	w.mustAddUp()
	w.sendN(1, 1, "incident.updated", func(int) string { return "k" })
	eventually(t, "one more waits", func() bool { return w.counts(id).Parked == 5 })
	w.tick()
	ctx := context.Background()
	v, err := w.e.Delivery(ctx, event.DefaultAccount, event.DeliveryID(w.list[1].ID, id))
	if err != nil || v.Status != "behind" {
		t.Fatalf("%+v, %v", v, err)
	}
	if err := w.e.Retry(ctx, event.DefaultAccount, v.ID, false); !errors.Is(err, ErrNotReplayable) {
		t.Fatalf("one that waits behind was hurried: %v", err)
	}
	n, err := w.e.Discard(ctx, event.DefaultAccount, Selection{IDs: []event.ID{event.DeliveryID(bad, id)}}, "not worth it")
	if err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if c := w.settled(id); c.Delivered != 9 || c.Discarded != 1 {
		t.Fatalf("%+v", c)
	}
	mustKeepOrder(t, r, w.list)
	// Replaying it now would turn the key's state back.
	if err := w.e.Retry(ctx, event.DefaultAccount, event.DeliveryID(bad, id), false); !errors.Is(err, ErrNewerDelivered) {
		t.Fatalf("replayed although something newer was delivered: %v", err)
	}
	bad = event.ID{}
	if err := w.e.Retry(ctx, event.DefaultAccount, event.DeliveryID(first.ID, id), true); err != nil {
		t.Fatal(err)
	}
	if c := w.settled(id); c.Delivered != 10 || c.Discarded != 0 {
		t.Fatalf("%+v", c)
	}
}

// A postponed delivery waits alone with its key, and spends no attempt.
func TestPostponed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"order":"by_key","concurrency":1,"retry":{"schedule":["0s"]}}`, "*")
	first := recordOf("incident.created", "k")
	passed := make(chan struct{})
	r.set(func(_ context.Context, d connector.Delivery) error {
		if d.Record.ID != first.ID {
			return nil
		}
		select {
		case <-passed:
			return nil
		default:
			return connector.Postponed(errors.New("not known yet"), minThrottle)
		}
	})
	w.send(first)
	w.sendN(1, 1, "incident.updated", func(int) string { return "k" })
	w.sendN(5, 1, "incident.updated", func(int) string { return "other" })
	eventually(t, "the others pass while it is tried again and again", func() bool {
		return w.counts(id).Delivered == 5 && r.callCount() >= 5+4
	})
	close(passed)
	if c := w.settled(id); c.Delivered != 7 {
		t.Fatalf("%+v", c)
	}
	mustKeepOrder(t, r, w.list)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.attempts[first.ID] {
		if n != 1 {
			t.Fatalf("a postponed try spent an attempt: %v", r.attempts[first.ID])
		}
	}
}

// The order, and the engine, may change while things are in flight, parked and waiting.
func TestOrderAndEngineChange(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			w := newWorld(t)
			w.start()
			id, r := w.add(ordered, "*")
			var mu chaos
			r.set(mu.mood)
			for range 25 {
				switch rng.IntN(4) {
				case 0:
					w.change(id, func(i *store.Integration) { i.Delivery = json.RawMessage(patient) })
				case 1:
					w.change(id, func(i *store.Integration) { i.Delivery = json.RawMessage(ordered) })
				case 2:
					r.batch.Store(!r.batch.Load())
					w.change(id, func(*store.Integration) {})
				}
				w.sendN(20, 20, "incident.updated", func(i int) string { return []string{"a", "b", ""}[i%3] })
				w.mustAddUp()
			}
			r.set(happy)
			c := w.settled(id)
			if c.Delivered+c.Mailbox != 500 {
				t.Fatalf("%+v", c)
			}
			delivered := 0
			for _, rec := range w.list {
				if n := r.count(rec.ID); n > 1 {
					t.Fatalf("delivered %d times", n)
				} else if n == 1 {
					delivered++
				}
			}
			if uint64(delivered) != c.Delivered {
				t.Fatalf("%d were received, %d are counted: a batch went out as a single message?", delivered, c.Delivered)
			}
			l := w.lane(id)
			l.mu.Lock()
			defer l.mu.Unlock()
			for k, g := range l.gates {
				if g.parked != 0 || len(g.waiting) > 0 {
					t.Fatalf("gate %s is left: %+v", k, g)
				}
			}
		})
	}
}

// chaos is a receiver that is often slow and sometimes fails.
type chaos struct{}

func (chaos) mood(ctx context.Context, _ connector.Delivery) error {
	n := rand.IntN(100)
	if n < 10 {
		return errors.New("500")
	}
	select {
	case <-time.After(time.Duration(n) * 50 * time.Microsecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"order":"by_key","batch":{"max_events":10,"max_wait":"30ms"}}`, "*")
	r.batch.Store(true)
	fails := 3
	r.set(func(context.Context, connector.Delivery) error {
		if fails--; fails >= 0 {
			return errors.New("503")
		}
		return nil
	})
	again := map[event.ID]int{}
	r.reject = func(_ int, d connector.Delivery) error {
		switch d.Record.OrderingKey {
		case "never":
			return connector.Permanent(errors.New("malformed"))
		case "later":
			if again[d.Record.ID]++; again[d.Record.ID] < 3 {
				return errors.New("shard is busy")
			}
		}
		return nil
	}
	w.change(id, func(*store.Integration) {})
	w.sendN(95, 5, "alert.created", func(i int) string {
		return map[int]string{7: "never", 20: "never", 33: "later"}[i]
	})
	c := w.settled(id)
	if c.Delivered != 93 || c.Mailbox != 2 || c.Parked != 0 {
		t.Fatalf("%+v", c)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Max(r.sizes) > 10 {
		t.Fatalf("batches of %v", r.sizes)
	}
	if !slices.Contains(r.sizes, 1) {
		t.Errorf("what was to be retried was not retried alone: %v", r.sizes)
	}
	for rec, n := range r.got {
		if n != 1 {
			t.Fatalf("%v came %d times", rec, n)
		}
	}
}

func TestBatchGivesUpByAge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"retry":{"schedule":["0s"],"max_age":"200ms"}}`, "*")
	r.batch.Store(true)
	r.reject = func(_ int, d connector.Delivery) error {
		if d.Record.OrderingKey == "poison" {
			return errors.New("shard is busy, for ever")
		}
		return nil
	}
	w.change(id, func(*store.Integration) {})
	w.sendN(20, 4, "alert.created", func(i int) string { return map[int]string{3: "poison"}[i] })
	if c := w.settled(id); c.Delivered != 19 || c.Mailbox != 1 {
		t.Fatalf("%+v: one event that the vendor always postpones blocks the lane", c)
	}
}

// Replays come from lists that are minutes old; each delivery leaves the mailbox once.
func TestReplayRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(quick, "*")
	r.set(func(context.Context, connector.Delivery) error { return connector.Permanent(errors.New("422")) })
	w.sendN(100, 20, "alert.created", nil)
	eventually(t, "the mailbox", func() bool { return w.counts(id).Mailbox+w.counts(id).Waiting == 100 })
	r.set(happy)
	eventually(t, "all are settled", func() bool { return w.counts(id).Waiting == 0 })
	w.tick()
	ctx := context.Background()
	filter := &store.ParkedFilter{Integration: id}
	var jobs []store.Job
	for range 4 {
		j, err := w.e.Replay(ctx, event.DefaultAccount, ReplaySpec{Filter: filter})
		if err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, j)
		w.mustAddUp()
	}
	if _, err := w.e.Discard(ctx, event.DefaultAccount, Selection{Filter: filter}, "tidy"); err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		eventually(t, "the job's end", func() bool {
			w.mustAddUp()
			v, err := w.e.Job(ctx, event.DefaultAccount, j.ID)
			return err == nil && v.State == "done"
		})
	}
	c := w.settled(id)
	if c.Delivered+c.Discarded != 100 || c.Mailbox != 0 {
		t.Fatalf("%+v", c)
	}
	if n := r.accepted(); uint64(n) != c.Delivered {
		t.Fatalf("%d received, %d counted", n, c.Delivered)
	}
}

func TestPruneCountsAgainstTheMailbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opts = func(o *Options) { o.Retention.Mailbox = time.Millisecond }
	w.start()
	id, r := w.add(quick, "*")
	r.set(func(context.Context, connector.Delivery) error { return connector.Permanent(errors.New("422")) })
	w.sendN(3, 3, "alert.created", nil)
	w.settled(id)
	w.tick()
	eventually(t, "they grow too old", func() bool {
		w.e.prune(context.Background())
		return w.counts(id).Expired == 3
	})
	w.mustAddUp()
}
