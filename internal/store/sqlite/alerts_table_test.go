package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// spreadAlert is an alert whose type, project and source have nothing to do with each other: there are many cells.
func spreadAlert(i int, r *rand.Rand, types, projects, sources int) store.Alert {
	risk := float64(r.IntN(101))
	at := manyStart.Add(time.Duration(i) * time.Second)
	a := store.Alert{
		Account: "acme", Key: fmt.Sprint("k/", i), Status: event.AlertOpen, Severity: event.Severity(r.IntN(5)), Title: "t",
		AlertType: fmt.Sprint("type", r.IntN(types)), Project: fmt.Sprint("p", r.IntN(projects)), Source: fmt.Sprint("s", r.IntN(sources)),
		RiskScore: &risk, Count: 1, FirstSeen: at, LastSeen: at, StatusAt: at, FirstEvent: event.NewID(), LastEvent: event.NewID(),
	}
	a.ID = event.AlertID(a.Account, a.Key)
	return a
}

func fillSpread(t *testing.T, s *Store, n, types, projects, sources int) []store.Alert {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	list := make([]store.Alert, n)
	for i := range list {
		list[i] = spreadAlert(i, r, types, projects, sources)
	}
	for some := range slices.Chunk(list, manyBatch) {
		if err := s.SaveFold(t.Context(), store.Fold{Mark: journal.Position{Epoch: 1, Frame: 1}, Alerts: some}); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// holdTable holds the cells in memory against the table.
func holdTable(t *testing.T, s *Store) {
	t.Helper()
	fresh, err := loadCells(t.Context(), s.cases)
	if err != nil {
		t.Fatal(err)
	}
	opts := cmp.Options{cmp.AllowUnexported(cellTable{}, accountCells{}, countedCell{}, alertCell{}), cmpopts.IgnoreFields(cellTable{}, "mu")}
	if diff := cmp.Diff(fresh, s.cellTable, opts); diff != "" {
		t.Errorf("cells (-stored +in memory)\n%s", diff)
	}
}

// Folding, changing and pruning keep the cells in memory what they are in the table; what fails leaves them alone.
func TestCellTable(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list := fillSpread(t, s, 300, 3, 3, 2)
	holdTable(t, s)
	stored, err := s.GetAlerts(t.Context(), []event.ID{list[0].ID, list[1].ID, list[2].ID})
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range stored {
		a.Status, a.Assignee, a.StatusAt = event.AlertResolved, "dana@example.com", manyStart
		if err := s.ChangeAlerts(t.Context(), []store.AlertWrite{{Alert: a}}); err != nil {
			t.Fatal(i, err)
		}
		if err := s.ChangeAlerts(t.Context(), []store.AlertWrite{{Alert: a}}); !errors.Is(err, store.ErrConflict) {
			t.Error(i, err)
		}
	}
	holdTable(t, s)
	if n, err := s.PruneAlerts(t.Context(), manyStart.Add(time.Hour), 10); err != nil || n != 3 {
		t.Errorf("%d pruned: %v", n, err)
	}
	holdTable(t, s)
}

// Lists and counts are the same whichever way they are made: by cells in memory, by the tables, and by going through the
// alerts of more cells than are asked one by one.
func TestManyCells(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list := fillSpread(t, s, 12_000, 40, 80, 20) // nearly each alert is a cell of its own
	if n := len(s.cellTable.cells); n <= mostCells {
		t.Fatalf("%d cells", n)
	}
	for _, f := range []store.AlertFilter{
		{},
		{Severity: []event.Severity{event.High}, Status: []string{event.AlertOpen}},
		{Project: []string{"p3"}},
		{Project: []string{"p3"}, AlertType: []string{"type7"}},
		{Since: manyStart.Add(2000 * time.Second), Until: manyStart.Add(9000 * time.Second)},
	} {
		f.Account = "acme"
		for sort := range sortColumns {
			want := wantedOf(list, &f, sort)
			var got []event.ID
			q := store.AlertQuery{Filter: f, Sort: sort, Page: store.Page{Limit: 100}, Facets: true}
			for pages := 0; pages < 5; pages++ {
				page, err := s.ListAlerts(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if f.Since.IsZero() && (page.Facets.Total != len(want) || page.Facets.Approximate) {
					t.Errorf("%+v by %s: %d in all, want %d", f, sort, page.Facets.Total, len(want))
				}
				for i := range page.Alerts {
					got = append(got, page.Alerts[i].ID)
				}
				if q.Page.After = page.Next; page.Next == "" {
					break
				}
			}
			if diff := cmp.Diff(want[:min(len(want), 500)], got); diff != "" && (f.Since.IsZero() || sort == store.ByLastSeen) {
				t.Errorf("%+v by %s (-want +got)\n%.600s", f, sort, diff)
			}
		}
	}
}

// wantedOf is what a filter lets through, in order.
func wantedOf(list []store.Alert, f *store.AlertFilter, sort store.AlertSort) []event.ID {
	type at struct {
		place

		id event.ID
	}
	var places []at
	for i := range list {
		a := &list[i]
		c := cellOf(a)
		if !lets(f, &c) || !f.Since.IsZero() && a.LastSeen.Before(f.Since) || !f.Until.IsZero() && !a.LastSeen.Before(f.Until) {
			continue
		}
		p := at{place{0, micros(a.LastSeen), int64(i)}, a.ID}
		switch sort {
		case store.ByRisk:
			p.value = riskOf(a)
		case store.BySeverity:
			p.severity = int64(a.Severity)
		}
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b at) int { return a.compare(b.place) })
	ids := make([]event.ID, len(places))
	for i := range places {
		ids[i] = places[i].id
	}
	return ids
}

// A commit that nobody knows the outcome of puts the table out of use: lists are made of what is stored.
func TestCellTableOff(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list := fillSpread(t, s, 50, 2, 2, 2)
	err = s.cases.write(t.Context(), func(_ context.Context, tx *sql.Tx) error {
		s.cellTable.settle(s.newAlertWriter(tx), errors.New("unknown"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.ListAlerts(t.Context(), store.AlertQuery{Filter: store.AlertFilter{Account: "acme"}, Sort: store.ByLastSeen, Page: store.Page{Limit: 100}, Facets: true})
	if err != nil || len(page.Alerts) != len(list) || page.Facets.Total != len(list) {
		t.Errorf("%d alerts, %+v: %v", len(page.Alerts), page.Facets, err)
	}
}
