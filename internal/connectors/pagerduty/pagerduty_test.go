package pagerduty

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

var testTime = time.Date(2026, 11, 20, 12, 0, 1, 0, time.UTC)

func TestContract(t *testing.T) {
	t.Parallel()
	cert, key := connectortest.ClientCertificate(t)
	schema := eventSchema(t)
	connectortest.Run(t, connectortest.Harness{
		Definition: Definition(),
		Settings: func(url string) string {
			raw, err := json.Marshal(map[string]any{
				"base_url": url, "routing_key": connectortest.Canary + "-routing-key",
				"severity_routes":       []any{map[string]any{"severity": "low", "routing_key": connectortest.Canary + "-low"}},
				"previous_routing_keys": []any{map[string]any{"name": "2025", "routing_key": connectortest.Canary + "-old"}},
				"webhook_secret":        connectortest.Canary + "-hook", "previous_webhook_secret": connectortest.Canary + "-hook-old",
				"client_certificate": cert, "client_key": key,
			})
			if err != nil {
				t.Fatal(err)
			}
			return string(raw)
		},
		Accept: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			w.Write([]byte(`{"status":"success","message":"Event processed","dedup_key":"dedup-1"}`)) //nolint:errcheck
		},
		Titles: func(r connectortest.Request) ([]string, error) {
			var s sent
			if err := json.Unmarshal(r.Body, &s); err != nil {
				return nil, err
			}
			var v any
			if err := json.Unmarshal(r.Body, &v); err != nil {
				return nil, err
			}
			if schema != nil {
				if err := schema.VisitJSON(v); err != nil {
					return nil, err
				}
			}
			d := s.Payload.Details
			if d["actor"] != clip(s.Payload.Summary, maxDetail) && !strings.HasSuffix(s.Payload.Summary, cut) || len(d["tags"].([]any)) != 1 ||
				s.DedupKey != "dedup-1" || d["case_id"] != "INC-1042" || len(s.Links) != 2 {
				return nil, errors.New("the title has changed something else: " + string(r.Body[:min(len(r.Body), 2000)]))
			}
			return []string{s.Payload.Summary}, nil
		},
		Shown: func(title string) string { return clip(title, maxSummary) },
		Alerts: func(r connectortest.Request) bool {
			return !strings.Contains(string(r.Body), `"event_action":"resolve"`)
		},
	})
}

func TestReadme(t *testing.T) {
	t.Parallel()
	connectortest.Readme(t, Definition())
}

// fixed is an event for golden files.
func fixed(t testing.TB, raw string) connector.Delivery {
	r := parse(t, raw)
	id, err := event.ParseID(event.PrefixEvent, "evt_01jd4000000000000000000000")
	if err != nil {
		t.Fatal(err)
	}
	r.ID = id
	return connector.Delivery{Key: "dlv_1", Record: r, Attempt: 1}
}

const fullEvent = `{"type":"alert.created","time":"2026-11-20T12:00:00.123Z","severity":"high","title":"57 failed logins for <alice>",
	"description":"Password guessing.\nIt worked.","project":"production-api","alert_type":"brute_force","dedup_key":"brute_force/alice",
	"incident":"INC-7","endpoint":"web-1.example.com","rule":{"id":"auth-017","name":"Failed logins"},"mitre":["T1110.001"],"risk_score":84.5,
	"status":"open","actor":"alice@example.com","entities":[{"type":"ip","value":"203.0.113.7","role":"source","observed":true},{"type":"host","value":"db-1"}],
	"geo":{"country":"PT"},"network":{"is_tor":true},"tags":["auth","prod"],"labels":{"team":"blue","env":"prod"},
	"url":"https://siem.example.com/#/alerts/1","source":{"vendor":"Example","product":"Sensor","id":"s-1"},
	"data":{"attempts":57,"images":[{"src":"https://img.example.com/1.png","alt":"a chart"},{"src":"http://img.example.com/2.png"},{"src":"javascript:alert(1)"}],
		"links":[{"href":"https://wiki.example.com/x","text":"More"},{"href":"javascript:alert(1)"}]}}`

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ settings, event string }{
		"least.http": {`{"routing_key":"` + keyA + `"}`, `{"type":"alert.created","severity":"critical","time":"2026-11-20T12:00:00Z","title":"Disk full","dedup_key":"host-1/disk"}`},
		"full.http": {`{"routing_key":"` + keyA + `","region":"eu","client":"SOC","component":"endpoint","group":"source","class":"alert_type",
			"links":[{"href":"https://runbooks.example.com/auth","text":"Runbook"}],
			"images":[{"src":"https://status.example.com/now.png","href":"https://status.example.com","alt":"Now"}]}`, fullEvent},
		"short.http":    {`{"routing_key":"` + keyA + `","details":"short","key_by":"incident","severity":{"high":"warning"}}`, fullEvent},
		"ack.http":      {`{"routing_key":"` + keyA + `"}`, `{"type":"alert.acknowledged","dedup_key":"host-1/disk"}`},
		"resolve.http":  {`{"routing_key":"` + keyA + `"}`, `{"type":"alert.resolved","dedup_key":"host-1/disk"}`},
		"incident.http": {`{"routing_key":"` + keyA + `","base_url":"https://gateway.example.com/pd/"}`, `{"type":"incident.created","severity":"low","time":"2026-11-20T12:00:00Z","title":"INC-7: account takeover","incident":"INC-7"}`},
		"long-key.http": {`{"routing_key":"` + keyA + `"}`, `{"type":"alert.resolved","dedup_key":"` + strings.Repeat("k", 256) + `"}`},
	} {
		i, err := Definition().Open(json.RawMessage(tt.settings), connectortest.Env(nil))
		if err != nil {
			t.Fatal(err)
		}
		c := i.(*Connector)
		t.Cleanup(c.Close)
		e := &httpkit.Exchange{Full: true, DryRun: true}
		if err := c.Send(httpkit.WithExchange(t.Context(), e), fixed(t, tt.event)); !errors.Is(err, httpkit.ErrDryRun) {
			t.Fatal(err)
		}
		if strings.Contains(string(e.RequestBody), keyA) {
			t.Errorf("%s shows the routing key", name)
		}
		connectortest.Golden(t, name, connectortest.Text(e))
	}
}

// A preview and a failed trigger are told apart from a page: the first leaves no trace.
func TestDryRunRemembersNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	ctx := httpkit.WithExchange(t.Context(), &httpkit.Exchange{DryRun: true})
	err := b.Send(ctx, connector.Delivery{Record: parse(t, `{"type":"alert.created","dedup_key":"a"}`), Attempt: 1})
	m, got := b.state.get(t.Context(), "a")
	if !errors.Is(err, httpkit.ErrDryRun) || m != nil || got != nil || len(b.actions()) != 0 {
		t.Errorf("%v: remembered %+v, %v", err, m, got)
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		header string
		body   string
		class  string
		says   string
	}{
		"taken":        {202, "", `{"status":"success","message":"Event processed","dedup_key":"a"}`, "delivered", ""},
		"bad key":      {400, "", `{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}`, "permanent", "check routing_key"},
		"bad event":    {400, "", `{"status":"invalid event","message":"Event object is invalid","errors":["'payload.severity' is invalid","x"]}`, "permanent", "'payload.severity' is invalid; x"},
		"no JSON":      {400, "", `<html>`, "permanent", "<html>"},
		"the key back": {400, "", `{"message":"unknown key ` + keyA + `"}`, "permanent", "********"},
		"too large":    {413, "", ``, "permanent", "413"},
		"throttled":    {429, "12", ``, "throttled", "too many requests"},
		"no hint":      {429, "", ``, "throttled", "too many requests"},
		"trouble":      {500, "", `{"status":"error","message":"x"}`, "retryable", "500"},
		"bad gateway":  {502, "", ``, "retryable", "502"},
		"maintenance":  {503, "30", ``, "throttled", "503"},
	} {
		b := newBench(t, "")
		b.first = func(w http.ResponseWriter, _ int, _ sent) bool {
			if tt.header != "" {
				w.Header().Set("Retry-After", tt.header)
			}
			w.WriteHeader(tt.status)
			w.Write([]byte(tt.body)) //nolint:errcheck
			return true
		}
		err := b.send(`{"type":"alert.created","title":"x","dedup_key":"a"}`)
		_, throttled := connector.IsThrottled(err)
		class := map[bool]string{true: "permanent", false: "retryable"}[connector.IsPermanent(err)]
		switch {
		case err == nil:
			class = "delivered"
		case throttled:
			class = "throttled"
		}
		if class != tt.class || err != nil && !strings.Contains(err.Error(), tt.says) || err != nil && strings.Contains(err.Error(), keyA) {
			t.Errorf("%s: %s, %v", name, class, err)
		}
	}
}

// A test alerts nobody, looks at every key, and does not claim to know more than it does.
func TestTest(t *testing.T) {
	t.Parallel()
	b := newBench(t, `,"severity_routes":[{"severity":"low","routing_key":"`+keyB+`"}]`)
	if err := b.Test(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.dropped != 2 || len(b.alerts) != 0 || b.TestGrade() != connector.Unverifiable {
		t.Errorf("dropped %d, alerts %v", b.dropped, b.alerts)
	}
	b.reopen("short", "")
	if err := b.Test(t.Context()); err == nil || !strings.Contains(err.Error(), "should be 32 characters") {
		t.Errorf("got %v", err)
	}
	if notes := b.Notes(); len(notes) != 3 || !strings.Contains(notes[1], "32 letters") || !strings.Contains(notes[2], "webhook_secret") {
		t.Errorf("notes: %q", notes)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{}`:                    "routing_key",
		`{"routing_key":"a b"}`: "one word",
		`{"routing_key":"k","previous_webhook_secret":"x"}`:                                                                 "webhook_secret",
		`{"routing_key":"k","images":[{"src":"http://x.example.com/1.png"}]}`:                                               "https",
		`{"routing_key":"k","severity":{"low":"P4"}}`:                                                                       "severity.low",
		`{"routing_key":"k","severity_routes":[{"severity":"low","routing_key":"a"},{"severity":"low","routing_key":"b"}]}`: "has a route already",
		`{"routing_key":"k","base_url":"https://x.example.com/?a=b"}`:                                                       "query",
		`{"routing_key":"k","region":"mars"}`:                                                                               "region",
	} {
		_, err := Definition().Open(json.RawMessage(raw), connectortest.Env(nil))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for raw, want := range map[string]string{
		`{"routing_key":"k"}`:                                               "https://events.pagerduty.com/v2/enqueue",
		`{"routing_key":"k","region":"eu"}`:                                 "https://events.eu.pagerduty.com/v2/enqueue",
		`{"routing_key":"k","base_url":"https://x.example.com/"}`:           "https://x.example.com/v2/enqueue",
		`{"routing_key":"k","base_url":"https://x.example.com/v2"}`:         "https://x.example.com/v2/enqueue",
		`{"routing_key":"k","base_url":"https://x.example.com/v2/enqueue"}`: "https://x.example.com/v2/enqueue",
	} {
		i, err := Definition().Open(json.RawMessage(raw), connectortest.Env(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, i.(*Connector).settings.endpoint()); diff != "" {
			t.Errorf("%s: %s", raw, diff)
		}
	}
}

// failing is a state that does not work.
type failing struct{ connector.State }

func (failing) Get(context.Context, string) ([]byte, error) { return nil, errors.New("disk full") }

// While the state cannot be read nothing is sent, since nobody knows which key it needs; it is tried again.
func TestStateFails(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.env.State = failing{}
	b.reopen(keyA, "")
	err := b.send(`{"type":"alert.resolved","dedup_key":"a"}`)
	if err == nil || connector.IsPermanent(err) || len(b.actions()) != 0 {
		t.Errorf("got %v", err)
	}
}
