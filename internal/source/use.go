package source

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const (
	// saveEvery is how often what came to sources is saved: the counts of at most so much time are lost in a crash. (The
	// events are not: they are in the journal.)
	saveEvery = 5 * time.Second
	// finishSave bounds the last saving, when everything ends.
	finishSave = 5 * time.Second
)

// use is what came to a source since it was saved.
type use struct {
	accepted, rejected, refused atomic.Uint64
	last                        atomic.Int64 // Unix microseconds; 0: never
}

// take gives what there is to be saved and begins anew.
func (u *use) take() store.SourceUse {
	t := store.SourceUse{Counts: store.SourceCounts{
		Accepted: u.accepted.Swap(0), Rejected: u.rejected.Swap(0), Refused: u.refused.Swap(0),
	}}
	if last := u.last.Swap(0); last > 0 {
		t.LastReceivedAt = time.UnixMicro(last).UTC()
	}
	return t
}

// giveBack puts back what could not be saved.
func (u *use) giveBack(t *store.SourceUse) {
	u.accepted.Add(t.Counts.Accepted)
	u.rejected.Add(t.Counts.Rejected)
	u.refused.Add(t.Counts.Refused)
	if !t.LastReceivedAt.IsZero() {
		u.last.CompareAndSwap(0, t.LastReceivedAt.UnixMicro())
	}
}

// addUnsaved adds to a row what came since it was saved.
func (o *endpoints) addUnsaved(row *store.Source) {
	o.mu.RLock()
	u := o.used[row.ID]
	o.mu.RUnlock()
	if u == nil {
		return
	}
	row.Counts.Accepted += u.accepted.Load()
	row.Counts.Rejected += u.rejected.Load()
	row.Counts.Refused += u.refused.Load()
	if last := u.last.Load(); last > 0 {
		if at := time.UnixMicro(last).UTC(); at.After(row.LastReceivedAt) {
			row.LastReceivedAt = at
		}
	}
}

// Run saves what comes to sources until ctx is done, and then once more.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishSave)
			defer cancel()
			if err := s.save(last); err != nil {
				s.Log.Warn("what came to sources could not be counted at the end", slog.Any("error", err))
			}
			return
		case <-tick.C:
		}
		if err := s.save(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("counting what came to sources failed; it is tried again", slog.Any("error", err))
		}
	}
}

// save writes all that is not saved, in one transaction.
func (s *Service) save(ctx context.Context) error {
	s.open.mu.RLock()
	used := make(map[event.ID]*use, len(s.open.used))
	for id, u := range s.open.used {
		used[id] = u
	}
	s.open.mu.RUnlock()
	var list []store.SourceUse
	for id, u := range used {
		if t := u.take(); t != (store.SourceUse{}) {
			t.ID = id
			list = append(list, t)
		}
	}
	if len(list) == 0 {
		return nil
	}
	if err := s.Store.SaveSourceUse(ctx, list); err != nil {
		for i := range list {
			used[list[i].ID].giveBack(&list[i])
		}
		return fmt.Errorf("saving what came to %d sources: %w", len(list), err)
	}
	return nil
}
