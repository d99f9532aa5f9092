package torture

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
)

// twoFault starts a second hub on the directory of the first. It must be refused with a sentence that says why, at once,
// and the first must not notice.
func twoFault() Fault {
	return Fault{
		Name: "two", What: "a second process is started on the same data directory, under load", Long: 30, Short: 1,
		run: func(ctx context.Context, b *Bench, row *Row, rounds int) error {
			slowest := time.Duration(0)
			err := b.on(ctx, row, stand{shape: patient}, rounds, func(ctx context.Context, t *torture, _ int) error {
				t.load.resume()
				for range 3 {
					took, err := t.second(ctx, row, b)
					if err != nil {
						return err
					}
					slowest = max(slowest, took)
				}
				if err := t.account(ctx); err != nil {
					return err
				}
				if s := t.books.sums(); s.duplicates() > 0 || s.unclear > 0 {
					t.books.fail("disturbed", "%d duplicates, %d unanswered", s.duplicates(), s.unclear)
				}
				return nil
			})
			row.note("refused within %v", slowest.Round(time.Millisecond))
			return err
		},
	}
}

// second starts a second hub on the first one's directory and looks at how it ends.
func (t *torture) second(ctx context.Context, row *Row, b *Bench) (time.Duration, error) {
	other, err := b.hub(ctx, row, &stand{name: "second"})
	if err != nil {
		return 0, err
	}
	other.DataDir = t.process().DataDir
	ready, cancel := context.WithTimeout(ctx, t.ReadyTime)
	defer cancel()
	began := time.Now()
	_, err = other.Start(ready)
	took := time.Since(began)
	switch {
	case err == nil:
		t.books.fail("two hubs", "a second process serves the same directory")
	case !errors.Is(err, harness.ErrEnded):
		t.books.fail("two hubs", "the second process neither serves nor ends: %v", err)
	case !strings.Contains(err.Error(), "in use by another tocsin process"):
		t.books.fail("no reason given", "%v", err)
	}
	return took, other.Kill()
}
