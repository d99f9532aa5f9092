package deliver

import (
	"container/heap"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/deliver/noise"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of what one lane may have parked; beyond them it waits in the journal instead.
const (
	MaxParked      = 10_000
	MaxParkedBytes = 64 << 20
)

// keepInMemory is how soon a parked delivery must be due for its event to stay in memory; others are read back.
const keepInMemory = 5 * time.Second

// closeSpread is the pause between deliveries that become due together when a breaker closes.
const closeSpread = time.Millisecond

// parked is a delivery that waits outside the window. The row's Record is made when it is saved.
type parked struct {
	row    store.Parked
	rec    *event.Record // nil: only the store has it
	size   int
	flying bool
	// releases: its ordering key goes on when the row is saved.
	releases bool
	gated    bool // counted at the gate of its key
	handOn   bool // the fallback gets it when the row is saved
	doomed   bool // its run was cancelled while it was in flight: it is not tried again
	index    int  // in its heap; -1 when not due

	// Of noise control; see held.go and carry.go.
	group    *heldGroup
	brief    noise.Brief
	carrier  *parked       // whose message stands for this one
	riders   []*parked     // for whom this one's message stands as well, in journal order
	after    []*parked     // what waits for the end of that, where the ordering key does not see to it
	composed *event.Record // the message
	sealing  uint8         // who rides is not durable yet
}

// fills says whether the delivery is one of a backfill.
func (p *parked) fills() bool { return !p.row.Run.IsZero() && p.row.FromDelivery.IsZero() }

// parking is a lane's parked deliveries: those with a due time, and those behind an earlier one of their key. What runs
// brought is limited by itself: it must not keep the lane from its own events.
type parking struct {
	byID  map[event.ID]*parked
	due   dueHeap
	fill  dueHeap // those of backfills
	own   load    // of what the lane matched
	given load    // of what came by fallback
	fed   load    // of backfills
}

// load is how many deliveries there are, and how many bytes.
type load struct{ n, bytes int }

func (l load) full() bool { return l.n >= MaxParked || l.bytes >= MaxParkedBytes }

// loadOf is what a delivery counts for.
func (k *parking) loadOf(p *parked) *load {
	switch {
	case p.row.Run.IsZero():
		return &k.own
	case p.fills():
		return &k.fed
	}
	return &k.given
}

// heapOf is where a delivery with a due time stands.
func (k *parking) heapOf(p *parked) *dueHeap {
	if p.fills() {
		return &k.fill
	}
	return &k.due
}

func (k *parking) init() { k.byID = map[event.ID]*parked{} }

func (k *parking) full() bool { return k.own.full() }

func (k *parking) add(p *parked) {
	p.index = -1
	k.byID[p.row.Delivery] = p
	of := k.loadOf(p)
	of.n++
	of.bytes += p.size
	k.arrange(p)
}

func (k *parking) remove(p *parked) {
	delete(k.byID, p.row.Delivery)
	of := k.loadOf(p)
	of.n--
	of.bytes -= p.size
	if p.index >= 0 {
		heap.Remove(k.heapOf(p), p.index)
	}
}

// arrange puts p where its state and due time say. In memory a due time has its monotonic part, so that it is as far away
// as it was whatever becomes of the wall clock; see steady and shift.
func (k *parking) arrange(p *parked) {
	h := k.heapOf(p)
	inHeap := p.row.State == store.StateParked && !p.flying && p.sealing == 0
	switch {
	case inHeap && p.index >= 0:
		heap.Fix(h, p.index)
	case inHeap:
		heap.Push(h, p)
	case p.index >= 0:
		heap.Remove(h, p.index)
	}
}

// next is the delivery that is due first, those of backfills left out; nil if none has a due time.
func (k *parking) next() *parked { return k.due.first() }

// soonest is the delivery that is due first; nil if none has a due time.
func (k *parking) soonest() *parked {
	p, f := k.due.first(), k.fill.first()
	if p == nil || f != nil && f.row.Due.Before(p.row.Due) {
		return f
	}
	return p
}

// all gives every parked delivery, in no order.
func (k *parking) all() []*parked {
	list := make([]*parked, 0, len(k.byID))
	for _, p := range k.byID {
		list = append(list, p)
	}
	return list
}

// dueNow makes everything that waits for its time due, a little apart from each other.
func (k *parking) dueNow(now time.Time) {
	for _, h := range []*dueHeap{&k.due, &k.fill} {
		for i, p := range slices.Clone(*h) {
			p.row.Due = now.Add(time.Duration(i) * closeSpread)
		}
		heap.Init(h)
	}
}

// shift gives due times, and times since when ages count, the wall time that belongs to them after a jump of the wall
// clock. They stay as far away as they are: no delivery is late by the jump, nor too old. What is saved is wall time.
func (k *parking) shift(now time.Time) {
	for _, h := range []dueHeap{k.due, k.fill} {
		for _, p := range h {
			p.row.Due = now.Add(p.row.Due.Sub(now))
		}
	}
	for _, p := range k.byID {
		if !p.row.FirstTried.IsZero() {
			p.row.FirstTried = now.Add(p.row.FirstTried.Sub(now))
		}
	}
}

// steady gives a time that was read back, and so is wall time only, its monotonic part. Zero stays zero.
func steady(t, now time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return now.Add(t.Sub(now.Round(0)))
}

// dueHeap orders by due time, then by position.
type dueHeap []*parked

func (h dueHeap) first() *parked {
	if len(h) == 0 {
		return nil
	}
	return h[0]
}

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	if c := h[i].row.Due.Compare(h[j].row.Due); c != 0 {
		return c < 0
	}
	return h[i].row.Position.Less(h[j].row.Position)
}
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is for package heap.
func (h *dueHeap) Push(x any) {
	p := x.(*parked)
	p.index = len(*h)
	*h = append(*h, p)
}

// Pop is for package heap.
func (h *dueHeap) Pop() any {
	old := *h
	p := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	p.index = -1
	return p
}
