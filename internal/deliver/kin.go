package deliver

import (
	"maps"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
)

// kin is what a lane that follows accounts below its own keeps of them: their running numbers, at its place and at the
// beginning of its window, so that the saved row can say them at the mark. Lanes without include_children have none.
type kin struct {
	seqs    map[event.Account]uint64   // at the lane's place
	base    map[event.Account]uint64   // at the window's first entry, before what its `moved` says
	changed map[event.Account]struct{} // since the newest entry came into the window
	trimmed map[event.Account]struct{} // whose next gap was trimmed, not damaged
}

// number is one account's running number just before an entry; gone: the lane does not follow it there.
type number struct {
	account event.Account
	seq     uint64
	gone    bool
}

// numberBytes is what a number counts for against the window's bytes.
const numberBytes = 48

func newKin() *kin {
	return &kin{
		seqs: map[event.Account]uint64{}, base: map[event.Account]uint64{},
		changed: map[event.Account]struct{}{}, trimmed: map[event.Account]struct{}{},
	}
}

// beginKin lets a lane that is where the tail is follow the accounts of its family from here on.
func (l *lane) beginKin(seqs map[event.Account]uint64) {
	l.kin = nil
	for a := range l.version().kin.parents() {
		if l.kin == nil {
			l.kin = newKin()
		}
		l.kin.seqs[a], l.kin.base[a] = seqs[a], seqs[a]
	}
}

// restoreKin goes on with the running numbers that a row had.
func (l *lane) restoreKin(seqs map[event.Account]uint64) {
	f := l.subs[0].kin
	if f == nil {
		return
	}
	l.kin = newKin()
	for a, seq := range seqs {
		if f.has(a) {
			l.kin.seqs[a], l.kin.base[a] = seq, seq
		}
	}
}

func (k *kin) set(a event.Account, seq uint64) {
	k.seqs[a] = seq
	k.changed[a] = struct{}{}
}

func (k *kin) drop(a event.Account) {
	delete(k.seqs, a)
	delete(k.trimmed, a)
	k.changed[a] = struct{}{}
}

// moved gives the numbers that changed since it was asked last.
func (k *kin) moved() []number {
	if k == nil || len(k.changed) == 0 {
		return nil
	}
	list := make([]number, 0, len(k.changed))
	for a := range k.changed {
		seq, ok := k.seqs[a]
		list = append(list, number{a, seq, !ok})
	}
	clear(k.changed)
	return list
}

// fold applies numbers to a map of them.
func fold(into map[event.Account]uint64, list []number) {
	for _, n := range list {
		if n.gone {
			delete(into, n.account)
		} else {
			into[n.account] = n.seq
		}
	}
}

// seqsAt gives the numbers just before an entry of the window.
func (l *lane) seqsAt(at *entry) map[event.Account]uint64 {
	if l.kin == nil {
		return nil
	}
	seqs := maps.Clone(l.kin.base)
	for _, e := range l.win.list[l.win.head:] {
		fold(seqs, e.moved)
		if e == at {
			break
		}
	}
	return seqs
}

// popSaved drops the window's oldest entries as far as they are settled and saved.
func (l *lane) popSaved() {
	if l.kin != nil {
		for _, e := range l.win.list[l.win.head:] {
			if !e.saved {
				break
			}
			fold(l.kin.base, e.moved)
		}
	}
	l.win.popSaved()
}

// foreign says whether an event is of an account below the lane's own.
func (l *lane) foreign(a event.Account) bool { return l.kin != nil && a != l.account }

// ownSeq is the running number of the lane's own account at its place. If it is attached, the tail's mu is held.
func (l *lane) ownSeq() uint64 {
	if l.attached {
		return l.e.tail.seqs[l.account]
	}
	return l.at.Seq
}

// pass moves an account's running number; what it passes counts as journalled for the lane.
func (l *lane) pass(a event.Account, to uint64) {
	if was, known := l.kin.seqs[a]; known && to > was {
		l.at.Foreign += to - was
	}
	l.kin.set(a, to)
}

// adopt makes a record of an account below fit for a lane above: a copy, since records are shared. It carries the way up, and
// its keys say whose they are: the same key of two accounts means two things.
func adopt(r *event.Record, chain []event.Account) *event.Record {
	c := *r
	c.Parents = chain
	if c.DedupKey != "" {
		c.DedupKey = string(c.Account) + "/" + c.DedupKey
	}
	if c.OrderingKey != "" {
		c.OrderingKey = string(c.Account) + "/" + c.OrderingKey
	}
	return &c
}

// takeForeign is take for an event of an account below; seq is that account's running number before it.
func (l *lane) takeForeign(r *event.Record, pos journal.Position, seq uint64, why route.Reason) {
	a := r.Account
	if why == route.Wanted {
		r = adopt(r, l.familyAt(pos).chain(a))
	}
	l.pass(a, seq)
	l.takeAs(r, pos, l.ownSeq(), why)
	l.pass(a, seq+1)
}

// loseForeign counts unreadable events of an account below. The tail's mu is held if the lane is attached.
func (l *lane) loseForeign(a event.Account, n uint64, types []journal.TypeCount, settled uint64) {
	l.takeLost(n, types, settled)
	l.at.Foreign += n
	l.kin.set(a, l.kin.seqs[a]+n)
}

// countGapOf counts the events of one of several accounts that are missing before pos, where its running number is seq.
// Which account's they were that had been settled above the mark is not known until all gaps are: Ahead holds their
// number until then.
func (l *lane) countGapOf(a event.Account, seq uint64, pos journal.Position) {
	l.at.Ahead += l.forgetBefore(pos)
	was, known := l.at.Seq, true
	_, trimmed := l.kin.trimmed[a]
	if a != l.account {
		was, known = l.kin.seqs[a]
	}
	delete(l.kin.trimmed, a)
	gap := seq - was
	switch {
	case !known || gap == 0:
		gap = 0
	case int64(gap) < 0: // an older copy of the journal was restored: the numbers begin again lower
		if a == l.account {
			l.startSeq += gap // it wraps
		}
		gap = 0
	}
	settled := min(gap, l.at.Ahead)
	l.at.Ahead -= settled
	l.at.Matched += gap
	if trimmed {
		l.expireTrimmed(gap-settled, pos)
	} else {
		l.at.Lost += gap - settled
	}
	if a == l.account {
		l.at.Seq = seq
		return
	}
	l.at.Foreign += gap
	l.kin.set(a, seq)
}

// countGapsTo counts what is missing at the tail's place, where all running numbers are known. Both locks are held.
func (l *lane) countGapsTo(seqs map[event.Account]uint64, at journal.Position) {
	l.countGapOf(l.account, seqs[l.account], at)
	for a := range l.version().kin.parents() {
		l.countGapOf(a, seqs[a], at)
	}
	l.at.Matched += l.at.Ahead // of running numbers that an older copy of the journal does not have
	l.at.Foreign += l.at.Ahead
	l.at.Ahead = 0
}

// crossTo brings the families into force that the lane has come to.
func (l *lane) crossTo(pos journal.Position) {
	for l.crossed+1 < len(l.subs) && !pos.Less(l.subs[l.crossed+1].From) {
		l.crossed++
		l.enter(&l.subs[l.crossed])
	}
}

// enter begins to follow the accounts that a version brings, and ends with those that it takes away.
func (l *lane) enter(v *subVersion) {
	if l.kin == nil {
		if len(v.Moves) == 0 {
			return
		}
		l.kin = newKin()
	}
	for _, m := range v.Moves {
		_, known := l.kin.seqs[m.Account]
		switch {
		case m.Parent == "" && known:
			l.countGapOf(m.Account, m.Seq, v.From)
			l.kin.drop(m.Account)
		case m.Parent != "" && !known:
			l.kin.set(m.Account, m.Seq)
		}
	}
}

// familyAt is the family in force at pos.
func (l *lane) familyAt(pos journal.Position) *family { return l.versionAt(pos).kin }

// behindKin counts what the journal holds of the other accounts beyond the lane's place, by the families in force there.
func (l *lane) behindKin(seqOf func(event.Account) uint64, journalled func(event.Account) uint64) (n uint64) {
	at := map[event.Account]uint64{}
	for a := range l.kin.seqs {
		at[a] = seqOf(a)
	}
	add := func(to, from uint64) {
		if to > from {
			n += to - from
		}
	}
	for _, v := range l.subs[l.crossed+1:] {
		for _, m := range v.Moves {
			was, known := at[m.Account]
			switch {
			case m.Parent == "" && known:
				add(m.Seq, was)
				delete(at, m.Account)
			case m.Parent != "" && !known:
				at[m.Account] = m.Seq
			}
		}
	}
	for a, seq := range at {
		add(journalled(a), seq)
	}
	return n
}
