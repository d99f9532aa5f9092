package syslog

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// sink is what a listener under test hands over to.
type sink struct {
	t     testing.TB
	mu    sync.Mutex
	lines []Line
	calls int
	fail  func(call int) error
	came  chan struct{} // one token when there is something new
}

func newSink(t testing.TB) *sink { return &sink{t: t, came: make(chan struct{}, 1)} }

func (s *sink) take(_ context.Context, lines []Line) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.fail != nil {
		if err := s.fail(s.calls); err != nil {
			return err
		}
	}
	s.lines = append(s.lines, lines...)
	select {
	case s.came <- struct{}{}:
	default:
	}
	return nil
}

// wait gives the messages once there are n of them.
func (s *sink) wait(n int) []string {
	s.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		s.mu.Lock()
		if len(s.lines) >= n {
			list := make([]string, len(s.lines))
			for i, l := range s.lines {
				list[i] = string(l.Bytes)
				if l.Cut {
					list[i] += "…"
				}
			}
			s.mu.Unlock()
			return list
		}
		have := len(s.lines)
		s.mu.Unlock()
		select {
		case <-s.came:
		case <-deadline:
			s.t.Fatalf("%d messages came, want %d", have, n)
		}
	}
}

// start runs a listener until the test ends.
func start(t testing.TB, c Config) *Listener {
	t.Helper()
	c.Address = "127.0.0.1:0"
	l, err := Listen(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Run() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		l.Stop(ctx)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l
}

func dial(t testing.TB, l *Listener) net.Conn {
	t.Helper()
	c, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func send(t testing.TB, c io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Error(err)
	}
}

// closedBy waits until the other side has closed the connection.
func closedBy(t testing.TB, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "timeout") {
		t.Errorf("the connection was not closed: %v", err)
	}
}

func TestTCP(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	l := start(t, Config{Network: "tcp", Take: s.take, MaxMessage: 16})
	c := dial(t, l)
	send(t, c, "<1>line\r\n14 <2>counted\nyes"+"<3>a message that is too long\n")
	s.wait(3)
	send(t, c, "<4>no line feed")
	_ = c.Close()
	want := []string{"<1>line\r", "<2>counted\nyes", "<3>a message tha…", "<4>no line feed"}
	if got := s.wait(4); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
	if s.lines[0].From != netip.MustParseAddr("127.0.0.1") || s.lines[0].At.IsZero() {
		t.Errorf("%+v", s.lines[0])
	}
	if st := l.Stats(); st.Messages != 4 || st.Cut != 1 {
		t.Errorf("%+v", st)
	}
}

// TestBackPressure: while the journal takes nothing, nothing is lost and nothing more is read.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	s.fail = func(call int) error {
		if call <= 3 {
			return errors.New("the journal is full")
		}
		return nil
	}
	l := start(t, Config{Network: "tcp", Take: s.take, Batch: func() int { return 100 }})
	c := dial(t, l)
	const n = 5000
	go func() {
		for i := range n {
			fmt.Fprintf(c, "<1>message %d\n", i)
		}
	}()
	for i, text := range s.wait(n) {
		if text != fmt.Sprintf("<1>message %d", i) {
			t.Fatalf("message %d is %q", i, text)
		}
	}
	if st := l.Stats(); st.Retries != 3 || st.DroppedStop != 0 {
		t.Errorf("%+v", st)
	}
}

// TestStopDrains: what was sent before the stop is made durable, even what the hub has not read yet.
func TestStopDrains(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	l, err := Listen(t.Context(), Config{Network: "tcp", Address: "127.0.0.1:0", Take: s.take})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Run() }()
	c := dial(t, l)
	send(t, c, "<1>first\n")
	s.wait(1)
	const n = 2000
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "<1>message %d\n", i)
	}
	b.WriteString("<1>half of a")
	send(t, c, b.String())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	l.Stop(ctx)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := s.wait(n + 2); got[n+1] != "<1>half of a" {
		t.Errorf("the last is %q", got[n+1])
	}
}

// TestStopGivesUp: a stop ends in time although the journal takes nothing; what is lost is counted.
func TestStopGivesUp(t *testing.T) {
	t.Parallel()
	tried := make(chan struct{}, 1)
	l, err := Listen(t.Context(), Config{Network: "tcp", Address: "127.0.0.1:0", Take: func(context.Context, []Line) error {
		select {
		case tried <- struct{}{}:
		default:
		}
		return errors.New("full")
	}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Run() }()
	c := dial(t, l)
	send(t, c, "<1>a\n<2>b\n")
	<-tried
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l.Stop(ctx)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if st := l.Stats(); st.DroppedStop == 0 || st.Messages != 0 {
		t.Errorf("%+v", st)
	}
}

func TestUDP(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	l := start(t, Config{Network: "udp", Take: s.take, MaxMessage: 10})
	c := dial(t, l)
	send(t, c, "<1>one\nstill one")
	send(t, c, "\n\x00")
	send(t, c, "<2>two\n")
	if got := s.wait(2); got[0] != "<1>one\nsti…" || got[1] != "<2>two\n" {
		t.Errorf("%q", got)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	server, client := ca.issue("127.0.0.1"), ca.issue("sender")
	stranger := newAuthority(t).issue("sender")
	for _, c := range []struct {
		name string
		auth tls.ClientAuthType
		cert *tls.Certificate
		ok   bool
	}{
		{"no certificate asked for", tls.NoClientCert, nil, true},
		{"optional, none", tls.VerifyClientCertIfGiven, nil, true},
		{"optional, a stranger's", tls.VerifyClientCertIfGiven, &stranger, false},
		{"required, ours", tls.RequireAndVerifyClientCert, &client, true},
		{"required, none", tls.RequireAndVerifyClientCert, nil, false},
		{"required, a stranger's", tls.RequireAndVerifyClientCert, &stranger, false},
	} {
		s := newSink(t)
		l := start(t, Config{Network: "tls", Take: s.take, TLS: &tls.Config{
			Certificates: []tls.Certificate{server}, ClientCAs: pool, ClientAuth: c.auth, MinVersion: tls.VersionTLS12,
		}})
		config := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		if c.cert != nil {
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.cert, nil }
		}
		conn, err := tls.Dial("tcp", l.Addr().String(), config)
		if err == nil {
			_, err = io.WriteString(conn, "16 <1>framed\nby RFC")
			if c.ok {
				s.wait(1)
			} else {
				_, err = conn.Read(make([]byte, 1)) // with TLS 1.3 the refusal comes after the handshake
			}
			_ = conn.Close()
		}
		for deadline := time.Now().Add(10 * time.Second); !c.ok && l.Stats().Handshakes == 0 && time.Now().Before(deadline); {
			runtime.Gosched() // the refusal is sent before it is counted
		}
		if c.ok && err != nil || !c.ok && (err == nil || len(s.lines) > 0 || l.Stats().Handshakes != 1) {
			t.Errorf("%s: %v, %d messages, %+v", c.name, err, len(s.lines), l.Stats())
		}
	}
}

func TestMistakenListener(t *testing.T) {
	t.Parallel()
	if _, err := Listen(t.Context(), Config{Network: "sctp", Address: "127.0.0.1:0"}); err == nil {
		t.Error("listening on nothing")
	}
	l := start(t, Config{Network: "tcp", Take: newSink(t).take})
	if _, err := Listen(t.Context(), Config{Network: "tcp", Address: l.Addr().String()}); err == nil || !strings.Contains(err.Error(), "listening for syslog on tcp://") {
		t.Errorf("%v", err)
	}
}
