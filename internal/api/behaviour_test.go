package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

var errNewer = deliver.ErrNewerDelivered

func TestKeysAndScopes(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	r := h.want(401, "GET", "/api/v1/integrations", "", withKey(""))
	if !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Bearer") || r.Header.Get("Content-Type") != problemType {
		t.Errorf("without a key: %v", r.Header)
	}
	h.want(401, "GET", "/api/v1/integrations", "", withKey("tsk_live_wrong"))
	reader := h.key(event.DefaultAccount, identity.IntegrationsRead)
	r = h.want(403, "POST", "/api/v1/integrations", webhookBody("x", "https://x.example.com"), withKey(reader))
	if !strings.Contains(r.get("detail").Str, "integrations:write") {
		t.Errorf("403 says %s", r.body)
	}
	// The key is checked before the body is read.
	h.want(403, "POST", "/api/v1/integrations", `{broken`, withKey(reader))
	h.want(200, "GET", "/api/v1/connectors", "", withKey(reader))
	h.want(403, "GET", "/api/v1/api-keys", "", withKey(reader))
}

// TestOtherAccounts tries every operation about one thing with a key of another account.
func TestOtherAccounts(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	path := h.webhook("x", "https://x.example.com")
	e := h.engine.add(t, event.DefaultAccount, `{"type":"alert.created"}`)
	d := h.engine.deliverOne(event.DefaultAccount, "mailbox")
	job := h.want(202, "POST", "/api/v1/mailbox/replay", `{"filter":{}}`).get("id").Str
	key := h.want(201, "POST", "/api/v1/api-keys", `{"name":"k","scopes":["events:read"]}`).get("id").Str
	project, owner := h.project("web"), h.person(event.DefaultAccount, identity.RoleOwner)
	session := h.want(200, "GET", "/api/v1/me/sessions", "", owner.here()).get("items.0.id").Str
	sourcePath := h.source("x")
	alert := h.storedAlert(event.DefaultAccount, "a")
	incidentPath := h.incident("x", alert)
	file := h.want(201, "POST", incidentPath+"/attachments?name=a.txt", "a file").get("id").Str
	fence := h.responder("edge", newFirewall(t))
	h.account("other", "")
	values := map[string]string{
		"/api/v1/integrations/{id}": path, "/api/v1/events/{id}": "/api/v1/events/" + e.ID.Text(event.PrefixEvent),
		"/api/v1/deliveries/{id}": "/api/v1/deliveries/" + d.ID.Text(event.PrefixDelivery),
		"/api/v1/jobs/{id}":       "/api/v1/jobs/" + job,
		"/api/v1/api-keys/{id}":   "/api/v1/api-keys/" + key, "/api/admin/api-keys/{id}": "/api/admin/api-keys/" + key,
		"/api/v1/sources/{id}": sourcePath, "/api/v1/projects/{id}": project, "/api/v1/users/{id}": "/api/v1/users/" + owner.id,
		"/api/v1/alerts/{id}":        h.alert(event.DefaultAccount, `{"type":"alert.created"}`),
		"/api/v1/mapping-rules/{id}": h.mappingRule("noise"), "/api/v1/silences/{id}": h.silence(), "/api/v1/me/sessions/{id}": "/api/v1/me/sessions/" + session,
		"/api/v1/incident-rules/{id}":                 h.incidentRule("x"),
		"/api/v1/blocks/{id}":                         h.block("203.0.113.7"),
		"/api/v1/never-block/{id}":                    h.neverBlock("198.51.100.0/24"),
		"/api/v1/response-rules/{id}":                 h.responseRule("x"),
		"/api/v1/responders/{id}":                     respondersBase + "/" + fence,
		"/api/v1/incidents/{number}/alerts/{id}":      incidentPath + "/alerts/" + alert.Text(event.PrefixAlert),
		"/api/v1/incidents/{number}/attachments/{id}": incidentPath + "/attachments/" + file,
	}
	bodies := map[string]string{
		"update-integration": `{"name":"stolen"}`, "preview-integration": `{"event_type":"alert.created"}`,
		"note-alert": `{"text":"x"}`, "rate-alert": `{"severity":"low"}`,
		"update-source": `{"name":"stolen"}`, "test-source": `{"sample":{}}`, "update-project": `{"title":"stolen"}`,
		"backfill-integration": `{"from":"2026-01-20T00:00:00Z"}`, "update-mapping-rule": `{"name":"stolen"}`, "update-incident-rule": `{"name":"stolen"}`, "update-silence": `{"reason":"stolen"}`, "update-user": `{"role":"viewer"}`,
		"send-digest": `{}`, "update-response-rule": `{"name":"stolen"}`, "change-block": `{"ttl":"1h"}`, "change-never-block": `{"reason":"stolen"}`,
	}
	stranger, somebody := withKey(h.key("other", identity.Admin)), h.person("other", identity.RoleOwner)
	for id, o := range documented(t, h.server.api.OpenAPI()) {
		prefix, rest, _ := strings.Cut(o.Path, "{id}")
		if !strings.Contains(o.Path, "{id}") {
			continue
		}
		base, known := values[prefix+"{id}"]
		if !known {
			t.Errorf("%s: this test knows no thing at %s", id, o.Path)
			continue
		}
		for _, bad := range []string{base, base[:strings.LastIndex(base, "/")] + "/not-an-id"} {
			as := stranger
			if id == "end-session" { // only people have sessions
				as = somebody.here()
			}
			r := h.call(o.Method, bad+rest, bodies[id], as)
			empty := id == "list-integration-deliveries" && r.StatusCode == 200 && r.get("items.#").Int() == 0
			if r.StatusCode != 404 && !empty {
				t.Errorf("%s of another account answers %d: %s", id, r.StatusCode, r.body)
			}
		}
	}
	for _, p := range []string{"integrations", "sources", "events", "deliveries", "mailbox", "jobs", "projects", "mapping-rules", "alerts", "incidents", "incident-rules", "silences", "blocks", "never-block", "responders", "response-rules"} {
		if r := h.want(200, "GET", "/api/v1/"+p, "", stranger); r.get("items.#").Int() != 0 {
			t.Errorf("%s of another account lists %s", p, r.body)
		}
	}
	for _, p := range []string{"api-keys", "users", "audit", "accounts"} {
		for _, as := range []option{stranger, somebody.here()} {
			if r := h.want(200, "GET", "/api/v1/"+p, "", as); strings.Contains(r.body, owner.id) || strings.Contains(r.body, key) || r.get(`items.#(name=="default")`).Exists() {
				t.Errorf("%s of another account lists %s", p, r.body)
			}
		}
	}
	h.want(200, "GET", path, "")
}

func TestFieldErrors(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		want                     []string
	}{
		{"all at once", "POST", "/api/v1/integrations", `{"kind":"splunk","name":"","colour":1,"settings":{"url":"nope","tken":"x"},"subscription":{"types":["a b"]}}`, 422,
			[]string{"colour", "name", "settings.url", "settings.token", "settings.tken", "subscription.types.0"}},
		{"kind", "POST", "/api/v1/integrations", `{}`, 422, []string{"kind"}},
		{"unknown field", "POST", "/api/v1/mailbox/replay", `{"filter":{"colour":1}}`, 422, []string{"filter.colour"}},
		{"other letter case", "POST", "/api/v1/api-keys", `{"Name":"x","name":"y","scopes":["admin"]}`, 422, []string{"Name"}},
		{"wrong type", "POST", "/api/v1/mailbox/discard", `{"ids":[7],"reason":7}`, 422, []string{"ids.0", "reason"}},
		{"missing", "POST", "/api/v1/api-keys", `{}`, 422, []string{"name", "scopes"}},
		{"name twice", "POST", "/api/v1/api-keys", `{"name":"x","name":"y"}`, 400, []string{"name"}},
		{"unknown parameter", "GET", "/api/v1/integrations?colour=red", ``, 422, []string{"colour"}},
		{"limit", "GET", "/api/v1/integrations?limit=501", ``, 422, []string{"limit"}},
		{"cursor", "GET", "/api/v1/integrations?cursor=nonsense", ``, 422, []string{"cursor"}},
		{"not an object", "POST", "/api/v1/integrations", `[]`, 422, []string{""}},
		{"null", "POST", "/api/v1/integrations", `null`, 422, []string{""}},
	} {
		r := h.call(tt.method, tt.path, tt.body)
		if r.StatusCode != tt.status || r.Header.Get("Content-Type") != problemType {
			t.Errorf("%s: answered %d %s: %s", tt.name, r.StatusCode, r.Header.Get("Content-Type"), r.body)
		}
		if diff := cmp.Diff(tt.want, r.fields()); diff != "" {
			t.Errorf("%s: fields (-want +got):\n%s%s", tt.name, diff, r.body)
		}
	}
	r := h.want(422, "POST", "/api/v1/integrations", `{"kind":"webhook","name":"x","settings":{}}`)
	if r.get("errors.0.location").Str != "body.settings.url" || r.get("detail").Str != "settings.url: is required" {
		t.Errorf("got %s", r.body)
	}
}

func TestBadBodies(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	const path = "/api/v1/integrations"
	deep := strings.Repeat(`{"a":`, 100_000)
	for name, tt := range map[string]struct {
		body   string
		status int
	}{
		"cut":        {`{"kind":"web`, 400},
		"two values": {`{} {}`, 400},
		"not UTF-8":  {"{\"name\":\"\xff\"}", 400},
		"deep":       {deep, 422},
		"deep array": {strings.Repeat("[", 100_000), 422},
		"large":      {`{"name":"` + strings.Repeat("x", MaxBodyBytes) + `"}`, 413},
		"space":      {" \n", 400},
	} {
		if r := h.call("POST", path, tt.body); r.StatusCode != tt.status || r.get("status").Int() != int64(tt.status) {
			t.Errorf("%s: answered %d: %.300s", name, r.StatusCode, r.body)
		}
	}
	h.want(415, "POST", path, `a=b`, withHeader("Content-Type", "application/x-www-form-urlencoded"))
	h.want(422, "PATCH", h.webhook("x", "https://x.example.com"), `{"name":""}`, withHeader("Content-Type", "application/merge-patch+json"))
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	path := h.webhook("x", "https://x.example.com")
	for tag, status := range map[string]int{`"7"`: 412, `W/"1"`: 412, `1`: 412, `nonsense`: 412} {
		h.want(status, "PATCH", path, `{"owner":"a"}`, withHeader("If-Match", tag))
	}
	h.want(200, "PATCH", path, `{"owner":"a"}`, withHeader("If-Match", `"1"`))
	h.want(412, "PATCH", path, `{"owner":"b"}`, withHeader("If-Match", `"1"`))
	h.want(200, "PATCH", path, `{"owner":"b"}`, withHeader("If-Match", `*`))
	if r := h.want(200, "PATCH", path, `{"owner":"c"}`); r.get("version").Int() != 4 {
		t.Errorf("got %s", r.body)
	}
}

// TestSecretsStayInside sends secrets in every way there is and looks for them in every answer.
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	url, _ := echo(t)
	path := h.webhook("x", url)
	var answers []string
	add := func(r reply) {
		head := &strings.Builder{}
		_ = r.Header.Write(head)
		answers = append(answers, r.first()+head.String()+r.body)
	}
	settings := `"settings":{"url":"` + url + `","signing_secret":"` + canarySecret + `","headers":[{"name":"X-Secret","value":"` + canaryHeader + `","secret":true}]`
	add(h.call("GET", path, ""))
	add(h.call("GET", "/api/v1/integrations", ""))
	add(h.call("PATCH", path, `{"name":"y",`+settings+`}}`))
	add(h.call("POST", path+"/test", `{}`))
	add(h.call("POST", path+"/test", `{"event_type":"alert.created"}`))
	add(h.call("POST", path+"/preview", `{"event_type":"alert.created"}`))
	add(h.call("POST", "/api/v1/integrations/test", `{"kind":"webhook",`+settings+`},"event_type":"alert.created"}`))
	// Wrong bodies that hold secrets.
	add(h.call("POST", "/api/v1/integrations", `{"kind":"webhook",`+settings+`,"colour":1}}`))
	add(h.call("POST", "/api/v1/integrations", `{"kind":"webhook","`+canarySecret[:20]+`":1,`+settings))
	add(h.call("POST", "/api/v1/integrations/test", `{"kind":7,`+settings+`},"extra":"`+canarySecret+`"}`))
	add(h.call("POST", "/api/v1/integrations/test", `{"kind":"webhook","settings":"`+canarySecret+`"}`))
	add(h.call("POST", "/api/v1/integrations", `{"kind":"webhook","name":"z","settings":{"url":"https://x.example.com","signing_secret":["`+canarySecret+`"],"method":"`+canarySecret+`"}}`))
	add(h.call("DELETE", path, ""))
	h.engine.panics = true
	add(h.call("GET", "/api/v1/deliveries", ""))
	for _, a := range answers {
		if strings.Contains(a, canarySecret) || strings.Contains(a, canaryHeader) {
			t.Errorf("an answer holds a secret: %s", a)
		}
	}
}

// first keeps the reader of a failure from guessing which answer it was.
func (r reply) first() string { return r.Status + "\n" }

func TestSecretsSurviveAPatch(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	path := h.webhook("x", "https://soc.example.com/old")
	before := h.want(200, "GET", path, "").get("settings").Raw
	// The whole object goes back as it was read, with another path on the same host.
	h.want(200, "PATCH", path, `{"settings":`+strings.Replace(before, "/old", "/new", 1)+`}`)
	r := h.want(200, "POST", path+"/preview", `{"event_type":"alert.created"}`)
	if r.get("request.url").Str != "https://soc.example.com/new" || r.get("request.headers.X-Tocsin-Signature").Str == "" ||
		r.get("request.headers.X-Secret").Str != "********" {
		t.Errorf("the secrets are lost: %s", r.body)
	}
	r = h.want(200, "PATCH", path, `{"settings":{"signing_secret":null}}`)
	if r.get("settings.signing_secret").Exists() || r.get(`warnings.#(field=="settings.signing_secret").message`).Str == "" {
		t.Errorf("null did not remove the secret: %s", r.body)
	}
}

// TestAnotherHostVoidsSecrets: whoever may change a destination must not be able to send the secrets there.
func TestAnotherHostVoidsSecrets(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	url, got := echo(t)
	path := h.webhook("x", "https://soc.example.com/hook")
	before := h.want(200, "GET", path, "").get("settings").Raw
	// Trying the other host with the stored secrets, without saving it, sends nothing either.
	h.want(422, "POST", path+"/test", `{"settings":{"url":"`+url+`"},"event_type":"alert.created"}`)
	r := h.want(200, "PATCH", path, `{"settings":`+strings.Replace(before, "https://soc.example.com/hook", url, 1)+`}`)
	if r.get("voided").Raw != `["headers.0.value","signing_secret"]` {
		t.Errorf("got %s", r.body)
	}
	if v := h.want(200, "GET", "/api/v1/secrets", "").get("voided.0.settings").Raw; v != `["headers.0.value","signing_secret"]` {
		t.Errorf("the operator sees %s", v)
	}
	for _, verb := range []string{"/test", "/preview"} {
		h.want(422, "POST", path+verb, `{"event_type":"alert.created"}`)
	}
	// Back to the old host: what was given up stays given up.
	if r := h.want(200, "PATCH", path, `{"settings":{"url":"https://soc.example.com/hook"}}`); r.get("voided.#").Int() != 2 {
		t.Errorf("got %s", r.body)
	}
	h.want(200, "PATCH", path, `{"settings":{"url":"`+url+`"}}`)
	r = h.want(200, "PATCH", path, `{"settings":{"signing_secret":"`+canarySecret+`","headers":[{"name":"X-Secret","value":"`+canaryHeader+`","secret":true}]}}`)
	if r.get("voided").Exists() || r.get("settings.signing_secret").Str != "********" {
		t.Errorf("entering them again gave %s", r.body)
	}
	select {
	case body := <-got:
		t.Fatalf("the new host was sent %s", body)
	default:
	}
	if r := h.want(200, "POST", path+"/test", `{"event_type":"alert.created"}`); !r.get("ok").Bool() {
		t.Errorf("got %s", r.body)
	}
	<-got
	// Or clearing them.
	h.want(200, "PATCH", path, `{"settings":{"url":"https://third.example.com"}}`)
	if r := h.want(200, "PATCH", path, `{"settings":{"signing_secret":null,"headers":[]}}`); r.get("voided").Exists() {
		t.Errorf("clearing them gave %s", r.body)
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.engine.panics = true
	for path, status := range map[string]int{
		"/": 302, "/api/docs": 200, "/api/docs/style.css": 200, "/api/docs/script.js": 200, "/api/openapi.json": 200,
		"/api/openapi.yaml": 200, "/api/v1/integrations": 200, "/api/v1/nothing": 404, "/api/v1/deliveries": 500, "/nothing": 404,
	} {
		r := h.want(status, "GET", path, "")
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"} {
			if r.Header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, r.Header.Get(name))
			}
		}
		if csp := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
			t.Errorf("%s: the policy is %q", path, csp)
		}
		if strings.HasPrefix(path, "/api/v1/") && r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept", path)
		}
	}
	if r := h.want(405, "PUT", "/api/v1/integrations", `{}`); r.Header.Get("Content-Type") != problemType || r.Header.Get("Allow") != "GET, POST" {
		t.Errorf("405 is %v", r.Header)
	}
	if r := h.call("GET", "/api/v1/deliveries", ""); r.StatusCode != http.StatusInternalServerError || strings.Contains(r.body, "bug") {
		t.Errorf("a panic answers %s", r.body)
	}
	h.want(200, "HEAD", "/api/docs", "")
	if !strings.Contains(h.log.String(), "a handler panicked") {
		t.Error("a panic is not logged")
	}
}
