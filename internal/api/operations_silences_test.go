package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// soon is an hour from now.
func soon() string { return time.Now().Add(time.Hour).UTC().Format(time.RFC3339) }

// silence makes a silence and gives its path.
func (h *hub) silence() string {
	h.t.Helper()
	return "/api/v1/silences/" + h.want(201, "POST", "/api/v1/silences", `{"where":"event.title == \"never\"","ends_at":"`+soon()+`"}`).get("id").Str
}

// silenceExercises are about what is held back.
var silenceExercises = map[string]func(*testing.T, *hub){
	"list-held-back": func(t *testing.T, h *hub) {
		path := h.webhook("x", "https://x.example.com")
		r := h.want(200, "GET", path+"/held", "")
		if r.get("items.0.reason").Str != "silenced" || r.get("items.0.title").Str != "one" || !strings.HasPrefix(r.get("items.0.silence").Str, "sil_") {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", "/api/v1/integrations/"+event.NewID().Text(event.PrefixIntegration)+"/held", "")
	},
	"list-silences": func(t *testing.T, h *hub) {
		first := h.silence()
		h.want(201, "POST", "/api/v1/silences", `{"where":"true","starts_at":"`+soon()+`","ends_at":"`+time.Now().Add(2*time.Hour).UTC().Format(time.RFC3339)+`"}`)
		reader := withKey(h.key(event.DefaultAccount, identity.AlertsRead))
		if r := h.want(200, "GET", "/api/v1/silences", "", reader); r.get("items.#.state").Raw != `["pending","active"]` {
			t.Errorf("got %s", r.body)
		}
		h.want(204, "DELETE", first, "")
		for state, n := range map[string]int64{"active": 0, "pending": 1, "expired": 1} {
			if r := h.want(200, "GET", "/api/v1/silences?state="+state, ""); r.get("items.#").Int() != n {
				t.Errorf("%s: %s", state, r.body)
			}
		}
		page := h.want(200, "GET", "/api/v1/silences?limit=1", "")
		if r := h.want(200, "GET", "/api/v1/silences?limit=1&cursor="+page.get("next").Str, ""); r.get("items.#").Int() != 1 || r.get("next").Exists() {
			t.Errorf("got %s", r.body)
		}
		h.want(422, "GET", "/api/v1/silences?cursor=nope", "")
		h.want(422, "GET", "/api/v1/silences?state=loud", "")
		h.want(403, "POST", "/api/v1/silences", `{"where":"true","ends_at":"`+soon()+`"}`, reader)
	},
	"create-silence": func(t *testing.T, h *hub) {
		id := strings.TrimPrefix(h.webhook("x", "https://x.example.com"), "/api/v1/integrations/")
		r := h.want(201, "POST", "/api/v1/silences", `{"matchers":[{"field":"entity","op":"glob","value":"host:mail-*"},{"field":"label","name":"env","value":"staging"},`+
			`{"field":"severity","op":"one_of","values":["low","medium"]}],"integrations":["`+id+`"],"reason":"work","ends_at":"`+soon()+`"}`)
		if r.Header.Get("Location") != "/api/v1/silences/"+r.get("id").Str || r.Header.Get("ETag") != `"1"` || r.get("state").Str != "active" ||
			r.get("author").Str == "" || r.get("matchers.#").Int() != 3 || r.get("integrations.0").Str != id {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		r = h.want(422, "POST", "/api/v1/silences", `{"matchers":[{"field":"colour"},{"field":"label","value":"x"},{"field":"severity","value":"loud"}],"where":"event.titel","ends_at":"tomorrow"}`)
		if fmt.Sprint(r.fields()) != "[matchers.0.field matchers.1.name matchers.2.value where ends_at]" {
			t.Errorf("got %v %s", r.fields(), r.body)
		}
		for body, field := range map[string]string{
			`{"ends_at":"` + soon() + `"}`:                               "where",
			`{"where":"true"}`:                                           "ends_at",
			`{"where":"true","ends_at":"2020-01-01T00:00:00Z"}`:          "ends_at",
			`{"where":"true","ends_at":"2126-01-01T00:00:00Z"}`:          "ends_at",
			`{"where":"true","ends_at":"` + soon() + `","colour":1}`:     "colour",
			`{"where":"true","ends_at":"` + soon() + `","starts_at":""}`: "",
		} {
			if field == "" {
				h.want(201, "POST", "/api/v1/silences", body)
			} else if r := h.want(422, "POST", "/api/v1/silences", body); fmt.Sprint(r.fields()) != "["+field+"]" {
				t.Errorf("%s: %v %s", body, r.fields(), r.body)
			}
		}
	},
	"get-silence": func(t *testing.T, h *hub) {
		if r := h.want(200, "GET", h.silence(), ""); r.get("where").Str != `event.title == "never"` || r.Header.Get("ETag") != `"1"` {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", "/api/v1/silences/"+event.NewID().Text(event.PrefixSilence), "")
	},
	"update-silence": func(t *testing.T, h *hub) {
		path := h.silence()
		r := h.want(200, "PATCH", path, `{"reason":"longer","matchers":[{"field":"type","value":"a.b"}],"where":null}`, withHeader("If-Match", `"1"`))
		if r.get("reason").Str != "longer" || r.get("where").Exists() || r.get("matchers.0.op").Str != "=" || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		h.want(412, "PATCH", path, `{"reason":"x"}`, withHeader("If-Match", `"1"`))
		h.want(422, "PATCH", path, `{"ends_at":null}`)
		h.want(204, "DELETE", path, "")
		h.want(409, "PATCH", path, `{"reason":"x"}`)
	},
	"expire-silence": func(t *testing.T, h *hub) {
		path := h.silence()
		h.want(412, "DELETE", path, "", withHeader("If-Match", `"9"`))
		h.want(204, "DELETE", path, "")
		h.want(204, "DELETE", path, "")
		if r := h.want(200, "GET", path, ""); r.get("state").Str != "expired" {
			t.Errorf("got %s", r.body)
		}
	},
	"try-silence": func(t *testing.T, h *hub) {
		one := h.engine.add(t, event.DefaultAccount, `{"type":"alert.created","title":"one","tags":["a","b"]}`)
		h.engine.add(t, event.DefaultAccount, `{"type":"alert.created","title":"two"}`)
		r := h.want(200, "POST", "/api/v1/silences/try", `{"silence":{"matchers":[{"field":"tag","value":"b"}]},"last":10}`)
		if r.get("looked").Int() != 2 || r.get("matched").Int() != 1 || r.get("items.0.event").Str != one.ID.Text(event.PrefixEvent) || r.get("items.0.title").Str != "one" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "POST", "/api/v1/silences/try", `{"silence":{"where":"event.titel"}}`); fmt.Sprint(r.fields()) != "[silence.where]" {
			t.Errorf("got %s", r.body)
		}
	},
}
