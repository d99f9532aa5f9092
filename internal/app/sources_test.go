package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/config"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

const (
	sourceSecret  = "the-secret-that-both-sides-have"
	anotherSecret = "the-secret-of-somebody-else-now"
	sourceEvent   = `{"type":"alert.created","title":"From a source"}`
)

// source makes a source endpoint and gives its id.
func (o *house) source(account event.Account, name, rest string) string {
	o.t.Helper()
	return o.must(account, "POST", "/api/v1/sources", fmt.Sprintf(`{"name":%q,%s}`, name, rest)).Get("id").Str
}

// send posts a body to a source without any key; headers are pairs.
func (o *house) send(id, body string, headers ...string) answer {
	return o.call("POST", "/api/v1/ingest/"+id, body, headers...)
}

func mac(key string, parts ...string) []byte {
	m := hmac.New(sha256.New, []byte(key))
	for _, p := range parts {
		m.Write([]byte(p))
	}
	return m.Sum(nil)
}

// signedStandard are the headers of a Standard Webhooks delivery.
func signedStandard(key, id, body string, at time.Time) []string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	return []string{"webhook-id", id, "webhook-timestamp", seconds, "webhook-signature",
		"v1," + base64.StdEncoding.EncodeToString(mac(key, id, ".", seconds, ".", body))}
}

// signedTocsin are the headers of another hub's delivery.
func signedTocsin(key, id, body string, at time.Time) []string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	return []string{"X-Tocsin-Delivery", id, "X-Tocsin-Signature", "t=" + seconds + ",v1=" + hex.EncodeToString(mac(key, seconds, ".", body))}
}

func signedGitHub(key, id, body string) []string {
	return []string{"X-GitHub-Delivery", id, "X-Hub-Signature-256", "sha256=" + hex.EncodeToString(mac(key, body))}
}

func (o *house) wantStatus(what string, a answer, status int) gjson.Result {
	o.t.Helper()
	if a.status != status {
		o.t.Fatalf("%s answered %d, want %d: %s", what, a.status, status, a.body)
	}
	return gjson.Parse(a.body)
}

func TestSourceEndpoints(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	standard := o.source("parent", "standard", `"dialect":"native","auth":{"method":"standard_webhooks","secret":"`+sourceSecret+`"},"project":"web","labels":{"team":"blue"},"types":["alert.*"]`)
	falco := o.source("parent", "falco", `"dialect":"falco","auth":{"method":"header","header":"X-Token","secret":"`+sourceSecret+`"}`)
	keyed := o.source("parent", "keyed", `"dialect":"native"`)

	r := o.wantStatus("a signed event", o.send(standard, sourceEvent, signedStandard(sourceSecret, "m1", sourceEvent, time.Now())...), 202)
	e := o.must("parent", "GET", "/api/v1/events/"+r.Get("ids.0").Str, "")
	if e.Get("project").Str != "web" || e.Get("labels.team").Str != "blue" || e.Get("account").Str != "parent" || e.Get("raw").Str != sourceEvent {
		t.Errorf("the event is %s", e.Raw)
	}
	a := o.send(standard, sourceEvent, signedStandard(anotherSecret, "m2", sourceEvent, time.Now())...)
	if o.wantStatus("another's signature", a, 401); strings.Contains(a.body, sourceSecret) {
		t.Errorf("it tells %s", a.body)
	}
	o.wantStatus("a stale signature", o.send(standard, sourceEvent, signedStandard(sourceSecret, "m3", sourceEvent, time.Now().Add(-time.Hour))...), 401)
	o.wantStatus("nothing", o.send(standard, sourceEvent), 401)
	o.wantStatus("a key instead", o.send(standard, sourceEvent, "X-API-Key", o.keys["parent"]), 401)
	other := `{"type":"incident.created"}`
	o.wantStatus("a type that it may not send", o.send(standard, other, signedStandard(sourceSecret, "m4", other, time.Now())...), 403)
	audit := `{"type":"audit.source_create"}`
	open := o.source("parent", "open", `"dialect":"native","auth":{"method":"none"}`)
	o.wantStatus("the hub's own type", o.send(open, audit), 403)

	o.wantStatus("a token", o.send(falco, `{"rule":"R","priority":"Error","output":"x"}`, "X-Token", sourceSecret), 202)
	o.wantStatus("no token", o.send(falco, `{"rule":"R"}`), 401)

	o.wantStatus("an API key", o.send(keyed, sourceEvent, "X-API-Key", o.keys["parent"]), 202)
	o.wantStatus("no API key", o.send(keyed, sourceEvent), 401)
	o.wantStatus("a key without the scope", o.send(keyed, sourceEvent, "X-API-Key", o.key("parent", identity.EventsRead)), 403)

	counts := o.must("parent", "GET", "/api/v1/sources/"+standard, "")
	if counts.Get("counts").Raw != `{"accepted":1,"rejected":1,"refused":4}` || counts.Get("last_received_at").Str == "" {
		t.Errorf("the counts are %s", counts.Raw)
	}
	if c := o.must("parent", "GET", "/api/v1/sources/"+keyed, "").Get("counts").Raw; c != `{"accepted":1,"rejected":0,"refused":1}` {
		t.Errorf("the counts are %s", c)
	}
}

// TestSourceIsNotFound: whatever the reason why an endpoint takes nothing, the answer is that of an id that never was.
func TestSourceIsNotFound(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	never := event.NewID().Text(event.PrefixSource)
	want := strings.ReplaceAll(o.send(never, sourceEvent).body, never, "ID")
	disabled := o.source("parent", "disabled", `"dialect":"native","enabled":false,"auth":{"method":"none"}`)
	deleted := o.source("parent", "deleted", `"dialect":"native","auth":{"method":"none"}`)
	o.wantStatus("before it is deleted", o.send(deleted, sourceEvent), 202)
	o.must("parent", "DELETE", "/api/v1/sources/"+deleted, "")
	keyed := o.source("parent", "keyed", `"dialect":"native"`)
	for what, c := range map[string]struct {
		id      string
		headers []string
	}{
		"a disabled one":            {disabled, nil},
		"a deleted one":             {deleted, nil},
		"an id of another kind":     {event.NewID().Text(event.PrefixIntegration), nil},
		"no id":                     {"nothing", nil},
		"upper case":                {strings.ToUpper(keyed), nil},
		"another account's key":     {keyed, []string{"X-API-Key", o.keys["other"]}},
		"a child's key":             {keyed, []string{"X-API-Key", o.keys["child"]}},
		"a parent's key, not there": {o.source("child", "its own", `"dialect":"native"`), []string{"X-API-Key", o.keys["parent"]}},
	} {
		a := o.send(c.id, sourceEvent, c.headers...)
		if got := strings.ReplaceAll(a.body, c.id, "ID"); a.status != 404 || got != want {
			t.Errorf("%s answers %d %s, want 404 %s", what, a.status, a.body, want)
		}
	}
	// The parent acts in the child when it says so.
	child := o.source("child", "acting", `"dialect":"native"`)
	r := o.wantStatus("the parent's key, acting there", o.send(child, sourceEvent, "X-API-Key", o.keys["parent"], "X-Tocsin-Account", "child"), 202)
	path := "/api/v1/events/" + r.Get("ids.0").Str
	if e := o.must("child", "GET", path, ""); e.Get("account").Str != "child" {
		t.Errorf("the event is %s", e.Raw)
	}
	o.wantStatus("the event, for another account", o.call("GET", path, "", "X-API-Key", o.keys["other"]), 404)
}

// TestSourceReplays: the same delivery is taken once, however it comes again.
func TestSourceReplays(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	secret := `"secret":"` + sourceSecret + `"`
	standard := o.source("parent", "standard", `"dialect":"native","auth":{"method":"standard_webhooks",`+secret+`}`)
	twin := o.source("parent", "twin", `"dialect":"native","auth":{"method":"standard_webhooks",`+secret+`}`)
	ours := o.source("parent", "tocsin", `"dialect":"native","auth":{"method":"tocsin",`+secret+`}`)
	github := o.source("parent", "github", `"dialect":"native","auth":{"method":"github",`+secret+`}`)
	timed := o.source("parent", "timed", `"dialect":"native","auth":{"method":"hmac","header":"X-Sig","timestamp_header":"X-Time",`+secret+`}`)
	now := time.Now()
	later := now.Add(2 * time.Second)
	seconds := strconv.FormatInt(now.Unix(), 10)
	timedHeaders := []string{"X-Time", seconds, "X-Sig", hex.EncodeToString(mac(sourceSecret, seconds, ".", sourceEvent))}
	for _, c := range []struct {
		name, id      string
		first, second []string
		same          bool
	}{
		{"standard, the same", standard, signedStandard(sourceSecret, "m1", sourceEvent, now), signedStandard(sourceSecret, "m1", sourceEvent, now), true},
		{"standard, signed anew", standard, signedStandard(sourceSecret, "m2", sourceEvent, now), signedStandard(sourceSecret, "m2", sourceEvent, later), true},
		{"standard, another id", standard, signedStandard(sourceSecret, "m3", sourceEvent, now), signedStandard(sourceSecret, "m4", sourceEvent, now), false},
		{"standard, another Idempotency-Key", standard, append(signedStandard(sourceSecret, "m5", sourceEvent, now), "Idempotency-Key", "a"),
			append(signedStandard(sourceSecret, "m5", sourceEvent, now), "Idempotency-Key", "b"), true},
		{"tocsin, a second attempt", ours, signedTocsin(sourceSecret, "dlv_1", sourceEvent, now), signedTocsin(sourceSecret, "dlv_1", sourceEvent, later), true},
		{"tocsin, a copy under another id", ours, signedTocsin(sourceSecret, "dlv_2", sourceEvent, now.Add(time.Second)),
			append([]string{"X-Tocsin-Delivery", "dlv_3"}, signedTocsin(sourceSecret, "dlv_2", sourceEvent, now.Add(time.Second))[2:]...), true},
		{"tocsin, a copy of the second attempt", ours, signedTocsin(sourceSecret, "dlv_1", sourceEvent, later),
			append([]string{"X-Tocsin-Delivery", "dlv_9"}, signedTocsin(sourceSecret, "dlv_1", sourceEvent, later)[2:]...), true},
		{"tocsin, another delivery", ours, signedTocsin(sourceSecret, "dlv_4", sourceEvent, now.Add(3*time.Second)), signedTocsin(sourceSecret, "dlv_5", sourceEvent, now.Add(4*time.Second)), false},
		{"github", github, signedGitHub(sourceSecret, "g1", sourceEvent), signedGitHub(sourceSecret, "g1", sourceEvent), true},
		{"github, another delivery", github, signedGitHub(sourceSecret, "g2", sourceEvent), signedGitHub(sourceSecret, "g3", sourceEvent), false},
		{"hmac with a time", timed, timedHeaders, timedHeaders, true},
	} {
		first := o.wantStatus(c.name, o.send(c.id, sourceEvent, c.first...), 202)
		second := o.wantStatus(c.name+", again", o.send(c.id, sourceEvent, c.second...), 202)
		if (first.Raw == second.Raw) != c.same {
			t.Errorf("%s: answered %s and %s", c.name, first.Raw, second.Raw)
		}
	}
	// An id belongs to its source.
	first := o.wantStatus("one source", o.send(standard, sourceEvent, signedStandard(sourceSecret, "m9", sourceEvent, now)...), 202)
	second := o.wantStatus("its twin", o.send(twin, sourceEvent, signedStandard(sourceSecret, "m9", sourceEvent, now)...), 202)
	if first.Raw == second.Raw {
		t.Error("two sources share an id of a delivery")
	}
	// Two hooks of GitHub get the same id with different bodies.
	changed := sourceEvent + " "
	o.wantStatus("the same id with another body", o.send(github, changed, signedGitHub(sourceSecret, "g1", changed)...), 202)
	o.wantStatus("the same id with another body", o.send(standard, changed, signedStandard(sourceSecret, "m1", changed, now)...), 409)
}

// TestSourceSurvivesRestart: sources, their counts and what they have taken are there after a restart, and an old delivery
// is not taken anew.
func TestSourceSurvivesRestart(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	cfg.AdminKey = form.NewSecret("tsk_a_key_for_a_test_of_sources")
	now := time.Now()
	var id, first string
	for round := range 3 {
		func() {
			h, err := open(t.Context(), cfg, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			if err := h.start(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.serving.Store(true)
			ctx, cancel := context.WithCancel(t.Context())
			saved := make(chan struct{})
			go func() { h.sources.Run(ctx); close(saved) }()
			defer func() {
				cancel()
				<-saved
				stop, end := context.WithTimeout(context.Background(), 20*time.Second)
				defer end()
				if err := h.deliver.Stop(stop); err != nil {
					t.Error(err)
				}
				if err := h.close(); err != nil {
					t.Error(err)
				}
			}()
			o := &house{t: t, hub: h, handler: h.handler(), keys: map[event.Account]string{event.DefaultAccount: cfg.AdminKey.Reveal()}}
			if round == 0 {
				id = o.source(event.DefaultAccount, "x", `"dialect":"native","auth":{"method":"standard_webhooks","secret":"`+sourceSecret+`"}`)
			}
			got := o.wantStatus("a delivery", o.send(id, sourceEvent, signedStandard(sourceSecret, "m1", sourceEvent, now)...), 202).Get("ids.0").Str
			if first == "" {
				first = got
			}
			if got != first {
				t.Errorf("after %d restarts the same delivery is %s, and was %s", round, got, first)
			}
			o.wantStatus("a wrong one", o.send(id, sourceEvent, signedStandard(anotherSecret, "m1", sourceEvent, now)...), 401)
			want := fmt.Sprintf(`{"accepted":1,"rejected":0,"refused":%d}`, round+1)
			if c := o.must(event.DefaultAccount, "GET", "/api/v1/sources/"+id, "").Get("counts").Raw; c != want {
				t.Errorf("after %d restarts the counts are %s, want %s", round, c, want)
			}
			if round == 1 { // with another key of the secrets
				o.must(event.DefaultAccount, "POST", "/api/v1/secrets/rotate", "")
				o.wantStatus("after the secrets are sealed anew", o.send(id, sourceEvent, signedStandard(sourceSecret, "m1", sourceEvent, now)...), 202)
			}
		}()
	}
}

// TestSourceRotation: both secrets are good while the sender is being changed, and then one.
func TestSourceRotation(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	id := o.source("parent", "x", `"dialect":"native","auth":{"method":"bearer","secret":"`+sourceSecret+`"}`)
	fresh := o.must("parent", "POST", "/api/v1/sources/"+id+"/rotate", "").Get("secret").Str
	for _, secret := range []string{sourceSecret, fresh} {
		o.wantStatus("while both are good", o.send(id, sourceEvent, "Authorization", "Bearer "+secret), 202)
	}
	o.must("parent", "PATCH", "/api/v1/sources/"+id, `{"auth":{"previous_secret":null}}`)
	o.wantStatus("the new one", o.send(id, sourceEvent, "Authorization", "Bearer "+fresh), 202)
	o.wantStatus("the one of before", o.send(id, sourceEvent, "Authorization", "Bearer "+sourceSecret), 401)
}

// TestSourceSignsTheWire: a signature is over the bytes that are sent, which is after compression.
func TestSourceSignsTheWire(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	id := o.source("parent", "x", `"dialect":"native","auth":{"method":"github","secret":"`+sourceSecret+`"}`)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(sourceEvent)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	packed := b.String()
	r := o.wantStatus("the packed bytes signed", o.send(id, packed, append(signedGitHub(sourceSecret, "g1", packed), "Content-Encoding", "gzip")...), 202)
	e := o.must("parent", "GET", "/api/v1/events/"+r.Get("ids.0").Str, "")
	if e.Get("raw").Str != sourceEvent {
		t.Errorf("the event is %s", e.Raw)
	}
	o.wantStatus("the unpacked bytes signed", o.send(id, packed, append(signedGitHub(sourceSecret, "g2", sourceEvent), "Content-Encoding", "gzip")...), 401)
	bad := "not gzip"
	o.wantStatus("what is signed and cannot be unpacked", o.send(id, bad, append(signedGitHub(sourceSecret, "g3", bad), "Content-Encoding", "gzip")...), 400)
}

// TestSourceFailuresAreLimited: who fails too often is told to wait, like with keys; who does not fail is let in.
func TestSourceFailuresAreLimited(t *testing.T) {
	t.Parallel()
	o := newHouseWith(t, func(c *config.Config) { c.Limits.FailuresPerMinute = 3 })
	id := o.source("parent", "x", `"dialect":"native","auth":{"method":"bearer","secret":"`+sourceSecret+`"}`)
	for range 3 {
		o.wantStatus("a wrong token", o.send(id, sourceEvent, "Authorization", "Bearer "+anotherSecret), 401)
	}
	o.wantStatus("one more", o.send(id, sourceEvent, "Authorization", "Bearer "+anotherSecret), 429)
	o.wantStatus("nothing at all", o.send(id, sourceEvent), 401)
	o.wantStatus("the right one", o.send(id, sourceEvent, "Authorization", "Bearer "+sourceSecret), 202)
	text := o.call("GET", "/metrics", "", "X-API-Key", o.keys[event.DefaultAccount]).body
	for _, line := range []string{
		`tocsin_source_requests_total{dialect="native",result="accepted"} 1`, `tocsin_source_requests_total{dialect="native",result="refused"} 4`,
		`tocsin_source_requests_total{dialect="native",result="failed"} 1`, `tocsin_refused_requests_total{reason="source_credentials"} 4`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

// TestSourceOfClosedAccount: it takes nothing.
func TestSourceOfClosedAccount(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	id := o.source("other", "x", `"dialect":"native","auth":{"method":"none"}`)
	o.wantStatus("while it is open", o.send(id, sourceEvent), 202)
	o.must(event.DefaultAccount, "POST", "/api/v1/accounts/other/close", "")
	o.wantStatus("once it is closed", o.send(id, sourceEvent), 403)
}

// TestOktaGreeting: Okta asks before it sends, and is answered at a source of its dialect alone.
func TestOktaGreeting(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	id := o.source("parent", "x", `"dialect":"falco","auth":{"method":"none"}`)
	for path, status := range map[string]int{"/api/v1/ingest/" + id: 405, "/api/v1/ingest/falco": 405, "/api/v1/ingest/src_x": 404} {
		if a := o.call("GET", path, "", "X-Okta-Verification-Challenge", "abc"); a.status != status || strings.Contains(a.body, "abc") {
			t.Errorf("%s answers %d %s", path, a.status, a.body)
		}
	}
}

// TestBasicChallenge: who forgot the password is asked for it.
func TestBasicChallenge(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	id := o.source("parent", "x", `"dialect":"native","auth":{"method":"basic","username":"u","secret":"`+sourceSecret+`"}`)
	w := httptest.NewRecorder()
	o.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/ingest/"+id, strings.NewReader(sourceEvent)))
	if w.Code != 401 || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
	credentials := base64.StdEncoding.EncodeToString([]byte("u:" + sourceSecret))
	o.wantStatus("the password", o.send(id, sourceEvent, "Authorization", "Basic "+credentials), 202)
}
