package telemetry

import (
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// sink is a collector: it takes what OTLP/HTTP sends, and reads it with the published protocol.
type sink struct {
	t      *testing.T
	mu     sync.Mutex
	spans  []*traces.Span
	header http.Header
}

func (s *sink) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		zipped, err := gzip.NewReader(r.Body)
		if err != nil {
			s.t.Error(err)
			return
		}
		body = zipped
	}
	b, err := io.ReadAll(body)
	var req collector.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(b, &req) != nil {
		s.t.Errorf("not OTLP: %s %s (%v)", r.Method, r.URL, err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.header = r.Header
	for _, rs := range req.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			s.spans = append(s.spans, ss.Spans...)
		}
	}
}

func (s *sink) named(name string) *traces.Span {
	for _, span := range s.spans {
		if span.Name == name {
			return span
		}
	}
	s.t.Fatalf("there is no span %q", name)
	return nil
}

func opened(t *testing.T, sample float64) (*Tracing, *sink) {
	t.Helper()
	s := &sink{t: t}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	tracing, err := Open(t.Context(), Options{
		Endpoint: server.URL, Headers: map[string]form.Secret{"Authorization": form.NewSecret("Bearer secret")},
		Sample: sample, Version: "1.2.3", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return tracing, s
}

// A request is one trace down to the journal; a delivery is another, linked to it, whatever its batch.
func TestTraces(t *testing.T) {
	t.Parallel()
	tracing, s := opened(t, 1)
	h := http.Header{"Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}
	first := event.NewIDs(3)
	ctx, span := tracing.Ingest(t.Context(), h)
	_, done := tracing.Append(ctx, first)
	done(nil)
	span.End(Ingested{Source: "falco", Account: "acme", Status: 202, Accepted: 3})
	second := event.NewIDs(1)
	ctx, span = tracing.Ingest(t.Context(), http.Header{})
	_, done = tracing.Append(ctx, second)
	done(io.ErrUnexpectedEOF)
	span.End(Ingested{Source: "events", Account: "acme", Status: 503})

	_, end := tracing.Deliver(t.Context(), Attempt{
		Account: "acme", Integration: "int_1", Kind: "splunk", Number: 2,
		Events: []event.ID{first.At(2), first.At(0), event.NewID(), second.At(0)},
	})
	end(429, "throttled")
	if err := tracing.Close(); err != nil {
		t.Fatal(err)
	}
	ingest, journal, failed, deliver := s.named("ingest falco"), s.named("journal.append"), s.named("ingest events"), s.named("deliver splunk")
	if got := s.header.Get("Authorization"); got != "Bearer secret" {
		t.Errorf("the collector got %q", got)
	}
	if string(journal.ParentSpanId) != string(ingest.SpanId) || string(journal.TraceId) != string(ingest.TraceId) {
		t.Error("the wait for the journal is not below its request")
	}
	if ingest.TraceId[0] != 0x0a || ingest.ParentSpanId[0] != 0xb7 {
		t.Error("the sender's trace is not gone on with")
	}
	if failed.Status.GetCode() != traces.Status_STATUS_CODE_ERROR || ingest.Status.GetCode() == traces.Status_STATUS_CODE_ERROR {
		t.Errorf("statuses %v and %v", failed.Status, ingest.Status)
	}
	if len(deliver.Links) != 2 || string(deliver.Links[0].SpanId) != string(journal.SpanId) || len(deliver.ParentSpanId) != 0 {
		t.Errorf("the delivery has %d links and parent %x", len(deliver.Links), deliver.ParentSpanId)
	}
	if deliver.Kind != traces.Span_SPAN_KIND_CLIENT || deliver.Status.GetMessage() != "throttled" {
		t.Errorf("the delivery is %v with %v", deliver.Kind, deliver.Status)
	}
}

// A sender that decided against a trace gets none, and a share of nothing is nothing.
func TestSampling(t *testing.T) {
	t.Parallel()
	tracing, s := opened(t, 0)
	for _, parent := range []string{"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"} {
		_, span := tracing.Ingest(t.Context(), http.Header{"Traceparent": {parent}})
		_, done := tracing.Append(t.Context(), event.NewIDs(1))
		done(nil)
		span.End(Ingested{Source: "events"})
	}
	if err := tracing.Close(); err != nil || len(s.spans) != 0 || len(tracing.origins.list) != 0 {
		t.Errorf("%d spans, %d remembered (%v)", len(s.spans), len(tracing.origins.list), err)
	}
}

func TestOff(t *testing.T) {
	t.Parallel()
	tracing, err := Open(t.Context(), Options{})
	if tracing != nil || err != nil {
		t.Fatal(tracing, err)
	}
	ctx, span := tracing.Ingest(t.Context(), http.Header{})
	_, done := tracing.Append(ctx, event.NewIDs(1))
	done(nil)
	span.End(Ingested{})
	_, end := tracing.Deliver(t.Context(), Attempt{})
	end(200, "")
	if err := tracing.Close(); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"localhost:4318", "ftp://x", "http://"} {
		if _, err := Open(context.Background(), Options{Endpoint: bad}); err == nil || !strings.Contains(err.Error(), "http://localhost:4318") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// The memory of requests is bounded and finds what it holds, in whatever order requests come.
func TestOrigins(t *testing.T) {
	t.Parallel()
	var o origins
	a, b, c := event.NewIDs(5), event.NewIDs(1), event.NewIDs(7)
	tracing, _ := opened(t, 1)
	defer tracing.Close() //nolint:errcheck // nothing waits
	_, span := tracing.tracer.Start(t.Context(), "x")
	for _, ids := range []event.Block{b, a, c} {
		o.remember(ids, span.SpanContext())
	}
	for _, id := range []event.ID{a.First(), a.At(4), b.First(), c.At(6)} {
		if _, ok := o.find(id); !ok {
			t.Errorf("%s is not found", id.UUID())
		}
	}
	if _, ok := o.find(event.NewID()); ok {
		t.Error("an unknown id is found")
	}
	for range maxOrigins + 10 {
		o.remember(event.NewIDs(1), span.SpanContext())
	}
	if _, ok := o.find(a.First()); ok || len(o.list) > maxOrigins {
		t.Errorf("%d are remembered, the oldest: %t", len(o.list), ok)
	}
}
