package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// budget bounds the bytes of all bodies that are being served.
type budget struct {
	max   int64
	used  atomic.Int64
	whole *budget // nil, or that of which this is a part: what is taken here is taken there, too
}

// errBusy: the budget is spent.
var errBusy = &problem{status: http.StatusServiceUnavailable, detail: "too many requests with large bodies are being served: try again", retryAfter: time.Second}

// take reserves n bytes; false when there are not as many left.
func (b *budget) take(n int64) bool {
	if b.used.Add(n) <= b.max && (b.whole == nil || b.whole.take(n)) {
		return true
	}
	b.used.Add(-n)
	return false
}

// give gives n bytes back.
func (b *budget) give(n int64) {
	b.used.Add(-n)
	if b.whole != nil {
		b.whole.give(n)
	}
}

// wholeBody is up to how many bytes a body of known length is given its whole buffer before it has come; a longer
// one grows as it comes, so that an announced body costs nothing (1 MiB).
const wholeBody = 1 << 20

// firstBuffer is where a body of unknown length begins (16 KiB).
const firstBuffer = 16 << 10

// bodyReader reads one request's body within the limits.
type bodyReader struct {
	lim    *Limits
	budget *budget
	held   int64 // of the budget
	wire   int64 // bytes that came
}

// release gives back what the body held of the budget.
func (r *bodyReader) release() {
	if r.held > 0 {
		r.budget.give(r.held)
		r.held = 0
	}
}

// hold reserves n more bytes.
func (r *bodyReader) hold(n int64) error {
	if !r.budget.take(n) {
		return errBusy
	}
	r.held += n
	return nil
}

// read gives the body after decompression. Its error is a *problem, or what reading the connection gave.
func (r *bodyReader) read(q *http.Request) ([]byte, error) {
	if q.ContentLength > r.lim.WireBytes {
		return nil, r.tooLarge()
	}
	name := encodingOf(q)
	if name == "" {
		return r.plain(q)
	}
	return r.inflate(name, q.Body)
}

// encodingOf is the request's Content-Encoding; empty if there is none.
func encodingOf(q *http.Request) string {
	encoding := q.Header["Content-Encoding"]
	if len(encoding) == 0 {
		return ""
	}
	name := strings.ToLower(strings.TrimSpace(strings.Join(encoding, ",")))
	if name == "identity" {
		return ""
	}
	return name
}

// readProven gives the body after decompression, and has prove look at the bytes that came over the wire before anything
// is done with them: a sender signs what it sends, and what cannot prove where it is from is not worth decompressing.
func (r *bodyReader) readProven(q *http.Request, part *budget, prove func(wire []byte) error) ([]byte, error) {
	if q.ContentLength > r.lim.WireBytes {
		return nil, r.tooLarge()
	}
	r.budget = part
	wire, err := r.plain(q)
	if err != nil {
		return nil, err
	}
	if err := prove(wire); err != nil {
		return nil, err
	}
	part.used.Add(-r.held) // the whole goes on holding it
	r.budget = part.whole
	name := encodingOf(q)
	if name == "" {
		return wire, nil
	}
	sent := r.wire
	r.wire = 0 // it is counted again, against what comes out of it
	body, err := r.inflate(name, bytes.NewReader(wire))
	r.wire = sent
	return body, err
}

// inflate decompresses a body.
func (r *bodyReader) inflate(name string, from io.Reader) ([]byte, error) {
	inflater, err := newInflater(name, &wireReader{r: r, from: from})
	if err != nil {
		return nil, err
	}
	defer inflater.close()
	body, err := r.grow(inflater, firstBuffer, r.lim.InflatedBytes, r.inflated)
	if err == nil || isProblem(err) || errors.Is(err, errReading) {
		return body, err
	}
	return nil, refuse(http.StatusBadRequest, fmt.Sprintf("the body is not valid %s: %v", name, err))
}

func (r *bodyReader) plain(q *http.Request) ([]byte, error) {
	n, whole := q.ContentLength, int64(wholeBody)
	if r.budget.whole != nil {
		whole = firstBuffer // announcing is cheap for whoever can prove nothing
	}
	if n < 0 || n > whole {
		return r.grow(&wireReader{r: r, from: q.Body}, firstBuffer, r.lim.WireBytes, func(int64) error { return nil })
	}
	if err := r.hold(n); err != nil {
		return nil, err
	}
	body := make([]byte, n)
	got, err := io.ReadFull(q.Body, body)
	r.wire = int64(got)
	if err != nil && n > 0 {
		return nil, fmt.Errorf("%w: %w", errReading, err)
	}
	return body, nil
}

// inflated checks what has come out of a compressed body so far.
func (r *bodyReader) inflated(got int64) error {
	if got > r.lim.InflatedBytes {
		return refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is more than %d bytes after decompression", r.lim.InflatedBytes))
	}
	if got > ratioFree && got > r.lim.Ratio*r.wire {
		return refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body grows more than %d times by decompression", r.lim.Ratio))
	}
	return nil
}

// grow reads from until its end, in a buffer that doubles as it fills; check is asked with every piece.
func (r *bodyReader) grow(from io.Reader, size, most int64, check func(got int64) error) ([]byte, error) {
	if err := r.hold(size); err != nil {
		return nil, err
	}
	body := make([]byte, 0, size)
	for {
		if len(body) == cap(body) {
			more := min(int64(cap(body)), max(most+1-int64(cap(body)), 1))
			if err := r.hold(more); err != nil {
				return nil, err
			}
			body = append(make([]byte, 0, int64(cap(body))+more), body...)
		}
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err := check(int64(len(body))); err != nil {
			return nil, err
		}
		switch {
		case err == io.EOF:
			if cap(body)-len(body) > len(body)/4 { // records will keep the buffer: do not waste it
				body = append(make([]byte, 0, len(body)), body...)
			}
			return body, nil
		case err != nil:
			return nil, err
		}
	}
}

func (r *bodyReader) tooLarge() *problem {
	return refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is more than %d bytes", r.lim.WireBytes))
}

// errReading marks an error of the connection, as against one of what came over it.
var errReading = errors.New("reading the body")

// wireReader counts and bounds what comes over the connection.
type wireReader struct {
	r    *bodyReader
	from io.Reader
}

func (w *wireReader) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	if w.r.wire += int64(n); w.r.wire > w.r.lim.WireBytes {
		return 0, w.r.tooLarge()
	}
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", errReading, err)
	}
	return n, err
}

func isProblem(err error) bool {
	_, ok := errors.AsType[*problem](err)
	return ok
}
