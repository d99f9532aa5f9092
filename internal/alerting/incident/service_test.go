package incident

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestLifeOfAnIncident(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.alert("a", event.Low, "203.0.113.7"), w.alert("b", event.Critical, "203.0.113.7")
	w.fold(a, b)
	ctx := act.With(t.Context(), act.Actor{Kind: act.KindUser, Name: "dana@example.com"})
	i, err := w.Create(ctx, acme, json.RawMessage(`{"alerts":["`+a.ID.Text("alr")+`","`+b.ID.Text("alr")+`","`+a.ID.Text("alr")+`"]}`))
	if err != nil {
		t.Fatal(err)
	}
	// What nobody says is taken from the alerts.
	want := store.Incident{
		Account: acme, Number: 1, Status: "new", Severity: event.Critical, Title: "Alert a", Project: "web", Alerts: 2, Entities: a.Entities,
		CreatedAt: base, UpdatedAt: base, Version: 1,
	}
	if diff := cmp.Diff(want, i); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	if i = w.patch(1, `{"status":"active","owner":"sam@example.com","tags":["x","x","y"],"severity":"high"}`); i.Status != "active" || i.Version != 2 ||
		i.Severity != event.High || strings.Join(i.Tags, ",") != "x,y" {
		t.Errorf("changed: %+v", i)
	}
	if again := w.patch(1, `{"status":"active","id":"INC-1","version":9}`); again.Version != 2 {
		t.Errorf("a change that changes nothing: %+v", again)
	}
	_, err = w.Update(ctx, acme, 1, 0, json.RawMessage(`{"status":"closed"}`))
	if fields, ok := form.AsErrors(err); !ok || fields[0].Path != "classification" || !strings.Contains(fields[0].Message, "true_positive, benign_positive, false_positive, undetermined") {
		t.Errorf("closing without a classification: %v", err)
	}
	i = w.patch(1, `{"status":"closed","classification":"true_positive","reason":"blocked"}`)
	if i.ClosedAt != base || i.Classification != "true_positive" || i.Reason != "blocked" {
		t.Errorf("closed: %+v", i)
	}
	if _, err := w.Link(ctx, acme, 1, []string{b.ID.Text("alr")}); !errors.Is(err, ErrClosed) {
		t.Errorf("linking to a closed one: %v", err)
	}
	i = w.patch(1, `{"status":"active"}`)
	if !i.ClosedAt.IsZero() || i.Classification != "" || i.Reason != "" {
		t.Errorf("reopened: %+v", i)
	}
	if _, err := w.Note(ctx, acme, 1, "looked at it\nagain"); err != nil {
		t.Fatal(err)
	}
	if i = w.must(w.Unlink(ctx, acme, 1, a.ID)); i.Alerts != 1 {
		t.Errorf("unlinked: %+v", i)
	}
	if i = w.must(w.Link(ctx, acme, 1, []string{a.ID.Text("alr")})); i.Alerts != 2 {
		t.Errorf("linked: %+v", i)
	}
	w.checkTimeline()
}

// checkTimeline looks at what TestLifeOfAnIncident left behind.
func (w *world) checkTimeline() {
	w.t.Helper()
	entries, _, err := w.Timeline(w.t.Context(), acme, 1, store.Page{Limit: 50})
	if err != nil {
		w.t.Fatal(err)
	}
	var got []string
	for n, e := range entries {
		got = append(got, e.Change.Verb)
		said := w.said()[n]
		if e.Event != said.ID || gjson.GetBytes(said.Event, "data.change.verb").Str != e.Change.Verb {
			w.t.Errorf("line %d tells of %s, and fact %d is %s", n, e.Change.Verb, n, said.Event)
		}
	}
	want := []string{"create", "acknowledge", "resolve", "reopen", "note", "link", "link"}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("timeline (-want +got):\n%s", diff)
	}
	if c := entries[0].Change; c.By != "dana@example.com" || c.Via != "console" || c.Changed["alerts"][1] == "" {
		w.t.Errorf("made by %+v", c)
	}
	if c := entries[1].Change.Changed; c["status"] != [2]string{"new", "active"} || c["tags"] != [2]string{"", "x, y"} || len(c) != 4 {
		w.t.Errorf("changed %v", c)
	}
	var actions []string
	for _, a := range w.recorder.acts {
		actions = append(actions, a.Action+" "+a.Target)
	}
	wantActs := []string{
		"incident.create ", "incident.update INC-1", "incident.update INC-1", "incident.update INC-1", "incident.note INC-1", "incident.unlink INC-1", "incident.link INC-1",
	}
	if diff := cmp.Diff(wantActs, actions); diff != "" {
		w.t.Errorf("acts (-want +got):\n%s", diff)
	}
	var types []string
	for _, s := range w.said() {
		types = append(types, strings.TrimPrefix(s.Type, "incident.")+" "+gjson.GetBytes(s.Event, "status").Str)
	}
	if diff := cmp.Diff("created new, updated active, closed closed, updated active, updated active, updated active, updated active", strings.Join(types, ", ")); diff != "" {
		w.t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestNothingWithoutARecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.make(`{"title":"x"}`)
	w.recorder.fails = true
	_, e1 := w.Create(t.Context(), acme, json.RawMessage(`{"title":"y"}`))
	_, e2 := w.Update(t.Context(), acme, 1, 0, json.RawMessage(`{"title":"y"}`))
	_, e3 := w.Attach(t.Context(), acme, 1, "a", "", []byte("a"))
	_, e4 := w.CreateRule(t.Context(), acme, json.RawMessage(`{"name":"x"}`))
	for _, err := range []error{e1, e2, e3, e4} {
		if !errors.Is(err, errNoRecord) {
			t.Errorf("got %v", err)
		}
	}
	if list := w.incidents(); len(list) != 1 || list[0].Version != 1 || len(w.said()) != 1 {
		t.Errorf("something happened: %+v", list)
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.make(`{"title":"x"}`)
	if i := w.must(w.Update(t.Context(), acme, 1, 1, json.RawMessage(`{"title":"y"}`))); i.Version != 2 {
		t.Errorf("got %+v", i)
	}
	if _, err := w.Update(t.Context(), acme, 1, 1, json.RawMessage(`{"title":"z"}`)); !errors.Is(err, ErrVersion) {
		t.Errorf("a stale version: %v", err)
	}
	if _, err := w.Update(t.Context(), acme, 9, 0, json.RawMessage(`{"title":"z"}`)); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown number: %v", err)
	}
	if _, err := w.Update(t.Context(), "other", 1, 0, json.RawMessage(`{"title":"z"}`)); !errors.Is(err, ErrNotFound) {
		t.Errorf("another account: %v", err)
	}
}

func TestWrongInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.make(`{"title":"x"}`)
	unknown := event.NewID().Text("alr")
	for _, tt := range []struct{ create, patch, want string }{
		{`[]`, ``, ` must be an object`},
		{`{}`, ``, `title is required`},
		{`{"title":"a\u202eb"}`, `{"title":"a\u202eb"}`, `title must be one line`},
		{`{"title":"a\nb"}`, `{"title":""}`, `title must`},
		{`{"title":"x","severity":"loud"}`, `{"severity":"loud"}`, `severity must be one of info`},
		{`{"title":"x","status":"open"}`, `{"status":"open"}`, `status must be one of new, active, closed`},
		{`{"title":"x","classification":"true_positive"}`, `{"classification":"true_positive"}`, `classification goes with the status "closed" only`},
		{`{"title":"x","status":"closed","classification":"maybe"}`, `{"status":"closed","classification":"maybe"}`, `classification must be one of`},
		{`{"title":"x","owner":"dana"}`, `{"owner":"a@b\r\nBcc: x"}`, `owner must be an e-mail address`},
		{`{"title":"x","colour":1}`, `{"colour":1}`, `colour is not known`},
		{`{"title":"x","tags":[""]}`, `{"tags":"x"}`, `tags`},
		{`{"title":7}`, `{"title":7}`, `title must be a text`},
		{`{"title":"x","alerts":["` + unknown + `"]}`, `{"alerts":[]}`, `alerts`},
		{`{"title":"x","alerts":["nope"]}`, ``, `alerts.0 is not the id of an alert`},
		{`{"title":"x","description":"\u0000"}`, `{"description":"\u001b[2J"}`, `description must consist`},
	} {
		_, err := w.Create(t.Context(), acme, json.RawMessage(tt.create))
		if _, ok := form.AsErrors(err); !ok || !strings.Contains(err.Error(), strings.TrimSpace(tt.want)) {
			t.Errorf("making %s: %v", tt.create, err)
		}
		if tt.patch == "" {
			continue
		}
		_, err = w.Update(t.Context(), acme, 1, 0, json.RawMessage(tt.patch))
		if _, ok := form.AsErrors(err); !ok || !strings.Contains(err.Error(), strings.TrimSpace(tt.want)) {
			t.Errorf("changing %s: %v", tt.patch, err)
		}
	}
	if n := len(w.incidents()); n != 1 {
		t.Errorf("%d incidents", n)
	}
}

// TestApply: what integrations and buttons ask for, told twice, is done once.
func TestApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.make(`{"title":"x"}`)
	integration := event.NewID().Text("int")
	change := func(id string, verb connector.Verb) alerting.Change {
		return alerting.Change{
			ID: id, Verb: verb, By: "jira: Dana Doe", Via: integration, Origin: integration, Hops: 2, Text: "because", Assignee: "sam@example.com", Severity: event.Low,
		}
	}
	for _, tt := range []struct {
		id            string
		verb          connector.Verb
		status, class string
		done          bool
	}{
		{"1", connector.Acknowledge, "active", "", true},
		{"1", connector.Acknowledge, "active", "", false},
		{"2", connector.Acknowledge, "active", "", false}, // nothing to do; remembered all the same
		{"3", connector.Resolve, "closed", "undetermined", true},
		{"4", connector.Acknowledge, "closed", "undetermined", false},
		{"5", connector.Reopen, "active", "", true},
		{"3", connector.Resolve, "active", "", false}, // a replay
		{"6", connector.Assign, "active", "", true},
		{"7", connector.Rate, "active", "", true},
		{"7", connector.Note, "active", "", true}, // another verb of one message
		{"7", connector.Note, "active", "", false},
		{"", connector.Note, "active", "", true},
	} {
		i, fact, err := w.Apply(t.Context(), acme, 1, change(tt.id, tt.verb))
		if err != nil {
			t.Fatalf("%+v: %v", tt, err)
		}
		if i.Status != tt.status || i.Classification != tt.class || (fact != nil) != tt.done {
			t.Errorf("%+v: %+v, fact %v", tt, i, fact)
		}
		if fact == nil {
			continue
		}
		said := w.said()[len(w.said())-1]
		if fact.ID != said.ID || fact.Origin != integration || fact.Hops != 2 || fact.Flags&event.Internal == 0 || string(fact.Body) != string(said.Event) ||
			said.Origin != integration || fact.OrderingKey != "INC-1" {
			t.Errorf("%+v: fact %+v, said %+v", tt, fact, said)
		}
	}
	i := w.must(w.Get(t.Context(), acme, 1))
	if i.Owner != "sam@example.com" || i.Severity != event.Low || i.Version != 8 {
		t.Errorf("in the end %+v", i)
	}
	for _, c := range []alerting.Change{{Verb: "explode"}, {Verb: connector.Note}, {Verb: connector.Assign, Assignee: "nobody"}, {Verb: connector.Rate, Severity: 99}} {
		if _, _, err := w.Apply(t.Context(), acme, 1, c); err == nil {
			t.Errorf("%+v is done", c)
		}
	}
	if _, _, err := w.Apply(t.Context(), acme, 2, change("9", connector.Note)); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown incident: %v", err)
	}
}

// TestFactsAreBounded: whatever an incident holds, its fact fits, and is an event.
func TestFactsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var alerts []store.Alert
	for n := range 30 {
		a := w.alert(strings.Repeat("k", n+1), event.High, "")
		for range 20 {
			a.Entities = append(a.Entities, event.Entity{Type: "user", Value: strings.Repeat(`"\<`, 90) + event.NewID().Text("x")})
		}
		alerts = append(alerts, a)
	}
	w.fold(alerts...)
	var ids []string
	for _, a := range alerts {
		ids = append(ids, `"`+a.ID.Text("alr")+`"`)
	}
	long, err := json.Marshal(map[string]any{
		"title": strings.Repeat("☃", 500), "description": strings.Repeat(`"\`, 8000), "tags": strings.Split(strings.Repeat(strings.Repeat("☃", 99)+",", 0)+"a", ","),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.make(strings.TrimSuffix(string(long), "}") + `,"alerts":[` + strings.Join(ids, ",") + `]}`)
	if _, err := w.Note(t.Context(), acme, 1, strings.Repeat(`"`, MaxNote)); err != nil {
		t.Fatal(err)
	}
	said := w.said()
	if len(said) != 2 {
		t.Fatalf("%d facts", len(said))
	}
	for _, s := range said {
		if len(s.Event) > store.MaxSaidBytes || !gjson.ValidBytes(s.Event) || gjson.GetBytes(s.Event, "incident").Str != "INC-1" ||
			gjson.GetBytes(s.Event, "data.incident.alerts").Int() != 30 || gjson.GetBytes(s.Event, "data.incident.alert_ids.#").Int() != 5 ||
			gjson.GetBytes(s.Event, "url").Str != "https://tocsin.example.com/incidents/INC-1" {
			t.Errorf("%d bytes: %.300s", len(s.Event), s.Event)
		}
	}
	if i := w.must(w.Get(t.Context(), acme, 1)); len(i.Entities) != MaxEntities {
		t.Errorf("%d entities", len(i.Entities))
	}
}
