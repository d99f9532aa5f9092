package segment

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// windowBytes is how much of a segment a scan holds in memory at a time (256 KiB).
const windowBytes = 256 << 10

// unreadable stands for bytes that the disk would not give: they are not zero, so they are never taken for unused
// space, and they are no header.
const unreadable = 0xdb

// window looks at a file through a small buffer. It never fails: what cannot be read looks damaged.
type window struct {
	r    io.ReaderAt
	size int64
	buf  []byte
	at   int64 // offset of buf[0]
	read int64 // bytes read so far, for tests and figures
	err  error // the first read error
}

func newWindow(r io.ReaderAt, size int64) *window {
	return &window{r: r, size: size, buf: make([]byte, 0, min(size, windowBytes))}
}

// bytes gives up to n (at most windowBytes) bytes at off; fewer only at the end of the file. They are valid until the
// next call.
func (w *window) bytes(off int64, n int) []byte {
	if off >= w.size {
		return nil
	}
	n = int(min(int64(n), w.size-off))
	if off < w.at || off+int64(n) > w.at+int64(len(w.buf)) {
		w.fill(off)
	}
	return w.buf[off-w.at:][:n]
}

func (w *window) fill(off int64) {
	w.at = off
	w.buf = w.buf[:min(int64(cap(w.buf)), w.size-off)]
	w.read += int64(len(w.buf))
	n, err := w.r.ReadAt(w.buf, off)
	if err == nil || n == len(w.buf) {
		return
	}
	w.note(err)
	const block = 4 << 10 // the piece that one bad sector takes with it
	for i := 0; i < len(w.buf); i += block {
		piece := w.buf[i:min(i+block, len(w.buf))]
		if n, err := w.r.ReadAt(piece, off+int64(i)); n < len(piece) {
			w.note(err)
			for j := range piece {
				piece[j] = unreadable
			}
		}
	}
}

func (w *window) note(err error) {
	if w.err == nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
}

// header reads a valid record header at off whose record ends within the file.
func (w *window) header(off int64, salt uint64) (recordHeader, bool) {
	h, ok := parseRecord(w.bytes(off, recordHead), salt)
	return h, ok && off+h.bytes() <= w.size
}

// intact checks the payload of the record at off, and that its padding is zero.
func (w *window) intact(off int64, h recordHeader) bool {
	sum := uint32(0)
	at, left := off+recordHead, int64(h.length)
	for left > 0 {
		b := w.bytes(at, int(min(left, windowBytes)))
		sum = crc32.Update(sum, castagnoli, b)
		at, left = at+int64(len(b)), left-int64(len(b))
	}
	if sum != h.payload {
		return false
	}
	for _, b := range w.bytes(at, int(off+h.bytes()-at)) {
		if b != 0 {
			return false
		}
	}
	return true
}

// next finds the first valid header at or after off whose number is above n and could have been reached by then.
func (w *window) next(off int64, salt, n uint64) (int64, recordHeader, bool) {
	for start := off; off+recordHead <= w.size; {
		b := w.bytes(off, windowBytes)
		for i := 0; i+recordHead <= len(b); i += align {
			if binary.LittleEndian.Uint32(b[i:]) != recordMagic {
				continue
			}
			h, ok := parseRecord(b[i:], salt)
			at := off + int64(i)
			if ok && at+h.bytes() <= w.size && h.number > n && h.number-n <= uint64(at-start)/recordHead+1 {
				return at, h, true
			}
		}
		off += int64(len(b)-recordHead)/align*align + align
	}
	return 0, recordHeader{}, false
}

// residue says how many 8-byte words that are not zero stand at or after off, and where the last one ends.
func (w *window) residue(off int64) (words, end int64) {
	for off < w.size {
		b := w.bytes(off, windowBytes)
		i := 0
		for ; i+align <= len(b); i += align {
			if binary.LittleEndian.Uint64(b[i:]) != 0 {
				words, end = words+1, off+int64(i)+align
			}
		}
		for ; i < len(b); i++ {
			if b[i] != 0 {
				words, end = words+1, off+int64(i)+1
			}
		}
		off += int64(len(b))
	}
	return words, end
}
