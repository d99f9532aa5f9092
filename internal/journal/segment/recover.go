package segment

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// unfinished is the ending of files that were being prepared; they hold nothing.
const unfinished = ".tmp"

// recover finds the segments and reads the newest one.
func (l *Log) recover(ctx context.Context) error {
	segs := []*segment{}
	l.segments.Store(&segs)
	files, err := l.o.FS.List()
	if err != nil {
		return fmt.Errorf("listing the segments: %w", err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name, unfinished) {
			if err := l.o.FS.Remove(f.Name); err != nil {
				return fmt.Errorf("removing an unfinished segment: %w", err)
			}
			continue
		}
		n, ok := parseName(f.Name)
		if !ok {
			if strings.HasSuffix(f.Name, suffix) {
				l.report(0, 0, f.Name, "not the name of a segment; left alone")
			}
			continue
		}
		s := &segment{name: n}
		s.size.Store(f.Size)
		segs = append(segs, s)
		l.bytes.Add(f.Size)
	}
	slices.SortFunc(segs, func(a, b *segment) int { return cmp.Compare(a.seq, b.seq) })
	for i := 1; i < len(segs); i++ {
		if segs[i].seq == segs[i-1].seq || segs[i].base < segs[i-1].base {
			return fmt.Errorf("%s and %s are not of one log", segs[i-1].name, segs[i].name)
		}
	}
	l.segments.Store(&segs)
	if len(segs) == 0 {
		l.next, l.nextSeq = 1, 1
		return nil
	}
	if err := l.recoverTail(segs[len(segs)-1]); err != nil {
		return err
	}
	return l.findMissing(ctx, segs)
}

// recoverTail reads all of the newest segment and decides where the next record goes.
func (l *Log) recoverTail(s *segment) error {
	f, err := l.o.FS.Open(s.String(), true)
	if err != nil {
		return fmt.Errorf("opening the newest segment: %w", err)
	}
	v := &view{file: f, name: s.name}
	l.views.pin(s, v)
	// What a killed process wrote but did not sync can be read now and would be gone after a power failure: make it
	// durable before anybody builds on it. What a failed sync left in the cache must not be believed.
	if err := f.Sync(); err != nil {
		return fmt.Errorf("syncing the newest segment: %w", err)
	}
	if err := f.Drop(); err != nil {
		return fmt.Errorf("reading the newest segment afresh: %w", err)
	}
	size, err := f.Size()
	if err != nil {
		return fmt.Errorf("opening the newest segment: %w", err)
	}
	length := size
	offs, _, err := readFooter(f, size, s.salt)
	sealed := err == nil
	if sealed {
		length -= footerBytes(len(offs))
	}
	w := newWindow(f, length)
	found := scan(w, s.name, true, 0)
	v.offs, v.end, v.keep = found.offs, found.end, found.keep
	count := uint64(len(found.offs))
	fresh := count == 0 && blank(w.bytes(0, segmentHead))
	if !fresh {
		if err := l.judgeHeader(f, s.name, size); err != nil {
			return err
		}
	}
	l.reportLost(s.name, found)
	s.sealed = sealed
	l.active, l.finished = s, found.torn || sealed
	l.next, l.nextSeq = s.base+count, s.seq+1
	l.last.Store(l.next - 1)
	if count > 0 {
		l.activeEnd = found.end
	}
	if sealed {
		// An index is written only when a newer segment has begun: that one is gone, with records nobody can count.
		l.report(l.next, 0, s.String(), "the segments after this one are missing")
	}
	return nil
}

func blank(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// findMissing reports gaps between the files.
func (l *Log) findMissing(ctx context.Context, segs []*segment) error {
	for i := 1; i < len(segs); i++ {
		before, after := segs[i-1], segs[i]
		if after.seq == before.seq+1 {
			continue
		}
		v, err := l.acquire(ctx, segs, i-1)
		if err != nil {
			l.report(0, 0, before.String(), err.Error())
			continue
		}
		v.mu.RLock()
		next := before.base + uint64(len(v.offs))
		v.mu.RUnlock()
		l.views.release(v)
		where := fmt.Sprintf("segments %d to %d", before.seq+1, after.seq-1)
		if next < after.base {
			l.report(next, after.base-1, where, "the files are missing")
		}
	}
	return nil
}
