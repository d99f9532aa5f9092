package deliver

import (
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/deliver/noise"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// A message that stands for several deliveries is carried by the first of them: it is sent under that one's key, and is
// retried, ordered and judged as that one is. The others ride with it. Who rides with whom is durable before the message
// is sent, so that the same key always stands for the same deliveries.

// The steps of making a carrier durable.
const (
	sealWanted = 1 // not in a tick yet
	sealSaving = 2 // in the tick under way
)

// seal makes one message of deliveries, which are in journal order.
func (l *lane) seal(list []*parked, key string, now time.Time) {
	carrier := list[0]
	carrier.riders = list[1:]
	carrier.sealing = sealWanted
	carrier.row.Group = key
	l.setDue(carrier, now)
	for _, p := range carrier.riders {
		p.row.State, p.row.Carrier, p.row.Group, p.carrier = store.StateHeld, carrier.row.Delivery, key, carrier
		l.park.arrange(p)
		l.touch(p)
	}
	l.e.wakeSettler(true)
}

// sealed lets a carrier go whose riders are saved.
func (l *lane) sealed(p *parked) {
	if p.sealing == sealSaving {
		p.sealing = 0
		l.park.arrange(p)
	}
}

// ridden gives a delivery's carrier, itself unless it rides with another.
func (p *parked) ridden() *parked {
	if p.carrier != nil {
		return p.carrier
	}
	return p
}

// party is a carrier and who rides with it; a delivery by itself otherwise.
func (p *parked) party() []*parked { return append([]*parked{p}, p.riders...) }

// disband ends the ride. What waited for its end is due.
func (l *lane) disband(p *parked, now time.Time) {
	for _, r := range p.riders {
		r.carrier, r.row.Carrier, r.row.Group = nil, event.ID{}, ""
	}
	for _, a := range p.after {
		if l.park.byID[a.row.Delivery] == a && a.row.State == store.StateBehind {
			l.setDue(a, now)
		}
	}
	p.riders, p.after, p.composed, p.row.Group = nil, nil, nil, ""
}

// message makes what the connector gets of a carrier.
func (l *lane) message(ctx context.Context, p *parked, now time.Time) (connector.Delivery, error) {
	l.mu.Lock()
	rec := p.composed
	if p.row.FirstTried.IsZero() {
		p.row.FirstTried = now
	}
	first := p.row.FirstTried
	withRecords := !l.row.Fallback.IsZero()
	l.mu.Unlock()
	if rec == nil {
		var err error
		if rec, err = l.compose(ctx, p, first); err != nil {
			return connector.Delivery{}, err
		}
	}
	if withRecords { // the fallback gets each of them, should it come to that
		for _, r := range p.party() {
			if err := l.readBack(ctx, r); err != nil {
				return connector.Delivery{}, err
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p.composed = rec
	return connector.Delivery{Key: p.row.Delivery.Text(event.PrefixDelivery), Record: rec, Attempt: p.row.Attempts + 1}, nil
}

// readBack reads a parked delivery's event from the store, unless it is in memory.
func (l *lane) readBack(ctx context.Context, p *parked) error {
	l.mu.Lock()
	known := p.rec != nil
	l.mu.Unlock()
	if known {
		return nil
	}
	rec, err := l.recordOf(ctx, p.row.Delivery)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p.rec = rec
	return nil
}

// compose makes the one message of a carrier and its riders. They are in flight, so nobody changes who they are.
func (l *lane) compose(ctx context.Context, p *parked, now time.Time) (*event.Record, error) {
	list := p.party()
	briefs := make([]noise.Brief, len(list))
	for i, r := range list {
		l.mu.Lock()
		briefs[i] = r.brief
		l.mu.Unlock()
		if briefs[i].Type != "" {
			continue
		}
		rec, err := l.recordOf(ctx, r.row.Delivery)
		if err != nil {
			return nil, err
		}
		briefs[i] = noise.BriefOf(rec)
		l.mu.Lock()
		r.brief = briefs[i]
		l.mu.Unlock()
	}
	why := noise.ReasonOf(p.row.Group)
	if why == noise.Grouped {
		leader := list[noise.Leader(briefs)]
		l.mu.Lock()
		rec := leader.rec
		l.mu.Unlock()
		if rec == nil {
			var err error
			if rec, err = l.recordOf(ctx, leader.row.Delivery); err != nil {
				return nil, err
			}
		}
		return noise.Group(rec, briefs), nil
	}
	l.mu.Lock()
	f := noise.Frame{
		ID: p.row.Delivery, Account: l.account, Integration: l.text, Reason: why, Per: l.policy.Noise.Cap.Per, Since: p.row.Since, Now: now,
	}
	if quiet := l.policy.Noise.Quiet; len(quiet) > 0 {
		f.Zone = quiet[0].Zone
	}
	l.mu.Unlock()
	rec, err := noise.Summary(f, briefs)
	if err != nil {
		return nil, connector.Permanent(err)
	}
	return rec, nil
}

// concludeRiders settles those who ride with a delivery as it was judged. The keys that they share with it are let go with it.
func (l *lane) concludeRiders(p *parked, res *result, err error, v Verdict, now time.Time) {
	if len(p.riders) == 0 {
		return
	}
	final := v.Outcome == store.OutcomeDelivered || v.Outcome == store.OutcomeMailbox
	free := map[string]bool{p.row.OrderingKey: true}
	n := 1 + len(p.riders)
	for _, r := range p.riders {
		r.flying = false
		if !final {
			l.unbusy(r)
			continue
		}
		l.recordParked(r, res, err, v, n)
		if v.Outcome == store.OutcomeDelivered {
			l.unparkDelivered(r)
		} else {
			r.row.Attempts, r.row.Carrier, r.row.Group = p.row.Attempts+1, event.ID{}, ""
			l.unpark(r)
			l.bury(r, now, bounded(err.Error(), maxErrorText), v.Class)
		}
	}
	if !final {
		return
	}
	if v.Outcome == store.OutcomeDelivered {
		l.count.Held.Messages++
		l.count.Held.Composed += uint64(n)
	}
	for _, r := range p.riders {
		key := r.row.OrderingKey
		if free[key] {
			continue
		}
		free[key] = true
		if v.Outcome == store.OutcomeDelivered || !l.releaseSaved(r) {
			l.release(key, now)
		}
	}
	l.disband(p, now)
}

// cancelRiders is concludeRiders for what was in flight when the integration was switched off or the engine stopped.
func (l *lane) cancelRiders(p *parked, taken, stopping bool, now time.Time) {
	riders := p.riders
	for _, r := range riders {
		r.flying = false
		switch {
		case taken:
			l.unparkDelivered(r)
		case stopping:
			continue
		default:
			l.discardParked(r)
		}
	}
	if stopping && !taken {
		return
	}
	l.disband(p, now)
	for _, r := range riders {
		if g := l.gates[r.row.OrderingKey]; g != nil && g.parked == 0 {
			l.release(r.row.OrderingKey, now)
		}
	}
}

// unbusy says that nothing of a delivery's key is in flight.
func (l *lane) unbusy(p *parked) {
	if g := l.gates[p.row.OrderingKey]; g != nil && p.row.OrderingKey != "" {
		g.busy = false
	}
}

// mayFly says whether the keys of a delivery, and of those who ride with it, are free.
func (l *lane) mayFly(p *parked) bool {
	for _, r := range p.riders {
		if g := l.gateOf(r.row.OrderingKey); g != nil && g.busy {
			return false
		}
	}
	g := l.gateOf(p.row.OrderingKey)
	return g == nil || !g.busy
}

// restoreHeld puts what was held when the process ended into its groups, and riders behind their carriers.
func (l *lane) restoreHeld(now time.Time) {
	var held []*parked
	for _, p := range l.park.byID {
		if p.row.State != store.StateHeld {
			continue
		}
		if c := l.park.byID[p.row.Carrier]; c != nil && !p.row.Carrier.IsZero() {
			p.carrier = c
			c.riders = append(c.riders, p)
			continue
		}
		held = append(held, p)
	}
	for _, c := range l.park.byID {
		sortParked(c.riders)
	}
	if len(held) == 0 {
		return
	}
	l.beginNotes(now)
	sortParked(held)
	for _, p := range held {
		p.row.Carrier = event.ID{}
		g := l.held.open(p.row.Group, p.row.Due)
		l.held.add(g, p)
	}
	if l.policy.Noise.IsZero() {
		l.held.allDue(now)
	}
}
