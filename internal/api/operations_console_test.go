package api

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/attack"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// consoleExercises are about what a console asks for.
var consoleExercises = map[string]func(*testing.T, *hub){
	"list-mailbox-causes": func(t *testing.T, h *hub) {
		integration := event.NewID()
		h.park(event.DefaultAccount, integration)
		p := h.park(event.DefaultAccount, integration)
		h.park(event.DefaultAccount, event.NewID())
		h.account("acme", "")
		h.park("acme", integration)
		const path = "/api/v1/mailbox/causes"
		of := "?integration=" + integration.Text(event.PrefixIntegration)
		r := h.want(200, "GET", path, "")
		if r.get("total").Int() != 3 || r.get("items.#").Int() != 2 || r.get("items.0.count").Int() != 2 || r.get("items.0.cause").Str != "answered 500" ||
			r.get("items.0.cause_class").Str != "exhausted" || r.get("items.0.integration").Str != integration.Text(event.PrefixIntegration) ||
			r.get("approximate").Exists() || r.get("more").Exists() || !strings.HasPrefix(r.get("items.0.example").Str, "dlv_") || r.get("items.0.newest").Time().IsZero() {
			t.Errorf("got %s", r.body)
		}
		for query, want := range map[string]int64{
			of: 2, of + "&cause=answered%20500": 2, "?cause=answered": 0, "?cause_class=permanent": 0, "?status=discarded": 0,
			"?event=" + p.Event.Text(event.PrefixEvent): 1, "?type=no.such": 0, "?after=2000-01-01T00:00:00Z": 3,
		} {
			if r := h.want(200, "GET", path+query, ""); r.get("total").Int() != want {
				t.Errorf("%s: %s", query, r.body)
			}
		}
		if r := h.want(422, "GET", path+"?type=%2A%2A", ""); r.fields()[0] != "type" {
			t.Errorf("a wrong type answers %s", r.body)
		}
		// A row is acted on by its integration and cause.
		h.want(202, "POST", "/api/v1/mailbox/replay", `{"filter":{"integration":"`+integration.Text(event.PrefixIntegration)+`","cause_class":"exhausted","cause":"answered 500"}}`)
		if f := h.engine.replays[0].Filter; f.Cause != "answered 500" || f.CauseClass != "exhausted" || f.Integration != integration {
			t.Errorf("the filter became %+v", f)
		}
	},
	"verify-audit": func(t *testing.T, h *hub) {
		h.webhook("x", "https://x.example.com")
		r := h.want(200, "POST", "/api/v1/audit/verify", "", withKey(h.key(event.DefaultAccount, identity.AuditRead)))
		if !r.get("ok").Bool() || !r.get("complete").Bool() || r.get("entries").Int() < 3 || r.get("first").Int() != 1 || r.get("last").Int() < 3 || r.get("problem").Exists() ||
			!strings.HasPrefix(r.get("checkpoint").Str, "tocsin-audit-checkpoint v1 ") || r.get("from").Time().IsZero() || r.get("to").Time().IsZero() {
			t.Errorf("got %s", r.body)
		}
		h.want(403, "POST", "/api/v1/audit/verify", "", withKey(h.key(event.DefaultAccount, identity.AlertsRead)))
		h.server.verifying <- struct{}{}
		if r := h.want(503, "POST", "/api/v1/audit/verify", ""); r.get("error").Str != "BUSY" {
			t.Errorf("got %s", r.body)
		}
		<-h.server.verifying
	},
	"list-attack-techniques": func(t *testing.T, h *hub) {
		const path = "/api/v1/attack/techniques"
		reader := withKey(h.key(event.DefaultAccount, identity.EventsWrite))
		r := h.want(200, "GET", path, "", reader)
		if r.get("version").Str != attack.Version || r.get("items.#").Int() != int64(len(attack.Techniques())) || r.get("tactics.#").Int() != 14 ||
			r.get(`items.#(id=="T1110.001").name`).Str != "Password Guessing" || r.get(`items.#(id=="T1110.001").tactics`).Raw != `["credential-access"]` ||
			!strings.Contains(r.get("attribution").Str, "MITRE") || !strings.HasPrefix(r.Header.Get("Cache-Control"), "private, max-age=") {
			t.Errorf("got %.300s with %v", r.body, r.Header)
		}
		r = h.want(304, "GET", path, "", reader, withHeader("If-None-Match", r.Header.Get("ETag")))
		if r.body != "" || r.Header.Get("ETag") == "" {
			t.Errorf("an unchanged list is %q with %v", r.body, r.Header)
		}
		h.want(200, "GET", path, "", reader, withHeader("If-None-Match", `"attack-1.0"`))
		h.want(401, "GET", path, "", withKey(""))
	},
	"list-related-alerts": func(t *testing.T, h *hub) {
		path := h.alert(event.DefaultAccount, `{"type":"alert.created","dedup_key":"a","time":"2026-03-14T09:00:00Z","actor":"alice","rule":{"id":"r-1"},"entities":[{"type":"ip","value":"203.0.113.7","observed":true},{"type":"host","value":"web-1"}]}`)
		for _, body := range []string{
			`{"type":"alert.created","dedup_key":"b","time":"2026-03-14T09:01:00Z","entities":[{"type":"ip","value":"203.0.113.7"}]}`,
			`{"type":"alert.created","dedup_key":"c","time":"2026-03-14T09:02:00Z","actor":"Alice","entities":[{"type":"host","value":"WEB-1"}]}`,
			`{"type":"alert.created","dedup_key":"d","time":"2026-03-14T09:03:00Z","rule":{"id":"r-1","name":"x"}}`,
			`{"type":"alert.created","dedup_key":"e","time":"2026-03-14T09:04:00Z","entities":[{"type":"host","value":"203.0.113.7"}]}`,
		} {
			h.alert(event.DefaultAccount, body)
		}
		h.alert("elsewhere", `{"type":"alert.created","dedup_key":"f","entities":[{"type":"ip","value":"203.0.113.7"}]}`)
		r := h.want(200, "GET", path+"/related", "", withKey(h.key(event.DefaultAccount, identity.AlertsRead)))
		if r.get("items.#.dedup_key").Raw != `["d","c","b"]` || r.get("more").Exists() || r.get("items.0.because").Raw != `[{"kind":"rule","value":"r-1"}]` ||
			r.get("items.1.because").Raw != `[{"kind":"entity","type":"host","value":"web-1"},{"kind":"actor","value":"alice"}]` ||
			r.get("items.2.because").Raw != `[{"kind":"entity","type":"ip","value":"203.0.113.7"}]` {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "GET", path+"/related?limit=1", ""); r.get("items.#.dedup_key").Raw != `["d"]` || !r.get("more").Bool() {
			t.Errorf("the newest is %s", r.body)
		}
		h.want(404, "GET", alertsPath+"/"+event.NewID().Text(event.PrefixAlert)+"/related", "")
		h.account("acme", "")
		h.want(404, "GET", path+"/related", "", actIn("acme"))
	},
	"list-alert-silences": func(t *testing.T, h *hub) {
		const body = `{"type":"alert.created","dedup_key":"a","project":"web"}`
		path := h.alert(event.DefaultAccount, body)
		h.want(200, "GET", path+"/silences", "") // its event is not in the journal
		r, err := event.Parse([]byte(body), event.DefaultAccount, testTime, event.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if r.ID, err = event.ParseID(event.PrefixEvent, h.want(200, "GET", path, "").get("last_event").Str); err != nil {
			t.Fatal(err)
		}
		h.engine.events[event.DefaultAccount] = append(h.engine.events[event.DefaultAccount], r)
		h.want(201, "POST", "/api/v1/silences", `{"matchers":[{"field":"project","value":"mail"}],"ends_at":"`+soon()+`"}`)
		if r := h.want(200, "GET", path+"/silences", ""); r.get("items").Raw != "[]" {
			t.Errorf("got %s", r.body)
		}
		h.want(201, "POST", "/api/v1/silences", `{"matchers":[{"field":"project","value":"web"}],"reason":"work","ends_at":"`+soon()+`"}`)
		got := h.want(200, "GET", path+"/silences", "", withKey(h.key(event.DefaultAccount, identity.AlertsRead)))
		if got.get("items.#.reason").Raw != `["work"]` || got.get("items.0.state").Str != "active" {
			t.Errorf("got %s", got.body)
		}
		h.want(404, "GET", "/api/v1/alerts/"+event.AlertID(event.DefaultAccount, "none").Text(event.PrefixAlert)+"/silences", "")
	},
	"list-alert-deliveries": func(t *testing.T, h *hub) {
		const body = `{"type":"alert.created","dedup_key":"a","severity":"low"}`
		path := h.alert(event.DefaultAccount, body)
		h.alert(event.DefaultAccount, strings.Replace(body, "low", "high", 1))
		h.alert(event.DefaultAccount, body)
		alert := h.want(200, "GET", path, "")
		known, _ := event.ParseID(event.PrefixIntegration, tail(h.webhook("soc hook", "https://x.example.com")))
		for i, of := range []string{alert.get("first_event").Str, alert.get("last_event").Str, alert.get("last_event").Str} {
			id, err := event.ParseID(event.PrefixEvent, of)
			if err != nil {
				t.Fatal(err)
			}
			h.engine.deliveries[event.DefaultAccount] = append(h.engine.deliveries[event.DefaultAccount], deliver.DeliveryView{
				ID: event.NewID(), Integration: [3]event.ID{known, known, event.NewID()}[i], Event: id, Status: "delivered", Since: testTime.Add(time.Duration(i) * time.Second),
			})
		}
		r := h.want(200, "GET", path+"/deliveries", "", withKey(h.key(event.DefaultAccount, identity.DeliveriesRead)))
		if r.get("items.#").Int() != 3 || r.get("events.#").Int() != 3 || r.get("events.0").Str != alert.get("last_event").Str || r.get("more").Exists() ||
			r.get("items.#.integration_name").Raw != `["soc hook","soc hook"]` || r.get("items.1.integration_kind").Str != "webhook" ||
			r.get("items.0.event").Str != alert.get("last_event").Str || r.get("items.2.event").Str != alert.get("first_event").Str {
			t.Errorf("got %s", r.body)
		}
		h.want(403, "GET", path+"/deliveries", "", withKey(h.key(event.DefaultAccount, identity.AlertsRead)))
		h.want(404, "GET", alertsPath+"/"+event.NewID().Text(event.PrefixAlert)+"/deliveries", "")
		h.account("acme", "")
		h.want(404, "GET", path+"/deliveries", "", actIn("acme"))
	},
	"get-session": func(t *testing.T, h *hub) {
		const path = "/api/v1/session"
		stranger := withKey("")
		if r := h.want(200, "GET", path, "", stranger); r.body != `{"signed_in":false,"setup_needed":true}`+"\n" {
			t.Errorf("before the first owner: %s", r.body)
		}
		viewer := h.person(event.DefaultAccount, identity.RoleViewer)
		if r := h.want(200, "GET", path, "", stranger, viewer.cookie()); !r.get("signed_in").Bool() {
			t.Errorf("signed in: %s", r.body)
		}
		h.person(event.DefaultAccount, identity.RoleOwner)
		if r := h.want(200, "GET", path, "", stranger); r.body != `{"signed_in":false,"setup_needed":false}`+"\n" {
			t.Errorf("with an owner: %s", r.body)
		}
		if r := h.want(200, "GET", path, "", stranger, withHeader("Cookie", "tocsin_session=tss_"+strings.Repeat("0", 52))); r.get("signed_in").Bool() {
			t.Errorf("with a session that is none: %s", r.body)
		}
		h.want(204, "DELETE", path, "", viewer.here())
		if r := h.want(200, "GET", path, "", stranger, viewer.cookie()); r.get("signed_in").Bool() {
			t.Errorf("signed out: %s", r.body)
		}
	},
}
