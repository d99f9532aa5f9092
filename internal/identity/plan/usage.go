package plan

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const (
	// SaveEvery is how often the counts are saved: what a crash costs is counted from the journal.
	SaveEvery = 10 * time.Second
	// finishSave bounds the last save, when everything ends.
	finishSave = 5 * time.Second
	// maxMonths is how far back usage is read at once.
	maxMonths = 36
)

// Run saves the counts every SaveEvery, and tells OnOver, until ctx is done; then it saves once more. It should end
// after the last event was journalled.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(SaveEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishSave)
			defer cancel()
			if err := s.Save(last); err != nil {
				s.deps.Log.Warn("the usage of accounts could not be saved at the end; the next start counts it from the journal",
					slog.Any("error", err))
			}
			return
		case <-tick.C:
		case <-s.wake:
		}
		s.tell(ctx)
		err := s.Save(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			s.deps.Log.Error("saving the usage of accounts failed; trying on", slog.Any("error", err))
		}
		failing = err != nil
	}
}

// tell tells OnOver of those who have reached their month's number.
func (s *Service) tell(ctx context.Context) {
	for _, m := range *s.meters.Load() {
		t := m.tally.Load()
		if !t.crossed.Load() || t.said.Load() || s.Owner(m.account) != m.account { // one who shares a plan: the owner hears
			continue
		}
		if s.deps.OnOver != nil {
			if err := s.deps.OnOver(ctx, m.account, s.Of(m.account)); err != nil {
				s.deps.Log.Warn("that an account has used up its plan could not be said; trying again",
					slog.String("account", string(m.account)), slog.Any("error", err))
				continue
			}
		}
		t.said.Store(true)
	}
}

// Save saves the counts that have changed, and those of accounts that have not sent anything yet: from then on a crash
// costs nothing, and what the hub itself says about them does not become theirs.
func (s *Service) Save(ctx context.Context) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	s.meet(s.deps.Accounts())
	now := s.deps.Now().UTC()
	var rows []store.Usage
	var done []func()
	for _, m := range *s.meters.Load() {
		add, after := m.unsaved(s.deps.Journalled(m.account), now)
		rows = append(rows, add...)
		done = append(done, after)
	}
	if len(rows) > 0 {
		if err := s.deps.Usage.SaveUsage(ctx, rows); err != nil {
			return fmt.Errorf("saving the usage of %d accounts: %w", len(rows), err)
		}
	}
	for _, f := range done {
		f()
	}
	return nil
}

// unsaved gives the rows of a meter that differ from what was saved, and what to do when they are saved. The journal's
// number was read before: what is counted but not journalled yet is better counted twice after a crash than not at all.
func (m *meter) unsaved(journalled uint64, now time.Time) (rows []store.Usage, done func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	past := slices.Clone(m.past)
	t := m.tally.Load()
	// The newest month carries the journal's number; an earlier one is complete.
	row := t.row(m.account, journalled)
	changed := row != m.saved
	final := map[*saved]store.Usage{}
	for _, p := range past {
		final[p] = p.tally.row(m.account, journalled)
	}
	for p, r := range final {
		if !p.holds(r) {
			rows = append(rows, stamped(r, now))
		}
	}
	if changed {
		rows = append(rows, stamped(row, now))
	}
	return rows, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.saved = row
		// The newest of the past months stays: a request that began in it may still count, however late.
		var newest *saved
		if n := len(m.past); n > 0 {
			newest = m.past[n-1]
		}
		m.past = slices.DeleteFunc(m.past, func(p *saved) bool {
			r, was := final[p]
			same := was && p.holds(r)
			if was {
				p.row = r
			}
			return same && p != newest
		})
	}
}

// holds says whether a row was saved as it is.
func (p *saved) holds(r store.Usage) bool {
	return p.row.Month != "" && r.Events == p.row.Events && r.Over == p.row.Over && r.Refused == p.row.Refused
}

func stamped(row store.Usage, now time.Time) store.Usage {
	row.UpdatedAt = now
	return row
}

// row gives a tally as it is stored.
func (t *tally) row(account event.Account, journalled uint64) store.Usage {
	return store.Usage{
		Account: account, Month: t.month, Events: t.events.Load(), Over: t.over.Load(), Refused: t.refused.Load(),
		Journalled: journalled, OverSaid: t.said.Load(),
	}
}

// Usage gives what an account used in its last months, the newest first, as it is now; at most months (1 to 36) of
// them. Months without events are left out, except this one.
func (s *Service) Usage(ctx context.Context, account event.Account, months int) ([]store.Usage, error) {
	months = min(max(months, 1), maxMonths)
	rows, err := s.deps.Usage.ListUsage(ctx, account, months)
	if err != nil {
		return nil, fmt.Errorf("reading the usage of account %s: %w", account, err)
	}
	now := s.deps.Now()
	current := newTally(now)
	var past []*saved
	if m := (*s.meters.Load())[account]; m != nil {
		current = m.current(now)
		m.mu.Lock()
		past = slices.Clone(m.past)
		m.mu.Unlock()
	}
	for _, p := range past {
		rows = put(rows, p.tally.row(account, 0))
	}
	rows = put(rows, current.row(account, 0))
	rows = slices.DeleteFunc(rows, func(r store.Usage) bool {
		return r.Month != current.month && r.Events == 0 && r.Refused == 0
	})
	for i := range rows {
		rows[i].Journalled = 0
	}
	return rows[:min(len(rows), months)], nil
}

// put replaces the row of a month, or inserts it where it belongs.
func put(rows []store.Usage, row store.Usage) []store.Usage {
	at, found := slices.BinarySearchFunc(rows, row.Month, func(r store.Usage, month string) int {
		switch { // the newest first
		case r.Month > month:
			return -1
		case r.Month < month:
			return 1
		}
		return 0
	})
	if found {
		row.UpdatedAt = rows[at].UpdatedAt
		rows[at] = row
		return rows
	}
	return slices.Insert(rows, at, row)
}
