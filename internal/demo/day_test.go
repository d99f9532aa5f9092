package demo

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/attack"
	"github.com/tocsin-hub/tocsin/internal/event/facts"
)

// TestLastDay: the day is of the last day, of documentation networks, and there is something of everything in it.
func TestLastDay(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 5, 6, 7, 8, 9, 10, time.UTC)
	s, err := LastDay(now)
	if err != nil {
		t.Fatal(err)
	}
	network := netip.MustParsePrefix("203.0.113.0/24")
	sum := map[string]map[string]int{"country": {}, "project": {}, "type": {}, "severity": {}, "technique": {}, "event": {}}
	for line := range bytes.Lines(s.Body) {
		r, err := event.Parse(bytes.TrimSpace(line), event.DefaultAccount, now, event.DefaultLimits())
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		e, err := r.Event()
		if err != nil {
			t.Fatal(err)
		}
		if age := now.Sub(r.Time); age < 0 || age > 24*time.Hour || r.DedupKey == "" {
			t.Errorf("%s is %s old", line, age)
		}
		sum["event"][r.Type]++
		if r.Type != "alert.created" {
			continue
		}
		if a, err := netip.ParseAddr(e.Entities[0].Value); err != nil || !network.Contains(a) || a.As4()[3] < 100 {
			t.Errorf("%s: the address is not of the network for examples, or one of the samples'", line)
		}
		if r.AlertType == "brute_force" {
			t.Errorf("%s would be blocked by the demo's rule", line)
		}
		sum["country"][facts.Country(e.Geo)]++
		sum["project"][r.Project]++
		sum["type"][r.AlertType]++
		sum["severity"][r.Severity.String()]++
		for _, id := range e.Mitre {
			if _, known := attack.Lookup(id); !known {
				t.Errorf("%s is no technique", id)
			}
			sum["technique"][id]++
		}
		if !json.Valid(e.Geo) {
			t.Errorf("%s is no object", e.Geo)
		}
	}
	for what, least := range map[string]int{"country": 10, "project": 5, "type": 10, "severity": 5, "technique": 12, "event": 3} {
		if len(sum[what]) < least || sum[what][""] > 0 {
			t.Errorf("%s: %v", what, sum[what])
		}
	}
}
