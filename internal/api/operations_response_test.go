package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// neverBlock exempts a range and gives the entry's path.
func (h *hub) neverBlock(target string) string {
	h.t.Helper()
	return neverBlockBase + "/" + h.want(201, "POST", neverBlockBase, `{"target":"`+target+`","reason":"the office"}`).get("id").Str
}

// responseExercises are about what blocks are decided by, and about responders.
var responseExercises = map[string]func(*testing.T, *hub){
	"list-never-block": func(t *testing.T, h *hub) {
		h.neverBlock("198.51.100.0/24")
		h.neverBlock("203.0.113.9")
		reader := withKey(h.key(event.DefaultAccount, identity.BlocksRead))
		r := h.want(200, "GET", neverBlockBase, "", reader)
		if r.get("items.#.target").Raw != `["203.0.113.9","198.51.100.0/24"]` || r.get("items.0.author").Str != "test" || r.get("items.0.source").Str != "list" {
			t.Errorf("got %s", r.body)
		}
		all, cursor := map[string]string{}, ""
		for {
			r := h.want(200, "GET", neverBlockBase+"?all=true&limit=20&cursor="+cursor, "", reader)
			for _, x := range r.get("items").Array() {
				if x.Get("reason").Str == "" {
					t.Errorf("no reason: %s", x.Raw)
				}
				all[x.Get("target").Str] = x.Get("source").Str
			}
			if cursor = r.get("next").Str; cursor == "" {
				break
			}
		}
		for target, source := range map[string]string{"198.51.100.0/24": "list", "127.0.0.0/8": "reserved", "8.8.8.8": "resolver", "104.16.0.0/13": "cloudflare", "192.0.2.1": "caller"} {
			if all[target] != source {
				t.Errorf("%s is of %q, want %q", target, all[target], source)
			}
		}
		h.want(422, "GET", neverBlockBase+"?cursor=nope", "")
	},
	"create-never-block": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		path := h.block("203.0.113.7")
		dry := h.want(200, "POST", neverBlockBase+"?dry_run=true", `{"target":"203.0.113.0/24","reason":"the office"}`)
		if dry.get("ended_blocks.0.target").Str != "203.0.113.7" || dry.get("id").Exists() || dry.Header.Get("Location") != "" {
			t.Errorf("got %v %s", dry.Header, dry.body)
		}
		h.want(200, "GET", path, "")
		r := h.want(201, "POST", neverBlockBase, `{"target":"203.0.113.0/24","reason":"the office","ttl":"8h"}`)
		if r.get("ended_blocks.0.state").Str != "removed" || r.Header.Get("Location") != neverBlockBase+"/"+r.get("id").Str || r.Header.Get("ETag") != `"1"` || r.get("expires_at").Str == "" {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		if r := h.want(200, "GET", path, ""); r.get("state").Str != "removed" || !strings.Contains(r.get("cause").Str, "the office") {
			t.Errorf("got %s", r.body)
		}
		for _, target := range []string{"203.0.113.7", "203.0.113.128/25"} {
			if r := h.want(409, "POST", blocksBase, `{"target":"`+target+`"}`); !strings.Contains(r.get("findings.0.text").Str, "the office") {
				t.Errorf("%s: %s", target, r.body)
			}
		}
		for body, field := range map[string]string{
			`{"target":"203.0.113.7"}`: "reason", `{"target":"x","reason":"x"}`: "target", `{"target":"0.0.0.0/0","reason":"x"}`: "target",
			`{"target":"203.0.113.7","reason":"x","ttl":"x"}`: "ttl",
		} {
			if r := h.want(422, "POST", neverBlockBase, body); fmt.Sprint(r.fields()) != "["+field+"]" {
				t.Errorf("%s: %s", body, r.body)
			}
		}
		h.want(403, "POST", neverBlockBase, `{"target":"203.0.113.7","reason":"x"}`, withKey(h.key(event.DefaultAccount, identity.BlocksWrite)))
	},
	"get-never-block": func(t *testing.T, h *hub) {
		if r := h.want(200, "GET", h.neverBlock("198.51.100.0/24"), ""); r.get("target").Str != "198.51.100.0/24" || r.Header.Get("ETag") != `"1"` {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", neverBlockBase+"/"+event.NewID().Text(event.PrefixProtected), "")
	},
	"change-never-block": func(t *testing.T, h *hub) {
		path := h.neverBlock("198.51.100.0/24")
		r := h.want(200, "PATCH", path, `{"reason":"the old office","ttl":"8h"}`, withHeader("If-Match", `"1"`))
		if r.get("reason").Str != "the old office" || r.get("expires_at").Str == "" || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "PATCH", path, `{"ttl":"permanent"}`); r.get("expires_at").Exists() || r.get("reason").Str != "the old office" {
			t.Errorf("got %s", r.body)
		}
		h.want(412, "PATCH", path, `{"reason":"x"}`, withHeader("If-Match", `"1"`))
		h.want(422, "PATCH", path, `{"target":"203.0.113.7"}`)
	},
	"delete-never-block": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		path := h.neverBlock("203.0.113.0/24")
		h.want(204, "DELETE", path, "")
		h.want(404, "DELETE", path, "")
		h.block("203.0.113.7")
	},
	"check-never-block": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		id := tail(h.neverBlock("198.51.100.0/24"))
		h.block("203.0.113.7")
		r := h.want(200, "GET", neverBlockBase+"/check?target=198.51.100.7", "")
		if !r.get("exempt").Bool() || r.get("because.0.id").Str != id || r.get("because.0.reason").Str != "the office" || r.get("because.0.author").Str != "test" || r.get("target").Str != "198.51.100.7" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "GET", neverBlockBase+"/check?target=198.51.0.0/16", ""); !r.get("exempt").Bool() {
			t.Errorf("what contains it: %s", r.body)
		}
		if r := h.want(200, "GET", neverBlockBase+"/check?target=203.0.113.0/28", ""); r.get("exempt").Bool() || r.get("blocks.0.target").Str != "203.0.113.7" {
			t.Errorf("got %s", r.body)
		}
		for _, query := range []string{"", "?target=x"} {
			if r := h.want(422, "GET", neverBlockBase+"/check"+query, ""); r.fields()[0] != "target" {
				t.Errorf("got %s", r.body)
			}
		}
	},
	"get-response-policy": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", policyBase, "")
		if r.get("default_ttl").Str != "24h" || r.get("per_minute").Int() != 60 || r.get("version").Int() != 0 || r.get("killed").Bool() || r.get("approve_all").Raw != "false" || r.get("evict").Raw != "false" || r.Header.Get("ETag") != "" {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		h.account("acme", "")
		h.account("acme-eu", "acme")
		parent, child := withKey(h.key("acme", identity.Admin)), withKey(h.key("acme-eu", identity.Admin))
		h.want(200, "PATCH", policyBase, `{"per_minute":7}`, parent)
		h.want(200, "POST", policyBase+"/kill-switch", `{"on":true,"reason":"a storm"}`, parent)
		if r := h.want(200, "GET", policyBase, "", child); r.get("per_minute").Int() != 7 || r.get("kill_switch").Bool() || !r.get("killed").Bool() || r.get("killed_reason").Str != "a storm" {
			t.Errorf("the child has %s", r.body)
		}
	},
	"change-response-policy": func(t *testing.T, h *hub) {
		r := h.want(200, "PATCH", policyBase, `{"per_hour":200,"approve_all":true}`)
		if r.get("per_hour").Int() != 200 || !r.get("approve_all").Bool() || r.Header.Get("ETag") != `"1"` || r.get("version").Int() != 1 {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		if r := h.want(200, "PATCH", policyBase, `{"per_hour":null}`, withHeader("If-Match", `"1"`)); r.get("per_hour").Int() != 600 || !r.get("approve_all").Bool() {
			t.Errorf("got %s", r.body)
		}
		h.want(412, "PATCH", policyBase, `{"per_hour":1}`, withHeader("If-Match", `"1"`))
		for body, field := range map[string]string{`{"per_hour":-1}`: "per_hour", `{"colour":1}`: "colour", `{"on_breach":"ignore"}`: "on_breach", `{"default_ttl":"x"}`: "default_ttl"} {
			if r := h.want(422, "PATCH", policyBase, body); fmt.Sprint(r.fields()) != "["+field+"]" {
				t.Errorf("%s: %s", body, r.body)
			}
		}
		h.responder("edge", newFirewall(t))
		h.want(202, "POST", blocksBase, `{"target":"203.0.113.7"}`)
		h.want(403, "PATCH", policyBase, `{"per_hour":1}`, withKey(h.key(event.DefaultAccount, identity.BlocksWrite)))
	},
	"set-kill-switch": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		writer := withKey(h.key(event.DefaultAccount, identity.BlocksWrite, identity.BlocksRead))
		waiting := h.pending("203.0.113.9")
		r := h.want(200, "POST", policyBase+"/kill-switch", `{"on":true,"reason":"a storm"}`, writer)
		if !r.get("kill_switch").Bool() || r.get("kill_reason").Str != "a storm" || !r.get("killed").Bool() {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(409, "POST", blocksBase, `{"target":"203.0.113.7"}`); r.get("findings.0.code").Str != "kill_switch" || !strings.Contains(r.body, "a storm") {
			t.Errorf("got %s", r.body)
		}
		h.want(409, "POST", waiting+"/approve", "", withKey(h.key(event.DefaultAccount, identity.BlocksApprove)))
		if r := h.want(403, "POST", policyBase+"/kill-switch", `{"on":false}`, writer); r.get("error").Str != "SCOPE_MISSING" {
			t.Errorf("got %s", r.body)
		}
		h.want(200, "POST", policyBase+"/kill-switch", `{"on":false}`)
		h.block("203.0.113.7")
		h.want(422, "POST", policyBase+"/kill-switch", `{}`)
	},
	"list-responders": func(t *testing.T, h *hub) {
		f := newFirewall(t)
		f.blocked["198.51.100.200/32"] = fence{Target: "198.51.100.200/32", ID: "somebody's"}
		id := h.responder("edge", f)
		h.runResponders()
		h.stands(h.block("203.0.113.7"), "verified")
		var r reply
		h.eventually("the cycle is over", func() bool {
			r = h.want(200, "GET", respondersBase, "", withKey(h.key(event.DefaultAccount, identity.BlocksRead)))
			return !r.get("items.0.running").Bool()
		})
		if r.get("items.0.id").Str != id || r.get("items.0.name").Str != "edge" || !r.get("items.0.ready").Bool() || r.get("items.0.used").Int() != 2 || r.get("items.0.ours").Int() != 1 ||
			r.get("items.0.capacity").Int() != 1000 || r.get("items.0.placements.verified").Int() != 1 || r.get("items.0.last_cycle_at").Str == "" || r.get("items.0.error").Exists() {
			t.Errorf("got %s", r.body)
		}
	},
	"reconcile-responder": func(t *testing.T, h *hub) {
		f := newFirewall(t)
		path := respondersBase + "/" + h.responder("edge", f) + "/reconcile"
		block := h.block("203.0.113.7")
		r := h.want(200, "POST", path, "")
		if !r.get("ready").Bool() || r.get("ours").Int() != 1 || fmt.Sprint(f.holds()) != "[203.0.113.7/32]" {
			t.Errorf("got %s, it holds %v", r.body, f.holds())
		}
		if r := h.want(200, "GET", block, ""); r.get("placements.0.state").Str != "verified" {
			t.Errorf("got %s", r.body)
		}
		f.set(func(f *firewall) { f.broken = true })
		if r := h.want(200, "POST", path, ""); r.get("error").Str == "" || r.get("error_since").Str == "" {
			t.Errorf("a broken one gives %s", r.body)
		}
		hook := h.webhook("x", "https://x.example.com")
		h.want(404, "POST", respondersBase+"/"+tail(hook)+"/reconcile", "")
	},
}
