package api

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// ownExercises are about whoever calls.
var ownExercises = map[string]func(*testing.T, *hub){
	"get-me": func(t *testing.T, h *hub) {
		h.account("acme", "")
		r := h.want(200, "GET", "/api/v1/me", "", actIn("acme"))
		if r.get("kind").Str != "key" || r.get("account").Str != "acme" || r.get("home").Str != "default" || !r.get("operator").Bool() ||
			r.get("csrf_token").Exists() || r.get("scopes").Raw != `["admin"]` {
			t.Errorf("a key got %s", r.body)
		}
		if r.get("accounts.#.name").Raw != `["default","acme"]` || r.get("user").Exists() || !r.get("version").Exists() || r.get("plan.limited").Type == gjson.Null ||
			r.get("plan.name").Str == "" || r.get("setup_needed").Exists() {
			t.Errorf("a console begins with %s", r.body)
		}
		p := h.person("acme", identity.RoleAdmin)
		r = h.want(200, "GET", "/api/v1/me", "", p.cookie())
		if r.get("kind").Str != "user" || r.get("id").Str != p.id || r.get("name").Str != p.email || r.get("role").Str != "admin" ||
			r.get("csrf_token").Str != p.csrf || r.get("operator").Bool() || r.get("strong").Bool() {
			t.Errorf("a person got %s", r.body)
		}
		if r.get("user.email").Str != p.email || r.get("user.id").Str != p.id || r.get("accounts.#.name").Raw != `["acme"]` {
			t.Errorf("a person's console begins with %s", r.body)
		}
		h.want(401, "GET", "/api/v1/me", "", withKey(""))
	},
	"change-password": func(t *testing.T, h *hub) {
		p := h.person(event.DefaultAccount, identity.RoleViewer)
		elsewhere := *p
		elsewhere.signedIn(p.signIn(""))
		const next = "basalt otters paint windmills"
		h.want(204, "POST", "/api/v1/me/password", `{"old":"`+p.password+`","new":"`+next+`"}`, p.here())
		h.want(200, "GET", "/api/v1/me", "", p.here())
		h.want(401, "GET", "/api/v1/me", "", elsewhere.here())
		if r := p.signIn(""); r.StatusCode != 401 {
			t.Errorf("the old password answers %s", r.body)
		}
		p.password = next
		p.signedIn(p.signIn(""))
		if r := h.want(422, "POST", "/api/v1/me/password", `{"old":"wrong","new":"`+goodPassword+`"}`, p.here()); r.get("error").Str != "BAD_CREDENTIALS" {
			t.Errorf("got %s", r.body)
		}
		for _, bad := range []string{"short", next, "password1234", p.email} {
			r := h.want(422, "POST", "/api/v1/me/password", `{"old":"`+next+`","new":"`+bad+`"}`, p.here())
			if strings.Join(r.fields(), " ") != "new" || strings.Contains(r.body, bad) {
				t.Errorf("%q answers %s", bad, r.body)
			}
		}
		h.want(403, "POST", "/api/v1/me/password", `{"old":"`+next+`","new":"`+goodPassword+`"}`) // a key
	},
	"list-sessions": func(t *testing.T, h *hub) {
		p, other := h.person(event.DefaultAccount, identity.RoleViewer), h.person(event.DefaultAccount, identity.RoleAnalyst)
		p.signedIn(p.signIn("", withHeader("User-Agent", "Lynx <b>\u202ebold")))
		r := h.want(200, "GET", "/api/v1/me/sessions", "", p.here())
		if r.get("items.#").Int() != 2 || r.get("items.#(current==true).user_agent").Str != "Lynx <b>bold" || r.get("items.#(current==true)#|#").Int() != 1 {
			t.Errorf("got %s", r.body)
		}
		if strings.Contains(r.body, p.token) || strings.Contains(r.body, p.token[4:]) {
			t.Errorf("the list holds a token: %s", r.body)
		}
		if r := h.want(200, "GET", "/api/v1/me/sessions", "", other.here()); r.get("items.#").Int() != 1 {
			t.Errorf("another person sees %s", r.body)
		}
		h.want(403, "GET", "/api/v1/me/sessions", "") // a key
	},
	"end-session": func(t *testing.T, h *hub) {
		p, other := h.person(event.DefaultAccount, identity.RoleViewer), h.person(event.DefaultAccount, identity.RoleAnalyst)
		first := *p
		p.signedIn(p.signIn(""))
		id := h.want(200, "GET", "/api/v1/me/sessions", "", p.here()).get("items.#(current==false).id").Str
		foreign := h.want(404, "DELETE", "/api/v1/me/sessions/"+id, "", other.here())
		missing := h.want(404, "DELETE", "/api/v1/me/sessions/"+event.NewID().Text(event.PrefixSession), "", other.here())
		if foreign.body != missing.body {
			t.Errorf("another person's session answers %s, none %s", foreign.body, missing.body)
		}
		h.want(204, "DELETE", "/api/v1/me/sessions/"+id, "", p.here())
		h.want(401, "GET", "/api/v1/me", "", first.here())
		h.want(200, "GET", "/api/v1/me", "", p.here())
	},
	"begin-totp": func(t *testing.T, h *hub) {
		p := h.person(event.DefaultAccount, identity.RoleViewer)
		if r := h.want(422, "POST", "/api/v1/me/totp", `{"password":"wrong"}`, p.here()); r.get("error").Str != "BAD_CREDENTIALS" {
			t.Errorf("got %s", r.body)
		}
		r := h.want(200, "POST", "/api/v1/me/totp", `{"password":"`+p.password+`"}`, p.here())
		if !strings.HasPrefix(r.get("uri").Str, "otpauth://totp/Tocsin:") || !strings.Contains(r.get("uri").Str, "secret="+r.get("secret").Str+"&") {
			t.Errorf("got %s", r.body)
		}
		if r := p.signIn(""); r.StatusCode != 200 || r.get("user.second_factor").Bool() {
			t.Errorf("it is in force before it is confirmed: %s", r.body)
		}
		h.want(403, "POST", "/api/v1/me/totp", `{"password":"x"}`) // a key
	},
	"confirm-totp": func(t *testing.T, h *hub) {
		p := h.person(event.DefaultAccount, identity.RoleViewer)
		h.want(409, "POST", "/api/v1/me/totp/confirm", `{"code":"123456"}`, p.here()) // nothing was begun
		elsewhere := *p
		elsewhere.signedIn(p.signIn(""))
		secret, recovery := p.secondFactor()
		h.want(401, "GET", "/api/v1/me", "", elsewhere.here())
		h.want(409, "POST", "/api/v1/me/totp", `{"password":"`+p.password+`"}`, p.here())
		if r := p.signIn(""); r.StatusCode != 401 || r.get("error").Str != "CODE_NEEDED" || sessionCookie(t, r) != nil {
			t.Errorf("without a code: %d %s", r.StatusCode, r.body)
		}
		right := `,"code":"` + code(t, secret, 1) + `"`
		p.signedIn(p.signIn(right))
		if r := h.want(200, "GET", "/api/v1/me", "", p.here()); !r.get("strong").Bool() {
			t.Errorf("got %s", r.body)
		}
		if r := p.signIn(right); r.StatusCode != 401 || r.get("error").Str != "CODE_WRONG" {
			t.Errorf("a code works twice: %d %s", r.StatusCode, r.body)
		}
		if len(recovery) < 8 {
			t.Fatalf("there are %d recovery codes", len(recovery))
		}
		p.signedIn(p.signIn(`,"code":"` + recovery[0] + `"`))
		if r := p.signIn(`,"code":"` + recovery[0] + `"`); r.StatusCode != 401 {
			t.Errorf("a recovery code works twice: %s", r.body)
		}
	},
	"disable-totp": func(t *testing.T, h *hub) {
		p := h.person(event.DefaultAccount, identity.RoleViewer)
		body := func(password, code string) string { return `{"password":"` + password + `","code":"` + code + `"}` }
		h.want(409, "POST", "/api/v1/me/totp/disable", body(p.password, "123456"), p.here()) // there is none
		_, recovery := p.secondFactor()
		if r := h.want(422, "POST", "/api/v1/me/totp/disable", body("wrong", recovery[0]), p.here()); r.get("error").Str != "BAD_CREDENTIALS" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(401, "POST", "/api/v1/me/totp/disable", body(p.password, "000"), p.here()); r.get("error").Str != "CODE_WRONG" {
			t.Errorf("got %s", r.body)
		}
		h.want(204, "POST", "/api/v1/me/totp/disable", body(p.password, recovery[0]), p.here())
		if r := p.signIn(""); r.StatusCode != 200 {
			t.Errorf("signing in without a code answers %s", r.body)
		}
	},
}
