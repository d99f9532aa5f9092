package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/telemetry"
)

// How long a sender is asked to wait when the journal takes nothing.
const (
	retryFull   = 10 * time.Second
	retryQuota  = time.Minute
	retryFailed = 5 * time.Second
)

// request is one request on its way through.
type request struct {
	h       *Handler
	r       *http.Request
	seen    Observation
	body    bodyReader
	batch   batch
	decoder Decoder // nil: native events
	intake  bool    // at IntakePath
	source  Source  // nil: no source endpoint
	signed  string  // what a sender signed beside the body
	format  format
	ids     event.Block
	over    uint64 // of the accepted events, those above the account's plan
	span    *telemetry.IngestSpan
	dropped int // by mapping rules
}

// ServeHTTP receives events. It answers only when they are durable.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isHEC(r.URL.Path) {
		h.serveHEC(w, r)
		return
	}
	q := &request{h: h, r: r, body: bodyReader{lim: &h.lim, budget: &h.budget}}
	start := h.now()
	q.batch.lim, q.batch.received = &h.lim, start
	q.batch.records = q.batch.one[:0]
	defer q.body.release()
	if h.asked(r) {
		q.greet(w)
		return
	}
	q.beginSpan()
	err := q.serve()
	if err != nil {
		p := h.problemOf(r, err)
		q.seen.Status, q.seen.Accepted, q.dropped = p.status, 0, 0
		q.headers(w, p)
		p.write(w)
	} else {
		q.seen.Status = http.StatusAccepted
		q.answer(w)
	}
	q.observe(start)
	q.tellSource()
}

// beginSpan begins the request's trace, if there are traces.
func (q *request) beginSpan() {
	if q.h.tracing != nil {
		var ctx context.Context
		ctx, q.span = q.h.tracing.Ingest(q.r.Context(), q.r.Header)
		q.r = q.r.WithContext(ctx)
	}
}

// observe tells traces and metrics what became of the request, which began at start.
func (q *request) observe(start time.Time) {
	q.span.End(telemetry.Ingested{
		Source: q.seen.Source, Account: q.batch.principal.Account, Status: q.seen.Status,
		Accepted: q.seen.Accepted, Rejected: q.batch.rejectedTotal,
	})
	if q.h.observer == nil {
		return
	}
	if !q.seen.Replayed {
		q.seen.Dropped = q.dropped
	}
	q.seen.Rejected, q.seen.WireBytes, q.seen.Took = q.batch.rejectedTotal, q.body.wire, q.h.now().Sub(start)
	q.h.observer.Ingested(q.seen)
}

// serve does everything but answer.
func (q *request) serve() error {
	if err := q.route(); err != nil {
		return err
	}
	if q.source != nil {
		return q.serveSource()
	}
	principal, err := q.h.authenticate(q.r)
	if err != nil {
		return err
	}
	q.enter(principal)
	key, keyed, err := idempotencyKey(q.r.Header)
	if err != nil {
		return err
	}
	body, err := q.body.read(q.r)
	if err != nil {
		return err
	}
	return q.serveBody(key, keyed, body)
}

// enter notes who sends.
func (q *request) enter(principal Principal) {
	q.batch.principal = principal
	if q.h.maxBatch != nil {
		q.batch.planMost = q.h.maxBatch(principal.Account)
	}
}

func (q *request) serveBody(key [32]byte, keyed bool, body []byte) error {
	q.seen.BodyBytes = int64(len(body))
	if keyed {
		return q.serveKeyed(key, body)
	}
	if err := q.decode(body); err != nil {
		return err
	}
	return q.append(q.r.Context(), nil)
}

// route finds what the body is to be read with.
func (q *request) route() error {
	q.seen.Source = "events"
	name, isSource := strings.CutPrefix(q.r.URL.Path, SourcePath)
	if q.r.URL.Path == IntakePath {
		q.decoder, q.intake = socwardenIntake{}, true
		q.seen.Source = q.decoder.Name()
	}
	if isSource {
		if err := q.find(name); err != nil {
			return err
		}
	}
	if q.r.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, "events are sent with POST")
	}
	if q.intake || isSource && q.decoder != nil {
		return sourceFormat(q.decoder, q.r.Header)
	}
	var err error
	q.format, err = eventsFormat(q.r.Header)
	if q.format == formatCloudEvents {
		q.decoder = cloudEvents{}
	}
	return err
}

// decode fills the batch. Its error is a problem with the request as a whole, or that nothing in it was valid.
func (q *request) decode(body []byte) error {
	b := &q.batch
	if q.decoder != nil {
		b.single = q.intake && oneObject(body, q.h.lim.Event)
		if err := b.take(q.decoder, body, q.r.Header); err != nil {
			return err
		}
	} else if err := q.decodeNative(body); err != nil {
		return err
	}
	if len(b.records) == 0 {
		return b.nothing()
	}
	return nil
}

func (q *request) decodeNative(body []byte) error {
	b := &q.batch
	b.parser = q.h.parsers.Get().(*event.Parser)
	defer func() {
		b.parser.End()
		q.h.parsers.Put(b.parser)
		b.parser = nil
	}()
	start := skipSpace(body, 0)
	switch {
	case start == len(body):
		return nil
	case q.format == formatLines:
		return b.lines(body)
	case body[start] == '[':
		return b.array(body, start)
	case q.format == formatSniff && manyLines(body, q.h.lim.Event):
		return b.lines(body)
	}
	return b.object(body)
}

// append maps the records, gives them their ids and makes them durable, if the account's plan admits them.
func (q *request) append(ctx context.Context, entry *journal.Idempotency) error {
	done, err := q.h.commit(ctx, q.via(), &q.batch, entry)
	q.ids, q.over, q.dropped = done.ids, done.over, done.dropped
	if err != nil {
		return err
	}
	failpoint.Hit(failpoint.IngestBeforeAnswer)
	q.seen.Accepted = len(q.batch.records)
	return nil
}

// Header values that never change; net/http takes the slices as they are.
var (
	jsonHeader    = []string{"application/json"}
	nosniffHeader = []string{"nosniff"}
	noStoreHeader = []string{"no-store"}
)

// answer sends the 202.
func (q *request) answer(w http.ResponseWriter) {
	b := q.batch.appendAnswer(make([]byte, 0, 64+32*q.ids.Len()+128*len(q.batch.rejected)), q.ids, q.over, q.dropped)
	if q.intake {
		b = intakeAnswer(&q.batch, b)
	}
	h := w.Header()
	h["Content-Type"] = jsonHeader
	h["X-Content-Type-Options"] = nosniffHeader
	h["Cache-Control"] = noStoreHeader
	h["Content-Length"] = []string{strconv.Itoa(len(b))}
	q.batch.principal.Rate.write(h)
	if q.seen.Replayed {
		h.Set("Idempotency-Replayed", "true")
	}
	if q.over > 0 {
		h.Set("X-Tocsin-Over-Quota", strconv.FormatUint(q.over, 10))
	}
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(b) // the sender is gone if this fails
}

// headers adds what goes beside the problem.
func (q *request) headers(w http.ResponseWriter, p *problem) {
	if p.rate.Limit > 0 {
		p.rate.write(w.Header())
	} else {
		q.batch.principal.Rate.write(w.Header())
	}
	switch p.status {
	case http.StatusUnsupportedMediaType:
		w.Header().Set("Accept-Encoding", "gzip, zstd")
		w.Header().Set("Accept-Post", "application/json, application/x-ndjson, application/cloudevents+json, application/cloudevents-batch+json")
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusRequestEntityTooLarge:
		w.Header().Set("Connection", "close") // the rest of the body is not worth reading
	}
}

// problemOf judges an error. What is not the sender's doing is logged.
func (h *Handler) problemOf(r *http.Request, err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if p, ok := errors.AsType[*Refusal](err); ok {
		return &problem{status: p.Status, detail: p.Detail, code: p.Code, retryAfter: p.RetryAfter, rate: p.Rate, challenge: p.Challenge}
	}
	p := &problem{status: http.StatusServiceUnavailable, retryAfter: retryFailed, detail: "the events could not be made durable: try again"}
	switch {
	case errors.Is(err, journal.ErrQuota):
		return &problem{status: http.StatusTooManyRequests, code: codeQuota, retryAfter: retryQuota, detail: "the account has reached its journal quota"}
	case errors.Is(err, journal.ErrTooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "an event is too large for the journal")
	case errors.Is(err, journal.ErrFull):
		p.retryAfter, p.detail = retryFull, "the journal has no room: try again later"
	case r.Context().Err() != nil:
		return p // the sender has gone: nobody reads the answer
	case errors.Is(err, errReading):
		return readingProblem(err)
	}
	h.log.Error("taking events in failed", slog.String("path", r.URL.Path), slog.Any("error", err))
	return p
}

// readingProblem says what went wrong with the connection while the body came.
func readingProblem(err error) *problem {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is more than %d bytes", tooLarge.Limit))
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return refuse(http.StatusRequestTimeout, "the body did not come in time")
	}
	return refuse(http.StatusBadRequest, "the body ended early")
}
