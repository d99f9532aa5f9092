package deliver

import (
	"context"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/telemetry"
)

// traced begins the trace of a request, if there is to be one, and gives what ends it.
func (l *lane) traced(ctx context.Context, ds []connector.Delivery) (context.Context, func(*result)) {
	if l.e.Tracing == nil {
		return ctx, func(*result) {}
	}
	a := telemetry.Attempt{Account: l.account, Integration: l.text, Kind: l.kind, Events: make([]event.ID, len(ds))}
	for i, d := range ds {
		a.Number = max(a.Number, d.Attempt)
		a.Events[i] = d.Record.ID
	}
	ctx, end := l.e.Tracing.Deliver(ctx, a)
	return ctx, func(r *result) { end(r.exchange.Status, errorType(r.err)) }
}

// errorType names the class of an error, as the contract with connectors has it; empty for none.
func errorType(err error) string {
	_, throttled := connector.IsThrottled(err)
	_, rejected := connector.IsRejected(err)
	switch {
	case err == nil:
		return ""
	case throttled:
		return "throttled"
	case connector.IsGone(err):
		return "gone"
	case connector.IsPermanent(err):
		return "permanent"
	case rejected:
		return "rejected"
	}
	return "retryable"
}
