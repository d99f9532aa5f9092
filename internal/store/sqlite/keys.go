package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const keyColumns = `id, account, name, prefix, hash, scopes, environment, event_types, rate_limit, created_by, replaces,
	created_at, expires_at, revoked_at, last_used_at, last_used_ip`

func scanKey(r row, k *store.Key) error {
	return r.Scan(idCol{&k.ID}, textCol[event.Account]{&k.Account}, textCol[string]{&k.Name}, &k.Prefix, hashCol{&k.Hash},
		jsonCol{&k.Scopes}, &k.Environment, jsonCol{&k.EventTypes}, &k.RateLimit, textCol[string]{&k.CreatedBy}, idCol{&k.Replaces},
		timeCol{&k.CreatedAt}, timeCol{&k.ExpiresAt}, timeCol{&k.RevokedAt}, timeCol{&k.LastUsedAt},
		textCol[string]{&k.LastUsedIP})
}

// CreateKey implements store.Keys.
func (s *Store) CreateKey(ctx context.Context, k store.Key) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return insertKey(ctx, tx, &k) })
}

func insertKey(ctx context.Context, tx *sql.Tx, k *store.Key) error {
	scopes, err := json.Marshal(k.Scopes)
	if err != nil {
		return fmt.Errorf("encoding the scopes: %w", err)
	}
	types, err := json.Marshal(k.EventTypes)
	if err != nil {
		return fmt.Errorf("encoding the event types: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO api_keys (`+keyColumns+`) VALUES (`+placeholders(16)+`)`,
		k.ID[:], string(k.Account), k.Name, k.Prefix, k.Hash[:], string(scopes), k.Environment, string(types), k.RateLimit,
		k.CreatedBy, k.Replaces[:], micros(k.CreatedAt), micros(k.ExpiresAt), micros(k.RevokedAt), micros(k.LastUsedAt),
		k.LastUsedIP)
	return err
}

// RotateKey implements store.Keys.
func (s *Store) RotateKey(ctx context.Context, next store.Key, end time.Time) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		old, account := next.Replaces, string(next.Account)
		res, err := tx.ExecContext(ctx, `UPDATE api_keys
			SET expires_at = CASE WHEN expires_at = 0 OR expires_at > ? THEN ? ELSE expires_at END
			WHERE id = ? AND account = ? AND revoked_at = 0 AND (expires_at = 0 OR expires_at > ?)`,
			micros(end), micros(end), old[:], account, micros(next.CreatedAt))
		if err != nil {
			return err
		}
		if err := missed(ctx, tx, res, `SELECT count(*) FROM api_keys WHERE id = ? AND account = ?`, old[:], account); err != nil {
			return err
		}
		return insertKey(ctx, tx, &next)
	})
}

// GetKey implements store.Keys.
func (s *Store) GetKey(ctx context.Context, account event.Account, id event.ID) (store.Key, error) {
	return get(ctx, s.config, scanKey, `SELECT `+keyColumns+` FROM api_keys WHERE id = ? AND account = ?`, id[:], string(account))
}

// KeyByHash implements store.Keys.
func (s *Store) KeyByHash(ctx context.Context, hash [32]byte) (store.Key, error) {
	return get(ctx, s.config, scanKey, `SELECT `+keyColumns+` FROM api_keys WHERE hash = ?`, hash[:])
}

// ListKeys implements store.Keys.
func (s *Store) ListKeys(ctx context.Context, account event.Account, p store.Page) ([]store.Key, string, error) {
	w := new(where)
	w.and(`account = ?`, string(account))
	if p.After != "" {
		id := make([]byte, 16)
		if err := decodeCursor(listKeys, p.After, &id); err != nil {
			return nil, "", err
		}
		w.and(`id < ?`, id)
	}
	return page(ctx, s.config, scanKey, p, func(k *store.Key) string { return encodeCursor(listKeys, k.ID[:]) },
		`SELECT `+keyColumns+` FROM api_keys`+w.String()+` ORDER BY id DESC`, w.args...)
}

// RevokeKey implements store.Keys.
func (s *Store) RevokeKey(ctx context.Context, account event.Account, id event.ID, at time.Time) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE api_keys
			SET revoked_at = CASE WHEN revoked_at = 0 OR ? = 0 THEN ? ELSE revoked_at END
			WHERE id = ? AND account = ?`, micros(at), micros(at), id[:], string(account))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return store.ErrNotFound
	})
}

// TouchKey implements store.Keys.
func (s *Store) TouchKey(ctx context.Context, id event.ID, at time.Time, ip string) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE api_keys SET last_used_at = ?, last_used_ip = ?
			WHERE id = ? AND last_used_at < ?`, micros(at), ip, id[:], micros(at))
		return err
	})
}
