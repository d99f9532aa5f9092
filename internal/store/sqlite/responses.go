package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const policyColumns = `account, document, version, updated_at`

func scanPolicy(r row, p *store.ResponsePolicy) error {
	return r.Scan(textCol[event.Account]{&p.Account}, bytesCol[json.RawMessage]{&p.Document}, &p.Version, timeCol{&p.UpdatedAt})
}

// GetResponsePolicy implements store.Responses.
func (s *Store) GetResponsePolicy(ctx context.Context, account event.Account) (store.ResponsePolicy, error) {
	return get(ctx, s.config, scanPolicy, `SELECT `+policyColumns+` FROM response_policies WHERE account = ?`, string(account))
}

// SaveResponsePolicy implements store.Responses.
func (s *Store) SaveResponsePolicy(ctx context.Context, p store.ResponsePolicy) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if p.Version == 0 {
			_, err := tx.ExecContext(ctx, `INSERT INTO response_policies (`+policyColumns+`) VALUES (?, ?, 1, ?)`,
				string(p.Account), blob(p.Document), micros(p.UpdatedAt))
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE response_policies SET document = ?, version = version + 1, updated_at = ? WHERE account = ? AND version = ?`,
			blob(p.Document), micros(p.UpdatedAt), string(p.Account), p.Version)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return store.ErrConflict
	})
}

// AllResponsePolicies implements store.Responses.
func (s *Store) AllResponsePolicies(ctx context.Context) ([]store.ResponsePolicy, error) {
	return all(ctx, s.config, scanPolicy, `SELECT `+policyColumns+` FROM response_policies ORDER BY account`)
}

const protectedColumns = `id, account, prefix, reason, author, expires_at, version, created_at, updated_at`

func scanProtected(r row, p *store.Protected) error {
	return r.Scan(idCol{&p.ID}, textCol[event.Account]{&p.Account}, prefixCol{&p.Prefix}, textCol[string]{&p.Reason}, textCol[string]{&p.Author},
		timeCol{&p.ExpiresAt}, &p.Version, timeCol{&p.CreatedAt}, timeCol{&p.UpdatedAt})
}

// CreateProtected implements store.Responses.
func (s *Store) CreateProtected(ctx context.Context, p store.Protected) error {
	prefix, err := prefixText(p.Prefix)
	if err != nil {
		return err
	}
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO protected_ranges (`+protectedColumns+`) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)`,
			p.ID[:], string(p.Account), prefix, p.Reason, p.Author, micros(p.ExpiresAt), micros(p.CreatedAt), micros(p.UpdatedAt))
		return err
	})
}

const countProtected = `SELECT count(*) FROM protected_ranges WHERE id = ? AND account = ?`

// UpdateProtected implements store.Responses.
func (s *Store) UpdateProtected(ctx context.Context, p store.Protected) error {
	prefix, err := prefixText(p.Prefix)
	if err != nil {
		return err
	}
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE protected_ranges SET prefix = ?, reason = ?, author = ?, expires_at = ?, version = version + 1, updated_at = ?
			WHERE id = ? AND account = ? AND version = ?`,
			prefix, p.Reason, p.Author, micros(p.ExpiresAt), micros(p.UpdatedAt), p.ID[:], string(p.Account), p.Version)
		if err != nil {
			return err
		}
		return missed(ctx, tx, res, countProtected, p.ID[:], string(p.Account))
	})
}

// DeleteProtected implements store.Responses.
func (s *Store) DeleteProtected(ctx context.Context, account event.Account, id event.ID) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM protected_ranges WHERE id = ? AND account = ?`, id[:], string(account))
		if err != nil {
			return err
		}
		return missed(ctx, tx, res, countProtected, id[:], string(account))
	})
}

// GetProtected implements store.Responses.
func (s *Store) GetProtected(ctx context.Context, account event.Account, id event.ID) (store.Protected, error) {
	return get(ctx, s.config, scanProtected, `SELECT `+protectedColumns+` FROM protected_ranges WHERE id = ? AND account = ?`, id[:], string(account))
}

// AllProtected implements store.Responses.
func (s *Store) AllProtected(ctx context.Context) ([]store.Protected, error) {
	return all(ctx, s.config, scanProtected, `SELECT `+protectedColumns+` FROM protected_ranges ORDER BY id`)
}

const responseRuleColumns = `id, account, name, enabled, mode, subscription, document, shadow_since, author, version, created_at, updated_at`

func scanResponseRule(r row, v *store.ResponseRule) error {
	return r.Scan(idCol{&v.ID}, textCol[event.Account]{&v.Account}, textCol[string]{&v.Name}, &v.Enabled, textCol[string]{&v.Mode},
		bytesCol[json.RawMessage]{&v.Subscription}, bytesCol[json.RawMessage]{&v.Document}, timeCol{&v.ShadowSince}, textCol[string]{&v.Author},
		&v.Version, timeCol{&v.CreatedAt}, timeCol{&v.UpdatedAt})
}

// CreateResponseRule implements store.Responses.
func (s *Store) CreateResponseRule(ctx context.Context, r store.ResponseRule) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO response_rules (`+responseRuleColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)`,
			r.ID[:], string(r.Account), r.Name, flag(r.Enabled), r.Mode, blob(r.Subscription), blob(r.Document), micros(r.ShadowSince), r.Author,
			micros(r.CreatedAt), micros(r.UpdatedAt))
		return err
	})
}

const countResponseRule = `SELECT count(*) FROM response_rules WHERE id = ? AND account = ?`

// UpdateResponseRule implements store.Responses.
func (s *Store) UpdateResponseRule(ctx context.Context, r store.ResponseRule) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE response_rules SET name = ?, enabled = ?, mode = ?, subscription = ?, document = ?, shadow_since = ?,
			author = ?, version = version + 1, updated_at = ? WHERE id = ? AND account = ? AND version = ?`,
			r.Name, flag(r.Enabled), r.Mode, blob(r.Subscription), blob(r.Document), micros(r.ShadowSince), r.Author, micros(r.UpdatedAt),
			r.ID[:], string(r.Account), r.Version)
		if err != nil {
			return err
		}
		return missed(ctx, tx, res, countResponseRule, r.ID[:], string(r.Account))
	})
}

// DeleteResponseRule implements store.Responses. Its hits go with it.
func (s *Store) DeleteResponseRule(ctx context.Context, account event.Account, id event.ID) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM response_rules WHERE id = ? AND account = ?`, id[:], string(account))
		if err != nil {
			return err
		}
		if err := missed(ctx, tx, res, countResponseRule, id[:], string(account)); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM response_hits WHERE rule = ?`, id[:])
		return err
	})
}

// GetResponseRule implements store.Responses.
func (s *Store) GetResponseRule(ctx context.Context, account event.Account, id event.ID) (store.ResponseRule, error) {
	return get(ctx, s.config, scanResponseRule, `SELECT `+responseRuleColumns+` FROM response_rules WHERE id = ? AND account = ?`, id[:], string(account))
}

// AllResponseRules implements store.Responses.
func (s *Store) AllResponseRules(ctx context.Context) ([]store.ResponseRule, error) {
	return all(ctx, s.config, scanResponseRule, `SELECT `+responseRuleColumns+` FROM response_rules ORDER BY account, name`)
}

const hitColumns = `id, account, rule, event, type, target, at, mode, decision, detail, block`

func scanRuleHit(r row, h *store.RuleHit) error {
	return r.Scan(idCol{&h.ID}, textCol[event.Account]{&h.Account}, idCol{&h.Rule}, idCol{&h.Event}, textCol[string]{&h.Type}, textCol[string]{&h.Target},
		timeCol{&h.At}, textCol[string]{&h.Mode}, textCol[string]{&h.Decision}, textCol[string]{&h.Detail}, idCol{&h.Block})
}

// SaveRuleHits implements store.Responses. A hit of a rule that is gone goes nowhere.
func (s *Store) SaveRuleHits(ctx context.Context, hits []store.RuleHit, mark string) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		p := prepareIn(tx)
		defer p.close()
		rules := make([]event.ID, len(hits))
		for i := range hits {
			h := &hits[i]
			rules[i] = h.Rule
			if h.ID.IsZero() || h.Account == "" {
				return store.ErrInvalid
			}
			if _, err := p.exec(ctx, `INSERT INTO response_hits (`+hitColumns+`)
				SELECT ?, ?, id, ?, ?, ?, ?, ?, ?, ?, ? FROM response_rules WHERE id = ? ON CONFLICT DO NOTHING`,
				h.ID[:], string(h.Account), h.Event[:], h.Type, h.Target, micros(h.At), h.Mode, h.Decision, h.Detail, h.Block[:], h.Rule[:]); err != nil {
				return err
			}
		}
		for _, rule := range sortedIDs(rules) {
			if _, err := p.exec(ctx, forgetHits, rule[:], store.MaxRuleHits); err != nil {
				return err
			}
		}
		if mark == "" {
			return nil
		}
		_, err := p.exec(ctx, `UPDATE response_mark SET mark = ? WHERE id = 1`, mark)
		return err
	})
}

const forgetHits = `DELETE FROM response_hits WHERE rule = ?1 AND id <= (SELECT id FROM response_hits WHERE rule = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?)`

// RuleMark implements store.Responses.
func (s *Store) RuleMark(ctx context.Context) (string, error) {
	return get(ctx, s.config, func(r row, v *string) error { return r.Scan(textCol[string]{v}) }, `SELECT mark FROM response_mark WHERE id = 1`)
}

const listRuleHits listKind = 'R'

// ListRuleHits implements store.Responses.
func (s *Store) ListRuleHits(ctx context.Context, account event.Account, rule event.ID, p store.Page) ([]store.RuleHit, string, error) {
	after := noneBefore()
	if p.After != "" {
		if err := decodeCursor(listRuleHits, p.After, &after); err != nil {
			return nil, "", err
		}
	}
	return page(ctx, s.config, scanRuleHit, p, func(h *store.RuleHit) string { return encodeCursor(listRuleHits, h.ID[:]) },
		ruleHitsQuery, rule[:], string(account), after)
}

const ruleHitsQuery = `SELECT ` + hitColumns + ` FROM response_hits WHERE rule = ? AND account = ? AND id < ? ORDER BY id DESC`
