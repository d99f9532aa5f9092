package torture

import (
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/harness"
)

// diskSlowFault makes every sync of the journal take a second. Senders wait, many events share a sync, deliveries and the
// API go on, and memory stays bounded.
func diskSlowFault() Fault {
	return Fault{
		Name: "disk-slow", What: "every sync of the journal takes a second", Long: 20, Short: 1, run: runDiskSlow,
	}
}

// slowDiskTime is how long a round lasts, and slowAPI how long the API may take meanwhile.
const (
	slowDiskTime = 4 * time.Second
	slowAPI      = 2 * time.Second
)

func runDiskSlow(ctx context.Context, b *Bench, row *Row, rounds int) error {
	slowest, fewest := time.Duration(0), uint64(0)
	err := b.on(ctx, row, stand{}, rounds, func(ctx context.Context, t *torture, _ int) error {
		if err := t.Hub.Kill(); err != nil {
			return err
		}
		t.books.restarted()
		if err := t.start(ctx, failpoint.DiskSync+"=sleep:1s"); err != nil {
			return err
		}
		before := t.books.sums().acked
		t.load.resume()
		for until := time.Now().Add(slowDiskTime); time.Now().Before(until) && ctx.Err() == nil; sleep(ctx, mannerTime) {
			began := time.Now()
			if _, err := t.api.Stats(ctx); err != nil {
				return err
			}
			took := time.Since(began)
			slowest = max(slowest, took)
			if took > slowAPI {
				t.books.fail("held up", "reading the stats took %v", took)
			}
			if !harness.Ready(ctx, t.Hub.Addr()) {
				t.books.fail("not ready", "a slow disk is no broken disk")
			}
		}
		got := t.books.sums().acked - before
		if fewest == 0 || got < fewest {
			fewest = got
		}
		if got == 0 {
			t.books.fail("nothing taken", "in %v", slowDiskTime)
		}
		if err := t.load.pause(ctx); err != nil {
			return err
		}
		if err := t.Hub.Kill(); err != nil {
			return err
		}
		t.books.restarted()
		if err := t.start(ctx, ""); err != nil {
			return err
		}
		return t.account(ctx)
	})
	row.note("at least %d events taken in %v, the API's slowest answer %v", fewest, slowDiskTime, slowest.Round(time.Millisecond))
	return err
}
