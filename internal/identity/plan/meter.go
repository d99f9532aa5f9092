package plan

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// meter counts one account.
type meter struct {
	account event.Account
	tally   atomic.Pointer[tally]
	pace    pace

	mu    sync.Mutex // for what follows, and for beginning a month
	past  []*saved   // months that are over: the newest one, and those that are not saved for the last time
	saved store.Usage
}

// saved is a month that is over, and how it was saved; what was counted while it ended may come in after that.
type saved struct {
	tally *tally
	row   store.Usage
}

// tally counts one calendar month.
type tally struct {
	month         string // "2026-11"
	until         int64  // its end, in Unix seconds
	events        atomic.Uint64
	over, refused atomic.Uint64
	// charged counts the events of all who use up this account's plan; nil as long as nobody was held to it.
	charged atomic.Pointer[atomic.Uint64]
	crossed atomic.Bool // the plan's number was reached
	said    atomic.Bool // and people know
}

// monthOf names the calendar month (UTC) of a time.
func monthOf(t time.Time) string { return t.UTC().Format("2006-01") }

// endOf is when the month of a time ends.
func endOf(t time.Time) int64 {
	y, m, _ := t.UTC().Date()
	return time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC).Unix()
}

func newTally(now time.Time) *tally { return &tally{month: monthOf(now), until: endOf(now)} }

// restored makes a tally of a saved row.
func restored(row store.Usage) *tally {
	t := &tally{month: row.Month, until: math.MaxInt64}
	if at, err := time.Parse("2006-01", row.Month); err == nil {
		t.until = endOf(at)
	}
	t.events.Store(row.Events)
	t.over.Store(row.Over)
	t.refused.Store(row.Refused)
	t.crossed.Store(row.OverSaid || row.Over > 0)
	t.said.Store(row.OverSaid)
	return t
}

// current gives the month's tally and begins a new one when the month is over. A clock that is set back does not bring
// an earlier month back.
func (m *meter) current(now time.Time) *tally {
	t := m.tally.Load()
	if now.Unix() < t.until {
		return t
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if t = m.tally.Load(); now.Unix() < t.until {
		return t
	}
	m.past = append(m.past, &saved{tally: t})
	t = newTally(now)
	m.tally.Store(t)
	return t
}

// add counts n events against a plan's monthly number unless the plan refuses them; over is how many of them are above
// it.
func add(count *atomic.Uint64, n uint64, p *Plan) (over uint64, ok bool) {
	most := uint64(p.EventsPerMonth)
	if p.Above == Flag {
		if sum := count.Add(n); sum > most {
			over = min(n, sum-most)
		}
		return over, true
	}
	for {
		sum := count.Load()
		if sum+n > most {
			return 0, false
		}
		if count.CompareAndSwap(sum, sum+n) {
			return 0, true
		}
	}
}

// lower takes n off a count, not below 0: the month may have changed in between.
func lower(count *atomic.Uint64, n uint64) {
	for {
		have := count.Load()
		if count.CompareAndSwap(have, have-min(n, have)) {
			return
		}
	}
}

// pace bounds events over time: a bucket that fills with a plan's events per second up to its burst, kept as the time
// at which it would be full again (the generic cell rate algorithm). In any time of d it lets through at most burst +
// d × rate events.
type pace struct{ full atomic.Int64 } // nanoseconds since the service's start

// take takes n events out of the bucket, or says how long to wait until they are in it.
func (c *pace) take(since time.Duration, n int, p *Plan) (wait time.Duration, ok bool) {
	now, each := int64(since), int64(time.Second)/int64(p.EventsPerSecond)
	whole := each * int64(p.burst())
	for {
		was := c.full.Load()
		if was > now+whole { // more than empty it cannot be: the clock was set back, or the plan was changed
			c.full.CompareAndSwap(was, now+whole)
			continue
		}
		full := max(was, now) + each*int64(n)
		if full > now+whole {
			return time.Duration(full - now - whole), false
		}
		if c.full.CompareAndSwap(was, full) {
			return 0, true
		}
	}
}

// giveBack puts n events back.
func (c *pace) giveBack(n int, p *Plan) {
	if p.EventsPerSecond > 0 {
		c.full.Add(-int64(time.Second) / int64(p.EventsPerSecond) * int64(n))
	}
}
