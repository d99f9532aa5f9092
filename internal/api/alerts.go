package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const alertsPath = "/api/v1/alerts"

// shownEntries is how much of its history an alert is shown with.
const shownEntries = 100

// Tickets gives what other systems keep for an alert or an incident; the store is one.
type Tickets interface {
	TicketsOf(ctx context.Context, account event.Account, subject string) ([]store.Ticket, error)
}

// AlertPath names an alert in a path.
type AlertPath struct {
	ID string `path:"id" maxLength:"64" doc:"The alert's id." example:"alr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func (p AlertPath) id() (event.ID, error) { return pathID(event.PrefixAlert, p.ID) }

func (a *server) alertOperations() {
	register(a, op{
		id: "list-alerts", method: http.MethodGet, path: alertsPath, tag: tagAlerts, scope: scopeAlerts,
		summary: "List alerts",
		about: "The queue: what the alert.* events of one dedup key fold into, the newest first. With facets=true also how many there are by value. " +
			"With q, entity, tag, rule or mitre the newest 10,000 alerts that have it are looked at; approximate says that there are others.",
	}, a.listAlerts)
	register(a, op{
		id: "get-alert", method: http.MethodGet, path: alertsPath + "/{id}", tag: tagAlerts, scope: scopeAlerts,
		summary: "Get an alert", about: "One alert with its history, its tickets and its ETag.", problems: []int{http.StatusNotFound},
	}, a.getAlert)
	register(a, op{
		id: "list-alert-history", method: http.MethodGet, path: alertsPath + "/{id}/history", tag: tagAlerts, scope: scopeAlerts,
		summary: "List an alert's history", about: "What happened to it, the newest first. Events that only repeat it are one entry. The last 1,000 entries are kept.",
		problems: []int{http.StatusNotFound},
	}, a.listAlertHistory)
	for _, c := range alertChanges {
		register(a, op{
			id: c.id, method: http.MethodPost, path: alertsPath + "/{id}/" + c.path, tag: tagAlerts, scope: scopeAlertsWrite, act: "alert." + string(c.verb),
			summary: c.summary, about: c.about + " It is answered with the alert; one that changes nothing is answered so, too, and nothing is said of it.",
			body: c.body, problems: []int{http.StatusNotFound, http.StatusPreconditionFailed},
		}, a.changeAlert(c.verb))
	}
	register(a, op{
		id: "change-alerts", method: http.MethodPost, path: alertsPath + "/bulk", tag: tagAlerts, scope: scopeAlertsWrite, act: "alert.bulk",
		summary: "Change many alerts",
		about: fmt.Sprintf("One change of the alerts that are named (at most %d), or of those that a filter lets through: the newest %d at most, more says that there are others. "+
			"The answer has a result for each.", alerting.MaxBulkIDs, alerting.MaxBulk),
		body: object{{"filter", object{{"status", []string{"open"}}, {"alert_type", []string{"port_scan"}}}}, {"action", "resolve"}, {"text", "A planned scan."}},
	}, a.changeAlerts)
}

// alertChanges are the changes that can be made of one alert.
var alertChanges = []struct {
	id, path, summary, about string
	verb                     connector.Verb
	body                     any
}{
	{"acknowledge-alert", "acknowledge", "Acknowledge an alert", "Somebody has taken it on. What is resolved stays so.", connector.Acknowledge,
		object{{"text", "Looking into it."}}},
	{"resolve-alert", "resolve", "Resolve an alert", "It is over. A later event of its key opens it again.", connector.Resolve,
		object{{"text", "Password reset, sessions ended."}}},
	{"reopen-alert", "reopen", "Reopen an alert", "It is not over.", connector.Reopen, object{{"text", "It came back."}}},
	{"assign-alert", "assign", "Assign an alert", "Gives it to somebody, or with an empty assignee to nobody.", connector.Assign,
		object{{"assignee", "dana@example.com"}}},
	{"note-alert", "note", "Write a note to an alert", "The note is part of its history.", connector.Note, object{{"text", "The user confirms the trip."}}},
	{"rate-alert", "severity", "Set an alert's severity", "It holds, whatever later events say, until the alert is reopened.", connector.Rate,
		object{{"severity", "low"}, {"text", "A test system."}}},
}

func (a *server) listAlerts(ctx context.Context, in *struct {
	Paging
	AlertFilter
	DedupKey string `query:"dedup_key" maxLength:"1024" doc:"The alert of this key, and none if there is none; other filters do not hold then." example:"brute-force/203.0.113.7"`
	Sort     string `query:"sort" enum:"last_seen,first_seen,severity,risk" default:"last_seen" doc:"The order: the newest, the most severe (then the newest), or the riskiest first."`
	Facets   bool   `query:"facets" doc:"Also count by status, severity, alert_type, project, source, assignee, country and technique."`
}) (*body[AlertList], error) {
	if in.DedupKey != "" {
		return a.alertOfKey(ctx, in.DedupKey)
	}
	f, err := in.read(accountOf(ctx), "query")
	if err != nil {
		return nil, err
	}
	page, err := a.Alerts.List(ctx, accountOf(ctx), store.AlertQuery{Filter: f, Sort: store.AlertSort(in.Sort), Page: in.page(), Facets: in.Facets})
	if err != nil {
		return nil, err
	}
	out := AlertList{Items: make([]Alert, len(page.Alerts)), Next: page.Next, Approximate: page.Approximate, Facets: newFacets(page.Facets)}
	for i := range page.Alerts {
		out.Items[i] = newAlert(&page.Alerts[i])
	}
	return answer(out), nil
}

// alertOfKey is a list of the alert of a key.
func (a *server) alertOfKey(ctx context.Context, key string) (*body[AlertList], error) {
	out := AlertList{Items: []Alert{}}
	v, err := a.Alerts.Get(ctx, accountOf(ctx), event.AlertID(accountOf(ctx), key))
	switch {
	case err == nil:
		out.Items = append(out.Items, newAlert(&v))
	case !isNotFound(err):
		return nil, err
	}
	return answer(out), nil
}

type alertAnswer struct {
	ETag string `header:"ETag" doc:"The version; send it back as If-Match."`
	Body Alert
}

func (a *server) getAlert(ctx context.Context, in *AlertPath) (*alertAnswer, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	v, err := a.Alerts.Get(ctx, accountOf(ctx), id)
	if err != nil {
		return nil, err
	}
	history, _, err := a.Alerts.History(ctx, accountOf(ctx), id, store.Page{Limit: shownEntries})
	if err != nil {
		return nil, err
	}
	tickets, err := a.Tickets.TicketsOf(ctx, accountOf(ctx), id.Text(event.PrefixAlert))
	if err != nil {
		return nil, err
	}
	return &alertAnswer{ETag: etag(v.Version), Body: newWholeAlert(&v, history, tickets)}, nil
}

func (a *server) listAlertHistory(ctx context.Context, in *struct {
	AlertPath
	Paging
}) (*body[list[AlertEntry]], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	entries, next, err := a.Alerts.History(ctx, accountOf(ctx), id, in.page())
	if err != nil {
		return nil, err
	}
	l := list[AlertEntry]{Items: make([]AlertEntry, len(entries)), Next: next}
	for i := range entries {
		l.Items[i] = newAlertEntry(&entries[i])
	}
	return answer(l), nil
}

// AlertChange is what is to be done.
type AlertChange struct {
	Text     string `json:"text,omitempty" maxLength:"4096" doc:"A note, or why."`
	Assignee string `json:"assignee,omitempty" maxLength:"254" doc:"Of assign: an e-mail address; empty is nobody." example:"dana@example.com"`
	Severity string `json:"severity,omitempty" enum:"info,low,medium,high,critical" doc:"Of severity: the new one."`
}

// change is the change in the name of the caller.
func (c *AlertChange) change(ctx context.Context, verb connector.Verb, key string) (alerting.Change, error) {
	if c == nil {
		c = &AlertChange{}
	}
	who := callerOf(ctx)
	out := alerting.Change{ID: key, Verb: verb, Text: c.Text, Assignee: c.Assignee, By: who.Name, Via: "api"}
	if who.Kind == act.KindUser {
		out.Via = "console"
	}
	if key != "" {
		out.ID = who.ID + "/" + key // another caller's key is another
	}
	if verb == connector.Rate {
		severity, ok := event.ParseSeverity(c.Severity)
		if !ok || c.Severity == "" {
			f := fieldError("body.severity", "is required")
			return out, problem(http.StatusUnprocessableEntity, summary([]FieldError{f}), f)
		}
		out.Severity = severity
	}
	return out, nil
}

// Once makes a change be made once.
type Once struct {
	Key string `header:"Idempotency-Key" maxLength:"256" doc:"A change that is sent again with the same key is made once." example:"7f3c"`
}

// changeAlert is the handler of one verb.
func (a *server) changeAlert(verb connector.Verb) func(ctx context.Context, in *struct {
	AlertPath
	Condition
	Once
	Body *AlertChange
}) (*alertAnswer, error) {
	return func(ctx context.Context, in *struct {
		AlertPath
		Condition
		Once
		Body *AlertChange
	}) (*alertAnswer, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		version, err := in.version()
		if err != nil {
			return nil, err
		}
		c, err := in.Body.change(ctx, verb, in.Key)
		if err != nil {
			return nil, err
		}
		v, _, err := a.Alerts.ApplyTo(ctx, accountOf(ctx), id, version, c)
		if err != nil {
			return nil, err
		}
		return &alertAnswer{ETag: etag(v.Version), Body: newAlert(&v)}, nil
	}
}
