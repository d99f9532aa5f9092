package ingest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
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

func zstandard(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(b, nil)
}

// send posts bytes; with an unknown length when chunked.
func (b *bench) send(path string, body []byte, chunked bool, headers ...string) *httptest.ResponseRecorder {
	var from io.Reader = bytes.NewReader(body)
	if chunked {
		from = struct{ io.Reader }{from}
	}
	return b.serve(httptest.NewRequest(http.MethodPost, path, from), headers...)
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	for i := range 3000 {
		fmt.Fprintf(&lines, `{"type":"a.b","title":"event number %d","data":{"n":%d}}`+"\n", i, i*i)
	}
	b := newBench(Limits{})
	for range 2 { // the second time with pooled readers
		for _, c := range []struct {
			encoding string
			body     []byte
		}{
			{"-", lines.Bytes()}, {"identity", lines.Bytes()}, {"gzip", gzipped(t, lines.Bytes())}, {"x-gzip", gzipped(t, lines.Bytes())},
			{"GZIP", append(gzipped(t, nil), gzipped(t, lines.Bytes())...)}, {"zstd", zstandard(t, lines.Bytes())},
		} {
			for _, chunked := range []bool{false, true} {
				w := b.send(EventsPath, c.body, chunked, "Content-Type", "application/x-ndjson", "Content-Encoding", c.encoding)
				if a := read(t, w); w.Code != 202 || a.Accepted != 3000 {
					t.Errorf("%s, chunked %t: %d, accepted %d, %s", c.encoding, chunked, w.Code, a.Accepted, a.Detail)
				}
			}
		}
	}
	if used := b.budget.used.Load(); used != 0 {
		t.Errorf("%d bytes of the budget were not given back", used)
	}
}

func TestDamagedBodies(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{})
	good := gzipped(t, []byte(`{"type":"a.b"}`))
	for name, body := range map[string][]byte{
		"cut": good[:len(good)-3], "empty": nil, "damaged": append(append([]byte(nil), good[:len(good)-8]...), 1, 2, 3, 4, 14, 0, 0, 0), "trailing": append(append([]byte(nil), good...), "xyz"...),
	} {
		if w := b.send(EventsPath, body, false, "Content-Encoding", "gzip"); w.Code != 400 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	r := httptest.NewRequest(http.MethodPost, EventsPath, iotest.ErrReader(io.ErrUnexpectedEOF))
	r.ContentLength = 100
	if w := b.serve(r); w.Code != 400 || read(t, w).Detail != "the body ended early" {
		t.Errorf("a body that ends early: %d %s", w.Code, w.Body)
	}
}

// TestBombs: what is too much gets 413 or 422 quickly, and leaves no memory behind. It measures memory, so it runs alone.
func TestBombs(t *testing.T) {
	lim := DefaultLimits()
	zeros := bytes.Repeat([]byte("0"), 64<<20)
	text := append(append([]byte(`{"type":"a.b","title":"`), bytes.Repeat([]byte("x"), 64<<20)...), `"}`...)
	var keys bytes.Buffer
	keys.WriteString(`{"type":"a.b"`)
	for i := range 1_000_000 {
		fmt.Fprintf(&keys, `,"%d":0`, i)
	}
	keys.WriteByte('}')
	deep := append(append([]byte(`{"type":"a.b","data":`), bytes.Repeat([]byte(`{"a":[`), 50_000)...), '1')
	for _, c := range []struct {
		name, encoding string
		body           []byte
		status         int
	}{
		{"gzip bomb", "gzip", gzipped(t, zeros), 413},
		{"zstd bomb", "zstd", zstandard(t, zeros), 413},
		{"gzip bomb within a gzip bomb", "gzip", gzipped(t, gzipped(t, zeros)), 422},
		{"64 MB string", "-", text, 413},
		{"64 MB string, compressed", "gzip", gzipped(t, text), 413},
		{"9 MB string", "-", append(text[:9<<20:9<<20], `"}`...), 422},
		{"a million keys", "-", keys.Bytes(), 413},
		{"a million keys, compressed", "zstd", zstandard(t, keys.Bytes()), 422},
		{"half a million keys", "-", append(keys.Bytes()[:9<<20:9<<20], `0}`...), 422},
		{"100,000 deep", "-", deep, 422},
		{"100,000 deep, array", "-", bytes.Repeat([]byte("["), 100_000), 422},
		{"too many events", "-", []byte("[" + strings.Repeat(`{"type":"a.b"},`, lim.Events) + `{"type":"a.b"}]`), 413},
	} {
		b := newBench(Limits{})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		w := b.send(EventsPath, c.body, false, "Content-Encoding", c.encoding)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if w.Code != c.status {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if took > time.Minute { // it takes some 100 ms; what grows with the square would take hours
			t.Errorf("%s: took %v", c.name, took)
		}
		if spent := int64(after.TotalAlloc - before.TotalAlloc); spent > 4*lim.InflatedBytes {
			t.Errorf("%s: allocated %d MiB", c.name, spent>>20)
		}
		if len(b.journal.all()) > 0 || b.budget.used.Load() != 0 {
			t.Errorf("%s: something was journalled, or %d bytes of the budget were kept", c.name, b.budget.used.Load())
		}
	}
}

func TestSizeLimits(t *testing.T) {
	t.Parallel()
	lim := Limits{WireBytes: 1000, InflatedBytes: 2000, Ratio: 1000}
	b := newBench(lim)
	event := func(n int) []byte {
		const frame = `{"type":"a.b","title":""}`
		return []byte(`{"type":"a.b","title":"` + strings.Repeat("x", n-len(frame)) + `"}`)
	}
	for _, c := range []struct {
		name, encoding string
		body           []byte
		status         int
	}{
		{"the largest", "-", event(1000), 202},
		{"one more", "-", event(1001), 413},
		{"the largest inflated", "gzip", gzipped(t, event(2000)), 202},
		{"one more inflated", "gzip", gzipped(t, event(2001)), 413},
		{"the largest inflated, zstd", "zstd", zstandard(t, event(2000)), 202},
		{"one more inflated, zstd", "zstd", zstandard(t, event(2001)), 413},
	} {
		for _, chunked := range []bool{false, true} {
			w := b.send(EventsPath, c.body, chunked, "Content-Encoding", c.encoding)
			if w.Code != c.status {
				t.Errorf("%s, chunked %t: %d %s", c.name, chunked, w.Code, w.Body)
			}
			if c.status == 413 && w.Header().Get("Connection") != "close" {
				t.Errorf("%s, chunked %t: the connection stays open", c.name, chunked)
			}
		}
	}
}

// TestBudget: bodies of all requests together are bounded; what has been served gives its part back.
func TestBudget(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{InFlightBytes: 100_000})
	b.journal.hold = make(chan struct{})
	body := []byte(`{"type":"a.b","description":"` + strings.Repeat("x", 60_000) + `"}`)
	entered := make(chan struct{})
	inner := b.Handler.journal
	b.Handler.journal = appenderFunc(func() { close(entered) }, inner)
	var wg sync.WaitGroup
	wg.Go(func() {
		if w := b.send(EventsPath, body, false); w.Code != 202 {
			t.Errorf("the first: %d", w.Code)
		}
	})
	<-entered
	for _, chunked := range []bool{false, true} {
		w := b.send(EventsPath, body, chunked)
		if w.Code != 503 || w.Header().Get("Retry-After") != "1" {
			t.Errorf("the second, chunked %t: %d %s", chunked, w.Code, w.Body)
		}
	}
	close(b.journal.hold)
	wg.Wait()
	b.Handler.journal = inner
	if w := b.send(EventsPath, body, false); w.Code != 202 {
		t.Errorf("the third: %d", w.Code)
	}
}
