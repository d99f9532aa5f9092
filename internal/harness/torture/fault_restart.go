package torture

import (
	"context"
	"time"
)

// restartFault stops and starts the hub in peace under load, with healthy and slow receivers.
func restartFault() Fault {
	return Fault{
		Name: "restart", What: "orderly stops (SIGTERM) and starts under load", Long: 60, Short: 1,
		run: func(ctx context.Context, b *Bench, row *Row, rounds int) error {
			slowest := time.Duration(0)
			err := b.on(ctx, row, stand{shape: patient}, rounds, func(ctx context.Context, t *torture, _ int) error {
				t.load.resume()
				for range 2 {
					slow := t.receivers[t.rng.IntN(len(t.receivers))]
					if err := slow.set(ctx, moodSlow); err != nil {
						return err
					}
					sleep(ctx, time.Duration(t.rng.Int64N(int64(mannerTime))))
					began := time.Now()
					if err := t.stop(ctx); err != nil {
						return err
					}
					slowest = max(slowest, time.Since(began))
					t.books.restarted()
					if err := slow.set(ctx, moodUp); err != nil {
						return err
					}
					if err := t.start(ctx, ""); err != nil {
						return err
					}
				}
				return t.account(ctx)
			})
			row.note("slowest stop %v", slowest.Round(time.Millisecond))
			return err
		},
	}
}
