package deliver

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"golang.org/x/time/rate"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// Func sends deliveries: one for the single-message engine, some for the batch engine.
type Func func(ctx context.Context, ds []connector.Delivery) error

// Policy wraps a Func with a rule. It never sleeps: what must wait is returned as Throttled.
type Policy func(Func) Func

// batchLimits bound one request of the batch engine; events is 0 for the single-message engine.
type batchLimits struct {
	events int
	bytes  int
	wait   time.Duration
	flying int // batches at once, where order does not matter
}

// Defaults of a batch whose connector does not say.
const (
	defaultBatchEvents = 500
	defaultBatchBytes  = 1 << 20
)

// assemble makes the Func of an instance: its engine, wrapped with the policies.
func assemble(inst connector.Instance, p connector.Policy, rateLimit Policy) (Func, batchLimits) {
	send, limits := engineOf(inst, p)
	return contain(timeout(p.Timeout)(rateLimit(send))), limits
}

func engineOf(inst connector.Instance, p connector.Policy) (Func, batchLimits) {
	batcher, canBatch := inst.(connector.BatchSender)
	single, canSingle := inst.(connector.Sender)
	useBatch := canBatch
	if chooser, ok := inst.(connector.EngineChooser); ok && canSingle {
		useBatch = canBatch && chooser.UsesBatch()
	}
	if !useBatch {
		return func(ctx context.Context, ds []connector.Delivery) error { return single.Send(ctx, ds[0]) }, batchLimits{}
	}
	return batcher.SendBatch, limitsOf(inst, p)
}

func limitsOf(inst connector.Instance, p connector.Policy) batchLimits {
	l := batchLimits{events: defaultBatchEvents, bytes: defaultBatchBytes, flying: batchesInFlight}
	if b, ok := inst.(connector.Batcher); ok {
		events, bytes := b.BatchLimits()
		l.events, l.bytes = positive(events, l.events), positive(bytes, l.bytes)
	}
	if w, ok := inst.(connector.BatchWaiter); ok {
		l.wait = w.BatchWait()
	}
	if pipe, ok := inst.(connector.Pipeliner); ok {
		l.flying = positive(min(pipe.BatchesInFlight(), p.Concurrency), l.flying)
	}
	l.events, l.bytes = positive(p.BatchEvents, l.events), positive(p.BatchBytes, l.bytes)
	if p.BatchWait > 0 {
		l.wait = p.BatchWait
	}
	return l
}

func positive(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// timeout bounds one attempt as a whole.
func timeout(d time.Duration) Policy {
	return func(next Func) Func {
		if d <= 0 {
			return next
		}
		return func(ctx context.Context, ds []connector.Delivery) error {
			ctx, cancel := context.WithTimeout(ctx, d)
			defer cancel()
			return next(ctx, ds)
		}
	}
}

// errRate is why a request waits for our own rate limit.
var errRate = errors.New("waits for the integration's own rate limit")

// limit keeps requests below a rate.
func limit(perSecond float64) Policy {
	return func(next Func) Func {
		if perSecond <= 0 {
			return next
		}
		limiter := rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond)))
		return func(ctx context.Context, ds []connector.Delivery) error {
			if limiter.Allow() {
				return next(ctx, ds)
			}
			missing := max(1-limiter.Tokens(), 0) // not a reservation: those of many who ask at once would add up
			return connector.Throttled(errRate, time.Duration(missing/perSecond*float64(time.Second)))
		}
	}
}

// contain turns a panic in a connector into a permanent error of the delivery that caused it.
func contain(next Func) Func {
	return func(ctx context.Context, ds []connector.Delivery) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = connector.Permanent(fmt.Errorf("the connector panicked: %v\n%s", p, debug.Stack()))
			}
		}()
		return next(ctx, ds)
	}
}
