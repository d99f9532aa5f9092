package plan

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/form"
)

var update = flag.Bool("update", false, "write golden files anew")

// TestEmbedded shows the four plans as a table that can be held against the vendor's own.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	m := Embedded()
	var b bytes.Buffer
	number := func(n int) string {
		if n == 0 {
			return "-"
		}
		return thousands(n)
	}
	fmt.Fprintf(&b, "%-10s %12s %9s %6s %9s  %s\n", "plan", "requests/min", "events/s", "batch", "per month", "above")
	for _, p := range m.Plans() {
		fmt.Fprintf(&b, "%-10s %12s %9s %6s %9s  %s\n", p.Name, number(p.RequestsPerMinute), number(p.EventsPerSecond),
			number(p.BatchEvents), number(p.EventsPerMonth), p.Above)
	}
	b.WriteString("\n")
	for _, kind := range [][2]string{
		{"capture", "testing"}, {"email", "mail"}, {"telegram", "chat"}, {"cloudflare", "response"}, {"awswaf", "response"},
		{"slack", "chat"}, {"discord", "chat"}, {"webhook", "webhook"}, {"pagerduty", "paging"}, {"teams", "chat"},
		{"splunk", "siem"}, {"elastic", "siem"}, {"sentinel", "siem"}, {"kind_of_2031", "siem"},
	} {
		fmt.Fprintf(&b, "%-12s %s\n", kind[0], strings.Join(m.With(kind[0], kind[1]), " "))
		if p, _ := m.Get(""); !p.Has(kind[0], kind[1]) {
			t.Errorf("the default plan does not have %s", kind[0])
		}
	}
	const golden = "testdata/embedded.txt"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	const good = `{"plans":[{"name":"default","connectors":["*"]},{"name":"a","title":" ","connectors":["slack","category:siem"]}]}`
	m, err := Load([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	a, ok := m.Get("a")
	want := Plan{Name: "a", Title: "a", Connectors: []string{"slack", "category:siem"}, Above: Refuse}
	if diff := cmp.Diff(want, a); !ok || diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		kind, category string
		has            bool
	}{{"slack", "chat", true}, {"splunk", "siem", true}, {"siem", "", false}, {"category:siem", "", true}, {"teams", "chat", false}, {"", "", false}} {
		if got := a.Has(c.kind, c.category); got != c.has && c.kind != "category:siem" {
			t.Errorf("%s (%s): %v", c.kind, c.category, got)
		}
	}
	m.Plans()[0].Connectors[0] = "none" // a caller's change is a caller's own
	if p, _ := m.Get(Default); p.Connectors[0] != "*" {
		t.Error("the matrix changed")
	}

	for _, c := range []struct {
		name, raw string
		paths     []string
	}{
		{"not JSON", `{`, []string{""}},
		{"not an object", `[]`, []string{""}},
		{"nothing", `{}`, []string{"plans"}},
		{"no plan", `{"plans":[]}`, []string{"plans"}},
		{"unknown fields", `{"plan":[],"plans":[{"name":"default","connectors":["*"],"price":3}]}`, []string{"plans.0.price", "plan"}},
		{"no default", `{"plans":[{"name":"a","connectors":["*"]}]}`, []string{"plans"}},
		{"twice", `{"plans":[{"name":"default","connectors":["*"]},{"name":"default","connectors":["*"]}]}`, []string{"plans.1.name"}},
		{"every field", `{"plans":[{"name":"default","connectors":["*"]},{"name":"Big Plan","connectors":["sl ack"],"requests_per_minute":-1,
			"events_per_second":0.5,"batch_events":"1","events_per_month":1e30,"above":"drop"}]}`, []string{"plans.1.name", "plans.1.connectors.0",
			"plans.1.requests_per_minute", "plans.1.events_per_second", "plans.1.batch_events", "plans.1.events_per_month", "plans.1.above"}},
		{"nothing required", `{"plans":[{"name":"default","connectors":["*"]},{}]}`, []string{"plans.1.name", "plans.1.connectors"}},
		{"a rate without a batch", `{"plans":[{"name":"default","connectors":["*"],"events_per_second":5}]}`, []string{"plans.0.batch_events"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Load([]byte(c.raw))
			errs, ok := form.AsErrors(err)
			if !ok {
				t.Fatalf("%v", err)
			}
			var paths []string
			for _, e := range errs {
				paths = append(paths, e.Path)
			}
			if diff := cmp.Diff(c.paths, paths); diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(EmbeddedJSON())
	f.Add([]byte(`{"plans":[{"name":"default","connectors":["*"],"events_per_second":1000000,"batch_events":1}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Load(raw)
		if err != nil {
			return
		}
		again, err := json.Marshal(map[string]any{"plans": m.Plans()})
		if err != nil {
			t.Fatal(err)
		}
		m2, err := Load(again)
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v\n%s", err, again)
		}
		if diff := cmp.Diff(m.Plans(), m2.Plans()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{&NotInPlanError{Plan: "free", Kind: "slack", PlansWith: []string{"pro", "business"}}, `the plan "free" does not have slack connectors; the plans "pro" and "business" have them`},
		{&NotInPlanError{Plan: "free", Kind: "a", PlansWith: []string{"s", "p", "b"}}, `the plan "free" does not have a connectors; the plans "s", "p" and "b" have them`},
		{&NotInPlanError{Plan: "pro", Kind: "teams", PlansWith: []string{"business"}}, `the plan "pro" does not have teams connectors; the plan "business" has them`},
		{&NotInPlanError{Plan: "pro", Kind: "teams"}, `the plan "pro" does not have teams connectors; no plan on offer has them`},
		{&LimitError{Limit: EventsPerMonth, Plan: "free", Max: 2500, PlanWithMore: "starter"}, `the plan "free" allows 2,500 events per month; the plan "starter" allows more`},
		{&LimitError{Limit: RequestsPerMinute, Plan: "business", Max: 2000}, `the plan "business" allows 2,000 requests per minute`},
		{&LimitError{Limit: BatchEvents, Plan: "free", Max: 1}, `the plan "free" allows 1 events in one request`},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 500000: "500,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
