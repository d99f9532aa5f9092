package sqlite

import (
	"context"
	"database/sql"
)

// GetMeta implements store.Meta.
func (s *Store) GetMeta(ctx context.Context, key string) (string, error) {
	scan := func(r row, v *string) error { return r.Scan(textCol[string]{v}) }
	return get(ctx, s.config, scan, `SELECT value FROM meta WHERE name = ?`, key)
}

// SetMeta implements store.Meta.
func (s *Store) SetMeta(ctx context.Context, key, value string) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES (?, ?)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, key, value)
		return err
	})
}
