package deliver

import (
	"context"
	"log/slog"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// trimmedCause is what is said of events that the journal had to give up.
const trimmedCause = "trimmed from the journal before the integration took them"

// trim is what a lane found trimmed although it had not read it: a window that a restart put back into the journal, say.
type trim struct {
	from    journal.Position // where the lane was then
	row     *parked          // its row in the mailbox; nil while nothing is counted
	expired uint64           // counted in such rows
}

// gapTrimmed notes that the next gap in each running number, from a position on, was trimmed and not damaged.
func (l *lane) gapTrimmed(from journal.Position) {
	if !l.trimmedGap && (l.kin == nil || len(l.kin.trimmed) == 0) { // else it goes on
		l.trim.from, l.trim.row = from, nil
	}
	if l.kin == nil {
		l.trimmedGap = true
		return
	}
	l.kin.trimmed[l.account] = struct{}{}
	for a := range l.kin.seqs {
		l.kin.trimmed[a] = struct{}{}
	}
}

// expireTrimmed counts events of a gap that was trimmed. One row stands for all of them, whatever their accounts.
func (l *lane) expireTrimmed(n uint64, to journal.Position) {
	l.at.Expired += n
	l.trim.expired += n
	switch p := l.trim.row; {
	case n == 0:
	case p == nil:
		l.trim.row = l.expiredRange(l.trim.from, to, n)
	default:
		p.row.Matched += n
		l.touch(p)
		l.expire(n, trimmedCause)
	}
}

// Sweep lets everything expire that lanes have not read before the position, because it is about to be trimmed: each
// lane that is behind gets one expired range. It returns when the ranges are durable.
func (e *Engine) Sweep(ctx context.Context, before journal.Position) error {
	for _, l := range e.allLanes() {
		if err := l.sweep(ctx, before); err != nil {
			return err
		}
	}
	return e.saveNow(ctx)
}

func (l *lane) sweep(ctx context.Context, before journal.Position) error {
	l.mu.Lock()
	if l.attached || l.removed || !l.next.Less(before) {
		l.mu.Unlock()
		return nil
	}
	done := make(chan struct{})
	l.swept = append(l.swept, done)
	from, expired := l.next, l.at.Expired-l.trim.expired
	l.skipTo = before
	l.catchUpLocked()
	l.mu.Unlock()
	select {
	case <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.at.Expired - l.trim.expired - expired; n > 0 {
		l.expiredRange(from, before, n)
	}
	return nil
}

// sweptLocked tells who waits that nothing is left before skipTo.
func (l *lane) sweptLocked() {
	if len(l.swept) == 0 || !l.attached && !l.removed && l.next.Less(l.skipTo) {
		return
	}
	for _, c := range l.swept {
		close(c)
	}
	l.swept = nil
}

// expiredRange puts one row into the mailbox for all that expired.
func (l *lane) expiredRange(from, to journal.Position, matched uint64) *parked {
	now := l.e.Now()
	l.log.Error("events expired before the integration took them", slog.Uint64("events", matched),
		slog.String("from", from.String()), slog.String("to", to.String()))
	p := &parked{index: -1, row: store.Parked{
		Delivery: event.NewID(), Account: l.account, Integration: l.id, Position: from, RangeTo: to, Matched: matched,
		State: store.StateExpired, Since: now, CauseClass: "trimmed",
		Cause: trimmedCause,
	}}
	l.touch(p)
	l.expire(matched, trimmedCause)
	return p
}
