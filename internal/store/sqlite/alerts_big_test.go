package sqlite

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// What the large tests fold, and how.
const (
	manyAlerts = 1_000_000
	manyBatch  = 4096
	manyBudget = 100 * time.Millisecond
)

var manyStart = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// manyAlert is the i-th alert of a large installation: many addresses and users, and types, projects and sources that have
// nothing to do with each other, so that far more combinations occur than can be asked one by one.
func manyAlert(i int, r *rand.Rand) store.Alert {
	kinds := []string{"brute_force", "impossible_travel", "sql_injection", "port_scan", "malware", "data_exfiltration", "new_device", "privilege_escalation"}
	kind := kinds[r.IntN(len(kinds))]
	ip := fmt.Sprintf("203.0.%d.%d", r.IntN(256), r.IntN(256))
	user := fmt.Sprintf("user%d@example.com", r.IntN(20_000))
	at := manyStart.Add(time.Duration(i) * 5 * time.Second)
	risk := float64(r.IntN(101))
	a := store.Alert{
		Account: "acme", Key: fmt.Sprintf("%s/%s/%d", kind, ip, i), Status: event.AlertOpen, Severity: event.Severity(r.IntN(5)),
		Title:       fmt.Sprintf("%d failed logins for %s from %s, then one that worked", i%60, user, ip),
		Description: "Password guessing against one account ended in a successful login from the same address.",
		AlertType:   kind, Project: fmt.Sprintf("project-%d", r.IntN(40)), RuleID: fmt.Sprintf("auth-%03d", r.IntN(200)), RuleName: "Failed logins followed by success",
		Source: fmt.Sprintf("example/sensor-%d", r.IntN(10)), RiskScore: &risk, Count: 1, Told: 1, FirstSeen: at, LastSeen: at, StatusAt: at,
		Entities: []event.Entity{{Type: "ip", Value: ip, Role: "source", Observed: true}, {Type: "user", Value: user, Role: "target"}},
		Tags:     []string{"auth", "brute-force"}, FirstEvent: event.NewID(), LastEvent: event.NewID(),
	}
	switch d := r.IntN(100); {
	case i < manyAlerts*95/100 && d < 96:
		a.Status = event.AlertResolved
	case d < 98:
		a.Status, a.Assignee = event.AlertAcknowledged, fmt.Sprintf("analyst%d@example.com", r.IntN(8))
	}
	a.ID = event.AlertID(a.Account, a.Key)
	return a
}

// fillMany stores n alerts and says how long it took.
func fillMany(t testing.TB, s *Store, n int) time.Duration {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var took time.Duration
	for at := 0; at < n; {
		f := store.Fold{Mark: journal.Position{Epoch: 1, Frame: uint64(at + 1)}}
		for ; at < n && len(f.Alerts) < manyBatch; at++ {
			a := manyAlert(at, r)
			f.Alerts = append(f.Alerts, a)
			f.Entries = append(f.Entries, store.CaseEntry{ID: event.NewID(), Account: a.Account, Alert: a.ID, At: a.FirstSeen,
				Change: event.CaseChange{Verb: "create", Via: a.Source}, Event: a.FirstEvent})
		}
		start := time.Now()
		if err := s.SaveFold(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		took += time.Since(start)
	}
	return took
}

// manyQueries are the queries that must be quick whatever there is.
func manyQueries() map[string]struct {
	filter store.AlertFilter
	sort   store.AlertSort
} {
	type query = struct {
		filter store.AlertFilter
		sort   store.AlertSort
	}
	end := manyStart.Add(manyAlerts * 5 * time.Second)
	return map[string]query{
		"all":              {store.AlertFilter{}, store.ByLastSeen},
		"by severity":      {store.AlertFilter{}, store.BySeverity},
		"by risk":          {store.AlertFilter{}, store.ByRisk},
		"by first seen":    {store.AlertFilter{}, store.ByFirstSeen},
		"open":             {store.AlertFilter{Status: []string{event.AlertOpen}}, store.ByLastSeen},
		"open and high":    {store.AlertFilter{Status: []string{event.AlertOpen}, Severity: []event.Severity{event.High}}, store.ByLastSeen},
		"low, by risk":     {store.AlertFilter{Severity: []event.Severity{event.Low}}, store.ByRisk},
		"open by severity": {store.AlertFilter{Status: []string{event.AlertOpen}}, store.BySeverity},
		"mine, rare": {store.AlertFilter{Assignee: []string{"analyst3@example.com"}, Severity: []event.Severity{event.Critical}, AlertType: []string{"malware"}},
			store.ByLastSeen},
		"nobody's":                 {store.AlertFilter{Assignee: []string{"none@example.com"}}, store.ByLastSeen},
		"a word that all have":     {store.AlertFilter{Text: "password"}, store.ByLastSeen},
		"two common words":         {store.AlertFilter{Text: "malware brute-force/203.0.113.7"}, store.ByLastSeen},
		"common words, open":       {store.AlertFilter{Text: "password successful login", Status: []string{event.AlertOpen}}, store.BySeverity},
		"an address":               {store.AlertFilter{Text: "203.0.113.7"}, store.ByLastSeen},
		"no such word":             {store.AlertFilter{Text: "xyzzy"}, store.ByLastSeen},
		"an entity":                {store.AlertFilter{Entity: "ip:203.0.113.7"}, store.ByLastSeen},
		"a tag that all have":      {store.AlertFilter{Tag: "auth"}, store.ByRisk},
		"a rule":                   {store.AlertFilter{Rule: "auth-017", Status: []string{event.AlertOpen}}, store.ByLastSeen},
		"a day":                    {store.AlertFilter{Since: end.Add(-24 * time.Hour)}, store.ByLastSeen},
		"a month, open":            {store.AlertFilter{Since: end.Add(-30 * 24 * time.Hour), Status: []string{event.AlertOpen}}, store.ByRisk},
		"a year, by risk":          {store.AlertFilter{Since: end.Add(-365 * 24 * time.Hour)}, store.ByRisk},
		"a word in a day long ago": {store.AlertFilter{Text: "password", Since: manyStart, Until: manyStart.Add(24 * time.Hour)}, store.ByLastSeen},
	}
}

// TestMillion holds a faceted query to its time with a million alerts. It takes minutes, and runs when it is asked for.
func TestMillion(t *testing.T) {
	if testing.Short() || os.Getenv("TOCSIN_BIG") == "" {
		t.Skip("set TOCSIN_BIG=1: it takes a minute and a gigabyte")
	}
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	took := fillMany(t, s, manyAlerts)
	t.Logf("%d alerts in %s: %.0f a second", manyAlerts, took.Round(time.Millisecond), manyAlerts/took.Seconds())
	for name, q := range manyQueries() {
		q.filter.Account = "acme"
		var best time.Duration
		for i := range 3 {
			start := time.Now()
			query := store.AlertQuery{Filter: q.filter, Sort: q.sort, Page: store.Page{Limit: 50}, Facets: true}
			page, err := s.ListAlerts(t.Context(), query)
			if err != nil {
				t.Fatal(name, err)
			}
			d := time.Since(start)
			if i == 0 {
				t.Logf("%-26s %8s: %d on the page, %d in all, approximate %v", name, d.Round(10*time.Microsecond), len(page.Alerts), page.Facets.Total, page.Facets.Approximate)
			}
			if query.Page.After = page.Next; page.Next != "" {
				start := time.Now()
				if _, err := s.ListAlerts(t.Context(), query); err != nil {
					t.Fatal(name, err)
				}
				d = max(d, time.Since(start))
			}
			if best == 0 || d < best {
				best = d
			}
		}
		if best > manyBudget {
			t.Errorf("%s took %s, more than %s", name, best, manyBudget)
		}
	}
}
