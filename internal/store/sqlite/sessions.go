package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const sessionColumns = `id, hash, user, account, strong, created_at, last_seen_at, expires_at, revoked_at, address, user_agent`

func scanSession(r row, s *store.Session) error {
	return r.Scan(idCol{&s.ID}, hashCol{&s.Hash}, idCol{&s.User}, textCol[event.Account]{&s.Account}, &s.Strong,
		timeCol{&s.CreatedAt}, timeCol{&s.LastSeenAt}, timeCol{&s.ExpiresAt}, timeCol{&s.RevokedAt},
		textCol[string]{&s.Address}, textCol[string]{&s.UserAgent})
}

// insertSession stores a session; the user's oldest beyond store.MaxSessions end.
func insertSession(ctx context.Context, tx *sql.Tx, s *store.Session, at int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO sessions (`+sessionColumns+`) VALUES (`+placeholders(11)+`)`,
		s.ID[:], s.Hash[:], s.User[:], string(s.Account), flag(s.Strong), micros(s.CreatedAt), micros(s.LastSeenAt),
		micros(s.ExpiresAt), micros(s.RevokedAt), s.Address, s.UserAgent)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE sessions SET revoked_at = ? WHERE user = ? AND revoked_at = 0 AND id NOT IN
		(SELECT id FROM sessions WHERE user = ? AND revoked_at = 0 ORDER BY id DESC LIMIT ?)`,
		at, s.User[:], s.User[:], store.MaxSessions)
	return err
}

// SessionByHash implements store.Sessions.
func (s *Store) SessionByHash(ctx context.Context, hash [32]byte) (store.Session, error) {
	return get(ctx, s.config, scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE hash = ?`, hash[:])
}

// ListSessions implements store.Sessions.
func (s *Store) ListSessions(ctx context.Context, account event.Account, user event.ID, now time.Time) ([]store.Session, error) {
	return all(ctx, s.config, scanSession, listSessionsQuery, user[:], string(account), micros(now), store.MaxSessions)
}

const listSessionsQuery = `SELECT ` + sessionColumns + ` FROM sessions
	WHERE user = ? AND account = ? AND revoked_at = 0 AND expires_at > ? ORDER BY id DESC LIMIT ?`

// RecentSessions implements store.Sessions.
func (s *Store) RecentSessions(ctx context.Context, account event.Account, seen, now time.Time, limit int) ([]store.SessionSeen, error) {
	return all(ctx, s.config, func(r row, x *store.SessionSeen) error { return r.Scan(&x.Address, &x.Email) },
		recentSessionsQuery, string(account), micros(now), micros(seen), limit)
}

// The people of an account are few, and so are the sessions of each: the other way round, all sessions would be looked at.
const recentSessionsQuery = `SELECT s.address, u.email FROM users u CROSS JOIN sessions s ON s.user = u.id
	WHERE u.account = ? AND u.deleted_at = 0 AND s.revoked_at = 0 AND s.expires_at > ? AND s.last_seen_at >= ? LIMIT ?`

// RevokeSession implements store.Sessions.
func (s *Store) RevokeSession(ctx context.Context, account event.Account, user, id event.ID, at time.Time) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE sessions SET revoked_at = CASE WHEN revoked_at = 0 THEN ? ELSE revoked_at END
			WHERE id = ? AND user = ? AND account = ?`, micros(at), id[:], user[:], string(account))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return store.ErrNotFound
	})
}

// RevokeSessions implements store.Sessions.
func (s *Store) RevokeSessions(ctx context.Context, account event.Account, user, keep event.ID, at time.Time) (n int, err error) {
	err = s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err = revokeSessions(ctx, tx, account, user, keep, micros(at))
		return err
	})
	return n, err
}

func revokeSessions(ctx context.Context, tx *sql.Tx, account event.Account, user, keep event.ID, at int64) (int, error) {
	res, err := tx.ExecContext(ctx, `UPDATE sessions SET revoked_at = ?
		WHERE user = ? AND account = ? AND revoked_at = 0 AND expires_at > ? AND id <> ?`, at, user[:], string(account), at, keep[:])
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// TouchSession implements store.Sessions.
func (s *Store) TouchSession(ctx context.Context, id event.ID, at time.Time) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE sessions SET last_seen_at = ? WHERE id = ? AND last_seen_at < ?`,
			micros(at), id[:], micros(at))
		return err
	})
}

// PruneSessions implements store.Sessions.
func (s *Store) PruneSessions(ctx context.Context, t time.Time, limit int) (deleted int, err error) {
	err = s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		deleted = 0
		for _, ended := range []string{`expires_at < ?`, `revoked_at > 0 AND revoked_at < ?`} {
			res, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE `+ended+` LIMIT ?)`,
				micros(t), max(limit-deleted, 0))
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			deleted += int(n)
		}
		return nil
	})
	return deleted, err
}
