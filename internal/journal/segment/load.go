package segment

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/tocsin-hub/tocsin/internal/journal"
)

// loadView opens an older segment: by its index, or by scanning when that is damaged or was never written.
func (l *Log) loadView(s *segment, limit uint64) (*view, error) {
	f, err := l.o.FS.Open(s.String(), false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errGone
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w: %w", s.name, journal.ErrDamaged, err)
	}
	v, err := l.readIndex(f, s, limit)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return v, nil
}

func (l *Log) readIndex(f File, s *segment, limit uint64) (*view, error) {
	size, err := f.Size()
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w: %w", s.name, journal.ErrDamaged, err)
	}
	if err := l.judgeHeader(f, s.name, size); err != nil {
		return nil, err
	}
	v := &view{file: f, name: s.name}
	offs, end, err := readFooter(f, size, s.salt)
	if err == nil && (limit == 0 || s.base+uint64(len(offs)) <= limit) {
		v.offs, v.end = offs, end
		return v, nil
	}
	found := scan(newWindow(f, size), s.name, false, limit)
	v.offs, v.end = found.offs, found.end
	if !found.torn && len(found.lost) == 0 && !l.noted(s.name) {
		l.report(0, 0, s.String(), "the segment's index is damaged or missing; rebuilt from its records")
	}
	l.reportLost(s.name, found)
	return v, nil
}

// judgeHeader reports a damaged segment header, once; the name of the file is enough to go on. Only a format that is
// newer than the program is an error.
func (l *Log) judgeHeader(f File, n name, size int64) error {
	b := make([]byte, segmentHead)
	if size >= segmentHead {
		if _, err := f.ReadAt(b, 0); err != nil {
			clear(b)
		}
	}
	err := n.checkHeader(b)
	if errors.Is(err, errVersion) {
		return fmt.Errorf("%s: %w", n, err)
	}
	if err != nil && !l.noted(n) {
		l.report(0, 0, n.String(), err.Error())
	}
	return nil
}

// noted says whether damage of that segment was reported already: a segment that is closed and opened again is not
// reported again.
func (l *Log) noted(n name) bool {
	l.dmu.Lock()
	defer l.dmu.Unlock()
	file := n.String()
	for _, d := range l.damage {
		if len(d.Where) >= len(file) && d.Where[:len(file)] == file {
			return true
		}
	}
	return false
}

// reportLost reports the stretches that a scan could not read, unless they are known.
func (l *Log) reportLost(n name, s *scanned) {
	for _, d := range s.lost {
		if !l.known(d.From, d.To) {
			l.report(d.From, d.To, n.String()+" "+d.Where, d.Reason)
		}
	}
	if s.torn && !l.known(s.tornFrom, s.tornTo) {
		l.report(s.tornFrom, s.tornTo, fmt.Sprintf("%s offset %d", n, s.tornAt), s.reason)
	}
}

func (l *Log) known(from, to uint64) bool {
	l.dmu.Lock()
	defer l.dmu.Unlock()
	for _, d := range l.damage {
		if d.From == from && d.To == to {
			return true
		}
	}
	return false
}
