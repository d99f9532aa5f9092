package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestSlowSender(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	l := start(t, Config{Network: "tcp", Take: s.take, Message: 100 * time.Millisecond, MaxMessage: 10})
	c := dial(t, l)
	send(t, c, "99 <1>a")
	closedBy(t, c)
	if got := s.wait(1); got[0] != "<1>a…" {
		t.Errorf("%q", got)
	}
	endless := dial(t, l) // a line that never ends
	go func() {
		for {
			if _, err := io.WriteString(endless, "aaaaaaaaaaaaaaaaaaaa"); err != nil {
				return
			}
		}
	}()
	s.wait(2)
	idle := dial(t, l)
	send(t, idle, "<1>whole\n")
	s.wait(3)
	_ = endless.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := endless.Read(make([]byte, 1)); err == nil {
		t.Error("the endless line was not ended")
	}
}

func TestIdleConnection(t *testing.T) {
	t.Parallel()
	l := start(t, Config{Network: "tcp", Take: newSink(t).take, Idle: 50 * time.Millisecond})
	closedBy(t, dial(t, l))
}

func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	l := start(t, Config{Network: "tcp", Take: s.take, MaxConnections: 1})
	first := dial(t, l)
	send(t, first, "<1>a\n")
	s.wait(1)
	closedBy(t, dial(t, l))
	send(t, first, "<1>b\n")
	s.wait(2)
	if st := l.Stats(); st.TooMany != 1 || st.Connections != 1 {
		t.Errorf("%+v", st)
	}
}

func TestAllow(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	none := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	tcp := start(t, Config{Network: "tcp", Take: s.take, Allow: none})
	closedBy(t, dial(t, tcp))
	udp := start(t, Config{Network: "udp", Take: s.take, Allow: none})
	send(t, dial(t, udp), "<1>x")
	for udp.Stats().Forbidden == 0 && t.Context().Err() == nil {
		send(t, dial(t, udp), "<1>x")
	}
	if tcp.Stats().Forbidden != 1 || len(s.lines) != 0 {
		t.Errorf("%+v, %d taken", tcp.Stats(), len(s.lines))
	}
}

// TestUDPDrops: what finds no room is counted and told, and what had room is not lost.
func TestUDPDrops(t *testing.T) {
	t.Parallel()
	s, block := newSink(t), make(chan struct{})
	s.fail = func(int) error { <-block; return nil }
	told := make(chan Drops, 1)
	l, err := Listen(t.Context(), Config{
		Network: "udp", Address: "127.0.0.1:0", Take: s.take, QueueBytes: 10 * (lineCost + 10),
		Dropped: func(_ context.Context, d Drops) { told <- d },
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Run() }()
	c := dial(t, l)
	for l.Stats().DroppedQueue < 5 {
		send(t, c, "<1>7890123")
	}
	close(block)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	l.Stop(ctx)
	if err := <-done; err != nil {
		t.Error(err)
	}
	st := l.Stats()
	if d := <-told; d.Queue != st.DroppedQueue || d.Queue < 5 || d.Listener != "udp://127.0.0.1:0" {
		t.Errorf("told %+v, counted %+v", d, st)
	}
	if got := len(s.wait(10)); uint64(got) != st.Messages {
		t.Errorf("%d taken, %+v", got, st)
	}
}

// TestTLSHandshakeIsBounded: who connects and says nothing is let go.
func TestTLSHandshakeIsBounded(t *testing.T) {
	t.Parallel()
	cert := newAuthority(t).issue("127.0.0.1")
	l := start(t, Config{Network: "tls", Take: newSink(t).take, Message: 50 * time.Millisecond, TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	closedBy(t, dial(t, l))
}

// TestManyShortMessages: what comes at once is handed over in batches, all of it, in its order.
func TestManyShortMessages(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	l := start(t, Config{Network: "tcp", Take: func(ctx context.Context, lines []Line) error {
		if len(lines) > maxBatch {
			t.Errorf("a batch of %d", len(lines))
		}
		return s.take(ctx, lines)
	}})
	var b strings.Builder
	const n = 3*maxBatch + 7
	for i := range n {
		fmt.Fprintf(&b, "%d\n", i)
	}
	send(t, dial(t, l), b.String())
	for i, got := range s.wait(n) {
		if got != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, got)
		}
	}
}

// TestSmallerPlan: messages that wait are handed over in smaller batches once the plan allows only those.
func TestSmallerPlan(t *testing.T) {
	t.Parallel()
	s, most := newSink(t), atomic.Int32{}
	most.Store(100)
	l := start(t, Config{Network: "tcp", Batch: func() int { return int(most.Load()) }, Take: func(ctx context.Context, lines []Line) error {
		if len(lines) > 1 {
			most.Store(1)
			return errors.New("too many")
		}
		return s.take(ctx, lines)
	}})
	send(t, dial(t, l), "<1>a\n<1>b\n<1>c\n")
	if got := strings.Join(s.wait(3), " "); got != "<1>a <1>b <1>c" {
		t.Error(got)
	}
}
