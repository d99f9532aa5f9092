package deliver

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/spread"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// tempo is what a lane counts besides, for figures over time. It begins with the process.
type tempo struct {
	delivered, failed uint64
	took              spread.Counts // from the arrival of an event to its delivery
}

// arrived counts a delivery of an event that came in at a time.
func (t *tempo) arrived(received, now time.Time) {
	t.delivered++
	t.took.Observe(now.Sub(received))
}

// arrivedParked counts a delivery that had to wait. One of a backfill is of an old event: how old says nothing.
func (t *tempo) arrivedParked(p *parked, now time.Time) {
	switch {
	case p.fills():
		t.delivered++
	case p.rec != nil:
		t.arrived(p.rec.Received, now)
	default:
		t.arrived(p.row.Event.Time(), now)
	}
}

// Beat is what one integration has counted, and what waits there.
type Beat struct {
	Integration event.ID
	Account     event.Account
	// Matched is since the integration was made, what follows since the process started.
	Matched, Delivered, Failed uint64
	Retried                    uint64 // attempts that failed and are made again
	Took                       spread.Counts
	// Backlog is what waits, is parked, and is still to be read; Mailbox what is in the mailbox.
	Backlog, Mailbox uint64
	// Failing: the breaker is open, or the last attempt failed, whether it is made again or not. An integration that is
	// switched off or paused does not fail.
	Failing bool
}

// Beats gives those of every integration of an account; of all accounts for an empty one.
func (e *Engine) Beats(of event.Account) []Beat {
	var list []Beat
	for _, l := range e.allLanes() {
		if of == "" || l.account == of {
			list = append(list, e.beat(l))
		}
	}
	return list
}

func (e *Engine) beat(l *lane) Beat {
	e.tail.mu.Lock()
	defer e.tail.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	seq := l.at.Seq
	if l.attached {
		seq = e.tail.seqs[l.account]
	}
	above := uint64(len(l.already)) // as in laneStats
	behind := e.behind(l, seq)
	b := Beat{
		Integration: l.id, Account: l.account, Matched: l.at.Matched + above, Delivered: l.tempo.delivered, Failed: l.tempo.failed,
		Retried: l.health.attempts[store.OutcomeRetry], Took: l.tempo.took, Mailbox: l.count.Mailbox,
		Backlog: l.waiting() + uint64(len(l.park.byID)) + behind - min(above, behind),
	}
	for _, r := range l.runs {
		b.Mailbox += r.state.Counts.Mailbox
	}
	b.Failing = !l.off && !l.row.Held() && (l.breaker.open || l.health.lastErrorAt.After(l.health.lastSuccess))
	return b
}
