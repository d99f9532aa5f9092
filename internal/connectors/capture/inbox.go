package capture

import (
	"context"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of an Inbox.
const (
	// MaxIntegrationBytes bounds the payloads kept for one integration (4 MiB).
	MaxIntegrationBytes = 4 << 20
	// MaxInboxBytes bounds all payloads (64 MiB): beyond it the largest inbox gives way.
	MaxInboxBytes = 64 << 20
	// entryCost is what an entry costs besides its payload and texts, in bytes.
	entryCost = 128
)

// Inbox keeps payloads in memory, by account and integration. It is the hub's connector.Sink.
type Inbox struct {
	mu    sync.Mutex
	boxes map[owner]*box
	bytes int
}

var _ connector.Sink = (*Inbox)(nil)

type owner struct {
	account     event.Account
	integration string
}

// box holds one integration's payloads, the oldest first.
type box struct {
	entries []connector.Captured
	held    map[string]struct{} // the deliveries of entries
	bytes   int
}

// NewInbox makes an empty inbox.
func NewInbox() *Inbox { return &Inbox{boxes: map[owner]*box{}} }

// Keep adds payloads and lets the oldest go, so that at most limit entries and MaxIntegrationBytes stay. A payload of
// a delivery that is kept already (it was sent twice) takes the place of the old one at the end. A payload larger than
// MaxIntegrationBytes alone is not kept.
func (in *Inbox) Keep(_ context.Context, account event.Account, integration string, limit int, c ...connector.Captured) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	o := owner{account, integration}
	b := in.boxes[o]
	if b == nil {
		b = &box{held: map[string]struct{}{}}
		in.boxes[o] = b
	}
	before := b.bytes
	for _, entry := range c[max(0, len(c)-limit):] {
		b.remove(entry.Delivery)
		b.entries = append(b.entries, entry)
		b.held[entry.Delivery] = struct{}{}
		b.bytes += cost(entry)
	}
	b.trim(limit, MaxIntegrationBytes)
	in.bytes += b.bytes - before
	for in.bytes > MaxInboxBytes {
		in.shrink()
	}
	return nil
}

// List gives up to limit payloads of an integration, the newest first; all if limit is 0.
func (in *Inbox) List(account event.Account, integration string, limit int) []connector.Captured {
	in.mu.Lock()
	defer in.mu.Unlock()
	b := in.boxes[owner{account, integration}]
	if b == nil {
		return nil
	}
	n := len(b.entries)
	if limit > 0 {
		n = min(n, limit)
	}
	list := make([]connector.Captured, n)
	for i := range list {
		list[i] = b.entries[len(b.entries)-1-i]
	}
	return list
}

// Forget drops an integration's payloads, when it is deleted.
func (in *Inbox) Forget(account event.Account, integration string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	o := owner{account, integration}
	if b := in.boxes[o]; b != nil {
		in.bytes -= b.bytes
		delete(in.boxes, o)
	}
}

// shrink lets the oldest entry of the largest box go.
func (in *Inbox) shrink() {
	var largest *box
	for _, b := range in.boxes {
		if largest == nil || b.bytes > largest.bytes {
			largest = b
		}
	}
	before := largest.bytes
	largest.trim(len(largest.entries)-1, MaxIntegrationBytes)
	in.bytes -= before - largest.bytes
}

// trim lets the oldest entries go until both limits are kept.
func (b *box) trim(entries, bytes int) {
	drop := 0
	for drop < len(b.entries) && (len(b.entries)-drop > entries || b.bytes > bytes) {
		b.bytes -= cost(b.entries[drop])
		delete(b.held, b.entries[drop].Delivery)
		drop++
	}
	if drop > 0 {
		n := copy(b.entries, b.entries[drop:])
		clear(b.entries[n:]) // the payloads can go
		b.entries = b.entries[:n]
	}
}

// remove takes out the entry of a delivery, if it is there. It looks from the end: what comes twice comes soon after.
func (b *box) remove(delivery string) {
	if _, ok := b.held[delivery]; !ok {
		return
	}
	for i := len(b.entries) - 1; i >= 0; i-- {
		if b.entries[i].Delivery == delivery {
			b.bytes -= cost(b.entries[i])
			b.entries = append(b.entries[:i], b.entries[i+1:]...)
			return
		}
	}
}

func cost(c connector.Captured) int {
	return entryCost + len(c.Delivery) + len(c.Event) + len(c.Type) + len(c.Payload)
}
