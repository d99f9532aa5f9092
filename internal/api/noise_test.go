package api

import (
	"fmt"
	"strings"
	"testing"
)

// What sends in batches wants every event: grouping and caps are refused there, whatever makes it send in batches.
func TestNoiseOfBatches(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	const noise = `"delivery":{"noise":{"dedup_window":"10m","group":{"by":["rule"]},"cap":{"messages":5}}}`
	want := "[delivery.noise.group.by delivery.noise.cap.messages]"
	body := func(name, more string) string {
		return `{"kind":"webhook","name":"` + name + `","settings":{"url":"https://x.example.com"` + more + `},` + noise + `}`
	}
	r := h.want(201, "POST", "/api/v1/integrations", body("one", ""))
	if r.get("delivery.noise.group.wait").Str != "30s" || r.get("delivery.noise.dedup_window").Str != "10m" {
		t.Errorf("got %s", r.get("delivery").Raw)
	}
	path := "/api/v1/integrations/" + r.get("id").Str
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/api/v1/integrations", body("two", `,"format":"ndjson"`)},
		{"POST", "/api/v1/integrations", `{"kind":"capture","name":"three","settings":{},` + noise + `}`},
		{"PATCH", path, `{"settings":{"format":"array"}}`},
	} {
		r := h.want(422, c.method, c.path, c.body)
		if fmt.Sprint(r.fields()) != want || !strings.Contains(r.body, "only dedup_window and quiet_hours") {
			t.Errorf("%s: %v %s", c.body, r.fields(), r.body)
		}
	}
	h.want(200, "PATCH", path, `{"settings":{"format":"array"},"delivery":{"noise":{"group":null,"cap":null}}}`)
	h.want(201, "POST", "/api/v1/integrations", `{"kind":"capture","name":"four","settings":{},"delivery":{"noise":{"dedup_window":"1h","quiet_hours":[{"from":"22:00","to":"06:00"}]}}}`)
}
