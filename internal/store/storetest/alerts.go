package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// alert is the n-th alert of an account, with something in every field.
func alert(account event.Account, n int) store.Alert {
	risk := float64(n % 101)
	key := fmt.Sprintf("brute_force/203.0.113.%d", n)
	return store.Alert{
		ID: event.AlertID(account, key), Account: account, Key: key, Status: event.AlertOpen, Severity: event.Severity(n % 5),
		Title: fmt.Sprintf("%d failed logins", n), Description: "Password guessing.", AlertType: "brute_force", Project: "p", Endpoint: "/v1/login",
		RuleID: "auth-017", RuleName: "Failed logins", Source: "example/identity", Actor: "alice@example.com", RiskScore: &risk,
		URL: "https://x.example.com", TLP: "amber", Entities: []event.Entity{{Type: "ip", Value: fmt.Sprintf("203.0.113.%d", n), Observed: true}},
		Mitre: []string{"T1110"}, Tags: []string{"auth"}, Labels: map[string]string{"env": "prod"}, Geo: json.RawMessage(`{"country":"NL"}`),
		Network: json.RawMessage(`{"asn":64500}`), OrderingKey: "o", Count: 3, Told: 1, FirstSeen: at(n), LastSeen: at(100 + n), StatusAt: at(n),
		RatedAt: at(n), FirstEvent: event.NewID(), LastEvent: event.NewID(),
	}
}

// fold stores alerts.
func (s *suite) fold(t *testing.T, alerts ...store.Alert) {
	t.Helper()
	must(t, s.SaveFold(s.ctx, store.Fold{Mark: pos(1), Alerts: alerts}))
}

func entry(a *store.Alert, n int, verb string) store.CaseEntry {
	return store.CaseEntry{
		ID: event.NewID(), Account: a.Account, Alert: a.ID, At: at(n), Event: event.NewID(),
		Change: event.CaseChange{Verb: verb, By: "dana@example.com", Via: "api", Note: "a note", Changed: map[string][2]string{"status": {"open", "resolved"}}},
	}
}

func testFolds(t *testing.T, s *suite) {
	_, _, err := s.LoadFold(s.ctx)
	wantErr(t, "the cursor of a new installation", err, store.ErrNotFound)
	a, b := alert(acme, 1), alert(acme, 2)
	twin := alert(other, 1)
	bare := store.Alert{ID: event.AlertID(acme, "bare"), Account: acme, Key: "bare", Status: event.AlertResolved, Bare: true, StatusAt: at(5), FirstSeen: at(5), LastSeen: at(5)}
	must(t, s.SaveFold(s.ctx, store.Fold{Mark: pos(7), State: []byte(`{"folded":4}`), Alerts: []store.Alert{a, b, twin, bare}}))
	s.reopen(t)
	mark, state, err := s.LoadFold(s.ctx)
	must(t, err)
	same(t, "mark", mark, pos(7))
	same(t, "state", string(state), `{"folded":4}`)
	for _, want := range []store.Alert{a, b, twin, bare} {
		want.Version = 1
		got, err := s.GetAlert(s.ctx, want.Account, want.ID)
		must(t, err)
		same(t, "alert "+want.Key, got, want)
	}
	_, err = s.GetAlert(s.ctx, other, a.ID)
	wantErr(t, "another account's alert", err, store.ErrNotFound)
	rows, err := s.GetAlerts(s.ctx, []event.ID{a.ID, event.NewID(), twin.ID})
	must(t, err)
	if len(rows) != 2 {
		t.Errorf("%d alerts", len(rows))
	}
	a.Status, a.StatusAt, a.Severity, a.Assignee, a.RiskScore, a.Count = event.AlertResolved, at(9), event.Info, "dana@example.com", nil, 9
	must(t, s.SaveFold(s.ctx, store.Fold{Mark: pos(8), Alerts: []store.Alert{a}}))
	got, err := s.GetAlert(s.ctx, acme, a.ID)
	must(t, err)
	a.Version = 2
	same(t, "replaced", got, a)
	must(t, s.SaveFold(s.ctx, store.Fold{Mark: pos(9)}))
	if mark, _, err := s.LoadFold(s.ctx); err != nil || mark != pos(9) {
		t.Errorf("a mark without alerts: %v, %v", mark, err)
	}
}

// testFoldIsAtomic: nothing of a fold is there when a part of it cannot be.
func testFoldIsAtomic(t *testing.T, s *suite) {
	good := alert(acme, 1)
	s.fold(t, good)
	for name, f := range map[string]store.Fold{
		"no account": {Alerts: []store.Alert{alert(acme, 2), {ID: event.NewID()}}},
		"no id":      {Alerts: []store.Alert{alert(acme, 2), {Account: acme}}},
		"said":       {Alerts: []store.Alert{alert(acme, 2)}, Say: []store.Said{{ID: event.NewID(), Type: "a.b"}}},
		"entry twice": {Alerts: []store.Alert{alert(acme, 2)}, Entries: func() []store.CaseEntry {
			a := alert(acme, 2)
			e := entry(&a, 1, "note")
			return []store.CaseEntry{e, e}
		}()},
	} {
		f.Mark = pos(99)
		if err := s.SaveFold(s.ctx, f); err == nil {
			t.Errorf("%s: it was stored", name)
		}
		mark, _, err := s.LoadFold(s.ctx)
		page, listErr := s.ListAlerts(s.ctx, store.AlertQuery{Filter: store.AlertFilter{Account: acme}, Sort: store.ByLastSeen, Facets: true, Page: store.Page{Limit: 9}})
		if err != nil || listErr != nil || mark != pos(1) || len(page.Alerts) != 1 || page.Facets.Total != 1 {
			t.Errorf("%s: something of it is there: %v, %d alerts, %v, %v", name, mark, len(page.Alerts), err, listErr)
		}
	}
}

func testAlertChanges(t *testing.T, s *suite) {
	a, b := alert(acme, 1), alert(acme, 2)
	s.fold(t, a, b)
	a.Version, b.Version = 1, 1
	a.Status, a.StatusAt = event.AlertAcknowledged, at(50)
	w := store.AlertWrite{Alert: a, Entries: []store.CaseEntry{entry(&a, 50, "acknowledge")}, Say: []store.Said{said(acme)}, Once: [16]byte{1}}
	stale := w
	stale.Alert.Version, stale.Once = 7, [16]byte{}
	wantErr(t, "another version", s.ChangeAlerts(s.ctx, []store.AlertWrite{stale}), store.ErrConflict)
	gone := w
	gone.Alert = alert(acme, 77)
	wantErr(t, "no such alert", s.ChangeAlerts(s.ctx, []store.AlertWrite{{Alert: b}, gone}), store.ErrNotFound)
	stolen := w
	stolen.Alert.Account = other
	wantErr(t, "another account's", s.ChangeAlerts(s.ctx, []store.AlertWrite{stolen}), store.ErrNotFound)
	must(t, s.ChangeAlerts(s.ctx, []store.AlertWrite{w, {Alert: b, Once: [16]byte{2}, Unchanged: true}}))
	a.Version = 2
	got, err := s.GetAlert(s.ctx, acme, a.ID)
	must(t, err)
	same(t, "changed", got, a)
	if got, err := s.GetAlert(s.ctx, acme, b.ID); err != nil || got.Version != 1 {
		t.Errorf("unchanged: version %d, %v", got.Version, err)
	}
	if n := len(s.waiting(t)); n != 1 {
		t.Errorf("%d facts are said", n)
	}
	w.Alert = a
	for _, once := range [][16]byte{{1}, {2}} {
		w.Once = once
		wantErr(t, "once more", s.ChangeAlerts(s.ctx, []store.AlertWrite{w}), store.ErrDone)
	}
	if got, err := s.GetAlert(s.ctx, acme, a.ID); err != nil || got.Version != 2 || len(s.waiting(t)) != 1 {
		t.Errorf("once more: version %d, %v", got.Version, err)
	}
}

func testAlertEntries(t *testing.T, s *suite) {
	a, b := alert(acme, 1), alert(acme, 2)
	s.fold(t, a, b)
	list := func(p store.Page) ([]store.CaseEntry, string, error) { return s.ListAlertEntries(s.ctx, acme, a.ID, p) }
	var want []store.CaseEntry
	add := func(n int, verb string) {
		e := entry(&a, n, verb)
		want = append([]store.CaseEntry{e}, want...)
		must(t, s.SaveFold(s.ctx, store.Fold{Mark: pos(2), Alerts: []store.Alert{a}, Entries: []store.CaseEntry{e}}))
	}
	for n := range 9 {
		add(n, "note")
	}
	same(t, "entries", walk(t, 4, list, nil), want)
	if rows, _, err := s.ListAlertEntries(s.ctx, other, a.ID, store.Page{Limit: 9}); err != nil || len(rows) != 0 {
		t.Errorf("another account reads %d, %v", len(rows), err)
	}
	if rows, _, err := s.ListAlertEntries(s.ctx, acme, b.ID, store.Page{Limit: 9}); err != nil || len(rows) != 0 {
		t.Errorf("another alert has %d, %v", len(rows), err)
	}
	first := want[len(want)-1]
	for more := 0; more < store.MaxAlertEntries+100; {
		f := store.Fold{Mark: pos(3), Alerts: []store.Alert{a}}
		for range 137 {
			f.Entries = append(f.Entries, entry(&a, more, "update"))
			more++
		}
		must(t, s.SaveFold(s.ctx, f))
	}
	all := walk(t, store.MaxPage, list, nil)
	if len(all) != store.MaxAlertEntries || !cmp.Equal(all[len(all)-1], first) || all[0].At.Before(all[500].At) {
		t.Errorf("%d entries; the last is %+v", len(all), all[len(all)-1])
	}
}

func testAlertCounts(t *testing.T, s *suite) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var list []store.Alert
	for n := range 12 {
		a := alert(acme, n)
		a.Severity, a.FirstSeen = event.Severity(n%2), day.Add(time.Duration(n)*8*time.Hour)
		if n%4 == 0 {
			a.Status, a.StatusAt = event.AlertResolved, day.Add(time.Duration(n)*8*time.Hour)
		}
		list = append(list, a)
	}
	s.fold(t, list...)
	s.fold(t, alert(other, 1))
	days, err := s.CountNewAlerts(s.ctx, acme, day.Add(8*time.Hour), day.AddDate(0, 0, 2))
	must(t, err)
	same(t, "days", days, []store.DayCount{
		{Day: day, Severity: event.Info, Count: 1}, {Day: day, Severity: event.Low, Count: 1},
		{Day: day.AddDate(0, 0, 1), Severity: event.Info, Count: 1}, {Day: day.AddDate(0, 0, 1), Severity: event.Low, Count: 2},
	})
	if n, err := s.CountResolved(s.ctx, acme, day, day.AddDate(0, 0, 2)); err != nil || n != 2 {
		t.Errorf("%d resolved, %v", n, err)
	}
}

func testAlertsPrune(t *testing.T, s *suite) {
	var list []store.Alert
	for n := range 20 {
		a := alert(acme, n)
		if n%2 == 0 {
			a.Status, a.StatusAt = event.AlertResolved, at(n)
		}
		list = append(list, a)
	}
	list = append(list, func() store.Alert { a := alert(other, 1); a.Status, a.StatusAt = event.AlertResolved, at(1); return a }())
	f := store.Fold{Mark: pos(1), Alerts: list}
	for i := range list {
		f.Entries = append(f.Entries, entry(&list[i], i, "create"))
	}
	must(t, s.SaveFold(s.ctx, f))
	total := 0
	for range 4 {
		n, err := s.PruneAlerts(s.ctx, at(10), 4)
		must(t, err)
		if n > 4 {
			t.Errorf("%d went at once", n)
		}
		total += n
	}
	if total != 6 { // 0, 2, 4, 6, 8, and the other's
		t.Errorf("%d went", total)
	}
	for n := range 20 {
		a, err := s.GetAlert(s.ctx, acme, list[n].ID)
		if gone := n%2 == 0 && n < 10; gone != errors.Is(err, store.ErrNotFound) {
			t.Errorf("alert %d: %v", n, err)
		} else if err == nil {
			if rows, _, err := s.ListAlertEntries(s.ctx, acme, a.ID, store.Page{Limit: 5}); err != nil || len(rows) != 1 {
				t.Errorf("alert %d has %d entries, %v", n, len(rows), err)
			}
		}
	}
	// One of the same key may come again.
	s.fold(t, list[0])
	if rows, _, err := s.ListAlertEntries(s.ctx, acme, list[0].ID, store.Page{Limit: 5}); err != nil || len(rows) != 0 {
		t.Errorf("an alert that is new has %d entries, %v", len(rows), err)
	}
}
