package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// SaveResponder implements store.Blocks.
func (s *Store) SaveResponder(ctx context.Context, w store.ResponderWrite) error {
	if w.Account == "" || w.Integration.IsZero() {
		return store.ErrInvalid
	}
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		p := prepareIn(tx)
		defer p.close()
		var was []store.BlockStanding
		var err error
		if w.Tell != nil {
			if was, err = standings(ctx, tx, &w); err != nil {
				return fmt.Errorf("reading where blocks stand: %w", err)
			}
		}
		if err := p.putPlacements(ctx, &w); err != nil {
			return fmt.Errorf("storing where blocks stand: %w", err)
		}
		if err := p.putLedger(ctx, &w); err != nil {
			return fmt.Errorf("storing the ledger of blocks: %w", err)
		}
		if err := p.addSteps(ctx, w.Steps); err != nil {
			return fmt.Errorf("storing the history of blocks: %w", err)
		}
		said := w.Say
		if w.Tell != nil {
			is, err := standings(ctx, tx, &w)
			if err != nil {
				return fmt.Errorf("reading where blocks stand: %w", err)
			}
			said = slices.Concat(said, w.Tell(was, is))
		}
		return s.saveSaid(ctx, tx, said)
	})
}

// standings gives the blocks of w's placements, as far as there are such blocks, with where they stand everywhere, by id.
func standings(ctx context.Context, tx *sql.Tx, w *store.ResponderWrite) (list []store.BlockStanding, err error) {
	ids := make([]event.ID, len(w.Placements))
	for i := range w.Placements {
		ids[i] = w.Placements[i].Block
	}
	ids = sortedIDs(ids)
	list = make([]store.BlockStanding, 0, len(ids))
	for part := range slices.Chunk(ids, keysAtOnce) {
		args := append(argsOf(part, func(id event.ID) any { return id[:] }), string(w.Account))
		blocks, err := queryAll(ctx, tx, scanBlock, `SELECT `+blockColumns+` FROM blocks WHERE id IN (`+placeholders(len(part))+`) AND +account = ? ORDER BY id`,
			args...)
		if err != nil {
			return nil, err
		}
		for i := range blocks {
			list = append(list, store.BlockStanding{Block: blocks[i]})
		}
	}
	placements, err := placementsOf(ctx, tx, w.Account, ids)
	if err != nil {
		return nil, err
	}
	for i := range list { // both are by the block's id
		id := list[i].Block.ID
		begin := slices.IndexFunc(placements, func(p store.Placement) bool { return p.Block == id })
		if begin < 0 {
			continue
		}
		placements = placements[begin:]
		end := slices.IndexFunc(placements, func(p store.Placement) bool { return p.Block != id })
		if end < 0 {
			end = len(placements)
		}
		list[i].Placements, placements = placements[:end:end], placements[end:]
	}
	return list, nil
}

// putPlacements changes what belongs to the reconciler. One that is not there is not made.
func (p *prepared) putPlacements(ctx context.Context, w *store.ResponderWrite) error {
	for i := range w.Placements {
		v := &w.Placements[i]
		if v.State == "" {
			return store.ErrInvalid
		}
		if _, err := p.exec(ctx, `UPDATE block_placements SET state = ?, cause = ?, covered = ?, attempts = ?, due_at = ?, since = ?, applied_at = ?,
			verified_at = ? WHERE block = ? AND integration = ? AND account = ?`,
			string(v.State), v.Cause, v.Covered[:], v.Attempts, micros(v.DueAt), micros(v.Since), micros(v.AppliedAt), micros(v.VerifiedAt),
			v.Block[:], w.Integration[:], string(w.Account)); err != nil {
			return err
		}
	}
	return nil
}

func (p *prepared) putLedger(ctx context.Context, w *store.ResponderWrite) error {
	for _, gone := range w.Gone {
		prefix, err := prefixText(gone)
		if err != nil {
			return err
		}
		if _, err := p.exec(ctx, `DELETE FROM block_ledger WHERE account = ? AND integration = ? AND prefix = ?`,
			string(w.Account), w.Integration[:], prefix); err != nil {
			return err
		}
	}
	for i := range w.Ledger {
		v := &w.Ledger[i]
		prefix, err := prefixText(v.Prefix)
		if err != nil {
			return err
		}
		if _, err := p.exec(ctx, `INSERT INTO block_ledger (account, integration, prefix, state, block, handle, at) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (account, integration, prefix) DO UPDATE SET state = excluded.state, block = excluded.block, handle = excluded.handle,
			at = excluded.at`,
			string(w.Account), w.Integration[:], prefix, string(v.State), v.Block[:], v.Handle, micros(v.At)); err != nil {
			return err
		}
	}
	return nil
}
