package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Incident is an incident as it is shown.
type Incident struct {
	ID             string         `json:"id" doc:"Its number as people and events say it." example:"INC-1042"`
	Number         int64          `json:"incident_number" doc:"Its number in the account, from 1. No number is given twice." example:"1042"`
	Title          string         `json:"title" doc:"One line." example:"3 related alerts: ip:203.0.113.7"`
	Description    string         `json:"description" doc:"More for people."`
	Severity       string         `json:"severity" enum:"info,low,medium,high,critical" doc:"How bad it is."`
	Status         string         `json:"status" enum:"new,active,closed" doc:"Where it stands."`
	Classification string         `json:"classification" doc:"What it was, once it is closed: true_positive, benign_positive, false_positive or undetermined." example:"true_positive"`
	Reason         string         `json:"reason" doc:"Why it was closed."`
	Owner          string         `json:"owner" doc:"Who works on it: an e-mail address; empty: nobody." example:"dana@example.com"`
	Project        string         `json:"project" doc:"The project that it belongs to."`
	Tags           []string       `json:"tags" doc:"Tags."`
	Entities       []event.Entity `json:"entities" doc:"Some of the things that its alerts are about, at most 20."`
	Mitre          []string       `json:"mitre" doc:"Some of the ATT&CK techniques of its alerts, at most 20."`
	AlertsCount    int            `json:"alerts_count" doc:"How many alerts are under it." example:"3"`
	Rule           string         `json:"rule,omitempty" doc:"The rule that made it, if one did." example:"rul_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	RuleKey        string         `json:"rule_key,omitempty" doc:"What the rule brought together." example:"ip:203.0.113.7"`
	URL            string         `json:"url" doc:"Where people read about it." example:"https://tocsin.example.com/incidents/INC-1042"`
	CreatedAt      time.Time      `json:"created_at" doc:"When it was made."`
	UpdatedAt      time.Time      `json:"updated_at" doc:"When it changed last."`
	ClosedAt       time.Time      `json:"closed_at,omitzero" doc:"When it was closed."`
	Version        int64          `json:"version" doc:"Grows with each change; it is the ETag." example:"1"`
	Tickets        []Ticket       `json:"tickets,omitempty" doc:"What other systems keep for it; in the answer for one incident."`
}

// IncidentInput is an incident as it is made.
type IncidentInput struct {
	Title       string   `json:"title,omitempty" maxLength:"500" doc:"One line; left out: the title of the first alert." example:"Account takeover"`
	Description string   `json:"description,omitempty" doc:"More for people."`
	Severity    string   `json:"severity,omitempty" enum:"info,low,medium,high,critical" doc:"Left out: the highest of its alerts, or medium without any."`
	Owner       string   `json:"owner,omitempty" doc:"An e-mail address."`
	Project     string   `json:"project,omitempty" doc:"Left out: that of its alerts, if they have the same."`
	Tags        []string `json:"tags,omitempty" doc:"Tags, at most 50."`
	Alerts      []string `json:"alerts,omitempty" doc:"Alerts that come under it, at most 500. One that is under another incident moves." example:"[\"alr_01kmb7a2v4e9zr6x3q8w5t0ysd\"]"`
	Status      string   `json:"status,omitempty" enum:"new,active,closed" doc:"Left out: new."`

	Classification string `json:"classification,omitempty" enum:"true_positive,benign_positive,false_positive,undetermined" doc:"With the status closed: what it was."`
	Reason         string `json:"reason,omitempty" doc:"With the status closed: why."`
}

// IncidentPatch is a change of an incident.
type IncidentPatch struct {
	Title          string   `json:"title,omitempty" maxLength:"500" doc:"One line."`
	Description    string   `json:"description,omitempty" doc:"More for people."`
	Severity       string   `json:"severity,omitempty" enum:"info,low,medium,high,critical" doc:"How bad it is."`
	Status         string   `json:"status,omitempty" enum:"new,active,closed" doc:"closed asks for a classification; any other status takes classification and reason away."`
	Classification string   `json:"classification,omitempty" enum:"true_positive,benign_positive,false_positive,undetermined" doc:"What it was."`
	Reason         string   `json:"reason,omitempty" doc:"Why it is closed."`
	Owner          string   `json:"owner,omitempty" doc:"An e-mail address; null or empty: nobody."`
	Project        string   `json:"project,omitempty" doc:"The project."`
	Tags           []string `json:"tags,omitempty" doc:"All tags, at most 50."`
}

// IncidentPath names an incident in a path.
type IncidentPath struct {
	Number string `path:"number" maxLength:"20" doc:"The incident: INC-12, or 12." example:"INC-12"`
}

// number reads it. What is no number cannot be found.
func (p IncidentPath) number() (int64, error) {
	if n := incident.ParseNumber(p.Number); n > 0 {
		return n, nil
	}
	return 0, incident.ErrNotFound
}

// incidentView is an incident as the caller sees it.
func (a *server) incidentView(ctx context.Context, i store.Incident) Incident {
	out := Incident{
		ID: incident.Number(i.Number), Number: i.Number, Title: i.Title, Description: i.Description, Severity: i.Severity.String(), Status: i.Status,
		Classification: i.Classification, Reason: i.Reason, Owner: i.Owner, Project: i.Project, Tags: orEmpty(i.Tags), Entities: orEmpty(i.Entities),
		Mitre: orEmpty(i.Mitre), AlertsCount: i.Alerts, RuleKey: i.RuleKey, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, ClosedAt: i.ClosedAt,
		Version: i.Version, Rule: idOrEmpty(event.PrefixRule, i.Rule), URL: a.Incidents.URL(i.Number),
	}
	if out.URL == "" {
		out.URL = clientOf(ctx).origin + "/incidents/" + out.ID
	}
	return out
}

type incidentAnswer struct {
	ETag     string `header:"ETag" doc:"The version; send it back as If-Match."`
	Location string `header:"Location" doc:"Where a new incident is."`
	Body     Incident
}

func (a *server) incidentAnswer(ctx context.Context, i store.Incident, err error) (*incidentAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &incidentAnswer{ETag: etag(i.Version), Body: a.incidentView(ctx, i)}, nil
}

const incidentsBase = "/api/v1/incidents"

func (a *server) incidentOperations() {
	const one = incidentsBase + "/{number}"
	gone := []int{http.StatusNotFound}
	register(a, op{
		id: "list-incidents", method: http.MethodGet, path: incidentsBase, tag: tagIncidents, scope: scopeIncidents,
		summary: "List incidents",
		about: "The newest first. To follow incidents from outside, ask again and again with updated_since and the time of the last answer, less some overlap: " +
			"an incident that changed comes again, with a higher version. Or subscribe an integration to incident.*, which asks nobody.",
	}, a.listIncidents)
	register(a, op{
		id: "create-incident", method: http.MethodPost, path: incidentsBase, tag: tagIncidents, scope: scopeIncidentsWrite, act: "incident.create",
		summary: "Create an incident", status: http.StatusCreated, ownBody: true,
		body:  object{{"title", "Account takeover"}, {"severity", "high"}, {"owner", "dana@example.com"}},
		about: "Of alerts, or of nothing but a title. incident.created says so to integrations.",
	}, a.createIncident)
	register(a, op{
		id: "get-incident", method: http.MethodGet, path: one, tag: tagIncidents, scope: scopeIncidents,
		summary: "Get an incident", about: "One incident with its tickets and its ETag.", problems: gone,
	}, a.getIncident)
	register(a, op{
		id: "update-incident", method: http.MethodPatch, path: one, tag: tagIncidents, scope: scopeIncidentsWrite, act: "incident.update",
		summary: "Change an incident", ownBody: true,
		about: "A JSON merge patch: what is left out stays, null removes. Closing asks for a classification (true_positive, benign_positive, false_positive, undetermined); reopening takes it away.",
		body:  object{{"status", "closed"}, {"classification", "true_positive"}, {"reason", "Password reset, sessions ended."}}, problems: []int{http.StatusNotFound, http.StatusPreconditionFailed},
	}, a.updateIncident)
	register(a, op{
		id: "note-incident", method: http.MethodPost, path: one + "/notes", tag: tagIncidents, scope: scopeIncidentsWrite, act: "incident.note",
		summary: "Add a note", about: "It stands in the timeline, and goes to integrations.", body: object{{"text", "Talked to Alice: it was not her."}}, problems: gone,
	}, a.noteIncident)
	register(a, op{
		id: "get-incident-timeline", method: http.MethodGet, path: one + "/timeline", tag: tagIncidents, scope: scopeIncidents,
		summary: "Read an incident's timeline", about: "Everything that happened to it, the oldest first.", problems: gone,
	}, a.incidentTimeline)
	a.incidentAlertOperations(one)
	a.attachmentOperations(one)
	a.incidentRuleOperations()
}

func (a *server) incidentAlertOperations(one string) {
	register(a, op{
		id: "list-incident-alerts", method: http.MethodGet, path: one + "/alerts", tag: tagIncidents, scope: scopeIncidents,
		summary: "List an incident's alerts", about: "The alerts under it, the ones last seen first.", problems: []int{http.StatusNotFound},
	}, a.incidentAlerts)
	register(a, op{
		id: "link-incident-alerts", method: http.MethodPost, path: one + "/alerts", tag: tagIncidents, scope: scopeIncidentsWrite, act: "incident.link",
		summary: "Put alerts under an incident", about: "An alert is under one incident at most: one that is under another moves. The incident becomes as severe as its most severe alert.",
		body: object{{"alerts", []string{"alr_01kmb7a2v4e9zr6x3q8w5t0ysd"}}}, problems: []int{http.StatusNotFound, http.StatusConflict},
	}, a.linkIncident)
	register(a, op{
		id: "unlink-incident-alert", method: http.MethodDelete, path: one + "/alerts/{id}", tag: tagIncidents, scope: scopeIncidentsWrite, act: "incident.unlink",
		summary: "Take an alert out of an incident", status: http.StatusNoContent, about: "One that is not under it is left as it is.", problems: []int{http.StatusNotFound},
	}, a.unlinkIncident)
}

func (a *server) createIncident(ctx context.Context, in *struct{ Body raw[IncidentInput] }) (*incidentAnswer, error) {
	i, err := a.Incidents.Create(ctx, accountOf(ctx), in.Body.RawMessage)
	out, err := a.incidentAnswer(ctx, i, err)
	if err != nil {
		return nil, err
	}
	out.Location = incidentsBase + "/" + out.Body.ID
	return out, nil
}

func (a *server) getIncident(ctx context.Context, in *IncidentPath) (*incidentAnswer, error) {
	number, err := in.number()
	if err != nil {
		return nil, err
	}
	i, err := a.Incidents.Get(ctx, accountOf(ctx), number)
	out, err := a.incidentAnswer(ctx, i, err)
	if err != nil {
		return nil, err
	}
	tickets, err := a.Incidents.Tickets(ctx, accountOf(ctx), number)
	out.Body.Tickets = newTickets(tickets)
	return out, err
}

func (a *server) updateIncident(ctx context.Context, in *struct {
	IncidentPath
	Condition
	Body raw[IncidentPatch]
}) (*incidentAnswer, error) {
	number, err := in.number()
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	i, err := a.Incidents.Update(ctx, accountOf(ctx), number, version, in.Body.RawMessage)
	return a.incidentAnswer(ctx, i, err)
}

func (a *server) noteIncident(ctx context.Context, in *struct {
	IncidentPath
	Body struct {
		Text string `json:"text" doc:"The note, at most 16 KiB." example:"Talked to Alice: it was not her."`
	} `nameHint:"IncidentNote"`
}) (*incidentAnswer, error) {
	number, err := in.number()
	if err != nil {
		return nil, err
	}
	i, err := a.Incidents.Note(ctx, accountOf(ctx), number, in.Body.Text)
	return a.incidentAnswer(ctx, i, err)
}

// IncidentLine is one line of a timeline.
type IncidentLine struct {
	ID      string               `json:"id" doc:"Its id." example:"not_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	At      time.Time            `json:"at" doc:"When it happened."`
	Verb    string               `json:"verb" doc:"What was done: create, update, acknowledge, resolve, reopen, assign, note, rate, link, attach or detach." example:"note"`
	By      string               `json:"by,omitempty" doc:"By whom: a person, a key, a rule." example:"dana@example.com"`
	Via     string               `json:"via,omitempty" doc:"Through what: api, console, rule, or an integration." example:"console"`
	Note    string               `json:"note,omitempty" doc:"What was written with it."`
	Changed map[string][2]string `json:"changed,omitempty" doc:"What changed: before and after. Of alerts: those that left and those that came."`
	Event   string               `json:"event,omitempty" doc:"The event that told integrations." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func (a *server) incidentTimeline(ctx context.Context, in *struct {
	IncidentPath
	Paging
}) (*body[list[IncidentLine]], error) {
	number, err := in.number()
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Incidents.Timeline(ctx, accountOf(ctx), number, in.page())
	if err != nil {
		return nil, err
	}
	l := list[IncidentLine]{Items: make([]IncidentLine, len(rows)), Next: next}
	for i, e := range rows {
		l.Items[i] = IncidentLine{
			ID: e.ID.Text(event.PrefixNote), At: e.At, Verb: e.Change.Verb, By: e.Change.By, Via: e.Change.Via, Note: e.Change.Note,
			Changed: e.Change.Changed, Event: idOrEmpty(event.PrefixEvent, e.Event),
		}
	}
	return answer(l), nil
}

// IncidentAlert is an alert as the list of an incident's alerts shows it.
type IncidentAlert struct {
	ID        string    `json:"id" doc:"Its id." example:"alr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Title     string    `json:"title" doc:"One line."`
	Severity  string    `json:"severity" doc:"How bad it is." example:"high"`
	Status    string    `json:"status" doc:"open, acknowledged or resolved." example:"open"`
	AlertType string    `json:"alert_type,omitempty" doc:"Its kind." example:"brute_force"`
	Project   string    `json:"project,omitempty" doc:"Its project."`
	Source    string    `json:"source,omitempty" doc:"What sent it." example:"okta/okta"`
	Count     uint64    `json:"count" doc:"How many events it stands for."`
	FirstSeen time.Time `json:"first_seen,omitzero" doc:"When the first of them happened."`
	LastSeen  time.Time `json:"last_seen,omitzero" doc:"When the last of them happened."`
}

func (a *server) incidentAlerts(ctx context.Context, in *struct {
	IncidentPath
	Paging
}) (*body[list[IncidentAlert]], error) {
	number, err := in.number()
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Incidents.Alerts(ctx, accountOf(ctx), number, in.page())
	if err != nil {
		return nil, err
	}
	l := list[IncidentAlert]{Items: make([]IncidentAlert, len(rows)), Next: next}
	for i, r := range rows {
		l.Items[i] = IncidentAlert{
			ID: r.ID.Text(event.PrefixAlert), Title: r.Title, Severity: r.Severity.String(), Status: r.Status, AlertType: r.AlertType, Project: r.Project,
			Source: r.Source, Count: r.Count, FirstSeen: r.FirstSeen, LastSeen: r.LastSeen,
		}
	}
	return answer(l), nil
}

func (a *server) linkIncident(ctx context.Context, in *struct {
	IncidentPath
	Body struct {
		Alerts []string `json:"alerts" maxItems:"500" doc:"The alerts." example:"[\"alr_01kmb7a2v4e9zr6x3q8w5t0ysd\"]"`
	} `nameHint:"IncidentLink"`
}) (*incidentAnswer, error) {
	number, err := in.number()
	if err != nil {
		return nil, err
	}
	i, err := a.Incidents.Link(ctx, accountOf(ctx), number, in.Body.Alerts)
	return a.incidentAnswer(ctx, i, err)
}

func (a *server) unlinkIncident(ctx context.Context, in *struct {
	IncidentPath
	ID string `path:"id" maxLength:"64" doc:"The alert's id." example:"alr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}) (*struct{}, error) {
	number, err := in.number()
	if err != nil {
		return nil, err
	}
	id, err := pathID(event.PrefixAlert, in.ID)
	if err != nil {
		return nil, err
	}
	_, err = a.Incidents.Unlink(ctx, accountOf(ctx), number, id)
	return nil, err
}
