package deliver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// mood is how a receiver answers.
type mood func(ctx context.Context, d connector.Delivery) error

func happy(context.Context, connector.Delivery) error { return nil }

func failing(context.Context, connector.Delivery) error { return errors.New("receiver down") }

func hanging(ctx context.Context, _ connector.Delivery) error {
	<-ctx.Done()
	return fmt.Errorf("posting: %w", ctx.Err())
}

// receiver is the far end of one integration; it outlives the engine.
type receiver struct {
	t     testing.TB
	batch atomic.Bool

	mu       sync.Mutex
	mood     mood
	reject   func(i int, d connector.Delivery) error // of a batch
	got      map[event.ID]int                        // accepted deliveries by event
	order    []event.ID                              // in which they were accepted
	keys     map[event.ID]string                     // delivery keys seen
	flying   map[string]int                          // by ordering key
	together int                                     // the most of one ordering key
	calls    int
	sizes    []int // of batches
	attempts map[event.ID][]int
	changed  bool // the delivery key changed between attempts
	// refused are events that came near the mailbox: such a delivery lets its key go on, and comes again later when it
	// is replayed, or when a crash came before its end was saved.
	refused map[event.ID]bool
}

func newReceiver(t testing.TB) *receiver {
	return &receiver{
		t: t, mood: happy, got: map[event.ID]int{}, keys: map[event.ID]string{}, flying: map[string]int{},
		attempts: map[event.ID][]int{}, refused: map[event.ID]bool{},
	}
}

func (r *receiver) set(m mood) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mood = m
}

// errPanic is what a send that panicked would have returned.
var errPanic = errors.New("a panic")

// both is an instance of either engine.
type both struct{ r *receiver }
