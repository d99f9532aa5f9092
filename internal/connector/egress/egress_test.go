package egress_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/egress"
	"github.com/tocsin-hub/tocsin/internal/connector/egress/egresstest"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// echo is a server on 127.0.0.1 that says everything back.
func echo(t *testing.T) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(c, c); c.Close() }() //nolint:errcheck
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return ln.Addr().String()
}

func TestDial(t *testing.T) {
	t.Parallel()
	addr := echo(t)
	conn, err := egress.NewDialer(egress.Config{Allow: loopback}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	buf := make([]byte, 5)
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, buf); err != nil || string(buf) != "hello" {
		t.Errorf("%q, %v", buf, err)
	}
}

// TestDialRefuses: over every network, and the refusal is logged with what was asked for.
func TestDialRefuses(t *testing.T) {
	t.Parallel()
	canary := egresstest.Listen(t)
	dns := &egresstest.DNS{}
	dns.Set("siem.example.com", []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")})
	var log bytes.Buffer
	d := egress.NewDialer(egress.Config{
		Resolver: dns.Resolver(), OnConnect: canary.OnConnect, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	for _, network := range []string{"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6"} {
		log.Reset()
		_, err := d.DialContext(t.Context(), network, "siem.example.com.:"+canary.Port)
		want := "connecting to siem.example.com.:" + canary.Port + ": " + egress.ErrForbiddenAddress.Error()
		if !errors.Is(err, egress.ErrForbiddenAddress) || err.Error() != want {
			t.Errorf("%s: %v", network, err)
		}
		got := log.String()
		if !strings.Contains(got, "refused to connect") || !strings.Contains(got, "siem.example.com.") ||
			!strings.Contains(got, "address=127.0.0.1") && !strings.Contains(got, "address=::1") {
			t.Errorf("%s: the log says %s", network, got)
		}
	}
	for _, network := range []string{"unix", "unixgram", "unixpacket", "ip", "ip4:icmp", "ip6:1", "", "tcp5"} {
		if _, err := d.DialContext(t.Context(), network, "/run/docker.sock"); !errors.Is(err, egress.ErrNetwork) {
			t.Errorf("%s: %v", network, err)
		}
	}
	canary.Check(t, "refusals")
}

// TestDialMixed: of several addresses only those that are allowed are tried.
func TestDialMixed(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddrPort(echo(t))
	dns := &egresstest.DNS{}
	dns.Set("mixed.example.com", []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("169.254.169.254"), addr.Addr()})
	var dialled []string
	d := egress.NewDialer(egress.Config{Allow: loopback, Resolver: dns.Resolver(), OnConnect: func(_, a string) error {
		dialled = append(dialled, a)
		return nil
	}})
	_, port, _ := net.SplitHostPort(addr.String())
	conn, err := d.DialContext(t.Context(), "tcp", "mixed.example.com.:"+port)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if len(dialled) != 1 || dialled[0] != addr.String() {
		t.Errorf("dialled %q", dialled)
	}
}

// TestDialTime: the limit holds for a name server that does not answer, and a cancelled context ends it at once.
func TestDialTime(t *testing.T) {
	t.Parallel()
	silent := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	d := egress.NewDialer(egress.Config{Resolver: silent}).WithTimeout(50 * time.Millisecond)
	var timeout *egress.TimeoutError
	if _, err := d.DialContext(t.Context(), "tcp", "example.com:80"); !errors.As(err, &timeout) || timeout.After != 50*time.Millisecond || !timeout.Timeout() {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.WithTimeout(time.Hour).DialContext(ctx, "tcp", "example.com:80"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestVia(t *testing.T) {
	t.Parallel()
	addr := echo(t)
	d := egress.NewDialer(egress.Config{}).Via(addr)
	conn, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatalf("the operator's proxy: %v", err)
	}
	conn.Close()
	if _, err := d.DialContext(t.Context(), "tcp", echo(t)); !errors.Is(err, egress.ErrForbiddenAddress) {
		t.Errorf("something else beside the proxy: %v", err)
	}
}

func TestCheckHost(t *testing.T) {
	t.Parallel()
	public, private := netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr("10.0.0.1")
	dns := &egresstest.DNS{}
	dns.Set("public.example.com", []netip.Addr{public})
	dns.Set("mixed.example.com", []netip.Addr{public, private})
	d := egress.NewDialer(egress.Config{Resolver: dns.Resolver()})
	for host, want := range map[string]bool{
		"public.example.com.": true, "93.184.216.34": true, "2606:4700::1111": true,
		"mixed.example.com.": false, "10.0.0.1": false, "::1": false, "::ffff:127.0.0.1": false, "fe80::1%eth0": false,
	} {
		if err := d.CheckHost(t.Context(), host); (err == nil) != want || err != nil && !errors.Is(err, egress.ErrForbiddenAddress) {
			t.Errorf("%s: %v", host, err)
		}
	}
	var dnsErr *net.DNSError
	if err := d.CheckHost(t.Context(), "nowhere.example.com."); !errors.As(err, &dnsErr) {
		t.Errorf("a name that does not exist: %v", err)
	}
}

// TestBind: connections leave from the bound address, over its family only.
func TestBind(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddrPort(echo(t))
	_, port, _ := net.SplitHostPort(addr.String())
	dns := &egresstest.DNS{}
	dns.Set("both.example.com", []netip.Addr{netip.MustParseAddr("::1"), addr.Addr()})
	dns.Set("six.example.com", []netip.Addr{netip.MustParseAddr("::1")})
	dial := func(target string, bind ...string) (net.Conn, error) {
		cfg := egress.Config{Allow: loopback, Resolver: dns.Resolver()}
		for _, b := range bind {
			cfg.Bind = append(cfg.Bind, netip.MustParseAddr(b))
		}
		return egress.NewDialer(cfg).DialContext(t.Context(), "tcp", target+":"+port)
	}
	for _, tt := range []struct {
		target string
		bind   []string
	}{
		{"127.0.0.1", []string{"127.0.0.1"}}, {"both.example.com.", []string{"127.0.0.1"}}, {"both.example.com.", []string{"::1", "127.0.0.1"}},
		{"127.0.0.1", []string{"::1", "127.0.0.1"}}, {"127.0.0.1", []string{"::ffff:127.0.0.1"}},
	} {
		conn, err := dial(tt.target, tt.bind...)
		if err != nil {
			t.Errorf("%s from %v: %v", tt.target, tt.bind, err)
			continue
		}
		if got := conn.LocalAddr().(*net.TCPAddr).IP.String(); got != "127.0.0.1" {
			t.Errorf("%s from %v: left from %s", tt.target, tt.bind, got)
		}
		conn.Close()
	}
	for _, tt := range []struct{ target, bind string }{{"127.0.0.1", "::1"}, {"::1", "127.0.0.1"}} {
		if _, err := dial(strings.Trim(net.JoinHostPort(tt.target, ""), ":"), tt.bind); !errors.Is(err, egress.ErrNoAddress) {
			t.Errorf("%s from %s: %v", tt.target, tt.bind, err)
		}
	}
	if _, err := dial("10.0.0.1", "127.0.0.1"); !errors.Is(err, egress.ErrForbiddenAddress) {
		t.Errorf("a bound dialer asks the guard: %v", err)
	}
	var dnsErr *net.DNSError
	if _, err := dial("six.example.com.", "127.0.0.1"); !errors.As(err, &dnsErr) {
		t.Errorf("a name without an address of the bound family: %v", err)
	}
}
