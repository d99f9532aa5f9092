package api

import (
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// keyExercises are about API keys, which are at two paths.
var keyExercises = map[string]func(*testing.T, *hub){
	"list-scopes": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", "/api/v1/scopes", "", withKey(h.key(event.DefaultAccount, identity.EventsWrite)))
		if got, want := int(r.get("items.#").Int()), len(identity.AllScopes()); got != want || r.get(`items.#(scope=="blocks:approve").help`).Str == "" {
			t.Errorf("got %s", r.body)
		}
	},
	"list-keys":        keys("/api/v1/api-keys"),
	"create-key":       keys("/api/v1/api-keys"),
	"revoke-key":       keys("/api/v1/api-keys"),
	"list-keys-admin":  keys("/api/admin/api-keys"),
	"create-key-admin": keys("/api/admin/api-keys"),
	"revoke-key-admin": keys("/api/admin/api-keys"),
	"rotate-key":       rotation("/api/v1/api-keys"),
	"rotate-key-admin": rotation("/api/admin/api-keys"),
}

// keys makes, uses, lists and revokes a key.
func keys(base string) func(*testing.T, *hub) {
	return func(t *testing.T, h *hub) {
		r := h.want(201, "POST", base, `{"name":"ci","scopes":["integrations:read"],"expires_in_days":90}`)
		id, key := r.get("id").Str, r.get("key").Str
		if !strings.HasPrefix(key, r.get("prefix").Str) || !r.get("expires_at").Exists() || r.get("revoked_at").Exists() {
			t.Errorf("got %s", r.body)
		}
		h.want(200, "GET", "/api/v1/integrations", "", withKey(key))
		h.want(200, "GET", "/api/v1/integrations", "", withHeader("X-API-Key", ""), withHeader("Authorization", "Bearer "+key))
		if list := h.want(200, "GET", base, ""); strings.Contains(list.body, key) || list.get("items.#").Int() != 2 {
			t.Errorf("the list is %s", list.body)
		}
		h.want(204, "DELETE", base+"/"+id, "")
		h.want(401, "GET", "/api/v1/integrations", "", withKey(key))
		h.keys.Close() // writes the last uses down
		if r := h.want(200, "GET", base, ""); r.get(`items.#(id=="`+id+`").last_used_ip`).Str != "192.0.2.1" || !r.get(`items.#(id=="`+id+`").revoked_at`).Exists() {
			t.Errorf("the used and revoked key is %s", r.body)
		}
		if r := h.want(201, "POST", base, `{"name":"try","scopes":["events:write"],"test":true}`); !strings.HasPrefix(r.get("key").Str, "tsk_test_") || r.get("environment").Str != "test" {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "DELETE", base+"/"+event.NewID().Text(event.PrefixKey), "")
		if r := h.want(422, "POST", base, `{"name":"ci","scopes":["integrations:read","everything"]}`); r.fields()[0] != "scopes.1" {
			t.Errorf("a wrong scope answers %s", r.body)
		}
	}
}

// rotation rotates a key with and without overlap.
func rotation(base string) func(*testing.T, *hub) {
	return func(t *testing.T, h *hub) {
		old := h.want(201, "POST", base, `{"name":"ci","scopes":["events:read"],"rate_limit":600,"expires_in_days":30}`)
		path := base + "/" + old.get("id").Str + "/rotate"
		r := h.want(201, "POST", path, `{"overlap":"1h"}`)
		if r.get("replaces").Str != old.get("id").Str || r.get("rate_limit").Int() != 600 || r.get("scopes").Raw != `["events:read"]` || !r.get("expires_at").Exists() {
			t.Errorf("got %s", r.body)
		}
		h.want(200, "GET", "/api/v1/events", "", withKey(old.get("key").Str))
		h.want(200, "GET", "/api/v1/events", "", withKey(r.get("key").Str))
		h.want(201, "POST", path, `{"overlap":"0s"}`)
		h.want(401, "GET", "/api/v1/events", "", withKey(old.get("key").Str))
		h.want(409, "POST", path, "") // it has ended
		for _, overlap := range []string{"a day", "721h", "-1s"} {
			if r := h.want(422, "POST", path, `{"overlap":"`+overlap+`"}`); strings.Join(r.fields(), " ") != "overlap" {
				t.Errorf("%s answers %s", overlap, r.body)
			}
		}
		h.want(404, "POST", base+"/"+event.NewID().Text(event.PrefixKey)+"/rotate", "")
	}
}
