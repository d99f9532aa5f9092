package telemetry

import (
	"bytes"
	"slices"
	"sync"

	"go.opentelemetry.io/otel/trace"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// maxOrigins is how many requests are remembered for links (about 6 MiB). Older ones, and those of before a restart,
// leave their deliveries without a link.
const maxOrigins = 65_536

// origins remembers in which span each event became durable, by the run of ids that a request was given. The zero value
// is ready.
type origins struct {
	mu   sync.Mutex
	list []origin // by first
}

type origin struct {
	first, last event.ID
	span        trace.SpanContext
}

// remember keeps a request. Requests come in nearly the order of their ids, so its place is at or near the end.
func (o *origins) remember(ids event.Block, span trace.SpanContext) {
	if ids.Len() == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.list) >= maxOrigins {
		o.list = slices.Delete(o.list, 0, maxOrigins/4)
	}
	i := len(o.list)
	for i > 0 && bytes.Compare(o.list[i-1].first[:], firstOf(ids)) > 0 {
		i--
	}
	o.list = slices.Insert(o.list, i, origin{ids.First(), ids.At(ids.Len() - 1), span})
}

func firstOf(ids event.Block) []byte { id := ids.First(); return id[:] }

// find gives the span in which an event became durable.
func (o *origins) find(id event.ID) (trace.SpanContext, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i, exact := slices.BinarySearchFunc(o.list, id, func(a origin, id event.ID) int { return bytes.Compare(a.first[:], id[:]) })
	if !exact {
		i--
	}
	if i < 0 || bytes.Compare(o.list[i].last[:], id[:]) < 0 {
		return trace.SpanContext{}, false
	}
	return o.list[i].span, true
}
