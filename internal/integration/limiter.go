package integration

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// maxLimited bounds how many accounts are remembered; those that may use their whole allowance again are forgotten.
const maxLimited = 10_000

// limiter bounds how often something is done for an account.
type limiter struct {
	mu        *sync.Mutex
	accounts  map[event.Account]*rate.Limiter
	perMinute int
}

func newLimiter(perMinute int) limiter {
	return limiter{mu: new(sync.Mutex), accounts: map[event.Account]*rate.Limiter{}, perMinute: perMinute}
}

// allow takes one of the account's allowance, or says with a *ThrottledError when there will be one.
func (l *limiter) allow(account event.Account, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.accounts[account]
	if a == nil {
		if len(l.accounts) >= maxLimited {
			l.forget(now)
		}
		a = rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
		l.accounts[account] = a
	}
	r := a.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return &ThrottledError{After: wait}
	}
	return nil
}

// forget drops the accounts that have their whole allowance.
func (l *limiter) forget(now time.Time) {
	for account, a := range l.accounts {
		if a.TokensAt(now) >= float64(l.perMinute) {
			delete(l.accounts, account)
		}
	}
}
