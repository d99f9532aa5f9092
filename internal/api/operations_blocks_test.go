package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// observedEvent is an event with one observed address, one that was only read out of a text, and one that is nobody's.
const observedEvent = `{"type":"alert.created","title":"Brute force","dedup_key":"k","entities":[
	{"type":"ip","value":"203.0.113.7","role":"source","observed":true},{"type":"ip","value":"198.51.100.9","role":"source"},{"type":"host","value":"web-1","observed":true}]}`

// pending has a block wait for approval, and gives its path.
func (h *hub) pending(target string, options ...option) string {
	h.t.Helper()
	r := h.want(202, "POST", blocksBase, `{"target":"`+target+`","reason":"a test","ttl":"permanent"}`, options...)
	return r.Header.Get("Location")
}

// blockExercises are about blocks.
var blockExercises = map[string]func(*testing.T, *hub){
	"list-blocks": func(t *testing.T, h *hub) {
		h.want(200, "PATCH", policyBase, `{"approve_wider_ipv4":0}`)
		fw := h.responder("edge", newFirewall(t))
		one := h.block("203.0.113.7")
		h.block("203.0.113.64/28")
		h.pending("198.51.100.4")
		h.want(200, "DELETE", one, "")
		for query, want := range map[string]string{
			"": "[198.51.100.4 203.0.113.64/28 203.0.113.7]", "?state=open": "[198.51.100.4 203.0.113.64/28]", "?state=active": "[203.0.113.64/28]",
			"?state=removed,pending_approval": "[198.51.100.4 203.0.113.7]", "?target=203.0.113.65": "[203.0.113.64/28]",
			"?target=203.0.113.0/24": "[203.0.113.64/28 203.0.113.7]", "?target=::ffff:203.0.113.70": "[203.0.113.64/28]", "?q=A%20TEST&limit=1": "[198.51.100.4]",
			"?integration=" + fw + "&state=active": "[203.0.113.64/28]", "?by=me&state=active": "[203.0.113.64/28]", "?by=usr_x": "[]", "?since=2036-01-01T00:00:00Z": "[]",
			"?placement=requested&state=active": "[203.0.113.64/28]", "?placement=verified": "[]",
			"?rule=" + event.NewID().Text(event.PrefixResponse): "[]", "?alert=" + event.NewID().Text(event.PrefixAlert): "[]", "?incident=INC-7": "[]",
		} {
			r := h.want(200, "GET", blocksBase+query, "")
			var got []string
			for _, x := range r.get("items.#.target").Array() {
				got = append(got, x.Str)
			}
			if fmt.Sprint(got) != want {
				t.Errorf("%s gives %v, want %s", query, got, want)
			}
		}
		page := h.want(200, "GET", blocksBase+"?limit=2", "")
		if r := h.want(200, "GET", blocksBase+"?limit=2&cursor="+page.get("next").Str, ""); r.get("items.#.target").Raw != `["203.0.113.7"]` || r.get("next").Exists() {
			t.Errorf("got %s", r.body)
		}
		for query, field := range map[string]string{"?target=1.2.3": "target", "?integration=x": "integration", "?alert=x": "alert", "?rule=x": "rule", "?incident=x": "incident", "?state=x": "state.0", "?cursor=x": "cursor"} {
			if r := h.want(422, "GET", blocksBase+query, ""); fmt.Sprint(r.fields()) != "["+field+"]" {
				t.Errorf("%s: %s", query, r.body)
			}
		}
		h.want(403, "GET", blocksBase, "", withKey(h.key(event.DefaultAccount, identity.AlertsWrite)))
	},
	"create-block": func(t *testing.T, h *hub) {
		fw := h.responder("edge", newFirewall(t))
		writer := withKey(h.key(event.DefaultAccount, identity.BlocksWrite))
		r := h.want(201, "POST", blocksBase, `{"target":"::ffff:203.0.113.7","reason":"Brute force","ttl":"2h","integrations":["`+fw+`"]}`, writer)
		if r.get("target").Str != "203.0.113.7" || r.get("state").Str != "active" || r.get("outcome").Str != "blocked" || r.get("ttl").Str != "2h" || r.Header.Get("ETag") != `"1"` ||
			r.Header.Get("Location") != blocksBase+"/"+r.get("id").Str || r.get("responders.0").Str != fw || r.get("placements.0.name").Str != "edge" ||
			r.get("placements.0.kind").Str != "responder" || r.get("placements.0.state").Str != "requested" || r.get("requester.kind").Str != "key" ||
			r.get("requester.address").Str != "192.0.2.1" || r.get("expires_at").Time().Sub(r.get("active_at").Time()).Hours() != 2 {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		merged := h.want(200, "POST", blocksBase, `{"target":"203.0.113.7/32","ttl":"1h"}`)
		if merged.get("id").Str != r.get("id").Str || merged.get("outcome").Str != "merged" || merged.get("expires_at").Str != r.get("expires_at").Str {
			t.Errorf("the same again gives %s", merged.body)
		}
		if longer := h.want(200, "POST", blocksBase, `{"target":"203.0.113.7","ttl":"5h"}`); !longer.get("expires_at").Time().After(r.get("expires_at").Time()) {
			t.Errorf("for longer gives %s", longer.body)
		}
		waits := h.want(202, "POST", blocksBase, `{"target":"203.0.113.99","ttl":"permanent","reason":"for good"}`)
		if waits.get("state").Str != "pending_approval" || waits.get("outcome").Str != "pending" || waits.get("findings.0.code").Str != "permanent" || waits.get("approve_by").Str == "" || waits.get("ttl").Str != "permanent" {
			t.Errorf("a permanent one gives %s", waits.body)
		}
		dry := h.want(200, "POST", blocksBase, `{"target":"203.0.113.100","dry_run":true}`)
		if dry.get("outcome").Str != "planned" || dry.get("decision").Str != "allow" || dry.get("id").Exists() || dry.Header.Get("Location") != "" {
			t.Errorf("a dry run gives %v %s", dry.Header, dry.body)
		}
		no := h.want(409, "POST", blocksBase, `{"target":"10.1.2.3"}`)
		if no.get("error").Str != "BLOCK_REFUSED" || no.get("findings.0.code").Str != "protected" || no.get("findings.0.decision").Str != "refuse" || no.get("findings.0.text").Str == "" {
			t.Errorf("a private address gives %s", no.body)
		}
		h.want(409, "POST", blocksBase, `{"target":"192.0.2.1"}`) // the caller's own
		for body, field := range map[string]string{
			`{}`: "target", `{"target":"1.2.3"}`: "target", `{"target":"203.0.113.9/24"}`: "target", `{"target":"fe80::1%eth0"}`: "target", `{"target":"0x7f.1"}`: "target",
			`{"target":"203.0.113.8","ttl":"soon"}`: "ttl", `{"target":"203.0.113.8","ttl":"-1h"}`: "ttl", `{"target":"203.0.113.8","integrations":["x"]}`: "integrations.0",
			`{"target":"203.0.113.8","evidence":{"alert":"x"}}`: "evidence.alert", `{"target":"203.0.113.8","colour":1}`: "colour",
			`{"target":"203.0.113.8","reason":"a\u0000b"}`: "reason",
		} {
			if r := h.want(422, "POST", blocksBase, body); fmt.Sprint(r.fields()) != "["+field+"]" {
				t.Errorf("%s: %v %s", body, r.fields(), r.body)
			}
		}
		h.want(403, "POST", blocksBase, `{"target":"203.0.113.8"}`, withKey(h.key(event.DefaultAccount, identity.BlocksRead, identity.BlocksApprove)))
	},
	"get-block": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		r := h.want(200, "GET", h.block("203.0.113.7"), "", withKey(h.key(event.DefaultAccount, identity.BlocksRead)))
		if r.get("target").Str != "203.0.113.7" || r.Header.Get("ETag") != `"1"` || r.get("placements.#").Int() != 1 || !r.get("placements.0.wanted").Bool() {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", blocksBase+"/"+event.NewID().Text(event.PrefixBlock), "")
	},
	"get-block-history": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		path := h.block("203.0.113.7")
		h.want(200, "PATCH", path, `{"ttl":"48h"}`)
		h.want(200, "DELETE", path+"?reason=a%20customer", "")
		r := h.want(200, "GET", path+"/history", "")
		if r.get("items.0.state").Str != "active" || r.get("items.#(state==\"changed\").by").Str != "test" || !strings.Contains(r.get("items.#(state==\"removed\").cause").Str, "a customer") {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", blocksBase+"/"+event.NewID().Text(event.PrefixBlock)+"/history", "")
	},
	"change-block": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		path := h.block("203.0.113.7")
		r := h.want(200, "PATCH", path, `{"ttl":"72h","reason":"scanners"}`, withHeader("If-Match", `"1"`))
		if r.get("ttl").Str != "3d" || r.get("reason").Str != "scanners" || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		h.want(412, "PATCH", path, `{"reason":"x"}`, withHeader("If-Match", `"1"`))
		if r := h.want(422, "PATCH", path, `{"ttl":"x"}`); fmt.Sprint(r.fields()) != "[ttl]" {
			t.Errorf("got %s", r.body)
		}
		h.want(200, "DELETE", path, "")
		h.want(409, "PATCH", path, `{"ttl":"1h"}`)
	},
	"end-block": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		path := h.block("203.0.113.7")
		h.want(412, "DELETE", path, "", withHeader("If-Match", `"9"`))
		r := h.want(200, "DELETE", path+"?reason=It%20was%20a%20customer.", "")
		if r.get("state").Str != "removed" || !strings.Contains(r.get("cause").Str, "customer") || r.get("ended_at").Str == "" || r.get("decider.name").Str != "test" || r.get("placements.0.wanted").Bool() {
			t.Errorf("got %s", r.body)
		}
		h.want(200, "DELETE", path, "")
		if r := h.want(422, "DELETE", path+"?reason=a%00b", ""); fmt.Sprint(r.fields()) != "[reason]" {
			t.Errorf("got %s", r.body)
		}
	},
	"approve-block": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		path := h.pending("203.0.113.7")
		if r := h.want(403, "POST", path+"/approve", ""); r.get("error").Str != "SAME_PERSON" {
			t.Errorf("one's own gives %s", r.body)
		}
		child := h.want(201, "POST", "/api/v1/api-keys", `{"name":"other","scopes":["blocks:approve"]}`).get("key").Str
		h.want(403, "POST", path+"/approve", "", withKey(child)) // the requester made it
		other := withKey(h.key(event.DefaultAccount, identity.BlocksApprove))
		r := h.want(200, "POST", path+"/approve", `{"note":"seen it"}`, other)
		if r.get("state").Str != "active" || r.get("expires_at").Exists() || r.get("decider.kind").Str != "key" || r.Header.Get("ETag") != `"2"` || r.get("placements.#").Int() != 1 {
			t.Errorf("got %s", r.body)
		}
		h.want(409, "POST", path+"/approve", "", other)
		h.want(403, "POST", path+"/approve", "", withKey(h.key(event.DefaultAccount, identity.BlocksWrite)))
		h.want(404, "POST", blocksBase+"/"+event.NewID().Text(event.PrefixBlock)+"/approve", "")
	},
	"reject-block": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		path := h.pending("203.0.113.7")
		if r := h.want(200, "POST", path+"/reject", `{"note":"a customer"}`); r.get("state").Str != "rejected" || !strings.Contains(r.get("cause").Str, "a customer") {
			t.Errorf("got %s", r.body)
		}
		h.want(409, "POST", path+"/reject", "")
	},
	"retry-block": func(t *testing.T, h *hub) {
		f := newFirewall(t)
		f.broken = true
		h.responder("edge", f)
		h.want(409, "POST", h.pending("203.0.113.99")+"/retry", "")
		path := h.block("203.0.113.7")
		h.runResponders()
		if r := h.stands(path, "failed"); r.get("placements.0.cause").Str == "" || r.get("placements.0.attempts").Int() == 0 {
			t.Errorf("got %s", r.body)
		}
		f.set(func(f *firewall) { f.broken = false })
		h.want(200, "POST", path+"/retry", "")
		h.stands(path, "verified")
		h.want(200, "DELETE", path, "")
		h.stands(path, "removed")
		h.want(409, "POST", path+"/retry", "")
	},
	"plan-block": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		r := h.want(200, "POST", blocksBase+"/plan", `{"target":"203.0.113.7","ttl":"1h"}`)
		if r.get("decision").Str != "allow" || r.get("target").Str != "203.0.113.7" || r.get("responders.0.name").Str != "edge" || r.get("responders.0.action").Str != "add" ||
			r.get("responders.0.call.method").Str != "POST" || !strings.Contains(r.get("responders.0.call.body").Str, "203.0.113.7") || strings.Contains(r.body, canarySecret) {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "POST", blocksBase+"/plan", `{"target":"127.0.0.0/8"}`); r.get("decision").Str != "refuse" || r.get("findings.0.code").Str != "protected" {
			t.Errorf("got %s", r.body)
		}
		path := h.block("203.0.113.7")
		if r := h.want(200, "POST", blocksBase+"/plan", `{"target":"203.0.113.7"}`); !strings.HasSuffix(path, r.get("merges").Str) || r.get("merges").Str == "" {
			t.Errorf("got %s", r.body)
		}
		h.want(422, "POST", blocksBase+"/plan", `{"target":"x"}`)
	},
	"undo-blocks": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		for _, n := range []string{"1", "2", "3"} {
			h.block("203.0.113." + n)
		}
		other := withKey(h.key(event.DefaultAccount, identity.BlocksWrite))
		h.block("203.0.113.4", other)
		dry := h.want(200, "POST", blocksBase+"/undo", `{"last":2,"dry_run":true}`)
		if dry.get("items.#.target").Raw != `["203.0.113.4","203.0.113.3"]` || !dry.get("dry_run").Bool() || dry.get("items.0.state").Str != "active" {
			t.Errorf("got %s", dry.body)
		}
		r := h.want(200, "POST", blocksBase+"/undo", `{"last":2,"mine":true,"reason":"a proxy"}`)
		if r.get("items.#.target").Raw != `["203.0.113.3","203.0.113.2"]` || r.get("count").Int() != 2 || r.get("items.0.state").Str != "removed" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "POST", blocksBase+"/undo", `{"since":"2020-01-01T00:00:00Z"}`); r.get("count").Int() != 2 {
			t.Errorf("got %s", r.body)
		}
		for _, body := range []string{`{}`, `{"last":0}`, `{"last":1,"since":"2020-01-01T00:00:00Z"}`, `{"last":1,"rule":"x"}`} {
			h.want(422, "POST", blocksBase+"/undo", body)
		}
	},
	"count-blocks": func(t *testing.T, h *hub) {
		fw := h.responder("edge", newFirewall(t))
		h.want(200, "DELETE", h.block("203.0.113.7"), "")
		h.block("203.0.113.8")
		r := h.want(200, "GET", blocksBase+"/counts", "")
		if r.get("blocks.active").Int() != 1 || r.get("blocks.removed").Int() != 1 || r.get("blocks.lapsed").Raw != "0" || r.get("responders.0.integration").Str != fw ||
			r.get("responders.0.placements.requested").Int() < 1 {
			t.Errorf("got %s", r.body)
		}
	},
	"import-blocks": importBlocks,
	"export-blocks": exportBlocks,
	"block-of-alert": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		path := h.alert(event.DefaultAccount, observedEvent)
		r := h.want(201, "POST", path+"/block", "")
		if r.get("target").Str != "203.0.113.7" || !strings.HasSuffix(path, r.get("evidence.alert").Str) {
			t.Errorf("got %s", r.body)
		}
		// What was read out of a text, or is not in the alert at all, is never blocked.
		for _, target := range []string{"198.51.100.9", "203.0.113.8", "203.0.113.0/24"} {
			if r := h.want(422, "POST", path+"/block", `{"target":"`+target+`"}`); fmt.Sprint(r.fields()) != "[target]" {
				t.Errorf("%s: %s", target, r.body)
			}
		}
		h.want(422, "POST", h.alert(event.DefaultAccount, `{"type":"alert.created","dedup_key":"none","title":"203.0.113.66 did it"}`)+"/block", "")
		h.want(404, "POST", "/api/v1/alerts/"+event.NewID().Text(event.PrefixAlert)+"/block", "")
	},
	"block-of-event": func(t *testing.T, h *hub) {
		h.responder("edge", newFirewall(t))
		id := h.engine.add(t, event.DefaultAccount, observedEvent).ID.Text(event.PrefixEvent)
		r := h.want(201, "POST", "/api/v1/events/"+id+"/block", `{"ttl":"1h"}`)
		if r.get("target").Str != "203.0.113.7" || r.get("evidence.event").Str != id || r.get("ttl").Str != "1h" {
			t.Errorf("got %s", r.body)
		}
		h.want(422, "POST", "/api/v1/events/"+id+"/block", `{"target":"198.51.100.9"}`)
		if r := h.want(200, "POST", "/api/v1/events/"+id+"/block", `{"dry_run":true}`); r.get("outcome").Str != "planned" {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "POST", "/api/v1/events/"+event.NewID().Text(event.PrefixEvent)+"/block", "")
	},
}
