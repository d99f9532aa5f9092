package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// What incidents ask of the table of alerts. Nothing else of theirs touches it.

// alertsAtOnce is how many alerts one statement names.
const alertsAtOnce = 200

type alertIncident struct {
	id       event.ID
	incident int64
}

func scanAlertIncident(r row, v *alertIncident) error { return r.Scan(idCol{&v.id}, &v.incident) }

// alertIncidents says under which incidents alerts are.
func alertIncidents(ctx context.Context, q querier, account event.Account, alerts []event.ID) (map[event.ID]int64, error) {
	found := make(map[event.ID]int64, len(alerts))
	for part := range slices.Chunk(alerts, alertsAtOnce) {
		args := append([]any{string(account)}, argsOf(part, func(id event.ID) any { return id[:] })...)
		list, err := queryAll(ctx, q, scanAlertIncident, `SELECT id, incident FROM alerts WHERE account = ? AND id IN (`+placeholders(len(part))+`)`, args...)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			found[v.id] = v.incident
		}
	}
	return found, nil
}

// AlertIncidents implements store.Incidents.
func (s *Store) AlertIncidents(ctx context.Context, account event.Account, alerts []event.ID) (map[event.ID]int64, error) {
	found, err := alertIncidents(ctx, s.cases.readers, account, alerts)
	if err != nil {
		return nil, s.cases.failed("reading", err)
	}
	return found, nil
}

// putAlerts puts alerts under an incident; 0 takes them out of theirs.
func putAlerts(ctx context.Context, tx *sql.Tx, account event.Account, alerts []event.ID, number int64) error {
	for _, id := range alerts {
		if _, err := tx.ExecContext(ctx, `UPDATE alerts SET incident = ?, version = version + 1 WHERE id = ? AND account = ?`,
			number, id[:], string(account)); err != nil {
			return err
		}
	}
	return nil
}

// newestAlerts counts the alerts under an incident and gives the ones last seen.
func newestAlerts(ctx context.Context, tx *sql.Tx, account event.Account, number int64) (count int, newest []event.ID, err error) {
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM alerts WHERE account = ? AND incident = ? AND incident > 0`,
		string(account), number).Scan(&count); err != nil {
		return 0, nil, err
	}
	newest, err = queryAll(ctx, tx, func(r row, id *event.ID) error { return r.Scan(idCol{id}) },
		`SELECT id FROM alerts WHERE account = ? AND incident = ? AND incident > 0 ORDER BY last_seen DESC, id DESC LIMIT ?`,
		string(account), number, store.NewestAlerts)
	return count, newest, err
}

// ListIncidentAlerts implements store.Incidents.
func (s *Store) ListIncidentAlerts(ctx context.Context, account event.Account, number int64, p store.Page) ([]store.Alert, string, error) {
	w := new(where)
	w.and(`a.account = ? AND a.incident = ? AND a.incident > 0`, string(account), number)
	if p.After != "" {
		var seen int64
		id := make([]byte, 16)
		if err := decodeCursor(listCaseAlerts, p.After, &seen, &id); err != nil {
			return nil, "", err
		}
		w.and(`(a.last_seen, a.id) < (?, ?)`, seen, id)
	}
	cursor := func(a *store.Alert) string { return encodeCursor(listCaseAlerts, micros(a.LastSeen), a.ID[:]) }
	return page(ctx, s.cases, scanAlert, p, cursor,
		`SELECT `+alertColumns+alertFrom+w.String()+` ORDER BY a.last_seen DESC, a.id DESC`, w.args...)
}

// AlertRows implements store.Incidents.
func (s *Store) AlertRows(ctx context.Context, account event.Account, alerts []event.ID) ([]store.Alert, error) {
	var list []store.Alert
	for part := range slices.Chunk(alerts, alertsAtOnce) {
		args := append([]any{string(account)}, argsOf(part, func(id event.ID) any { return id[:] })...)
		rows, err := all(ctx, s.cases, scanAlert, `SELECT `+alertColumns+alertFrom+` WHERE a.account = ? AND a.id IN (`+placeholders(len(part))+`)`, args...)
		if err != nil {
			return nil, err
		}
		list = append(list, rows...)
	}
	slices.SortFunc(list, func(a, b store.Alert) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return list, nil
}

// RecentAlerts implements store.Incidents.
func (s *Store) RecentAlerts(ctx context.Context, account event.Account, since time.Time, limit int) ([]store.Alert, error) {
	return all(ctx, s.cases, scanAlert, `SELECT `+alertColumns+alertFrom+` WHERE a.account = ? AND a.last_seen >= ?
		ORDER BY a.last_seen DESC, a.id DESC LIMIT ?`, string(account), micros(since), max(limit, 0))
}
