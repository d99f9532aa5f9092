package callback

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Looking at the vendor's side.
const (
	// leastPause is the least time between two looks, whatever the connector wants, and mostPause the most after failures.
	leastPause, mostPause = 10 * time.Second, time.Hour
	// firstWithin is within which time an integration is looked at first, so that not all are at once after a start.
	firstWithin = 30 * time.Second
	// lookTime bounds one look, together with what comes of it.
	lookTime = 2 * time.Minute
	// maxLooks is how many integrations are looked at at once.
	maxLooks = 4
	// jitter spreads looks: each pause is up to a tenth longer or shorter.
	jitter = 0.1
)

// look is when an integration is looked at, and what came of it.
type look struct {
	mu     sync.Mutex
	busy   bool
	next   time.Time // zero: not by itself
	every  time.Duration
	failed int // looks in a row
	last   SyncResult
	looked bool
}

// SyncState is how the vendor's side of an integration is looked at.
type SyncState struct {
	EverySeconds float64     `json:"every_seconds" doc:"How often, in seconds; 0: only when asked." example:"60"`
	Running      bool        `json:"running" doc:"Whether it is being looked at."`
	Next         *time.Time  `json:"next,omitempty" doc:"When it is looked at next."`
	Last         *SyncResult `json:"last,omitempty" doc:"What the last look brought; absent before the first."`
}

// SyncResult is what a look at the vendor's side brought.
type SyncResult struct {
	At      time.Time  `json:"at" doc:"When it began."`
	OK      bool       `json:"ok" doc:"Whether it worked, and all of it was brought over."`
	Found   int        `json:"found" doc:"How many changes there were over there." example:"3"`
	Done    int        `json:"done" doc:"How many of them changed something here." example:"1"`
	Refused int        `json:"refused" doc:"How many could not be done." example:"0"`
	Wishes  []WishLine `json:"wishes" doc:"The first 10 of them."`
	Error   string     `json:"error,omitempty" doc:"What went wrong; the rest is left to the next look."`
	TookMS  int64      `json:"took_ms" doc:"How long it took, in milliseconds." example:"320"`
}

func firstLook() time.Duration { return time.Duration(rand.Int64N(int64(firstWithin))) }

// plan sets when to look first, or anew after a change.
func (l *look) plan(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next, l.failed = at, 0
}

// due says whether it is time, and begins the look; otherwise when it will be.
func (l *look) due(now time.Time) (begin bool, next time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy || l.next.IsZero() {
		return false, time.Time{}
	}
	if now.Before(l.next) {
		return false, l.next
	}
	l.busy = true
	return true, time.Time{}
}

// begin takes a look out of turn.
func (l *look) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy {
		return false
	}
	l.busy = true
	return true
}

// end notes what a look brought and when the next is due.
func (l *look) end(r SyncResult, every time.Duration, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy, l.every, l.last, l.looked = false, every, r, true
	if r.OK {
		l.failed = 0
	} else {
		l.failed++
	}
	l.next = time.Time{}
	if every > 0 {
		l.next = now.Add(pause(every, l.failed))
	}
}

// drop ends a look that there was none of.
func (l *look) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy, l.next, l.every = false, time.Time{}, 0
}

// pause is the time to the next look after so many failures in a row: each doubles it.
func pause(every time.Duration, failed int) time.Duration {
	p := max(every, leastPause)
	most := max(p, mostPause)
	for range min(failed, 20) {
		p = min(2*p, most)
	}
	return time.Duration(float64(p) * (1 - jitter + 2*jitter*rand.Float64()))
}

func (l *look) view() *SyncState {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &SyncState{EverySeconds: l.every.Seconds(), Running: l.busy}
	if !l.next.IsZero() && l.every > 0 {
		next := l.next.UTC()
		s.Next = &next
	}
	if l.looked {
		last := l.last
		s.Last = &last
	}
	return s
}

// wake has the loop look at its plan again.
func (s *Service) wake() {
	select {
	case s.fresh <- struct{}{}:
	default:
	}
}

// Run looks at the vendors' sides until ctx is done. It returns when no look is under way any more.
func (s *Service) Run(ctx context.Context) {
	var looks sync.WaitGroup
	defer looks.Wait()
	places := make(chan struct{}, maxLooks)
	for {
		next := s.lookAround(ctx, places, &looks)
		wait := mostPause
		if !next.IsZero() {
			wait = max(next.Sub(s.Now()), 0)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.fresh:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// lookAround begins what is due, as far as there are places, and says when something is due next. A look that ends wakes
// the loop.
func (s *Service) lookAround(ctx context.Context, places chan struct{}, looks *sync.WaitGroup) (next time.Time) {
	now := s.Now()
	for _, e := range s.entries() {
		select {
		case places <- struct{}{}:
		default:
			return time.Time{} // whichever ends first wakes the loop
		}
		begin, at := e.look.due(now)
		if !begin {
			<-places
			if !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
			continue
		}
		looks.Go(func() {
			defer s.wake()
			defer func() { <-places }()
			s.lookAt(ctx, e, false)
		})
	}
	return next
}

func (s *Service) entries() []*entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]*entry, 0, len(s.roster))
	for _, e := range s.roster {
		list = append(list, e)
	}
	return list
}

// SyncNow looks at the vendor's side of an integration, and waits for what that brings. Errors: ErrNotFound, ErrNoSync,
// ErrSyncing. That the vendor does not answer is not an error but a result.
func (s *Service) SyncNow(ctx context.Context, account event.Account, id event.ID) (SyncResult, error) {
	e := s.of(id)
	if e == nil || e.current().Account != account {
		return SyncResult{}, ErrNotFound
	}
	if row := e.current(); !s.Catalogue[row.Kind].Reconciles || !row.Enabled {
		return SyncResult{}, ErrNoSync
	}
	if !e.look.begin() {
		return SyncResult{}, ErrSyncing
	}
	defer s.wake()
	r, ok := s.lookAt(ctx, e, true)
	if !ok {
		return r, ErrNoSync
	}
	return r, nil
}

// lookAt looks at the vendor's side of an integration once; the look has begun. It says false when there is nothing to
// look at, or nothing by itself and nobody asked.
func (s *Service) lookAt(ctx context.Context, e *entry, asked bool) (SyncResult, bool) {
	began := s.Now()
	r := SyncResult{At: began.UTC(), Wishes: []WishLine{}}
	row := e.current()
	if !row.Enabled || !s.AccountOpen(row.Account) {
		e.look.drop()
		return r, false
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	every := e.look.lastEvery()
	inst, err := s.open(ctx, e)
	if err == nil {
		defer inst.release()
		reconciler, ok := inst.Instance.(connector.Reconciler)
		if !ok {
			e.look.drop()
			return r, false
		}
		if every = reconciler.ReconcileEvery(); every <= 0 && !asked {
			e.look.drop()
			return r, false
		}
		err = s.reconcile(ctx, inst, reconciler, &r)
	}
	if err != nil {
		s.Log.Warn("a vendor's side could not be looked at", slog.String("integration", idText(row)), slog.Any("error", err))
		r.Error = event.Clip(line(err.Error()), maxDetail)
	}
	now := s.Now()
	r.OK, r.TookMS = err == nil, now.Sub(began).Milliseconds()
	e.look.end(r, every, now)
	return r, true
}

// lastEvery is how often was wanted last; an integration that could never be opened is tried again.
func (l *look) lastEvery() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(l.every, leastPause)
}

// reconcile asks the connector what it finds, and does it.
func (s *Service) reconcile(ctx context.Context, inst *instance, from connector.Reconciler, r *SyncResult) error {
	var wishes []connector.Wish
	err := guarded(func() (err error) {
		wishes, err = from.Reconcile(ctx)
		return err
	})
	r.Found = len(wishes)
	if len(wishes) > maxWishes {
		wishes = wishes[:maxWishes]
		err = errors.Join(err, errors.New("too much was found at once: the rest comes with the next look"))
	}
	answerer, _ := inst.Instance.(connector.Answerer)
	for _, w := range wishes { // also what was found before an error
		told, o, failed := s.do(ctx, inst, w)
		if answerer != nil && o != nil && failed == nil {
			s.answer(inst, answerer, w, *o)()
		}
		if failed != nil {
			err = errors.Join(err, failed)
			told.Outcome = Failed
		}
		switch told.Outcome {
		case Done:
			r.Done++
		case Refused:
			r.Refused++
		}
		if len(r.Wishes) < keptWishes {
			r.Wishes = append(r.Wishes, told)
		}
	}
	return err
}
