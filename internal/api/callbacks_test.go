package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/callback"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/gate"
)

// fakeCalls is the room of vendors' calls.
type fakeCalls struct {
	got     connector.Call
	path    string
	answer  callback.Answer
	view    callback.CallView
	viewErr error
	syncErr error
	syncs   atomic.Int64
}

func (f *fakeCalls) Receive(_ context.Context, kind, id string, c connector.Call) callback.Answer {
	f.got, f.path = c, kind+"/"+id
	return f.answer
}

func (f *fakeCalls) View(event.Account, event.ID) (callback.CallView, error) {
	v := f.view
	v.Calls, v.Refused = append([]callback.CallLine{}, v.Calls...), []callback.CallLine{}
	return v, f.viewErr
}

func (f *fakeCalls) SyncNow(context.Context, event.Account, event.ID) (callback.SyncResult, error) {
	f.syncs.Add(1)
	return callback.SyncResult{At: testTime, OK: true, Wishes: []callback.WishLine{}}, f.syncErr
}

// callbackExercises are about vendors' calls.
var callbackExercises = map[string]func(*testing.T, *hub){
	"list-callbacks": func(t *testing.T, h *hub) {
		r := h.want(201, "POST", "/api/v1/integrations", `{"kind":"pagerduty","name":"on call","settings":{"routing_key":"`+canarySecret+`"}}`)
		path, url := "/api/v1/integrations/"+r.get("id").Str, r.get("callback_url").Str
		if url != "/api/v1/callbacks/pagerduty/"+r.get("id").Str {
			t.Errorf("the vendor is told to call %q", url)
		}
		// What was read may be sent back whole.
		h.want(200, "PATCH", path, h.want(200, "GET", path, "").body)
		h.calls.view = callback.CallView{
			Since: testTime, Counts: callback.CallCounts{Calls: 3, Done: 2, Refused: 1},
			Calls: []callback.CallLine{{At: testTime, Status: 200, Outcome: callback.Done, Wishes: []callback.WishLine{{Verb: connector.Resolve, Of: "INC-7", Outcome: callback.Done}}}},
			Sync:  &callback.SyncState{EverySeconds: 60, Last: &callback.SyncResult{At: testTime, Wishes: []callback.WishLine{}}},
		}
		r = h.want(200, "GET", path+"/callbacks", "", withKey(h.key(event.DefaultAccount, identity.IntegrationsRead)))
		if r.get("url").Str != url || r.get("counts.refused").Int() != 1 || r.get("calls.0.wishes.0.of").Str != "INC-7" || r.get("sync.every_seconds").Num != 60 {
			t.Errorf("got %s", r.body)
		}
		// A kind that nobody calls has none.
		h.calls.viewErr, h.calls.view = callback.ErrNotFound, callback.CallView{}
		quiet := h.webhook("x", "https://x.example.com")
		if r := h.want(200, "GET", quiet+"/callbacks", ""); r.get("url").Exists() || r.get("calls").Raw != "[]" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "GET", quiet, ""); r.get("callback_url").Exists() {
			t.Errorf("got %s", r.body)
		}
		h.account("acme", "")
		h.want(404, "GET", path+"/callbacks", "", withKey(h.key("acme", identity.Admin)))
	},
	"sync-integration": func(t *testing.T, h *hub) {
		path := h.webhook("x", "https://x.example.com")
		analyst := withKey(h.key(event.DefaultAccount, identity.DeliveriesWrite))
		if r := h.want(200, "POST", path+"/sync", "", analyst); !r.get("ok").Bool() {
			t.Errorf("got %s", r.body)
		}
		for _, err := range []error{callback.ErrNoSync, callback.ErrNotFound, callback.ErrSyncing} {
			h.calls.syncErr = err
			h.want(409, "POST", path+"/sync", "")
		}
		h.want(403, "POST", path+"/sync", "", withKey(h.key(event.DefaultAccount, identity.IntegrationsRead)))
		h.want(404, "POST", "/api/v1/integrations/"+event.NewID().Text(event.PrefixIntegration)+"/sync", "")
	},
}

// vendor makes a call the way a vendor does: without a key, with any bytes.
func (h *hub) vendor(body io.Reader, contentType string) *http.Response {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), "POST", "/api/v1/callbacks/pagerduty/int_x?token=1", body)
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("X-PagerDuty-Signature", "v1=00")
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w.Result()
}

// A call reaches the room byte for byte, whatever it is, and its answer the vendor.
func TestVendorCalls(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.calls.answer = callback.Answer{Status: 202, ContentType: "text/plain", Body: []byte("challenge")}
	raw := "payload=%7B%7D\x00\xff{{ \n"
	resp := h.vendor(strings.NewReader(raw), "application/x-www-form-urlencoded")
	body, _ := io.ReadAll(resp.Body)
	c := h.calls.got
	if resp.StatusCode != 202 || string(body) != "challenge" || resp.Header.Get("Content-Type") != "text/plain" || h.calls.path != "pagerduty/int_x" ||
		string(c.Body) != raw || c.Query.Get("token") != "1" || c.Header.Get("X-Pagerduty-Signature") != "v1=00" || time.Since(c.At) > time.Minute {
		t.Errorf("answered %d %q; the room got %s %+v", resp.StatusCode, body, h.calls.path, c)
	}
	h.calls.got = connector.Call{}
	if resp := h.vendor(bytes.NewReader(make([]byte, connector.MaxCallBytes+1)), "application/json"); resp.StatusCode != 413 || h.calls.got.Body != nil {
		t.Errorf("a large body is answered with %d", resp.StatusCode)
	}
	if resp := h.vendor(bytes.NewReader(make([]byte, connector.MaxCallBytes)), "application/json"); resp.StatusCode != 202 {
		t.Errorf("the largest body is answered with %d", resp.StatusCode)
	}
	for _, a := range []callback.Answer{
		{Status: 404, Detail: "no integration waits for calls here"}, {Status: 401, Detail: "the signature is wrong", Unproven: true},
		{Status: 429, Detail: "too often", RetryAfter: time.Second / 2}, {Status: 503, Detail: "later", RetryAfter: time.Second},
	} {
		h.calls.answer = a
		r := h.want(a.Status, "POST", "/api/v1/callbacks/pagerduty/int_x", "{}")
		if r.get("detail").Str != a.Detail || (a.RetryAfter > 0) != (r.Header.Get("Retry-After") == "1") {
			t.Errorf("%+v became %v %s", a, r.Header, r.body)
		}
	}
	h.want(405, "GET", "/api/v1/callbacks/pagerduty/int_x", "")
}

// Whoever fails to prove to be the vendor too often is told to wait, and the vendor behind the same address is not.
func TestForgedCalls(t *testing.T) {
	t.Parallel()
	h := newHubWith(t, func(d *Deps) {
		d.Gate = gate.New(gate.Deps{Keys: d.Gate.Keys, People: d.Gate.People, Accounts: d.Gate.Accounts, Plans: d.Gate.Plans, FailuresPerMinute: 5, AddressPerMinute: 100})
	})
	h.calls.answer = callback.Answer{Status: 401, Detail: "no", Unproven: true}
	statuses := map[int]int{}
	for range 20 {
		statuses[h.vendor(strings.NewReader("{}"), "application/json").StatusCode]++
	}
	if statuses[401] != 5 || statuses[429] != 15 {
		t.Errorf("answered %v", statuses)
	}
	h.calls.answer = callback.Answer{Status: 200}
	if resp := h.vendor(strings.NewReader("{}"), "application/json"); resp.StatusCode != 200 {
		t.Errorf("the vendor is answered with %d", resp.StatusCode)
	}
	for range 200 {
		if resp := h.vendor(strings.NewReader("{}"), "application/json"); resp.StatusCode == 429 && resp.Header.Get("Retry-After") != "" {
			return
		}
	}
	t.Error("an address may call as often as it likes")
}
