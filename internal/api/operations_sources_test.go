package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// sourceBody is a source endpoint with a secret.
func sourceBody(name string) string {
	return fmt.Sprintf(`{"name":%q,"dialect":"native","auth":{"method":"standard_webhooks","secret":%q},"project":"web","labels":{"team":"blue"},"types":["alert.*"]}`,
		name, canarySecret)
}

// source makes one and gives its path.
func (h *hub) source(name string) string {
	h.t.Helper()
	r := h.want(http.StatusCreated, "POST", "/api/v1/sources", sourceBody(name))
	return "/api/v1/sources/" + r.get("id").Str
}

// sourceExercises are about source endpoints.
var sourceExercises = map[string]func(*testing.T, *hub){
	"list-sources": func(t *testing.T, h *hub) {
		h.source("b")
		h.source("a")
		r := h.want(200, "GET", "/api/v1/sources?limit=1", "")
		next := r.get("next").Str
		if r.get("items.#.name").Raw != `["a"]` || next == "" || strings.Contains(r.body, canarySecret) {
			t.Fatalf("the first page is %s", r.body)
		}
		r = h.want(200, "GET", "/api/v1/sources?limit=1&cursor="+next, "")
		if r.get("items.#.name").Raw != `["b"]` || r.get("next").Exists() {
			t.Errorf("the second page is %s", r.body)
		}
	},
	"create-source": func(t *testing.T, h *hub) {
		r := h.want(201, "POST", "/api/v1/sources", sourceBody("x"))
		id := r.get("id").Str
		if r.Header.Get("Location") != "/api/v1/sources/"+id || r.Header.Get("ETag") != `"1"` || !r.get("enabled").Bool() ||
			r.get("url").Str != "http://example.com/api/v1/ingest/"+id || r.get("auth.secret").Str != "********" ||
			r.get("auth.tolerance").Str != "5m" || r.get("auth.algorithm").Exists() || r.get("counts.accepted").Int() != 0 {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		if r := h.want(409, "POST", "/api/v1/sources", sourceBody("x")); r.fields()[0] != "name" {
			t.Errorf("a taken name answers %s", r.body)
		}
		r = h.want(422, "POST", "/api/v1/sources", `{"name":"","dialect":"nope","colour":1,"auth":{"method":"hmac","tolerance":"2h","subject":"x"},"types":["A"],"labels":{"a":1}}`)
		if got := strings.Join(r.fields(), " "); got != "labels auth.subject name dialect auth.tolerance auth.header auth.secret types.0 colour" {
			t.Errorf("the wrong fields are %s: %s", got, r.body)
		}
		// Without saying so, an API key is wanted.
		r = h.want(201, "POST", "/api/v1/sources", `{"name":"plain","dialect":"falco"}`)
		if r.get("auth").Raw != `{"method":"api_key"}` || r.get("warnings.#").Int() != 0 {
			t.Errorf("got %s", r.body)
		}
		r = h.want(201, "POST", "/api/v1/sources", `{"name":"open","dialect":"falco","auth":{"method":"none"}}`)
		if r.get("warnings.0.field").Str != "auth.method" {
			t.Errorf("got %s", r.body)
		}
	},
	"get-source": func(t *testing.T, h *hub) {
		path := h.source("x")
		r := h.want(200, "GET", path, "")
		if r.get("name").Str != "x" || r.get("last_received_at").Raw != "null" || r.get("labels.team").Str != "blue" || r.get("types").Raw != `["alert.*"]` {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", "/api/v1/sources/"+event.NewID().Text(event.PrefixSource), "")
		h.account("acme", "")
		h.want(404, "GET", path, "", actIn("acme"))
		h.want(403, "GET", path, "", withKey(h.key(event.DefaultAccount, identity.EventsWrite)))
		h.want(200, "GET", path, "", withKey(h.key(event.DefaultAccount, identity.SourcesRead)))
	},
	"update-source": func(t *testing.T, h *hub) {
		path := h.source("x")
		r := h.want(200, "PATCH", path, `{"auth":{"secret":"********","tolerance":"1m"},"labels":{"team":null,"env":"prod"},"project":null}`, withHeader("If-Match", `"1"`))
		if r.get("auth.tolerance").Str != "1m" || r.get("auth.secret").Str != "********" || r.get("labels").Raw != `{"env":"prod"}` ||
			r.get("project").Str != "" || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		h.want(412, "PATCH", path, `{"enabled":false}`, withHeader("If-Match", `"1"`))
		// What comes back as it was shown changes nothing.
		r = h.want(200, "PATCH", path, r.body)
		if r.get("auth.secret").Str != "********" {
			t.Errorf("got %s", r.body)
		}
		// A method that needs no secret gives it up.
		r = h.want(200, "PATCH", path, `{"auth":{"method":"api_key"}}`)
		if r.get("auth").Raw != `{"method":"api_key"}` {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "PATCH", path, `{"auth":{"method":"bearer"}}`); r.fields()[0] != "auth.secret" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "PATCH", path, `{"auth":{"method":"bearer","secret":"********"}}`); r.fields()[0] != "auth.secret" {
			t.Errorf("got %s", r.body)
		}
	},
	"delete-source": func(_ *testing.T, h *hub) {
		path := h.source("x")
		h.want(412, "DELETE", path, "", withHeader("If-Match", `"9"`))
		h.want(204, "DELETE", path, "")
		h.want(404, "GET", path, "")
		h.want(404, "DELETE", path, "")
	},
	"rotate-source": func(t *testing.T, h *hub) {
		path := h.source("x")
		r := h.want(200, "POST", path+"/rotate", "")
		if !strings.HasPrefix(r.get("secret").Str, "whsec_") || r.get("auth.secret").Str != "********" || r.get("auth.previous_secret").Str != "********" ||
			r.get("warnings.0.field").Str != "auth.previous_secret" || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "PATCH", path, `{"auth":{"previous_secret":null}}`); r.get("auth.previous_secret").Exists() {
			t.Errorf("got %s", r.body)
		}
		h.want(200, "PATCH", path, `{"auth":{"method":"api_key"}}`)
		h.want(409, "POST", path+"/rotate", "")
	},
	"test-source": func(t *testing.T, h *hub) {
		path := h.source("x")
		r := h.want(200, "POST", path+"/test", `{"sample":[{"type":"alert.created","title":"One"},{"type":"incident.created"},{"x":1}]}`)
		if r.get("accepted").Int() != 1 || r.get("events.0.project").Str != "web" || r.get("events.0.labels.team").Str != "blue" ||
			r.get("rejected_total").Int() != 2 || r.get("rejected.0.index").Int() != 1 {
			t.Errorf("got %s", r.body)
		}
		r = h.want(200, "POST", path+"/test", `{"sample":"{\"type\":\"alert.created\"}\n{\"type\":\"alert.resolved\"}","headers":{"Content-Type":"application/x-ndjson"}}`)
		if r.get("accepted").Int() != 2 {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "POST", path+"/test", `{"sample":{"x":1}}`); r.get("accepted").Int() != 0 || r.get("rejected.0.error").Str == "" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "POST", path+"/test", `{"sample":{},"headers":{"Content-Type":"image/png"}}`); r.fields()[0] != "sample" {
			t.Errorf("got %s", r.body)
		}
	},
	"list-dialects": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", "/api/v1/dialects", "")
		if r.get("items.0.name").Str != "native" || r.get(`items.#(name=="falco").methods.#`).Int() == 0 {
			t.Errorf("got %s", r.body)
		}
	},
}
