package incident

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// recommended is the rule of docs/incidents.md: three related alerts in five minutes.
const recommended = `{"name":"Related alerts","group_by":["entity"],"window":"5m","threshold":3}`

func TestRelatedAlerts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(recommended)
	for n, severity := range []event.Severity{event.Low, event.High} {
		if writes := w.fold(w.alert(fmt.Sprint(n), severity, "203.0.113.7")); len(writes) > 0 {
			t.Fatalf("%d alerts make %+v", n+1, writes)
		}
		w.pass(2 * time.Minute)
	}
	w.fold(w.alert("2", event.Medium, "::ffff:203.0.113.7"), w.alert("elsewhere", event.Critical, "198.51.100.1"))
	list := w.incidents()
	if len(list) != 1 {
		t.Fatalf("%d incidents", len(list))
	}
	i := list[0]
	if i.Alerts != 3 || i.Severity != event.High || i.Title != "3 related alerts: ip:203.0.113.7" || i.RuleKey != "ip:203.0.113.7" || i.Status != "new" || i.Project != "web" {
		t.Errorf("made %+v", i)
	}
	if said := w.said(); len(said) != 1 || said[0].Type != "incident.created" || gjson.GetBytes(said[0].Event, "data.change").Raw !=
		`{"verb":"create","by":"Related alerts","via":"rule","changed":{"alerts":["","`+gjson.GetBytes(said[0].Event, "data.change.changed.alerts.1").Str+`"]}}` {
		t.Errorf("said %s", said[0].Event)
	}

	// While it is open, what is related joins, however long after.
	w.pass(3 * time.Hour)
	w.fold(w.alert("3", event.Critical, "203.0.113.7"))
	if i = w.must(w.Get(t.Context(), acme, 1)); i.Alerts != 4 || i.Severity != event.Critical {
		t.Errorf("joined %+v", i)
	}
	again := w.alert("3", event.Critical, "203.0.113.7")
	again.Incident = 1
	if writes := w.fold(again); len(writes) != 0 {
		t.Errorf("an alert that is under an incident makes %+v", writes)
	}

	// Once it is closed, its key counts anew, without the alerts that were in it.
	w.patch(1, `{"status":"closed","classification":"false_positive"}`)
	w.fold(w.alert("4", event.Low, "203.0.113.7"), w.alert("5", event.Low, "203.0.113.7"))
	if n := len(w.incidents()); n != 1 {
		t.Errorf("%d incidents after two alerts", n)
	}
	w.fold(w.alert("6", event.Low, "203.0.113.7"))
	if list := w.incidents(); len(list) != 2 || list[1].Alerts != 3 || list[0].Alerts != 4 {
		t.Errorf("then %+v", list)
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(recommended)
	for n := range 6 { // one every three minutes: never three in five
		w.fold(w.alert(fmt.Sprint(n), event.High, "203.0.113.7"))
		w.pass(3 * time.Minute)
	}
	if n := len(w.incidents()); n != 0 {
		t.Errorf("%d incidents", n)
	}
	// One alert that comes again and again is one alert.
	for range 5 {
		w.fold(w.alert("same", event.High, "198.51.100.1"))
	}
	// A resolved one does not count.
	resolved := w.alert("r", event.High, "192.0.2.1")
	w.fold(resolved, w.alert("s", event.High, "192.0.2.1"))
	resolved.Status = event.AlertResolved
	w.fold(resolved)
	w.fold(w.alert("u", event.High, "192.0.2.1"))
	if n := len(w.incidents()); n != 0 {
		t.Errorf("%d incidents", n)
	}
}

// TestDecideAfterACrash: whenever the hub ends, the same alerts make the same incident, and no second one.
func TestDecideAfterACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(recommended)
	w.fold(w.alert("a", event.High, "203.0.113.7"), w.alert("b", event.High, "203.0.113.7"))
	third := w.alert("c", event.High, "203.0.113.7")
	first := w.decide(third) // and the fold is not stored
	second := w.decide(third)
	w.restart()
	third2 := w.decide(third)
	for _, writes := range [][]store.IncidentWrite{first, second, third2} {
		if len(writes) != 1 || len(writes[0].Link) != 3 || writes[0].Once != first[0].Once {
			t.Fatalf("decided %+v", writes)
		}
	}
	w.save([]store.Alert{third}, third2)
	w.save([]store.Alert{third}, third2) // whoever stored it could not know that it was stored
	w.save([]store.Alert{third}, second)
	if writes := w.fold(third); len(writes) != 1 || writes[0].Incident.Number != 1 {
		t.Errorf("asked again %+v", writes)
	}
	if list := w.incidents(); len(list) != 1 || list[0].Alerts != 3 || list[0].Version != 1 || len(w.said()) != 1 {
		t.Errorf("in the end %+v, %d facts", list, len(w.said()))
	}
}

// TestJoinRaces: what people do between the decision and its transaction counts.
func TestJoinRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(recommended)
	a, b, c := w.alert("a", event.High, "203.0.113.7"), w.alert("b", event.High, "203.0.113.7"), w.alert("c", event.High, "203.0.113.7")
	w.fold(a, b)
	writes := w.decide(c)
	w.make(`{"title":"by hand","alerts":["` + a.ID.Text("alr") + `"]}`)
	w.save([]store.Alert{c}, writes)
	if list := w.incidents(); len(list) != 2 || list[0].Alerts != 1 || list[1].Alerts != 2 {
		t.Errorf("somebody linked an alert by hand: %+v", list)
	}
	d := w.alert("d", event.Critical, "203.0.113.7")
	writes = w.decide(d)
	w.patch(2, `{"status":"closed","classification":"undetermined"}`)
	w.save([]store.Alert{d}, writes)
	if i := w.must(w.Get(t.Context(), acme, 2)); i.Alerts != 2 || i.Severity != event.High {
		t.Errorf("an alert joined a closed incident: %+v", i)
	}
}

func TestGrouping(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, rule string
		change     func(n int, a *store.Alert)
		want       string // keys of the incidents
	}{
		{"by rule", `{"group_by":["rule"]}`, func(n int, a *store.Alert) { a.RuleID = fmt.Sprint("r", n%2) }, "rule:r0 rule:r1"},
		{"by source", `{"group_by":["source"]}`, nil, "source:okta/okta"},
		{"by project and kind", `{"group_by":["alert_type","project"]}`, nil, "project:web | alert_type:brute_force"},
		{"by entity and rule", `{"group_by":["rule","entity"]}`, func(n int, a *store.Alert) { a.RuleID = fmt.Sprint("r", n%2) }, "ip:203.0.113.7 | rule:r0 ip:203.0.113.7 | rule:r1"},
		{"of other entities", `{"entity_types":["user"]}`, nil, ""},
		{"users in any letter case", `{"entity_types":["user"]}`, func(n int, a *store.Alert) {
			a.Entities = []event.Entity{{Type: "user", Value: []string{"Alice@Example.com", "alice@example.com"}[n%2]}}
		}, "user:alice@example.com"},
		{"nothing to group by", `{"group_by":["rule"]}`, func(_ int, a *store.Alert) { a.RuleID = "" }, ""},
		{"a separator in a value", `{"group_by":["project","source"]}`, func(n int, a *store.Alert) {
			a.Project, a.Source = []string{"a | source:b", "a"}[n%2], []string{"c", "b | source:c"}[n%2]
		}, `source:c | project:a \x7c source:b source:b \x7c source:c | project:a`},
		{"severity", `{"match":{"severities":["critical"]}}`, nil, ""},
		{"kind", `{"match":{"alert_types":["other"]}}`, nil, ""},
		{"project", `{"match":{"projects":["web"]}}`, nil, "ip:203.0.113.7"},
		{"an expression", `{"match":{"where":"event.rule.id == 'r1' && event.entities.exists(e, e.observed)"}}`, nil, "ip:203.0.113.7"},
		{"an expression that fails", `{"match":{"where":"event.data.x == 1"}}`, nil, ""},
		{"disabled", `{"enabled":false}`, nil, ""},
		{"one is enough", `{"threshold":1}`, func(n int, a *store.Alert) {
			a.Entities[0].Value = fmt.Sprint("192.0.2.", n%3)
		}, "ip:192.0.2.0 ip:192.0.2.1 ip:192.0.2.2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.rule(`{"name":"x",` + tt.rule[1:])
			var alerts []store.Alert
			for n := range 6 {
				a := w.alert(fmt.Sprint(n), event.High, "203.0.113.7")
				if tt.change != nil {
					tt.change(n, &a)
				}
				alerts = append(alerts, a)
			}
			w.fold(alerts...)
			var keys []string
			for _, i := range w.incidents() {
				keys = append(keys, i.RuleKey)
			}
			if got := strings.Join(keys, " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestRulesInOrder: an alert is under one incident, that of the first rule which wants it.
func TestRulesInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(`{"name":"late","position":200,"group_by":["source"],"threshold":2}`)
	w.rule(`{"name":"early","position":1,"group_by":["entity"],"threshold":2,"title":"{rule}: {count} × {alert} by {key} {count}"}`)
	a, b := w.alert("{key}", event.High, "203.0.113.7"), w.alert("b\u202e", event.High, "203.0.113.7")
	a.Entities = append(a.Entities, event.Entity{Type: "ip", Value: "203.0.113.8"})
	b.Entities = append(b.Entities, event.Entity{Type: "ip", Value: "203.0.113.8"})
	w.fold(a, b, w.alert("c", event.High, "198.51.100.1"), w.alert("d", event.High, "198.51.100.2"))
	list := w.incidents()
	if len(list) != 2 || list[0].Title != "early: 2 × Alert b  by ip:203.0.113.7 2" || list[0].Alerts != 2 || list[1].RuleKey != "source:okta/okta" || list[1].Alerts != 2 {
		t.Errorf("got %+v", list)
	}
}

func TestHostileKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(`{"name":"x","threshold":1,"entity_types":["user"]}`)
	values := []string{strings.Repeat("a", 8000), strings.Repeat("a", 8000) + "b", "x\x00\r\n|", "x\u202e", "\xff"}
	for n, v := range values {
		a := w.alert(fmt.Sprint(n), event.High, "")
		a.Title = strings.Repeat("t\r\n", 4000)
		a.Entities = []event.Entity{{Type: "user", Value: v}}
		w.fold(a)
	}
	seen := map[string]bool{}
	for _, i := range w.incidents() {
		if len(i.RuleKey) > maxKeyBytes || oneLine(i.RuleKey) != i.RuleKey || seen[i.RuleKey] || oneLine(i.Title) != i.Title {
			t.Errorf("key %q, title %q", i.RuleKey, i.Title)
		}
		seen[i.RuleKey] = true
	}
	if len(seen) != len(values) {
		t.Errorf("%d keys of %d values", len(seen), len(values))
	}
}

func TestWindowIsBounded(t *testing.T) {
	t.Parallel()
	w := newWindow(50)
	for n := range 500 {
		w.put(groupKey{key: fmt.Sprint(n % 40)}, member{alert: event.NewID(), added: base, at: base}, time.Minute)
		count := 0
		for _, g := range w.groups {
			count += len(g.members)
		}
		if count != w.members || w.members > 50 || w.order.Len() != len(w.groups) {
			t.Fatalf("%d members, said to be %d, in %d groups and %d places", count, w.members, len(w.groups), w.order.Len())
		}
	}
	if w.forgotten == 0 {
		t.Error("nothing was forgotten")
	}
	for range 2 * maxGroup {
		w.put(groupKey{key: "one"}, member{alert: event.NewID(), added: base}, time.Minute)
	}
	if n := len(w.groups[groupKey{key: "one"}].members); n > maxGroup {
		t.Errorf("%d members of one group", n)
	}
	w.sweep(base)
	if w.members != 0 || len(w.groups) != 0 {
		t.Errorf("after sweeping %d members in %d groups", w.members, len(w.groups))
	}
}

// TestDecideModel: any order of alerts, with any crashes, gives the incidents of a run without crashes: each with enough
// alerts, all of its key, none twice, and at most one open for a key.
func TestDecideModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		smooth, rough := newWorld(t), newWorld(t)
		defer func() { _, _ = smooth.db.Close(), rough.db.Close() }()
		rule := fmt.Sprintf(`{"name":"x","window":"60s","threshold":%d}`, rapid.IntRange(1, 4).Draw(r, "threshold"))
		smooth.rule(rule)
		rough.rule(rule)
		for range rapid.IntRange(1, 12).Draw(r, "folds") {
			step := time.Duration(rapid.IntRange(0, 40).Draw(r, "seconds")) * time.Second
			smooth.pass(step)
			rough.pass(step)
			var alerts []store.Alert
			for range rapid.IntRange(1, 3).Draw(r, "alerts") {
				key := fmt.Sprint(rapid.IntRange(0, 30).Draw(r, "key"))
				a := smooth.alert(key, event.Severity(rapid.IntRange(0, 4).Draw(r, "severity")), fmt.Sprint("192.0.2.", len(key)))
				alerts = append(alerts, a)
			}
			alerts = distinct(alerts)
			smooth.fold(smooth.known(alerts)...)
			alerts = rough.known(alerts)
			switch rapid.IntRange(0, 3).Draw(r, "crash") {
			case 0:
				rough.fold(alerts...)
			case 1: // before the transaction
				rough.decide(alerts...)
				rough.restart()
				rough.fold(alerts...)
			case 2: // after it
				rough.fold(alerts...)
				rough.restart()
			case 3: // nobody knows whether it was stored
				rough.save(alerts, rough.fold(alerts...))
			}
			if rapid.IntRange(0, 9).Draw(r, "close") == 0 {
				for _, x := range []*world{smooth, rough} {
					for _, i := range x.incidents() {
						x.patch(i.Number, `{"status":"closed","classification":"undetermined"}`)
					}
				}
			}
		}
		want, got := smooth.picture(r), rough.picture(r)
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatalf("without crashes (-), with them (+):\n%s", diff)
		}
	})
}

// distinct leaves out alerts that are there already.
func distinct(list []store.Alert) (out []store.Alert) {
	seen := map[event.ID]bool{}
	for _, a := range list {
		if !seen[a.ID] {
			out = append(out, a)
		}
		seen[a.ID] = true
	}
	return out
}

// known says of alerts what is stored of them.
func (w *world) known(alerts []store.Alert) []store.Alert {
	w.t.Helper()
	out := append([]store.Alert(nil), alerts...)
	for i := range out {
		at, err := w.db.AlertIncidents(w.t.Context(), acme, []event.ID{out[i].ID})
		if err != nil {
			w.t.Fatal(err)
		}
		out[i].Incident = at[out[i].ID]
	}
	return out
}

// picture is what can be seen of the incidents of rules, which is held to what must be true of them.
func (w *world) picture(r *rapid.T) (lines []string) {
	open := map[string]bool{}
	threshold := 0
	rules, err := w.Rules(w.t.Context(), acme)
	if err == nil {
		threshold = int(gjson.GetBytes(rules[0].Spec, "threshold").Int())
	}
	for _, i := range w.incidents() {
		alerts, _, err := w.Alerts(w.t.Context(), acme, i.Number, store.Page{Limit: 500})
		if err != nil || len(alerts) != i.Alerts || i.Alerts < threshold {
			r.Fatalf("%+v has %d alerts: %v", i, len(alerts), err)
		}
		if i.Status != event.IncidentClosed {
			if open[i.RuleKey] {
				r.Fatalf("two open incidents of %s", i.RuleKey)
			}
			open[i.RuleKey] = true
		}
		line := fmt.Sprint(i.Number, " ", i.Status, " ", i.RuleKey, " ", i.Severity, " ", i.Title)
		for _, a := range alerts {
			if "ip:"+a.Entities[0].Value != i.RuleKey {
				r.Fatalf("%s is under %s", a.Entities[0].Value, i.RuleKey)
			}
			line += " " + a.Key
		}
		lines = append(lines, line)
	}
	return lines
}

func BenchmarkDecide(b *testing.B) {
	w := newWorld(b)
	w.rule(recommended)
	alerts := make([]store.Alert, 500)
	n := 0
	for b.Loop() {
		for i := range alerts {
			n++
			alerts[i] = w.alert(fmt.Sprint(n), event.High, fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255))
		}
		if _, err := w.Decide(b.Context(), acme, alerts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/alert")
}
