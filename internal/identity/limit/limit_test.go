package limit

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var begin = time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: begin} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestTake(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := New[string](Options{Now: c.Now})
	for n := range 3 {
		st := l.Take("a", 1, 3)
		if want := (State{OK: true, Limit: 3, Remaining: 2 - n, Reset: begin.Add(61 * time.Second)}); st != want {
			t.Fatalf("take %d: %+v, want %+v", n, st, want)
		}
		c.add(time.Second)
	}
	st := l.Take("a", 1, 3)
	if want := (State{Limit: 3, Reset: begin.Add(61 * time.Second), RetryAfter: 58 * time.Second}); st != want {
		t.Fatalf("beyond the limit: %+v, want %+v", st, want)
	}
	if st := l.Take("a", 3, 3); st.OK || st.RetryAfter != 60*time.Second {
		t.Errorf("three more: %+v", st)
	}
	if st := l.Take("a", 4, 3); st.OK || st.RetryAfter != time.Minute {
		t.Errorf("more than there ever is room for: %+v", st)
	}
	if st := l.Take("b", 1, 3); !st.OK {
		t.Errorf("another key: %+v", st)
	}
	if st := l.Take("a", 1, 0); st != (State{OK: true}) {
		t.Errorf("without a limit: %+v", st)
	}
	c.add(58 * time.Second)
	if st := l.Take("a", 1, 3); !st.OK || st.Remaining != 0 {
		t.Errorf("after waiting: %+v", st)
	}
	if st := l.Peek("never seen", 3); st != (State{OK: true, Limit: 3, Remaining: 3, Reset: c.Now()}) {
		t.Errorf("a new key: %+v", st)
	}
}

func TestGiveBack(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := New[string](Options{Now: c.Now})
	l.Take("a", 2, 5)
	c.add(2 * time.Second)
	l.Take("a", 2, 5)
	l.GiveBack("a", 3)
	if st := l.Peek("a", 5); st.Remaining != 4 || !st.Reset.Equal(begin.Add(61*time.Second)) {
		t.Errorf("%+v", st)
	}
	l.GiveBack("a", 100)
	l.GiveBack("unknown", 1)
	l.GiveBack("a", -1)
	if st := l.Peek("a", 5); st.Remaining != 5 {
		t.Errorf("%+v", st)
	}
}

// TestNeverMoreThanTheLimit checks against the list of all that was granted: in no window is there more than the limit,
// wherever the window begins and however often the clock is set back; what a refused caller is told to wait is enough;
// and after two windows and two slots of rest there is room for everything again.
func TestNeverMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		l := New[int](Options{Now: c.Now})
		limit := rapid.IntRange(1, 20).Draw(t, "limit")
		type grant struct {
			at time.Duration
			n  int
		}
		var grants []grant
		var real time.Duration // what has really passed, whatever the clock says
		pass := func(d time.Duration) { real += d; c.add(d) }
		setBack := false
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				pass(time.Duration(rapid.Int64Range(0, int64(2*time.Minute)).Draw(t, "pass")))
			case 1:
				pass(time.Duration(rapid.Int64Range(0, int64(3*time.Second)).Draw(t, "pass a little")))
			case 2:
				if rapid.IntRange(0, 9).Draw(t, "set back?") == 0 {
					setBack = true
					c.add(-time.Duration(rapid.Int64Range(0, int64(3*time.Hour)).Draw(t, "back")))
				}
			default:
				n := rapid.IntRange(1, limit+1).Draw(t, "n")
				st := l.Take(7, n, limit)
				if st.OK {
					grants = append(grants, grant{real, n})
				} else if n <= limit && !setBack {
					if st.RetryAfter <= 0 || st.RetryAfter > 61*time.Second {
						t.Fatalf("told to wait %s", st.RetryAfter)
					}
					pass(st.RetryAfter)
					if st := l.Take(7, n, limit); !st.OK {
						t.Fatalf("refused after waiting: %+v", st)
					}
					grants = append(grants, grant{real, n})
				}
			}
		}
		for i, from := range grants {
			sum := 0
			for _, g := range grants[i:] {
				if g.at < from.at+time.Minute {
					sum += g.n
				}
			}
			if sum > limit {
				t.Fatalf("%d granted in the minute from %s on, with a limit of %d: %v", sum, from.at, limit, grants)
			}
		}
		l.Peek(7, limit) // a clock that was set back is noticed by whoever asks
		pass(2*time.Minute + 2*time.Second)
		if st := l.Take(7, limit, limit); !st.OK {
			t.Fatalf("no room after a rest: %+v", st)
		}
	})
}

func TestKeysAreBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := New[int](Options{Now: c.Now, MaxKeys: 64})
	l.Take(-1, 1, 1)
	for n := range 10_000 {
		l.Take(n, 1, 1)
	}
	known := 0
	for i := range l.shards {
		s := &l.shards[i]
		known += len(s.known)
		ring := 0
		for e := s.ends.next; e != &s.ends; e = e.next {
			ring++
			if s.known[e.key] != e || e.next.previous != e {
				t.Fatal("the ring and the map disagree")
			}
		}
		if ring != len(s.known) || ring > s.most {
			t.Errorf("shard %d holds %d keys and %d in its ring", i, len(s.known), ring)
		}
	}
	if known != 64 {
		t.Errorf("%d keys", known)
	}
	if st := l.Take(9999, 1, 1); st.OK {
		t.Error("the key that was used last was forgotten")
	}
	if st := l.Take(-1, 1, 1); !st.OK {
		t.Error("a key that was forgotten begins anew")
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	l := New[string](Options{Now: newClock().Now})
	var granted atomic.Int64
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for n := range 500 {
				if l.Take("shared", 1, 100).OK {
					granted.Add(1)
				}
				l.Take(fmt.Sprint(g), 1, 3)
				if n%10 == 0 {
					l.Peek("shared", 100)
					l.GiveBack(fmt.Sprint(g), 1)
				}
			}
		})
	}
	all.Wait()
	if granted.Load() != 100 {
		t.Errorf("%d granted", granted.Load())
	}
}

func TestTighter(t *testing.T) {
	t.Parallel()
	none, wide, narrow := State{OK: true}, State{OK: true, Limit: 9, Remaining: 9}, State{OK: true, Limit: 99, Remaining: 3}
	soon, late := State{Limit: 5, RetryAfter: 1}, State{Limit: 6, RetryAfter: 2}
	for _, c := range []struct{ a, b, want State }{
		{none, none, none}, {none, wide, wide}, {wide, narrow, narrow}, {narrow, soon, soon}, {soon, late, late}, {none, soon, soon},
	} {
		if got := Tighter(c.a, c.b); got != c.want {
			t.Errorf("%+v and %+v: %+v", c.a, c.b, got)
		}
		if got := Tighter(c.b, c.a); got != c.want {
			t.Errorf("%+v and %+v: %+v", c.b, c.a, got)
		}
	}
}

func TestAddressOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1", "192.0.2.1", true}, {"192.0.2.1", "192.0.2.2", false}, {"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8::1", "2001:db8:0:0:ffff::2", true}, {"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1%eth0", "fe80::2", true}, {"", "not an address", true}, {"192.0.2.1", "", false},
	} {
		if got := AddressOf(c.a) == AddressOf(c.b); got != c.same {
			t.Errorf("%q and %q the same: %v", c.a, c.b, got)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := NewFailures(3, Options{Now: c.Now})
	a, b := AddressOf("192.0.2.1"), AddressOf("192.0.2.2")
	for range 3 {
		if _, blocked := f.Blocked(a); blocked {
			t.Fatal("blocked too soon")
		}
		f.Fail(a)
	}
	if wait, blocked := f.Blocked(a); !blocked || wait != 61*time.Second {
		t.Errorf("blocked %v for %s", blocked, wait)
	}
	if _, ok := f.Attempt(a); ok {
		t.Error("an attempt of a blocked address")
	}
	for range 10 { // successes do not add up to a block
		if _, ok := f.Attempt(b); !ok {
			t.Fatal("blocked in spite of success")
		}
		f.Succeed(b)
	}
	for range 3 { // nor do they make room for more failures
		f.Attempt(b)
		if _, ok := f.Attempt(b); ok {
			f.Succeed(b)
		}
	}
	if _, blocked := f.Blocked(b); !blocked {
		t.Error("success forgave what others tried")
	}
	c.add(61 * time.Second)
	if _, blocked := f.Blocked(a); blocked {
		t.Error("blocked for ever")
	}
	off := NewFailures(-1, Options{Now: c.Now})
	for range 1000 {
		off.Fail(a)
	}
	if _, blocked := off.Blocked(a); blocked {
		t.Error("a block without a limit")
	}
}

func BenchmarkTake(b *testing.B) {
	l := New[[16]byte](Options{})
	var keys [1024][16]byte
	for i := range keys {
		keys[i][0], keys[i][1] = byte(i), byte(i>>8)
	}
	b.Run("one key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l.Take(keys[0], 1, 1_000_000)
		}
	})
	b.Run("1024 keys", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			l.Take(keys[i&1023], 1, 1_000_000)
			i++
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(p *testing.PB) {
			i := 0
			for p.Next() {
				l.Take(keys[i&1023], 1, 1_000_000)
				i++
			}
		})
	})
}

func BenchmarkTakeByName(b *testing.B) {
	l := New[string](Options{})
	b.ReportAllocs()
	for b.Loop() {
		l.Take("an-account-of-some-length", 1, 1_000_000)
	}
}

func BenchmarkBlocked(b *testing.B) {
	f := NewFailures(10, Options{})
	b.ReportAllocs()
	for b.Loop() {
		f.Blocked(AddressOf("2001:db8::17"))
	}
}
