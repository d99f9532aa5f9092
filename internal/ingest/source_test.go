package ingest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// fakeSources has one endpoint, "src_1".
type fakeSources struct{ one fakeSource }

func (f *fakeSources) Source(id string) Source {
	if id != "src_1" {
		return nil
	}
	return &f.one
}

type fakeSource struct {
	dialect string
	enter   func(*http.Request) (Entry, error)

	mu                 sync.Mutex
	accepted, rejected int
	told               int
}

func (s *fakeSource) ID() string                           { return "src_1" }
func (s *fakeSource) Dialect() string                      { return s.dialect }
func (s *fakeSource) Enter(r *http.Request) (Entry, error) { return s.enter(r) }
func (s *fakeSource) Received(accepted, rejected int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told, s.accepted, s.rejected = s.told+1, s.accepted+accepted, s.rejected+rejected
}

// newSourceBench is a bench with a source that proves itself by its body, which must begin with a brace.
func newSourceBench(lim Limits) (*bench, *fakeSource) {
	f := &fakeSources{}
	f.one.dialect = Native
	f.one.enter = func(r *http.Request) (Entry, error) {
		return Entry{
			Prove: func(body []byte) (Principal, error) {
				if len(body) == 0 || body[0] != '{' {
					return Principal{}, Unauthorized("not proven")
				}
				return Principal{Account: "acme"}, nil
			},
			Delivery: r.Header.Get("X-Id"), Signed: r.Header.Get("X-Signed"),
			Defaults: Defaults{Project: "web", Labels: map[string]string{"team": "blue"}},
		}, nil
	}
	b := newBench(lim)
	b.sources = f
	return b, &f.one
}

func TestSourceEntry(t *testing.T) {
	t.Parallel()
	b, s := newSourceBench(Limits{})
	const path, good = SourcePath + "src_1", `{"type":"a.b"}`
	w := b.post(path, good, "X-API-Key", "-")
	if a := read(t, w); w.Code != 202 || a.Accepted != 1 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	r := b.journal.all()[0]
	if r.Account != "acme" || r.Project != "web" || string(r.Body) != `{"type":"a.b","project":"web","labels":{"team":"blue"}}` || string(r.SenderBytes()) != good {
		t.Errorf("the record is %+v: %s", r, r.Body)
	}
	if w := b.post(path, " "+good, "X-API-Key", "key"); w.Code != 401 || strings.Contains(w.Body.String(), "a.b") {
		t.Errorf("what is not proven answers %d %s", w.Code, w.Body)
	}
	if w := b.post(path, `{"type":1}`); w.Code != 422 {
		t.Errorf("what is not valid answers %d %s", w.Code, w.Body)
	}
	if s.told != 2 || s.accepted != 1 || s.rejected != 1 {
		t.Errorf("the source was told of %d requests, %d accepted and %d rejected", s.told, s.accepted, s.rejected)
	}
	for i, want := range []struct {
		source   string
		endpoint bool
		status   int
	}{{Native, true, 202}, {Native, true, 401}, {Native, true, 422}} {
		if o := b.seen.all[i]; o.Source != want.source || o.Endpoint != want.endpoint || o.Status != want.status {
			t.Errorf("observation %d is %+v", i, o)
		}
	}
	if used := b.budget.used.Load(); used != 0 || b.unproven.used.Load() != 0 {
		t.Errorf("%d and %d bytes are still held", used, b.unproven.used.Load())
	}
}

// The answer to whom the endpoint is hidden from is that of a name that is none.
func TestSourceHidden(t *testing.T) {
	t.Parallel()
	b, s := newSourceBench(Limits{})
	none := b.post(SourcePath+"src_2", `{}`)
	for what, change := range map[string]func(){
		"the wrong account":               func() { s.enter = func(*http.Request) (Entry, error) { return Entry{}, ErrNoSource } },
		"a dialect that this hub has not": func() { s.dialect = "klingon" },
	} {
		change()
		w := b.post(SourcePath+"src_1", `{}`)
		if w.Code != 404 || strings.ReplaceAll(w.Body.String(), "src_1", "src_2") != none.Body.String() {
			t.Errorf("%s answers %d %s, want %s", what, w.Code, w.Body, none.Body)
		}
	}
	for _, o := range b.seen.all {
		if o.Source != "unknown" || o.Endpoint {
			t.Errorf("seen as %+v", o)
		}
	}
	if s.told != 0 {
		t.Error("the source was told of a request that was none of its own")
	}
}

// Who can prove nothing cannot take the room of everybody else.
func TestUnprovenBytesAreBounded(t *testing.T) {
	t.Parallel()
	b, s := newSourceBench(Limits{InFlightBytes: 1 << 20, UnprovenBytes: 1 << 10})
	body := `{"type":"a.b","data":{"x":"` + strings.Repeat("x", 2<<10) + `"}}`
	if w := b.post(SourcePath+"src_1", body); w.Code != 503 {
		t.Errorf("more than the bound answers %d %s", w.Code, w.Body)
	}
	if w := b.post(EventsPath, body); w.Code != 202 {
		t.Errorf("with a key it answers %d %s", w.Code, w.Body)
	}
	// What is proven gives its place to others, while its events are being made durable.
	hold := make(chan struct{})
	b.journal.hold = hold
	small := `{"type":"a.b","data":{"x":"` + strings.Repeat("x", 600) + `"}}`
	answers := make(chan int)
	for range 3 {
		go func() { answers <- b.post(SourcePath+"src_1", small).Code }()
	}
	for range 3 {
		hold <- struct{}{}
	}
	codes := map[int]int{}
	for range 3 {
		codes[<-answers]++
	}
	if codes[202] != 3 {
		t.Errorf("three small ones answer %v", codes)
	}
	b.journal.hold = nil
	s.enter = func(*http.Request) (Entry, error) { return Entry{Principal: Principal{Account: "acme"}}, nil }
	if w := b.post(SourcePath+"src_1", body); w.Code != 202 {
		t.Errorf("what is proven by its head answers %d %s", w.Code, w.Body)
	}
	if b.budget.used.Load() != 0 || b.unproven.used.Load() != 0 {
		t.Errorf("%d and %d bytes are still held", b.budget.used.Load(), b.unproven.used.Load())
	}
}

// The same delivery is taken once: by its id, by what was signed, together and one after the other.
func TestSourceDeliveries(t *testing.T) {
	t.Parallel()
	b, _ := newSourceBench(Limits{})
	const path, body = SourcePath + "src_1", `{"type":"a.b"}`
	first := b.post(path, body, "X-Id", "1", "X-Signed", "t1").Body.String()
	for _, again := range [][]string{{"X-Id", "1", "X-Signed", "t1"}, {"X-Id", "1", "X-Signed", "t2"}, {"X-Id", "2", "X-Signed", "t1"}, {"X-Id", "3", "X-Signed", "t2"}} {
		w := b.post(path, body, again...)
		if w.Body.String() != first || w.Header().Get("Idempotency-Replayed") != "true" {
			t.Errorf("%v answers %d %s", again, w.Code, w.Body)
		}
	}
	if w := b.post(path, body, "X-Id", "5", "X-Signed", "t1", "Content-Type", "application/x-ndjson"); w.Code != 409 {
		t.Errorf("a copy with another content type answers %d %s", w.Code, w.Body)
	}
	if w := b.post(path, body, "X-Id", "4", "X-Signed", "t4"); w.Body.String() == first {
		t.Errorf("another delivery answers %s", w.Body)
	}
	if w := b.post(path, body+" ", "X-Id", "1", "X-Signed", "t1"); w.Code != 409 {
		t.Errorf("another body under the same id answers %d %s", w.Code, w.Body)
	}
	if n := len(b.journal.all()); n != 2 {
		t.Errorf("%d events were taken", n)
	}
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() { b.post(path, body, "X-Id", string(rune('a'+i)), "X-Signed", "at once") })
	}
	wait.Wait()
	if n := len(b.journal.all()); n != 3 {
		t.Errorf("of 20 copies at once %d were taken", n-2)
	}
	if len(b.idempotency.serving) != 0 {
		t.Errorf("%d keys are still being served", len(b.idempotency.serving))
	}
}

// What did not become durable is no delivery: it is taken when it comes again.
func TestSourceDeliveryFails(t *testing.T) {
	t.Parallel()
	b, _ := newSourceBench(Limits{})
	const path, body = SourcePath + "src_1", `{"type":"a.b"}`
	b.journal.fail(errors.New("a broken disk"))
	if w := b.post(path, body, "X-Id", "1", "X-Signed", "t1"); w.Code != 503 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	b.journal.fail(nil)
	if w := b.post(path, body, "X-Id", "1", "X-Signed", "t1"); w.Code != 202 || w.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
	}
}

// An Idempotency-Key counts within its source.
func TestSourceIdempotencyKey(t *testing.T) {
	t.Parallel()
	b, s := newSourceBench(Limits{})
	s.enter = func(*http.Request) (Entry, error) {
		return Entry{Principal: Principal{Account: event.DefaultAccount}}, nil
	}
	const body = `{"type":"a.b"}`
	first := b.post(SourcePath+"src_1", body, "Idempotency-Key", "k")
	again := b.post(SourcePath+"src_1", body, "Idempotency-Key", "k")
	other := b.post(EventsPath, body, "Idempotency-Key", "k")
	if first.Body.String() != again.Body.String() || other.Code != 202 || other.Body.String() == first.Body.String() {
		t.Errorf("got %s, %s and %s", first.Body, again.Body, other.Body)
	}
}

func TestTry(t *testing.T) {
	t.Parallel()
	b, _ := newSourceBench(Limits{})
	tried, err := b.Try(Trial{
		Dialect: "falco", Account: "acme", Header: http.Header{}, Defaults: Defaults{Project: "web"},
		Body: []byte(`[{"rule":"R","priority":"Error"},{"x":1}]`),
	})
	if err != nil || len(tried.Records) != 1 || tried.Records[0].Project != "web" || tried.Records[0].Account != "acme" || tried.RejectedTotal != 1 || tried.Rejected[0].Index != 1 {
		t.Errorf("got %+v, %v", tried, err)
	}
	for dialect, h := range map[string]http.Header{"klingon": {}, Native: {"Content-Type": {"image/png"}}} {
		_, err := b.Try(Trial{Dialect: dialect, Header: h, Body: []byte(`{}`)})
		if _, ok := errors.AsType[*Refusal](err); !ok {
			t.Errorf("%s gives %v", dialect, err)
		}
	}
	if tried, err := b.Try(Trial{Dialect: Native, Header: http.Header{}}); err != nil || len(tried.Records) != 0 {
		t.Errorf("nothing gives %+v, %v", tried, err)
	}
	if len(b.journal.all()) != 0 {
		t.Error("something was taken")
	}
}

// TestSourceHandshake: an endpoint answers the question of the dialect that it speaks, whoever asks, and no other.
func TestSourceHandshake(t *testing.T) {
	t.Parallel()
	for dialect, status := range map[string]int{"okta": http.StatusOK, "falco": http.StatusMethodNotAllowed} {
		b, f := newSourceBench(Limits{})
		f.dialect = dialect
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, SourcePath+"src_1", nil)
		r.Header.Set(oktaChallenge, "c")
		if w := b.serve(r); w.Code != status || status == http.StatusOK && w.Body.String() != `{"verification":"c"}` || f.told != 0 {
			t.Errorf("%s answers %d %s", dialect, w.Code, w.Body)
		}
	}
}

// TestDialects: every decoder is described.
func TestDialects(t *testing.T) {
	t.Parallel()
	for _, d := range newBench(Limits{}).Dialects() {
		if d.Title == d.Name || len(d.Methods) == 0 {
			t.Errorf("%s is not described in dialect.go", d.Name)
		}
	}
}
