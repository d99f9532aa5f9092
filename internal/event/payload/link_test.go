package payload

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/eventtest"
)

// places are where each form has the incident, the endpoint and the link, as docs/payloads.md says; more than one where it
// depends on what the event is.
var places = map[string][3][]string{
	Native:           {{"incident"}, {"endpoint"}, {"link"}},
	CloudEvents:      {{"data.incident"}, {"data.endpoint"}, {"data.link"}},
	OCSF:             {{"metadata.correlation_uid"}, {"unmapped.endpoint"}, {"unmapped.link"}},
	ECS:              {{"tocsin.incident"}, {"tocsin.endpoint"}, {"tocsin.link"}},
	"cef":            {{"cs4"}, {"destinationServiceName"}, {"sourceServiceName"}},
	"leef":           {{"incident"}, {"endpoint"}, {"link"}},
	UDM:              {label("incident"), label("endpoint"), label("link")},
	SOCWarden:        {{"tags"}, {"tags"}, {"tags"}},
	"wardex":         {{"case_id"}, {"endpoint_id"}, {"wardex_url"}},
	"socmate":        {{"tocsin.incident"}, {"tocsin.endpoint"}, {"tocsin.link"}},
	"source-defense": {{"tocsin.incident"}, {"tocsin.endpoint"}, {"tocsin.link"}},
	"wallarm-v1":     {{"tocsin.incident"}, {"tocsin.endpoint"}, {"tocsin.link"}},
	"wallarm-v2":     {{"details.tocsin.incident"}, {"details.tocsin.endpoint"}, {"details.tocsin.link"}},
	"wallarm-v3":     {{"details.tocsin.incident"}, {"details.tocsin.endpoint"}, {"details.tocsin.link"}},
	"wallarm":        {{"details.tocsin.incident"}, {"details.tocsin.endpoint"}, {"details.tocsin.link"}},
	"falco":          {{`output_fields.tocsin\.incident`}, {`output_fields.tocsin\.endpoint`}, {`output_fields.tocsin\.link`}},
	"alertmanager":   {{"alerts.0.annotations.incident"}, {"alerts.0.annotations.endpoint"}, {"alerts.0.annotations.link"}},
	Template:         {{"case"}, {"where"}, {"back"}},
}

func label(name string) []string {
	return []string{`security_result.0.detection_fields.#(key=="` + name + `").value`}
}

// TestBack: every form of every kind of event has the incident, the endpoint and the link back to Tocsin, also where the
// sender has a URL of its own, which stays.
func TestBack(t *testing.T) {
	t.Parallel()
	const hub, endpoint, url = "https://tocsin.example.com", "endpoint-17", "https://siem.example.com/a/1"
	o := Options{PublicURL: hub, Template: `{"case": event.incident, "where": event.endpoint, "back": event.link}`}
	for _, p := range Profiles() {
		write, err := p.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		where, known := places[p.Name]
		if !known {
			t.Errorf("nobody knows where %s has its link", p.Name)
		}
		for _, kind := range []string{
			"alert.created", "incident.updated", "hit.detected", "vulnerability.detected", "ip.blocked", "investigation.failed",
			"site.header_changed", "script.detected", "detection.sql_injection", "system.notice",
		} {
			for _, own := range []string{"", url} {
				r := eventtest.Record(t, `{"type":"`+kind+`","title":"t","incident":"INC-1042","endpoint":"`+endpoint+`","url":"`+own+`"}`)
				got, err := write(nil, r)
				if err != nil {
					t.Fatalf("%s of %s: %v", p.Name, kind, err)
				}
				for i, want := range []string{"INC-1042", endpoint, r.Link(hub)} {
					if text := at(t, p, got, where[i]); !strings.Contains(text, want) {
						t.Errorf("%s of %s has %q at %v, want %s: %s", p.Name, kind, text, where[i], want, got)
					}
				}
			}
		}
	}
}

// TestNoBack: without a public URL there is no link, and what came in by a form goes out of it as it came.
func TestNoBack(t *testing.T) {
	t.Parallel()
	for _, p := range Profiles() {
		write, err := p.Open(Options{Template: `{"title": event.title}`})
		if err != nil {
			t.Fatal(err)
		}
		got, err := write(nil, eventtest.Record(t, `{"type":"alert.created","title":"t"}`))
		if err != nil || strings.Contains(string(got), "/alerts/") || strings.Contains(string(got), `"tocsin":`) && p.Name != ECS {
			t.Errorf("%s: %s, %v", p.Name, got, err)
		}
	}
	for profile, vendor := range map[string]string{
		SOCWarden: "socwarden", "wardex": "wardex", "socmate": "socmate", "wallarm": "wallarm", "source-defense": "source-defense",
	} {
		p, _ := Lookup(profile)
		got := written(t, p, eventtest.Record(t, `{"type":"alert.created","title":"t","url":"https://own.example/1","incident":"INC-1","source":{"vendor":"`+vendor+`"},"data":{"a":1}}`))
		if strings.Contains(string(got), "tocsin.example.com") {
			t.Errorf("%s: %s", profile, got)
		}
	}
}

// at reads what stands at one of the places.
func at(t *testing.T, p Profile, b []byte, paths []string) string {
	t.Helper()
	pairs := map[string]string{}
	switch p.Name {
	case "cef":
		l, err := eventtest.ParseCEF(string(b))
		if err != nil {
			t.Fatal(err)
		}
		pairs = l.Extension
	case "leef":
		l, err := eventtest.ParseLEEF(string(b))
		if err != nil {
			t.Fatal(err)
		}
		pairs = l.Attributes
	default:
		if !json.Valid(b) {
			t.Fatalf("%s: %s", p.Name, b)
		}
		for _, path := range paths {
			pairs[path] = gjson.GetBytes(b, path).String()
		}
	}
	for _, path := range paths {
		if pairs[path] != "" {
			return pairs[path]
		}
	}
	return ""
}

// TestLinkOfType: the link leads to what the event is about.
func TestLinkOfType(t *testing.T) {
	t.Parallel()
	write, err := Open(Native, Options{PublicURL: "https://t.example"})
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		`{"type":"incident.created","incident":"INC-7"}`:    "https://t.example/incidents/INC-7",
		`{"type":"incident.created","incident":"x"}`:        "https://t.example/events/evt_",
		`{"type":"alert.resolved","dedup_key":"k"}`:         "https://t.example/alerts/" + event.AlertID(event.DefaultAccount, "k").Text(event.PrefixAlert),
		`{"type":"log.line","link":"https://evil.example"}`: "https://t.example/events/evt_",
	} {
		got, err := write(nil, eventtest.Record(t, in))
		if link := gjson.GetBytes(got, "link").String(); err != nil || !strings.HasPrefix(link, want) || strings.Count(string(got), `"link":`) > 2 {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
}
