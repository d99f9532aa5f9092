package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of the deliveries of an alert.
const (
	// maxDeliveredEvents is how many of an alert's events are looked up in the journal: its first one, and the newest ones
	// that its history names.
	maxDeliveredEvents = 20
	// maxAlertDeliveries is how many deliveries there are in one answer, of an alert.
	maxAlertDeliveries = 500
)

// SharedThing is something that two alerts have in common.
type SharedThing struct {
	Kind  string `json:"kind" enum:"entity,actor,rule" doc:"What it is."`
	Type  string `json:"type,omitempty" doc:"Of an entity: its type." example:"ip"`
	Value string `json:"value" doc:"The entity's value, the actor, or the rule's id or name." example:"203.0.113.7"`
}

// RelatedAlert is an alert with what it has in common with another.
type RelatedAlert struct {
	Alert

	Because []SharedThing `json:"because" doc:"What the two have in common."`
}

// RelatedAlerts are what an alert has something in common with.
type RelatedAlerts struct {
	Items []RelatedAlert `json:"items" doc:"The alerts, the newest first."`
	More  bool           `json:"more,omitempty" doc:"There are others."`
}

// AlertDelivery is a delivery of one of an alert's events.
type AlertDelivery struct {
	Delivery

	IntegrationName string `json:"integration_name,omitempty" doc:"What the integration is called; absent if it was deleted." example:"soc-slack"`
	IntegrationKind string `json:"integration_kind,omitempty" doc:"What it is." example:"slack"`
}

// AlertDeliveries are where an alert's events went.
type AlertDeliveries struct {
	Items  []AlertDelivery `json:"items" doc:"The deliveries, those that got their status last first."`
	Events []string        `json:"events" doc:"The events that they are of, the newest first." example:"[\"evt_01kmb7a2v4e9zr6x3q8w5t0ysd\"]"`
	More   bool            `json:"more,omitempty" doc:"The alert has further events, or there are further deliveries."`
}

// relationOperations are about what belongs to an alert.
func (a *server) relationOperations() {
	register(a, op{
		id: "list-related-alerts", method: http.MethodGet, path: alertsPath + "/{id}/related", tag: tagAlerts, scope: scopeAlerts,
		summary: "List related alerts",
		about: "Alerts that share an entity, the actor or the rule with this one, the newest first, with what they share. Twelve of its entities are looked for, " +
			"those that a sensor observed first, and for each the newest 1,000 alerts are looked at.",
		problems: []int{http.StatusNotFound},
	}, a.listRelatedAlerts)
	register(a, op{
		id: "list-alert-deliveries", method: http.MethodGet, path: alertsPath + "/{id}/deliveries", tag: tagAlerts, scope: scopeDeliveries,
		summary: "List an alert's deliveries",
		about: fmt.Sprintf("Where its events went, and where they stand: of its first event, its last one and those that its history names, at most %d. "+
			"Of an event that the journal does not hold any more there is only what waits or failed.", maxDeliveredEvents),
		problems: []int{http.StatusNotFound},
	}, a.listAlertDeliveries)
	register(a, op{
		id: "list-alert-silences", method: http.MethodGet, path: alertsPath + "/{id}/silences", tag: tagAlerts, scope: scopeAlerts,
		summary: "List an alert's silences",
		about: "The silences in force that are about its newest event, the one that ends last first. One that is for some integrations only names them. " +
			"There are none once the journal does not hold the event any more.",
		problems: []int{http.StatusNotFound},
	}, a.listAlertSilences)
}

func (a *server) listAlertSilences(ctx context.Context, in *AlertPath) (*body[list[Silence]], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	v, err := a.Alerts.Get(ctx, accountOf(ctx), id)
	if err != nil {
		return nil, err
	}
	out := list[Silence]{Items: []Silence{}}
	r, err := a.Deliveries.Event(ctx, accountOf(ctx), v.LastEvent)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return answer(out), nil
	case err != nil:
		return nil, err
	}
	rows, err := a.Silences.About(ctx, accountOf(ctx), r)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		s, err := a.newSilence(row)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, s)
	}
	return answer(out), nil
}

func (a *server) listRelatedAlerts(ctx context.Context, in *struct {
	AlertPath
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"The most alerts to answer with."`
}) (*body[RelatedAlerts], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	related, more, err := a.Alerts.Related(ctx, accountOf(ctx), id, in.Limit)
	if err != nil {
		return nil, err
	}
	out := RelatedAlerts{Items: make([]RelatedAlert, len(related)), More: more}
	for i := range related {
		out.Items[i] = newRelated(&related[i])
	}
	return answer(out), nil
}

func newRelated(r *alerting.Related) RelatedAlert {
	v := RelatedAlert{Alert: newAlert(&r.Alert), Because: make([]SharedThing, len(r.Because))}
	for i, s := range r.Because {
		v.Because[i] = SharedThing(s)
	}
	return v
}

func (a *server) listAlertDeliveries(ctx context.Context, in *AlertPath) (*body[AlertDeliveries], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	alert, err := a.Alerts.Get(ctx, accountOf(ctx), id)
	if err != nil {
		return nil, err
	}
	history, next, err := a.Alerts.History(ctx, accountOf(ctx), id, store.Page{Limit: shownEntries})
	if err != nil {
		return nil, err
	}
	events, more := eventsOf(&alert, history)
	out := AlertDeliveries{Items: []AlertDelivery{}, Events: make([]string, len(events)), More: more || next != ""}
	for i, ev := range events {
		out.Events[i] = ev.Text(event.PrefixEvent)
		views, _, err := a.Deliveries.Deliveries(ctx, accountOf(ctx), deliver.DeliveryFilter{Event: ev}, store.Page{Limit: maxAlertDeliveries})
		if err != nil {
			return nil, err
		}
		for _, v := range views {
			out.Items = append(out.Items, AlertDelivery{Delivery: newDelivery(v)})
		}
	}
	slices.SortStableFunc(out.Items, func(x, y AlertDelivery) int {
		return cmp.Or(y.Since.Compare(x.Since), strings.Compare(x.ID, y.ID))
	})
	if len(out.Items) > maxAlertDeliveries {
		out.Items, out.More = out.Items[:maxAlertDeliveries], true
	}
	return answer(out), a.nameIntegrations(ctx, out.Items)
}

// eventsOf are the events of an alert that deliveries are looked up of, the newest first; more says that it has others that
// are known.
func eventsOf(a *store.Alert, history []store.CaseEntry) (events []event.ID, more bool) {
	seen := map[event.ID]struct{}{{}: {}, a.FirstEvent: {}}
	add := func(id event.ID) {
		if _, known := seen[id]; known {
			return
		}
		seen[id] = struct{}{}
		if more = more || len(events) == maxDeliveredEvents-1; !more {
			events = append(events, id)
		}
	}
	add(a.LastEvent)
	for i := range history {
		add(history[i].Event)
	}
	if !a.FirstEvent.IsZero() {
		events = append(events, a.FirstEvent)
	}
	slices.SortFunc(events, func(x, y event.ID) int { return strings.Compare(string(y[:]), string(x[:])) })
	return events, more
}

// nameIntegrations says what the integrations of deliveries are called.
func (a *server) nameIntegrations(ctx context.Context, list []AlertDelivery) error {
	names := map[string]store.Integration{}
	for i := range list {
		d := &list[i]
		known, asked := names[d.Integration]
		if !asked {
			id, err := event.ParseID(event.PrefixIntegration, d.Integration)
			if err != nil {
				return err
			}
			if known, err = a.Integrations.Get(ctx, accountOf(ctx), id); err != nil && !errors.Is(err, integration.ErrNotFound) {
				return err
			}
			names[d.Integration] = known
		}
		d.IntegrationName, d.IntegrationKind = known.Name, known.Kind
	}
	return nil
}
