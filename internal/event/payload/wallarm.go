package payload

import (
	"net/netip"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// The four forms that Wallarm's webhook has had. The first one sent bare hits and vulnerabilities; the others put them
// into a notification.
//
//	1  "anomality" and "domain"
//	2  the notification {summary, description, details{client_name, cloud, notification_type, …}}; "anomaly"
//	3  nine more fields of a hit
//	4  "host" for "domain", and security issues for vulnerabilities
const (
	wallarmV1 = 1 + iota
	wallarmV2
	wallarmV3
	wallarmV4
)

var (
	wallarm1 = wallarmProfile("wallarm-v1", "Wallarm (first form)", "Bare hits and vulnerabilities, as Wallarm's webhook first sent them.", wallarmV1)
	wallarm2 = wallarmProfile("wallarm-v2", "Wallarm (2021)", "Notifications of Wallarm's webhook as of 2021.", wallarmV2)
	wallarm3 = wallarmProfile("wallarm-v3", "Wallarm (4.x)", "Notifications of Wallarm's webhook as of node 4.x: hits with domain.", wallarmV3)
	wallarm4 = wallarmProfile("wallarm", "Wallarm", "Notifications of Wallarm's webhook as they are now: hits with host, security issues.", wallarmV4)
)

func wallarmProfile(name, title, help string, version int) Profile {
	return Profile{
		Name: name, Title: title, Help: help, Lossy: true, AlwaysArray: true,
		Open: form(func(r *reading) any { return asWallarm(r, version) }, "wallarm"),
	}
}

// wallarmNotices are the notification types of event types that are neither hits nor vulnerabilities. Any other type is
// its own, with underscores for the dots.
var wallarmNotices = map[string]string{
	"ip.blocked":                  "ip_blocked",
	"attack.threshold_exceeded":   "attacks_exceeded",
	"attack.hits_exceeded":        "hits_exceeded",
	"attack.requests_exceeded":    "requests_exceeded",
	"attack.vectors_exceeded":     "vectors_exceeded",
	"scope.api_changed":           "api_structure_changed",
	"scope.application_created":   "create_application",
	"scope.application_deleted":   "delete_application",
	"scope.rogue_api":             "rogue_api",
	"incident.threshold_exceeded": "incidents_exceeded",
	"scope.changed":               "new_scope_object_ips",
	"system.user_created":         "create_user",
	"system.user_updated":         "update_user",
	"system.user_deleted":         "delete_user",
	"system.integration_created":  "create_integration",
	"system.integration_updated":  "update_integration",
	"system.integration_deleted":  "delete_integration",
	"system.integration_disabled": "disable_integration",
}

// webAttacks are the attack types, in Wallarm's words, of detections that are written as hits.
var webAttacks = map[string]string{
	"detection.sql_injection": "sqli", "detection.cross_site_scripting": "xss", "detection.path_traversal": "ptrav",
}

func asWallarm(r *reading, version int) any {
	hit, weak := r.Type == "hit.detected" || webAttacks[r.Type] != "", strings.HasPrefix(r.Type, "vulnerability.")
	if version == wallarmV1 {
		switch {
		case hit:
			return bareHit(r)
		case weak:
			return flatVulnerability(r)
		}
	}
	var n notice
	switch {
	case hit:
		n = notice{kind: "new_hits", summary: "[Tocsin] New hit detected", subject: "hit", about: wallarmHit(r, version)}
	case weak:
		n = vulnerabilityNotice(r, version)
	default:
		n = otherNotice(r)
	}
	n.summary = first(r.own.text("summary"), n.summary)
	if r.isTest() && !strings.HasPrefix(n.summary, testPrefix) {
		n.summary = testPrefix + " " + n.summary
	}
	if version == wallarmV1 {
		return n.flat(r)
	}
	return n.enveloped(r)
}

// bareHit is the first form of a hit.
func bareHit(r *reading) any {
	h := wallarmHit(r, wallarmV1)
	if b := r.back(); b != nil {
		h.add("tocsin", b)
	}
	return h
}

// testPrefix begins the summary of Wallarm's test messages.
const testPrefix = "[Test message]"

// notice is what a notification says.
type notice struct {
	kind    string
	summary string
	more    members // of details, beside what all have
	subject string  // what details call the hit or vulnerability
	about   any
}

// enveloped is the notification of the second form and later.
func (n notice) enveloped(r *reading) any {
	var out members
	out.add("summary", n.summary)
	if n.subject != "hit" {
		out.add("description", first(r.Description, r.headline()))
	}
	details := n.details(r)
	if n.subject != "" {
		details.add(n.subject, n.about)
	}
	out.add("details", details)
	return out
}

// flat is what the first form would have made of it.
func (n notice) flat(r *reading) any {
	var out members
	out.add("summary", n.summary)
	out.add("description", first(r.Description, r.headline()))
	return append(out, n.details(r)...)
}

func (n notice) details(r *reading) members {
	var d members
	d.add("client_name", first(r.own.text("client_name"), r.organisation()))
	d.add("cloud", first(r.own.text("cloud"), "self-hosted"))
	d.add("notification_type", n.kind)
	d = append(d, n.more...)
	if b := r.back(); b != nil {
		d.add("tocsin", b)
	}
	return d
}

// otherNotice is a notification about neither hits nor vulnerabilities.
func otherNotice(r *reading) notice {
	n := notice{kind: wallarmNotices[r.Type], summary: r.headline()}
	if kind := r.own.text("notification_type"); word.MatchString(kind) {
		n.kind = kind
	}
	if n.kind == "" {
		n.kind = strings.ReplaceAll(r.Type, ".", "_")
	}
	if trigger := first(r.own.text("trigger_name"), r.triggerName()); trigger != "" {
		n.more.add("trigger_name", trigger)
	}
	if application := first(r.own.text("application"), r.Project); application != "" {
		n.more.add("application", application)
	}
	switch r.Type {
	case "ip.blocked":
		n.more.add("reason", first(r.own.text("reason"), objectOf(r.Data).text("reason"), r.headline()))
		n.more.add("expire_at", wallarmExpiry(r))
		n.more.add("ip", r.entity("source", "ip", "cidr"))
	case "scope.changed":
		n.more.add("ips", r.values("ip"))
		n.more.add("domains", r.values("domain"))
		n.more.add("hosts", r.values("host"))
	case "system.user_created", "system.user_updated", "system.user_deleted":
		n.more.add("user", wallarmUser(r))
	}
	if wallarmNotices[r.Type] == "" && r.own == nil { // a notification that Wallarm does not have says what it was
		n.more.add("event_type", r.Type)
		n.more.add("event_id", r.id())
		n.more.add("severity", r.Severity.String())
	}
	return n
}

// triggerName is the rule that is behind a notification of a trigger.
func (r *reading) triggerName() string {
	if r.Rule == nil {
		return ""
	}
	return first(r.Rule.Name, r.Rule.ID)
}

// values lists the values of the entities of a type.
func (r *reading) values(kind string) []string {
	values := []string{}
	for _, e := range r.Entities {
		if e.Type == kind {
			values = append(values, e.Value)
		}
	}
	return values
}

// wallarmUser is the person that a notification is about; the vendor's page shows no such payload.
func wallarmUser(r *reading) any {
	var u members
	own := r.own.object("user")
	u.add("email", first(own.text("email"), r.own.text("user_email"), r.own.text("email"), r.entity("target", "user", "email")))
	for _, name := range []string{"username", "realname", "role"} {
		if v := own.text(name); v != "" {
			u.add(name, v)
		}
	}
	return u
}

// wallarmExpiry is when a block ends, RFC 3339, or null.
func wallarmExpiry(r *reading) *string {
	at, ok := event.ParseTime(first(r.own.text("expire_at"), objectOf(r.Data).text("expires_at")))
	if !ok {
		return nil
	}
	return orNull(at.Format(time.RFC3339))
}

// wallarmThreat is Wallarm's word for a severity, at most most.
func wallarmThreat(s, most event.Severity) string {
	name := min(s, most).String()
	return strings.ToUpper(name[:1]) + name[1:]
}

// flatVulnerability is the first form of a vulnerability.
func flatVulnerability(r *reading) any {
	own := r.own.object("vuln")
	server := own.text("source")
	if _, err := netip.ParseAddrPort(server); err != nil {
		server = r.entity("target", "ip")
	}
	var v members
	v.add("title", first(own.text("title"), r.headline()))
	v.add("source", server)
	v.add("type", first(own.text("type"), r.AlertType, "Info"))
	v.add("domain", r.entity("target", "host", "domain"))
	v.add("threat", wallarmThreat(r.Severity, event.High))
	v.add("link", r.link())
	summary := first(r.own.text("summary"), own.text("summary"), "New vulnerability identified")
	if r.isTest() && !strings.HasPrefix(summary, testPrefix) {
		summary = testPrefix + " " + summary
	}
	v.add("summary", summary)
	if b := r.back(); b != nil {
		v.add("tocsin", b)
	}
	return v
}

// vulnerabilityNotice is a vulnerability of the second form and later; of the fourth, a security issue.
func vulnerabilityNotice(r *reading, version int) notice {
	n := notice{kind: "vuln", summary: "[Tocsin] New vulnerability detected", subject: "vuln"}
	host, threat, most := "domain", "threat", event.High
	if version == wallarmV4 && r.own.object("vuln") == nil || version > wallarmV1 && r.own.object("security_issue") != nil {
		n = notice{kind: "security_issue", summary: "[Tocsin] New security issue detected", subject: "security_issue"}
		host, threat, most = "host", "risk", event.Critical
	}
	switch r.Type {
	case "vulnerability.resolved":
		n.kind, n.summary = "vuln_resolved", "[Tocsin] Vulnerability resolved"
	case "vulnerability.reopened":
		n.kind, n.summary = "vuln_reopened", "[Tocsin] Vulnerability reopened"
	}
	own := r.own.object(n.subject)
	title, id := own.text("title"), own.scalarOrNull("id")
	if own == nil {
		title, id = r.headline(), orNil(r.Source.ID)
	}
	var v members
	v.add(host, first(r.entity("target", "host", "domain"), r.entity("target", "ip")))
	v.add("id", id)
	v.add("method", orNull(first(own.text("method"), objectOf(r.Data).text("method"))))
	v.add("parameter", orNull(own.text("parameter")))
	v.add("path", orNull(r.Endpoint))
	v.add("title", title)
	v.add("discovered_by", orNull(first(own.text("discovered_by"), objectOf(r.Data).text("discovered_by"))))
	v.add(threat, wallarmThreat(r.Severity, most))
	v.add("type", first(own.text("type"), r.AlertType, "Info"))
	n.about = v
	n.more.add(n.subject+"_link", r.link())
	return n
}
