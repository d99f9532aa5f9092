package journal

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// End is the position after the newest event: where the next frame begins.
func (j *Journal) End() Position {
	return Position{Epoch: j.epoch.Load(), Frame: j.shown.Load() + 1}
}

// Bounds are the numbers of the oldest and newest frame; both 0 when empty.
func (j *Journal) Bounds() (first, last uint64) {
	first, _ = j.log.Bounds()
	last = j.shown.Load()
	if first > last {
		return 0, 0
	}
	return first, last
}

// Journalled is how many events of the account were ever journalled.
func (j *Journal) Journalled(account event.Account) uint64 {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.seen[account]
}

// Accounts are those that ever had an event journalled, in order.
func (j *Journal) Accounts() []event.Account {
	j.state.RLock()
	defer j.state.RUnlock()
	return slices.Sorted(maps.Keys(j.seen))
}

// Stats is a snapshot of the journal's state.
func (j *Journal) Stats() Stats {
	j.damage.notice(j.log.Damage())
	first, last := j.Bounds()
	return Stats{
		Epoch: j.epoch.Load(), First: first, Last: last, Bytes: j.log.Size(), FreeBytes: j.disk.lastFree(),
		Quarantined: j.damage.count(), Failed: j.Err(), OldestTime: j.oldest(first),
	}
}

// oldest is the time of the oldest frame that can be read. It reads once for each first frame.
func (j *Journal) oldest(first uint64) time.Time {
	j.oldestMu.Lock()
	defer j.oldestMu.Unlock()
	if first == 0 || first == j.oldestOf {
		return j.oldestTime
	}
	_, last := j.Bounds()
	at, _, err := j.timeAt(context.Background(), first, last+1)
	if err == nil {
		j.oldestOf, j.oldestTime = first, at
	}
	return j.oldestTime
}

// Failed is closed when an I/O error has ended all acknowledging.
func (j *Journal) Failed() <-chan struct{} { return j.failed }

// Err is why the journal failed; nil while it is healthy. It wraps ErrFailed.
func (j *Journal) Err() error {
	if p := j.err.Load(); p != nil {
		return *p
	}
	return nil
}

func (j *Journal) fail(cause error) error {
	err := fmt.Errorf("%w: %w", ErrFailed, cause)
	j.once.Do(func() {
		j.err.Store(&err)
		close(j.failed)
		j.slog.Error("the journal failed; nothing is acknowledged any more", slog.Any("error", cause))
	})
	return j.Err()
}
