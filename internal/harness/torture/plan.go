// Package torture loads a hub, kills it, lets its receivers misbehave, damages its journal, and accounts for every event
// that was acknowledged: each must arrive, as it was sent, under one id, signed, and in order where order was promised.
//
// What was sent is known from numbers alone ([plan]); what came of it stands in the [books]; what the receivers do is a
// matter of [mood]. [Run] is the whole: rounds of load and kills, each ended by an accounting.
package torture

import (
	"fmt"
	"math/rand/v2"

	"github.com/tocsin-hub/tocsin/internal/harness"
)

// workers send at the same time. An event's number modulo workers is the worker that sends it.
const workers = 8

// keysPerWorker is how many ordering keys each worker uses. No two workers share one, so that the order of a key's events
// is the order of their numbers.
const keysPerWorker = 6

// Sizes of events, in bytes.
const (
	smallEvent = 500
	largeEvent = 4000
)

// plan makes events from numbers: pure, so that nothing that was sent has to be kept.
type plan struct {
	seed uint64
	// hostile texts go into some events; empty: none do.
	hostile []string
	// largest is how large every 400th event is, in bytes; 0: not at all.
	largest int
}

// event is the event of that number.
func (p plan) event(n uint32) harness.Event {
	r := rand.New(rand.NewPCG(p.seed, uint64(n)))
	e := harness.Event{
		Number: n,
		Type:   harness.Types[r.IntN(len(harness.Types))],
		Size:   smallEvent + r.IntN(600),
	}
	if r.IntN(10) < 7 {
		e.Key = fmt.Sprintf("case-%d-%d", n%workers, r.IntN(keysPerWorker))
	}
	if r.IntN(50) == 0 {
		e.Size += r.IntN(largeEvent)
	}
	return e
}

// bytes is what is sent.
func (p plan) bytes(n uint32) []byte {
	b := harness.AppendEvent(nil, p.event(n))
	if len(p.hostile) > 0 {
		b = p.spice(b, n)
	}
	return b
}

// lane is one integration of the torture and what it promises.
type lane struct {
	name    string
	kind    string
	format  format
	prefix  string // of the types it wants; empty for all
	ordered bool   // delivery.order is by_key
	// loose: it is switched off or its subscription is changed meanwhile, so events may or may not arrive. What arrives
	// must be right all the same, and the hub's counts must add up.
	loose bool
	// secrets are the signing secrets that a webhook may sign with; nil: the usual one.
	secrets *secretRing
}

// format is what a receiver gets.
type format uint8

const (
	formatObject format = iota // a signed webhook, one event a request
	formatLines                // a signed webhook, NDJSON
	formatHEC                  // Splunk HEC, gzip
)

// lanes are what every torture runs with: the engines for single messages and for batches, with and without filter, with
// and without order. maxLanes bounds what a test may add.
var lanes = []lane{
	{name: "hook", kind: "webhook", format: formatObject},
	{name: "ordered", kind: "webhook", format: formatObject, prefix: "incident.", ordered: true},
	{name: "lines", kind: "webhook", format: formatLines, prefix: "alert."},
	{name: "hec", kind: "splunk", format: formatHEC},
}

const maxLanes = 4

// wants says whether the lane's subscription matches the type.
func (l *lane) wants(eventType string) bool {
	return len(eventType) >= len(l.prefix) && eventType[:len(l.prefix)] == l.prefix
}

// Secrets of the lanes; receivers check them.
const (
	signingSecret = "torture-signing-secret-0123456789"
	hecToken      = "6d1f5e0a-4b1c-4f0e-9a53-7f1f0c2f9b11"
)

// schedule is short, so that rounds converge, and long enough that an outage of a few seconds fills no mailbox.
var schedule = []string{
	"0s", "50ms", "100ms", "200ms", "400ms", "800ms", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s",
}

// integration is what makes the lane.
func (l *lane) integration(addr string) harness.Integration {
	i := harness.Integration{
		Kind: l.kind, Name: l.name, Enabled: true,
		Subscription: map[string]any{"types": []string{l.prefix + "*"}},
		Delivery:     map[string]any{"retry": map[string]any{"schedule": schedule}},
	}
	if l.ordered {
		i.Delivery["order"] = "by_key"
	}
	switch l.format {
	case formatHEC:
		i.Settings = map[string]any{
			"url": "http://" + addr + "/services/collector/event", "token": hecToken, "gzip": true,
			"connect_timeout": "1s", "request_timeout": "2s",
		}
	case formatLines:
		i.Settings = webhookSettings(addr, "ndjson")
	default:
		i.Settings = webhookSettings(addr, "object")
	}
	return i
}

// credentials are the settings by which the lane's receiver knows the hub.
func (l *lane) credentials() map[string]any {
	if l.format == formatHEC {
		return map[string]any{"token": hecToken}
	}
	return map[string]any{"signing_secret": signingSecret}
}

func webhookSettings(addr, format string) map[string]any {
	return map[string]any{
		"url": "http://" + addr + "/" + format, "signing_secret": signingSecret, "format": format,
		"connect_timeout": "1s", "request_timeout": "1s",
	}
}
