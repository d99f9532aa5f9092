package deliver

import (
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a lane's window: how many events, and how many bytes of them, may be unsettled or not saved yet.
const (
	SingleWindowEvents = 2048
	SingleWindowBytes  = 16 << 20
	BatchWindowEvents  = 16_384
	BatchWindowBytes   = 32 << 20
)

// passing is what a lane counts in journal order. An entry remembers it as it was just before its event: that is what
// the saved row must say while this event is the oldest one that is not settled.
type passing struct {
	Matched  uint64 `json:"matched"`
	Filtered uint64 `json:"filtered"` // without what the class counted since the lane attached
	// WhereFailed counts those of the filtered for which the subscription's where could not be evaluated.
	WhereFailed uint64 `json:"where_failed,omitempty"`

	Passed  uint64 `json:"passed"` // skipped on sight, because the integration was off
	Lost    uint64 `json:"lost"`
	Expired uint64 `json:"expired"`
	Seq     uint64 `json:"seq"` // the account's running number
	// Foreign counts what was journalled of the accounts below the lane's own while it followed them, by their running
	// numbers.
	Foreign uint64 `json:"foreign,omitempty"`
	// Ahead is how many events were settled above the mark before a crash, in a part of the journal that cannot be read
	// any more, and are not found in any account's gap yet.
	Ahead uint64 `json:"ahead,omitempty"`
}

// entry is one event in a lane's window.
type entry struct {
	rec    *event.Record
	pos    journal.Position
	before passing
	moved  []number // the accounts below whose running numbers changed since the entry before this one

	attempt int // spent so far
	first   time.Time

	outcome store.Outcome // "" until it is settled
	status  uint16
	latency time.Duration
	grade   connector.Grade
	saved   bool // its outcome is durable
	skipped bool // settled without a send
	heeded  bool // noise control lets it go
}

// size is what the entry counts for against the window's bytes.
func (e *entry) size() int { return e.rec.Size() + numberBytes*len(e.moved) }

func (e *entry) settled() bool { return e.outcome != "" || e.skipped }

// window is a lane's entries in journal order.
type window struct {
	list  []*entry
	head  int
	bytes int
}

func (w *window) len() int { return len(w.list) - w.head }

func (w *window) push(e *entry) {
	w.list = append(w.list, e)
	w.bytes += e.size()
}

// first is the oldest entry; nil when the window is empty.
func (w *window) first() *entry {
	if w.len() == 0 {
		return nil
	}
	return w.list[w.head]
}

// popSaved drops the oldest entries as far as they are settled and saved.
func (w *window) popSaved() (n int) {
	for w.head < len(w.list) && w.list[w.head].saved {
		w.bytes -= w.list[w.head].size()
		w.list[w.head] = nil
		w.head++
		n++
	}
	if w.head == len(w.list) {
		w.list, w.head = w.list[:0], 0
		if cap(w.list) > 256 {
			w.list = nil // an idle lane holds no memory
		}
	} else if w.head > 1024 && w.head*2 > len(w.list) {
		w.list = append([]*entry(nil), w.list[w.head:]...)
		w.head = 0
	}
	return n
}

// unsettled gives the oldest entry that is not settled; nil when all are.
func (w *window) unsettled() *entry {
	for _, e := range w.list[w.head:] {
		if !e.settled() {
			return e
		}
	}
	return nil
}

// queue is a first-in, first-out list with a way back in at the front.
type queue struct {
	list []*entry
	head int
}

func (q *queue) len() int { return len(q.list) - q.head }

func (q *queue) push(e *entry) {
	if q.head > 1024 && q.head*2 > len(q.list) { // a queue that never runs empty must not grow for ever
		n := copy(q.list, q.list[q.head:])
		clear(q.list[n:])
		q.list, q.head = q.list[:n], 0
	}
	q.list = append(q.list, e)
}

func (q *queue) pushFront(es ...*entry) {
	if q.head >= len(es) {
		q.head -= len(es)
		copy(q.list[q.head:], es)
		return
	}
	q.list = append(append([]*entry(nil), es...), q.list[q.head:]...)
	q.head = 0
}

func (q *queue) peek() *entry {
	if q.len() == 0 {
		return nil
	}
	return q.list[q.head]
}

func (q *queue) pop() *entry {
	e := q.peek()
	if e == nil {
		return nil
	}
	q.list[q.head] = nil
	q.head++
	if q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
	}
	return e
}

// sort brings the queue into journal order.
func (q *queue) sort() {
	slices.SortFunc(q.list[q.head:], func(a, b *entry) int { return a.pos.Compare(b.pos) })
}

func (q *queue) clear() { *q = queue{} }
