package api

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// operations exercises every operation of the document once. A new operation without an entry fails the test.
var operations = func() map[string]func(*testing.T, *hub) {
	all := map[string]func(*testing.T, *hub){}
	for _, some := range []map[string]func(*testing.T, *hub){
		eventExercises, silenceExercises, blockExercises, responseExercises, responseRuleExercises, sourceExercises, callbackExercises, mappingExercises, digestExercises, alertExercises, consoleExercises, incidentExercises, fileExercises, incidentRuleExercises, keyExercises, accountExercises, peopleExercises, ownExercises, operatorExercises,
	} {
		maps.Copy(all, some)
	}
	return all
}()

// eventExercises are about integrations, events and deliveries.
var eventExercises = map[string]func(*testing.T, *hub){
	"list-connectors": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", "/api/v1/connectors", "")
		if r.get("items.#").Int() < 3 || r.get("items.0.settings").Exists() {
			t.Errorf("got %s", r.body)
		}
	},
	"get-connector": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", "/api/v1/connectors/webhook", "")
		if r.get("settings.properties.url.type").Str != "string" || r.get("guide").Str == "" || r.get("capabilities").Raw != `["send","batch","test"]` {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(404, "GET", "/api/v1/connectors/nope", ""); !strings.Contains(r.get("detail").Str, "splunk") {
			t.Errorf("an unknown kind answers %s", r.body)
		}
	},
	"list-alert-types": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", "/api/v1/alert-types", "")
		if one := r.get(`items.#(name=="brute_force")`); one.Get("category").Str != "behavioral" || one.Get("mitre").Str != "T1110.001" {
			t.Errorf("got %s", one)
		}
	},
	"list-event-types": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", "/api/v1/event-types", "")
		if sample := r.get(`items.#(name=="alert.created").sample`); sample.Get("type").Str != "alert.created" {
			t.Errorf("got %s", sample)
		}
	},
	"list-integrations": func(t *testing.T, h *hub) {
		h.webhook("b", "https://b.example.com")
		h.webhook("a", "https://a.example.com")
		r := h.want(200, "GET", "/api/v1/integrations?limit=1", "")
		next := r.get("next").Str
		if r.get("items.#.name").Raw != `["a"]` || next == "" {
			t.Fatalf("the first page is %s", r.body)
		}
		r = h.want(200, "GET", "/api/v1/integrations?limit=1&cursor="+next, "")
		if r.get("items.#.name").Raw != `["b"]` || r.get("next").Exists() {
			t.Errorf("the second page is %s", r.body)
		}
	},
	"create-integration": func(t *testing.T, h *hub) {
		r := h.want(201, "POST", "/api/v1/integrations", webhookBody("x", "https://x.example.com"))
		if r.Header.Get("Location") != "/api/v1/integrations/"+r.get("id").Str || r.Header.Get("ETag") != `"1"` || !r.get("enabled").Bool() {
			t.Errorf("got %v %s", r.Header, r.body)
		}
		if r := h.want(409, "POST", "/api/v1/integrations", webhookBody("x", "https://x.example.com")); r.fields()[0] != "name" {
			t.Errorf("a taken name answers %s", r.body)
		}
	},
	"get-integration": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", h.webhook("x", "https://x.example.com"), "")
		if r.get("settings.signing_secret").Str != "********" || r.get("settings.method").Str != "POST" || r.Header.Get("ETag") != `"1"` {
			t.Errorf("got %s", r.body)
		}
		if set := r.get("secrets"); set.Get("#").Int() != 2 || set.Get("0.field").Str != "headers.0.value" || set.Get("1.field").Str != "signing_secret" || set.Get("0.set_by").Str != "test" ||
			r.get("created_at").Time().Sub(set.Get("0.set_at").Time()).Abs() > time.Minute {
			t.Errorf("its secrets are %s", set.Raw)
		}
	},
	"update-integration": func(t *testing.T, h *hub) {
		path := h.webhook("x", "https://x.example.com")
		r := h.want(200, "PATCH", path, `{"subscription":{"min_severity":"high"}}`, withHeader("If-Match", `"1"`))
		if r.get("subscription.min_severity").Str != "high" || r.get("subscription.types").Raw != `["*"]` || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
	},
	"delete-integration": func(t *testing.T, h *hub) {
		path := h.webhook("x", "https://x.example.com")
		h.engine.waiting, h.engine.parked = 12, 3
		r := h.want(409, "DELETE", path, "")
		if r.get("waiting").Int() != 12 || r.get("parked").Int() != 3 || !strings.Contains(r.get("detail").Str, "?force=true") {
			t.Errorf("a backlog answers %s", r.body)
		}
		h.engine.waiting, h.engine.parked = 0, 0
		other := h.webhook("y", "https://y.example.com")
		h.want(200, "PATCH", other, `{"fallback":"`+tail(path)+`"}`)
		if r := h.want(409, "DELETE", path, ""); !strings.Contains(r.get("detail").Str, `the fallback of "y"`) {
			t.Errorf("a fallback answers %s", r.body)
		}
		h.want(412, "DELETE", path+"?force=true", "", withHeader("If-Match", `"9"`))
		h.want(204, "DELETE", path+"?force=true", "")
		h.want(404, "GET", path, "")
	},
	"enable-integration":  state("enable", "enabled", true),
	"disable-integration": state("disable", "enabled", false),
	"pause-integration":   state("pause", "paused", true),
	"resume-integration":  state("resume", "paused", false),
	"test-settings": func(t *testing.T, h *hub) {
		url, got := echo(t)
		body := `{"kind":"webhook","settings":{"url":"` + url + `","signing_secret":"` + canarySecret + `"},"event_type":"alert.created"}`
		r := h.want(200, "POST", "/api/v1/integrations/test", body)
		if !r.get("ok").Bool() || r.get("response.status").Int() != 200 || r.get("request.method").Str != "POST" || r.get("error").Str != "" {
			t.Errorf("got %s", r.body)
		}
		if sent := <-got; sent != r.get("request.body").Str || !strings.Contains(sent, "[Test message] ") {
			t.Errorf("sent %s, shown %s", sent, r.get("request.body").Str)
		}
		if r := h.want(422, "POST", "/api/v1/integrations/test", `{"kind":"webhook","settings":{}}`); r.fields()[0] != "settings.url" {
			t.Errorf("missing settings answer %s", r.body)
		}
		if r := h.want(422, "POST", "/api/v1/integrations/test", `{"kind":"nope","settings":{}}`); r.fields()[0] != "kind" {
			t.Errorf("an unknown kind answers %s", r.body)
		}
	},
	"test-integration": func(t *testing.T, h *hub) {
		url, got := echo(t)
		path := h.webhook("x", url)
		r := h.want(200, "POST", path+"/test", "")
		if <-got; !r.get("ok").Bool() || r.get("request.method").Str != "OPTIONS" {
			t.Errorf("without a body got %s", r.body)
		}
		r = h.want(200, "POST", path+"/test", `{"event_type":"incident.created"}`)
		if <-got; !r.get("ok").Bool() || r.get("grade").Str != "confirmed" || r.get("request.headers.X-Secret").Str != "********" {
			t.Errorf("with an event got %s", r.body)
		}
	},
	"preview-integration": func(t *testing.T, h *hub) {
		path := h.webhook("x", "https://x.example.com/hook")
		stored := h.engine.add(t, event.DefaultAccount, `{"type":"alert.created","title":"Stored"}`)
		for _, body := range []string{
			`{"event_type":"alert.created"}`, `{"event":{"type":"alert.created","title":"Inline"}}`,
			`{"event_id":"` + stored.ID.Text(event.PrefixEvent) + `"}`,
		} {
			r := h.want(200, "POST", path+"/preview", body)
			if r.get("request.url").Str != "https://x.example.com/hook" || !r.get("wanted").Bool() {
				t.Errorf("%s gave %s", body, r.body)
			}
		}
		h.want(404, "POST", path+"/preview", `{"event_id":"`+event.NewID().Text(event.PrefixEvent)+`"}`)
		h.want(422, "POST", path+"/preview", `{}`)
	},
	"list-events": func(t *testing.T, h *hub) {
		h.engine.add(t, event.DefaultAccount, `{"type":"alert.created","title":"One"}`)
		h.engine.add(t, event.DefaultAccount, `{"type":"alert.created","title":"Two"}`)
		r := h.want(200, "GET", "/api/v1/events?type=alert.*,incident.created&severity=high&project=p&since=2026-03-14T09:00:00Z&limit=1", "")
		f := h.engine.filter
		if len(f.Types) != 2 || f.MinSeverity != event.High || f.Project != "p" || f.Since.Hour() != 9 || r.get("next").Str != "more" {
			t.Errorf("asked for %+v, got %s", f, r.body)
		}
		for _, wrong := range []string{"ALERT", "%0a", "alert.created,", "%20"} {
			if r := h.want(422, "GET", "/api/v1/events?type="+wrong, ""); r.fields()[0] != "type" {
				t.Errorf("the type %q answers %s", wrong, r.body)
			}
		}
		if r := h.want(422, "GET", "/api/v1/events?cursor=bad", ""); r.fields()[0] != "cursor" {
			t.Errorf("a wrong cursor answers %s", r.body)
		}
	},
	"stream": func(t *testing.T, h *hub) {
		// What it tells: live_test.go.
		if r := h.want(200, "GET", "/api/v1/stream", ""); !strings.Contains(r.body, "event: end") {
			t.Errorf("got %s", r.body)
		}
	},
	"get-event": func(t *testing.T, h *hub) {
		const sent = `{"type":"alert.created",  "title":"As \u0041 sent", "unknown":1}`
		e := h.engine.add(t, event.DefaultAccount, sent)
		r := h.want(200, "GET", "/api/v1/events/"+e.ID.Text(event.PrefixEvent), "")
		if r.get("id").Str != e.ID.Text(event.PrefixEvent) || r.get("raw").Str != sent || r.get("account").Str != "default" {
			t.Errorf("got %s", r.body)
		}
	},
	"list-deliveries": func(t *testing.T, h *hub) {
		h.engine.deliverOne(event.DefaultAccount, "delivered")
		h.engine.deliverOne(event.DefaultAccount, "parked")
		if r := h.want(200, "GET", "/api/v1/deliveries?status=parked", ""); r.get("items.#.status").Raw != `["parked"]` {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "GET", "/api/v1/deliveries?integration=x&status=lost", ""); r.fields()[0] != "status" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "GET", "/api/v1/deliveries?integration=x", ""); r.fields()[0] != "integration" {
			t.Errorf("got %s", r.body)
		}
		h.want(200, "GET", "/api/v1/deliveries?status=skipped&type=alert.*&since=2026-03-14T09:00:00Z&until=2026-03-14T10:00:00Z", "")
		want := deliver.DeliveryFilter{Status: "skipped", Type: "alert.*", Since: time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC), Until: time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC)}
		if diff := cmp.Diff(want, h.engine.asked); diff != "" {
			t.Errorf("asked for (-want +got):\n%s", diff)
		}
		if r := h.want(422, "GET", "/api/v1/deliveries?type=Alert", ""); r.fields()[0] != "type" {
			t.Errorf("got %s", r.body)
		}
	},
	"list-integration-deliveries": func(t *testing.T, h *hub) {
		d := h.engine.deliverOne(event.DefaultAccount, "delivered")
		r := h.want(200, "GET", "/api/v1/integrations/"+d.Integration.Text(event.PrefixIntegration)+"/deliveries", "")
		if r.get("items.0.id").Str != d.ID.Text(event.PrefixDelivery) {
			t.Errorf("got %s", r.body)
		}
	},
	"get-delivery": func(t *testing.T, h *hub) {
		d := h.engine.deliverOne(event.DefaultAccount, "mailbox")
		r := h.want(200, "GET", "/api/v1/deliveries/"+d.ID.Text(event.PrefixDelivery), "")
		if r.get("history.0.status").Int() != 500 || r.get("history.0.latency_ms").Num != 12 {
			t.Errorf("got %s", r.body)
		}
	},
	"retry-delivery": func(t *testing.T, h *hub) {
		d := h.engine.deliverOne(event.DefaultAccount, "mailbox")
		path := "/api/v1/deliveries/" + d.ID.Text(event.PrefixDelivery) + "/retry"
		h.want(202, "POST", path, "")
		h.engine.retryErr = errNewer
		if r := h.want(409, "POST", path, "{}"); !strings.Contains(r.get("detail").Str, "force") {
			t.Errorf("got %s", r.body)
		}
		h.want(202, "POST", path, `{"force":true}`)
	},
	"list-mailbox": func(t *testing.T, h *hub) {
		p := h.park(event.DefaultAccount, event.NewID())
		r := h.want(200, "GET", "/api/v1/mailbox?cause_class=exhausted&integration="+p.Integration.Text(event.PrefixIntegration), "")
		if r.get("items.0.id").Str != p.Delivery.Text(event.PrefixDelivery) || r.get("items.0.cause").Str != "answered 500" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(200, "GET", "/api/v1/mailbox?status=discarded,expired", ""); r.get("items.#").Int() != 0 {
			t.Errorf("got %s", r.body)
		}
	},
	"replay-mailbox": func(t *testing.T, h *hub) {
		id := event.NewID().Text(event.PrefixDelivery)
		r := h.want(202, "POST", "/api/v1/mailbox/replay", `{"ids":["`+id+`"],"force":true}`)
		if r.get("state").Str != "queued" || r.Header.Get("Location") != "/api/v1/jobs/"+r.get("id").Str || !h.engine.replays[0].Force {
			t.Errorf("got %s", r.body)
		}
		h.want(202, "POST", "/api/v1/mailbox/replay", `{"filter":{"status":["mailbox","expired"],"type":"alert.created"}}`)
		if f := h.engine.replays[1].Filter; f.Account != event.DefaultAccount || len(f.States) != 2 || f.Type != "alert.created" {
			t.Errorf("the filter became %+v", f)
		}
		for _, body := range []string{`{}`, `{"ids":["` + id + `"],"filter":{}}`} {
			h.want(422, "POST", "/api/v1/mailbox/replay", body)
		}
		if r := h.want(422, "POST", "/api/v1/mailbox/replay", `{"ids":["`+id+`","dlv_1"]}`); r.fields()[0] != "ids.1" {
			t.Errorf("a wrong id answers %s", r.body)
		}
	},
	"discard-mailbox": func(t *testing.T, h *hub) {
		id := event.NewID().Text(event.PrefixDelivery)
		r := h.want(200, "POST", "/api/v1/mailbox/discard", `{"ids":["`+id+`"],"reason":"a test"}`)
		if r.get("discarded").Int() != 1 || h.engine.discards[0] != "a test" {
			t.Errorf("got %s", r.body)
		}
		for _, body := range []string{`{"ids":["` + id + `"]}`, `{"ids":["` + id + `"],"reason":" "}`} {
			if r := h.want(422, "POST", "/api/v1/mailbox/discard", body); r.fields()[0] != "reason" {
				t.Errorf("%s answers %s", body, r.body)
			}
		}
	},
	"get-job": func(t *testing.T, h *hub) {
		job := h.want(202, "POST", "/api/v1/mailbox/replay", `{"filter":{}}`).get("id").Str
		if r := h.want(200, "GET", "/api/v1/jobs/"+job, ""); r.get("problems.0.error").Str != "gone" {
			t.Errorf("got %s", r.body)
		}
	},
	"list-jobs": func(t *testing.T, h *hub) {
		job := h.want(202, "POST", "/api/v1/mailbox/replay", `{"filter":{}}`).get("id").Str
		if r := h.want(200, "GET", "/api/v1/jobs", ""); r.get("items.#").Int() != 1 || r.get("items.0.id").Str != job {
			t.Errorf("got %s", r.body)
		}
	},
	"cancel-job": func(t *testing.T, h *hub) {
		job := h.want(202, "POST", "/api/v1/mailbox/replay", `{"filter":{}}`).get("id").Str
		if r := h.want(200, "POST", "/api/v1/jobs/"+job+"/cancel", ""); r.get("state").Str != "cancelled" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(409, "POST", "/api/v1/jobs/"+job+"/cancel", ""); !strings.Contains(r.get("detail").Str, "has ended") {
			t.Errorf("got %s", r.body)
		}
		h.want(404, "POST", "/api/v1/jobs/"+event.NewID().Text(event.PrefixJob)+"/cancel", "")
	},
	"backfill-integration": func(t *testing.T, h *hub) {
		path := h.webhook("x", "https://x.example.com")
		r := h.want(202, "POST", path+"/backfill", `{"from":"2026-01-20T00:00:00Z","to":"2026-01-21T00:00:00Z","all":true}`)
		if r.get("kind").Str != "backfill" || r.Header.Get("Location") != "/api/v1/jobs/"+r.get("id").Str || r.get("backfill.counts.matched").Int() != 4 ||
			!h.engine.backfills[0].All || r.get("backfill.from").Str != "2026-01-20T00:00:00Z" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "POST", path+"/backfill", `{"from":"2026-01-21T00:00:00Z","to":"2026-01-20T00:00:00Z"}`); r.fields()[0] != "from" {
			t.Errorf("got %s", r.body)
		}
		h.want(422, "POST", path+"/backfill", `{}`)
		h.want(404, "POST", "/api/v1/integrations/"+event.NewID().Text(event.PrefixIntegration)+"/backfill", `{"from":"2026-01-20T00:00:00Z"}`)
		for _, refusal := range []error{deliver.ErrBackfilling, deliver.ErrDisabled} {
			h.engine.backfillErr = refusal
			h.want(409, "POST", path+"/backfill", `{"from":"2026-01-20T00:00:00Z"}`)
		}
	},
	"get-health": func(t *testing.T, h *hub) {
		if r := h.want(200, "GET", "/api/v1/health", ""); r.get("status").Str != "ok" || r.get("journal.last_frame").Int() != 7 {
			t.Errorf("got %s", r.body)
		}
		h.account("acme", "")
		h.health.report.Lanes = LanesHealth{Total: 40, Waiting: 1000}
		h.health.report.Store.Error = "/var/lib/tocsin: disk full"
		// A tenant hears whether the hub works, and nothing of others.
		r := h.want(200, "GET", "/api/v1/health", "", withKey(h.key("acme", identity.DeliveriesRead)))
		if r.get("status").Str != "ok" || r.get("lanes.total").Int() != 1 || r.get("lanes.waiting").Int() != 0 || r.get("journal.last_frame").Int() != 0 ||
			strings.Contains(r.body, "/var/lib") {
			t.Errorf("a tenant got %s", r.body)
		}
		h.health.report.Status = "failing"
		h.want(503, "GET", "/api/v1/health", "")
	},
	"get-stats": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", "/api/v1/stats", "")
		if !r.get("adds_up").Bool() || r.get("integrations.0.counts.matched").Int() != 4 || r.get("integrations.0.latency_ms.p50").Num != 5 ||
			r.get("integrations.0.attempts.delivered").Int() != 4 {
			t.Errorf("got %s", r.body)
		}
	},
	"get-integration-stats": func(t *testing.T, h *hub) {
		path := h.webhook("x", "https://x.example.com")
		if r := h.want(200, "GET", path+"/stats", ""); !strings.HasSuffix(path, r.get("integration").Str) {
			t.Errorf("got %s", r.body)
		}
	},
	"get-pulse":   testPulse,
	"list-pulses": testPulses,
	"list-captures": func(t *testing.T, h *hub) {
		id := captured(t, h)
		r := h.want(200, "GET", "/api/v1/captures?integration="+id, "")
		if r.get("items.0.payload.type").Str != "alert.created" {
			t.Errorf("got %s", r.body)
		}
		if r := h.want(422, "GET", "/api/v1/captures", ""); r.fields()[0] != "integration" {
			t.Errorf("got %s", r.body)
		}
	},
	"list-integration-captures": func(t *testing.T, h *hub) {
		r := h.want(200, "GET", "/api/v1/integrations/"+captured(t, h)+"/captures", "")
		if r.get("items.#").Int() != 1 {
			t.Errorf("got %s", r.body)
		}
	},
}

func state(verb, field string, want bool) func(*testing.T, *hub) {
	return func(t *testing.T, h *hub) {
		path := h.webhook("x", "https://x.example.com")
		if r := h.want(200, "POST", path+"/"+verb, ""); r.get(field).Bool() != want || r.Header.Get("ETag") != `"2"` {
			t.Errorf("got %s", r.body)
		}
	}
}

// captured makes a capture integration that holds one payload.
func captured(t *testing.T, h *hub) string {
	t.Helper()
	id := h.want(201, "POST", "/api/v1/integrations", `{"kind":"capture","name":"inbox","settings":{}}`).get("id").Str
	err := h.inbox.Keep(t.Context(), event.DefaultAccount, id, 10, connector.Captured{
		Delivery: "dlv_1", Event: "evt_1", Type: "alert.created", Time: testTime, Payload: []byte(`{"type":"alert.created"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// echo is a receiver that gives the bodies it got, and sends its request's headers back.
func echo(t *testing.T) (url string, got <-chan string) {
	t.Helper()
	bodies := make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
		for name, values := range r.Header {
			w.Header()["Echo-"+name] = values
		}
		_ = r.Header.Write(w)
	}))
	t.Cleanup(s.Close)
	return s.URL, bodies
}

func TestEveryOperation(t *testing.T) {
	t.Parallel()
	for id := range documented(t, newHub(t).server.api.OpenAPI()) {
		exercise := operations[id]
		if exercise == nil {
			t.Errorf("operation %s has no test", id)
			continue
		}
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			exercise(t, h)
			for _, secret := range []string{canarySecret, canaryHeader} {
				if strings.Contains(h.log.String(), secret) {
					t.Errorf("the log holds a secret: %s", h.log)
				}
			}
		})
	}
}

// documented gives the operations that this package serves.
func documented(t *testing.T, doc *huma.OpenAPI) map[string]*huma.Operation {
	t.Helper()
	all := map[string]*huma.Operation{}
	for path, item := range doc.Paths {
		for method, o := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if o == nil || o.Extensions[servedElsewhere] != nil {
				continue
			}
			if o.Path != path || o.Method != method || all[o.OperationID] != nil {
				t.Errorf("operation %s is out of place at %s %s", o.OperationID, method, path)
			}
			all[o.OperationID] = o
		}
	}
	return all
}
