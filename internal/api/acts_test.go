package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// unrecorded are the operations that change something, or look as if they did, and are no acts in the record.
var unrecorded = map[string]string{
	"sign-in":             "recorded as user.sign_in and user.sign_in_failed by the room of people, before anybody is signed in",
	"redeem-link":         "recorded as user.password_change by the room of people",
	"inspect-link":        "reads",
	"preview-integration": "makes a request and does not send it",
	"test-source":         "reads a sample and takes nothing",
	"try-subscription":    "reads",
	"try-mapping-rule":    "reads",
	"try-incident-rule":   "reads",
	"try-silence":         "reads",
	"plan-block":          "reads",
	"try-response-rule":   "reads",
	"begin-totp":          "nothing is in force before a code has confirmed it",
}

// TestEveryActIsRecorded: a privileged operation that cannot be written down does not happen, and one that happens is
// written down with who, where and how it ended.
func TestEveryActIsRecorded(t *testing.T) {
	t.Parallel()
	a := theContract()
	for _, o := range a.operations {
		if o.Extensions[servedElsewhere] != nil {
			continue
		}
		id, action := o.OperationID, a.acts[o.OperationID]
		_, excused := unrecorded[id]
		switch make := deeds[id]; {
		case action == "" && o.Method != "GET" && !excused:
			t.Errorf("%s changes something and is not recorded", id)
		case action != "" && excused, action == "" && make != nil:
			t.Errorf("%s is said to be no act, and is one", id)
		case action != "" && make == nil:
			t.Errorf("%s is the act %s, and this test does not know it", id, action)
		case action != "":
			t.Run(id, func(t *testing.T) {
				t.Parallel()
				h := newHub(t)
				h.account("acme", "")
				h.acting = "acme"
				testDeed(t, h, id, action, make(t, h))
			})
		}
	}
}

func testDeed(t *testing.T, h *hub, id, action string, d deed) {
	actor := h.actor(d.by)
	var as []option
	if d.by != nil {
		as = append(as, d.by.here())
	}
	if id == "export-audit" { // the record itself begins this act, and there is no way to make it fail but its end
		done := h.call(d.method, d.path, d.body, as...)
		h.holdRecord(t, action, d, actor, done)
		refused := h.call(d.method, d.path, d.body, as...)
		holdRefusal(t, refused)
		return
	}
	before := h.look(d.by)
	h.record.fails.Store(true)
	holdRefusal(t, h.call(d.method, d.path, d.body, as...))
	h.record.fails.Store(false)
	if diff := cmp.Diff(before, h.look(d.by)); diff != "" {
		t.Errorf("without a record, something happened all the same (-before +after):\n%s", diff)
	}
	if d.idle != nil && !d.idle() {
		t.Error("without a record, it was done all the same")
	}
	done := h.call(d.method, d.path, d.body, as...)
	if d.idle != nil && d.idle() {
		t.Error("it was not done with a record either: this test looks at the wrong place")
	}
	h.holdRecord(t, action, d, actor, done)
}

// actor is what the record is to say of who acts.
func (h *hub) actor(by *person) map[string]string {
	h.t.Helper()
	if by != nil {
		return map[string]string{"kind": "user", "id": by.id, "name": by.email, "account": string(by.account), "address": "192.0.2.1"}
	}
	me := h.want(200, "GET", "/api/v1/me", "")
	return map[string]string{"kind": "key", "id": me.get("id").Str, "name": "test", "account": "default", "address": "192.0.2.1"}
}

// holdRefusal holds the answer to an act that cannot be written down to what the issue of such answers is.
func holdRefusal(t *testing.T, r reply) {
	t.Helper()
	if r.StatusCode != 503 || r.get("error").Str != "AUDIT_UNAVAILABLE" || r.Header.Get("Content-Type") != problemType ||
		r.Header.Get("Retry-After") == "" || len(r.Cookies()) != 0 {
		t.Errorf("without a record it answers %d %v %s", r.StatusCode, r.Header, r.body)
	}
}

// holdRecord ends the record, so that outcomes are in it, and looks for the act.
func (h *hub) holdRecord(t *testing.T, action string, d deed, actor map[string]string, done reply) {
	t.Helper()
	if done.StatusCode >= 300 {
		t.Fatalf("it answered %d %s", done.StatusCode, done.body)
	}
	if err := h.record.Close(); err != nil {
		t.Fatal(err)
	}
	account := d.account
	if account == "" {
		account = "acme"
	}
	// Not over the API: nobody acts in an account that was just closed.
	acts, _, err := h.record.Acts(t.Context(), store.AuditFilter{Account: account, Action: action}, store.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(acts)
	if err != nil {
		t.Fatal(err)
	}
	got := gjson.GetBytes(text, "0")
	if got.Get("action").Str != action || got.Get("outcome").Str != "ok" {
		t.Fatalf("the newest %s of %s is %s", action, account, text)
	}
	said := map[string]string{}
	for name, v := range got.Get("actor").Map() {
		said[name] = v.Str
	}
	if diff := cmp.Diff(actor, said); diff != "" {
		t.Errorf("the actor (-want +got):\n%s", diff)
	}
	if d.target != "" && got.Get("target").Str != d.target {
		t.Errorf("the target is %s, want %s", got.Get("target"), d.target)
	}
	if at := got.Get("at").Time(); time.Since(at) > time.Minute || got.Get("took_ms").Num < 0 {
		t.Errorf("the times are %s", got.Raw)
	}
	for _, secret := range []string{canarySecret, canaryHeader, goodPassword, h.admin, done.get("key").Str, done.get("secret").Str, done.get("codes.0").Str} {
		if secret != "" && strings.Contains(got.Raw, secret) {
			t.Errorf("the record holds a secret: %s", got.Raw)
		}
	}
}

// look gives everything that can be read in acme, and what is stored of its people, without what reading itself
// changes.
func (h *hub) look(by *person) map[string]any {
	h.t.Helper()
	seen := map[string]any{}
	for _, path := range []string{
		"integrations", "sources", "api-keys", "users", "accounts", "projects", "mapping-rules", "alerts", "incidents", "incident-rules", "silences", "blocks", "never-block", "response-policy", "response-rules", "secrets", "mailbox", "deliveries", "audit", "stats",
	} {
		seen[path] = h.settled(h.want(200, "GET", "/api/v1/"+path, "").body)
	}
	if by != nil {
		for _, path := range []string{"me", "me/sessions"} {
			seen[path] = h.settled(h.want(200, "GET", "/api/v1/"+path, "", by.here()).body)
		}
	}
	rows, _, err := h.store.ListUsers(h.t.Context(), "acme", "", store.Page{Limit: 100})
	if err != nil {
		h.t.Fatal(err)
	}
	seen["rows"] = fmt.Sprintf("%+v", rows)
	return seen
}

// restless are members that change by being looked at, or with time.
var restless = []string{"last_used_at", "last_used_ip", "last_seen_at", "now", "outcome", "took_ms", "error"}

func (h *hub) settled(text string) any {
	var strip func(any) any
	strip = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for name := range v {
				if slices.Contains(restless, name) {
					delete(v, name)
					continue
				}
				v[name] = strip(v[name])
			}
		case []any:
			for i := range v {
				v[i] = strip(v[i])
			}
		}
		return v
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		h.t.Fatal(err)
	}
	return strip(v)
}

// TestResetIsWholeOrNothing: taking the second factor away and making a link are two acts; if either cannot be written
// down, the person is as before.
func TestResetIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.account("acme", "")
	p := h.person("acme", identity.RoleViewer)
	p.secondFactor()
	h.acting = "acme"
	before := h.look(p)
	for _, action := range []string{"user.reset", "user.totp_disable"} {
		h.record.failOn.Store(action)
		holdRefusal(t, h.call("POST", "/api/v1/users/"+p.id+"/reset?second_factor=true", ""))
		after := h.look(p)
		delete(before, "audit")
		delete(after, "audit")
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("without %s (-before +after):\n%s", action, diff)
		}
	}
}

// TestSigningInIsRecorded: the two ways to a session, and failing at them, are in the record; without one nobody comes
// in.
func TestSigningInIsRecorded(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	p := h.person(event.DefaultAccount, identity.RoleViewer)
	link := h.want(201, "POST", "/api/v1/users/"+p.id+"/reset", "").get("link").Str
	redeem := func() reply {
		return h.call("POST", "/api/v1/setup", `{"token":"`+linkToken(t, link)+`","password":"basalt otters paint windmills"}`, withKey(""))
	}
	h.record.fails.Store(true)
	holdRefusal(t, p.signIn(""))
	holdRefusal(t, redeem())
	wrong := p.signIn("", func(r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader(`{"email":"` + p.email + `","password":"dunno"}`))
	})
	if wrong.StatusCode != 401 {
		t.Errorf("a wrong password without a record answers %d %s", wrong.StatusCode, wrong.body)
	}
	h.record.fails.Store(false)
	if n := h.want(200, "GET", "/api/v1/me/sessions", "", p.here()).get("items.#").Int(); n != 1 {
		t.Errorf("there are %d sessions", n)
	}
	if r := p.signIn(""); r.StatusCode != 200 { // the password is as it was
		t.Errorf("got %s", r.body)
	}
	h.want(401, "POST", "/api/v1/session", `{"email":"`+p.email+`","password":"dunno"}`, withKey(""))
	if r := redeem(); r.StatusCode != 200 { // the link is not used up
		t.Errorf("got %s", r.body)
	}
	if err := h.record.Close(); err != nil {
		t.Fatal(err)
	}
	r := h.want(200, "GET", "/api/v1/audit?action=user.*&limit=3", "")
	if got := r.get("items.#.action").Raw + r.get("items.#.outcome").Raw; got != `["user.password_change","user.sign_in_failed","user.sign_in"]["ok","refused","ok"]` {
		t.Errorf("the record is %s", r.body)
	}
	for i, want := range []string{p.id, "", p.id} {
		if got := r.get(fmt.Sprintf("items.%d.actor.id", i)).Str; got != want {
			t.Errorf("entry %d is of %q, want %q: %s", i, got, want, r.body)
		}
	}
	for _, secret := range []string{"dunno", p.token, p.csrf, goodPassword, "basalt", "tsl_", "tss_"} {
		if strings.Contains(r.body, secret) {
			t.Errorf("the record holds %q: %s", secret, r.body)
		}
	}
}
