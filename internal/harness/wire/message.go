// Package wire speaks HTTP/1.1 over bare TCP connections, cheaply: a load generator and a receiver that share two cores
// with what they measure must cost less than it. It knows what the harness meets (Content-Length, chunked bodies,
// keep-alive) and refuses the rest.
//
// [Parse] is pure; [Client] and [Server] are thin shells around it, one goroutine per connection.
package wire

import (
	"bytes"
	"errors"
	"fmt"
)

// Limits of a message, in bytes.
const (
	MaxHead = 64 << 10
	MaxBody = 64 << 20
)

// Errors of Parse.
var (
	ErrTooLarge = errors.New("the message is larger than the harness takes")
	ErrSyntax   = errors.New("not HTTP/1.1 as the harness understands it")
)

// Kind says which way a message goes.
type Kind uint8

// The kinds of messages.
const (
	Request Kind = iota
	Answer
)

// Message is one parsed request or answer. Its slices point into the buffer that was parsed (a chunked body: into the
// message's own) and are good until the next message of the connection is read.
type Message struct {
	Start []byte // the first line
	Head  []byte // the header lines, each with its line end
	Body  []byte

	joined []byte // the body of a chunked message
}

var (
	lineEnd = []byte("\r\n")
	headEnd = []byte("\r\n\r\n")
)

// Parse reads one message from the beginning of buf into m and gives its length; 0 means that more bytes are needed.
func Parse(buf []byte, kind Kind, m *Message) (int, error) {
	end := bytes.Index(buf, headEnd)
	if end < 0 {
		if len(buf) > MaxHead {
			return 0, fmt.Errorf("header: %w", ErrTooLarge)
		}
		return 0, nil
	}
	line := bytes.Index(buf, lineEnd)
	m.Start, m.Head, m.Body = buf[:line], buf[line+2:end+2], nil
	rest := buf[end+4:]
	if kind == Answer && bodiless(m.Status()) {
		return end + 4, nil
	}
	length, chunked, err := m.framing()
	switch {
	case err != nil:
		return 0, err
	case chunked:
		n, err := m.join(rest)
		if n == 0 || err != nil {
			return 0, err
		}
		return end + 4 + n, nil
	case length < 0 && kind == Answer:
		return 0, fmt.Errorf("an answer without a length: %w", ErrSyntax)
	case length <= 0:
		return end + 4, nil
	case len(rest) < length:
		return 0, nil
	}
	m.Body = rest[:length]
	return end + 4 + length, nil
}

func bodiless(status int) bool { return status < 200 || status == 204 || status == 304 }

// framing finds out how the body ends. length is -1 when nothing says so.
func (m *Message) framing() (length int, chunked bool, err error) {
	length = -1
	if v := m.Get("Transfer-Encoding"); v != nil {
		if !bytes.EqualFold(v, []byte("chunked")) {
			return 0, false, fmt.Errorf("transfer encoding %q: %w", v, ErrSyntax)
		}
		return 0, true, nil
	}
	if v := m.Get("Content-Length"); v != nil {
		length = number(v, 10)
		switch {
		case length < 0:
			return 0, false, fmt.Errorf("content length %q: %w", v, ErrSyntax)
		case length > MaxBody:
			return 0, false, fmt.Errorf("body of %d bytes: %w", length, ErrTooLarge)
		}
	}
	return length, false, nil
}

// join puts the chunks in b together and gives the number of bytes they took; 0 means that more are needed.
func (m *Message) join(b []byte) (int, error) {
	m.joined = m.joined[:0]
	at := 0
	for {
		end := bytes.Index(b[at:], lineEnd)
		if end < 0 {
			return 0, nil
		}
		digits, _, _ := bytes.Cut(b[at:at+end], []byte(";"))
		size := number(bytes.TrimSpace(digits), 16)
		if size < 0 {
			return 0, fmt.Errorf("chunk size %q: %w", digits, ErrSyntax)
		}
		if size+len(m.joined) > MaxBody {
			return 0, fmt.Errorf("chunked body: %w", ErrTooLarge)
		}
		at += end + 2
		if size == 0 {
			return m.trailer(b, at), nil
		}
		if len(b) < at+size+2 {
			return 0, nil
		}
		m.joined = append(m.joined, b[at:at+size]...)
		at += size + 2
	}
}

// trailer skips the lines after the last chunk.
func (m *Message) trailer(b []byte, at int) int {
	for {
		end := bytes.Index(b[at:], lineEnd)
		if end < 0 {
			return 0
		}
		at += end + 2
		if end == 0 {
			m.Body = m.joined
			return at
		}
	}
}

// number reads a whole number; -1 if b is none, or beyond what a body could have.
func number(b []byte, base int) int {
	if len(b) == 0 || len(b) > 9 {
		return -1
	}
	n := 0
	for _, c := range b {
		digit := 99
		switch {
		case c >= '0' && c <= '9':
			digit = int(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			digit = int(c|0x20-'a') + 10
		}
		if digit >= base {
			return -1
		}
		n = n*base + digit
	}
	return n
}

// Get gives the value of the first header of that name, nil if there is none. Names have no case.
func (m *Message) Get(name string) []byte {
	for head := m.Head; len(head) > 0; {
		end := bytes.IndexByte(head, '\n')
		if end < 0 {
			end = len(head) - 1
		}
		line := head[:end]
		head = head[end+1:]
		if len(line) > len(name) && line[len(name)] == ':' && equalFold(line[:len(name)], name) {
			return bytes.TrimSpace(line[len(name)+1:])
		}
	}
	return nil
}

func equalFold(b []byte, s string) bool {
	for i := range b {
		x, y := b[i], s[i]
		if x == y {
			continue
		}
		if x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z' {
			return false
		}
	}
	return true
}

// Status is an answer's status code, 0 if the first line has none.
func (m *Message) Status() int {
	if len(m.Start) < 12 || !bytes.HasPrefix(m.Start, []byte("HTTP/1.")) {
		return 0
	}
	return max(number(m.Start[9:12], 10), 0)
}

// Path is a request's target, query and all.
func (m *Message) Path() []byte {
	_, rest, _ := bytes.Cut(m.Start, []byte(" "))
	path, _, _ := bytes.Cut(rest, []byte(" "))
	return path
}

// Closes says whether the sender of the message will not use the connection again.
func (m *Message) Closes() bool { return bytes.EqualFold(m.Get("Connection"), []byte("close")) }
