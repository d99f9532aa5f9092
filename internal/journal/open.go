package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits and defaults of a journal.
const (
	// DefaultMaxBytes is how large the journal may grow before the oldest frames go (50 GiB).
	DefaultMaxBytes = 50 << 30
	// DefaultMaxAge is how old frames may grow.
	DefaultMaxAge = 7 * 24 * time.Hour
	// DefaultMinFree is the free space on disk below which nothing is taken (512 MiB).
	DefaultMinFree = 512 << 20
	// MaxPendingBytes bounds what waits to be written; beyond it Append waits (32 MiB).
	MaxPendingBytes = 32 << 20

	// ringBytes bounds the newest frames that are kept in memory for the tail (8 MiB).
	ringBytes = 8 << 20
	// snapshotFrames and snapshotBytes are how often a frame carries the counters of all accounts: a start reads at
	// most that far back.
	snapshotFrames = 512
	snapshotBytes  = 8 << 20
)

// Options of a journal. Zero fields take the defaults.
type Options struct {
	// Floor is the largest position that any saved mark holds. A journal that ends before it has lost its newest part,
	// or is an older copy: it begins a new epoch.
	Floor Position
	// LeastEpoch begins a new epoch of at least this number unless the journal has come to it already: for a journal
	// that was restored from a backup, whose original may have handed out positions after the copy was made.
	LeastEpoch   uint32
	MaxBytes     int64
	MaxAge       time.Duration
	AccountQuota int64 // plain bytes that one account may hold; 0 is no quota
	MinFree      int64
	// Dir is where the ballast and quarantined bytes are kept, and whose file system is watched; empty: neither.
	Dir          string
	BallastBytes int64
	Log          *slog.Logger
	Now          func() time.Time
	// OnDamage is told of each damaged stretch once. It must not block.
	OnDamage func(DamageReport)
	// Free gives the free bytes of the file system; nil asks the system. For tests.
	Free func(dir string) (int64, error)
}

// DamageReport is a stretch of the journal that cannot be read.
type DamageReport struct {
	// Frame and To are the numbers of the first and last frame. Frame is 0 when no frame is lost, To is 0 when nobody
	// knows how far the damage goes.
	Frame, To uint64
	Account   event.Account // empty when a whole frame is damaged
	Events    uint64        // how many; 0 when unknown
	Kept      string        // where the bytes are kept, if they are
	Reason    string
}

// Journal is the log of frames. Append, Read, Next and the like are safe for concurrent use.
type Journal struct {
	log  Log
	o    Options
	slog *slog.Logger

	room *semaphore.Weighted // of MaxPendingBytes

	mu      sync.Mutex // guards pending
	pending *batch

	plain buffers

	// turn holds the one who makes and writes a frame, or trims; sending to it is taking the turn. It guards what
	// follows.
	turn     chan struct{}
	encoder  encoder
	epoch    atomic.Uint32 // changed by who has the turn, read by all
	counters map[event.Account]counter
	lastTime time.Time
	newest   event.ID
	sinceN   int // frames and bytes since the last snapshot of the counters
	sinceB   int64

	state sync.RWMutex // guards what readers see of the counters
	seen  map[event.Account]uint64
	bases map[event.Account]uint64 // bytes before the oldest frame, for the quota

	shown atomic.Uint64 // the newest frame that readers may see: it is in the ring, or was there when the journal opened
	ring  ring
	cache frameCache
	disk  disk

	damage damageLog
	holds  holds

	oldestMu   sync.Mutex
	oldestOf   uint64 // the first frame whose time oldestTime is
	oldestTime time.Time

	closed atomic.Bool
	failed chan struct{}
	once   sync.Once
	err    atomic.Pointer[error]
}

// Open opens the journal over a log: it restores the counters, and begins a new epoch if the log ends before
// Options.Floor.
func Open(ctx context.Context, log Log, o Options) (*Journal, error) {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.MaxBytes, o.MaxAge = cmp.Or(o.MaxBytes, DefaultMaxBytes), cmp.Or(o.MaxAge, DefaultMaxAge)
	o.MinFree = cmp.Or(o.MinFree, DefaultMinFree)
	if o.Now == nil {
		o.Now = time.Now
	}
	j := &Journal{
		log: log, o: o, slog: o.Log, room: semaphore.NewWeighted(MaxPendingBytes),
		counters: map[event.Account]counter{}, seen: map[event.Account]uint64{}, bases: map[event.Account]uint64{},
		failed: make(chan struct{}), turn: make(chan struct{}, 1),
	}
	j.epoch.Store(1)
	j.damage.init(j)
	j.holds.init()
	j.damage.notice(log.Damage())
	_, last := log.Bounds()
	j.shown.Store(last)
	if err := j.restore(ctx); err != nil {
		return nil, err
	}
	j.sinceN = snapshotFrames // the first frame of this run carries the counters
	if err := j.checkEpoch(ctx); err != nil {
		return nil, err
	}
	if err := j.disk.open(j); err != nil {
		return nil, err
	}
	return j, nil
}

// restore reads the newest frames back to one that carries all counters.
func (j *Journal) restore(ctx context.Context) error {
	first, last := j.Bounds()
	var frames []*decoded
	var counters map[event.Account]counter
	for n := last; n >= first && n > 0 && counters == nil; n-- {
		d, err := j.decode(ctx, n)
		if errors.Is(err, ErrDamaged) {
			continue
		}
		if err != nil {
			return fmt.Errorf("restoring the journal's counters: %w", err)
		}
		frames, counters = append(frames, d), d.counters
	}
	for account, c := range counters {
		j.counters[account] = c
	}
	for i := len(frames) - 1; i >= 0; i-- {
		j.follow(frames[i])
	}
	for account, c := range j.counters {
		j.seen[account] = c.events
	}
	event.AdvanceClock(j.newest)
	return j.restoreBases(ctx)
}

// follow brings the counters behind a frame.
func (j *Journal) follow(d *decoded) {
	j.epoch.Store(max(j.epoch.Load(), d.frame.Epoch))
	j.newest = later(j.newest, d.newest)
	if d.frame.Time.After(j.lastTime) {
		j.lastTime = d.frame.Time
	}
	for i := range d.sections {
		account := d.frame.Sections[i].Account
		if after := d.sections[i].after; after.events > j.counters[account].events {
			j.counters[account] = after
		}
	}
}

// restoreBases reads how many bytes each account had before the oldest frame. Only a quota needs it.
func (j *Journal) restoreBases(ctx context.Context) error {
	if j.o.AccountQuota == 0 {
		return nil
	}
	first, last := j.Bounds()
	bases := map[event.Account]uint64{}
	read := int64(0)
	for n := first; n <= last && n > 0 && read <= 2*snapshotBytes; n++ {
		d, err := j.decode(ctx, n)
		if errors.Is(err, ErrDamaged) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the oldest frames: %w", err)
		}
		for i := range d.sections {
			s := &d.sections[i]
			read += int64(s.length)
			if _, known := bases[d.frame.Sections[i].Account]; !known {
				bases[d.frame.Sections[i].Account] = s.after.bytes - uint64(s.plain)
			}
		}
		if d.counters != nil {
			for account, c := range d.counters {
				if _, known := bases[account]; !known {
					bases[account] = c.bytes
				}
			}
			break
		}
	}
	j.state.Lock()
	defer j.state.Unlock()
	j.bases = bases
	return nil
}

// checkEpoch begins a new epoch when saved marks know of positions that the log does not have, and when the log lost
// its end without knowing how much: a position must never be used twice.
func (j *Journal) checkEpoch(ctx context.Context) error {
	end, reason := j.End(), ""
	if end.Less(j.o.Floor) {
		reason = "it ends before what was already delivered from it: its newest part is lost, or it is an older copy"
	}
	for _, d := range j.log.Damage() {
		if d.From > 0 && d.To == 0 {
			reason = "its end is lost: " + d.Reason
		}
	}
	level := slog.LevelError
	if reason == "" && j.epoch.Load() < j.o.LeastEpoch {
		reason, level = "it was restored from a backup", slog.LevelInfo
	}
	if reason == "" {
		return nil
	}
	j.slog.Log(ctx, level, "the journal begins a new epoch", slog.String("reason", reason),
		slog.String("end", end.String()), slog.String("mark", j.o.Floor.String()))
	j.epoch.Store(max(j.epoch.Load(), j.o.Floor.Epoch, max(j.o.LeastEpoch, 1)-1))
	_, err := j.BumpEpoch(ctx)
	if errors.Is(err, ErrFull) {
		j.epoch.Add(1) // the first frame that there is room for makes it durable
		return nil
	}
	return err
}

// BumpEpoch begins a new epoch, for a journal that was restored from a backup, and gives its number. It is made
// durable by a frame without events.
func (j *Journal) BumpEpoch(ctx context.Context) (uint32, error) {
	if err := j.take(ctx); err != nil {
		return 0, fmt.Errorf("beginning an epoch: %w", err)
	}
	defer j.give()
	if err := j.Err(); err != nil {
		return 0, err
	}
	if j.closed.Load() {
		return 0, ErrClosed
	}
	epoch := j.epoch.Add(1)
	if _, err := j.write(&draft{}, 0); err != nil {
		j.epoch.Store(epoch - 1)
		return 0, fmt.Errorf("beginning an epoch: %w", err)
	}
	return epoch, nil
}

// take waits for the turn; give gives it back.
func (j *Journal) take(ctx context.Context) error {
	select {
	case j.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *Journal) give() { <-j.turn }

// Close finishes what is in flight and closes the log. If ctx ends before, only what is being written is finished.
func (j *Journal) Close(ctx context.Context) error {
	if j.closed.Swap(true) {
		return nil
	}
	err := j.room.Acquire(ctx, MaxPendingBytes) // everything that was taken has been written
	if err != nil {
		err = fmt.Errorf("waiting for the last frames: %w", err)
	}
	j.turn <- struct{}{}
	defer j.give()
	j.ring.announce()
	return errors.Join(err, j.log.Close())
}
