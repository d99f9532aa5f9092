package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const responseRulesBase = "/api/v1/response-rules"

// responseRule makes a rule and gives its path.
func (h *hub) responseRule(name string) string {
	h.t.Helper()
	return h.want(201, "POST", responseRulesBase, `{"name":"`+name+`","subscription":{"types":["alert.*"]}}`).Header.Get("Location")
}

// hit stores what a rule did.
func (h *hub) hit(path, target string) {
	h.t.Helper()
	id, err := event.ParseID(event.PrefixResponse, tail(path))
	if err != nil {
		h.t.Fatal(err)
	}
	hit := store.RuleHit{
		ID: event.NewID(), Account: event.DefaultAccount, Rule: id, Event: event.NewID(), Type: "alert.created", Target: target, At: event.NewID().Time(),
		Mode: "shadow", Decision: "would_block",
	}
	if err := h.store.SaveRuleHits(h.t.Context(), []store.RuleHit{hit}, ""); err != nil {
		h.t.Fatal(err)
	}
}

// responseRuleExercises are about response rules.
var responseRuleExercises = map[string]func(*testing.T, *hub){
	"list-response-rules": func(t *testing.T, h *hub) {
		for _, name := range []string{"b", "a", "c"} {
			h.responseRule(name)
		}
		r := h.want(200, "GET", responseRulesBase+"?limit=2", "", withKey(h.key(event.DefaultAccount, identity.BlocksRead)))
		if r.get("items.#.name").Raw != `["a","b"]` {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "GET", responseRulesBase+"?cursor="+r.get("next").Str, ""); r.get("items.#.name").Raw != `["c"]` || r.get("next").Exists() {
			t.Errorf("got %s", r.body)
		}
		h.want(422, "GET", responseRulesBase+"?cursor=x", "")
	},
	"create-response-rule": func(t *testing.T, h *hub) {
		r := h.want(201, "POST", responseRulesBase, `{"name":"Brute force","subscription":{"types":["alert.created"],"min_severity":"high"},"block":{"ttl":"4h","max_per_hour":5}}`)
		if r.get("mode").Str != "shadow" || !r.get("enabled").Bool() || r.get("block.entity_role").Str != "source" || r.get("block.ttl").Str != "4h" || r.Header.Get("ETag") != `"1"` ||
			r.Header.Get("Location") != responseRulesBase+"/"+r.get("id").Str || r.get("author").Str != "test" || r.get("shadow_since").Str == "" {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		h.want(409, "POST", responseRulesBase, `{"name":"Brute force","subscription":{"types":["*"]}}`)
		for body, field := range map[string]string{
			`{"subscription":{"types":["*"]}}`: "name", `{"name":"x"}`: "subscription.types", `{"name":"x","subscription":{"types":["*"]},"mode":"apply"}`: "mode",
			`{"name":"x","subscription":{"types":["*"]},"block":{"ttl":"permanent"}}`: "block.ttl", `{"name":"x","subscription":{"types":["*"]},"colour":1}`: "colour",
			`{"name":"x","subscription":{"types":["*"],"where":"event.titel"}}`: "subscription.where",
		} {
			if r := h.want(422, "POST", responseRulesBase, body); fmt.Sprint(r.fields()) != "["+field+"]" {
				t.Errorf("%s: %s", body, r.body)
			}
		}
		h.want(403, "POST", responseRulesBase, `{"name":"x","subscription":{"types":["*"]}}`, withKey(h.key(event.DefaultAccount, identity.BlocksWrite)))
	},
	"get-response-rule": func(t *testing.T, h *hub) {
		if r := h.want(200, "GET", h.responseRule("x"), ""); r.get("name").Str != "x" || r.Header.Get("ETag") != `"1"` {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", responseRulesBase+"/"+event.NewID().Text(event.PrefixResponse), "")
	},
	"update-response-rule": func(t *testing.T, h *hub) {
		path := h.responseRule("x")
		r := h.want(200, "PATCH", path, `{"mode":"propose"}`, withHeader("If-Match", `"1"`))
		if r.get("mode").Str != "propose" || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		h.want(412, "PATCH", path, `{"enabled":false}`, withHeader("If-Match", `"1"`))
		if r := h.want(200, "PATCH", path, `{"block":{"ttl":"1h"}}`); r.get("mode").Str != "shadow" {
			t.Errorf("a change of what it blocks leaves it at %s", r.body)
		}
		h.responseRule("y")
		h.want(409, "PATCH", path, `{"name":"y"}`)
		h.want(422, "PATCH", path, `{"mode":"wild"}`)
	},
	"delete-response-rule": func(t *testing.T, h *hub) {
		path := h.responseRule("x")
		h.want(412, "DELETE", path, "", withHeader("If-Match", `"9"`))
		h.want(204, "DELETE", path, "")
		h.want(404, "DELETE", path, "")
	},
	"try-response-rule": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		one := h.engine.add(t, event.DefaultAccount, observedEvent)
		h.engine.add(t, event.DefaultAccount, `{"type":"alert.created","title":"two","entities":[{"type":"ip","value":"10.0.0.1","role":"source","observed":true}]}`)
		h.engine.add(t, event.DefaultAccount, `{"type":"alert.created","title":"203.0.113.66 in a text"}`)
		r := h.want(200, "POST", responseRulesBase+"/try", `{"rule":{"name":"x","subscription":{"types":["alert.created"]}},"last":10}`)
		if r.get("looked").Int() != 3 || r.get("matched").Int() != 3 || r.get("without_target").Int() != 1 || r.get("counts.would_block").Int() != 1 || r.get("counts.would_refuse").Int() != 1 ||
			!strings.Contains(r.body, one.ID.Text(event.PrefixEvent)) {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "GET", blocksBase, ""); r.get("items.#").Int() != 0 {
			t.Errorf("a trial blocked: %s", r.body)
		}
		if r := h.want(422, "POST", responseRulesBase+"/try", `{"rule":{"name":"x"}}`); fmt.Sprint(r.fields()) != "[rule.subscription.types]" {
			t.Errorf("got %s", r.body)
		}
	},
	"get-response-report": func(t *testing.T, h *hub) {
		path := h.responseRule("x")
		h.hit(path, "203.0.113.7/32")
		r := h.want(200, "GET", path+"/report", "", withKey(h.key(event.DefaultAccount, identity.BlocksRead)))
		if r.get("mode").Str != "shadow" || r.get("shadow.would_block").Int() != 1 || r.get("targets").Int() != 1 || r.get("items.0.target").Str != "203.0.113.7" {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", responseRulesBase+"/"+event.NewID().Text(event.PrefixResponse)+"/report", "")
	},
	"list-response-hits": func(t *testing.T, h *hub) {
		path := h.responseRule("x")
		h.hit(path, "203.0.113.7/32")
		h.hit(path, "203.0.113.8/32")
		r := h.want(200, "GET", path+"/hits?limit=1", "")
		if r.get("items.#.target").Raw != `["203.0.113.8"]` || r.get("items.0.decision").Str != "would_block" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "GET", path+"/hits?cursor="+r.get("next").Str, ""); r.get("items.#.target").Raw != `["203.0.113.7"]` {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", responseRulesBase+"/"+event.NewID().Text(event.PrefixResponse)+"/hits", "")
	},
}
