package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// IncidentMatch says which alerts a rule looks at.
type IncidentMatch struct {
	Severities []string `json:"severities,omitempty" doc:"Only alerts of these severities." example:"[\"high\",\"critical\"]"`
	AlertTypes []string `json:"alert_types,omitempty" doc:"Only alerts of these kinds." example:"[\"brute_force\"]"`
	Projects   []string `json:"projects,omitempty" doc:"Only alerts of these projects."`
	Where      string   `json:"where,omitempty" maxLength:"4096" doc:"An expression that must hold for the alert, seen as an event." example:"event.risk_score >= 70"`
}

// IncidentRule is an incident rule as it is shown.
type IncidentRule struct {
	ID          string        `json:"id" doc:"Its id." example:"rul_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name        string        `json:"name" doc:"A name for people, unique in the account." example:"Related alerts"`
	Position    int           `json:"position" doc:"Rules are asked by position, the lowest first, then by id; the first that wants an alert gets it." example:"100"`
	Enabled     bool          `json:"enabled" doc:"Whether it is asked."`
	Match       IncidentMatch `json:"match" doc:"Which alerts it looks at; empty: all."`
	GroupBy     []string      `json:"group_by" doc:"What the alerts must share, all of it: entity, rule, source, project, alert_type." example:"[\"entity\"]"`
	EntityTypes []string      `json:"entity_types" doc:"With entity: the types of entities that count." example:"[\"ip\",\"user\",\"host\"]"`
	Window      string        `json:"window" doc:"Within which time they must have been seen." example:"5m0s"`
	Threshold   int           `json:"threshold" doc:"How many there must be." example:"3"`
	Title       string        `json:"title" doc:"The incident's title. {count}, {key}, {rule} and {alert} stand for what they say." example:"{count} related alerts: {key}"`
	Version     int64         `json:"version" doc:"Grows with each change; it is the ETag." example:"1"`
	CreatedAt   time.Time     `json:"created_at" doc:"When it was made."`
	UpdatedAt   time.Time     `json:"updated_at" doc:"When it was changed last."`
}

// IncidentRuleInput is an incident rule as it is made, or changed.
type IncidentRuleInput struct {
	Name        string        `json:"name,omitempty" maxLength:"100" doc:"A name for people, unique in the account; a new rule needs one." example:"Related alerts"`
	Position    int           `json:"position,omitempty" default:"100" minimum:"0" maximum:"1000000" doc:"Rules are asked by position, the lowest first."`
	Enabled     bool          `json:"enabled,omitempty" default:"true" doc:"Whether it is asked."`
	Match       IncidentMatch `json:"match,omitempty" doc:"Which alerts it looks at; empty: all."`
	GroupBy     []string      `json:"group_by,omitempty" doc:"What the alerts must share, all of it: entity, rule, source, project, alert_type. Left out: entity." example:"[\"entity\"]"`
	EntityTypes []string      `json:"entity_types,omitempty" doc:"With entity: the types that count. Left out: ip, user, host." example:"[\"ip\"]"`
	Window      string        `json:"window,omitempty" default:"5m" doc:"Within which time they must have been seen, 10s to 24h." example:"5m"`
	Threshold   int           `json:"threshold,omitempty" default:"3" minimum:"1" maximum:"100" doc:"How many there must be."`
	Title       string        `json:"title,omitempty" maxLength:"200" doc:"The incident's title. {count}, {key}, {rule} and {alert} stand for what they say."`
}

// IncidentTrialInput is a rule to be tried.
type IncidentTrialInput struct {
	Rule IncidentRuleInput `json:"rule" doc:"The rule, as it would be made."`
	Last int               `json:"last,omitempty" minimum:"1" maximum:"10000" default:"1000" doc:"On how many of the account's newest alerts."`
}

// IncidentRulePath names a rule in a path.
type IncidentRulePath struct {
	ID string `path:"id" maxLength:"64" doc:"The rule's id." example:"rul_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func newIncidentRule(row store.IncidentRule) (IncidentRule, error) {
	r, err := incident.RuleOf(row)
	if err != nil {
		return IncidentRule{}, err
	}
	return IncidentRule{
		ID: row.ID.Text(event.PrefixRule), Name: r.Name, Position: r.Position, Enabled: r.Enabled, Match: IncidentMatch(r.Match), GroupBy: r.GroupBy,
		EntityTypes: r.EntityTypes, Window: r.Window, Threshold: r.Threshold, Title: r.Title, Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}, nil
}

func exampleIncidentRule() object {
	return object{{"name", "Related alerts"}, {"group_by", []string{"entity"}}, {"window", "5m"}, {"threshold", 3}}
}

func (a *server) incidentRuleOperations() {
	const base = "/api/v1/incident-rules"
	register(a, op{
		id: "list-incident-rules", method: http.MethodGet, path: base, tag: tagIncidents, scope: scopeIncidents,
		summary: "List incident rules", about: "The account's rules in the order in which they are asked; at most 50.",
	}, a.listIncidentRules)
	register(a, op{
		id: "create-incident-rule", method: http.MethodPost, path: base, tag: tagIncidents, scope: scopeIncidentsWrite, act: "incident_rule.create",
		summary: "Create an incident rule", status: http.StatusCreated, ownBody: true, body: exampleIncidentRule(), problems: []int{http.StatusConflict},
		about: "Alerts that match and share something become an incident when there are enough of them within a time. While the incident is open, further ones join it; once it is closed, they count anew.",
	}, func(ctx context.Context, in *struct{ Body raw[IncidentRuleInput] }) (*incidentRuleAnswer, error) {
		out, err := newIncidentRuleAnswer(a.Incidents.CreateRule(ctx, accountOf(ctx), in.Body.RawMessage))
		if err != nil {
			return nil, err
		}
		out.Location = base + "/" + out.Body.ID
		return out, nil
	})
	register(a, op{
		id: "get-incident-rule", method: http.MethodGet, path: base + "/{id}", tag: tagIncidents, scope: scopeIncidents,
		summary: "Get an incident rule", about: "One rule with its ETag.", problems: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *IncidentRulePath) (*incidentRuleAnswer, error) {
		id, err := pathID(event.PrefixRule, in.ID)
		if err != nil {
			return nil, err
		}
		return newIncidentRuleAnswer(a.Incidents.Rule(ctx, accountOf(ctx), id))
	})
	register(a, op{
		id: "update-incident-rule", method: http.MethodPatch, path: base + "/{id}", tag: tagIncidents, scope: scopeIncidentsWrite, act: "incident_rule.update",
		summary: "Change an incident rule", ownBody: true, about: "A JSON merge patch: what is left out stays, null stands for the default. It holds at once.",
		body: object{{"threshold", 5}}, problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, a.updateIncidentRule)
	register(a, op{
		id: "delete-incident-rule", method: http.MethodDelete, path: base + "/{id}", tag: tagIncidents, scope: scopeIncidentsWrite, act: "incident_rule.delete",
		summary: "Delete an incident rule", status: http.StatusNoContent, about: "The incidents that it made stay.",
		problems: []int{http.StatusNotFound, http.StatusPreconditionFailed},
	}, a.deleteIncidentRule)
	register(a, op{
		id: "try-incident-rule", method: http.MethodPost, path: base + "/try", tag: tagIncidents, scope: scopeIncidentsWrite,
		summary: "Try an incident rule", ownBody: true, body: object{{"rule", exampleIncidentRule()}, {"last", 1000}},
		about: "Which incidents the rule would have made of the account's newest alerts, each at the time at which it was last seen. Nothing is done.",
	}, a.tryIncidentRule)
}

type incidentRuleAnswer struct {
	ETag     string `header:"ETag" doc:"The version; send it back as If-Match."`
	Location string `header:"Location" doc:"Where a new rule is."`
	Body     IncidentRule
}

func newIncidentRuleAnswer(row store.IncidentRule, err error) (*incidentRuleAnswer, error) {
	if err != nil {
		return nil, err
	}
	r, err := newIncidentRule(row)
	return &incidentRuleAnswer{ETag: etag(row.Version), Body: r}, err
}

func (a *server) listIncidentRules(ctx context.Context, in *Paging) (*body[list[IncidentRule]], error) {
	rows, err := a.Incidents.Rules(ctx, accountOf(ctx))
	if err != nil {
		return nil, err
	}
	if in.Cursor != "" {
		at := slices.IndexFunc(rows, func(r store.IncidentRule) bool { return r.ID.Text(event.PrefixRule) == in.Cursor })
		if at < 0 {
			return nil, store.ErrCursor
		}
		rows = rows[at+1:]
	}
	l := list[IncidentRule]{Items: []IncidentRule{}}
	if len(rows) > in.Limit {
		rows = rows[:in.Limit]
		l.Next = rows[in.Limit-1].ID.Text(event.PrefixRule)
	}
	for _, row := range rows {
		r, err := newIncidentRule(row)
		if err != nil {
			return nil, err
		}
		l.Items = append(l.Items, r)
	}
	return answer(l), nil
}

func (a *server) updateIncidentRule(ctx context.Context, in *struct {
	IncidentRulePath
	Condition
	Body raw[IncidentRuleInput]
}) (*incidentRuleAnswer, error) {
	id, version, err := in.which(in.Condition)
	if err != nil {
		return nil, err
	}
	return newIncidentRuleAnswer(a.Incidents.UpdateRule(ctx, accountOf(ctx), id, version, in.Body.RawMessage))
}

func (a *server) deleteIncidentRule(ctx context.Context, in *struct {
	IncidentRulePath
	Condition
}) (*struct{}, error) {
	id, version, err := in.which(in.Condition)
	if err != nil {
		return nil, err
	}
	return nil, a.Incidents.DeleteRule(ctx, accountOf(ctx), id, version)
}

func (p IncidentRulePath) which(c Condition) (id event.ID, version int64, err error) {
	if id, err = pathID(event.PrefixRule, p.ID); err == nil {
		version, err = c.version()
	}
	return id, version, err
}

func (a *server) tryIncidentRule(ctx context.Context, in *struct{ Body raw[IncidentTrialInput] }) (*body[incident.RuleTrial], error) {
	var given struct {
		Rule json.RawMessage `json:"rule"`
		Last *int            `json:"last"`
	}
	if err := json.Unmarshal(in.Body.RawMessage, &given); err != nil {
		return nil, form.Errors{{Message: "must be an object with a rule and a number last"}}
	}
	last := 1000
	if given.Last != nil {
		last = *given.Last
	}
	var errs form.Errors
	if given.Rule == nil {
		errs.Add("rule", "is required")
	}
	if last < 1 || last > incident.MaxTried {
		errs.Add("last", "%s", fmt.Sprintf("must be a whole number from 1 to %d", incident.MaxTried))
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	t, err := a.Incidents.Try(ctx, accountOf(ctx), given.Rule, last)
	return result(t, below(err, "rule"))
}
