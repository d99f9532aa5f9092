package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// foldCursor names the alerting cursor's row.
const foldCursor = "alerts"

// LoadFold implements store.Alerts.
func (s *Store) LoadFold(ctx context.Context) (mark journal.Position, state json.RawMessage, err error) {
	type cursor struct {
		mark  journal.Position
		state json.RawMessage
	}
	scan := func(r row, c *cursor) error { return r.Scan(positionCol{&c.mark}, bytesCol[json.RawMessage]{&c.state}) }
	c, err := get(ctx, s.cases, scan, `SELECT mark, state FROM cursors WHERE name = ?`, foldCursor)
	return c.mark, c.state, err
}

// writeAlerts runs fn in a transaction with a writer of alerts.
func (s *Store) writeAlerts(ctx context.Context, fn func(context.Context, *sql.Tx, *alertWriter) error) error {
	var w *alertWriter
	return s.cases.writeThen(ctx, func(ctx context.Context, tx *sql.Tx) error {
		w = s.newAlertWriter(tx)
		defer w.close()
		return fn(ctx, tx, w)
	}, func(err error) { s.cellTable.settle(w, err) })
}

// SaveFold implements store.Alerts.
func (s *Store) SaveFold(ctx context.Context, f store.Fold) error {
	rows, err := makeRows(f.Alerts, f.Entries)
	if err != nil {
		return err
	}
	return s.writeAlerts(ctx, func(ctx context.Context, tx *sql.Tx, w *alertWriter) error {
		if err := w.find(ctx, rows); err != nil {
			return err
		}
		if err := errors.Join(w.save(ctx, rows), w.end(ctx)); err != nil {
			return err
		}
		for i := range f.Incidents {
			if _, err := s.writeIncident(ctx, tx, &f.Incidents[i]); err != nil {
				return fmt.Errorf("writing an incident: %w", err)
			}
		}
		if err := s.saveSaid(ctx, tx, f.Say); err != nil {
			return err
		}
		_, err := w.exec(ctx, `INSERT INTO cursors (name, mark, state) VALUES (?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET mark = excluded.mark, state = excluded.state`, foldCursor, f.Mark.Bytes(), blob(f.State))
		return err
	})
}

// ChangeAlerts implements store.Alerts.
func (s *Store) ChangeAlerts(ctx context.Context, writes []store.AlertWrite) error {
	alerts := make([]store.Alert, len(writes))
	var entries []store.CaseEntry
	for i := range writes {
		alerts[i] = writes[i].Alert
		entries = append(entries, writes[i].Entries...)
	}
	rows, err := makeRows(alerts, entries)
	if err != nil {
		return err
	}
	return s.writeAlerts(ctx, func(ctx context.Context, tx *sql.Tx, w *alertWriter) error {
		if err := w.find(ctx, rows); err != nil {
			return err
		}
		var said []store.Said
		var changed []alertRow
		for i := range rows {
			switch r := &rows[i]; {
			case !r.known:
				return store.ErrNotFound
			case r.old.version != r.a.Version:
				return store.ErrConflict
			}
			if err := w.once(ctx, writes[i].Once); err != nil {
				return err
			}
			if !writes[i].Unchanged {
				changed = append(changed, rows[i])
				said = append(said, writes[i].Say...)
			}
		}
		if err := w.save(ctx, changed); err != nil {
			return err
		}
		if err := s.saveSaid(ctx, tx, said); err != nil {
			return err
		}
		return w.end(ctx)
	})
}

// once notes that something is done; store.ErrDone if it was.
func (w *alertWriter) once(ctx context.Context, key [16]byte) error {
	if key == [16]byte{} {
		return nil
	}
	res, err := w.exec(ctx, `INSERT INTO alert_changes (once) VALUES (?) ON CONFLICT (once) DO NOTHING`, key[:])
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, store.ErrDone)
	}
	seq, err := res.LastInsertId()
	if err != nil {
		return err
	}
	_, err = w.exec(ctx, `DELETE FROM alert_changes WHERE seq <= ?`, seq-store.MaxAlertChanges)
	return err
}

// PruneAlerts implements store.Alerts.
func (s *Store) PruneAlerts(ctx context.Context, before time.Time, limit int) (deleted int, err error) {
	type alertRow struct{ n, cell int64 }
	err = s.writeAlerts(ctx, func(ctx context.Context, tx *sql.Tx, w *alertWriter) error {
		deleted = 0
		accounts, err := queryAll(ctx, tx, func(r row, a *string) error { return r.Scan(a) }, `SELECT DISTINCT account FROM alert_cells WHERE status = ?`, event.AlertResolved)
		if err != nil {
			return err
		}
		for _, account := range accounts {
			rows, err := queryAll(ctx, tx, func(r row, v *alertRow) error { return r.Scan(&v.n, &v.cell) },
				`SELECT n, cell FROM alerts WHERE account = ? AND resolved_at > 0 AND resolved_at < ? AND incident = 0 ORDER BY resolved_at LIMIT ?`,
				account, micros(before), max(limit-deleted, 0))
			if err != nil {
				return err
			}
			for _, v := range rows {
				if err := w.remove(ctx, v.n, v.cell); err != nil {
					return err
				}
			}
			deleted += len(rows)
		}
		return w.end(ctx)
	})
	return deleted, err
}
