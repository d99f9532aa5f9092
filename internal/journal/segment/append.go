package segment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"syscall"

	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// Append stores the record with one write and one sync, and gives its number. ctx is honoured only while the next
// segment is awaited. After an error that is neither ctx's nor journal.ErrFull or journal.ErrTooLarge the log takes
// nothing more: every later call gives the same error.
func (l *Log) Append(ctx context.Context, record []byte) (uint64, error) {
	if len(record) > MaxRecordBytes {
		return 0, fmt.Errorf("a record of %d bytes: %w", len(record), journal.ErrTooLarge)
	}
	l.wmu.Lock()
	defer l.wmu.Unlock()
	if err := l.writable(); err != nil {
		return 0, err
	}
	begins := !l.fits(len(record))
	if begins {
		if err := l.rotate(ctx); err != nil {
			return 0, err
		}
	}
	if err := l.write(record, begins); err != nil {
		l.failed = fmt.Errorf("writing to the journal in %s: %w", l.dir, err)
		l.work.broken.Store(true)
		return 0, l.failed
	}
	l.prepareInTime()
	return l.next - 1, nil
}

func (l *Log) writable() error {
	if l.closed {
		return journal.ErrClosed
	}
	if err := l.work.failure(); err != nil && l.failed == nil {
		l.failed = fmt.Errorf("writing to the journal in %s: %w", l.dir, err)
	}
	return l.failed
}

// fits says whether the active segment has room for the record and the index that will follow.
func (l *Log) fits(payload int) bool {
	if l.active == nil || l.finished {
		return false
	}
	if l.activeEnd == 0 {
		return true
	}
	count := int(l.next-l.active.base) + 1
	return l.activeEnd+recordBytes(payload)+footerBytes(count) <= l.active.size.Load()
}

// rotate makes the prepared file the active segment. Nothing of the log has been touched when it gives an error that
// does not last.
func (l *Log) rotate(ctx context.Context) error {
	p, err := l.work.take(ctx)
	if passes(err) {
		return fmt.Errorf("preparing a segment: %w: %w", journal.ErrFull, err)
	}
	if err != nil {
		if ctx.Err() == nil {
			l.failed = fmt.Errorf("preparing a segment of the journal in %s: %w", l.dir, err)
			err = l.failed
		}
		return err
	}
	failpoint.Hit(failpoint.SegmentRotate)
	s := &segment{name: name{seq: l.nextSeq, base: l.next, salt: rand.Uint64()}}
	s.size.Store(p.size)
	if err := l.o.FS.Rename(p.name, s.String()); err != nil {
		_ = p.file.Close()
		l.failed = fmt.Errorf("beginning a segment of the journal in %s: %w", l.dir, err)
		l.work.broken.Store(true)
		return l.failed
	}
	l.views.pin(s, &view{file: p.file, name: s.name})
	old := l.active
	l.active, l.activeEnd, l.finished = s, 0, false
	l.nextSeq++
	segs := append(slices.Clip(slices.Clone(*l.segments.Load())), s)
	l.segments.Store(&segs)
	switch {
	case old == nil:
	case old.sealed:
		l.views.unpin(old)
	default:
		l.work.seal(old)
	}
	return nil
}

// passes says whether a file could not be made for want of something that comes back: room on the disk, or file
// descriptors, which anybody can use up who may open connections.
func passes(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// write puts the record at the end of the active segment, with the segment's header if it is the first.
func (l *Log) write(record []byte, begins bool) error {
	s, v := l.active, l.active.v // pinned: nothing but this writer changes it
	at := l.activeEnd
	l.buf = l.buf[:0]
	if at == 0 {
		l.buf = append(l.buf, s.header()...)
	}
	l.buf = appendRecord(l.buf, s.salt, l.next, record)
	half := 0
	if failpoint.Built { // so that a kill can leave half a record
		half = len(l.buf) / 2
		if _, err := v.file.WriteAt(l.buf[:half], at); err != nil {
			return err
		}
		failpoint.Hit(failpoint.JournalMidWrite)
	}
	if _, err := v.file.WriteAt(l.buf[half:], at+int64(half)); err != nil {
		return err
	}
	failpoint.Hit(failpoint.JournalAfterWrite)
	if err := v.file.Sync(); err != nil {
		return err
	}
	if begins {
		if err := l.o.FS.SyncDir(); err != nil {
			return err
		}
	}
	end := at + int64(len(l.buf))
	v.add(end-recordBytes(len(record)), end)
	l.last.Store(l.next)
	l.next++
	l.activeEnd = end
	l.grown(s, end)
	if cap(l.buf) > maxKeptBuffer {
		l.buf = nil
	}
	return nil
}

// maxKeptBuffer is the largest write buffer that is kept for the next record (4 MiB).
const maxKeptBuffer = 4 << 20

func (l *Log) grown(s *segment, end int64) {
	if size := s.size.Load(); end > size {
		s.size.Store(end)
		l.bytes.Add(end - size)
	}
}

// prepareInTime asks for the next segment when the active one is half full.
func (l *Log) prepareInTime() {
	if l.activeEnd > l.active.size.Load()/2 {
		l.work.want()
	}
}

// TrimBefore removes the segments all of whose records have smaller numbers, oldest first, but never the newest.
func (l *Log) TrimBefore(ctx context.Context, number uint64) error {
	l.wmu.Lock()
	defer l.wmu.Unlock()
	if err := l.writable(); err != nil {
		return err
	}
	segs := *l.segments.Load()
	cut := l.cut(segs, number)
	if cut == 0 {
		return nil
	}
	gone, kept := segs[:cut], slices.Clone(segs[cut:])
	l.segments.Store(&kept)
	l.work.settle(gone)
	l.views.forget(gone)
	for i, s := range gone {
		err := ctx.Err()
		if err == nil {
			err = l.o.FS.Remove(s.String())
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			rest := slices.Concat(gone[i:], kept)
			l.segments.Store(&rest)
			return fmt.Errorf("trimming the journal in %s: %w", l.dir, err)
		}
		l.bytes.Add(-s.size.Load())
	}
	if err := l.o.FS.SyncDir(); err != nil {
		l.failed = fmt.Errorf("trimming the journal in %s: %w", l.dir, err)
		return l.failed
	}
	return nil
}

// cut is how many segments end before number.
func (l *Log) cut(segs []*segment, number uint64) int {
	n := 0
	for n+1 < len(segs) && segs[n+1].base <= number && segs[n+1].base <= l.last.Load() {
		n++
	}
	return n
}

// Cut is the number that TrimBefore(number) would make the oldest.
func (l *Log) Cut(number uint64) uint64 {
	segs := *l.segments.Load()
	if len(segs) == 0 {
		return 0
	}
	return segs[l.cut(segs, number)].base
}

// TrimPoint is the smallest number for which TrimBefore frees at least that many bytes, or as many as can be freed.
func (l *Log) TrimPoint(bytes int64) uint64 {
	segs := *l.segments.Load()
	if len(segs) == 0 {
		return 0
	}
	i, most := 0, l.cut(segs, l.last.Load())
	for i < most && bytes > 0 {
		bytes -= segs[i].size.Load()
		i++
	}
	return segs[i].base
}
