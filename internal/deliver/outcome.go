package deliver

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of what the ledger keeps of one lane.
const (
	// maxErrorText bounds an error in the ledger, in bytes.
	maxErrorText = 1024
	// maxAttemptsPerTick bounds the attempts that one lane records in one tick; more are only counted.
	maxAttemptsPerTick = 2000
)

// settleEntry notes that an entry needs nothing more.
func (l *lane) settleEntry(e *entry, outcome store.Outcome, res *result) {
	e.outcome = outcome
	e.status = uint16(min(res.exchange.Status, 999))
	e.latency = res.exchange.Latency
	if outcome == store.OutcomeDelivered {
		e.grade = res.grade
		l.tempo.arrived(e.rec.Received, res.judged)
	}
	l.settledN = append(l.settledN, e)
	l.e.live.delivered(l, e, res)
}

// parkEntry takes an entry out of the window and lets it wait.
func (l *lane) parkEntry(e *entry, state store.ParkedState, due, now time.Time, cause, class string) *parked {
	p := l.parkedFrom(e, now)
	p.row.State, p.row.Due, p.row.Cause, p.row.CauseClass = state, due, cause, class
	e.outcome = store.OutcomeRetry
	l.settledN = append(l.settledN, e)
	l.park.add(p)
	l.parkGated(p)
	l.touch(p)
	l.dirty = true
	return p
}

// buryEntry puts an entry into the mailbox.
func (l *lane) buryEntry(e *entry, now time.Time, cause, class string) *parked {
	p := l.parkedFrom(e, now)
	e.outcome = store.OutcomeMailbox
	l.settledN = append(l.settledN, e)
	l.bury(p, now, cause, class)
	return p
}

// bury puts a delivery that failed into the mailbox; when its row is saved, the fallback gets it.
func (l *lane) bury(p *parked, now time.Time, cause, class string) {
	l.closeParked(p, store.StateMailbox, now, cause, class)
	l.tally(&p.row).Mailbox++
	p.handOn = p.row.FromDelivery.IsZero() && p.row.ToDelivery.IsZero()
}

// discardEntry closes an entry because the integration was switched off.
func (l *lane) discardEntry(e *entry) {
	now := l.e.Now()
	p := l.parkedFrom(e, now)
	e.outcome = store.OutcomeCancelled
	l.settledN = append(l.settledN, e)
	l.closeParked(p, store.StateDiscarded, now, l.closing.reason, l.closing.class)
	l.count.Discarded++
	l.dirty = true
}

// discardParked closes a parked delivery because the integration was switched off.
func (l *lane) discardParked(p *parked) {
	l.unpark(p)
	p.riders, p.after, p.carrier = nil, nil, nil
	l.closeParked(p, store.StateDiscarded, l.e.Now(), l.closing.reason, l.closing.class)
	l.tally(&p.row).Discarded++
	l.dirty = true
}

func (l *lane) parkedFrom(e *entry, now time.Time) *parked {
	rec := e.rec.Clone() // its neighbours' buffer may go
	p := &parked{
		index: -1, rec: rec, size: rec.Size(),
		row: store.Parked{
			Delivery: event.DeliveryID(rec.ID, l.id), Account: l.account, Integration: l.id, Event: rec.ID,
			Type: rec.Type, Severity: rec.Severity, OrderingKey: rec.OrderingKey, Position: e.pos,
			Attempts: e.attempt, FirstTried: e.first, Since: now,
		},
	}
	if rec.Account != l.account {
		p.row.EventAccount, p.row.Parents = rec.Account, rec.Parents
	}
	return p
}

// closeParked gives a delivery that is not in the parking any more its final row.
func (l *lane) closeParked(p *parked, state store.ParkedState, now time.Time, cause, class string) {
	p.row.State, p.row.Due, p.row.Since = state, time.Time{}, now
	p.row.Cause, p.row.CauseClass = cause, class
	p.row.Group, p.row.Carrier, p.row.Subject = "", event.ID{}, ""
	l.touch(p)
	if state == store.StateMailbox {
		l.tempo.failed++
	}
	l.e.live.closed(l, p)
}

// unpark takes a delivery out of the parking.
func (l *lane) unpark(p *parked) {
	l.park.remove(p)
	if p.group != nil {
		l.held.leave(p)
	}
	if g := l.gates[p.row.OrderingKey]; g != nil && p.gated {
		*g.held(p)--
	}
	p.gated = false
}

// unparkDelivered takes a delivery that succeeded out of the parking; its row goes away.
func (l *lane) unparkDelivered(p *parked) {
	l.unpark(p)
	l.tally(&p.row).Delivered++
	l.tempo.arrivedParked(p, l.e.Now())
	delete(l.touched, p.row.Delivery)
	l.gone = append(l.gone, p.row.Delivery)
	l.dirty = true
}

// parkGated counts a parked delivery at its key's gate.
func (l *lane) parkGated(p *parked) {
	if g := l.gateOf(p.row.OrderingKey); g != nil && !p.gated {
		*g.held(p)++
		p.gated = true
	}
}

// touch has the next tick write the row.
func (l *lane) touch(p *parked) {
	l.touched[p.row.Delivery] = p
	l.dirty = true
}

// record keeps an attempt that deserves a row: every failure, and every success after one.
func (l *lane) record(id event.ID, rec *event.Record, number int, res *result, err error, v Verdict, batched int) *store.Attempt {
	if len(l.attempts) >= maxAttemptsPerTick {
		return new(store.Attempt)
	}
	a := store.Attempt{
		ID: event.NewID(), Account: l.account, Integration: l.id, Delivery: id, Number: number, At: res.at,
		Latency: res.exchange.Latency, Outcome: v.Outcome, Status: res.exchange.Status, Class: v.Class,
		Answer: string(res.exchange.Answer), Batched: batched,
	}
	if rec != nil {
		a.Event, a.Type = rec.ID, rec.Type
	}
	if err != nil {
		a.Error = bounded(err.Error(), maxErrorText)
	}
	if v.Outcome == store.OutcomeDelivered {
		a.Grade = string(res.grade)
	}
	l.e.live.recorded(l, rec, &a)
	l.attempts = append(l.attempts, a)
	return &l.attempts[len(l.attempts)-1]
}

// recordParked keeps an attempt at a parked delivery, with where that came from.
func (l *lane) recordParked(p *parked, res *result, err error, v Verdict, batched int) {
	a := l.record(p.row.Delivery, p.rec, p.row.Attempts+1, res, err, v, batched)
	a.Event, a.Type = p.row.Event, p.row.Type
	a.Batched = max(batched, len(p.riders)+1)
	a.Run, a.FromIntegration, a.FromDelivery = p.row.Run, p.row.FromIntegration, p.row.FromDelivery
}

// bounded cuts a text to at most n bytes, on a character's edge and with a visible mark.
func bounded(text string, n int) string {
	if len(text) <= n {
		return strings.ToValidUTF8(text, "\uFFFD")
	}
	const mark = "…"
	cut := n - len(mark)
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return strings.ToValidUTF8(text[:cut], "\uFFFD") + mark
}

func (l *lane) windowEvents() int {
	if l.batch.events > 0 {
		return BatchWindowEvents
	}
	return SingleWindowEvents
}
