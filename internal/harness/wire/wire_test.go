package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		kind       Kind
		body       string
		wrong      bool
	}{
		{"length", "POST /x HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 5\r\n\r\nhello", Request, "hello", false},
		{"no body", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", Request, "", false},
		{"chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", Request, "abc0123456789", false},
		{"answer", "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}", Answer, "{}", false},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", Answer, "", false},
		{"continue", "HTTP/1.1 100 Continue\r\n\r\n", Answer, "", false},
		{"answer without length", "HTTP/1.1 200 OK\r\n\r\n", Answer, "", true},
		{"bad length", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", Request, "", true},
		{"too large", "POST / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", Request, "", true},
		{"bad chunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Request, "", true},
		{"other coding", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", Request, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var m Message
			n, err := Parse([]byte(c.text+"NEXT"), c.kind, &m)
			if c.wrong {
				if err == nil {
					t.Fatalf("no error, %d bytes", n)
				}
				return
			}
			if err != nil || n != len(c.text) || string(m.Body) != c.body {
				t.Fatalf("%d of %d bytes, body %q, %v", n, len(c.text), m.Body, err)
			}
			for cut := range len(c.text) { // any shorter piece asks for more
				if n, err := Parse([]byte(c.text[:cut]), c.kind, &m); n != 0 || err != nil {
					t.Fatalf("cut at %d: %d, %v", cut, n, err)
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), true)
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), false)
	f.Fuzz(func(t *testing.T, b []byte, request bool) {
		kind := Answer
		if request {
			kind = Request
		}
		var m Message
		if n, err := Parse(b, kind, &m); n < 0 || n > len(b) || (err != nil && n != 0) {
			t.Fatalf("%d of %d, %v", n, len(b), err)
		}
		m.Get("host")
		m.Path()
	})
}

func TestGet(t *testing.T) {
	t.Parallel()
	m := Message{Start: []byte("PUT /a?b HTTP/1.1"), Head: []byte("X-A: one\r\nx-ab:two \r\n@-A: no\r\nConnection: Close\r\n")}
	if a, ab, none := m.Get("x-a"), m.Get("X-AB"), m.Get("x"); string(a) != "one" || string(ab) != "two" || none != nil {
		t.Errorf("%q %q %q", a, ab, none)
	}
	if !m.Closes() || string(m.Path()) != "/a?b" {
		t.Error("closes or path")
	}
}

// TestClientAgainstNetHTTP sends small, large and many requests to Go's server, whose larger answers are chunked.
func TestClientAgainstNetHTTP(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("X-A") != "b" {
			w.WriteHeader(http.StatusTeapot)
		}
		w.Write(b) //nolint:errcheck
	}))
	defer s.Close()
	c, err := Dial(t.Context(), s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, size := range []int{0, 1, 1000, 5000, 100_000, 3 << 20, 10} {
		body := bytes.Repeat([]byte("x"), size)
		req := AppendRequest(nil, "POST", "/p", "test", []Header{{"X-A", "b"}}, body)
		m, err := c.Do(req, 5*time.Second)
		if err != nil || m.Status() != 200 || !bytes.Equal(m.Body, body) {
			t.Fatalf("%d bytes: status %d, %d bytes back, %v", size, m.Status(), len(m.Body), err)
		}
	}
}

// TestServerAgainstNetHTTP lets Go's client talk to the server, with known lengths and with chunks, from many at once.
func TestServerAgainstNetHTTP(t *testing.T) {
	t.Parallel()
	s := serve(t, func(_ *Conn, m *Message) ([]byte, After) {
		return AppendAnswer(nil, 201, []Header{{"X-Path", string(m.Path())}}, m.Body), Keep
	})
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				text := strings.Repeat(fmt.Sprint(i, j), 1+j*500)
				var body io.Reader = strings.NewReader(text)
				if j%2 == 1 {
					body = io.MultiReader(body) // hides the length: chunked
				}
				resp, err := client.Post("http://"+s.Addr()+"/in?x=1", "text/plain", body)
				if err != nil {
					t.Error(err)
					return
				}
				back, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err != nil || string(back) != text || resp.StatusCode != 201 || resp.Header.Get("X-Path") != "/in?x=1" {
					t.Errorf("status %d, %d of %d bytes, %v", resp.StatusCode, len(back), len(text), err)
				}
			}
		})
	}
	wg.Wait()
}

// TestAfter sees what a peer sees when a connection is kept, closed and reset, and that Close ends handlers.
func TestAfter(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := serve(t, func(_ *Conn, m *Message) ([]byte, After) {
		switch string(m.Path()) {
		case "/close":
			return AppendAnswer(nil, 200, nil, nil), Close
		case "/reset":
			return nil, Reset
		case "/hang":
			<-release
			return nil, Close
		}
		return AppendAnswer(nil, 200, nil, nil), Keep
	})
	ask := func(c *Client, path string) error {
		_, err := c.Do(AppendRequest(nil, "GET", path, "test", nil, nil), 2*time.Second)
		return err
	}
	for _, path := range []string{"/close", "/reset"} {
		c := dial(t, s)
		if err := ask(c, "/keep"); err != nil {
			t.Fatal(err)
		}
		err := ask(c, path)
		if (path == "/close") != (err == nil) {
			t.Errorf("%s: %v", path, err)
		}
		if err := ask(c, "/keep"); err == nil {
			t.Errorf("after %s the connection still works", path)
		}
	}
	hung := make(chan error)
	c := dial(t, s)
	go func() { hung <- ask(c, "/hang") }()
	close(release)
	if err := <-hung; err == nil {
		t.Error("an answer from a handler that gave none")
	}
}

func TestAlive(t *testing.T) {
	t.Parallel()
	alive, gone := make(chan bool), make(chan struct{})
	s := serve(t, func(c *Conn, _ *Message) ([]byte, After) {
		alive <- c.Alive()
		<-gone
		for c.Alive() { // the end takes a moment to arrive
		}
		alive <- false
		return nil, Close
	})
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(AppendRequest(nil, "GET", "/", "test", nil, nil)); err != nil {
		t.Fatal(err)
	}
	if !<-alive {
		t.Error("a waiting peer counts as gone")
	}
	_ = conn.Close()
	close(gone)
	<-alive
}

func serve(t *testing.T, h Handler) *Server {
	t.Helper()
	s, err := Listen(context.Background(), "127.0.0.1:0", h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func dial(t *testing.T, s *Server) *Client {
	t.Helper()
	c, err := Dial(t.Context(), s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
