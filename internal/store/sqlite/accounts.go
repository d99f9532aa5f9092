package sqlite

import (
	"context"
	"database/sql"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

var (
	_ store.Accounts = (*Store)(nil)
	_ store.Projects = (*Store)(nil)
	_ store.Usages   = (*Store)(nil)
)

const accountColumns = `name, title, parent, plan, version, created_at, updated_at, closed_at`

func scanAccount(r row, a *store.Account) error {
	return r.Scan(textCol[event.Account]{&a.Name}, textCol[string]{&a.Title}, textCol[event.Account]{&a.Parent},
		textCol[string]{&a.Plan}, &a.Version, timeCol{&a.CreatedAt}, timeCol{&a.UpdatedAt}, timeCol{&a.ClosedAt})
}

// CreateAccount implements store.Accounts. Rows are never deleted, so a name that was ever taken stays taken.
func (s *Store) CreateAccount(ctx context.Context, a store.Account) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO accounts (`+accountColumns+`) VALUES (`+placeholders(8)+`)`,
			string(a.Name), a.Title, string(a.Parent), a.Plan, 1, micros(a.CreatedAt), micros(a.UpdatedAt), micros(a.ClosedAt))
		return err
	})
}

// UpdateAccount implements store.Accounts. The time of creation stays as it is.
func (s *Store) UpdateAccount(ctx context.Context, a store.Account) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE accounts SET title = ?, parent = ?, plan = ?, version = version + 1,
			updated_at = ?, closed_at = ? WHERE name = ? AND version = ?`,
			a.Title, string(a.Parent), a.Plan, micros(a.UpdatedAt), micros(a.ClosedAt), string(a.Name), a.Version)
		if err != nil {
			return err
		}
		return missed(ctx, tx, res, `SELECT count(*) FROM accounts WHERE name = ?`, string(a.Name))
	})
}

// AllAccounts implements store.Accounts.
func (s *Store) AllAccounts(ctx context.Context) ([]store.Account, error) {
	return all(ctx, s.config, scanAccount, `SELECT `+accountColumns+` FROM accounts ORDER BY name`)
}
