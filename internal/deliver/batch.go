package deliver

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Pauses of the batch engine between two tries of the same batch, before the breaker takes over.
const (
	batchRetryFirst = 100 * time.Millisecond
	batchRetryMax   = time.Second
)

// concludeBatched settles one event of a batch. What the vendor refused for good goes to the mailbox; everything else
// that failed is collected by concludeBatch and sent again in place.
func (l *lane) concludeBatched(w *work, e *entry, res *result, err error, now time.Time) {
	switch {
	case err == nil:
		l.settleEntry(e, store.OutcomeDelivered, res)
		l.count.Delivered++
		l.health.attempts[store.OutcomeDelivered]++
	case connector.IsPermanent(err) && (!w.refused(res) || connector.IsGone(err) || now.Sub(e.first) > l.policy.MaxAge):
		v := Verdict{Outcome: store.OutcomeMailbox, Class: "permanent"}
		if connector.IsGone(err) {
			v.Class = "gone"
		}
		l.record(event.DeliveryID(e.rec.ID, l.id), e.rec, e.attempt+1, res, err, v, len(w.entries))
		e.attempt++
		l.buryEntry(e, now, bounded(err.Error(), maxErrorText), v.Class)
		l.health.attempts[store.OutcomeMailbox]++
		l.setAside++
	case now.Sub(e.first) > l.policy.MaxAge:
		v := Verdict{Outcome: store.OutcomeMailbox, Class: "exhausted"}
		l.record(event.DeliveryID(e.rec.ID, l.id), e.rec, e.attempt+1, res, err, v, len(w.entries))
		e.attempt++
		l.buryEntry(e, now, bounded(err.Error(), maxErrorText), v.Class)
		l.health.attempts[store.OutcomeMailbox]++
	default:
		l.unsent = append(l.unsent, e)
		if len(l.unsent) == 1 {
			l.recordBatch(w, e, res, err)
		}
	}
}

// recordBatch keeps one row for a failed request of many.
func (l *lane) recordBatch(w *work, e *entry, res *result, err error) {
	v := Verdict{Outcome: store.OutcomeRetry, Class: "retryable"}
	if _, throttled := connector.IsThrottled(err); throttled {
		v = Verdict{Outcome: store.OutcomeThrottled, Class: "throttled"}
	}
	l.health.attempts[v.Outcome]++
	l.record(event.DeliveryID(e.rec.ID, l.id), e.rec, l.failures+1, res, err, v, len(w.entries))
}

// concludeBatch sends again, in place, what was not settled.
func (l *lane) concludeBatch(w *work, now time.Time) {
	if l.batch.events == 0 || len(w.entries) == 0 {
		return
	}
	setAside := l.setAside
	l.setAside = 0
	if len(l.unsent) == 0 {
		l.failures = 0
		return
	}
	l.again = append(l.again, &work{entries: l.unsent})
	l.unsent = nil
	if setAside > 0 { // the receiver is well, it was the event: its neighbours need not wait
		l.failures = 0
		return
	}
	pause := min(batchRetryFirst<<min(l.failures, 10), batchRetryMax)
	l.failures++
	if at := now.Add(pause); at.After(l.throttle) {
		l.throttle = at
	}
}
