package connectortest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// promptly bounds how long a cancelled send may take to return.
const promptly = 2 * time.Second

// part is one thing that a connector must prove.
type part struct {
	name string
	test func(*testing.T, Harness)
}

// sendParts are what every connector that receives events must prove.
var sendParts = []part{
	{"statuses", testStatuses},
	{"cancellation", testCancel},
	{"delivery keys", testKeys},
	{"concurrency", testConcurrency},
	{"hostile text", testHostile},
	{"every field", testFields},
	{"limits", testLimits},
	{"schema", testSchema},
	{"dry run", testDryRun},
	{"test alerts nobody", testTester},
}

// Run proves what "The contract with a vendor" asks of every connector that speaks HTTP: of one that sends, of one that
// blocks, or both.
func Run(t *testing.T, h Harness) {
	checkSettings(t, h)
	h = h.complete()
	parts := []part{{"network faults", testFaults}, {"TLS", testTLS}}
	if h.Definition.Sends() {
		parts = append(parts, sendParts...)
	}
	if h.Definition.Blocks {
		if h.Blocks == nil {
			t.Fatal("the harness of a connector that blocks has no Blocks")
		}
		parts = append(parts, blockParts...)
	}
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			part.test(t, h)
		})
	}
}

// start begins a fake vendor and opens the connector against it.
func start(t *testing.T, h Harness, patch string) *bench {
	t.Helper()
	v := &vendor{}
	s := httptest.NewServer(v)
	t.Cleanup(s.Close)
	v.url = s.URL
	v.accept(h.Accept)
	return open(t, h, v, s.URL, patch)
}

// accept makes the vendor answer with h.
func (v *vendor) accept(h http.HandlerFunc) {
	v.set(func(w http.ResponseWriter, r *http.Request, _ Request) {
		if h != nil {
			h(w, r)
		}
	})
}

func (v *vendor) set(answer func(http.ResponseWriter, *http.Request, Request)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answer = answer
}

// class is how an error is marked.
func class(err error) string {
	_, throttled := connector.IsThrottled(err)
	_, rejected := connector.IsRejected(err)
	switch {
	case err == nil:
		return "delivered"
	case rejected:
		return "rejected"
	case connector.IsGone(err):
		return "gone"
	case connector.IsPermanent(err):
		return "permanent"
	case throttled:
		return "throttled"
	}
	return "retryable"
}

// testStatuses: every status gets its class, an answer that echoes the whole request leaks nothing, and a redirect is
// not followed.
func testStatuses(t *testing.T, h Harness) {
	b := start(t, h, `{}`)
	if err := b.deliver(t, Deliveries("hello")...); err != nil {
		t.Fatalf("delivering: %v", err)
	}
	for _, tt := range []struct {
		status int
		after  string
		want   string
	}{
		{301, "", "permanent"}, {302, "", "permanent"}, {307, "", "permanent"}, {308, "", "permanent"},
		{400, "", "permanent"}, {401, "", "permanent"}, {403, "", "permanent"}, {404, "", "permanent"}, {422, "", "permanent"},
		{408, "", "retryable"}, {425, "", "retryable"}, {410, "", "gone"},
		{429, "", "throttled"}, {429, "7", "throttled"}, {503, "7", "throttled"},
		{500, "", "retryable"}, {502, "", "retryable"}, {504, "", "retryable"},
	} {
		b.vendor.seen()
		b.vendor.set(func(w http.ResponseWriter, _ *http.Request, r Request) {
			w.Header().Set("Location", b.vendor.url+"/elsewhere")
			if tt.after != "" {
				w.Header().Set("Retry-After", tt.after)
			}
			w.WriteHeader(tt.status)
			fmt.Fprintf(w, "%s %s %v %s", r.Method, r.Path, r.Header, r.Body) //nolint:errcheck // the client may have gone
		})
		err := b.deliver(t, Deliveries("hello")...)
		if got := class(err); got != tt.want {
			t.Errorf("%d: %s, want %s (%v)", tt.status, got, tt.want, err)
		}
		if after, ok := connector.IsThrottled(err); ok && tt.after != "" && after != 7*time.Second {
			t.Errorf("%d: asks to wait %v, want 7s", tt.status, after)
		}
		if n := len(b.vendor.seen()); n != 1 {
			t.Errorf("%d: %d requests, want 1", tt.status, n)
		}
		b.quietError(t, err)
	}
}

// testFaults: what the network does is worth another try, never more and never less.
func testFaults(t *testing.T, h Harness) {
	faults := map[string]func(net.Conn){
		"reset":   func(c net.Conn) { c.Close() },                                                                      //nolint:errcheck
		"garbage": func(c net.Conn) { io.WriteString(c, "\x00\x01garbage\r\n\r\n"); c.Close() },                        //nolint:errcheck
		"cut off": func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"); c.Close() }, //nolint:errcheck
		"silence": func(net.Conn) {},
	}
	for name, fault := range faults {
		b := open(t, h, &vendor{}, "http://"+listen(t, fault), `{"request_timeout":"200ms"}`)
		err := b.deliver(t, Deliveries("hello")...)
		if got := class(err); got != "retryable" {
			t.Errorf("%s: %s (%v)", name, got, err)
		}
		b.quietError(t, err)
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close() //nolint:errcheck
	b := open(t, h, &vendor{}, "http://"+ln.Addr().String(), `{}`)
	if err := b.deliver(t, Deliveries("hello")...); class(err) != "retryable" {
		t.Errorf("nobody listens: %s (%v)", class(err), err)
	}
	b = open(t, h, &vendor{}, "http://10.255.255.1", `{}`)
	if err := b.deliver(t, Deliveries("hello")...); !errors.Is(err, httpkit.ErrForbiddenAddress) {
		t.Errorf("a private address is reached past the guard: %v", err)
	}
}

// listen accepts connections, reads the beginning of a request and does something to it.
func listen(t *testing.T, fault func(net.Conn)) string {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()                                 //nolint:errcheck
				c.SetDeadline(time.Now().Add(20 * time.Second)) //nolint:errcheck // a test that hangs ends
				if _, err := c.Read(make([]byte, 4<<10)); err != nil {
					return
				}
				fault(c)
				io.Copy(io.Discard, c) //nolint:errcheck // until the client closes
			})
		}
	})
	t.Cleanup(func() { ln.Close(); wg.Wait() }) //nolint:errcheck
	return ln.Addr().String()
}

// testCancel: a send returns soon after its context is done.
func testCancel(t *testing.T, h Harness) {
	reached := make(chan struct{}, 8)
	addr := listen(t, func(net.Conn) { reached <- struct{}{} })
	b := open(t, h, &vendor{}, "http://"+addr, `{}`)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		if batch, ok := b.instance.(connector.BatchSender); ok {
			done <- batch.SendBatch(ctx, Deliveries("hello"))
			return
		}
		done <- b.instance.(connector.Sender).Send(ctx, Deliveries("hello")[0])
	}()
	<-reached
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) || class(err) != "retryable" {
			t.Errorf("cancelled: %s (%v)", class(err), err)
		}
		b.quietError(t, err)
	case <-time.After(promptly):
		t.Errorf("a cancelled send did not return within %v", promptly)
	}
}

// testKeys: the delivery's key is where duplicates are looked for, and the same at the second attempt.
func testKeys(t *testing.T, h Harness) {
	if h.Keys == nil {
		t.Skip("this vendor has no place for a delivery's key")
	}
	b := start(t, h, `{}`)
	ds := Deliveries("hello")
	var keys [2][]string
	for attempt := range keys {
		ds[0].Attempt = attempt + 1
		if err := b.deliver(t, ds...); err != nil {
			t.Fatal(err)
		}
		for _, r := range b.vendor.seen() {
			keys[attempt] = append(keys[attempt], h.Keys(r)...)
		}
	}
	if len(keys[0]) == 0 || !slices.Equal(keys[0], keys[1]) {
		t.Errorf("keys of two attempts: %q and %q", keys[0], keys[1])
	}
	other := Deliveries("hello")
	if err := b.deliver(t, other...); err != nil {
		t.Fatal(err)
	}
	for _, r := range b.vendor.seen() {
		if slices.Equal(h.Keys(r), keys[0]) {
			t.Errorf("another delivery has the same keys %q", keys[0])
		}
	}
}
