package jira

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

const webhookSecret = connectortest.Canary + "-webhook"

// fixture is an integration with a model of Jira.
type fixture struct {
	*Connector
	t   *testing.T
	m   *model
	env connector.Env
}

func newFixture(t *testing.T, cloud bool, patch map[string]any) *fixture {
	t.Helper()
	f := &fixture{t: t, m: newModel(t, cloud), env: connectortest.Env(nil)}
	settings := map[string]any{"url": f.m.url, "api_token": connectortest.Canary, "project": "SEC", "issue_type": "Task", "webhook_secret": webhookSecret}
	if cloud {
		settings["email"] = mine
	}
	maps.Copy(settings, patch)
	raw, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	i, err := Definition().Open(raw, f.env)
	if err != nil {
		t.Fatal(err)
	}
	f.Connector = i.(*Connector)
	t.Cleanup(f.Close)
	return f
}

// editions runs a test against both.
func editions(t *testing.T, test func(t *testing.T, cloud bool)) {
	t.Parallel()
	for _, edition := range []bool{true, false} {
		t.Run(map[bool]string{true: "cloud", false: "data center"}[edition], func(t *testing.T) {
			t.Parallel()
			test(t, edition)
		})
	}
}

type fact struct {
	status, owner, verb, note, by string
	severity                      event.Severity
	title                         string
	changed                       map[string][2]string
}

// say makes what Tocsin says of INC-7.
func say(t testing.TB, in fact) connector.Delivery {
	t.Helper()
	if in.title == "" {
		in.title = "Account takeover"
	}
	data, err := json.Marshal(map[string]any{
		"incident": event.IncidentState{Number: "INC-7", Status: in.status, Severity: in.severity.String(), Owner: in.owner},
		"change":   event.CaseChange{Verb: in.verb, By: in.by, Note: in.note, Changed: in.changed},
	})
	if err != nil {
		t.Fatal(err)
	}
	risk := 75.5
	e := event.Event{Type: "incident.updated", Incident: "INC-7", Title: in.title, Description: "Three alerts\nabout one account", Severity: in.severity,
		Time: time.Now(), Data: data, RiskScore: &risk, Mitre: []string{"TA0001", "T1110"}, Tags: []string{"account takeover"},
		Entities: []event.Entity{{Type: "ip", Value: "203.0.113.7", Role: "source"}}, Source: &event.Source{Vendor: "Example", Product: "Sensor"}}
	r, err := event.FromEvent(&e, event.Origin{Account: event.DefaultAccount, Received: time.Now(), Flags: event.Internal}, event.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r.ID = event.NewID()
	return connector.Delivery{Key: "dlv_1", Record: r, Attempt: 1}
}

func (f *fixture) send(in fact) {
	f.t.Helper()
	if err := f.Send(f.t.Context(), say(f.t, in)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) row() connector.Ticket {
	f.t.Helper()
	row, err := f.env.Tickets.OfSubject(f.t.Context(), "INC-7")
	if err != nil {
		f.t.Fatal(err)
	}
	return row
}

// webhook is a call with a signature.
func webhook(body, secret string) connector.Call {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return connector.Call{Header: http.Header{"X-Hub-Signature": {"sha256=" + hex.EncodeToString(mac.Sum(nil))}}, Body: []byte(body), At: time.Now()}
}

func (f *fixture) hear(body string) []connector.Wish {
	f.t.Helper()
	reply, err := f.Receive(f.t.Context(), webhook(body, webhookSecret))
	if err != nil {
		f.t.Fatal(err)
	}
	return reply.Wishes
}

func verbs(wishes []connector.Wish) string {
	var list []string
	for _, w := range wishes {
		list = append(list, strings.TrimRight(strings.Join([]string{string(w.Verb), w.Assignee.Email, w.Text}, " "), " "))
	}
	return strings.Join(list, ", ")
}

// TestLife follows one incident from its beginning to its end, and back.
func TestLife(t *testing.T) {
	editions(t, func(t *testing.T, cloud bool) {
		f := newFixture(t, cloud, map[string]any{"attach_event": true, "labels": []string{"soc"}, "fields": []any{
			map[string]any{"name": "risk score", "value": "event.risk_score"}, map[string]any{"name": "Source system", "value": "event.source.product"},
			map[string]any{"name": "Analysis", "value": "event.description"}, map[string]any{"name": "Kind", "value": "'intrusion'"},
			map[string]any{"name": "Tactics", "value": "event.mitre.filter(m, m.startsWith('TA'))"}, map[string]any{"name": "Analyst", "value": "'bo@example.com'"},
			map[string]any{"name": "Seen on", "value": "event.time"}, map[string]any{"name": "Seen at", "value": "event.time"},
			map[string]any{"name": "Hosts", "value": "['web 1', 'web-2']"}, map[string]any{"name": "Components", "value": "'soc'"},
			map[string]any{"name": "No such", "value": "'x'"},
		}})
		f.send(fact{status: "new", severity: event.High, verb: "create", owner: "dana@example.com"})
		i := f.m.issues[0]
		if diff := cmp.Diff([]string{"INC-7: Account takeover", "High", "dana@example.com", "Backlog", "75.5", `"Sensor"`, `{"id":"100"}`, `[{"id":"200"}]`, `["web_1","web-2"]`},
			[]string{i.Summary, i.Priority, i.Assignee, i.Status, string(i.Fields["customfield_1"]), string(i.Fields["customfield_2"]), string(i.Fields["customfield_4"]),
				string(i.Fields["customfield_5"]), string(i.Fields["customfield_9"])}); diff != "" {
			t.Error(diff)
		}
		if got := strings.Join(i.Labels, " "); !strings.HasPrefix(got, "tocsin tocsin-") || !strings.HasSuffix(got, " soc account_takeover") || len(i.Files) != 1 {
			t.Errorf("labels %s, %d files", got, len(i.Files))
		}
		for _, text := range []string{"Three alerts\nabout one account", "203.0.113.7", "75.5", "Open in Tocsin"} {
			if !strings.Contains(readText(i.Description), text) {
				t.Errorf("the description lacks %q:\n%s", text, readText(i.Description))
			}
		}
		if row := f.row(); row.Key != "SEC-1" || row.URL != f.m.url+"/browse/SEC-1" || row.Status != "Backlog" || row.Assignee != "Dana" ||
			!strings.Contains(row.Error, `no field "No such"`) {
			t.Errorf("%+v", row)
		}

		f.send(fact{status: "active", severity: event.Critical, verb: "acknowledge", by: "bo@example.com", note: "Looking *at* it", owner: "bo@example.com"})
		if i.Status != "Selected" || i.Priority != "Highest" || i.Assignee != "bo@example.com" || len(i.Comments) != 1 ||
			!strings.HasPrefix(readText(i.Comments[0].Body), "Acknowledged by bo@example.com in Tocsin:\n") || !strings.Contains(readText(i.Comments[0].Body), "Looking *at* it") {
			t.Errorf("%+v", i)
		}
		f.send(fact{status: "closed", severity: event.Critical, verb: "resolve", owner: ""})
		if i.Status != "Finished" || i.Assignee != "" || !f.row().Closed {
			t.Errorf("%+v", i)
		}
		f.send(fact{status: "active", severity: event.Critical, verb: "reopen", title: "Two accounts", changed: map[string][2]string{"title": {"Account takeover", "Two accounts"}}})
		if i.Status != "Selected" || i.Summary != "INC-7: Two accounts" || len(f.m.issues) != 1 {
			t.Errorf("%+v", i)
		}
		// Everything that Jira told of all this is our own doing.
		for n, body := range f.m.hooksSince(0) {
			if wishes := f.hear(body); len(wishes) > 0 {
				t.Errorf("webhook %d asks for %s", n, verbs(wishes))
			}
		}
		if wishes, err := f.Reconcile(t.Context()); err != nil || len(wishes) > 0 {
			t.Errorf("%s, %v", verbs(wishes), err)
		}
	})
}

func TestBothWays(t *testing.T) {
	editions(t, func(t *testing.T, cloud bool) {
		f := newFixture(t, cloud, nil)
		f.send(fact{status: "new", severity: event.High, verb: "create"})
		i := f.m.issues[0]
		n := f.m.hookCount()
		f.m.someone(func(i *mIssue) { i.Status = "Selected" })
		f.m.someone(func(i *mIssue) { i.Assignee = "dana@example.com" })
		f.m.set(func() { f.m.comment(i, "dana@example.com", f.said("<b>evil</b> & {code}")) })
		f.m.someone(func(i *mIssue) { i.Status = "Finished" })
		hooks := f.m.hooksSince(n)
		// The newest comes first, then all, twice.
		got := f.hear(hooks[3])
		if text := verbs(got); text != "resolve, assign dana@example.com" {
			t.Errorf("%q", text)
		}
		f.answer(got)
		var late []connector.Wish
		for range 2 {
			for _, body := range hooks {
				wishes := f.hear(body)
				f.answer(wishes)
				late = append(late, wishes...)
			}
		}
		if text := verbs(late); text != "note  <b>evil</b> & {code}" || late[0].Person.Name != "Dana" {
			t.Errorf("%q", text)
		}
		if row := f.row(); !row.Closed || row.By != "Jira: Dana" || row.Assignee != "Dana" {
			t.Errorf("%+v", row)
		}
		// What no call told of, a look finds.
		f.m.someone(func(i *mIssue) { i.Status = "Backlog" })
		f.m.set(func() {
			f.m.comment(i, "bo@example.com", f.said("second"))
			f.m.comment(i, mine, f.said("by a person with our account"))
			f.m.comment(i, "bo@example.com", f.said("secret"))
			i.Comments[len(i.Comments)-1].Restricted = true
		})
		wishes, err := f.Reconcile(t.Context())
		if text := verbs(wishes); text != "reopen, note  second" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
		f.answer(wishes)
		if wishes, err := f.Reconcile(t.Context()); len(wishes) > 0 || err != nil {
			t.Errorf("again: %s, %v", verbs(wishes), err)
		}
		f.m.set(func() { i.deleted = true })
		f.hear(fmt.Sprintf(`{"webhookEvent":"jira:issue_deleted","issue":{"id":%q}}`, i.ID))
		if row := f.row(); !strings.Contains(row.Error, "deleted in Jira") {
			t.Errorf("%+v", row)
		}
	})
}

// said is the body of a comment in the edition's form.
func (f *fixture) said(text string) json.RawMessage {
	var v any = text
	if f.m.cloud {
		v = node{Type: "doc", Version: 1, Content: []node{paragraph(text)}}
	}
	raw, err := encode(v)
	if err != nil {
		f.t.Fatal(err)
	}
	return raw
}

func (f *fixture) answer(wishes []connector.Wish) {
	f.t.Helper()
	for _, w := range wishes {
		r := say(f.t, fact{status: "?"}).Record
		if err := f.Answer(f.t.Context(), w, connector.Outcome{Record: &event.Record{Type: r.Type, Body: []byte(`{}`)}}); err != nil {
			f.t.Fatal(err)
		}
	}
}

func TestConflict(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{"tocsin": "Selected", "vendor": "Finished"} {
		f := newFixture(t, true, map[string]any{"sync": map[string]any{"status": rule}})
		f.send(fact{status: "new", severity: event.High, verb: "create"})
		f.m.someone(func(i *mIssue) { i.Status = "Finished" })
		f.send(fact{status: "active", severity: event.High, verb: "acknowledge"})
		wishes, err := f.Reconcile(t.Context())
		if i := f.m.issues[0]; i.Status != want || err != nil || (verbs(wishes) == "resolve") != (rule == "vendor") {
			t.Errorf("%s: %s, %q, %v", rule, i.Status, verbs(wishes), err)
		}
	}
}

// An answer is lost, or the hub dies, at every single request of opening and of changing an issue: there is one issue, and
// each comment once.
func TestLostAnswers(t *testing.T) {
	editions(t, func(t *testing.T, cloud bool) {
		for _, what := range []string{"POST /issue", "GET /issue/", "PUT /issue/", "/transitions", "POST /comment", "/search"} {
			f := newFixture(t, cloud, nil)
			f.engine.Settle = 0 // the model's index does not lag
			lost := map[string]int{}
			f.m.lose = func(method, path string) bool {
				path = strings.TrimPrefix(path, "/rest/api/"+f.m.version())
				key, _, _ := strings.Cut(what, " ")
				hit := strings.Contains(method+" "+path, what) || key == method && strings.HasSuffix(path, strings.TrimPrefix(what, key+" "))
				if lost[method+path]++; !hit || lost[method+path] > 1 {
					return false
				}
				return true
			}
			for _, in := range []fact{
				{status: "new", severity: event.High, verb: "create"}, {status: "active", severity: event.Low, verb: "acknowledge", note: "one"},
				{status: "active", severity: event.Low, verb: "note", note: "two"}, {status: "closed", severity: event.Low, verb: "resolve"},
			} {
				d := say(t, in)
				err := f.Send(t.Context(), d)
				for d.Attempt < 10 && err != nil {
					if connector.IsPermanent(err) {
						t.Fatalf("%s: %v", what, err)
					}
					d.Attempt++
					err = f.Send(t.Context(), d)
				}
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			}
			i := f.m.issues[0]
			if len(f.m.issues) != 1 || i.Status != "Finished" || i.Priority != "Low" || len(i.Comments) != 3 {
				t.Errorf("%s: %d issues, %s, %s, %d comments", what, len(f.m.issues), i.Status, i.Priority, len(i.Comments))
			}
		}
	})
}

// Search shows a new issue late: nobody opens another meanwhile.
func TestSearchLag(t *testing.T) {
	t.Parallel()
	f := newFixture(t, true, nil)
	f.m.lag = time.Hour
	f.m.lose = func(method, path string) bool { return method == "POST" && strings.HasSuffix(path, "/issue") }
	d := say(t, fact{status: "new", severity: event.High, verb: "create"})
	if err := f.Send(t.Context(), d); err == nil || connector.IsPermanent(err) {
		t.Fatal(err)
	}
	f.m.set(func() { f.m.lose = nil })
	if after, postponed := connector.IsPostponed(f.Send(t.Context(), d)); !postponed || after <= 0 || after > settle {
		t.Fatalf("it waits %v, %v", after, postponed)
	}
	f.m.set(func() { f.m.lag = 0 })
	if err := f.Send(t.Context(), d); err != nil || len(f.m.issues) != 1 {
		t.Errorf("%d issues, %v", len(f.m.issues), err)
	}
}
