package incident

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// edit is what somebody wants an incident to be. Nil members stay as they are.
type edit struct {
	title, description, owner, project, status, classification, reason *string
	severity                                                           *event.Severity
	tags                                                               *[]string
	alerts                                                             []event.ID // of a new one
}

// readOnly are members of an answer that may come back with a change; they are ignored.
var readOnly = []string{
	"id", "incident_number", "url", "alerts_count", "entities", "mitre", "rule", "rule_key", "version", "created_at", "updated_at", "closed_at", "tickets",
}

// members takes members out of an object.
type members struct {
	fields map[string]json.RawMessage
	errs   *form.Errors
}

func membersOf(raw json.RawMessage, errs *form.Errors) (members, bool) {
	m := members{errs: errs}
	ok := json.Unmarshal(raw, &m.fields) == nil && m.fields != nil
	if !ok {
		errs.Add("", "must be an object")
	}
	return m, ok
}

// read takes a member: nil if it is absent; its empty value if it is null.
func read[T any](m *members, name, want string) *T {
	raw, ok := m.fields[name]
	if !ok {
		return nil
	}
	delete(m.fields, name)
	v := new(T)
	if string(raw) != "null" && json.Unmarshal(raw, v) != nil {
		m.errs.Add(name, "must be %s", want)
	}
	return v
}

// unknown complains of what nobody has taken.
func (m *members) unknown() {
	for _, name := range slices.Sorted(maps.Keys(m.fields)) {
		m.errs.Add(event.Clip(name, 64), "is not known")
	}
}

// parseEdit reads a change, or with create a new incident. The error is form.Errors.
func parseEdit(raw json.RawMessage, create bool) (edit, error) {
	var e edit
	var errs form.Errors
	m, ok := membersOf(raw, &errs)
	if !ok {
		return e, errs
	}
	e.title = read[string](&m, "title", "a text")
	e.description = read[string](&m, "description", "a text")
	e.owner = read[string](&m, "owner", "a text")
	e.project = read[string](&m, "project", "a text")
	e.status = read[string](&m, "status", "a text")
	e.classification = read[string](&m, "classification", "a text")
	e.reason = read[string](&m, "reason", "a text")
	e.tags = read[[]string](&m, "tags", "a list of texts")
	if severity := read[string](&m, "severity", "a text"); severity != nil {
		v, ok := event.ParseSeverity(*severity)
		if !ok {
			errs.Add("severity", "must be one of %s", strings.Join(event.Severities(), ", "))
		}
		e.severity = &v
	}
	if create {
		if texts := read[[]string](&m, "alerts", "a list of ids"); texts != nil {
			e.alerts = parseAlerts(*texts, &errs)
		}
		if e.title != nil && *e.title == "" {
			e.title = nil
		}
	} else {
		for _, name := range readOnly {
			delete(m.fields, name)
		}
	}
	m.unknown()
	e.check(&errs)
	return e, errs.Err()
}

// parseAlerts reads the ids of alerts.
func parseAlerts(texts []string, errs *form.Errors) []event.ID {
	if len(texts) > MaxLink {
		errs.Add("alerts", "must be at most %d", MaxLink)
		return nil
	}
	var ids []event.ID
	for n, text := range texts {
		id, err := event.ParseID(event.PrefixAlert, text)
		if err != nil {
			errs.Add(fmt.Sprintf("alerts.%d", n), "is not the id of an alert (alr_…)")
			continue
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// check says everything that is wrong with an edit by itself.
func (e *edit) check(errs *form.Errors) {
	if e.title != nil {
		if strings.TrimSpace(*e.title) == "" {
			errs.Add("title", "must not be empty")
		}
		checkLine(errs, "title", *e.title, MaxTitle)
	}
	if e.description != nil {
		checkText(errs, "description", *e.description, MaxDescription)
	}
	if e.reason != nil {
		checkText(errs, "reason", *e.reason, MaxReason)
	}
	if e.owner != nil {
		checkOwner(errs, "owner", *e.owner)
	}
	if e.project != nil {
		checkLine(errs, "project", *e.project, event.MaxName)
	}
	if e.status != nil && !slices.Contains(Statuses, *e.status) {
		errs.Add("status", "must be one of %s", strings.Join(Statuses, ", "))
	}
	if e.classification != nil && *e.classification != "" && !slices.Contains(Classifications, *e.classification) {
		errs.Add("classification", "must be one of %s", strings.Join(Classifications, ", "))
	}
	if e.tags == nil {
		return
	}
	if len(*e.tags) > MaxTags {
		errs.Add("tags", "must be at most %d", MaxTags)
	}
	for n, tag := range first(*e.tags, MaxTags) {
		if tag == "" {
			errs.Add(fmt.Sprintf("tags.%d", n), "must not be empty")
		}
		checkLine(errs, fmt.Sprintf("tags.%d", n), tag, 100)
	}
}

// apply makes the incident of the one that is there. The error is form.Errors, or store.ErrUnchanged.
func (e *edit) apply(now store.Incident, at time.Time) (store.Incident, error) {
	next, err := e.shape(now, at)
	if err == nil && same(&now, &next) {
		err = store.ErrUnchanged
	}
	if err != nil {
		return now, err
	}
	return next, nil
}

// shape is apply for one that need not differ.
func (e *edit) shape(now store.Incident, at time.Time) (store.Incident, error) {
	next := now
	for _, m := range []struct {
		to   *string
		from *string
	}{
		{&next.Title, e.title}, {&next.Description, e.description}, {&next.Owner, e.owner}, {&next.Project, e.project}, {&next.Status, e.status},
	} {
		if m.from != nil {
			*m.to = *m.from
		}
	}
	if e.severity != nil {
		next.Severity = *e.severity
	}
	if e.tags != nil {
		next.Tags = unique(*e.tags)
	}
	if err := e.close(&now, &next, at); err != nil {
		return now, err
	}
	next.UpdatedAt = at
	return next, nil
}

// close sees to what belongs to closed incidents alone.
func (e *edit) close(now, next *store.Incident, at time.Time) error {
	if next.Status != event.IncidentClosed {
		var errs form.Errors
		for _, m := range []struct {
			name string
			text *string
		}{{"classification", e.classification}, {"reason", e.reason}} {
			if m.text != nil && *m.text != "" {
				errs.Add(m.name, `goes with the status "closed" only`)
			}
		}
		next.Classification, next.Reason, next.ClosedAt = "", "", time.Time{}
		return errs.Err()
	}
	if e.classification != nil {
		next.Classification = *e.classification
	}
	if e.reason != nil {
		next.Reason = *e.reason
	}
	if next.Classification == "" {
		return form.Errors{{Path: "classification", Message: "is required to close an incident: one of " + strings.Join(Classifications, ", ")}}
	}
	if now.Status != event.IncidentClosed {
		next.ClosedAt = at
	}
	return nil
}

func unique(list []string) []string {
	var out []string
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// same says whether nothing that people see differs.
func same(a, b *store.Incident) bool {
	return len(differences(store.IncidentDone{Was: *a, Is: *b})) == 0 && a.Description == b.Description && a.Reason == b.Reason &&
		slices.Equal(a.Tags, b.Tags)
}

// verb is what an edit is called: the most telling part of it.
func (e *edit) verb(was, is store.Incident) string {
	switch {
	case is.Status == event.IncidentClosed && was.Status != event.IncidentClosed:
		return "resolve"
	case is.Status != event.IncidentClosed && was.Status == event.IncidentClosed:
		return "reopen"
	case was.Status == event.IncidentNew && is.Status == event.IncidentActive:
		return "acknowledge"
	case was.Owner != is.Owner && len(differences(store.IncidentDone{Was: was, Is: is})) == 1:
		return "assign"
	}
	return verbUpdate
}

// shown is an incident as the audit record shows it.
func shown(i store.Incident) json.RawMessage {
	raw, err := json.Marshal(map[string]any{
		"title": event.Clip(i.Title, maxFactSmall), "severity": i.Severity.String(), "status": i.Status, "owner": i.Owner, "classification": i.Classification,
		"reason": event.Clip(i.Reason, maxFactSmall), "project": i.Project, "tags": first(i.Tags, MaxTags), "alerts": i.Alerts,
	})
	if err != nil {
		panic("incident: writing an incident as JSON: " + err.Error()) // texts
	}
	return raw
}
