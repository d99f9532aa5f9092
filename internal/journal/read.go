package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Read gives the frame with that number: from memory when it is new, else from the log. Errors: ErrNotYet, ErrTrimmed,
// ErrDamaged, ErrClosed.
func (j *Journal) Read(ctx context.Context, number uint64) (*Frame, error) {
	if number > j.shown.Load() {
		return nil, fmt.Errorf("frame %d: %w", number, ErrNotYet)
	}
	if f := j.ring.get(number); f != nil {
		return f, nil
	}
	if f := j.cache.get(number); f != nil {
		return f, nil
	}
	if j.closed.Load() {
		return nil, ErrClosed
	}
	d, err := j.decode(ctx, number)
	if err != nil {
		return nil, err
	}
	j.cache.put(d.frame)
	return d.frame, nil
}

// Next is Read that waits until the frame exists.
func (j *Journal) Next(ctx context.Context, number uint64) (*Frame, error) {
	for {
		wait := j.ring.wait()
		f, err := j.Read(ctx, number)
		if !errors.Is(err, ErrNotYet) {
			return f, err
		}
		if j.closed.Load() {
			return nil, ErrClosed
		}
		select {
		case <-wait:
		case <-j.failed:
			return nil, j.Err()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// decode reads a frame from the log, and reports damage.
func (j *Journal) decode(ctx context.Context, number uint64) (*decoded, error) {
	b, err := j.log.Read(ctx, number)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return nil, fmt.Errorf("reading frame %d: %w", number, err)
	}
	d, decodeErr := decodeFrame(b)
	if decodeErr == nil && d.frame.Number != number {
		decodeErr = fmt.Errorf("%w: it says that it is frame %d", ErrDamaged, d.frame.Number)
	}
	if decodeErr != nil {
		if err == nil {
			err = decodeErr
		}
		j.damage.frame(number, b, err)
		return nil, fmt.Errorf("reading frame %d: %w", number, err)
	}
	sound := true
	for i := range d.sections {
		if s := &d.frame.Sections[i]; s.Damaged {
			j.damage.section(d.frame, s, d.sections[i].stored)
			sound = false
		}
	}
	if err != nil && sound {
		j.damage.intact(number, err)
	}
	return d, nil
}

// Seek gives the number of the first frame whose time is not before t: the next frame's number if all are older. It
// reads a few frames only. A damaged frame counts as the one behind it.
func (j *Journal) Seek(ctx context.Context, t time.Time) (uint64, error) {
	first, last := j.Bounds()
	if last == 0 {
		return 1, nil
	}
	low, high := first, last+1
	for low < high {
		mid := low + (high-low)/2
		at, number, err := j.timeAt(ctx, mid, high)
		if err != nil {
			return 0, err
		}
		if number < high && at.Before(t) {
			low = number + 1
		} else {
			high = mid
		}
	}
	return low, nil
}

// timeAt gives the time of the first readable frame from number on, below end; number is end if there is none.
func (j *Journal) timeAt(ctx context.Context, number, end uint64) (time.Time, uint64, error) {
	for ; number < end; number++ {
		f, err := j.Read(ctx, number)
		switch {
		case err == nil:
			return f.Time, number, nil
		case errors.Is(err, ErrDamaged), errors.Is(err, ErrTrimmed):
		default:
			return time.Time{}, 0, err
		}
	}
	return time.Time{}, end, nil
}

// ring keeps the newest frames as they were appended.
type ring struct {
	mu     sync.RWMutex
	frames []*Frame // contiguous numbers
	sizes  []int
	bytes  int
	signal chan struct{} // closed when a frame comes; nil while nobody waits
}

func (r *ring) add(f *Frame, bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.frames); n > 0 && r.frames[n-1].Number+1 != f.Number {
		r.frames, r.sizes, r.bytes = nil, nil, 0
	}
	r.frames, r.sizes = append(r.frames, f), append(r.sizes, bytes)
	r.bytes += bytes
	drop := 0
	for r.bytes > ringBytes && drop < len(r.frames)-1 {
		r.bytes -= r.sizes[drop]
		r.frames[drop] = nil
		drop++
	}
	r.frames, r.sizes = r.frames[drop:], r.sizes[drop:]
}

func (r *ring) get(number uint64) *Frame {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if len(r.frames) == 0 || number < r.frames[0].Number {
		return nil
	}
	if i := number - r.frames[0].Number; i < uint64(len(r.frames)) {
		return r.frames[i]
	}
	return nil
}

// wait gives the channel that is closed when the next frame comes.
func (r *ring) wait() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.signal == nil {
		r.signal = make(chan struct{})
	}
	return r.signal
}

// announce wakes everybody who waits: a frame has come, or the journal is closed.
func (r *ring) announce() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.signal != nil {
		close(r.signal)
		r.signal = nil
	}
}

// cachedFrames is how many frames that were read from the log are kept, for readers that follow each other.
const cachedFrames = 4

// frameCache keeps the frames that were read last.
type frameCache struct {
	mu     sync.Mutex
	frames [cachedFrames]*Frame
	at     int
}

func (c *frameCache) get(number uint64) *Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.frames {
		if f != nil && f.Number == number {
			return f
		}
	}
	return nil
}

func (c *frameCache) put(f *Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames[c.at] = f
	c.at = (c.at + 1) % cachedFrames
}
