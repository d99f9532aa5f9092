package identity

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of the cache of checked keys.
const (
	// cacheFor is how long a known key is used without asking the store again: the longest that a key which another
	// process revoked goes on working.
	cacheFor = 10 * time.Second
	// unknownFor is how long an unknown key is refused without asking the store again: the longest that a key which
	// another process made is not accepted.
	unknownFor = 2 * time.Second
	// maxKnown and maxUnknown bound the entries. A full cache is begun anew.
	maxKnown   = 10_000
	maxUnknown = 4096
)

// entry is a key that the store knows, valid or not. Its fields but the atomics never change.
type entry struct {
	hash      [32]byte
	id        event.ID
	principal Principal
	expiresAt time.Time
	revokedAt time.Time
	// checked is when the store was asked, in Unix nanoseconds. One caller at a time moves it on and asks again.
	checked atomic.Int64
	// used is when the last use was written down, in Unix nanoseconds.
	used atomic.Int64
}

func newEntry(k *store.Key, now time.Time) *entry {
	e := &entry{
		hash:      k.Hash,
		id:        k.ID,
		principal: Principal{Account: k.Account, KeyID: k.ID.Text(event.PrefixKey), KeyName: k.Name, Scopes: scopesOf(k)},
		expiresAt: k.ExpiresAt,
		revokedAt: k.RevokedAt,
	}
	e.checked.Store(now.UnixNano())
	if !k.LastUsedAt.IsZero() {
		e.used.Store(k.LastUsedAt.UnixNano())
	}
	return e
}

// cache holds what the store said about hashes.
type cache struct {
	mu      sync.RWMutex
	known   map[[32]byte]*entry
	unknown map[[32]byte]int64 // until when, in Unix nanoseconds
	// changes grows with every forget, so that an answer read from the store before it is not kept after it.
	changes uint64
}

func newCache() *cache {
	return &cache{known: make(map[[32]byte]*entry), unknown: make(map[[32]byte]int64)}
}

// find gives the entry of a hash; without one, refused says that the store did not know it a moment ago.
func (c *cache) find(hash *[32]byte, now int64) (e *entry, refused bool) {
	c.mu.RLock()
	e = c.known[*hash]
	if e == nil {
		until, ok := c.unknown[*hash]
		refused = ok && now < until && until-now <= int64(unknownFor) // not after a clock that was set back
	}
	c.mu.RUnlock()
	return e, refused
}

// generation is to be read before the store is asked, and given to put.
func (c *cache) generation() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.changes
}

// put keeps what the store said: e, or that hash is unknown when e is nil.
func (c *cache) put(hash [32]byte, e *entry, now time.Time, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != generation {
		delete(c.known, hash) // what was held is no better: the next caller asks again
		return
	}
	if e == nil {
		delete(c.known, hash)
		if len(c.unknown) >= maxUnknown {
			clear(c.unknown)
		}
		c.unknown[hash] = now.Add(unknownFor).UnixNano()
		return
	}
	delete(c.unknown, hash)
	if old := c.known[hash]; old != nil {
		e.used.Store(max(e.used.Load(), old.used.Load())) // the store may not have heard of the last use yet
	} else if len(c.known) >= maxKnown {
		clear(c.known)
	}
	c.known[hash] = e
}

// forget drops what is held about a hash.
func (c *cache) forget(hash [32]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	delete(c.known, hash)
	delete(c.unknown, hash)
}

// forgetKey drops what is held about a key.
func (c *cache) forgetKey(id event.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	for h, e := range c.known {
		if e.id == id {
			delete(c.known, h)
		}
	}
}
