package ingest

import (
	"bytes"
	"errors"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// restUnread tells the sender that a list could not be followed any further.
const restUnread = "; the rest of the body was not read"

// object reads a body that is one native event.
func (b *batch) object(body []byte) error {
	b.single = true
	b.parser.Begin(b.principal.Account, b.received, 1)
	r, err := b.parser.One(body, 0)
	if err != nil {
		b.reject(err, "")
		return nil
	}
	b.accept(r)
	return nil
}

// array reads a body that is a JSON array of native events and begins at at. What stands before a syntax error counts;
// what comes after it cannot be told apart any more.
func (b *batch) array(body []byte, at int) error {
	b.parser.Begin(b.principal.Account, b.received, 0)
	at = skipSpace(body, at+1)
	for first := true; ; first = false {
		if first && at < len(body) && body[at] == ']' {
			break
		}
		if err := b.room(); err != nil {
			return err
		}
		r, end, err := b.parser.Next(body, at)
		switch {
		case err == nil:
			b.accept(r)
		case malformed(err):
			b.reject(err, restUnread)
			return nil
		default:
			b.reject(err, "")
		}
		at = skipSpace(body, end)
		if at >= len(body) || body[at] != ',' && body[at] != ']' {
			b.reject(&event.ScanError{Offset: at, Reason: `want "," or "]" after an event`, Malformed: true}, restUnread)
			return nil
		}
		if body[at] == ']' {
			break
		}
		at = skipSpace(body, at+1)
	}
	if at = skipSpace(body, at+1); at < len(body) {
		b.reject(&event.ScanError{Offset: at, Reason: "unexpected text after the array", Malformed: true}, restUnread)
	}
	return nil
}

// lines reads NDJSON: one native event per line, blank lines aside. A bad line spoils only itself.
func (b *batch) lines(body []byte) error {
	b.parser.Begin(b.principal.Account, b.received, 0)
	for from, to := range eachLine(body) {
		if err := b.room(); err != nil {
			return err
		}
		r, err := b.parser.One(body[:to:to], from)
		if err != nil {
			b.reject(err, "")
			continue
		}
		b.accept(r)
	}
	return nil
}

// eachLine yields where each line that is not blank begins and ends.
func eachLine(body []byte) func(yield func(from, to int) bool) {
	return func(yield func(from, to int) bool) {
		for from := 0; from < len(body); {
			to, next := len(body), len(body)
			if n := bytes.IndexByte(body[from:], '\n'); n >= 0 {
				to, next = from+n, from+n+1
			}
			if skipSpace(body[:to], from) < to && !yield(from, to) {
				return
			}
			from = next
		}
	}
}

// manyLines says whether a body whose first line is a whole JSON value has more than that: NDJSON that is not called
// so.
func manyLines(body []byte, lim event.Limits) bool {
	first := true
	for from, to := range eachLine(body) {
		if !first {
			return true
		}
		first = false
		s := event.NewScanner(lim)
		if end, err := s.Value(body[:to], from); malformed(err) || s.Trailing(body[:to], end) != nil {
			return false
		}
	}
	return false
}

// malformed says whether the end of the value is unknown.
func malformed(err error) bool {
	e, ok := errors.AsType[*event.ScanError](err)
	return ok && e.Malformed
}

// skipSpace gives the offset of the next byte that is not JSON's white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}
