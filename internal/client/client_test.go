package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// fake gives a client of a server that answers in turn, and the pauses that the client makes.
func fake(t *testing.T, answers ...http.HandlerFunc) (*Client, *[]time.Duration, *atomic.Int32) {
	t.Helper()
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers[min(int(calls.Add(1)), len(answers))-1](w, r)
	}))
	t.Cleanup(server.Close)
	c, err := New(server.URL+"/", form.NewSecret("key"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	var pauses []time.Duration
	c.after = func(d time.Duration) <-chan time.Time {
		pauses = append(pauses, d)
		now := make(chan time.Time, 1)
		now <- time.Time{}
		return now
	}
	return c, &pauses, &calls
}

func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body) //nolint:errcheck // the client may have gone
	}
}

// hangUp breaks the connection without an answer.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestIngest(t *testing.T) {
	t.Parallel()
	const taken = `{"accepted":1,"ids":["evt_1"],"rejected":[]}`
	one := Receipt{Accepted: 1, IDs: []string{"evt_1"}, Rejected: []Rejection{}}
	for name, tt := range map[string]struct {
		answers []http.HandlerFunc
		key     string
		want    Receipt
		pauses  []time.Duration
		err     string
	}{
		"taken":                           {answers: []http.HandlerFunc{answer(202, taken)}, want: one},
		"busy":                            {answers: []http.HandlerFunc{answer(503, `{}`, "Retry-After", "2"), answer(429, `{}`), answer(202, taken)}, want: one, pauses: []time.Duration{2 * time.Second, firstPause}},
		"busy for long":                   {answers: []http.HandlerFunc{answer(503, `{"detail":"the journal has no room"}`, "Retry-After", "9999")}, pauses: []time.Duration{maxPause, maxPause, maxPause, maxPause, maxPause}, err: "the hub answered 503: the journal has no room"},
		"nothing valid":                   {answers: []http.HandlerFunc{answer(422, `{"status":422,"detail":"no","rejected":[{"index":0,"error":"type: is required"}],"rejected_total":3}`)}, want: Receipt{Rejected: []Rejection{{0, "type: is required"}}, RejectedTotal: 3}},
		"refused":                         {answers: []http.HandlerFunc{answer(413, `{"detail":"too large"}`)}, err: "the hub answered 413: too large"},
		"not a hub":                       {answers: []http.HandlerFunc{answer(200, `<html>`)}, err: "is not what a hub sends"},
		"not a problem":                   {answers: []http.HandlerFunc{answer(502, `<html>`)}, err: "the hub answered 502: Bad Gateway"},
		"answer lost":                     {answers: []http.HandlerFunc{hangUp, answer(202, taken)}, key: "k", want: one, pauses: []time.Duration{firstPause}},
		"answer lost, not safe to repeat": {answers: []http.HandlerFunc{hangUp}, err: "cannot reach the hub at http://127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, pauses, calls := fake(t, tt.answers...)
			got, err := c.Ingest(t.Context(), Batch{Path: "/x", ContentType: "application/json", Body: []byte("{}"), Idempotency: tt.key})
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("got %v, want %q", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.pauses, *pauses); diff != "" {
				t.Errorf("pauses: %s", diff)
			}
			if int(calls.Load()) != len(*pauses)+1 && tt.key == "" && tt.err == "" {
				t.Errorf("%d calls", calls.Load())
			}
		})
	}
}

func TestIngestCancelled(t *testing.T) {
	t.Parallel()
	c, _, _ := fake(t, answer(503, `{}`))
	ctx, cancel := context.WithCancel(t.Context())
	c.after = func(time.Duration) <-chan time.Time {
		cancel()
		return nil
	}
	if _, err := c.Ingest(ctx, Batch{Path: "/x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDo(t *testing.T) {
	t.Parallel()
	c, _, _ := fake(t,
		func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, `{"saw":%q}`, r.Method+" "+r.URL.String()+" "+r.Header.Get("X-API-Key")+" "+r.Header.Get("Content-Type")+" "+string(body))
		},
		answer(204, ""),
		answer(422, `{"detail":"bad","errors":[{"field":"settings.url","message":"is required"}]}`),
	)
	var out struct{ Saw string }
	if err := c.Do(t.Context(), "POST", "/a?b=c", map[string]int{"n": 1}, &out); err != nil {
		t.Fatal(err)
	}
	if want := `POST /a?b=c key application/json {"n":1}`; out.Saw != want {
		t.Errorf("got %q, want %q", out.Saw, want)
	}
	if err := c.Do(t.Context(), "DELETE", "/a", nil, &out); err != nil {
		t.Error(err)
	}
	err := c.Do(t.Context(), "POST", "/a", nil, nil)
	var p *Problem
	if !errors.As(err, &p) || p.Status != 422 || len(p.Errors) != 1 || p.Errors[0].Field != "settings.url" {
		t.Errorf("got %#v", err)
	}
}

// The key stays with the hub it belongs to.
func TestRedirect(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	t.Cleanup(elsewhere.Close)
	c, _, _ := fake(t, answer(307, "", "Location", elsewhere.URL))
	if err := c.Do(t.Context(), "GET", "/", nil, nil); err == nil {
		t.Error("a redirect counts as success")
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "localhost:8080", "ftp://x", "http://", "::"} {
		if _, err := New(bad, form.Secret{}); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
