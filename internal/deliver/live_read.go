package deliver

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/journal"
)

// liveReader reads the journal for one watch. It costs the tail nothing: new frames come from memory, and are taken apart
// once for all who read them.
type liveReader struct {
	w    *Watch
	next journal.Position
	seq  uint64 // how many events the account has had before next; valid if known
	// known: seq is known. live: the watch has been at the journal's end.
	known, live bool
}

// begin finds the place to begin at.
func (w *Watch) begin(ctx context.Context) (*liveReader, error) {
	r := &liveReader{w: w, next: w.e.Journal.End()}
	since := w.spec.Filter.Since
	switch {
	case !w.spec.From.IsZero():
		if w.spec.From.Less(r.next) {
			r.next = w.spec.From
		}
	case !since.IsZero():
		number, err := w.e.Journal.Seek(ctx, since)
		if err != nil {
			return nil, fmt.Errorf("looking for the events since %s: %w", since, err)
		}
		if number < r.next.Frame {
			r.next = journal.Position{Frame: number}
		}
	}
	r.move(r.next)
	return r, nil
}

// move notes that everything before p was received or is of no interest.
func (r *liveReader) move(p journal.Position) {
	r.next = p
	r.w.place.Store(&p)
}

// run reads until the watch ends.
func (r *liveReader) run(ctx context.Context) {
	defer r.w.cancel()
	var patience patience
	for ctx.Err() == nil {
		number := r.next.Frame
		if !r.live && number >= r.w.e.Journal.End().Frame {
			r.live = true
		}
		f, err := r.w.e.Journal.Next(ctx, number)
		switch {
		case err == nil:
			if !r.frame(ctx, f) {
				return
			}
		case ctx.Err() != nil, errors.Is(err, journal.ErrClosed), errors.Is(err, journal.ErrFailed):
			return
		case errors.Is(err, journal.ErrTrimmed):
			first, _ := r.w.e.Journal.Bounds()
			if !r.known && !r.lost(ctx, 0) {
				return
			}
			r.move(journal.Position{Epoch: r.next.Epoch, Frame: max(first, number+1)})
		case patience.left(number, err):
			patience.pause(ctx)
		default:
			r.move(journal.Position{Epoch: r.next.Epoch, Frame: number + 1}) // the next section says how many it held
		}
	}
}

// frame hands a frame's events over. It is false when the watch ended.
func (r *liveReader) frame(ctx context.Context, f *journal.Frame) bool {
	for i := range f.Sections {
		if s := &f.Sections[i]; s.Account == r.w.account && !r.section(ctx, f, s) {
			return false
		}
	}
	r.move(f.End())
	if r.live && r.w.e.Now().Sub(f.Time) > catchUpTime {
		// Too slow: what is newest counts, and the next section says how much was passed over.
		r.move(r.w.e.Journal.End())
		r.live = false
	}
	return true
}

func (r *liveReader) section(ctx context.Context, f *journal.Frame, s *journal.Section) bool {
	if r.known && s.Before > r.seq && !r.lost(ctx, s.Before-r.seq) {
		return false
	}
	r.known, r.seq = true, s.Before+uint64(s.Count)
	if !r.wantsAny(s) {
		return true
	}
	records, err := s.Records()
	if err != nil {
		return r.lost(ctx, uint64(s.Count))
	}
	for i, rec := range records {
		pos := f.Position(s, i)
		if pos.Epoch == r.next.Epoch && pos.Less(r.next) { // known from before
			continue
		}
		filter := &r.w.spec.Filter
		if !filter.about(rec.Type, rec.Severity, rec.Project) || rec.Received.Before(filter.Since) {
			continue
		}
		pos.Item++
		if !r.send(ctx, LiveItem{Topic: LiveEvents, Event: rec, Next: pos}) {
			return false
		}
	}
	return true
}

// wantsAny says whether a section may hold a wanted event, without opening it.
func (r *liveReader) wantsAny(s *journal.Section) bool {
	if s.Damaged {
		return true
	}
	for _, t := range s.Types {
		if r.w.spec.Filter.wantsType(t.Type) {
			return true
		}
	}
	return len(s.Types) == 0
}

// lost tells of a gap; n is 0 when its size is not known.
func (r *liveReader) lost(ctx context.Context, n uint64) bool {
	return r.send(ctx, LiveItem{Topic: LiveEvents, Lost: n, Gap: true})
}

func (r *liveReader) send(ctx context.Context, i LiveItem) bool {
	select {
	case r.w.events <- i:
		return true
	case <-ctx.Done():
		return false
	}
}
