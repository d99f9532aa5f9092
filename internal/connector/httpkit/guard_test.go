package httpkit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	g := newGuard(nil)
	for _, a := range []string{
		"93.184.216.34", "8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "192.0.1.1",
		"168.63.129.15", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "2001:200::1",
		"::ffff:8.8.8.8", "64:ff9b::808:808",
	} {
		if err := g.check(netip.MustParseAddr(a)); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	for _, a := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.255", "168.63.129.16",
		"169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1",
		"192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
		"239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
		"2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "4000::1",
		"5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
	} {
		err := g.check(netip.MustParseAddr(a))
		if !errors.Is(err, ErrForbiddenAddress) || !strings.Contains(err.Error(), "egress.allow") {
			t.Errorf("%s: %v", a, err)
		}
	}
}

func TestGuardAllow(t *testing.T) {
	t.Parallel()
	g := newGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::ffff:10.1.0.0/112"), netip.MustParsePrefix("fd00::/64")})
	for a, want := range map[string]bool{
		"127.0.0.1": true, "::ffff:127.0.0.1": true, "10.1.2.3": true, "10.2.0.1": false, "fd00::7": true, "fd00:0:0:1::7": false,
		"64:ff9b::7f00:1": false, "169.254.169.254": false, "::1": false,
	} {
		if err := g.check(netip.MustParseAddr(a)); (err == nil) != want {
			t.Errorf("%s: %v", a, err)
		}
	}
}

// TestGuardEmbedded: an IPv6 address that carries an IPv4 address is never better than that address.
func TestGuardEmbedded(t *testing.T) {
	t.Parallel()
	g := newGuard(nil)
	rapid.Check(t, func(t *rapid.T) {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], rapid.Uint32().Draw(t, "v4"))
		if g.check(netip.AddrFrom4(b)) == nil {
			return
		}
		for _, prefix := range []string{"::", "::ffff:0:0", "64:ff9b::", "64:ff9b:1::", "2001::"} {
			a := netip.MustParseAddr(prefix).As16()
			copy(a[12:], b[:])
			if g.check(netip.AddrFrom16(a)) == nil {
				t.Fatalf("%v is taken", netip.AddrFrom16(a))
			}
		}
		a := netip.MustParseAddr("2002::").As16()
		copy(a[2:], b[:])
		if g.check(netip.AddrFrom16(a)) == nil {
			t.Fatalf("%v is taken", netip.AddrFrom16(a))
		}
	})
}

// sharedFile opens a file of the shared corpora, which are not part of the repository.
func sharedFile(t *testing.T, name string) []string {
	t.Helper()
	root := os.Getenv("TOCSIN_SHARED")
	if root == "" {
		_, here, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(here), "../../../../shared")
	}
	f, err := os.Open(filepath.Join(root, name))
	if err != nil {
		t.Skip("the shared corpora are not here: set TOCSIN_SHARED to run this test")
	}
	defer f.Close() //nolint:errcheck // only read
	var lines []string
	for s := bufio.NewScanner(f); s.Scan(); {
		if s.Text() != "" {
			lines = append(lines, s.Text())
		}
	}
	return lines
}

// canary is a maker that never connects: what passes the guard is counted and stopped.
func canary(answer netip.Addr) (*Maker, *atomic.Int32) {
	dialled := new(atomic.Int32)
	return NewMaker(Config{
		Resolver: stubResolver(answer),
		OnConnect: func(string, string) error {
			dialled.Add(1)
			return errors.New("canary: the guard let this through")
		},
	}), dialled
}

func TestSSRFSpellings(t *testing.T) {
	t.Parallel()
	lines := append(sharedFile(t, "corpora/ssrf-spellings.txt"), "http://127.0.0.1.:80/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/")
	m, dialled := canary(netip.MustParseAddr("169.254.169.254"))
	c, err := m.Client(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		_, err := c.Do(t.Context(), &Request{Method: "POST", URL: line, Body: []byte("x")})
		if !errors.Is(err, ErrForbiddenAddress) && !errors.Is(err, ErrURL) {
			t.Errorf("%s: %v", line, err)
		}
	}
	if n := dialled.Load(); n > 0 {
		t.Errorf("%d connections were begun", n)
	}
}

func TestSSRFLookalikes(t *testing.T) {
	t.Parallel()
	lines := sharedFile(t, "corpora/ssrf-lookalikes.txt")
	for _, tt := range []struct {
		answer  string
		refused bool
	}{{"93.184.216.34", false}, {"127.0.0.1", true}, {"10.0.0.7", true}} {
		m, dialled := canary(netip.MustParseAddr(tt.answer))
		c, err := m.Client(Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if !strings.Contains(line, "://") {
				line = "http://" + line
			}
			before := dialled.Load()
			_, err := c.Do(t.Context(), &Request{Method: "GET", URL: line})
			if got := errors.Is(err, ErrForbiddenAddress); got != tt.refused || dialled.Load() > before == tt.refused {
				t.Errorf("%s at %s: %v", line, tt.answer, err)
			}
		}
	}
}

// stubResolver answers every A question with one address, without a network.
func stubResolver(answer netip.Addr) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go serveDNS(server, answer)
		return client, nil
	}}
}

// serveDNS speaks DNS with a length before each message, as over TCP, which is what the resolver does on a net.Pipe.
func serveDNS(c net.Conn, answer netip.Addr) {
	defer c.Close()                                 //nolint:errcheck // a pipe
	c.SetDeadline(time.Now().Add(10 * time.Second)) //nolint:errcheck
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, q); err != nil {
			return
		}
		end := 12 + bytes.IndexByte(q[12:], 0) + 5 // the name, its end, type and class
		a := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:end]...)
		if q[end-3] == 1 { // type A
			a[7] = 1
			a = append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4)
			a = append(a, answer.AsSlice()...)
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(a))), a...)); err != nil {
			return
		}
	}
}

func TestProxyEnvironmentIsIgnored(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	m, _ := canary(netip.MustParseAddr("93.184.216.34"))
	var seen string
	m.cfg.OnConnect = func(_, address string) error { seen = address; return errors.New("stop") }
	c, err := m.Client(Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.Do(t.Context(), &Request{Method: http.MethodGet, URL: "http://example.com/"}) //nolint:errcheck // the canary stops it
	if seen != "93.184.216.34:80" {
		t.Errorf("connected to %q", seen)
	}
}
