package journal

import "sync"

// Limits of the buffers that are kept for the next frames: a few, each large enough for a full frame and its growth.
const (
	keptBuffers     = 3
	keptBufferBytes = 2 * MaxFrameBytes
)

// buffers keeps what sections were encoded into, so that a busy journal does not allocate a frame's bytes anew each
// time.
type buffers struct {
	mu   sync.Mutex
	free [][]byte
}

func (b *buffers) get() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.free)
	if n == 0 {
		return nil
	}
	buf := b.free[n-1]
	b.free = b.free[:n-1]
	return buf[:0]
}

func (b *buffers) put(buf []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.free) < keptBuffers && cap(buf) <= keptBufferBytes {
		b.free = append(b.free, buf)
	}
}
