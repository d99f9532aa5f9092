package api

import (
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// peopleExercises are about signing in, one-time links, and people as their administrators see them.
var peopleExercises = map[string]func(*testing.T, *hub){
	"sign-in": func(t *testing.T, h *hub) {
		h.account("acme", "")
		p := h.person("acme", identity.RoleAnalyst)
		r := p.signIn("")
		if r.StatusCode != 200 || r.get("user.email").Str != p.email || r.get("account").Str != "acme" || r.get("scopes.#").Int() == 0 ||
			!r.get("expires_at").Exists() || r.get("user.role").Str != "analyst" {
			t.Fatalf("got %s", r.body)
		}
		before := *p
		p.signedIn(r)
		if p.token == before.token || p.csrf == before.csrf {
			t.Error("a second session is like the first")
		}
		h.want(200, "GET", "/api/v1/events", "", p.here())
		h.want(200, "GET", "/api/v1/events", "", before.here())
		h.want(403, "GET", "/api/v1/users", "", p.here())
		var bodies []string
		for _, body := range []string{
			`{"account":"acme","email":"` + p.email + `","password":"not the password"}`,
			`{"account":"acme","email":"nobody@acme.example","password":"` + p.password + `"}`,
			`{"account":"nobody","email":"` + p.email + `","password":"` + p.password + `"}`,
			`{"email":"` + p.email + `","password":"` + p.password + `"}`, // in the account default
		} {
			r := h.want(401, "POST", "/api/v1/session", body, withKey(""))
			if r.get("error").Str != "BAD_CREDENTIALS" || sessionCookie(t, r) != nil {
				t.Errorf("%s answers %v %s", body, r.Header, r.body)
			}
			bodies = append(bodies, r.body)
		}
		for _, b := range bodies {
			if b != bodies[0] {
				t.Errorf("refusals differ: %s and %s", bodies[0], b)
			}
		}
	},
	"sign-out": func(t *testing.T, h *hub) {
		p := h.person(event.DefaultAccount, identity.RoleViewer)
		r := h.want(204, "DELETE", "/api/v1/session", "", p.here())
		if c := sessionCookie(t, r); c == nil || c.Value != "" || c.Name != plainCookie || c.Path != "/" || c.Expires.Year() != 1970 {
			t.Errorf("the cookie is %+v", c)
		}
		h.want(401, "GET", "/api/v1/me", "", p.here())
		h.want(401, "DELETE", "/api/v1/session", "", p.here())
		h.want(409, "DELETE", "/api/v1/session", "") // a key
	},
	"inspect-link": func(t *testing.T, h *hub) {
		ticket, made, err := h.users.SetupLink(t.Context())
		if err != nil || !made {
			t.Fatal(made, err)
		}
		body := `{"token":"` + ticket.Token.Reveal() + `"}`
		r := h.want(200, "POST", "/api/v1/setup/inspect", body, withKey(""))
		if r.get("purpose").Str != "setup" || r.get("account").Str != "default" || r.get("email").Exists() {
			t.Errorf("got %s", r.body)
		}
		h.want(200, "POST", "/api/v1/setup/inspect", body, withKey("")) // looking does not use it up
		link := h.want(201, "POST", "/api/v1/users", `{"email":"eve@example.com","role":"viewer"}`).get("link").Str
		r = h.want(200, "POST", "/api/v1/setup/inspect", `{"token":"`+linkToken(t, link)+`"}`, withKey(""))
		if r.get("purpose").Str != "invite" || r.get("email").Str != "eve@example.com" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(404, "POST", "/api/v1/setup/inspect", `{"token":"tsl_nonsense"}`, withKey("")); r.get("error").Str != "LINK_INVALID" {
			t.Errorf("got %s", r.body)
		}
	},
	"redeem-link": func(t *testing.T, h *hub) {
		ticket, _, err := h.users.SetupLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		redeem := func(status int, token, more string) reply {
			t.Helper()
			return h.want(status, "POST", "/api/v1/setup", `{"token":"`+token+`","password":"`+goodPassword+`"`+more+`}`, withKey(""))
		}
		token := ticket.Token.Reveal()
		if r := redeem(422, token, `,"email":"nonsense"`); strings.Join(r.fields(), " ") != "email name" {
			t.Errorf("got %s", r.body)
		}
		r := redeem(200, token, `,"email":"Olga@Example.com","name":"Olga"`)
		if r.get("user.role").Str != "owner" || r.get("user.email").Str != "olga@example.com" || r.get("scopes").Raw != `["admin"]` {
			t.Errorf("got %s", r.body)
		}
		owner := &person{h: h, account: "default", password: goodPassword, email: "olga@example.com"}
		owner.signedIn(r)
		h.want(200, "GET", "/api/v1/users", "", owner.here())
		// A used link is like one that never was.
		used, unknown := redeem(404, token, ""), redeem(404, "tsl_"+strings.Repeat("0", 52), "")
		if used.body != unknown.body || sessionCookie(t, used) != nil {
			t.Errorf("a used link answers %s, an unknown one %s", used.body, unknown.body)
		}
		inspect := h.want(404, "POST", "/api/v1/setup/inspect", `{"token":"`+token+`"}`, withKey(""))
		if inspect.body != used.body {
			t.Errorf("looking at a used link answers %s", inspect.body)
		}
		if _, made, err := h.users.SetupLink(t.Context()); made || err != nil {
			t.Errorf("a second first owner can be made: %v", err)
		}
	},
	"list-users": func(t *testing.T, h *hub) {
		h.account("acme", "")
		for _, email := range []string{"b@example.com", "a@example.com"} {
			h.want(201, "POST", "/api/v1/users", `{"email":"`+email+`","role":"viewer"}`)
		}
		r := h.want(200, "GET", "/api/v1/users?limit=1", "")
		if r.get("items.#.email").Raw != `["a@example.com"]` || r.get("items.0.state").Str != "invited" || r.get("next").Str == "" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "GET", "/api/v1/users?search=b@", ""); r.get("items.#.email").Raw != `["b@example.com"]` {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "GET", "/api/v1/users", "", actIn("acme")); r.get("items.#").Int() != 0 {
			t.Errorf("another account's are %s", r.body)
		}
		if r := h.want(422, "GET", "/api/v1/users?search="+strings.Repeat("%E2%82%AC", 90), ""); r.get("errors.0.location").Str != "query.search" {
			t.Errorf("a long search answers %s", r.body)
		}
		h.want(403, "GET", "/api/v1/users", "", withKey(h.key(event.DefaultAccount, identity.EventsRead)))
	},
	"invite-user": func(t *testing.T, h *hub) {
		r := h.want(201, "POST", "/api/v1/users", `{"email":"Ana@Example.com","name":"Ana","role":"analyst"}`)
		if r.get("user.email").Str != "ana@example.com" || r.get("user.state").Str != "invited" || r.get("user.role").Str != "analyst" ||
			!strings.HasPrefix(r.get("link").Str, "http://example.com/setup#token=tsl_") {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "POST", "/api/v1/users", `{"email":"ana@example.com","role":"king"}`); strings.Join(r.fields(), " ") != "role" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "POST", "/api/v1/users", `{"email":"ana@example.com","role":"viewer"}`); strings.Join(r.fields(), " ") != "email" {
			t.Errorf("a taken address answers %s", r.body)
		}
		h.person(event.DefaultAccount, identity.RoleOwner)
		// Now that there is an owner, an administrator makes no other.
		if r := h.want(403, "POST", "/api/v1/users", `{"email":"z@example.com","role":"owner"}`); r.get("error").Str != "ROLE_TOO_LOW" {
			t.Errorf("got %s", r.body)
		}
		analyst := h.person(event.DefaultAccount, identity.RoleAnalyst)
		h.want(403, "POST", "/api/v1/users", `{"email":"z@example.com","role":"viewer"}`, analyst.here())
	},
	"get-user": func(t *testing.T, h *hub) {
		h.account("acme", "")
		p := h.person(event.DefaultAccount, identity.RoleResponder)
		r := h.want(200, "GET", "/api/v1/users/"+p.id, "")
		if r.get("state").Str != "active" || r.get("second_factor").Bool() || !r.get("last_login_at").Exists() || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		foreign := h.want(404, "GET", "/api/v1/users/"+p.id, "", actIn("acme"))
		missing := h.want(404, "GET", "/api/v1/users/"+event.NewID().Text(event.PrefixUser), "")
		if foreign.body != missing.body {
			t.Errorf("somebody of another account answers %s, nobody %s", foreign.body, missing.body)
		}
	},
	"update-user": func(t *testing.T, h *hub) {
		owner, p := h.person(event.DefaultAccount, identity.RoleOwner), h.person(event.DefaultAccount, identity.RoleAdmin)
		path := "/api/v1/users/" + p.id
		h.want(200, "GET", "/api/v1/users", "", p.here())
		h.want(412, "PATCH", path, `{"role":"viewer"}`, withHeader("If-Match", `"1"`))
		r := h.want(200, "PATCH", path, `{"role":"viewer","name":"Vera"}`, withHeader("If-Match", `"2"`))
		if r.get("role").Str != "viewer" || r.get("name").Str != "Vera" || r.Header.Get("ETag") != `"3"` {
			t.Errorf("got %s", r.body)
		}
		h.want(403, "GET", "/api/v1/users", "", p.here()) // at once
		if r := h.want(200, "PATCH", path, `{"disabled":true}`); r.get("state").Str != "disabled" {
			t.Errorf("got %s", r.body)
		}
		h.want(401, "GET", "/api/v1/me", "", p.here())
		if r := p.signIn(""); r.StatusCode != 401 {
			t.Errorf("a disabled person signs in: %s", r.body)
		}
		h.want(403, "PATCH", "/api/v1/users/"+owner.id, `{"role":"viewer"}`)
		if r := h.want(409, "PATCH", "/api/v1/users/"+owner.id, `{"role":"admin"}`, owner.here()); r.get("error").Str != "LAST_OWNER" {
			t.Errorf("the last owner's role answers %s", r.body)
		}
		h.want(422, "PATCH", path, `{"role":"king"}`)
		h.want(422, "PATCH", path, `{"email":"x@example.com"}`)
	},
	"delete-user": func(t *testing.T, h *hub) {
		owner, p := h.person(event.DefaultAccount, identity.RoleOwner), h.person(event.DefaultAccount, identity.RoleViewer)
		h.want(204, "DELETE", "/api/v1/users/"+p.id, "")
		h.want(401, "GET", "/api/v1/me", "", p.here())
		h.want(404, "GET", "/api/v1/users/"+p.id, "")
		h.want(404, "DELETE", "/api/v1/users/"+p.id, "")
		h.want(403, "DELETE", "/api/v1/users/"+owner.id, "")
		h.want(409, "DELETE", "/api/v1/users/"+owner.id, "", owner.here())
		h.want(201, "POST", "/api/v1/users", `{"email":"`+p.email+`","role":"viewer"}`) // the address is free
	},
	"reset-user": func(t *testing.T, h *hub) {
		p := h.person(event.DefaultAccount, identity.RoleViewer)
		secret, _ := p.secondFactor()
		link := h.want(201, "POST", "/api/v1/users/"+p.id+"/reset", "").get("link").Str
		h.want(200, "GET", "/api/v1/me", "", p.here()) // the link alone changes nothing
		p.password = "another violet anvil hums"
		// With a second factor the link gives a password and no session.
		r := h.want(200, "POST", "/api/v1/setup", `{"token":"`+linkToken(t, link)+`","password":"`+p.password+`"}`, withKey(""))
		if c := sessionCookie(t, r); c != nil || !r.get("code_needed").Bool() || r.get("csrf_token").Exists() {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		h.want(401, "GET", "/api/v1/me", "", p.here())
		p.signedIn(p.signIn(`,"code":"` + code(t, secret, 1) + `"`))
		r = h.want(201, "POST", "/api/v1/users/"+p.id+"/reset?second_factor=true", "")
		h.want(401, "GET", "/api/v1/me", "", p.here())
		if user := h.want(200, "GET", "/api/v1/users/"+p.id, ""); user.get("second_factor").Bool() || !strings.Contains(r.body, "/setup#token=") {
			t.Errorf("got %s and %s", r.body, user.body)
		}
		p.signedIn(p.signIn(""))
		h.want(409, "POST", "/api/v1/users/"+p.id+"/reset?second_factor=true", "")
		h.want(404, "POST", "/api/v1/users/"+event.NewID().Text(event.PrefixUser)+"/reset", "")
	},
}
