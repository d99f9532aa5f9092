package syslog

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"time"
)

// Sizes of a connection's buffer in bytes. It grows to one message of the longest size and what came with it.
const (
	firstRead = 4 << 10
	moreRead  = 64 << 10
)

// runStream accepts connections until Stop.
func (l *Listener) runStream() error {
	for wait := 5 * time.Millisecond; ; {
		c, err := l.stream.Accept()
		switch {
		case err == nil:
			wait = 5 * time.Millisecond
			l.accept(c)
		case l.isStopping():
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default: // out of descriptors, or a peer that was gone already: go on
			l.o.Log.Warn("accepting a syslog connection failed", slog.String("listener", l.Name()), slog.Any("error", err))
			select {
			case <-time.After(wait):
			case <-l.stopping:
				return nil
			}
			wait = min(2*wait, time.Second)
		}
	}
}

// accept serves a connection, if it may be.
func (l *Listener) accept(c net.Conn) {
	from := addressOf(c.RemoteAddr())
	l.mu.Lock()
	full := len(l.conns) >= l.o.MaxConnections
	ok := l.allowed(from) && !full
	if ok {
		l.conns[c] = struct{}{}
	}
	l.mu.Unlock()
	if !ok {
		if full {
			l.counts.tooMany.Add(1)
		} else {
			l.counts.forbidden.Add(1)
		}
		_ = c.Close()
		return
	}
	l.counts.connections.Add(1)
	l.work.Go(func() {
		defer func() {
			_ = c.Close()
			l.mu.Lock()
			delete(l.conns, c)
			l.mu.Unlock()
			l.counts.connections.Add(-1)
		}()
		if l.o.Network == "tls" {
			l.serveTLS(c, from)
		} else {
			l.serve(c, from)
		}
	})
}

func addressOf(a net.Addr) netip.Addr {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// serveTLS does the handshake first. Deadlines are the raw connection's, so that Stop reaches them.
func (l *Listener) serveTLS(raw net.Conn, from netip.Addr) {
	l.deadline(raw, time.Now().Add(l.o.Message))
	c := tls.Server(raw, l.o.TLS)
	if err := c.HandshakeContext(l.hard); err != nil {
		if !l.isStopping() {
			l.counts.handshakes.Add(1)
			l.o.Log.Debug("a TLS handshake of a syslog sender failed", slog.String("from", from.String()), slog.Any("error", err))
		}
		return
	}
	l.serve(c, from)
}

// deadline sets a connection's deadline; while stopping, the stop's own comes first.
func (l *Listener) deadline(c net.Conn, t time.Time) {
	_ = c.SetReadDeadline(t) // it fails on a closed connection, which the next read tells
	if l.isStopping() {
		_ = c.SetReadDeadline(l.until)
	}
}

// serve reads one connection. What has come is made durable together, and only then is more read.
func (l *Listener) serve(c net.Conn, from netip.Addr) {
	buf, unread := make([]byte, firstRead), 0
	f := Framer{Max: l.o.MaxMessage}
	var begun time.Time // when the unfinished message began
	for {
		if inside := f.Inside(unread); !inside {
			begun = time.Time{}
			l.deadline(c, time.Now().Add(l.o.Idle))
		} else {
			if begun.IsZero() {
				begun = time.Now()
			}
			l.deadline(c, begun.Add(l.o.Message))
		}
		if unread == len(buf) {
			buf = append(make([]byte, 0, min(2*len(buf), l.o.MaxMessage+moreRead)), buf...)
			buf = buf[:cap(buf)]
		}
		n, err := c.Read(buf[unread:])
		l.counts.bytes.Add(uint64(n))
		used, count, ok := l.handFrames(&f, buf[:unread+n], from, err != nil)
		if !ok {
			return
		}
		if count > 0 {
			begun = time.Time{}
		}
		unread = copy(buf, buf[used:unread+n])
		if err != nil {
			l.closed(err, from, !begun.IsZero())
			return
		}
	}
}

// handFrames hands over the messages of what has come, and says how much of it they used up and how many they were. They
// are made maxBatch at a time: each costs more than the two bytes in which it may come.
func (l *Listener) handFrames(f *Framer, b []byte, from netip.Addr, ended bool) (used, count int, ok bool) {
	c := cutter{f: f, b: b, ended: ended, like: Line{From: from, At: l.o.Now()}}
	for {
		lines := c.next(maxBatch)
		if len(lines) == 0 {
			return c.used, count, true
		}
		count += len(lines)
		if !l.hand(lines) {
			for rest := c.next(maxBatch); len(rest) > 0; rest = c.next(maxBatch) {
				l.counts.lost.Add(uint64(len(rest)))
			}
			return c.used, count, false
		}
	}
}

// cutter cuts what has come into messages, in memory of their own.
type cutter struct {
	f     *Framer
	b     []byte
	ended bool
	like  Line // what they have in common
	used  int  // of b
	slab  []byte
}

// next gives at most so many messages; none when there is no whole one left.
func (c *cutter) next(most int) (lines []Line) {
	for len(lines) < most {
		frame, n, ok := c.f.Next(c.b[c.used:], c.ended)
		c.used += n
		if !ok {
			break
		}
		if c.slab == nil {
			c.slab = make([]byte, 0, len(c.b))
		}
		at := len(c.slab)
		c.slab = append(c.slab, frame.Bytes...)
		line := c.like
		line.Bytes, line.Cut = c.slab[at:len(c.slab):len(c.slab)], frame.Cut
		lines = append(lines, line)
	}
	return lines
}

// closed counts how a connection ended.
func (l *Listener) closed(err error, from netip.Addr, inside bool) {
	switch {
	case errors.Is(err, io.EOF), l.isStopping():
	case errors.Is(err, os.ErrDeadlineExceeded) && inside:
		l.counts.slow.Add(1)
		l.o.Log.Info("a syslog sender began a message and did not end it: the connection was closed", slog.String("listener", l.Name()),
			slog.String("from", from.String()))
	default:
		l.o.Log.Debug("a syslog connection ended", slog.String("from", from.String()), slog.Any("error", err))
	}
}
