package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const silenceColumns = `id, account, matchers, condition, integrations, reason, author, starts_at, ends_at, version, created_at, updated_at`

func scanSilence(r row, s *store.Silence) error {
	var ids []byte
	err := r.Scan(idCol{&s.ID}, textCol[event.Account]{&s.Account}, bytesCol[json.RawMessage]{&s.Matchers}, textCol[string]{&s.Where}, bytesCol[[]byte]{&ids},
		textCol[string]{&s.Reason}, textCol[string]{&s.Author}, timeCol{&s.StartsAt}, timeCol{&s.EndsAt}, &s.Version, timeCol{&s.CreatedAt}, timeCol{&s.UpdatedAt})
	for ; len(ids) >= 16; ids = ids[16:] {
		s.Integrations = append(s.Integrations, event.ID(ids[:16]))
	}
	return err
}

func idsBlob(list []event.ID) []byte {
	b := make([]byte, 0, 16*len(list))
	for _, id := range list {
		b = append(b, id[:]...)
	}
	return b
}

// CreateSilence implements store.Silences.
func (s *Store) CreateSilence(ctx context.Context, v store.Silence) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO silences (`+silenceColumns+`) VALUES (`+placeholders(12)+`)`,
			v.ID[:], string(v.Account), blob(v.Matchers), v.Where, idsBlob(v.Integrations), v.Reason, v.Author, micros(v.StartsAt),
			micros(v.EndsAt), 1, micros(v.CreatedAt), micros(v.UpdatedAt))
		return err
	})
}

// UpdateSilence implements store.Silences.
func (s *Store) UpdateSilence(ctx context.Context, v store.Silence) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE silences SET matchers = ?, condition = ?, integrations = ?, reason = ?, starts_at = ?,
			ends_at = ?, version = version + 1, updated_at = ? WHERE id = ? AND account = ? AND version = ?`,
			blob(v.Matchers), v.Where, idsBlob(v.Integrations), v.Reason, micros(v.StartsAt), micros(v.EndsAt), micros(v.UpdatedAt),
			v.ID[:], string(v.Account), v.Version)
		if err != nil {
			return err
		}
		return missed(ctx, tx, res, `SELECT count(*) FROM silences WHERE id = ? AND account = ?`, v.ID[:], string(v.Account))
	})
}

// GetSilence implements store.Silences.
func (s *Store) GetSilence(ctx context.Context, account event.Account, id event.ID) (store.Silence, error) {
	return get(ctx, s.config, scanSilence, `SELECT `+silenceColumns+` FROM silences WHERE id = ? AND account = ?`, id[:], string(account))
}

// ListSilences implements store.Silences.
func (s *Store) ListSilences(ctx context.Context, account event.Account) ([]store.Silence, error) {
	return all(ctx, s.config, scanSilence,
		`SELECT `+silenceColumns+` FROM silences WHERE account = ? ORDER BY ends_at DESC, id DESC`, string(account))
}

// AllSilences implements store.Silences.
func (s *Store) AllSilences(ctx context.Context, now time.Time) ([]store.Silence, error) {
	return all(ctx, s.config, scanSilence, `SELECT `+silenceColumns+` FROM silences WHERE ends_at > ?`, micros(now))
}

// PruneSilences implements store.Silences.
func (s *Store) PruneSilences(ctx context.Context, before time.Time, limit int) (deleted int, err error) {
	err = s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE ends_at < ? ORDER BY ends_at LIMIT ?)`,
			micros(before), max(limit, 0))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		deleted = int(n)
		return err
	})
	return deleted, err
}
