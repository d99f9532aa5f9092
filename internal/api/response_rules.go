package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond/rule"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// ResponseRule is a response rule as it is shown.
type ResponseRule struct {
	ID           string             `json:"id" doc:"Its id." example:"rsr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name         string             `json:"name" doc:"A name for people, unique in the account." example:"Brute force"`
	Enabled      bool               `json:"enabled" doc:"Whether it runs."`
	Mode         string             `json:"mode" enum:"shadow,propose,apply" doc:"shadow: it only says what it would have done; propose: its blocks wait for a person; apply: they are made."`
	Subscription subscriptionObject `json:"subscription" doc:"Which events of the account it looks at."`
	Block        ResponseBlock      `json:"block" doc:"What it asks for."`
	ShadowSince  time.Time          `json:"shadow_since" doc:"When it began to be in shadow mode, or was last changed there."`
	Author       string             `json:"author" doc:"Who made it." example:"dana@example.com"`
	Version      int64              `json:"version" doc:"Grows with each change; it is the ETag." example:"1"`
	CreatedAt    time.Time          `json:"created_at" doc:"When it was made."`
	UpdatedAt    time.Time          `json:"updated_at" doc:"When it was changed last."`
}

// ruleObject is described by the form that reads it.
type ruleObject json.RawMessage

// MarshalJSON writes the object as it is.
func (o ruleObject) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// Schema is that of the rule's form.
func (ruleObject) Schema(huma.Registry) *huma.Schema { return fromForm(form.Schema(new(rule.Spec))) }

// rulePatch is a change of a rule: nothing of it is required.
type rulePatch json.RawMessage

// MarshalJSON writes the object as it is.
func (o rulePatch) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// Schema is that of the rule's form without what is required.
func (rulePatch) Schema(r huma.Registry) *huma.Schema {
	s := ruleObject{}.Schema(r)
	s.Required = nil
	return s
}

// ResponseTrialInput is a rule to be tried.
type ResponseTrialInput struct {
	Rule ruleObject `json:"rule" doc:"The rule, as it would be made."`
	Last int        `json:"last,omitempty" minimum:"1" maximum:"1000" default:"1000" doc:"On how many of the account's newest events."`
}

// What the room gives, under names that the document knows nothing else by.
type (
	ResponseBlock  rule.Block
	ResponseTried  rule.TriedItem
	ResponseReport rule.Report
	ResponseHit    rule.Hit
)

// ResponseTrial is what a rule would have made of some events.
type ResponseTrial struct {
	Looked  int             `json:"looked" doc:"How many events the rule was tried on."`
	Matched int             `json:"matched" doc:"How many of them it looks at."`
	Failed  int             `json:"failed" doc:"For how many its expression fails; they are left alone."`
	Without int             `json:"without_target" doc:"How many of those that it looks at have no observed address in its role."`
	Counts  rule.Tally      `json:"counts" doc:"What it would have decided."`
	Items   []ResponseTried `json:"items" doc:"The first 100 decisions, repetitions left out."`
}

func newResponseTrial(t rule.Trial) ResponseTrial {
	out := ResponseTrial{Looked: t.Looked, Matched: t.Matched, Failed: t.Failed, Without: t.Without, Counts: t.Counts, Items: []ResponseTried{}}
	for _, i := range t.Items {
		out.Items = append(out.Items, ResponseTried(i))
	}
	return out
}

// ResponseRulePath names a rule in a path.
type ResponseRulePath struct {
	ID string `path:"id" maxLength:"64" doc:"The rule's id." example:"rsr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func (p ResponseRulePath) which(c Condition) (id event.ID, version int64, err error) {
	if id, err = pathID(event.PrefixResponse, p.ID); err == nil {
		version, err = c.version()
	}
	return id, version, err
}

func exampleResponseRule() object {
	return object{
		{"name", "Brute force"}, {"subscription", object{{"types", []string{"alert.created"}}, {"min_severity", "high"}, {"alert_types", []string{"brute_force"}}}},
		{"block", object{{"ttl", "4h"}, {"max_per_hour", 20}}},
	}
}

func (a *server) responseRuleOperations() {
	const base = "/api/v1/response-rules"
	gone := []int{http.StatusNotFound}
	register(a, op{
		id: "list-response-rules", method: http.MethodGet, path: base, tag: tagBlocks, scope: scopeBlocks,
		summary: "List response rules", about: "The account's rules by name; at most 100.",
	}, func(ctx context.Context, in *Paging) (*body[list[ResponseRule]], error) {
		rows, next, err := pageOf(a.ResponseRules.List(accountOf(ctx)), in, func(r store.ResponseRule) string { return string(r.ID[:]) })
		l := list[ResponseRule]{Items: make([]ResponseRule, len(rows)), Next: next}
		for i := range rows {
			if l.Items[i], err = newResponseRule(&rows[i]); err != nil {
				return nil, err
			}
		}
		return result(l, err)
	})
	register(a, op{
		id: "create-response-rule", method: http.MethodPost, path: base, tag: tagBlocks, scope: scopeBlocksApprove, act: "response_rule.create",
		summary: "Create a response rule", status: http.StatusCreated, ownBody: true, body: exampleResponseRule(), problems: []int{http.StatusConflict},
		about: "Events that it looks at ask for blocks of the addresses in them that a sensor observed. A new rule is in shadow mode: it only says what it would have done. The guard looks at each block as at any other.",
	}, func(ctx context.Context, in *struct{ Body raw[ruleObject] }) (*responseRuleAnswer, error) {
		out, err := newResponseRuleAnswer(a.ResponseRules.Create(ctx, accountOf(ctx), in.Body.RawMessage))
		if err != nil {
			return nil, err
		}
		out.Location = base + "/" + out.Body.ID
		return out, nil
	})
	register(a, op{
		id: "get-response-rule", method: http.MethodGet, path: base + "/{id}", tag: tagBlocks, scope: scopeBlocks,
		summary: "Get a response rule", about: "One rule with its ETag.", problems: gone,
	}, func(ctx context.Context, in *ResponseRulePath) (*responseRuleAnswer, error) {
		id, _, err := in.which(Condition{})
		if err != nil {
			return nil, err
		}
		return newResponseRuleAnswer(a.ResponseRules.Get(ctx, accountOf(ctx), id))
	})
	register(a, op{
		id: "update-response-rule", method: http.MethodPatch, path: base + "/{id}", tag: tagBlocks, scope: scopeBlocksApprove, act: "response_rule.update",
		summary: "Change a response rule", ownBody: true, body: object{{"mode", "propose"}},
		about:    "A JSON merge patch: what is left out stays, null stands for the default. Changing what it looks at or blocks puts it back into shadow mode; the mode is changed by itself, after a look at the report.",
		problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, func(ctx context.Context, in *struct {
		ResponseRulePath
		Condition
		Body raw[rulePatch]
	}) (*responseRuleAnswer, error) {
		id, version, err := in.which(in.Condition)
		if err != nil {
			return nil, err
		}
		return newResponseRuleAnswer(a.ResponseRules.Update(ctx, accountOf(ctx), id, version, in.Body.RawMessage))
	})
	register(a, op{
		id: "delete-response-rule", method: http.MethodDelete, path: base + "/{id}", tag: tagBlocks, scope: scopeBlocksApprove, act: "response_rule.delete",
		summary: "Delete a response rule", status: http.StatusNoContent, about: "The blocks that it made stay. To end them: undo, with the rule's id.",
		problems: []int{http.StatusNotFound, http.StatusPreconditionFailed},
	}, func(ctx context.Context, in *struct {
		ResponseRulePath
		Condition
	}) (*struct{}, error) {
		id, version, err := in.which(in.Condition)
		if err != nil {
			return nil, err
		}
		return nil, a.ResponseRules.Delete(ctx, accountOf(ctx), id, version)
	})
	a.responseTrialOperations(base)
}

// responseTrialOperations say what rules would do, and what they did.
func (a *server) responseTrialOperations(base string) {
	gone := []int{http.StatusNotFound}
	register(a, op{
		id: "try-response-rule", method: http.MethodPost, path: base + "/try", tag: tagBlocks, scope: scopeBlocksWrite,
		summary: "Try a response rule", ownBody: true, body: object{{"rule", exampleResponseRule()}, {"last", 1000}},
		about: "What the rule would have made of the account's newest events, whatever its mode. The guard answers by how things are now. Nothing is done.",
	}, func(ctx context.Context, in *struct{ Body raw[ResponseTrialInput] }) (*body[ResponseTrial], error) {
		trial, err := readTrial(in.Body.RawMessage, "rule", mostTried, mostTried)
		if err != nil {
			return nil, err
		}
		records, err := a.newest(ctx, trial.last, func(*event.Record) bool { return true })
		if err != nil {
			return nil, err
		}
		records = slices.Clone(records)
		slices.Reverse(records)
		t, err := a.ResponseRules.Try(ctx, accountOf(ctx), trial.what, records)
		return result(newResponseTrial(t), below(err, "rule"))
	})
	register(a, op{
		id: "get-response-report", method: http.MethodGet, path: base + "/{id}/report", tag: tagBlocks, scope: scopeBlocks,
		summary: "Report on a response rule", about: "What it would have done in shadow mode, and what it has done: counts, and the newest 100 decisions. Look at it before the mode is changed.", problems: gone,
	}, func(ctx context.Context, in *ResponseRulePath) (*body[ResponseReport], error) {
		id, _, err := in.which(Condition{})
		if err != nil {
			return nil, err
		}
		r, err := a.ResponseRules.Report(ctx, accountOf(ctx), id)
		return result(ResponseReport(r), err)
	})
	register(a, op{
		id: "list-response-hits", method: http.MethodGet, path: base + "/{id}/hits", tag: tagBlocks, scope: scopeBlocks,
		summary: "List a response rule's decisions", about: "The newest first; the newest 1,000 are kept.", problems: gone,
	}, func(ctx context.Context, in *struct {
		ResponseRulePath
		Paging
	}) (*body[list[ResponseHit]], error) {
		id, _, err := in.which(Condition{})
		if err != nil {
			return nil, err
		}
		rows, next, err := a.ResponseRules.Hits(ctx, accountOf(ctx), id, in.page())
		l := list[ResponseHit]{Items: make([]ResponseHit, len(rows)), Next: next}
		for i, h := range rows {
			l.Items[i] = ResponseHit(rule.Shown(h))
		}
		return result(l, err)
	})
}

type responseRuleAnswer struct {
	ETag     string `header:"ETag" doc:"The version; send it back as If-Match."`
	Location string `header:"Location" doc:"Where a new rule is."`
	Body     ResponseRule
}

func newResponseRuleAnswer(row store.ResponseRule, err error) (*responseRuleAnswer, error) {
	if err != nil {
		return nil, err
	}
	r, err := newResponseRule(&row)
	return &responseRuleAnswer{ETag: etag(row.Version), Body: r}, err
}

func newResponseRule(row *store.ResponseRule) (ResponseRule, error) {
	b, err := rule.BlockOf(*row)
	return ResponseRule{
		ID: row.ID.Text(event.PrefixResponse), Name: row.Name, Enabled: row.Enabled, Mode: row.Mode, Subscription: subscriptionObject(row.Subscription), Block: ResponseBlock(b),
		ShadowSince: row.ShadowSince, Author: row.Author, Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}, err
}
