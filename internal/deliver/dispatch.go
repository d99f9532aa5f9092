package deliver

import (
	"container/heap"
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// batchesInFlight is how many batches one lane sends at once: the next is made while the last one travels. A connector
// whose answers take long says more (connector.Pipeliner). A lane that must keep order, or whose last batch failed, sends
// one.
const batchesInFlight = 2

// work is what one request carries: entries of the window, or parked deliveries.
type work struct {
	entries []*entry
	parked  []*parked
	probe   bool
	scout   bool // the first of its credential after a pause

	// What was in force when the work was picked: the engine (a batch must never go out as a single message) and what
	// ends when the integration is switched off.
	send  Func
	ctx   context.Context
	grade connector.Grade
}

// dispatch starts as many requests as the lane may have in flight. The caller holds mu.
func (l *lane) dispatch() {
	for w := l.nextWork(); w != nil; w = l.nextWork() {
		l.flying++
		l.e.sends.Add(1)
		go l.run(w)
	}
	l.schedule()
}

// nextWork takes the next request's deliveries; nil if nothing may be sent now.
func (l *lane) nextWork() *work {
	if l.off || l.removed || l.halted || l.row.Held() || l.flying >= l.maxFlying() {
		return nil
	}
	if l.idle() && l.held.empty() {
		return nil
	}
	now := l.e.Now()
	if now.Before(l.throttle) || l.idle() && !l.held.ripe(now) {
		return nil
	}
	probe := l.breaker.open
	if probe && !l.breaker.mayProbe(now) {
		return nil
	}
	l.ripen(now)
	scout, free := l.shared.enter(l, now)
	var w *work
	if free {
		w = l.pick(now, probe)
	}
	if w == nil {
		if probe {
			l.breaker.probing = false
		}
		if scout {
			l.shared.unscout(l)
		}
		return nil
	}
	w.probe, w.scout, w.send, w.ctx, w.grade = probe, scout, l.send, l.ctx, l.grade
	return w
}

// idle says whether there is nothing that could be sent.
func (l *lane) idle() bool {
	return l.ready.len() == 0 && len(l.again) == 0 && l.park.soonest() == nil
}

func (l *lane) maxFlying() int {
	switch {
	case l.batch.events == 0:
		return l.policy.Concurrency
	case l.ordered() || l.failures > 0 || l.policy.Concurrency == 1:
		return 1
	}
	return l.batch.flying
}

func (l *lane) pick(now time.Time, probe bool) *work {
	if l.batch.events > 0 {
		return l.pickBatch(now, probe)
	}
	if l.owed >= fillShare {
		if p := l.takeFill(now, false); p != nil {
			return &work{parked: []*parked{p}}
		}
	}
	if p := l.takeDue(now, probe); p != nil {
		l.owed++
		return &work{parked: []*parked{p}}
	}
	for e := l.ready.peek(); e != nil && !l.park.full() && !now.Before(l.notBefore(e)); e = l.ready.peek() {
		if l.ready.pop(); l.heed(e, now) && l.admit(e, now) {
			l.owed++
			return &work{entries: []*entry{e}}
		}
	}
	if p := l.takeFill(now, probe && l.ready.len() == 0); p != nil {
		return &work{parked: []*parked{p}}
	}
	return nil
}

// fillShare is how many requests of its own a lane makes for one of a backfill, when it has both to make.
const fillShare = 3

// fillBump is how much later a backfill's delivery is looked at again, whose key is in flight.
const fillBump = 20 * time.Millisecond

// takeFill takes a backfill's delivery whose time has come. A probe takes the first one even before its time.
func (l *lane) takeFill(now time.Time, probe bool) *parked {
	for range maxFillLooks {
		p := l.park.fill.first()
		if p == nil || p.row.Due.After(now) && !probe {
			return nil
		}
		g := l.gateOf(p.row.OrderingKey)
		if g == nil || !g.busy && len(g.waiting) == 0 { // who waits at a gate that is free is about to go
			l.owed = 0
			l.takeOff(p, g)
			return p
		}
		p.row.Due = now.Add(fillBump)
		heap.Fix(&l.park.fill, p.index)
		probe = false
	}
	return nil
}

// maxFillLooks bounds the look for a backfill's delivery whose key is free.
const maxFillLooks = 64

// takeOff marks a parked delivery as in flight.
func (l *lane) takeOff(p *parked, g *gate) {
	if g != nil {
		g.busy = true
	}
	p.flying = true
	l.park.arrange(p)
	for _, r := range p.riders {
		if g := l.gateOf(r.row.OrderingKey); g != nil {
			g.busy = true
		}
		r.flying = true
	}
}

// notBefore is when an entry may be tried first: the schedule's first delay counts from the event's arrival.
func (l *lane) notBefore(e *entry) time.Time {
	if len(l.policy.Schedule) == 0 || l.policy.Schedule[0] <= 0 || e.rec.Received.After(l.e.Now()) {
		return time.Time{} // what came in the future came before the wall clock was set back
	}
	return e.rec.Received.Add(l.policy.Schedule[0])
}

// takeDue takes a parked delivery whose time has come. A probe takes the first one even before its time, when there is
// nothing else to probe with.
func (l *lane) takeDue(now time.Time, probe bool) *parked {
	p := l.park.next()
	if p == nil || p.row.Due.After(now) && (!probe || l.ready.len() > 0 && !l.park.full()) {
		return nil
	}
	if !l.mayFly(p) {
		p.row.Due = now.Add(time.Second) // a forced replay while the key is in flight
		l.park.arrange(p)
		return nil
	}
	l.takeOff(p, l.gateOf(p.row.OrderingKey))
	return p
}

func (l *lane) pickBatch(now time.Time, probe bool) *work {
	if len(l.again) > 0 {
		w := l.again[0]
		l.again = l.again[1:]
		return w
	}
	if l.owed >= fillShare {
		if w := l.fillBatch(now, false); w != nil {
			return w
		}
	}
	if w := l.dueBatch(&l.park.due, now, false); w != nil {
		l.owed++
		return w
	}
	if l.ready.len() == 0 || l.holdsBack() || !probe && l.waitsToFill(now) || now.Before(l.notBefore(l.ready.peek())) {
		return l.fillBatch(now, probe && l.ready.len() == 0)
	}
	w, bytes, heeding := &work{}, 0, l.heeding()
	for len(w.entries) < l.batch.events {
		e := l.ready.peek()
		if e == nil || heeding && l.park.full() || len(w.entries) > 0 && (bytes+e.rec.Size() > l.batch.bytes || now.Before(l.notBefore(e))) {
			break
		}
		if l.ready.pop(); !heeding || l.heed(e, now) {
			bytes += e.rec.Size()
			w.entries = append(w.entries, e)
		}
	}
	if len(w.entries) == 0 {
		return l.fillBatch(now, probe) // all of it was held back
	}
	l.owed++
	l.lastBatch = now
	return w
}

// holdsBack says whether nothing may be taken from the queue because there is no room to park what noise control holds.
// Single messages need room anyway: each may have to be parked.
func (l *lane) holdsBack() bool { return l.park.full() && (l.batch.events == 0 || l.heeding()) }

// fillBatch takes deliveries of backfills.
func (l *lane) fillBatch(now time.Time, probe bool) *work {
	w := l.dueBatch(&l.park.fill, now, probe)
	if w != nil {
		l.owed = 0
	}
	return w
}

// dueBatch takes parked deliveries whose time has come: replays from the mailbox, what came by fallback, backfills. A
// probe takes the first one even before its time.
func (l *lane) dueBatch(from *dueHeap, now time.Time, probe bool) *work {
	w, bytes := &work{}, 0
	for len(w.parked) < l.batch.events && bytes < l.batch.bytes {
		p := from.first()
		if p == nil || p.row.Due.After(now) && !(probe && len(w.parked) == 0) {
			break
		}
		l.takeOff(p, nil)
		bytes += p.size
		w.parked = append(w.parked, p)
	}
	if len(w.parked) == 0 {
		return nil
	}
	return w
}

// waitsToFill says whether the batch is still waiting for more events. An event that finds the lane quiet goes at once;
// only what follows closely behind a batch waits for company.
func (l *lane) waitsToFill(now time.Time) bool {
	return l.batch.wait > 0 && l.ready.len() < l.batch.events && l.win.bytes < l.batch.bytes &&
		now.Before(l.lastBatch.Add(l.batch.wait))
}

// schedule sets the lane's one timer to the next time at which something may start. The caller holds mu.
func (l *lane) schedule() {
	at := l.nextTime()
	if at.IsZero() || l.halted || l.removed {
		return
	}
	if l.timer != nil && !l.timerAt.IsZero() && !at.Before(l.timerAt) {
		return // the timer will look again anyway
	}
	l.timerAt = at
	wait := max(at.Sub(l.e.Now()), time.Millisecond)
	if l.timer == nil {
		l.timer = time.AfterFunc(wait, l.ring)
		return
	}
	l.timer.Reset(wait)
}

// ring is the timer's way in.
func (l *lane) ring() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timerAt = time.Time{}
	l.dispatch()
}

// nextTime is when something may start that may not now; zero if only an event can change that.
func (l *lane) nextTime() time.Time {
	if l.off || l.row.Held() || l.flying >= l.maxFlying() || l.breaker.open && l.breaker.probing {
		return time.Time{}
	}
	at := l.nextSend()
	if l.held.empty() {
		return at
	}
	due := later(l.held.due[0].due, l.throttle)
	if l.breaker.open {
		due = later(due, l.breaker.probeAt)
	}
	if at.IsZero() || due.Before(at) {
		return due
	}
	return at
}

// nextSend is when something may be sent that may not be now, without what is held.
func (l *lane) nextSend() time.Time {
	if l.idle() {
		return time.Time{}
	}
	now := l.e.Now()
	at := now
	switch {
	case l.breaker.open:
		at = l.breaker.probeAt
	case len(l.again) == 0 && (l.ready.len() == 0 || l.holdsBack()):
		p := l.park.soonest()
		if p == nil {
			return time.Time{} // what is parked is in flight, or behind what is
		}
		at = p.row.Due
	case l.batch.events > 0 && l.ready.len() > 0 && len(l.again) == 0:
		at = later(l.lastBatch.Add(l.batch.wait), l.notBefore(l.ready.peek()))
	case len(l.again) == 0:
		at = later(now, l.notBefore(l.ready.peek()))
	}
	if p := l.park.soonest(); p != nil && !l.breaker.open && p.row.Due.Before(at) {
		at = p.row.Due
	}
	return later(later(at, l.throttle), l.shared.nextAt(l, now))
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
