package bench

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// relay is a stand-in for a hub: it passes each event on, as a signed webhook, and then acknowledges.
func relay(t *testing.T, to string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		for line := range bytes.Lines(body) {
			line = bytes.TrimSpace(line)
			req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, "http://"+to+"/0", bytes.NewReader(line))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("X-Tocsin-Signature", signature(signingSecret, line))
			resp, err := client.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(func() { s.Close(); client.CloseIdleConnections() })
	return s.Listener.Addr().String()
}

func signature(secret string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(h, "1.%s", body)
	return "t=1,v1=" + hex.EncodeToString(h.Sum(nil))
}

// TestFloodArrives sends by each engine through the stand-in and finds every event at the sink.
func TestFloodArrives(t *testing.T) {
	t.Parallel()
	for _, e := range []Engine{Raw, NetHTTP} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			s := testSink(t, e)
			addr := relay(t, s.addr)
			for range 2 {
				s.expect(600, 1)
				f := &flood{addr: addr, engine: e, connections: 4, perRequest: 3, events: 600, first: s.offset}
				if err := f.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := s.wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				if again, err := s.verify(); err != nil || again != 0 || s.sampled.Load() == 0 {
					t.Fatalf("%d duplicates, %d sampled, %v", again, s.sampled.Load(), err)
				}
			}
			st := &steady{sent: make([]time.Time, 40), acked: make([]time.Duration, 40)}
			s.expect(40, 1)
			st.offset = s.offset
			if err := st.run(t.Context(), addr, e); err != nil || s.wait(t.Context()) != nil || st.acked[39] <= 0 {
				t.Fatal(err)
			}
		})
	}
}

func testSink(t *testing.T, e Engine) *sink {
	t.Helper()
	s, err := newSink(context.Background(), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

// body makes events with the given numbers, one a line.
func body(numbers ...uint32) []byte {
	var lines [][]byte
	for i, n := range numbers {
		tp := newTemplate("127.0.0.1:1", 1, i)
		tp.stamp(n)
		lines = append(lines, tp.body)
	}
	return bytes.Join(lines, []byte("\n"))
}

// TestSinkTells: what did not arrive, came twice, was not sent or is signed wrongly is seen.
func TestSinkTells(t *testing.T) {
	t.Parallel()
	packed := func(b []byte) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for name, c := range map[string]struct {
		feed  func(s *sink, at uint32)
		again int
		wrong string
	}{
		"all":               {func(s *sink, at uint32) { s.takeBatch(body(at, at+1, at+2), false) }, 0, ""},
		"all, compressed":   {func(s *sink, at uint32) { s.takeBatch(packed(body(at+2, at, at+1)), true) }, 0, ""},
		"one missing":       {func(s *sink, at uint32) { s.takeBatch(body(at, at+2), false) }, 0, "2 of 3"},
		"missing, packed":   {func(s *sink, at uint32) { s.takeBatch(packed(body(at, at+1)), true) }, 0, "2 of 3"},
		"one twice":         {func(s *sink, at uint32) { s.takeBatch(body(at, at+1, at+2, at+1), false) }, 1, ""},
		"twice, not thrice": {func(s *sink, at uint32) { s.takeBatch(body(at, at+1, at+1), false) }, 0, "2 of 3"},
		"a stranger":        {func(s *sink, at uint32) { s.takeBatch(body(at, at+1, at+2, at+99), false) }, 0, "not sent"},
		"forged": {func(s *sink, at uint32) {
			s.takeBatch(body(at, at+1, at+2), false)
			s.check(signature("another secret of 24 bytes", body(at)), body(at))
		}, 0, "signatures"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testSink(t, Raw)
			s.expect(64, 1) // an earlier measurement
			s.expect(3, 1)
			c.feed(s, s.offset)
			again, err := s.verify()
			if c.wrong == "" && (err != nil || again != c.again) {
				t.Errorf("%d duplicates, %v", again, err)
			}
			if c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
				t.Errorf("%v, want an error with %q", err, c.wrong)
			}
		})
	}
}

func TestCopiesCountApart(t *testing.T) {
	t.Parallel()
	s := testSink(t, Raw)
	s.expect(1, 2)
	s.takeOne([]byte("/0"), body(s.offset))
	if _, err := s.verify(); err == nil {
		t.Error("one of two copies passes")
	}
	s.takeOne([]byte("/1"), body(s.offset))
	if again, err := s.verify(); err != nil || again != 0 {
		t.Errorf("%d duplicates, %v", again, err)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	r := &Report{}
	for _, v := range []float64{3, 1, 12_345_678} {
		r.add("speed", "events/s", "fast", v)
	}
	r.add("share", "%", "", 12.345)
	if m := r.Figures[0].Median(); m != 3 {
		t.Errorf("median %v", m)
	}
	var table, js bytes.Buffer
	if err := r.Print(&table); err != nil || !strings.Contains(table.String(), "1.00 – 12,345,678") || !strings.Contains(table.String(), "12.3 ") {
		t.Errorf("%v\n%s", err, table.String())
	}
	if err := r.PrintJSON(&js); err != nil || !json.Valid(js.Bytes()) || !strings.Contains(js.String(), `"median": 3`) {
		t.Errorf("%v\n%s", err, js.String())
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0.00", 1.234: "1.23", 12.34: "12.3", 999.94: "999.9", 1000: "1,000", 1234567.8: "1,234,568", -1500: "-1,500"} {
		if got := format(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

func TestTemplatesDiffer(t *testing.T) {
	t.Parallel()
	a, b := newTemplate("x:1", 100, 0), newTemplate("x:1", 100, 1)
	if len(a.numbers) != 100 || bytes.Equal(a.body, b.body) {
		t.Fatalf("%d numbers", len(a.numbers))
	}
	var wg sync.WaitGroup
	wg.Go(func() { a.stamp(5) })
	wg.Go(func() { b.stamp(7) })
	wg.Wait()
	for line := range bytes.Lines(a.body) {
		if !json.Valid(line) || len(line) < eventBytes-30 || len(line) > eventBytes+30 {
			t.Fatalf("%d bytes: %s", len(line), line)
		}
	}
}
