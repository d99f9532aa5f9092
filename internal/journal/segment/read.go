package segment

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/journal"
)

// Read gives a record. It takes no lock that is held over a write or a sync. Along with journal.ErrDamaged come the
// record's unchecked bytes, where there are any: they may be wrong in any place and longer than the record was.
func (l *Log) Read(ctx context.Context, number uint64) ([]byte, error) {
	for {
		if l.closing.Load() {
			return nil, journal.ErrClosed
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if number > l.last.Load() {
			return nil, fmt.Errorf("record %d: %w", number, journal.ErrNotYet)
		}
		loaded := l.segments.Load()
		segs := *loaded
		i, ok := find(segs, number)
		if !ok {
			return nil, fmt.Errorf("record %d: %w", number, journal.ErrTrimmed)
		}
		v, err := l.acquire(ctx, segs, i)
		if errors.Is(err, errGone) {
			if l.segments.Load() != loaded {
				continue // it was trimmed just now
			}
			return nil, fmt.Errorf("record %d in %s: the file is gone: %w", number, segs[i].name, journal.ErrDamaged)
		}
		if err != nil {
			return nil, err
		}
		b, err := v.read(number)
		l.views.release(v)
		return b, err
	}
}
