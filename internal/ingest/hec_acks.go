package ingest

import (
	lru "container/list"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// maxChannels bounds the channels whose acknowledgements are known. The one that was used least lately is forgotten:
// its ids are then not acknowledged, and its sender sends again.
const maxChannels = 10_000

// ackKey is a sender's channel.
type ackKey struct {
	account event.Account
	channel string
}

// acks gives out acknowledgement ids. An id is given in the answer, which comes after the events are durable: so every
// id that was given is acknowledged, and how many were given is all that has to be known of a channel.
type acks struct {
	mu     sync.Mutex
	byKey  map[ackKey]*lru.Element
	recent lru.List // of *channelAcks, the latest first
}

type channelAcks struct {
	key  ackKey
	next int64
}

// give gives the next id of a channel.
func (a *acks) give(key ackKey) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.byKey[key]
	if e == nil {
		if a.byKey == nil {
			a.byKey = map[ackKey]*lru.Element{}
		}
		e = a.recent.PushFront(&channelAcks{key: key})
		a.byKey[key] = e
		if len(a.byKey) > maxChannels {
			oldest := a.recent.Remove(a.recent.Back()).(*channelAcks)
			delete(a.byKey, oldest.key)
		}
	}
	a.recent.MoveToFront(e)
	c := e.Value.(*channelAcks)
	c.next++
	return c.next - 1
}

// has says whether an id was given.
func (a *acks) has(key ackKey, id int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.byKey[key]
	if e == nil {
		return false
	}
	a.recent.MoveToFront(e)
	return id >= 0 && id < e.Value.(*channelAcks).next
}
