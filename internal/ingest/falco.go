package ingest

import (
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Falco reads what Falco's HTTP output sends: one object per alert (https://falco.org/docs/outputs/formatting/).
//
//	type      detection.falco_rule; telemetry.falco_metrics for the metrics snapshot; telemetry.events_dropped for
//	          dropped system calls; system.notice for what else Falco says about itself
//	severity  priority: Emergency, Alert, Critical are critical; Error high; Warning medium; Notice low;
//	          Informational, Info and Debug info
//	time      time, else evt.time of output_fields
//	title     rule; description: output
//	rule      its name; alert_type: the rule's name in lower case with underscores (rules only)
//	mitre     the tags that are technique numbers, or begin with one ("T1562-impair-defenses"); tags: all tags
//	source    vendor falcosecurity, product falco, instance hostname, id uuid
//	dedup_key falco/hostname/rule and the container, pod or object; of a plugin's event the user
//	entities  of output_fields, see falcoEntities; never of the text of output
//	data      everything else, output_fields whole
type Falco struct{}

// Name is the last part of the path.
func (Falco) Name() string { return "falco" }

// Decode reads one object, an array or NDJSON.
func (Falco) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return jsonItems(body, lim, falcoItem)
}

func falcoItem(o object) (Item, error) {
	rule, output := o.text("rule"), o.text("output")
	if rule == "" {
		return Item{}, event.FieldErrors{{Field: "rule", Detail: "is missing: not an event of Falco (json_output must be on)"}}
	}
	fields := o.object("output_fields")
	host := o.text("hostname")
	e := event.Event{
		Type:        falcoType(rule, o.text("source")),
		Title:       event.Clip(rule, event.MaxTitle),
		Description: event.Clip(output, event.MaxDescription),
		Rule:        &event.Rule{Name: event.Clip(rule, event.MaxText)},
		Source:      &event.Source{Vendor: "falcosecurity", Product: "falco", Instance: event.Clip(host, event.MaxText), ID: event.Clip(o.scalar("uuid"), event.MaxText)},
	}
	rest := object{}
	for name, value := range o {
		switch name {
		case "rule", "hostname", "uuid", "tags", "time":
		case "output":
			if len(output) > event.MaxDescription {
				rest[name] = value
			}
		default:
			if o.has(name) {
				rest[name] = value
			}
		}
	}
	var ok bool
	if e.Severity, ok = falcoSeverity(o.text("priority")); !ok {
		e.Severity = event.DefaultSeverity(e.Type)
	}
	if e.Time, ok = event.ParseTime(o.text("time")); !ok {
		e.Time = falcoTime(o.text("time"), fields)
		if o.has("time") {
			rest["time"] = o["time"] // it says something that Time does not
		}
	}
	if e.Type == falcoRuleType {
		e.AlertType = slug(rule)
	}
	e.Tags, e.Mitre = falcoTags(o.texts("tags"))
	e.Entities = falcoEntities(host, fields)
	e.DedupKey = dedupKey("falco", host, rule, falcoPlace(fields))
	e.Data = rest.data()
	return Item{Event: e}, nil
}

// falcoPlace tells apart where on a host a rule fired.
func falcoPlace(fields object) string {
	names := []string{"container.id", "k8s.pod.name", "ka.target.name", "github.repo.name", "github.repo", "ct.user", "gcp.user", "okta.actor.alternateid", "okta.actor.name", "ct.srcip"}
	for _, name := range names {
		if v := falcoText(fields, name); v != "" {
			return v
		}
	}
	return ""
}

const falcoRuleType = "detection.falco_rule"

func falcoType(rule, source string) string {
	lower := strings.ToLower(rule)
	internal := source == "internal" || strings.HasPrefix(lower, "falco internal:")
	switch {
	case !internal:
		return falcoRuleType
	case strings.Contains(lower, "metrics snapshot"):
		return "telemetry.falco_metrics"
	case strings.Contains(lower, "drop"):
		return "telemetry.events_dropped"
	}
	return "system.notice"
}

func falcoSeverity(priority string) (event.Severity, bool) {
	switch strings.ToLower(priority) {
	case "emergency", "alert", "critical":
		return event.Critical, true
	case "error":
		return event.High, true
	case "warning":
		return event.Medium, true
	case "notice":
		return event.Low, true
	case "informational", "info", "debug":
		return event.Info, true
	}
	return event.Info, false
}

// falcoTime reads the time of an event whose time is missing or odd. Falco writes it in UTC; what follows a complete
// UTC time (a hand-made "…Z+2" was seen in its documentation) is not looked at. Zero when nothing helps.
func falcoTime(text string, fields object) time.Time {
	if utc, _, found := strings.Cut(text, "Z"); found {
		if t, ok := event.ParseTime(utc + "Z"); ok {
			return t
		}
	}
	for _, name := range []string{"evt.time", "evt.time.iso8601", "evt.rawtime"} {
		if n, ok := fields.integer(name); ok {
			if t, ok := event.EpochTime(n); ok {
				return t
			}
		}
	}
	return time.Time{}
}

// falcoTags gives the tags and the numbers of ATT&CK techniques that are among them ("T1059.004"). A tag that names a
// tactic ("mitre_execution") is no number, and no number is made up for it.
func falcoTags(all []string) (tags, mitre []string) {
	for _, t := range all {
		if len(tags) == event.MaxTags {
			break
		}
		tags = append(tags, event.Clip(t, event.MaxName))
	}
	return tags, techniques(tags...)
}
