package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// wake has the loop look at its plan again.
func (s *Service) wake() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// Run reconciles until ctx is done. It returns when no cycle is under way any more.
func (s *Service) Run(ctx context.Context) {
	var cycles sync.WaitGroup
	defer cycles.Wait()
	places := make(chan struct{}, maxCycles)
	var cleared time.Time
	for {
		if now := s.Now(); now.Sub(cleared) >= longestSleep {
			cleared = now
			s.clearAway(ctx)
		}
		wait := longestSleep
		if next := s.lookAround(ctx, places, &cycles); !next.IsZero() {
			wait = min(max(next.Sub(s.Now()), 0), longestSleep)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.news:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// lookAround begins what is due, as far as there are places, and says when something is due next. A cycle that ends wakes
// the loop.
func (s *Service) lookAround(ctx context.Context, places chan struct{}, cycles *sync.WaitGroup) (next time.Time) {
	now := s.Now()
	for _, e := range s.entries() {
		yes, at := e.clock.due(now)
		if !yes {
			if !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
			continue
		}
		select {
		case places <- struct{}{}:
		default:
			return time.Time{} // whichever ends first wakes the loop
		}
		cycles.Go(func() {
			defer s.wake()
			defer func() { <-places }()
			s.cycle(ctx, e, false)
		})
	}
	return next
}

// cycle runs one cycle of a responder, and says false if one is under way. Asked: also of one that holds nothing and was
// read not long ago.
func (s *Service) cycle(ctx context.Context, e *entry, asked bool) bool {
	ctx, cancel := context.WithTimeout(ctx, cycleTime)
	defer cancel()
	again, ok := e.clock.begin(cancel)
	if !ok {
		return false
	}
	began := s.Now()
	c := &cycle{
		service: s, entry: e, row: e.current(), again: again, tried: map[netip.Prefix]bool{}, looked: map[event.ID]bool{},
		ended: map[string]netip.Prefix{}, began: began,
	}
	v, err := verdict{failed: true}, errors.New("it broke off")
	defer func() { // also when it breaks off with a panic
		now := s.Now()
		text := ""
		if err != nil {
			text = sentence(err)
		}
		e.noteEnd(c.row.Version, text, now.Sub(began), now.UTC())
		e.clock.end(v, now)
	}()
	v, err = c.whole(ctx, asked)
	return true
}

// whole is a cycle from the opening of the integration to the judgement of how it went.
func (c *cycle) whole(ctx context.Context, asked bool) (verdict, error) {
	b, err := c.service.Store.LoadResponder(ctx, c.row.Account, c.row.ID)
	if err != nil {
		c.warn("what is wanted of a responder cannot be read", err)
		return verdict{failed: true, unspent: c.again}, err
	}
	c.book = newBook(b)
	if why := c.service.unusable(&c.row); why != "" {
		return verdict{unspent: c.again}, c.saveSurely(ctx, idle(c.book, why, store.PlacementRequested, store.PlacementFailed, store.PlacementDrifted))
	}
	if c.book.empty() && !asked && c.entry.readWithin(idleEvery/2, c.service.Now()) {
		return verdict{next: c.service.Now().Add(spread(idleEvery))}, nil
	}
	err = c.opened(ctx)
	return c.judged(ctx, err), err
}

// readWithin says whether the responder was read within a time, and in the version that it has now.
func (e *entry) readWithin(d time.Duration, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state.Ready && now.Sub(e.state.LastCycle) < d
}

func (c *cycle) opened(ctx context.Context) error {
	inst, row, err := c.service.open(ctx, c.entry)
	if err != nil {
		return err
	}
	defer inst.release()
	if row.Version != c.row.Version {
		return context.Canceled // it has changed just now; another cycle is due
	}
	var ok bool
	if c.blocker, ok = inst.Instance.(connector.Blocker); !ok {
		return connector.Permanent(errors.New("the integration cannot block"))
	}
	return c.run(ctx)
}

// judged says how a cycle went, and what that means for those that waited for it.
func (c *cycle) judged(ctx context.Context, err error) verdict {
	now := c.service.Now()
	after, throttled := connector.IsThrottled(err)
	switch {
	case err == nil:
		return verdict{next: c.next(now)}
	case errors.Is(err, context.Canceled) && ctx.Err() != nil: // the process ends, or the integration has changed
		return verdict{next: now, unspent: c.again}
	case errors.Is(err, errStaleMuch), c.done > 0 && ctx.Err() != nil:
		return verdict{next: now.Add(spread(soon)), unspent: c.again}
	case throttled:
		if after <= 0 {
			after = throttlePause
		}
		after = spread(min(after, mostThrottle)) + after/10 // never less than the vendor asked for
		if after > throttlePause {
			c.tell(ctx, idle(c.book, sentence(err), store.PlacementRequested, store.PlacementDrifted))
		}
		return verdict{pause: after, unspent: c.again}
	}
	attempts := c.entry.clock.failing() + 1
	c.warn("a responder could not be brought in step", err)
	due := now.Add(pause(attempts))
	c.tell(ctx, broken(c.book, err, attempts, due.UTC().Truncate(time.Microsecond), c.now()))
	return verdict{failed: true, next: due, unspent: c.again}
}

// tell saves what placements wait for. That it cannot be saved is only logged: nothing hangs on it.
func (c *cycle) tell(ctx context.Context, d *draft) {
	if err := c.saveSurely(ctx, d); err != nil {
		c.warn("what blocks wait for cannot be saved", err)
	}
}

func (c *cycle) warn(text string, err error) {
	c.service.Log.Warn(text, slog.String("integration", c.row.ID.Text(event.PrefixIntegration)), slog.Any("error", err))
}

// next is when to look again after a cycle that went well.
func (c *cycle) next(now time.Time) time.Time {
	at := now.Add(spread(idleEvery))
	if !c.book.empty() {
		at = now.Add(spread(every))
	}
	sooner := func(t time.Time) {
		if t.Before(at) {
			at = latest(t, now)
		}
	}
	switch {
	case len(c.tried) > 0:
		sooner(now.Add(spread(refusedPause)))
	case c.more:
		sooner(now.Add(spread(soon)))
	}
	if !c.look.IsZero() {
		sooner(c.look)
	}
	for _, p := range c.book.placements {
		if p.Attempts > 0 && p.DueAt.After(now) && waitsForUs(p) {
			sooner(p.DueAt)
		}
	}
	return at
}

// waitsForUs says that a placement is not where it is to be.
func waitsForUs(p *store.Placement) bool {
	return !p.Wanted || p.State != store.PlacementVerified && p.State != store.PlacementCovered
}
