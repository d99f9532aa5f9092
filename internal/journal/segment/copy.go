package segment

import (
	"context"
	"io"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/journal"
)

var _ journal.Copier = (*Log)(nil)

// Files implements journal.Copier. Of the newest segment it gives what is synced; the others are complete with their
// indexes, for which it waits.
func (l *Log) Files(ctx context.Context) ([]journal.LogFile, error) {
	l.wmu.Lock()
	err := l.writable()
	segs, active := *l.segments.Load(), l.active
	// The bytes behind the newest record are zeros, or the remains of a write that nobody was told had succeeded. A
	// segment without a record is copied with its empty header, so that the one before it is not the newest.
	end, next := max(l.activeEnd, segmentHead), l.next
	if l.finished {
		end = active.size.Load() // its damaged end tells how many records are lost
	}
	l.wmu.Unlock()
	if err != nil {
		return nil, err
	}
	if err := l.work.sealed(ctx, segs); err != nil {
		return nil, err
	}
	files := make([]journal.LogFile, len(segs))
	for i, s := range segs {
		files[i] = journal.LogFile{Name: s.String(), Bytes: s.size.Load(), First: s.base, Next: next}
		if s == active {
			files[i].Bytes = end
		}
		if i+1 < len(segs) {
			files[i].Next = segs[i+1].base
		}
		files[i].Open = l.part(files[i].Name, files[i].Bytes)
	}
	return files, nil
}

// part gives the way to read the first bytes of a file.
func (l *Log) part(name string, bytes int64) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		f, err := l.o.FS.Open(name, false)
		if err != nil {
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{io.NewSectionReader(f, 0, bytes), f}, nil
	}
}

// sealed waits until none of the segments is to be sealed any more.
func (b *background) sealed(ctx context.Context, segs []*segment) error {
	stop := context.AfterFunc(ctx, func() {
		b.mu.Lock()
		b.changed.Broadcast()
		b.mu.Unlock()
	})
	defer stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	waits := func(s *segment) bool { return s == b.busy || slices.Contains(b.sealing, s) }
	for b.err == nil && slices.ContainsFunc(segs, waits) {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.changed.Wait()
	}
	return b.err
}
