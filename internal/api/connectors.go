package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Connector is one entry of the catalogue.
type Connector struct {
	Kind         string     `json:"kind" doc:"Its stable name." example:"webhook"`
	Title        string     `json:"title" doc:"Its name for people." example:"Webhook"`
	Summary      string     `json:"summary" doc:"What it does, in one sentence." example:"Posts events to any HTTP endpoint, signed, one at a time or in batches."`
	Category     string     `json:"category" doc:"Where the catalogue shows it." example:"webhook"`
	Group        string     `json:"group" enum:"response_actions,data_export,notifications,ticketing,testing" doc:"The group of settings that people look for it in; it follows from the category." example:"data_export"`
	Capabilities []string   `json:"capabilities" doc:"What it can do: send (one event a request), batch (many), test (prove the credentials without alerting anybody), callback (the vendor calls), reconcile (its side is looked at from time to time), digest (its settings may ask for digests), block (it keeps addresses out: integrations of the kind are responders). Without send and batch it receives no events, and has no subscription." example:"[\"send\",\"batch\",\"test\"]"`
	Auth         string     `json:"auth" doc:"How it authenticates." example:"Any headers, secret or not; an HMAC-SHA256 signature."`
	Retry        string     `json:"retry" doc:"How it retries and deduplicates." example:"408, 425, 429, 5xx and network faults are tried again."`
	Ownership    string     `json:"ownership" doc:"Whose the payload is and what it holds." example:"The payload is Tocsin's own envelope; the receiver is yours."`
	Grade        string     `json:"grade" enum:"accepted,confirmed,unverifiable" doc:"How sure a successful delivery is, by default: the vendor took it, or it arrived for certain."`
	GradeVaries  bool       `json:"grade_varies" doc:"Whether settings decide the grade; an integration's stats have its own."`
	Order        string     `json:"order" enum:"by_key,none" doc:"The default of delivery.order."`
	Locked       bool       `json:"locked" doc:"Whether the account's plan does not have it." example:"false"`
	Plans        []string   `json:"plans,omitempty" doc:"With locked: the plans that have it, the cheapest first." example:"[\"business\"]"`
	DocsURL      string     `json:"docs_url,omitempty" doc:"The vendor's own page." example:"https://www.standardwebhooks.com/"`
	Settings     jsonObject `json:"settings,omitempty" doc:"JSON Schema (2020-12) of settings. x-secret marks secrets, x-order the order of the fields. Only in the answer for one connector." example:"{\"type\":\"object\",\"properties\":{\"url\":{\"type\":\"string\",\"format\":\"uri\"}}}"`
	Delivery     jsonObject `json:"delivery,omitempty" doc:"JSON Schema of delivery, with this connector's defaults. Only in the answer for one connector." example:"{\"type\":\"object\"}"`
	SettingsDocs string     `json:"settings_docs,omitempty" doc:"The settings as a Markdown table. Only in the answer for one connector." example:"| setting | what it is | type | default |"`
	Guide        string     `json:"guide,omitempty" doc:"The setup guide, as Markdown. Only in the answer for one connector." example:"# Webhook"`
}

func newConnector(d connector.Definition) Connector {
	c := Connector{
		Kind: d.Kind.Name, Title: d.Kind.Title, Summary: d.Kind.Summary, Category: d.Kind.Category, Group: d.Kind.Group(), Auth: d.Kind.Auth,
		Retry: d.Kind.Retry, Ownership: d.Kind.Ownership, DocsURL: d.Kind.DocsURL,
		Grade: string(d.Kind.Grade()), GradeVaries: d.Grades, Order: connector.OrderNone, Capabilities: []string{},
	}
	if d.Kind.OrderedByKey {
		c.Order = connector.OrderByKey
	}
	for _, capability := range []struct {
		name string
		has  bool
	}{{"send", d.Single}, {"batch", d.Batch}, {"test", d.Tests}, {"callback", d.CallsBack}, {"reconcile", d.Reconciles}, {"digest", d.Digests}, {"block", d.Blocks}} {
		if capability.has {
			c.Capabilities = append(c.Capabilities, capability.name)
		}
	}
	return c
}

// full adds what only the answer for one connector holds.
func (c Connector) full(d connector.Definition) Connector {
	c.Settings = jsonObject(form.Schema(d.Settings()))
	c.Delivery = jsonObject(form.Schema(connector.NewPolicyForm(d.Kind)))
	c.SettingsDocs = form.Docs(d.Settings())
	c.Guide = d.Kind.Readme
	return c
}

// EventType is one entry of the catalogue of event types.
type EventType struct {
	Name        string     `json:"name" doc:"The type." example:"alert.created"`
	Category    string     `json:"category" doc:"Where it belongs." example:"alert"`
	Description string     `json:"description" doc:"When it happens." example:"A detection has raised a new alert."`
	Severity    string     `json:"severity" enum:"info,low,medium,high,critical" doc:"What an event of this type gets when it brings none."`
	Sample      jsonObject `json:"sample" doc:"An event of this type." example:"{\"type\":\"alert.created\",\"title\":\"Ten failed logins, then a success\"}"`
}

// AlertType is one entry of the registry of alert types.
type AlertType struct {
	Name        string `json:"name" doc:"The alert type." example:"impossible_travel"`
	Category    string `json:"category" doc:"Where it belongs." example:"behavioral"`
	Description string `json:"description" doc:"What it means." example:"Two sign-ins too far apart for the time between them."`
	Severity    string `json:"severity" enum:"info,low,medium,high,critical" doc:"How severe it usually is."`
	Mitre       string `json:"mitre,omitempty" doc:"The technique of ATT&CK that it usually stands for." example:"T1078"`
}

func (a *server) connectorOperations() {
	register(a, op{
		id: "list-connectors", method: http.MethodGet, path: "/api/v1/connectors", tag: tagConnectors, scope: scopeAny,
		summary: "List connectors", about: "Everything that an integration can be made of, by kind.",
	}, a.listConnectors)
	register(a, op{
		id: "get-connector", method: http.MethodGet, path: "/api/v1/connectors/{kind}", tag: tagConnectors, scope: scopeAny,
		summary: "Get a connector", about: "One connector with the JSON Schema of its settings and its setup guide.",
		problems: []int{http.StatusNotFound},
	}, a.getConnector)
	register(a, op{
		id: "list-event-types", method: http.MethodGet, path: "/api/v1/event-types", tag: tagEvents, scope: scopeAny,
		summary: "List event types",
		about:   "The catalogue of event types, with a sample of each. Other well-formed types are accepted too; their category is other.",
	}, a.listEventTypes)
	register(a, op{
		id: "list-alert-types", method: http.MethodGet, path: "/api/v1/alert-types", tag: tagEvents, scope: scopeAny,
		summary: "List alert types",
		about:   "What is known about values of the field alert_type. Others are accepted too; their category is other.",
	}, a.listAlertTypes)
}

func (a *server) listConnectors(ctx context.Context, _ *struct{}) (*body[list[Connector]], error) {
	l := list[Connector]{Items: []Connector{}}
	for _, kind := range sortedKeys(a.Catalogue) {
		l.Items = append(l.Items, a.connector(ctx, a.Catalogue[kind]))
	}
	return answer(l), nil
}

// connector shows a connector with its lock.
func (a *server) connector(ctx context.Context, d connector.Definition) Connector {
	c := newConnector(d)
	if err := a.Plans.CheckKind(accountOf(ctx), d.Kind.Name); err != nil {
		c.Locked, c.Plans = true, a.Plans.PlansWith(d.Kind.Name)
	}
	return c
}

func (a *server) getConnector(ctx context.Context, in *struct {
	Kind string `path:"kind" maxLength:"64" doc:"The connector's kind." example:"webhook"`
}) (*body[Connector], error) {
	d, ok := a.Catalogue[in.Kind]
	if !ok {
		return nil, problem(http.StatusNotFound, fmt.Sprintf("there is no connector of kind %.64q; there are %s",
			in.Kind, strings.Join(sortedKeys(a.Catalogue), ", ")))
	}
	return answer(a.connector(ctx, d).full(d)), nil
}

func (a *server) listAlertTypes(context.Context, *struct{}) (*body[list[AlertType]], error) {
	l := list[AlertType]{Items: []AlertType{}}
	for _, t := range event.AlertTypes() {
		l.Items = append(l.Items, AlertType{t.Name, t.Category, t.Description, t.Severity.String(), t.Mitre})
	}
	return answer(l), nil
}

func (a *server) listEventTypes(context.Context, *struct{}) (*body[list[EventType]], error) {
	l := list[EventType]{Items: []EventType{}}
	for _, t := range event.Types() {
		l.Items = append(l.Items, EventType{t.Name, t.Category, t.Description, t.Severity.String(), jsonObject(t.Sample)})
	}
	return answer(l), nil
}
