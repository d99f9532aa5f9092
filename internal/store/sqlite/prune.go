package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// oldRow is a row of the ledger that may go: an attempt (id) or a pack (the rest of the fields).
type oldRow struct {
	at, bytes   int64
	id          event.ID
	integration event.ID
	span, seq   int64
	hi, lo      journal.Position
}

// PruneAttempts implements store.Attempts. It looks without the right to write, so that a tick waits for the
// deleting of at most limit rows.
func (s *Store) PruneAttempts(ctx context.Context, t time.Time, maxBytes int64, limit int) (int, error) {
	size, err := get(ctx, s.lanes, func(r row, v *int64) error { return r.Scan(v) }, `SELECT bytes FROM ledger WHERE id = 1`)
	if err != nil || limit <= 0 {
		return 0, err
	}
	attempts, packs, err := s.oldest(ctx, limit)
	if err != nil {
		return 0, err
	}
	excess := int64(0)
	if maxBytes > 0 {
		excess = max(size-maxBytes, 0)
	}
	a, p := choose(attempts, packs, micros(t), excess, limit)
	if a+p == 0 {
		return 0, nil
	}
	deleted := 0
	err = s.lanes.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		deleted, err = s.deleteLedger(ctx, tx, attempts[:a], packs[:p])
		return err
	})
	if err != nil {
		return 0, err
	}
	return deleted, nil
}

// oldest reads the keys of the oldest attempts and packs, at most limit of each.
func (s *Store) oldest(ctx context.Context, limit int) (attempts, packs []oldRow, err error) {
	attempts, err = all(ctx, s.lanes, func(r row, o *oldRow) error { return r.Scan(&o.at, &o.bytes, idCol{&o.id}) },
		`SELECT at, bytes, id FROM attempts ORDER BY at, id LIMIT ?`, limit)
	if err != nil {
		return nil, nil, err
	}
	packs, err = all(ctx, s.lanes, func(r row, o *oldRow) error {
		return r.Scan(&o.at, &o.bytes, idCol{&o.integration}, &o.span, positionCol{&o.hi}, positionCol{&o.lo}, &o.seq)
	}, `SELECT at, bytes, integration, span, hi, lo, seq FROM packs ORDER BY at LIMIT ?`, limit)
	return attempts, packs, err
}

// choose says how many of the attempts and packs, both oldest first, must go: those before t, then as many of the
// oldest as it takes to free excess bytes, together at most limit.
func choose(attempts, packs []oldRow, before, excess int64, limit int) (a, p int) {
	for a+p < limit {
		from, n := attempts, &a
		if a == len(attempts) || p < len(packs) && packs[p].at < attempts[a].at {
			from, n = packs, &p
		}
		if *n == len(from) || from[*n].at >= before && excess <= 0 {
			break
		}
		excess -= from[*n].bytes
		*n++
	}
	return a, p
}

func (s *Store) deleteLedger(ctx context.Context, tx *sql.Tx, attempts, packs []oldRow) (deleted int, err error) {
	var freed int64
	remove := func(rows []oldRow, query string, key func(*oldRow) []any) error {
		stmt, err := tx.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for i := range rows {
			res, err := stmt.ExecContext(ctx, key(&rows[i])...)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil {
				return err
			} else if n > 0 {
				freed += rows[i].bytes
				deleted++
			}
		}
		return nil
	}
	err = remove(attempts, `DELETE FROM attempts WHERE id = ?`, func(o *oldRow) []any { return []any{o.id[:]} })
	if err != nil {
		return 0, err
	}
	err = remove(packs, `DELETE FROM packs WHERE integration = ? AND span = ? AND hi = ? AND lo = ? AND at = ? AND seq = ?`,
		func(o *oldRow) []any {
			return []any{o.integration[:], o.span, o.hi.Bytes(), o.lo.Bytes(), o.at, o.seq}
		})
	if err != nil {
		return 0, err
	}
	_, err = tx.StmtContext(ctx, s.tick.addLedger).ExecContext(ctx, -freed)
	return deleted, err
}
