package reconcile

import (
	"net/netip"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// book is what a reconciler goes by, as the store has it. It follows what is saved, so that one cycle reads it once.
type book struct {
	placements map[event.ID]*store.Placement // not final; by block
	reasons    map[event.ID]string
	ledger     map[netip.Prefix]store.BlockLedgerEntry
}

func newBook(b store.ResponderBook) *book {
	k := &book{
		placements: make(map[event.ID]*store.Placement, len(b.Placements)), reasons: b.Reasons,
		ledger: make(map[netip.Prefix]store.BlockLedgerEntry, len(b.Ledger)),
	}
	for i := range b.Placements {
		if p := &b.Placements[i]; !p.State.Final() {
			k.placements[p.Block] = p
		}
	}
	for _, row := range b.Ledger {
		k.ledger[row.Prefix] = row
	}
	return k
}

func (k *book) empty() bool { return len(k.placements) == 0 && len(k.ledger) == 0 }

// held is how many entries are there by us, or may be.
func (k *book) held() (n int) {
	for _, row := range k.ledger {
		if row.State != store.EntryForeign {
			n++
		}
	}
	return n
}

// take follows a draft that was saved.
func (k *book) take(d *draft) {
	for _, m := range d.moves {
		if m.is.State.Final() {
			delete(k.placements, m.is.Block)
		} else if p := k.placements[m.is.Block]; p != nil {
			*p = m.is
		}
	}
	for _, prefix := range d.gone {
		delete(k.ledger, prefix)
	}
	for _, row := range d.rows {
		k.ledger[row.Prefix] = row
	}
}

// draft is what is to be saved together.
type draft struct {
	moves []*move
	by    map[event.ID]*move
	rows  []store.BlockLedgerEntry
	gone  []netip.Prefix
}

// move is a change of one placement.
type move struct {
	was, is store.Placement
	note
}

// note is what facts say of a move besides.
type note struct {
	drifted bool   // it was in force, and was not there any more
	action  string // what is done about that
	handle  string // what the vendor finds it by
}

// of gives the move of a placement, to be changed.
func (d *draft) of(p *store.Placement) *move {
	if m := d.by[p.Block]; m != nil {
		return m
	}
	if d.by == nil {
		d.by = map[event.ID]*move{}
	}
	m := &move{was: *p, is: *p}
	d.by[p.Block] = m
	d.moves = append(d.moves, m)
	return m
}

// enter has the placement be in a state for a cause.
func (m *move) enter(state store.PlacementState, cause string, now time.Time) {
	if m.is.State != state {
		m.is.State, m.is.Since = state, now
	}
	m.is.Cause = cause
	if state != store.PlacementCovered {
		m.is.Covered = event.ID{}
	}
}

// well notes that nothing has to be tried again.
func (m *move) well() { m.is.Attempts, m.is.DueAt = 0, time.Time{} }

// inForce notes when the block was first in force there.
func (m *move) inForce(now time.Time) {
	if m.is.AppliedAt.IsZero() {
		m.is.AppliedAt = now
	}
}

// fail has it be failed by what is known here, without the vendor having been asked: it is looked at anew in each cycle.
func (m *move) fail(cause string, now time.Time) {
	m.enter(store.PlacementFailed, cause, now)
	m.well()
}

// finish has the placement of a block that has ended be final.
func (m *move) finish(cause string, now time.Time) {
	m.enter(finalState(&m.is, now), cause, now)
	m.well()
}

// finalState is expired for a block whose time was over when its removal began, and removed otherwise.
func finalState(p *store.Placement, now time.Time) store.PlacementState {
	began := now
	if p.State == store.PlacementRemoving {
		began = p.Since
	}
	if !p.ExpiresAt.IsZero() && !began.Before(p.ExpiresAt) {
		return store.PlacementExpired
	}
	return store.PlacementRemoved
}

// tidy drops moves that change nothing.
func (d *draft) tidy() {
	kept := d.moves[:0]
	for _, m := range d.moves {
		if m.was != m.is || m.drifted {
			kept = append(kept, m)
		} else {
			delete(d.by, m.is.Block)
		}
	}
	d.moves = kept
}

func (d *draft) empty() bool { return len(d.moves) == 0 && len(d.rows) == 0 && len(d.gone) == 0 }
