package ingest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// kibEvent is a typical event of 1 KiB.
var kibEvent = func() string {
	head := `{"type":"alert.created","time":"2026-03-01T10:15:30.123Z","severity":"high","title":"Brute force against login","description":"`
	tail := `","project":"production-api","dedup_key":"bf/203.0.113.7/alice","entities":[{"type":"ip","value":"203.0.113.7","role":"source","observed":true},` +
		`{"type":"user","value":"alice@example.com"}],"tags":["auth","brute_force"],"source":{"vendor":"example","product":"idp","id":"9f2c"},"data":{"attempts":57,"window":"5m"}}`
	return head + strings.Repeat("x", 1024-len(head)-len(tail)) + tail
}()

// blackHole is a ResponseWriter that keeps nothing.
type blackHole struct{ h http.Header }

func (w *blackHole) Header() http.Header         { return w.h }
func (w *blackHole) Write(b []byte) (int, error) { return len(b), nil }
func (w *blackHole) WriteHeader(int)             {}

func benchmarkPost(b *testing.B, body []byte, media string, events int) {
	benchmarkHandler(b, newBench(Limits{}), body, media, events)
}

func benchmarkHandler(b *testing.B, h *bench, body []byte, media string, events int) {
	h.observer = nil
	h.Handler.journal = nullJournal{}
	reader := bytes.NewReader(body)
	r := httptest.NewRequest(http.MethodPost, EventsPath, reader)
	r.Header.Set("X-API-Key", "key")
	r.Header.Set("Content-Type", media)
	w := &blackHole{h: http.Header{}}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		h.ServeHTTP(w, r)
	}
	b.ReportMetric(float64(b.N)*float64(events)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkSingle(b *testing.B) { benchmarkPost(b, []byte(kibEvent), "application/json", 1) }

func BenchmarkArrayOf100(b *testing.B) {
	benchmarkPost(b, []byte("["+strings.Repeat(kibEvent+",", 99)+kibEvent+"]"), "application/json", 100)
}

func BenchmarkLinesOf100(b *testing.B) {
	benchmarkPost(b, []byte(strings.Repeat(kibEvent+"\n", 100)), "application/x-ndjson", 100)
}
