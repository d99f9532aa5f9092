package journal_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// memLog is a log in memory. Each record is a step that can be trimmed.
type memLog struct {
	mu      sync.Mutex
	records [][]byte // nil: lost
	trimmed uint64
	damage  []journal.Damage
	fail    error // of the next appends
	reads   int

	gate    chan struct{} // when set, an append waits for it
	waiting chan struct{} // when set, an append says that it waits
}

func (l *memLog) Append(_ context.Context, record []byte) (uint64, error) {
	if l.gate != nil {
		l.waiting <- struct{}{}
		<-l.gate
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return 0, l.fail
	}
	l.records = append(l.records, bytes.Clone(record))
	return uint64(len(l.records)), nil
}

func (l *memLog) Read(_ context.Context, n uint64) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	switch {
	case n <= l.trimmed:
		return nil, journal.ErrTrimmed
	case n > uint64(len(l.records)):
		return nil, journal.ErrNotYet
	case l.records[n-1] == nil:
		return nil, journal.ErrDamaged
	}
	return bytes.Clone(l.records[n-1]), nil
}

func (l *memLog) Bounds() (first, last uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.records) == 0 {
		return 0, 0
	}
	return l.trimmed + 1, uint64(len(l.records))
}

func (l *memLog) TrimPoint(n int64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.records) == 0 {
		return 0
	}
	at := l.trimmed
	for ; n > 0 && at+1 < uint64(len(l.records)); at++ {
		n -= int64(len(l.records[at]))
	}
	return at + 1
}

func (l *memLog) TrimBefore(_ context.Context, n uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trimmed = max(l.trimmed, min(n, uint64(len(l.records)))-1)
	return nil
}

func (l *memLog) Size() (n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.records[l.trimmed:] {
		n += int64(len(r))
	}
	return n
}

func (l *memLog) Damage() []journal.Damage { return l.damage }
func (l *memLog) Close() error             { return nil }

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func openJournal(t *testing.T, log journal.Log, o journal.Options) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), log, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close(context.Background()) })
	return j
}

// records makes events of one account; body is repeated until an event has about that many bytes.
func records(account event.Account, n, size int) []*event.Record {
	list := make([]*event.Record, n)
	ids := event.NewIDs(n)
	for i := range list {
		list[i] = &event.Record{
			ID: ids.At(i), Account: account, Type: "alert.created", Time: time.Unix(1, 0).UTC(), Received: time.Unix(2, 0).UTC(),
			Body: append(append([]byte(`{"t":"`), bytes.Repeat([]byte{'a' + byte(i%26)}, size)...), `"}`...),
		}
	}
	return list
}

func mustAppend(t *testing.T, j *journal.Journal, account event.Account, n int) journal.Position {
	t.Helper()
	p, err := j.Append(t.Context(), journal.Append{Account: account, Records: records(account, n, 20)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// incompressible makes events of account a whose bodies are random.
func incompressible(n, size int) []*event.Record {
	list := records("a", n, size)
	for _, r := range list {
		for i := 6; i < len(r.Body)-2; i++ {
			r.Body[i] = 'a' + byte(rand.IntN(26))
		}
		r.Raw = make([]byte, 100<<10)
		for i := range r.Raw {
			r.Raw[i] = byte(rand.Uint32())
		}
	}
	return list
}
