// Package telemetry says what the hub does in OpenTelemetry traces (https://opentelemetry.io/docs/specs/otel/trace/),
// when an OTLP endpoint is configured: one trace for each request that brings events, down to the journal's fsync, and
// one for each request to a receiver, linked to the traces that its events came in by.
//
// A trace holds names, ids, counts and statuses, and never a text of an event. A nil *Tracing is one that is switched
// off: all of its methods may be called, and do nothing.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Limits of tracing. What is above them is not traced; nothing else depends on it.
const (
	// maxQueue bounds the spans that wait to be sent; later ones are dropped.
	maxQueue = 8192
	// maxSpans bounds one request to the collector.
	maxSpans = 512
	// sendEvery is how long a span waits at most before it is sent.
	sendEvery = 2 * time.Second
	// sendTimeout bounds one request to the collector, and the last ones at the end.
	sendTimeout = 10 * time.Second
	// maxLinks bounds how many traces one request to a receiver is linked to.
	maxLinks = 64
)

// tracesPath is where a collector takes traces (https://opentelemetry.io/docs/specs/otlp/#otlphttp-request).
const tracesPath = "/v1/traces"

// Options say where traces go.
type Options struct {
	// Endpoint is the collector's base URL, http://localhost:4318; /v1/traces is added unless it has a path.
	Endpoint string
	// Headers are sent with every request; their values may be credentials.
	Headers map[string]form.Secret
	// Sample is the share of the requests that are traced, 0 to 1. A sender's own decision (traceparent) is kept.
	Sample  float64
	Version string
	// Instance tells hubs apart; empty: no attribute.
	Instance string
	Log      *slog.Logger
}

// Tracing makes traces. It is safe for concurrent use.
type Tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	incoming propagation.TraceContext
	origins  origins
}

// Open starts to export. With an empty endpoint it gives nil. A collector that cannot be reached is not an error: it
// may come later.
func Open(ctx context.Context, o Options) (*Tracing, error) {
	if o.Endpoint == "" {
		return nil, nil //nolint:nilnil // a nil Tracing is one that is switched off
	}
	endpoint, err := tracesURL(o.Endpoint)
	if err != nil {
		return nil, err
	}
	headers := map[string]string{}
	for name, value := range o.Headers {
		headers[name] = value.Reveal()
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint), otlptracehttp.WithHeaders(headers),
		otlptracehttp.WithTimeout(sendTimeout), otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
		otlptracehttp.WithProxy(func(*http.Request) (*url.URL, error) { return nil, nil }))
	if err != nil {
		return nil, fmt.Errorf("preparing to export traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		o.Log.Warn("exporting traces failed", slog.Any("error", err))
	}))
	return newTracing(o, sdk.WithBatcher(exporter, sdk.WithMaxQueueSize(maxQueue), sdk.WithMaxExportBatchSize(maxSpans),
		sdk.WithBatchTimeout(sendEvery), sdk.WithExportTimeout(sendTimeout))), nil
}

// tracesURL is where traces are posted.
func tracesURL(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", errors.New("the OTLP endpoint is not a URL such as http://localhost:4318")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = tracesPath
	}
	return u.String(), nil
}

func newTracing(o Options, processor sdk.TracerProviderOption) *Tracing {
	attributes := []attribute.KeyValue{
		attribute.String("service.name", "tocsin"), attribute.String("service.version", o.Version),
	}
	if o.Instance != "" {
		attributes = append(attributes, attribute.String("service.instance.id", o.Instance))
	}
	provider := sdk.NewTracerProvider(processor,
		sdk.WithResource(resource.NewSchemaless(attributes...)),
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(o.Sample))))
	return &Tracing{provider: provider, tracer: provider.Tracer("github.com/tocsin-hub/tocsin")}
}

// Close sends what waits, for at most sendTimeout.
func (t *Tracing) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("sending the last traces: %w", err)
	}
	return nil
}
