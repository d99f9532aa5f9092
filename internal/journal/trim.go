package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/failpoint"
)

// Trim lets the oldest frames go that are beyond MaxBytes or MaxAge. Before anything goes, sweep is called with the
// position before which everything will be gone; only if it succeeds is the log trimmed. What a [Hold] holds stays.
func (j *Journal) Trim(ctx context.Context, sweep func(ctx context.Context, before Position) error) error {
	if err := j.holds.trimming(ctx); err != nil {
		return fmt.Errorf("waiting to trim: %w", err)
	}
	defer j.holds.trimmed()
	before, err := j.trimPoint(ctx)
	if err != nil || before == 0 {
		return err
	}
	at, err := j.begin(ctx, before)
	if err != nil {
		return err
	}
	if err := sweep(ctx, at); err != nil {
		return fmt.Errorf("sweeping before frame %d: %w", before, err)
	}
	failpoint.Hit(failpoint.JournalTrim)
	if err := j.trim(ctx, before); err != nil {
		return fmt.Errorf("trimming before frame %d: %w", before, err)
	}
	return j.restoreBases(ctx)
}

// trim takes the turn: a log is not asked to append and to trim at once.
func (j *Journal) trim(ctx context.Context, before uint64) error {
	if err := j.take(ctx); err != nil {
		return err
	}
	defer j.give()
	return j.log.TrimBefore(ctx, before)
}

// trimPoint is the number before which everything may go; 0 if nothing may.
func (j *Journal) trimPoint(ctx context.Context) (uint64, error) {
	first, last := j.Bounds()
	if last == 0 {
		return 0, nil
	}
	before := uint64(0)
	if over := j.log.Size() - j.o.MaxBytes; over > 0 {
		before = j.log.TrimPoint(over)
	}
	// Most often nothing is too old: look at the first frame of the second step before searching for the limit.
	limit := j.o.Now().Add(-j.o.MaxAge)
	if step := j.log.TrimPoint(1); step > first {
		at, n, err := j.timeAt(ctx, step, last+1)
		if err != nil {
			return 0, err
		}
		if n <= last && at.Before(limit) {
			old, err := j.Seek(ctx, limit)
			if err != nil {
				return 0, err
			}
			before = max(before, step, min(old, last))
		}
	}
	if before > first {
		before = j.holds.bound(before, j.pressed())
	}
	if c, ok := j.log.(Cutter); ok {
		before = c.Cut(before)
	}
	if before <= first {
		return 0, nil
	}
	return before, nil
}

// begin is the position of the first event of that frame. The epoch is that of the next frame that can be read.
func (j *Journal) begin(ctx context.Context, number uint64) (Position, error) {
	_, last := j.Bounds()
	for n := number; n <= last; n++ {
		f, err := j.Read(ctx, n)
		if err == nil {
			return Position{Epoch: f.Epoch, Frame: number}, nil
		}
		if !errors.Is(err, ErrDamaged) {
			return Position{}, err
		}
	}
	return Position{Epoch: j.epoch.Load(), Frame: number}, nil
}
