package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const mappingColumns = `id, account, name, source, position, enabled, condition, drops, sets, computes, matched, dropped, failed,
	version, created_at, updated_at`

func scanMappingRule(r row, m *store.MappingRule) error {
	return r.Scan(idCol{&m.ID}, textCol[event.Account]{&m.Account}, textCol[string]{&m.Name}, textCol[string]{&m.Source}, &m.Position,
		&m.Enabled, textCol[string]{&m.When}, &m.Drop, bytesCol[json.RawMessage]{&m.Set}, bytesCol[json.RawMessage]{&m.Compute}, &m.Matched, &m.Dropped, &m.Failed,
		&m.Version, timeCol{&m.CreatedAt}, timeCol{&m.UpdatedAt})
}

// CreateMappingRule implements store.MappingRules.
func (s *Store) CreateMappingRule(ctx context.Context, m store.MappingRule) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO mapping_rules (`+mappingColumns+`) VALUES (`+placeholders(16)+`)`,
			m.ID[:], string(m.Account), m.Name, m.Source, m.Position, flag(m.Enabled), m.When, flag(m.Drop), blob(m.Set),
			blob(m.Compute), m.Matched, m.Dropped, m.Failed, 1, micros(m.CreatedAt), micros(m.UpdatedAt))
		return err
	})
}

// UpdateMappingRule implements store.MappingRules.
func (s *Store) UpdateMappingRule(ctx context.Context, m store.MappingRule) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE mapping_rules SET name = ?, source = ?, position = ?, enabled = ?, condition = ?,
			drops = ?, sets = ?, computes = ?, version = version + 1, updated_at = ? WHERE id = ? AND account = ? AND version = ?`,
			m.Name, m.Source, m.Position, flag(m.Enabled), m.When, flag(m.Drop), blob(m.Set), blob(m.Compute),
			micros(m.UpdatedAt), m.ID[:], string(m.Account), m.Version)
		if err != nil {
			return err
		}
		return missed(ctx, tx, res, countMappingRule, m.ID[:], string(m.Account))
	})
}

const countMappingRule = `SELECT count(*) FROM mapping_rules WHERE id = ? AND account = ?`

// DeleteMappingRule implements store.MappingRules.
func (s *Store) DeleteMappingRule(ctx context.Context, account event.Account, id event.ID, version int64) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM mapping_rules WHERE id = ? AND account = ? AND version = ?`,
			id[:], string(account), version)
		if err != nil {
			return err
		}
		return missed(ctx, tx, res, countMappingRule, id[:], string(account))
	})
}

// GetMappingRule implements store.MappingRules.
func (s *Store) GetMappingRule(ctx context.Context, account event.Account, id event.ID) (store.MappingRule, error) {
	return get(ctx, s.config, scanMappingRule,
		`SELECT `+mappingColumns+` FROM mapping_rules WHERE id = ? AND account = ?`, id[:], string(account))
}

// ListMappingRules implements store.MappingRules.
func (s *Store) ListMappingRules(ctx context.Context, account event.Account) ([]store.MappingRule, error) {
	return all(ctx, s.config, scanMappingRule,
		`SELECT `+mappingColumns+` FROM mapping_rules WHERE account = ? ORDER BY position, id`, string(account))
}

// AllMappingRules implements store.MappingRules.
func (s *Store) AllMappingRules(ctx context.Context) ([]store.MappingRule, error) {
	return all(ctx, s.config, scanMappingRule, `SELECT `+mappingColumns+` FROM mapping_rules`)
}

// SaveMappingCounts implements store.MappingRules.
func (s *Store) SaveMappingCounts(ctx context.Context, counts []store.MappingCounts) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, c := range counts {
			if _, err := tx.ExecContext(ctx, `UPDATE mapping_rules SET matched = ?, dropped = ?, failed = ? WHERE id = ?`,
				c.Matched, c.Dropped, c.Failed, c.ID[:]); err != nil {
				return err
			}
		}
		return nil
	})
}
