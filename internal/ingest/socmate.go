package ingest

import (
	"iter"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// SoCMate reads the notifications of SoCMate: {event_type, timestamp, data{…}}.
//
//	type      incident-alert: incident.created; investigation-completed and investigation-failed: investigation.completed
//	          and investigation.failed; schedule-disabled: schedule.disabled; any other: custom.socmate.<event_type>
//	severity  severity of an incident; of a finished investigation by its risk_score: from 9 critical, 7 high, 4 medium,
//	          else low; else the type's default
//	time      timestamp
//	title     title; of a failed investigation and a disabled schedule what happened and the schedule's name
//	description  error, last_error
//	incident  incident_number
//	risk_score  risk_score times 10: SoCMate counts to 10
//	status    status
//	url       url
//	source    vendor socmate, product provider; id: id of the notification, else session_id, incident_number or
//	          schedule_id
//	dedup_key socmate/incident/incident_number, socmate/investigation/session_id, socmate/schedule/schedule_id
//	data      all of data, and event_type
//
// The notifications name no addresses, users or hosts, so there are no entities.
type SoCMate struct{}

// Name is the last part of the path.
func (SoCMate) Name() string { return "socmate" }

// Decode reads one object, an array or NDJSON.
func (SoCMate) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return jsonItems(body, lim, socmateItem)
}

// socmateTypes maps the notifications that are documented.
var socmateTypes = map[string]string{
	"incident-alert":          "incident.created",
	"investigation-completed": "investigation.completed",
	"investigation-failed":    "investigation.failed",
	"schedule-disabled":       "schedule.disabled",
}

func socmateItem(o object) (Item, error) {
	kind, data := o.text("event_type"), o.object("data")
	switch {
	case kind == "":
		return Item{}, event.FieldErrors{{Field: "event_type", Detail: "is missing: not a notification of SoCMate"}}
	case data == nil:
		return Item{}, event.FieldErrors{{Field: "data", Detail: "is missing: want an object"}}
	}
	session, schedule, incident := data.scalar("session_id"), data.scalar("schedule_id"), data.scalar("incident_number")
	e := event.Event{
		Type:        socmateTypes[kind],
		AlertType:   slug(kind),
		Title:       event.Clip(data.text("title"), event.MaxTitle),
		Description: event.Clip(firstText(data, "error", "last_error", "description"), event.MaxDescription),
		Incident:    event.Clip(incident, event.MaxKey),
		Status:      event.Clip(data.text("status"), event.MaxName),
		URL:         link(data.text("url")),
		Source:      &event.Source{Vendor: "socmate", Product: event.Clip(data.text("provider"), event.MaxText)},
	}
	if e.Type == "" {
		e.Type = customType("socmate", kind)
	}
	for _, id := range []string{o.scalar("id"), session, incident, schedule} {
		if e.Source.ID == "" {
			e.Source.ID = event.Clip(id, event.MaxText)
		}
	}
	points, scored := data.number("risk_score")
	e.RiskScore = score(tenfold(points), scored)
	e.Severity = socmateSeverity(&e, data)
	socmateWords(&e, kind, data)
	switch {
	case session != "":
		e.DedupKey = dedupKey("socmate", "investigation", session)
	case incident != "":
		e.DedupKey = dedupKey("socmate", "incident", incident)
	default:
		e.DedupKey = dedupKey("socmate", kind, schedule)
	}
	if e.Type == "schedule.disabled" {
		e.DedupKey = dedupKey("socmate", "schedule", schedule)
	}
	e.Data = socmateData(o, data, &e).data()
	return Item{Event: e}, nil
}

// The scores, of 10, from which a finished investigation has a severity; SoCMate's own example escalates from 7.
const (
	socmateCritical = 90
	socmateHigh     = 70
	socmateMedium   = 40
)

func socmateSeverity(e *event.Event, data object) event.Severity {
	if s, ok := event.ParseSeverity(data.text("severity")); ok {
		return s
	}
	switch risk := e.RiskScore; {
	case risk == nil:
		return event.DefaultSeverity(e.Type)
	case *risk >= socmateCritical:
		return event.Critical
	case *risk >= socmateHigh:
		return event.High
	case *risk >= socmateMedium:
		return event.Medium
	}
	return event.Low
}

// socmateWords finds a title and a status for a notification without them.
func socmateWords(e *event.Event, kind string, data object) {
	words := map[string][2]string{
		"incident-alert":          {"Incident", ""},
		"investigation-completed": {"Investigation completed", "completed"},
		"investigation-failed":    {"Investigation failed", "failed"},
		"schedule-disabled":       {"Schedule disabled", "disabled"},
	}[kind]
	if words[0] == "" {
		words[0] = "SoCMate: " + kind
	}
	if e.Title == "" {
		e.Title = event.Clip(joinTexts(": ", words[0], firstText(data, "schedule_name")), event.MaxTitle)
	}
	if e.Status == "" {
		e.Status = words[1]
	}
}

// socmateData keeps data as it is, and what stands beside it.
func socmateData(o, data object, e *event.Event) object {
	kept := data.without()
	for name, value := range o.without("data", "timestamp", "id") {
		if !kept.has(name) {
			kept[name] = value
		}
	}
	var ok bool
	if e.Time, ok = event.ParseTime(o.text("timestamp")); !ok && o.has("timestamp") && !kept.has("timestamp") {
		kept["timestamp"] = o["timestamp"]
	}
	return kept
}
