package app

import (
	"context"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// TestIncidentFacts: what happens to an incident goes to the integrations that follow incidents, in order.
func TestIncidentFacts(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.hub.announce.Run(ctx)
	}()
	t.Cleanup(func() { stop(); <-done })
	id := o.must("parent", "POST", "/api/v1/integrations", `{"kind":"capture","name":"cases","subscription":{"types":["incident.*"],"where":"event.project == \"web\""},"delivery":{"order":"by_key"}}`).Get("id").Str
	made := o.must("parent", "POST", "/api/v1/incidents", `{"title":"Takeover","severity":"high","project":"web","owner":"dana@example.com"}`)
	path := "/api/v1/incidents/" + made.Get("id").Str
	o.must("parent", "POST", path+"/notes", `{"text":"a note"}`)
	o.must("parent", "PATCH", path, `{"status":"closed","classification":"true_positive","reason":"fixed"}`)
	var got gjson.Result
	within(10*time.Second, func() bool {
		got = o.must("parent", "GET", "/api/v1/captures?integration="+id, "").Get("items.#.payload")
		return got.Get("#").Int() >= 3
	})
	if got.Get("#").Int() != 3 {
		t.Fatalf("captured %s", o.must("parent", "GET", "/api/v1/captures?integration="+id, "").Raw)
	}
	for n, want := range []struct{ kind, status, verb string }{
		{"incident.closed", "closed", "resolve"}, {"incident.updated", "new", "note"}, {"incident.created", "new", "create"},
	} {
		e := got.Array()[n]
		if e.Get("type").Str != want.kind || e.Get("status").Str != want.status || e.Get("data.change.verb").Str != want.verb || e.Get("incident").Str != "INC-2" ||
			e.Get("ordering_key").Str != "INC-2" || e.Get("data.incident.owner").Str != "dana@example.com" || e.Get("severity").Str != "high" {
			t.Errorf("fact %d is %s", n, e.Raw)
		}
	}
}
