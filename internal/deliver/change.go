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
	// Moves are what is new in the accounts below that the lane follows, compared with the version before.
	Moves []move `json:"moves,omitempty"`
	sub   route.Subscription
	kin   *family // whom the lane follows; nil without include_children
}

// maxSubVersions bounds how many changes a lane that is behind remembers; older ones are then taken as one.
const maxSubVersions = 64

// versionOf is an integration's subscription as it is now, with the accounts below it as they are now.
func (e *Engine) versionOf(i store.Integration) subVersion {
	v := subVersion{Raw: i.Subscription}
	v.parse()
	if v.sub.IncludeChildren {
		v.kin = familyOf(e.Tree, i.Account)
	}
	return v
}

// parse reads Raw. A subscription that is not valid any more wants nothing.
func (v *subVersion) parse() {
	if sub, err := route.ParseSubscription(v.Raw); err == nil {
		v.sub = sub
	}
}

// subAt is the subscription in force at pos.
func (l *lane) subAt(pos journal.Position) *route.Subscription { return &l.versionAt(pos).sub }

// versionAt is the version in force at pos.
func (l *lane) versionAt(pos journal.Position) *subVersion {
	for i := len(l.subs) - 1; i > 0; i-- {
		if !pos.Less(l.subs[i].From) {
			return &l.subs[i]
		}
	}
	return &l.subs[0]
}

// apply takes over a changed integration.
func (l *lane) apply(i store.Integration) {
	l.mu.Lock()
	wasOff := l.off
	changedSub := !bytes.Equal(l.row.Subscription, i.Subscription)
	l.mu.Unlock()
	if changedSub {
		v := l.e.versionOf(i)
		l.e.tail.reindex(l, func(at journal.Position) { l.changeTo(v, at) })
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

// changeTo puts a new version in force from a position on. Both locks are held.
func (l *lane) changeTo(v subVersion, at journal.Position) {
	v.Moves = l.version().kin.movesTo(v.kin, l.e.tail.seqs)
	l.addVersion(v, at)
}

// addVersion takes a version in as the newest. Both locks are held.
func (l *lane) addVersion(v subVersion, at journal.Position) {
	v.From = at
	if len(l.subs) >= maxSubVersions {
		l.log.Warn("too many changes of the subscription while behind; the oldest are merged", slog.Int("kept", maxSubVersions))
		l.mergeOldest()
	}
	l.subs = append(l.subs, v)
}

// mergeOldest lets the second oldest version be in force where the oldest was. Of the accounts that it brings the lane
// does not know the running numbers: it takes them from the first events that it meets.
func (l *lane) mergeOldest() {
	if moves := l.subs[1].Moves; l.crossed == 0 && len(moves) > 0 {
		if l.kin == nil {
			l.kin = newKin()
		}
		for _, m := range moves {
			if m.Parent == "" {
				l.kin.drop(m.Account)
			}
		}
	}
	l.subs = l.subs[1:]
	l.crossed = max(l.crossed-1, 0)
}

// forgetVersions drops versions that were not in force at the mark any more, or after it.
func (l *lane) forgetVersions(mark journal.Position) {
	for len(l.subs) > 1 && l.crossed > 0 && !mark.Less(l.subs[1].From) {
		l.subs = l.subs[1:]
		l.crossed--
	}
	l.subs[0].Moves = nil // what they said is true of the lane
}

// TreeChanged makes the lanes that follow accounts below theirs follow those that are there now. One journal position
// holds for all of them: an event before it goes by the old tree everywhere, an event after it by the new one. It returns
// when the change and its position are durable: events that are appended afterwards are matched with the new tree.
func (e *Engine) TreeChanged(ctx context.Context) error {
	e.tree.Lock()
	defer e.tree.Unlock()
	var list []regroup
	for _, l := range e.allLanes() {
		if g, changed := l.regroup(); changed {
			list = append(list, g)
		}
	}
	e.tail.regroup(list)
	return e.saveNow(ctx)
}

// regroup is a lane whose family is another one now. Its version has the moves, but not the place where they happen.
type regroup struct {
	lane *lane
	next subVersion
}

// regroup asks the tree, so that nothing has to be found out while the tail waits. Engine.tree is held: nobody else
// makes a new version.
func (l *lane) regroup() (regroup, bool) {
	l.mu.Lock()
	v := l.version()
	l.mu.Unlock()
	if !v.sub.IncludeChildren {
		return regroup{}, false
	}
	was := v.kin
	v.kin = familyOf(l.e.Tree, l.account)
	v.Moves = was.movesTo(v.kin, nil)
	return regroup{l, v}, len(v.Moves) > 0
}

// regroupAt puts a new family in force from the tail's position on. Both locks are held.
func (l *lane) regroupAt(v subVersion) {
	t := &l.e.tail
	for i := range v.Moves {
		v.Moves[i].Seq = t.seqs[v.Moves[i].Account]
	}
	l.addVersion(v, t.next)
	if l.attached {
		l.crossTo(t.next)
	}
	t.moveLocked(l, v)
	l.dirty = true
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
		if g.idle() {
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
