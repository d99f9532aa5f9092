package telemetry

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Ingest begins the span of a request that brings events. A sender's traceparent (W3C Trace Context) is its parent.
func (t *Tracing) Ingest(ctx context.Context, h http.Header) (context.Context, *IngestSpan) {
	if t == nil {
		return ctx, nil
	}
	ctx = t.incoming.Extract(ctx, propagation.HeaderCarrier(h))
	ctx, span := t.tracer.Start(ctx, "ingest", trace.WithSpanKind(trace.SpanKindServer))
	return ctx, &IngestSpan{span}
}

// IngestSpan is one request that brings events; nil when tracing is off.
type IngestSpan struct{ span trace.Span }

// Ingested is what became of the request.
type Ingested struct {
	Source             string
	Account            event.Account
	Status             int
	Accepted, Rejected int
}

// Append begins the span of the wait for the journal, which ends when the events are durable or refused. Deliveries of
// the events will be linked to it.
func (t *Tracing) Append(ctx context.Context, ids event.Block) (context.Context, func(error)) {
	if t == nil {
		return ctx, func(error) {}
	}
	ctx, span := t.tracer.Start(ctx, "journal.append", trace.WithAttributes(attribute.Int("tocsin.events", ids.Len())))
	if span.SpanContext().IsSampled() {
		t.origins.remember(ids, span.SpanContext())
	}
	return ctx, func(err error) { end(span, err != nil, "append") }
}

// End ends the span.
func (s *IngestSpan) End(i Ingested) {
	if s == nil {
		return
	}
	s.span.SetName("ingest " + i.Source)
	s.span.SetAttributes(
		attribute.String("tocsin.source", i.Source), attribute.String("tocsin.account", string(i.Account)),
		attribute.Int("http.response.status_code", i.Status),
		attribute.Int("tocsin.accepted", i.Accepted), attribute.Int("tocsin.rejected", i.Rejected),
	)
	end(s.span, i.Status >= http.StatusInternalServerError, http.StatusText(i.Status))
}

// Attempt is one request to a receiver, before it is made.
type Attempt struct {
	Account           event.Account
	Integration, Kind string
	// Number is the attempt's number, from 1.
	Number int
	// Events are those that the request carries.
	Events []event.ID
}

// Deliver begins the span of a request to a receiver: a trace of its own, linked to those that its events came in by, as
// far as this process remembers them. The returned function ends it, with the HTTP status (0: none) and the class
// of the error (empty: success).
func (t *Tracing) Deliver(ctx context.Context, a Attempt) (context.Context, func(status int, class string)) {
	if t == nil {
		return ctx, func(int, string) {}
	}
	ctx, span := t.tracer.Start(ctx, "deliver "+a.Kind, trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithLinks(t.links(a.Events)...),
		trace.WithAttributes(
			attribute.String("tocsin.account", string(a.Account)), attribute.String("tocsin.integration", a.Integration),
			attribute.Int("tocsin.events", len(a.Events)), attribute.Int("tocsin.attempt", a.Number),
		))
	return ctx, func(status int, class string) {
		if status != 0 {
			span.SetAttributes(attribute.Int("http.response.status_code", status))
		}
		if class != "" {
			span.SetAttributes(attribute.String("error.type", class))
		}
		end(span, class != "", class)
	}
}

// links gives the spans in which events became durable, each once.
func (t *Tracing) links(ids []event.ID) []trace.Link {
	var links []trace.Link
	var last trace.SpanContext
	for _, id := range ids {
		from, ok := t.origins.find(id)
		if !ok || from.Equal(last) {
			continue
		}
		last = from
		if links = append(links, trace.Link{SpanContext: from}); len(links) == maxLinks {
			break
		}
	}
	return links
}

// end ends a span; reason is one of ours, never a text from outside.
func end(span trace.Span, failed bool, reason string) {
	if failed {
		span.SetStatus(codes.Error, reason)
	}
	span.End()
}
