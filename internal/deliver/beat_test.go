package deliver

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func (w *world) beat(id event.ID) Beat {
	w.t.Helper()
	for _, b := range w.e.Beats(event.DefaultAccount) {
		if b.Integration == id {
			return b
		}
	}
	w.t.Fatal("it has no beat")
	return Beat{}
}

// What lanes count for figures over time agrees with the counts, for single messages and batches, at once and after
// failures.
func TestBeats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	good, _ := w.add(quick, "alert.created")
	late, slow := w.add(`{"retry":{"schedule":["0s","1ms","1ms"]}}`, "alert.created")
	bad, refuses := w.add(quick, "alert.created")
	var tries atomic.Int32
	slow.set(func(context.Context, connector.Delivery) error {
		if tries.Add(1)%2 == 1 {
			return errors.New("not yet")
		}
		return nil
	})
	refuses.set(func(context.Context, connector.Delivery) error { return connector.Permanent(errors.New("never")) })
	began := time.Now()
	w.send(recordOf("alert.created", ""))
	for _, id := range []event.ID{good, late, bad} {
		w.settled(id)
	}
	if b := w.beat(good); b.Matched != 1 || b.Delivered != 1 || b.Failed+b.Retried+b.Backlog+b.Mailbox != 0 || b.Took.Total() != 1 || b.Failing {
		t.Errorf("of one that works: %+v", b)
	}
	times := w.beat(good).Took
	if took, _ := times.Quantile(1); took > 2*time.Since(began)+time.Millisecond {
		t.Errorf("it took %s", took)
	}
	if b := w.beat(late); b.Delivered != 1 || b.Retried != 1 || b.Took.Total() != 1 || b.Failing {
		t.Errorf("of one that fails at first: %+v", b)
	}
	if b := w.beat(bad); b.Delivered != 0 || b.Failed != 1 || b.Mailbox != 1 || b.Took.Total() != 0 || !b.Failing {
		t.Errorf("of one that refuses: %+v", b)
	}
	if n := len(w.e.Beats("")); n != 3 {
		t.Errorf("%d integrations have beats", n)
	}
	if n := len(w.e.Beats("other")); n != 0 {
		t.Errorf("another account has %d", n)
	}
}

// An integration fails while its breaker is open, or its last attempt failed, unless it is held or switched off; and it is
// counted in its backlog whatever waits for it.
func TestBeatsOfFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"retry":{"schedule":["0s","1h"]}}`, "alert.created")
	r.set(func(context.Context, connector.Delivery) error { return errors.New("down") })
	w.send(recordOf("alert.created", ""))
	eventually(t, "it waits for another attempt", func() bool { b := w.beat(id); return b.Retried == 1 && b.Backlog == 1 })
	if b := w.beat(id); !b.Failing {
		t.Errorf("its last attempt failed: %+v", b)
	}
	w.sendN(20, 20, "alert.created", nil)
	eventually(t, "the breaker opens", func() bool { return w.stats(id).Breaker == "open" })
	if b := w.beat(id); !b.Failing || b.Backlog != 21 || b.Matched != 21 {
		t.Errorf("its breaker is open: %+v", b)
	}
	w.change(id, func(i *store.Integration) { i.Paused = true })
	if b := w.beat(id); b.Failing {
		t.Errorf("it is paused: %+v", b)
	}
	w.change(id, func(i *store.Integration) { i.Paused, i.Enabled = false, false })
	if b := w.beat(id); b.Failing {
		t.Errorf("it is switched off: %+v", b)
	}
}

// Batches count what is in them, and a request of many that failed is one attempt.
func TestBeatsOfBatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(quick, "alert.created")
	r.batch.Store(true)
	w.change(id, func(i *store.Integration) { i.Paused = true })
	w.sendN(50, 50, "alert.created", nil)
	eventually(t, "all of it waits", func() bool { return w.beat(id).Backlog == 50 })
	var failed atomic.Bool
	r.set(func(context.Context, connector.Delivery) error {
		if !failed.Swap(true) {
			return errors.New("not yet")
		}
		return nil
	})
	w.change(id, func(i *store.Integration) { i.Paused = false })
	w.settled(id)
	if b := w.beat(id); b.Delivered != 50 || b.Retried != 1 || b.Took.Total() != 50 || b.Backlog != 0 {
		t.Errorf("%+v", b)
	}
}
