package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/mapping"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// MappingRule is a mapping rule as it is shown.
type MappingRule struct {
	ID        string         `json:"id" doc:"Its id." example:"map_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name      string         `json:"name" doc:"A name for people, unique in the account." example:"Staging is noise"`
	Source    string         `json:"source" doc:"Whose events it is about: a dialect such as falco (events: the native path), the id of a source, or * for all." example:"falco"`
	Position  int            `json:"position" doc:"Rules run by position, the lowest first, then by id; each sees what the ones before made of the event." example:"100"`
	Enabled   bool           `json:"enabled" doc:"Whether it runs."`
	When      string         `json:"when" doc:"An expression that must hold for the event; empty: always." example:"event.severity_level < HIGH"`
	Drop      bool           `json:"drop" doc:"Events are dropped, and counted."`
	Set       MappingSet     `json:"set" doc:"Values that the event gets."`
	Compute   MappingCompute `json:"compute" doc:"Expressions for the values that the event gets; all see the event as it was before the rule."`
	Version   int64          `json:"version" doc:"Grows with each change; it is the ETag." example:"1"`
	CreatedAt time.Time      `json:"created_at" doc:"When it was made."`
	UpdatedAt time.Time      `json:"updated_at" doc:"When it was changed last."`
	Counts    MappingCounts  `json:"counts" doc:"What it did. After a crash the last seconds may be missing."`
}

// MappingSet are values as they stand.
type MappingSet struct {
	Type      string            `json:"type,omitempty" doc:"The event's type, which the sender's key must be allowed to send." example:"alert.created"`
	Severity  string            `json:"severity,omitempty" doc:"info, low, medium, high or critical." example:"low"`
	Project   string            `json:"project,omitempty" doc:"The project." example:"staging"`
	AlertType string            `json:"alert_type,omitempty" doc:"The kind of alert."`
	Account   event.Account     `json:"account,omitempty" doc:"The account that gets the event: the sender's own, or one below it."`
	Tags      []string          `json:"tags,omitempty" doc:"Tags that are added."`
	Labels    map[string]string `json:"labels,omitempty" doc:"Labels that are set; an empty value takes the label away."`
}

// MappingCompute are expressions.
type MappingCompute struct {
	Type      string `json:"type,omitempty" doc:"For the type: a text."`
	Severity  string `json:"severity,omitempty" doc:"For the severity: a text."`
	Project   string `json:"project,omitempty" doc:"For the project: a text; an empty one takes it away." example:"event.labels[\"k8s.ns\"]"`
	AlertType string `json:"alert_type,omitempty" doc:"For the kind of alert: a text; an empty one takes it away."`
	Account   string `json:"account,omitempty" doc:"For the account: a text."`
	Tags      string `json:"tags,omitempty" doc:"For tags that are added: a list of texts."`
	Labels    string `json:"labels,omitempty" doc:"For labels that are set: an object of texts, whose names stand in the expression."`
}

// MappingCounts are what a rule did.
type MappingCounts struct {
	Matched uint64 `json:"matched" doc:"Events for which it held and did what it says."`
	Dropped uint64 `json:"dropped" doc:"Of those, the dropped ones."`
	Failed  uint64 `json:"failed" doc:"Events for which it could not be evaluated or applied; it changed nothing of them."`
}

// MappingRuleInput is a mapping rule as it is made.
type MappingRuleInput struct {
	Name     string         `json:"name" maxLength:"100" doc:"A name for people, unique in the account." example:"Staging is noise"`
	Source   string         `json:"source,omitempty" default:"*" doc:"A dialect such as falco (events: the native path), the id of a source, or *." example:"falco"`
	Position int            `json:"position,omitempty" default:"100" minimum:"0" maximum:"1000000" doc:"Rules run by position, the lowest first."`
	Enabled  bool           `json:"enabled,omitempty" default:"true" doc:"Whether it runs."`
	When     string         `json:"when,omitempty" maxLength:"4096" doc:"An expression that must hold for the event; empty: always." example:"event.severity_level < HIGH"`
	Drop     bool           `json:"drop,omitempty" default:"false" doc:"Drop the event; goes without set and compute."`
	Set      MappingSet     `json:"set,omitempty" doc:"Values that the event gets."`
	Compute  MappingCompute `json:"compute,omitempty" doc:"Expressions for the values that the event gets."`
}

// MappingRulePatch is a change of a mapping rule.
type MappingRulePatch struct {
	Name     string         `json:"name,omitempty" maxLength:"100" doc:"A name for people, unique in the account."`
	Source   string         `json:"source,omitempty" doc:"A dialect such as falco (events: the native path), the id of a source, or *."`
	Position int            `json:"position,omitempty" minimum:"0" maximum:"1000000" doc:"Rules run by position, the lowest first."`
	Enabled  bool           `json:"enabled,omitempty" doc:"Whether it runs."`
	When     string         `json:"when,omitempty" maxLength:"4096" doc:"An expression that must hold for the event; empty: always."`
	Drop     bool           `json:"drop,omitempty" doc:"Drop the event; goes without set and compute."`
	Set      MappingSet     `json:"set,omitempty" doc:"Values that the event gets."`
	Compute  MappingCompute `json:"compute,omitempty" doc:"Expressions for the values that the event gets."`
}

// MappingTrialInput is a rule to be tried.
type MappingTrialInput struct {
	Rule MappingRuleInput `json:"rule" doc:"The rule, as it would be made."`
	Last int              `json:"last,omitempty" minimum:"1" maximum:"1000" default:"100" doc:"On how many of the account's newest events."`
}

// MappingRulePath names a rule in a path.
type MappingRulePath struct {
	ID string `path:"id" maxLength:"64" doc:"The rule's id." example:"map_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func newMappingRule(row store.MappingRule) (MappingRule, error) {
	m := MappingRule{
		ID: row.ID.Text(event.PrefixMapping), Name: row.Name, Source: row.Source, Position: row.Position, Enabled: row.Enabled,
		When: row.When, Drop: row.Drop, Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
		Counts: MappingCounts{row.Matched, row.Dropped, row.Failed},
	}
	if err := errors.Join(json.Unmarshal(row.Set, &m.Set), json.Unmarshal(row.Compute, &m.Compute)); err != nil {
		return m, fmt.Errorf("reading mapping rule %s: %w", m.ID, err)
	}
	return m, nil
}

func exampleMappingRule() object {
	return object{
		{"name", "Staging is noise"}, {"source", "falco"}, {"when", `event.labels["env"] == "staging"`},
		{"set", object{{"severity", "low"}, {"project", "staging"}}},
	}
}

func (a *server) mappingOperations() {
	const base = "/api/v1/mapping-rules"
	register(a, op{
		id: "list-mapping-rules", method: http.MethodGet, path: base, tag: tagEvents, scope: scopeMapping,
		summary: "List mapping rules", about: "The account's rules in the order in which they run; at most 200.",
	}, a.listMappingRules)
	register(a, op{
		id: "create-mapping-rule", method: http.MethodPost, path: base, tag: tagEvents, scope: scopeMappingWrite, act: "mapping.create",
		summary: "Create a mapping rule", status: http.StatusCreated, ownBody: true, body: exampleMappingRule(),
		about: "What happens to events between their decoding and the journal, from now on: values are set or computed, or the event is dropped. The sender's bytes stay as raw. " +
			"A rule that fails for an event changes nothing of it and is counted.",
		problems: []int{http.StatusConflict},
	}, a.createMappingRule)
	register(a, op{
		id: "get-mapping-rule", method: http.MethodGet, path: base + "/{id}", tag: tagEvents, scope: scopeMapping,
		summary: "Get a mapping rule", about: "One rule with its ETag.", problems: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *MappingRulePath) (*mappingAnswer, error) {
		id, err := pathID(event.PrefixMapping, in.ID)
		if err != nil {
			return nil, err
		}
		return newMappingAnswer(a.Mapping.Get(ctx, accountOf(ctx), id))
	})
	register(a, op{
		id: "update-mapping-rule", method: http.MethodPatch, path: base + "/{id}", tag: tagEvents, scope: scopeMappingWrite, act: "mapping.update",
		summary: "Change a mapping rule", ownBody: true, about: "A JSON merge patch: what is left out stays, null removes. It holds at once.",
		body: object{{"position", 50}}, problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, a.updateMappingRule)
	register(a, op{
		id: "delete-mapping-rule", method: http.MethodDelete, path: base + "/{id}", tag: tagEvents, scope: scopeMappingWrite, act: "mapping.delete",
		summary: "Delete a mapping rule", status: http.StatusNoContent, about: "Its counts go with it.",
		problems: []int{http.StatusNotFound, http.StatusPreconditionFailed},
	}, func(ctx context.Context, in *struct {
		MappingRulePath
		Condition
	}) (*struct{}, error) {
		id, err := pathID(event.PrefixMapping, in.ID)
		if err != nil {
			return nil, err
		}
		version, err := in.version()
		if err != nil {
			return nil, err
		}
		return nil, a.Mapping.Delete(ctx, accountOf(ctx), id, version)
	})
	register(a, op{
		id: "try-mapping-rule", method: http.MethodPost, path: base + "/try", tag: tagEvents, scope: scopeMappingWrite,
		summary: "Try a mapping rule", ownBody: true, body: object{{"rule", exampleMappingRule()}, {"last", 100}},
		about: "What the rule would do to the account's newest events; nothing is done or counted. It is tried on the events as they are stored, which is after the rules that ran when they came in, " +
			"and whatever way they came: the rule's source is not asked.",
	}, a.tryMappingRule)
}

type mappingAnswer struct {
	ETag     string `header:"ETag" doc:"The version; send it back as If-Match."`
	Location string `header:"Location" doc:"Where a new rule is."`
	Body     MappingRule
}

func newMappingAnswer(row store.MappingRule, err error) (*mappingAnswer, error) {
	if err != nil {
		return nil, err
	}
	m, err := newMappingRule(row)
	return &mappingAnswer{ETag: etag(row.Version), Body: m}, err
}

func (a *server) listMappingRules(ctx context.Context, in *Paging) (*body[list[MappingRule]], error) {
	rows, err := a.Mapping.List(ctx, accountOf(ctx))
	if err != nil {
		return nil, err
	}
	rows, next, err := pageOfRules(rows, in)
	if err != nil {
		return nil, err
	}
	l := list[MappingRule]{Items: make([]MappingRule, len(rows)), Next: next}
	for i, row := range rows {
		if l.Items[i], err = newMappingRule(row); err != nil {
			return nil, err
		}
	}
	return answer(l), nil
}

// pageOfRules cuts a page out of the rules of an account, which are few. The cursor is the last rule of the page before.
func pageOfRules(rows []store.MappingRule, p *Paging) (page []store.MappingRule, next string, err error) {
	if p.Cursor != "" {
		i := slices.IndexFunc(rows, func(r store.MappingRule) bool { return r.ID.Text(event.PrefixMapping) == p.Cursor })
		if i < 0 {
			return nil, "", store.ErrCursor
		}
		rows = rows[i+1:]
	}
	if len(rows) <= p.Limit {
		return rows, "", nil
	}
	return rows[:p.Limit], rows[p.Limit-1].ID.Text(event.PrefixMapping), nil
}

func (a *server) createMappingRule(ctx context.Context, in *struct{ Body raw[MappingRuleInput] }) (*mappingAnswer, error) {
	out, err := newMappingAnswer(a.Mapping.Create(ctx, accountOf(ctx), in.Body.RawMessage))
	if err != nil {
		return nil, err
	}
	out.Location = "/api/v1/mapping-rules/" + out.Body.ID
	return out, nil
}

func (a *server) updateMappingRule(ctx context.Context, in *struct {
	MappingRulePath
	Condition
	Body raw[MappingRulePatch]
}) (*mappingAnswer, error) {
	id, err := pathID(event.PrefixMapping, in.ID)
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return newMappingAnswer(a.Mapping.Update(ctx, accountOf(ctx), id, version, in.Body.RawMessage))
}

func (a *server) tryMappingRule(ctx context.Context, in *struct{ Body raw[MappingTrialInput] }) (*body[mapping.Trial], error) {
	trial, err := readTrial(in.Body.RawMessage, "rule", 100, mostTried)
	if err != nil {
		return nil, err
	}
	records, err := a.newest(ctx, trial.last, notInternal)
	if err != nil {
		return nil, err
	}
	t, err := a.Mapping.Try(accountOf(ctx), trial.what, records)
	return result(t, below(err, "rule"))
}

// mostTried is on how many events something may be tried; mostLooked how many are read to find them, in pages of leastPage
// at least.
const (
	mostTried  = 1000
	mostLooked = 10 * mostTried
	leastPage  = 50
)

// notInternal leaves out what Tocsin says of itself, which is not mapped.
func notInternal(r *event.Record) bool { return r.Flags&event.Internal == 0 }

// newest gives the account's last events of those that are wanted, the newest first.
func (a *server) newest(ctx context.Context, n int, want func(*event.Record) bool) (records []*event.Record, err error) {
	page := store.Page{}
	for looked := 0; len(records) < n && looked < mostLooked; {
		page.Limit = min(max(n-len(records), leastPage), store.MaxPage)
		list, next, err := a.Deliveries.Events(ctx, accountOf(ctx), deliver.EventFilter{}, page)
		if err != nil {
			return nil, err
		}
		looked += len(list)
		for _, r := range list {
			if want(r) {
				records = append(records, r)
			}
		}
		if page.After = next; next == "" || len(list) == 0 {
			break
		}
	}
	return records[:min(n, len(records))], nil
}
