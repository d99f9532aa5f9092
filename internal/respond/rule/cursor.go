package rule

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of the cursor.
const (
	// markWait is how long a mark stays unsaved when no hits come.
	markWait = time.Second
	// idleWait is how often the mark follows the journal's end while no rule runs, idleSave how often it is saved then.
	idleWait = time.Second
	idleSave = time.Minute
	// sweepWait is how long trimming waits for rules. Then it goes on: what is as old as that makes no rule act.
	sweepWait = 20 * time.Second
	// readTries is how often a frame is read that should be readable, readWait apart, before it is stepped over.
	readTries = 20
	readWait  = 250 * time.Millisecond
	// firstWait and longestWait bound the waits between attempts to ask and to save; each is twice the one before.
	firstWait   = 100 * time.Millisecond
	longestWait = 30 * time.Second
)

// cursor is the place in the journal.
type cursor struct {
	s     *Service
	begin journal.Position // the journal's end before anything was appended to it
	wake  chan struct{}    // holds a token when rules have changed

	// What follows belongs to Run.
	runner runner
	next   journal.Position // everything below it was looked at
	done   journal.Position // the mark that is saved
	saved  time.Time        // when it was
	tries  int              // of the next frame
	// seqs are how many events each account with rules has had before next, for those of which a section was read.
	seqs map[event.Account]uint64

	mu    sync.Mutex
	mark  journal.Position // a copy of next, or of done where hits are unsaved
	ready bool             // the mark was loaded
	moved chan struct{}    // closed when the mark moves
}

func (c *cursor) init(s *Service) {
	c.s, c.begin = s, s.deps.Journal.End()
	c.seqs, c.moved = map[event.Account]uint64{}, make(chan struct{})
	c.wake = make(chan struct{}, 1)
	c.runner.init(s)
}

// nudge lets an idle cursor look whether there are rules now.
func (c *cursor) nudge() {
	select {
	case c.wake <- struct{}{}:
	default: // it will look, or does not run yet
	}
}

// Run lets rules look at what comes into the journal, until ctx is done.
func (s *Service) Run(ctx context.Context) { s.cursor.run(ctx) }

func (c *cursor) run(ctx context.Context) {
	if !c.retry(ctx, "reading how far response rules are", c.load) {
		return
	}
	if c.next != c.done && !c.save(ctx, nil) { // so that what comes from now on is found after a crash
		return
	}
	for ctx.Err() == nil {
		if c.idle() {
			c.follow(ctx)
			continue
		}
		f, err := c.frame(ctx)
		switch {
		case err == nil:
			if !c.take(ctx, f) {
				return
			}
		case ctx.Err() != nil, errors.Is(err, journal.ErrClosed), errors.Is(err, journal.ErrFailed):
			return
		case errors.Is(err, context.DeadlineExceeded):
			if !c.save(ctx, nil) {
				return
			}
		default:
			c.step(ctx, err)
		}
	}
}

// idle says whether no rule runs; the mark is at the journal's end then. What is appended after that is looked at by rules
// that are made after that.
func (c *cursor) idle() bool {
	end := c.s.deps.Journal.End()
	if len(c.s.rules.Load().running) > 0 {
		return false
	}
	if c.next != end {
		c.next, c.tries = end, 0
		clear(c.seqs)
		c.move(end)
	}
	return true
}

// follow waits until rules may run, and saves the mark now and then.
func (c *cursor) follow(ctx context.Context) {
	if c.next != c.done && c.s.deps.Now().Sub(c.saved) >= idleSave {
		c.save(ctx, nil)
	}
	timer := time.NewTimer(idleWait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-c.wake:
	case <-timer.C:
	}
}

// retry does something until it succeeds; false says that ctx was done before.
func (c *cursor) retry(ctx context.Context, doing string, do func(context.Context) error) bool {
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		err := do(ctx)
		switch {
		case err == nil:
			return true
		case ctx.Err() != nil:
			return false
		}
		c.s.deps.Log.Error(doing+" failed", slog.Any("error", err), slog.Duration("again_in", wait))
		pause(ctx, wait)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// load finds the place to begin at: where the last run was, or the journal's end: rules are for what comes.
func (c *cursor) load(ctx context.Context) error {
	mark, err := Mark(ctx, c.s.deps.Store)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next, c.done, c.saved = mark, mark, c.s.deps.Now()
	if !c.ready && (mark.IsZero() || mark.Frame >= c.begin.Frame) { // a journal that lost its newest part goes on with its new epoch
		c.next = c.begin
	}
	c.mark, c.ready = c.next, true
	return nil
}

// Mark is how far response rules have looked at the journal by what is stored; zero: they never have. The journal must not
// hand out a position below it again.
func Mark(ctx context.Context, st store.Responses) (journal.Position, error) {
	text, err := st.RuleMark(ctx)
	if err != nil {
		return journal.Position{}, fmt.Errorf("reading how far response rules are: %w", err)
	}
	raw, err := hex.DecodeString(text)
	if err != nil || text != "" && len(raw) != journal.PositionBytes {
		return journal.Position{}, fmt.Errorf("reading how far response rules are: %q is no position", event.Clip(text, 64))
	}
	return journal.PositionFromBytes(raw), nil
}

// frame waits for the next frame, but not longer than a mark may wait.
func (c *cursor) frame(ctx context.Context) (*journal.Frame, error) {
	if c.next == c.done {
		return c.s.deps.Journal.Next(ctx, c.next.Frame)
	}
	ctx, cancel := context.WithTimeout(ctx, max(c.saved.Add(markWait).Sub(c.s.deps.Now()), 0))
	defer cancel()
	return c.s.deps.Journal.Next(ctx, c.next.Frame)
}

// take lets rules look at a frame, and saves what they did; false says that ctx was done before.
func (c *cursor) take(ctx context.Context, f *journal.Frame) bool {
	c.tries = 0
	c.runner.use(c.s.rules.Load())
	var hits []store.RuleHit
	for i := range f.Sections {
		s := &f.Sections[i]
		if !c.runner.has(s.Account) {
			continue
		}
		if seq, known := c.seqs[s.Account]; known && s.Before > seq {
			c.lose(s.Before-seq, "a gap in the journal", s.Account)
		}
		c.seqs[s.Account] = s.Before + uint64(s.Count)
		wanted := c.runner.wanted(s)
		if wanted == 0 {
			continue
		}
		records, err := s.Records()
		if err != nil {
			c.lose(wanted, "a damaged section", s.Account)
			continue
		}
		for i, r := range records {
			if pos := f.Position(s, i); pos.Epoch == c.next.Epoch && pos.Less(c.next) {
				continue
			}
			if !c.retry(ctx, "asking response rules", func(ctx context.Context) (err error) {
				hits, err = c.runner.look(ctx, r, hits)
				return err
			}) {
				return false
			}
		}
	}
	c.next = f.End()
	if len(hits) > 0 || c.s.deps.Now().Sub(c.saved) >= markWait {
		return c.save(ctx, hits)
	}
	c.move(c.next)
	return true
}

// save makes hits and the mark durable; false says that ctx was done before.
func (c *cursor) save(ctx context.Context, hits []store.RuleHit) bool {
	mark := hex.EncodeToString(c.next.Bytes())
	if !c.retry(ctx, "saving what response rules did", func(ctx context.Context) error {
		err := c.s.deps.Store.SaveRuleHits(ctx, hits, mark)
		if errors.Is(err, store.ErrInvalid) && len(hits) > 0 { // one hit must not hold up all that comes
			c.s.deps.Log.Error("what response rules did cannot be stored and is left out", slog.Int("hits", len(hits)), slog.Any("error", err))
			err = c.s.deps.Store.SaveRuleHits(ctx, nil, mark)
		}
		return err
	}) {
		return false
	}
	c.done, c.saved = c.next, c.s.deps.Now()
	c.move(c.next)
	return true
}

// resave saves the mark that is saved: it tells whether the store takes anything.
func (c *cursor) resave(ctx context.Context) error {
	return c.s.deps.Store.SaveRuleHits(ctx, nil, hex.EncodeToString(c.done.Bytes()))
}

// move lets others know the mark.
func (c *cursor) move(to journal.Position) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mark = to
	close(c.moved)
	c.moved = make(chan struct{})
}

// step goes over a frame that cannot be read; one that should be readable is tried again for a while.
func (c *cursor) step(ctx context.Context, err error) {
	number := c.next.Frame
	next := number + 1
	switch first, _ := c.s.deps.Journal.Bounds(); {
	case errors.Is(err, journal.ErrTrimmed):
		next = max(next, first)
	case !errors.Is(err, journal.ErrDamaged):
		if c.tries++; c.tries < readTries {
			pause(ctx, readWait)
			return
		}
	}
	c.s.deps.Log.Error("frames of the journal are gone: response rules do not look at them", slog.Uint64("from", number),
		slog.Uint64("to", next-1), slog.Any("error", err))
	c.tries = 0
	c.next = journal.Position{Epoch: c.next.Epoch, Frame: next} // the next section of an account says how many events it lost
	c.move(c.next)
}

// lose counts events that cannot be looked at.
func (c *cursor) lose(n uint64, why string, account event.Account) {
	c.s.counts.lost.Add(n)
	c.s.deps.Log.Error("response rules do not look at events: they cannot be read", slog.String("why", why),
		slog.Uint64("events", n), slog.String("account", string(account)))
}

// stats adds where the cursor is.
func (c *cursor) stats(st *Stats) {
	idle := len(c.s.rules.Load().running) == 0
	c.mu.Lock()
	defer c.mu.Unlock()
	st.Mark = c.mark
	if end := c.s.deps.Journal.End(); c.ready && !idle && end.Frame > c.mark.Frame {
		st.Behind = end.Frame - c.mark.Frame
	}
}

// Sweep waits until rules have looked at everything before a position, because it is about to be trimmed; but not for
// long: the journal is not held up for rules, which count what they have missed. The error is that of ctx.
func (s *Service) Sweep(ctx context.Context, before journal.Position) error {
	timer := time.NewTimer(sweepWait)
	defer timer.Stop()
	for {
		if len(s.rules.Load().running) == 0 {
			return nil
		}
		s.cursor.mu.Lock()
		mark, moved := s.cursor.mark, s.cursor.moved
		s.cursor.mu.Unlock()
		if mark.Frame >= before.Frame {
			return nil
		}
		select {
		case <-moved:
		case <-timer.C:
			s.deps.Log.Warn("the journal is trimmed before response rules have looked at it", slog.String("mark", mark.String()),
				slog.String("before", before.String()))
			return nil
		case <-ctx.Done():
			return fmt.Errorf("waiting for response rules: %w", ctx.Err())
		}
	}
}
