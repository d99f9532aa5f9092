package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// recover puts the tail and every lane where the last tick left them.
func (e *Engine) recover(ctx context.Context, integrations []store.Integration) error {
	saved, err := e.recoverTail(ctx)
	if err != nil {
		return err
	}
	rows, err := e.Store.LoadLanes(ctx)
	if err != nil {
		return fmt.Errorf("reading the marks: %w", err)
	}
	byID := make(map[event.ID]store.LaneRow, len(rows))
	for _, r := range rows {
		byID[r.Integration] = r
	}
	integrations = slices.DeleteFunc(slices.Clone(integrations), func(i store.Integration) bool { return e.Kinds[i.Kind].Responds() })
	runs, err := e.loadRuns(ctx, integrations)
	if err != nil {
		return err
	}
	for _, i := range integrations {
		l := newLane(e, i)
		l.runs = runs[i.ID]
		e.tail.follow(i)
		row, known := byID[i.ID]
		if err := e.recoverLane(ctx, l, row, known, saved); err != nil {
			return fmt.Errorf("lane of %s: %w", l.text, err)
		}
		e.lanes[i.ID] = l
	}
	e.tail.restoreClasses(saved)
	e.tail.recent.fill(ctx, e)
	return e.saveNow(ctx)
}

// loadRuns reads the runs of the integrations. Those of others, which were deleted, are forgotten in time.
func (e *Engine) loadRuns(ctx context.Context, integrations []store.Integration) (map[event.ID]map[event.ID]*run, error) {
	rows, err := e.Store.LoadRuns(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the runs: %w", err)
	}
	of := make(map[event.ID]map[event.ID]*run, len(integrations))
	for _, i := range integrations {
		of[i.ID] = map[event.ID]*run{}
	}
	var old []event.ID
	for _, row := range rows {
		if of[row.Integration] == nil {
			if !row.EndedAt.IsZero() && e.Now().Sub(row.EndedAt) > maxRunAge {
				old = append(old, row.ID)
			}
			continue
		}
		r, err := readRun(row)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", row.ID.UUID(), err)
		}
		of[row.Integration][r.id] = r
	}
	if err := e.Store.DeleteRuns(ctx, old); err != nil {
		return nil, fmt.Errorf("forgetting the runs of deleted integrations: %w", err)
	}
	return of, nil
}

func (e *Engine) recoverTail(ctx context.Context) (tailState, error) {
	t := &e.tail
	state := tailState{}
	first, last := e.Journal.Bounds()
	switch saved, err := e.Store.LoadTail(ctx); {
	case errors.Is(err, store.ErrNotFound):
		t.next = journal.Position{Epoch: e.Journal.End().Epoch, Frame: max(first, 1)}
	case err != nil:
		return nil, fmt.Errorf("reading the tail's mark: %w", err)
	default:
		t.next = e.inJournal(saved.Mark)
		if err := json.Unmarshal(saved.State, &state); err != nil {
			return nil, fmt.Errorf("reading the tail's counts: %w", err)
		}
	}
	if t.next.Frame < first && last > 0 {
		t.next.Frame = first
	}
	for account, s := range state {
		t.seqs[account] = s.Seq
	}
	return state, nil
}

// inJournal maps a saved position into the journal as it is: a mark beyond the end, of a journal that lost its newest
// part, means the end, which is where the new epoch begins.
func (e *Engine) inJournal(p journal.Position) journal.Position {
	if end := e.Journal.End(); p.Frame >= end.Frame {
		return end
	}
	return p
}

// restoreClasses gives the classes their saved counts. It must come after all lanes are in the index. Lanes that are
// new since the tail's mark was saved begin at zero, as their class does.
func (t *tail) restoreClasses(saved tailState) {
	t.index.Classes(func(account event.Account, c *route.Class) {
		if s := saved[account]; s != nil {
			c.Missed = s.Classes[c.Key()]
		}
	})
	for account, s := range saved {
		have := t.e.Journal.Journalled(account)
		if s.Seq <= have {
			continue
		}
		// An older copy of the journal was restored: the running numbers begin again lower.
		for _, l := range t.e.allLanes() {
			if l.account == account && l.attached {
				l.startSeq -= s.Seq - have
			}
		}
		t.seqs[account] = have
	}
	for _, l := range t.e.allLanes() {
		if l.fresh && l.entry != nil {
			l.classBase = l.entry.Class.Missed
		}
		if l.attached {
			l.beginKin(t.seqs)
		}
	}
}

// recoverIdle lets a lane that had nothing unsettled follow the tail from its mark. What its class had counted until
// then is in the tail's state, under the subscription of then: it may have been changed just before the process ended.
func (l *lane) recoverIdle(saved *accountState, state laneState) {
	l.e.tail.attachLocked(l)
	l.classBase = state.ClassBase
	if len(state.Subs) == 0 {
		return
	}
	key := state.Subs[len(state.Subs)-1].sub.ClassKey()
	if key == l.entry.Class.Key() {
		return
	}
	if saved != nil {
		l.at.Filtered += saved.Classes[key] - state.ClassBase
	}
	l.fresh = true // in its class
}

func (e *Engine) recoverLane(ctx context.Context, l *lane, row store.LaneRow, known bool, saved tailState) error {
	t := &e.tail
	var state laneState
	var err error
	if known {
		if state, err = readLaneState(row.State, l.account); err != nil {
			return err
		}
		if err := l.restoreNoise(ctx, state.Noise); err != nil {
			return err
		}
	}
	if err := l.recoverParked(ctx); err != nil {
		return err
	}
	if !known {
		l.fresh = true
		l.startSeq, l.start = t.seqs[l.account], t.next
		t.attachLocked(l)
		return nil
	}
	l.at, l.count, l.startSeq, l.start = state.At, state.Counts, state.StartSeq, state.Start
	if l.off { // it was switched off, and the process ended before that could be settled
		l.closing = closing{"the integration was disabled", "disabled"}
		for _, p := range l.park.all() {
			l.discardParked(p)
		}
		clear(l.gates)
	}
	current := l.subs[0]
	if row.Idle {
		l.recoverIdle(saved[l.account], state)
		return nil
	}
	if len(state.Subs) > 0 {
		l.subs = state.Subs
		l.restoreKin(state.Seqs)
		if v := l.version(); !sameJSON(v.Raw, current.Raw) || !maps.Equal(v.kin.parents(), current.kin.parents()) {
			l.changeTo(current, t.next)
		}
	}
	l.next = e.inJournal(row.Mark)
	t.indexLocked(l)
	l.dirty = true
	return l.recoverAbove(ctx, row.Mark)
}

// version is the newest version itself.
func (l *lane) version() subVersion { return l.subs[len(l.subs)-1] }

// recoverAbove consults the recorded attempts above the mark: what is settled there must not be sent again.
func (l *lane) recoverAbove(ctx context.Context, mark journal.Position) error {
	packs, err := l.e.Store.PacksAbove(ctx, l.id, mark)
	if err != nil {
		return fmt.Errorf("reading what is settled above the mark: %w", err)
	}
	for _, p := range packs {
		runs, err := decodePack(p.Data)
		if err != nil {
			l.log.Error("a pack of the ledger is damaged; its deliveries may be repeated", slog.Any("error", err))
			continue
		}
		for _, r := range runs {
			for i := range r.N {
				pos := r.Pos
				pos.Item += i
				if !pos.Less(mark) {
					l.remember(pos)
				}
			}
		}
	}
	return nil
}

func (l *lane) remember(pos journal.Position) {
	if l.already == nil {
		l.already = map[journal.Position]struct{}{}
	}
	l.already[pos] = struct{}{}
}

// recoverParked loads what is parked, without the events.
func (l *lane) recoverParked(ctx context.Context) error {
	rows, err := l.e.Store.LoadParked(ctx, l.id)
	if err != nil {
		return fmt.Errorf("reading what is parked: %w", err)
	}
	keys := map[string]bool{}
	now := l.e.Now()
	for _, r := range rows {
		r.Due, r.FirstTried = steady(r.Due, now), steady(r.FirstTried, now)
		p := &parked{row: r, size: max(len(r.Record), assumedSize)}
		l.park.add(p)
		l.parkGated(p)
		keys[r.OrderingKey] = p.gated
	}
	l.restoreHeld(now)
	if !l.ordered() {
		l.unorder(now)
	}
	for key, gated := range keys {
		if gated {
			l.promote(key, now, false)
			l.promote(key, now, true)
		}
	}
	return nil
}

// assumedSize stands in for the size of a parked event that is not in memory.
const assumedSize = 1 << 10

// sameJSON compares two JSON texts but for white space.
func sameJSON(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return bytes.Equal(a, b)
	}
	return bytes.Equal(x.Bytes(), y.Bytes())
}
