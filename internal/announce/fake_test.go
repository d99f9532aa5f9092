package announce

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

var errBroken = errors.New("it broke")

// fakeOutbox is an outbox in memory.
type fakeOutbox struct {
	mu                sync.Mutex
	rows              []store.Said
	lists, deletes    int
	failList, failDel error
	dropped           uint64
}

func (o *fakeOutbox) put(rows ...store.Said) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rows = append(o.rows, rows...)
}

func (o *fakeOutbox) ListOutbox(_ context.Context, limit int, skip ...event.Account) ([]store.Said, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lists++
	if o.failList != nil {
		return nil, o.failList
	}
	var list []store.Said
	for _, r := range o.rows {
		if len(list) < limit && !slices.Contains(skip, r.Account) {
			list = append(list, r)
		}
	}
	return list, nil
}

// set changes it while the pump may be reading.
func (o *fakeOutbox) set(change func(*fakeOutbox)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(o)
}

// polls is how often it was read.
func (o *fakeOutbox) polls() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lists
}

func (o *fakeOutbox) DeleteOutbox(ctx context.Context, ids []event.ID) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.deletes++
	if o.failDel != nil {
		return o.failDel
	}
	o.rows = slices.DeleteFunc(o.rows, func(r store.Said) bool { return slices.Contains(ids, r.ID) })
	return ctx.Err()
}

func (o *fakeOutbox) CountOutbox(context.Context) (store.OutboxCount, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return store.OutboxCount{Waiting: uint64(len(o.rows)), Dropped: o.dropped}, nil
}

func (o *fakeOutbox) left() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.rows)
}

// fakeJournal remembers what was appended.
type fakeJournal struct {
	mu      sync.Mutex
	appends []journal.Append
	calls   int
	fail    func(journal.Append) error
	after   func() // called after a successful append
}

func (j *fakeJournal) Append(_ context.Context, a journal.Append) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls++
	if j.fail != nil {
		if err := j.fail(a); err != nil {
			return err
		}
	}
	j.appends = append(j.appends, a)
	if j.after != nil {
		j.after()
	}
	return nil
}

func (j *fakeJournal) setFail(f func(journal.Append) error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fail = f
}

func (j *fakeJournal) called() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.calls
}

func (j *fakeJournal) ids() (ids []event.ID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, a := range j.appends {
		for _, r := range a.Records {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

func fact(account event.Account) store.Said {
	return store.Said{
		ID: event.NewID(), Account: account, Type: "system.integration_failing", Origin: "int_x", Hops: 1,
		Event: json.RawMessage(`{"type":"system.integration_failing","severity":"high","title":"T"}`),
		At:    time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

func facts(account event.Account, n int) (list []store.Said) {
	for range n {
		list = append(list, fact(account))
	}
	return list
}

func idsOf(rows []store.Said) (ids []event.ID) {
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}

type fixture struct {
	*Pump
	outbox  *fakeOutbox
	journal *fakeJournal
}

func newFixture() *fixture {
	f := &fixture{outbox: new(fakeOutbox), journal: new(fakeJournal)}
	f.Pump = New(Deps{Outbox: f.outbox, Appender: f.journal})
	return f
}

// start runs the pump, and gives a function that ends it and waits.
func (f *fixture) start(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); f.Run(ctx) }()
	return func() { cancel(); <-done }
}

// sorted puts ids in the order in which they were made.
func sorted(ids []event.ID) []event.ID {
	slices.SortFunc(ids, func(a, b event.ID) int { return bytes.Compare(a[:], b[:]) })
	return ids
}

// pass lets time go by inside a bubble of synctest, where that takes none.
func pass(d time.Duration) { <-time.After(d) }
