package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const sourceColumns = `id, account, name, dialect, enabled, auth, secrets, project, labels, types, version, created_at,
	updated_at, accepted, rejected, refused, last_received_at`

func scanSource(r row, s *store.Source) error {
	return r.Scan(idCol{&s.ID}, textCol[event.Account]{&s.Account}, textCol[string]{&s.Name}, textCol[string]{&s.Dialect},
		&s.Enabled, bytesCol[json.RawMessage]{&s.Auth}, jsonCol{&s.Secrets}, textCol[string]{&s.Project}, jsonCol{&s.Labels},
		jsonCol{&s.Types}, &s.Version, timeCol{&s.CreatedAt}, timeCol{&s.UpdatedAt}, countCol{&s.Counts.Accepted},
		countCol{&s.Counts.Rejected}, countCol{&s.Counts.Refused}, timeCol{&s.LastReceivedAt})
}

// sourceJSON encodes the columns that are JSON.
func sourceJSON(s *store.Source) (secrets, labels, types []byte, err error) {
	secrets, err1 := json.Marshal(s.Secrets)
	labels, err2 := json.Marshal(s.Labels)
	types, err3 := json.Marshal(s.Types)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, nil, nil, fmt.Errorf("encoding a source: %w", err)
	}
	return secrets, labels, types, nil
}

// CreateSource implements store.Sources.
func (s *Store) CreateSource(ctx context.Context, src store.Source) error {
	secrets, labels, types, err := sourceJSON(&src)
	if err != nil {
		return err
	}
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO sources (`+sourceColumns+`) VALUES (`+placeholders(17)+`)`,
			src.ID[:], string(src.Account), src.Name, src.Dialect, flag(src.Enabled), blob(src.Auth), secrets, src.Project,
			labels, types, 1, micros(src.CreatedAt), micros(src.UpdatedAt), 0, 0, 0, 0)
		return err
	})
}

// UpdateSource implements store.Sources. The time of creation stays as it is.
func (s *Store) UpdateSource(ctx context.Context, src store.Source) error {
	secrets, labels, types, err := sourceJSON(&src)
	if err != nil {
		return err
	}
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE sources SET name = ?, dialect = ?, enabled = ?, auth = ?, secrets = ?,
			project = ?, labels = ?, types = ?, version = version + 1, updated_at = ? WHERE id = ? AND account = ? AND version = ?`,
			src.Name, src.Dialect, flag(src.Enabled), blob(src.Auth), secrets, src.Project, labels, types, micros(src.UpdatedAt),
			src.ID[:], string(src.Account), src.Version)
		if err != nil {
			return err
		}
		return missed(ctx, tx, res, `SELECT count(*) FROM sources WHERE id = ? AND account = ?`, src.ID[:], string(src.Account))
	})
}

// DeleteSource implements store.Sources.
func (s *Store) DeleteSource(ctx context.Context, account event.Account, id event.ID, version int64) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM sources WHERE id = ? AND account = ? AND version = ?`, id[:], string(account), version)
		if err != nil {
			return err
		}
		return missed(ctx, tx, res, `SELECT count(*) FROM sources WHERE id = ? AND account = ?`, id[:], string(account))
	})
}

// GetSource implements store.Sources.
func (s *Store) GetSource(ctx context.Context, account event.Account, id event.ID) (store.Source, error) {
	return get(ctx, s.config, scanSource, `SELECT `+sourceColumns+` FROM sources WHERE id = ? AND account = ?`, id[:], string(account))
}

// ListSources implements store.Sources.
func (s *Store) ListSources(ctx context.Context, account event.Account, p store.Page) ([]store.Source, string, error) {
	w := new(where)
	w.and(`account = ?`, string(account))
	if p.After != "" {
		name, id := []byte(nil), make([]byte, 16)
		if err := decodeCursor(listSources, p.After, &name, &id); err != nil {
			return nil, "", err
		}
		w.and(`(name, id) > (?, ?)`, string(name), id)
	}
	return page(ctx, s.config, scanSource, p, func(src *store.Source) string {
		return encodeCursor(listSources, []byte(src.Name), src.ID[:])
	}, `SELECT `+sourceColumns+` FROM sources`+w.String()+` ORDER BY name, id`, w.args...)
}

// AllSources implements store.Sources.
func (s *Store) AllSources(ctx context.Context) ([]store.Source, error) {
	return all(ctx, s.config, scanSource, `SELECT `+sourceColumns+` FROM sources ORDER BY account, name, id`)
}

// SaveSourceUse implements store.Sources.
func (s *Store) SaveSourceUse(ctx context.Context, list []store.SourceUse) error {
	if len(list) == 0 {
		return nil
	}
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, `UPDATE sources SET accepted = accepted + ?, rejected = rejected + ?,
			refused = refused + ?, last_received_at = max(last_received_at, ?) WHERE id = ?`)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for i := range list {
			u := &list[i]
			if _, err := stmt.ExecContext(ctx, int64(u.Counts.Accepted), int64(u.Counts.Rejected), int64(u.Counts.Refused),
				micros(u.LastReceivedAt), u.ID[:]); err != nil {
				return err
			}
		}
		return nil
	})
}
