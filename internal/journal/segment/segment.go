// Package segment is the embedded driver of the journal: a log of records in segment files of one directory.
//
// A segment is a file of fixed size, filled with zeros before it is used, named by its running number, the number of
// its first record and a random salt. An append is one write and one fdatasync; the next file is prepared in the
// background. Every record has a header with a checksum of its own, so that damage in one record never hides the next
// one: recovery looks for the next valid header instead of cutting the log off. Headers are salted per segment, so no
// sender can place a record inside the bytes of an event.
//
// Recovery reads only the newest segment. The others are read on demand, by an index at their end which is rebuilt by
// scanning when it is damaged. What cannot be read is reported and answered with journal.ErrDamaged; a number is never
// handed out twice, and bytes that could not be understood are never overwritten.
package segment

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/journal"
)

// Defaults and limits of the driver.
const (
	// DefaultSegmentBytes is the size of a segment file (64 MiB).
	DefaultSegmentBytes = 64 << 20
	// MinSegmentBytes is the smallest size that can be asked for.
	MinSegmentBytes = 512
	// MaxSegmentBytes is the largest size that can be asked for (4 GiB).
	MaxSegmentBytes = 4 << 30
	// MaxRecordBytes is the longest record (64 MiB). One that is longer than a segment gets a file of its own.
	MaxRecordBytes = 64 << 20
	// DefaultMaxOpen is how many older segments are kept open for reading, with their indexes.
	DefaultMaxOpen = 8
)

// Options of Open. The zero value is ready for use.
type Options struct {
	// SegmentBytes is the size of a segment file (default DefaultSegmentBytes).
	SegmentBytes int64
	// MaxOpen bounds the older segments that are kept open for reading (default DefaultMaxOpen).
	MaxOpen int
	// Logger hears of damage (default: nobody).
	Logger *slog.Logger
	// Now is the clock for Damage.Found (default time.Now).
	Now func() time.Time
	// FS stands between the log and its directory (default: DirFS of the directory).
	FS FS
}

func (o Options) withDefaults(dir string) Options {
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = DefaultSegmentBytes
	}
	o.SegmentBytes = min(max(o.SegmentBytes, MinSegmentBytes), MaxSegmentBytes)
	if o.MaxOpen <= 0 {
		o.MaxOpen = DefaultMaxOpen
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FS == nil {
		o.FS = DirFS(dir)
	}
	return o
}

// Log is an open segment log. Its methods are safe for concurrent use; readers never wait for a write or a sync.
type Log struct {
	dir  string
	o    Options
	lock io.Closer

	segments atomic.Pointer[[]*segment] // oldest first; the slice is replaced, never changed
	last     atomic.Uint64              // the newest durable record
	bytes    atomic.Int64
	views    viewCache
	closing  atomic.Bool

	// wmu serialises what writes. Readers do not take it.
	wmu       sync.Mutex
	active    *segment // takes appends; nil: the next append begins a new segment
	activeEnd int64    // where its next record goes; 0: the segment's header is not written yet
	finished  bool     // active takes no more: its end is damaged, or it is sealed already
	next      uint64   // number of the next record
	nextSeq   uint64   // running number of the next segment
	buf       []byte
	failed    error
	closed    bool

	work background

	dmu    sync.Mutex
	damage []journal.Damage
}

var (
	_ journal.Log    = (*Log)(nil)
	_ journal.Cutter = (*Log)(nil)
)

// segment is one file of the log.
type segment struct {
	name
	size atomic.Int64

	sealed bool // had its index when the log was opened

	load sync.Mutex // held while the segment's index is read
	v    *view      // guarded by viewCache.mu; nil: not open
}

// Open opens the log in dir, which is created when it is missing, and takes its lock. It reads the names of all files
// and the contents of the newest segment only. Damage does not make it fail: see Damage.
func Open(ctx context.Context, dir string, o Options) (*Log, error) {
	o = o.withDefaults(dir)
	lock, err := o.FS.Lock(lockName)
	if err != nil {
		return nil, fmt.Errorf("opening the journal in %s: %w", dir, err)
	}
	l := &Log{dir: dir, o: o, lock: lock}
	l.views.max = o.MaxOpen
	if err := l.recover(ctx); err != nil {
		l.views.closeAll(*l.segments.Load())
		_ = lock.Close()
		return nil, fmt.Errorf("opening the journal in %s: %w", dir, err)
	}
	l.work.start(l)
	return l, nil
}

// Bounds are the oldest and newest numbers, those of damaged records included; both 0 when the log is empty.
func (l *Log) Bounds() (first, last uint64) {
	segs := *l.segments.Load()
	last = l.last.Load()
	if last == 0 || len(segs) == 0 || segs[0].base > last {
		return 0, 0
	}
	return segs[0].base, last
}

// Size is the number of bytes that the log's files hold on disk, the prepared next segment included.
func (l *Log) Size() int64 { return l.bytes.Load() }

// Damage lists what recovery found, and what reading older segments' indexes found since. From is 0 where no record
// was lost.
func (l *Log) Damage() []journal.Damage {
	l.dmu.Lock()
	defer l.dmu.Unlock()
	return slices.Clone(l.damage)
}

func (l *Log) report(from, to uint64, where, reason string) {
	d := journal.Damage{From: from, To: to, Where: where, Reason: reason, Found: l.o.Now().UTC()}
	l.dmu.Lock()
	l.damage = append(l.damage, d)
	l.dmu.Unlock()
	l.o.Logger.Error("damage in the journal", "dir", l.dir, "where", where, "reason", reason, "from", from, "to", to)
}

// find gives the segment that would hold number n, and its place in segs.
func find(segs []*segment, n uint64) (int, bool) {
	i := sort.Search(len(segs), func(i int) bool { return segs[i].base > n }) - 1
	return i, i >= 0
}

// Close waits for background work, closes all files and gives the lock back. Reads that are under way finish.
func (l *Log) Close() error {
	l.wmu.Lock()
	if l.closed {
		l.wmu.Unlock()
		return nil
	}
	l.closed = true
	l.closing.Store(true)
	l.wmu.Unlock()
	l.work.stop(l)
	l.views.closeAll(*l.segments.Load())
	return l.lock.Close()
}
