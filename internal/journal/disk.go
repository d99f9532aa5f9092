package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// diskEvery is how often the file system's free space is asked for.
const diskEvery = 500 * time.Millisecond

const ballastName = "ballast"

// disk watches the file system. When it runs low, nothing is taken any more, and the ballast file is freed so that
// settling and audit can go on.
type disk struct {
	j *Journal

	mu   sync.Mutex
	next time.Time
	low  bool
	free atomic.Int64
}

func (d *disk) open(j *Journal) error {
	d.j = j
	if j.o.Dir == "" {
		return nil
	}
	if j.o.Free == nil {
		j.o.Free = freeBytes
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.look(j.o.Now())
}

// admit refuses when the disk is low.
func (d *disk) admit() error {
	if d.j.o.Dir == "" {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := d.j.o.Now(); !now.Before(d.next) {
		if err := d.look(now); err != nil {
			d.j.slog.Error("watching the disk failed", slog.Any("error", err))
		}
	}
	if d.low {
		return fmt.Errorf("%w: the disk has %d MiB free, and %d are kept", ErrFull, d.free.Load()>>20, d.j.o.MinFree>>20)
	}
	return nil
}

// look asks for the free space and keeps the ballast. The caller holds mu.
func (d *disk) look(now time.Time) error {
	d.next = now.Add(diskEvery)
	free, err := d.j.o.Free(d.j.o.Dir)
	if err != nil {
		return fmt.Errorf("asking for the free space of %s: %w", d.j.o.Dir, err)
	}
	d.free.Store(free)
	path := filepath.Join(d.j.o.Dir, ballastName)
	switch low := free < d.j.o.MinFree; {
	case low && !d.low:
		d.low = true
		d.j.slog.Error("the disk is low: nothing is taken until there is room; the ballast is freed",
			slog.Int64("free_bytes", free))
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("freeing the ballast: %w", err)
		}
	case d.low && free > d.j.o.MinFree+2*d.j.o.BallastBytes:
		d.low = false
		d.j.slog.Info("the disk has room again", slog.Int64("free_bytes", free))
	}
	if d.low || free < d.j.o.MinFree+2*d.j.o.BallastBytes {
		return nil
	}
	return keepBallast(path, d.j.o.BallastBytes)
}

func (d *disk) lastFree() int64 { return d.free.Load() }

// keepBallast makes the ballast file as large as it should be.
func keepBallast(path string, bytes int64) (err error) {
	if bytes <= 0 {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.Size() == bytes {
		return nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("making the ballast: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("making the ballast: %w", err)
	}
	if err := reserve(f, bytes); err != nil {
		return fmt.Errorf("making the ballast: %w", err)
	}
	return nil
}

// fillZeros makes a file take room on disk where the system has no call for that.
func fillZeros(f *os.File, bytes int64) error {
	zeros := make([]byte, min(bytes, 1<<20))
	for at := int64(0); at < bytes; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), bytes-at)], at); err != nil {
			return err
		}
	}
	return nil
}
