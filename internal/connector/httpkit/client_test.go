package httpkit

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tocsin-hub/tocsin/internal/form"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // net/http quotes there what a receiver sends unasked; the hub throws it away as well
	goleak.VerifyTestMain(m)
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func newClient(t testing.TB, o Options, secrets ...string) *Client {
	t.Helper()
	c, err := NewMaker(Config{Allow: loopback, UserAgent: "Tocsin/test"}).Masking(secrets).Client(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	return c
}

// server counts the connections that it accepts.
func server(t testing.TB, h http.HandlerFunc) (url string, accepted *atomic.Int32) {
	t.Helper()
	accepted = new(atomic.Int32)
	s := httptest.NewUnstartedServer(h)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			accepted.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, accepted
}

func post(t testing.TB, c *Client, url string, body string) *Response {
	t.Helper()
	resp, err := c.Do(t.Context(), &Request{Method: "POST", URL: url, Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestDo(t *testing.T) {
	t.Parallel()
	url, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", fmt.Sprintf("%s %s %s %d %v", r.Method, r.URL, r.UserAgent(), r.ContentLength, r.TransferEncoding))
		w.WriteHeader(http.StatusAccepted)
		w.Write(body) //nolint:errcheck
	})
	resp := post(t, newClient(t, Options{}), url+"/a%2Fb?c=d", "hello")
	if resp.Status != 202 || string(resp.Body) != "hello" || resp.Truncated || !resp.Released {
		t.Errorf("answer %+v", resp)
	}
	if got, want := resp.Header.Get("X-Seen"), "POST /a%2Fb?c=d Tocsin/test 5 []"; got != want {
		t.Errorf("request was %s, want %s", got, want)
	}
}

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	url, accepted := server(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)    //nolint:errcheck
		w.Write(make([]byte, 100<<10)) //nolint:errcheck // more than is kept
	})
	c := newClient(t, Options{})
	for range 20 {
		if resp := post(t, c, url, "x"); !resp.Truncated || len(resp.Body) != DefaultMaxBody {
			t.Fatalf("kept %d", len(resp.Body))
		}
	}
	if n := accepted.Load(); n != 1 {
		t.Errorf("%d connections for 20 requests", n)
	}
	const workers = 32
	for range 5 {
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() { post(t, c, url, "x") })
		}
		wg.Wait()
	}
	if n := accepted.Load(); n > workers {
		t.Errorf("%d connections for %d workers", n, workers)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	url, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		http.Redirect(w, r, "http://169.254.169.254/", http.StatusTemporaryRedirect)
	})
	if resp := post(t, newClient(t, Options{}), url, "x"); resp.Status != 307 || requests.Load() != 1 {
		t.Errorf("answer %+v after %d requests", resp, requests.Load())
	}
}

// stuck is a server whose handler does not answer before the client has gone.
func stuck(t testing.TB, answer func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close() //nolint:errcheck
				if _, err := conn.Read(make([]byte, 4<<10)); err != nil {
					return
				}
				answer(conn)
				io.Copy(io.Discard, conn) //nolint:errcheck // until the client closes
			})
		}
	})
	t.Cleanup(func() { ln.Close(); wg.Wait() }) //nolint:errcheck
	return ln.Addr().String()
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	silent := stuck(t, func(net.Conn) {})
	drip := stuck(t, func(c net.Conn) {
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n") //nolint:errcheck
		for {
			if _, err := c.Write([]byte("x")); err != nil {
				return
			}
			<-time.After(time.Millisecond) // the drip itself
		}
	})
	for _, tt := range []struct{ name, url, phase string }{
		{"silent TLS", "https://" + silent, "connect"},
		{"silent HTTP", "http://" + silent, "request"},
		{"dripping body", "http://" + drip, "request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			limit := 150 * time.Millisecond
			c := newClient(t, Options{ConnectTimeout: limit, RequestTimeout: limit})
			start := time.Now()
			_, err := c.Do(t.Context(), &Request{Method: "POST", URL: tt.url, Body: []byte("x")})
			var timeout *TimeoutError
			if !errors.As(err, &timeout) || timeout.Phase != tt.phase || timeout.After != limit {
				t.Errorf("error %v", err)
			}
			if took := time.Since(start); took < limit || took > 10*limit {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestPhasesAreSeparate: time spent on connecting does not count as request time.
func TestPhasesAreSeparate(t *testing.T) {
	t.Parallel()
	url, _ := server(t, func(http.ResponseWriter, *http.Request) {})
	m := NewMaker(Config{Allow: loopback, OnConnect: func(string, string) error {
		<-time.After(800 * time.Millisecond)
		return nil
	}})
	c, err := m.Client(Options{ConnectTimeout: 20 * time.Second, RequestTimeout: 700 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdle()
	post(t, c, url, "x")
}

func TestInfiniteAnswers(t *testing.T) {
	t.Parallel()
	body := stuck(t, func(c net.Conn) {
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\n\r\n") //nolint:errcheck
		for {
			if _, err := c.Write(bytes.Repeat([]byte("x"), 32<<10)); err != nil {
				return
			}
		}
	})
	resp := post(t, newClient(t, Options{}), "http://"+body, "x")
	if !resp.Truncated || len(resp.Body) != DefaultMaxBody {
		t.Errorf("kept %d", len(resp.Body))
	}
	header := stuck(t, func(c net.Conn) {
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\n") //nolint:errcheck
		for {
			if _, err := fmt.Fprintf(c, "X-A: %s\r\n", strings.Repeat("x", 1000)); err != nil {
				return
			}
		}
	})
	if resp, err := newClient(t, Options{}).Do(t.Context(), &Request{Method: "GET", URL: "http://" + header}); err == nil {
		t.Errorf("answer %+v", resp)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{})
	addr := stuck(t, func(net.Conn) { close(reached) })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	_, err := newClient(t, Options{}).Do(ctx, &Request{Method: "POST", URL: "http://" + addr, Body: []byte("x")})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestErrorsExplain(t *testing.T) {
	t.Parallel()
	closed, _ := net.Listen("tcp", "127.0.0.1:0")
	closed.Close() //nolint:errcheck
	tlsServer := httptest.NewUnstartedServer(http.NotFoundHandler())
	tlsServer.Config.ErrorLog = quiet()
	tlsServer.StartTLS()
	t.Cleanup(tlsServer.Close)
	plain, _ := server(t, http.NotFound)
	reset := stuck(t, func(c net.Conn) { c.Close() }) //nolint:errcheck
	for url, want := range map[string]string{
		"http://" + closed.Addr().String():               "nothing accepts connections",
		tlsServer.URL:                                    "ca_bundle",
		strings.Replace(plain, "http://", "https://", 1): "does not speak TLS",
		"http://" + reset:                                "closed before the answer was complete",
		"http://10.0.0.1/secret-path":                    "egress.allow",
		"http://user@example.com/secret-path":            "must not hold a user name",
	} {
		_, err := newClient(t, Options{}).Do(t.Context(), &Request{Method: "POST", URL: url, Body: []byte("x")})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret-path") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestTLSAndHTTP2(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Proto, len(r.TLS.PeerCertificates)) //nolint:errcheck
	}))
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	if got := string(post(t, newClient(t, Options{CAPEM: ca}), s.URL, "x").Body); got != "HTTP/2.00" {
		t.Errorf("answer %s", got)
	}
	if got := string(post(t, newClient(t, Options{InsecureSkipVerify: true}), s.URL, "x").Body); got != "HTTP/2.00" {
		t.Errorf("answer %s", got)
	}
	cert, key := clientCertificate(t)
	if got := string(post(t, newClient(t, Options{CAPEM: ca, ClientCertPEM: cert, ClientKeyPEM: form.NewSecret(key)}), s.URL, "x").Body); got != "HTTP/2.01" {
		t.Errorf("answer %s", got)
	}
	if _, err := NewMaker(Config{}).Client(Options{ClientCertPEM: cert}); err == nil {
		t.Error("half a client certificate was taken")
	}
}

func TestExchange(t *testing.T) {
	t.Parallel()
	const secret = `hunter"2 &x`
	url, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", r.Header.Get("X-Token"))
		w.Header().Set("Set-Cookie", "session=abc")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "you sent %s\n\x1b[31mred\u202e %s", r.Header.Get("X-Token"), strings.Repeat("long ", 1000)) //nolint:errcheck
	})
	c := newClient(t, Options{}, secret)
	req := func() *Request {
		return &Request{Method: "POST", URL: url + "/?k=hunter%222+%26x", Body: []byte("packed"), Plain: []byte(`{"t":"hunter\"2 &x"}`),
			Header: http.Header{"X-Token": {secret}, "Authorization": {"Basic abcdef"}, "X-Plain": {"seen"}}}
	}
	e := &Exchange{Full: true}
	if _, err := c.Do(WithExchange(t.Context(), e), req()); err != nil {
		t.Fatal(err)
	}
	wantHeader := http.Header{"X-Token": {form.Mask}, "Authorization": {form.Mask}, "X-Plain": {"seen"}, "User-Agent": {"Tocsin/test"}}
	if diff := cmp.Diff(wantHeader, e.RequestHeader); diff != "" {
		t.Error(diff)
	}
	if e.URL != url+"/?k="+form.Mask || e.Method != "POST" || string(e.RequestBody) != `{"t":"`+form.Mask+`"}` || e.Status != 418 || e.Latency <= 0 {
		t.Errorf("recorded %+v", e)
	}
	if e.Header.Get("X-Echo") != form.Mask || e.Header.Get("Set-Cookie") != form.Mask {
		t.Errorf("header %v", e.Header)
	}
	if got := string(e.Answer); !strings.HasPrefix(got, "you sent ******** [31mred long long") || len(got) > MaxAnswer {
		t.Errorf("answer %q", got)
	}

	short := &Exchange{}
	if _, err := c.Do(WithExchange(t.Context(), short), req()); err != nil {
		t.Fatal(err)
	}
	if short.RequestBody != nil || short.Header != nil || short.Status != 418 || len(short.Answer) == 0 {
		t.Errorf("recorded %+v", short)
	}
	dry := &Exchange{Full: true, DryRun: true}
	if _, err := c.Do(WithExchange(t.Context(), dry), req()); !errors.Is(err, ErrDryRun) || dry.Status != 0 || dry.RequestBody == nil {
		t.Errorf("%v, recorded %+v", err, dry)
	}
}

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "1.5": 1500 * time.Millisecond, "-5": 0, "NaN": 0, "+Inf": MaxRetryAfter,
		"soon": 0, "315360000": MaxRetryAfter, "1e300": MaxRetryAfter, "99999999999999999999999": MaxRetryAfter,
		"Fri, 20 Nov 2026 12:00:30 GMT": 30 * time.Second, "Fri, 20 Nov 2026 11:00:30 GMT": 0, "Fri, 20 Nov 2036 12:00:30 GMT": MaxRetryAfter,
	} {
		if got := ParseRetryAfter(in, now); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x00b\u202e  c\n", 5)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = min(max(limit, 0), 2000)
		got := clean(text, limit)
		if len(got) > limit || strings.ContainsAny(got, "\n\r\t\x00\u202e") {
			t.Errorf("%q", got)
		}
	})
}

func BenchmarkDo(b *testing.B) {
	url, accepted := server(b, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) //nolint:errcheck
		w.WriteHeader(http.StatusNoContent)
	})
	c := newClient(b, Options{})
	body := bytes.Repeat([]byte("x"), 1024)
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		header := http.Header{"Content-Type": {"application/json"}}
		for pb.Next() {
			resp, err := c.Do(context.Background(), &Request{Method: "POST", URL: url, Header: header, Body: body})
			if err != nil || resp.Status != 204 {
				b.Fatal(resp, err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	b.ReportMetric(float64(accepted.Load()), "conns")
}
