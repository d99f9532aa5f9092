package ingest

import (
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Wardex reads what Wardex sends, in three forms: the case of its webhook, the alert of its Splunk output (with or
// without the HEC wrapper), and the body that creates a case (docs/runbooks of its repository).
//
//	          case                              alert                              body that creates a case
//	type      incident.created while status     alert.created                      incident.created
//	          is triage or new, incident.closed
//	          when resolved or closed, else
//	          incident.updated
//	severity  severity                          level, else by score: from 8       priority
//	                                            critical, 6 high, 3.5 medium,
//	                                            else low
//	title     title                             reasons and hostname               title
//	incident  case_id
//	status    status
//	time                                        timestamp
//	endpoint  endpoint_id                       hostname
//	rule      rule
//	mitre     mitre                             mitre[].technique_id
//	risk                                        score times 10, at most 100
//	url       wardex_url
//	entities  endpoint_id as a host (target,    hostname as a host (target,
//	          observed)                         observed)
//	dedup_key wardex/case/case_id               wardex/alert/hostname/level/       wardex/case/title
//	                                            reasons, sorted
//
// Wardex says low, elevated, severe and critical; elevated is medium, severe is high. The source is vendor wardex, product
// xdr; its id is the case_id, or an alert's id. What is not mapped stays in data.
type Wardex struct{}

// Name is the last part of the path.
func (Wardex) Name() string { return "wardex" }

// Decode reads one object, an array or NDJSON.
func (Wardex) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return jsonItems(body, lim, wardexItem)
}

func wardexItem(o object) (Item, error) {
	around := object(nil)
	if inner, outer := hecWrapped(o); inner != nil {
		o, around = inner, outer
	}
	var e event.Event
	var rest object
	switch {
	case o.scalar("case_id") != "":
		e, rest = wardexCase(o)
	case o.has("reasons") || o.has("score") && o.has("hostname"):
		e, rest = wardexAlert(o)
	case o.text("title") != "" && (o.has("priority") || o.has("event_ids") || o.has("incident_ids")):
		e, rest = wardexNewCase(o)
	default:
		return Item{}, event.FieldErrors{{Detail: "not of Wardex: want a case (case_id), an alert (hostname, score, reasons) or a new case (title, priority)"}}
	}
	e.Data = withAround(rest, around).data()
	return Item{Event: e}, nil
}

// wardexSource says where an event comes from.
func wardexSource(id string) *event.Source {
	return &event.Source{Vendor: "wardex", Product: "xdr", ID: event.Clip(id, event.MaxText)}
}

// wardexSeverity reads a word of either of Wardex's vocabularies.
func wardexSeverity(word string) (event.Severity, bool) {
	switch strings.ToLower(word) {
	case "elevated":
		return event.Medium, true
	case "severe":
		return event.High, true
	case "nominal":
		return event.Info, true
	}
	return event.ParseSeverity(word)
}

// graded fills in the severity that a member names. The member is dropped from rest when the event says the same word.
func graded(e *event.Event, o, rest object, name string) bool {
	s, ok := wardexSeverity(o.text(name))
	if ok {
		e.Severity = s
	}
	if o.text(name) == s.String() {
		delete(rest, name)
	}
	return ok
}

func wardexCase(o object) (event.Event, object) {
	id, status, endpoint := o.scalar("case_id"), o.text("status"), o.text("endpoint_id")
	e := event.Event{
		Type:     "incident.updated",
		Title:    event.Clip(o.text("title"), event.MaxTitle),
		Incident: event.Clip(id, event.MaxKey),
		Endpoint: event.Clip(endpoint, event.MaxText),
		Status:   event.Clip(status, event.MaxName),
		Mitre:    clipped(o.texts("mitre"), event.MaxMitre),
		URL:      link(o.text("wardex_url")),
		Source:   wardexSource(id),
		DedupKey: dedupKey("wardex", "case", id),
	}
	switch strings.ToLower(status) {
	case "", "triage", "new", "open":
		e.Type = "incident.created"
	case "resolved", "closed":
		e.Type = "incident.closed"
	}
	if rule := o.text("rule"); rule != "" {
		e.Rule = &event.Rule{Name: event.Clip(rule, event.MaxText)}
		e.AlertType = slug(rule)
	}
	var list entities
	list.addHost(endpoint, "target")
	e.Entities = list.all
	rest := o.without("case_id", "status", "title", "endpoint_id", "rule", "mitre")
	if e.URL != "" {
		delete(rest, "wardex_url")
	}
	e.Severity = event.DefaultSeverity(e.Type)
	graded(&e, o, rest, "severity")
	return e, rest
}

// The scores from which an alert has a severity: 8 opens an incident and pages, 3.5 is where alerts begin by default.
const (
	wardexCritical = 8
	wardexHigh     = 6
	wardexMedium   = 3.5
)

func wardexAlert(o object) (event.Event, object) {
	host, reasons := o.text("hostname"), o.texts("reasons")
	e := event.Event{
		Type:     "alert.created",
		Title:    event.Clip(joinTexts(" on ", strings.Join(reasons, ", "), host), event.MaxTitle),
		Endpoint: event.Clip(host, event.MaxText),
		Source:   wardexSource(o.scalar("id")),
	}
	if e.Title == "" {
		e.Title = "Wardex alert"
	}
	if len(reasons) > 0 {
		e.AlertType = slug(reasons[0])
	}
	rest := o.without("hostname", "id")
	var ok bool
	if e.Time, ok = event.ParseTime(o.text("timestamp")); ok {
		delete(rest, "timestamp")
	}
	points, scored := o.number("score")
	e.RiskScore = score(min(tenfold(points), 100), scored)
	switch {
	case graded(&e, o, rest, "level"), graded(&e, o, rest, "severity"):
	case !scored:
		e.Severity = event.DefaultSeverity(e.Type)
	case points >= wardexCritical:
		e.Severity = event.Critical
	case points >= wardexHigh:
		e.Severity = event.High
	case points >= wardexMedium:
		e.Severity = event.Medium
	default:
		e.Severity = event.Low
	}
	e.Mitre = clipped(wardexTechniques(o), event.MaxMitre)
	var list entities
	list.addHost(host, "target")
	e.Entities = list.all
	slices.Sort(reasons)
	e.DedupKey = dedupKey(append([]string{"wardex", "alert", host, o.text("level")}, slices.Compact(reasons)...)...)
	return e, rest
}

// wardexTechniques lists the technique ids of an alert: of objects, or plain texts.
func wardexTechniques(o object) []string {
	list := o.texts("mitre")
	for _, m := range o.objects("mitre") {
		if id := firstText(m, "technique_id", "id"); id != "" {
			list = append(list, id)
		}
	}
	return list
}

func wardexNewCase(o object) (event.Event, object) {
	title := o.text("title")
	e := event.Event{
		Type:        "incident.created",
		Title:       event.Clip(title, event.MaxTitle),
		Description: event.Clip(o.text("description"), event.MaxDescription),
		Tags:        clipped(o.texts("tags"), event.MaxTags),
		Source:      wardexSource(""),
		DedupKey:    dedupKey("wardex", "case", title),
	}
	rest := o.without("title", "tags")
	if len(o.text("description")) <= event.MaxDescription {
		delete(rest, "description")
	}
	e.Severity = event.DefaultSeverity(e.Type)
	graded(&e, o, rest, "priority")
	return e, rest
}
