package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// Extent says how far a look back came.
type Extent struct {
	// Since is from when on everything was looked at: the time that was asked for, or a later one, when the journal begins
	// there or the look ended before it.
	Since time.Time
	// Complete says that there is nothing more in the journal of the time that was asked for.
	Complete bool
}

// Section is what LookBack gives of events that stand together: how many there are of each type, and the events
// themselves, the oldest first. Opening them costs more than all the rest. They are shared and must not be changed.
type Section func(types []journal.TypeCount, open func() ([]*event.Record, error)) (more bool)

// LookBack goes over an account's events from the journal's end back to a time, the newest sections first, until each gives
// false, which leaves the section at hand out of the extent. What is damaged is passed over. Errors: that of ctx, with the
// extent so far, and those of the journal.
func (e *Engine) LookBack(ctx context.Context, account event.Account, since time.Time, each Section) (Extent, error) {
	reached := Extent{Since: e.Now().UTC()}
	first, last := e.Journal.Bounds()
	for number := last; number >= first && number > 0; number-- {
		if err := ctx.Err(); err != nil {
			return reached, err
		}
		f, err := e.Journal.Read(ctx, number)
		switch {
		case errors.Is(err, journal.ErrTrimmed):
			reached.Complete = true
			return reached, nil
		case errors.Is(err, journal.ErrDamaged):
			continue
		case err != nil:
			return reached, fmt.Errorf("looking back over the events since %s: %w", since, err)
		case f.Time.Before(since):
			return Extent{Since: since, Complete: true}, nil
		}
		for i := len(f.Sections) - 1; i >= 0; i-- {
			if s := &f.Sections[i]; s.Account == account && !s.Damaged && !each(s.Types, s.Records) {
				return reached, nil
			}
		}
		reached.Since = f.Time
	}
	reached.Complete = true
	return reached, nil
}
