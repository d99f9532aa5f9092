package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// IdempotencyStore keeps keyed requests beyond what is in memory. store.Store is one.
type IdempotencyStore interface {
	GetIdempotency(ctx context.Context, account event.Account, keyHash [32]byte) (store.IdempotencyRow, error)
	SaveIdempotency(ctx context.Context, rows []store.IdempotencyRow, through uint64, before time.Time) error
	IdempotencyThrough(ctx context.Context) (uint64, error)
}

const (
	// keepKeys is how long a key is remembered.
	keepKeys = 24 * time.Hour
	// maxUnsaved bounds the keyed requests that the store has not taken yet; beyond it keyed requests get 503.
	maxUnsaved = 100_000
	// retryUnsaved is how long a sender is asked to wait then.
	retryUnsaved = 5 * time.Second
)

// keyOf scopes a key by its account.
type keyOf struct {
	account event.Account
	sum     [32]byte
}

// idempotency remembers keyed requests: those that are being served, those that are in the journal but not in the
// store yet, and, through the store, all others of the last day.
type idempotency struct {
	store  IdempotencyStore
	bounds func() (first, last uint64)
	now    func() time.Time
	log    *slog.Logger
	wake   chan struct{} // a full batch waits to be saved

	mu      sync.Mutex
	serving map[keyOf]*serving
	unsaved map[keyOf]store.IdempotencyRow

	saved   uint64    // the last frame that the store covers; only flush touches it
	savedAt time.Time // when that was written
}

// serving is a keyed request on its way.
type serving struct {
	body [32]byte
	// after is the newest frame when it began: its own can only be a later one.
	after uint64
	done  chan struct{} // closed when it is decided
}

func newIdempotency(s IdempotencyStore, bounds func() (first, last uint64), now func() time.Time, log *slog.Logger) *idempotency {
	return &idempotency{
		store: s, bounds: bounds, now: now, log: log, wake: make(chan struct{}, 1),
		serving: map[keyOf]*serving{}, unsaved: map[keyOf]store.IdempotencyRow{},
	}
}

// begin asks for a key. It gives the earlier request of the same key and body, or nil: then the caller serves and
// calls commit or abort. While another request of the key is being served, it waits. A different body is a 409.
func (i *idempotency) begin(ctx context.Context, k keyOf, body [32]byte) (*journal.Idempotency, error) {
	for {
		prior, first, err := i.look(k, body)
		if prior != nil || err != nil {
			return prior, err
		}
		if first == nil {
			return i.fromStore(ctx, k, body)
		}
		select {
		case <-first.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the first request of the key: %w", ctx.Err())
		}
	}
}

// look searches the memory. It gives the request that is being served, or, when there is none, begins one.
func (i *idempotency) look(k keyOf, body [32]byte) (prior *journal.Idempotency, first *serving, err error) {
	_, last := i.bounds()
	i.mu.Lock()
	defer i.mu.Unlock()
	if row, ok := i.unsaved[k]; ok && i.fresh(row) {
		prior, err = same(row, body)
		return prior, nil, err
	}
	if s := i.serving[k]; s != nil {
		if s.body != body {
			return nil, nil, errConflict
		}
		return nil, s, nil
	}
	if len(i.unsaved) >= maxUnsaved {
		return nil, nil, &problem{status: http.StatusServiceUnavailable, retryAfter: retryUnsaved,
			detail: "too many requests with an Idempotency-Key wait to be remembered: try again"}
	}
	i.serving[k] = &serving{body: body, after: last, done: make(chan struct{})}
	return nil, nil, nil
}

// fromStore searches the store for a key whose serving look has begun.
func (i *idempotency) fromStore(ctx context.Context, k keyOf, body [32]byte) (*journal.Idempotency, error) {
	row, err := i.store.GetIdempotency(ctx, k.account, k.sum)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !i.fresh(row):
		return nil, nil
	case err != nil:
		i.abort(k)
		return nil, fmt.Errorf("looking an Idempotency-Key up: %w", err)
	}
	i.abort(k)
	return same(row, body)
}

func (i *idempotency) fresh(row store.IdempotencyRow) bool { return i.now().Sub(row.At) < keepKeys }

var errConflict = refuse(http.StatusConflict, "this Idempotency-Key came with a different body before")

// same gives the earlier request if it had the same body.
func same(row store.IdempotencyRow, body [32]byte) (*journal.Idempotency, error) {
	if row.BodyHash != body {
		return nil, errConflict
	}
	return &row.Idempotency, nil
}

// commit remembers that the request is in the journal.
func (i *idempotency) commit(k keyOf, entry journal.Idempotency) {
	i.mu.Lock()
	i.unsaved[k] = store.IdempotencyRow{Idempotency: entry, At: i.now().UTC()}
	full := len(i.unsaved) >= flushRows
	i.settle(k)
	i.mu.Unlock()
	if full {
		select {
		case i.wake <- struct{}{}:
		default:
		}
	}
}

// abort forgets the request: the next one of the key is the first again.
func (i *idempotency) abort(k keyOf) {
	i.mu.Lock()
	i.settle(k)
	i.mu.Unlock()
}

func (i *idempotency) settle(k keyOf) {
	if s := i.serving[k]; s != nil {
		delete(i.serving, k)
		close(s.done)
	}
}
