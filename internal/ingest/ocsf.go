package ingest

import (
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// OCSF reads events of the Open Cybersecurity Schema Framework (https://schema.ocsf.io/) of any version and class.
//
//	type       detection finding (2004), and security finding (2001): alert.created, updated, resolved; incident finding
//	           (2005): incident.created, updated, closed; vulnerability finding (2002): vulnerability.detected,
//	           resolved; authentication (3002): auth.login.success, auth.login.failure, auth.logout, and identity.event when
//	           it does not say how it ended; network activity (4001): network.flow; API activity (6003): api.call; all
//	           others custom.ocsf.<class_name>
//	severity   severity_id: 1 info, 2 low, 3 medium, 4 high, 5 and 6 critical; 0, 99 and none: severity when it is a word
//	           that is known, else the type's default
//	time       time (milliseconds since 1970), else time_dt
//	title      finding_info.title, else message, else class, activity and what it was done to; description: finding_info.desc, else message
//	rule       finding_info.analytic; alert_type: the first of finding_info.types, else the class
//	mitre      attacks, of the event and of finding_info: the sub-technique, else the technique
//	status     status, else what status_id stands for in findings
//	actor      actor.user, of an authentication else user; risk_score: risk_score when it is 0 to 100
//	project    cloud.project_uid
//	url        src_url of the event or of finding_info
//	source     vendor and product of metadata.product, instance metadata.tenant_uid, id metadata.uid
//	dedup_key  of findings: ocsf, the product and finding_info.uid
//	entities   see ocsfEntities
//	data       the whole event, but for what stands in these fields
type OCSF struct{}

// Name is the last part of the path.
func (OCSF) Name() string { return "ocsf" }

// Decode reads one event, an array or NDJSON.
func (OCSF) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return jsonItems(body, lim, ocsfItem)
}

func ocsfItem(o object) (Item, error) {
	class, ok := o.integer("class_uid")
	if !ok {
		return Item{}, event.FieldErrors{{Field: "class_uid", Detail: "is missing: not an event of OCSF"}}
	}
	r := remainderOf(o)
	finding := ocsfFinding(o)
	product := o.digObject("metadata.product")
	message := o.text("message")
	e := event.Event{
		Type:        ocsfType(class, o),
		Time:        ocsfTime(r),
		Title:       event.Clip(ocsfTitle(o, finding), event.MaxTitle),
		Description: event.Clip(firstText(object{"a": finding["desc"], "b": o["desc"], "c": o["message"]}, "a", "b", "c"), event.MaxDescription),
		AlertType:   slug(firstOfTexts(finding, "types")),
		Mitre:       ocsfTechniques(o, finding),
		Status:      event.Clip(ocsfStatus(class, o), event.MaxName),
		Project:     event.Clip(o.digText("cloud.project_uid"), event.MaxName),
		URL:         r.takeURL("src_url"),
	}
	e.Severity = ocsfSeverity(o, e.Type)
	if e.URL == "" {
		e.URL = remainderOf(finding).takeURL("src_url")
	}
	if e.AlertType == "" {
		e.AlertType = slug(o.text("class_name"))
	}
	if a := finding.object("analytic"); a.has("uid") || a.has("name") {
		e.Rule = &event.Rule{ID: event.Clip(a.scalar("uid"), event.MaxText), Name: event.Clip(a.text("name"), event.MaxText)}
	}
	if n, ok := o.number("risk_score"); ok && n >= 0 && n <= 100 {
		e.RiskScore = &n
	}
	list := ocsfEntities(o)
	e.Entities = list.all
	e.Actor = event.Clip(ocsfUser(o.digObject("actor.user")), event.MaxText)
	id := o.digFirst("metadata.uid", "metadata.original_event_uid")
	if id == "" {
		id = finding.text("uid")
	}
	e.Source = sourceOf(product.text("vendor_name"), firstText(product, "name", "uid"), o.digFirst("metadata.tenant_uid", "metadata.reporter.hostname"), id)
	if class == 3002 && e.Actor == "" {
		e.Actor = event.Clip(ocsfUser(o.object("user")), event.MaxText)
	}
	if uid := finding.text("uid"); uid != "" {
		e.DedupKey = dedupKey("ocsf", e.Source.Vendor, e.Source.Product, uid)
	}
	if e.Description == message && len(message) > 0 {
		r.place("message")
	}
	if *e.Source == (event.Source{}) {
		e.Source = nil
	}
	e.Data = r.rest().data()
	return Item{Event: e}, nil
}

// ocsfFinding is what a finding is about; an incident has a list of them.
func ocsfFinding(o object) object {
	if f := o.object("finding_info"); f != nil {
		return f
	}
	for _, name := range []string{"finding", "finding_info_list"} { // finding: before version 1.1
		for _, f := range o.objects(name) {
			return f
		}
	}
	return nil
}

// ocsfTime reads time; its unit is milliseconds, whatever its size.
func ocsfTime(r *remainder) time.Time {
	if ms, ok := r.integer("time"); ok && ms > 0 && ms < 1e14 {
		if t, ok := event.ParseTime(time.UnixMilli(ms).UTC().Format(time.RFC3339Nano)); ok { // within an event's bounds
			r.place("time")
			return t
		}
	}
	return r.takeTime("time_dt", "time")
}

func ocsfTitle(o, finding object) string {
	if t := firstText(finding, "title"); t != "" {
		return t
	}
	if t := firstText(o, "message", "desc", "type_name"); t != "" {
		return t
	}
	what := o.digFirst("api.operation", "query.hostname", "process.name", "file.name")
	if t := joinTexts(": ", o.text("class_name"), joinTexts(" ", o.text("activity_name"), what)); t != "" {
		return t
	}
	return "OCSF event of class " + o.scalar("class_uid")
}

// ocsfType maps class and activity, see OCSF.
func ocsfType(class int64, o object) string {
	activity, _ := o.integer("activity_id")
	status, _ := o.integer("status_id")
	by := func(created, updated, closed string) string {
		switch activity {
		case 2:
			return updated
		case 3:
			return closed
		}
		return created
	}
	switch class {
	case 2001, 2004:
		return by("alert.created", "alert.updated", "alert.resolved")
	case 2005:
		return by("incident.created", "incident.updated", "incident.closed")
	case 2002:
		return by("vulnerability.detected", "vulnerability.detected", "vulnerability.resolved")
	case 3002:
		switch said := strings.ToLower(o.text("status")); {
		case activity == 2:
			return "auth.logout"
		case status == 2 || status == 0 && said == "failure":
			return "auth.login.failure"
		case status == 1 || status == 0 && said == "success":
			return "auth.login.success"
		}
		return "identity.event" // whether somebody got in is not for us to guess
	case 4001:
		return "network.flow"
	case 6003:
		return "api.call"
	}
	return customType("ocsf", o.text("class_name"))
}

func ocsfSeverity(o object, eventType string) event.Severity {
	n, _ := o.integer("severity_id")
	switch n {
	case 1:
		return event.Info
	case 2:
		return event.Low
	case 3:
		return event.Medium
	case 4:
		return event.High
	case 5, 6:
		return event.Critical
	}
	return severityOf(event.DefaultSeverity(eventType), o.text("severity"))
}

// ocsfStatuses are the captions of status_id in detection findings and in incidents
// (https://schema.ocsf.io/1.8.0/classes/detection_finding), and in all other classes.
var ocsfStatuses = map[int64][]string{
	2004: {"", "New", "In Progress", "Suppressed", "Resolved", "Archived", "Deleted"},
	2005: {"", "New", "In Progress", "On Hold", "Resolved", "Closed"},
	0:    {"", "Success", "Failure"},
}

func ocsfStatus(class int64, o object) string {
	if s := o.text("status"); s != "" {
		return s
	}
	if class > 2000 && class < 3000 && class != 2005 {
		class = 2004
	} else if class != 2005 {
		class = 0
	}
	names := ocsfStatuses[class]
	if n, ok := o.integer("status_id"); ok && n > 0 && n < int64(len(names)) {
		return names[n]
	}
	return ""
}

// ocsfTechniques reads the numbers of techniques, the finer one where both are given.
func ocsfTechniques(o, finding object) []string {
	var ids []string
	for _, a := range append(o.objects("attacks"), finding.objects("attacks")...) {
		if id := a.digText("sub_technique.uid"); id != "" {
			ids = append(ids, id)
			continue
		}
		ids = append(ids, a.digText("technique.uid"))
	}
	return techniques(strings.Join(ids, " "))
}
