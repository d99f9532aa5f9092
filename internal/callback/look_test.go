package callback

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// The vendor's side is looked at again and again, less often while it fails, and what is found is done once.
func TestLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var looks atomic.Int64
		var first atomic.Value
		var fail atomic.Bool
		p := &pager{every: time.Minute}
		p.reconcile = func(context.Context) ([]connector.Wish, error) {
			looks.Add(1)
			first.CompareAndSwap(nil, time.Now())
			if fail.Load() {
				return nil, errors.New("the vendor is down")
			}
			return []connector.Wish{wish(connector.Resolve, "m-1", noon)}, nil
		}
		i := w.add("acme", "pager", p)
		never := w.add("acme", "pager", &pager{reconcile: func(context.Context) ([]connector.Wish, error) {
			t.Error("looked at what is not to be looked at")
			return nil, nil
		}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { w.Run(ctx); close(ended) }()
		time.Sleep(10*time.Minute + firstWithin) //nolint:forbidigo // moves the fake clock
		synctest.Wait()
		if n := looks.Load(); n < 9 || n > 12 || first.Load().(time.Time).Sub(w.started) > firstWithin {
			t.Errorf("%d looks in 10 minutes", n)
		}
		holdVerbs(t, w, connector.Resolve)
		v, _ := w.View("acme", i.ID)
		if v.Sync == nil || v.Sync.EverySeconds != 60 || v.Sync.Next == nil || !v.Sync.Last.OK || v.Sync.Last.Found != 1 || v.Sync.Last.Done != 0 {
			t.Errorf("shown: %+v", v.Sync)
		}
		fail.Store(true)
		before := looks.Load()
		time.Sleep(4 * time.Hour) //nolint:forbidigo // moves the fake clock
		synctest.Wait()
		if n := looks.Load() - before; n < 6 || n > 12 {
			t.Errorf("%d looks in 4 hours of failures", n)
		}
		if v, _ := w.View("acme", i.ID); v.Sync.Last.OK || v.Sync.Last.Error != "the vendor is down" {
			t.Errorf("shown: %+v", v.Sync.Last)
		}
		// A change of the settings begins anew.
		fail.Store(false)
		before = looks.Load()
		i.Version++
		w.Service.Apply(i)
		time.Sleep(firstWithin + time.Second) //nolint:forbidigo // moves the fake clock
		synctest.Wait()
		if looks.Load() != before+1 {
			t.Errorf("%d looks after a change", looks.Load()-before)
		}
		// Disabled, it is left alone.
		i.Enabled, before = false, looks.Load()
		w.Service.Apply(i)
		time.Sleep(time.Hour) //nolint:forbidigo // moves the fake clock
		synctest.Wait()
		if looks.Load() != before {
			t.Errorf("%d looks while disabled", looks.Load()-before)
		}
		if v, _ := w.View("acme", never.ID); v.Sync.Next != nil || v.Sync.EverySeconds != 0 {
			t.Errorf("shown: %+v", v.Sync)
		}
		cancel()
		<-ended
	})
}

// A few are looked at at once, and one that hangs is given up.
func TestLoopIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		now, most, given := 0, 0, 0
		for range 10 * maxLooks {
			w.add("acme", "pager", &pager{every: 24 * time.Hour, reconcile: func(ctx context.Context) ([]connector.Wish, error) {
				w.mu.Lock()
				now++
				most = max(most, now)
				w.mu.Unlock()
				<-ctx.Done()
				w.mu.Lock()
				defer w.mu.Unlock()
				now--
				given++
				return nil, ctx.Err()
			}})
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { w.Run(ctx); close(ended) }()
		time.Sleep(10*lookTime + firstWithin) //nolint:forbidigo // moves the fake clock
		synctest.Wait()
		if most != maxLooks || given != 10*maxLooks {
			t.Errorf("%d at once, %d ended", most, given)
		}
		cancel()
		<-ended
	})
}

func TestSyncNow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		release := make(chan struct{})
		p := &pager{}
		p.reconcile = func(context.Context) ([]connector.Wish, error) {
			<-release
			return []connector.Wish{
				wish(connector.Resolve, "m-1", noon), wish(connector.Note, "m-2", noon), {Verb: "explode", DedupKey: "x"},
			}, errors.New("the second page is missing")
		}
		answered := map[connector.Verb]bool{}
		p.answer = func(_ context.Context, asked connector.Wish, o connector.Outcome) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			answered[asked.Verb] = o.Refusal == "" && o.Record != nil
			return nil
		}
		i := w.add("acme", "pager", p)
		w.fails = func(c change) error {
			if c.wish.Verb == connector.Note {
				return Refuse("there is no such alert")
			}
			return nil
		}
		type result struct {
			SyncResult
			error
		}
		first := make(chan result, 1)
		go func() { r, err := w.SyncNow(t.Context(), "acme", i.ID); first <- result{r, err} }()
		synctest.Wait()
		if _, err := w.SyncNow(t.Context(), "acme", i.ID); !errors.Is(err, ErrSyncing) {
			t.Errorf("a second one: %v", err)
		}
		close(release)
		r := <-first
		if r.error != nil || r.OK || r.Found != 3 || r.Done != 1 || r.Refused != 2 || r.SyncResult.Error != "the second page is missing" || len(r.Wishes) != 3 {
			t.Errorf("got %+v", r)
		}
		synctest.Wait()
		w.mu.Lock()
		done, told := answered[connector.Resolve]
		refused, toldToo := answered[connector.Note]
		w.mu.Unlock()
		if !done || !told || refused || !toldToo {
			t.Errorf("the connector was told %v", answered)
		}
		for name, tt := range map[string]struct {
			account event.Account
			id      event.ID
			want    error
		}{
			"another account": {"other", i.ID, ErrNotFound}, "unknown": {"acme", event.NewID(), ErrNotFound},
			"not called": {"acme", w.add("acme", "deaf", deaf{}).ID, ErrNotFound},
		} {
			if _, err := w.SyncNow(t.Context(), tt.account, tt.id); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		i.Enabled = false
		w.Service.Apply(i)
		if _, err := w.SyncNow(t.Context(), "acme", i.ID); !errors.Is(err, ErrNoSync) {
			t.Errorf("disabled: %v", err)
		}
	})
}
