package deliver

import (
	"errors"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestResponderHasNoLane: a responder goes through its whole life, and through a restart, without a lane; deliveries of
// others are not disturbed, not even those of one that names it as its fallback.
func TestResponderHasNoLane(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opts = func(o *Options) {
		o.Kinds["wall"] = connector.Definition{Kind: connector.Kind{Name: "wall"}, Blocks: true}
	}
	w.start()
	wall := event.NewID()
	w.apply(store.Integration{ID: wall, Account: event.DefaultAccount, Kind: "wall", Name: "edge", Enabled: true, Subscription: subscriptionOf("*"), Version: 1})
	id, r := w.add(`{"retry":{"schedule":["0s"]}}`, "alert.*")
	w.change(id, func(i *store.Integration) { i.Fallback = wall })
	none := func(when string) {
		t.Helper()
		if _, ok := w.e.IntegrationStats(event.DefaultAccount, wall); ok || len(w.e.AllStats()) != 1 || len(w.e.Stats(event.DefaultAccount).Integrations) != 1 {
			t.Errorf("%s: the responder has counts", when)
		}
		if waiting, parked := w.e.Backlog(event.DefaultAccount, wall); waiting+parked > 0 {
			t.Errorf("%s: %d waiting, %d parked", when, waiting, parked)
		}
		if rows, err := w.s.LoadLanes(t.Context()); err != nil || len(rows) != 1 {
			t.Errorf("%s: %d lanes are saved, %v", when, len(rows), err)
		}
	}
	for _, change := range []func(*store.Integration){
		func(i *store.Integration) { i.Paused = true },
		func(i *store.Integration) { i.Paused = false },
		func(i *store.Integration) { i.Enabled = false },
		func(i *store.Integration) { i.Enabled = true },
	} {
		w.change(wall, change)
		none("changed")
	}
	w.send(recordOf("alert.created", ""))
	eventually(t, "the event is delivered to the other", func() bool { return r.accepted() == 1 })
	w.stop()
	w.start()
	none("after a restart")
	if _, err := w.e.Backfill(t.Context(), event.DefaultAccount, wall, BackfillSpec{From: time.Unix(0, 0)}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a backfill: %v", err)
	}
	r.set(failing)
	w.send(recordOf("alert.created", ""))
	eventually(t, "the failed delivery is in the mailbox", func() bool { return w.counts(id).Mailbox == 1 })
	if err := w.e.Remove(t.Context(), event.DefaultAccount, wall); err != nil {
		t.Error(err)
	}
	none("removed")
	w.mustAddUp()
}
