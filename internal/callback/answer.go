package callback

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of telling vendors what became of what they asked for.
const (
	// answerTime bounds one telling, answerTries how often it is tried. The pause before the second try is answerPause, each
	// further one three times as long, and never shorter than the vendor asks for; answerLongest bounds what it may ask for.
	answerTime    = 10 * time.Second
	answerTries   = 4
	answerPause   = time.Second
	answerLongest = time.Minute
	// maxAnswers is how many wait for a worker, and how many for another try; answerWorkers how many are told at once. What
	// does not fit is not told.
	maxAnswers, answerWorkers = 512, 8
)

var errNoRoom = errors.New("too many of them wait, or the hub is stopping")

// answers tell connectors, after the reply, what became of their wishes.
type answers struct {
	queue   chan func(context.Context)
	ctx     context.Context // of those under way
	cancel  context.CancelFunc
	workers sync.WaitGroup

	mu     sync.Mutex
	closed bool
	later  map[*time.Timer]func(context.Context) // what waits for another try
}

func (a *answers) start() {
	a.queue = make(chan func(context.Context), maxAnswers)
	a.later = map[*time.Timer]func(context.Context){}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	for range answerWorkers {
		a.workers.Go(func() {
			for f := range a.queue {
				f(a.ctx)
			}
		})
	}
}

// add puts a job at the end; false when there is no room, or no time any more.
func (a *answers) add(f func(context.Context)) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.put(f)
}

// put wants the lock.
func (a *answers) put(f func(context.Context)) bool {
	if a.closed {
		return false
	}
	select {
	case a.queue <- f:
		return true
	default:
		return false
	}
}

// again puts a job at the end after a pause, or at once if the hub stops before; false when there is no room, or no time
// any more. When there is no room then, it is given an ended context.
func (a *answers) again(pause time.Duration, f func(context.Context)) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || len(a.later) >= maxAnswers {
		return false
	}
	var timer *time.Timer
	timer = time.AfterFunc(pause, func() {
		a.mu.Lock()
		_, mine := a.later[timer]
		delete(a.later, timer)
		room := mine && a.put(f)
		a.mu.Unlock()
		if mine && !room {
			f(ended())
		}
	})
	a.later[timer] = f
	return true
}

// ended is the context of what there is no time or room for.
func ended() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errNoRoom)
	return ctx
}

// stop waits until everything that was put in is told, or ctx is done: then what is under way is cut off.
func (a *answers) stop(ctx context.Context) error {
	a.mu.Lock()
	var left []func(context.Context)
	for timer, f := range a.later {
		timer.Stop()
		if !a.put(f) {
			left = append(left, f)
		}
	}
	clear(a.later)
	if !a.closed {
		a.closed = true
		close(a.queue)
	}
	a.mu.Unlock()
	for _, f := range left {
		f(ended())
	}
	done := make(chan struct{})
	go func() { a.workers.Wait(); close(done) }()
	defer a.cancel() // whoever is still at it, is told so
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answer makes the job that tells what became of a wish.
func (s *Service) answer(inst *instance, to connector.Answerer, w connector.Wish, o connector.Outcome) func() {
	return func() {
		inst.hold()
		if !s.answers.add(s.telling(inst, to, w, o, 1)) {
			inst.release()
			s.troubled(inst, errNoRoom)
		}
	}
}

// telling tells it, and once more later if that fails: what a vendor shows must not stay as it was before the wish. It
// releases the instance in the end.
func (s *Service) telling(inst *instance, to connector.Answerer, w connector.Wish, o connector.Outcome, try int) func(context.Context) {
	return func(ctx context.Context) {
		err := context.Cause(ctx)
		if err == nil {
			told, cancel := context.WithTimeout(ctx, answerTime)
			err = guarded(func() error { return to.Answer(told, w, o) })
			cancel()
		}
		if pause, ok := nextTelling(err, try); ok && ctx.Err() == nil && s.answers.again(pause, s.telling(inst, to, w, o, try+1)) {
			return
		}
		if err != nil {
			s.troubled(inst, err)
		}
		inst.release()
	}
}

// nextTelling says whether a telling that ended with err is worth another try, and after which pause. One that took all its
// time is not: the vendor hangs, and others wait.
func nextTelling(err error, try int) (time.Duration, bool) {
	if err == nil || try >= answerTries || connector.IsPermanent(err) || connector.IsGone(err) || errors.Is(err, context.DeadlineExceeded) {
		return 0, false
	}
	pause := answerPause
	for range try - 1 {
		pause *= 3
	}
	if wait, ok := connector.IsThrottled(err); ok {
		pause = max(pause, min(wait, answerLongest))
	}
	return pause, true
}

// troubled shows that a vendor was not told.
func (s *Service) troubled(inst *instance, err error) {
	s.Log.Warn("a vendor was not told what became of its call", slog.String("integration", idText(inst.row)), slog.Any("error", err))
	if e := s.of(inst.row.ID); e != nil {
		e.seen.untold(s.Now(), err)
	}
}

// Stop takes no more answers and tells those that wait, until ctx is done.
func (s *Service) Stop(ctx context.Context) error {
	err := s.answers.stop(ctx)
	s.mu.Lock()
	roster := s.roster
	s.roster = map[event.ID]*entry{}
	s.mu.Unlock()
	for _, e := range roster {
		e.replace(store.Integration{})
	}
	return err
}
