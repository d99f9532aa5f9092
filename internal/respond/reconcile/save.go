package reconcile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const (
	// saveRows bounds the rows of one transaction, so that nobody else waits long for the store.
	saveRows = 10_000
	// saveTime bounds the saving of what a vendor was asked, which goes on when the cycle itself is broken off.
	saveTime = 30 * time.Second
)

// save makes a draft durable, and has the book follow. A large one takes several transactions; what is about one prefix or
// placement is never torn apart in a way that matters: the ledger's rows come first.
func (c *cycle) save(ctx context.Context, d *draft) error {
	d.tidy()
	if d.empty() {
		return nil
	}
	t := c.service.teller(c.row.ID, c.now())
	for _, part := range d.parts(saveRows) {
		w := store.ResponderWrite{Account: c.row.Account, Integration: c.row.ID, Ledger: part.rows, Gone: part.gone}
		for i := range w.Ledger {
			w.Ledger[i].Account, w.Ledger[i].Integration = c.row.Account, c.row.ID
		}
		for _, m := range part.moves {
			w.Placements = append(w.Placements, m.is)
		}
		w.Steps = t.steps(part.moves)
		told := telling(part.moves)
		if told {
			notes := make(map[event.ID]note, len(part.moves))
			for _, m := range part.moves {
				notes[m.is.Block] = m.note
			}
			w.Tell = func(was, is []store.BlockStanding) []store.Said { return t.facts(notes, was, is) }
		}
		if err := c.service.Store.SaveResponder(ctx, w); err != nil {
			return fmt.Errorf("saving where blocks stand: %w", err)
		}
		c.book.take(part)
		if told {
			c.service.Wake()
		}
	}
	return nil
}

// saveSurely saves also when the cycle is being broken off.
func (c *cycle) saveSurely(ctx context.Context, d *draft) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
	defer cancel()
	return c.save(ctx, d)
}

// parts cuts a draft into pieces of at most so many rows: first what the ledger forgets, then its rows, then placements,
// each of which may take two rows and has one line of history or two.
func (d *draft) parts(rows int) (list []*draft) {
	if len(d.gone)+len(d.rows)+3*len(d.moves) <= rows {
		return []*draft{d}
	}
	for part := range slices.Chunk(d.gone, rows) {
		list = append(list, &draft{gone: part})
	}
	for part := range slices.Chunk(d.rows, rows) {
		list = append(list, &draft{rows: part})
	}
	for part := range slices.Chunk(d.moves, rows/3) {
		list = append(list, &draft{moves: part})
	}
	return list
}
