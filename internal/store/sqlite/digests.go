package sqlite

import (
	"context"
	"database/sql"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// AllDigests implements store.Digests.
func (s *Store) AllDigests(ctx context.Context) ([]store.DigestRow, error) {
	scan := func(r row, v *store.DigestRow) error {
		return r.Scan(idCol{&v.Integration}, textCol[string]{&v.Period}, textCol[event.Account]{&v.Account}, textCol[string]{&v.Slot}, timeCol{&v.DueAt})
	}
	return all(ctx, s.cases, scan, `SELECT integration, period, account, slot, due_at FROM digests`)
}

// SaveDigest implements store.Digests.
func (s *Store) SaveDigest(ctx context.Context, r store.DigestRow, say ...store.Said) error {
	return s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if r.Integration.IsZero() || r.Account == "" || r.Period == "" || r.Slot == "" {
			return store.ErrInvalid
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO digests (integration, period, account, slot, due_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (integration, period) DO UPDATE SET slot = excluded.slot, due_at = excluded.due_at
			WHERE account = excluded.account AND slot < excluded.slot`,
			r.Integration[:], r.Period, string(r.Account), r.Slot, micros(r.DueAt))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err == nil {
				err = store.ErrConflict
			}
			return err
		}
		return s.saveSaid(ctx, tx, say)
	})
}

// SayDigest implements store.Digests.
func (s *Store) SayDigest(ctx context.Context, say store.Said) error {
	return s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.saveSaid(ctx, tx, []store.Said{say}) })
}

// DeleteDigest implements store.Digests.
func (s *Store) DeleteDigest(ctx context.Context, account event.Account, integration event.ID, period string) error {
	return s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM digests WHERE integration = ? AND period = ? AND account = ?`,
			integration[:], period, string(account))
		return err
	})
}
