package sqlite

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const incidentColumns = `account, number, status, severity, title, description, owner, classification, reason, project, tags, entities,
	mitre, rule, rule_key, alerts, created_at, updated_at, closed_at, version`

// incidentColumnCount is how many columns those are.
const incidentColumnCount = 20

func scanIncident(r row, i *store.Incident) error {
	return r.Scan(textCol[event.Account]{&i.Account}, &i.Number, textCol[string]{&i.Status}, &i.Severity, textCol[string]{&i.Title},
		textCol[string]{&i.Description}, textCol[string]{&i.Owner}, textCol[string]{&i.Classification}, textCol[string]{&i.Reason},
		textCol[string]{&i.Project}, jsonCol{&i.Tags}, jsonCol{&i.Entities}, jsonCol{&i.Mitre}, idCol{&i.Rule}, textCol[string]{&i.RuleKey},
		&i.Alerts, timeCol{&i.CreatedAt}, timeCol{&i.UpdatedAt}, timeCol{&i.ClosedAt}, &i.Version)
}

// incidentArgs are the columns of a row.
func incidentArgs(i *store.Incident) []any {
	return []any{
		string(i.Account), i.Number, i.Status, int64(i.Severity), i.Title, i.Description, i.Owner, i.Classification, i.Reason, i.Project,
		listText(i.Tags), listText(i.Entities), listText(i.Mitre), i.Rule[:], i.RuleKey, i.Alerts, micros(i.CreatedAt), micros(i.UpdatedAt),
		micros(i.ClosedAt), i.Version,
	}
}

// listText is a list as JSON; none is null.
func listText[T any](list []T) string {
	if len(list) == 0 {
		return "null"
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic("sqlite: writing a list as JSON: " + err.Error()) // texts
	}
	return string(text)
}

const incidentByNumber = `SELECT ` + incidentColumns + ` FROM incidents WHERE account = ? AND number = ?`

// GetIncident implements store.Incidents.
func (s *Store) GetIncident(ctx context.Context, account event.Account, number int64) (store.Incident, error) {
	return get(ctx, s.cases, scanIncident, incidentByNumber, string(account), number)
}

// ListIncidents implements store.Incidents.
func (s *Store) ListIncidents(ctx context.Context, f store.IncidentFilter, p store.Page) ([]store.Incident, string, error) {
	w := new(where)
	w.and(`account = ?`, string(f.Account))
	if len(f.Severities) > 0 {
		w.and(`severity IN (`+placeholders(len(f.Severities))+`)`, argsOf(f.Severities, func(v event.Severity) any { return int64(v) })...)
	}
	if len(f.Statuses) > 0 {
		w.and(`status IN (`+placeholders(len(f.Statuses))+`)`, argsOf(f.Statuses, func(v string) any { return v })...)
	}
	if len(f.Numbers) > 0 {
		w.and(`number IN (`+placeholders(len(f.Numbers))+`)`, argsOf(f.Numbers, func(v int64) any { return v })...)
	}
	for _, c := range []struct{ column, value string }{{"owner", f.Owner}, {"project", f.Project}} {
		if c.value != "" {
			w.and(c.column+` = ?`, c.value)
		}
	}
	if f.Title != "" {
		w.and(`title LIKE ? ESCAPE '\'`, `%`+likeEscape.Replace(f.Title)+`%`)
	}
	if !f.Rule.IsZero() {
		w.and(`rule = ?`, f.Rule[:])
	}
	if !f.After.IsZero() {
		w.and(`created_at >= ?`, micros(f.After))
	}
	if !f.Before.IsZero() {
		w.and(`created_at < ?`, micros(f.Before))
	}
	if !f.UpdatedAfter.IsZero() {
		w.and(`updated_at >= ?`, micros(f.UpdatedAfter))
	}
	if p.After != "" {
		var number int64
		if err := decodeCursor(listIncidents, p.After, &number); err != nil {
			return nil, "", err
		}
		w.and(`number < ?`, number)
	}
	query := `SELECT ` + incidentColumns + ` FROM incidents` + w.String() + ` ORDER BY number DESC`
	if f.Skip <= 0 {
		return page(ctx, s.cases, scanIncident, p, incidentCursor, query, w.args...)
	}
	// Leaving rows out is the inner query's, since page puts its LIMIT at the end.
	query = `SELECT ` + incidentColumns + ` FROM (` + query + ` LIMIT -1 OFFSET ?) ORDER BY number DESC`
	return page(ctx, s.cases, scanIncident, p, incidentCursor, query, append(w.args, f.Skip)...)
}

const countOpenIncidentsQuery = `SELECT count(*) FROM incidents WHERE account = ? AND status IN (?, ?)`

// CountOpenIncidents implements store.Incidents.
func (s *Store) CountOpenIncidents(ctx context.Context, account event.Account) (int, error) {
	return get(ctx, s.cases, func(r row, n *int) error { return r.Scan(n) }, countOpenIncidentsQuery,
		string(account), event.IncidentNew, event.IncidentActive)
}

func incidentCursor(i *store.Incident) string { return encodeCursor(listIncidents, i.Number) }

// likeEscape takes the meaning from what has one in a LIKE.
var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func argsOf[T any](list []T, as func(T) any) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = as(v)
	}
	return out
}

// keysAtOnce is how many keys of a rule one statement looks for.
const keysAtOnce = 200

// OpenRuleIncidents implements store.Incidents.
func (s *Store) OpenRuleIncidents(ctx context.Context, account event.Account, keys []store.RuleKey, most int) (map[store.RuleKey]store.Incident, error) {
	found := map[store.RuleKey]store.Incident{}
	by := map[event.ID][]string{}
	for _, k := range keys {
		by[k.Rule] = append(by[k.Rule], k.Key)
	}
	for rule, texts := range by {
		for part := range slices.Chunk(texts, keysAtOnce) {
			args := append([]any{string(account), rule[:]}, argsOf(part, func(v string) any { return v })...)
			list, err := all(ctx, s.cases, scanIncident, `SELECT `+incidentColumns+` FROM incidents WHERE account = ? AND rule = ? AND
				rule_key IN (`+placeholders(len(part))+`) AND rule_key <> '' AND status <> 'closed' AND alerts < ? ORDER BY number`,
				append(args, most)...)
			if err != nil {
				return nil, err
			}
			for _, i := range list {
				found[store.RuleKey{Rule: rule, Key: i.RuleKey}] = i
			}
		}
	}
	return found, nil
}

const entryColumns = `id, account, number, alert, at, change, event`

func scanIncidentEntry(r row, e *store.CaseEntry) error {
	return r.Scan(idCol{&e.ID}, textCol[event.Account]{&e.Account}, &e.Incident, idCol{&e.Alert}, timeCol{&e.At}, jsonCol{&e.Change}, idCol{&e.Event})
}

// ListIncidentEntries implements store.Incidents.
func (s *Store) ListIncidentEntries(ctx context.Context, account event.Account, number int64, p store.Page) ([]store.CaseEntry, string, error) {
	w := new(where)
	w.and(`account = ? AND number = ?`, string(account), number)
	if p.After != "" {
		after := make([]byte, 16)
		if err := decodeCursor(listTimeline, p.After, &after); err != nil {
			return nil, "", err
		}
		w.and(`id > ?`, after)
	}
	cursor := func(e *store.CaseEntry) string { return encodeCursor(listTimeline, e.ID[:]) }
	return page(ctx, s.cases, scanIncidentEntry, p, cursor, `SELECT `+entryColumns+` FROM incident_entries`+w.String()+` ORDER BY id`, w.args...)
}
