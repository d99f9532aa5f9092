package wire

import (
	"io"
	"net"
	"strconv"
)

// stream reads messages from a connection into one buffer.
type stream struct {
	src  io.Reader
	buf  []byte
	from int // parsed up to here
}

// firstBuffer is how much a connection's buffer holds before it grows, in bytes.
const firstBuffer = 16 << 10

// next reads one message. io.EOF means that the peer closed between messages.
func (s *stream) next(kind Kind, m *Message) error {
	if s.from == len(s.buf) {
		s.from, s.buf = 0, s.buf[:0]
	}
	for {
		if len(s.buf) > s.from {
			n, err := Parse(s.buf[s.from:], kind, m)
			if err != nil {
				return err
			}
			if n > 0 {
				s.from += n
				return nil
			}
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// fill reads what there is, after making room.
func (s *stream) fill() error {
	if s.from > 0 {
		s.buf = s.buf[:copy(s.buf, s.buf[s.from:])]
		s.from = 0
	}
	if len(s.buf) == cap(s.buf) {
		grown := make([]byte, len(s.buf), max(firstBuffer, 2*cap(s.buf)))
		copy(grown, s.buf)
		s.buf = grown
	}
	n, err := s.src.Read(s.buf[len(s.buf):cap(s.buf)])
	s.buf = s.buf[:len(s.buf)+n]
	switch {
	case n > 0:
		return nil
	case err == io.EOF && len(s.buf) > 0:
		return io.ErrUnexpectedEOF
	case err == nil:
		return io.ErrNoProgress
	}
	return err
}

// Header is one header line of a message to be sent.
type Header struct{ Name, Value string }

// AppendRequest appends a whole request with its Content-Length.
func AppendRequest(dst []byte, method, path, host string, headers []Header, body []byte) []byte {
	dst = append(dst, method...)
	dst = append(dst, ' ')
	dst = append(dst, path...)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, host...)
	dst = append(dst, "\r\n"...)
	return appendRest(dst, headers, body)
}

// AppendAnswer appends a whole answer with its Content-Length.
func AppendAnswer(dst []byte, status int, headers []Header, body []byte) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, " -\r\n"...)
	return appendRest(dst, headers, body)
}

func appendRest(dst []byte, headers []Header, body []byte) []byte {
	for _, h := range headers {
		dst = append(dst, h.Name...)
		dst = append(dst, ": "...)
		dst = append(dst, h.Value...)
		dst = append(dst, "\r\n"...)
	}
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, body...)
}

// reset closes a connection so that the peer sees a reset instead of an end.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the peer sees an ordinary end
	}
	_ = c.Close()
}
