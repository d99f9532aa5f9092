package torture

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
)

// statsPoll is how often the hub's counts are looked at while it drains.
const statsPoll = 50 * time.Millisecond

// maxReplays bounds how often a round replays its mailboxes.
const maxReplays = 5

// missingShown is how many lost events are named.
const missingShown = 10

// account ends a round: the receivers are well, the load pauses, everything is delivered, and the books are compared with
// the hub's counts.
func (t *torture) account(ctx context.Context) error {
	for _, r := range t.receivers {
		if err := r.set(ctx, moodUp); err != nil {
			return err
		}
	}
	whole := ctx
	ctx, cancel := context.WithTimeoutCause(ctx, t.DrainTime, fmt.Errorf("not everything was delivered within %v", t.DrainTime))
	defer cancel()
	if err := t.pause(ctx); err != nil {
		return err
	}
	stats, err := t.drain(ctx)
	if whole.Err() != nil { // somebody stops the torture: that says nothing of the hub
		return context.Cause(whole)
	}
	if err != nil {
		t.books.fail("not drained", "%v; the hub's counts: %+v", err, stats)
		t.countLost()
		return nil
	}
	t.countLost()
	t.result.MaxDuplicates = max(t.result.MaxDuplicates, t.checkDuplicatesKept())
	t.checkStats(stats)
	return nil
}

// pause pauses the load. Senders repeat keyed requests until they are answered, so a hub that ends meanwhile is started
// again.
func (t *torture) pause(ctx context.Context) error {
	paused := make(chan error, 1)
	go func() { paused <- t.load.pause(ctx) }()
	for {
		select {
		case err := <-paused:
			return err
		case <-t.Hub.Done():
			if err := t.revive(ctx); err != nil {
				return errors.Join(err, <-paused)
			}
		}
	}
}

// checkDuplicatesKept looks at the duplicates since the last start without beginning a new count.
func (t *torture) checkDuplicatesKept() uint64 {
	t.books.mu.Lock()
	defer t.books.mu.Unlock()
	most := uint64(0)
	for i := range t.books.lanes {
		most = max(most, t.books.perLane[i].sinceKill)
	}
	return most
}

// drain waits until the hub says that nothing is on its way, and replays mailboxes until they are empty.
func (t *torture) drain(ctx context.Context) (harness.Stats, error) {
	var stats harness.Stats
	for replays := 0; ; {
		if err := t.revive(ctx); err != nil {
			return stats, err
		}
		now, err := t.api.Stats(ctx)
		if err == nil {
			stats = now
			switch pending, mailbox := t.onTheWay(stats); {
			case pending:
			case !mailbox:
				return stats, nil
			case replays >= maxReplays:
				return stats, fmt.Errorf("the mailbox is not empty after %d replays", replays)
			default:
				replays++
				err = t.replay(ctx, stats)
			}
		}
		if ctx.Err() != nil {
			return stats, context.Cause(ctx)
		}
		if err != nil && alive(t.Hub) {
			return stats, err
		}
		sleep(ctx, statsPoll)
	}
}

// alive says whether the hub runs. A failpoint may end it while it drains, and a call with it.
func alive(h Hub) bool {
	select {
	case <-h.Done():
		return false
	case <-time.After(dialPause): // the end of a process takes a moment to be seen
	}
	select {
	case <-h.Done():
		return false
	default:
		return true
	}
}

// revive starts the hub again if it has ended.
func (t *torture) revive(ctx context.Context) error {
	select {
	case <-t.Hub.Done():
	default:
		return nil
	}
	t.atPoint()
	t.died("while draining")
	return t.start(ctx, "")
}

// onTheWay says whether deliveries are pending, and whether any are in a mailbox.
func (t *torture) onTheWay(s harness.Stats) (pending, mailbox bool) {
	for _, id := range t.ids {
		c, known := s.Integrations[id]
		if !known || c.Pending() > 0 {
			pending = true
		}
		mailbox = mailbox || c.Mailbox > 0
	}
	return pending, mailbox
}

// replay sends what is in the mailboxes once more.
func (t *torture) replay(ctx context.Context, s harness.Stats) error {
	for i, id := range t.ids {
		if s.Integrations[id].Mailbox == 0 {
			continue
		}
		items, err := t.api.Mailbox(ctx, id)
		if err != nil {
			return err
		}
		after, err := t.api.Stats(ctx) // a replay that a kill interrupted may be going on
		if err != nil {
			return err
		}
		if l := &t.books.lanes[i]; l.loose {
			// what was disabled stands in the list as well
		} else if n, most, least := uint64(len(items)), s.Integrations[id].Mailbox, after.Integrations[id].Mailbox; n > most || n < least {
			t.books.fail("mailbox", "%s: the counts say %d and then %d, the list has %d", l.name, most, least, n)
		}
		events := make([]string, len(items))
		for j, item := range items {
			events[j] = item.Event
		}
		t.books.hold(i, events)
		if _, _, err := t.api.Replay(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// countLost counts what was acknowledged and never arrived.
func (t *torture) countLost() {
	t.result.Lost = 0
	for i := range t.books.lanes {
		some, n := t.books.missing(i, missingShown)
		if n > 0 {
			t.books.fail("lost", "%s: %d events, the first: %s", t.books.lanes[i].name, n, t.books.describe(some))
		}
		t.result.Lost += n
	}
}

// checkStats compares the hub's counts, now that nothing is on its way, with each other and with the books. A kill in the
// middle of a write leaves half a frame that was never acknowledged; the hub may take it for damage and count it as lost.
func (t *torture) checkStats(s harness.Stats) {
	if !s.AddUp {
		t.books.fail("counts", "the hub itself says that its counts do not add up")
	}
	sums := t.books.sums()
	for i, id := range t.ids {
		l, c := &t.books.lanes[i], s.Integrations[id]
		sure, perhaps := t.books.wanted(i)
		own := sums.perLane[i].own
		t.result.CutOff = max(t.result.CutOff, c.Lost)
		switch {
		case !c.AddUp():
			t.books.fail("counts", "%s does not add up: %+v", l.name, c)
		case l.loose && c.Delivered <= sums.perLane[i].distinct:
		case c.Lost > perhaps || c.Expired+c.Skipped+c.Discarded+c.Mailbox > 0:
			t.books.fail("counts", "%s counts losses: %+v", l.name, c)
		case c.Matched < sure || c.Matched > sure+perhaps+own:
			t.books.fail("counts", "%s matched %d, want from %d to %d", l.name, c.Matched, sure, sure+perhaps+own)
		case c.Delivered != sums.perLane[i].distinct:
			t.books.fail("counts", "%s delivered %d, its receiver got %d", l.name, c.Delivered, sums.perLane[i].distinct)
		case c.Journalled < sums.acked || c.Journalled > s.Journalled:
			t.books.fail("counts", "%s journalled %d of %d; %d were acknowledged", l.name, c.Journalled, s.Journalled, sums.acked)
		}
	}
}
