package deliver

import "time"

// Limits of the breaker (api.md, "Breaker").
const (
	breakerInRow    = 5  // failures in a row that open it
	breakerWindow   = 20 // the last results that are looked at
	probeFirst      = time.Second
	probeMax        = 30 * time.Second
	probeSteadyTime = 2 * time.Minute // how long probes stay at probeFirst before they back off
)

// breaker stops a lane whose destination fails, and finds out when it works again. It is a pure state machine: the lane
// tells it results and times, and asks whether it may send. Probes come every second for the first two minutes of an
// outage, so that a short one ends within two seconds of the receiver's return, and then back off to 30 seconds.
type breaker struct {
	open     bool
	inRow    int
	results  [breakerWindow]bool // true: failed
	n        int                 // results seen, at most breakerWindow
	at       int                 // where the next result goes
	openedAt time.Time
	probeAt  time.Time
	delay    time.Duration
	probing  bool
}

// result takes the outcome of a send, which may be a probe. It reports whether the breaker opened or closed by it.
func (b *breaker) result(failed, probe bool, now time.Time) (opened, closed bool) {
	if b.open {
		return false, b.probed(failed, probe, now)
	}
	b.results[b.at] = failed
	b.at = (b.at + 1) % breakerWindow
	b.n = min(b.n+1, breakerWindow)
	if !failed {
		b.inRow = 0
		return false, false
	}
	b.inRow++
	if b.inRow < breakerInRow && !b.halfFailed() {
		return false, false
	}
	*b = breaker{open: true, openedAt: now, delay: probeFirst, probeAt: now.Add(probeFirst)}
	return true, false
}

func (b *breaker) halfFailed() bool {
	if b.n < breakerWindow {
		return false
	}
	failed := 0
	for _, f := range b.results {
		if f {
			failed++
		}
	}
	return failed*2 >= breakerWindow
}

// probed takes a result while open: a success of any kind closes the breaker, a failed probe moves the next one. What
// was in flight before the breaker opened and fails later says nothing new.
func (b *breaker) probed(failed, probe bool, now time.Time) (closed bool) {
	if !failed {
		*b = breaker{}
		return true
	}
	if probe && b.probing {
		b.probing = false
		if now.Sub(b.openedAt) > probeSteadyTime {
			b.delay = min(b.delay*2, probeMax)
		}
		b.probeAt = now.Add(b.delay)
	}
	return false
}

// mayProbe says whether a probe is due, and if so takes it: the caller must send one and report its result.
func (b *breaker) mayProbe(now time.Time) bool {
	if !b.open || b.probing || now.Before(b.probeAt) {
		return false
	}
	b.probing = true
	return true
}

// putBack undoes mayProbe when the probe told nothing (it was throttled or cancelled).
func (b *breaker) putBack(now time.Time, after time.Duration) {
	if b.probing {
		b.probing = false
		b.probeAt = now.Add(max(after, probeFirst))
	}
}

func (b *breaker) String() string {
	if b.open {
		return "open"
	}
	return "closed"
}
