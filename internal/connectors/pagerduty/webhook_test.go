package pagerduty

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

const hooks = `,"webhook_secret":"a signing secret","previous_webhook_secret":"the one before"`

// sign is PagerDuty's own way, after its page "Verifying signatures".
func sign(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body)) //nolint:errcheck
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

func signed(body string) connector.Call {
	return connector.Call{Header: http.Header{http.CanonicalHeaderKey(headerSignature): {sign("a signing secret", body)}}, Body: []byte(body), At: testTime}
}

// hook is a webhook about an incident, which fits the vendor's description.
type hook struct {
	ID, Type, Incident, Key string
	At                      time.Time
	Agent                   string // "" is a person
	More                    string // members of the data
}

func (h hook) body(t testing.TB) string {
	t.Helper()
	agent := `{"id":"PLH1HKV","type":"user_reference","summary":"Tenex Engineer"}`
	switch h.Agent {
	case "":
	case "null":
		agent = "null"
	default:
		agent = fmt.Sprintf(`{"id":"P1","type":%q,"summary":"Events API V2"}`, h.Agent)
	}
	data := fmt.Sprintf(`"id":%q,"type":"incident","status":"triggered","incident_key":%s`, h.Incident, quote(h.Key))
	switch h.Type {
	case "incident.annotated", "incident.status_update_published":
		data = fmt.Sprintf(`"id":"N1","type":"incident_note","incident":{"id":%q,"type":"incident_reference"}`, h.Incident)
	}
	if h.At.IsZero() {
		h.At = testTime
	}
	text := fmt.Sprintf(`{"event":{"id":%q,"event_type":%q,"resource_type":"incident","occurred_at":%q,"agent":%s,"client":null,"data":{%s%s}}}`,
		h.ID, h.Type, h.At.Format(time.RFC3339Nano), agent, data, h.More)
	fits(t, text)
	return text
}

func quote(key string) string {
	if key == "" {
		return "null"
	}
	return fmt.Sprintf("%q", key)
}

// fits holds a webhook to the vendor's description, where that is here.
func fits(t testing.TB, body string) {
	t.Helper()
	raw := sharedFile(t, "webhook-v3.schema.json")
	if raw == nil {
		return
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("webhook.json", doc); err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err == nil {
		err = c.MustCompile("webhook.json").Validate(v)
	}
	if err != nil {
		t.Errorf("%s: %v", body, err)
	}
}

// receives takes a webhook that must be answered with 200.
func (b *bench) receives(h hook) connector.Reply {
	b.t.Helper()
	r, err := b.Receive(b.t.Context(), signed(h.body(b.t)))
	if err != nil || r.Status != 0 && r.Status != 200 {
		b.t.Fatalf("%+v: %v", h, err)
	}
	return r
}

// asks says in short what a reply asks for.
func asks(r connector.Reply) (list []string) {
	for _, w := range r.Wishes {
		of := w.Incident
		if of == "" {
			of = map[event.ID]string{event.AlertID("default", "a"): "a", event.AlertID("default", "b"): "b"}[w.Alert]
		}
		list = append(list, strings.TrimSpace(string(w.Verb)+" "+of+" "+w.Text))
	}
	return list
}

func TestSignature(t *testing.T) {
	t.Parallel()
	b := newBench(t, hooks)
	body := hook{ID: "e1", Type: "incident.acknowledged", Incident: "PI1", Key: "a"}.body(t)
	good, before := sign("a signing secret", body), sign("the one before", body)
	many := strings.Repeat("v1=00,", maxSignatures)
	for name, tt := range map[string]struct {
		header []string
		body   string
		ok     bool
	}{
		"good": {[]string{good}, body, true}, "the secret before": {[]string{before}, body, true},
		"two, one of them good": {[]string{sign("another", body) + "," + good}, body, true},
		"two headers":           {[]string{sign("another", body), good}, body, true},
		"with blanks":           {[]string{sign("another", body) + ", " + good}, body, true},
		"upper case":            {[]string{"v1=" + strings.ToUpper(good[3:])}, body, true},
		"none":                  {nil, body, false},
		"empty":                 {[]string{""}, body, false},
		"another's":             {[]string{sign("another", body)}, body, false},
		"without a version":     {[]string{good[3:]}, body, false},
		"a version of tomorrow": {[]string{"v2=" + good[3:]}, body, false},
		"no hex":                {[]string{"v1=xyz"}, body, false},
		"a part":                {[]string{good[:20]}, body, false},
		"behind too many":       {[]string{many + good}, body, false},
		"a body with one blank": {[]string{good}, body + " ", false},
		"an empty secret's":     {[]string{sign("", body)}, body, false},
	} {
		_, err := b.Receive(t.Context(), connector.Call{Header: http.Header{http.CanonicalHeaderKey(headerSignature): tt.header}, Body: []byte(tt.body)})
		status, refused := connector.IsRefused(err)
		if (err == nil) != tt.ok || !tt.ok && (!refused || status != 401 || strings.Contains(err.Error(), "signing secret")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, junk := range []string{"", "null", "{}", "[]", `{"event":null}`, `{"event":{"id":"x"}}`, "\x00", `{"event":{"id":"x","event_type":"y","occurred_at":"yesterday"}}`} {
		_, err := b.Receive(t.Context(), signed(junk))
		if status, _ := connector.IsRefused(err); status != 400 {
			t.Errorf("%q: %v", junk, err)
		}
	}
	b.reopen(keyA, "")
	_, err := b.Receive(t.Context(), connector.Call{Header: http.Header{http.CanonicalHeaderKey(headerSignature): {sign("", body)}}, Body: []byte(body)})
	if status, _ := connector.IsRefused(err); status != 401 {
		t.Errorf("without a secret: %v", err)
	}
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		hook hook
		want []string
		note string
	}{
		"acknowledged":   {hook{Type: "incident.acknowledged"}, []string{"acknowledge a"}, ""},
		"resolved":       {hook{Type: "incident.resolved"}, []string{"resolve a"}, ""},
		"reopened":       {hook{Type: "incident.reopened"}, []string{"reopen a"}, ""},
		"unacknowledged": {hook{Type: "incident.unacknowledged"}, []string{"reopen a Nobody has it in PagerDuty any more."}, ""},
		"reassigned":     {hook{Type: "incident.reassigned", More: `,"assignees":[{"summary":"Ada"},{"summary":"B\nob"}]`}, []string{"note a In PagerDuty it is with Ada, B ob"}, ""},
		"delegated":      {hook{Type: "incident.delegated", More: `,"escalation_policy":{"summary":"Night"}`}, []string{"note a In PagerDuty it is with Night"}, ""},
		"annotated":      {hook{Type: "incident.annotated", More: `,"content":"<b>I sure am glad</b>"`}, []string{"note a <b>I sure am glad</b>"}, ""},
		"status update":  {hook{Type: "incident.status_update_published", More: `,"message":"A fix"`}, []string{"note a Status update in PagerDuty: A fix"}, ""},
		"priority":       {hook{Type: "incident.priority_updated", More: `,"priority":{"summary":"P1"}`}, []string{"note a Its priority in PagerDuty is P1"}, ""},
		"no priority":    {hook{Type: "incident.priority_updated", More: `,"priority":null`}, nil, "asks for nothing"},
		"triggered":      {hook{Type: "incident.triggered"}, nil, "asks for nothing"},
		"of tomorrow":    {hook{Type: "incident.teleported"}, nil, "asks for nothing"},
		"our own doing":  {hook{Type: "incident.resolved", Agent: "inbound_integration_reference"}, nil, "such as this one"},
		"by itself":      {hook{Type: "incident.resolved", Agent: "null"}, []string{"resolve a"}, ""},
		"another's":      {hook{Type: "incident.resolved", Key: "unknown", Incident: "PX"}, nil, "not one that this integration made"},
		"no key":         {hook{Type: "incident.resolved", Key: "none", Incident: "PX"}, nil, "not one that this integration made"},
		"of no incident": {hook{Type: "incident.annotated", Incident: "none"}, nil, "says of no incident"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, hooks)
			b.sends(said("alert.created", "a", ""))
			b.receives(hook{ID: "e0", Type: "incident.triggered", Incident: "PI1", Key: "a", At: testTime.Add(-time.Second)})
			tt.hook.ID = "e1"
			switch {
			case tt.hook.Incident == "none":
				tt.hook.Incident = ""
			case tt.hook.Incident == "":
				tt.hook.Incident, tt.hook.Key = "PI1", "a"
			}
			if tt.hook.Key == "none" {
				tt.hook.Key = ""
			}
			r := b.receives(tt.hook)
			if diff := cmp.Diff(tt.want, asks(r)); diff != "" || !strings.Contains(r.Note, tt.note) || (r.Note == "") != (tt.note == "") {
				t.Errorf("%s\nnote %q", diff, r.Note)
			}
			for _, w := range r.Wishes {
				if w.ID != "e1/"+w.Alert.Text(event.PrefixAlert) || !w.At.Equal(testTime) || w.Personal || w.Token != "PI1" ||
					tt.hook.Agent == "" && w.Person != (connector.Person{ID: "PLH1HKV", Name: "Tenex Engineer"}) {
					t.Errorf("%+v", w)
				}
			}
			// The same again is the same again.
			if diff := cmp.Diff(r, b.receives(tt.hook), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("again: %s", diff)
			}
		})
	}
}

// A ping, and events of services, are taken and ask for nothing.
func TestPing(t *testing.T) {
	t.Parallel()
	b := newBench(t, hooks)
	for _, body := range []string{
		`{"event":{"id":"01","event_type":"pagey.ping","resource_type":"pagey","occurred_at":"2026-11-20T12:00:00Z","agent":null,"client":null,"data":{"message":"Hello from your friend Pagey!","type":"ping"}}}`,
		string(sharedFile(t, "examples/webhook-v3-service.updated.json")),
		string(sharedFile(t, "examples/webhook-v3-incident.priority_updated.json")),
	} {
		if body == "" {
			continue // the vendor's examples are not here
		}
		fits(t, body)
		if r, err := b.Receive(t.Context(), signed(body)); err != nil || len(r.Wishes) > 0 || r.Note == "" {
			t.Errorf("%.80s: %+v, %v", body, r, err)
		}
	}
}

// The vendor's own examples of every kind of data are read, whatever event they come with.
func TestVendorsExamples(t *testing.T) {
	t.Parallel()
	b := newBench(t, hooks)
	b.sends(said("alert.created", "d3640fbd41094207a1c11e58e46b1662", ""))
	for _, tt := range []struct{ eventType, file, want string }{
		{"incident.acknowledged", "incident", "acknowledge"}, {"incident.annotated", "incident_note", "note"}, {"incident.status_update_published", "incident_status_update", "note"},
		{"incident.reassigned", "incident", "note"}, {"incident.priority_updated", "incident", "note"}, {"incident.responder.added", "incident_responder", ""},
		{"incident.conference_bridge.updated", "incident_conference_bridge", ""}, {"incident.custom_field_values.updated", "incident_field_values", ""},
		{"incident.task.created", "incident_task", ""}, {"incident.role.assigned", "incident_role_assignment", ""}, {"incident.workflow.started", "incident_workflow_instance", ""},
		{"incident.action_invocation.created", "incident_action_invocation", ""}, {"service.updated", "service", ""}, {"incident.resolved", "incident", "resolve"},
	} {
		raw := sharedFile(t, "examples/webhook-v3-data-"+tt.file+".json")
		if raw == nil {
			t.Skip("the shared specifications are not here: set TOCSIN_SHARED to run this test")
		}
		body, err := json.Marshal(map[string]any{"event": map[string]any{
			"id": "x-" + tt.eventType, "event_type": tt.eventType, "resource_type": "incident", "occurred_at": "2020-10-02T18:45:22.169Z",
			"agent": nil, "client": nil, "data": json.RawMessage(raw),
		}})
		if err != nil {
			t.Fatal(err)
		}
		fits(t, string(body))
		r, err := b.Receive(t.Context(), signed(string(body)))
		if err != nil || len(r.Wishes) != map[bool]int{true: 1}[tt.want != ""] || tt.want != "" && string(r.Wishes[0].Verb) != tt.want {
			t.Errorf("%s: %+v, %v", tt.eventType, r, err)
		}
	}
}

// What comes late is left out; what is merged goes on under another incident.
func TestOrderAndMerges(t *testing.T) {
	t.Parallel()
	b := newBench(t, hooks)
	b.sends(said("alert.created", "a", ""), said("alert.created", "b", ""))
	at := func(n int) time.Time { return testTime.Add(time.Duration(n) * time.Second) }
	for _, step := range []struct {
		hook hook
		want []string
	}{
		{hook{ID: "1", Type: "incident.triggered", Incident: "PA", Key: "a", At: at(0)}, nil},
		{hook{ID: "2", Type: "incident.triggered", Incident: "PB", Key: "b", At: at(0)}, nil},
		{hook{ID: "5", Type: "incident.reopened", Incident: "PA", Key: "a", At: at(5)}, []string{"reopen a"}},
		{hook{ID: "4", Type: "incident.resolved", Incident: "PA", Key: "a", At: at(4)}, nil},
		{hook{ID: "3", Type: "incident.acknowledged", Incident: "PA", Key: "a", At: at(3)}, nil},
		{hook{ID: "6", Type: "incident.annotated", Incident: "PA", At: at(1), More: `,"content":"late, and still told"`}, []string{"note a late, and still told"}},
		{hook{ID: "7", Type: "incident.resolved", Incident: "PA", Key: "a", At: at(7), More: `,"resolve_reason":{"type":"merge_resolve_reason","incident":{"id":"PB"}}`}, nil},
		{hook{ID: "8", Type: "incident.acknowledged", Incident: "PB", Key: "b", At: at(8)}, []string{"acknowledge b", "acknowledge a"}},
		{hook{ID: "9", Type: "incident.resolved", Incident: "PB", Key: "b", At: at(9)}, []string{"resolve b", "resolve a"}},
	} {
		r := b.receives(step.hook)
		less := cmpopts.SortSlices(func(x, y string) bool { return x < y })
		if diff := cmp.Diff(step.want, asks(r), less); diff != "" {
			t.Errorf("%s %s: %s (%s)", step.hook.ID, step.hook.Type, diff, r.Note)
		}
	}
	// PagerDuty has closed them: a new trigger is a new page, with today's key.
	b.reopen(keyB, hooks)
	b.sends(said("alert.created", "a", ""))
	if _, ok := b.open()[keyB+" a"]; !ok {
		t.Errorf("open: %v", b.open())
	}
}

// The page of an incident asks for the incident; that of several alerts for each of them that is open.
func TestPagesOfIncidents(t *testing.T) {
	t.Parallel()
	b := newBench(t, hooks+`,"key_by":"incident"`)
	b.says(`{"type":"incident.created","title":"x","incident":"INC-7"}`)
	if diff := cmp.Diff([]string{"resolve INC-7"}, asks(b.receives(hook{ID: "1", Type: "incident.resolved", Incident: "P7", Key: "INC-7"}))); diff != "" {
		t.Error(diff)
	}
	in := func(eventType, key string) string { return said(eventType, key, `,"incident":"CASE-1"`) }
	b.sends(in("alert.created", "a"), in("alert.created", "b"), in("alert.resolved", "a"))
	for eventType, want := range map[string][]string{
		"incident.acknowledged": {"acknowledge b"}, "incident.resolved": {"resolve b", "resolve a"}, "incident.unacknowledged": nil,
	} {
		got := asks(b.receives(hook{ID: "x", Type: eventType, Incident: "P8", Key: "CASE-1"}))
		if want == nil {
			continue
		}
		if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(x, y string) bool { return x < y })); diff != "" {
			t.Errorf("%s: %s", eventType, diff)
		}
	}
}

// A failing state is no reason for PagerDuty to give up.
func TestReceiveFails(t *testing.T) {
	t.Parallel()
	b := newBench(t, hooks)
	b.env.State = failing{}
	b.reopen(keyA, hooks)
	_, err := b.Receive(t.Context(), signed(hook{ID: "1", Type: "incident.resolved", Incident: "P", Key: "a"}.body(t)))
	if _, refused := connector.IsRefused(err); err == nil || refused {
		t.Errorf("got %v", err)
	}
}

// Nobody's body breaks anything, or asks for something of what is not this integration's.
func FuzzReceive(f *testing.F) {
	f.Add(`{"event":{"id":"1","event_type":"incident.resolved","occurred_at":"2026-11-20T12:00:00Z","data":{"id":"P","type":"incident","incident_key":"a"}}}`)
	f.Add(`{"event":{"id":"1","event_type":"incident.annotated","data":{"incident":{"id":"P"},"content":"x"}}}`)
	f.Add(`{"event":{"id":"1","event_type":"incident.resolved","data":{"id":"P","type":"incident","incident_key":"a","resolve_reason":{"type":"merge_resolve_reason","incident":{"id":"Q"}}}}}`)
	i, err := Definition().Open(json.RawMessage(`{"routing_key":"`+keyA+`"`+hooks+`}`), connectortest.Env(nil))
	if err != nil {
		f.Fatal(err)
	}
	c := i.(*Connector)
	f.Cleanup(c.Close)
	alert := event.AlertID("default", "a")
	f.Fuzz(func(t *testing.T, body string) {
		c.state = newStore(connectortest.Env(nil))
		page := &memory{Open: true, Alerts: []member{{alert.Text(event.PrefixAlert), true}}}
		if err := c.state.put(t.Context(), "a", page); err != nil {
			t.Fatal(err)
		}
		r, err := c.Receive(t.Context(), signed(body))
		if _, refused := connector.IsRefused(err); err != nil && !refused {
			t.Errorf("%q: %v", body, err)
		}
		for _, w := range r.Wishes {
			if w.Alert != alert || w.Verb == "" || w.ID == "" || w.Personal {
				t.Errorf("%q asks for %+v", body, w)
			}
		}
	})
}
