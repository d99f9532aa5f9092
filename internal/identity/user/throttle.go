package user

import (
	"container/list"
	"net/netip"
	"sync"
	"time"
)

// Delays after failed sign-ins. They double from firstDelay to longestDelay.
//
// Three counts are kept, so that guessing is slow from wherever it comes and nobody can lock somebody else out:
//
//   - of one address (account and e-mail) from one client: after pairFree failures that client waits.
//   - of one client, whatever the addresses: after clientFree failures it waits. It is more than pairFree, because many
//     people may share a client's address.
//   - of one address from all clients that it did not sign in from lately: after strangerFree failures strangers wait.
//     A client that the person has signed in from since the hub started is no stranger for familiarFor, and is not
//     held up by what others do; nor is a session that exists, or a one-time link.
//
// A client is an IPv4 address or an IPv6 /64, the least that one subscriber has.
const (
	pairFree     = 5
	clientFree   = 20
	strangerFree = 50
	firstDelay   = 30 * time.Second
	longestDelay = 15 * time.Minute
	// forgetAfter is how long after its last failure a count begins anew.
	forgetAfter = time.Hour
	familiarFor = 30 * 24 * time.Hour
	// maxTracked bounds each kind of count; the one that was used longest ago goes first.
	maxTracked = 20_000
)

// delayAfter is how long to wait after that many failures.
func delayAfter(failed, free int) time.Duration {
	if failed < free {
		return 0
	}
	return min(firstDelay<<min(failed-free, 16), longestDelay)
}

// throttle counts failed sign-ins. A try counts as failed from its beginning until its success takes that back, so that
// many at the same time are not one.
type throttle struct {
	mu        sync.Mutex
	pairs     *lru[pairKey, tries]
	clients   *lru[string, tries]
	strangers *lru[who, tries]
	familiar  *lru[pairKey, time.Time] // until when
}

// who is an address in an account.
type who struct{ account, email string }

type pairKey struct {
	who    who
	client string
}

// tries is a count of failures.
type tries struct {
	failed int
	last   time.Time // the last failure
}

// wait is how long the next try has to wait.
func (t tries) wait(now time.Time, free int) time.Duration {
	since := now.Sub(t.last)
	if since < 0 || since > forgetAfter { // also after a clock that was set back
		return 0
	}
	return max(delayAfter(t.failed, free)-since, 0)
}

func newThrottle() *throttle {
	return &throttle{
		pairs: newLRU[pairKey, tries](maxTracked), clients: newLRU[string, tries](maxTracked),
		strangers: newLRU[who, tries](maxTracked), familiar: newLRU[pairKey, time.Time](maxTracked),
	}
}

// try is one attempt to sign in that is under way.
type try struct {
	t        *throttle
	key      pairKey
	stranger bool
}

// begin lets an attempt begin, or gives a *ThrottledError. Each one that begins ends in failed, forgiven or succeeded.
func (t *throttle) begin(w who, address string, now time.Time) (*try, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := &try{t: t, key: pairKey{w, clientOf(address)}}
	until, known := t.familiar.get(a.key)
	a.stranger = !known || !now.Before(until)

	wait := max(t.pairs.value(a.key).wait(now, pairFree), t.clients.value(a.key.client).wait(now, clientFree))
	if a.stranger {
		wait = max(wait, t.strangers.value(w).wait(now, strangerFree))
	}
	if wait > 0 {
		return nil, &ThrottledError{After: wait}
	}
	a.count(now)
	return a, nil
}

func (a *try) count(now time.Time) {
	more := func(old tries) tries {
		if since := now.Sub(old.last); since < 0 || since > forgetAfter {
			old.failed = 0
		}
		return tries{failed: old.failed + 1, last: now}
	}
	a.t.pairs.put(a.key, more(a.t.pairs.value(a.key)))
	a.t.clients.put(a.key.client, more(a.t.clients.value(a.key.client)))
	if a.stranger {
		a.t.strangers.put(a.key.who, more(a.t.strangers.value(a.key.who)))
	}
}

// forgiven takes the attempt back: it was neither right nor wrong.
func (a *try) forgiven() {
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	a.uncount()
}

func (a *try) uncount() {
	less := func(old tries) tries { return tries{failed: max(old.failed-1, 0), last: old.last} }
	a.t.pairs.put(a.key, less(a.t.pairs.value(a.key)))
	a.t.clients.put(a.key.client, less(a.t.clients.value(a.key.client)))
	if a.stranger {
		a.t.strangers.put(a.key.who, less(a.t.strangers.value(a.key.who)))
	}
}

// succeeded takes the attempt back and forgets what went wrong before for this address from this client. The client's
// own count stays: an attacker may own one of the addresses.
func (a *try) succeeded(now time.Time) {
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	a.uncount()
	a.t.pairs.remove(a.key)
	a.t.familiar.put(a.key, now.Add(familiarFor))
}

// clientOf is what one subscriber has at least; what is no address stands for itself.
func clientOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		if ap, err := netip.ParseAddrPort(address); err == nil {
			ip = ap.Addr()
		} else {
			return address[:min(len(address), 64)]
		}
	}
	ip = ip.Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return ip.String()
	}
	return p.String()
}

// lru is a bounded map that drops what was put in longest ago.
type lru[K comparable, V any] struct {
	limit int
	order *list.List // of *pair, the newest first
	at    map[K]*list.Element
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

func newLRU[K comparable, V any](limit int) *lru[K, V] {
	return &lru[K, V]{limit: limit, order: list.New(), at: make(map[K]*list.Element)}
}

func (l *lru[K, V]) get(k K) (v V, ok bool) {
	e, ok := l.at[k]
	if !ok {
		return v, false
	}
	return e.Value.(*pair[K, V]).value, true
}

// value is the value of k, or the zero value.
func (l *lru[K, V]) value(k K) V {
	v, _ := l.get(k)
	return v
}

func (l *lru[K, V]) put(k K, v V) {
	if e, ok := l.at[k]; ok {
		e.Value.(*pair[K, V]).value = v
		l.order.MoveToFront(e)
		return
	}
	for len(l.at) >= l.limit {
		l.remove(l.order.Back().Value.(*pair[K, V]).key)
	}
	l.at[k] = l.order.PushFront(&pair[K, V]{k, v})
}

func (l *lru[K, V]) remove(k K) {
	if e, ok := l.at[k]; ok {
		l.order.Remove(e)
		delete(l.at, k)
	}
}

// welcome makes a client familiar that proved who it is another way.
func (t *throttle) welcome(w who, address string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := pairKey{w, clientOf(address)}
	t.pairs.remove(k)
	t.familiar.put(k, now.Add(familiarFor))
}
