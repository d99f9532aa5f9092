package identity

import (
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
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

// nobody stands for a key that the store does not know: checking it takes the same way as checking one that it knows.
var nobody = new(entry)

func newEntry(k *store.Key, now time.Time) *entry {
	e := &entry{
		hash: k.Hash,
		id:   k.ID,
		principal: Principal{
			Account: k.Account, Home: k.Account, Kind: act.KindKey, ID: k.ID.Text(event.PrefixKey), Name: k.Name,
			Scopes: scopesOf(k), Environment: environmentOf(k), RateLimit: k.RateLimit, EventTypes: newEventTypes(k.EventTypes),
		},
		expiresAt: k.ExpiresAt,
		revokedAt: k.RevokedAt,
	}
	e.checked.Store(now.UnixNano())
	if !k.LastUsedAt.IsZero() {
		e.used.Store(k.LastUsedAt.UnixNano())
	}
	return e
}
