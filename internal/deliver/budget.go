package deliver

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Credentials may be implemented by an Opener: it tells which integrations send with the same credential of a vendor,
// who counts their requests together.
type Credentials interface {
	// Credential gives a fingerprint that is the same for integrations of one account that share a credential; "" when
	// the integration shares none. It must not wait for the engine.
	Credential(ctx context.Context, i store.Integration) string
}

// Limits of what the lanes of one credential do after a pause that the vendor asked for.
const (
	// scoutLapse is how long the others wait for the one request that is sent first; then another one is.
	scoutLapse = 5 * time.Second
	// scoutPoll is how often they look whether it has come back; each a little later than that.
	scoutPoll = 200 * time.Millisecond
	// restartStep lies between two lanes that begin again, and restartSpread is the most between the first and the last.
	restartStep   = 50 * time.Millisecond
	restartSpread = 5 * time.Second
)

// budget is what the lanes of one credential share: a bucket of requests, and the pauses that the vendor asks for. Its
// lock is taken last.
type budget struct {
	mu      sync.Mutex
	members map[*lane]float64 // → requests per second that its settings allow; 0: they do not say
	bucket  *rate.Limiter     // with the smallest of them; nil when none says

	until  time.Time           // the end of a pause
	asking bool                // after it, until one request has come back without being told to wait
	scout  *lane               // who sends that request; nil: the next that wants to
	sentAt time.Time           // when it was sent
	slots  map[*lane]time.Time // when each of the others may begin again
}

// budgets finds the budget of a credential. An entry goes with its last lane, so there are never more than lanes.
type budgets struct {
	mu  sync.Mutex
	all map[budgetKey]*budget
}

// budgetKey never is the same for two accounts.
type budgetKey struct {
	account     event.Account
	fingerprint string
}

// share puts a lane into the budget of a credential, or changes its limit there.
func (s *budgets) share(l *lane, k budgetKey, perSecond float64, now time.Time) *budget {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.all[k]
	if b == nil {
		b = &budget{members: map[*lane]float64{}, slots: map[*lane]time.Time{}}
		if s.all == nil {
			s.all = map[budgetKey]*budget{}
		}
		s.all[k] = b
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.members[l] = perSecond
	b.resize(now)
	return b
}

// leave takes a lane out of a budget.
func (s *budgets) leave(l *lane, k budgetKey, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.all[k]
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.members, l)
	delete(b.slots, l)
	if b.scout == l {
		b.scout = nil
	}
	if len(b.members) == 0 {
		delete(s.all, k)
		return
	}
	b.resize(now)
}

// resize gives the bucket the smallest limit. What is in it stays in it.
func (b *budget) resize(now time.Time) {
	least := 0.0
	for _, perSecond := range b.members {
		if perSecond > 0 && (least == 0 || perSecond < least) {
			least = perSecond
		}
	}
	switch {
	case least == 0:
		b.bucket = nil
	case b.bucket == nil:
		b.bucket = rate.NewLimiter(rate.Limit(least), max(1, int(least)))
	default:
		b.bucket.SetLimitAt(now, rate.Limit(least))
		b.bucket.SetBurstAt(now, max(1, int(least)))
	}
}

// limit is the policy of the shared bucket.
func (b *budget) limit(now func() time.Time) Policy {
	return func(next Func) Func {
		return func(ctx context.Context, ds []connector.Delivery) error {
			if wait, ok := b.take(now()); !ok {
				return connector.Throttled(errRate, wait)
			}
			return next(ctx, ds)
		}
	}
}

// take takes a request out of the bucket, or tells when to come back: lanes that ask together do not come together.
func (b *budget) take(now time.Time) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bucket == nil || b.bucket.AllowN(now, 1) {
		return 0, true
	}
	missing := max(1-b.bucket.TokensAt(now), 0) + rand.Float64()*float64(len(b.members)-1)
	return time.Duration(missing / float64(b.bucket.Limit()) * float64(time.Second)), false
}

// enter says whether a lane may send now. If it is the scout, its request must be reported.
func (b *budget) enter(l *lane, now time.Time) (scout, ok bool) {
	if b == nil {
		return false, true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case now.Before(b.until):
		return false, false
	case b.asking && b.scout != nil && now.Sub(b.sentAt) < scoutLapse:
		return false, false
	case b.asking:
		b.scout, b.sentAt = l, now
		return true, true
	case now.Before(b.slots[l]):
		return false, false
	}
	delete(b.slots, l)
	return false, true
}

// nextAt is when a lane may ask again; not after now when it may send.
func (b *budget) nextAt(l *lane, now time.Time) time.Time {
	if b == nil {
		return now
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case now.Before(b.until):
		return b.until
	case b.asking && b.scout != nil:
		return now.Add(scoutPoll + rand.N(scoutPoll/2))
	}
	return b.slots[l]
}

// hold stops all lanes until a time: the vendor asked one of them to wait. A shorter pause does not end a longer one.
func (b *budget) hold(until time.Time) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.scout, b.asking = nil, true
	clear(b.slots)
	if until.After(b.until) {
		b.until = until
	}
}

// unscout lets another one be the scout: this one's request told nothing.
func (b *budget) unscout(l *lane) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.scout == l {
		b.scout = nil
	}
}

// reopen ends the asking: the vendor answered the scout. The others begin again one after the other.
func (b *budget) reopen(l *lane, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.scout != l || now.Before(b.until) {
		return // it came late: another one has been sent since, or told to wait
	}
	b.scout, b.asking = nil, false
	step := min(restartStep, restartSpread/time.Duration(len(b.members)))
	at := now
	for m := range b.members { // in no order, which is as fair as any
		if m != l {
			at = at.Add(step)
			b.slots[m] = at
		}
	}
}

// shareBudget puts the lane into the budget of its credential, if it has one; the one of before is left. The caller holds
// mu, or is alone.
func (l *lane) shareBudget(i store.Integration) {
	k := budgetKey{account: l.account}
	if c, ok := l.e.Opener.(Credentials); ok {
		k.fingerprint = c.Credential(l.ctx, i)
	}
	if l.shared != nil && k != l.budgetKey {
		l.leaveBudget()
	}
	if k.fingerprint != "" {
		l.shared, l.budgetKey = l.e.budgets.share(l, k, l.policy.PerSecond, l.e.Now()), k
	}
}

// dropBudget is leaveBudget for who does not hold mu.
func (l *lane) dropBudget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaveBudget()
}

// leaveBudget leaves it, when the lane sends nothing any more. The caller holds mu, or is alone.
func (l *lane) leaveBudget() {
	if l.shared != nil {
		l.e.budgets.leave(l, l.budgetKey, l.e.Now())
		l.shared, l.budgetKey = nil, budgetKey{}
	}
}
