package deliver

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Retention says how long the ledger and the mailbox keep their rows. Zero fields take the defaults.
type Retention struct {
	Ledger      time.Duration // attempts and packs; 7 days
	LedgerBytes int64         // the ledger's byte budget; 2 GiB
	Mailbox     time.Duration // from the day a delivery got there; 30 days
}

func (r Retention) withDefaults() Retention {
	r.Ledger = cmp.Or(r.Ledger, 7*24*time.Hour)
	r.LedgerBytes = cmp.Or(r.LedgerBytes, 2<<30)
	r.Mailbox = cmp.Or(r.Mailbox, 30*24*time.Hour)
	return r
}

// Pruning goes in small bites, so that it never holds up a tick for long.
const (
	pruneEvery = 5 * time.Second
	pruneBite  = 500
)

func (e *Engine) pruneLoop() {
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-ticker.C:
			e.prune(e.ctx)
		}
	}
}

func (e *Engine) prune(ctx context.Context) {
	now := e.Now()
	if _, err := e.Store.PruneAttempts(ctx, now.Add(-e.Retention.Ledger), e.Retention.LedgerBytes, pruneBite); err != nil {
		e.Log.Error("pruning the ledger failed", slog.Any("error", err))
	}
	e.pruneRuns(now)
	e.pruneNoise(now)
	e.closed.Lock()
	defer e.closed.Unlock()
	rows, err := e.Store.PruneParked(ctx, now.Add(-e.Retention.Mailbox), pruneBite)
	if err != nil {
		e.Log.Error("pruning the mailbox failed", slog.Any("error", err))
	}
	for _, r := range rows {
		e.grewOld(r)
	}
}

// grewOld counts a mailbox row that is gone because of its age.
func (e *Engine) grewOld(r store.Parked) {
	l := e.lane(r.Account, r.Integration)
	if l == nil || r.State == store.StateExpired {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.State == store.StateMailbox {
		l.tally(&r).Mailbox--
	} else {
		l.tally(&r).Discarded--
	}
	l.tally(&r).Expired++
	l.expire(1, "older than the mailbox keeps ("+form.DurationText(e.Retention.Mailbox)+")")
	l.log.Warn("a delivery in the mailbox grew too old and is gone", slog.String("delivery", r.Delivery.Text("dlv")),
		slog.String("event", r.Event.Text("evt")), slog.String("cause", r.Cause))
}
