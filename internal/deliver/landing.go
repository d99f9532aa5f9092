package deliver

import (
	"context"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// concludeCancelled closes what was in flight when the integration was switched off (it may be on again by now) or the
// engine stopped. Stopping leaves everything where it was: it is sent again after the start.
func (l *lane) concludeCancelled(w *work, res *result) {
	rejected, partial := connector.IsRejected(res.err)
	taken := func(i int) bool { return res.err == nil || partial && rejected[i] == nil }
	stopping := l.halted && !l.off
	now := l.e.Now()
	for i, e := range w.entries {
		switch {
		case taken(i):
			l.settleEntry(e, store.OutcomeDelivered, res)
			l.count.Delivered++
		case stopping:
			continue
		default:
			l.discardEntry(e)
		}
		l.release(e.rec.OrderingKey, now)
	}
	for i, p := range w.parked {
		p.flying = false
		l.cancelRiders(p, taken(len(w.entries)+i), stopping, now)
		switch {
		case taken(len(w.entries) + i):
			l.unparkDelivered(p)
		case stopping:
			l.park.arrange(p)
			continue
		default:
			l.discardParked(p)
		}
		l.release(p.row.OrderingKey, now)
	}
	if w.probe {
		l.breaker.putBack(now, 0)
	}
	l.health.attempts[store.OutcomeCancelled]++
}

// landedLocked tells who waits that nothing is in flight any more.
func (l *lane) landedLocked() {
	if l.flying > 0 {
		return
	}
	for _, c := range l.landed {
		close(c)
	}
	l.landed = nil
}

// awaitLanding waits until nothing is in flight, or ctx is done.
func (l *lane) awaitLanding(ctx context.Context) {
	l.mu.Lock()
	done := make(chan struct{})
	l.landed = append(l.landed, done)
	l.landedLocked()
	l.mu.Unlock()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
