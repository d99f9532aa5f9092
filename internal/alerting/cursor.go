package alerting

import (
	"context"
	"encoding/json"
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
	// batchEvents is how many events are folded in one transaction; the frame that reaches it is folded whole.
	batchEvents = 4096
	// batchBytes bounds what the events of a batch may hold in memory, apart from the last frame (8 MiB).
	batchBytes = 8 << 20
	// batchWait is how long the first event of a batch waits for others.
	batchWait = 100 * time.Millisecond
	// markWait is how long a mark stays unsaved when no alerts come.
	markWait = time.Second
	// restShare is how much shorter than the folding of a full batch the rest after it is: whoever is far behind leaves
	// processors to receiving and delivering.
	restShare = 8
	// sweepWait is how long trimming waits for alerts to be folded.
	sweepWait = 20 * time.Second
	// readTries is how often a frame is read that should be readable, readWait apart, before it is stepped over.
	readTries = 20
	readWait  = 250 * time.Millisecond
	// firstWait and longestWait bound the waits between attempts to save; each is twice the one before.
	firstWait   = 100 * time.Millisecond
	longestWait = 30 * time.Second
)

// cursor is the place in the journal.
type cursor struct {
	s *Service

	begin journal.Position // the journal's end before anything was appended to it

	// What follows belongs to Run.
	next  journal.Position // everything below it was read
	done  journal.Position // the mark that is saved
	saved time.Time        // when it was
	tries int              // of the next frame
	// seqs are how many events each account has had before next, for those of which a section was read.
	seqs  map[event.Account]uint64
	total total

	mu    sync.Mutex
	mark  journal.Position
	known map[event.Account]uint64 // a copy of seqs as of the mark
	since time.Time                // the time of the oldest frame that is read and not folded; zero if none
	moved chan struct{}            // closed when the mark moves
	ready bool                     // the mark was loaded
}

// total is the state that is saved with the mark.
type total struct {
	Folded uint64 `json:"folded"` // events since the installation was made
	Lost   uint64 `json:"lost"`   // that could not be read
}

func (c *cursor) init(s *Service) {
	c.begin = s.deps.Journal.End()
	c.s, c.seqs, c.moved = s, map[event.Account]uint64{}, make(chan struct{})
}

// Run folds what is in the journal, and forgets what is too old, until ctx is done.
func (s *Service) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { s.pruneLoop(ctx) })
	s.cursor.run(ctx)
	loops.Wait()
}

func (c *cursor) run(ctx context.Context) {
	if !c.retry(ctx, "reading how far alerts are folded", c.load) {
		return
	}
	for ctx.Err() == nil {
		b, err := c.collect(ctx)
		if err != nil { // the journal is closed, or ctx is done; what was collected is folded by the next run
			return
		}
		began, again := c.s.deps.Now(), false
		if !c.retry(ctx, "folding alerts", func(ctx context.Context) error {
			if done, err := c.stored(ctx, b, again); done || err != nil {
				return err
			}
			again = true
			return c.s.foldBatch(ctx, b)
		}) {
			return
		}
		c.settle(b)
		if b.full {
			pause(ctx, c.s.deps.Now().Sub(began)/restShare)
		}
	}
}

// stored says whether a batch whose saving ended with an error was saved all the same.
func (c *cursor) stored(ctx context.Context, b *batch, again bool) (bool, error) {
	if !again {
		return false, nil
	}
	mark, _, err := c.s.deps.Store.LoadFold(ctx)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return mark == b.mark, err
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

// load finds the place to begin at: where the last run was, or the journal's beginning.
func (c *cursor) load(ctx context.Context) error {
	mark, state, err := c.s.deps.Store.LoadFold(ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if len(state) > 0 {
		if err := json.Unmarshal(state, &c.total); err != nil {
			return fmt.Errorf("reading the state of alerting: %w", err)
		}
	}
	first, _ := c.s.deps.Journal.Bounds()
	switch {
	case mark.IsZero():
		mark.Frame = max(first, 1)
	case mark.Frame >= c.begin.Frame: // a journal that lost its newest part goes on with its new epoch
		mark = c.begin
	}
	c.next, c.done, c.saved = mark, mark, c.s.deps.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mark, c.ready = mark, true
	return nil
}

// batch is what one transaction folds.
type batch struct {
	records []*event.Record
	bytes   int
	lost    uint64
	full    bool // more is likely to wait
	mark    journal.Position
	state   total
}

// collect reads frames until there is enough to fold. An error ends the cursor.
func (c *cursor) collect(ctx context.Context) (*batch, error) {
	b := new(batch)
	var began time.Time // when the first event came
	for {
		f, err := c.frame(ctx, began)
		switch {
		case err == nil:
			c.take(b, f)
		case ctx.Err() != nil, errors.Is(err, journal.ErrClosed), errors.Is(err, journal.ErrFailed):
			return nil, err
		case errors.Is(err, context.DeadlineExceeded):
			return c.close(b), nil
		default:
			c.step(ctx, b, err)
		}
		if b.full = len(b.records) >= batchEvents || b.bytes >= batchBytes; b.full {
			return c.close(b), nil
		}
		if began.IsZero() && len(b.records) > 0 {
			began = c.s.deps.Now()
		}
	}
}

// frame waits for the next frame, but not longer than what was read may wait.
func (c *cursor) frame(ctx context.Context, began time.Time) (*journal.Frame, error) {
	var deadline time.Time
	switch {
	case !began.IsZero():
		deadline = began.Add(batchWait)
	case c.next != c.done:
		deadline = c.saved.Add(markWait)
	default:
		return c.s.deps.Journal.Next(ctx, c.next.Frame)
	}
	ctx, cancel := context.WithTimeout(ctx, max(deadline.Sub(c.s.deps.Now()), 0))
	defer cancel()
	return c.s.deps.Journal.Next(ctx, c.next.Frame)
}

func (c *cursor) close(b *batch) *batch {
	b.mark = c.next
	c.total.Folded += uint64(len(b.records))
	c.total.Lost += b.lost
	b.state = c.total
	return b
}

// take takes the alerts of a frame.
func (c *cursor) take(b *batch, f *journal.Frame) {
	c.tries = 0
	for i := range f.Sections {
		s := &f.Sections[i]
		if seq, known := c.seqs[s.Account]; known && s.Before > seq {
			c.lose(b, s.Before-seq, "a gap in the journal", s.Account)
		}
		c.seqs[s.Account] = s.Before + uint64(s.Count)
		alerts := alertsIn(s)
		if alerts == 0 {
			continue
		}
		records, err := s.Records()
		if err != nil {
			c.lose(b, alerts, "a damaged section", s.Account)
			continue
		}
		for i, r := range records {
			pos := f.Position(s, i)
			if pos.Epoch == c.next.Epoch && pos.Less(c.next) || !Folds(r) {
				continue
			}
			b.records = append(b.records, r)
			b.bytes += r.Size()
		}
	}
	c.next = f.End()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		c.since = f.Time
	}
}

// alertsIn is how many alerts a section holds, without opening it; all of it if it does not say.
func alertsIn(s *journal.Section) (n uint64) {
	if len(s.Types) == 0 {
		return uint64(s.Count)
	}
	for _, t := range s.Types {
		if alertTypes.Match(t.Type) {
			n += uint64(t.Count)
		}
	}
	return n
}

// step goes over a frame that cannot be read; one that should be readable is tried again for a while.
func (c *cursor) step(ctx context.Context, b *batch, err error) {
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
	c.s.deps.Log.Error("frames of the journal are gone: their alerts are not folded, unless they were before",
		slog.Uint64("from", number), slog.Uint64("to", next-1), slog.Any("error", err))
	c.tries = 0
	c.next = journal.Position{Epoch: c.next.Epoch, Frame: next} // the next section of an account says how many events it lost
}

// lose counts events that cannot be folded.
func (c *cursor) lose(b *batch, n uint64, why string, account event.Account) {
	b.lost += n
	c.s.deps.Log.Error("events are not folded into alerts: they cannot be read", slog.String("why", why),
		slog.Uint64("events", n), slog.String("account", string(account)))
}

// settle notes that a batch is durable.
func (c *cursor) settle(b *batch) {
	c.done, c.saved = b.mark, c.s.deps.Now()
	c.s.counts.folded.Add(uint64(len(b.records)))
	c.s.counts.lost.Add(b.lost)
	known := make(map[event.Account]uint64, len(c.seqs))
	for a, n := range c.seqs {
		known[a] = n
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mark, c.known, c.since = b.mark, known, time.Time{}
	close(c.moved)
	c.moved = make(chan struct{})
}

// stats adds where the cursor is.
func (c *cursor) stats(st *Stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	st.Mark = c.mark
	if !c.since.IsZero() {
		st.Age = max(c.s.deps.Now().Sub(c.since), 0)
	}
	if !c.ready || c.mark.Frame >= c.s.deps.Journal.End().Frame {
		return
	}
	for _, a := range c.s.deps.Journal.Accounts() {
		if seq, known := c.known[a]; known {
			if n := c.s.deps.Journal.Journalled(a); n > seq {
				st.Lag += n - seq
			}
		}
	}
	st.Lag = max(st.Lag, c.s.deps.Journal.End().Frame-c.mark.Frame) // a frame holds one event at least
}

// Sweep waits until everything before a position is folded, because it is about to be trimmed. Its error is ErrBehind, or
// that of ctx.
func (s *Service) Sweep(ctx context.Context, before journal.Position) error {
	ctx, cancel := context.WithTimeout(ctx, sweepWait)
	defer cancel()
	for {
		s.cursor.mu.Lock()
		mark, moved := s.cursor.mark, s.cursor.moved
		s.cursor.mu.Unlock()
		if mark.Frame >= before.Frame {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("%w (up to %s of %s): %w", ErrBehind, mark, before, ctx.Err())
		}
	}
}
