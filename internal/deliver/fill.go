package deliver

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// filler reads the journal for one backfill.
type filler struct {
	l      *lane
	r      *run
	kin    *family
	give   *rate.Limiter
	look   *rate.Limiter
	passed uint64 // events looked at and not counted yet
}

func newFiller(l *lane, r *run) *filler {
	l.mu.Lock()
	v := l.version()
	l.mu.Unlock()
	return &filler{
		l: l, r: r, kin: v.kin, give: rate.NewLimiter(fillPerSecond, fillPerSecond/10),
		look: rate.NewLimiter(fillReadPerSecond, fillReadPerSecond),
	}
}

// read gives the lane everything from the run's place on. It returns nil at the end, errSwitchedOff, or the context's
// error.
func (f *filler) read(ctx context.Context) error {
	var patience patience
	for {
		if err := f.may(ctx); err != nil {
			return err
		}
		f.l.mu.Lock()
		next, end := f.l.e.inJournal(f.r.state.Fill.Next), f.r.state.Fill.End
		f.l.mu.Unlock()
		if !next.Less(end) {
			return nil
		}
		frame, err := f.l.e.Journal.Read(ctx, next.Frame)
		switch {
		case err == nil:
			if to := f.r.state.Fill.To; !to.IsZero() && frame.Time.After(to.Add(lookAfter)) {
				return nil
			}
			if err := f.frame(ctx, frame, next.Item); err != nil {
				return err
			}
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, journal.ErrNotYet):
			return nil
		case patience.left(next.Frame, err):
			patience.pause(ctx)
		default:
			f.stepOver(next, err)
		}
	}
}

// may says whether the backfill may go on.
func (f *filler) may(ctx context.Context) error {
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case f.r.state.Fill.Cancelled:
		return context.Canceled
	case f.l.off || f.l.removed:
		return errSwitchedOff
	}
	return nil
}

// stepOver leaves out a frame that cannot be read; the next section of each account says what it held.
func (f *filler) stepOver(at journal.Position, err error) {
	to := at.Frame + 1
	if first, _ := f.l.e.Journal.Bounds(); errors.Is(err, journal.ErrTrimmed) && first > to {
		to = first
	}
	f.l.log.Error("a backfill steps over journal frames that cannot be read", slog.Uint64("from", at.Frame),
		slog.Uint64("to", to), slog.Any("error", err))
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	f.moveTo(journal.Position{Epoch: at.Epoch, Frame: to})
}

// moveTo sets the run's place. The caller holds the lane's mu.
func (f *filler) moveTo(pos journal.Position) {
	f.r.state.Fill.Next = pos
	f.r.state.Fill.Read += f.passed
	f.passed = 0
	f.r.dirty, f.l.dirty = true, true
}

// frame gives the lane what it wants of a frame from the item on.
func (f *filler) frame(ctx context.Context, frame *journal.Frame, from uint32) error {
	for i := range frame.Sections {
		s := &frame.Sections[i]
		if s.Account != f.l.account && !f.kin.has(s.Account) || s.FirstItem+s.Count <= from {
			continue
		}
		if err := f.section(ctx, frame, s, int(max(from, s.FirstItem)-s.FirstItem)); err != nil {
			return err
		}
	}
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	f.moveTo(frame.End())
	return nil
}

func (f *filler) section(ctx context.Context, frame *journal.Frame, s *journal.Section, start int) error {
	f.count(s, start)
	if err := f.look.WaitN(ctx, min(int(s.Count), fillReadPerSecond)); err != nil {
		return err
	}
	if !f.worth(s) {
		f.passed += uint64(s.Count) - uint64(start)
		return nil
	}
	records, err := s.Records()
	if err != nil {
		f.l.log.Error("a backfill leaves out a damaged journal section", slog.Uint64("frame", frame.Number), slog.Any("error", err))
		f.l.mu.Lock()
		defer f.l.mu.Unlock()
		f.r.state.Fill.Missing += uint64(s.Count) - uint64(start)
		return nil
	}
	for i := start; i < len(records); i++ {
		pos := frame.Position(s, i)
		switch {
		case !pos.Less(f.r.state.Fill.End):
			return nil
		case !f.wants(records[i]):
			f.passed++
		default:
			if err := f.bring(ctx, records[i], pos); err != nil {
				return err
			}
		}
	}
	return nil
}

// count notes what is missing before a section, and where its account's running number is after it.
func (f *filler) count(s *journal.Section, start int) {
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	fill := f.r.state.Fill
	if fill.Seqs == nil {
		fill.Seqs = map[event.Account]uint64{}
	}
	if was, known := fill.Seqs[s.Account]; known && start == 0 && s.Before > was {
		fill.Missing += s.Before - was
	}
	fill.Seqs[s.Account] = s.Before + uint64(s.Count)
}

// worth says by the section's directory whether it is worth opening.
func (f *filler) worth(s *journal.Section) bool {
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	sub := f.l.sub()
	for _, t := range s.Types {
		if sub.WantsType(t.Type) {
			return true
		}
	}
	return false
}

// wants says whether an event is one that the backfill is to bring, by the subscription as it is now.
func (f *filler) wants(r *event.Record) bool {
	fill := f.r.state.Fill
	switch {
	case r.Received.Before(fill.From), !fill.To.IsZero() && !r.Received.Before(fill.To):
		return false
	case !fill.Older.IsZero() && !r.Received.Before(fill.Older):
		return false
	}
	f.l.mu.Lock()
	v := f.l.version()
	f.l.mu.Unlock()
	return f.l.wants(r, &v) == route.Wanted
}

// bring parks one event, when there is room for it. One that the mailbox has already stays there.
func (f *filler) bring(ctx context.Context, r *event.Record, pos journal.Position) error {
	if r.Account != f.l.account {
		r = adopt(r, f.kin.chain(r.Account))
	}
	known, err := f.known(ctx, event.DeliveryID(r.ID, f.l.id))
	if err != nil {
		return err
	}
	if !known {
		if err := f.give.Wait(ctx); err != nil {
			return err
		}
		if err := f.room(ctx); err != nil {
			return err
		}
	}
	l := f.l
	l.mu.Lock()
	defer l.mu.Unlock()
	f.passed++
	f.r.state.Matched++
	next := pos
	next.Item++
	f.moveTo(next)
	if known {
		f.r.state.Counts.Skipped++
		return nil
	}
	p := l.parkedFrom(&entry{rec: r, pos: pos}, l.e.Now())
	p.row.Run = f.r.id
	l.admitParked(p, l.e.Now())
	l.dispatch()
	return nil
}

// known says whether there is a row of the delivery already, which stays one. What is brought is below the lane's saved
// mark, so nobody but a backfill or a person parks it.
func (f *filler) known(ctx context.Context, id event.ID) (bool, error) {
	for {
		parked, settling := f.parked(id)
		if parked {
			return true, nil
		}
		err := error(nil)
		if !settling {
			_, err = f.l.e.Store.GetParked(ctx, f.l.account, id)
		}
		switch {
		case settling:
			pauseFor(ctx, roomPoll)
		case err == nil:
			return true, nil
		case errors.Is(err, store.ErrNotFound):
			return false, nil
		default:
			pauseFor(ctx, readBackPause) // that the store is not available is no reason to leave an event out
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
	}
}

// parked says whether the lane has the delivery parked to stay so until it ends somewhere; settling: it is on its way out,
// of a cancelled run or of the store, and it must be asked again.
func (f *filler) parked(id event.ID) (parked, settling bool) {
	l := f.l
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.park.byID[id]; p != nil {
		return !p.doomed, p.doomed
	}
	_, touched := l.touched[id]
	_, saving := l.saving[id]
	return false, touched || saving || slices.Contains(l.gone, id)
}

// room waits until the lane has room for another delivery of a backfill.
func (f *filler) room(ctx context.Context) error {
	for {
		if err := f.may(ctx); err != nil {
			return err
		}
		f.l.mu.Lock()
		fed := f.l.park.fed
		f.l.mu.Unlock()
		if fed.n < maxFed && fed.bytes < maxFedBytes {
			return nil
		}
		pauseFor(ctx, roomPoll)
	}
}

func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
