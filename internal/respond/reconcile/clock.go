package reconcile

import (
	"context"
	"sync"
	"time"
)

// Times of a responder.
const (
	// every is the time between two looks at a responder that holds something, idleEvery at one that holds nothing.
	every, idleEvery = 5 * time.Minute, time.Hour
	// nudgePause is the least time between a cycle that failed and the next one that somebody wants.
	nudgePause = 3 * time.Second
	// soon is the pause before going on with what a cycle had no time for, or what others got in the way of.
	soon = 2 * time.Second
	// refusedPause is the pause after a cycle in which the vendor did not do something that no placement keeps the time of.
	refusedPause = time.Minute
	// throttlePause is how long to wait for a vendor that asks for a pause and does not say how long, mostThrottle the most
	// that is waited for one that does.
	throttlePause, mostThrottle = 10 * time.Second, time.Hour
)

// clock says when a responder is looked at.
type clock struct {
	mu        sync.Mutex
	idle      chan struct{} // closed when the cycle under way ends; nil: none is
	cancel    context.CancelFunc
	next      time.Time // zero: not by itself
	notBefore time.Time // the end of a pause that the vendor asked for
	nudged    bool      // something is wanted since the cycle began
	again     again
	failures  int // cycles in a row
	ended     time.Time
}

// nudge has it be looked at as soon as may be.
func (k *clock) nudge(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.nudged = true
	if k.idle == nil {
		k.next = k.earliest(now)
	}
}

// insist is nudge, and has it try again what is not tried by itself.
func (k *clock) insist(what again, now time.Time) {
	k.mu.Lock()
	k.again, k.failures = max(k.again, what), 0
	k.mu.Unlock()
	k.nudge(now)
}

// fresh begins with an integration that is new or has changed: pauses that were asked for before are over.
func (e *entry) fresh(now time.Time) {
	e.clock.mu.Lock()
	e.clock.notBefore = time.Time{}
	e.clock.mu.Unlock()
	e.clock.insist(failures, now)
}

func (k *clock) earliest(now time.Time) time.Time {
	at := now
	if k.failures > 0 {
		at = latest(at, k.ended.Add(nudgePause))
	}
	return latest(at, k.notBefore)
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// due says whether it is time; otherwise when it will be.
func (k *clock) due(now time.Time) (yes bool, next time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.idle != nil || k.next.IsZero() {
		return false, time.Time{}
	}
	return !now.Before(k.next), k.next
}

// begin begins a cycle, unless one is under way. It gives what is tried again.
func (k *clock) begin(cancel context.CancelFunc) (what again, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.idle != nil {
		return 0, false
	}
	k.idle, k.cancel, k.nudged, k.next = make(chan struct{}), cancel, false, time.Time{}
	what, k.again = k.again, nothing
	if k.failures > 0 { // what failed with the vendor as a whole does not wait for itself
		what = max(what, failures)
	}
	return what, true
}

// verdict is how a cycle ended.
type verdict struct {
	failed  bool
	pause   time.Duration // that the vendor asks for
	next    time.Time     // when to look again by itself; zero: not, or of one that failed, after a pause
	unspent again         // what was not come to
}

// end ends a cycle.
func (k *clock) end(v verdict, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.idle)
	k.idle, k.cancel, k.ended = nil, nil, now
	k.again = max(k.again, v.unspent)
	switch {
	case v.failed:
		k.failures++
		if v.next.IsZero() {
			v.next = now.Add(pause(k.failures))
		}
	case v.pause > 0:
		k.notBefore = now.Add(v.pause)
		v.next = k.notBefore
	default:
		k.failures = 0
	}
	if k.next = v.next; k.nudged {
		k.next = k.earliest(now)
	}
}

// interrupt breaks off the cycle under way.
func (k *clock) interrupt() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cancel != nil {
		k.cancel()
	}
}

// wait waits for the end of the cycle under way.
func (k *clock) wait(ctx context.Context) error {
	k.mu.Lock()
	idle := k.idle
	k.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// wanted says whether something new is wanted since the cycle began.
func (e *entry) wanted() bool {
	e.clock.mu.Lock()
	defer e.clock.mu.Unlock()
	return e.clock.nudged
}

// failing is how many cycles in a row have failed.
func (k *clock) failing() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.failures
}

func (k *clock) view() (running bool, next time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.idle != nil, k.next
}
