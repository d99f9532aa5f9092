package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestCellsOfSenders: senders may give each alert a project of its own. All of them are listed all the same, in order, and a
// search finds what it finds.
func TestCellsOfSenders(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const n = mostCells + 100
	f := store.Fold{Mark: journal.Position{Epoch: 1, Frame: 1}}
	for i := range n {
		at := manyStart.Add(time.Duration(i/3) * time.Second)
		a := store.Alert{
			Account: "acme", Key: fmt.Sprint(i), Status: event.AlertOpen, Severity: event.Severity(i % 5), Title: fmt.Sprintf("guess %d", i%100),
			Project: fmt.Sprintf("p%d", i), FirstSeen: at, LastSeen: at, Count: 1,
		}
		a.ID = event.AlertID(a.Account, a.Key)
		f.Alerts = append(f.Alerts, a)
	}
	if err := s.SaveFold(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	for _, sort := range []store.AlertSort{store.ByLastSeen, store.BySeverity} {
		seen, last := map[string]bool{}, time.Time{}
		q := store.AlertQuery{Filter: store.AlertFilter{Account: "acme"}, Sort: sort, Page: store.Page{Limit: store.MaxPage}}
		for q.Facets = true; ; q.Facets = false {
			p, err := s.ListAlerts(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range p.Alerts {
				if sort == store.ByLastSeen && !last.IsZero() && a.LastSeen.After(last) {
					t.Fatalf("%s comes after %s", a.LastSeen, last)
				}
				seen[a.Key], last = true, a.LastSeen
			}
			if q.Facets && (p.Facets.Approximate || p.Facets.Total != n) {
				t.Errorf("by %s: counted %d, approximately: %t", sort, p.Facets.Total, p.Facets.Approximate)
			}
			if q.Page.After = p.Next; p.Next == "" {
				break
			}
		}
		if len(seen) != n {
			t.Errorf("by %s: %d of %d alerts", sort, len(seen), n)
		}
	}
	p, err := s.ListAlerts(t.Context(), store.AlertQuery{
		Filter: store.AlertFilter{Account: "acme", Text: "guess 7", Severity: []event.Severity{event.Severity(2)}}, Sort: store.ByLastSeen, Facets: true, Page: store.Page{Limit: 500},
	})
	if want := (n + 92) / 100; err != nil || len(p.Alerts) != want || p.Facets.Total != want || p.Facets.Approximate {
		t.Errorf("a search found %d of %d, %+v, %v", len(p.Alerts), want, p.Facets, err)
	}
}
