package deliver

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The kinds of runs.
const (
	runBackfill = "backfill"
	runFallback = "fallback"
)

// run is what a lane is given beside what it matches: a backfill, or (under the integration's own id) what comes by
// fallback. Its deliveries are parked from the first moment and go out from there, by the lane's own rules; they are
// counted here and not in the lane's counts.
type run struct {
	id    event.ID
	kind  string
	state runState
	ended time.Time
	dirty bool
}

// runState is what a run keeps.
type runState struct {
	Matched uint64 `json:"matched"`
	Counts  counts `json:"counts"`
	// Fill is where a backfill stands; nil for a fallback.
	Fill *fillState `json:"fill,omitempty"`
}

// RunCounts are the sums of runs: Matched = the sum of all that follow it.
type RunCounts struct {
	Matched   uint64 `json:"matched"`
	Delivered uint64 `json:"delivered"`
	Parked    uint64 `json:"parked"`
	Mailbox   uint64 `json:"mailbox"`
	Discarded uint64 `json:"discarded"`
	Expired   uint64 `json:"expired"`
	Skipped   uint64 `json:"skipped"`
}

// AddUp says whether the sums hold.
func (c RunCounts) AddUp() bool {
	return c.Matched == c.Delivered+c.Parked+c.Mailbox+c.Discarded+c.Expired+c.Skipped
}

func (c *RunCounts) add(d RunCounts) {
	c.Matched += d.Matched
	c.Delivered += d.Delivered
	c.Parked += d.Parked
	c.Mailbox += d.Mailbox
	c.Discarded += d.Discarded
	c.Expired += d.Expired
	c.Skipped += d.Skipped
}

// sums are a run's counts without what is parked.
func (s *runState) sums() RunCounts {
	return RunCounts{
		Matched: s.Matched, Delivered: s.Counts.Delivered, Mailbox: s.Counts.Mailbox, Discarded: s.Counts.Discarded,
		Expired: s.Counts.Expired, Skipped: s.Counts.Skipped,
	}
}

// tally is what a delivery is counted in: the lane's counts, or those of its run. The caller changes them. One whose run
// is forgotten is counted nowhere.
func (l *lane) tally(row *store.Parked) *counts {
	if row.Run.IsZero() {
		return &l.count
	}
	r := l.runs[row.Run]
	if r == nil {
		return new(counts)
	}
	r.dirty, l.dirty = true, true
	return &r.state.Counts
}

// fallbackRun is the run of what comes by fallback; it begins with the first.
func (l *lane) fallbackRun() *run {
	r := l.runs[l.id]
	if r == nil {
		r = &run{id: l.id, kind: runFallback}
		l.runs[l.id] = r
	}
	r.dirty, l.dirty = true, true
	return r
}

// runSums adds the counts of the lane's runs up by kind, and gives one run's own. The caller holds mu.
func (l *lane) runSums(of event.ID) (fallback, backfill, one RunCounts) {
	sums := make(map[event.ID]*RunCounts, len(l.runs))
	for id, r := range l.runs {
		c := r.state.sums()
		sums[id] = &c
	}
	for _, p := range l.park.byID {
		if c := sums[p.row.Run]; c != nil {
			c.Parked++
		}
	}
	for id, c := range sums {
		if l.runs[id].kind == runFallback {
			fallback.add(*c)
		} else {
			backfill.add(*c)
		}
		if id == of {
			one = *c
		}
	}
	return fallback, backfill, one
}

// drop lets go of a delivery of a run that was cancelled. Nothing stays in the mailbox: another backfill brings it again.
func (l *lane) drop(p *parked) {
	l.unpark(p)
	l.tally(&p.row).Discarded++
	delete(l.touched, p.row.Delivery)
	l.gone = append(l.gone, p.row.Delivery)
	l.dirty = true
}

// dropRun lets go of what a cancelled run has parked; what is in flight follows when it comes back.
func (l *lane) dropRun(id event.ID) {
	now := l.e.Now()
	for _, p := range l.park.all() {
		if p.row.Run != id {
			continue
		}
		if p.flying {
			p.doomed = true
			continue
		}
		l.drop(p)
		if g := l.gates[p.row.OrderingKey]; g != nil && !g.busy {
			l.release(p.row.OrderingKey, now)
		}
	}
}

// parkedOf counts what a run has parked.
func (l *lane) parkedOf(id event.ID) (n int) {
	for _, p := range l.park.byID {
		if p.row.Run == id {
			n++
		}
	}
	return n
}

// saveRuns gives the rows of runs that changed.
func (l *lane) saveRuns() (rows []store.Run) {
	for _, r := range l.runs {
		if r.dirty {
			r.dirty = false
			rows = append(rows, store.Run{
				ID: r.id, Account: l.account, Integration: l.id, Kind: r.kind, State: marshal(r.state), EndedAt: r.ended,
			})
		}
	}
	return rows
}

func readRun(row store.Run) (*run, error) {
	r := &run{id: row.ID, kind: row.Kind, ended: row.EndedAt}
	if err := json.Unmarshal(row.State, &r.state); err != nil {
		return nil, fmt.Errorf("reading its counts: %w", err)
	}
	if r.kind == runBackfill && r.state.Fill == nil {
		r.state.Fill = new(fillState)
	}
	return r, nil
}

// pruneRuns forgets runs that ended long ago and have nothing left that could change.
func (e *Engine) pruneRuns(now time.Time) {
	before := now.Add(-max(e.Retention.Mailbox, maxRunAge))
	var old []event.ID
	for _, l := range e.allLanes() {
		l.mu.Lock()
		for id, r := range l.runs {
			if !r.ended.IsZero() && r.ended.Before(before) && r.state.Counts.Mailbox == 0 && r.state.Counts.Discarded == 0 && !r.dirty && l.parkedOf(id) == 0 {
				delete(l.runs, id)
				old = append(old, id)
			}
		}
		l.mu.Unlock()
	}
	if err := e.Store.DeleteRuns(e.ctx, old); err != nil {
		e.Log.Error("forgetting old runs failed", slog.Any("error", err))
	}
}

// endRuns ends what a deleted integration was given. The caller holds mu.
func (l *lane) endRuns() {
	for _, r := range l.runs {
		if r.ended.IsZero() {
			r.ended, r.dirty, l.dirty = l.e.Now(), true, true
		}
	}
}

// maxRunAge is how long a run that ended is kept at least.
const maxRunAge = 30 * 24 * time.Hour
