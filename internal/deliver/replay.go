package deliver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/deliver/noise"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// errNoRoom: the lane has as much parked as it may have; the replay waits.
var errNoRoom = errors.New("the lane has no room for another parked delivery")

// roomPoll is how often a replay looks for room.
const roomPoll = 50 * time.Millisecond

// Retry makes a delivery due at once: a parked one, or one in the mailbox or discarded, which is replayed.
func (e *Engine) Retry(ctx context.Context, account event.Account, id event.ID, force bool) error {
	row, err := e.Store.GetParked(ctx, account, id)
	if err != nil {
		return err
	}
	l, err := e.replayLane(row)
	if err != nil {
		return err
	}
	if row.State == store.StateParked || row.State == store.StateBehind || row.State == store.StateHeld {
		return l.hurry(id)
	}
	row.Record = nil
	newer, err := e.newerKeys(ctx, account, []store.Parked{row}, force)
	if err != nil {
		return err
	}
	if err := e.replay(ctx, row, newer); err != nil {
		return err
	}
	return e.saveNow(ctx)
}

// replayLane is the lane of a row; ErrDisabled if nothing can be sent there.
func (e *Engine) replayLane(row store.Parked) (*lane, error) {
	l := e.lane(row.Account, row.Integration)
	if l == nil {
		return nil, ErrDisabled
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.off || l.removed {
		return nil, ErrDisabled
	}
	return l, nil
}

// hurry makes a parked delivery due now. One that waits behind another of its key cannot be hurried.
func (l *lane) hurry(id event.ID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.park.byID[id]
	if p == nil || p.flying {
		return ErrNotReplayable
	}
	if p.row.State == store.StateBehind {
		return fmt.Errorf("%w: it waits behind an earlier delivery of its ordering key", ErrNotReplayable)
	}
	if g := p.group; g != nil {
		if g.earlier(p) {
			return fmt.Errorf("%w: an earlier delivery of its ordering key is held, too", ErrNotReplayable)
		}
		l.held.leave(p)
		l.letGo([]*parked{p}, noise.AlongKey, l.e.Now())
		l.dispatch()
		return nil
	}
	l.setDue(p.ridden(), l.e.Now())
	l.dispatch()
	return nil
}

// replay lets one delivery out of the mailbox through the same gate as any other.
func (e *Engine) replay(ctx context.Context, row store.Parked, newer map[event.ID]bool) error {
	failpoint.Hit("replay-step")
	if newer[row.Delivery] {
		return ErrNewerDelivered
	}
	for {
		if err := e.readmit(ctx, row); !errors.Is(err, errNoRoom) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(roomPoll):
		}
	}
}

// readmit takes a delivery out of the mailbox as the store has it now: a list may be minutes old, and each delivery must
// be taken out, and counted, once.
func (e *Engine) readmit(ctx context.Context, row store.Parked) error {
	e.closed.Lock()
	defer e.closed.Unlock()
	l, err := e.replayLane(row)
	if err != nil {
		return err
	}
	row, err = l.closedRow(ctx, row.Delivery)
	if err != nil {
		return err
	}
	return l.readmit(row)
}

// closedRow reads a row that nobody is about to change; the caller holds Engine.closed. ErrNotReplayable: the lane has
// it, or changed it a moment ago.
func (l *lane) closedRow(ctx context.Context, id event.ID) (store.Parked, error) {
	l.mu.Lock()
	_, touched := l.touched[id]
	_, saving := l.saving[id]
	_, here := l.park.byID[id]
	gone := slices.Contains(l.gone, id)
	l.mu.Unlock()
	if touched || saving || here || gone {
		return store.Parked{}, ErrNotReplayable
	}
	row, err := l.e.Store.GetParked(ctx, l.account, id)
	if err != nil {
		return row, err
	}
	row.Record = nil
	return row, nil
}

// readmit parks a delivery that was closed, due now, as if it had never been tried.
func (l *lane) readmit(row store.Parked) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if row.State != store.StateMailbox && row.State != store.StateDiscarded {
		return ErrNotReplayable
	}
	if l.off || l.removed {
		return ErrDisabled
	}
	p := &parked{row: row, size: assumedSize}
	if l.park.loadOf(p).full() {
		return errNoRoom
	}
	if row.State == store.StateMailbox {
		l.tally(&row).Mailbox--
	} else {
		l.tally(&row).Discarded--
	}
	l.admitParked(p, l.e.Now())
	l.dispatch()
	return nil
}

// admitParked parks a delivery that does not come out of the window, due now and as if it had never been tried.
func (l *lane) admitParked(p *parked, now time.Time) {
	p.row.State, p.row.Due, p.row.Since, p.row.Attempts, p.row.FirstTried = store.StateParked, now, now, 0, time.Time{}
	if g := l.gateOf(p.row.OrderingKey); g != nil && *g.held(p) > 0 {
		p.row.State, p.row.Due = store.StateBehind, time.Time{}
	}
	l.park.add(p)
	l.parkGated(p)
	l.touch(p)
}

// newerKeys says for which rows something newer of the same ordering key was delivered since. It reads the journal from
// the oldest row's place on, once.
func (e *Engine) newerKeys(ctx context.Context, account event.Account, rows []store.Parked, force bool) (map[event.ID]bool, error) {
	newer := map[event.ID]bool{}
	byKey, from := e.orderedRows(rows)
	if force || len(byKey) == 0 {
		return newer, nil
	}
	if err := e.saveNow(ctx); err != nil { // the ledger is what tells, so it must be up to date
		return nil, err
	}
	of := e.readable(account)
	first, last := e.Journal.Bounds()
	for number := max(from.Frame, first); number <= last; number++ {
		f, err := e.Journal.Read(ctx, number)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			continue
		}
		if err := e.newerIn(ctx, account, of, f, byKey, newer); err != nil {
			return nil, err
		}
	}
	return newer, nil
}

// orderedRows groups the rows of integrations that keep order by their ordering key, and gives the first position.
func (e *Engine) orderedRows(rows []store.Parked) (byKey map[string][]store.Parked, from journal.Position) {
	byKey = map[string][]store.Parked{}
	for _, r := range rows {
		l := e.lane(r.Account, r.Integration)
		if l == nil || r.OrderingKey == "" {
			continue
		}
		l.mu.Lock()
		ordered := l.ordered()
		l.mu.Unlock()
		if !ordered {
			continue
		}
		if len(byKey) == 0 || r.Position.Less(from) {
			from = r.Position
		}
		byKey[r.OrderingKey] = append(byKey[r.OrderingKey], r)
	}
	return byKey, from
}

func (e *Engine) newerIn(ctx context.Context, account event.Account, of accounts, f *journal.Frame, byKey map[string][]store.Parked, newer map[event.ID]bool) error {
	for i := range f.Sections {
		s := &f.Sections[i]
		if _, ok := of[s.Account]; !ok {
			continue
		}
		records, err := s.Records()
		if err != nil {
			continue
		}
		for j, rec := range records {
			rec = seenFrom(account, rec)
			pos := f.Position(s, j)
			delivered := map[event.ID]bool{} // by integration: many rows ask for the same
			for _, row := range byKey[rec.OrderingKey] {
				if newer[row.Delivery] || !row.Position.Less(pos) {
					continue
				}
				is, known := delivered[row.Integration]
				if !known {
					v, ok, err := e.stateOf(ctx, e.lane(account, row.Integration), rec, pos)
					if err != nil {
						return err
					}
					is = ok && v.Status == statusDelivered
					delivered[row.Integration] = is
				}
				newer[row.Delivery] = is
			}
		}
	}
	return nil
}

// Discard closes parked deliveries, and those in the mailbox, for a reason; they can be replayed from there. It returns
// how many were closed.
func (e *Engine) Discard(ctx context.Context, account event.Account, sel Selection, reason string) (int, error) {
	n := 0
	states := []store.ParkedState{store.StateMailbox}
	err := e.each(ctx, account, sel, states, func(rows []store.Parked) error {
		for _, row := range rows {
			done, err := e.discard(ctx, row, reason)
			if err != nil {
				return err
			}
			if done {
				n++
			}
		}
		return nil
	})
	if err != nil {
		return n, err
	}
	return n, e.saveNow(ctx)
}

// discard closes one delivery; false if it is in flight or closed already.
func (e *Engine) discard(ctx context.Context, row store.Parked, reason string) (bool, error) {
	e.closed.Lock()
	defer e.closed.Unlock()
	l := e.lane(row.Account, row.Integration)
	if l == nil {
		return false, nil
	}
	if l.discardWaiting(row.Delivery, reason) {
		return true, nil
	}
	row, err := l.closedRow(ctx, row.Delivery)
	switch {
	case errors.Is(err, ErrNotReplayable), errors.Is(err, store.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading a parked delivery: %w", err)
	case row.State != store.StateMailbox:
		return false, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closeParked(&parked{row: row, index: -1}, store.StateDiscarded, l.e.Now(), reason, "person")
	l.tally(&row).Mailbox--
	l.tally(&row).Discarded++
	return true, nil
}

// discardWaiting closes a parked delivery; false if it is not parked, or in flight.
func (l *lane) discardWaiting(id event.ID, reason string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.park.byID[id]
	if p == nil || p.flying {
		return false
	}
	p = p.ridden() // those of one message are one
	now := l.e.Now()
	party := p.party()
	for _, p := range party {
		l.unpark(p)
		l.closeParked(p, store.StateDiscarded, now, reason, "person")
		l.tally(&p.row).Discarded++
	}
	l.disband(p, now)
	for _, p := range party {
		if g := l.gates[p.row.OrderingKey]; g != nil && !g.busy { // else the one in flight releases the key
			l.release(p.row.OrderingKey, now)
		}
	}
	l.dispatch()
	return true
}

// each calls f with the rows of a selection, page by page. Without states in its filter, the given ones are meant.
func (e *Engine) each(ctx context.Context, account event.Account, sel Selection, states []store.ParkedState, f func([]store.Parked) error) error {
	for ids := range slices.Chunk(sel.IDs, maxPage) {
		var rows []store.Parked
		for _, id := range ids {
			row, err := e.Store.GetParked(ctx, account, id)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return fmt.Errorf("reading a parked delivery: %w", err)
			}
			row.Record = nil
			rows = append(rows, row)
		}
		if err := f(rows); err != nil {
			return err
		}
	}
	if sel.Filter == nil {
		return nil
	}
	filter := *sel.Filter
	filter.Account = account
	if len(filter.States) == 0 {
		filter.States = states
	}
	for after := ""; ; {
		rows, next, err := e.Store.ListParked(ctx, filter, store.Page{After: after, Limit: maxPage})
		if err != nil {
			return fmt.Errorf("listing the mailbox: %w", err)
		}
		if err := f(rows); err != nil {
			return err
		}
		if next == "" {
			return nil
		}
		after = next
	}
}
