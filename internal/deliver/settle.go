package deliver

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// tickEvery is how often marks, counts, parked rows and attempts are made durable, unless half a window is settled but
// not saved earlier.
const tickEvery = 100 * time.Millisecond

// clockJump is the difference between wall and monotonic time that counts as a jump of the wall clock.
const clockJump = time.Minute

// settler saves what happened, one transaction after the other.
type settler struct {
	mu      sync.Mutex // held during a tick
	unsaved *batchOfTick
	err     error // of the last tick
}

// batchOfTick is a tick and what must happen once it is durable.
type batchOfTick struct {
	tick  store.Tick
	lanes []savedLane
	told  told
}

type savedLane struct {
	lane    *lane
	entries []*entry
	parked  []*parked
}

// laneState is what a lane's row keeps besides the mark.
type laneState struct {
	At        passing `json:"at"`
	Counts    counts  `json:"counts"`
	ClassBase uint64  `json:"class_base"`
	StartSeq  uint64  `json:"start_seq"`
	// Start is where the lane's first event may be; absent in rows that are older than backfills.
	Start journal.Position `json:"start,omitzero"`
	Subs  []subVersion     `json:"subs"`
	// Of a lane that follows accounts below its own, unless it is idle: who was right above whom under the first of
	// Subs, and their running numbers at the mark.
	Family map[event.Account]event.Account `json:"family,omitempty"`
	Seqs   map[event.Account]uint64        `json:"seqs,omitempty"`
	// Noise is what noise control needs to go on; absent if it has nothing to remember.
	Noise *savedNoise `json:"noise,omitempty"`
}

// tailState is what the tail's mark keeps per account.
type tailState map[event.Account]*accountState

type accountState struct {
	Seq     uint64            `json:"seq"`
	Classes map[string]uint64 `json:"classes"` // a class's key → how many events it missed
}

// wakeSettler asks for a tick; an urgent one does not wait for the interval.
func (e *Engine) wakeSettler(urgent bool) {
	if !urgent {
		return // the interval will come
	}
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

func (e *Engine) settleLoop() {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	clock := newClockWatch(e.Now())
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-ticker.C:
			if by := clock.jumped(e.Now()); by != 0 {
				e.shiftDue(by)
			}
		case <-e.wake:
		}
		if err := e.tick(e.ctx); err != nil && e.ctx.Err() == nil {
			e.Log.Error("saving the lanes' state failed; it will be tried again", slog.Any("error", err))
		}
	}
}

// saveNow makes the present state durable before it returns.
func (e *Engine) saveNow(ctx context.Context) error { return e.tick(ctx) }

// Healthy says whether the last tick could be saved.
func (e *Engine) Healthy() error {
	e.settle.mu.Lock()
	defer e.settle.mu.Unlock()
	return e.settle.err
}

// tick saves what happened since the last one. What could not be saved is saved before anything newer.
func (e *Engine) tick(ctx context.Context) error {
	e.settle.mu.Lock()
	defer e.settle.mu.Unlock()
	if e.settle.unsaved != nil {
		if err := e.save(ctx, e.settle.unsaved); err != nil {
			return err
		}
	}
	b := e.collect()
	if b == nil {
		return nil
	}
	return e.save(ctx, b)
}

func (e *Engine) save(ctx context.Context, b *batchOfTick) error {
	e.settle.unsaved = b
	if len(b.tick.Park) > 0 {
		failpoint.Hit("park-before-commit")
	}
	failpoint.Hit("settle-before-commit")
	err := e.Store.SaveTick(ctx, b.tick)
	if err == nil || ctx.Err() == nil { // that a caller gave up says nothing about the store
		e.settle.err = err
	}
	if err != nil {
		return err
	}
	failpoint.Hit("settle-after-commit")
	e.settle.unsaved = nil
	e.live.tell(b.told)
	for _, s := range b.lanes {
		s.lane.saved(s)
	}
	return nil
}

// collect takes over what changed. Tail and lanes are seen at one moment: an idle lane is where the tail's mark is.
func (e *Engine) collect() *batchOfTick {
	lanes := e.allLanes()
	b := &batchOfTick{told: e.live.take()}
	t := &e.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	lanes, to := t.inOrder(lanes)
	handed := map[*lane][]*parked{}
	for _, l := range lanes {
		given := l.collect(b, handed[l], to[l], e.Now())
		if len(given) > 0 {
			handed[to[l]] = append(handed[to[l]], given...)
		}
	}
	if t.dirty || len(b.lanes) > 0 {
		t.dirty = false
		b.tick.Tail = &store.TailMark{Mark: t.next, State: marshal(t.state())}
	}
	if b.tick.Tail == nil {
		e.live.tell(b.told) // what it is about was saved by the tick before
		return nil
	}
	return b
}

func (t *tail) state() tailState {
	s := tailState{}
	for account, seq := range t.seqs {
		s[account] = &accountState{Seq: seq, Classes: map[string]uint64{}}
	}
	t.index.Classes(func(account event.Account, c *route.Class) {
		if s[account] == nil {
			s[account] = &accountState{Classes: map[string]uint64{}}
		}
		s[account].Classes[c.Key()] = c.Missed
	})
	return s
}

// collect adds the lane's part of a tick, with what is handed to it, and gives what it hands to its fallback (nil: it has
// none). The tail's mu is held.
func (l *lane) collect(b *batchOfTick, handed []*parked, fallback *lane, now time.Time) (given []*parked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.takeOver(handed, now)
	l.tell(now)
	if !l.dirty {
		return nil
	}
	l.dirty = false
	b.tick.Say = append(b.tick.Say, l.telling.said...)
	l.telling.said = nil
	s := savedLane{lane: l, entries: l.settledN}
	l.settledN = nil
	if pack, ok := packOf(l, s.entries, now); ok {
		b.tick.Packs = append(b.tick.Packs, pack)
	}
	b.tick.Attempts = append(b.tick.Attempts, l.attempts...)
	l.attempts = nil
	l.saving = make(map[event.ID]struct{}, len(l.touched)+len(l.gone))
	for _, id := range l.gone {
		l.saving[id] = struct{}{}
	}
	for id, p := range l.touched {
		l.saving[id] = struct{}{}
		if on := l.handOver(p, fallback, now); on != nil {
			given = append(given, on)
		}
		if p.sealing == sealWanted {
			p.sealing = sealSaving
		}
		row := p.row
		if p.rec != nil {
			row.Record = p.rec.AppendBinary(nil)
		}
		b.tick.Park = append(b.tick.Park, row)
		s.parked = append(s.parked, p)
		delete(l.touched, id)
	}
	b.tick.Unpark = append(b.tick.Unpark, l.gone...)
	l.gone = nil
	b.tick.Runs = append(b.tick.Runs, l.saveRuns()...)
	l.collectNoise(&b.tick)
	t := &l.e.tail
	b.tick.Lanes = append(b.tick.Lanes, l.rowAt(t.next, t.seqs[l.account]))
	b.lanes = append(b.lanes, s)
	return given
}

// rowAt is the lane's saved state: at its oldest unsettled event, or else at its place.
func (l *lane) rowAt(tailNext journal.Position, tailSeq uint64) store.LaneRow {
	row := store.LaneRow{Integration: l.id, Account: l.account}
	state := laneState{Counts: l.count, StartSeq: l.startSeq, Start: l.start, Noise: l.saveNoise()}
	switch e := l.win.unsettled(); {
	case e != nil:
		row.Mark, state.At, state.Seqs = e.pos, e.before, l.seqsAt(e)
	case l.attached:
		row.Idle, row.Mark = true, tailNext
		state.At, state.ClassBase = l.here(tailSeq), l.entry.Class.Missed
	default:
		row.Mark, state.At = l.next, l.at
		if l.kin != nil {
			state.Seqs = l.kin.seqs
		}
	}
	l.forgetVersions(row.Mark)
	state.Subs = l.subs
	if !row.Idle {
		state.Family = l.subs[0].kin.parents()
	}
	row.State = marshal(state)
	return row
}

// saved is called when the tick is durable: the window moves on, and there may be room again.
func (l *lane) saved(s savedLane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.saving = nil
	for _, e := range s.entries {
		e.saved = true
	}
	l.popSaved()
	soon := l.e.Now().Add(keepInMemory)
	for _, p := range s.parked {
		l.sealed(p)
		if p.releases {
			p.releases = false
			l.release(p.row.OrderingKey, l.e.Now())
		}
		if !p.flying && (p.row.State != store.StateParked || p.row.Due.After(soon)) {
			p.rec = nil
		}
	}
	l.dispatch()
	l.catchUpLocked()
}

// shiftDue moves what is parked by a jump of the wall clock.
func (e *Engine) shiftDue(by time.Duration) {
	e.Log.Warn("the wall clock jumped; due times move with it", slog.Duration("by", by))
	for _, l := range e.allLanes() {
		l.mu.Lock()
		l.park.shift(e.Now())
		for _, p := range l.park.byID {
			l.touch(p)
		}
		l.mu.Unlock()
	}
}

// clockWatch notices when the wall clock moved differently from the monotonic one.
type clockWatch struct{ last time.Time }

func newClockWatch(now time.Time) *clockWatch { return &clockWatch{last: now} }

// jumped gives how far the wall clock jumped since the last call; 0 for an ordinary drift.
func (c *clockWatch) jumped(now time.Time) time.Duration {
	wall, monotonic := now.Round(0).Sub(c.last.Round(0)), now.Sub(c.last)
	c.last = now
	return jump(wall, monotonic)
}

// jump gives how far the wall clock jumped while it went on by one time and the monotonic one by another.
func jump(wall, monotonic time.Duration) time.Duration {
	by := wall - monotonic
	if by.Abs() < clockJump {
		return 0
	}
	return by
}

// readLaneState reads what rowAt wrote. The families are those of an account.
func readLaneState(raw json.RawMessage, head event.Account) (laneState, error) {
	var s laneState
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("reading its counts: %w", err)
	}
	f := newFamily(head, s.Family)
	for i := range s.Subs {
		v := &s.Subs[i]
		if i > 0 {
			f = f.moved(head, v.Moves)
		} else {
			v.Moves = nil // what they say is in the family
		}
		v.parse()
		v.kin = f
	}
	return s, nil
}
