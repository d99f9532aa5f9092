package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// result is what came of a request.
type result struct {
	err      error
	at       time.Time // when it was begun
	judged   time.Time // when its answer was here
	exchange httpkit.Exchange
	grade    connector.Grade // what a success means
}

// run sends work, and then whatever may be sent next, until there is nothing.
func (l *lane) run(w *work) {
	defer l.e.sends.Done()
	for w != nil {
		res := l.attempt(w)
		l.mu.Lock()
		l.flying--
		l.conclude(w, &res)
		if w = l.nextWork(); w != nil {
			l.flying++
		}
		l.dispatch()
		l.catchUpLocked()
		l.landedLocked()
		l.mu.Unlock()
	}
}

// attempt makes one request. No lock is held.
func (l *lane) attempt(w *work) result {
	res := result{at: l.e.Now(), grade: w.grade}
	ds, err := l.deliveries(w.ctx, w, res.at)
	if err != nil {
		res.err = err
		return res
	}
	failpoint.Hit("deliver-in-flight")
	ctx, done := l.traced(w.ctx, ds)
	res.err = w.send(httpkit.WithExchange(ctx, &res.exchange), ds)
	done(&res)
	if res.exchange.Latency == 0 {
		res.exchange.Latency = l.e.Now().Sub(res.at)
	}
	failpoint.Hit("deliver-answered")
	return res
}

// deliveries makes what the connector gets.
func (l *lane) deliveries(ctx context.Context, w *work, now time.Time) ([]connector.Delivery, error) {
	ds := make([]connector.Delivery, 0, len(w.entries)+len(w.parked))
	for _, e := range w.entries {
		if e.first.IsZero() {
			e.first = now
		}
		ds = append(ds, connector.Delivery{Key: l.key(e.rec.ID), Record: e.rec, Attempt: e.attempt + 1})
	}
	for _, p := range w.parked {
		d, err := l.deliveryOf(ctx, p, now)
		if err != nil {
			return nil, err
		}
		ds = append(ds, d)
	}
	return ds, nil
}

func (l *lane) key(ev event.ID) string { return event.DeliveryID(ev, l.id).Text(event.PrefixDelivery) }

// errReadBack says that it was the hub's own store that failed, and no receiver.
var errReadBack = errors.New("reading the parked delivery back")

// readBackPause is how long a lane waits when the store could not give it a parked delivery's event.
const readBackPause = time.Second

// deliveryOf makes what the connector gets of a parked delivery, and reads its event back if only the store has it. The
// settler looks at p under the lane's lock, so it changes under it too.
func (l *lane) deliveryOf(ctx context.Context, p *parked, now time.Time) (connector.Delivery, error) {
	if len(p.riders) > 0 {
		return l.message(ctx, p, now)
	}
	l.mu.Lock()
	rec := p.rec
	l.mu.Unlock()
	if rec == nil {
		var err error
		if rec, err = l.recordOf(ctx, p.row.Delivery); err != nil {
			return connector.Delivery{}, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p.rec = rec
	if p.row.FirstTried.IsZero() {
		p.row.FirstTried = now
	}
	return connector.Delivery{Key: p.row.Delivery.Text(event.PrefixDelivery), Record: rec, Attempt: p.row.Attempts + 1}, nil
}

// recordOf reads a parked delivery's event from the store. That the store is not available is no fault of the receiver,
// so it spends no attempt.
func (l *lane) recordOf(ctx context.Context, id event.ID) (*event.Record, error) {
	row, err := l.e.Store.GetParked(ctx, l.account, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, connector.Permanent(fmt.Errorf("%w: %w", errReadBack, err))
	case err != nil:
		return nil, connector.Throttled(fmt.Errorf("%w: %w", errReadBack, err), readBackPause)
	}
	rec, _, err := event.DecodeRecord(row.Record, cmp.Or(row.EventAccount, l.account))
	if err != nil {
		return nil, connector.Permanent(fmt.Errorf("%w: %w", errReadBack, err))
	}
	rec.Parents = row.Parents
	return rec, nil
}

// conclude records what came of the work and decides what follows. The caller holds mu.
func (l *lane) conclude(w *work, res *result) {
	now := l.e.Now()
	res.judged = now
	l.dirty = true
	l.note(res, len(w.entries)+len(w.parked))
	l.tellBudget(w, res, now)
	if l.off || errors.Is(res.err, context.Canceled) && w.ctx.Err() != nil {
		l.concludeCancelled(w, res)
		return
	}
	l.tellBreaker(w, res, now)
	rejected, partial := connector.IsRejected(res.err)
	for i, e := range w.entries {
		err := res.err
		if partial {
			err = rejected[i]
		}
		l.concludeEntry(w, e, res, err, now)
	}
	for i, p := range w.parked {
		err := res.err
		if partial {
			err = rejected[len(w.entries)+i]
		}
		l.concludeParked(w, p, res, err, now)
	}
	l.concludeBatch(w, now)
	if connector.IsGone(res.err) && !l.off {
		go l.e.Disable(l.account, l.id, "the receiver answered 410 Gone: it wants nothing more")
	}
	l.e.wakeSettler(len(l.settledN) >= l.windowEvents()/2)
}

// note keeps what the health page shows.
func (l *lane) note(res *result, n int) {
	if res.err == nil {
		l.health.lastSuccess = res.at
		l.health.latency.Observe(res.exchange.Latency, uint64(n))
		return
	}
	if _, throttled := connector.IsThrottled(res.err); !throttled {
		l.noteError(bounded(res.err.Error(), maxErrorText))
	}
}

// tellBreaker gives the breaker its result. A refusal of one event's content is not a failure of the destination; a
// refusal of the credentials or of the address is.
func (l *lane) tellBreaker(w *work, res *result, now time.Time) {
	if after, throttled := connector.IsThrottled(res.err); throttled {
		after = pauseOf(after)
		if at := now.Add(after); at.After(l.throttle) {
			l.throttle = at // a short pause does not end a longer one
		}
		if w.probe {
			l.breaker.putBack(now, after)
		}
		return
	}
	if errors.Is(res.err, errReadBack) { // it never got to the receiver
		if w.probe {
			l.breaker.putBack(now, 0)
		}
		return
	}
	_, partial := connector.IsRejected(res.err)
	_, postponed := connector.IsPostponed(res.err)
	failed := res.err != nil && !partial && !postponed && (!connector.IsPermanent(res.err) || aboutSettings(res.exchange.Status))
	opened, closed := l.breaker.result(failed, w.probe, now)
	switch {
	case opened:
		l.log.Warn("the destination fails: deliveries wait, probes go on", "error", res.err)
	case closed:
		l.log.Info("the destination works again")
		l.park.dueNow(now)
	}
}

// tellBudget gives the lanes of the same credential what they must know of the result: a vendor that asks for a pause
// means them all. Our own limits are not the vendor's.
func (l *lane) tellBudget(w *work, res *result, now time.Time) {
	if l.shared == nil {
		return
	}
	after, throttled := connector.IsThrottled(res.err)
	ours := errors.Is(res.err, errRate) || errors.Is(res.err, errReadBack) || errors.Is(res.err, context.Canceled)
	switch {
	case throttled && !ours:
		l.shared.hold(now.Add(pauseOf(after)))
	case !w.scout:
	case ours:
		l.shared.unscout(l)
	default:
		l.shared.reopen(l, now)
	}
}

// pauseOf bounds the pause that somebody asked for.
func pauseOf(after time.Duration) time.Duration {
	if after <= 0 {
		after = defaultThrottle
	}
	return min(max(after, minThrottle), maxThrottle)
}

// minThrottle keeps a pause of nothing from becoming a busy loop.
const minThrottle = 10 * time.Millisecond

// refused says whether a probe met a refusal that every delivery would meet. Without an exchange it may well be the event
// that cannot be sent.
func (w *work) refused(res *result) bool {
	if !w.probe || res.exchange.Status == 0 || !aboutSettings(res.exchange.Status) {
		return false
	}
	_, partial := connector.IsRejected(res.err)
	return !partial && connector.IsPermanent(res.err)
}

// aboutSettings says whether a refusal is about the credentials or the address, and so will meet every event.
func aboutSettings(status int) bool {
	switch status {
	case 0, 401, 403, 404, 405, 407:
		return true
	}
	return status >= 300 && status < 400
}

func (l *lane) concludeEntry(w *work, e *entry, res *result, err error, now time.Time) {
	if l.batch.events > 0 {
		l.concludeBatched(w, e, res, err, now)
		return
	}
	refused := w.refused(res)
	v := Judge(err, Try{
		Number: e.attempt + 1, Age: now.Sub(e.first), Probe: w.probe, Refused: refused, Jitter: rand.Float64(),
	}, l.policy)
	l.health.attempts[v.Outcome]++
	switch v.Outcome {
	case store.OutcomeDelivered:
		l.settleEntry(e, v.Outcome, res)
		l.count.Delivered++
	case store.OutcomeThrottled:
		l.giveBack(e, false)
		return
	case store.OutcomeRetry:
		l.record(event.DeliveryID(e.rec.ID, l.id), e.rec, e.attempt+1, res, err, v, 1)
		if w.probe || l.park.full() {
			l.giveBack(e, refused)
			return
		}
		if !v.Free {
			e.attempt++
		}
		l.parkEntry(e, store.StateParked, now.Add(v.After), now, bounded(err.Error(), maxErrorText), v.Class)
	case store.OutcomeMailbox:
		l.record(event.DeliveryID(e.rec.ID, l.id), e.rec, e.attempt+1, res, err, v, 1)
		e.attempt++
		if l.releaseSaved(l.buryEntry(e, now, bounded(err.Error(), maxErrorText), v.Class)) {
			return
		}
	}
	l.release(e.rec.OrderingKey, now)
}

// giveBack puts an entry where it will be sent next; its key stays taken by it. One that was refused lets others of no
// order be the next probe: perhaps it was refused for itself.
func (l *lane) giveBack(e *entry, refused bool) {
	if g := l.gates[e.rec.OrderingKey]; g != nil && l.ordered() && e.rec.OrderingKey != "" {
		g.busy = false
		if g.idle() {
			delete(l.gates, e.rec.OrderingKey)
		}
	}
	if refused && (!l.ordered() || e.rec.OrderingKey == "") {
		l.ready.push(e)
		return
	}
	l.ready.pushFront(e)
}

func (l *lane) concludeParked(w *work, p *parked, res *result, err error, now time.Time) {
	p.flying = false
	age := now.Sub(p.row.FirstTried)
	v := Judge(err, Try{
		Number: p.row.Attempts + 1, Age: age, Probe: w.probe, Refused: w.refused(res), Jitter: rand.Float64(),
	}, l.policy)
	l.health.attempts[v.Outcome]++
	if v.Outcome != store.OutcomeThrottled {
		l.recordParked(p, res, err, v, len(w.parked))
	}
	l.concludeRiders(p, res, err, v, now)
	again := v.Outcome == store.OutcomeThrottled || v.Outcome == store.OutcomeRetry
	switch {
	case v.Outcome == store.OutcomeDelivered:
		l.unparkDelivered(p)
	case again && p.doomed:
		l.drop(p)
	case v.Outcome == store.OutcomeThrottled:
		p.row.Due = now.Add(v.After)
	case v.Outcome == store.OutcomeRetry:
		if !w.probe && !v.Free {
			p.row.Attempts++
		}
		p.row.Due = now.Add(v.After)
		p.row.Cause, p.row.CauseClass = bounded(err.Error(), maxErrorText), v.Class
		l.touch(p)
	case v.Outcome == store.OutcomeMailbox:
		p.row.Attempts++
		l.unpark(p)
		l.bury(p, now, bounded(err.Error(), maxErrorText), v.Class)
		if l.releaseSaved(p) {
			return
		}
	}
	if g := l.gates[p.row.OrderingKey]; g != nil {
		g.busy = false
	}
	if _, still := l.park.byID[p.row.Delivery]; still {
		l.park.arrange(p)
		if !p.fills() { // what follows waits behind it, except behind a backfill's
			return
		}
	}
	l.release(p.row.OrderingKey, now)
}
