package callback

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// A vendor that is slow to be told holds back no reply, is given up after a while, and is shown.
func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := asking(connector.Wish{Verb: connector.Note, DedupKey: "x", Text: "x"})
		var started atomic.Int64
		p.answer = func(ctx context.Context, _ connector.Wish, _ connector.Outcome) error {
			started.Add(1)
			<-ctx.Done()
			return ctx.Err()
		}
		i := w.add("acme", "pager", p)
		began := time.Now()
		for range 100 {
			holdStatus(t, "a reply", w.call(i, ""), 200)
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("100 replies took %v", took)
		}
		synctest.Wait()
		if started.Load() != answerWorkers {
			t.Errorf("%d are told at once", started.Load())
		}
		time.Sleep(answerTime + time.Millisecond) //nolint:forbidigo // moves the fake clock
		synctest.Wait()
		v, _ := w.View("acme", i.ID)
		if v.Counts.Untold != answerWorkers || v.Untold == nil || v.Untold.Error != context.DeadlineExceeded.Error() || started.Load() != 2*answerWorkers {
			t.Errorf("%d began; shown: %+v %+v", started.Load(), v.Counts, v.Untold)
		}
		// At the end, what waits is cut off in time.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if err := w.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("stopping took %v: %v", time.Since(began), err)
		}
		synctest.Wait()
		if started.Load() > 3*answerWorkers {
			t.Errorf("%d began after the end", started.Load())
		}
	})
}

// What does not fit is shown as not told, and keeps nothing open.
func TestTooManyAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := asking()
		var many []connector.Wish
		for range maxWishes {
			many = append(many, connector.Wish{Verb: connector.Note, DedupKey: "x", Text: "x"})
		}
		p.receive = asking(many...).receive
		var closed atomic.Bool
		release := make(chan struct{})
		p.answer = func(context.Context, connector.Wish, connector.Outcome) error {
			<-release
			return connector.Permanent(errors.New("gone"))
		}
		p.closed = func() { closed.Store(true) }
		i := w.add("acme", "pager", p)
		holdStatus(t, "many", w.call(i, ""), 200)
		synctest.Wait()
		v, _ := w.View("acme", i.ID)
		if n := v.Counts.Untold; n < maxWishes-maxAnswers-answerWorkers || n > maxWishes-maxAnswers {
			t.Errorf("%d were not told", n)
		}
		w.Remove(i.ID)
		if closed.Load() {
			t.Error("the instance was closed while it is needed")
		}
		close(release)
		synctest.Wait()
		if !closed.Load() {
			t.Error("the instance is still open")
		}
	})
}

// Stopping waits for those who are being told.
func TestDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := asking(connector.Wish{Verb: connector.Note, DedupKey: "x", Text: "x"})
		var told atomic.Int64
		p.answer = func(ctx context.Context, _ connector.Wish, _ connector.Outcome) error {
			select {
			case <-time.After(3 * time.Second):
			case <-ctx.Done():
				return ctx.Err()
			}
			told.Add(1)
			return nil
		}
		i := w.add("acme", "pager", p)
		for range 3 * answerWorkers {
			holdStatus(t, "a reply", w.call(i, ""), 200)
		}
		if err := w.Stop(t.Context()); err != nil || told.Load() != 3*answerWorkers {
			t.Errorf("%d were told; %v", told.Load(), err)
		}
		holdStatus(t, "after the end", w.call(i, ""), 404)
	})
}

// A telling that fails is tried again: soon, or when the vendor says. What cannot work is not.
func TestTellingAgain(t *testing.T) {
	t.Parallel()
	trouble := errors.New("trouble")
	for _, c := range []struct {
		name   string
		errs   []error // of the tries; then nil
		after  []time.Duration
		untold uint64
	}{
		{"at once", nil, []time.Duration{0}, 0},
		{"trouble", []error{trouble, trouble}, []time.Duration{0, time.Second, 3 * time.Second}, 0},
		{"throttled", []error{connector.Throttled(trouble, 7*time.Second)}, []time.Duration{0, 7 * time.Second}, 0},
		{"throttled for a day", []error{connector.Throttled(trouble, 24*time.Hour)}, []time.Duration{0, time.Minute}, 0},
		{"refused", []error{connector.Permanent(trouble)}, []time.Duration{0}, 1},
		{"gone", []error{connector.Gone(trouble)}, []time.Duration{0}, 1},
		{"for good", []error{trouble, trouble, trouble, trouble, trouble}, []time.Duration{0, time.Second, 3 * time.Second, 9 * time.Second}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				p := asking(connector.Wish{Verb: connector.Note, DedupKey: "x", Text: "x"})
				last := time.Now()
				var after []time.Duration
				p.answer = func(context.Context, connector.Wish, connector.Outcome) error {
					after, last = append(after, time.Since(last)), time.Now()
					if len(after) <= len(c.errs) {
						return c.errs[len(after)-1]
					}
					return nil
				}
				i := w.add("acme", "pager", p)
				holdStatus(t, "a reply", w.call(i, ""), 200)
				time.Sleep(time.Hour) //nolint:forbidigo // moves the fake clock
				synctest.Wait()
				if diff := cmp.Diff(c.after, after); diff != "" {
					t.Errorf("tried after (-want +got)\n%s", diff)
				}
				if v, _ := w.View("acme", i.ID); v.Counts.Untold != c.untold {
					t.Errorf("%d were not told", v.Counts.Untold)
				}
			})
		})
	}
}

// What waits for another try when the hub stops is tried once more, at once; it waits for nothing after that.
func TestTellingAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := asking(connector.Wish{Verb: connector.Note, DedupKey: "x", Text: "x"})
		var tried atomic.Int64
		p.answer = func(context.Context, connector.Wish, connector.Outcome) error {
			tried.Add(1)
			return errors.New("trouble")
		}
		i := w.add("acme", "pager", p)
		const calls = 150
		for range calls {
			holdStatus(t, "a reply", w.call(i, ""), 200)
		}
		synctest.Wait()
		began := time.Now()
		if err := w.Stop(t.Context()); err != nil || time.Since(began) > 0 {
			t.Errorf("stopping took %v: %v", time.Since(began), err)
		}
		if n := tried.Load(); n != 2*calls {
			t.Errorf("%d tries of %d", n, calls)
		}
	})
}
