package canary

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Modes are the ways in which the echo answers; each is a first element of its paths.
var Modes = []string{"ok", "bad", "denied", "down", "busy", "redirect", "garbage", "cut", "header"}

// Echo is a receiver that knows the secrets of those who call it, and repeats them in every part of its answers: the
// status text, headers, the body, an answer that is none.
type Echo struct {
	listener net.Listener
	done     sync.WaitGroup

	mu      sync.Mutex
	secrets map[string][]string // by the second element of the path
	seen    map[string]int      // requests by mode/set
}

// echoTime bounds one connection of the echo.
const echoTime = 5 * time.Second

// ListenEcho starts one on the loopback interface.
func ListenEcho(ctx context.Context) (*Echo, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the echo: %w", err)
	}
	e := &Echo{listener: l, secrets: map[string][]string{}, seen: map[string]int{}}
	e.done.Go(e.accept)
	return e, nil
}

// URL is where integrations of that set find the mode.
func (e *Echo) URL(mode, set string) string {
	return "http://" + e.listener.Addr().String() + "/" + mode + "/" + set
}

// Learn tells the echo a secret of a set.
func (e *Echo) Learn(set string, secrets ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.secrets[set] = append(e.secrets[set], secrets...)
}

// Counts are the requests so far by mode/set.
func (e *Echo) Counts() map[string]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.seen)
}

// Close stops it and waits.
func (e *Echo) Close() {
	_ = e.listener.Close()
	e.done.Wait()
}

func (e *Echo) accept() {
	for {
		c, err := e.listener.Accept()
		if err != nil {
			return
		}
		e.done.Go(func() {
			defer c.Close() //nolint:errcheck // the answer is written, or nobody reads it
			if c.SetDeadline(time.Now().Add(echoTime)) == nil {
				e.serve(c)
			}
		})
	}
}

// serve answers one request and closes.
func (e *Echo) serve(c net.Conn) {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	mode, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	set, _, _ := strings.Cut(rest, "/")
	e.mu.Lock()
	e.seen[mode+"/"+set]++
	secrets := e.secrets[set]
	e.mu.Unlock()
	_, _ = io.WriteString(c, answer(mode, secrets, r.Header))
}

// answer is the whole of an answer, as bytes.
func answer(mode string, secrets []string, sent http.Header) string {
	said := strings.Join(secrets, " ")
	body := echoBody(secrets, sent)
	status := map[string]string{
		"ok": "200 " + said, "bad": "400 " + said, "denied": "401 " + said, "down": "500 " + said, "busy": "429 " + said,
		"redirect": "302 " + said, "garbage": "no status " + said, "cut": "503 " + said, "header": "404 " + said,
	}[mode]
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: application/json\r\n", status)
	for i, s := range secrets {
		fmt.Fprintf(&b, "X-Echo-%d: %s\r\nX-Escaped-%d: %s\r\nSet-Cookie: s%d=%s\r\n", i, s, i, url.QueryEscape(s), i, url.QueryEscape(s))
	}
	for name, values := range sent {
		fmt.Fprintf(&b, "X-Sent-%s: %s\r\n", name, values[0])
	}
	switch mode {
	case "redirect":
		fmt.Fprintf(&b, "Location: /elsewhere?token=%s\r\n", url.QueryEscape(said))
	case "busy":
		b.WriteString("Retry-After: 1\r\n")
	case "header":
		fmt.Fprintf(&b, "broken header %s\r\n", said)
	}
	length := len(body)
	if mode == "cut" {
		length *= 2
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", length, body)
	return b.String()
}

// echoBody says everything in every way, so often that any limit cuts through the middle of a secret.
func echoBody(secrets []string, sent http.Header) string {
	var ways, plain []string
	for _, s := range secrets {
		plain = append(plain, s, url.PathEscape(s))
		ways = append(ways, s, url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s)),
			jsonText(s, true), jsonText(s, false))
	}
	for name, values := range sent {
		plain = append(plain, name+": "+values[0])
	}
	// As a vendor does: a message of its own about what it got, in a JSON object.
	said := "the token " + strings.Join(plain, " or ") + " is not right"
	out, err := json.Marshal(map[string]any{
		"text": said, "code": 6, "error": map[string]any{"message": said, "type": said}, "detail": plain, "again": strings.Join(plain, ""),
	})
	if err != nil {
		return said
	}
	text := strings.Join(ways, "")
	return string(out) + text + said + text
}
