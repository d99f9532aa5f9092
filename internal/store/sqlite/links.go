package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const linkColumns = `hash, account, user, purpose, created_at, expires_at, used_at`

func scanLink(r row, l *store.Link) error {
	return r.Scan(hashCol{&l.Hash}, textCol[event.Account]{&l.Account}, idCol{&l.User}, &l.Purpose, timeCol{&l.CreatedAt},
		timeCol{&l.ExpiresAt}, timeCol{&l.UsedAt})
}

// CreateLink implements store.Links.
func (s *Store) CreateLink(ctx context.Context, l store.Link) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return insertLink(ctx, tx, &l) })
}

func insertLink(ctx context.Context, tx *sql.Tx, l *store.Link) error {
	if err := endLinks(ctx, tx, l.Account, l.User); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO links (`+linkColumns+`) VALUES (`+placeholders(7)+`)`,
		l.Hash[:], string(l.Account), l.User[:], l.Purpose, micros(l.CreatedAt), micros(l.ExpiresAt), micros(l.UsedAt))
	return err
}

func endLinks(ctx context.Context, tx *sql.Tx, account event.Account, user event.ID) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM links WHERE account = ? AND user = ? AND used_at = 0`, string(account), user[:])
	return err
}

func useLink(ctx context.Context, tx *sql.Tx, hash [32]byte, at int64) error {
	res, err := tx.ExecContext(ctx, `UPDATE links SET used_at = ? WHERE hash = ? AND used_at = 0`, at, hash[:])
	if err != nil {
		return err
	}
	return missed(ctx, tx, res, `SELECT count(*) FROM links WHERE hash = ?`, hash[:])
}

// LinkByHash implements store.Links.
func (s *Store) LinkByHash(ctx context.Context, hash [32]byte) (store.Link, error) {
	return get(ctx, s.config, scanLink, `SELECT `+linkColumns+` FROM links WHERE hash = ?`, hash[:])
}

// PruneLinks implements store.Links.
func (s *Store) PruneLinks(ctx context.Context, t time.Time, limit int) (deleted int, err error) {
	err = s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM links WHERE hash IN (SELECT hash FROM links WHERE expires_at < ? LIMIT ?)`,
			micros(t), max(limit, 0))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		deleted = int(n)
		return err
	})
	return deleted, err
}
