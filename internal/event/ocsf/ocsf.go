// Package ocsf projects a record to the Open Cybersecurity Schema Framework, version 1.8.0 (https://schema.ocsf.io/1.8.0).
// It is pure and never fails.
//
// The class follows from the type's family (facts.Finding):
//
//	incident.created|updated|closed            incident finding (2005)
//	alert, detection, hit, vulnerability, …    detection finding (2004)
//	system, audit, telemetry, log, auth, …     base event (0), unless a rule or an alert type is named
//
// and the activity from its last part: resolved or closed is Close (type_uid 200403), updated, acknowledged or reopened is
// Update (200402), all else is Create (200401). A base event has activity 99, Other, with the type as its name.
//
//	id                    metadata.uid
//	dedup_key, else id    finding_info.uid (of an incident: else its number)
//	type                  metadata.event_code, finding_info.types[0]
//	alert_type            finding_info.types[1]
//	time                  time (milliseconds)
//	received_at           metadata.logged_time (milliseconds)
//	severity              severity_id 1 to 5, severity
//	status                status_id, status (see status.go)
//	title                 finding_info.title, message
//	description           finding_info.desc
//	rule                  finding_info.analytic (a Rule)
//	mitre                 finding_info.attacks
//	risk_score            risk_score, a whole number
//	url                   finding_info.src_url (the link where the event has none)
//	link                  unmapped.link
//	entities              observables; evidences[0]: src_endpoint, dst_endpoint, actor, user, file, url, …
//	geo, network          evidences[0].src_endpoint.location, .autonomous_system
//	source                metadata.product, .log_source, .original_event_uid
//	account               metadata.tenant_uid
//	incident              metadata.correlation_uid
//	tags, labels          metadata.labels, metadata.tags
//	data.owner            assignee (of an incident; else who acted, else the group "unassigned")
//	the rest              unmapped
//
// The published schema knows only the observable types 0 and 99, so that every observable is an "Other" with the name of
// OCSF's type.
package ocsf

import (
	"math"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/compose"
	"github.com/tocsin-hub/tocsin/internal/event/facts"
)

// Version is the version of the schema.
const Version = "1.8.0"

// The classes, by their uid.
const (
	baseEvent        = 0
	detectionFinding = 2004
	incidentFinding  = 2005
)

// The activities of a finding.
const (
	create = 1
	change = 2
	closed = 3
	other  = 99 // of a base event
)

// Append appends the OCSF event of r, one JSON object on one line. An empty link is left out.
func Append(dst []byte, r *event.Record, link string) []byte {
	f := facts.Of(r)
	p := projection{f: &f, w: compose.On(dst), class: classOf(&f), link: link}
	p.activity = activityOf(&f, p.class)
	m := p.w.Object("")
	p.head()
	p.metadata()
	p.status()
	switch p.class {
	case detectionFinding:
		p.findingInfo("finding_info")
		p.evidences()
	case incidentFinding:
		list := p.w.List("finding_info_list")
		p.findingInfo("")
		p.w.End(list)
		p.w.Text("desc", f.Event.Description)
		p.assignee()
	default:
		p.attacks()
	}
	p.observables()
	p.unmapped()
	p.w.End(m)
	return p.w.Bytes()
}

// projection is one event on its way.
type projection struct {
	f               *facts.Facts
	w               compose.Writer
	class, activity int64
	link            string
}

func classOf(f *facts.Facts) int64 {
	switch {
	case f.Event.Type == "incident.created", f.Event.Type == "incident.updated", f.Event.Type == "incident.closed":
		return incidentFinding
	case f.Finding():
		return detectionFinding
	}
	return baseEvent
}

func activityOf(f *facts.Facts, class int64) int64 {
	if class == baseEvent {
		return other
	}
	switch f.Last {
	case "resolved", "closed":
		return closed
	case "updated", "acknowledged", "reopened":
		return change
	}
	return create
}

var (
	activityNames = map[int64]string{create: "Create", change: "Update", closed: "Close"}
	classNames    = map[int64]string{baseEvent: "Base Event", detectionFinding: "Detection Finding", incidentFinding: "Incident Finding"}
	severityNames = [...]string{"Informational", "Low", "Medium", "High", "Critical"}
)

// head writes the classification and what every class has.
func (p *projection) head() {
	w, e := &p.w, &p.f.Event
	category, categoryName, activity := p.class/1000, "Findings", activityNames[p.activity]
	if p.class == baseEvent {
		categoryName, activity = "Uncategorized", e.Type
	}
	w.Int("class_uid", p.class)
	w.Text("class_name", classNames[p.class])
	w.Int("category_uid", category)
	w.Text("category_name", categoryName)
	w.Int("activity_id", p.activity)
	w.Text("activity_name", activity)
	w.Int("type_uid", p.class*100+p.activity)
	w.Text("type_name", classNames[p.class]+": "+activity)
	w.Int("time", e.Time.UnixMilli())
	severity := min(int(e.Severity), len(severityNames)-1)
	w.Int("severity_id", int64(severity)+1)
	w.Text("severity", severityNames[severity])
	w.Text("message", p.f.Headline())
	if e.RiskScore != nil {
		w.Int("risk_score", int64(math.Round(*e.RiskScore)))
	}
}

func (p *projection) metadata() {
	w, f := &p.w, p.f
	m := w.Object("metadata")
	w.Text("version", Version)
	product := w.Object("product")
	w.Text("name", f.Product())
	w.Text("vendor_name", f.Vendor())
	w.End(product)
	w.Text("uid", f.ID)
	w.Text("original_event_uid", f.SourceID())
	w.Text("event_code", f.Event.Type)
	w.Text("log_source", f.Instance())
	w.Text("tenant_uid", string(f.Record.Account))
	w.Text("correlation_uid", f.Event.Incident)
	w.Int("logged_time", f.Record.Received.UnixMilli())
	if p.class == baseEvent && (f.Event.RiskScore != nil || len(f.Mitre) > 0) {
		w.Texts("profiles", "security_control")
	}
	w.Texts("labels", f.Event.Tags...)
	w.Pairs("tags", "name", "value", f.Event.Labels)
	w.End(m)
}
