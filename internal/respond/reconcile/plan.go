package reconcile

import (
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Times of a plan.
const (
	// settleTime is how long an entry that was added may be missing in what the vendor shows, where entries bear marks. It is
	// a matter of seconds for a vendor's API whose readers are behind its writers.
	settleTime = 10 * time.Second
	// lateTime is how long a request that had no answer may still be done by the vendor.
	lateTime = 30 * time.Second
	// proofTime is how old the note of the last proof may become. A block that is still in force is not written down anew at
	// every look.
	proofTime = time.Hour
)

// maxReason bounds the reason in a change, in bytes.
const maxReason = 200

// plan is what is to be done, and what is known without doing anything.
type plan struct {
	draft   draft
	changes []step // in the order in which they are made

	used, ours, capacity int
	ipv4, ipv6           Held // the parts of one family
	strays               int
	look                 time.Time // when to look again; zero: not because of this plan
	more                 bool      // something waits for what this plan does
}

// planner makes one plan.
type planner struct {
	view
	plan
	sites      []*site
	adds       []*site // wanted, absent, and nothing is in the way
	removes    []*site
	duplicates []step
}

func makePlan(v view) plan {
	p := planner{view: v}
	p.sites, p.strays = survey(&p.view)
	p.gauge()
	var above []*site // those that contain the next one, the widest first
	for _, s := range p.sites {
		for len(above) > 0 && !above[len(above)-1].prefix.Contains(s.prefix.Addr()) {
			above = above[:len(above)-1]
		}
		p.ours += len(s.ours)
		p.held(s.prefix).Ours += len(s.ours)
		p.dedupe(s)
		if s.want != nil {
			p.wanted(s, above)
		} else {
			p.unwanted(s)
		}
		above = append(above, s)
	}
	p.makeRoom()
	p.change()
	p.draft.tidy()
	return p.plan
}

// dedupe takes away all but one of our entries of one prefix, where the vendor can tell them apart.
func (p *planner) dedupe(s *site) {
	for i, e := range s.ours {
		if i == 0 || e.Handle == "" || e.Handle == s.ours[0].Handle || p.tried[s.prefix] {
			continue
		}
		p.duplicates = append(p.duplicates, step{BlockChange: connector.BlockChange{
			Block: e.Mark, Prefix: s.prefix, Remove: true, Handle: e.Handle,
		}})
	}
}

func (p *planner) wanted(s *site, above []*site) {
	for _, e := range s.ended {
		p.draft.of(e).finish(causeSuccessor, p.now)
	}
	m := p.draft.of(s.want)
	switch cover := covering(above); {
	case s.allows:
		if len(s.ours) == 0 {
			p.forget(s)
		}
		m.fail(causeAllows, p.now)
	case cover != nil && (len(s.ours) == 0 && s.maybe == nil || !p.policy.KillSwitch):
		s.suspect()
		p.covered(s, m, cover)
	case len(s.ours) > 0:
		p.hold(s, m)
	case s.others > 0:
		p.leave(s, m)
	default:
		p.absent(s, m, above)
	}
}

// covering is the widest block that is in force and contains the site.
func covering(above []*site) *site {
	for _, a := range above {
		if a.stands() {
			return a
		}
	}
	return nil
}

// covered: a wider block stands for it; an entry of its own is one too many.
func (p *planner) covered(s *site, m *move, cover *site) {
	cover.covers = true
	m.enter(store.PlacementCovered, "covered by the block of "+cover.prefix.String(), p.now)
	m.is.Covered = cover.want.Block
	m.inForce(p.now)
	if len(s.ours) == 0 {
		m.well()
		p.forget(s)
		return
	}
	if !p.waits(&m.is) {
		m.well()
		p.remove(s)
	}
}

// hold: it is there, by us.
func (p *planner) hold(s *site, m *move) {
	e := s.ours[0]
	row := store.BlockLedgerEntry{Prefix: s.prefix, State: store.EntryHeld, Block: m.is.Block, Handle: e.Handle, At: p.now}
	if id, err := event.ParseID(event.PrefixBlock, e.Mark); err == nil {
		row.Block = id
	} else if s.row != nil && s.row.State != store.EntryForeign {
		row.Block = s.row.Block
	}
	if s.row == nil || s.row.State != row.State || s.row.Handle != row.Handle || s.row.Block != row.Block {
		p.draft.rows = append(p.draft.rows, row)
	}
	m.handle = e.Handle
	p.verified(m, "")
}

// leave: it is there, and not by us.
func (p *planner) leave(s *site, m *move) {
	if s.row == nil || s.row.State != store.EntryForeign {
		p.draft.rows = append(p.draft.rows, store.BlockLedgerEntry{Prefix: s.prefix, State: store.EntryForeign, At: p.now})
	}
	p.verified(m, causeBefore)
}

// verified: it was seen, or at least is believed to be there where nothing can be seen.
func (p *planner) verified(m *move, cause string) {
	if p.limits.Unverifiable {
		m.enter(store.PlacementApplied, cause, p.now)
		m.inForce(p.now)
		m.well()
		return
	}
	if m.is.State != store.PlacementVerified || p.now.Sub(m.is.VerifiedAt) >= proofTime {
		m.is.VerifiedAt = p.now
	}
	m.enter(store.PlacementVerified, cause, p.now)
	m.inForce(p.now)
	m.well()
}

// absent: it is not there. What was in force has drifted, and what is to be tried now is added.
func (p *planner) absent(s *site, m *move, above []*site) {
	stood := m.is.State == store.PlacementApplied || m.is.State == store.PlacementVerified
	switch {
	case s.row != nil && s.row.State == store.EntryForeign:
		if stood {
			m.enter(store.PlacementRequested, causeVanished, p.now)
		}
	case stood && p.settles(s, m):
		p.lookAt(s.row.At.Add(settleTime))
		return
	case stood:
		m.drifted = true
		m.enter(store.PlacementDrifted, causeDrifted, p.now)
	case m.is.State == store.PlacementCovered:
		m.enter(store.PlacementRequested, causeUncovered, p.now)
	}
	if !p.late(s) && s.maybe == nil {
		p.forget(s)
	}
	action := p.attempt(s, m, above)
	if m.drifted {
		m.action = action
	}
}

// settles says that the vendor has taken the entry just now and may not show it yet.
func (p *planner) settles(s *site, m *move) bool {
	return p.limits.Marks && m.is.State == store.PlacementApplied && s.row != nil && s.row.State == store.EntryHeld &&
		p.now.Sub(s.row.At) < settleTime
}

// late says that a request to add it, which had no answer, may still be done.
func (p *planner) late(s *site) bool {
	return s.row != nil && s.row.State == store.EntryAdding && p.now.Sub(s.row.At) < lateTime
}

// attempt has the block be added unless something is in the way, and says what is done about it.
func (p *planner) attempt(s *site, m *move, above []*site) (action string) {
	if p.policy.KillSwitch {
		if !m.is.State.Final() && m.is.State != store.PlacementFailed {
			m.is.Cause = killed(p.policy.KillReason)
		}
		return actionKilled
	}
	if why := p.limits.Takes(s.prefix); why != "" {
		m.fail(why, p.now)
		return actionLeft
	}
	if p.protected != nil {
		if reason, yes := p.protected(s.prefix); yes {
			m.fail("it is protected: "+line(reason), p.now)
			return actionLeft
		}
	}
	switch {
	case m.is.State == store.PlacementDrifted && p.policy.ReportDrift && p.again < everything:
		m.is.Cause = causeReported
		return actionReported
	case !m.is.ExpiresAt.IsZero() && !m.is.ExpiresAt.After(p.now), p.waits(&m.is), p.tried[s.prefix]:
		return actionLeft
	case slices.ContainsFunc(above, func(a *site) bool { return a.adding && a.want.State != store.PlacementFailed }):
		p.more = true // a wider block is about to be put there
		return actionLeft
	}
	s.adding = true
	p.adds = append(p.adds, s)
	for _, a := range above {
		if a.removing {
			s.follows, a.followers = true, append(a.followers, s)
		}
	}
	return actionAgain
}

// waits says that a placement is tried again later, or not by itself.
func (p *planner) waits(pl *store.Placement) bool {
	if p.again >= failures || pl.Attempts == 0 {
		return false
	}
	if pl.DueAt.IsZero() {
		return pl.State == store.PlacementFailed
	}
	return pl.DueAt.After(p.now)
}

// unwanted: no block wants it. What is ours goes, and nothing else.
func (p *planner) unwanted(s *site) {
	s.suspect()
	switch {
	case len(s.ours) > 0:
		p.end(s)
	case p.late(s):
		for _, e := range s.ended {
			p.draft.of(e).enter(store.PlacementRemoving, causeLate, p.now)
		}
		p.lookAt(s.row.At.Add(lateTime))
	default:
		for _, e := range s.ended {
			cause := whyEnded(e, p.now)
			switch {
			case s.others == 0:
			case e.State == store.PlacementRemoving:
				cause = causeAgain
			default:
				cause = causeBeforeEnd
			}
			p.draft.of(e).finish(cause, p.now)
		}
		p.forget(s)
	}
}

// end takes away an entry of ours that nobody wants any more.
func (p *planner) end(s *site) {
	now := len(s.ended) == 0
	for _, e := range s.ended {
		m := p.draft.of(e)
		if e.State != store.PlacementRemoving {
			m.enter(store.PlacementRemoving, whyEnded(e, p.now), p.now)
			m.well()
		}
		now = now || !p.waits(&m.is)
	}
	if now {
		p.remove(s)
	}
}

func whyEnded(e *store.Placement, now time.Time) string {
	if finalState(e, now) == store.PlacementExpired {
		return causeOver
	}
	return causeEnded
}

func (p *planner) remove(s *site) {
	if !p.tried[s.prefix] {
		s.removing = true
		p.removes = append(p.removes, s)
	}
}

// forget drops the ledger's row of an entry that is not there, or is not ours.
func (p *planner) forget(s *site) {
	if s.row != nil {
		p.draft.gone = append(p.draft.gone, s.prefix)
	}
}

func (p *planner) lookAt(at time.Time) {
	if p.look.IsZero() || at.Before(p.look) {
		p.look = at
	}
}
