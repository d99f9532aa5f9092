package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Event is an event in its canonical form: the bytes that destinations get.
type Event json.RawMessage

// MarshalJSON writes the event as it is.
func (e Event) MarshalJSON() ([]byte, error) { return json.RawMessage(e).MarshalJSON() }

// Schema is that of the envelope, with what the hub adds.
func (Event) Schema(r huma.Registry) *huma.Schema {
	const name = "Event"
	if r.Map()[name] == nil {
		props := eventProperties(r)
		for field, s := range map[string]*huma.Schema{
			"id":          {Type: huma.TypeString, Description: "The event's id."},
			"account":     {Type: huma.TypeString, Description: "The account it belongs to."},
			"received_at": {Type: huma.TypeString, Format: "date-time", Description: "When the hub took it in."},
			"raw":         {Type: huma.TypeString, Description: "The sender's bytes, in the answer for one event."},
			"raw_base64":  {Type: huma.TypeString, Description: "The sender's bytes in base64, where they are not UTF-8 text."},
		} {
			props[field] = s
		}
		r.Map()[name] = &huma.Schema{
			Type: huma.TypeObject, Properties: props, AdditionalProperties: true,
			Required: []string{"id", "account", "received_at", "type", "time", "severity"}, Examples: []any{exampleStored()},
		}
	}
	return &huma.Schema{Ref: "#/components/schemas/" + name}
}

// aboutFields describes the envelope's fields.
var aboutFields = map[string]string{
	"type":         "What happened: two to four dotted parts, such as alert.created.",
	"time":         "When it happened; the time of receipt if it is left out.",
	"severity":     "info, low, medium, high or critical; the type's default if it is left out.",
	"title":        "One line for people.",
	"description":  "More for people.",
	"project":      "The named scope that it belongs to.",
	"alert_type":   "The kind of alert, such as brute_force.",
	"dedup_key":    "Events of one key are about the same thing.",
	"ordering_key": "Events of one key are delivered in order where the integration asks for it.",
	"incident":     "The incident that it belongs to.",
	"endpoint":     "The endpoint that was called.",
	"rule":         "The detection that fired.",
	"mitre":        "ATT&CK techniques.",
	"risk_score":   "0 to 100.",
	"status":       "The alert's status.",
	"actor":        "Who did it.",
	"entities":     "The things that it is about.",
	"geo":          "Where it came from.",
	"network":      "What is known of the network it came from.",
	"tags":         "Tags.",
	"labels":       "Named values.",
	"tlp":          "Traffic Light Protocol.",
	"url":          "Where to read more.",
	"source":       "What sent it; source.id is the sender's own id.",
	"data":         "Everything else.",
}

func eventProperties(r huma.Registry) map[string]*huma.Schema {
	s := huma.SchemaFromType(r, typeOf[event.Event]())
	for name, p := range s.Properties {
		p.Description = aboutFields[name]
		if name == "geo" || name == "network" || name == "data" {
			p.Type, p.AdditionalProperties = huma.TypeObject, true
		}
	}
	s.Properties["severity"].Enum = []any{"info", "low", "medium", "high", "critical"}
	return s.Properties
}

func exampleEvent() any {
	return object{
		{"type", "alert.created"}, {"severity", "high"}, {"title", "Ten failed logins, then a success"},
		{"project", "production-api"}, {"alert_type", "brute_force"}, {"dedup_key", "brute-force/203.0.113.7"},
		{"entities", []any{object{{"type", "ip"}, {"value", "203.0.113.7"}, {"role", "source"}, {"observed", true}}}},
		{"source", object{{"vendor", "example"}, {"product", "waf"}, {"id", "a-4711"}}},
	}
}

func exampleStored() any {
	o := object{
		{"id", "evt_01kmb7a2v4e9zr6x3q8w5t0ysd"}, {"account", "default"}, {"received_at", "2026-03-14T09:26:53.5Z"},
		{"time", "2026-03-14T09:26:53.5Z"},
	}
	return append(o, exampleEvent().(object)...)
}

func (a *server) eventOperations() {
	register(a, op{
		id: "list-events", method: http.MethodGet, path: "/api/v1/events", tag: tagEvents, scope: scopeEvents,
		summary: "List recent events",
		about:   "The newest events first, from an index of the last ones; older ones can still be had by their id while the journal keeps them.",
	}, a.listEvents)
	register(a, op{
		id: "get-event", method: http.MethodGet, path: "/api/v1/events/{id}", tag: tagEvents, scope: scopeEvents,
		summary: "Get an event", about: "The event in its canonical form, and in raw what its sender sent, byte for byte.",
		problems: []int{http.StatusNotFound},
	}, a.getEvent)
}

func (a *server) listEvents(ctx context.Context, in *struct {
	Paging
	Type     string    `query:"type" maxLength:"2000" doc:"Only these types: names, prefixes such as alert.*, separated by commas." example:"alert.*"`
	Severity string    `query:"severity" enum:"info,low,medium,high,critical" doc:"Only events at least this severe."`
	Project  string    `query:"project" maxLength:"256" doc:"Only events of this project."`
	Since    time.Time `query:"since" doc:"Only events received from this time on."`
	Until    time.Time `query:"until" doc:"Only events received before this time."`
}) (*body[list[Event]], error) {
	f := deliver.EventFilter{Project: in.Project, Since: in.Since, Until: in.Until}
	f.MinSeverity, _ = event.ParseSeverity(in.Severity)
	types, err := typeFiltersOf("type", in.Type)
	if err != nil {
		return nil, err
	}
	f.Types = types
	records, next, err := a.Deliveries.Events(ctx, accountOf(ctx), f, in.page())
	if err != nil {
		return nil, err
	}
	l := list[Event]{Items: make([]Event, len(records)), Next: next}
	for i, r := range records {
		l.Items[i] = Event(r.AppendJSON(nil))
	}
	return answer(l), nil
}

// typeFiltersOf reads a parameter of type filters.
func typeFiltersOf(name, text string) ([]event.TypeFilter, error) {
	var types []event.TypeFilter
	var errs []FieldError
	for part := range strings.SplitSeq(text, ",") {
		part = strings.Trim(part, " ")
		if part == "" && text == "" {
			continue
		}
		f := event.TypeFilter(part)
		if f.Check() != nil {
			errs = append(errs, fieldError("query."+name, fmt.Sprintf("%q is not an event type, a prefix such as \"alert.*\", or \"*\"", event.Clip(part, 64))))
		}
		types = append(types, f)
	}
	if len(errs) > 0 {
		return nil, problem(http.StatusUnprocessableEntity, summary(errs), errs...)
	}
	return types, nil
}

// typeFilterOf reads one type filter; location is where it stands in the request.
func typeFilterOf(location, text string) (event.TypeFilter, error) {
	if text == "" || event.TypeFilter(text).Check() == nil {
		return event.TypeFilter(text), nil
	}
	f := fieldError(location, fmt.Sprintf("%q is not an event type, a prefix such as \"alert.*\", or \"*\"", event.Clip(text, 64)))
	return "", problem(http.StatusUnprocessableEntity, summary([]FieldError{f}), f)
}

func (a *server) getEvent(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"64" doc:"The event's id." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}) (*body[Event], error) {
	id, err := pathID(event.PrefixEvent, in.ID)
	if err != nil {
		return nil, err
	}
	r, err := a.Deliveries.Event(ctx, accountOf(ctx), id)
	if err != nil {
		return nil, err
	}
	full, err := withRaw(r)
	return result(full, err)
}

// withRaw is the event's canonical JSON with one member more, at its end.
func withRaw(r *event.Record) (Event, error) {
	name, sent := "raw", string(r.SenderBytes())
	if !utf8.ValidString(sent) {
		name, sent = "raw_base64", base64.StdEncoding.EncodeToString(r.SenderBytes())
	}
	b := bytes.TrimRight(r.AppendJSON(nil), " \t\r\n")
	if len(b) == 0 || b[len(b)-1] != '}' {
		return nil, fmt.Errorf("event %s is not an object", r.ID.Text(event.PrefixEvent))
	}
	b = append(b[:len(b)-1], `,"`...)
	b = append(append(b, name...), `":`...)
	return Event(append(event.AppendString(b, sent), '}')), nil
}
