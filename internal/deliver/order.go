package deliver

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// gate keeps the deliveries of one ordering key apart: one in flight, the others wait in the window; and when one is
// parked, what follows it is parked behind it, so that it does not hold back the mark.
type gate struct {
	busy    bool
	parked  int      // deliveries of the key in the parking
	fills   int      // those of backfills, which hold back only each other
	waiting []*entry // in order
}

// held is the count of parked deliveries that a delivery belongs to.
func (g *gate) held(p *parked) *int {
	if p.fills() {
		return &g.fills
	}
	return &g.parked
}

// idle says whether nothing needs the gate.
func (g *gate) idle() bool { return !g.busy && g.parked == 0 && g.fills == 0 && len(g.waiting) == 0 }

func (l *lane) ordered() bool { return l.policy.Order == connector.OrderByKey }

// gateOf is the gate of a key; nil when order does not matter.
func (l *lane) gateOf(key string) *gate {
	if key == "" || !l.ordered() {
		return nil
	}
	g := l.gates[key]
	if g == nil {
		g = new(gate)
		l.gates[key] = g
	}
	return g
}

// admit says whether the entry may be sent now. If not, it has been put where it waits.
func (l *lane) admit(e *entry, now time.Time) bool {
	g := l.gateOf(e.rec.OrderingKey)
	switch {
	case g == nil:
		return true
	case g.parked > 0:
		l.parkBehind(e, now)
		l.nextOfKey(g) // which waits behind it
		return false
	case g.busy:
		g.waiting = append(g.waiting, e)
		return false
	}
	g.busy = true
	return true
}

// release lets the next delivery of a key go. It is called when one of the key has come back, after what became of it
// has been recorded.
func (l *lane) release(key string, now time.Time) {
	if key == "" {
		return
	}
	g := l.gates[key]
	if g == nil {
		return
	}
	g.busy = false
	if g.fills > 0 {
		l.promote(key, now, true)
	}
	switch {
	case g.parked > 0:
		if l.heeding() { // noise control may have something to say first
			l.ready.pushFront(g.waiting...)
		} else {
			for _, e := range g.waiting {
				l.parkBehind(e, now)
			}
		}
		g.waiting = nil
		l.promote(key, now, false)
	case len(g.waiting) > 0:
		l.ready.pushFront(g.waiting[0])
		g.waiting = g.waiting[1:]
	case g.idle():
		delete(l.gates, key)
	}
}

// releaseSaved keeps the key of a delivery that went to the mailbox taken until its row is durable; false if order does
// not matter. Were the next one sent at once, a crash could forget the mailbox and send this one after it.
func (l *lane) releaseSaved(p *parked) bool {
	if l.gateOf(p.row.OrderingKey) == nil {
		return false
	}
	p.releases = true
	l.e.wakeSettler(true)
	return true
}

// promote gives the first delivery behind the key a due time, unless one of the key has one already. Those of backfills
// and the others are apart.
func (l *lane) promote(key string, now time.Time, fills bool) {
	var behind []*parked
	for _, p := range l.park.byID {
		switch {
		case p.row.OrderingKey != key || p.fills() != fills:
		case p.row.State != store.StateBehind || p.flying:
			return
		default:
			behind = append(behind, p)
		}
	}
	sortParked(behind)
	for i, p := range behind {
		if p.row.Group == "" {
			if i == 0 {
				l.setDue(p, now)
			}
			return
		}
		l.rehold(p, now)
	}
}

// setDue makes a parked delivery due.
func (l *lane) setDue(p *parked, at time.Time) {
	p.row.State, p.row.Due = store.StateParked, at
	l.park.arrange(p)
	l.touch(p)
}

// unorder lets everything go that waited for its turn, when the order is switched off.
func (l *lane) unorder(now time.Time) {
	l.unwait()
	clear(l.gates)
	for _, p := range l.park.all() {
		p.gated = false
		if p.row.State == store.StateBehind {
			p.row.Group = ""
			l.setDue(p, now)
		}
	}
}

// order counts what is parked or in flight at the gates of its keys, when the order is switched on.
func (l *lane) order() {
	for _, p := range l.park.byID {
		l.parkGated(p)
		if g := l.gateOf(p.row.OrderingKey); g != nil && p.flying {
			g.busy = true
		}
	}
	still := make(map[*entry]bool, l.ready.len())
	for _, e := range l.ready.list[l.ready.head:] {
		still[e] = true
	}
	for _, g := range l.gates {
		for _, e := range g.waiting {
			still[e] = true
		}
	}
	for _, e := range l.win.list[l.win.head:] {
		if g := l.gateOf(e.rec.OrderingKey); g != nil && !e.settled() && !still[e] {
			g.busy = true
		}
	}
}

// unwait puts everything that waits for its key back into the queue, in journal order.
func (l *lane) unwait() {
	moved := false
	for _, g := range l.gates {
		for _, e := range g.waiting {
			l.ready.push(e)
			moved = true
		}
		g.waiting = nil
	}
	if moved {
		l.ready.sort()
	}
}
