package alerting

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

var start = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

// minute is the n-th minute of the tests.
func minute(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }

// record makes an event that happened at a minute and was received a little later.
func record(t testing.TB, at int, body string) *event.Record {
	t.Helper()
	r, err := event.Parse([]byte(strings.Replace(body, "{", fmt.Sprintf(`{"time":%q,`, minute(at).Format(time.RFC3339)), 1)), "acme", minute(10_000), event.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	r.ID = event.NewID()
	return r
}

// folded folds events into a new alert.
func folded(t testing.TB, a *store.Alert, records ...*event.Record) (entries []store.CaseEntry) {
	t.Helper()
	for _, r := range records {
		e, err := r.Event()
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, Fold(a, r, &e)...)
	}
	return entries
}

// told is a history in words.
func told(entries []store.CaseEntry) string {
	var words []string
	for _, e := range entries {
		w := e.Change.Verb
		for _, name := range []string{"status", "severity", "count", "assignee"} {
			if pair, ok := e.Change.Changed[name]; ok && (e.Change.Verb != verbCreate) {
				w += " " + pair[0] + ">" + pair[1]
			}
		}
		words = append(words, w)
	}
	return strings.Join(words, ", ")
}

// TestFoldState: what events make of the state, in whatever order they come.
func TestFoldState(t *testing.T) {
	t.Parallel()
	const created, updated, acked, resolved, reopened = `{"type":"alert.created"`, `{"type":"alert.updated"`, `{"type":"alert.acknowledged"`,
		`{"type":"alert.resolved"`, `{"type":"alert.reopened"`
	type ev struct {
		at   int
		kind string
	}
	for name, tt := range map[string]struct {
		events []ev
		status string
		since  int
		told   string
	}{
		"new":                        {[]ev{{1, created}}, "open", 1, "create"},
		"new, acknowledged":          {[]ev{{1, acked}}, "acknowledged", 1, "create"},
		"new, resolved":              {[]ev{{1, resolved}}, "resolved", 1, "create"},
		"new, reopened":              {[]ev{{1, reopened}}, "open", 1, "create"},
		"new, another type":          {[]ev{{1, `{"type":"alert.escalated"`}}, "open", 1, "create"},
		"repeats":                    {[]ev{{1, created}, {2, created}, {3, updated}}, "open", 1, "create"},
		"its life":                   {[]ev{{1, created}, {2, created}, {3, acked}, {4, resolved}}, "resolved", 4, "create, repeat 1>2, acknowledge open>acknowledged, resolve acknowledged>resolved"},
		"repeats while acknowledged": {[]ev{{1, created}, {2, acked}, {3, created}}, "acknowledged", 2, "create, acknowledge open>acknowledged"},
		"comes back":                 {[]ev{{1, created}, {2, resolved}, {3, created}}, "open", 3, "create, resolve open>resolved, reopen resolved>open"},
		"comes back by an update":    {[]ev{{1, created}, {2, resolved}, {3, updated}}, "open", 3, "create, resolve open>resolved, reopen resolved>open"},
		"reopened":                   {[]ev{{1, created}, {2, resolved}, {3, reopened}}, "open", 3, "create, resolve open>resolved, reopen resolved>open"},
		"reopened, acknowledged":     {[]ev{{1, created}, {2, acked}, {3, reopened}}, "open", 3, "create, acknowledge open>acknowledged, reopen acknowledged>open"},
		"late creation":              {[]ev{{5, resolved}, {1, created}}, "resolved", 5, "create, update info>high"},
		"late repeat":                {[]ev{{1, created}, {5, resolved}, {4, created}}, "resolved", 5, "create, resolve open>resolved"},
		"same moment":                {[]ev{{1, created}, {5, resolved}, {5, created}}, "resolved", 5, "create, resolve open>resolved"},
		"all at one moment":          {[]ev{{1, created}, {1, acked}, {1, resolved}}, "resolved", 1, "create, acknowledge open>acknowledged, resolve acknowledged>resolved"},
		"late resolution":            {[]ev{{1, created}, {5, resolved}, {7, created}, {6, resolved}}, "open", 7, "create, resolve open>resolved, reopen resolved>open"},
		"late acknowledgement":       {[]ev{{1, created}, {5, reopened}, {9, resolved}, {7, acked}}, "resolved", 9, "create, repeat 1>2, resolve open>resolved"},
		"acknowledged when resolved": {[]ev{{1, created}, {5, resolved}, {7, acked}}, "resolved", 5, "create, resolve open>resolved"},
		"resolved twice":             {[]ev{{1, created}, {5, resolved}, {7, resolved}}, "resolved", 5, "create, resolve open>resolved"},
		"status of an update":        {[]ev{{1, created}, {2, updated + `,"status":"acknowledged"`}, {3, updated + `,"status":"resolved"`}}, "resolved", 3, "create, acknowledge open>acknowledged, resolve acknowledged>resolved"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a store.Alert
			var entries []store.CaseEntry
			first, last := 1<<30, 0
			for _, e := range tt.events {
				entries = append(entries, folded(t, &a, record(t, e.at, e.kind+`,"dedup_key":"k"}`))...)
				first, last = min(first, e.at), max(last, e.at)
			}
			if a.Status != tt.status || !a.StatusAt.Equal(minute(tt.since)) {
				t.Errorf("status %s since %s", a.Status, a.StatusAt)
			}
			if diff := cmp.Diff(tt.told, told(entries)); diff != "" {
				t.Error(diff)
			}
			if a.Count != uint64(len(tt.events)) || !a.FirstSeen.Equal(minute(first)) || !a.LastSeen.Equal(minute(last)) {
				t.Errorf("count %d, from %s to %s", a.Count, a.FirstSeen, a.LastSeen)
			}
		})
	}
}

// TestFoldDescription: the newest event describes the alert, older ones and changes of the state fill gaps.
func TestFoldDescription(t *testing.T) {
	t.Parallel()
	var a store.Alert
	entries := folded(t, &a,
		record(t, 5, `{"type":"alert.created","dedup_key":"k","severity":"medium","title":"five","tags":["a"],"labels":{"x":"1"},"risk_score":50,`+
			`"entities":[{"type":"ip","value":"203.0.113.7","role":"source"}],"source":{"vendor":"v","product":"p"},"rule":{"id":"r"}}`),
		record(t, 9, `{"type":"alert.updated","dedup_key":"k","severity":"critical","title":"nine","tags":["b","a"],"labels":{"x":"2","y":"3"},`+
			`"entities":[{"type":"ip","value":"203.0.113.7","observed":true},{"type":"user","value":"u"}],"mitre":["T1110"]}`),
		record(t, 7, `{"type":"alert.created","dedup_key":"k","severity":"low","title":"seven","description":"only here","risk_score":1,"actor":"eve"}`),
		record(t, 11, `{"type":"alert.updated","dedup_key":"k","tags":["c"],"risk_score":99}`), // no severity: it stays
		record(t, 12, `{"type":"alert.acknowledged","dedup_key":"k","title":"Alert acknowledged","actor":"dana@example.com","severity":"info","data":{"note":"mine"}}`),
	)
	risk := 99.0
	want := store.Alert{
		ID: event.AlertID("acme", "k"), Account: "acme", Key: "k", Status: event.AlertAcknowledged, Severity: event.Critical, Title: "nine",
		Description: "only here", RuleID: "r", Source: "v/p", Actor: "eve", RiskScore: &risk, OrderingKey: "k",
		Entities: []event.Entity{{Type: "ip", Value: "203.0.113.7", Observed: true}, {Type: "user", Value: "u"}},
		Mitre:    []string{"T1110"}, Tags: []string{"a", "b", "c"}, Labels: map[string]string{"x": "2", "y": "3"}, Count: 5, Told: 5,
		FirstSeen: minute(5), LastSeen: minute(12), StatusAt: minute(12), FirstEvent: a.FirstEvent, LastEvent: a.LastEvent,
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("create, update medium>critical, repeat 2>4, acknowledge open>acknowledged", told(entries)); diff != "" {
		t.Error(diff)
	}
	if last := entries[len(entries)-1].Change; last.By != "dana@example.com" || last.Note != "mine" {
		t.Errorf("acknowledged: %+v", last)
	}
}

// TestFoldRoles: an address has the role in which a sensor saw it, whatever texts before and after it say: what is blocked
// is the observed source.
func TestFoldRoles(t *testing.T) {
	t.Parallel()
	text := func(role string) string {
		return `{"type":"alert.created","dedup_key":"k","entities":[{"type":"ip","value":"203.0.113.7","role":"` + role + `"}]}`
	}
	seen := func(role string) string { return strings.Replace(text(role), `"}]`, `","observed":true}]`, 1) }
	for name, test := range map[string]struct {
		events []string
		want   event.Entity
	}{
		"text calls the victim a source":        {[]string{text("source"), seen("target")}, event.Entity{Role: "target", Observed: true}},
		"text says so afterwards":               {[]string{seen("target"), text("source")}, event.Entity{Role: "target", Observed: true}},
		"the sensor names no role":              {[]string{text("source"), seen("")}, event.Entity{Observed: true}},
		"text gives a role to what was seen":    {[]string{seen(""), text("source")}, event.Entity{Observed: true}},
		"a later sighting gives one":            {[]string{seen(""), seen("source"), seen("target")}, event.Entity{Role: "source", Observed: true}},
		"text alone":                            {[]string{text(""), text("source")}, event.Entity{Role: "source"}},
		"an attacker that text called a victim": {[]string{text("target"), seen("source")}, event.Entity{Role: "source", Observed: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a store.Alert
			var records []*event.Record
			for i, body := range test.events {
				records = append(records, record(t, i+1, body))
			}
			folded(t, &a, records...)
			test.want.Type, test.want.Value = "ip", "203.0.113.7"
			if diff := cmp.Diff([]event.Entity{test.want}, a.Entities); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFoldBounds: an alert keeps within its bounds whatever its events hold.
func TestFoldBounds(t *testing.T) {
	t.Parallel()
	var a store.Alert
	for i := range 20 {
		var entities []event.Entity
		var tags []string
		labels := map[string]string{}
		for n := range 30 {
			entities = append(entities, event.Entity{Type: "ip", Value: fmt.Sprintf("10.0.%d.%d", i, n)})
			tags = append(tags, fmt.Sprintf("t%d-%d", i, n))
			labels[fmt.Sprintf("l%d-%d", i, n)] = "x"
		}
		e := event.Event{
			Type: "alert.created", DedupKey: "k", Entities: entities, Tags: tags, Mitre: tags, Labels: labels, Severity: event.Severity(i % 5),
			Description: strings.Repeat("ü", 20_000), Geo: json.RawMessage(`{"x":"` + strings.Repeat("y", 20_000) + `"}`),
		}
		r, err := event.FromEvent(&e, event.Origin{Account: "acme", Received: minute(i)}, event.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		folded(t, &a, r)
	}
	if len(a.Entities) != MaxEntities || len(a.Tags) != MaxTags || len(a.Mitre) != MaxTags || len(a.Labels) != MaxTags ||
		len(a.Description) > MaxDescription || !strings.HasSuffix(a.Description, "…") || a.Geo != nil {
		t.Errorf("%d entities, %d tags, %d labels, description of %d bytes", len(a.Entities), len(a.Tags), len(a.Labels), len(a.Description))
	}
}

// TestFoldGathered: what an alert gathers has a bound in bytes as well.
func TestFoldGathered(t *testing.T) {
	t.Parallel()
	var a store.Alert
	for i := range 3 {
		e := event.Event{Type: "alert.created", DedupKey: "k", Labels: map[string]string{}}
		for n := range 25 {
			e.Entities = append(e.Entities, event.Entity{Type: "url", Value: fmt.Sprintf("%d-%d-", i, n) + strings.Repeat("x", 7000)})
			e.Labels[fmt.Sprintf("l%d", n)] = strings.Repeat("x", 1000*(i+1))
		}
		r, err := event.FromEvent(&e, event.Origin{Account: "acme", Received: minute(i)}, event.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		folded(t, &a, r)
	}
	if raw, err := json.Marshal(a); err != nil || len(raw) > 3*maxGathered || len(a.Entities) != 4 || len(a.Labels) != 25 {
		t.Errorf("%d bytes, %d entities, %d labels, %v", len(raw), len(a.Entities), len(a.Labels), err)
	}
}

// TestFoldVia: no sender makes a line of the history look as if it had been done here.
func TestFoldVia(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`{"vendor":"example","product":"siem"}`: "example/siem", `{"vendor":"Console"}`: "source Console", `{"product":" api "}`: "source  api ",
		`{"vendor":"int_01kmb7a2v4e9zr6x3q8w5t0ysd"}`: "source int_01kmb7a2v4e9zr6x3q8w5t0ysd",
	} {
		var a store.Alert
		entries := folded(t, &a, record(t, 1, `{"type":"alert.acknowledged","dedup_key":"k","actor":"dana@example.com","source":`+source+`}`))
		if got := entries[0].Change.Via; got != want {
			t.Errorf("%s: %q", source, got)
		}
	}
}

// TestFoldClock: an event that claims to come from the future came when it was received.
func TestFoldClock(t *testing.T) {
	t.Parallel()
	var a store.Alert
	r := record(t, 1_000_000, `{"type":"alert.resolved","dedup_key":"k"}`)
	folded(t, &a, r)
	if !a.StatusAt.Equal(r.Received) {
		t.Errorf("resolved at %s", a.StatusAt)
	}
}

// TestFolds: what is folded at all.
func TestFolds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind  string
		flags event.Flags
		want  bool
	}{
		{"alert.created", 0, true}, {"alert.custom.thing", 0, true}, {"alert.created", event.Test, true}, {"alert.acknowledged", event.Internal, false},
		{"auth.login_failed", 0, false}, {"incident.created", 0, false}, {"alerts.x", 0, false},
	} {
		if got := Folds(&event.Record{Type: tt.kind, Flags: tt.flags}); got != tt.want {
			t.Errorf("%s, flags %d: %v", tt.kind, tt.flags, got)
		}
	}
}
