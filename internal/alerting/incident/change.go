package incident

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// deed is one change of one incident, before it is done.
type deed struct {
	action  string // as the audit record calls it
	account event.Account
	number  int64
	change  alerting.Change // who, through what
	verb    string
	verbOf  func(was, is store.Incident) string // in place of verb
	note    string
	changed map[string][2]string
	amend   func(now store.Incident) (store.Incident, error)
	link    []event.ID
	unlink  []event.ID
	once    string
	// save does the write; nil: store.SaveIncident.
	save func(ctx context.Context, w store.IncidentWrite) (store.Incident, error)
}

// do does a change: it is written down, stored with its fact, and given back with the fact. Nothing happens, and nothing is
// written down, if nothing would change; the fact is nil then.
func (s *Service) do(ctx context.Context, d deed) (store.Incident, *event.Record, error) {
	was, err := s.Get(ctx, d.account, d.number)
	if err != nil {
		return was, nil, err
	}
	next, err := d.amend(was)
	switch {
	case errors.Is(err, store.ErrUnchanged) && d.once == "":
		return was, nil, nil
	case err != nil && !errors.Is(err, store.ErrUnchanged):
		return was, nil, err
	}
	d.change = whoOf(ctx, d.change)
	t := &teller{s: s, change: d.change, verb: d.verb, note: seen(d.note, MaxNote), changed: d.changed, number: d.number}
	w := store.IncidentWrite{
		Incident: store.Incident{Account: d.account, Number: d.number}, Amend: d.amend, Link: d.link, Unlink: d.unlink,
		IfMoved: len(d.link)+len(d.unlink) > 0, Once: d.once, Tell: t.tell,
	}
	if d.verbOf != nil {
		w.Tell = func(done store.IncidentDone) ([]store.CaseEntry, []store.Said) {
			t.verb = d.verbOf(done.Was, done.Is)
			return t.tell(done)
		}
	}
	save := d.save
	if save == nil {
		save = s.deps.Store.SaveIncident
	}
	what := act.Act{
		Account: d.account, Action: d.action, Target: Number(d.number), Before: shown(was), After: shown(next),
		Note: event.Clip(cmp.Or(oneLine(d.note), linkNote(d)), maxFactSmall),
	}
	i := was
	err = act.Do(ctx, s.deps.Recorder, what, func(ctx context.Context) error {
		i, err = save(ctx, w)
		return worded(err)
	})
	if err != nil {
		return was, nil, err
	}
	return i, t.fact, nil
}

// linkNote says which alerts come and go.
func linkNote(d deed) string {
	switch {
	case len(d.link) > 0:
		return "alerts: " + named(d.link)
	case len(d.unlink) > 0:
		return "without: " + named(d.unlink)
	}
	return ""
}

// whoOf fills in who changes something, and through what, from the request.
func whoOf(ctx context.Context, c alerting.Change) alerting.Change {
	actor := act.From(ctx)
	if c.By == "" {
		c.By = actor.Name
	}
	if c.Via == "" {
		c.Via = map[string]string{act.KindKey: "api", act.KindUser: "console", act.KindLocal: "api"}[actor.Kind]
	}
	return c
}

// Create makes an incident. Without a title it has the one of its first alert; without a severity the highest of its alerts,
// else medium. Errors: form.Errors.
func (s *Service) Create(ctx context.Context, account event.Account, raw json.RawMessage) (store.Incident, error) {
	e, err := parseEdit(raw, true)
	if err != nil {
		return store.Incident{}, err
	}
	alerts, err := s.alertsOf(ctx, account, e.alerts)
	if err != nil {
		return store.Incident{}, err
	}
	at := s.now()
	i := store.Incident{Account: account, Status: event.IncidentNew, Severity: event.Medium, CreatedAt: at, Project: projectOf(alerts)}
	if len(alerts) > 0 {
		i.Severity, i.Title = event.Info, event.Clip(oneLine(alerts[0].Title), MaxTitle)
		i = take(i, alerts)
	}
	if i, err = e.shape(i, at); err != nil {
		return i, err
	}
	if i.Title == "" {
		return i, form.Errors{{Path: "title", Message: "is required, as there is no alert whose title could stand for it"}}
	}
	t := &teller{s: s, change: whoOf(ctx, alerting.Change{}), verb: verbCreate}
	w := store.IncidentWrite{Incident: i, Link: e.alerts, Tell: t.tell}
	what := act.Act{Account: account, Action: "incident.create", After: shown(i)}
	err = act.Do(ctx, s.deps.Recorder, what, func(ctx context.Context) error {
		i, err = s.deps.Store.SaveIncident(ctx, w)
		return worded(err)
	})
	return i, err
}

// alertsOf reads alerts, and says which of them the account does not have.
func (s *Service) alertsOf(ctx context.Context, account event.Account, ids []event.ID) ([]store.Alert, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.deps.Store.AlertRows(ctx, account, ids)
	if err != nil {
		return nil, fmt.Errorf("reading the alerts of an incident: %w", err)
	}
	var errs form.Errors
	list := make([]store.Alert, 0, len(ids))
	for n, id := range ids {
		at, ok := slices.BinarySearchFunc(rows, id, func(a store.Alert, id event.ID) int { return slices.Compare(a.ID[:], id[:]) })
		if !ok {
			errs.Add(fmt.Sprintf("alerts.%d", n), "there is no such alert in this account")
			continue
		}
		list = append(list, rows[at])
	}
	return list, errs.Err()
}

// Update changes an incident by a JSON merge patch. With a version above 0 it is refused with ErrVersion unless the incident
// still has that version. Closing asks for a classification; reopening clears it. Errors: form.Errors, ErrNotFound,
// ErrVersion.
func (s *Service) Update(ctx context.Context, account event.Account, number, version int64, patch json.RawMessage) (store.Incident, error) {
	e, err := parseEdit(patch, false)
	if err != nil {
		return store.Incident{}, err
	}
	at := s.now()
	i, _, err := s.do(ctx, deed{
		action: "incident.update", account: account, number: number, verbOf: e.verb,
		amend: func(now store.Incident) (store.Incident, error) {
			if version > 0 && now.Version != version {
				return now, ErrVersion
			}
			return e.apply(now, at)
		},
	})
	return i, err
}

// Note adds a note. Errors: form.Errors, ErrNotFound.
func (s *Service) Note(ctx context.Context, account event.Account, number int64, text string) (store.Incident, error) {
	var errs form.Errors
	if text == "" {
		errs.Add("text", "is required")
	}
	checkText(&errs, "text", text, MaxNote)
	if err := errs.Err(); err != nil {
		return store.Incident{}, err
	}
	i, _, err := s.Apply(ctx, account, number, alerting.Change{Verb: connector.Note, Text: text})
	return i, err
}

// Link puts alerts under an incident; those under another one move. Errors: form.Errors, ErrNotFound, ErrTooMany, ErrClosed.
func (s *Service) Link(ctx context.Context, account event.Account, number int64, alerts []string) (store.Incident, error) {
	var errs form.Errors
	if len(alerts) == 0 {
		errs.Add("alerts", "name at least one")
	}
	ids := parseAlerts(alerts, &errs)
	if err := errs.Err(); err != nil {
		return store.Incident{}, err
	}
	rows, err := s.alertsOf(ctx, account, ids)
	if err != nil {
		return store.Incident{}, err
	}
	at := s.now()
	i, _, err := s.do(ctx, deed{
		action: "incident.link", account: account, number: number, verb: verbLink, link: ids,
		amend: func(now store.Incident) (store.Incident, error) {
			switch {
			case now.Status == event.IncidentClosed:
				return now, ErrClosed
			case now.Alerts+len(ids) > MaxAlerts:
				return now, ErrTooMany
			}
			now.UpdatedAt = at
			return take(now, rows), nil
		},
	})
	return i, err
}

// Unlink takes an alert out of an incident; one that is not under it is no error. Errors: ErrNotFound.
func (s *Service) Unlink(ctx context.Context, account event.Account, number int64, alert event.ID) (store.Incident, error) {
	at := s.now()
	i, _, err := s.do(ctx, deed{
		action: "incident.unlink", account: account, number: number, verb: verbLink, unlink: []event.ID{alert},
		amend: func(now store.Incident) (store.Incident, error) {
			now.UpdatedAt = at
			return now, nil
		},
	})
	return i, err
}

// Apply does what somebody wants done to an incident: acknowledge makes it active, resolve closes it (as undetermined, with
// the text as the reason), reopen makes it active again, assign, note and rate do what they say. It gives the fact; nil when
// nothing changed, as with a change whose ID was told before. Errors: form.Errors, ErrNotFound.
func (s *Service) Apply(ctx context.Context, account event.Account, number int64, c alerting.Change) (store.Incident, *event.Record, error) {
	e, err := editOf(c)
	if err != nil {
		return store.Incident{}, nil, err
	}
	at := s.now()
	d := deed{action: "incident.update", account: account, number: number, change: c, verb: string(c.Verb), note: c.Text}
	if c.ID != "" {
		// The number is part of the name: one message of a vendor may be about several incidents.
		d.once = fmt.Sprintf("%s %s %d %s", c.Via, c.Verb, number, c.ID)
	}
	d.amend = func(now store.Incident) (store.Incident, error) {
		switch {
		case c.Verb == connector.Note:
			now.UpdatedAt = at
			return now, nil
		case c.Verb == connector.Acknowledge && now.Status != event.IncidentNew,
			c.Verb == connector.Resolve && now.Status == event.IncidentClosed,
			c.Verb == connector.Reopen && now.Status != event.IncidentClosed:
			return now, store.ErrUnchanged
		}
		return e.apply(now, at)
	}
	if c.Verb == connector.Note {
		d.action = "incident.note"
	}
	return s.do(ctx, d)
}

// editOf is what a change wants an incident to be.
func editOf(c alerting.Change) (edit, error) {
	var e edit
	var errs form.Errors
	active, closed, undetermined, reason := event.IncidentActive, event.IncidentClosed, Undetermined, seen(c.Text, MaxReason)
	switch c.Verb {
	case connector.Acknowledge, connector.Reopen:
		e.status = &active
	case connector.Resolve:
		e.status, e.classification, e.reason = &closed, &undetermined, &reason
	case connector.Assign:
		checkOwner(&errs, "assignee", c.Assignee)
		e.owner = &c.Assignee
	case connector.Note:
		if c.Text == "" {
			errs.Add("text", "is required")
		}
	case connector.Rate:
		if !slices.Contains(event.Severities(), c.Severity.String()) {
			errs.Add("severity", "must be one of %v", event.Severities())
		}
		e.severity = &c.Severity
	default:
		errs.Add("verb", "%.40q is not done to an incident", string(c.Verb))
	}
	return e, errs.Err()
}
