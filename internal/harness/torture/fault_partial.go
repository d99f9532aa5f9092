package torture

import (
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
)

// partialFault has receivers refuse some events of a batch for good while the rest is welcome. The refused ones go to the
// mailbox, once; the rest goes on, under the same keys, and nothing is sent twice.
func partialFault() Fault {
	return Fault{
		Name: "partial", What: "batches of which some events are refused for good, in between a busy answer", Long: 40, Short: 1,
		run: runPartial,
	}
}

// patient gives the receivers so much time that a slow machine is not taken for a fault: every repetition counts here.
func patient(_ int, _ string, i *harness.Integration) {
	i.Settings["connect_timeout"], i.Settings["request_timeout"] = "20s", "20s"
}

func runPartial(ctx context.Context, b *Bench, row *Row, rounds int) error {
	all := uint64(0)
	err := b.on(ctx, row, stand{shape: patient, lanes: pickyLanes()}, rounds, func(ctx context.Context, t *torture, _ int) error {
		if err := t.refusing(ctx, b.refusingTime()); err != nil {
			return err
		}
		if err := t.account(ctx); err != nil {
			return err
		}
		var again uint64
		if all, again = t.books.refusals(); again > 0 {
			t.books.fail("sent again", "%d events that had been refused for good", again)
		}
		if s := t.books.sums(); s.duplicates() > 0 {
			t.books.fail("taken twice", "%d events, although every answer arrived", s.duplicates())
		}
		return nil
	})
	row.note("%d refusals", all)
	return err
}

// refusingTime is how long receivers refuse in a round.
func (b *Bench) refusingTime() time.Duration {
	if b.Short {
		return 500 * time.Millisecond
	}
	return 1500 * time.Millisecond
}

// pickyLanes are the lanes whose receivers can refuse single events.
func pickyLanes() []lane { return []lane{lanes[0], lanes[1], lanes[3]} }

// refusing lets the load run while all receivers refuse some events for good, some of the time being busy, and waits
// until nothing is on its way.
func (t *torture) refusing(ctx context.Context, d time.Duration) error {
	for until := time.Now().Add(d); time.Now().Before(until) && ctx.Err() == nil; {
		for _, m := range []mood{moodPicky, moodBusy, moodPicky} {
			for _, r := range t.receivers {
				if err := r.set(ctx, m); err != nil {
					return err
				}
			}
			t.loaded(ctx, d/5)
		}
	}
	if err := t.load.pause(ctx); err != nil {
		return err
	}
	ok, err := t.settled(ctx, t.DrainTime, everyLane)
	if err == nil && !ok {
		t.books.fail("not drained", "events wait although their receivers answer")
	}
	return err
}
