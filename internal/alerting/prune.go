package alerting

import (
	"context"
	"log/slog"
	"time"
)

// Times of forgetting.
const (
	// pruneEvery is how often alerts that are too old are deleted, pruneRows how many of them in one transaction.
	pruneEvery = time.Hour
	pruneRows  = 500
	// pruneWait lets others write between two transactions.
	pruneWait = 50 * time.Millisecond
)

// pruneLoop deletes alerts that were resolved longer ago than they are kept, until ctx is done.
func (s *Service) pruneLoop(ctx context.Context) {
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		if n, err := s.Prune(ctx); err != nil && ctx.Err() == nil {
			s.deps.Log.Warn("alerts that are too old stay for now", slog.Any("error", err))
		} else if n > 0 {
			s.deps.Log.Info("alerts that were resolved long ago are deleted", slog.Int("alerts", n))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Prune deletes the alerts that were resolved longer ago than they are kept, and says how many.
func (s *Service) Prune(ctx context.Context) (deleted int, err error) {
	before := s.deps.Now().Add(-s.deps.MaxAge)
	for {
		n, err := s.pruneSome(ctx, before)
		deleted += n
		s.counts.pruned.Add(uint64(n))
		if err != nil || n < pruneRows {
			return deleted, err
		}
		pause(ctx, pruneWait)
	}
}

func (s *Service) pruneSome(ctx context.Context, before time.Time) (int, error) {
	if err := s.take(ctx); err != nil { // an alert must not go between its reading and its writing
		return 0, err
	}
	defer s.give()
	return s.deps.Store.PruneAlerts(ctx, before, pruneRows)
}
