package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// actionPrune is the act of pruning the record itself.
const actionPrune = "audit.prune"

// Limits of pruning.
const (
	// runEvery is how often Run prunes, and writes a checkpoint to the process's log, which is often kept elsewhere.
	runEvery = 24 * time.Hour
	// pruneBite is how many entries one transaction deletes, and pruneMost how many one act does.
	pruneBite = 500
	pruneMost = 100_000
)

// pruning is the After of actionPrune. It stands in the record before anything is deleted, so that a record whose oldest
// entries are gone without such an entry was tampered with.
type pruning struct {
	Through uint64 `json:"through"` // the last entry that goes
	Hash    string `json:"hash"`    // and its hash, which is where the chain then begins
}

// Run prunes what is older than MaxAge, and logs checkpoints, at once and daily, until ctx is done.
func (l *Log) Run(ctx context.Context) {
	tick := time.NewTicker(runEvery)
	defer tick.Stop()
	for {
		for more := true; more; {
			var err error
			if more, err = l.prune(ctx); err != nil && ctx.Err() == nil {
				l.deps.Log.Warn("the audit record could not be pruned", slog.Any("error", err))
			}
		}
		l.logCheckpoint(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (l *Log) logCheckpoint(ctx context.Context) {
	c, err := l.Checkpoint(ctx)
	if err != nil {
		if ctx.Err() == nil {
			l.deps.Log.Warn("no checkpoint of the audit record could be made", slog.Any("error", err))
		}
		return
	}
	l.deps.Log.Info("checkpoint of the audit record", slog.String("checkpoint", c.String()))
}

// prune deletes the entries that are too old, unless an export is under way. Only what is older than every entry after
// it goes: an entry with a time of the future, from a clock that was wrong, keeps what follows it. It says whether it
// pruned anything.
func (l *Log) prune(ctx context.Context) (bool, error) {
	if !l.exports.TryLock() {
		return false, nil
	}
	defer l.exports.Unlock()
	what, err := l.prunable(ctx, l.deps.Now().Add(-l.deps.MaxAge))
	if err != nil || what.Through == 0 {
		return false, err
	}
	after, err := marshal(what)
	if err != nil {
		return false, fmt.Errorf("encoding what is pruned: %w", err)
	}
	a := act.Act{
		Account: event.DefaultAccount, Actor: act.System("retention"), Action: actionPrune, After: after,
		Note: "entries older than " + l.deps.MaxAge.String(),
	}
	err = act.Do(ctx, l, a, func(ctx context.Context) error { return l.deleteThrough(ctx, what.Through) })
	return err == nil, err
}

// prunable finds the last of the oldest entries that all are older than t.
func (l *Log) prunable(ctx context.Context, t time.Time) (pruning, error) {
	anchor, err := l.deps.Store.AuditAnchor(ctx)
	if err != nil {
		return pruning{}, fmt.Errorf("reading where the audit record begins: %w", err)
	}
	through := anchor.Seq + pruneMost
	switch first, _, err := l.deps.Store.AuditSpan(ctx, t, time.Time{}); {
	case errors.Is(err, store.ErrNotFound): // everything is old; the newest entry stays
		through = min(through, l.last.Load()-min(l.last.Load(), 1))
	case err != nil:
		return pruning{}, fmt.Errorf("looking for old entries: %w", err)
	default:
		through = min(through, first-1)
	}
	if through <= anchor.Seq {
		return pruning{}, nil
	}
	last, err := l.deps.Store.ReadAudit(ctx, through, 1)
	if err != nil || len(last) == 0 || last[0].Seq > through {
		return pruning{}, err
	}
	return pruning{last[0].Seq, hex.EncodeToString(last[0].Hash[:])}, nil
}

// deleteThrough deletes in small bites, so that nobody waits long for the store.
func (l *Log) deleteThrough(ctx context.Context, seq uint64) error {
	for {
		n, err := l.deps.Store.PruneAudit(ctx, seq, pruneBite)
		l.pruned.Add(uint64(n))
		if err != nil || n == 0 {
			return err
		}
	}
}
