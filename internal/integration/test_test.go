package integration

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// receiver is a local peer that remembers requests and echoes what it got.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []*http.Request
	bodies []string
	status int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got, r.bodies = append(r.got, req), append(r.bodies, string(body))
		w.Header().Set("X-Echo", req.Header.Get("Authorization")+req.Header.Get("X-Token"))
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, "you sent "+req.Header.Get("Authorization")+strings.Repeat(".", 3000))
	}))
	t.Cleanup(r.Close)
	return r
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTestUnsaved(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), newReceiver(t)
	in := TestInput{Kind: "beacon", Settings: json.RawMessage(`{"url":"` + r.URL + `","token":"canary-token-1"}`)}

	res, err := f.TestUnsaved(t.Context(), account, in)
	if err != nil {
		t.Fatal(err)
	}
	if !res.OK || res.Grade != Confirmed || res.Request.Method != "GET" || res.Response.Status != 200 || r.bodies[0] != "" {
		t.Errorf("the test of the credentials gave %s", encoded(t, res))
	}

	in.EventType = "alert.created"
	res, err = f.TestUnsaved(t.Context(), account, in)
	if err != nil {
		t.Fatal(err)
	}
	if !res.OK || res.Request.Method != "POST" || res.Request.URL != r.URL || len(res.Response.Body) > 1024 {
		t.Errorf("the test with an event gave %s", encoded(t, res))
	}
	if shown := encoded(t, res); strings.Contains(shown, "canary") {
		t.Errorf("the answer shows a secret: %s", shown)
	}
	if r.got[1].Header.Get("Authorization") != "Bearer canary-token-1" || r.bodies[1] != res.Request.Body {
		t.Error("what was shown is not what was sent")
	}
	sent := gjson.Parse(r.bodies[1])
	if !strings.HasPrefix(sent.Get("title").Str, "[Test message] ") || !strings.Contains(sent.Get("tags").Raw, `"test"`) ||
		sent.Get("dedup_key").Str != "tocsin/test" || sent.Get("type").Str != "alert.created" {
		t.Errorf("the test event is %s", r.bodies[1])
	}
}

func TestTestTellsFailures(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), newReceiver(t)
	r.status = http.StatusUnauthorized
	settings := json.RawMessage(`{"url":"` + r.URL + `","token":"canary-token-1"}`)
	res, err := f.TestUnsaved(t.Context(), account, TestInput{Kind: "beacon", Settings: settings, EventType: "custom.thing"})
	if err != nil {
		t.Fatal(err)
	}
	if res.OK || res.Error == "" || res.Grade != "" || res.Response.Status != 401 || strings.Contains(encoded(t, res), "canary") {
		t.Errorf("a refusal gave %s", encoded(t, res))
	}

	res, err = f.TestUnsaved(t.Context(), account, TestInput{Kind: "beacon", EventType: "custom.thing",
		Settings: json.RawMessage(`{"url":"http://169.254.169.254/latest","token":"canary-token-1"}`)})
	if err != nil || res.OK || res.Response != nil || res.Error != errForbidden {
		t.Errorf("a forbidden address gave %s, %v", encoded(t, res), err)
	}

	res, err = f.TestUnsaved(t.Context(), account, TestInput{Kind: "beacon", EventType: "custom.thing",
		Settings: json.RawMessage(`{"url":"` + r.URL + `","token":"canary-token-1","mode":"panics"}`)})
	if err != nil || res.OK || strings.Contains(res.Error, "canary") {
		t.Errorf("a panic gave %s, %v", encoded(t, res), err)
	}
}

func TestTestRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.TestUnsaved(t.Context(), account, TestInput{Kind: "beacon", EventType: "NOT A TYPE", Settings: json.RawMessage(`{"url":"x"}`)})
	if diff := cmp.Diff([]string{"event_type", "settings.url", "settings.token"}, paths(t, err)); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	_, err = f.TestUnsaved(t.Context(), account, TestInput{Kind: "beacon",
		Settings: json.RawMessage(`{"url":"https://a.example","token":"canary-token-1","mode":"broken"}`)})
	if got := paths(t, err); got[0] != "settings" || strings.Contains(err.Error(), "canary") {
		t.Errorf("settings that do not open gave %v", err)
	}
}

func TestTestSavedMergesSecrets(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), newReceiver(t)
	i := f.create(t, `{"enabled":false,"settings":{"url":"`+r.URL+`/elsewhere"}}`)
	res, err := f.Test(t.Context(), account, i.ID, TestInput{Settings: json.RawMessage(`{"url":"` + r.URL + `","token":"********"}`)})
	if err != nil || !res.OK {
		t.Fatalf("got %s, %v", encoded(t, res), err)
	}
	if r.got[0].Header.Get("X-Token") != "canary-token-1" {
		t.Error("the saved secret was not used")
	}
	now, err := f.Get(t.Context(), account, i.ID)
	if err != nil || now.Version != 1 {
		t.Errorf("a test changed the integration: %+v, %v", now, err)
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), newReceiver(t)
	i := f.create(t, `{"settings":{"url":"`+r.URL+`"}}`)
	stored, err := event.Parse([]byte(`{"type":"alert.created","title":"From the journal"}`), account, f.Now(), event.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	stored.ID = event.NewID()
	f.events[stored.ID] = stored

	for name, tt := range map[string]struct {
		in     PreviewInput
		want   string
		wanted bool
	}{
		"stored": {PreviewInput{EventID: stored.ID.Text(event.PrefixEvent)}, "From the journal", true},
		"sample": {PreviewInput{EventType: "alert.created"}, `"type":"alert.created"`, true},
		"inline": {PreviewInput{Event: json.RawMessage(`{"type":"custom.thing","title":"Inline"}`)}, "Inline", false},
	} {
		p, err := f.Preview(t.Context(), account, i.ID, tt.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Request.Method != "POST" || !strings.Contains(p.Request.Body, tt.want) || p.Wanted != tt.wanted || (p.Why == "") != tt.wanted {
			t.Errorf("%s: got %s", name, encoded(t, p))
		}
		if strings.Contains(encoded(t, p), "canary") {
			t.Errorf("%s shows a secret: %s", name, encoded(t, p))
		}
	}
	if len(r.got) > 0 {
		t.Error("a preview was sent")
	}

	for name, in := range map[string]PreviewInput{
		"":           {},
		"event_id":   {EventID: "evt_1"},
		"event_type": {EventType: "?"},
		"event.type": {Event: json.RawMessage(`{"type":"?"}`)},
		"event":      {Event: json.RawMessage(`7`)},
	} {
		_, err := f.Preview(t.Context(), account, i.ID, in)
		if got := paths(t, err); got[0] != name {
			t.Errorf("%+v gave %v", in, err)
		}
	}
	_, err = f.Preview(t.Context(), account, i.ID, PreviewInput{EventID: event.NewID().Text(event.PrefixEvent)})
	wantErr(t, err, ErrEvent)
}
