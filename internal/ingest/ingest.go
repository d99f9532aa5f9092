// Package ingest is the way in: it receives requests, reads the dialect they are written in, makes records of the
// events, has the journal make them durable, and only then answers 202.
//
// Four paths belong to it: POST /api/v1/events takes native events (JSON object, JSON array, NDJSON) and CloudEvents;
// POST /api/v1/ingest/{source} takes one vendor's own format; POST /v1/events takes what SOCWarden's SDKs and agent send
// to SOCWarden; what speaks to Splunk's HTTP Event Collector is served below /services/collector. [Handler.Submit] is for
// what does not come over HTTP. A dialect is one file with a [Decoder]. Everything that
// a request may cost has a named limit, see [Limits].
package ingest

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/telemetry"
)

// The paths of this package.
const (
	EventsPath = "/api/v1/events"
	SourcePath = "/api/v1/ingest/" // and the name of a decoder or the id of a source endpoint
	IntakePath = "/v1/events"      // as SOCWarden has it
)

// Appender makes events durable. *journal.Journal is one.
type Appender interface {
	// Append returns when the events are durable. Its errors are the journal's: ErrFull, ErrQuota, ErrFailed,
	// ErrClosed, ErrTooLarge.
	Append(ctx context.Context, a journal.Append) error
}

// Observer is told about every request. Its methods must be safe for concurrent use and return at once.
type Observer interface {
	Ingested(Observation)
}

// Observation is one request as the metrics see it.
type Observation struct {
	// Source is "events", or the decoder's name; of a source endpoint its dialect.
	Source string
	// Endpoint says that it came to a source endpoint.
	Endpoint bool
	// Status is the HTTP status of the answer.
	Status int
	// Accepted and Rejected count events.
	Accepted, Rejected int
	// Dropped counts the events that mapping rules dropped.
	Dropped int
	// WireBytes is the size of the body as it was sent, BodyBytes as it was read.
	WireBytes, BodyBytes int64
	Took                 time.Duration
	Replayed             bool // answered from an Idempotency-Key
}

// Config is what a Handler is made of.
type Config struct {
	Journal      Appender
	Authenticate Authenticator
	// Idempotency keeps the answers to keyed requests; Bounds are the journal's (journal.Reader.Bounds).
	Idempotency IdempotencyStore
	Bounds      func() (first, last uint64)
	Observer    Observer // may be nil
	Log         *slog.Logger
	Now         func() time.Time // nil: time.Now
	Limits      Limits
	Decoders    []Decoder // nil: Decoders()
	// Tracing makes a trace of each request; nil: none.
	Tracing *telemetry.Tracing
	// Sources finds source endpoints; nil: there are none.
	Sources Sources

	// Admit is asked before the events of a request are made durable; nil: all are admitted. It gives how many of them
	// are above the account's plan and taken all the same, which the answer says. With an error nothing of the request
	// is taken: a *Refusal is the answer, any other error is a 503. An answer from an Idempotency-Key asks for nothing.
	Admit func(account event.Account, events int) (over uint64, err error)
	// Release is told of admitted events that the journal did not take; nil: nobody is. over is what Admit gave.
	Release func(account event.Account, events int, over uint64)
	// Healthy says why the hub takes nothing, nil while it does; nil: it always does. HEC's health check asks it.
	Healthy func(context.Context) error
	// MaxBatch is how many events one request of an account may hold by its plan; nil, or 0: as many as Limits.Events.
	MaxBatch func(account event.Account) int

	// Map gives what changes the events that an account's sender sends to a dialect ("events" for the native path) and, if
	// they came to one, a source; nil, or an answer of nil: they stay as they are.
	Map func(account event.Account, dialect, source string) Mapping
}

// Handler serves the paths of this package. It is an http.Handler.
type Handler struct {
	journal      Appender
	authenticate Authenticator
	observer     Observer
	tracing      *telemetry.Tracing
	log          *slog.Logger
	now          func() time.Time
	lim          Limits
	decoders     map[string]Decoder
	names        []string // of the decoders, in order
	sources      Sources
	budget       budget
	unproven     budget // a part of budget: see Limits.UnprovenBytes
	idempotency  *idempotency
	parsers      sync.Pool
	acks         acks
	healthy      healthFunc

	admit    func(account event.Account, events int) (over uint64, err error)
	release  func(account event.Account, events int, over uint64)
	maxBatch func(account event.Account) int
	mapFor   func(account event.Account, dialect, source string) Mapping
}

// New makes the handler. Before it serves, call Recover; while it serves, Run must be running.
func New(c Config) *Handler {
	lim := c.Limits.orDefaults()
	h := &Handler{
		journal: c.Journal, authenticate: c.Authenticate, observer: c.Observer, tracing: c.Tracing, log: c.Log, now: c.Now, lim: lim,
		decoders: map[string]Decoder{}, budget: budget{max: lim.InFlightBytes}, sources: c.Sources,
		admit: c.Admit, release: c.Release, maxBatch: c.MaxBatch, healthy: c.Healthy, mapFor: c.Map,
	}
	h.unproven.max, h.unproven.whole = lim.UnprovenBytes, &h.budget
	if h.now == nil {
		h.now = time.Now
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	list := c.Decoders
	if list == nil {
		list = Decoders()
	}
	for _, d := range list {
		h.decoders[d.Name()] = d
		h.names = append(h.names, d.Name())
	}
	h.parsers.New = func() any { return event.NewParser(lim.Event) }
	h.idempotency = newIdempotency(c.Idempotency, c.Bounds, h.now, h.log)
	return h
}

// Recover completes the memory of keyed requests from the frames that the store's checkpoint does not cover yet. Call
// it once before serving.
func (h *Handler) Recover(ctx context.Context, r journal.Reader) error {
	return h.idempotency.recover(ctx, r)
}

// Run writes the memory of keyed requests to the store, every second or 1,000 entries, until ctx is done, and then
// once more. What is not written when the process dies is found again by Recover.
func (h *Handler) Run(ctx context.Context) { h.idempotency.run(ctx) }

// Limits gives the limits in force.
func (h *Handler) Limits() Limits { return h.lim }

// Serves says whether a request is for this handler.
func (h *Handler) Serves(r *http.Request) bool {
	switch path := r.URL.Path; {
	case isHEC(path):
		return true
	case r.Method == http.MethodPost:
		return path == EventsPath || path == IntakePath || strings.HasPrefix(path, SourcePath)
	}
	return h.asked(r)
}

// Before gives a handler that serves what is for this one and leaves the rest to next.
func (h *Handler) Before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.Serves(r) {
			h.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
