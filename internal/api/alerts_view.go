package api

import (
	"cmp"
	"encoding/json"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/facts"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Alert is an alert as it is shown. Lists leave out what is long.
type Alert struct {
	ID        string         `json:"id" doc:"Its id, which is made of the account and the key alone." example:"alr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	DedupKey  string         `json:"dedup_key" doc:"What its events have in common: their dedup_key, or the id of an event without one." example:"brute-force/203.0.113.7"`
	Status    string         `json:"status" enum:"open,acknowledged,resolved" doc:"Where it stands."`
	Severity  string         `json:"severity" enum:"info,low,medium,high,critical" doc:"Of the newest event that said one, unless somebody has set it."`
	Title     string         `json:"title" doc:"One line for people." example:"Ten failed logins, then a success"`
	AlertType string         `json:"alert_type,omitempty" doc:"The kind of alert." example:"brute_force"`
	Project   string         `json:"project,omitempty" doc:"The named scope that it belongs to." example:"production-api"`
	Source    string         `json:"source,omitempty" doc:"What sent it: vendor/product." example:"example/identity"`
	Endpoint  string         `json:"endpoint,omitempty" doc:"The endpoint that was called."`
	Rule      *event.Rule    `json:"rule,omitempty" doc:"The detection that fired."`
	Country   string         `json:"country,omitempty" doc:"The country that its geo tells of, as two letters (ISO 3166-1)." example:"NL"`
	RiskScore *float64       `json:"risk_score,omitempty" doc:"0 to 100." example:"84"`
	Actor     string         `json:"actor,omitempty" doc:"Who did it."`
	Assignee  string         `json:"assignee,omitempty" doc:"Who has it, as an e-mail address." example:"dana@example.com"`
	Incident  string         `json:"incident,omitempty" doc:"The incident that it is under." example:"INC-7"`
	Entities  []event.Entity `json:"entities,omitempty" doc:"The things that it is about, of all its events: at most 100."`
	Mitre     []string       `json:"mitre,omitempty" doc:"ATT&CK techniques, of all its events."`
	Tags      []string       `json:"tags,omitempty" doc:"Tags, of all its events."`
	URL       string         `json:"url,omitempty" doc:"Where to read more."`
	TLP       string         `json:"tlp,omitempty" doc:"Traffic Light Protocol."`
	Count     uint64         `json:"count" doc:"How many events it is made of." example:"3"`
	FirstSeen time.Time      `json:"first_seen" doc:"The time of its oldest event."`
	LastSeen  time.Time      `json:"last_seen" doc:"The time of its newest event."`
	StatusAt  time.Time      `json:"status_at" doc:"When it got its status."`
	Version   int64          `json:"version" doc:"Grows with each change; it is the ETag." example:"4"`

	FirstEvent  string            `json:"first_event,omitempty" doc:"The event that made it." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	LastEvent   string            `json:"last_event,omitempty" doc:"The event that came last."`
	Description string            `json:"description,omitempty" doc:"More for people; only in the answer for one alert."`
	Labels      map[string]string `json:"labels,omitempty" doc:"Named values; only in the answer for one alert."`
	Geo         map[string]any    `json:"geo,omitempty" doc:"Where it came from; only in the answer for one alert."`
	Network     map[string]any    `json:"network,omitempty" doc:"What is known of the network it came from; only in the answer for one alert."`
	History     []AlertEntry      `json:"history,omitempty" doc:"What happened to it, the newest first: at most 100 entries, in the answer for one alert. The others are at history."`
	Tickets     []Ticket          `json:"tickets,omitempty" doc:"What other systems keep for it; only in the answer for one alert."`
	Links       *AlertLinks       `json:"links,omitempty" doc:"Where to read on; only in the answer for one alert."`
}

// AlertLinks lead on.
type AlertLinks struct {
	History    string `json:"history" doc:"All of its history." example:"/api/v1/alerts/alr_01kmb7a2v4e9zr6x3q8w5t0ysd/history"`
	Deliveries string `json:"deliveries" doc:"Where its events went." example:"/api/v1/alerts/alr_01kmb7a2v4e9zr6x3q8w5t0ysd/deliveries"`
	Related    string `json:"related" doc:"Alerts that it has something in common with." example:"/api/v1/alerts/alr_01kmb7a2v4e9zr6x3q8w5t0ysd/related"`
	Incident   string `json:"incident,omitempty" doc:"The incident." example:"/api/v1/incidents/INC-7"`
}

// AlertEntry is a line of an alert's history.
type AlertEntry struct {
	At    time.Time `json:"at" doc:"When it happened."`
	Verb  string    `json:"verb" doc:"create, update, repeat (seen again), acknowledge, resolve, reopen, assign, note, rate, link." example:"acknowledge"`
	By    string    `json:"by,omitempty" doc:"Who did it." example:"dana@example.com"`
	Via   string    `json:"via,omitempty" doc:"Through what: api, console, rule, the id of an integration, or what sent the event." example:"api"`
	Note  string    `json:"note,omitempty" doc:"What was written with it."`
	Event string    `json:"event,omitempty" doc:"The event that brought it, or tells of it." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	// Changed has before and after.
	Changed map[string][]string `json:"changed,omitempty" doc:"What changed: before and after." example:"{\"status\":[\"open\",\"acknowledged\"]}"`
}

// newAlert is an alert as lists show it.
func newAlert(a *store.Alert) Alert {
	v := Alert{
		ID: a.ID.Text(event.PrefixAlert), DedupKey: a.Key, Status: a.Status, Severity: a.Severity.String(), Title: a.Title,
		AlertType: a.AlertType, Project: a.Project, Source: a.Source, Endpoint: a.Endpoint, RiskScore: a.RiskScore, Actor: a.Actor,
		Assignee: a.Assignee, Entities: a.Entities, Mitre: a.Mitre, Tags: a.Tags, URL: a.URL, TLP: a.TLP, Count: a.Count,
		FirstSeen: a.FirstSeen, LastSeen: a.LastSeen, StatusAt: a.StatusAt, Version: a.Version,
		FirstEvent: eventText(a.FirstEvent), LastEvent: eventText(a.LastEvent),
		Country: cmp.Or(a.Country, facts.Country(a.Geo)), // what was stored before countries were has them in geo
	}
	if a.RuleID != "" || a.RuleName != "" {
		v.Rule = &event.Rule{ID: a.RuleID, Name: a.RuleName}
	}
	if a.Incident > 0 {
		v.Incident = "INC-" + strconv.FormatInt(a.Incident, 10)
	}
	return v
}

// newWholeAlert is an alert as it is shown by itself.
func newWholeAlert(a *store.Alert, history []store.CaseEntry, tickets []store.Ticket) Alert {
	v := newAlert(a)
	v.Description, v.Labels, v.Geo, v.Network = a.Description, a.Labels, objectOf(a.Geo), objectOf(a.Network)
	path := "/api/v1/alerts/" + v.ID
	v.Links = &AlertLinks{History: path + "/history", Deliveries: path + "/deliveries", Related: path + "/related"}
	if a.Incident > 0 {
		v.Links.Incident = "/api/v1/incidents/" + v.Incident
	}
	for i := range history {
		v.History = append(v.History, newAlertEntry(&history[i]))
	}
	v.Tickets = newTickets(tickets)
	return v
}

func newAlertEntry(e *store.CaseEntry) AlertEntry {
	v := AlertEntry{At: e.At, Verb: e.Change.Verb, By: e.Change.By, Via: e.Change.Via, Note: e.Change.Note, Event: eventText(e.Event)}
	for name, pair := range e.Change.Changed {
		if v.Changed == nil {
			v.Changed = map[string][]string{}
		}
		v.Changed[name] = pair[:]
	}
	return v
}

// objectOf reads an object of an event; nil if it is none.
func objectOf(raw json.RawMessage) (v map[string]any) {
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return nil
	}
	return v
}

// FacetCount is how many alerts have a value.
type FacetCount struct {
	Value string `json:"value" doc:"The value; empty for alerts without one." example:"open"`
	Count int    `json:"count" doc:"How many alerts have it." example:"12"`
}

// AlertFacets count the alerts that the filter lets through.
type AlertFacets struct {
	Total       int          `json:"total" doc:"How many alerts the filter lets through." example:"12"`
	Approximate bool         `json:"approximate" doc:"Only the newest ones were counted; the numbers are of those."`
	Status      []FacetCount `json:"status" doc:"By status."`
	Severity    []FacetCount `json:"severity" doc:"By severity."`
	AlertType   []FacetCount `json:"alert_type" doc:"By kind of alert; the 100 most frequent, as everywhere."`
	Project     []FacetCount `json:"project" doc:"By project."`
	Source      []FacetCount `json:"source" doc:"By source."`
	Assignee    []FacetCount `json:"assignee" doc:"By assignee; the empty one is nobody."`
	Country     []FacetCount `json:"country" doc:"By country (two letters); the empty one is none."`
	Mitre       []FacetCount `json:"mitre" doc:"By ATT&CK technique, as alerts name them; one with several counts for each. Those without one are not counted."`
	// MitreApproximate is about Mitre alone.
	MitreApproximate bool `json:"mitre_approximate" doc:"Techniques were counted of the newest 50,000 alerts that name any, and there are others."`
}

func newFacets(f *store.AlertFacets) *AlertFacets {
	if f == nil {
		return nil
	}
	counts := func(list []store.ValueCount) []FacetCount {
		out := make([]FacetCount, len(list))
		for i, v := range list {
			out[i] = FacetCount(v)
		}
		return out
	}
	return &AlertFacets{
		Total: f.Total, Approximate: f.Approximate, Status: counts(f.Status), Severity: counts(f.Severity), AlertType: counts(f.AlertType),
		Project: counts(f.Project), Source: counts(f.Source), Assignee: counts(f.Assignee),
		Country: counts(f.Country), Mitre: counts(f.Mitre), MitreApproximate: f.MitreApproximate,
	}
}

// AlertList is a page of alerts.
type AlertList struct {
	Items       []Alert      `json:"items" doc:"The alerts of this page."`
	Next        string       `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one." example:"bmV4dA"`
	Approximate bool         `json:"approximate,omitempty" doc:"More alerts were found than are looked at (10,000); the list is of the newest ones."`
	Facets      *AlertFacets `json:"facets,omitempty" doc:"With facets=true: how many alerts there are, by value."`
}
