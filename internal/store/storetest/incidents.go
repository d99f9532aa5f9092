package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// folder stores alerts.
type folder interface {
	SaveFold(ctx context.Context, f store.Fold) error
}

// alerts stores n alerts of an account, each seen later than the one before.
func (s *suite) alerts(t *testing.T, account event.Account, n int) []event.ID {
	t.Helper()
	var f store.Fold
	var ids []event.ID
	for i := range n {
		a := store.Alert{
			Account: account, Key: event.NewID().Text("k"), Status: event.AlertOpen, Severity: event.High, Title: fmt.Sprint("alert ", i), Count: 1,
			FirstSeen: at(i), LastSeen: at(i), Entities: []event.Entity{{Type: "ip", Value: "203.0.113.7"}},
		}
		a.ID = event.AlertID(account, a.Key)
		ids, f.Alerts = append(ids, a.ID), append(f.Alerts, a)
	}
	must(t, s.Store.(folder).SaveFold(s.ctx, f))
	return ids
}

func incident(account event.Account, title string) store.Incident {
	return store.Incident{
		Account: account, Status: event.IncidentNew, Severity: event.High, Title: title, Description: "two\nlines", Owner: "dana@example.com",
		Project: "web", Tags: []string{"a", "b"}, Entities: []event.Entity{{Type: "ip", Value: "203.0.113.7", Observed: true}}, Mitre: []string{"T1110"},
		CreatedAt: at(1), UpdatedAt: at(1), Version: 1,
	}
}

// tellOf tells of a write with its verb.
func tellOf(verb string) func(store.IncidentDone) ([]store.CaseEntry, []store.Said) {
	return func(d store.IncidentDone) ([]store.CaseEntry, []store.Said) {
		said := store.Said{ID: event.NewID(), Account: d.Is.Account, Type: "incident.updated", Event: json.RawMessage(`{"type":"incident.updated"}`), At: at(9)}
		note := fmt.Sprintf("%d alerts, newest %d", d.Is.Alerts, len(d.Newest))
		return []store.CaseEntry{{ID: event.NewID(), At: at(9), Change: event.CaseChange{Verb: verb, Note: note}, Event: said.ID}}, []store.Said{said}
	}
}

func (s *suite) incident(t *testing.T, w store.IncidentWrite) store.Incident {
	t.Helper()
	i, err := s.SaveIncident(s.ctx, w)
	must(t, err)
	return i
}

func testIncidents(t *testing.T, s *suite) {
	ids := s.alerts(t, acme, 7)
	i := incident(acme, "one")
	made := s.incident(t, store.IncidentWrite{Incident: i, Link: ids, Tell: tellOf("create")})
	i.Number, i.Alerts = 1, 7
	same(t, "made", made, i)
	s.reopen(t)
	got, err := s.GetIncident(s.ctx, acme, 1)
	must(t, err)
	same(t, "read", got, i)
	_, err = s.GetIncident(s.ctx, other, 1)
	wantErr(t, "another account's", err, store.ErrNotFound)

	// Numbers are per account, and a write that failed gives its number back unseen.
	same(t, "the other account's first", s.incident(t, store.IncidentWrite{Incident: incident(other, "x")}).Number, int64(1))
	_, err = s.SaveIncident(s.ctx, store.IncidentWrite{Incident: incident(acme, "bad"), Link: []event.ID{event.NewID()}})
	wantErr(t, "an unknown alert", err, store.ErrNotFound)
	_, err = s.SaveIncident(s.ctx, store.IncidentWrite{Incident: incident(other, "bad"), Link: ids[:1]})
	wantErr(t, "another account's alert", err, store.ErrNotFound)
	same(t, "second", s.incident(t, store.IncidentWrite{Incident: incident(acme, "two")}).Number, int64(2))

	entries, next, err := s.ListIncidentEntries(s.ctx, acme, 1, store.Page{Limit: 10})
	must(t, err)
	same(t, "timeline", len(entries), 1)
	same(t, "line", entries[0].Change, event.CaseChange{Verb: "create", Note: "7 alerts, newest 5"})
	same(t, "end", next, "")
	said, err := s.ListOutbox(s.ctx, 10)
	must(t, err)
	same(t, "said", len(said), 1)
	same(t, "fact of the line", entries[0].Event, said[0].ID)

	list, _, err := s.ListIncidentAlerts(s.ctx, acme, 1, store.Page{Limit: 3})
	must(t, err)
	same(t, "newest alert", list[0].ID, ids[6])
	same(t, "its incident", list[0].Incident, int64(1))
	checkWalk(t, func(p store.Page) ([]store.Alert, string, error) { return s.ListIncidentAlerts(s.ctx, acme, 1, p) },
		func(a store.Alert) string { return a.Title }, []string{"alert 6", "alert 5", "alert 4", "alert 3", "alert 2", "alert 1", "alert 0"}, nil)
	places, err := s.AlertIncidents(s.ctx, acme, append(ids[:1:1], event.NewID()))
	must(t, err)
	same(t, "where alerts are", places, map[event.ID]int64{ids[0]: 1})
	rows, err := s.AlertRows(s.ctx, acme, ids)
	must(t, err)
	same(t, "rows", len(rows), 7)
	recent, err := s.RecentAlerts(s.ctx, acme, at(5), 10)
	must(t, err)
	same(t, "recent", len(recent), 2)
}

func testIncidentWrites(t *testing.T, s *suite) {
	made := s.incident(t, store.IncidentWrite{Incident: incident(acme, "one")})
	next := made
	next.Title, next.Status, next.ClosedAt, next.Tags = "changed", event.IncidentClosed, at(5), nil
	stored := s.incident(t, store.IncidentWrite{Incident: next})
	next.Version = 2
	same(t, "changed", stored, next)
	_, err := s.SaveIncident(s.ctx, store.IncidentWrite{Incident: made})
	wantErr(t, "a stale version", err, store.ErrConflict)
	unknown := made
	unknown.Number = 99
	_, err = s.SaveIncident(s.ctx, store.IncidentWrite{Incident: unknown})
	wantErr(t, "an unknown number", err, store.ErrNotFound)
	foreign := made
	foreign.Account = other
	_, err = s.SaveIncident(s.ctx, store.IncidentWrite{Incident: foreign})
	wantErr(t, "another account's", err, store.ErrNotFound)
	_, err = s.SaveIncident(s.ctx, store.IncidentWrite{})
	wantErr(t, "no account", err, store.ErrInvalid)

	amend := func(title string, err error) store.IncidentWrite {
		return store.IncidentWrite{
			Incident: store.Incident{Account: acme, Number: 1}, Once: title, Tell: tellOf("update"),
			Amend: func(now store.Incident) (store.Incident, error) {
				now.Title, now.Number = title, 77 // the number is not for an amendment to change
				return now, err
			},
		}
	}
	stored = s.incident(t, amend("amended", nil))
	same(t, "amended", []any{stored.Title, stored.Number, stored.Version}, []any{"amended", int64(1), int64(3)})
	same(t, "done before", s.incident(t, amend("amended", nil)), stored)
	same(t, "nothing to do", s.incident(t, amend("idle", store.ErrUnchanged)), stored)
	same(t, "nor when asked again", s.incident(t, amend("idle", nil)), stored)
	_, err = s.SaveIncident(s.ctx, amend("refused", store.ErrInvalid))
	wantErr(t, "an amendment's error", err, store.ErrInvalid)
	same(t, "after an error it can be done", s.incident(t, amend("refused", nil)).Version, int64(4))
	entries, _, err := s.ListIncidentEntries(s.ctx, acme, 1, store.Page{Limit: 10})
	must(t, err)
	same(t, "lines", len(entries), 2)

	made2 := store.IncidentWrite{Incident: incident(acme, "by a rule"), Once: "rule 1"}
	first := s.incident(t, made2)
	same(t, "made once", s.incident(t, made2), first)
	foreignOnce := store.IncidentWrite{Incident: incident(other, "by a rule"), Once: "rule 1"}
	same(t, "names are an account's own", s.incident(t, foreignOnce).Account, other)
}

func testIncidentLinks(t *testing.T, s *suite) {
	ids := s.alerts(t, acme, 5)
	one := s.incident(t, store.IncidentWrite{Incident: incident(acme, "one"), Link: ids[:3]})
	two := s.incident(t, store.IncidentWrite{Incident: incident(acme, "two"), Link: ids[3:]})
	touch := func(number int64, w store.IncidentWrite) store.Incident {
		w.Incident = store.Incident{Account: acme, Number: number}
		w.Amend = func(now store.Incident) (store.Incident, error) {
			now.UpdatedAt = at(7)
			return now, nil
		}
		if w.Tell == nil {
			w.Tell = tellOf("link")
		}
		return s.incident(t, w)
	}
	moved := touch(two.Number, store.IncidentWrite{Link: ids[2:4], IfMoved: true})
	same(t, "after a move", []int64{int64(moved.Alerts), moved.Version}, []int64{3, 2})
	left, err := s.GetIncident(s.ctx, acme, one.Number)
	must(t, err)
	same(t, "what was left", []any{left.Alerts, left.Version, left.UpdatedAt}, []any{2, int64(2), at(7)})
	for number, want := range map[int64]string{one.Number: "2 alerts, newest 2", two.Number: "3 alerts, newest 3"} {
		lines, _, err := s.ListIncidentEntries(s.ctx, acme, number, store.Page{Limit: 10})
		must(t, err)
		same(t, "both timelines tell", lines[len(lines)-1].Change.Note, want)
	}
	same(t, "nothing moves", touch(two.Number, store.IncidentWrite{Link: ids[2:4], IfMoved: true}).Version, int64(2))
	same(t, "what stays", touch(two.Number, store.IncidentWrite{Link: append(ids[:1:1], event.NewID()), Stay: true, IfMoved: true}).Version, int64(2))
	fresh := s.incident(t, store.IncidentWrite{Incident: incident(acme, "rule"), Link: ids[:1], Stay: true, IfMoved: true})
	same(t, "no empty incident", fresh, store.Incident{})
	same(t, "one leaves", touch(two.Number, store.IncidentWrite{Unlink: ids[:4], IfMoved: true}).Alerts, 1)
	same(t, "and is free", where1(t, s, ids[3]), int64(0))
	same(t, "another's stays", where1(t, s, ids[0]), one.Number)

	// What rules make of alerts is stored with them, or not at all.
	f := store.Fold{Incidents: []store.IncidentWrite{
		{Incident: incident(acme, "folded"), Link: ids[3:4], Stay: true, IfMoved: true, Tell: tellOf("create"), Once: "fold"},
		{Incident: store.Incident{Account: acme, Number: 999}, Amend: func(i store.Incident) (store.Incident, error) { return i, nil }},
	}}
	if err := s.Store.(folder).SaveFold(s.ctx, f); err == nil {
		t.Fatal("a fold with an unknown incident is stored")
	}
	same(t, "nothing of it is stored", where1(t, s, ids[3]), int64(0))
	f.Incidents = f.Incidents[:1]
	must(t, s.Store.(folder).SaveFold(s.ctx, f))
	must(t, s.Store.(folder).SaveFold(s.ctx, f))
	same(t, "made once", where1(t, s, ids[3]), int64(3))
	_, err = s.GetIncident(s.ctx, acme, 4)
	wantErr(t, "a second one", err, store.ErrNotFound)
}

// where1 is the number of the incident that an alert of acme is under.
func where1(t *testing.T, s *suite, id event.ID) int64 {
	t.Helper()
	places, err := s.AlertIncidents(s.ctx, acme, []event.ID{id})
	must(t, err)
	return places[id]
}

func testIncidentList(t *testing.T, s *suite) {
	rule := event.NewID()
	for n := range 9 {
		i := incident(acme, fmt.Sprintf("Title %d 100%%_\\", n))
		i.Severity, i.Status, i.CreatedAt, i.UpdatedAt = event.Severity(n%5), []string{"new", "active", "closed"}[n%3], at(n), at(100-n)
		i.Owner, i.Project = fmt.Sprintf("%d@example.com", n%2), fmt.Sprint("p", n%2)
		if n > 5 {
			i.Rule, i.RuleKey = rule, fmt.Sprint("key ", n%2)
		}
		s.incident(t, store.IncidentWrite{Incident: i})
	}
	s.incident(t, store.IncidentWrite{Incident: incident(other, "Title 9")})
	numbers := func(f store.IncidentFilter) string {
		f.Account = acme
		list, _, err := s.ListIncidents(s.ctx, f, store.Page{Limit: 50})
		must(t, err)
		var b strings.Builder
		for _, i := range list {
			fmt.Fprint(&b, i.Number)
		}
		return b.String()
	}
	for _, tt := range []struct {
		name string
		f    store.IncidentFilter
		want string
	}{
		{"all", store.IncidentFilter{}, "987654321"},
		{"numbers", store.IncidentFilter{Numbers: []int64{2, 7, 99}}, "72"},
		{"severities", store.IncidentFilter{Severities: []event.Severity{event.Info, event.Critical}}, "651"},
		{"statuses", store.IncidentFilter{Statuses: []string{"new", "active"}}, "875421"},
		{"owner", store.IncidentFilter{Owner: "1@example.com"}, "8642"},
		{"project and status", store.IncidentFilter{Project: "p0", Statuses: []string{"closed"}}, "93"},
		{"title", store.IncidentFilter{Title: "title 3"}, "4"},
		{"signs of LIKE", store.IncidentFilter{Title: `3 100%_\`}, "4"},
		{"no wildcard", store.IncidentFilter{Title: `T%e`}, ""},
		{"rule", store.IncidentFilter{Rule: rule}, "987"},
		{"created", store.IncidentFilter{After: at(2), Before: at(4)}, "43"},
		{"changed", store.IncidentFilter{UpdatedAfter: at(99)}, "21"},
		{"left out", store.IncidentFilter{Skip: 7}, "21"},
	} {
		same(t, tt.name, numbers(tt.f), tt.want)
	}
	checkWalk(t, func(p store.Page) ([]store.Incident, string, error) {
		return s.ListIncidents(s.ctx, store.IncidentFilter{Account: acme}, p)
	}, func(i store.Incident) string { return fmt.Sprint(i.Number) }, strings.Split("9 8 7 6 5 4 3 2 1", " "), func(int) {
		s.incident(t, store.IncidentWrite{Incident: incident(acme, "later")})
	})
	count, err := s.CountOpenIncidents(s.ctx, acme)
	must(t, err)
	same(t, "open incidents", count, 8) // with those made meanwhile
	open, err := s.OpenRuleIncidents(s.ctx, acme, []store.RuleKey{{Rule: rule, Key: "key 0"}, {Rule: rule, Key: "key 1"}, {Rule: event.NewID(), Key: "key 0"}}, 10)
	must(t, err)
	same(t, "open ones of a rule", map[string]int64{"0": open[store.RuleKey{Rule: rule, Key: "key 0"}].Number, "1": open[store.RuleKey{Rule: rule, Key: "key 1"}].Number},
		map[string]int64{"0": 7, "1": 8}) // 9 is closed
	open, err = s.OpenRuleIncidents(s.ctx, acme, []store.RuleKey{{Rule: rule, Key: "key 0"}}, 0)
	must(t, err)
	same(t, "full ones", len(open), 0)
}

func testAttachments(t *testing.T, s *suite) {
	s.incident(t, store.IncidentWrite{Incident: incident(acme, "one")})
	touch := store.IncidentWrite{
		Incident: store.Incident{Account: acme, Number: 1}, Tell: tellOf("attach"),
		Amend: func(now store.Incident) (store.Incident, error) { return now, nil },
	}
	most := store.AttachmentLimits{PerIncident: 2, PerAccount: 10}
	file := func(size int) store.Attachment {
		return store.Attachment{
			ID: event.NewID(), Account: acme, Number: 1, Name: "a\u202eb.txt", Type: "text/html", Size: int64(size), SHA256: [32]byte{1, 2}, By: "dana", At: at(3),
		}
	}
	a := file(3)
	_, err := s.AddAttachment(s.ctx, a, []byte{0, 1, 255}, most, touch)
	must(t, err)
	got, content, err := s.GetAttachment(s.ctx, acme, 1, a.ID)
	must(t, err)
	same(t, "attachment", got, a)
	same(t, "content", content, []byte{0, 1, 255})
	_, _, err = s.GetAttachment(s.ctx, acme, 2, a.ID)
	wantErr(t, "of another incident", err, store.ErrNotFound)
	_, _, err = s.GetAttachment(s.ctx, other, 1, a.ID)
	wantErr(t, "of another account", err, store.ErrNotFound)
	_, err = s.AddAttachment(s.ctx, file(8), make([]byte, 8), most, touch)
	wantErr(t, "more than the account may", err, store.ErrAttachments)
	_, err = s.AddAttachment(s.ctx, file(7), make([]byte, 7), most, touch)
	must(t, err)
	_, err = s.AddAttachment(s.ctx, file(0), nil, most, touch)
	wantErr(t, "more than the incident may", err, store.ErrAttachments)
	list, err := s.ListAttachments(s.ctx, acme, 1)
	must(t, err)
	same(t, "list", len(list), 2)
	i, err := s.DeleteAttachment(s.ctx, acme, 1, a.ID, touch)
	must(t, err)
	same(t, "each is a change", i.Version, int64(4))
	_, err = s.DeleteAttachment(s.ctx, acme, 1, a.ID, touch)
	wantErr(t, "deleting it again", err, store.ErrNotFound)
	_, _, err = s.GetAttachment(s.ctx, acme, 1, a.ID)
	wantErr(t, "a deleted one", err, store.ErrNotFound)
}

func incidentRule(account event.Account, name string, position int) store.IncidentRule {
	return store.IncidentRule{
		ID: event.NewID(), Account: account, Name: name, Position: position, Enabled: true, Spec: json.RawMessage(`{"name":"x"}`), Version: 1,
		CreatedAt: at(1), UpdatedAt: at(2),
	}
}

func testIncidentRules(t *testing.T, s *suite) {
	r := incidentRule(acme, "brute", 100)
	must(t, s.CreateIncidentRule(s.ctx, r))
	wantErr(t, "a taken name", s.CreateIncidentRule(s.ctx, incidentRule(acme, "brute", 1)), store.ErrConflict)
	must(t, s.CreateIncidentRule(s.ctx, incidentRule(other, "brute", 1)))
	_, err := s.GetIncidentRule(s.ctx, other, r.ID)
	wantErr(t, "another account's", err, store.ErrNotFound)
	r.Position, r.Enabled, r.Spec, r.UpdatedAt = 7, false, json.RawMessage(`{"name":"y"}`), at(9)
	must(t, s.UpdateIncidentRule(s.ctx, r))
	wantErr(t, "a stale version", s.UpdateIncidentRule(s.ctx, r), store.ErrConflict)
	wantErr(t, "an unknown rule", s.UpdateIncidentRule(s.ctx, incidentRule(acme, "unknown", 1)), store.ErrNotFound)
	s.reopen(t)
	got, err := s.GetIncidentRule(s.ctx, acme, r.ID)
	must(t, err)
	r.Version = 2
	same(t, "rule", got, r)
	first := incidentRule(acme, "first", 1)
	must(t, s.CreateIncidentRule(s.ctx, first))
	list, err := s.ListIncidentRules(s.ctx, acme)
	must(t, err)
	same(t, "order", []string{list[0].Name, list[1].Name}, []string{"first", "brute"})
	all, err := s.AllIncidentRules(s.ctx)
	must(t, err)
	same(t, "all", len(all), 3)
	wantErr(t, "deleting a stale version", s.DeleteIncidentRule(s.ctx, acme, r.ID, 1), store.ErrConflict)
	wantErr(t, "deleting another account's", s.DeleteIncidentRule(s.ctx, other, r.ID, 2), store.ErrNotFound)
	must(t, s.DeleteIncidentRule(s.ctx, acme, r.ID, 2))
	wantErr(t, "deleting it again", s.DeleteIncidentRule(s.ctx, acme, r.ID, 2), store.ErrNotFound)
}
