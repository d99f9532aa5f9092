package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// alertCell is what alerts are counted by.
type alertCell struct {
	account                               event.Account
	status                                string
	severity                              event.Severity
	alertType, project, source, assignees string
	country                               string
}

func cellOf(a *store.Alert) alertCell {
	return alertCell{a.Account, a.Status, a.Severity, a.AlertType, a.Project, a.Source, a.Assignee, a.Country}
}

// alertStatements insert what is new, prepared once on the writing connection of cases.db.
type alertStatements struct {
	alerts, bodies *inserter
}

func prepareAlerts(ctx context.Context, db *sql.DB) (*alertStatements, error) {
	p := new(alertStatements)
	for _, in := range []struct {
		to   **inserter
		head string
	}{
		{&p.alerts, `alerts (n, id, account, cell, first_seen, last_seen, risk, resolved_at, incident, terms, techniques, entries, version)`},
		{&p.bodies, `alert_bodies (n, body)`},
	} {
		var err error
		if *in.to, err = prepareInserter(ctx, db, in.head, ""); err != nil {
			return p, fmt.Errorf("preparing to write %s: %w", in.head, err)
		}
	}
	return p, nil
}

func (p *alertStatements) close() error {
	var errs []error
	for _, in := range []*inserter{p.alerts, p.bodies} {
		if in != nil {
			errs = append(errs, in.close())
		}
	}
	return errors.Join(errs...)
}

// alertWriter writes alerts within one transaction. The counts of cells are collected, and written by end.
type alertWriter struct {
	tx     *sql.Tx
	p      *alertStatements
	cells  map[alertCell]int64
	deltas map[int64]int64
	stmts  map[string]*sql.Stmt
}

func (s *Store) newAlertWriter(tx *sql.Tx) *alertWriter {
	return &alertWriter{tx: tx, p: s.alerts, cells: map[alertCell]int64{}, deltas: map[int64]int64{}, stmts: map[string]*sql.Stmt{}}
}

// close lets the statements go.
func (w *alertWriter) close() {
	for _, s := range w.stmts {
		s.Close()
	}
}

// stmt is the query, prepared once in the transaction.
func (w *alertWriter) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := w.stmts[query]; s != nil {
		return s, nil
	}
	s, err := w.tx.PrepareContext(ctx, query)
	if err == nil {
		w.stmts[query] = s
	}
	return s, err
}

func (w *alertWriter) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := w.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// scan reads one row.
func (w *alertWriter) scan(ctx context.Context, query string, args []any, dest ...any) error {
	s, err := w.stmt(ctx, query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(ctx, args...).Scan(dest...)
}

// alertRow is an alert on its way into the tables.
type alertRow struct {
	a       *store.Alert
	entries []store.CaseEntry
	body    []byte
	terms   string
	hash    int64 // of terms
	// techniques is a JSON array of the techniques that the alert names; empty without any.
	techniques string

	known bool
	old   storedAlert
	cell  int64
}

// storedAlert is what of a stored alert writing it anew asks for.
type storedAlert struct {
	n, cell, terms, entries, version int64
}

// encoders is how many rows are made at the same time.
const encoders = 2

// makeRows does what needs no transaction.
func makeRows(alerts []store.Alert, entries []store.CaseEntry) ([]alertRow, error) {
	by := make(map[event.ID][]store.CaseEntry, len(entries))
	for _, e := range entries {
		by[e.Alert] = append(by[e.Alert], e)
	}
	rows := make([]alertRow, len(alerts))
	var errs [encoders]error
	var group sync.WaitGroup
	for g := range encoders {
		group.Go(func() {
			for i := g; i < len(rows) && errs[g] == nil; i += encoders {
				r := &rows[i]
				r.a, r.entries = &alerts[i], by[alerts[i].ID]
				if r.a.Account == "" || r.a.ID.IsZero() {
					errs[g] = store.ErrInvalid
					return
				}
				r.body, errs[g] = encodeAlert(r.a)
				r.terms, r.hash = termsOf(r.a)
				r.techniques = techniquesOf(r.a)
			}
		})
	}
	group.Wait()
	return rows, errors.Join(errs[:]...)
}

// find looks up what is stored of the alerts.
func (w *alertWriter) find(ctx context.Context, rows []alertRow) error {
	type idRow struct {
		id      event.ID
		account event.Account
		storedAlert
	}
	scan := func(r row, v *idRow) error {
		return r.Scan(idCol{&v.id}, textCol[event.Account]{&v.account}, &v.n, &v.cell, &v.terms, &v.entries, &v.version)
	}
	for len(rows) > 0 {
		some := rows[:min(len(rows), idsAtOnce)]
		rows = rows[len(some):]
		at := make(map[event.ID]*alertRow, len(some))
		args := make([]any, len(some))
		for i := range some {
			at[some[i].a.ID], args[i] = &some[i], some[i].a.ID[:]
		}
		found, err := queryAll(ctx, w.tx, scan, `SELECT id, account, n, cell, terms, entries, version FROM alerts WHERE id IN (`+placeholders(len(args))+`)`, args...)
		if err != nil {
			return err
		}
		for i := range found {
			if r := at[found[i].id]; r.a.Account == found[i].account {
				r.known, r.old = true, found[i].storedAlert
			}
		}
	}
	return nil
}

// save inserts and replaces rows; Incident and Version stay as they are stored.
func (w *alertWriter) save(ctx context.Context, rows []alertRow) error {
	for i := range rows {
		var err error
		if rows[i].cell, err = w.cell(ctx, cellOf(rows[i].a)); err != nil {
			return fmt.Errorf("counting an alert: %w", err)
		}
	}
	var fresh []*alertRow
	for i := range rows {
		r := &rows[i]
		if !r.known {
			fresh = append(fresh, r)
			continue
		}
		if err := w.update(ctx, r); err != nil {
			return err
		}
	}
	if err := w.insert(ctx, fresh); err != nil {
		return err
	}
	for i := range rows {
		if err := w.tell(ctx, &rows[i]); err != nil {
			return err
		}
	}
	// The index of terms comes last: other statements between its own would make it write what it has collected.
	return w.index(ctx, rows)
}

func (w *alertWriter) update(ctx context.Context, r *alertRow) error {
	a := r.a
	if _, err := w.exec(ctx, `UPDATE alerts SET cell = ?, first_seen = ?, last_seen = ?, risk = ?, resolved_at = ?, terms = ?, techniques = ?, entries = ?,
		version = version + 1 WHERE n = ?`, r.cell, micros(a.FirstSeen), micros(a.LastSeen), riskOf(a), resolvedAt(a), r.hash, r.techniques,
		min(r.old.entries+int64(len(r.entries)), store.MaxAlertEntries), r.old.n); err != nil {
		return fmt.Errorf("replacing an alert: %w", err)
	}
	if _, err := w.exec(ctx, `UPDATE alert_bodies SET body = ? WHERE n = ?`, r.body, r.old.n); err != nil {
		return fmt.Errorf("replacing an alert: %w", err)
	}
	if r.cell != r.old.cell {
		w.deltas[r.cell]++
		w.deltas[r.old.cell]--
	}
	return nil
}

// insert stores new alerts, which get the next numbers.
func (w *alertWriter) insert(ctx context.Context, rows []*alertRow) error {
	if len(rows) == 0 {
		return nil
	}
	var last int64
	if err := w.scan(ctx, `SELECT coalesce(max(n), 0) FROM alerts`, nil, &last); err != nil {
		return fmt.Errorf("numbering alerts: %w", err)
	}
	for _, r := range rows {
		last++
		r.old.n = last
		w.deltas[r.cell]++
	}
	_, err := w.p.alerts.run(ctx, w.tx, len(rows), func(args []any, i int) []any {
		r := rows[i]
		a := r.a
		return append(args, r.old.n, a.ID[:], string(a.Account), r.cell, micros(a.FirstSeen), micros(a.LastSeen), riskOf(a), resolvedAt(a), int64(0), r.hash, r.techniques,
			min(int64(len(r.entries)), store.MaxAlertEntries), int64(1))
	})
	if err != nil {
		return fmt.Errorf("inserting alerts: %w", err)
	}
	_, err = w.p.bodies.run(ctx, w.tx, len(rows), func(args []any, i int) []any { return append(args, rows[i].old.n, rows[i].body) })
	if err != nil {
		return fmt.Errorf("inserting alerts: %w", err)
	}
	return nil
}

// index makes alerts be found by their terms.
func (w *alertWriter) index(ctx context.Context, rows []alertRow) error {
	for i := range rows {
		r := &rows[i]
		query := `INSERT INTO alert_terms (rowid, terms) VALUES (?, ?)`
		if r.known {
			if r.hash == r.old.terms {
				continue
			}
			query = `INSERT OR REPLACE INTO alert_terms (rowid, terms) VALUES (?, ?)`
		}
		// One row at a time: before a statement with several, the index writes what it has collected.
		if _, err := w.exec(ctx, query, r.old.n, r.terms); err != nil {
			return fmt.Errorf("indexing an alert: %w", err)
		}
	}
	return nil
}

// cell gives the id of a cell, which is made if it is not there.
func (w *alertWriter) cell(ctx context.Context, c alertCell) (id int64, err error) {
	if id, ok := w.cells[c]; ok {
		return id, nil
	}
	args := []any{string(c.account), c.status, int64(c.severity), c.alertType, c.project, c.source, c.assignees, c.country}
	err = w.scan(ctx, `SELECT id FROM alert_cells WHERE account = ? AND status = ? AND severity = ? AND alert_type = ? AND project = ?
		AND source = ? AND assignee = ? AND country = ?`, args, &id)
	if errors.Is(err, sql.ErrNoRows) {
		err = w.scan(ctx, `INSERT INTO alert_cells (account, status, severity, alert_type, project, source, assignee, country, alerts)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0) RETURNING id`, args, &id)
	}
	if err == nil {
		w.cells[c] = id
	}
	return id, err
}

// tell adds entries to an alert's history, and keeps it within its bound.
func (w *alertWriter) tell(ctx context.Context, r *alertRow) error {
	for i := range r.entries {
		e := &r.entries[i]
		change, err := json.Marshal(e.Change)
		if err != nil {
			return fmt.Errorf("encoding an alert's history: %w", err)
		}
		if _, err := w.exec(ctx, `INSERT INTO alert_entries (n, id, at, change, event) VALUES (?, ?, ?, ?, ?)`,
			r.old.n, e.ID[:], micros(e.At), change, e.Event[:]); err != nil {
			return fmt.Errorf("writing an alert's history: %w", err)
		}
	}
	over := r.old.entries + int64(len(r.entries)) - store.MaxAlertEntries
	if over <= 0 {
		return nil
	}
	if _, err := w.exec(ctx, `DELETE FROM alert_entries WHERE n = ? AND id IN (SELECT id FROM alert_entries WHERE n = ? ORDER BY id LIMIT ? OFFSET 1)`,
		r.old.n, r.old.n, over); err != nil {
		return fmt.Errorf("shortening an alert's history: %w", err)
	}
	return nil
}

// remove deletes an alert with everything that belongs to it.
func (w *alertWriter) remove(ctx context.Context, n, cell int64) error {
	for _, query := range []string{
		`DELETE FROM alerts WHERE n = ?`, `DELETE FROM alert_bodies WHERE n = ?`, `DELETE FROM alert_entries WHERE n = ?`,
		`DELETE FROM alert_terms WHERE rowid = ?`,
	} {
		if _, err := w.exec(ctx, query, n); err != nil {
			return fmt.Errorf("deleting an alert: %w", err)
		}
	}
	w.deltas[cell]--
	return nil
}

// end writes the counts. A cell without alerts goes.
func (w *alertWriter) end(ctx context.Context) error {
	for cell, delta := range w.deltas {
		if delta == 0 {
			continue
		}
		if _, err := w.exec(ctx, `UPDATE alert_cells SET alerts = alerts + ? WHERE id = ?`, delta, cell); err != nil {
			return fmt.Errorf("counting alerts: %w", err)
		}
		if delta > 0 {
			continue
		}
		if _, err := w.exec(ctx, `DELETE FROM alert_cells WHERE id = ? AND alerts = 0`, cell); err != nil {
			return fmt.Errorf("counting alerts: %w", err)
		}
	}
	return nil
}
