package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// dayAlerts is how many alerts of the last day the demo sends beside its samples, so that there is something to look at.
const dayAlerts = 42

// dayKind is a kind of alert of the day.
type dayKind struct {
	title, alertType string
	severity         event.Severity
	mitre            []string
	rule             string
	source           string // the product
	host             bool   // it is about a host; else about a person
}

// dayKinds are what the day is made of. None is of the type that the demo's response rule watches.
var dayKinds = []dayKind{
	{"Credentials tried from a leaked list", "credential_stuffing", event.High, []string{"T1110.004"}, "ID-9", "idp", false},
	{"SQL injection stopped at the edge", "web_attack", event.Medium, []string{"T1190"}, "WF-1", "waf", true},
	{"Vulnerability scanner at the public API", "reconnaissance", event.Low, []string{"T1595.002"}, "NW-6", "ids", true},
	{"Attachment with a macro was opened", "phishing", event.High, []string{"T1566.001", "T1204.002"}, "ML-4", "mail", false},
	{"Encoded PowerShell started by an office program", "malware", event.Critical, []string{"T1059.001", "T1027.010"}, "EP-3", "edr", true},
	{"Sign-in from a country not seen before", "identity", event.Medium, []string{"T1078"}, "ID-7", "idp", false},
	{"Many second-factor prompts in a row", "identity", event.High, []string{"T1621"}, "ID-11", "idp", false},
	{"New scheduled task on a server", "persistence", event.Medium, []string{"T1053.005"}, "EP-8", "edr", true},
	{"Large upload to a file-sharing site", "exfiltration", event.High, []string{"T1567.002"}, "DL-2", "proxy", false},
	{"Beacon to a rarely seen domain", "command_and_control", event.High, []string{"T1071.001"}, "NW-9", "proxy", true},
	{"Access key used from an unknown network", "cloud", event.Medium, []string{"T1078.004"}, "CL-5", "cloud", false},
	{"Storage bucket made public", "cloud", event.Medium, []string{"T1530"}, "CL-2", "cloud", false},
	{"Remote desktop opened between workstations", "lateral_movement", event.Medium, []string{"T1021.001"}, "NW-12", "edr", true},
	{"Audit logging was turned off", "defense_evasion", event.Critical, []string{"T1562.008"}, "CL-1", "cloud", false},
	{"Directory listed by a service account", "discovery", event.Info, []string{"T1087.002"}, "ID-20", "idp", false},
}

// dayCountries are where the day's addresses are said to be; the addresses are of documentation networks.
var dayCountries = []struct{ code, name, city string }{
	{"US", "United States", "Ashburn"}, {"NL", "Netherlands", "Amsterdam"}, {"BR", "Brazil", "São Paulo"}, {"DE", "Germany", "Frankfurt"},
	{"IN", "India", "Mumbai"}, {"VN", "Vietnam", "Hanoi"}, {"US", "United States", "Dallas"}, {"FR", "France", "Paris"},
	{"SG", "Singapore", "Singapore"}, {"UA", "Ukraine", "Kyiv"}, {"ZA", "South Africa", "Johannesburg"}, {"JP", "Japan", "Tokyo"},
	{"NL", "Netherlands", "Rotterdam"}, {"TR", "Türkiye", "Istanbul"},
}

var (
	dayProjects = []string{"production-api", "corporate", "backoffice", "data-platform", "mobile-app"}
	dayPeople   = []string{"a.ruiz", "k.sato", "l.novak", "p.okafor", "s.lindqvist"}
	dayHosts    = []string{"web-3", "db-1", "laptop-114", "build-2", "gateway-1"}
)

// LastDay is a batch of alerts, and of what became of some, that are spread over the day before now. A second run repeats
// the same alerts.
func LastDay(now time.Time) (Sample, error) {
	var body bytes.Buffer
	lines := json.NewEncoder(&body)
	for i := range dayAlerts {
		// Half an hour apart, with some unevenness: the first is of this hour, the last of almost a day ago.
		at := now.UTC().Add(-25*time.Minute - time.Duration(i)*32*time.Minute - time.Duration(i*i*7%23)*time.Minute)
		events := []event.Event{dayAlert(i, at)}
		key := events[0].DedupKey
		switch {
		case i%5 == 3:
			events = append(events, dayChange("alert.resolved", key, "Closed by the on-call analyst", at.Add(14*time.Minute)))
		case i%7 == 2:
			events = append(events, dayChange("alert.acknowledged", key, "Taken by the on-call analyst", at.Add(6*time.Minute)))
		}
		for j := range events {
			if err := lines.Encode(&events[j]); err != nil {
				return Sample{}, fmt.Errorf("writing the last day: %w", err)
			}
		}
	}
	return Sample{Name: "the last day", Source: "events", Path: "/api/v1/events", ContentType: "application/x-ndjson", Body: body.Bytes()}, nil
}

// dayAlert is the i-th alert of the day.
func dayAlert(i int, at time.Time) event.Event {
	kind, from := dayKinds[i%len(dayKinds)], dayCountries[i*5%len(dayCountries)]
	address := fmt.Sprintf("203.0.113.%d", 100+i%31) // the samples' own addresses are below
	about := event.Entity{Type: "user", Value: dayPeople[i%len(dayPeople)], Role: "target"}
	actor := about.Value
	if kind.host {
		about, actor = event.Entity{Type: "host", Value: dayHosts[i%len(dayHosts)], Role: "target", Observed: true}, ""
	}
	risk := float64(15 + 20*int(kind.severity) + i%5)
	return event.Event{
		Type: "alert.created", Time: at, Severity: kind.severity, Title: kind.title, Project: dayProjects[i%len(dayProjects)], AlertType: kind.alertType,
		DedupKey: fmt.Sprintf("demo-day:%02d", i), Actor: actor, Rule: &event.Rule{ID: kind.rule, Name: kind.title}, Mitre: kind.mitre, RiskScore: &risk,
		Entities: []event.Entity{{Type: "ip", Value: address, Role: "source", Observed: true}, about},
		Geo:      json.RawMessage(fmt.Sprintf(`{"country_code":%q,"country":%q,"city":%q}`, from.code, from.name, from.city)),
		Source:   &event.Source{Vendor: "example", Product: kind.source},
	}
}

// dayChange is what became of an alert.
func dayChange(eventType, key, title string, at time.Time) event.Event {
	return event.Event{Type: eventType, Time: at, Severity: event.Info, Title: title, DedupKey: key, Source: &event.Source{Vendor: "example", Product: "desk"}}
}
