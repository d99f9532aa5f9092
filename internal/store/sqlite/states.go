package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// GetState implements store.States.
func (s *Store) GetState(ctx context.Context, account event.Account, integration event.ID, key string, now time.Time) ([]byte, error) {
	scan := func(r row, v *[]byte) error { return r.Scan(bytesCol[[]byte]{v}) }
	return get(ctx, s.cases, scan, `SELECT value FROM states WHERE integration = ? AND name = ? AND account = ? AND (ends_at = 0 OR ends_at > ?)`,
		integration[:], key, string(account), micros(now))
}

// PutState implements store.States.
func (s *Store) PutState(ctx context.Context, r store.StateRow, most int) error {
	return s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return putState(ctx, tx, r, most) })
}

// AddState implements store.States.
func (s *Store) AddState(ctx context.Context, r store.StateRow, now time.Time, most int) (added bool, err error) {
	err = s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var ends int64
		err := tx.QueryRowContext(ctx, `SELECT ends_at FROM states WHERE integration = ? AND name = ?`, r.Integration[:], r.Key).Scan(&ends)
		switch {
		case err == nil && (ends == 0 || ends > micros(now)):
			return nil
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		}
		added = true
		return putState(ctx, tx, r, most)
	})
	return added && err == nil, err
}

func putState(ctx context.Context, tx *sql.Tx, r store.StateRow, most int) error {
	if r.Integration.IsZero() || r.Account == "" {
		return store.ErrInvalid
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO states (integration, name, account, value, ends_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (integration, name) DO UPDATE SET value = excluded.value, ends_at = excluded.ends_at WHERE account = excluded.account`,
		r.Integration[:], r.Key, string(r.Account), blob(r.Value), micros(r.EndsAt))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, store.ErrConflict) // the key is another account's
	}
	var have int
	if err := tx.QueryRowContext(ctx, `SELECT entries FROM state_counts WHERE integration = ?`, r.Integration[:]).Scan(&have); err != nil || have <= most {
		return err
	}
	res, err = tx.ExecContext(ctx, `DELETE FROM states WHERE integration = ? AND name IN
		(SELECT name FROM states WHERE integration = ? AND ends_at > 0 AND name <> ? ORDER BY ends_at LIMIT ?)`,
		r.Integration[:], r.Integration[:], r.Key, have-most)
	if err != nil {
		return err
	}
	if gone, err := res.RowsAffected(); err != nil || int(gone) < have-most {
		return errors.Join(err, store.ErrInvalid) // the others have no end: none may go
	}
	return nil
}

// DeleteState implements store.States.
func (s *Store) DeleteState(ctx context.Context, account event.Account, integration event.ID, key string) error {
	return s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM states WHERE integration = ? AND name = ? AND account = ?`, integration[:], key, string(account))
		return err
	})
}

// PruneStates implements store.States.
func (s *Store) PruneStates(ctx context.Context, now time.Time, limit int) (deleted int, err error) {
	err = s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := queryAll(ctx, tx, func(r row, v *stateName) error { return r.Scan(idCol{&v.integration}, textCol[string]{&v.name}) },
			`SELECT integration, name FROM states WHERE ends_at > 0 AND ends_at <= ? ORDER BY ends_at LIMIT ?`, micros(now), max(limit, 0))
		if err != nil {
			return err
		}
		for _, r := range rows {
			if _, err := tx.ExecContext(ctx, `DELETE FROM states WHERE integration = ? AND name = ?`, r.integration[:], r.name); err != nil {
				return err
			}
		}
		deleted = len(rows)
		return nil
	})
	return deleted, err
}

type stateName struct {
	integration event.ID
	name        string
}

// ForgetIntegration implements store.States.
func (s *Store) ForgetIntegration(ctx context.Context, account event.Account, integration event.ID) error {
	return s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, query := range []string{
			`DELETE FROM states WHERE integration = ? AND account = ?`,
			`DELETE FROM tickets WHERE integration = ? AND account = ?`,
			`DELETE FROM digests WHERE integration = ? AND account = ?`,
		} {
			if _, err := tx.ExecContext(ctx, query, integration[:], string(account)); err != nil {
				return err
			}
		}
		return nil
	})
}
