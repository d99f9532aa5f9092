package respond

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// How long things are kept, and how often that is looked after.
const (
	// KeepEnded is how long a block that has ended can be looked up.
	KeepEnded = 90 * 24 * time.Hour
	// KeepExempt is how long an entry of the never-block list that is over stays on it.
	KeepExempt = 30 * 24 * time.Hour

	// dueBite is how many blocks are ended at once, pruneBite how many are deleted at once.
	dueBite   = 500
	pruneBite = 500
	// pruneEvery is how often old things are deleted, retryEvery when something is tried again that went wrong.
	pruneEvery = time.Hour
	retryEvery = 5 * time.Second
)

// Run ends blocks whose time is over, until ctx is done.
func (s *Service) Run(ctx context.Context) {
	ctx = act.With(ctx, act.System("response"))
	timer := time.NewTimer(0)
	defer timer.Stop()
	var pruned time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.poke:
		case <-timer.C:
		}
		s.wait.Store(math.MaxInt64) // until it is known what Run waits for, every change wakes it
		next, err := s.endDue(ctx)
		if err != nil && ctx.Err() == nil {
			s.deps.Log.Error("blocks whose time is over could not be ended; it is tried again", slog.Any("error", err))
		}
		retry := err != nil || !s.sweepAgain(ctx)
		if now := s.now(); !now.Before(pruned.Add(pruneEvery)) {
			pruned = now
			s.prune(ctx, now)
		}
		s.sleep(timer, next, pruned, retry)
	}
}

// sleep sets the timer to when there is something to do next.
func (s *Service) sleep(timer *time.Timer, next, pruned time.Time, retry bool) {
	now := s.now()
	until := pruned.Add(pruneEvery)
	if !next.IsZero() && next.Before(until) {
		until = next
	}
	if again := now.Add(retryEvery); retry && again.Before(until) {
		until = again
	}
	s.wait.Store(until.UnixMicro())
	timer.Reset(max(until.Sub(now), 0))
}

// sooner wakes Run for blocks that end before what it waits for.
func (s *Service) sooner(blocks []store.Block) {
	wait := s.wait.Load()
	for i := range blocks {
		b := &blocks[i]
		at := b.ExpiresAt
		if b.State == store.BlockPending {
			at = b.ApproveBy
		}
		if b.State.Open() && !at.IsZero() && at.UnixMicro() < wait {
			s.wakeUp()
			return
		}
	}
}

func (s *Service) wakeUp() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// endDue ends what is over, and says when the next block will be; zero: none.
func (s *Service) endDue(ctx context.Context) (time.Time, error) {
	for {
		due, next, err := s.deps.Store.DueBlocks(ctx, s.now(), dueBite)
		if err != nil {
			return time.Time{}, fmt.Errorf("looking for blocks whose time is over: %w", err)
		}
		if len(due) == 0 {
			return next, nil
		}
		by := map[event.Account][]event.ID{}
		for i := range due {
			by[due[i].Account] = append(by[due[i].Account], due[i].ID)
		}
		ended := 0
		for account, ids := range by {
			n, err := s.endOver(ctx, account, ids)
			if err != nil {
				return time.Time{}, fmt.Errorf("account %s: %w", account, err)
			}
			ended += n
		}
		if ended == 0 { // somebody else was faster, or gave them more time
			return s.now().Add(retryEvery), nil
		}
	}
}

// endOver ends those of an account's blocks whose time is over.
func (s *Service) endOver(ctx context.Context, account event.Account, ids []event.ID) (int, error) {
	b, err := s.hold(ctx, account)
	if err != nil {
		return 0, err
	}
	defer b.release()
	d := s.draft(b, &around{responders: s.deps.Responders.States(account)})
	for _, id := range ids {
		o := b.ids[id]
		if o == nil { // it has ended meanwhile, or the book is wrong
			b.stale = true
			continue
		}
		if state, cause := over(o, d.now); state != "" {
			d.end(o, state, cause, store.BlockActor{})
		}
	}
	if len(d.ended) == 0 {
		return 0, nil
	}
	return len(d.ended), d.commit(ctx)
}

// sweepAgain ends blocks of protected addresses that could not be ended before. It says whether none are left.
func (s *Service) sweepAgain(ctx context.Context) bool {
	if !s.unswept.Swap(false) {
		return true
	}
	_, err := s.sweep(ctx, s.accounts(), anything)
	if err != nil {
		s.unswept.Store(true)
		s.deps.Log.Error("blocks of addresses that are protected now could not be ended; it is tried again", slog.Any("error", err))
	}
	return err == nil
}

// prune deletes what has been over for long.
func (s *Service) prune(ctx context.Context, now time.Time) {
	for {
		n, err := s.deps.Store.PruneBlocks(ctx, now.Add(-KeepEnded), pruneBite)
		if err != nil && ctx.Err() == nil {
			s.deps.Log.Warn("old blocks could not be deleted", slog.Any("error", err))
		}
		if err != nil || n < pruneBite {
			break
		}
	}
	if err := s.pruneExempt(ctx, now.Add(-KeepExempt)); err != nil && ctx.Err() == nil {
		s.deps.Log.Warn("old entries of the never-block list could not be deleted", slog.Any("error", err))
	}
}

// pruneExempt deletes entries that were over before a time.
func (s *Service) pruneExempt(ctx context.Context, before time.Time) error {
	if err := s.claim(ctx); err != nil {
		return err
	}
	defer s.unclaim()
	var old []store.Protected
	for _, list := range s.terms.Load().entries {
		old = append(old, slices.DeleteFunc(slices.Clone(list), func(e store.Protected) bool { return e.ExpiresAt.IsZero() || !e.ExpiresAt.Before(before) })...)
	}
	for _, e := range old {
		if err := s.dropProtected(ctx, s.terms.Load(), e.Account, e.ID); err != nil {
			return err
		}
	}
	return nil
}
