package httpkit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// endless writes piece over and over until the client has gone.
func endless(c net.Conn, piece string) {
	for {
		if _, err := io.WriteString(c, piece); err != nil {
			return
		}
	}
}

// drip writes text a byte at a time.
func drip(c net.Conn, text string) {
	for {
		for i := range len(text) {
			if _, err := io.WriteString(c, text[i:i+1]); err != nil {
				return
			}
			<-time.After(time.Millisecond) // the drip itself
		}
	}
}

// reset closes with RST instead of FIN.
func reset(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0) //nolint:errcheck
	c.Close()                     //nolint:errcheck
}

// TestTorment: whatever a receiver does, a request ends in time, keeps little, and never looks delivered without a whole
// answer.
func TestTorment(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, tt := range []struct {
		name   string
		answer func(net.Conn)
		want   string // "timeout", "error", "status" or "truncated"
	}{
		{"hangs after the status line", func(c net.Conn) { fmt.Fprint(c, ok) }, "timeout"},
		{"hangs after the header", func(c net.Conn) { fmt.Fprint(c, ok+"Content-Length: 10\r\n\r\n") }, "timeout"},
		{"hangs within the body", func(c net.Conn) { fmt.Fprint(c, ok+"Content-Length: 10\r\n\r\n12345") }, "timeout"},
		{"hangs within a chunk", func(c net.Conn) { fmt.Fprint(c, ok+"Transfer-Encoding: chunked\r\n\r\nffff\r\nabc") }, "timeout"},
		{"hangs before the last chunk", func(c net.Conn) { fmt.Fprint(c, ok+"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n") }, "timeout"},
		{"drips the header", func(c net.Conn) { drip(c, "X: y\r\n") }, "error"}, // the first line is no status line
		{"drips header lines", func(c net.Conn) { fmt.Fprint(c, ok); drip(c, "X: y\r\n") }, "timeout"},
		{"drips the body", func(c net.Conn) { fmt.Fprint(c, ok+"\r\n"); drip(c, "x") }, "timeout"},
		{"drips chunks", func(c net.Conn) { fmt.Fprint(c, ok+"Transfer-Encoding: chunked\r\n\r\n"); drip(c, "1\r\na\r\n") }, "timeout"},
		{"resets at once", reset, "error"},
		{"resets within the header", func(c net.Conn) { fmt.Fprint(c, ok+"X: y"); reset(c) }, "error"},
		{"resets within the body", func(c net.Conn) { fmt.Fprint(c, ok+"Content-Length: 10\r\n\r\n123"); reset(c) }, "error"},
		{"ends within the body", func(c net.Conn) { fmt.Fprint(c, ok+"Content-Length: 10\r\n\r\n123"); c.Close() }, "error"},
		{"ends within a chunk", func(c net.Conn) { fmt.Fprint(c, ok+"Transfer-Encoding: chunked\r\n\r\n5\r\nab"); c.Close() }, "error"},
		{"endless header lines", func(c net.Conn) { fmt.Fprint(c, ok); endless(c, "X-A: "+strings.Repeat("x", 1000)+"\r\n") }, "error"},
		{"one endless header line", func(c net.Conn) { fmt.Fprint(c, ok+"X-A: "); endless(c, strings.Repeat("x", 1000)) }, "error"},
		{"endless status line", func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 200 "); endless(c, strings.Repeat("x", 1000)) }, "error"},
		{"endless interim answers", func(c net.Conn) { endless(c, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n") }, "error"},
		{"endless trailers", func(c net.Conn) {
			fmt.Fprint(c, ok+"Transfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n0\r\n")
			endless(c, "X-A: "+strings.Repeat("x", 1000)+"\r\n")
		}, "error"},
		{"endless body", func(c net.Conn) { fmt.Fprint(c, ok+"\r\n"); endless(c, strings.Repeat("x", 32<<10)) }, "truncated"},
		{"endless chunks", func(c net.Conn) {
			fmt.Fprint(c, ok+"Transfer-Encoding: chunked\r\n\r\n")
			endless(c, "1000\r\n"+strings.Repeat("x", 0x1000)+"\r\n")
		}, "truncated"},
		{"one-byte chunks with long extensions", func(c net.Conn) {
			fmt.Fprint(c, ok+"Transfer-Encoding: chunked\r\n\r\n")
			endless(c, "1;"+strings.Repeat("x", 1000)+"\r\na\r\n")
		}, "error"},
		{"absurd length", func(c net.Conn) { fmt.Fprint(c, ok+"Content-Length: 9223372036854775807\r\n\r\nx"); c.Close() }, "error"},
		{"negative length", func(c net.Conn) { fmt.Fprint(c, ok+"Content-Length: -1\r\n\r\nx") }, "error"},
		{"two lengths", func(c net.Conn) { fmt.Fprint(c, ok+"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy") }, "error"},
		{"two answers", func(c net.Conn) {
			fmt.Fprint(c, ok+"Content-Length: 1\r\n\r\nx"+"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
		}, "status"},
		{"a compressed bomb", func(c net.Conn) {
			fmt.Fprint(c, ok+"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00")
		}, "status"},
		{"another protocol", func(c net.Conn) { fmt.Fprint(c, "SSH-2.0-OpenSSH_9.9\r\n") }, "error"},
		{"switching protocols", func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\n\r\n"); endless(c, "x") }, "any"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			limit := 10 * time.Second
			if tt.want == "timeout" {
				limit = 300 * time.Millisecond
			}
			addr := stuck(t, tt.answer) // before the client, which closes its connections first
			c := newClient(t, Options{ConnectTimeout: 5 * time.Second, RequestTimeout: limit})
			start := time.Now()
			resp, err := c.Do(t.Context(), &Request{Method: "POST", URL: "http://" + addr, Body: []byte("x")})
			if took := time.Since(start); took > limit+5*time.Second {
				t.Errorf("took %v", took)
			}
			var timeout *TimeoutError
			got := "error"
			switch {
			case errors.As(err, &timeout):
				got = "timeout"
			case err != nil && len(err.Error()) > 2*MaxAnswer:
				t.Errorf("the error has %d bytes", len(err.Error()))
			case err != nil:
			case resp.Truncated:
				got = "truncated"
			default:
				got = "status"
			}
			if got != tt.want && tt.want != "any" {
				t.Errorf("%s, want %s: %+v, %v", got, tt.want, resp, err)
			}
			if resp != nil && len(resp.Body) > DefaultMaxBody {
				t.Errorf("kept %d bytes", len(resp.Body))
			}
		})
	}
}

// TestUnreadRequest: a receiver that does not take a large request in is given up in time.
func TestUnreadRequest(t *testing.T) {
	t.Parallel()
	limit := 200 * time.Millisecond
	c := newClient(t, Options{RequestTimeout: limit})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	var timeout *TimeoutError
	start := time.Now()
	_, err = c.Do(t.Context(), &Request{Method: "POST", URL: "http://" + ln.Addr().String(), Body: make([]byte, 64<<20)})
	if !errors.As(err, &timeout) || timeout.Phase != "request" || time.Since(start) > limit+5*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

// TestTormentHTTP2: the same limits hold where one connection carries many requests.
func TestTormentHTTP2(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/header":
			for i := range 200 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 1000))
			}
		case "/body":
			for {
				if _, err := w.Write(bytes.Repeat([]byte("x"), 32<<10)); err != nil {
					return
				}
			}
		case "/reset":
			panic(http.ErrAbortHandler)
		case "/hang", "/hang-after-header":
			if r.URL.Path != "/hang" {
				w.WriteHeader(http.StatusOK)
				http.NewResponseController(w).Flush() //nolint:errcheck
			}
			<-r.Context().Done()
		}
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	own := func(limit time.Duration) *Client {
		return newClient(t, Options{InsecureSkipVerify: true, RequestTimeout: limit})
	}
	for path, want := range map[string]string{
		"/": "", "/header": "", "/reset": "", "/hang": "request_timeout", "/hang-after-header": "request_timeout",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			limit := 10 * time.Second
			if want != "" {
				limit = 300 * time.Millisecond
			}
			_, err := own(limit).Do(t.Context(), &Request{Method: "POST", URL: s.URL + path, Body: []byte("x")})
			if (err == nil) != (path == "/") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("/body", func(t *testing.T) {
		t.Parallel()
		if resp := post(t, own(10*time.Second), s.URL+"/body", "x"); !resp.Truncated || len(resp.Body) != DefaultMaxBody {
			t.Errorf("kept %d", len(resp.Body))
		}
	})
}
