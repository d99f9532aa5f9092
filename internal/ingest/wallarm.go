package ingest

import (
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Wallarm reads what Wallarm's webhook integration sends: an array of notifications (or one, or NDJSON), in all the
// forms it has had. A notification is {summary, description, details{notification_type, …}}; the first form had bare
// hits and vulnerabilities.
//
//	type      by notification_type, see wallarmTypes; one that is not known becomes custom.wallarm.<notification_type>
//	          (one that Tocsin wrote in this form of an event that Wallarm does not have is of its event_type and severity)
//	severity  threat or risk of vulnerabilities and security issues; else the type's default
//	time      request_time of a hit, else create_time; other notifications carry none
//	title     summary, with what hits and vulnerabilities are about
//	alert_type  a hit's or vulnerability's type in lower case; else the notification_type
//	project   the first application
//	source    vendor wallarm, product waf, instance the cloud; id of the hit or vulnerability
//	rule      its name is the trigger's
//	labels    client_name and cloud
//	entities  remote address and host of a hit, the blocked address, a vulnerability's host, users, new scope objects:
//	          only of their own fields, never of summary or description
//	data      everything of details; in a hit, host and anomaly stand for their older names domain and anomality, and
//	          expire_at, which is sent as "2021-06-10 02:27:15 +0300", is RFC 3339 in UTC
//
// A summary that begins with "[Test message]" is a test.
type Wallarm struct{}

// Name is the last part of the path.
func (Wallarm) Name() string { return "wallarm" }

// Decode reads one object, an array or NDJSON.
func (Wallarm) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return jsonItems(body, lim, wallarmItem)
}

// notification is one item of any form.
type notification struct {
	object  // as sent
	kind    string
	summary string
	details object
	// subject is the hit, vulnerability or security issue; name is what details call it.
	subject object
	name    string
}

func wallarmItem(o object) (Item, error) {
	n, ok := wallarmNotification(o)
	if !ok {
		return Item{}, event.FieldErrors{{Detail: "not a notification of Wallarm: want details with a notification_type, a hit or a vulnerability"}}
	}
	e := event.Event{
		Type:        wallarmType(n.kind),
		Title:       event.Clip(n.summary, event.MaxTitle),
		Description: event.Clip(n.text("description"), event.MaxDescription),
		AlertType:   event.Clip(n.kind, event.MaxName),
		Source:      &event.Source{Vendor: "wallarm", Product: "waf", Instance: event.Clip(n.details.text("cloud"), event.MaxText)},
	}
	e.Severity = event.DefaultSeverity(e.Type)
	wallarmForeign(&e, n)
	if name := n.details.text("trigger_name"); name != "" {
		e.Rule = &event.Rule{Name: event.Clip(name, event.MaxText)}
	}
	for _, label := range []string{"client_name", "cloud"} {
		if v := n.details.text(label); v != "" {
			if e.Labels == nil {
				e.Labels = map[string]string{}
			}
			e.Labels[label] = event.Clip(v, event.MaxText)
		}
	}
	e.Project = event.Clip(firstText(n.details, "application"), event.MaxName)
	switch n.name {
	case "hit":
		wallarmHit(&e, n)
	case "vuln", "security_issue":
		wallarmWeakness(&e, n)
	default:
		wallarmOther(&e, n)
	}
	e.Data = wallarmData(n).data()
	item := Item{Event: e, Test: strings.HasPrefix(n.summary, "[Test message]")}
	if item.Test {
		item.Event.Tags = []string{"test"}
	}
	return item, nil
}

// wallarmNotification finds out which form an item has.
func wallarmNotification(o object) (n notification, ok bool) {
	n = notification{object: o, summary: o.text("summary"), details: o.object("details")}
	if n.details == nil {
		return flatNotification(n)
	}
	n.kind = n.details.text("notification_type")
	for _, name := range []string{"hit", "vuln", "security_issue"} {
		if s := n.details.object(name); s != nil {
			n.name, n.subject = name, s
			if n.kind == "" {
				n.kind = map[string]string{"hit": "new_hits"}[name]
			}
			break
		}
	}
	if n.kind == "" {
		n.kind = n.name
	}
	return n, n.kind != ""
}

// flatNotification reads the first form: a bare hit, a bare vulnerability, or whatever names its kind.
func flatNotification(n notification) (notification, bool) {
	o := n.object
	switch {
	case o.text("object_type") == "hit" || o.has("payloads") && o.has("request_time"):
		n.kind, n.name = "new_hits", "hit"
	case o.has("threat") && (o.has("title") || o.has("domain")):
		n.kind, n.name = "vuln", "vuln"
	case o.text("notification_type") != "":
		n.kind, n.details = o.text("notification_type"), o
		return n, true
	default:
		return n, false
	}
	n.subject = o
	return n, true
}

// wallarmTypes maps the notification types that were seen or are documented.
var wallarmTypes = map[string]string{
	"new_hits":           "hit.detected",
	"vuln":               "vulnerability.detected",
	"security_issue":     "vulnerability.detected",
	"vuln_resolved":      "vulnerability.resolved",
	"vuln_reopened":      "vulnerability.reopened",
	"ip_blocked":         "ip.blocked",
	"attacks_exceeded":   "attack.threshold_exceeded",
	"hits_exceeded":      "attack.hits_exceeded",
	"vectors_exceeded":   "attack.vectors_exceeded",
	"requests_exceeded":  "attack.requests_exceeded",
	"incidents_exceeded": "incident.threshold_exceeded",
	"ip_graylisted":      "ip.graylisted",

	"attack":                 "attack.detected",
	"attack_detected":        "attack.detected",
	"attack_bola":            "attack.bola",
	"bola":                   "attack.bola",
	"attack_brute_force":     "attack.brute_force",
	"brute_force":            "attack.brute_force",
	"attack_forced_browsing": "attack.forced_browsing",
	"forced_browsing":        "attack.forced_browsing",
	"rogue_api":              "scope.rogue_api",

	"create_user": "system.user_created",
	"update_user": "system.user_updated",
	"delete_user": "system.user_deleted",

	"create_integration":  "system.integration_created",
	"update_integration":  "system.integration_updated",
	"delete_integration":  "system.integration_deleted",
	"disable_integration": "system.integration_disabled",
	"integration_broken":  "system.integration_disabled",

	"create_application":    "scope.application_created",
	"update_application":    "system.notice",
	"delete_application":    "scope.application_deleted",
	"scope_object":          "scope.changed",
	"api_structure_changed": "scope.api_changed",
}

func wallarmType(kind string) string {
	if t := wallarmTypes[kind]; t != "" {
		return t
	}
	name := slug(kind)
	switch {
	case strings.Contains(name, "scope_object"):
		return "scope.changed"
	case strings.HasSuffix(name, "_rule") || strings.HasSuffix(name, "_trigger"),
		strings.HasPrefix(name, "rule_") || strings.HasPrefix(name, "trigger_"):
		return "system.rule_changed"
	case strings.HasPrefix(name, "vuln"):
		return "vulnerability.detected"
	}
	return customType("wallarm", name)
}

// wallarmData is what goes into data: the details, or of a bare item all of it, with the newer names.
func wallarmData(n notification) object {
	data := object{}
	source := n.details
	if source == nil {
		data[n.name] = renamed(n).data()
		return data
	}
	for name, value := range source {
		if source.has(name) {
			data[name] = value
		}
	}
	if at, ok := event.ParseTime(source.text("expire_at")); ok {
		data["expire_at"] = event.AppendString(nil, at.Format(time.RFC3339))
	}
	if hit := renamed(n).data(); n.name == "hit" && hit != nil {
		data["hit"] = hit
	}
	for name, value := range n.object { // nothing that was sent is dropped
		switch name {
		case "details", "description":
		default:
			if _, taken := data[name]; !taken && n.has(name) {
				data[name] = value
			}
		}
	}
	return data
}

// renamed gives a hit the names of its present form.
func renamed(n notification) object {
	subject := object{}
	for name, value := range n.subject {
		subject[name] = value
	}
	if n.name == "hit" {
		for older, now := range map[string]string{"domain": "host", "anomality": "anomaly"} {
			if _, taken := subject[now]; !taken && subject.has(older) {
				subject[now] = subject[older]
				delete(subject, older)
			}
		}
	}
	return subject
}

// wallarmForeign takes the type and severity of an event that Wallarm does not have and that Tocsin wrote in this form.
func wallarmForeign(e *event.Event, n notification) {
	t := n.details.text("event_type")
	if n.name != "" || !event.ValidType(t) || strings.ReplaceAll(t, ".", "_") != n.kind {
		return
	}
	e.Type = t
	if s, ok := event.ParseSeverity(n.details.text("severity")); ok {
		e.Severity = s
	}
}
