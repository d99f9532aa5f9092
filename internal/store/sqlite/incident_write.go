package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// SaveIncident implements store.Incidents.
func (s *Store) SaveIncident(ctx context.Context, w store.IncidentWrite) (i store.Incident, err error) {
	err = s.cases.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		i, err = s.writeIncident(ctx, tx, &w)
		return err
	})
	return i, err
}

// writeIncident does one write inside a transaction of cases.db. It is the one place where incidents are written.
func (s *Store) writeIncident(ctx context.Context, tx *sql.Tx, w *store.IncidentWrite) (store.Incident, error) {
	account := w.Incident.Account
	if account == "" {
		return store.Incident{}, store.ErrInvalid
	}
	if known, number, err := doneBefore(ctx, tx, account, w.Once); err != nil || known {
		if err == nil && number > 0 {
			return incidentIn(ctx, tx, account, number)
		}
		return store.Incident{}, err
	}
	c, err := planIncident(ctx, tx, w)
	if err != nil {
		return c.Was, err
	}
	if c.idle {
		return c.Was, remember(ctx, tx, account, w.Once, c.Was.Number, s.cases.now().UnixMicro())
	}
	if err := c.assign(ctx, tx); err != nil {
		return c.Was, fmt.Errorf("giving an incident its number: %w", err)
	}
	if err := errors.Join(putAlerts(ctx, tx, account, c.Linked, c.Is.Number), putAlerts(ctx, tx, account, c.Unlinked, 0)); err != nil {
		return c.Was, fmt.Errorf("linking alerts: %w", err)
	}
	done := []store.IncidentDone{c.IncidentDone}
	if err := s.storeIncident(ctx, tx, &done[0]); err != nil {
		return c.Was, err
	}
	for _, number := range slices.Sorted(maps.Keys(c.left)) {
		other := store.IncidentDone{Unlinked: c.left[number]}
		if other.Was, err = incidentIn(ctx, tx, account, number); err != nil {
			return c.Was, err
		}
		other.Is = other.Was
		other.Is.UpdatedAt = c.Is.UpdatedAt
		if err := s.storeIncident(ctx, tx, &other); err != nil {
			return c.Was, err
		}
		done = append(done, other)
	}
	if err := s.tellIncident(ctx, tx, w, done); err != nil {
		return c.Was, err
	}
	return done[0].Is, remember(ctx, tx, account, w.Once, done[0].Is.Number, s.cases.now().UnixMicro())
}

// incidentPlan is a write before it is done.
type incidentPlan struct {
	store.IncidentDone

	idle bool                 // there is nothing to write
	left map[int64][]event.ID // the alerts that other incidents lose
}

// planIncident finds out what a write comes to. It changes nothing.
func planIncident(ctx context.Context, tx *sql.Tx, w *store.IncidentWrite) (*incidentPlan, error) {
	c := &incidentPlan{left: map[int64][]event.ID{}}
	account, number := w.Incident.Account, w.Incident.Number
	c.Is = w.Incident
	if number > 0 {
		var err error
		if c.Was, err = incidentIn(ctx, tx, account, number); err != nil {
			return c, err
		}
		switch {
		case w.Amend != nil:
			if c.Is, err = w.Amend(c.Was); errors.Is(err, store.ErrUnchanged) {
				c.idle = true
				return c, nil
			} else if err != nil {
				return c, err
			}
			c.Is.Account, c.Is.Number = account, number
		case c.Was.Version != w.Incident.Version:
			return c, store.ErrConflict
		}
	}
	if err := c.move(ctx, tx, w); err != nil {
		return c, err
	}
	c.idle = w.IfMoved && len(c.Linked)+len(c.Unlinked) == 0
	return c, nil
}

// move finds out which alerts come and go.
func (c *incidentPlan) move(ctx context.Context, tx *sql.Tx, w *store.IncidentWrite) error {
	if len(w.Link)+len(w.Unlink) == 0 {
		return nil
	}
	at, err := alertIncidents(ctx, tx, w.Incident.Account, slices.Concat(w.Link, w.Unlink))
	if err != nil {
		return err
	}
	number := w.Incident.Number
	for _, id := range w.Link {
		from, known := at[id]
		switch {
		case !known && w.Stay: // a rule's: what is gone by now need not come
			continue
		case !known:
			return fmt.Errorf("alert %s: %w", id.Text(event.PrefixAlert), store.ErrNotFound)
		case from > 0 && from == number, from > 0 && w.Stay, slices.Contains(c.Linked, id):
			continue
		case from > 0:
			c.left[from] = append(c.left[from], id)
		}
		c.Linked = append(c.Linked, id)
	}
	for _, id := range w.Unlink {
		if from := at[id]; from > 0 && from == number && !slices.Contains(c.Unlinked, id) {
			c.Unlinked = append(c.Unlinked, id)
		}
	}
	return nil
}

// assign gives a new incident its number. A write that fails takes it back, before anybody has seen it.
func (c *incidentPlan) assign(ctx context.Context, tx *sql.Tx) error {
	if c.Is.Number > 0 {
		return nil
	}
	return tx.QueryRowContext(ctx, `INSERT INTO incident_numbers (account, last) VALUES (?, 1)
		ON CONFLICT (account) DO UPDATE SET last = last + 1 RETURNING last`, string(c.Is.Account)).Scan(&c.Is.Number)
}

func incidentIn(ctx context.Context, tx *sql.Tx, account event.Account, number int64) (i store.Incident, err error) {
	err = scanIncident(tx.QueryRowContext(ctx, incidentByNumber, string(account), number), &i)
	if errors.Is(err, sql.ErrNoRows) {
		err = store.ErrNotFound
	}
	return i, err
}

// storeIncident writes the row as it is to be, with its alerts counted.
func (s *Store) storeIncident(ctx context.Context, tx *sql.Tx, d *store.IncidentDone) (err error) {
	if d.Is.Alerts, d.Newest, err = newestAlerts(ctx, tx, d.Is.Account, d.Is.Number); err != nil {
		return fmt.Errorf("counting the alerts of an incident: %w", err)
	}
	d.Is.Version = d.Was.Version + 1
	_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO incidents (`+incidentColumns+`) VALUES (`+placeholders(incidentColumnCount)+`)`,
		incidentArgs(&d.Is)...)
	return err
}

// tellIncident writes the lines of the timelines, and what is to be said.
func (s *Store) tellIncident(ctx context.Context, tx *sql.Tx, w *store.IncidentWrite, done []store.IncidentDone) error {
	if w.Tell == nil {
		return nil
	}
	var said []store.Said
	for _, d := range done {
		entries, facts := w.Tell(d)
		for _, e := range entries {
			e.Account, e.Incident = d.Is.Account, d.Is.Number
			if err := addIncidentEntry(ctx, tx, &e); err != nil {
				return fmt.Errorf("writing the timeline of an incident: %w", err)
			}
		}
		said = append(said, facts...)
	}
	return s.saveSaid(ctx, tx, said)
}

func addIncidentEntry(ctx context.Context, tx *sql.Tx, e *store.CaseEntry) error {
	change, err := json.Marshal(e.Change)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO incident_entries (`+entryColumns+`) VALUES (`+placeholders(7)+`)`,
		e.ID[:], string(e.Account), e.Incident, e.Alert[:], micros(e.At), string(change), e.Event[:])
	return err
}

// doneBefore says whether a write of that name was done, and to which incident.
func doneBefore(ctx context.Context, tx *sql.Tx, account event.Account, once string) (known bool, number int64, err error) {
	if once == "" {
		return false, 0, nil
	}
	name := sha256.Sum256([]byte(once))
	err = tx.QueryRowContext(ctx, `SELECT number FROM incident_once WHERE account = ? AND name = ?`, string(account), name[:]).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return false, 0, nil
	}
	return err == nil, number, err
}

// forgetOnce is how many names are forgotten with each write that has one.
const forgetOnce = 10

// remember keeps the name of a write, and forgets some old ones.
func remember(ctx context.Context, tx *sql.Tx, account event.Account, once string, number, now int64) error {
	if once == "" {
		return nil
	}
	name := sha256.Sum256([]byte(once))
	if _, err := tx.ExecContext(ctx, `INSERT INTO incident_once (account, name, number, at) VALUES (?, ?, ?, ?)`,
		string(account), name[:], number, now); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM incident_once WHERE (account, name) IN
		(SELECT account, name FROM incident_once WHERE at < ? ORDER BY at LIMIT ?)`, now-store.IncidentOnceAge.Microseconds(), forgetOnce)
	return err
}
