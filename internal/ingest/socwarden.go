package ingest

import (
	"iter"
	"net/http"
	"net/netip"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// SOCWarden reads what SOCWarden sends and what it takes: the alerts of its webhook
// (https://socwarden.com/docs/webhooks, 18 fields), and the events of its intake, see socwardenEvent. An alert:
//
//	type        ip.blocked, ip.unblocked and ip.allowed for the notifications about IP actions; else alert.created
//	severity    severity
//	time        created_at
//	title       summary
//	alert_type  alert_type
//	actor       actor; project: project; risk_score: risk_score; mitre: mitre; tags: tags
//	geo         geo; network: network
//	source      vendor socwarden, instance org_name, id alert_id, else event_id
//	dedup_key   socwarden/alert_type/project/actor/ip; of an IP action socwarden/ip/project/ip
//	entities    ip (source, observed), actor as a user; of an IP action ip is the target and nothing is observed, and a
//	            range of more than one address is a cidr
//	data        event_type, alert_id, event_id, org_name and whatever else there is
type SOCWarden struct{}

// Name is the last part of the path.
func (SOCWarden) Name() string { return "socwarden" }

// Decode reads one object, an array or NDJSON.
func (SOCWarden) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return jsonItems(body, lim, func(o object) (Item, error) {
		if o.text("source") == "socwarden" || o.has("alert_type") || o.has("alert_id") {
			return socwardenAlert(o)
		}
		return socwardenEvent(o)
	})
}

// socwardenActions maps the alert types of IP actions. Their names are not published: these are the likely ones.
var socwardenActions = map[string]string{
	"ip_blocked": "ip.blocked", "ip_block": "ip.blocked", "ip_denylisted": "ip.blocked", "ip_blacklisted": "ip.blocked",
	"ip_unblocked": "ip.unblocked", "ip_unblock": "ip.unblocked",
	"ip_allowed": "ip.allowed", "ip_allow": "ip.allowed", "ip_allowlisted": "ip.allowed", "ip_whitelisted": "ip.allowed",
}

func socwardenAlert(o object) (Item, error) {
	kind, summary := o.text("alert_type"), o.text("summary")
	if kind == "" && summary == "" {
		return Item{}, event.FieldErrors{{Field: "alert_type", Detail: "is missing: not an alert of SOCWarden"}}
	}
	actor := o.text("actor")
	e := event.Event{
		Type:      "alert.created",
		Title:     event.Clip(summary, event.MaxTitle),
		AlertType: event.Clip(kind, event.MaxName),
		Actor:     event.Clip(actor, event.MaxText),
		Project:   event.Clip(o.text("project"), event.MaxName),
		Mitre:     clipped(o.texts("mitre"), event.MaxMitre),
		Tags:      clipped(o.texts("tags"), event.MaxTags),
		Geo:       o.object("geo").without().data(),
		Network:   o.object("network").without().data(),
		RiskScore: score(o.number("risk_score")),
		Source: &event.Source{
			Vendor: "socwarden", Instance: event.Clip(o.text("org_name"), event.MaxText),
			ID: event.Clip(firstText(o, "alert_id", "event_id"), event.MaxText),
		},
		DedupKey: dedupKey("socwarden", kind, o.text("project"), actor, o.text("ip")),
	}
	if len(summary) > event.MaxTitle {
		e.Description = event.Clip(summary, event.MaxDescription)
	}
	mapped := []string{"alert_type", "summary", "actor", "project", "mitre", "tags", "geo", "network"}
	action := socwardenActions[slug(kind)]
	if action != "" {
		e.Type = action
		e.Status = strings.TrimPrefix(action, "ip.")
		e.DedupKey = dedupKey("socwarden", "ip", e.Project, o.text("ip")) // blocking and unblocking are one matter
	}
	list, role := entities{told: action != ""}, "source"
	if action != "" {
		role = "target" // of the action
	}
	if socwardenIP(&list, o.text("ip"), role) {
		mapped = append(mapped, "ip")
	}
	list.add("user", actor, "actor")
	e.Entities = list.all
	if e.RiskScore != nil {
		mapped = append(mapped, "risk_score")
	}
	mapped = append(mapped, socwardenConstants(o, &e)...)
	e.Data = o.without(mapped...).data()
	return Item{Event: e}, nil
}

// socwardenConstants fills severity and time, and lists the members that say nothing beyond what the event says now.
func socwardenConstants(o object, e *event.Event) (mapped []string) {
	var ok bool
	if e.Severity, ok = event.ParseSeverity(o.text("severity")); ok {
		mapped = append(mapped, "severity")
	} else {
		e.Severity = event.DefaultSeverity(e.Type)
	}
	if e.Time, ok = event.ParseTime(o.text("created_at")); ok {
		mapped = append(mapped, "created_at")
	}
	if o.text("event") == e.Type {
		mapped = append(mapped, "event")
	}
	if o.text("source") == "socwarden" {
		mapped = append(mapped, "source")
	}
	return mapped
}

// socwardenIP adds an address, or a range as the IP actions write it. It says whether the entity holds the text as it
// stands.
func socwardenIP(list *entities, text, role string) bool {
	if p, err := netip.ParsePrefix(text); err == nil {
		if !p.IsSingleIP() {
			list.add("cidr", p.Masked().String(), role)
			return p.Masked().String() == text
		}
		list.addIP(p.Addr().String(), role)
		return false
	}
	list.addIP(text, role)
	return len(list.all) > 0 && list.all[len(list.all)-1].Value == text
}
