package storetest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func (s *suite) keysOf(t *testing.T, q store.AlertQuery) []string {
	t.Helper()
	if q.Page.Limit == 0 {
		q.Page.Limit = 100
	}
	if q.Sort == "" {
		q.Sort = store.ByLastSeen
	}
	page, err := s.ListAlerts(s.ctx, q)
	must(t, err)
	keys := []string{}
	for _, a := range page.Alerts {
		keys = append(keys, a.Key)
	}
	return keys
}

func testAlertList(t *testing.T, s *suite) {
	// Many share a value, so that pages end in the middle of it.
	var list []store.Alert
	for n := range 40 {
		a := alert(acme, n)
		a.Key = fmt.Sprintf("%02d", n)
		a.ID = event.AlertID(acme, a.Key)
		risk := float64(n / 8)
		a.RiskScore, a.LastSeen, a.FirstSeen, a.AlertType = &risk, at(n/5), at(-n/5), fmt.Sprint(n%3)
		if n%10 == 0 {
			a.RiskScore = nil
		}
		list = append(list, a)
	}
	s.fold(t, list...)
	s.fold(t, alert(other, 1))
	order := map[store.AlertSort]func(a, b int) bool{ // whether the a-th comes before the b-th
		store.ByLastSeen:  func(a, b int) bool { return a/5 > b/5 || a/5 == b/5 && a > b },
		store.ByFirstSeen: func(a, b int) bool { return a/5 < b/5 || a/5 == b/5 && a > b },
		store.BySeverity:  func(a, b int) bool { return a%5 > b%5 || a%5 == b%5 && a > b },
		store.ByRisk: func(a, b int) bool {
			x, y := a/8, b/8
			if a%10 == 0 {
				x = -1
			}
			if b%10 == 0 {
				y = -1
			}
			return x > y || x == y && a > b
		},
	}
	for sort, before := range order {
		for name, f := range map[string]store.AlertFilter{
			"all": {}, "search": {Text: "failed"}, "time": {Since: at(0), Until: at(1000)}, "incident none": {Rule: "auth-017"},
		} {
			f.Account = acme
			var want []string
			for n := range list {
				at := 0
				for at < len(want) {
					k, err := strconv.Atoi(want[at])
					must(t, err)
					if before(n, k) {
						break
					}
					at++
				}
				want = append(want[:at], append([]string{list[n].Key}, want[at:]...)...)
			}
			for _, limit := range []int{1, 7, 40} {
				rows := walk(t, limit, func(p store.Page) ([]store.Alert, string, error) {
					page, err := s.ListAlerts(s.ctx, store.AlertQuery{Filter: f, Sort: sort, Page: p})
					return page.Alerts, page.Next, err
				}, nil)
				var got []string
				for _, a := range rows {
					got = append(got, a.Key)
				}
				same(t, fmt.Sprintf("%s by %s, %d a page", name, sort, limit), got, want)
			}
		}
	}
	_, err := s.ListAlerts(s.ctx, store.AlertQuery{Filter: store.AlertFilter{Account: acme}, Sort: "colour"})
	wantErr(t, "no such order", err, store.ErrInvalid)
}

func testAlertFilters(t *testing.T, s *suite) {
	mk := func(key string, change func(a *store.Alert)) store.Alert {
		a := store.Alert{ID: event.AlertID(acme, key), Account: acme, Key: key, Status: event.AlertOpen, FirstSeen: at(0), LastSeen: at(0), StatusAt: at(0)}
		change(&a)
		return a
	}
	s.fold(t,
		mk("a", func(a *store.Alert) {
			a.Title, a.Severity, a.AlertType, a.Project, a.Source = "Ten failed logins of ALICE", event.High, "brute_force", "web", "example/identity"
			a.Entities = []event.Entity{{Type: "ip", Value: "203.0.113.7"}, {Type: "user", Value: "alice@example.com"}, {Type: "ip", Value: "2001:DB8::1"}}
			a.Tags, a.RuleID, a.RuleName, a.LastSeen = []string{"Auth"}, "auth-017", "Failed logins", at(10)
		}),
		mk("waf/b", func(a *store.Alert) {
			a.Status, a.Assignee, a.Description, a.LastSeen = event.AlertResolved, "dana@example.com", "Größe: SELECT * FROM users -- o'brien", at(20)
		}),
		mk("c", func(a *store.Alert) {
			a.Status, a.Title, a.LastSeen = event.AlertAcknowledged, "an entity e|ip|203.0.113.7 \"quoted\" AND OR NOT NEAR", at(30)
		}),
	)
	s.fold(t, alert(other, 1))
	for name, tt := range map[string]struct {
		f    store.AlertFilter
		want string
	}{
		"all":             {store.AlertFilter{}, "c waf/b a"},
		"status":          {store.AlertFilter{Status: []string{"open", "resolved"}}, "waf/b a"},
		"severity":        {store.AlertFilter{Severity: []event.Severity{event.High, event.Critical}}, "a"},
		"alert type":      {store.AlertFilter{AlertType: []string{"brute_force"}}, "a"},
		"no alert type":   {store.AlertFilter{AlertType: []string{""}}, "c waf/b"},
		"project":         {store.AlertFilter{Project: []string{"web"}}, "a"},
		"source":          {store.AlertFilter{Source: []string{"example/identity"}}, "a"},
		"assignee":        {store.AlertFilter{Assignee: []string{"dana@example.com"}}, "waf/b"},
		"nobody":          {store.AlertFilter{Assignee: []string{""}}, "c a"},
		"two":             {store.AlertFilter{Assignee: []string{""}, Status: []string{"open"}}, "a"},
		"since":           {store.AlertFilter{Since: at(20)}, "c waf/b"},
		"until":           {store.AlertFilter{Until: at(20)}, "a"},
		"since and until": {store.AlertFilter{Since: at(20), Until: at(30)}, "waf/b"},
		"incident":        {store.AlertFilter{Incident: 7}, ""},
		"entity":          {store.AlertFilter{Entity: "203.0.113.7"}, "a"},
		"entity, typed":   {store.AlertFilter{Entity: "ip:203.0.113.7"}, "a"},
		"entity, type":    {store.AlertFilter{Entity: "user:203.0.113.7"}, ""},
		"entity, IPv6":    {store.AlertFilter{Entity: "2001:db8::1"}, "a"},
		"entity, 6 typed": {store.AlertFilter{Entity: "ip:2001:db8::1"}, "a"},
		"entity, part":    {store.AlertFilter{Entity: "203.0.113"}, ""},
		"tag":             {store.AlertFilter{Tag: "auth"}, "a"},
		"rule id":         {store.AlertFilter{Rule: "auth-017"}, "a"},
		"rule name":       {store.AlertFilter{Rule: "failed logins"}, "a"},
		"word":            {store.AlertFilter{Text: "alice"}, "a"},
		"address":         {store.AlertFilter{Text: "alice@example.com"}, "a"},
		"domain":          {store.AlertFilter{Text: "example.com"}, "a"},
		"words":           {store.AlertFilter{Text: "logins failed"}, "a"},
		"words, not all":  {store.AlertFilter{Text: "logins passed"}, ""},
		"IP":              {store.AlertFilter{Text: "203.0.113.7"}, "c a"},
		"key":             {store.AlertFilter{Text: "waf"}, "waf/b"},
		"whole key":       {store.AlertFilter{Text: "waf/b"}, "waf/b"},
		"umlaut":          {store.AlertFilter{Text: "GRÖSSE größe"}, ""},
		"umlaut, right":   {store.AlertFilter{Text: "GRÖßE"}, "waf/b"},
		"rule's word":     {store.AlertFilter{Text: "auth-017"}, "a"},
		"word and status": {store.AlertFilter{Text: "203.0.113.7", Status: []string{"open"}}, "a"},
		"word and time":   {store.AlertFilter{Text: "203.0.113.7", Since: at(30)}, "c"},
		"tag and more":    {store.AlertFilter{Tag: "auth", Project: []string{"web", "x"}, Severity: []event.Severity{event.High}, AlertType: []string{"brute_force"}}, "a"},
		"punctuation":     {store.AlertFilter{Text: "-- ''"}, ""},
		"other's":         {store.AlertFilter{Text: "guessing"}, ""},
	} {
		tt.f.Account = acme
		for _, sort := range []store.AlertSort{store.ByLastSeen, store.ByRisk} {
			if got := strings.Join(s.keysOf(t, store.AlertQuery{Filter: tt.f, Sort: sort}), " "); len(got) != len(tt.want) || sort == store.ByLastSeen && got != tt.want {
				t.Errorf("%s by %s: %q, want %q", name, sort, got, tt.want)
			}
		}
	}
	// What is changed is found by what it is now.
	changed := mk("a", func(a *store.Alert) { a.Title, a.Status, a.LastSeen = "nothing", event.AlertResolved, at(40) })
	s.fold(t, changed)
	for text, want := range map[string]string{"alice": "", "nothing": "a"} {
		if got := strings.Join(s.keysOf(t, store.AlertQuery{Filter: store.AlertFilter{Account: acme, Text: text, Status: []string{"resolved"}}}), " "); got != want {
			t.Errorf("after the change %q finds %q", text, got)
		}
	}
}

func testAlertFacets(t *testing.T, s *suite) {
	var list []store.Alert
	for n := range 30 {
		a := alert(acme, n)
		a.AlertType = fmt.Sprint("type ", n%2)
		a.Mitre = []string{"t1078", []string{"T1110.001", "T1110.003", "T1078"}[n%3]}
		a.Country = []string{"NL", "DE", ""}[n%3]
		if n%3 == 0 {
			a.Status, a.Assignee = event.AlertResolved, "dana@example.com"
		}
		list = append(list, a)
	}
	s.fold(t, list...)
	s.fold(t, alert(other, 1))
	facets := func(f store.AlertFilter) *store.AlertFacets {
		f.Account = acme
		page, err := s.ListAlerts(s.ctx, store.AlertQuery{Filter: f, Sort: store.ByLastSeen, Page: store.Page{Limit: 1}, Facets: true})
		must(t, err)
		return page.Facets
	}
	want := &store.AlertFacets{
		Total: 30, Status: []store.ValueCount{{Value: "open", Count: 20}, {Value: "resolved", Count: 10}},
		Severity:  []store.ValueCount{{Value: "critical", Count: 6}, {Value: "high", Count: 6}, {Value: "info", Count: 6}, {Value: "low", Count: 6}, {Value: "medium", Count: 6}},
		AlertType: []store.ValueCount{{Value: "type 0", Count: 15}, {Value: "type 1", Count: 15}}, Project: []store.ValueCount{{Value: "p", Count: 30}},
		Source: []store.ValueCount{{Value: "example/identity", Count: 30}}, Assignee: []store.ValueCount{{Value: "", Count: 20}, {Value: "dana@example.com", Count: 10}},
		Country: []store.ValueCount{{Value: "", Count: 10}, {Value: "DE", Count: 10}, {Value: "NL", Count: 10}},
		Mitre:   []store.ValueCount{{Value: "T1078", Count: 30}, {Value: "T1110.001", Count: 10}, {Value: "T1110.003", Count: 10}},
	}
	for name, f := range map[string]store.AlertFilter{
		"all": {}, "search": {Text: "failed"}, "time": {Since: at(0)}, "entity and time": {Rule: "auth-017", Since: at(0), Until: at(1000)},
	} {
		same(t, name, facets(f), want)
	}
	for name, tt := range map[string]struct {
		f    store.AlertFilter
		want int
	}{
		"a country": {store.AlertFilter{Country: []string{"NL"}}, 10}, "no country": {store.AlertFilter{Country: []string{""}}, 10},
		"two": {store.AlertFilter{Country: []string{"DE", ""}}, 20}, "another": {store.AlertFilter{Country: []string{"FR"}}, 0},
		"a country's words": {store.AlertFilter{Country: []string{"NL"}, Text: "failed"}, 10}, "no country's words": {store.AlertFilter{Country: []string{"", "NL"}, Text: "failed"}, 20},
		"a technique": {store.AlertFilter{Mitre: []string{"t1110"}}, 20}, "a sub-technique": {store.AlertFilter{Mitre: []string{"T1110.003"}}, 10},
		"techniques": {store.AlertFilter{Mitre: []string{"T1110.003", "T1078"}}, 30}, "a technique's country": {store.AlertFilter{Mitre: []string{"T1110"}, Country: []string{"DE"}}, 10},
		"a technique's time": {store.AlertFilter{Mitre: []string{"T1110.001"}, Since: at(100), Until: at(110)}, 4},
	} {
		if got := facets(tt.f); got.Total != tt.want {
			t.Errorf("%s: %d, want %d", name, got.Total, tt.want)
		}
	}
	if got := facets(store.AlertFilter{Country: []string{"DE"}}).Mitre; len(got) != 2 || got[0].Count != 10 || got[1].Value != "T1110.003" {
		t.Errorf("the techniques of a country are %+v", got)
	}
	if page, err := s.ListAlerts(s.ctx, store.AlertQuery{Filter: store.AlertFilter{Account: acme, Tag: "auth"}, Sort: store.ByLastSeen, Page: store.Page{Limit: 50}, Most: 5}); err != nil ||
		len(page.Alerts) != 6 || !page.Approximate {
		t.Errorf("of the newest five: %d, %t, %v", len(page.Alerts), page.Approximate, err)
	}
	// Changes of what is counted, and alerts that go, are counted.
	for n := range list {
		list[n].Status, list[n].StatusAt, list[n].Assignee = event.AlertResolved, at(n), ""
	}
	s.fold(t, list...)
	for _, f := range []store.AlertFilter{{}, {Text: "failed"}} {
		if got := facets(f); got.Total != 30 || len(got.Status) != 1 || len(got.Assignee) != 1 {
			t.Errorf("after the change: %+v", got)
		}
	}
	if _, err := s.PruneAlerts(s.ctx, at(20), 100); err != nil {
		t.Fatal(err)
	}
	for _, f := range []store.AlertFilter{{}, {Text: "failed"}, {Since: at(0)}} {
		if got := facets(f); got.Total != 10 {
			t.Errorf("after pruning: %+v", got)
		}
	}
}

// testAlertSearchIsHarmless: whatever somebody looks for is no query of the database, and what alerts hold is not found by
// what it pretends to be.
func testAlertSearchIsHarmless(t *testing.T, s *suite) {
	a := alert(acme, 1)
	s.fold(t, a)
	for _, text := range append(hostileStrings(t), `"`, `""`, `*`, `failed*`, `failed OR 1`, `NEAR(failed logins)`, `title:failed`, `^failed`, `{a b}: c`, `(`, `failed AND`,
		`-failed`, "a\x00b", strings.Repeat("a ", 5000), strings.Repeat("x", 100_000), `' OR 1=1 --`, `alert_terms`) {
		for _, f := range []store.AlertFilter{
			{Text: text}, {Entity: text}, {Tag: text}, {Rule: text}, {Status: []string{text}}, {Assignee: []string{text}, Text: "failed"},
		} {
			f.Account = acme
			if _, err := s.ListAlerts(s.ctx, store.AlertQuery{Filter: f, Sort: store.ByLastSeen, Facets: true, Page: store.Page{Limit: 1}}); err != nil {
				t.Errorf("%.40q: %v", text, err)
			}
		}
	}
	for i, text := range hostileStrings(t) {
		a := alert(acme, 200+i)
		a.Title, a.Description, a.RuleName, a.Tags, a.AlertType, a.Source, a.Assignee = text, text, text, []string{text}, text, text, text
		a.Entities = []event.Entity{{Type: text, Value: text}}
		s.fold(t, a)
		got, err := s.GetAlert(s.ctx, acme, a.ID)
		must(t, err)
		a.Version = 1
		if diff := cmp.Diff(validAlert(t, a), got); diff != "" {
			t.Errorf("%.40q: %s", text, diff)
		}
	}
}

// validAlert is an alert as JSON carries it: what is no UTF-8 is replaced.
func validAlert(t *testing.T, a store.Alert) store.Alert {
	t.Helper()
	for _, p := range []*string{&a.Title, &a.Description, &a.RuleName, &a.Tags[0], &a.Entities[0].Type, &a.Entities[0].Value} {
		raw, err := json.Marshal(*p)
		must(t, err)
		must(t, json.Unmarshal(raw, p))
	}
	return a
}
