package deliver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	policy := connector.Policy{Schedule: []time.Duration{0, 10 * time.Second, time.Minute}, MaxAge: time.Hour}
	plain := errors.New("500")
	for _, c := range []struct {
		name string
		err  error
		try  Try
		want Verdict
	}{
		{"success", nil, Try{Number: 9, Age: 2 * time.Hour}, Verdict{Outcome: store.OutcomeDelivered}},
		{"first failure", plain, Try{Number: 1, Jitter: 0.5}, Verdict{Outcome: store.OutcomeRetry, After: 5500 * time.Millisecond, Class: "retryable"}},
		{"least jitter", plain, Try{Number: 1}, Verdict{Outcome: store.OutcomeRetry, After: time.Second, Class: "retryable"}},
		{"second failure", plain, Try{Number: 2}, Verdict{Outcome: store.OutcomeRetry, After: 6 * time.Second, Class: "retryable"}},
		{"last step", plain, Try{Number: 3}, Verdict{Outcome: store.OutcomeMailbox, Class: "exhausted"}},
		{"last step, probing", plain, Try{Number: 3, Probe: true}, Verdict{Outcome: store.OutcomeRetry, After: 6 * time.Second, Class: "retryable"}},
		{"too old", plain, Try{Number: 1, Age: time.Hour + 1}, Verdict{Outcome: store.OutcomeMailbox, Class: "exhausted"}},
		{"too old, probing", plain, Try{Number: 1, Age: time.Hour + 1, Probe: true}, Verdict{Outcome: store.OutcomeMailbox, Class: "exhausted"}},
		{"permanent", fmt.Errorf("x: %w", connector.Permanent(plain)), Try{Number: 1}, Verdict{Outcome: store.OutcomeMailbox, Class: "permanent"}},
		{"gone", connector.Gone(plain), Try{Number: 1}, Verdict{Outcome: store.OutcomeMailbox, Class: "gone"}},
		{"throttled", connector.Throttled(plain, 3*time.Second), Try{Number: 50}, Verdict{Outcome: store.OutcomeThrottled, After: 3 * time.Second, Class: "throttled"}},
		{"throttled for an unknown time", connector.Throttled(plain, 0), Try{Number: 1}, Verdict{Outcome: store.OutcomeThrottled, After: defaultThrottle, Class: "throttled"}},
		{"throttled for a week", connector.Throttled(plain, 7*24*time.Hour), Try{Number: 1}, Verdict{Outcome: store.OutcomeThrottled, After: maxThrottle, Class: "throttled"}},
		{"postponed", fmt.Errorf("x: %w", connector.Postponed(plain, 3*time.Second)), Try{Number: 50}, Verdict{Outcome: store.OutcomeRetry, After: 3 * time.Second, Class: "retryable", Free: true}},
		{"postponed for an unknown time", connector.Postponed(plain, 0), Try{Number: 1}, Verdict{Outcome: store.OutcomeRetry, After: defaultThrottle, Class: "retryable", Free: true}},
		{"postponed for too long", connector.Postponed(plain, time.Second), Try{Number: 1, Age: 2 * time.Hour}, Verdict{Outcome: store.OutcomeMailbox, Class: "exhausted"}},
		{"throttled for too long", connector.Throttled(plain, time.Second), Try{Number: 1, Age: 2 * time.Hour}, Verdict{Outcome: store.OutcomeMailbox, Class: "throttled"}},
	} {
		if diff := cmp.Diff(c.want, Judge(c.err, c.try, policy)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestBreakerMachine(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	fail := func(b *breaker, n int) (opened bool) {
		for range n {
			opened, _ = b.result(true, false, now)
		}
		return opened
	}
	var b breaker
	if fail(&b, 4) || b.open || !fail(&b, 1) || !b.open {
		t.Fatal("it opens after five in a row")
	}
	b = breaker{}
	for range 9 {
		fail(&b, 1)
		b.result(false, false, now)
	}
	if fail(&b, 1) || b.open { // ten of nineteen: the window is not full
		t.Fatal("it opened before it had seen twenty")
	}
	if opened := fail(&b, 1); !opened {
		t.Fatal("half of the last twenty did not open it")
	}
	// Probes: one at a time, every second for two minutes, then backing off to thirty.
	if b.mayProbe(now) {
		t.Fatal("a probe at once")
	}
	began, gaps := now, []time.Duration{}
	for now.Sub(began) < 10*time.Minute {
		now = b.probeAt
		if !b.mayProbe(now) || b.mayProbe(now) {
			t.Fatal("not exactly one probe")
		}
		b.result(true, false, now) // something of before, coming home late
		if b.mayProbe(now.Add(time.Hour)) {
			t.Fatal("a late failure of another request let a second probe go")
		}
		if _, closed := b.result(true, true, now); closed {
			t.Fatal("closed by a failure")
		}
		gaps = append(gaps, b.probeAt.Sub(now))
	}
	if gaps[0] != time.Second || gaps[100] != time.Second || slices.Max(gaps) != 30*time.Second || gaps[len(gaps)-1] != 30*time.Second {
		t.Fatalf("gaps %v", gaps)
	}
	b.mayProbe(b.probeAt)
	b.putBack(now, 5*time.Second)
	if b.probing || b.probeAt != now.Add(5*time.Second) {
		t.Fatal("a probe that told nothing was not put back")
	}
	if _, closed := b.result(false, false, now); !closed || b.open {
		t.Fatal("a success did not close it")
	}
}

func TestQueue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var model []*entry
		for range rapid.IntRange(1, 60).Draw(t, "ops") {
			switch rapid.IntRange(0, 3).Draw(t, "op") {
			case 0, 1:
				e := &entry{pos: journal.Position{Item: uint32(len(model))}}
				q.push(e)
				model = append(model, e)
			case 2:
				var es []*entry
				for range rapid.IntRange(1, 4).Draw(t, "front") {
					es = append(es, &entry{})
				}
				q.pushFront(es...)
				model = append(slices.Clone(es), model...)
			case 3:
				var want *entry
				if len(model) > 0 {
					want, model = model[0], model[1:]
				}
				if q.peek() != want || q.pop() != want {
					t.Fatal("popped something else")
				}
			}
			if q.len() != len(model) {
				t.Fatalf("%d are in, want %d", q.len(), len(model))
			}
		}
	})
}

// A queue that never runs empty, as during the drain of a backlog, does not grow.
func TestQueueStaysSmall(t *testing.T) {
	t.Parallel()
	var q queue
	for range 100 {
		q.push(&entry{})
	}
	for range 200_000 {
		q.push(&entry{})
		q.pop()
	}
	if q.len() != 100 || cap(q.list) > 8192 {
		t.Fatalf("%d entries in room for %d", q.len(), cap(q.list))
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	var w window
	rec := recordOf("a.b", "")
	var all []*entry
	for i := range 5000 {
		e := &entry{rec: rec, pos: journal.Position{Item: uint32(i)}}
		all = append(all, e)
		w.push(e)
	}
	for _, i := range rand.Perm(4999) { // the last one stays
		all[i].outcome, all[i].saved = store.OutcomeDelivered, true
		before := w.len()
		if n := w.popSaved(); before-n != w.len() {
			t.Fatal("popSaved miscounted")
		}
		if first := w.first(); first.saved {
			t.Fatal("the oldest is saved and still there")
		}
		if w.bytes != w.len()*rec.Size() {
			t.Fatal("bytes went astray")
		}
	}
	if w.len() != 1 || w.unsettled() != all[4999] {
		t.Fatal("the unsettled one is gone")
	}
	all[4999].skipped, all[4999].saved = true, true
	w.popSaved()
	if w.len() != 0 || w.first() != nil || w.unsettled() != nil || cap(w.list) > 256 {
		t.Fatal("an empty window holds memory")
	}
}

func TestParkingHeap(t *testing.T) {
	t.Parallel()
	var k parking
	k.init()
	now := time.Now()
	var all []*parked
	for i := range 500 {
		p := &parked{size: 10, row: store.Parked{Delivery: event.NewID(), State: store.StateParked, OrderingKey: "k",
			Position: journal.Position{Frame: uint64(i)}, Due: now.Add(time.Duration(rand.IntN(1000)) * time.Second)}}
		if i%5 == 0 {
			p.row.State = store.StateBehind
		}
		all = append(all, p)
		k.add(p)
	}
	for _, p := range all[:100] {
		p.flying = true
		k.arrange(p)
	}
	for _, p := range all[:50] {
		p.flying = false
		p.row.Due = now.Add(time.Duration(rand.IntN(1000)) * time.Second)
		k.arrange(p)
	}
	for _, p := range all[400:] {
		k.remove(p)
	}
	if len(k.byID) != 400 || k.own.bytes != 4000 {
		t.Fatalf("%d parked with %d bytes", len(k.byID), k.own.bytes)
	}
	last, n := time.Time{}, 0
	for p := k.next(); p != nil; p = k.next() {
		if p.row.Due.Before(last) || p.flying || p.row.State != store.StateParked {
			t.Fatal("not in order of due times, or one that is not due")
		}
		last = p.row.Due
		k.remove(p)
		n++
	}
	if n != 40+240 {
		t.Fatalf("%d came due", n)
	}
}

// After a jump of the wall clock a due time is as far away as before, however it came to be.
func TestShift(t *testing.T) {
	t.Parallel()
	var k parking
	k.init()
	now := time.Now() // with a monotonic reading
	p := &parked{row: store.Parked{Delivery: event.NewID(), State: store.StateParked, Due: now.Add(time.Minute)}}
	k.add(p)
	read := steady(now.Round(0).Add(time.Minute), now)
	for _, due := range []time.Time{p.row.Due, read} {
		p.row.Due = due
		k.arrange(p)
		k.shift(now)
		if d := p.row.Due.Sub(now); d != time.Minute {
			t.Fatalf("due in %v, want in a minute", d)
		}
		if !strings.Contains(p.row.Due.String(), "m=") {
			t.Fatal("a due time without a monotonic part moves when somebody sets the clock")
		}
	}
	k.dueNow(now)
	if !strings.Contains(p.row.Due.String(), "m=") {
		t.Fatal("so does that of dueNow")
	}
	if !steady(time.Time{}, now).IsZero() {
		t.Fatal("what has no due time got one")
	}
}

func TestClockWatch(t *testing.T) {
	t.Parallel()
	c := newClockWatch(time.Now())
	if by := c.jumped(time.Now().Add(30 * time.Second)); by != 0 {
		t.Fatalf("an ordinary pause is a jump of %v", by)
	}
}

func TestBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, n := rapid.String().Draw(t, "s"), rapid.IntRange(4, 50).Draw(t, "n")
		got := bounded(s, n)
		if len(got) > n || len(s) <= n && got != s || len(s) > n && !strings.HasSuffix(got, "…") {
			t.Fatalf("bounded(%q, %d) = %q", s, n, got)
		}
	})
}

func TestCountsAddUp(t *testing.T) {
	t.Parallel()
	good := Counts{Journalled: 12, Filtered: 4, Matched: 8, Delivered: 1, Waiting: 1, Parked: 1, Mailbox: 1, Discarded: 1, Expired: 1, Skipped: 1, Lost: 1, Behind: 7}
	if !good.AddUp() {
		t.Fatal("good counts do not add up")
	}
	for i, spoil := range []func(*Counts){
		func(c *Counts) { c.Journalled++ }, func(c *Counts) { c.Matched++ }, func(c *Counts) { c.Filtered++ },
		func(c *Counts) { c.Delivered++ }, func(c *Counts) { c.Waiting++ }, func(c *Counts) { c.Parked++ },
		func(c *Counts) { c.Mailbox++ }, func(c *Counts) { c.Discarded++ }, func(c *Counts) { c.Expired++ },
		func(c *Counts) { c.Skipped++ }, func(c *Counts) { c.Lost++ },
	} {
		bad := good
		spoil(&bad)
		if bad.AddUp() {
			t.Errorf("case %d adds up", i)
		}
	}
}

func TestLimitTellsWhenToComeBack(t *testing.T) {
	t.Parallel()
	f := limit(10)(func(context.Context, []connector.Delivery) error { return nil })
	passed := 0
	for range 200 {
		err := f(t.Context(), nil)
		if err == nil {
			passed++
			continue
		}
		after, ok := connector.IsThrottled(err)
		if !ok || after > 100*time.Millisecond {
			t.Fatalf("%v, in %v: the waits of all who ask add up", err, after)
		}
	}
	if passed < 10 || passed > 12 {
		t.Fatalf("%d passed at once", passed)
	}
}

func TestTimeoutPolicy(t *testing.T) {
	t.Parallel()
	f := timeout(5 * time.Millisecond)(func(ctx context.Context, _ []connector.Delivery) error { <-ctx.Done(); return ctx.Err() })
	if err := f(t.Context(), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}
