package deliver

import (
	"context"
	"errors"
	"time"

	"github.com/tocsin-hub/tocsin/internal/journal"
)

// Limits of reading a frame that should be readable: too many open files, say, must not turn into a loss.
const (
	readTries = 20
	readPause = 250 * time.Millisecond
)

// patience is how often a reader tries a frame again before it steps over it. Damage and trimming are final at once.
type patience struct {
	frame uint64
	tries int
}

// left says whether the frame should be tried once more after err.
func (p *patience) left(frame uint64, err error) bool {
	if errors.Is(err, journal.ErrDamaged) || errors.Is(err, journal.ErrTrimmed) {
		return false
	}
	if p.frame != frame {
		*p = patience{frame: frame}
	}
	p.tries++
	return p.tries < readTries
}

func (p *patience) pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(readPause):
	}
}
