package connector

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// taker notes when requests were allowed.
type taker struct {
	mu sync.Mutex
	at []time.Duration // since the beginning
}

func (k *taker) took(since time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = append(k.at, time.Since(since))
}

func (k *taker) times() []time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.at)
}

// exceeds finds a window that holds more than an allowance lets it.
func exceeds(at []time.Duration, of Allowance) string {
	slices.Sort(at)
	for i := range at {
		for j := i; j < len(at); j++ {
			window := at[j] - at[i]
			if most := float64(of.Burst) + of.PerSecond*window.Seconds(); float64(j-i+1) > most+1e-6 {
				return fmt.Sprintf("%d requests within %s from %s on, want at most %.3f", j-i+1, window, at[i], most)
			}
		}
	}
	return ""
}

// TestAllowanceHolds: whoever comes, leaves, and whatever pauses are asked for, no window holds more than it may, and
// nobody takes in a pause.
func TestAllowanceHolds(t *testing.T) {
	t.Parallel()
	for _, of := range []Allowance{{1, 1}, {0.9, 1}, {4, 1}, {4, 20}, {3, 2}, {1000, 7}, {0.1, 3}} {
		for seed := range uint64(8) {
			t.Run(fmt.Sprintf("%v of %d, seed %d", of.PerSecond, of.Burst, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { stormOf(t, of, rand.New(rand.NewPCG(seed, 1))) })
			})
		}
	}
}

func stormOf(t *testing.T, of Allowance, r *rand.Rand) {
	t.Helper()
	var (
		a     Allowances
		k     taker
		wg    sync.WaitGroup
		start = time.Now()
		step  = time.Duration(float64(time.Second) / of.PerSecond)
	)
	type span struct{ from, to time.Duration }
	var pauses []span
	for range 150 {
		if r.IntN(3) == 0 {
			time.Sleep(time.Duration(r.Int64N(int64(3 * step)))) //nolint:forbidigo // the bubble's clock
			synctest.Wait()
		}
		if r.IntN(40) == 0 {
			d := time.Duration(r.Int64N(int64(10 * step)))
			a.Pause("k", of, d)
			pauses = append(pauses, span{time.Since(start), time.Since(start) + d})
		}
		ctx, cancel := context.WithCancel(t.Context())
		if r.IntN(3) == 0 {
			ctx, cancel = context.WithTimeout(t.Context(), time.Duration(r.Int64N(int64(20*step))))
		}
		leave := r.IntN(5) == 0
		wg.Go(func() {
			defer cancel()
			if a.Take(ctx, "k", of) == nil {
				k.took(start)
			}
		})
		if leave {
			cancel()
		}
	}
	wg.Wait()
	at := k.times()
	if fault := exceeds(at, of); fault != "" {
		t.Error(fault)
	}
	for _, p := range pauses {
		for _, x := range at {
			if x > p.from && x < p.to {
				t.Errorf("taken at %s, in the pause from %s to %s", x, p.from, p.to)
			}
		}
	}
	if len(at) < 30 {
		t.Errorf("only %d of 150 were allowed", len(at))
	}
}

// TestAllowanceIsUsedUp: nothing of it is lost when somebody waits all the time.
func TestAllowanceIsUsedUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a Allowances
		of := Allowance{PerSecond: 2, Burst: 3}
		start := time.Now()
		for range 23 {
			if err := a.Take(t.Context(), "k", of); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("23 requests took %s, want 10s", took)
		}
		if err := a.Take(t.Context(), "another", of); err != nil || time.Since(start) != 10*time.Second {
			t.Errorf("another key had to wait: %v", err)
		}
	})
}

// TestAllowanceInOrder: who comes first goes first, and who leaves costs those behind nothing.
func TestAllowanceInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a Allowances
		of := Allowance{PerSecond: 1, Burst: 1}
		start := time.Now()
		got := make(chan string, 10)
		leaving, leave := context.WithCancel(t.Context())
		for i, ctx := range []context.Context{t.Context(), t.Context(), leaving, t.Context()} {
			go func() {
				err := a.Take(ctx, "k", of)
				got <- fmt.Sprintf("%d after %s: %v", i, time.Since(start), err)
			}()
			synctest.Wait()
		}
		time.Sleep(500 * time.Millisecond) //nolint:forbidigo // the bubble's clock
		leave()
		for _, want := range []string{"0 after 0s: <nil>", "2 after 500ms: context canceled", "1 after 1s: <nil>", "3 after 2s: <nil>"} {
			if x := <-got; x != want {
				t.Errorf("%s, want %s", x, want)
			}
		}
	})
}

// TestAllowanceAndDeadlines: what cannot come in time is said at once, and is Throttled.
func TestAllowanceAndDeadlines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a Allowances
		of := Allowance{PerSecond: 1, Burst: 2}
		start := time.Now()
		within := func(d time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			return a.Take(ctx, "k", of)
		}
		if err := errors.Join(within(time.Millisecond), within(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if after, ok := IsThrottled(within(900 * time.Millisecond)); !ok || after != time.Second || time.Since(start) != 0 {
			t.Errorf("throttled %t for %s, said after %s", ok, after, time.Since(start))
		}
		if err := within(1100 * time.Millisecond); err != nil || time.Since(start) != time.Second {
			t.Errorf("%v after %s: the one that was refused must cost nothing", err, time.Since(start))
		}
		a.Pause("k", of, time.Minute)
		a.Pause("k", of, time.Second)
		if after, ok := IsThrottled(within(50 * time.Second)); !ok || after != time.Minute {
			t.Errorf("in a pause: throttled %t for %s", ok, after)
		}
		ended, end := context.WithCancelCause(t.Context())
		end(errors.New("over"))
		if err := a.Take(ended, "fresh", of); err == nil || err.Error() != "over" {
			t.Errorf("ended before it began: %v", err)
		}
	})
}

// TestPauseReachesThoseWhoWait: a pause holds those who wait already, and says so to those who cannot wait that long.
func TestPauseReachesThoseWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a Allowances
		of := Allowance{PerSecond: 1, Burst: 1}
		if err := a.Take(t.Context(), "k", of); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var k taker
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if a.Take(t.Context(), "k", of) == nil {
					k.took(start)
				}
			})
		}
		hurried, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		said := make(chan error, 1)
		synctest.Wait()
		go func() { said <- a.Take(hurried, "k", of) }()
		synctest.Wait()
		a.Pause("k", of, 10*time.Second)
		wg.Wait()
		if err := <-said; err == nil {
			t.Error("somebody took in the pause")
		}
		want := []time.Duration{10 * time.Second, 11 * time.Second, 12 * time.Second, 13 * time.Second, 14 * time.Second}
		if at := k.times(); !slices.Equal(at, want) {
			t.Errorf("taken at %v, want %v", at, want)
		}
	})
}

// TestAllowancesAreForgotten: the number that is remembered is bounded, and nobody gets more by it.
func TestAllowancesAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a Allowances
		slow := Allowance{PerSecond: 0.001, Burst: 1}
		if err := a.Take(t.Context(), "spent", slow); err != nil {
			t.Fatal(err)
		}
		a.Pause("paused", Allowance{PerSecond: 1, Burst: 1}, time.Hour)
		waits := make(chan error, 1)
		go func() { waits <- a.Take(t.Context(), "spent", slow) }()
		for i := range 3 * maxAllowances {
			if err := a.Take(t.Context(), fmt.Sprint(i), Allowance{PerSecond: 1e6, Burst: 1}); err != nil {
				t.Fatal(err)
			}
			if i%1000 == 0 {
				time.Sleep(time.Millisecond) //nolint:forbidigo // the bubble's clock
			}
		}
		if n := len(a.by); n > maxAllowances {
			t.Errorf("%d are remembered", n)
		}
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for _, key := range []string{"spent", "paused"} {
			if _, ok := IsThrottled(a.Take(hurried, key, slow)); !ok {
				t.Errorf("%s was forgotten", key)
			}
		}
		if err := <-waits; err != nil {
			t.Error(err)
		}
		for i := range maxAllowances + 10 { // all of these are spent for long: the ones used longest ago go
			if err := a.Take(t.Context(), "s"+fmt.Sprint(i), slow); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(a.by); n > maxAllowances {
			t.Errorf("%d are remembered", n)
		}
	})
}

func TestAllowanceOfNothing(t *testing.T) {
	t.Parallel()
	if err := (*Allowances)(nil).Take(t.Context(), "k", Allowance{}); err != nil {
		t.Error(err)
	}
	(*Allowances)(nil).Pause("k", Allowance{}, time.Hour)
	for _, of := range []Allowance{{}, {PerSecond: 1}, {Burst: 1}, {PerSecond: -1, Burst: 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was taken for an allowance", of)
				}
			}()
			_ = new(Allowances).Take(t.Context(), "k", of)
		}()
	}
}

// TestAllowancesOfAccounts: accounts do not use each other's up, nor do credentials and names.
func TestAllowancesOfAccounts(t *testing.T) {
	t.Parallel()
	var shared Allowances
	of := Allowance{PerSecond: 0.001, Burst: 1}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	one, other := Env{Account: "a", Allowances: &shared}, Env{Account: "b", Allowances: &shared}
	for _, err := range []error{
		one.Allow(ctx, "c", "n", of), other.Allow(ctx, "c", "n", of), one.Allow(ctx, "d", "n", of), one.Allow(ctx, "c", "m", of),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	another := one
	another.Integration = "int_2"
	if _, ok := IsThrottled(another.Allow(ctx, "c", "n", of)); !ok {
		t.Error("two integrations of one credential do not share")
	}
	one.AskedToPause("c", "x", of, time.Hour)
	if _, ok := IsThrottled(another.Allow(ctx, "c", "x", of)); !ok {
		t.Error("the pause of one integration does not hold another one of that credential")
	}
}

// TestAllowancesOfANewProcess: what a process before this one has taken counts, so that nobody is above what the vendor allows
// because of a restart.
func TestAllowancesOfANewProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, began := Allowances{Since: time.Now()}, time.Now()
		of := Allowance{PerSecond: 2, Burst: 3}
		var at []time.Duration
		for range 3 {
			if err := a.Take(t.Context(), "k", of); err != nil {
				t.Fatal(err)
			}
			at = append(at, time.Since(began))
		}
		want := []time.Duration{500 * time.Millisecond, time.Second, 1500 * time.Millisecond}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Error(diff)
		}
		time.Sleep(10 * time.Second) //nolint:forbidigo // the bubble's clock
		began = time.Now()
		for range 3 {
			if err := a.Take(t.Context(), "k", of); err != nil {
				t.Fatal(err)
			}
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("it is full, and waited %v", waited)
		}
	})
}
