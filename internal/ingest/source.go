package ingest

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// Native is the dialect of sources that send events as Tocsin has them, or CloudEvents.
const Native = "native"

// Sources finds source endpoints: URLs with an id in the place of a dialect's name, each with its own way of proving who
// sends.
type Sources interface {
	// Source gives the endpoint of an id, nil if none of that id takes events now. It is asked for every path that no
	// dialect has, by anybody: it must be cheap and safe for concurrent use.
	Source(id string) Source
}

// Source is one endpoint.
type Source interface {
	// ID is its id, "src_…".
	ID() string
	// Dialect is the name of a decoder, or Native.
	Dialect() string
	// Enter looks at everything but the body. Its errors are an Authenticator's; ErrNoSource answers as if there were none.
	Enter(*http.Request) (Entry, error)
	// Received is told how many events of a request that proved to be the source's were taken and were not valid.
	Received(accepted, rejected int)
}

// ErrNoSource: who sends may not know that the endpoint is there.
var ErrNoSource = &Refusal{Status: http.StatusNotFound, Detail: "there is no such source"}

// Entry is a request whose head is in order.
type Entry struct {
	// Principal is who sends. If Prove is not nil, it is not known yet.
	Principal Principal
	// Prove finds it out from the body as it came over the wire, before any decompression; nil: nothing is left to prove.
	Prove func(body []byte) (Principal, error)
	// Delivery stands for this delivery, within the source: what comes again with it is answered as the first was, and
	// nothing is taken twice, like with an Idempotency-Key. Empty: an Idempotency-Key may.
	Delivery string
	// Signed, if not empty, was signed beside the body: the same again with the same body is the same delivery, too.
	Signed string
	// Defaults are for events that bring none.
	Defaults Defaults
}

// Defaults are given to events that do not bring them. The map is not changed.
type Defaults struct {
	Project string
	Labels  map[string]string
}

// find looks for a dialect or a source endpoint.
func (q *request) find(name string) error {
	if q.decoder = q.h.decoders[name]; q.decoder != nil {
		q.seen.Source = name
		return nil
	}
	if q.h.sources != nil {
		if s := q.h.sources.Source(name); s != nil {
			return q.findDialect(s, name)
		}
	}
	return q.noSource(name)
}

// findDialect makes ready for what an endpoint's sender writes.
func (q *request) findDialect(s Source, name string) error {
	dialect := s.Dialect()
	if dialect != Native {
		if q.decoder = q.h.decoders[dialect]; q.decoder == nil { // made by a hub that had it
			return q.noSource(name)
		}
	}
	q.source, q.seen.Source, q.seen.Endpoint = s, dialect, true
	return nil
}

// noSource is the answer for every name that is none, whatever the reason.
func (q *request) noSource(name string) error {
	q.seen.Source, q.seen.Endpoint = "unknown", false
	return refuse(http.StatusNotFound, fmt.Sprintf("there is no source %q: known are %s", event.Clip(name, 64), strings.Join(q.h.names, ", ")))
}

// serveSource is serve for a source endpoint.
func (q *request) serveSource() error {
	entry, err := q.source.Enter(q.r)
	if err == ErrNoSource { //nolint:errorlint // a sentinel that is only compared here
		q.source = nil
		return q.noSource(strings.TrimPrefix(q.r.URL.Path, SourcePath))
	}
	if err != nil {
		return err
	}
	q.batch.defaults, q.signed = entry.Defaults, entry.Signed
	key, keyed, err := q.sourceKey(entry.Delivery)
	if err != nil {
		return err
	}
	if entry.Prove == nil {
		q.enter(entry.Principal)
		body, err := q.body.read(q.r)
		if err != nil {
			return err
		}
		return q.serveBody(key, keyed, body)
	}
	body, err := q.body.readProven(q.r, &q.h.unproven, func(wire []byte) error {
		principal, err := entry.Prove(wire)
		if err == nil {
			q.enter(principal)
		}
		return err
	})
	if err != nil {
		return err
	}
	return q.serveBody(key, keyed, body)
}

// sourceKey is the request's key, within its source.
func (q *request) sourceKey(delivery string) (sum [32]byte, keyed bool, err error) {
	if delivery != "" {
		return q.scoped("delivery", delivery), true, nil
	}
	sum, keyed, err = idempotencyKey(q.r.Header)
	if keyed {
		sum = q.scoped("key", string(sum[:]))
	}
	return sum, keyed, err
}

// scoped makes a key of the source's own.
func (q *request) scoped(kind, text string) (sum [32]byte) {
	h := sha256.New()
	writeParts(h, "source", q.source.ID(), kind, text)
	h.Sum(sum[:0])
	return sum
}

// tellSource tells the source what came of the request, if it was the source's.
func (q *request) tellSource() {
	if q.source != nil && q.batch.principal.Account != "" {
		q.source.Received(q.seen.Accepted, q.batch.rejectedTotal)
	}
}

// otherKey is the second key of a request: what was signed, with the body.
type otherKey struct {
	of    *idempotency
	key   keyOf
	body  [32]byte
	prior *journal.Idempotency
	begun bool
}

// beginOther asks for what was signed. A request that is known by its first key is only noted: it is another attempt,
// signed anew. Whoever waits here holds a first key and waits for a second one, never the other way round. sum identifies
// the request as bodySum does: the key is of the body alone, so that a copy with another Content-Type, which nobody
// signed, is no other delivery but a conflict.
func (q *request) beginOther(account event.Account, body []byte, sum [32]byte, known *journal.Idempotency) (*otherKey, error) {
	o := &otherKey{of: q.h.idempotency, body: sum}
	if q.signed == "" {
		return o, nil
	}
	alone := sha256.Sum256(body)
	o.key = keyOf{account: account, sum: q.scoped("signed", q.signed+"\x00"+string(alone[:]))}
	if known != nil {
		o.begun = true
		return o, nil
	}
	var err error
	o.prior, err = o.of.begin(q.r.Context(), o.key, sum)
	o.begun = err == nil && o.prior == nil
	return o, err
}

// settle notes what the key stands for; nil: nothing came of the request.
func (o *otherKey) settle(entry *journal.Idempotency) {
	switch {
	case !o.begun:
	case entry == nil:
		o.of.abort(o.key)
	default:
		note := *entry
		note.KeyHash, note.BodyHash = o.key.sum, o.body
		o.of.commit(o.key, note)
	}
}
