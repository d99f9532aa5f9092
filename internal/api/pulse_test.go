package api

import (
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/pulse"
)

// fakePulse tells what it was asked for in its figures.
type fakePulse struct{}

var fakePoints = []pulse.Point{
	{At: testTime, Received: 3, Delivered: 4, Failed: 1, Retried: 2, Backlog: 9, Mailbox: 7, Timed: true, P50: 1500 * time.Microsecond, P99: time.Second},
	{At: testTime.Add(time.Minute), Partial: true},
}

func (fakePulse) History(account event.Account, integration event.ID, w pulse.Window) pulse.History {
	h := pulse.History{Window: w, Step: 5 * time.Minute, From: testTime.Add(-time.Hour), Points: fakePoints, Now: fakePulse{}.Now(account)}
	if !integration.IsZero() {
		h.Points = nil
	}
	return h
}

func (fakePulse) Sparks(event.Account, pulse.Window) []pulse.Spark {
	return []pulse.Spark{{Integration: event.ID{1}, Points: fakePoints}, {Integration: event.ID{2}}}
}

func (fakePulse) Now(account event.Account) pulse.Now {
	return pulse.Now{ReceivedPerSecond: 1.5, DeliveredPerSecond: 2.5, Backlog: uint64(len(account)), Mailbox: 2, Failing: 1}
}

func testPulse(t *testing.T, h *hub) {
	r := h.want(200, "GET", "/api/v1/pulse?window=24h", "")
	if r.get("window").Str != "24h" || r.get("step_seconds").Int() != 300 || r.get("points.#").Int() != 2 || r.get("points.0.p50_ms").Num != 1.5 ||
		r.get("points.0.p99_ms").Num != 1000 || r.get("points.0.backlog").Int() != 9 || r.get("now.failing").Int() != 1 || r.get("now.received_per_second").Num != 1.5 {
		t.Errorf("got %s", r.body)
	}
	if r.get("points.1.p50_ms").Exists() || !r.get("points.1.partial").Bool() || r.get("now.p50_ms").Exists() {
		t.Errorf("a step without deliveries has a time: %s", r.body)
	}
	if r := h.want(200, "GET", "/api/v1/pulse", ""); r.get("window").Str != "1h" {
		t.Errorf("got %s", r.body)
	}
	path := h.webhook("x", "https://x.example.com")
	id := path[len("/api/v1/integrations/"):]
	if r := h.want(200, "GET", "/api/v1/pulse?integration="+id, ""); r.get("points").Raw != "[]" {
		t.Errorf("got %s", r.body)
	}
	h.want(404, "GET", "/api/v1/pulse?integration="+event.NewID().Text(event.PrefixIntegration), "")
	h.want(422, "GET", "/api/v1/pulse?integration=x", "")
	h.want(422, "GET", "/api/v1/pulse?window=2h", "")
	h.account("acme", "")
	key := withKey(h.key("acme", identity.DeliveriesRead))
	h.want(404, "GET", "/api/v1/pulse?integration="+id, "", key)
	if r := h.want(200, "GET", "/api/v1/pulse", "", key); r.get("now.backlog").Int() != int64(len("acme")) {
		t.Errorf("the figures are another account's: %s", r.body)
	}
	h.want(403, "GET", "/api/v1/pulse", "", withKey(h.key("acme", identity.EventsRead)))
}

func testPulses(t *testing.T, h *hub) {
	r := h.want(200, "GET", "/api/v1/pulse/integrations?window=7d", "")
	if r.get("items.#").Int() != 2 || r.get("items.0.points.0.p50_ms").Num != 1.5 || r.get("items.0.points.1.p50_ms").Exists() ||
		r.get("items.0.points.0.retried").Int() != 2 || r.get("items.1.points").Raw != "[]" {
		t.Errorf("got %s", r.body)
	}
	h.want(422, "GET", "/api/v1/pulse/integrations?window=1y", "")
	h.want(403, "GET", "/api/v1/pulse/integrations", "", withKey(h.key(event.DefaultAccount, identity.EventsRead)))
}

// TestPulseOfResponders: a responder whose cycle failed is counted with the integrations that fail.
func TestPulseOfResponders(t *testing.T) {
	t.Parallel()
	h, f := newHub(t), newFirewall(t)
	fw := h.responder("edge", f)
	h.runResponders()
	failing := func() int64 { return h.want(200, "GET", "/api/v1/pulse", "").get("now.failing").Int() }
	h.reconciled(fw)
	works := failing()
	f.set(func(f *firewall) { f.broken = true })
	h.reconciled(fw)
	if got := failing(); got != works+1 {
		t.Errorf("%d fail, and with one responder more %d", works, got)
	}
	f.set(func(f *firewall) { f.broken = false })
	h.reconciled(fw)
	if got := failing(); got != works {
		t.Errorf("it works again, and %d fail instead of %d", got, works)
	}
}
