// Package limit counts requests in sliding windows and says when there are too many.
//
// A window is counted in 60 slots. A slot counts in full as long as any part of it lies in the window, so that the
// limit is never exceeded in any window, wherever it begins; the price is on the other side: what was counted is
// forgotten up to a 60th of the window late (a second of a minute). The usual approximation of two halves, weighted by
// time, costs less memory but lets through almost twice the limit around its border.
package limit

import (
	"hash/maphash"
	"sync"
	"time"
)

const (
	// DefaultWindow is the window of an [Options] that sets none: limits are per minute.
	DefaultWindow = time.Minute
	// DefaultKeys is how many keys are remembered when Options do not say (16,384; about 5 MB when all are in use).
	DefaultKeys = 16_384
	// MaxLimit is the largest limit; a larger one is taken for it.
	MaxLimit = 1 << 30
)

// minSlot is the shortest part of a window: a window of less than 60 ms counts longer than was asked for.
const minSlot = time.Millisecond

// shards keeps callers of different keys out of each other's way.
const shards = 16

// Options of a limiter. The zero value is fit for use.
type Options struct {
	// Window is how long a request counts. Default DefaultWindow.
	Window time.Duration
	// MaxKeys bounds the memory: beyond it the key that was used least recently is forgotten, and whoever it stands for
	// begins a new window. It is rounded up to a multiple of 16. Default DefaultKeys.
	MaxKeys int
	// Now is the clock. Default time.Now, whose monotonic part keeps the limits right when the clock is set.
	Now func() time.Time
}

// State is how a key stands after it was asked about.
type State struct {
	// OK says that there is room, and for Take that it was taken.
	OK bool
	// Limit is what the caller gave; 0 means that there is none, and then nothing else is set but OK.
	Limit int
	// Remaining is how many more there is room for now.
	Remaining int
	// Reset is when Remaining grows next; the time of asking if nothing is counted.
	Reset time.Time
	// RetryAfter is how long to wait until there is room, if nobody else takes it: 0 when OK. A wish for more than the
	// limit is never granted, and is told to wait a window.
	RetryAfter time.Duration
}

// Tighter gives the state that leaves less room, for callers that several limits apply to. A state without a limit
// leaves more room than any other.
func Tighter(a, b State) State {
	switch {
	case a.Limit == 0:
		return b
	case b.Limit == 0:
		return a
	case a.OK != b.OK:
		if a.OK {
			return b
		}
		return a
	case a.RetryAfter != b.RetryAfter:
		if a.RetryAfter > b.RetryAfter {
			return a
		}
		return b
	case b.Remaining < a.Remaining:
		return b
	}
	return a
}

// Limiter counts by key. It is safe for concurrent use and allocates only for a key that it does not know while it
// has room for more.
type Limiter[K comparable] struct {
	now    func() time.Time
	start  time.Time
	slot   time.Duration // how long one slot is
	origin time.Duration // what lies between slot 0 and start: more than a clock can be set back
	seed   maphash.Seed
	shards [shards]shard[K]
}

// New makes a limiter.
func New[K comparable](o Options) *Limiter[K] {
	if o.Window <= 0 {
		o.Window = DefaultWindow
	}
	if o.MaxKeys <= 0 {
		o.MaxKeys = DefaultKeys
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	slot := max(o.Window/slots, minSlot)
	l := &Limiter[K]{now: o.Now, start: o.Now(), slot: slot, origin: (1 << 61) / slot * slot, seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].init((o.MaxKeys + shards - 1) / shards)
	}
	return l
}

// Take counts n for a key if that keeps it within limit. What is refused is not counted. A limit of 0 or less is none,
// and then nothing is counted; n below 1 is taken for 1.
func (l *Limiter[K]) Take(key K, n, limit int) State {
	return l.ask(key, limit, func(w *window, limit uint32, at int64) (uint32, bool) {
		n := uint32(min(max(n, 1), MaxLimit))
		return n, w.take(at, n, limit)
	})
}

// Peek says how a key stands, as if it took 1, and counts nothing.
func (l *Limiter[K]) Peek(key K, limit int) State {
	return l.ask(key, limit, func(w *window, limit uint32, _ int64) (uint32, bool) { return 1, w.sum < limit })
}

// GiveBack forgets up to n of what was counted last for a key.
func (l *Limiter[K]) GiveBack(key K, n int) {
	s := &l.shards[l.shardOf(key)]
	at, _ := l.slotAt(l.now())
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.known[key]; e != nil {
		e.advance(at)
		e.giveBack(uint32(min(max(n, 0), MaxLimit)))
	}
}

// ask finds the key's window and has decide say whether there is room for how many.
func (l *Limiter[K]) ask(key K, limit int, decide func(*window, uint32, int64) (uint32, bool)) State {
	if limit <= 0 {
		return State{OK: true}
	}
	limit = min(limit, MaxLimit)
	now := l.now()
	at, since := l.slotAt(now)
	s := &l.shards[l.shardOf(key)]
	s.mu.Lock()
	w := &s.find(key, at).window
	at = w.advance(at)
	n, ok := decide(w, uint32(limit), at)
	st := State{OK: ok, Limit: limit, Remaining: max(limit-int(w.sum), 0)}
	resets := w.frees(1)
	retry := resets
	if !ok {
		retry = w.frees(int64(w.sum) + int64(n) - int64(limit))
	}
	s.mu.Unlock()
	st.Reset = now
	if resets > 0 {
		st.Reset = now.Add(time.Duration(resets)*l.slot - since)
	}
	switch {
	case ok:
	case int(n) > limit:
		st.RetryAfter = slots * l.slot
	default:
		st.RetryAfter = time.Duration(retry)*l.slot - since
	}
	return st
}

func (l *Limiter[K]) shardOf(key K) uint64 { return maphash.Comparable(l.seed, key) % shards }

// slotAt is the number of the slot that begins or goes on at a time; since is that time's distance from slot 0.
func (l *Limiter[K]) slotAt(now time.Time) (at int64, since time.Duration) {
	since = now.Sub(l.start) + l.origin
	return int64(since / l.slot), since
}

// shard holds some of the keys, in the order of their last use.
type shard[K comparable] struct {
	mu    sync.Mutex
	known map[K]*entry[K]
	ends  entry[K] // of the ring: next is the one used last, previous the one used least recently
	most  int
	_     [64]byte // so that two shards' locks do not share a cache line
}

// entry is a key's window and its place in the order of use.
type entry[K comparable] struct {
	window
	key            K
	next, previous *entry[K]
}

func (s *shard[K]) init(most int) {
	s.known, s.most = map[K]*entry[K]{}, most
	s.ends.next, s.ends.previous = &s.ends, &s.ends
}

// find gives the key's entry as the one used last. A new key takes the place of the one used least recently when the
// shard is full.
func (s *shard[K]) find(key K, at int64) *entry[K] {
	e := s.known[key]
	switch {
	case e != nil && s.ends.next == e:
		return e
	case e != nil:
		e.unlink()
	case len(s.known) < s.most:
		e = &entry[K]{}
		s.add(e, key, at)
	default:
		e = s.ends.previous
		delete(s.known, e.key)
		e.unlink()
		s.add(e, key, at)
	}
	e.previous, e.next = &s.ends, s.ends.next
	e.next.previous, s.ends.next = e, e
	return e
}

func (s *shard[K]) add(e *entry[K], key K, at int64) {
	e.key, e.window = key, window{at: at, oldest: at}
	s.known[key] = e
}

func (e *entry[K]) unlink() {
	e.previous.next, e.next.previous = e.next, e.previous
}
