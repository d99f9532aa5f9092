package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/gate"
)

const goodPassword = "violet anvils hum at dusk"

// person is somebody who is signed in.
type person struct {
	h        *hub
	account  event.Account
	id       string
	email    string
	password string
	token    string // of the session's cookie
	csrf     string
}

// person makes somebody with a role, and signs them in by their one-time link.
func (h *hub) person(account event.Account, role identity.Role) *person {
	h.t.Helper()
	p := &person{h: h, account: account, email: string(role) + "@" + string(account) + ".example", password: goodPassword}
	r := h.want(201, "POST", "/api/v1/users", `{"email":"`+p.email+`","name":"Somebody","role":"`+string(role)+`"}`, actIn(account))
	p.id = r.get("user.id").Str
	p.signedIn(h.want(200, "POST", "/api/v1/setup", `{"token":"`+linkToken(h.t, r.get("link").Str)+`","password":"`+p.password+`"}`, withKey("")))
	return p
}

// linkToken is what stands behind the # of a link.
func linkToken(t *testing.T, link string) string {
	t.Helper()
	_, token, ok := strings.Cut(link, "/setup#token=")
	if !ok || !strings.HasPrefix(token, "tsl_") {
		t.Fatalf("the link is %q", link)
	}
	return token
}

// signedIn takes up the session of an answer.
func (p *person) signedIn(r reply) {
	p.h.t.Helper()
	c := sessionCookie(p.h.t, r)
	if c == nil {
		p.h.t.Fatalf("no session began: %s", r.body)
	}
	p.token, p.csrf = c.Value, r.get("csrf_token").Str
}

// sessionCookie is the cookie that an answer sets, or nil.
func sessionCookie(t *testing.T, r reply) *http.Cookie {
	t.Helper()
	switch all := r.Cookies(); len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	default:
		t.Fatalf("the answer sets %d cookies", len(all))
		return nil
	}
}

// here makes a request with the person's session, as the hub's own page would.
func (p *person) here() option {
	return func(r *http.Request) {
		p.cookie()(r)
		r.Header.Set(headerCSRF, p.csrf)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
}

// cookie sends the session and nothing else.
func (p *person) cookie() option {
	return func(r *http.Request) {
		r.Header.Del("X-API-Key")
		r.Header.Del(gate.HeaderAccount)
		r.AddCookie(&http.Cookie{Name: p.h.server.cookieName(), Value: p.token})
	}
}

// signIn tries the person's password, with more members of the body.
func (p *person) signIn(more string, options ...option) reply {
	p.h.t.Helper()
	return p.h.call("POST", "/api/v1/session", `{"account":"`+string(p.account)+`","email":"`+p.email+`","password":"`+p.password+`"`+more+`}`,
		append([]option{withKey("")}, options...)...)
}

// secondFactor sets one up, and gives its secret and recovery codes.
func (p *person) secondFactor() (secret string, recovery []string) {
	p.h.t.Helper()
	secret = p.h.want(200, "POST", "/api/v1/me/totp", `{"password":"`+p.password+`"}`, p.here()).get("secret").Str
	r := p.h.want(200, "POST", "/api/v1/me/totp/confirm", `{"code":"`+code(p.h.t, secret, 0)+`"}`, p.here())
	for _, c := range r.get("codes").Array() {
		recovery = append(recovery, c.Str)
	}
	return secret, recovery
}

// code is what an authenticator shows, so many steps of 30 seconds from now. A code works once, and those next to the
// present one do, too.
func code(t *testing.T, secret string, steps int) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(steps)*30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
