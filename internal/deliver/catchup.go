package deliver

import (
	"errors"
	"log/slog"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
)

// catchUpLocked starts the lane's reader, if it is behind and a reader could do something. The caller holds mu.
func (l *lane) catchUpLocked() {
	if l.attached || l.reading || l.removed || l.halted || !l.mayRead(l.roomy()) {
		return
	}
	l.reading = true
	l.e.loops.Go(l.catchUp)
}

// mayRead says whether the reader may go on: it needs room, unless events are skipped or expire.
func (l *lane) mayRead(room bool) bool {
	return l.off || l.next.Less(l.skipTo) || room && !l.row.Held()
}

// catchUp reads the journal from the lane's place until the window is full, or until it is where the tail is.
func (l *lane) catchUp() {
	ctx := l.e.ctx
	var patience patience
	for {
		l.mu.Lock()
		l.sweptLocked()
		if l.removed || l.halted || !l.mayRead(!l.full()) {
			l.reading = false
			l.mu.Unlock()
			return
		}
		next := l.next
		l.mu.Unlock()
		if l.e.tail.reached(next) {
			if l.e.tail.attachAt(l, next) {
				l.mu.Lock()
				l.sweptLocked()
				l.reading = false
				l.mu.Unlock()
				return
			}
			if l.e.tail.reached(next) { // it stepped over frames that the tail has not come to yet
				patience.pause(ctx)
			}
			if ctx.Err() == nil {
				continue
			}
			l.mu.Lock()
			l.reading = false
			l.mu.Unlock()
			return
		}
		f, err := l.e.Journal.Read(ctx, next.Frame)
		switch {
		case err == nil:
			l.readFrame(f, next.Item)
		case ctx.Err() != nil, errors.Is(err, journal.ErrClosed), errors.Is(err, journal.ErrFailed):
			l.mu.Lock()
			l.reading = false
			l.mu.Unlock()
			return
		case patience.left(next.Frame, err):
			l.log.Warn("reading a journal frame failed; it will be tried again", slog.Uint64("frame", next.Frame), slog.Any("error", err))
			patience.pause(ctx)
		default:
			l.stepOver(next, err)
		}
	}
}

// reached says whether a reader at next has nothing left that the tail has matched.
func (t *tail) reached(next journal.Position) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return next.Frame >= t.next.Frame
}

// stepOver leaves out a frame that cannot be read. The next section of the account says how many events it held.
func (l *lane) stepOver(at journal.Position, err error) {
	to := at.Frame + 1
	trimmed := errors.Is(err, journal.ErrTrimmed)
	if first, _ := l.e.Journal.Bounds(); trimmed && first > to {
		to = first
	}
	l.log.Error("stepping over journal frames that cannot be read", slog.Uint64("from", at.Frame), slog.Uint64("to", to),
		slog.Any("error", err))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = journal.Position{Epoch: at.Epoch, Frame: to}
	l.at.Ahead += l.forgetBefore(l.next) // a mark behind them would not find them again
	l.dirty = true
	if trimmed {
		l.gapTrimmed(at)
	}
}

// readFrame takes a frame's events from the item on, as far as there is room.
func (l *lane) readFrame(f *journal.Frame, from uint32) {
	below := l.arrive(f)
	for i := range f.Sections {
		s := &f.Sections[i]
		if s.Account != l.account && !below.has(s.Account) || s.FirstItem+s.Count <= from {
			continue
		}
		start := 0
		if from > s.FirstItem {
			start = int(from - s.FirstItem)
		}
		if !l.readSection(f, s, start) {
			return
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = f.End()
	l.dirty = true
}

// arrive brings into force what is in force at a frame, and gives the accounts below that the lane follows there. All
// of a frame has one version: they begin between two frames.
func (l *lane) arrive(f *journal.Frame) *family {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := journal.Position{Epoch: f.Epoch, Frame: f.Number}
	l.crossTo(at)
	return l.familyAt(at)
}

// readSection reports whether all of the section was taken.
func (l *lane) readSection(f *journal.Frame, s *journal.Section, start int) bool {
	var records []*event.Record
	var err error
	if l.wantsAny(f, s) {
		records, err = s.Records()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.dispatch()
	if start == 0 {
		l.countGapBefore(f, s, err != nil)
	}
	end := f.Position(s, int(s.Count))
	switch {
	case err != nil:
		l.log.Error("a journal section is damaged; what the integration wanted of it is lost",
			slog.Uint64("frame", f.Number), slog.Any("error", err))
		types := s.Types
		if start > 0 {
			types = nil // they count what was taken already, too
		}
		l.takeLost(uint64(s.Count)-uint64(start), types, l.forgetBefore(end))
	case records == nil:
		l.at.Filtered += uint64(s.Count) - uint64(start)
	default:
		for i := start; i < len(records); i++ {
			pos := f.Position(s, i)
			why := l.subAt(pos).Explain(records[i], l.text)
			if why == route.Wanted && l.full() && !l.off && !pos.Less(l.skipTo) {
				l.moveTo(pos, s.Account, s.Before+uint64(i))
				return false
			}
			l.take(records[i], pos, s.Before+uint64(i), why)
		}
	}
	// The place moves with the counts, under one lock: a tick may see the lane between two sections.
	l.moveTo(end, s.Account, s.Before+uint64(s.Count))
	l.dirty = true
	return true
}

// moveTo sets the lane's place, where the account's running number is seq.
func (l *lane) moveTo(pos journal.Position, a event.Account, seq uint64) {
	l.next = pos
	if l.foreign(a) {
		l.pass(a, seq)
		return
	}
	l.at.Seq = seq
}

// countGapBefore counts what is missing before a section.
func (l *lane) countGapBefore(f *journal.Frame, s *journal.Section, damaged bool) {
	pos := f.Position(s, 0)
	if l.kin == nil {
		if s.Before != l.at.Seq {
			l.countGap(s.Before, pos)
		}
		l.trimmedGap = false
		return
	}
	seq, known := l.at.Seq, true
	if s.Account != l.account {
		seq, known = l.kin.seqs[s.Account]
	}
	// What is settled before a damaged section is not settled in it.
	if !known || s.Before != seq || damaged {
		l.countGapOf(s.Account, s.Before, pos)
	}
	delete(l.kin.trimmed, s.Account)
}

// wantsAny says by the section's directory whether it is worth opening.
func (l *lane) wantsAny(f *journal.Frame, s *journal.Section) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.already != nil {
		return true
	}
	sub := l.subAt(f.Position(s, 0))
	if len(l.subs) > 1 {
		return true // the version may change within the section
	}
	for _, t := range s.Types {
		if sub.WantsType(t.Type) {
			return true
		}
	}
	return false
}

// countGap counts events that are missing before pos, where the account's running number is seq.
func (l *lane) countGap(seq uint64, pos journal.Position) {
	settled := l.forgetBefore(pos) + l.at.Ahead
	l.at.Ahead = 0
	l.at.Matched += settled
	missing := seq - l.at.Seq - settled // as a difference: negative when the journal lost what had been settled
	switch {
	case int64(missing) < 0:
		// An older copy of the journal was restored: the account's numbers begin again lower.
		l.startSeq += missing // it may wrap
	case l.trimmedGap:
		l.at.Matched += missing
		l.expireTrimmed(missing, pos)
	default:
		l.at.Matched += missing
		l.at.Lost += missing
	}
	l.trimmedGap = false
	l.at.Seq = seq
}
