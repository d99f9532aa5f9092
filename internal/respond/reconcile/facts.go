package reconcile

import (
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/fact"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// removalFails is after how many attempts in a row it is said that an entry cannot be taken away.
const removalFails = 3

// teller makes what a responder's reconciler says of blocks.
type teller struct {
	integration event.ID
	at          time.Time
	names       map[event.ID]fact.Responder // of all responders
	publicURL   string
	of          func(eventType string, b *store.Block, d fact.Detail) store.Said
}

// steps are the lines that moves add to the histories of their blocks.
func (t *teller) steps(moves []*move) (list []store.BlockStep) {
	add := func(m *move, state store.PlacementState, cause string) {
		list = append(list, store.BlockStep{
			ID: event.NewID(), Account: m.is.Account, Block: m.is.Block, Integration: t.integration, At: t.at, State: string(state), Cause: cause,
		})
	}
	for _, m := range moves {
		if m.drifted {
			cause := causeDrifted
			if m.action != "" {
				cause += ": " + m.action
			}
			add(m, store.PlacementDrifted, cause)
		}
		if m.is.State != m.was.State && !(m.drifted && m.is.State == store.PlacementDrifted) {
			add(m, m.is.State, m.is.Cause)
		}
	}
	return list
}

// telling says whether moves may have something to say.
func telling(moves []*move) bool {
	return slices.ContainsFunc(moves, func(m *move) bool {
		return m.drifted || m.is.State != m.was.State || m.was.AppliedAt != m.is.AppliedAt || m.was.Attempts < removalFails && m.is.Attempts >= removalFails
	})
}

// facts are what is to be said of blocks that stood like was, and stand like is now.
func (t *teller) facts(notes map[event.ID]note, was, is []store.BlockStanding) (list []store.Said) {
	before := make(map[event.ID]*store.BlockStanding, len(was))
	for i := range was {
		before[was[i].Block.ID] = &was[i]
	}
	for i := range is {
		if b := before[is[i].Block.ID]; b != nil {
			list = append(list, t.block(notes[is[i].Block.ID], b, &is[i])...)
		}
	}
	return list
}

func (t *teller) block(n note, was, is *store.BlockStanding) (list []store.Said) {
	p, q := t.here(was), t.here(is)
	if p == nil || q == nil {
		return nil
	}
	say := func(eventType string, change func(d *fact.Detail)) {
		d := t.detail(is, n, q)
		change(&d)
		list = append(list, t.of(eventType, &is.Block, d))
	}
	same := func(*fact.Detail) {}
	if n.drifted {
		say(fact.TypeDrifted, func(d *fact.Detail) {
			d.Wanted, d.Found, d.Action, d.Cause = fact.Blocked, fact.Absent, n.action, causeDrifted
		})
	}
	if !everApplied(was) && everApplied(is) {
		say(fact.TypeBlocked, same)
	}
	if p.State != q.State {
		switch q.State {
		case store.PlacementVerified:
			say(fact.TypeVerified, same)
		case store.PlacementFailed:
			say(fact.TypeFailed, same)
		case store.PlacementEvicted:
			say(fact.TypeEvicted, same)
		}
	}
	if q.State == store.PlacementRemoving && p.Attempts < removalFails && q.Attempts >= removalFails {
		say(fact.TypeDrifted, func(d *fact.Detail) { d.Wanted, d.Found, d.Action = fact.Absent, fact.Blocked, actionRemove })
	}
	// What another block has taken over, at one responder or at all, is not lifted: that one says so when it ends.
	if !takenOver(is) && !is.Block.State.Open() && everApplied(is) && !allFinal(was) && allFinal(is) {
		say(fact.TypeUnblock, func(d *fact.Detail) { d.Cause = is.Block.Cause })
	}
	return list
}

// here is the placement at this responder.
func (t *teller) here(s *store.BlockStanding) *store.Placement {
	i := slices.IndexFunc(s.Placements, func(p store.Placement) bool { return p.Integration == t.integration })
	if i < 0 {
		return nil
	}
	return &s.Placements[i]
}

func everApplied(s *store.BlockStanding) bool {
	return slices.ContainsFunc(s.Placements, func(p store.Placement) bool { return !p.AppliedAt.IsZero() })
}

func takenOver(s *store.BlockStanding) bool {
	return slices.ContainsFunc(s.Placements, func(p store.Placement) bool { return p.Cause == causeSuccessor })
}

func allFinal(s *store.BlockStanding) bool {
	return !slices.ContainsFunc(s.Placements, func(p store.Placement) bool { return !p.State.Final() })
}

func (t *teller) detail(is *store.BlockStanding, n note, q *store.Placement) fact.Detail {
	here := t.name(t.integration)
	d := fact.Detail{
		At: t.at, Responder: &here, Cause: q.Cause, Attempts: q.Attempts, RemoteID: n.handle, PublicURL: t.publicURL, NotTo: here.ID,
	}
	for i := range is.Placements {
		p := &is.Placements[i]
		d.Responders = append(d.Responders, t.name(p.Integration))
		switch p.State {
		case store.PlacementVerified, store.PlacementCovered:
			d.Verified++
		case store.PlacementFailed, store.PlacementDrifted, store.PlacementEvicted:
			d.Failed++
		}
	}
	return d
}

func (t *teller) name(id event.ID) fact.Responder {
	if r, ok := t.names[id]; ok {
		return r
	}
	return fact.Responder{ID: id.Text(event.PrefixIntegration)}
}
