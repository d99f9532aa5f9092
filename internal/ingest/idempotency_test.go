package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const keyHeader = "Idempotency-Key"

func TestSameKeySameAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{})
	body := `[{"type":"a.b"},{"type":1},{"type":"a.c"}]`
	first := b.post(EventsPath, body, keyHeader, "k 1")
	if first.Code != 202 || first.Header().Get("Idempotency-Replayed") != "" {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	check := func(when string) {
		t.Helper()
		again := b.post(EventsPath, body, keyHeader, "k 1")
		if again.Code != 202 || again.Body.String() != first.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s: %d %v %s", when, again.Code, again.Header(), again.Body)
		}
		if n := len(b.journal.all()); n != 2 {
			t.Errorf("%s: %d events in the journal", when, n)
		}
		if other := b.post(EventsPath, body+" ", keyHeader, "k 1"); other.Code != 409 {
			t.Errorf("%s, another body: %d %s", when, other.Code, other.Body)
		}
	}
	check("from memory")
	if err := b.idempotency.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(b.idempotency.unsaved) != 0 || b.store.count() != 1 || b.store.through != 1 {
		t.Errorf("after the flush: %d unsaved, %d saved, through %d", len(b.idempotency.unsaved), b.store.count(), b.store.through)
	}
	check("from the store")
	if gz := b.send(EventsPath, gzipped(t, []byte(body)), false, keyHeader, "k 1", "Content-Encoding", "gzip"); gz.Body.String() != first.Body.String() {
		t.Errorf("the same body, compressed: %d %s", gz.Code, gz.Body)
	}
	if other := b.post(EventsPath, body, keyHeader, "k 1", "X-API-Key", "other"); other.Code != 202 || other.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("another account: %d %s", other.Code, other.Body)
	}
	if other := b.post(SourcePath+"falco", body, keyHeader, "k 1"); other.Code != 409 {
		t.Errorf("another path: %d %s", other.Code, other.Body)
	}
	b.clock.add(24 * time.Hour)
	if late := b.post(EventsPath, body, keyHeader, "k 1"); late.Code != 202 || late.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("after a day: %d %s", late.Code, late.Body)
	}
}

func TestKeyAfterRestart(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{})
	body := `{"type":"a.b"}`
	var answers []string
	for i := range 5 {
		w := b.post(EventsPath, body, keyHeader, fmt.Sprint("key ", i))
		answers = append(answers, w.Body.String())
		if i == 1 {
			if err := b.idempotency.flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.journal.frames = append(b.journal.frames, nil) // a damaged frame is no obstacle
	for round := range 2 {
		again := newBench(Limits{})
		again.journal, again.store = b.journal, b.store
		again.Handler = New(Config{Journal: b.journal, Idempotency: b.store, Bounds: b.journal.Bounds, Authenticate: b.authenticate, Now: b.clock.Now})
		if err := again.Recover(t.Context(), b.journal); err != nil {
			t.Fatal(err)
		}
		if n := len(again.idempotency.unsaved); n != 3-3*round {
			t.Errorf("%d requests were found in the journal", n)
		}
		for i, want := range answers {
			w := again.post(EventsPath, body, keyHeader, fmt.Sprint("key ", i))
			if w.Body.String() != want {
				t.Errorf("key %d: %s, want %s", i, w.Body, want)
			}
		}
		if err := again.idempotency.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(b.journal.all()); n != 5 {
		t.Errorf("%d events in the journal", n)
	}
}

// TestRecoverTornFrame: a frame whose header was written and whose events were not is no reason to answer that they were
// taken; another account's events in it are.
func TestRecoverTornFrame(t *testing.T) {
	t.Parallel()
	j := &fakeJournal{frames: []*journal.Frame{{
		Number: 1, Time: testNow,
		Idempotency: []journal.Idempotency{{Account: "torn", KeyHash: [32]byte{1}}, {Account: "whole", KeyHash: [32]byte{2}}},
		Sections:    []journal.Section{{Account: "whole", Count: 3}, {Account: "torn", Count: 7, Damaged: true}},
	}}}
	i := newIdempotency(&fakeStore{}, j.Bounds, func() time.Time { return testNow }, newBench(Limits{}).log)
	if err := i.recover(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	if _, torn := i.unsaved[keyOf{"torn", [32]byte{1}}]; torn {
		t.Error("a request whose events are damaged would be answered as if they had been taken")
	}
	if _, whole := i.unsaved[keyOf{"whole", [32]byte{2}}]; !whole {
		t.Error("a request whose events are whole is forgotten")
	}
}

// TestRecoverOldJournal: frames older than a day are skipped, and a journal that is older than the store is noticed.
func TestRecoverOldJournal(t *testing.T) {
	t.Parallel()
	j, s := &fakeJournal{}, &fakeStore{through: 500}
	for i := range 100 {
		f := &journal.Frame{Number: uint64(i + 1), Time: testNow.Add(time.Duration(i-99) * time.Hour)}
		f.Idempotency = []journal.Idempotency{{Account: "default", KeyHash: [32]byte{byte(i)}}}
		j.frames = append(j.frames, f)
	}
	i := newIdempotency(s, j.Bounds, func() time.Time { return testNow }, newBench(Limits{}).log)
	if err := i.recover(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	if s.through != 100 || len(i.unsaved) != 0 {
		t.Errorf("an older journal: through %d, %d found", s.through, len(i.unsaved))
	}
	s.through = 0
	if err := i.recover(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	if len(i.unsaved) != 25 {
		t.Errorf("%d requests of the last day were found", len(i.unsaved))
	}
	s.err = errors.New("broken")
	if err := i.recover(t.Context(), j); err == nil {
		t.Error("a broken store was not noticed")
	}
}

func TestFailuresStoreNothing(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{})
	if w := b.post(EventsPath, `{"type":1}`, keyHeader, "k"); w.Code != 422 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	b.journal.fail(journal.ErrFull)
	if w := b.post(EventsPath, `{"type":"a.b"}`, keyHeader, "k"); w.Code != 503 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	b.journal.fail(nil)
	b.store.fail(errors.New("broken"))
	if w := b.post(EventsPath, `{"type":"a.b"}`, keyHeader, "k"); w.Code != 503 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	b.store.fail(nil)
	if w := b.post(EventsPath, `{"type":"a.c"}`, keyHeader, "k"); w.Code != 202 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if len(b.idempotency.serving) != 0 {
		t.Error("a request is still said to be served")
	}
}

// TestConcurrentDuplicates: the first is served, the others wait for its answer; a different body does not wait.
func TestConcurrentDuplicates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Limits{})
		b.journal.hold = make(chan struct{})
		var wg sync.WaitGroup
		answers := make([]*httptest.ResponseRecorder, 10)
		for i := range answers {
			wg.Go(func() { answers[i] = b.post(EventsPath, `{"type":"a.b"}`, keyHeader, "k") })
		}
		synctest.Wait()
		if w := b.post(EventsPath, `{"type":"a.c"}`, keyHeader, "k"); w.Code != 409 {
			t.Errorf("another body: %d", w.Code)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := httptest.NewRequest("POST", EventsPath, strings.NewReader(`{"type":"a.b"}`)).WithContext(ctx)
		if w := b.serve(r, keyHeader, "k"); w.Code != 503 {
			t.Errorf("one who does not want to wait: %d", w.Code)
		}
		close(b.journal.hold)
		wg.Wait()
		replayed := 0
		for _, w := range answers {
			if w.Code != 202 || w.Body.String() != answers[0].Body.String() {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if w.Header().Get("Idempotency-Replayed") == "true" {
				replayed++
			}
		}
		if replayed != 9 || len(b.journal.all()) != 1 {
			t.Errorf("%d replayed, %d in the journal", replayed, len(b.journal.all()))
		}
	})
}

// TestSenderHangsUp: the events of a keyed request are appended and remembered even when nobody waits for the answer.
func TestSenderHangsUp(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	b.Handler.journal = appenderFunc(cancel, ctxJournal{b.journal})
	r := httptest.NewRequest("POST", EventsPath, strings.NewReader(`{"type":"a.b"}`)).WithContext(ctx)
	if w := b.serve(r, keyHeader, "k"); w.Code != 202 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := b.post(EventsPath, `{"type":"a.b"}`, keyHeader, "k"); w.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("the next one: %d %s", w.Code, w.Body)
	}
}

// ctxJournal refuses what nobody waits for.
type ctxJournal struct{ *fakeJournal }

func (j ctxJournal) Append(ctx context.Context, a journal.Append) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return j.fakeJournal.Append(ctx, a)
}

// TestCheckpointBehindServing: while a keyed request is being served, the checkpoint stays before its frame.
func TestCheckpointBehindServing(t *testing.T) {
	t.Parallel()
	j, s := &fakeJournal{}, &fakeStore{}
	i := newIdempotency(s, j.Bounds, func() time.Time { return testNow }, newBench(Limits{}).log)
	put := func() {
		if err := j.Append(t.Context(), journal.Append{}); err != nil {
			t.Fatal(err)
		}
	}
	put()
	a, c := keyOf{"default", [32]byte{1}}, keyOf{"default", [32]byte{2}}
	for _, k := range []keyOf{a, c} {
		if _, err := i.begin(t.Context(), k, [32]byte{}); err != nil {
			t.Fatal(err)
		}
		put()
	}
	i.commit(c, journal.Idempotency{Account: c.account, KeyHash: c.sum})
	if err := i.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.through != 1 || s.count() != 1 {
		t.Errorf("through %d with %d rows while frame 2 may hold a request that is not known yet", s.through, s.count())
	}
	i.commit(a, journal.Idempotency{Account: a.account, KeyHash: a.sum})
	if err := i.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.through != 3 || s.count() != 2 {
		t.Errorf("through %d with %d rows", s.through, s.count())
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Limits{})
		b.now = time.Now
		b.idempotency.now = time.Now
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { b.Run(ctx); close(done) }()
		b.post(EventsPath, `{"type":"a.b"}`, keyHeader, "k")
		time.Sleep(2 * flushEvery)
		if b.store.count() != 1 {
			t.Errorf("%d rows after two ticks", b.store.count())
		}
		for n := range flushRows {
			b.idempotency.commit(keyOf{"default", [32]byte{byte(n), byte(n >> 8)}}, journal.Idempotency{Account: "default", KeyHash: [32]byte{byte(n), byte(n >> 8)}})
		}
		synctest.Wait()
		if b.store.count() != 1+flushRows {
			t.Errorf("%d rows after a full batch, without a tick", b.store.count())
		}
		b.post(EventsPath, `{"type":"a.b"}`)
		time.Sleep(2 * coverEvery)
		if through, _ := b.store.IdempotencyThrough(ctx); through != 2 {
			t.Errorf("through %d: what needs no row must be covered too", b.store.through)
		}
		b.post(EventsPath, `{"type":"a.b"}`, keyHeader, "late")
		b.store.fail(store.ErrConflict)
		time.Sleep(3 * flushEvery)
		b.store.fail(nil)
		cancel()
		<-done
		if b.store.count() != 2+flushRows {
			t.Errorf("%d rows at the end", b.store.count())
		}
	})
}

func TestTooManyUnsaved(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{})
	for n := range maxUnsaved {
		b.idempotency.unsaved[keyOf{"default", [32]byte{byte(n), byte(n >> 8), byte(n >> 16)}}] = store.IdempotencyRow{}
	}
	if w := b.post(EventsPath, `{"type":"a.b"}`, keyHeader, "k"); w.Code != 503 || w.Header().Get("Retry-After") != "5" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
