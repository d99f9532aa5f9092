package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/time/rate"
)

// Verify reads every frame that is in the journal now, at no more than bytesPerSecond (0: as fast as it can), and says
// how many there are and how many of them are damaged, wholly or in part. What it finds is reported as if a reader had
// met it.
func (j *Journal) Verify(ctx context.Context, bytesPerSecond int64) (checked, damaged int, err error) {
	first, last := j.Bounds()
	pace := rate.NewLimiter(rate.Inf, 1)
	if bytesPerSecond > 0 {
		burst := int(min(max(bytesPerSecond, verifyStep), 1<<30))
		pace = rate.NewLimiter(rate.Limit(bytesPerSecond), burst)
	}
	for n := first; n <= last && n > 0; n++ {
		if err := pace.WaitN(ctx, verifyStep); err != nil {
			return checked, damaged, fmt.Errorf("verifying the journal: %w", err)
		}
		d, err := j.decode(ctx, n)
		switch {
		case err == nil:
		case errors.Is(err, ErrTrimmed):
			continue
		case errors.Is(err, ErrDamaged):
			checked, damaged = checked+1, damaged+1
			continue
		default:
			return checked, damaged, err
		}
		checked++
		if slices.ContainsFunc(d.frame.Sections, func(s Section) bool { return s.Damaged }) {
			damaged++
		}
		for i := range d.sections {
			if err := pace.WaitN(ctx, min(d.sections[i].length, pace.Burst())); err != nil {
				return checked, damaged, fmt.Errorf("verifying the journal: %w", err)
			}
		}
	}
	return checked, damaged, nil
}

// verifyStep is what Verify counts for a frame beside its sections.
const verifyStep = 1 << 10
