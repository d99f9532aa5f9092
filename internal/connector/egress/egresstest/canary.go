package egresstest

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector/egress"
)

// ErrStopped is what Canary.OnConnect answers for every address that is not this machine's: nothing leaves it.
var ErrStopped = errors.New("egresstest: an address elsewhere, which is not dialled in a test")

// Canary is what must not be reached: a listener on 127.0.0.1 and, where there is one, on ::1, with the same port; and
// a watch over what is about to be dialled.
type Canary struct {
	// Port is where the listeners are.
	Port string
	// Spare are addresses and ports that may be dialled although they are not public: a test's own servers.
	Spare []netip.AddrPort

	hits   atomic.Int64
	public atomic.Int64

	mu      sync.Mutex
	dialled []string
}

// Listen starts a canary that lives as long as the test.
func Listen(t testing.TB) *Canary {
	t.Helper()
	c := &Canary{}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	c.Port = strconv.Itoa(port)
	listeners := []net.Listener{ln}
	if ln6, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort("::1", c.Port)); err == nil {
		listeners = append(listeners, ln6) // a machine without IPv6, or with the port taken there, has one less
	}
	var wg sync.WaitGroup
	for _, l := range listeners {
		wg.Go(func() { c.accept(l) })
	}
	t.Cleanup(func() {
		for _, l := range listeners {
			l.Close() //nolint:errcheck
		}
		wg.Wait()
	})
	return c
}

func (c *Canary) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		c.hits.Add(1)
		conn.Close() //nolint:errcheck
	}
}

// OnConnect is for egress.Config and httpkit.Config. It notes what is about to be dialled, and stops what would leave
// the machine.
func (c *Canary) OnConnect(_, address string) error {
	ap, err := netip.ParseAddrPort(address)
	switch {
	case err == nil && slices.Contains(c.Spare, ap):
		return nil
	case err == nil && egress.Global(ap.Addr()):
		c.public.Add(1)
		return ErrStopped
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialled = append(c.dialled, address)
	if a := ap.Addr().Unmap(); err == nil && (a.IsLoopback() || a.IsUnspecified()) {
		return nil // go on: the listeners are to notice as well
	}
	return ErrStopped // noted, and nobody's network is knocked at
}

// Public is how often a public address was about to be dialled.
func (c *Canary) Public() int { return int(c.public.Load()) }

// Check fails the test if anything that is not public was dialled, or the listeners were reached, since the last Check.
func (c *Canary) Check(t testing.TB, what string) {
	t.Helper()
	c.mu.Lock()
	dialled := c.dialled
	c.dialled = nil
	c.mu.Unlock()
	if len(dialled) > 0 {
		t.Errorf("%s: dialled %q", what, dialled)
	}
	if n := c.hits.Swap(0); n > 0 {
		t.Errorf("%s: the canary was reached %d times", what, n)
	}
}
