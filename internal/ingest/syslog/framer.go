package syslog

import "bytes"

// Framer finds the messages in a stream (RFC 6587). Each message may be framed in its own way: "123 <34>…" gives its
// length, anything else ends at a line feed. It is pure: it is handed what has come and has not been used yet.
type Framer struct {
	// Max is the longest message that is given whole, in bytes. Of a longer one the beginning is given, as Cut.
	Max int

	skip   int  // bytes of a cut message that are still to come
	toLine bool // the rest of a cut message, up to the line feed, is still to come
	seen   int  // bytes of the unfinished message that hold no line feed
}

// Frame is a message out of a stream. Bytes points into what Next was handed.
type Frame struct {
	Bytes []byte
	Cut   bool // it was longer
}

// maxCount bounds the length that a message may announce (16 MiB); more is no length but text.
const maxCount = 16 << 20

// maxCountDigits is how many digits such a length has at most.
const maxCountDigits = 8

// Next gives the first message of b and how many bytes of b are used up by it and by what came before it. ok is false
// when b holds no whole message: then the bytes from used on must be handed in again with more after them. With ended
// (nothing more will come), the last message is given as far as it came.
func (f *Framer) Next(b []byte, ended bool) (frame Frame, used int, ok bool) {
	used = f.pass(b)
	if f.skip > 0 || f.toLine {
		return frame, used, false
	}
	for used < len(b) && (b[used] == '\n' || b[used] == '\r' || b[used] == 0) {
		used++
		f.seen = 0
	}
	if used == len(b) {
		return frame, used, false
	}
	var n int
	head, count, state := counted(b[used:], ended)
	switch state {
	case isCounted:
		frame, n, ok = f.count(b[used:], head, count, ended)
	case isLine:
		frame, n, ok = f.line(b[used:], ended)
	}
	if ok {
		f.seen = 0
	}
	return frame, used + n, ok
}

// pass goes by what is left of a message that was cut.
func (f *Framer) pass(b []byte) (used int) {
	if f.skip > 0 {
		used = min(f.skip, len(b))
		f.skip -= used
	}
	if f.toLine {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return len(b)
		}
		f.toLine = false
		return i + 1
	}
	return used
}

// How a message is framed.
const (
	isLine = iota
	isCounted
	isUnknown // more has to come
)

// counted reads "123 " before a "<". head is its length.
func counted(b []byte, ended bool) (head, count, state int) {
	if b[0] < '1' || b[0] > '9' {
		return 0, 0, isLine
	}
	i := 0
	for ; i < len(b) && i < maxCountDigits && isDigit(b[i]); i++ {
		count = count*10 + int(b[i]-'0')
	}
	unknown := isUnknown
	if ended {
		unknown = isLine
	}
	switch {
	case i == len(b):
		return 0, 0, unknown
	case b[i] != ' ' || count > maxCount:
		return 0, 0, isLine
	case i+1 == len(b):
		return 0, 0, unknown
	case b[i+1] != '<':
		return 0, 0, isLine
	}
	return i + 1, count, isCounted
}

// count gives a message of known length.
func (f *Framer) count(b []byte, head, count int, ended bool) (Frame, int, bool) {
	have := len(b) - head
	switch {
	case have >= count && count <= f.Max:
		return Frame{Bytes: b[head : head+count]}, head + count, true
	case have >= count:
		return Frame{Bytes: b[head : head+f.Max], Cut: true}, head + count, true
	case have >= f.Max:
		f.skip = count - have
		return Frame{Bytes: b[head : head+f.Max], Cut: true}, len(b), true
	case ended:
		return Frame{Bytes: b[head:], Cut: true}, len(b), true
	}
	return Frame{}, 0, false
}

// line gives a message that ends at a line feed.
func (f *Framer) line(b []byte, ended bool) (Frame, int, bool) {
	from := min(f.seen, len(b))
	i := bytes.IndexByte(b[from:], '\n')
	switch {
	case i >= 0 && from+i <= f.Max:
		return Frame{Bytes: b[:from+i]}, from + i + 1, true
	case i >= 0:
		return Frame{Bytes: b[:f.Max], Cut: true}, from + i + 1, true
	case len(b) > f.Max:
		f.toLine = true
		return Frame{Bytes: b[:f.Max], Cut: true}, len(b), true
	case ended:
		return Frame{Bytes: b}, len(b), true
	}
	f.seen = len(b)
	return Frame{}, 0, false
}

// Inside says whether a message has begun that has not come whole; waiting is how many bytes of it were handed back.
func (f *Framer) Inside(waiting int) bool { return waiting > 0 || f.skip > 0 || f.toLine }
