package torture

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/harness"
)

// fate is what the hub said about the request that carried an event.
type fate uint8

const (
	unsent  fate = iota // on its way, or never answered because nothing was sent
	acked               // 202: from here on it must not be lost
	unclear             // the answer was lost: both is allowed
)

// record is what is known of one event.
type record struct {
	id    eventID // zero until it is known
	fate  fate
	loose bool // its place in its key's order is not certain: the sender gave up waiting and went on
	// repeated: its answer was lost at first, so it may have been taken later than its number says, or earlier.
	repeated bool
	wants    [maxLanes]bool
	lanes    [maxLanes]seen
}

// seen is what one receiver saw of an event.
type seen struct {
	key   uint64 // hash of the delivery's key
	count uint16 // how often it was accepted
	held  bool   // it was in the mailbox, so others of its key may come first
	// refused is the life of the hub, counted from 1, in which the receiver last refused it for good.
	refused uint32
}

// books hold the fate of every event. Their methods are safe for concurrent use.
type books struct {
	plan  plan
	lanes []lane
	hash  maphash.Seed

	mu      sync.Mutex
	events  [workers][]record
	byID    map[eventID]uint32
	sent    uint64
	acked   uint64
	unclear uint64
	perLane [maxLanes]laneBook
	life    uint32 // of the hub, counted from 1
	wrong   violations
}

// laneBook sums one receiver up.
type laneBook struct {
	distinct   uint64            // events that were accepted at least once, the hub's own included
	duplicates uint64            // accepted again
	sinceKill  uint64            // duplicates since the last start of the hub
	own        map[eventID]int   // the hub's own events
	last       map[string]uint32 // the last number first accepted, by ordering key
	strangers  bool              // events of unknown number were replayed, and may come out of order
	refused    uint64            // refusals for good
	again      uint64            // of them: of events that had been refused in the same life of the hub
}

func newBooks(p plan, l []lane) *books {
	b := &books{plan: p, lanes: l, hash: maphash.MakeSeed(), byID: map[eventID]uint32{}, life: 1}
	for i := range l {
		b.perLane[i].own, b.perLane[i].last = map[eventID]int{}, map[string]uint32{}
	}
	return b
}

// at finds a record; nil if the number was never planned. The caller holds mu.
func (b *books) at(n uint32) *record {
	list := b.events[n%workers]
	if i := int(n / workers); i < len(list) {
		return &list[i]
	}
	return nil
}

// next gives a worker's next number.
func (b *books) next(worker int) uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := uint32(len(b.events[worker]))*workers + uint32(worker)
	var r record
	for i := range b.lanes {
		r.wants[i] = b.lanes[i].wants(b.plan.event(n).Type)
	}
	b.events[worker] = append(b.events[worker], r)
	b.sent++
	return n
}

// acknowledge takes a 202's id for an event. The same event may be acknowledged again, with the same id.
func (b *books) acknowledge(n uint32, text string) {
	id, err := parseEventID(text)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.wrong.add("bad answer", "event %d: %v", n, err)
		return
	}
	r := b.at(n)
	b.identify(n, r, id)
	switch r.fate {
	case unclear:
		b.unclear--
		b.acked++
	case unsent:
		b.acked++
	}
	r.fate = acked
}

// identify notes an event's id, which must be its only one and no other event's. The caller holds mu.
func (b *books) identify(n uint32, r *record, id eventID) {
	switch other, known := b.byID[id]; {
	case r.id == eventID{} && known:
		b.wrong.add("id given twice", "%s for event %d and event %d", id, other, n)
	case r.id == eventID{}:
		r.id = id
		b.byID[id] = n
	case r.id != id:
		b.wrong.add("another id", "event %d is %s and %s", n, r.id, id)
	}
}

// lose notes that a request's answer was lost. late says that the sender gave up waiting: the hub may still take the
// events when later ones are already in.
func (b *books) lose(numbers []uint32, late bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range numbers {
		r := b.at(n)
		r.loose, r.repeated = r.loose || late, true
		if r.fate == unsent {
			r.fate = unclear
			b.unclear++
		}
	}
}

// accept notes that a receiver accepted an event, just before it says so.
func (b *books) accept(laneIndex int, a arrived) {
	n, ours := harness.EventNumber(a.json)
	if !ours {
		b.acceptOwn(laneIndex, a)
		return
	}
	id, err := compare(b.plan.bytes(n), a.json)
	e := b.plan.event(n)
	l := &b.lanes[laneIndex]

	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.at(n)
	switch {
	case r == nil:
		b.wrong.add("never sent", "%s got event %d", l.name, n)
		return
	case err != nil:
		b.wrong.add("wrong payload", "%s, event %d: %v", l.name, n, err)
		return
	case !r.wants[laneIndex]:
		b.wrong.add("not subscribed", "%s got event %d of type %s", l.name, n, e.Type)
	}
	b.identify(n, r, id)
	s, book := &r.lanes[laneIndex], &b.perLane[laneIndex]
	key := maphash.String(b.hash, a.key)
	if s.count == 0 {
		book.distinct++
		s.key = key
		b.checkOrder(l, book, n, e.Key, r, s)
	} else {
		book.duplicates++
		book.sinceKill++
		if s.key != key {
			b.wrong.add("another delivery key", "%s, event %d: now %q", l.name, n, a.key)
		}
	}
	if s.count < 1<<16-1 {
		s.count++
	}
}

// checkOrder compares an event that is accepted for the first time with the last of its key. The caller holds mu.
func (b *books) checkOrder(l *lane, book *laneBook, n uint32, key string, r *record, s *seen) {
	if !l.ordered || key == "" || r.loose || s.held || r.fate == unclear && book.strangers {
		return
	}
	if last, known := book.last[key]; known && n < last {
		b.wrong.add("out of order", "%s, key %s: event %d after event %d", l.name, key, n, last)
		return
	}
	book.last[key] = n
}

// acceptOwn takes an event that the load did not make: the hub's own are of type system.*.
func (b *books) acceptOwn(laneIndex int, a arrived) {
	id, eventType, err := own(a.json)
	b.mu.Lock()
	defer b.mu.Unlock()
	book := &b.perLane[laneIndex]
	switch {
	case err != nil:
		b.wrong.add("wrong payload", "%s: %v", b.lanes[laneIndex].name, err)
	case !strings.HasPrefix(eventType, "system."):
		b.wrong.add("never sent", "%s got %s of type %q", b.lanes[laneIndex].name, id, eventType)
	case book.own[id] == 0:
		book.distinct++
	default:
		book.duplicates++
		book.sinceKill++
	}
	if err == nil {
		book.own[id]++
	}
}

// hold notes that events are in a lane's mailbox. Ids that are not known are events whose answer was lost:
// whichever they are, they may come out of order.
func (b *books) hold(laneIndex int, ids []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range ids {
		id, err := parseEventID(text)
		if err != nil {
			b.wrong.add("bad answer", "mailbox: %v", err)
			continue
		}
		if n, known := b.byID[id]; known {
			b.at(n).lanes[laneIndex].held = true
		} else {
			b.perLane[laneIndex].strangers = true
		}
	}
}

// missing gives the numbers of acknowledged events that a lane wants and never got, at most limit of them, and their count.
func (b *books) missing(laneIndex, limit int) (some []uint32, count int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.events {
		for i := range b.events[w] {
			r := &b.events[w][i]
			n := uint32(i)*workers + uint32(w)
			if r.fate != acked || r.lanes[laneIndex].count > 0 || !r.wants[laneIndex] || b.lanes[laneIndex].loose {
				continue
			}
			if count++; len(some) < limit {
				some = append(some, n)
			}
		}
	}
	return some, count
}

// refuse notes that a receiver refused an event for good. The hub saves the mailbox before it goes on with others of the
// event's key, so that even a kill lets none of them come first.
func (b *books) refuse(laneIndex int, a arrived) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, ours := harness.EventNumber(a.json)
	if !ours || b.at(n) == nil {
		return
	}
	s, book := &b.at(n).lanes[laneIndex], &b.perLane[laneIndex]
	book.refused++
	if s.refused == b.life {
		book.again++
	}
	s.refused = b.life
}

// refusals counts the refusals for good of all lanes, and those that were repeated in one life of the hub.
func (b *books) refusals() (all, again uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.lanes {
		all += b.perLane[i].refused
		again += b.perLane[i].again
	}
	return all, again
}

// describe says which events are meant, for the report of a failure.
func (b *books) describe(numbers []uint32) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out strings.Builder
	for i, n := range numbers {
		if i > 0 {
			out.WriteString(", ")
		}
		fmt.Fprintf(&out, "%d (%s)", n, b.at(n).id)
	}
	return out.String()
}

// restarted begins a new count of duplicates and gives the largest of the one that ends.
func (b *books) restarted() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.life++
	most := uint64(0)
	for i := range b.lanes {
		most = max(most, b.perLane[i].sinceKill)
		b.perLane[i].sinceKill = 0
	}
	return most
}

// fail adds a violation.
func (b *books) fail(kind, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong.add(kind, format, args...)
}

// sums are the books' totals.
type sums struct {
	sent, acked, unclear uint64
	perLane              [maxLanes]laneSums
}

type laneSums struct{ distinct, duplicates, own uint64 }

// duplicates are those of all lanes.
func (s *sums) duplicates() uint64 {
	n := uint64(0)
	for i := range s.perLane {
		n += s.perLane[i].duplicates
	}
	return n
}

func (b *books) sums() sums {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := sums{sent: b.sent, acked: b.acked, unclear: b.unclear}
	for i := range b.lanes {
		l := &b.perLane[i]
		s.perLane[i] = laneSums{distinct: l.distinct, duplicates: l.duplicates, own: uint64(len(l.own))}
	}
	return s
}

// wanted counts the acknowledged events, and those of unclear fate, that a lane wants.
func (b *books) wanted(laneIndex int) (sure, perhaps uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.events {
		for i := range b.events[w] {
			if !b.events[w][i].wants[laneIndex] {
				continue
			}
			switch fate := b.events[w][i].fate; {
			case fate == unclear, fate == acked && b.lanes[laneIndex].loose:
				perhaps++
			case fate == acked:
				sure++
			}
		}
	}
	return sure, perhaps
}
