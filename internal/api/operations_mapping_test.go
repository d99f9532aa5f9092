package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// mappingExercises are about mapping rules, and about what is tried before it is saved.
var mappingExercises = map[string]func(*testing.T, *hub){
	"list-mapping-rules": func(t *testing.T, h *hub) {
		h.want(201, "POST", "/api/v1/mapping-rules", `{"name":"late","position":200,"drop":true}`)
		h.want(201, "POST", "/api/v1/mapping-rules", `{"name":"early","position":1,"drop":true}`)
		reader := withKey(h.key(event.DefaultAccount, identity.MappingRead))
		if r := h.want(200, "GET", "/api/v1/mapping-rules", "", reader); r.get("items.#.name").Raw != `["early","late"]` {
			t.Errorf("got %s", r.body)
		}
		first := h.want(200, "GET", "/api/v1/mapping-rules?limit=1", "")
		if second := h.want(200, "GET", "/api/v1/mapping-rules?limit=1&cursor="+first.get("next").Str, ""); first.get("items.0.name").Str != "early" ||
			second.get("items.0.name").Str != "late" || second.get("next").Exists() {
			t.Errorf("pages %s and %s", first.body, second.body)
		}
		h.want(422, "GET", "/api/v1/mapping-rules?cursor=nope", "")
		h.want(403, "POST", "/api/v1/mapping-rules", `{"name":"x","drop":true}`, reader)
	},
	"create-mapping-rule": func(t *testing.T, h *hub) {
		r := h.want(201, "POST", "/api/v1/mapping-rules", `{"name":"shell","source":"falco","position":5,"when":"event.severity_level < HIGH",`+
			`"set":{"severity":"low","tags":["a"],"labels":{"k":"v"}},"compute":{"project":"event.data.ns"}}`)
		if r.Header.Get("Location") != "/api/v1/mapping-rules/"+r.get("id").Str || r.Header.Get("ETag") != `"1"` || !r.get("enabled").Bool() ||
			r.get("set").Raw != `{"severity":"low","tags":["a"],"labels":{"k":"v"}}` || r.get("compute").Raw != `{"project":"event.data.ns"}` ||
			r.get("counts").Raw != `{"matched":0,"dropped":0,"failed":0}` {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		h.want(409, "POST", "/api/v1/mapping-rules", `{"name":"shell","drop":true}`)
		r = h.want(422, "POST", "/api/v1/mapping-rules", `{"name":"","when":"event.titel == 1","set":{"severity":"loud"},"colour":1}`)
		if fmt.Sprint(r.fields()) != "[colour]" {
			t.Errorf("got %v %s", r.fields(), r.body)
		}
		r = h.want(422, "POST", "/api/v1/mapping-rules", `{"name":"","when":"event.titel == 1","set":{"severity":"loud"}}`)
		if fmt.Sprint(r.fields()) != "[name when set.severity]" || r.get("errors.1.message").Str != `at line 1, column 6: there is no field "titel": did you mean time or title?` {
			t.Errorf("got %v %s", r.fields(), r.body)
		}
	},
	"get-mapping-rule": func(t *testing.T, h *hub) {
		if r := h.want(200, "GET", h.mappingRule("noise"), ""); r.get("name").Str != "noise" || r.Header.Get("ETag") != `"1"` {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "GET", "/api/v1/mapping-rules/"+event.NewID().Text(event.PrefixMapping), "")
	},
	"update-mapping-rule": func(t *testing.T, h *hub) {
		path := h.mappingRule("noise")
		r := h.want(200, "PATCH", path, `{"enabled":false,"when":"event.type == \"a.b\""}`, withHeader("If-Match", `"1"`))
		if r.get("enabled").Bool() || !r.get("drop").Bool() || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
		h.want(412, "PATCH", path, `{"position":1}`, withHeader("If-Match", `"1"`))
		h.want(422, "PATCH", path, `{"drop":null}`)
	},
	"delete-mapping-rule": func(t *testing.T, h *hub) {
		path := h.mappingRule("noise")
		h.want(412, "DELETE", path, "", withHeader("If-Match", `"9"`))
		h.want(204, "DELETE", path, "")
		h.want(404, "GET", path, "")
	},
	"try-mapping-rule": func(t *testing.T, h *hub) {
		h.engine.add(t, event.DefaultAccount, `{"type":"alert.created","title":"one","project":"p"}`)
		h.engine.add(t, event.DefaultAccount, `{"type":"alert.created","title":"two"}`)
		r := h.want(200, "POST", "/api/v1/mapping-rules/try", `{"rule":{"name":"x","when":"event.title == \"one\"","set":{"project":"q"}},"last":10}`)
		if r.get("looked").Int() != 2 || r.get("changed").Int() != 1 || r.get("items.0.before").Raw != `{"project":"p"}` || r.get("items.0.after").Raw != `{"project":"q"}` {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "POST", "/api/v1/mapping-rules/try", `{"rule":{"name":"x","when":"event.titel","drop":true},"last":0}`); fmt.Sprint(r.fields()) != "[last]" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "POST", "/api/v1/mapping-rules/try", `{"rule":{"name":"x","when":"event.titel","drop":true}}`); fmt.Sprint(r.fields()) != "[rule.when]" {
			t.Errorf("got %s", r.body)
		}
		h.want(422, "POST", "/api/v1/mapping-rules/try", `{}`)
		h.want(422, "POST", "/api/v1/mapping-rules/try", `[]`)
	},
	"try-subscription": func(t *testing.T, h *hub) {
		wanted := h.engine.add(t, event.DefaultAccount, `{"type":"alert.created","title":"one","severity":"high","data":{"n":1}}`)
		h.engine.add(t, event.DefaultAccount, `{"type":"alert.created","title":"two","severity":"high","data":{"n":2}}`)
		failing := h.engine.add(t, event.DefaultAccount, `{"type":"alert.created","severity":"high"}`)
		h.engine.add(t, event.DefaultAccount, `{"type":"ip.blocked"}`)
		h.engine.add(t, event.DefaultAccount, `{"type":"ip.unblocked"}`)
		r := h.want(200, "POST", "/api/v1/subscriptions/try", `{"subscription":{"types":["alert.*"],"where":"event.data.n == 1"},"last":500}`)
		if r.get("looked").Int() != 5 || r.get("matched").Int() != 1 || r.get("filtered.0.reason").Str != "its type is not chosen" ||
			r.get("filtered.0.count").Int() != 2 || r.get("filtered.#").Int() != 3 || r.get("left_out.#").Int() != 4 ||
			r.get("left_out.0.reason").Str != "its where expression does not hold" || !r.get("complete").Bool() ||
			r.get("until").Time().Sub(r.get("since").Time()) != 24*time.Hour || !h.engine.since.Equal(r.get("since").Time()) ||
			r.get("samples.0").Raw != `{"id":"`+wanted.ID.Text(event.PrefixEvent)+`","type":"alert.created","severity":"high","title":"one"}` ||
			r.get("errors.0.event").Str != failing.ID.Text(event.PrefixEvent) || r.get("errors.0.count").Int() != 1 {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "POST", "/api/v1/subscriptions/try", `{"subscription":{"types":["ip.*"]},"last":4}`); r.get("looked").Int() != 4 ||
			r.get("matched").Int() != 1 || r.get("complete").Bool() {
			t.Errorf("got %s", r.body)
		}
		h.engine.slow, h.server.tryingFor = true, time.Millisecond
		if r := h.want(200, "POST", "/api/v1/subscriptions/try", `{"subscription":{"types":["ip.*"]}}`); r.get("complete").Bool() || !r.get("since").Time().Equal(testTime) {
			t.Errorf("what it found in its time is %s", r.body)
		}
		h.engine.slow, h.server.tryingFor = false, trialTime
		h.want(422, "POST", "/api/v1/subscriptions/try", `{"subscription":{},"last":100001}`)
		r = h.want(422, "POST", "/api/v1/subscriptions/try", `{"subscription":{"types":["a b"],"where":"event.severty == 1"}}`)
		if fmt.Sprint(r.fields()) != "[subscription.types.0 subscription.where]" {
			t.Errorf("got %v %s", r.fields(), r.body)
		}
	},
}

// mappingRule makes a rule and gives its path.
func (h *hub) mappingRule(name string) string {
	h.t.Helper()
	return "/api/v1/mapping-rules/" + h.want(201, "POST", "/api/v1/mapping-rules", `{"name":"`+name+`","drop":true}`).get("id").Str
}

// Whoever waits for the turn to try a subscription gives it up by going away.
func TestTryingWaits(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	for range maxTrying {
		h.server.trying <- struct{}{}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	in := &struct{ Body raw[SubscriptionTrialInput] }{}
	in.Body.RawMessage = json.RawMessage(`{"subscription":{"types":["*"]}}`)
	if _, err := h.server.trySubscription(gone, in); !errors.Is(err, context.Canceled) {
		t.Errorf("it was answered %v", err)
	}
	<-h.server.trying
	h.want(200, "POST", "/api/v1/subscriptions/try", `{"subscription":{"types":["*"]}}`)
	if len(h.server.trying) != maxTrying-1 {
		t.Error("a turn was not given back")
	}
}
