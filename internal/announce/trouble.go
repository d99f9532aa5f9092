package announce

import (
	"context"
	"log/slog"
	"time"
)

// backoff is the wait between attempts that fail. The zero value has not failed.
type backoff struct {
	wait  time.Duration
	until time.Time
}

// next notes a failure and gives the time to wait.
func (b *backoff) next(now time.Time) time.Duration {
	b.wait = min(max(2*b.wait, firstWait), longestWait)
	b.until = now.Add(b.wait)
	return b.wait
}

// trouble says once that facts have to wait.
func (p *Pump) trouble(err error) {
	if p.failing.wait == 0 {
		p.deps.Log.Warn("what Tocsin says has to wait", slog.Any("error", err))
	}
}

// recovered ends the trouble, if there was any.
func (p *Pump) recovered() {
	if p.failing.wait > 0 {
		p.deps.Log.Info("what Tocsin says is in the journal again")
		p.failing = backoff{}
	}
}

// countDropped tells what the outbox had no room for since it was last asked.
func (p *Pump) countDropped(ctx context.Context) {
	count, err := p.deps.Outbox.CountOutbox(ctx)
	if err != nil {
		return // it is asked again soon, and the count only grows
	}
	if p.counted && count.Dropped > p.dropped {
		p.deps.Log.Error("facts were dropped from the outbox because too many waited", slog.Uint64("dropped", count.Dropped-p.dropped))
	}
	p.dropped, p.counted = count.Dropped, true
}
