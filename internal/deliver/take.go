package deliver

import (
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
)

// take counts one event and, if it is wanted, puts it into the window. seq is the running number of the event's account
// before it.
func (l *lane) take(r *event.Record, pos journal.Position, seq uint64, why route.Reason) {
	l.dirty = true
	if l.foreign(r.Account) {
		l.takeForeign(r, pos, seq, why)
		return
	}
	l.takeAs(r, pos, seq, why)
}

// takeAs does it; seq is the running number of the lane's own account.
func (l *lane) takeAs(r *event.Record, pos journal.Position, seq uint64, why route.Reason) {
	if l.settledBefore(pos) {
		l.at.Matched++ // settled before a crash, above the mark: it is counted in what it became
		return
	}
	if why != route.Wanted {
		l.at.Filtered++
		if why == route.WhereFailed {
			l.at.WhereFailed++
		}
		return
	}
	before := l.here(seq)
	l.at.Matched++
	switch {
	case pos.Less(l.skipTo):
		l.at.Expired++
	case l.off:
		l.at.Passed++
	default:
		e := &entry{rec: r, pos: pos, before: before, moved: l.kin.moved()}
		l.win.push(e)
		l.ready.push(e)
	}
}

// settledBefore consults what recovery found above the mark.
func (l *lane) settledBefore(pos journal.Position) bool {
	if l.already == nil {
		return false
	}
	_, ok := l.already[pos]
	if ok {
		delete(l.already, pos)
		if len(l.already) == 0 {
			l.already = nil
		}
	}
	return ok
}

// forgetBefore forgets what was settled above the mark but cannot be met any more, because the lane has passed it: it was
// in a part of the journal that is damaged or gone. It gives how many events those are.
func (l *lane) forgetBefore(pos journal.Position) (n uint64) {
	for p := range l.already {
		if p.Less(pos) {
			delete(l.already, p)
			n++
		}
	}
	if len(l.already) == 0 {
		l.already = nil
	}
	return n
}

// takeLost counts events that are not readable, settled of which were dealt with before a crash.
func (l *lane) takeLost(n uint64, types []journal.TypeCount, settled uint64) {
	l.dirty = true
	wanted := n
	if types != nil {
		wanted = 0
		sub := l.sub()
		for _, t := range types {
			if sub.WantsType(t.Type) {
				wanted += uint64(t.Count)
			}
		}
		wanted = max(wanted, settled)
	}
	l.at.Matched += wanted
	l.at.Lost += wanted - settled
	l.at.Filtered += n - wanted
}
