package plan

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestCheckKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		account event.Account
		kind    string
		with    []string // nil: allowed
	}{
		{"f", "capture", nil}, {"f", "slack", []string{"paid"}}, {"p", "slack", nil}, {"s", "splunk", nil}, {"s", "slack", []string{"paid"}},
		{"any other", "teams", nil}, {"f", "teams", []string{}}, {"gone", "capture", []string{"free", "paid"}},
	} {
		err := w.CheckKind(c.account, c.kind)
		var missing *NotInPlanError
		switch {
		case c.with == nil && err != nil:
			t.Errorf("%s %s: %v", c.account, c.kind, err)
		case c.with != nil && !errors.As(err, &missing):
			t.Errorf("%s %s: %v", c.account, c.kind, err)
		case c.with != nil:
			if diff := cmp.Diff(c.with, missing.PlansWith); diff != "" || missing.Kind != c.kind {
				t.Errorf("%s %s: %v", c.account, c.kind, err)
			}
		}
	}
	if w.Batch("s") != 20 || w.Batch("f") != 0 || w.Requests("s") != 30 || w.Requests("x") != 0 {
		t.Error("the plans' numbers")
	}
	if e := w.TooManyRequests("s", time.Second); e.Max != 30 || e.PlanWithMore != "free" || e.RetryAfter != time.Second {
		t.Errorf("%+v", e)
	}
	if p := w.Of("gone"); p.Name != "no such plan" || len(p.Connectors) > 0 {
		t.Errorf("%+v", p)
	}
}

func TestMonthRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustSend("f", 99)
	_, err := w.send("f", 2)
	want := &LimitError{Limit: EventsPerMonth, Plan: "free", Max: 100, RetryAfter: time.Hour, PlanWithMore: "paid"}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Error(diff)
	}
	w.mustSend("f", 1) // what fits is taken
	for range 3 {
		if _, err := w.send("f", 1); err == nil {
			t.Fatal("taken above the month's number")
		}
	}
	w.wantUsed("f", store.Usage{Month: "2026-11", Events: 100, Refused: 5})

	w.pass(time.Hour) // the next month
	w.mustSend("f", 100)
	w.wantUsed("f", store.Usage{Month: "2026-12", Events: 100}, store.Usage{Month: "2026-11", Events: 100, Refused: 5})
	w.save()
	w.save()
	w.save()
	w.wantUsed("f", store.Usage{Month: "2026-12", Events: 100}, store.Usage{Month: "2026-11", Events: 100, Refused: 5})
	if n := len((*w.meters.Load())["f"].past); n > 1 { // the newest one stays
		t.Errorf("%d months are still in memory", n)
	}
	w.pass(-2 * time.Hour) // the clock is set back: the month stays
	if _, err := w.send("f", 1); err == nil {
		t.Error("a clock that is set back gave a month back")
	}
}

func TestMonthFlagged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		n    int
		over uint64
	}{{150, 0}, {50, 0}, {1, 1}, {10, 10}} {
		if over, err := w.send("p", c.n); err != nil || over != c.over {
			t.Errorf("%d: %d over, %v", c.n, over, err)
		}
	}
	w.Release("p", 10, 10) // they were not journalled
	w.wantUsed("p", store.Usage{Month: "2026-11", Events: 201, Over: 1})
	w.Release("p", 1000, 1000)
	w.wantUsed("p", store.Usage{Month: "2026-11"})
	if over, err := w.send("p", 205); err != nil || over != 5 {
		t.Errorf("%d over, %v", over, err)
	}
	if _, err := w.send("p", 0); err != nil {
		t.Error(err)
	}
	w.wantUsed("never sent", store.Usage{Month: "2026-11"})
	w.mustSend("unlimited", 1_000_000)
	w.wantUsed("unlimited", store.Usage{Month: "2026-11", Events: 1_000_000})
}

func TestOnOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.overErr = errors.New("not now")
	w.mustSend("p", 200)
	w.tell(t.Context())
	if len(w.over) > 0 {
		t.Fatalf("told too soon: %v", w.over)
	}
	w.mustSend("p", 1)
	w.mustSend("f", 100)
	_, _ = w.send("f", 1)
	w.tell(t.Context())
	w.overErr = nil
	w.tell(t.Context())
	w.mustSend("p", 1)
	w.tell(t.Context())
	if len(w.over) != 4 {
		t.Errorf("told %v", w.over)
	}
	w.save()
	w.restart()
	w.mustSend("p", 1)
	_, _ = w.send("f", 1)
	w.tell(t.Context())
	if len(w.over) != 4 {
		t.Errorf("told again after a restart: %v", w.over)
	}
	w.pass(time.Hour)
	w.mustSend("p", 201)
	w.tell(t.Context())
	if len(w.over) != 5 {
		t.Errorf("told %v, want the new month too", w.over)
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustSend("s", 20) // a whole batch at once
	var e *LimitError
	if _, err := w.send("s", 5); !errors.As(err, &e) || e.Limit != EventsPerSecond || e.RetryAfter != 500*time.Millisecond || e.Max != 10 {
		t.Fatalf("%v", err)
	}
	w.pass(e.RetryAfter)
	w.mustSend("s", 5)
	if _, err := w.send("s", 1); err == nil {
		t.Error("more than the rate")
	}
	if _, err := w.send("s", 21); !errors.As(err, &e) || e.Limit != BatchEvents || e.Max != 20 || e.RetryAfter != 0 {
		t.Errorf("a batch that never fits: %v", err)
	}
	w.pass(-time.Hour) // the clock is set back: at worst a whole bucket has to fill again
	if _, err := w.send("s", 20); !errors.As(err, &e) || e.RetryAfter != 2*time.Second {
		t.Errorf("after the clock was set back: %v", err)
	}
	w.pass(2 * time.Second)
	w.mustSend("s", 20)

	sum := 0 // over a minute, second by second and greedily
	for range 600 {
		w.pass(100 * time.Millisecond)
		for n := 20; n > 0; n-- {
			if _, err := w.send("s", n); err == nil {
				sum += n
				break
			}
		}
	}
	if sum != 600 {
		t.Errorf("%d events in a minute at 10 a second with an empty bucket", sum)
	}
}

func TestCrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustSend("p", 150)
	w.mustSend("unlimited", 10)
	w.save()
	w.mustSend("p", 60) // not saved
	w.mustSend("new", 5)
	w.restart()
	w.wantUsed("p", store.Usage{Month: "2026-11", Events: 210, Over: 10})
	w.wantUsed("unlimited", store.Usage{Month: "2026-11", Events: 10})
	w.wantUsed("new", store.Usage{Month: "2026-11"}) // it had no row: a matter of seconds
	if over, err := w.send("p", 5); err != nil || over != 5 {
		t.Errorf("%d over, %v", over, err)
	}
	w.save()
	w.restart() // nothing is counted twice
	w.wantUsed("p", store.Usage{Month: "2026-11", Events: 215, Over: 15})

	w.mustSend("p", 1)
	w.pass(2 * time.Hour) // the crash lasts into the next month
	w.restart()
	w.wantUsed("p", store.Usage{Month: "2026-12"}, store.Usage{Month: "2026-11", Events: 216, Over: 16})
	w.save()
	w.restart()
	w.wantUsed("p", store.Usage{Month: "2026-12"}, store.Usage{Month: "2026-11", Events: 216, Over: 16})

	w.mu.Lock()
	w.journalled["p"] = 3 // an older copy of the journal was restored
	w.mu.Unlock()
	w.restart()
	w.wantUsed("p", store.Usage{Month: "2026-12"}, store.Usage{Month: "2026-11", Events: 216, Over: 16})
}

func TestClockWasAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustSend("f", 60)
	w.save()
	w.pass(5 * 366 * 24 * time.Hour)
	w.mustSend("f", 7)
	w.save()
	w.pass(-5 * 366 * 24 * time.Hour)
	w.restart()
	w.mustSend("f", 40)
	if _, err := w.send("f", 50); err == nil {
		t.Error("the month's number was forgotten")
	}
}

func TestSaveFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustSend("p", 1)
	w.usage.err = errors.New("no disk")
	if err := w.Save(t.Context()); !errors.Is(err, w.usage.err) {
		t.Fatal(err)
	}
	if _, err := w.Usage(t.Context(), "p", 1); !errors.Is(err, w.usage.err) {
		t.Error(err)
	}
	if _, err := Open(t.Context(), w.deps); !errors.Is(err, w.usage.err) {
		t.Error(err)
	}
	w.usage.err = nil
	w.save()
	if len(w.usage.rows) != 1 {
		t.Errorf("%v", w.usage.rows)
	}
}

func TestRunSavesAtTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { w.Run(ctx) })
	w.mustSend("p", 3)
	cancel()
	done.Wait()
	if r := w.usage.rows[[2]string{"p", "2026-11"}]; r.Events != 3 || r.Journalled != 3 {
		t.Errorf("%+v", r)
	}
}

// TestConcurrent sends from many at once while counts are saved and months change: never more than the month's number,
// and nothing is counted twice or forgotten.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var taken, unlimited atomic.Int64
	var all, saver sync.WaitGroup
	stop := make(chan struct{})
	saver.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = w.Save(t.Context())
			}
		}
	})
	for g := range 8 {
		all.Go(func() {
			for n := range 400 {
				if _, err := w.send("f", 1+n%3); err == nil {
					taken.Add(int64(1 + n%3))
				}
				w.mustSend("u", 2)
				unlimited.Add(2)
				if g == 0 && n == 200 {
					w.pass(time.Hour)
				}
			}
		})
	}
	all.Wait()
	close(stop)
	saver.Wait()
	w.save()
	w.save()
	w.restart()
	sum := func(a event.Account) (n int64) {
		for _, r := range w.used(a) {
			if a == "f" && r.Events > 100 {
				t.Errorf("%d in %s", r.Events, r.Month)
			}
			n += int64(r.Events)
		}
		return n
	}
	if got := sum("f"); got != taken.Load() {
		t.Errorf("%d counted, %d taken", got, taken.Load())
	}
	if got := sum("u"); got != unlimited.Load() {
		t.Errorf("%d counted, %d taken", got, unlimited.Load())
	}
}

func BenchmarkAdmit(b *testing.B) {
	s, err := Open(b.Context(), Deps{
		Matrix: Embedded(), PlanOf: func(a event.Account) string { return string(a) }, Usage: &fakeUsage{},
		Journalled: func(event.Account) uint64 { return 0 }, Category: func(string) string { return "" },
	})
	if err != nil {
		b.Fatal(err)
	}
	for _, account := range []event.Account{"default", "business"} {
		b.Run(string(account), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = s.Admit(account, 1)
			}
		})
		b.Run(string(account)+" parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					_, _ = s.Admit(account, 1)
				}
			})
		})
	}
}
