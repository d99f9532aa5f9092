package email

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// A sender may name its event as the hub names its digests. What comes of it is a mail about that event, and says who sent it.
func TestForged(t *testing.T) {
	t.Parallel()
	for _, eventType := range []string{event.TypeDigest, event.TypeHeldBack} {
		r := sample(t, eventType)
		raw, l := write(t, r)
		if m := read(t, raw); !strings.Contains(m.text, "Reported by") || len(l.Picture) > 0 {
			t.Errorf("%s: %s", eventType, m.text)
		}
	}
	threads := map[string]bool{}
	for _, flags := range []event.Flags{0, event.Internal} {
		r := goldenAlert(t, func(e *event.Event) {
			e.Type, e.Incident, e.Data = "incident.closed", "INC-7", json.RawMessage(`{}`)
		})
		r.Flags |= flags
		_, l := write(t, r)
		threads[l.Thread] = true
	}
	if len(threads) != 2 {
		t.Errorf("a sender's incident stands in the thread of the hub's: %v", threads)
	}
}
