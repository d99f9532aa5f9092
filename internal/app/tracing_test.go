package app

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/tocsin-hub/tocsin/internal/config"
)

// TestTraces: with a collector configured, an event's delivery is linked to the wait for the journal of the request that
// brought it.
func TestTraces(t *testing.T) {
	t.Parallel()
	spans := make(chan *traces.Span, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var req collector.ExportTraceServiceRequest
		body, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		if b, err := io.ReadAll(body); err != nil || proto.Unmarshal(b, &req) != nil {
			t.Error("not OTLP")
		}
		for _, rs := range req.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					spans <- s
				}
			}
		}
	}))
	t.Cleanup(server.Close)
	o := newHouseWith(t, func(c *config.Config) { c.OTLP = config.OTLP{Endpoint: server.URL, Sample: 1} })
	o.must("other", "POST", "/api/v1/integrations", `{"kind":"capture","name":"traced","subscription":{"types":["custom.traced"]}}`)
	o.must("other", "POST", "/api/v1/events", `{"type":"custom.traced"}`)

	durable := map[string]bool{}
	var delivered []*traces.Span
	timeout := time.After(20 * time.Second)
	for {
		select {
		case s := <-spans:
			switch s.Name {
			case "journal.append":
				durable[string(s.SpanId)] = true
			case "deliver capture":
				delivered = append(delivered, s)
			}
		case <-timeout:
			t.Fatalf("no delivery is linked to any of %d waits for the journal", len(durable))
		}
		for _, d := range delivered {
			if len(d.Links) == 1 && durable[string(d.Links[0].SpanId)] {
				return
			}
		}
	}
}
