package reconcile

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// view is what a plan goes by.
type view struct {
	book      *book
	snapshot  *connector.BlockSnapshot
	limits    connector.BlockLimits
	policy    guard.Policy
	protected func(p netip.Prefix) (reason string, yes bool)
	// ended are the marks of blocks that are not in the book because they have ended, and are gone here, with their targets.
	ended map[string]netip.Prefix
	// tried are prefixes whose change was not done in this cycle: they are left to a later one.
	tried map[netip.Prefix]bool
	// full is how many entries the vendor held when it said that it can hold no more; 0: it has not said so lately.
	full  int
	again again
	now   time.Time
}

// again is what is tried although it would not be by itself.
type again int

const (
	nothing    again = iota
	failures         // what failed: the integration has changed, or the vendor is there again
	everything       // a person asked: also what has drifted and is only reported
)

// site is all that is known of one prefix.
type site struct {
	prefix netip.Prefix
	want   *store.Placement   // of the block that is to be in force
	ended  []*store.Placement // of blocks that are to be gone
	row    *store.BlockLedgerEntry

	ours   []connector.BlockEntry // the one that is kept is the first
	maybe  *connector.BlockEntry  // it cannot be read whether it is there: a request about it may have been done
	others int                    // entries of others that keep it out
	allows bool                   // an entry lets it through

	adding, removing bool    // what the plan does here
	covers           bool    // it stands for narrower ones
	follows          bool    // it is added because what stood for it ends
	followers        []*site // those that follow when this one ends
}

// stands says that the block is in force there.
func (s *site) stands() bool { return s.want != nil && !s.allows && len(s.ours)+s.others > 0 }

// survey sorts what is wanted, known and there by prefix. It gives the sites with those that contain others before them,
// and how many entries bear the mark of a block that nobody knows.
func survey(v *view) (sites []*site, strays int) {
	at := make(map[netip.Prefix]*site, len(v.book.placements)+len(v.book.ledger))
	get := func(p netip.Prefix) *site {
		s := at[p]
		if s == nil {
			s = &site{prefix: p}
			at[p] = s
			sites = append(sites, s)
		}
		return s
	}
	for _, p := range v.book.placements {
		if s := get(p.Target); p.Wanted {
			s.want = p
		} else {
			s.ended = append(s.ended, p)
		}
	}
	for prefix, row := range v.book.ledger {
		get(prefix).row = &row
	}
	for i := range v.snapshot.Entries {
		e := &v.snapshot.Entries[i]
		s := at[e.Prefix]
		if s == nil {
			if !v.limits.Marks || e.Mark == "" {
				continue
			}
			if p, ok := v.ended[e.Mark]; !ok || p != e.Prefix {
				strays++
				continue
			}
			s = get(e.Prefix)
		}
		if !s.place(v, e) && v.limits.Marks && e.Mark != "" {
			strays++
		}
	}
	for _, s := range sites {
		if v.limits.Unverifiable {
			s.believe(v.again)
		}
		s.keepFirst()
	}
	slices.SortFunc(sites, func(a, b *site) int { return widerFirst(a.prefix, b.prefix) })
	return sites, strays
}

// believe goes by the ledger alone, where nothing can be read: what was added is there, and what was being added or removed
// may be. What was there before still is, unless a person asks for another try.
func (s *site) believe(what again) {
	switch {
	case s.row == nil:
		return
	case s.row.State == store.EntryForeign:
		if what < everything {
			s.others = 1
		}
		return
	}
	e := connector.BlockEntry{Prefix: s.prefix, Handle: s.row.Handle}
	if s.row.State == store.EntryHeld {
		s.ours = []connector.BlockEntry{e}
		return
	}
	s.maybe = &e
}

// suspect counts what may be there as being there, because it is not to be.
func (s *site) suspect() {
	if s.maybe != nil {
		s.ours = append(s.ours, *s.maybe)
	}
}

// widerFirst orders prefixes so that each comes before those that it contains, and nothing else comes between.
func widerFirst(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// place puts an entry where it belongs, and says whether it is ours.
func (s *site) place(v *view, e *connector.BlockEntry) bool {
	mine := s.mine(v, e)
	switch {
	case e.Allows:
		s.allows = true
	case mine:
		s.ours = append(s.ours, *e)
	default:
		s.others++
	}
	return mine
}

// mine says whether an entry is ours: it bears the mark of a block for this prefix, or the ledger knows it. Where entries
// bear marks, one without is ours only by the handle that the vendor gave us for it.
func (s *site) mine(v *view, e *connector.BlockEntry) bool {
	kept := s.row != nil && s.row.State != store.EntryForeign
	if !v.limits.Marks {
		return kept && (s.row.Handle == "" || e.Handle == "" || e.Handle == s.row.Handle)
	}
	if e.Mark != "" && s.knows(v, e.Mark) {
		return true
	}
	return kept && s.row.Handle != "" && e.Handle == s.row.Handle
}

// knows says whether a mark is that of a block for this prefix.
func (s *site) knows(v *view, mark string) bool {
	if p, ok := v.ended[mark]; ok {
		return p == s.prefix
	}
	id, err := event.ParseID(event.PrefixBlock, mark)
	if err != nil {
		return false
	}
	if s.want != nil && s.want.Block == id || s.row != nil && s.row.State != store.EntryForeign && s.row.Block == id {
		return true
	}
	return slices.ContainsFunc(s.ended, func(p *store.Placement) bool { return p.Block == id })
}

// keepFirst moves the entry that is kept to the front: the one that the ledger knows, or else that of the wanted block.
func (s *site) keepFirst() {
	if len(s.ours) < 2 {
		return
	}
	rank := func(e connector.BlockEntry) int {
		switch {
		case s.row != nil && s.row.Handle != "" && s.row.Handle == e.Handle:
			return 0
		case s.want != nil && e.Mark == s.want.Block.Text(event.PrefixBlock):
			return 1
		}
		return 2
	}
	slices.SortStableFunc(s.ours, func(a, b connector.BlockEntry) int { return cmp.Compare(rank(a), rank(b)) })
}

// strangers gives the marks that neither placements nor ledger know, each once, at most limit.
func strangers(k *book, entries []connector.BlockEntry, limit int) (list []event.ID) {
	known := make(map[event.ID]bool, len(k.placements))
	for id := range k.placements {
		known[id] = true
	}
	for _, row := range k.ledger {
		known[row.Block] = true
	}
	for i := range entries {
		if entries[i].Mark == "" {
			continue
		}
		id, err := event.ParseID(event.PrefixBlock, entries[i].Mark)
		if err != nil || known[id] {
			continue
		}
		if known[id] = true; len(list) < limit {
			list = append(list, id)
		}
	}
	return list
}

// endedMarks gives the marks of those blocks that have ended, and are final at the integration, with their targets.
func endedMarks(list []store.Placement, integration event.ID) map[string]netip.Prefix {
	ended := map[string]netip.Prefix{}
	for i := range list {
		if p := &list[i]; p.Integration == integration && !p.Wanted && p.State.Final() {
			ended[p.Block.Text(event.PrefixBlock)] = p.Target
		}
	}
	return ended
}
