package api

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
)

const responderBody = `{"kind":"responder","name":"edge","settings":{"url":"https://firewall.example.com/tocsin","signing_secret":"` + canarySecret + `"}}`

// TestResponderKind: the catalogue says what a responder can do and in which group it is, and every operation about events
// says why it has nothing to do with it.
func TestResponderKind(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	r := h.want(200, "GET", "/api/v1/connectors/responder", "")
	if r.get("capabilities").Raw != `["test","block"]` || r.get("group").Str != "response_actions" || r.get("category").Str != "response" {
		t.Errorf("got %s", r.body)
	}
	for kind, group := range map[string]string{"splunk": "data_export", "slack": "notifications", "jira": "ticketing", "capture": "testing"} {
		if r := h.want(200, "GET", "/api/v1/connectors/"+kind, ""); r.get("group").Str != group {
			t.Errorf("%s is in the group %s", kind, r.get("group").Str)
		}
	}
	r = h.want(201, "POST", "/api/v1/integrations", responderBody)
	path := "/api/v1/integrations/" + r.get("id").Str
	if r.get("subscription.types").Raw != `[]` || r.get("warnings").Raw != `[]` || strings.Contains(r.body, canarySecret) {
		t.Errorf("got %s", r.body)
	}
	typed := strings.TrimSuffix(responderBody, "}") + `,"subscription":{"types":["alert.*"]}}`
	for _, tt := range []struct {
		status                     int
		method, path, body, detail string
		fields                     []string
	}{
		{422, "POST", "/api/v1/integrations", strings.Replace(typed, "edge", "typed", 1), "it is a responder", []string{"subscription.types"}},
		{422, "PATCH", path, `{"subscription":{"types":["*"]}}`, "it is a responder", []string{"subscription.types"}},
		{422, "PATCH", path, `{"fallback":"` + strings.TrimPrefix(h.webhook("x", "https://x.example.com"), "/api/v1/integrations/") + `"}`, "it is a responder", []string{"fallback"}},
		{422, "POST", path + "/test", `{"event_type":"alert.created"}`, "it is a responder", []string{"event_type"}},
		{422, "POST", path + "/preview", `{"event_type":"alert.created"}`, "POST /api/v1/blocks/plan", nil},
		{404, "GET", path + "/stats", "", "has no deliveries", nil},
		{409, "POST", path + "/backfill", `{"from":"2026-01-20T00:00:00Z"}`, "receives no events", nil},
	} {
		r := h.want(tt.status, tt.method, tt.path, tt.body)
		if tt.fields != nil && !slices.Equal(r.fields(), tt.fields) || !strings.Contains(r.body, tt.detail) {
			t.Errorf("%s %s %s: %s", tt.method, tt.path, tt.body, r.body)
		}
	}
	h.want(200, "POST", path+"/pause", "")
	h.want(200, "POST", path+"/resume", "")
}

// TestDeleteHeldResponder: while addresses are blocked by it, a responder is only deleted by force.
func TestDeleteHeldResponder(t *testing.T) {
	t.Parallel()
	h := newHubWith(t, func(d *Deps) {
		d.Integrations.Held = func(context.Context, event.Account, event.ID) (int, error) { return 2, nil }
	})
	path := "/api/v1/integrations/" + h.want(201, "POST", "/api/v1/integrations", responderBody).get("id").Str
	if r := h.want(409, "DELETE", path, ""); !strings.Contains(r.get("detail").Str, "2 entries of ours are in force there") {
		t.Errorf("got %s", r.body)
	}
	h.want(204, "DELETE", path+"?force=true", "")
}
