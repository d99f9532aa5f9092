package app

import (
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// TestMappingRules: rules change, move and drop what comes in, and every count says so.
func TestMappingRules(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	all := o.must("parent", "POST", "/api/v1/integrations", `{"kind":"capture","name":"all","subscription":{"types":["custom.*"],"include_children":true}}`).Get("id").Str
	own := o.must("child", "POST", "/api/v1/integrations",
		`{"kind":"capture","name":"own","subscription":{"types":["custom.*"],"where":"event.project == \"moved\" && \"x\" in event.tags"}}`).Get("id").Str
	o.must("parent", "POST", "/api/v1/mapping-rules", `{"name":"noise","position":1,"when":"event.title == \"noise\"","drop":true}`)
	o.must("parent", "POST", "/api/v1/mapping-rules",
		`{"name":"down","source":"events","when":"event.data.shop == \"child\"","set":{"account":"child","project":"moved","tags":["x"]}}`)
	if a := o.call("POST", "/api/v1/mapping-rules", `{"name":"x","set":{"account":"other"}}`, "X-API-Key", o.keys["parent"]); a.status != 422 {
		t.Errorf("another's account: %d %s", a.status, a.body)
	}
	const sent = `{"type":"custom.one","title":"b","data":{"shop":"child"}}`
	body := `[{"type":"custom.one","title":"noise"},{"type":"custom.one","title":"a","data":{"shop":"parent"}},` + sent + `,{"type":"custom.one","title":"c"}]`
	key := o.key("parent", identity.EventsWrite)
	first := o.call("POST", "/api/v1/events", body, "X-API-Key", key, "Idempotency-Key", "k")
	r := gjson.Parse(first.body)
	if first.status != 202 || r.Get("accepted").Int() != 3 || r.Get("dropped").Int() != 1 || r.Get("ids.#").Int() != 3 {
		t.Fatalf("%d %s", first.status, first.body)
	}
	if again := o.call("POST", "/api/v1/events", body, "X-API-Key", key, "Idempotency-Key", "k"); again.body != first.body {
		t.Errorf("again %s", again.body)
	}
	want := map[string]string{
		all: `custom.one child ["parent"]|custom.one parent |custom.one parent `,
		own: `custom.one child `,
	}
	for id, texts := range want {
		owner := map[bool]event.Account{true: "parent", false: "child"}[id == all]
		var got string
		if !within(10*time.Second, func() bool { got = o.captured(owner, id); return got == texts }) {
			t.Errorf("the integration of %s has\n%s\nwant\n%s", owner, got, texts)
		}
	}
	moved := o.must("child", "GET", "/api/v1/events/"+r.Get("ids.1").Str, "")
	if moved.Get("raw").Str != sent || moved.Get("project").Str != "moved" || moved.Get("account").Str != "child" {
		t.Errorf("moved: %s", moved.Raw)
	}
	rules := o.must("parent", "GET", "/api/v1/mapping-rules", "")
	if got := rules.Get("items.#.counts").Raw; got != `[{"matched":1,"dropped":1,"failed":0},{"matched":0,"dropped":0,"failed":0},{"matched":1,"dropped":0,"failed":1}]` {
		t.Errorf("counts %s", got)
	}
	stats := o.must("parent", "GET", "/api/v1/stats", "")
	if stats.Get("dropped").Int() != 1 || !stats.Get("adds_up").Bool() || !o.must("child", "GET", "/api/v1/stats", "").Get("adds_up").Bool() {
		t.Errorf("stats %s", stats.Raw)
	}
	if m := o.call("GET", "/metrics", "", "X-API-Key", o.keys[event.DefaultAccount]).body; !strings.Contains(m, `tocsin_ingest_events_total{result="dropped",source="events"} 1`) ||
		!strings.Contains(m, `result="failed"`) {
		t.Errorf("metrics lack the drops")
	}
}
