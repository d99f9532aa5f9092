package api

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/gate"
)

// holdRate holds an answer's headers to a limit of which so much is left.
func holdRate(t *testing.T, r reply, limit, remaining int) {
	t.Helper()
	reset, err := strconv.ParseInt(r.Header.Get("X-RateLimit-Reset"), 10, 64)
	if r.Header.Get("X-RateLimit-Limit") != strconv.Itoa(limit) || r.Header.Get("X-RateLimit-Remaining") != strconv.Itoa(remaining) ||
		err != nil || reset < time.Now().Unix()-1 || reset > time.Now().Unix()+61 {
		t.Errorf("with %d of %d left it answered %d with %v", remaining, limit, r.StatusCode, r.Header)
	}
}

// holdLimited holds an answer above a limit to what programs look at.
func holdLimited(t *testing.T, r reply, says ...string) {
	t.Helper()
	after := r.get("retry_after").Int()
	if r.StatusCode != 429 || r.get("error").Str != "RATE_LIMITED" || r.get("message").Str == "" || after < 1 || after > 900 ||
		r.Header.Get("Retry-After") != strconv.FormatInt(after, 10) || r.Header.Get("Content-Type") != problemType {
		t.Errorf("above a limit it answered %d %v %s", r.StatusCode, r.Header, r.body)
	}
	for _, s := range says {
		if !strings.Contains(r.get("message").Str, s) {
			t.Errorf("the message is %q and does not say %q", r.get("message").Str, s)
		}
	}
}

func TestKeyLimit(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	key := withKey(h.want(201, "POST", "/api/v1/api-keys", `{"name":"slow","scopes":["integrations:read"],"rate_limit":3}`).get("key").Str)
	holdRate(t, h.want(200, "GET", "/api/v1/integrations", "", key), 3, 2)
	holdRate(t, h.want(403, "GET", "/api/v1/api-keys", "", key), 3, 1) // what is refused counts, too
	holdRate(t, h.want(404, "GET", "/api/v1/integrations/x", "", key), 3, 0)
	for range 2 {
		r := h.call("GET", "/api/v1/integrations", "", key)
		holdLimited(t, r, "3 requests a minute")
		holdRate(t, r, 3, 0)
	}
	// The limit is asked about before the body is read.
	holdLimited(t, h.call("POST", "/api/v1/integrations", `{broken`, key))
	if r := h.want(200, "GET", "/api/v1/integrations", ""); r.Header.Get("X-RateLimit-Limit") != "" {
		t.Errorf("a key without a limit is told of one: %v", r.Header)
	}
	// Rotating or making another key is the way around it only for whoever may make keys.
	rotated := h.want(201, "POST", "/api/v1/api-keys", `{"name":"slow2","scopes":["integrations:read"],"rate_limit":1}`)
	next := h.want(201, "POST", "/api/v1/api-keys/"+rotated.get("id").Str+"/rotate", "")
	holdRate(t, h.want(200, "GET", "/api/v1/integrations", "", withKey(next.get("key").Str)), 1, 0)
	if r := h.want(422, "POST", "/api/v1/api-keys", `{"name":"x","scopes":["events:read"],"rate_limit":-1}`); r.fields()[0] != "rate_limit" {
		t.Errorf("got %s", r.body)
	}
}

func TestPlanLimit(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.want(201, "POST", "/api/v1/accounts", `{"name":"acme","plan":"free"}`) // 30 requests a minute
	key, inside := withKey(h.key("acme", identity.Admin)), actIn("acme")
	holdRate(t, h.want(200, "GET", "/api/v1/account", "", key), 30, 29)
	another := withKey(h.key("acme", identity.EventsRead))
	for n := 28; n >= 1; n-- {
		holdRate(t, h.want(200, "GET", "/api/v1/events", "", another), 30, n) // the account's keys share it
	}
	holdRate(t, h.want(200, "GET", "/api/v1/account", "", inside), 30, 0) // and so does whoever acts in it
	for _, who := range []option{key, another, inside} {
		r := h.call("GET", "/api/v1/account", "", who)
		holdLimited(t, r, `"free"`, "30 requests per minute", `"starter" allows more`)
		holdRate(t, r, 30, 0)
	}
	if r := h.want(200, "GET", "/api/v1/account", ""); r.Header.Get("X-RateLimit-Limit") != "" { // the operator's own has no limit
		t.Errorf("got %v", r.Header)
	}
	// The tighter of two limits is the one that is shown.
	h.want(201, "POST", "/api/v1/accounts", `{"name":"beta","plan":"free"}`)
	both := h.want(201, "POST", "/api/v1/api-keys", `{"name":"k","scopes":["events:read"],"rate_limit":2}`, actIn("beta")).get("key").Str
	holdRate(t, h.want(200, "GET", "/api/v1/events", "", withKey(both)), 2, 1)
}

func TestAddressLimits(t *testing.T) {
	t.Parallel()
	h := newHubWith(t, func(d *Deps) {
		g := d.Gate.Deps
		g.AddressPerMinute, g.FailuresPerMinute = 8, 2
		d.Gate = gate.New(g)
	})
	holdRate(t, h.want(200, "GET", "/api/v1/me", ""), 8, 7)
	for n := range 2 {
		holdRate(t, h.want(401, "GET", "/api/v1/me", "", withKey("nonsense"+strconv.Itoa(n))), 8, 6-n)
	}
	holdLimited(t, h.call("GET", "/api/v1/me", "", withKey("nonsense")), "failed to authenticate")
	h.want(200, "GET", "/api/v1/me", "") // a good key from the same address
	for range 3 {
		h.want(200, "GET", "/api/v1/me", "")
	}
	r := h.call("GET", "/api/v1/me", "")
	holdLimited(t, r, "8 requests a minute")
	holdRate(t, r, 8, 0)
}

// TestSignInLimit: guessing is slowed down, and the right password does not come through from where it was guessed.
func TestSignInLimit(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.person(event.DefaultAccount, identity.RoleViewer)
	try := func(address, password string) reply {
		return h.call("POST", "/api/v1/session", `{"email":"viewer@default.example","password":"`+password+`"}`, withKey(""), from(address))
	}
	for range 5 {
		if r := try("198.51.100.7", "not the password"); r.StatusCode != 401 {
			t.Fatalf("got %d %s", r.StatusCode, r.body)
		}
	}
	holdLimited(t, try("198.51.100.7", "not the password"))
	holdLimited(t, try("198.51.100.7", goodPassword))
	if r := try("203.0.113.9", goodPassword); r.StatusCode != 200 { // nobody is locked out by somebody else
		t.Errorf("from elsewhere: %d %s", r.StatusCode, r.body)
	}
}

// from makes a request come from another address.
func from(address string) option {
	return func(r *http.Request) { r.RemoteAddr = address + ":40000" }
}

// TestPlanRefusesConnectors: what a plan lacks is refused wherever an integration would begin to send, by a sentence
// that names the plans that have it.
func TestPlanRefusesConnectors(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.want(201, "POST", "/api/v1/accounts", `{"name":"acme","plan":"pro"}`)
	h.acting = "acme"
	path := h.webhook("x", "https://x.example.com")
	h.want(200, "POST", path+"/disable", "")
	h.want(200, "PATCH", "/api/v1/accounts/acme", `{"plan":"starter"}`)
	for name, r := range map[string]reply{
		"create":           h.call("POST", "/api/v1/integrations", webhookBody("y", "https://y.example.com")),
		"create, disabled": h.call("POST", "/api/v1/integrations", strings.Replace(webhookBody("y", "https://y.example.com"), `"kind"`, `"enabled":false,"kind"`, 1)),
		"enable":           h.call("POST", path+"/enable", ""),
		"enable by change": h.call("PATCH", path, `{"enabled":true}`),
	} {
		if r.StatusCode != 403 || r.get("error").Str != "PLAN_LIMIT" {
			t.Errorf("%s answers %d %s", name, r.StatusCode, r.body)
		}
		for _, plan := range []string{`"starter"`, "webhook", `"pro"`, `"business"`} {
			if !strings.Contains(r.get("detail").Str, plan) {
				t.Errorf("%s says %q and not %s", name, r.get("detail").Str, plan)
			}
		}
	}
	if r := h.want(200, "GET", "/api/v1/integrations", ""); r.get("items.#").Int() != 1 || r.get("items.0.enabled").Bool() {
		t.Errorf("there is %s", r.body)
	}
	// What is there can be changed, read and deleted; what the plan has can be made.
	h.want(200, "PATCH", path, `{"owner":"soc"}`)
	h.want(201, "POST", "/api/v1/integrations", `{"kind":"capture","name":"inbox","settings":{}}`)
	h.want(200, "PATCH", "/api/v1/accounts/acme", `{"plan":"pro"}`)
	h.want(200, "POST", path+"/enable", "")
	h.want(204, "DELETE", path, "")
}

// TestActingIn: administrators act in the accounts below their own, the operator in all of them, and nobody else
// anywhere else.
func TestActingIn(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	tree(h)
	h.account("shut", "mssp")
	h.want(200, "POST", "/api/v1/accounts/shut/close", "")
	callers := map[string]option{
		"operator": withKey(h.admin), "operator's reader": withKey(h.key(event.DefaultAccount, identity.IntegrationsRead)),
		"operator's person": h.person(event.DefaultAccount, identity.RoleAdmin).here(),
		"parent":            withKey(h.key("mssp", identity.Admin)), "parent's auditor": withKey(h.key("mssp", identity.AuditRead)),
		"parent's person": h.person("mssp", identity.RoleAdmin).here(), "parent's responder": h.person("mssp", identity.RoleResponder).here(),
		"child": withKey(h.key("acme", identity.Admin)), "grandchild": withKey(h.key("acme-eu", identity.Admin)),
		"sibling": withKey(h.key("other", identity.Admin)),
	}
	allowed := map[string]string{
		"operator": "default mssp acme acme-eu other", "operator's reader": "default", "operator's person": "default mssp acme acme-eu other",
		"parent": "mssp acme acme-eu", "parent's auditor": "mssp", "parent's person": "mssp acme acme-eu", "parent's responder": "mssp",
		"child": "acme acme-eu", "grandchild": "acme-eu", "sibling": "other",
	}
	refusals := map[string]bool{}
	for name, who := range callers {
		for _, account := range []event.Account{"default", "mssp", "acme", "acme-eu", "other", "shut", "nobody", "../mssp", "ACME", "acme,mssp", "*"} {
			r := h.call("GET", "/api/v1/me", "", who, actIn(account))
			if strings.Contains(" "+allowed[name]+" ", " "+string(account)+" ") {
				if r.StatusCode != 200 || r.get("account").Str != string(account) {
					t.Errorf("the %s in %s gets %d %s", name, account, r.StatusCode, r.body)
				}
				continue
			}
			if r.StatusCode != 403 || r.get("error").Str != "ACCOUNT_NOT_ALLOWED" {
				t.Errorf("the %s in %s gets %d %s", name, account, r.StatusCode, r.body)
			}
			refusals[r.body] = true
		}
	}
	if len(refusals) != 1 {
		t.Errorf("the refusals tell accounts apart: %v", refusals)
	}
	// What is done in another account is in that account.
	parent := callers["parent"]
	h.want(201, "POST", "/api/v1/projects", `{"name":"web"}`, parent, actIn("acme"))
	for account, want := range map[event.Account]int64{"acme": 1, "mssp": 0, "acme-eu": 0, "other": 0, "default": 0} {
		if r := h.want(200, "GET", "/api/v1/projects", "", actIn(account)); r.get("items.#").Int() != want {
			t.Errorf("%s has the projects %s", account, r.body)
		}
	}
	r := h.want(200, "GET", "/api/v1/audit?action=project.create", "", callers["child"])
	if r.get("items.0.actor.account").Str != "mssp" {
		t.Errorf("the child's record says %s", r.body)
	}
	// A key that is made in a child is the child's, with no more than that.
	made := h.want(201, "POST", "/api/v1/api-keys", `{"name":"k","scopes":["admin"]}`, parent, actIn("acme")).get("key").Str
	if r := h.want(200, "GET", "/api/v1/me", "", withKey(made)); r.get("home").Str != "acme" || r.get("operator").Bool() {
		t.Errorf("got %s", r.body)
	}
	h.want(403, "GET", "/api/v1/me", "", withKey(made), actIn("mssp"))
	// Acting in a child changes nothing about whoever acts.
	p := h.person("mssp", identity.RoleOwner)
	h.want(200, "GET", "/api/v1/me/sessions", "", p.here(), actIn("acme"))
	h.want(204, "POST", "/api/v1/me/password", fmt.Sprintf(`{"old":%q,"new":"basalt otters paint windmills"}`, p.password), p.here(), actIn("acme"))
	r = h.want(200, "GET", "/api/v1/audit?action=user.password_change&limit=1", "", actIn("mssp"))
	if r.get("items.0.target").Str != p.id {
		t.Errorf("the record says %s", r.body)
	}
}

// TestNobodyGivesWhatTheyLack: an administrator's key that may send some types only makes no key that may send others,
// and gets at none by rotating it.
func TestNobodyGivesWhatTheyLack(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	free := h.want(201, "POST", "/api/v1/api-keys", `{"name":"free","scopes":["events:write"]}`).get("id").Str
	bound := withKey(h.want(201, "POST", "/api/v1/api-keys", `{"name":"bound","scopes":["admin"],"event_types":["auth.*"]}`).get("key").Str)
	before := h.want(200, "GET", "/api/v1/api-keys", "").get("items.#").Int()
	for body, field := range map[string]string{
		`{"name":"k","scopes":["events:write"]}`:                                        "event_types",
		`{"name":"k","scopes":["admin"]}`:                                               "event_types",
		`{"name":"k","scopes":["events:write"],"event_types":["*"]}`:                    "event_types.0",
		`{"name":"k","scopes":["events:write"],"event_types":["auth.login","alert.*"]}`: "event_types.1",
	} {
		if r := h.want(422, "POST", "/api/v1/api-keys", body, bound); strings.Join(r.fields(), " ") != field {
			t.Errorf("%s answers %s", body, r.body)
		}
	}
	for _, base := range []string{"/api/v1/api-keys/", "/api/admin/api-keys/"} {
		if r := h.call("POST", base+free+"/rotate", "", bound); r.StatusCode != 422 || r.get("key").Exists() {
			t.Errorf("rotating a key that may do more answers %d %s", r.StatusCode, r.body)
		}
	}
	if after := h.want(200, "GET", "/api/v1/api-keys", "").get("items.#").Int(); after != before {
		t.Errorf("there were %d keys and are %d", before, after)
	}
	h.want(201, "POST", "/api/v1/api-keys", `{"name":"k","scopes":["events:write"],"event_types":["auth.login"]}`, bound)
	h.want(201, "POST", "/api/v1/api-keys", `{"name":"k","scopes":["events:read"]}`, bound)
}
