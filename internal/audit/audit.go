// Package audit is the record of privileged acts: who did what to what, from where, with which values (secrets masked)
// and how it ended.
//
// An act is written down before it takes effect, durably; if that fails, it does not happen ([Log.Begin]). Its outcome
// is written down after it. Each entry's hash covers the hash of the entry before it, over all accounts, so that
// [Verify] finds an entry that was changed, removed, inserted or moved. That nothing was cut off at the end, and that
// the whole was not written anew, is known with a [Checkpoint] that was kept elsewhere. docs/audit.md says what this
// proves and what it does not.
package audit

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// DefaultMaxAge is how long entries are kept: a year and five weeks, so that a yearly review finds its whole year.
const DefaultMaxAge = 400 * 24 * time.Hour

// Limits of the log.
const (
	// maxBatch is how many entries one transaction takes.
	maxBatch = 128
	// maxQueue is how many acts may wait to be begun. Beyond it they are refused.
	maxQueue = 1024
	// maxUnsaid is how many outcomes may wait to be written before no more acts are begun, and keptUnsaid how many are
	// kept at all: acts that were begun before may still end.
	maxUnsaid  = 1024
	keptUnsaid = 10 * maxUnsaid
	// maxConflicts is how often a batch is chained anew because another process wrote in between.
	maxConflicts = 20
	// maxFailures is how many times in a row writing outcomes may fail before Healthy says so.
	maxFailures = 3
)

// Waits of the log.
const (
	// beginWait bounds how long an act waits to be written down.
	beginWait = 10 * time.Second
	// writeWait bounds how long a transaction waits for its turn in the store.
	writeWait = 10 * time.Second
	// firstRetry and longestRetry bound the waits between attempts to write outcomes; each is twice the one before.
	firstRetry   = time.Second
	longestRetry = 30 * time.Second
	// closeWait bounds how long Close tries to write the outcomes that are left.
	closeWait = 10 * time.Second
)

// ErrUnavailable: the act could not be written down, so it must not happen. It is also store.ErrUnavailable.
var ErrUnavailable = fmt.Errorf("the audit record cannot be written, so nothing was done: %w", store.ErrUnavailable)

// Deps are what a Log is made of. All but Store may be zero.
type Deps struct {
	Store store.Audit
	Now   func() time.Time
	Log   *slog.Logger
	// MaxAge is how long entries are kept. Default DefaultMaxAge.
	MaxAge time.Duration
	// Forward makes every act that ends an event "audit.*" of its account.
	Forward bool
	// Said is called after an event was put into the outbox; it must not wait.
	Said func()
}

// Stats is what the log did since it was made. Entries is the record's own count.
type Stats struct {
	Begun   uint64 // acts that were written down
	Refused uint64 // acts that could not be written down, and so did not happen
	Ended   uint64 // outcomes that were written down
	Waiting int    // outcomes that wait to be written
	Lost    uint64 // outcomes that could not be written and were given up
	Failed  uint64 // transactions that failed
	Pruned  uint64 // entries that were pruned
	Head    uint64 // the number of the last entry that this process knows
}

// Log writes the record. It is safe for concurrent use.
type Log struct {
	deps Deps
	id   [16]byte // the installation

	mu     sync.Mutex
	begins []*request
	ends   []*request
	open   map[uint64]struct{} // acts that this process has begun and not ended
	closed bool
	wake   chan struct{}
	over   chan struct{} // closed when the time to close is over
	done   chan struct{} // closed when the writer has ended
	// exports keeps pruning away from an export that is under way.
	exports sync.RWMutex

	begun, refused, ended, lost, failed, pruned, last atomic.Uint64
	failures                                          atomic.Int32 // in a row

	writer writer
}

var _ act.Recorder = (*Log)(nil)

// New opens the record and starts writing; Close ends it. It fails if the record cannot be read.
func New(ctx context.Context, d Deps) (*Log, error) {
	d.Log = cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	d.MaxAge = cmp.Or(d.MaxAge, DefaultMaxAge)
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Said == nil {
		d.Said = func() {}
	}
	anchor, err := d.Store.AuditAnchor(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the audit record: %w", err)
	}
	head, err := d.Store.AuditHead(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the audit record: %w", err)
	}
	l := &Log{
		deps: d, id: anchor.Installation, open: map[uint64]struct{}{},
		wake: make(chan struct{}, 1), over: make(chan struct{}), done: make(chan struct{}),
	}
	l.last.Store(head.Seq)
	go l.write()
	return l, nil
}

// Installation is the number that tells this record from those of other installations, as text.
func (l *Log) Installation() string { return hex.EncodeToString(l.id[:]) }

// Stats may be called at any time.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	waiting := len(l.ends)
	l.mu.Unlock()
	return Stats{
		Begun: l.begun.Load(), Refused: l.refused.Load(), Ended: l.ended.Load(), Waiting: waiting, Lost: l.lost.Load(),
		Failed: l.failed.Load(), Pruned: l.pruned.Load(), Head: l.last.Load(),
	}
}

// Healthy is nil unless the outcomes of acts wait and cannot be written.
func (l *Log) Healthy() error {
	l.mu.Lock()
	waiting := len(l.ends)
	l.mu.Unlock()
	if n := l.failures.Load(); n >= maxFailures && waiting > 0 {
		return fmt.Errorf("the audit record could not be written %d times in a row; the outcomes of %d acts wait", n, waiting)
	}
	return nil
}

// Close writes the outcomes that are left and ends the writing. Acts that are begun or end afterwards fail or are lost:
// close what makes them first. Its error says how many outcomes were lost.
func (l *Log) Close() error {
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	l.mu.Unlock()
	if first {
		defer time.AfterFunc(closeWait, func() { close(l.over) }).Stop()
	}
	l.nudge()
	<-l.done
	l.mu.Lock()
	left := l.ends
	l.ends = nil
	l.mu.Unlock()
	for _, r := range left {
		l.lose(&r.entry)
	}
	if len(left) > 0 {
		return fmt.Errorf("closing the audit record: the outcomes of %d acts could not be written", len(left))
	}
	return nil
}

// nudge wakes the writer.
func (l *Log) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// errClosed: the log was closed.
var errClosed = errors.New("the hub is stopping")
