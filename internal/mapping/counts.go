package mapping

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// saveEvery is how often counts are saved. A process that is killed forgets what it counted since: at most this long.
const saveEvery = 15 * time.Second

// tally counts for one rule.
type tally struct {
	matched, dropped, failed atomic.Uint64
	id                       event.ID
	account                  event.Account
	saved                    store.MappingCounts // only Save touches it
}

func newTally(row store.MappingRule) *tally {
	t := &tally{id: row.ID, account: row.Account, saved: store.MappingCounts{ID: row.ID, Matched: row.Matched, Dropped: row.Dropped, Failed: row.Failed}}
	t.matched.Store(row.Matched)
	t.dropped.Store(row.Dropped)
	t.failed.Store(row.Failed)
	return t
}

// add counts one step: a rule that failed has not matched.
func (t *tally) add(s Step) {
	if s.Err != nil {
		t.failed.Add(1)
		return
	}
	t.matched.Add(1)
	if s.Dropped {
		t.dropped.Add(1)
	}
}

func (t *tally) now() store.MappingCounts {
	return store.MappingCounts{ID: t.id, Matched: t.matched.Load(), Dropped: t.dropped.Load(), Failed: t.failed.Load()}
}

// tallyOf gives a rule's counts, which outlive its changes.
func (s *Service) tallyOf(row store.MappingRule) *tally {
	s.tallies.Lock()
	defer s.tallies.Unlock()
	t := s.counts[row.ID]
	if t == nil {
		t = newTally(row)
		s.counts[row.ID] = t
	}
	return t
}

func (s *Service) forget(id event.ID) {
	s.tallies.Lock()
	defer s.tallies.Unlock()
	delete(s.counts, id)
}

// countInto sets a row's counts to what they are now.
func (s *Service) countInto(row *store.MappingRule) {
	c := s.tallyOf(*row).now()
	row.Matched, row.Dropped, row.Failed = c.Matched, c.Dropped, c.Failed
}

// Counts are those of one rule of an account.
type Counts struct {
	Account event.Account
	store.MappingCounts
}

// AllCounts gives the counts of every rule of every account, for metrics.
func (s *Service) AllCounts() []Counts {
	s.tallies.Lock()
	defer s.tallies.Unlock()
	list := make([]Counts, 0, len(s.counts))
	for _, t := range s.counts {
		list = append(list, Counts{t.account, t.now()})
	}
	return list
}

// Dropped is how many events the rules that an account has now have dropped.
func (s *Service) Dropped(account event.Account) (n uint64) {
	s.tallies.Lock()
	defer s.tallies.Unlock()
	for _, t := range s.counts {
		if t.account == account {
			n += t.dropped.Load()
		}
	}
	return n
}

// Run saves the counts from time to time until ctx is done, and then once more.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveLast)
			defer cancel()
			s.saveOrLog(last)
			return
		case <-tick.C:
			s.saveOrLog(ctx)
		}
	}
}

// saveLast bounds the last save.
const saveLast = 5 * time.Second

func (s *Service) saveOrLog(ctx context.Context) {
	if err := s.Save(ctx); err != nil && ctx.Err() == nil {
		s.deps.Log.Warn("the counts of mapping rules could not be saved", slog.Any("error", err))
	}
}

// Save writes the counts that have changed.
func (s *Service) Save(ctx context.Context) error {
	s.change.Lock() // one save at a time
	defer s.change.Unlock()
	var moved []*tally
	var counts []store.MappingCounts
	s.tallies.Lock()
	for _, t := range s.counts {
		if c := t.now(); c != t.saved {
			moved, counts = append(moved, t), append(counts, c)
		}
	}
	s.tallies.Unlock()
	if len(counts) == 0 {
		return nil
	}
	if err := s.deps.Store.SaveMappingCounts(ctx, counts); err != nil {
		return fmt.Errorf("saving the counts of mapping rules: %w", err)
	}
	for i, t := range moved {
		t.saved = counts[i]
	}
	return nil
}
