package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// After says what becomes of a connection after an answer.
type After uint8

// What may become of a connection.
const (
	Keep  After = iota // it waits for the next request
	Close              // it ends
	Reset              // it ends so that the peer sees a reset; the answer, if any, may be lost
)

// Handler answers one request: with whole bytes of an answer (nil: none at all) and what becomes of the connection. It
// runs on the connection's goroutine and may take its time.
type Handler func(c *Conn, m *Message) (answer []byte, after After)

// Conn is one connection to a Server. Handlers may keep state in Scratch.
type Conn struct {
	net.Conn
	Scratch []byte
	stream  stream
	request Message
}

// Alive says whether the peer still waits for the answer: it looks whether the peer has closed. It costs up to a
// millisecond.
func (c *Conn) Alive() bool {
	if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return false
	}
	err := c.stream.fill()
	if again := c.SetReadDeadline(time.Time{}); again != nil {
		return false
	}
	return err == nil || errors.Is(err, os.ErrDeadlineExceeded)
}

// Server answers requests on one address.
type Server struct {
	handle   Handler
	listener net.Listener

	mu     sync.Mutex
	conns  map[*Conn]struct{}
	closed bool
	done   sync.WaitGroup
}

// Listen starts a server on addr (host:port; port 0 takes a free one).
func Listen(ctx context.Context, addr string, h Handler) (*Server, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", addr, err)
	}
	return Serve(l, h), nil
}

// Serve starts a server on a listener, which it closes in the end. Its connections may be something else than TCP, such
// as TLS; those end without a reset.
func Serve(l net.Listener, h Handler) *Server {
	s := &Server{handle: h, listener: l, conns: map[*Conn]struct{}{}}
	s.done.Go(s.accept)
	return s
}

// Addr is the address in the form host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close stops listening, resets every connection and waits until their handlers have returned.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	_ = s.listener.Close()
	for c := range s.conns {
		reset(c.Conn)
	}
	s.mu.Unlock()
	s.done.Wait()
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // the peer was gone before it was accepted
		}
		c := &Conn{Conn: conn, stream: stream{src: conn}}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			reset(conn)
			return
		}
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.done.Go(func() { s.serve(c) })
	}
}

func (s *Server) serve(c *Conn) {
	defer func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
		_ = c.Close()
	}()
	for {
		if err := c.stream.next(Request, &c.request); err != nil {
			return
		}
		closes := c.request.Closes()
		answer, after := s.handle(c, &c.request)
		if len(answer) > 0 {
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
		switch {
		case after == Reset:
			reset(c.Conn)
			return
		case after == Close, closes:
			return
		}
	}
}
