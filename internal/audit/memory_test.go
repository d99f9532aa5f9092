package audit

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// memory is a store in memory that can be made to fail, to wait, and to be tampered with.
type memory struct {
	mu     sync.Mutex
	anchor store.AuditAnchor
	rows   []store.AuditEntry
	said   []store.Said
	writes int

	fail   error         // what appending gives
	lands  bool          // a failing append stores its rows all the same
	gate   chan struct{} // appending waits for it
	inside chan struct{} // told when appending waits
	blind  error         // what reading the head gives
}

var _ store.Audit = (*memory)(nil)

func newMemory() *memory { return &memory{anchor: store.AuditAnchor{Installation: [16]byte{7, 15: 9}}} }

func (m *memory) set(change func(*memory)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}

func (m *memory) AppendAudit(_ context.Context, entries []store.AuditEntry, say []store.Said) error {
	m.mu.Lock()
	gate := m.gate
	m.mu.Unlock()
	if gate != nil {
		m.inside <- struct{}{}
		<-gate
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil && !m.lands {
		return m.fail
	}
	if entries[0].Seq != m.head().Seq+1 {
		return store.ErrConflict
	}
	m.rows, m.said, m.writes = append(m.rows, entries...), append(m.said, say...), m.writes+1
	return m.fail
}

func (m *memory) head() store.AuditEntry {
	if len(m.rows) == 0 {
		return store.AuditEntry{Seq: m.anchor.Seq, Hash: m.anchor.Hash}
	}
	return m.rows[len(m.rows)-1]
}

func (m *memory) AuditHead(context.Context) (store.AuditEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.head(), m.blind
}

func (m *memory) AuditAnchor(context.Context) (store.AuditAnchor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.anchor, nil
}

func (m *memory) ReadAudit(_ context.Context, from uint64, limit int) ([]store.AuditEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.rows, func(e store.AuditEntry) bool { return e.Seq >= from })
	if i < 0 {
		return nil, nil
	}
	return slices.Clone(m.rows[i:min(len(m.rows), i+limit)]), nil
}

func (m *memory) ListAudit(_ context.Context, f store.AuditFilter, p store.Page) (list []store.AuditEntry, next string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	top, err := strconv.ParseUint(p.After, 10, 64)
	if err != nil {
		top = 1 << 62
	}
	for _, e := range slices.Backward(m.rows) {
		if e.Seq < top && e.Account == f.Account && (!f.Begins || e.Act == 0) {
			if len(list) == p.Limit {
				return list, strconv.FormatUint(list[len(list)-1].Seq, 10), nil
			}
			list = append(list, e)
		}
	}
	return list, "", nil
}

func (m *memory) AuditEnds(_ context.Context, acts []uint64) (list []store.AuditEntry, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.rows {
		if e.Act > 0 && slices.Contains(acts, e.Act) {
			list = append(list, e)
		}
	}
	return list, nil
}

func (m *memory) AuditSpan(_ context.Context, after, before time.Time) (first, last uint64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.rows {
		if (after.IsZero() || !e.At.Before(after)) && (before.IsZero() || e.At.Before(before)) {
			if first == 0 {
				first = e.Seq
			}
			last = e.Seq
		}
	}
	if first == 0 {
		return 0, 0, store.ErrNotFound
	}
	return first, last, nil
}

func (m *memory) PruneAudit(_ context.Context, through uint64, limit int) (n int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.rows) > 1 && n < limit && m.rows[0].Seq <= through {
		m.anchor.Seq, m.anchor.Hash = m.rows[0].Seq, m.rows[0].Hash
		m.rows, n = m.rows[1:], n+1
	}
	return n, nil
}

// entries decodes the record.
func (m *memory) entries() []Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]Entry, len(m.rows))
	for i := range m.rows {
		e, err := decode(m.rows[i].Body)
		if err != nil {
			panic(err)
		}
		list[i] = e
	}
	return list
}

// clock is a clock that is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 21, 9, 30, 0, 123456000, time.UTC)} }

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
