package alerting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// with stores an alert and gives its id.
func (w *world) with(key string, status string) event.ID {
	w.t.Helper()
	a := store.Alert{}
	folded(w.t, &a, record(w.t, 1, fmt.Sprintf(`{"type":"alert.created","dedup_key":%q,"title":"x","severity":"high","tags":["t"],"entities":[{"type":"ip","value":"203.0.113.7"}]}`, key)))
	a.Status = status
	w.must(w.store.SaveFold(w.t.Context(), store.Fold{Alerts: []store.Alert{a}}))
	return a.ID
}

// TestApply: what changes make of an alert, and say of it.
func TestApply(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status  string
		change  Change
		want    string // the new status
		says    string // the type of the fact; empty: none
		changed string
	}{
		"acknowledge":              {"open", Change{Verb: connector.Acknowledge}, "acknowledged", "alert.acknowledged", `{"status":["open","acknowledged"]}`},
		"acknowledge twice":        {"acknowledged", Change{Verb: connector.Acknowledge}, "acknowledged", "", ""},
		"acknowledge the resolved": {"resolved", Change{Verb: connector.Acknowledge}, "resolved", "", ""},
		"resolve":                  {"acknowledged", Change{Verb: connector.Resolve, Text: "done"}, "resolved", "alert.resolved", `{"status":["acknowledged","resolved"]}`},
		"resolve twice":            {"resolved", Change{Verb: connector.Resolve}, "resolved", "", ""},
		"resolve twice, with why":  {"resolved", Change{Verb: connector.Resolve, Text: "because"}, "resolved", "alert.updated", "null"},
		"resolve, long ago":        {"open", Change{Verb: connector.Resolve, At: minute(0)}, "open", "", ""},
		"resolve, to come":         {"open", Change{Verb: connector.Resolve, At: minute(10_000_000)}, "resolved", "alert.resolved", `{"status":["open","resolved"]}`},
		"reopen":                   {"resolved", Change{Verb: connector.Reopen}, "open", "alert.reopened", `{"status":["resolved","open"]}`},
		"reopen the acknowledged":  {"acknowledged", Change{Verb: connector.Reopen}, "open", "alert.reopened", `{"status":["acknowledged","open"]}`},
		"assign":                   {"open", Change{Verb: connector.Assign, Assignee: "dana@example.com"}, "open", "alert.updated", `{"assignee":["","dana@example.com"]}`},
		"assign to nobody":         {"open", Change{Verb: connector.Assign}, "open", "", ""},
		"note":                     {"open", Change{Verb: connector.Note, Text: "a note"}, "open", "alert.updated", "null"},
		"rate":                     {"open", Change{Verb: connector.Rate, Severity: event.Low}, "open", "alert.updated", `{"severity":["high","low"]}`},
		"rate the same":            {"open", Change{Verb: connector.Rate, Severity: event.High}, "open", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.with("k", tt.status)
			tt.change.By, tt.change.Via, tt.change.Origin, tt.change.Hops = "dana@example.com", "api", "int_x", 1
			a, r, err := w.s.Apply(t.Context(), "acme", id, tt.change)
			w.must(err)
			stored := w.alert("acme", "k")
			if diff := cmp.Diff(stored, a); diff != "" {
				t.Errorf("what is answered is not what is stored:\n%s", diff)
			}
			said, err := w.store.ListOutbox(t.Context(), 10)
			w.must(err)
			list, _, err := w.s.History(t.Context(), "acme", id, store.Page{Limit: 10})
			w.must(err)
			if a.Status != tt.want {
				t.Errorf("status %s", a.Status)
			}
			if tt.says == "" {
				if r != nil || len(said) != 0 || len(list) != 0 {
					t.Errorf("it says %v, %d facts, %d entries", r, len(said), len(list))
				}
				return
			}
			if len(said) != 1 || len(list) != 1 || said[0].ID != r.ID || string(said[0].Event) != string(r.Body) || r.Type != tt.says || said[0].Type != tt.says ||
				said[0].Origin != "int_x" || said[0].Hops != 1 || r.Flags&event.Internal == 0 || r.Origin != "int_x" || r.Hops != 1 || list[0].Event != r.ID {
				t.Fatalf("facts %+v, record %+v, history %+v", said, r, list)
			}
			e, err := r.Event()
			w.must(err)
			var data struct {
				Alert  event.AlertState
				Change event.CaseChange
			}
			w.must(json.Unmarshal(e.Data, &data))
			changed, _ := json.Marshal(data.Change.Changed)
			if e.DedupKey != "k" || e.Status != tt.want || e.Actor != "dana@example.com" || len(e.Entities) != 1 || data.Alert.ID != id.Text(event.PrefixAlert) ||
				data.Alert.Status != tt.want || data.Alert.Count != 1 || data.Change.By != "dana@example.com" || data.Change.Note != tt.change.Text || string(changed) != tt.changed {
				t.Errorf("the fact is %s", r.Body)
			}
		})
	}
}

// TestChangeChecks: what is no change is refused before anything happens.
func TestChangeChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.with("k", event.AlertOpen)
	for name, tt := range map[string]struct {
		c    Change
		path string
	}{
		"verb":          {Change{Verb: "dance"}, "action"},
		"empty note":    {Change{Verb: connector.Note, Text: " \n"}, "text"},
		"long note":     {Change{Verb: connector.Note, Text: strings.Repeat("x", MaxNote+1)}, "text"},
		"assignee":      {Change{Verb: connector.Assign, Assignee: "dana"}, "assignee"},
		"assignee, CR":  {Change{Verb: connector.Assign, Assignee: "dana@example.com\r\nBcc: x@y"}, "assignee"},
		"long assignee": {Change{Verb: connector.Assign, Assignee: strings.Repeat("x", MaxAssignee) + "@y"}, "assignee"},
		"severity":      {Change{Verb: connector.Rate, Severity: 9}, "severity"},
		"long id":       {Change{Verb: connector.Resolve, ID: strings.Repeat("x", maxChangeID+1)}, "id"},
	} {
		_, _, err := w.s.Apply(t.Context(), "acme", id, tt.c)
		if fields, ok := form.AsErrors(err); !ok || len(fields) != 1 || fields[0].Path != tt.path {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := w.s.Apply(t.Context(), "other", id, Change{Verb: connector.Resolve}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another account's: %v", err)
	}
	if _, _, err := w.s.ApplyTo(t.Context(), "acme", id, 9, Change{Verb: connector.Resolve}); !errors.Is(err, ErrVersion) {
		t.Errorf("another version: %v", err)
	}
	if got, err := w.s.Find(t.Context(), "acme", "k"); err != nil || got != id {
		t.Errorf("found %v, %v", got, err)
	}
	if _, err := w.s.Find(t.Context(), "acme", "nope"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("found %v", err)
	}
}

// TestApplyOnce: a change that is told twice is made once, even when the first time changed nothing.
func TestApplyOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, second := w.with("k", event.AlertAcknowledged), w.with("l", event.AlertOpen)
	ack := Change{ID: "msg-1", Verb: connector.Acknowledge}
	do := func(id event.ID, c Change, want bool) {
		t.Helper()
		if _, r, err := w.s.Apply(t.Context(), "acme", id, c); err != nil || (r != nil) != want {
			t.Errorf("%s of %s: said %v, %v", c.Verb, id.UUID(), r != nil, err)
		}
	}
	do(id, ack, false)
	do(id, Change{Verb: connector.Reopen}, true)
	do(id, ack, false)
	do(id, Change{ID: "msg-2", Verb: connector.Acknowledge}, true)
	do(id, Change{ID: "msg-1", Verb: connector.Resolve}, true) // another verb of the same message
	do(second, ack, true)                                      // another alert
}

// TestApplyMeanwhile: a change that meets another one is made of what the other has left.
func TestApplyMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.with("k", event.AlertOpen)
	w.store.meanwhile = func() {
		a, err := w.store.GetAlert(t.Context(), "acme", id)
		w.must(err)
		a.Tags = append(a.Tags, "meanwhile")
		w.must(w.store.SaveFold(t.Context(), store.Fold{Alerts: []store.Alert{a}}))
	}
	a, r, err := w.s.Apply(t.Context(), "acme", id, Change{Verb: connector.Resolve})
	if err != nil || r == nil || a.Status != event.AlertResolved || len(a.Tags) != 2 {
		t.Errorf("%+v, %v, %v", a, r, err)
	}
}

// noRecord is an audit record that cannot be written.
type noRecord struct{ acts []act.Act }

func (n *noRecord) Begin(_ context.Context, a act.Act) (act.Finish, error) {
	n.acts = append(n.acts, a)
	return nil, errFrail
}

func TestApplyIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.with("k", event.AlertOpen)
	n := &noRecord{}
	w.s.deps.Recorder = n
	if _, _, err := w.s.Apply(t.Context(), "acme", id, Change{Verb: connector.Resolve, Text: "why"}); !errors.Is(err, errFrail) {
		t.Error(err)
	}
	if _, _, err := w.s.Bulk(t.Context(), "acme", Selection{IDs: []event.ID{id}}, Change{Verb: connector.Resolve}); !errors.Is(err, errFrail) {
		t.Error(err)
	}
	if a := w.alert("acme", "k"); a.Status != event.AlertOpen || len(n.acts) != 2 || n.acts[0].Action != "alert.resolve" || n.acts[0].Target != id.Text(event.PrefixAlert) ||
		string(n.acts[0].After) != `{"verb":"resolve","text":"why"}` || n.acts[1].Action != "alert.bulk" {
		t.Errorf("%s, acts %+v", a.Status, n.acts)
	}
}

// TestBulk: many at once, also when some of them were done already.
func TestBulk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []event.ID
	for i := range 250 {
		ids = append(ids, w.with(fmt.Sprint(i), event.AlertOpen))
	}
	c := Change{ID: "once", Verb: connector.Resolve}
	if _, _, err := w.s.Apply(t.Context(), "acme", ids[7], c); err != nil {
		t.Fatal(err)
	}
	results, more, err := w.s.Bulk(t.Context(), "acme", Selection{Filter: &store.AlertFilter{Account: "other"}}, c) // the account is the caller's
	changed := 0
	for _, r := range results {
		if r.Err != nil {
			t.Error(r.Err)
		}
		if r.Changed {
			changed++
		}
	}
	if err != nil || more || len(results) != 250 || changed != 249 {
		t.Errorf("%d results, %d changed, more %v, %v", len(results), changed, more, err)
	}
	if _, _, err := w.s.Bulk(t.Context(), "acme", Selection{IDs: make([]event.ID, MaxBulkIDs+1)}, c); err == nil {
		t.Error("too many ids were taken")
	}
	if results, _, err := w.s.Bulk(t.Context(), "other", Selection{IDs: ids[:2]}, c); err != nil || !errors.Is(results[0].Err, store.ErrNotFound) {
		t.Errorf("another account's: %+v, %v", results, err)
	}
}

// TestFactsFit: what is said of an alert fits, whatever the alert holds.
func TestFactsFit(t *testing.T) {
	t.Parallel()
	hostile := strings.Repeat("\x01\u202e\"<b>@channel", 400)
	a := store.Alert{
		ID: event.AlertID("acme", hostile[:1000]), Account: "acme", Key: hostile[:1000], Title: hostile, Status: event.AlertOpen, AlertType: hostile[:200],
		Project: hostile[:200], Source: hostile[:200], Endpoint: hostile, RuleID: hostile[:4000], RuleName: hostile[:4000], URL: "https://x.example.com/" + hostile,
		OrderingKey: hostile[:1000], FirstSeen: minute(1), LastSeen: minute(2), StatusAt: minute(1),
	}
	for i := range MaxEntities {
		a.Entities = append(a.Entities, event.Entity{Type: "ip", Value: fmt.Sprint(i, hostile)})
		a.Tags = append(a.Tags, hostile[:200])
	}
	said, r, err := Fact(&a, typeUpdated, event.CaseChange{Verb: "note", Note: hostile[:MaxNote], By: hostile}, "", 0, minute(3))
	if err != nil || len(said.Event) > store.MaxSaidBytes || r.DedupKey != a.Key || r.Account != "acme" {
		t.Errorf("%d bytes, %v", len(said.Event), err)
	}
}

// TestSummary counts what a digest shows.
func TestSummary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for day := range 3 {
		for i := range day + 1 {
			at := day*24*60 + i
			w.append("acme", record(t, at, fmt.Sprintf(`{"type":"alert.created","dedup_key":"%d-%d","severity":"high","rule":{"name":"r%d"},"source":{"vendor":"v","product":"p"},`+
				`"entities":[{"type":"ip","value":"203.0.113.%d"}]}`, day, i, i, i)))
		}
	}
	w.append("acme", record(t, 2*24*60+5, `{"type":"alert.resolved","dedup_key":"2-2"}`))
	w.run()
	w.settled()
	got, err := w.s.Summary(t.Context(), "acme", minute(24*60), minute(3*24*60))
	w.must(err)
	want := Summary{
		Alerts: map[string]int{"high": 5}, Open: 5, Resolved: 1,
		ByDay:       []DayCount{{"2026-03-15", map[string]int{"high": 2}}, {"2026-03-16", map[string]int{"high": 3}}},
		TopEntities: []NamedCount{{"ip", "203.0.113.0", 2}, {"ip", "203.0.113.1", 2}, {"ip", "203.0.113.2", 1}},
		TopRules:    []NamedCount{{Name: "r0", Count: 2}, {Name: "r1", Count: 2}, {Name: "r2", Count: 1}}, TopSources: []NamedCount{{Name: "v/p", Count: 5}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
