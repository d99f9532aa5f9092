package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const integrationColumns = `id, account, kind, name, enabled, paused, disabled_reason, settings, secrets, subscription,
	delivery, owner, rotate_by, rotation_said, voided, version, created_at, updated_at, deleted_at, fallback, secrets_set`

func scanIntegration(r row, i *store.Integration) error {
	return r.Scan(idCol{&i.ID}, textCol[event.Account]{&i.Account}, &i.Kind, textCol[string]{&i.Name}, &i.Enabled,
		&i.Paused, textCol[string]{&i.DisabledReason}, bytesCol[json.RawMessage]{&i.Settings}, jsonCol{&i.Secrets},
		bytesCol[json.RawMessage]{&i.Subscription}, bytesCol[json.RawMessage]{&i.Delivery}, textCol[string]{&i.Owner},
		&i.RotateBy, &i.RotationSaid, jsonCol{&i.Voided}, &i.Version, timeCol{&i.CreatedAt}, timeCol{&i.UpdatedAt}, timeCol{&i.DeletedAt},
		idCol{&i.Fallback}, jsonCol{&i.SecretsSet})
}

// integrationObjects are the columns of an integration that hold what this package encodes as JSON.
type integrationObjects struct{ secrets, set, voided []byte }

func encodeObjects(i *store.Integration) (o integrationObjects, err error) {
	if o.secrets, err = json.Marshal(i.Secrets); err != nil {
		return o, fmt.Errorf("encoding the sealed secrets: %w", err)
	}
	if o.set, err = json.Marshal(i.SecretsSet); err != nil {
		return o, fmt.Errorf("encoding when secrets were set: %w", err)
	}
	if o.voided, err = json.Marshal(i.Voided); err != nil {
		return o, fmt.Errorf("encoding the voided secrets: %w", err)
	}
	return o, nil
}

// CreateIntegration implements store.Integrations.
func (s *Store) CreateIntegration(ctx context.Context, i store.Integration) error {
	o, err := encodeObjects(&i)
	if err != nil {
		return err
	}
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO integrations (`+integrationColumns+`) VALUES (`+placeholders(21)+`)`,
			i.ID[:], string(i.Account), i.Kind, i.Name, flag(i.Enabled), flag(i.Paused), i.DisabledReason,
			blob(i.Settings), o.secrets, blob(i.Subscription), blob(i.Delivery), i.Owner, i.RotateBy, i.RotationSaid, o.voided, 1,
			micros(i.CreatedAt), micros(i.UpdatedAt), micros(i.DeletedAt), i.Fallback[:], string(o.set))
		if err != nil {
			return err
		}
		return s.saveSaid(ctx, tx, i.Say)
	})
}

// UpdateIntegration implements store.Integrations. The kind and the time of creation stay as they are.
func (s *Store) UpdateIntegration(ctx context.Context, i store.Integration) error {
	o, err := encodeObjects(&i)
	if err != nil {
		return err
	}
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE integrations SET name = ?, enabled = ?, paused = ?, disabled_reason = ?,
			settings = ?, secrets = ?, subscription = ?, delivery = ?, owner = ?, rotate_by = ?, rotation_said = ?, voided = ?,
			version = version + 1,
			updated_at = ?, deleted_at = ?, fallback = ?, secrets_set = ? WHERE id = ? AND account = ? AND version = ?`,
			i.Name, flag(i.Enabled), flag(i.Paused), i.DisabledReason, blob(i.Settings), o.secrets, blob(i.Subscription),
			blob(i.Delivery), i.Owner, i.RotateBy, i.RotationSaid, o.voided, micros(i.UpdatedAt), micros(i.DeletedAt), i.Fallback[:], string(o.set),
			i.ID[:], string(i.Account), i.Version)
		if err != nil {
			return err
		}
		err = missed(ctx, tx, res, `SELECT count(*) FROM integrations WHERE id = ? AND account = ?`, i.ID[:], string(i.Account))
		if err != nil {
			return err
		}
		return s.saveSaid(ctx, tx, i.Say)
	})
}

// missed tells why a change touched no row: ErrConflict when the count says that there is one, else ErrNotFound.
func missed(ctx context.Context, tx *sql.Tx, res sql.Result, count string, args ...any) error {
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	var rows int
	if err := tx.QueryRowContext(ctx, count, args...).Scan(&rows); err != nil {
		return err
	}
	if rows > 0 {
		return store.ErrConflict
	}
	return store.ErrNotFound
}

// GetIntegration implements store.Integrations.
func (s *Store) GetIntegration(ctx context.Context, account event.Account, id event.ID) (store.Integration, error) {
	return get(ctx, s.config, scanIntegration,
		`SELECT `+integrationColumns+` FROM integrations WHERE id = ? AND account = ?`, id[:], string(account))
}

// ListIntegrations implements store.Integrations.
func (s *Store) ListIntegrations(ctx context.Context, account event.Account, p store.Page) ([]store.Integration, string, error) {
	w := new(where)
	w.and(`account = ? AND deleted_at = 0`, string(account))
	if p.After != "" {
		var name, id = []byte(nil), make([]byte, 16)
		if err := decodeCursor(listIntegrations, p.After, &name, &id); err != nil {
			return nil, "", err
		}
		w.and(`(name, id) > (?, ?)`, string(name), id)
	}
	return page(ctx, s.config, scanIntegration, p, func(i *store.Integration) string {
		return encodeCursor(listIntegrations, []byte(i.Name), i.ID[:])
	}, `SELECT `+integrationColumns+` FROM integrations`+w.String()+` ORDER BY name, id`, w.args...)
}

// AllIntegrations implements store.Integrations.
func (s *Store) AllIntegrations(ctx context.Context) ([]store.Integration, error) {
	return all(ctx, s.config, scanIntegration,
		`SELECT `+integrationColumns+` FROM integrations WHERE deleted_at = 0 ORDER BY account, name, id`)
}
