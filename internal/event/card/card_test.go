package card

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
)

var at = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func record(t *testing.T, n byte, flags event.Flags, body string) *event.Record {
	t.Helper()
	var e event.Event
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	return &event.Record{
		ID: event.ID{15: n}, Account: event.DefaultAccount, Type: e.Type, Severity: e.Severity, Flags: flags,
		Time: at.Add(time.Duration(n) * time.Minute), DedupKey: e.DedupKey, Body: []byte(body),
	}
}

// TestOf: what people are shown of an event, and from where it is read.
func TestOf(t *testing.T) {
	t.Parallel()
	risk := 7.5
	r := record(t, 1, 0, `{"type":"alert.created","severity":"high","title":" A\u202eB\nC ","description":"one\r\ntwo","dedup_key":"k","project":"p",
		"alert_type":"t","rule":{"id":"r-1","name":"Rule"},"risk_score":7.5,"actor":"mallory","endpoint":"/login","incident":"INC-7","tlp":"RED",
		"entities":[{"type":"ip","value":"203.0.113.7","role":"source","observed":true},{"type":"host","value":"web-1"},{"type":"host","value":"evil","role":"attacker"},{"type":"user","value":" \u2028"}],
		"mitre":["T1110","T1110"],"tags":["a"],"url":"https://example.com/x#y","source":{"vendor":"v","product":"p"},
		"geo":{"country":"NL","city":"Amsterdam"},"network":{"asn":"AS64500","is_tor":true,"is_vpn":false},
		"data":{"runbook":{"name":"B","url":"https://rb.example.com","owner":"team","steps":["one","","two"]},"recommended_action":"do\nthis","kill_chain_phase":"Delivery"}}`)
	want := Card{
		Subject: Alert, Ref: event.AlertID(event.DefaultAccount, "k").Text(event.PrefixAlert), Event: r.ID.Text(event.PrefixEvent), Type: "alert.created",
		Time: r.Time, Severity: event.High, Title: "A\ufffdB C", Description: "one\ntwo", Risk: &risk, Project: "p", AlertType: "t", Rule: "Rule (r-1)",
		Actor: "mallory", Place: "Amsterdam, NL", Network: "AS64500, Tor", Endpoint: "/login", Source: "v / p", Case: "INC-7", TLP: "RED",
		Entities: []event.Entity{{Type: "ip", Value: "203.0.113.7", Role: "source", Observed: true}, {Type: "host", Value: "web-1"}, {Type: "host", Value: "evil", Role: "attacker"}},
		Hosts:    []string{"web-1"}, Mitre: []string{"T1110"}, KillChain: "Delivery", Advice: []string{"do", "this"},
		Runbook: &Runbook{Name: "B", URL: "https://rb.example.com", Owner: "team", Steps: []string{"one", "two"}}, Tags: []string{"a"},
		Link: "https://hub.example.com/alerts/" + event.AlertID(event.DefaultAccount, "k").Text(event.PrefixAlert), URL: "https://example.com/x#y",
		State: State{Status: event.AlertOpen},
	}
	if diff := cmp.Diff(want, Of(r, "https://hub.example.com")); diff != "" {
		t.Error(diff)
	}
	if c := Of(record(t, 1, 0, `{"type":"ip.blocked","severity":"low","title":"\u2028"}`), ""); c.Subject != Other || c.Title != "ip.blocked" || c.Link != "" || c.Ref != "" {
		t.Errorf("%+v", c)
	}
	for body, want := range map[string]Runbook{
		`{"runbook":"https://rb.example.com/1"}`:                       {URL: "https://rb.example.com/1"},
		`{"runbook":"Phishing"}`:                                       {Name: "Phishing"},
		`{"runbook":["a","b"]}`:                                        {Steps: []string{"a", "b"}},
		`{"runbook_url":"http://rb.example.com"}`:                      {URL: "http://rb.example.com"},
		`{"annotations":{"runbook_url":"https://rb.example.com/mem"}}`: {URL: "https://rb.example.com/mem"},
		`{"runbook":{"url":"javascript:alert(1)","owner":"o"}}`:        {Owner: "o"},
	} {
		c := Of(record(t, 1, 0, `{"type":"alert.created","severity":"low","title":"x","data":`+body+`}`), "")
		if diff := cmp.Diff(&want, c.Runbook); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

// TestState: where an alert or incident stands after each kind of event, and whose word counts.
func TestState(t *testing.T) {
	t.Parallel()
	forged := `"data":{"alert":{"status":"resolved","count":99,"assignee":"x"},"change":{"verb":"resolve","by":"nobody"}}`
	for _, tt := range []struct {
		name  string
		flags event.Flags
		body  string
		want  State
	}{
		{"a sender cannot speak for the hub", 0, `{"type":"alert.created","severity":"low","title":"x",` + forged + `}`, State{Status: "open"}},
		{"nor when it changes something", 0, `{"type":"alert.updated","severity":"low","title":"worse","actor":"ann",` + forged + `}`,
			State{Verb: "update", By: "ann", At: at.Add(time.Minute), Note: "worse"}},
		{"a sender's word", 0, `{"type":"alert.resolved","severity":"low","title":"x","source":{"vendor":"v"},"data":{"resolution":"false_positive","note":"n"}}`,
			State{Status: "resolved", Verb: "resolve", By: "v", At: at.Add(time.Minute), Note: "false_positive; n"}},
		{"the hub's word", event.Internal, `{"type":"alert.updated","severity":"low","title":"x","actor":"dana","data":{"alert":{"status":"acknowledged","count":3,
			"assignee":"erin","first_seen":"2026-11-20T10:00:00Z"},"change":{"verb":"assign","by":"dana@example.com","note":"n"}}}`,
			State{Status: "acknowledged", Verb: "assign", By: "dana@example.com", At: at.Add(time.Minute), Note: "n", Count: 3, Assignee: "erin", FirstSeen: at.Add(-2 * time.Hour)}},
		{"an incident", event.Internal, `{"type":"incident.closed","severity":"low","title":"x","incident":"INC-7","actor":"dana","data":{"incident":{"status":"closed",
			"classification":"true_positive","reason":"done","alerts":2},"change":{"verb":"resolve"}}}`,
			State{Status: "closed", Verb: "resolve", By: "dana", At: at.Add(time.Minute), Alerts: 2, Reason: "true_positive, done"}},
		{"an incident of a sender", 0, `{"type":"incident.updated","severity":"low","title":"contained","incident":"INC-7","status":"contained","actor":"dana"}`,
			State{Status: "active", Verb: "update", By: "dana", At: at.Add(time.Minute), Note: "contained"}},
		{"a case of somebody else's numbering", 0, `{"type":"incident.updated","severity":"low","title":"x","incident":"C-9"}`, State{}},
	} {
		got := Of(record(t, 1, tt.flags, tt.body), "")
		if diff := cmp.Diff(tt.want, got.State); diff != "" || tt.flags != 0 && got.Actor != "" {
			t.Errorf("%s: actor %q %s", tt.name, got.Actor, diff)
		}
	}
}

// TestAfter: what a later event leaves of an earlier card.
func TestAfter(t *testing.T) {
	t.Parallel()
	first := Of(record(t, 1, 0, `{"type":"alert.created","severity":"high","title":"T","description":"D","dedup_key":"k","actor":"mallory","tags":["a"]}`), "")
	again := Of(record(t, 2, 0, `{"type":"alert.created","severity":"critical","title":"T2","dedup_key":"k"}`), "").After(first, false)
	if again.Title != "T2" || again.State.Count != 2 || again.State.Status != "open" || !again.State.FirstSeen.Equal(first.Time) || again.Severity != event.Critical {
		t.Errorf("again: %+v", again)
	}
	if same := first.After(again, false); same.State.Count != 3 {
		t.Errorf("an earlier one: %+v", same.State)
	}
	if once := again.After(again, false); once.State.Count != 2 {
		t.Error("the same event counts twice")
	}
	acked := Of(record(t, 3, 0, `{"type":"alert.acknowledged","severity":"info","title":"Alert acknowledged","dedup_key":"k","actor":"dana"}`), "").After(again, false)
	if acked.Severity != event.Critical || acked.Title != "T2" || acked.State.By != "dana" || acked.State.Count != 2 || acked.State.Status != "acknowledged" {
		t.Errorf("a sender's change: %+v", acked)
	}
	told := Of(record(t, 4, event.Internal, `{"type":"alert.updated","severity":"low","title":"T3","dedup_key":"k","incident":"INC-7",
		"data":{"alert":{"status":"acknowledged","count":9},"change":{"verb":"rate"}}}`), "").After(acked, true)
	if told.Severity != event.Low || told.Title != "T3" || told.Case != "INC-7" || told.State.Count != 9 || told.State.Status != "acknowledged" || told.Event == acked.Event {
		t.Errorf("the hub's change: %+v", told)
	}
	later := Of(record(t, 5, 0, `{"type":"alert.created","severity":"low","title":"T4","dedup_key":"k"}`), "").After(told, false)
	if later.State.Status != "acknowledged" || later.State.Count != 10 || later.Case != "INC-7" || later.Title != "T4" {
		t.Errorf("again, later: %+v", later)
	}
}

// TestCut: a text that is cut says so, and never grows beyond its limit.
func TestCut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("ab é😀\u3000\u202e\r\n\t漢\U000e0041")), 0, 400, -1).Draw(rt, "text")
		n := rapid.IntRange(8, 64).Draw(rt, "n")
		whole := strings.TrimSpace(Lines(text))
		got := lines(text, n)
		if len(got) > n || !utf8.ValidString(got) || len(whole) <= n && len(text) <= 4*n && got != whole || len(whole) > n && !strings.HasSuffix(got, "…") {
			rt.Errorf("%q cut to %d: %q", text, n, got)
		}
		if got != "" && strings.ContainsAny(got, "\r\t\u202e\u3000") || strings.ContainsRune(Line(text), '\n') {
			rt.Errorf("%q", got)
		}
	})
	if got := line(strings.Repeat("\u3000", 500)+"x", 16); got != "x" {
		t.Errorf("%q", got)
	}
}
