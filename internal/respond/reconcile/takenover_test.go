package reconcile

import (
	"net/netip"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/fact"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// A block that another one has taken over at one responder is not said to be lifted, whichever responder is the last.
func TestTakenOverAtOneResponder(t *testing.T) {
	t.Parallel()
	here, other := event.NewID(), event.NewID()
	b := store.Block{ID: event.NewID(), Account: "acme", Target: netip.MustParsePrefix("203.0.113.7/32"), State: store.BlockRemoved}
	now := time.Now()
	standing := func(state store.PlacementState, otherCause string) store.BlockStanding {
		place := func(integration event.ID, state store.PlacementState, cause string) store.Placement {
			return store.Placement{Block: b.ID, Integration: integration, Target: b.Target, State: state, Cause: cause, AppliedAt: now}
		}
		return store.BlockStanding{Block: b, Placements: []store.Placement{
			place(here, state, causeEnded), place(other, store.PlacementRemoved, otherCause),
		}}
	}
	teller := &teller{integration: here, at: now, of: fact.Of}
	for otherCause, want := range map[string]int{causeEnded: 1, causeSuccessor: 0} {
		said := teller.facts(nil, []store.BlockStanding{standing(store.PlacementRemoving, otherCause)},
			[]store.BlockStanding{standing(store.PlacementRemoved, otherCause)})
		if len(said) != want {
			t.Errorf("%q at the other responder: %d facts, want %d", otherCause, len(said), want)
		}
	}
}
