package reconcile

import (
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// step is one change at the vendor.
type step struct {
	connector.BlockChange
	intent *store.BlockLedgerEntry // nil: one that is taken away beside the one in the ledger
	late   bool                    // an earlier request, that had no answer, may still be done
	maybe  bool                    // it may be there by us already, and nothing can be read
	blocks []event.ID              // whose placements it is about
}

// change lists the changes: additions and removals by turns, so that where a vendor takes a few at a time neither waits for
// a long row of the other. A removal that has to wait for an addition is not in the same plan (holdBack).
func (p *planner) change() {
	var removals []step
	for _, s := range p.removes {
		removals = append(removals, p.removal(s))
	}
	removals = append(removals, p.duplicates...)
	for i := range max(len(p.adds), len(removals)) {
		if i < len(p.adds) {
			p.changes = append(p.changes, p.addition(p.adds[i]))
		}
		if i < len(removals) {
			p.changes = append(p.changes, removals[i])
		}
	}
}

func (p *planner) addition(s *site) step {
	row := store.BlockLedgerEntry{Prefix: s.prefix, State: store.EntryAdding, Block: s.want.Block, At: p.now}
	late := p.late(s)
	if late {
		row.At = s.row.At
	}
	if s.maybe != nil { // an endpoint that keeps ids would call what is there for that block somebody else's
		row.Block = s.row.Block
	}
	return step{
		BlockChange: connector.BlockChange{
			Block: row.Block.Text(event.PrefixBlock), Prefix: s.prefix, Until: s.want.ExpiresAt,
			Reason: event.Clip(line(p.book.reasons[s.want.Block]), maxReason),
		},
		intent: &row, late: late, maybe: s.maybe != nil, blocks: []event.ID{s.want.Block},
	}
}

func (p *planner) removal(s *site) step {
	e := s.ours[0]
	row := store.BlockLedgerEntry{Prefix: s.prefix, State: store.EntryRemoving, Handle: e.Handle, At: p.now}
	c := step{BlockChange: connector.BlockChange{Prefix: s.prefix, Remove: true, Handle: e.Handle}, intent: &row}
	for _, pl := range s.ended {
		row.Block = pl.Block
		c.blocks = append(c.blocks, pl.Block)
	}
	if s.want != nil { // it is covered, or makes room
		row.Block = s.want.Block
		c.blocks = append(c.blocks, s.want.Block)
	}
	if s.row != nil && s.row.State != store.EntryForeign {
		row.Block = s.row.Block
	}
	if id, err := event.ParseID(event.PrefixBlock, e.Mark); err == nil {
		row.Block = id
	}
	c.Block = row.Block.Text(event.PrefixBlock)
	return c
}
