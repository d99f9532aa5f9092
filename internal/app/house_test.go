package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/config"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/account"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// house is a whole hub with three accounts: parent, its child, and other.
type house struct {
	t       *testing.T
	hub     *hub
	handler http.Handler
	keys    map[event.Account]string // an administrator's of each
	things  map[event.Account]things
}

// things are what an account has, by the beginning of the path that leads to them.
type things struct {
	paths   map[string]string // "/api/v1/integrations/{id}" → its id
	secrets []string          // texts that nobody outside may see
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseWith(t, func(*config.Config) {})
}

// newHouseWith makes one whose operator has configured something else.
func newHouseWith(t *testing.T, configure func(*config.Config)) *house {
	t.Helper()
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	cfg.Limits.FailuresPerMinute = 0 // the walk fails more often than a client may
	cfg.Egress.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	configure(&cfg)
	h, err := open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.serving.Store(true)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := h.deliver.Stop(ctx); err != nil {
			t.Error(err)
		}
		if err := h.close(); err != nil {
			t.Error(err)
		}
	})
	o := &house{t: t, hub: h, handler: h.handler(), keys: map[event.Account]string{}, things: map[event.Account]things{}}
	for _, a := range []struct{ name, parent string }{{"parent", ""}, {"child", "parent"}, {"other", ""}} {
		if _, err := h.trust.accounts.Create(t.Context(), account.Input{Name: &a.name, Parent: &a.parent}); err != nil {
			t.Fatal(err)
		}
		o.keys[event.Account(a.name)] = o.key(event.Account(a.name), identity.Admin)
	}
	o.keys[event.DefaultAccount] = o.key(event.DefaultAccount, identity.Admin)
	for name := range o.keys {
		o.furnish(name)
	}
	return o
}

func (o *house) key(account event.Account, scopes ...identity.Scope) string {
	o.t.Helper()
	_, secret, err := o.hub.trust.keys.Create(o.t.Context(), account, identity.KeySpec{Name: "walk", Scopes: scopes})
	if err != nil {
		o.t.Fatal(err)
	}
	return secret.Reveal()
}

// deadKey puts a key into the store that was valid once.
func (o *house) deadKey(account event.Account, change func(*store.Key)) string {
	o.t.Helper()
	text := "tsk_live_00000000_" + strings.ToLower(event.NewID().Text("x"))
	k := store.Key{
		ID: event.NewID(), Account: account, Name: "dead", Prefix: "tsk_live_00000000", Hash: sha256.Sum256([]byte(text)),
		Scopes: []string{"admin"}, CreatedAt: time.Now().Add(-48 * time.Hour),
	}
	change(&k)
	if err := o.hub.store.CreateKey(o.t.Context(), k); err != nil {
		o.t.Fatal(err)
	}
	return text
}

type answer struct {
	status int
	body   string
}

func (o *house) call(method, path, body string, headers ...string) answer {
	r := httptest.NewRequestWithContext(o.t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	o.handler.ServeHTTP(w, r)
	return answer{w.Code, w.Body.String()}
}

func (o *house) must(account event.Account, method, path, body string) gjson.Result {
	o.t.Helper()
	a := o.call(method, path, body, "X-API-Key", o.keys[account])
	if a.status >= 300 {
		o.t.Fatalf("%s %s answered %d: %s", method, path, a.status, a.body)
	}
	return gjson.Parse(a.body)
}

// exempt is what no block of an account touches.
var exempt = map[event.Account]string{"parent": "198.51.100.1", "child": "198.51.100.2", "other": "198.51.100.3", event.DefaultAccount: "198.51.100.4"}

// furnish gives an account one of everything.
func (o *house) furnish(name event.Account) {
	o.t.Helper()
	mark := func(what string) string { return "canary-" + string(name) + "-" + what }
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close() // nobody answers there any more
	integration := o.must(name, "POST", "/api/v1/integrations", fmt.Sprintf(
		`{"kind":"webhook","name":%q,"owner":%q,"settings":{"url":%q},"subscription":{"types":["alert.*"]},"delivery":{"retry":{"schedule":["0s"]}}}`,
		mark("integration"), mark("owner"), dead.URL)).Get("id").Str
	project := o.must(name, "POST", "/api/v1/projects", fmt.Sprintf(`{"name":"web","title":%q}`, mark("project"))).Get("id").Str
	rule := o.must(name, "POST", "/api/v1/mapping-rules", fmt.Sprintf(`{"name":%q,"when":"event.title == \"never\"","drop":true}`, mark("rule"))).Get("id").Str
	silence := o.must(name, "POST", "/api/v1/silences", fmt.Sprintf(`{"where":"event.title == \"never\"","reason":%q,"ends_at":%q}`,
		mark("silence"), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))).Get("id").Str
	user := o.must(name, "POST", "/api/v1/users", fmt.Sprintf(`{"email":"%s@example.com","name":%q,"role":"analyst"}`, name, mark("user"))).Get("user.id").Str
	key := o.must(name, "POST", "/api/v1/api-keys", fmt.Sprintf(`{"name":%q,"scopes":["events:read"]}`, mark("key"))).Get("id").Str
	ev := o.must(name, "POST", "/api/v1/events", fmt.Sprintf(`{"type":"alert.created","title":%q}`, mark("event"))).Get("ids.0").Str
	delivery := o.waitForMailbox(name)
	source := o.must(name, "POST", "/api/v1/sources", fmt.Sprintf(
		`{"name":%q,"dialect":"native","labels":{"x":%q},"auth":{"method":"header","header":"X-Token","secret":%q}}`,
		mark("source"), mark("label"), mark("secret"))).Get("id").Str
	job := o.must(name, "POST", "/api/v1/mailbox/replay", `{"filter":{}}`).Get("id").Str
	caseRule := o.must(name, "POST", "/api/v1/incident-rules", fmt.Sprintf(`{"name":%q}`, mark("case rule"))).Get("id").Str
	o.must(name, "POST", "/api/v1/incidents", fmt.Sprintf(`{"title":%q,"description":%q,"tags":[%q]}`, mark("incident"), mark("description"), mark("tag")))
	o.must(name, "POST", "/api/v1/incidents/INC-1/notes", fmt.Sprintf(`{"text":%q}`, mark("note")))
	file := o.must(name, "POST", "/api/v1/incidents/INC-1/attachments?name="+mark("file"), mark("content")).Get("id").Str
	fence := o.must(name, "POST", "/api/v1/integrations", fmt.Sprintf(
		`{"kind":"responder","name":%q,"settings":{"url":%q,"signing_secret":%q}}`, mark("responder"), dead.URL, mark("signing secret"))).Get("id").Str
	block := o.must(name, "POST", "/api/v1/blocks", fmt.Sprintf(`{"target":"203.0.113.7","reason":%q}`, mark("block"))).Get("id").Str
	never := o.must(name, "POST", "/api/v1/never-block", fmt.Sprintf(`{"target":%q,"reason":%q}`, exempt[name], mark("never block"))).Get("id").Str
	response := o.must(name, "POST", "/api/v1/response-rules", fmt.Sprintf(`{"name":%q,"subscription":{"types":["alert.*"]}}`, mark("response rule"))).Get("id").Str
	alert := store.Alert{
		ID: event.AlertID(name, mark("alert")), Account: name, Key: mark("alert"), Title: mark("title"), Status: event.AlertOpen,
		FirstSeen: time.Now(), LastSeen: time.Now(), StatusAt: time.Now(),
	}
	if err := o.hub.store.SaveFold(o.t.Context(), store.Fold{Alerts: []store.Alert{alert}}); err != nil {
		o.t.Fatal(err)
	}
	o.things[name] = things{
		paths: map[string]string{
			"/api/v1/sources/": source, "/api/v1/integrations/": integration, "/api/v1/projects/": project, "/api/v1/mapping-rules/": rule,
			"/api/v1/incident-rules/": caseRule, "/api/v1/silences/": silence,
			"/api/v1/users/": user, "/api/v1/api-keys/": key, "/api/v1/alerts/": alert.ID.Text(event.PrefixAlert),
			"/api/admin/api-keys/": key, "/api/v1/events/": ev, "/api/v1/deliveries/": delivery, "/api/v1/jobs/": job,
			"/api/v1/blocks/": block, "/api/v1/never-block/": never, "/api/v1/response-rules/": response, "/api/v1/responders/": fence,
			"/api/v1/accounts/": string(name), "/api/v1/me/sessions/": event.NewID().Text(event.PrefixSession),
		},
		secrets: []string{"canary-" + string(name) + "-", integration, source, project, rule, silence, caseRule, file, fence, block, never, response, user, key, ev, delivery, job, alert.ID.Text(event.PrefixAlert)},
	}
}

// waitForMailbox gives the account's one failed delivery.
func (o *house) waitForMailbox(name event.Account) string {
	o.t.Helper()
	var id string
	if !within(10*time.Second, func() bool {
		id = o.must(name, "GET", "/api/v1/mailbox", "").Get("items.0.id").Str
		return id != ""
	}) {
		o.t.Fatal("the delivery did not get into the mailbox")
	}
	return id
}
