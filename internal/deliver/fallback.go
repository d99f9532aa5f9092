package deliver

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// What ends in an integration's mailbox is handed to its fallback, if it has one: the row in the mailbox with its mark,
// the fallback's own delivery and the fallback's counts are saved in one transaction. So that they are, a tick takes over
// the lanes' state in an order in which every lane comes before its fallback.

// classOverflow is why a delivery by fallback is in the fallback's mailbox although it was never tried.
const classOverflow = "overflow"

const overflowCause = "came by fallback and was not tried: too many others that came so are parked already"

// follow notes an integration's fallback.
func (t *tail) follow(i store.Integration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i.Fallback.IsZero() || i.Fallback == i.ID || !i.DeletedAt.IsZero() {
		delete(t.fallback, i.ID)
		return
	}
	t.fallback[i.ID] = i.Fallback
}

// unfollow forgets a deleted integration.
func (t *tail) unfollow(id event.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.fallback, id)
}

// inOrder sorts lanes so that each comes before its fallback, and gives each its fallback as far as that can take
// something. There are no cycles (room integration sees to it); a link that closes one all the same is left out.
func (t *tail) inOrder(lanes []*lane) (ordered []*lane, to map[*lane]*lane) {
	if len(t.fallback) == 0 {
		return lanes, nil
	}
	byID := make(map[event.ID]*lane, len(lanes))
	for _, l := range lanes {
		byID[l.id] = l
	}
	to = map[*lane]*lane{}
	const begun, done = 1, 2
	state := make(map[*lane]int, len(lanes))
	// A fallback is finished before the lanes that lead to it: the list is made from its end.
	for _, l := range lanes {
		var path []*lane
		for at := l; at != nil && state[at] == 0; {
			state[at] = begun
			path = append(path, at)
			next := byID[t.fallback[at.id]]
			if next == nil || next.account != at.account || state[next] == begun {
				break
			}
			to[at] = next
			at = next
		}
		for i := len(path) - 1; i >= 0; i-- {
			state[path[i]] = done
			ordered = append(ordered, path[i])
		}
	}
	for i, j := 0, len(ordered)-1; i < j; i, j = i+1, j-1 {
		ordered[i], ordered[j] = ordered[j], ordered[i]
	}
	for from, target := range to {
		if !target.takesFallback() {
			delete(to, from)
		}
	}
	return ordered, to
}

// takesFallback says whether the lane can be given anything.
func (l *lane) takesFallback() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.off && !l.removed
}

// handOver makes the fallback's delivery of one that is about to be saved in the mailbox, and marks that; nil if there is
// nothing to hand over.
func (l *lane) handOver(p *parked, to *lane, now time.Time) *parked {
	if !p.handOn {
		return nil
	}
	p.handOn = false
	if to == nil || p.rec == nil || p.row.State != store.StateMailbox {
		return nil
	}
	seed := p.row.Delivery
	if !p.row.Run.IsZero() {
		seed = event.DeliveryID(seed, p.row.Run) // the same delivery may fail in more than one backfill
	}
	p.row.ToIntegration, p.row.ToDelivery = to.id, event.DeliveryID(seed, to.id)
	return &parked{
		index: -1, rec: p.rec, size: p.rec.Size(),
		row: store.Parked{
			Delivery: p.row.ToDelivery, Account: p.row.Account, Integration: to.id, Event: p.row.Event, Type: p.row.Type,
			Severity: p.row.Severity, OrderingKey: p.row.OrderingKey, Position: p.row.Position, Since: now,
			EventAccount: p.row.EventAccount, Parents: p.row.Parents,
			Run: to.id, FromIntegration: l.id, FromDelivery: p.row.Delivery,
		},
	}
}

// takeOver takes in what came by fallback. The caller holds mu.
func (l *lane) takeOver(list []*parked, now time.Time) {
	if len(list) == 0 {
		return
	}
	r := l.fallbackRun()
	for _, p := range list {
		if _, known := l.park.byID[p.row.Delivery]; known {
			continue // it is on its way already
		}
		r.state.Matched++
		switch {
		case l.off: // since it was asked
			l.closeParked(p, store.StateDiscarded, now, l.closing.reason, l.closing.class)
			r.state.Counts.Discarded++
		case l.park.given.full():
			l.closeParked(p, store.StateMailbox, now, overflowCause, classOverflow)
			r.state.Counts.Mailbox++
		default:
			l.admitParked(p, now)
		}
	}
}
