package segment

import (
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/journal"
)

// scanned is what a pass over a segment's records found.
type scanned struct {
	offs []uint32 // as in the footer
	end  int64    // where the last known record ends
	// lost lists records that cannot be read, without Where's file name; the one at the end is not among them.
	lost []journal.Damage
	// torn says that the segment ends in something that is no intact record: nothing may be written after it.
	torn bool
	// tornFrom to tornTo are the numbers that the end may have held (tornTo < tornFrom: none), and why.
	tornFrom, tornTo uint64
	tornAt           int64
	reason           string
	// keep is where the last byte that is not zero ends: below it nothing may be overwritten.
	keep int64
}

// scan walks the records of a segment. With verify it checks every payload. limit is the number that the next segment
// begins with; 0: there is none.
func scan(w *window, n name, verify bool, limit uint64) *scanned {
	s := &scanned{end: segmentHead}
	off, number := int64(segmentHead), n.base
	badLast := int64(-1) // offset of the last record if its payload is damaged
	for limit == 0 || number < limit {
		h, ok := w.header(off, n.salt)
		if ok && h.number == number {
			badLast = -1
			if verify && !w.intact(off, h) {
				badLast = off
				s.lose(number, number, off, "the record's checksum is wrong")
			}
			s.offs = append(s.offs, uint32(off/align))
			off, number = off+h.bytes(), number+1
			s.end = off
			continue
		}
		at, h, found := w.next(off+align, n.salt, number)
		if !found || limit != 0 && h.number >= limit {
			break
		}
		s.skip(number, h.number, off)
		badLast = -1
		off, number = at, h.number
	}
	if limit == 0 {
		s.finish(w, off, number, badLast)
	} else if number < limit {
		s.lose(number, limit-1, off, "no record can be found here")
		if number == limit-1 {
			s.offs, s.end = append(s.offs, uint32(off/align)), alignUp(w.size)
		}
	}
	return s
}

// skip notes that the records from number to below next, which begin at off, have no valid header. A single one has a
// known place all the same: it is everything up to the next header.
func (s *scanned) skip(number, next uint64, off int64) {
	s.lose(number, next-1, off, "the record's header is damaged")
	for i := number; i < next; i++ {
		place := uint32(0)
		if next == number+1 {
			place = uint32(off / align)
		}
		s.offs = append(s.offs, place)
	}
}

func (s *scanned) lose(from, to uint64, off int64, reason string) {
	s.lost = append(s.lost, journal.Damage{From: from, To: to, Where: fmt.Sprintf("offset %d", off), Reason: reason})
}

// finish judges the end of the newest segment. A damaged last record, or bytes after it in which no header can be
// found, are a write that was cut off, or damage to the last records that looks the same. Nobody can say how many
// records those bytes held, so as many numbers are given up as they could have: every record leaves at least one
// word that is not zero.
func (s *scanned) finish(w *window, off int64, number uint64, badLast int64) {
	words, end := w.residue(off)
	s.keep = max(end, off)
	switch {
	case words > 0:
		held := min(uint64(words), uint64(end-off+recordHead-1)/recordHead)
		s.torn, s.tornAt, s.tornFrom, s.tornTo = true, off, number, number+held-1
		s.reason = "the end is not an intact record: a write that was cut off, or damage"
		if held == 1 {
			s.offs = append(s.offs, uint32(off/align))
			s.end = alignUp(end)
		} else {
			s.offs = append(s.offs, make([]uint32, held)...)
		}
	case badLast >= 0:
		d := s.lost[len(s.lost)-1]
		s.lost = s.lost[:len(s.lost)-1]
		s.torn, s.tornAt, s.tornFrom, s.tornTo = true, badLast, d.From, d.To
		s.reason = "the last record is not intact: a write that was cut off, or damage"
	}
	if w.err != nil {
		s.reason = strings.TrimPrefix(s.reason+": "+w.err.Error(), ": ")
	}
}
