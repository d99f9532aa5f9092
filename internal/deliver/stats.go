package deliver

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Stats gives the counts of an account and of each of its integrations, all seen at one moment.
func (e *Engine) Stats(account event.Account) AccountStats {
	s := AccountStats{Account: account, Journalled: e.Journal.Journalled(account), AddUp: true}
	for _, l := range e.allLanes() {
		if l.account == account {
			i := e.laneStats(l)
			s.AddUp = s.AddUp && i.AddsUp
			s.Integrations = append(s.Integrations, i)
		}
	}
	slices.SortFunc(s.Integrations, func(a, b IntegrationStats) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return s
}

// IntegrationStats gives the counts of one integration; false if the account has none of that id.
func (e *Engine) IntegrationStats(account event.Account, id event.ID) (IntegrationStats, bool) {
	l := e.lane(account, id)
	if l == nil {
		return IntegrationStats{}, false
	}
	return e.laneStats(l), true
}

// AllStats gives the counts of every integration of every account, for metrics.
func (e *Engine) AllStats() []IntegrationStats {
	lanes := e.allLanes()
	list := make([]IntegrationStats, len(lanes))
	for i, l := range lanes {
		list[i] = e.laneStats(l)
	}
	return list
}

// Lanes counts the lanes by state, for the health page.
func (e *Engine) Lanes() map[LaneState]int {
	n := map[LaneState]int{}
	for _, l := range e.allLanes() {
		l.mu.Lock()
		n[l.state()]++
		l.mu.Unlock()
	}
	return n
}

func (e *Engine) laneStats(l *lane) IntegrationStats {
	e.tail.mu.Lock()
	defer e.tail.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	seq := l.at.Seq
	if l.attached {
		seq = e.tail.seqs[l.account]
	}
	at := l.here(seq)
	above := uint64(len(l.already)) + at.Ahead // settled before a crash, above the place that the lane has come to again
	c := Counts{
		Journalled: seq - l.startSeq + at.Foreign + above, Matched: at.Matched + above, Filtered: at.Filtered,
		Delivered: l.count.Delivered, Waiting: l.waiting(), Parked: uint64(l.park.own.n), Mailbox: l.count.Mailbox,
		Discarded: l.count.Discarded, Expired: l.count.Expired + at.Expired, Skipped: l.count.Skipped + at.Passed,
		Lost: at.Lost, WhereFailed: at.WhereFailed,
	}
	c.Behind = e.behind(l, seq)
	c.Behind -= min(above, c.Behind)
	fallback, backfill, _ := l.runSums(event.ID{})
	return IntegrationStats{
		Integration: l.id, Account: l.account, Kind: l.row.Kind, Name: l.row.Name, State: l.state(), Hold: l.hold(), Counts: c,
		Fallback: fallback, Backfill: backfill, Held: l.heldStats(), Grade: l.grade,
		AddsUp: c.AddUp() && fallback.AddUp() && backfill.AddUp(), Breaker: l.breaker.String(), Lag: l.lag(), LastError: l.health.lastError,
		LastErrorAt: l.health.lastErrorAt, LastSuccess: l.health.lastSuccess,
		Attempts: maps.Clone(l.health.attempts), Latency: l.health.latency.clone(),
	}
}

// behind counts what the journal holds beyond a lane's place, of all accounts that it follows. Both locks are held.
func (e *Engine) behind(l *lane, seq uint64) (n uint64) {
	if all := e.Journal.Journalled(l.account); all > seq {
		n = all - seq
	}
	if l.kin == nil {
		return n
	}
	seqOf := func(a event.Account) uint64 { return l.kin.seqs[a] }
	if l.attached {
		seqOf = func(a event.Account) uint64 { return e.tail.seqs[a] }
	}
	return n + l.behindKin(seqOf, e.Journal.Journalled)
}

// waiting counts what is in the window and not settled.
func (l *lane) waiting() uint64 {
	n := uint64(0)
	for _, e := range l.win.list[l.win.head:] {
		if !e.settled() {
			n++
		}
	}
	return n
}

// lag is the age of the oldest event that is not settled.
func (l *lane) lag() time.Duration {
	oldest := time.Time{}
	if e := l.win.unsettled(); e != nil {
		oldest = e.rec.Received
	}
	for _, p := range l.park.byID {
		if p.row.State == store.StateHeld {
			continue // it is meant to wait
		}
		if p.fills() {
			continue // old events are what a backfill is for
		}
		if at := p.row.Event.Time(); oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	if oldest.IsZero() {
		return 0
	}
	return max(l.e.Now().Sub(oldest), 0)
}
