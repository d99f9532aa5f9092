package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// LogFile is a file of a log as it can be copied while the log is written to: its first Bytes bytes are durable and
// will never change.
type LogFile struct {
	Name  string
	Bytes int64
	// First and Next are the numbers of its first record and of the first one after it.
	First, Next uint64
	// Open gives the first Bytes bytes.
	Open func() (io.ReadCloser, error)
}

// Copier is a Log whose files can be copied while it is written to. A log that is opened on the copies holds every
// record that was durable when Files was called.
type Copier interface {
	// Files lists the files in the order in which they must be copied, oldest records first.
	Files(ctx context.Context) ([]LogFile, error)
}

// ErrNoCopy: the journal's driver keeps its records where they cannot be copied as files.
var ErrNoCopy = errors.New("this journal cannot be copied as files")

// holdOvershoot is how far above MaxBytes a journal may grow because a copy holds it (1 GiB, but no more than half of
// MaxBytes): taking events in goes before backing them up.
const holdOvershoot = 1 << 30

// Hold keeps the oldest files from being trimmed while they are copied. Release ends it.
type Hold struct {
	j *Journal

	mu   sync.Mutex
	from uint64 // records from this number on are held; 0: all
	lost bool   // the journal had to be trimmed all the same
}

// Hold begins to hold the journal's files. It waits for a trimming that is under way.
func (j *Journal) Hold(ctx context.Context) (*Hold, error) {
	if _, ok := j.log.(Copier); !ok {
		return nil, ErrNoCopy
	}
	if err := j.holds.trimming(ctx); err != nil {
		return nil, fmt.Errorf("holding the journal: %w", err)
	}
	defer j.holds.trimmed()
	h := &Hold{j: j}
	j.holds.add(h)
	return h, nil
}

// Files lists the files of the journal as it is now.
func (h *Hold) Files(ctx context.Context) ([]LogFile, error) {
	if err := h.Err(); err != nil {
		return nil, err
	}
	list, err := h.j.log.(Copier).Files(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the journal's files: %w", err)
	}
	return list, nil
}

// Copied says that records with smaller numbers are copied, so that they may be trimmed.
func (h *Hold) Copied(next uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.from = max(h.from, next)
}

// Err is ErrTrimmed when the journal grew so far beyond its size that files had to go before they were copied.
func (h *Hold) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lost {
		return fmt.Errorf("the journal grew beyond its size and could not wait any longer for being copied: %w", ErrTrimmed)
	}
	return nil
}

// Release lets everything be trimmed again. It may be called twice.
func (h *Hold) Release() { h.j.holds.remove(h) }

// bound gives how far the log may be trimmed. With force the hold gives way.
func (h *Hold) bound(before uint64, force bool) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if before <= h.from || h.lost {
		return before
	}
	if force {
		h.lost = true
		return before
	}
	return h.from
}

// holds are the copies that are under way.
type holds struct {
	turn chan struct{} // taken by who trims, and by who begins to hold

	mu   sync.Mutex
	list map[*Hold]struct{}
}

func (h *holds) init() { h.turn, h.list = make(chan struct{}, 1), map[*Hold]struct{}{} }

func (h *holds) trimming(ctx context.Context) error {
	select {
	case h.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *holds) trimmed() { <-h.turn }

func (h *holds) add(x *Hold) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list[x] = struct{}{}
}

func (h *holds) remove(x *Hold) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.list, x)
}

// bound is the number before which everything may go that may go at all before the given one.
func (h *holds) bound(before uint64, force bool) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	for x := range h.list {
		before = min(before, x.bound(before, force))
	}
	return before
}

// pressed says whether the journal is too large to wait for copies.
func (j *Journal) pressed() bool {
	return j.log.Size() > j.o.MaxBytes+min(holdOvershoot, j.o.MaxBytes/2)
}
