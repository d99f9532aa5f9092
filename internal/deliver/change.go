package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// subVersion is a subscription and the position from which it is in force. A lane that is behind matches every event
// with the version that was in force when the event was journalled.
type subVersion struct {
	From journal.Position `json:"from"`
	Raw  json.RawMessage  `json:"subscription"`
	sub  route.Subscription
}

// maxSubVersions bounds how many changes a lane that is behind remembers; older ones are then taken as one.
const maxSubVersions = 64

func parseSub(i store.Integration) subVersion {
	v := subVersion{Raw: i.Subscription}
	v.parse()
	return v
}

// parse reads Raw. A subscription that is not valid any more wants nothing.
func (v *subVersion) parse() {
	if sub, err := route.ParseSubscription(v.Raw); err == nil {
		v.sub = sub
	}
}

// subAt is the version in force at pos.
func (l *lane) subAt(pos journal.Position) *route.Subscription {
	for i := len(l.subs) - 1; i > 0; i-- {
		if !pos.Less(l.subs[i].From) {
			return &l.subs[i].sub
		}
	}
	return &l.subs[0].sub
}

// apply takes over a changed integration.
func (l *lane) apply(i store.Integration) {
	l.mu.Lock()
	wasOff := l.off
	changedSub := !bytes.Equal(l.row.Subscription, i.Subscription)
	l.mu.Unlock()
	if changedSub {
		l.e.tail.reindex(l, func(at journal.Position) { l.changeSub(i, at) })
	}
	switch {
	case !i.Enabled && !wasOff:
		reason, class := "the integration was disabled", "disabled"
		if i.DisabledReason != "" {
			reason, class = i.DisabledReason, "gone"
		}
		l.shutOff(reason, class)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if i.Enabled && wasOff {
		l.switchOn()
	}
	l.configure(i) // under the same lock: nothing may be sent with the settings of before
	l.dirty = true
}

// changeSub is called with both locks held.
func (l *lane) changeSub(i store.Integration, at journal.Position) {
	v := parseSub(i)
	v.From = at
	switch {
	case l.attached:
		l.subs = []subVersion{v}
	case len(l.subs) >= maxSubVersions:
		l.log.Warn("too many subscription changes while behind; the oldest are merged", slog.Int("kept", maxSubVersions))
		l.subs = append(l.subs[1:], v)
	default:
		l.subs = append(l.subs, v)
	}
}

// switchOn lets an integration that was off send again. The caller holds mu.
func (l *lane) switchOn() {
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.off = false
	l.breaker, l.failures, l.throttle = breaker{}, 0, time.Time{}
}

// shutOff cancels what is in flight and closes everything that waits with counted states: what is parked or was in
// flight is discarded and can be replayed, what had not been tried is skipped.
func (l *lane) shutOff(reason, class string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.off && !l.removed {
		return
	}
	l.off = true
	l.closing = closing{reason, class}
	l.cancel()
	for _, w := range l.again {
		for _, e := range w.entries {
			l.discardEntry(e)
		}
	}
	l.again = nil
	for e := l.ready.pop(); e != nil; e = l.ready.pop() {
		l.skip(e)
	}
	for _, g := range l.gates {
		for _, e := range g.waiting {
			l.skip(e)
		}
		g.waiting = nil
	}
	for _, p := range l.park.all() {
		if !p.flying {
			l.discardParked(p)
		}
	}
	for key, g := range l.gates {
		if !g.busy && g.parked == 0 {
			delete(l.gates, key)
		}
	}
	l.ready.clear()
	l.dirty = true
}

// closing is why an integration was switched off; deliveries that were in flight then are closed with it.
type closing struct{ reason, class string }

// skip settles an entry that is not sent because the integration is off.
func (l *lane) skip(e *entry) {
	if e.attempt > 0 {
		l.discardEntry(e)
		return
	}
	e.skipped = true
	l.count.Skipped++
	l.settledN = append(l.settledN, e)
}
