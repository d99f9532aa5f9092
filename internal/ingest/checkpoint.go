package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const (
	// flushRows is how many keyed requests are saved at once without waiting for flushEvery.
	flushRows  = 1000
	flushEvery = time.Second
	// coverEvery is how often the store is told how far the journal has been covered when there is nothing to save:
	// it bounds what recover has to read.
	coverEvery = 10 * time.Second
	// finishFlush bounds the last flush, when everything ends.
	finishFlush = 5 * time.Second
)

// run saves until ctx is done, and then once more.
func (i *idempotency) run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishFlush)
			defer cancel()
			if err := i.flush(last); err != nil {
				i.log.Warn("keyed requests could not be saved at the end; the journal has them", slog.Any("error", err))
			}
			return
		case <-tick.C:
		case <-i.wake:
		}
		err := i.flush(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			i.log.Error("saving keyed requests failed; trying on", slog.Any("error", err))
		}
		failing = err != nil
	}
}

// flush saves what is unsaved, and up to which frame the store then knows every keyed request.
//
// The order is what makes that true: the newest frame is read first. A request in it or before it has then either been
// committed, and is saved now; or it is still being served, and its frame is later than the one it began after.
func (i *idempotency) flush(ctx context.Context) error {
	_, through := i.bounds()
	i.mu.Lock()
	for _, s := range i.serving {
		through = min(through, s.after)
	}
	rows := make([]store.IdempotencyRow, 0, len(i.unsaved))
	for _, row := range i.unsaved {
		rows = append(rows, row)
	}
	i.mu.Unlock()
	now := i.now()
	if len(rows) == 0 && (through == i.saved || now.Sub(i.savedAt) < coverEvery) {
		return nil
	}
	if err := i.store.SaveIdempotency(ctx, rows, through, now.Add(-keepKeys)); err != nil {
		return fmt.Errorf("saving %d keyed requests: %w", len(rows), err)
	}
	i.saved, i.savedAt = through, now
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, row := range rows {
		k := keyOf{account: row.Account, sum: row.KeyHash}
		if i.unsaved[k].First == row.First {
			delete(i.unsaved, k)
		}
	}
	return nil
}

// recover reads the keyed requests of the frames that the store does not cover.
func (i *idempotency) recover(ctx context.Context, r journal.Reader) error {
	through, err := i.store.IdempotencyThrough(ctx)
	if err != nil {
		return fmt.Errorf("reading how far keyed requests are saved: %w", err)
	}
	first, last := r.Bounds()
	if last < through { // an older copy of the journal: its new frames are not covered
		if err := i.store.SaveIdempotency(ctx, nil, last, i.now().Add(-keepKeys)); err != nil {
			return fmt.Errorf("setting back how far keyed requests are saved: %w", err)
		}
		through = last
	}
	i.saved, i.savedAt = through, i.now()
	if last == 0 {
		return nil
	}
	from := max(first, through+1)
	oldest := i.now().Add(-keepKeys)
	if n := int(last) - int(from); n > 0 { // what is too old is skipped without reading it
		from += uint64(sort.Search(n, func(k int) bool {
			f, err := r.Read(ctx, from+uint64(k))
			if err != nil {
				return !errors.Is(err, journal.ErrTrimmed) // of unknown age: better read too much
			}
			return !f.Time.Before(oldest)
		}))
	}
	for n := from; n <= last; n++ {
		if err := i.recoverFrame(ctx, r, n, oldest); err != nil {
			return fmt.Errorf("reading keyed requests of frame %d: %w", n, err)
		}
	}
	return nil
}

func (i *idempotency) recoverFrame(ctx context.Context, r journal.Reader, n uint64, oldest time.Time) error {
	f, err := r.Read(ctx, n)
	switch {
	case errors.Is(err, journal.ErrTrimmed), errors.Is(err, journal.ErrNotYet):
		return nil
	case errors.Is(err, journal.ErrDamaged):
		i.log.Warn("a damaged frame may have held keyed requests", slog.Uint64("frame", n))
		return nil
	case err != nil:
		return err
	}
	if f.Time.Before(oldest) {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, entry := range f.Idempotency {
		if lost(f, entry.Account) {
			i.log.Warn("a keyed request is forgotten with its events, which are damaged: if it is sent again it is taken again",
				slog.Uint64("frame", n), slog.String("account", string(entry.Account)))
			continue
		}
		i.unsaved[keyOf{account: entry.Account, sum: entry.KeyHash}] = store.IdempotencyRow{Idempotency: entry, At: f.Time}
	}
	return nil
}

// lost says whether the events of an account are damaged in a frame whose header is not. A process that is killed in the
// middle of a write leaves such a frame: nobody was told that its events were taken, and to answer the sender's next try
// from its key would be to say so now.
//
// A request whose events were all given to accounts below has its key in a frame without a section of its own account: any
// damage then counts as its.
func lost(f *journal.Frame, account event.Account) bool {
	own := slices.ContainsFunc(f.Sections, func(s journal.Section) bool { return s.Account == account })
	for k := range f.Sections {
		if s := &f.Sections[k]; s.Damaged && (!own || s.Account == account) {
			return true
		}
	}
	return false
}
