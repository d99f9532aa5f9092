package connector

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

func allowanceKey(account event.Account, credential, name string) string {
	sum := sha256.Sum256([]byte(string(account) + "\x00" + credential + "\x00" + name))
	return string(sum[:])
}

// allowance is the bucket of one key. Whoever waits is in a queue: the one whose turn it is waits for the bucket, the others
// for their turn, so that nothing is reserved that a pause, or somebody who leaves, would have to give back.
type allowance struct {
	of Allowance
	// due is when the bucket is full again (GCRA's theoretical arrival time): a request may be made at due − (Burst − 1)
	// intervals, and moves it by one.
	due   time.Time
	until time.Time // the end of a pause that the vendor asked for
	used  time.Time
	// turn holds one while somebody waits for the bucket; waiting counts who does, and who waits for the turn.
	turn    chan struct{}
	waiting int
}

// interval is how long the bucket takes for one request.
func (x *allowance) interval() time.Duration {
	return time.Duration(math.Ceil(float64(time.Second) / x.of.PerSecond))
}

// wait is how long to wait for a request with others before it. The bucket fills during a pause, too.
func (x *allowance) wait(now time.Time, before int) time.Duration {
	from := later(now, x.until)
	at := later(x.due, from).Add(time.Duration(before-(x.of.Burst-1)) * x.interval())
	return later(at, from).Sub(now)
}

func (x *allowance) spend(now time.Time) {
	x.due = later(x.due, now).Add(x.interval())
	x.used = now
}

// idle says whether nothing is lost when the allowance is forgotten.
func (x *allowance) idle(now time.Time) bool {
	return x.waiting == 0 && !x.due.After(now) && !x.until.After(now)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (a *Allowances) take(ctx context.Context, key string, of Allowance) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	x, taken, err := a.join(ctx, key, of)
	if taken || err != nil {
		return err
	}
	defer a.part(x)
	select {
	case x.turn <- struct{}{}:
		defer func() { <-x.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for {
		wait, err := a.attempt(ctx, x)
		if wait <= 0 || err != nil {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// join takes one where that is possible at once, and otherwise puts the caller into the queue.
func (a *Allowances) join(ctx context.Context, key string, of Allowance) (x *allowance, taken bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	x = a.find(key, of, now)
	wait := x.wait(now, x.waiting)
	if wait <= 0 && x.waiting == 0 {
		x.spend(now)
		return x, true, nil
	}
	if err := fits(ctx, wait); err != nil {
		return nil, false, err
	}
	x.waiting++
	return x, false, nil
}

func (a *Allowances) part(x *allowance) {
	a.mu.Lock()
	defer a.mu.Unlock()
	x.waiting--
}

// attempt takes one if that is possible now, and otherwise says how long to wait.
func (a *Allowances) attempt(ctx context.Context, x *allowance) (time.Duration, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	wait := x.wait(now, 0)
	if wait <= 0 {
		x.spend(now)
		return 0, nil
	}
	return wait, fits(ctx, wait) // a pause may have come in the meantime
}

// fits says whether ctx lasts as long as a wait.
func fits(ctx context.Context, wait time.Duration) error {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
		return Throttled(fmt.Errorf("the requests that the vendor allows are used up for %s", wait.Round(time.Millisecond)), wait)
	}
	return nil
}

func (a *Allowances) find(key string, of Allowance, now time.Time) *allowance {
	if of.Burst < 1 || !(of.PerSecond > 0) {
		panic(fmt.Sprintf("connector: %+v allows no request", of))
	}
	x := a.by[key]
	if x == nil {
		if a.by == nil {
			a.by = map[string]*allowance{}
		}
		if len(a.by) >= maxAllowances {
			a.forget(now)
		}
		x = &allowance{turn: make(chan struct{}, 1)}
		if !a.Since.IsZero() {
			x.of = of
			x.due = a.Since.Add(time.Duration(of.Burst) * x.interval())
		}
		a.by[key] = x
	}
	x.of, x.used = of, now
	return x
}

// forget makes room: all that are full again go, since a new one is full as well. If there are none, the one that was not
// used for longest goes, but never one that somebody waits for.
func (a *Allowances) forget(now time.Time) {
	oldest := ""
	for key, x := range a.by {
		switch {
		case x.idle(now):
			delete(a.by, key)
		case x.waiting == 0 && (oldest == "" || x.used.Before(a.by[oldest].used)):
			oldest = key
		}
	}
	if len(a.by) >= maxAllowances {
		delete(a.by, oldest)
	}
}

func (a *Allowances) pause(key string, of Allowance, d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	x := a.find(key, of, now)
	x.until = later(x.until, now.Add(d))
}
