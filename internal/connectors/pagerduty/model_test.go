package pagerduty

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// The routing keys of tests.
const (
	keyA = "0123456789abcdef0123456789abcdef"
	keyB = "fedcba9876543210fedcba9876543210"
	keyC = "00000000000000000000000000000c0c"
)

// model is a model of the Events API v2, and no PagerDuty: it was written after the documentation. It refuses what PagerDuty
// refuses, and keeps alerts as PagerDuty does: by routing key and dedup key, as long as they are open.
type model struct {
	t      testing.TB
	url    string
	schema *openapi3.Schema

	mu       sync.Mutex
	alerts   map[string]*alert // by routing key and dedup key
	requests []sent
	dropped  int                                             // acknowledge and resolve that were for no open alert
	first    func(w http.ResponseWriter, n int, s sent) bool // before anything else; true: it has answered
	mute     func(n int) bool                                // the event is taken, and the connection breaks before the answer
}

type alert struct {
	open, acked bool
	opened      int // how often
	triggers    int
	summary     string
}

// sent is a request as a reader of PagerDuty's documentation reads it.
type sent struct {
	RoutingKey string `json:"routing_key"`
	Action     string `json:"event_action"`
	DedupKey   string `json:"dedup_key"`
	Client     string `json:"client"`
	ClientURL  string `json:"client_url"`
	Links      []struct{ Href, Text string }
	Images     []struct{ Src, Href, Alt string }
	Payload    *struct {
		Summary, Source, Severity, Timestamp, Component, Group, Class string
		Details                                                       map[string]any `json:"custom_details"`
	}
	raw []byte
}

func newModel(t testing.TB) *model {
	m := &model{t: t, alerts: map[string]*alert{}, schema: eventSchema(t)}
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	m.url = s.URL
	return m
}

// sharedFile reads a file of the vendor's specifications; without them, what needs it is skipped by its nil.
func sharedFile(t testing.TB, name string) []byte {
	t.Helper()
	root := os.Getenv("TOCSIN_SHARED")
	if root == "" {
		_, here, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(here), "..", "..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(root, "specs", "pagerduty", name))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// eventSchema is PagerDuty's own schema of an event; nil without the specifications.
func eventSchema(t testing.TB) *openapi3.Schema {
	raw := sharedFile(t, "events-v2.openapi.json")
	if raw == nil {
		return nil
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc.Paths.Find("/enqueue").Post.RequestBody.Value.Content["application/json"].Schema.Value
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s, wrong := m.read(r, raw)
	m.requests = append(m.requests, s)
	n := len(m.requests)
	if m.first != nil && m.first(w, n, s) {
		return
	}
	if len(wrong) > 0 {
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]any{"status": "invalid event", "message": "Event object is invalid", "errors": wrong}) //nolint:errcheck
		return
	}
	m.take(s)
	if m.mute != nil && m.mute(n) {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusAccepted)
	json.NewEncoder(w).Encode(map[string]any{"status": "success", "message": "Event processed", "dedup_key": s.DedupKey}) //nolint:errcheck
}

// read says what PagerDuty would refuse. What no connector of ours may ever send fails the test.
func (m *model) read(r *http.Request, raw []byte) (s sent, wrong []string) {
	if r.Method != http.MethodPost || r.URL.Path != "/v2/enqueue" || r.Header.Get("Content-Type") != "application/json" {
		m.t.Errorf("%s %s, %s", r.Method, r.URL, r.Header.Get("Content-Type"))
	}
	if len(raw) > 512*1000 {
		m.t.Errorf("a request of %d bytes", len(raw))
	}
	if m.schema != nil {
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			return s, []string{"JSON parse error"}
		}
		if err := m.schema.VisitJSON(v); err != nil {
			m.t.Errorf("%v", err)
		}
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		m.t.Errorf("not a request of the Events API: %v: %.300s", err, raw)
	}
	s.raw = raw
	if len(s.RoutingKey) != 32 {
		wrong = append(wrong, "Length of 'routing_key' is incorrect (should be 32 characters)")
	}
	if s.DedupKey == "" || len([]rune(s.DedupKey)) > 255 {
		wrong = append(wrong, "'dedup_key' is missing or too long")
	}
	if s.Action != "trigger" {
		return s, wrong
	}
	if s.Payload == nil || strings.TrimSpace(s.Payload.Summary) == "" || len([]rune(s.Payload.Summary)) > 1024 || strings.TrimSpace(s.Payload.Source) == "" {
		wrong = append(wrong, "'payload' is invalid")
	}
	for _, i := range s.Images {
		if !strings.HasPrefix(i.Src, "https://") {
			m.t.Errorf("an image at %s", i.Src)
		}
	}
	return s, wrong
}

// take does what PagerDuty does some time after its answer.
func (m *model) take(s sent) {
	id := s.RoutingKey + " " + s.DedupKey
	a := m.alerts[id]
	switch {
	case s.Action == "trigger" && (a == nil || !a.open):
		opened := 1
		if a != nil {
			opened = a.opened + 1
		}
		m.alerts[id] = &alert{open: true, opened: opened, triggers: 1, summary: s.Payload.Summary}
	case s.Action == "trigger":
		a.triggers++
	case a == nil || !a.open:
		m.dropped++
	case s.Action == "acknowledge":
		a.acked = true
	default:
		a.open = false
	}
}

// open says which alerts are open, and whether they are acknowledged.
func (m *model) open() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := map[string]bool{}
	for id, a := range m.alerts {
		if a.open {
			list[id] = a.acked
		}
	}
	return list
}

// actions are the requests so far, "trigger host-1/cpu", which are forgotten then.
func (m *model) actions() (list []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.requests {
		list = append(list, s.Action+" "+s.DedupKey)
	}
	m.requests = nil
	return list
}

// bench is a connector before the model.
type bench struct {
	t testing.TB
	*model
	*Connector
	env connector.Env
}

// newBench opens one with routing key A and more settings.
func newBench(t testing.TB, more string) *bench {
	b := &bench{t: t, model: newModel(t), env: connectortest.Env(nil)}
	b.reopen(keyA, more)
	return b
}

// reopen opens it with other settings and the same memory, as after a change.
func (b *bench) reopen(key, more string) {
	b.t.Helper()
	i, err := Definition().Open(json.RawMessage(fmt.Sprintf(`{"base_url":%q,"routing_key":%q%s}`, b.url, key, more)), b.env)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Connector = i.(*Connector)
	b.t.Cleanup(b.Close)
}

// send delivers an event.
func (b *bench) send(raw string) error {
	b.t.Helper()
	return b.Send(b.t.Context(), connector.Delivery{Key: "dlv_1", Record: parse(b.t, raw), Attempt: 1})
}

// sends delivers events that must succeed.
func (b *bench) sends(raws ...string) {
	b.t.Helper()
	for _, raw := range raws {
		if err := b.send(raw); err != nil {
			b.t.Errorf("%s: %v", raw, err)
		}
	}
}

// says delivers what the hub itself says.
func (b *bench) says(raws ...string) {
	b.t.Helper()
	for _, raw := range raws {
		r := parse(b.t, raw)
		r.Flags |= event.Internal
		if err := b.Send(b.t.Context(), connector.Delivery{Key: "dlv_1", Record: r, Attempt: 1}); err != nil {
			b.t.Errorf("%s: %v", raw, err)
		}
	}
}

func parse(t testing.TB, raw string) *event.Record {
	t.Helper()
	r, err := event.Parse([]byte(raw), event.DefaultAccount, testTime, event.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
