package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// prepared are the statements of one write, each prepared when it is needed first.
type prepared struct {
	tx    *sql.Tx
	stmts map[string]*sql.Stmt
}

func prepareIn(tx *sql.Tx) *prepared { return &prepared{tx, map[string]*sql.Stmt{}} }

func (p *prepared) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := p.stmts[query]; s != nil {
		return s, nil
	}
	s, err := p.tx.PrepareContext(ctx, query)
	if err == nil {
		p.stmts[query] = s
	}
	return s, err
}

// exec gives how many rows were changed.
func (p *prepared) exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := p.stmt(ctx, query)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (p *prepared) close() {
	for _, s := range p.stmts {
		_ = s.Close() // the transaction closes them as well
	}
}

// SaveBlocks implements store.Blocks.
func (s *Store) SaveBlocks(ctx context.Context, w store.BlockWrite) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		p := prepareIn(tx)
		defer p.close()
		if err := p.putBlocks(ctx, w.Blocks); err != nil {
			return fmt.Errorf("storing blocks: %w", err)
		}
		if err := p.place(ctx, w); err != nil {
			return fmt.Errorf("storing where blocks are to be: %w", err)
		}
		if err := p.addSteps(ctx, w.Steps); err != nil {
			return fmt.Errorf("storing the history of blocks: %w", err)
		}
		return s.saveSaid(ctx, tx, w.Say)
	})
}

// putBlocks stores blocks. Those that end come first: another one of their target may begin with the same write.
func (p *prepared) putBlocks(ctx context.Context, list []store.Block) error {
	for _, open := range []bool{false, true} {
		for i := range list {
			if list[i].State.Open() != open {
				continue
			}
			if err := p.putBlock(ctx, &list[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	insertBlock = `INSERT INTO blocks (account, target, first_address, last_address, state, reason, responders, requester, askers, decider, rule,
		alert, incident, event, cause, created_at, updated_at, active_at, expires_at, ttl, approve_by, ended_at, due_at, id, version)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`
	updateBlock = `UPDATE blocks SET (account, target, first_address, last_address, state, reason, responders, requester, askers, decider, rule,
		alert, incident, event, cause, created_at, updated_at, active_at, expires_at, ttl, approve_by, ended_at, due_at, version) =
		(?1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, version + 1) WHERE id = ? AND account = ?1 AND version = ?`
)

func (p *prepared) putBlock(ctx context.Context, b *store.Block) error {
	args, err := blockArgs(b)
	if err != nil {
		return err
	}
	if b.Version == 0 {
		_, err = p.exec(ctx, insertBlock, args...)
		return err
	}
	n, err := p.exec(ctx, updateBlock, append(args, b.Version)...)
	if err != nil || n > 0 {
		return err
	}
	var rows int
	if err := p.tx.QueryRowContext(ctx, `SELECT count(*) FROM blocks WHERE id = ? AND account = ?`, b.ID[:], string(b.Account)).Scan(&rows); err != nil {
		return err
	}
	if rows == 0 {
		return store.ErrNotFound
	}
	return store.ErrConflict
}

// blockArgs are the columns of a row up to its id.
func blockArgs(b *store.Block) ([]any, error) {
	target, err := prefixText(b.Target)
	if err != nil {
		return nil, err
	}
	requester, err := actorText(b.Requester)
	if err != nil {
		return nil, err
	}
	decider, err := actorText(b.Decider)
	if err != nil {
		return nil, err
	}
	first, last := ends(b.Target)
	return []any{
		string(b.Account), target, first, last, string(b.State), b.Reason, idsBlob(b.Responders), requester, askersText(b.Requester.Principals),
		decider, b.Rule[:], b.Alert[:], b.Incident, b.Event[:], b.Cause, micros(b.CreatedAt), micros(b.UpdatedAt), micros(b.ActiveAt),
		micros(b.ExpiresAt), int64(b.TTL), micros(b.ApproveBy), micros(b.EndedAt), micros(dueAt(b)), b.ID[:],
	}, nil
}

// dueAt is when a block ends or lapses by itself; zero: never.
func dueAt(b *store.Block) (t time.Time) {
	switch b.State {
	case store.BlockActive:
		t = b.ExpiresAt
	case store.BlockPending:
		t = b.ApproveBy
	}
	return t
}

// place makes placements, and tells those that there are what became of their blocks.
func (p *prepared) place(ctx context.Context, w store.BlockWrite) error {
	for i := range w.Place {
		v := &w.Place[i]
		target, err := prefixText(v.Target)
		if err != nil {
			return err
		}
		if _, err := p.exec(ctx, `INSERT INTO block_placements (`+placementColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (block, integration) DO NOTHING`,
			v.Block[:], string(v.Account), v.Integration[:], target, flag(v.Wanted), string(v.State), v.Cause, v.Covered[:], v.Attempts, micros(v.DueAt),
			micros(v.Since), micros(v.AppliedAt), micros(v.VerifiedAt), micros(v.ExpiresAt)); err != nil {
			return err
		}
	}
	for i := range w.Blocks {
		b := &w.Blocks[i]
		if !b.State.Open() {
			continue
		}
		if _, err := p.exec(ctx, `UPDATE block_placements SET expires_at = ?1 WHERE block = ? AND +account = ? AND expires_at <> ?1`,
			micros(b.ExpiresAt), b.ID[:], string(b.Account)); err != nil {
			return err
		}
	}
	for _, id := range w.Unwant {
		if _, err := p.exec(ctx, `UPDATE block_placements SET wanted = 0 WHERE block = ? AND wanted <> 0`, id[:]); err != nil {
			return err
		}
	}
	return nil
}

// firstSteps is how many of a block's first steps stay.
const firstSteps = 10

// addSteps writes lines of histories, each once, and keeps these within their bound. A line about a block that is gone goes
// nowhere.
func (p *prepared) addSteps(ctx context.Context, steps []store.BlockStep) error {
	ids := make([]event.ID, len(steps))
	for i := range steps {
		v := &steps[i]
		ids[i] = v.Block
		if v.ID.IsZero() || v.Account == "" {
			return store.ErrInvalid
		}
		if _, err := p.exec(ctx, `INSERT INTO block_steps (id, account, block, integration, at, state, cause, done_by)
			SELECT ?, account, id, ?, ?, ?, ?, ? FROM blocks WHERE id = ? AND account = ? ON CONFLICT (block, id) DO NOTHING`,
			v.ID[:], v.Integration[:], micros(v.At), v.State, v.Cause, v.By, v.Block[:], string(v.Account)); err != nil {
			return err
		}
	}
	for _, id := range sortedIDs(ids) {
		if err := p.boundSteps(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (p *prepared) boundSteps(ctx context.Context, block event.ID) error {
	count, err := p.stmt(ctx, `SELECT count(*) FROM block_steps WHERE block = ?`)
	if err != nil {
		return err
	}
	var n int
	if err := count.QueryRowContext(ctx, block[:]).Scan(&n); err != nil || n <= store.MaxBlockSteps {
		return err
	}
	_, err = p.exec(ctx, `DELETE FROM block_steps WHERE block = ?1 AND id IN
		(SELECT id FROM block_steps WHERE block = ?1 ORDER BY id LIMIT ? OFFSET ?)`, block[:], n-store.MaxBlockSteps, firstSteps)
	return err
}

// finalStates are the states in which nothing is left to be done, as a list of SQL.
const finalStates = `('removed', 'expired', 'evicted')`

const prunedBlocksQuery = `SELECT id FROM blocks INDEXED BY blocks_ended WHERE ended_at > 0 AND ended_at < ? AND NOT EXISTS
	(SELECT 1 FROM block_placements p WHERE p.block = blocks.id AND p.state NOT IN ` + finalStates + `) ORDER BY ended_at LIMIT ?`

// PruneBlocks implements store.Blocks. What the ledger says of their targets stays: it is about entries at vendors.
func (s *Store) PruneBlocks(ctx context.Context, before time.Time, limit int) (deleted int, err error) {
	err = s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		ids, err := queryAll(ctx, tx, func(r row, id *event.ID) error { return r.Scan(idCol{id}) }, prunedBlocksQuery, micros(before), max(limit, 0))
		if err != nil {
			return err
		}
		p := prepareIn(tx)
		defer p.close()
		for _, id := range ids {
			for _, query := range []string{
				`DELETE FROM block_placements WHERE block = ?`, `DELETE FROM block_steps WHERE block = ?`, `DELETE FROM blocks WHERE id = ?`,
			} {
				if _, err := p.exec(ctx, query, id[:]); err != nil {
					return err
				}
			}
		}
		deleted = len(ids)
		return nil
	})
	return deleted, err
}

// undone are the states of placements that are not final, as a list of SQL; an index is asked for each of them.
const undone = `('requested', 'applied', 'verified', 'failed', 'drifted', 'covered', 'removing')`

const (
	loadPlacementsQuery = `SELECT p.block, p.account, p.integration, p.target, p.wanted, p.state, p.cause, p.covered, p.attempts, p.due_at, p.since,
		p.applied_at, p.verified_at, p.expires_at, b.reason FROM block_placements p INDEXED BY block_placements_state JOIN blocks b ON b.id = p.block
		WHERE p.account = ? AND p.integration = ? AND p.state IN ` + undone
	loadLedgerQuery = `SELECT account, integration, prefix, state, block, handle, at FROM block_ledger WHERE account = ? AND integration = ?`
)

// LoadResponder implements store.Blocks.
func (s *Store) LoadResponder(ctx context.Context, account event.Account, integration event.ID) (store.ResponderBook, error) {
	book := store.ResponderBook{Reasons: map[event.ID]string{}}
	err := readAtOnce(ctx, s.config, func(tx *sql.Tx) (err error) {
		var reason string
		scan := func(r row, p *store.Placement) error {
			err := scanPlacement(withMore{r, textCol[string]{&reason}}, p)
			book.Reasons[p.Block] = reason
			return err
		}
		if book.Placements, err = queryAll(ctx, tx, scan, loadPlacementsQuery, string(account), integration[:]); err != nil {
			return err
		}
		book.Ledger, err = queryAll(ctx, tx, scanBlockLedger, loadLedgerQuery, string(account), integration[:])
		return err
	})
	slices.SortFunc(book.Placements, func(a, b store.Placement) int {
		return cmp.Or(a.Target.Addr().Compare(b.Target.Addr()), cmp.Compare(a.Target.Bits(), b.Target.Bits()), slices.Compare(a.Block[:], b.Block[:]))
	})
	slices.SortFunc(book.Ledger, func(a, b store.BlockLedgerEntry) int {
		return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
	})
	return book, err
}

func scanBlockLedger(r row, v *store.BlockLedgerEntry) error {
	return r.Scan(textCol[event.Account]{&v.Account}, idCol{&v.Integration}, prefixCol{&v.Prefix}, textCol[store.EntryState]{&v.State},
		idCol{&v.Block}, textCol[string]{&v.Handle}, timeCol{&v.At})
}

// withMore is a row with a column behind those that are known.
type withMore struct {
	row

	last any
}

// Scan is for package sql.
func (w withMore) Scan(dest ...any) error { return w.row.Scan(append(dest, w.last)...) }

// DropResponder implements store.Blocks.
func (s *Store) DropResponder(ctx context.Context, account event.Account, integration event.ID, cause string, at time.Time) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE block_placements SET state = 'removed', cause = ?, covered = zeroblob(16), attempts = 0, due_at = 0, since = ?
			WHERE account = ? AND integration = ? AND state IN `+undone, cause, micros(at), string(account), integration[:])
		_, gone := tx.ExecContext(ctx, `DELETE FROM block_ledger WHERE account = ? AND integration = ?`, string(account), integration[:])
		return errors.Join(err, gone)
	})
}

// LostResponders implements store.Blocks.
func (s *Store) LostResponders(ctx context.Context, limit int) ([]store.ResponderRef, error) {
	return all(ctx, s.config, func(r row, x *store.ResponderRef) error {
		return r.Scan(textCol[event.Account]{&x.Account}, idCol{&x.Integration})
	}, lostRespondersQuery, limit)
}

const lostRespondersQuery = `SELECT i.account, i.id FROM integrations i WHERE i.deleted_at > 0 AND (
	EXISTS (SELECT 1 FROM block_placements p WHERE p.account = i.account AND p.integration = i.id AND p.state IN ` + undone + `) OR
	EXISTS (SELECT 1 FROM block_ledger l WHERE l.account = i.account AND l.integration = i.id)) LIMIT ?`
