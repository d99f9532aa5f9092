package api

import (
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// accountExercises are about accounts, projects and plans.
var accountExercises = map[string]func(*testing.T, *hub){
	"get-own-account": func(t *testing.T, h *hub) {
		h.want(201, "POST", "/api/v1/accounts", `{"name":"acme","plan":"pro","parent":"default"}`)
		if _, err := h.server.Plans.Admit("acme", 7); err != nil {
			t.Fatal(err)
		}
		reader := h.key("acme", identity.EventsRead)
		r := h.want(200, "GET", "/api/v1/account", "", withKey(reader))
		if r.get("name").Str != "acme" || r.get("plan").Str != "pro" || r.get("limits.requests_per_minute").Int() != 1000 ||
			r.get("limits.above").Str != "flag" || r.get("usage.events").Int() != 7 {
			t.Errorf("got %s", r.body)
		}
		if r.get("parent").Exists() {
			t.Errorf("a child is told who is above it: %s", r.body)
		}
		if r := h.want(200, "GET", "/api/v1/account", "", actIn("acme")); r.get("name").Str != "acme" || r.get("parent").Str != "default" {
			t.Errorf("the operator in it got %s", r.body)
		}
	},
	"list-accounts": func(t *testing.T, h *hub) {
		tree(h)
		for who, want := range map[event.Account]string{
			event.DefaultAccount: `["acme","acme-eu","default","mssp","other"]`, "mssp": `["acme","acme-eu","mssp"]`, "acme-eu": `["acme-eu"]`,
		} {
			r := h.want(200, "GET", "/api/v1/accounts", "", withKey(h.key(who, identity.Admin)))
			if got := r.get("items.#.name").Raw; got != want {
				t.Errorf("%s sees %s", who, got)
			}
		}
		r := h.want(200, "GET", "/api/v1/accounts?limit=2", "")
		if r = h.want(200, "GET", "/api/v1/accounts?limit=2&cursor="+r.get("next").Str, ""); r.get("items.0.name").Str != "default" {
			t.Errorf("the second page is %s", r.body)
		}
		h.want(403, "GET", "/api/v1/accounts", "", withKey(h.key("mssp", identity.AuditRead)))
	},
	"create-account": func(t *testing.T, h *hub) {
		r := h.want(201, "POST", "/api/v1/accounts", `{"name":"acme","title":"Acme Ltd","plan":"business"}`)
		if r.Header.Get("Location") != "/api/v1/accounts/acme" || r.Header.Get("ETag") != `"1"` || r.get("title").Str != "Acme Ltd" ||
			r.get("plan").Str != "business" || r.get("parent").Exists() {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		h.want(409, "POST", "/api/v1/accounts", `{"name":"acme"}`)
		for body, field := range map[string]string{
			`{"name":"Acme"}`: "name", `{"name":"x","plan":"gold"}`: "plan", `{"name":"x","parent":"nobody"}`: "parent", `{"name":"x","owner":"y"}`: "owner",
		} {
			if r := h.want(422, "POST", "/api/v1/accounts", body); len(r.fields()) != 1 || r.fields()[0] != field {
				t.Errorf("%s answers %s", body, r.body)
			}
		}
		parent := withKey(h.key("acme", identity.Admin))
		if r := h.want(201, "POST", "/api/v1/accounts", `{"name":"acme-eu"}`, parent); r.get("parent").Str != "acme" || r.get("plan").Str != "business" {
			t.Errorf("a parent's own got %s", r.body)
		}
		for body, field := range map[string]string{
			`{"name":"x","plan":"business"}`: "plan", `{"name":"x","parent":"default"}`: "parent", `{"name":"x","parent":"nobody"}`: "parent",
			`{"name":"x","parent":""}`: "parent",
		} {
			if r := h.want(403, "POST", "/api/v1/accounts", body, parent); len(r.fields()) != 1 || r.fields()[0] != field {
				t.Errorf("%s by a parent answers %s", body, r.body)
			}
		}
	},
	"get-account": func(t *testing.T, h *hub) {
		tree(h)
		mssp := withKey(h.key("mssp", identity.Admin))
		if r := h.want(200, "GET", "/api/v1/accounts/acme-eu", "", mssp); r.get("parent").Str != "acme" || r.Header.Get("ETag") != `"1"` {
			t.Errorf("got %s", r.body)
		}
		foreign := h.want(404, "GET", "/api/v1/accounts/other", "", mssp)
		missing := h.want(404, "GET", "/api/v1/accounts/nobody", "", mssp)
		if foreign.body != missing.body {
			t.Errorf("a foreign account answers %s, a missing one %s", foreign.body, missing.body)
		}
	},
	"update-account": func(t *testing.T, h *hub) {
		tree(h)
		r := h.want(200, "PATCH", "/api/v1/accounts/acme", `{"title":"Acme","plan":"pro"}`, withHeader("If-Match", `"1"`))
		if r.get("title").Str != "Acme" || r.get("plan").Str != "pro" || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		h.want(412, "PATCH", "/api/v1/accounts/acme", `{"title":"A"}`, withHeader("If-Match", `"1"`))
		if r := h.want(422, "PATCH", "/api/v1/accounts/mssp", `{"parent":"acme-eu"}`); r.fields()[0] != "parent" {
			t.Errorf("a circle answers %s", r.body)
		}
		h.want(409, "PATCH", "/api/v1/accounts/default", `{"parent":"mssp"}`)
		mssp := withKey(h.key("mssp", identity.Admin))
		h.want(200, "PATCH", "/api/v1/accounts/acme", `{"title":"A"}`, mssp)
		h.want(403, "PATCH", "/api/v1/accounts/acme", `{"plan":"business"}`, mssp)
		h.want(403, "PATCH", "/api/v1/accounts/acme", `{"parent":""}`, mssp)
		h.want(403, "PATCH", "/api/v1/accounts/mssp", `{"title":"M"}`, mssp) // its own
		h.want(404, "PATCH", "/api/v1/accounts/other", `{"title":"O"}`, mssp)
		if r := h.want(200, "PATCH", "/api/v1/accounts/acme", `{"parent":""}`); r.get("parent").Exists() {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", "/api/v1/accounts/acme", "", mssp) // it has left
	},
	"close-account": func(t *testing.T, h *hub) {
		tree(h)
		inside, below := withKey(h.key("acme", identity.Admin)), withKey(h.key("acme-eu", identity.Admin))
		owner := h.person("acme", identity.RoleOwner)
		r := h.want(200, "POST", "/api/v1/accounts/acme/close", "", withHeader("If-Match", `"1"`))
		if !r.get("closed_at").Exists() || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		h.want(401, "GET", "/api/v1/me", "", inside)
		h.want(401, "GET", "/api/v1/me", "", below)
		h.want(401, "GET", "/api/v1/me", "", owner.here())
		if r := owner.signIn(""); r.StatusCode != 401 {
			t.Errorf("somebody of a closed account signs in: %s", r.body)
		}
		if r := h.want(403, "GET", "/api/v1/me", "", actIn("acme")); r.get("error").Str != "ACCOUNT_NOT_ALLOWED" {
			t.Errorf("acting in it answers %s", r.body)
		}
		h.want(409, "POST", "/api/v1/accounts/default/close", "")
		h.want(412, "POST", "/api/v1/accounts/mssp/close", "", withHeader("If-Match", `"9"`))
		h.want(404, "POST", "/api/v1/accounts/nobody/close", "")
		h.want(403, "POST", "/api/v1/accounts/mssp/close", "", withKey(h.key("mssp", identity.Admin)))
	},
	"reopen-account": func(t *testing.T, h *hub) {
		tree(h)
		key := withKey(h.key("acme", identity.Admin))
		h.want(200, "POST", "/api/v1/accounts/acme/close", "")
		h.want(401, "GET", "/api/v1/me", "", key)
		if r := h.want(200, "POST", "/api/v1/accounts/acme/reopen", ""); r.get("closed_at").Exists() || r.get("version").Int() != 3 {
			t.Errorf("got %s", r.body)
		}
		h.want(200, "GET", "/api/v1/me", "", key)
		h.want(404, "POST", "/api/v1/accounts/nobody/reopen", "")
	},
	"get-usage": func(t *testing.T, h *hub) {
		tree(h)
		if _, err := h.server.Plans.Admit("acme", 5); err != nil {
			t.Fatal(err)
		}
		r := h.want(200, "GET", "/api/v1/accounts/acme/usage?months=3", "", withKey(h.key("mssp", identity.Admin)))
		if r.get("items.#").Int() != 1 || r.get("items.0.events").Int() != 5 || len(r.get("items.0.month").Str) != len("2026-11") {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", "/api/v1/accounts/mssp/usage", "", withKey(h.key("acme", identity.Admin)))
		h.want(422, "GET", "/api/v1/accounts/acme/usage?months=37", "")
	},
	"list-projects": func(t *testing.T, h *hub) {
		h.account("acme", "")
		for _, name := range []string{"web", "api"} {
			h.want(201, "POST", "/api/v1/projects", `{"name":"`+name+`"}`)
		}
		reader := withKey(h.key(event.DefaultAccount, identity.EventsRead))
		if r := h.want(200, "GET", "/api/v1/projects?limit=1", "", reader); r.get("items.#.name").Raw != `["api"]` || r.get("next").Str == "" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "GET", "/api/v1/projects", "", actIn("acme")); r.get("items.#").Int() != 0 {
			t.Errorf("another account's are %s", r.body)
		}
	},
	"create-project": func(t *testing.T, h *hub) {
		r := h.want(201, "POST", "/api/v1/projects", `{"name":"production-api","title":"The API","environment":"production"}`)
		if r.Header.Get("Location") != "/api/v1/projects/"+r.get("id").Str || r.get("environment").Str != "production" || r.get("title").Str != "The API" {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		h.want(409, "POST", "/api/v1/projects", `{"name":"production-api"}`)
		if r := h.want(422, "POST", "/api/v1/projects", `{"name":"","environment":"moon"}`); len(r.fields()) != 2 {
			t.Errorf("got %s", r.body)
		}
		h.want(403, "POST", "/api/v1/projects", `{"name":"x"}`, withKey(h.key(event.DefaultAccount, identity.EventsRead)))
	},
	"get-project": func(t *testing.T, h *hub) {
		path := h.project("web")
		if r := h.want(200, "GET", path, ""); r.get("name").Str != "web" || r.Header.Get("ETag") != `"1"` {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", "/api/v1/projects/"+event.NewID().Text(event.PrefixProject), "")
	},
	"update-project": func(t *testing.T, h *hub) {
		path := h.project("web")
		r := h.want(200, "PATCH", path, `{"environment":"test"}`, withHeader("If-Match", `"1"`))
		if r.get("environment").Str != "test" || r.get("name").Str != "web" || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		h.want(412, "PATCH", path, `{"environment":""}`, withHeader("If-Match", `"1"`))
		if r := h.want(422, "PATCH", path, `{"name":"other"}`); r.fields()[0] != "name" {
			t.Errorf("another name answers %s", r.body)
		}
	},
	"delete-project": func(t *testing.T, h *hub) {
		path := h.project("web")
		h.want(412, "DELETE", path, "", withHeader("If-Match", `"2"`))
		h.want(204, "DELETE", path, "", withHeader("If-Match", `"1"`))
		h.want(404, "GET", path, "")
		h.want(404, "DELETE", path, "")
		h.project("web") // the name is free again
	},
	"list-plans": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", "/api/v1/plans", "", withKey(h.key(event.DefaultAccount, identity.EventsRead)))
		if r.get("items.#.name").Raw != `["default","free","starter","pro","business"]` || r.get("items.1.limits.events_per_month").Int() != 2500 ||
			r.get("items.0.connectors").Raw != `["*"]` {
			t.Errorf("got %s", r.body)
		}
		h.want(401, "GET", "/api/v1/plans", "", withKey(""))
	},
}

// tree makes mssp ─ acme ─ acme-eu, and other beside them.
func tree(h *hub) {
	h.t.Helper()
	h.account("mssp", "")
	h.account("acme", "mssp")
	h.account("acme-eu", "acme")
	h.account("other", "")
}

// project makes a project and gives its path.
func (h *hub) project(name string) string {
	h.t.Helper()
	return "/api/v1/projects/" + h.want(201, "POST", "/api/v1/projects", `{"name":"`+name+`"}`).get("id").Str
}
