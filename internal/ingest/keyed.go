package ingest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// idempotencyKey reads the header. Its error is a problem.
func idempotencyKey(h http.Header) (sum [32]byte, keyed bool, err error) {
	v := h["Idempotency-Key"]
	if len(v) == 0 {
		return sum, false, nil
	}
	bad := refuse(http.StatusBadRequest, fmt.Sprintf("an Idempotency-Key is one value of 1 to %d printable characters (ASCII)", maxIdempotencyKey))
	if len(v) > 1 || v[0] == "" || len(v[0]) > maxIdempotencyKey {
		return sum, false, bad
	}
	for i := range len(v[0]) {
		if c := v[0][i]; c < ' ' || c > '~' {
			return sum, false, bad
		}
	}
	return sha256.Sum256([]byte(v[0])), true, nil
}

// serveKeyed serves a request that came with an Idempotency-Key, or with what else tells that it is the same as an earlier
// one: once, however often it is sent.
func (q *request) serveKeyed(key [32]byte, body []byte) error {
	k := keyOf{account: q.batch.principal.Account, sum: key}
	sum := q.bodySum(body)
	prior, err := q.h.idempotency.begin(q.r.Context(), k, sum)
	if err != nil {
		return err
	}
	other, err := q.beginOther(k.account, body, sum, prior)
	if err != nil {
		if prior == nil {
			q.h.idempotency.abort(k)
		}
		return err
	}
	if prior == nil && other.prior != nil { // the same request under another key
		prior = other.prior
		q.h.idempotency.abort(k)
	}
	if prior != nil {
		other.settle(prior)
		q.replay(prior, body)
		return nil
	}
	entry := &journal.Idempotency{Account: k.account, KeyHash: key, BodyHash: sum}
	done := false
	defer func() {
		if done {
			q.h.idempotency.commit(k, *entry)
			other.settle(entry)
		} else {
			q.h.idempotency.abort(k)
			other.settle(nil)
		}
	}()
	if err := q.decode(body); err != nil {
		return err
	}
	// The outcome must be known even when the sender hangs up: the next request with the key depends on it.
	if err := q.append(context.WithoutCancel(q.r.Context()), entry); err != nil {
		return err
	}
	done = true
	return nil
}

// replay makes the answer again that the first request of the key got: the ids are a block, what was rejected shows
// again when the same body is read again, and what is then neither was dropped. (A request of which mapping rules dropped
// everything has no events, and so no frame that holds its key: it is in the store within a second. If the process is
// killed before, the request is served once more, which journals nothing unless the rules have changed.)
func (q *request) replay(prior *journal.Idempotency, body []byte) {
	q.seen.Replayed = true
	if err := q.decode(body); err != nil { // the rules have changed since; what counts is that it was accepted
		q.batch.rejected, q.batch.rejectedTotal = nil, 0
	}
	q.ids = event.BlockFrom(prior.First, int(prior.Count))
	q.dropped = max(len(q.batch.records)-int(prior.Count), 0)
}

// bodySum identifies what was sent: the bytes and what decides how they are read.
func (q *request) bodySum(body []byte) (sum [32]byte) {
	h := sha256.New()
	media, _ := mediaType(q.r.Header) // it was read before
	writeParts(h, q.seen.Source, media)
	if q.format == formatCloudEvents {
		for _, name := range slices.Sorted(maps.Keys(q.r.Header)) {
			if strings.HasPrefix(name, "Ce-") {
				writeParts(h, name, strings.Join(q.r.Header[name], ","))
			}
		}
	}
	writeParts(h, "")
	h.Write(body)
	h.Sum(sum[:0])
	return sum
}

// writeParts writes texts so that no two lists of them give the same bytes.
func writeParts(h hash.Hash, parts ...string) {
	for _, p := range parts {
		_, _ = io.WriteString(h, p) // a hash takes everything
		_, _ = h.Write([]byte{0})
	}
}
