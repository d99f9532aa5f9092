// Package known remembers for a moment what the store said about secrets: which of them it knows and which it does
// not. A secret is never held, only its SHA-256.
package known

import (
	"sync"
	"time"
)

// Limits of a cache.
const (
	// For is how long a known secret is used without asking the store again: the longest that one which another process
	// revoked goes on working.
	For = 10 * time.Second
	// UnknownFor is how long an unknown secret is refused without asking the store again: the longest that one which
	// another process made is not accepted.
	UnknownFor = 2 * time.Second
	// Max and MaxUnknown bound the entries. A full cache is begun anew.
	Max        = 10_000
	MaxUnknown = 4096
)

// Hash is the SHA-256 of a secret.
type Hash = [32]byte

// Cache holds what the store said about hashes. E is a pointer to what is held about a known one. It is safe for
// concurrent use.
type Cache[E comparable] struct {
	mu      sync.RWMutex
	known   map[Hash]E
	unknown map[Hash]int64 // until when, in Unix nanoseconds
	// changes grows with every forget, so that an answer read from the store before it is not kept after it.
	changes uint64
}

// New makes an empty cache.
func New[E comparable]() *Cache[E] {
	return &Cache[E]{known: make(map[Hash]E), unknown: make(map[Hash]int64)}
}

// Find gives the entry of a hash. Without one (the zero E), refused says that the store did not know it a moment ago.
// Now is in Unix nanoseconds.
func (c *Cache[E]) Find(hash *Hash, now int64) (e E, refused bool) {
	c.mu.RLock()
	e, ok := c.known[*hash]
	if !ok {
		until, held := c.unknown[*hash]
		refused = held && now < until && until-now <= int64(UnknownFor) // not after a clock that was set back
	}
	c.mu.RUnlock()
	return e, refused
}

// Generation is to be read before the store is asked, and given to Put or PutUnknown.
func (c *Cache[E]) Generation() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.changes
}

// Put keeps what the store said about a known hash. Carry, if not nil, may move what only the old entry knew into e.
func (c *Cache[E]) Put(hash Hash, e E, generation uint64, carry func(old E)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != generation {
		delete(c.known, hash) // what was held is no better: the next caller asks again
		return
	}
	delete(c.unknown, hash)
	if old, held := c.known[hash]; held {
		if carry != nil {
			carry(old)
		}
	} else if len(c.known) >= Max {
		clear(c.known)
	}
	c.known[hash] = e
}

// PutUnknown keeps that the store does not know a hash.
func (c *Cache[E]) PutUnknown(hash Hash, now time.Time, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, hash)
	if c.changes != generation {
		return
	}
	if len(c.unknown) >= MaxUnknown {
		clear(c.unknown)
	}
	c.unknown[hash] = now.Add(UnknownFor).UnixNano()
}

// Forget drops what is held about a hash.
func (c *Cache[E]) Forget(hash Hash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	delete(c.known, hash)
	delete(c.unknown, hash)
}

// ForgetIf drops the known entries that match.
func (c *Cache[E]) ForgetIf(match func(E) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	for h, e := range c.known {
		if match(e) {
			delete(c.known, h)
		}
	}
}

// Len is the number of entries, known and unknown.
func (c *Cache[E]) Len() (known, unknown int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.known), len(c.unknown)
}
