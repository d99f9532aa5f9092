package api

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// TestForgedRequests: a session's cookie alone changes nothing, whichever page made the browser send it.
func TestForgedRequests(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	p := h.person(event.DefaultAccount, identity.RoleOwner)
	other := *p
	other.signedIn(p.signIn(""))
	forgeries := map[string]option{
		"no token":                p.cookie(),
		"an empty token":          both(p.here(), withHeader(headerCSRF, "")),
		"a wrong token":           both(p.here(), withHeader(headerCSRF, strings.Repeat("x", len(p.csrf)))),
		"another session's token": both(p.here(), withHeader(headerCSRF, other.csrf)),
		"the session's own token": both(p.here(), withHeader(headerCSRF, p.token)),
		"another origin":          both(p.here(), both(withHeader("Sec-Fetch-Site", ""), withHeader("Origin", "https://evil.example"))),
		"an unknown origin":       both(p.here(), both(withHeader("Sec-Fetch-Site", ""), withHeader("Origin", "null"))),
		"another port":            both(p.here(), both(withHeader("Sec-Fetch-Site", ""), withHeader("Origin", "http://example.com:8080"))),
		"another site":            both(p.here(), withHeader("Sec-Fetch-Site", "cross-site")),
		"a sister site":           both(p.here(), withHeader("Sec-Fetch-Site", "same-site")),
	}
	before := h.look(p)
	n := 0
	for id, o := range documented(t, h.server.api.OpenAPI()) {
		if o.Method == http.MethodGet || len(o.Security) == 0 {
			continue
		}
		n++
		path := placeholder.ReplaceAllString(o.Path, event.NewID().Text("x"))
		for name, forged := range forgeries {
			if r := h.call(o.Method, path, "", forged); r.StatusCode != 403 || r.get("error").Str != "CSRF" {
				t.Errorf("%s with %s answers %d %s", id, name, r.StatusCode, r.body)
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d operations were tried", n)
	}
	for name, forged := range forgeries { // with what they would really need
		h.want(403, "POST", "/api/v1/projects", `{"name":"`+strings.ReplaceAll(name, " ", "-")+`"}`, forged)
	}
	if diff := cmp.Diff(before, h.look(p)); diff != "" {
		t.Errorf("something came of it (-before +after):\n%s", diff)
	}
	// No header turns a harmless method into another one.
	path := h.project("web")
	h.want(200, "GET", path, "", both(p.cookie(), withHeader("X-HTTP-Method-Override", "DELETE")))
	h.want(200, "GET", path, "", p.here())
	h.want(200, "HEAD", path, "", p.cookie())
	h.want(204, "DELETE", path, "", p.here())
}

func both(a, b option) option {
	return func(r *http.Request) { a(r); b(r) }
}

// TestForgedSignIns: nobody is signed in as somebody else, or has a link used, by another site's page.
func TestForgedSignIns(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	p := h.person(event.DefaultAccount, identity.RoleViewer)
	link := linkToken(t, h.want(201, "POST", "/api/v1/users/"+p.id+"/reset", "").get("link").Str)
	requests := map[string]string{
		"/api/v1/session":       `{"email":"` + p.email + `","password":"` + p.password + `"}`,
		"/api/v1/setup":         `{"token":"` + link + `","password":"basalt otters paint windmills"}`,
		"/api/v1/setup/inspect": `{"token":"` + link + `"}`,
	}
	for path, body := range requests {
		for _, forged := range []option{
			withHeader("Origin", "https://evil.example"), withHeader("Origin", "null"), withHeader("Sec-Fetch-Site", "cross-site"),
			withHeader("Sec-Fetch-Site", "same-site"),
		} {
			if r := h.want(403, "POST", path, body, withKey(""), forged); r.get("error").Str != "CROSS_ORIGIN" || len(r.Cookies()) != 0 {
				t.Errorf("%s answers %v %s", path, r.Header, r.body)
			}
		}
		for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
			h.want(415, "POST", path, body, withKey(""), withHeader("Content-Type", contentType)) // what a form can send
		}
	}
	own := both(withKey(""), withHeader("Origin", "http://example.com"))
	for _, path := range []string{"/api/v1/session", "/api/v1/setup/inspect", "/api/v1/setup"} { // the link works: it was not used
		h.want(200, "POST", path, requests[path], own)
	}
}

// TestPublicOrigin: behind a proxy the hub is addressed by another name than people use; their page is its own.
func TestPublicOrigin(t *testing.T) {
	t.Parallel()
	h := newHubWith(t, func(d *Deps) { d.PublicURL, d.SecureCookies = "https://tocsin.example.org", true })
	p := h.person(event.DefaultAccount, identity.RoleAdmin)
	public := withHeader("Origin", "https://tocsin.example.org")
	if r := p.signIn("", public); r.StatusCode != 200 {
		t.Errorf("signing in answers %s", r.body)
	}
	if r := p.signIn("", withHeader("Origin", "https://tocsin.example.org.evil.example")); r.StatusCode != 403 {
		t.Errorf("signing in from elsewhere answers %s", r.body)
	}
	if r := p.signIn("", withHeader("Origin", "http://tocsin.example.org")); r.StatusCode != 403 {
		t.Errorf("signing in from the page without TLS answers %s", r.body)
	}
	h.want(201, "POST", "/api/v1/projects", `{"name":"web"}`, p.here(), withHeader("Sec-Fetch-Site", "cross-site"), public)
	link := h.want(201, "POST", "/api/v1/users/"+p.id+"/reset", "", p.here(), public, func(r *http.Request) { r.Host = "evil.example" }).get("link").Str
	if !strings.HasPrefix(link, "https://tocsin.example.org/setup#token=") {
		t.Errorf("the link is %s", link)
	}
}

// TestNoOtherOriginReads: no answer lets another site's page read it.
func TestNoOtherOriginReads(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	p := h.person(event.DefaultAccount, identity.RoleOwner)
	for id, o := range documented(t, h.server.api.OpenAPI()) {
		path := placeholder.ReplaceAllString(o.Path, event.NewID().Text("x"))
		for _, method := range []string{o.Method, http.MethodOptions} {
			if method == http.MethodDelete || method == http.MethodPost {
				continue // TestForgedRequests
			}
			r := h.call(method, path, "", p.cookie(), withHeader("Origin", "https://evil.example"), withHeader("Access-Control-Request-Method", "POST"))
			for name := range r.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s %s answers %s", method, id, name)
				}
			}
			if method == http.MethodOptions && r.StatusCode != 405 {
				t.Errorf("OPTIONS of %s answers %d", id, r.StatusCode)
			}
			if r.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
				t.Errorf("%s may be embedded elsewhere", id)
			}
		}
	}
}

// TestCookies holds the session's cookie to what keeps it with the hub, over plain HTTP and over TLS.
func TestCookies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		secure      bool
		name, other string
	}{{false, "tocsin_session", "__Host-tocsin_session"}, {true, "__Host-tocsin_session", "tocsin_session"}} {
		h := newHubWith(t, func(d *Deps) { d.SecureCookies = tt.secure })
		p := h.person(event.DefaultAccount, identity.RoleOwner)
		signedIn := p.signIn("")
		for name, r := range map[string]reply{"signing in": signedIn, "signing out": h.want(204, "DELETE", "/api/v1/session", "", p.here())} {
			c := sessionCookie(t, r)
			if c == nil || c.Name != tt.name || !c.HttpOnly || c.Secure != tt.secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("%s, secure %t: the cookie is %v", name, tt.secure, r.Header["Set-Cookie"])
			}
		}
		p.signedIn(signedIn)
		if ends := sessionCookie(t, signedIn).Expires; ends.Before(time.Now().Add(24*time.Hour)) || ends.After(time.Now().Add(8*24*time.Hour)) {
			t.Errorf("the cookie ends at %s", ends)
		}
		h.want(200, "GET", "/api/v1/me", "", p.cookie())
		// A cookie of the other name was set by somebody else: by a sister domain, or over plain HTTP.
		tossed := func(r *http.Request) {
			r.Header.Del("X-API-Key")
			r.AddCookie(&http.Cookie{Name: tt.other, Value: p.token})
		}
		h.want(401, "GET", "/api/v1/me", "", tossed)
		h.want(401, "GET", "/api/v1/me", "", withKey(p.token))
		h.want(401, "GET", "/api/v1/me", "", withKey(""), withHeader("Authorization", "Bearer "+p.token))
		h.want(401, "GET", "/api/v1/me", "", withKey("nonsense"), withHeader("Cookie", tt.name+"="+p.token)) // a key wins, also a wrong one
		h.want(401, "GET", "/api/v1/me", "", withKey(""), withHeader("Cookie", tt.name+"="))
		h.want(401, "GET", "/api/v1/me", "", withKey(""), withHeader("Cookie", tt.name+"="+strings.Repeat("x", 4000)))
	}
}

// TestTokensStayOutOfSight goes through the life of a person and looks for what nobody may read afterwards.
func TestTokensStayOutOfSight(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	p := h.person(event.DefaultAccount, identity.RoleOwner)
	secret, recovery := p.secondFactor()
	last := code(t, secret, 1)
	signedIn := p.signIn(`,"code":"` + last + `"`)
	first := *p
	p.signedIn(signedIn)
	link := linkToken(t, h.want(201, "POST", "/api/v1/users/"+p.id+"/reset", "", p.here()).get("link").Str)
	key := h.want(201, "POST", "/api/v1/api-keys", `{"name":"k","scopes":["admin"]}`, p.here()).get("key").Str
	rotated := h.want(201, "POST", "/api/v1/api-keys/"+h.want(200, "GET", "/api/v1/api-keys?limit=1", "").get("items.0.id").Str+"/rotate", "", p.here()).get("key").Str
	h.call("POST", "/api/v1/setup", `{"token":"`+link+`","password":"short","surprise":"`+link+`"}`, withKey(""))
	h.call("POST", "/api/v1/setup", `{"token":"`+link+`","password":"short"}`, withKey(""))
	h.call("POST", "/api/v1/session", `{"email":"`+p.email+`","password":["`+p.password+`"],"`+p.password+`":1}`, withKey(""))
	answers := []string{signedIn.body, h.log.String()}
	for _, path := range []string{
		"me", "me/sessions", "users", "users/" + p.id, "api-keys", "audit?limit=500", "audit/export?all=true", "audit/checkpoint", "secrets", "accounts", "stats",
	} {
		r := h.want(200, "GET", "/api/v1/"+path, "", p.here())
		head := &strings.Builder{}
		_ = r.Header.Write(head)
		answers = append(answers, path+": "+head.String()+r.body)
	}
	for name, secret := range map[string]string{
		"the session's token": p.token, "the first session's token": first.token, "the link's token": link, "the password": p.password,
		"a key": key, "a rotated key": rotated, "the second factor": secret, "a recovery code": recovery[3], "a code": last,
	} {
		for _, a := range answers {
			if strings.Contains(a, secret) {
				t.Errorf("%s is in %.3000s", name, a)
			}
		}
	}
}
