package torture

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// clockFault sets the hub's wall clock wrong while deliveries wait for their next attempt. They neither wait for the time
// to come round again nor storm, and ids stay in order.
func clockFault() Fault {
	return Fault{
		Name: "clock", What: "the wall clock jumps by up to an hour, forth and back, again and again", Long: 40, Short: 1, run: runClock,
	}
}

// clockJumps stay, all together, below the day for which the hub remembers idempotency keys: beyond it, it forgets them.
var clockJumps = []time.Duration{
	time.Hour, -time.Hour, time.Hour, -time.Hour, 2 * time.Minute, -2 * time.Minute, 3 * time.Second, -3 * time.Second, 59 * time.Second, -59 * time.Second,
}

// afterJump is how soon everything must be delivered once the receivers are well, whatever the clock says.
const afterJump = 20 * time.Second

// wrongClock is a clock that is set wrong.
type wrongClock struct {
	file string
	by   time.Duration
}

// write puts the difference where the hub looks for it.
func (c *wrongClock) write() error {
	if err := os.WriteFile(c.file, []byte(c.by.String()), 0o600); err != nil {
		return fmt.Errorf("setting the clock: %w", err)
	}
	return nil
}

// jump sets the clock of the stand's hub while it runs.
func (c *wrongClock) jump(t *torture) error {
	c.by = (c.by + clockJumps[t.rng.IntN(len(clockJumps))]) % (10 * time.Hour)
	if err := c.write(); err != nil {
		return err
	}
	if err := syscall.Kill(t.process().PID(), syscall.SIGUSR1); err != nil {
		return fmt.Errorf("setting the clock: %w", err)
	}
	return nil
}

func runClock(ctx context.Context, b *Bench, row *Row, rounds int) error {
	if !bytesInFile(b.Binary, "ShiftWall") {
		row.Skipped = "this hub was built without a clock that can be set wrong"
		return nil
	}
	clock := &wrongClock{file: filepath.Join(b.folder(row.Fault), "wrong-by")}
	if err := os.MkdirAll(filepath.Dir(clock.file), 0o700); err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	if err := clock.write(); err != nil {
		return err
	}
	// Events must not be too old for the journal because somebody set the clock.
	s := stand{env: []string{failpoint.EnvClock + "=" + clock.file, "TOCSIN_JOURNAL_MAX_AGE=168h"}}
	most := uint64(0)
	err := b.on(ctx, row, s, rounds, func(ctx context.Context, t *torture, _ int) error {
		n, err := t.clockRound(ctx, clock)
		most = max(most, n)
		return err
	})
	row.note("at most %d requests in %v to a receiver that fails", most, mannerTime)
	return err
}

// clockRound sets the clock twice while one receiver fails and another fails for some events, so that deliveries wait
// behind an open breaker and without one. It gives the most requests that the failing one got after a jump.
func (t *torture) clockRound(ctx context.Context, clock *wrongClock) (most uint64, err error) {
	moody, failing := t.receivers[t.rng.IntN(2)], t.receivers[2+t.rng.IntN(2)] // single messages, and batches
	moody.behave(failsSome())
	if err := failing.set(ctx, moodFailing); err != nil {
		return 0, err
	}
	t.loaded(ctx, mannerTime)
	for range 2 {
		before := failing.requests.Load()
		if err := clock.jump(t); err != nil {
			return 0, err
		}
		sleep(ctx, mannerTime)
		n := failing.requests.Load() - before
		most = max(most, n)
		if float64(n) > hammering*mannerTime.Seconds() {
			t.books.fail("storm", "%d requests in %v to a receiver that fails, after the clock was set", n, mannerTime)
		}
	}
	if t.rng.IntN(3) == 0 { // a restart that finds due times of another clock
		if err := t.stop(ctx); err != nil {
			return most, err
		}
		t.books.restarted()
		if err := t.start(ctx, ""); err != nil {
			return most, err
		}
	}
	if err := t.pause(ctx); err != nil {
		return most, err
	}
	for _, r := range t.receivers {
		if err := r.set(ctx, moodUp); err != nil {
			return most, err
		}
	}
	if ok, err := t.settled(ctx, afterJump, everyLane); err != nil || !ok {
		t.books.fail("held back", "the clock is wrong by %v, and deliveries still wait after %v (%v)", clock.by, afterJump, err)
	}
	t.books.checkIDs()
	return most, t.account(ctx)
}

// failsSome answers 500 for one event in 800, always the same ones: few, so that they wait for their next attempt while no
// breaker is open.
func failsSome() *manner {
	return &manner{"fails for some", func(r *receiver, _ *wire.Conn, m *wire.Message, _ <-chan struct{}) ([]byte, wire.After) {
		if n, ours := harness.EventNumber(m.Body); r.spec.format == formatObject && ours && n/workers%800 == 3 {
			return plainAnswer(500), wire.Keep
		}
		return r.take(m, false), wire.Keep
	}}
}

func bytesInFile(path, text string) bool {
	b, err := os.ReadFile(path)
	return err == nil && bytes.Contains(b, []byte(text))
}

// checkIDs looks that the ids of one worker's events, which were sent one request after the other, are in their order.
// An event whose answer was lost may have been taken later than it seems.
func (b *books) checkIDs() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.events {
		last, of := "", 0
		for i := range b.events[w] {
			r := &b.events[w][i]
			if r.fate != acked || r.loose || r.repeated {
				continue
			}
			if id := r.id.String(); strings.Compare(id, last) <= 0 {
				b.wrong.add("ids out of order", "worker %d: event %d is %s, event %d before it was %s", w, i, id, of, last)
			} else {
				last, of = id, i
			}
		}
	}
}
