package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const incidentRuleColumns = `id, account, name, position, enabled, spec, version, created_at, updated_at`

func scanIncidentRule(r row, v *store.IncidentRule) error {
	return r.Scan(idCol{&v.ID}, textCol[event.Account]{&v.Account}, textCol[string]{&v.Name}, &v.Position, &v.Enabled,
		bytesCol[json.RawMessage]{&v.Spec}, &v.Version, timeCol{&v.CreatedAt}, timeCol{&v.UpdatedAt})
}

// CreateIncidentRule implements store.IncidentRules.
func (s *Store) CreateIncidentRule(ctx context.Context, r store.IncidentRule) error {
	return s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO incident_rules (`+incidentRuleColumns+`) VALUES (`+placeholders(9)+`)`,
			r.ID[:], string(r.Account), r.Name, r.Position, flag(r.Enabled), blob(r.Spec), 1, micros(r.CreatedAt), micros(r.UpdatedAt))
		return err
	})
}

const countIncidentRule = `SELECT count(*) FROM incident_rules WHERE id = ? AND account = ?`

// UpdateIncidentRule implements store.IncidentRules.
func (s *Store) UpdateIncidentRule(ctx context.Context, r store.IncidentRule) error {
	return s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE incident_rules SET name = ?, position = ?, enabled = ?, spec = ?, version = version + 1, updated_at = ?
			WHERE id = ? AND account = ? AND version = ?`,
			r.Name, r.Position, flag(r.Enabled), blob(r.Spec), micros(r.UpdatedAt), r.ID[:], string(r.Account), r.Version)
		if err != nil {
			return err
		}
		return missed(ctx, tx, res, countIncidentRule, r.ID[:], string(r.Account))
	})
}

// DeleteIncidentRule implements store.IncidentRules.
func (s *Store) DeleteIncidentRule(ctx context.Context, account event.Account, id event.ID, version int64) error {
	return s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM incident_rules WHERE id = ? AND account = ? AND version = ?`, id[:], string(account), version)
		if err != nil {
			return err
		}
		return missed(ctx, tx, res, countIncidentRule, id[:], string(account))
	})
}

// GetIncidentRule implements store.IncidentRules.
func (s *Store) GetIncidentRule(ctx context.Context, account event.Account, id event.ID) (store.IncidentRule, error) {
	return get(ctx, s.cases, scanIncidentRule, `SELECT `+incidentRuleColumns+` FROM incident_rules WHERE id = ? AND account = ?`, id[:], string(account))
}

// ListIncidentRules implements store.IncidentRules.
func (s *Store) ListIncidentRules(ctx context.Context, account event.Account) ([]store.IncidentRule, error) {
	return all(ctx, s.cases, scanIncidentRule, `SELECT `+incidentRuleColumns+` FROM incident_rules WHERE account = ? ORDER BY position, id`, string(account))
}

// AllIncidentRules implements store.IncidentRules.
func (s *Store) AllIncidentRules(ctx context.Context) ([]store.IncidentRule, error) {
	return all(ctx, s.cases, scanIncidentRule, `SELECT `+incidentRuleColumns+` FROM incident_rules`)
}
