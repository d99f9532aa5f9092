package ingest

import (
	"iter"
	"net/http"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// SourceDefense reads the events of Source Defense's webhook (with or without the wrapper that it puts around them for
// Splunk): https://sourcedefense.zendesk.com/hc/en-us/articles/32445592602141.
//
//	type      by event_name, else by event_type, see sourceDefenseClasses; an unknown one becomes
//	          custom.source_defense.<event_name>
//	severity  the class's: the vendor sends none
//	time      timestamp, which is UTC when it says nothing else
//	title     the class in words, what it is about, and the site
//	alert_type  the class; other for an unknown one
//	project   site_name
//	source    vendor source-defense, instance account_name, id site_script_id
//	labels    account_id, account_name, site_id
//	dedup_key source-defense/event_name/ids/timestamp: the vendor gives events no id
//	entities  script_name as a script, the unknown domain as a domain (source): both were seen by the sensor, so observed
//	data      everything
type SourceDefense struct{}

// Name is the last part of the path.
func (SourceDefense) Name() string { return "source-defense" }

// Decode reads one object, an array or NDJSON.
func (SourceDefense) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return jsonItems(body, lim, sourceDefenseItem)
}

// sourceDefenseClass is one of the kinds of event that people can choose in Source Defense.
type sourceDefenseClass struct {
	name     string   // the class
	words    []string // one of them is in the event's name
	code     int64    // its event_type; 0: not published
	is       string   // the event type
	severity event.Severity
	title    string
}

// sourceDefenseClasses are the six. The names of the first four and the codes of the first three are published; names
// of the others are recognised by the words that they must have.
var sourceDefenseClasses = []sourceDefenseClass{
	{"new_script", []string{"new_script"}, 1, "script.detected", event.Low, "New script"},
	{"new_behavior", []string{"new_behavior", "new_behaviour"}, 6, "script.behavior_changed", event.High, "New behaviour of a script"},
	{"header_change", []string{"header_change"}, 4, "site.header_changed", event.High, "Security header changed"},
	{"new_policy_rec", []string{"policy_rec", "recommendation"}, 0, "script.policy_recommended", event.Info, "New policy recommended for a script"},
	{"data_missing", []string{"data_missing", "missing_data", "no_data"}, 0, "site.data_missing", event.Medium, "Data missing"},
	{"unknown_domain", []string{"unknown_domain", "unknown_unauthorized_domain", "new_domain"}, 0, "site.unknown_domain", event.Medium, "Unknown domain"},
}

// sourceDefenseClassOf finds the class by name or code. A name counts more than a code.
func sourceDefenseClassOf(name, eventType string) sourceDefenseClass {
	code, _ := strconv.ParseInt(eventType, 10, 64)
	short := slug(strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(name), "site_script."), "site."))
	for _, c := range sourceDefenseClasses {
		for _, word := range c.words {
			if strings.Contains(short, word) {
				return c
			}
		}
	}
	for _, c := range sourceDefenseClasses {
		if short == "" && code != 0 && c.code == code {
			return c
		}
	}
	if short == "" {
		short = "event_" + eventType
	}
	return sourceDefenseClass{name: "other", is: customType("source_defense", short), title: "Source Defense"}
}

func sourceDefenseItem(o object) (Item, error) {
	var around object
	if inner, outer := hecWrapped(o); inner != nil {
		o, around = inner, outer
	}
	name, code := o.text("event_name"), o.scalar("event_type")
	if name == "" && code == "" {
		return Item{}, event.FieldErrors{{Field: "event_name", Detail: "is missing, and so is event_type: not an event of Source Defense"}}
	}
	class := sourceDefenseClassOf(name, code)
	site := o.text("site_name")
	e := event.Event{
		Type:      class.is,
		Severity:  class.severity,
		AlertType: class.name,
		Title:     event.Clip(sourceDefenseTitle(o, class, name, code), event.MaxTitle),
		Project:   event.Clip(site, event.MaxName),
		Source: &event.Source{
			Vendor: "source-defense", Instance: event.Clip(o.text("account_name"), event.MaxText),
			ID: event.Clip(o.scalar("site_script_id"), event.MaxText),
		},
		DedupKey: dedupKey("source-defense", name, code, o.scalar("account_id"), o.scalar("site_id"), o.scalar("site_script_id"),
			o.scalar("payment_page_id"), o.text("header_name"), o.text("behavior_name"), sourceDefenseDomain(o), o.scalar("timestamp")),
	}
	e.Time, _ = event.ParseTime(o.text("timestamp"))
	for _, label := range []string{"account_id", "account_name", "site_id"} {
		e.Labels = labelled(e.Labels, label, o.scalar(label))
	}
	var list entities
	list.add("script", o.text("script_name"), "source")
	list.add("domain", sourceDefenseDomain(o), "source")
	e.Entities = list.all
	e.Data = withAround(o.without(), around).data()
	return Item{Event: e}, nil
}

// sourceDefenseTitle says what happened to what.
func sourceDefenseTitle(o object, class sourceDefenseClass, name, code string) string {
	if class.name == "other" {
		if name == "" {
			name = "event " + code
		}
		return joinTexts(": ", joinTexts(" on ", class.title+" "+name, o.text("site_name")), o.text("summary"))
	}
	about := joinTexts(": ", o.text("script_name"), o.text("behavior_name"))
	if header := o.text("header_name"); header != "" {
		about = joinTexts(" of ", header, o.text("payment_page_name"))
	} else if about == "" {
		about = joinTexts(", ", sourceDefenseDomain(o), o.text("payment_page_name"))
	}
	return joinTexts(" on ", joinTexts(": ", class.title, about), o.text("site_name"))
}

// sourceDefenseDomain is the domain that an event is about. The page shows no such event: these are the likely names.
func sourceDefenseDomain(o object) string {
	return firstText(o, "domain", "domain_name", "unknown_domain")
}
