package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// streaming answers with some messages, checks where the client wants to go on, and hangs up.
func streaming(t *testing.T, from, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Last-Event-ID"); got != from {
			t.Errorf("it goes on from %q, want %q", got, from)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, body) //nolint:errcheck // the client may have gone
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	c, pauses, _ := fake(t,
		streaming(t, "", "retry: 5\n: hello\nid: a\n\nevent: event\nid: b\ndata: {1}\n\nevent: event\nid: c\ndata: {never whole"),
		answer(http.StatusServiceUnavailable, "{}", "Retry-After", "7"),
		streaming(t, "b", "event: event\r\nid: c\r\ndata: {2}\r\ndata:{3}\r\n\r\n: nothing\nid: d\n\n"),
		streaming(t, "d", "event: mailbox\ndata: x\n\nevent: event\nid: e\ndata: {4}\n\n"),
	)
	var got []string
	var again []error
	err := c.Follow(t.Context(), Following{Path: "/s", Message: func(m Message) error {
		got = append(got, m.Name+" "+string(m.Data))
		if len(got) == 4 {
			return ErrStop
		}
		return nil
	}, Again: func(err error, _ time.Duration) { again = append(again, err) }})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"event {1}", "event {2}\n{3}", "mailbox x", "event {4}"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]time.Duration{time.Second, 7 * time.Second, time.Second}, *pauses); diff != "" || len(again) != 3 {
		t.Errorf("pauses: %s, told %v", diff, again)
	}
}

func TestFollowEnds(t *testing.T) {
	t.Parallel()
	var refused *Problem
	for name, tt := range map[string]struct {
		answers []http.HandlerFunc
		message error
		check   func(error) bool
	}{
		"refused":           {[]http.HandlerFunc{answer(403, `{"detail":"no"}`)}, nil, func(err error) bool { return errors.As(err, &refused) && refused.Status == 403 }},
		"busy at first":     {[]http.HandlerFunc{answer(503, `{}`)}, nil, func(err error) bool { return err != nil }},
		"refused later":     {[]http.HandlerFunc{streaming(t, "", "data: x\n\n"), answer(401, `{}`)}, nil, func(err error) bool { return err != nil }},
		"the handler fails": {[]http.HandlerFunc{streaming(t, "", "data: x\n\n")}, io.ErrShortWrite, func(err error) bool { return errors.Is(err, io.ErrShortWrite) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _, _ := fake(t, tt.answers...)
			err := c.Follow(t.Context(), Following{Path: "/s", Message: func(Message) error { return tt.message }})
			if !tt.check(err) {
				t.Errorf("it ends with %v", err)
			}
		})
	}
	c, _, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "data: x\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	err := c.Follow(ctx, Following{Path: "/s", Message: func(Message) error { cancel(); return nil }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, it ends with %v", err)
	}
}

func FuzzSSE(f *testing.F) {
	for _, s := range []string{"event: a\nid: 1\ndata: x\n\n", ":\n\ndata\n\n", "data:\r\n\r\nid\n\n", strings.Repeat("data: x\n", 99) + "\n", "\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := newSSEReader(bytes.NewReader(in))
		total := 0
		for {
			m, err := r.next()
			if err != nil {
				return
			}
			if total += len(m.Data); total > len(in) || strings.ContainsAny(m.Name+r.id, "\n\x00") && strings.Contains(r.id, "\x00") {
				t.Fatalf("%q gave %q %q %q", in, m.Name, m.Data, r.id)
			}
		}
	})
}
