package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const auditColumns = `seq, at, account, action, target, actor, act, body, hash`

func scanAudit(r row, e *store.AuditEntry) error {
	return r.Scan(&e.Seq, timeCol{&e.At}, textCol[event.Account]{&e.Account}, textCol[string]{&e.Action},
		textCol[string]{&e.Target}, textCol[string]{&e.Actor}, &e.Act, bytesCol[[]byte]{&e.Body}, hashCol{&e.Hash})
}

func scanAnchor(r row, a *store.AuditAnchor) error {
	return r.Scan(&a.Seq, hashCol{&a.Hash}, fixedCol{a.Installation[:]})
}

// fixedCol scans a blob of a fixed length.
type fixedCol struct{ to []byte }

func (c fixedCol) Scan(src any) error { return scanFixed(c.to, src) }

const (
	selectAnchor = `SELECT seq, hash, installation FROM audit_anchor WHERE id = 1`
	selectAudit  = `SELECT ` + auditColumns + ` FROM audit WHERE seq >= ? ORDER BY seq LIMIT ?`
	selectHead   = `SELECT ` + auditColumns + ` FROM audit ORDER BY seq DESC LIMIT 1`
)

// AppendAudit implements store.Audit.
func (s *Store) AppendAudit(ctx context.Context, entries []store.AuditEntry, say []store.Said) error {
	if len(entries) == 0 {
		return nil
	}
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var last uint64
		err := tx.QueryRowContext(ctx, `SELECT coalesce((SELECT max(seq) FROM audit),
			(SELECT seq FROM audit_anchor WHERE id = 1))`).Scan(&last)
		if err != nil {
			return err
		}
		if err := insertAudit(ctx, tx, last, entries); err != nil {
			return err
		}
		return s.saveSaid(ctx, tx, say)
	})
}

func insertAudit(ctx context.Context, tx *sql.Tx, last uint64, entries []store.AuditEntry) error {
	stmt, err := tx.PrepareContext(ctx, `INSERT INTO audit (`+auditColumns+`) VALUES (`+placeholders(9)+`)`)
	if err != nil {
		return err
	}
	defer stmt.Close()
	for i := range entries {
		e := &entries[i]
		if e.Seq != last+1 {
			return store.ErrConflict
		}
		last = e.Seq
		if _, err := stmt.ExecContext(ctx, int64(e.Seq), micros(e.At), string(e.Account), e.Action, e.Target, e.Actor,
			int64(e.Act), blob(e.Body), e.Hash[:]); err != nil {
			return err
		}
	}
	return nil
}

// AuditHead implements store.Audit.
func (s *Store) AuditHead(ctx context.Context) (store.AuditEntry, error) {
	head, err := get(ctx, s.config, scanAudit, selectHead)
	if !errors.Is(err, store.ErrNotFound) {
		return head, err
	}
	a, err := s.AuditAnchor(ctx)
	return store.AuditEntry{Seq: a.Seq, Hash: a.Hash}, err
}

// AuditAnchor implements store.Audit.
func (s *Store) AuditAnchor(ctx context.Context) (store.AuditAnchor, error) {
	return get(ctx, s.config, scanAnchor, selectAnchor)
}

// auditWhere is the filter's condition.
func auditWhere(f store.AuditFilter) *where {
	w := new(where)
	w.and(`account = ?`, string(f.Account))
	if prefix, ok := strings.CutSuffix(f.Action, "*"); ok && strings.HasSuffix(prefix, ".") {
		w.and(`substr(action, 1, ?) = ?`, len(prefix), prefix)
	} else if f.Action != "" {
		w.and(`action = ?`, f.Action)
	}
	if f.Target != "" {
		w.and(`target = ?`, f.Target)
	}
	if f.Actor != "" {
		auditActor(w, f.Actor)
	}
	if !f.After.IsZero() {
		w.and(`at >= ?`, micros(f.After))
	}
	if !f.Before.IsZero() {
		w.and(`at < ?`, micros(f.Before))
	}
	if f.Begins {
		w.and(`act = 0`)
	}
	return w
}

// auditActor is the condition on who acted. What is no id may be a name, which stands in the body only.
func auditActor(w *where, actor string) {
	for _, prefix := range []string{event.PrefixUser, event.PrefixKey, event.PrefixIntegration} {
		if _, err := event.ParseID(prefix, actor); err == nil {
			w.and(`actor = ?`, actor)
			return
		}
	}
	w.and(`(actor = ? OR seq > (SELECT max(seq) FROM audit) - ? AND lower(`+auditActorName+`) = lower(?))`, actor, store.MaxAuditNamed, actor)
}

// auditActorName is the actor's name; NULL in a body that cannot be read.
const auditActorName = `CASE WHEN json_valid(CAST(body AS TEXT)) THEN json_extract(CAST(body AS TEXT), '$.actor.name') END`

// ListAudit implements store.Audit.
func (s *Store) ListAudit(ctx context.Context, f store.AuditFilter, p store.Page) ([]store.AuditEntry, string, error) {
	w := auditWhere(f)
	if p.After != "" {
		var seq int64
		if err := decodeCursor(listAudit, p.After, &seq); err != nil {
			return nil, "", err
		}
		w.and(`seq < ?`, seq)
	}
	return page(ctx, s.config, scanAudit, p, func(e *store.AuditEntry) string { return encodeCursor(listAudit, int64(e.Seq)) },
		auditQuery(w), w.args...)
}

func auditQuery(w *where) string {
	return `SELECT ` + auditColumns + ` FROM audit` + w.String() + ` ORDER BY seq DESC`
}

// AuditEnds implements store.Audit.
func (s *Store) AuditEnds(ctx context.Context, acts []uint64) ([]store.AuditEntry, error) {
	if len(acts) == 0 {
		return nil, nil
	}
	if len(acts) > store.MaxPage {
		return nil, fmt.Errorf("the ends of %d acts at once: %w", len(acts), store.ErrInvalid)
	}
	args := make([]any, len(acts))
	for i, n := range acts {
		args[i] = int64(n)
	}
	return all(ctx, s.config, scanAudit, auditEndsQuery(len(acts)), args...)
}

func auditEndsQuery(n int) string {
	return `SELECT ` + auditColumns + ` FROM audit WHERE act > 0 AND act IN (` + placeholders(n) + `) ORDER BY seq`
}

// AuditSpan implements store.Audit.
func (s *Store) AuditSpan(ctx context.Context, after, before time.Time) (first, last uint64, err error) {
	w := new(where)
	if !after.IsZero() {
		w.and(`at >= ?`, micros(after))
	}
	if !before.IsZero() {
		w.and(`at < ?`, micros(before))
	}
	type span struct{ first, last sql.NullInt64 }
	v, err := get(ctx, s.config, func(r row, v *span) error { return r.Scan(&v.first, &v.last) },
		`SELECT min(seq), max(seq) FROM audit`+w.String(), w.args...)
	if err == nil && !v.first.Valid {
		err = store.ErrNotFound
	}
	return uint64(v.first.Int64), uint64(v.last.Int64), err
}

// ReadAudit implements store.Audit.
func (s *Store) ReadAudit(ctx context.Context, from uint64, limit int) ([]store.AuditEntry, error) {
	return all(ctx, s.config, scanAudit, selectAudit, int64(from), min(max(limit, 1), store.MaxAuditRead))
}

// PruneAudit implements store.Audit.
func (s *Store) PruneAudit(ctx context.Context, through uint64, limit int) (deleted int, err error) {
	last, err := s.prunable(ctx, through, limit)
	if err != nil || last == 0 {
		return 0, err
	}
	err = s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// The anchor moves first: the table keeps what lies above it.
		if _, err := tx.ExecContext(ctx, `UPDATE audit_anchor SET seq = a.seq, hash = a.hash
			FROM (SELECT seq, hash FROM audit WHERE seq = ?) AS a WHERE id = 1`, int64(last)); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM audit WHERE seq <= (SELECT seq FROM audit_anchor WHERE id = 1)`)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		deleted = int(n)
		return err
	})
	if err != nil {
		return 0, err
	}
	return deleted, nil
}

// prunable is the number of the last entry that one call may delete, 0 for none.
func (s *Store) prunable(ctx context.Context, through uint64, limit int) (uint64, error) {
	if limit <= 0 {
		return 0, nil
	}
	return get(ctx, s.config, func(r row, v *uint64) error { return r.Scan(v) },
		`SELECT coalesce(max(seq), 0) FROM (SELECT seq FROM audit
			WHERE seq <= ? AND seq < (SELECT max(seq) FROM audit) ORDER BY seq LIMIT ?)`, int64(through), limit)
}
