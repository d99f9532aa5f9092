package ingest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

var testNow = time.Date(2026, 3, 1, 10, 15, 30, 0, time.UTC)

// fakeJournal keeps what is appended, one frame per append.
type fakeJournal struct {
	mu      sync.Mutex
	frames  []*journal.Frame
	records []*event.Record
	err     error
	// hold, when not nil, is received from before an append goes on.
	hold chan struct{}
}

func (j *fakeJournal) Append(ctx context.Context, a journal.Append) error {
	if j.hold != nil {
		<-j.hold
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return j.err
	}
	f := &journal.Frame{Epoch: 1, Number: uint64(len(j.frames) + 1), Time: testNow}
	if a.Idempotency != nil {
		f.Idempotency = append(f.Idempotency, *a.Idempotency)
	}
	f.Sections = append(f.Sections, journal.Section{Account: a.Account, Count: uint32(len(a.Records))})
	j.frames = append(j.frames, f)
	j.records = append(j.records, a.Records...)
	return nil
}

func (j *fakeJournal) Bounds() (first, last uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.frames) == 0 {
		return 0, 0
	}
	return 1, uint64(len(j.frames))
}

func (j *fakeJournal) Read(_ context.Context, n uint64) (*journal.Frame, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n < 1 || n > uint64(len(j.frames)) {
		return nil, journal.ErrNotYet
	}
	if j.frames[n-1] == nil {
		return nil, journal.ErrDamaged
	}
	return j.frames[n-1], nil
}

func (j *fakeJournal) fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err = err
}

func (j *fakeJournal) all() []*event.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.records
}

// fakeStore keeps idempotency rows in memory.
type fakeStore struct {
	mu      sync.Mutex
	rows    map[keyOf]store.IdempotencyRow
	through uint64
	err     error
}

func (s *fakeStore) GetIdempotency(_ context.Context, account event.Account, sum [32]byte) (store.IdempotencyRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return store.IdempotencyRow{}, s.err
	}
	row, ok := s.rows[keyOf{account, sum}]
	if !ok {
		return row, store.ErrNotFound
	}
	return row, nil
}

func (s *fakeStore) SaveIdempotency(_ context.Context, rows []store.IdempotencyRow, through uint64, before time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if s.rows == nil {
		s.rows = map[keyOf]store.IdempotencyRow{}
	}
	for _, row := range rows {
		s.rows[keyOf{row.Account, row.KeyHash}] = row
	}
	for k, row := range s.rows {
		if row.At.Before(before) {
			delete(s.rows, k)
		}
	}
	s.through = through
	return nil
}

func (s *fakeStore) IdempotencyThrough(context.Context) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.through, s.err
}

func (s *fakeStore) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *fakeStore) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rows)
}

// bench is a handler with everything it needs.
type bench struct {
	*Handler
	journal *fakeJournal
	store   *fakeStore
	seen    *observations
	clock   *fakeClock
}

type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type observations struct {
	mu  sync.Mutex
	all []Observation
}

func (o *observations) Ingested(x Observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, x)
}

func newBench(lim Limits) *bench {
	b := &bench{journal: &fakeJournal{}, store: &fakeStore{}, seen: &observations{}, clock: &fakeClock{now: testNow}}
	b.Handler = New(Config{
		Journal: b.journal, Idempotency: b.store, Bounds: b.journal.Bounds, Observer: b.seen, Now: b.clock.Now, Limits: lim,
		Authenticate: func(r *http.Request) (Principal, error) {
			switch key := r.Header.Get("X-API-Key"); key {
			case "":
				return Principal{}, Unauthorized("a key is needed")
			case "alerts-only":
				return Principal{Account: event.DefaultAccount, MaySend: func(t string) bool { return strings.HasPrefix(t, "alert.") }}, nil
			case "other":
				return Principal{Account: "other"}, nil
			}
			return Principal{Account: event.DefaultAccount}, nil
		},
	})
	return b
}

// post sends a body and gives the answer. Headers are pairs.
func (b *bench) post(path, body string, headers ...string) *httptest.ResponseRecorder {
	return b.serve(httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)), headers...)
}

func (b *bench) serve(r *http.Request, headers ...string) *httptest.ResponseRecorder {
	r.Header.Set("X-API-Key", "key")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "-" {
			r.Header.Del(headers[i])
		}
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

// sharedFile finds a file of the shared samples, which are not part of the repository.
func sharedFile(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("TOCSIN_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not here: set TOCSIN_SHARED", filepath.Join(parts...))
	}
	return path
}

// nullJournal takes everything and keeps nothing.
type nullJournal struct{}

func (nullJournal) Append(context.Context, journal.Append) error { return nil }

// appenderFunc calls first before each append.
func appenderFunc(first func(), then Appender) Appender { return &before{first: first, then: then} }

type before struct {
	first func()
	then  Appender
}

func (b *before) Append(ctx context.Context, a journal.Append) error {
	b.first()
	return b.then.Append(ctx, a)
}
