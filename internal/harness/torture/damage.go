package torture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
)

// SmallJournal is the environment of a hub whose journal rotates and trims within a torture: segments of 1 MiB, and at
// most 64 MiB and two minutes in all. Rounds drain before events are that old.
func SmallJournal() []string {
	return []string{
		"TOCSIN_JOURNAL_SEGMENT_BYTES=1MiB", "TOCSIN_JOURNAL_MAX_BYTES=64MiB", "TOCSIN_JOURNAL_MAX_AGE=2m",
		"TOCSIN_JOURNAL_BALLAST_BYTES=1MiB",
	}
}

// frameEvents is the most events that one frame can hold: what one flipped bit may cost (a frame is at most 900 KiB).
const frameEvents = 900 << 10 / smallEvent

// damageLanes are the lanes of a damage round: both engines, all events.
func damageLanes() []lane { return []lane{lanes[0], lanes[3]} }

// DamageConfig says how to damage.
type DamageConfig struct {
	Hub       Hub
	DataDir   string // where the hub keeps its journal, in the folder "journal"
	Log       string // the hub's log
	Seed      uint64
	Events    int // how many are sent before the damage; 0 takes DefaultDamageEvents
	DrainTime time.Duration
	ReadyTime time.Duration
}

// DefaultDamageEvents fill a handful of small segments.
const DefaultDamageEvents = 15_000

// DamageResult is what rounds of damage found.
type DamageResult struct {
	Rounds, Flips  int
	Events         uint64 // acknowledged
	Missing, Count uint64 // never delivered, and what the hub counted as lost; all lanes together
	Uncounted      uint64 // of those missing, beyond the count: the last frame may not tell how much it held
	Duplicates     uint64
	Harmless       int // rounds whose flips cost nothing
	Violations     violations
	what           string
	newest         bool // a flip hit the newest file
}

// Err is not nil if anything happened that must not.
func (r *DamageResult) Err() error { return (&Result{Violations: r.Violations}).Err() }

// Line sums it up on one line.
func (r *DamageResult) Line() string {
	text := fmt.Sprintf("%d flips, %d events acknowledged, %d deliveries missing, %d counted as lost", r.Flips, r.Events, r.Missing, r.Count)
	if r.Uncounted > 0 {
		text += fmt.Sprintf(", %d reported but not counted (the journal's last frame)", r.Uncounted)
	}
	if r.Rounds > 1 {
		text += fmt.Sprintf(", %d of %d rounds without loss", r.Harmless, r.Rounds)
	}
	if r.what != "" {
		text += " (" + r.what + ")"
	}
	return text
}

// Add adds another round.
func (r *DamageResult) Add(o *DamageResult) {
	r.Rounds += o.Rounds
	r.Flips += o.Flips
	r.Events += o.Events
	r.Missing += o.Missing
	r.Count += o.Count
	r.Uncounted += o.Uncounted
	r.Harmless += o.Harmless
	r.Duplicates += o.Duplicates
}

// RunDamage makes a backlog, ends the hub, flips bits in its journal, and looks at what comes of it: the hub must start,
// say what is damaged, deliver all the rest as it was sent, and go on.
func RunDamage(ctx context.Context, c DamageConfig) (*DamageResult, error) {
	if c.Events == 0 {
		c.Events = DefaultDamageEvents
	}
	t := &torture{
		Config: Config{
			Hub: c.Hub, Seed: c.Seed, Rate: 50_000, Window: DefaultWindow, DrainTime: c.DrainTime, ReadyTime: c.ReadyTime, Out: io.Discard,
		},
		rng: rand.New(rand.NewPCG(c.Seed, 1)), books: newBooks(plan{seed: c.Seed}, damageLanes()), once: true,
	}
	r := &DamageResult{Rounds: 1}
	err := t.damage(ctx, c, r)
	r.Violations = t.books.violationsSoFar()
	sums := t.books.sums()
	r.Duplicates = sums.duplicates()
	return r, err
}

func (t *torture) damage(ctx context.Context, c DamageConfig, r *DamageResult) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer t.tearDown(cancel)
	if err := t.setUp(ctx); err != nil {
		return err
	}
	if err := t.backlog(ctx, c.Events); err != nil {
		return err
	}
	stopped := t.rng.IntN(2) == 0
	if err := t.end(ctx, stopped); err != nil {
		return err
	}
	flips, err := flip(c.DataDir+"/journal", t.rng)
	if err != nil {
		return err
	}
	r.Flips, r.newest = len(flips.where), flips.newest
	r.what = fmt.Sprintf("stopped cleanly: %t; %s", stopped, strings.Join(flips.where, ", "))
	if err := t.start(ctx, ""); err != nil {
		if errors.Is(err, harness.ErrEnded) {
			t.books.fail("does not start", "after %s: %v", r.what, err)
			return nil
		}
		return err
	}
	return t.survey(ctx, r)
}

// backlog lets the receivers take some events, or none, and go away, and sends the rest. Of what they took, all is
// delivered, or the hub is in the midst of it.
func (t *torture) backlog(ctx context.Context, events int) error {
	t.load.resume()
	if t.rng.IntN(2) == 0 {
		if err := t.waitAcked(ctx, uint64(t.rng.IntN(events))); err != nil {
			return err
		}
		if t.rng.IntN(2) == 0 {
			if err := t.load.pause(ctx); err != nil {
				return err
			}
			if _, err := t.drain(ctx); err != nil {
				return err
			}
			t.load.resume()
		}
	}
	for _, r := range t.receivers {
		if err := r.set(ctx, moodDown); err != nil {
			return err
		}
	}
	if err := t.waitAcked(ctx, uint64(events)); err != nil {
		return err
	}
	return t.load.pause(ctx)
}

func (t *torture) waitAcked(ctx context.Context, n uint64) error {
	for t.books.sums().acked < n {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		select {
		case <-t.Hub.Done():
			return fmt.Errorf("while making a backlog: %w", t.Hub.Crash())
		case <-time.After(dialPause):
		}
	}
	return nil
}

func (t *torture) end(ctx context.Context, clean bool) error {
	if clean {
		return t.stop(ctx)
	}
	return t.Hub.Kill()
}

// survey delivers what is left and compares what is missing with what the hub admits.
func (t *torture) survey(ctx context.Context, r *DamageResult) error {
	for _, rec := range t.receivers {
		if err := rec.set(ctx, moodUp); err != nil {
			return err
		}
	}
	limited, cancel := context.WithTimeoutCause(ctx, t.DrainTime, fmt.Errorf("not everything was delivered within %v", t.DrainTime))
	defer cancel()
	stats, err := t.drain(limited)
	if err != nil {
		t.books.fail("not drained", "%s: %v; the hub's counts: %+v", r.what, err, stats)
		return nil
	}
	r.Events = t.books.sums().acked
	missing := t.compareLosses(stats, r)
	if r.Missing > 0 && !t.admitsDamage(ctx) {
		t.books.fail("silent damage", "%s: no metric tells of it", r.what)
	}
	if r.Missing == 0 {
		r.Harmless = 1
	}
	return t.goOn(limited, missing, r)
}

// compareLosses checks each lane: nothing is missing that is not counted as lost, and no more than the frames held. What
// the journal's last frame held cannot always be known, because nothing follows that would show a gap: there it is
// enough that the damage is reported.
func (t *torture) compareLosses(stats harness.Stats, r *DamageResult) (missing []int) {
	most := r.Flips * frameEvents
	for i, id := range t.ids {
		some, n := t.books.missing(i, missingShown)
		missing = append(missing, n)
		c, name := stats.Integrations[id], t.books.lanes[i].name
		r.Missing += uint64(n)
		r.Count += c.Lost
		uncounted := uint64(n) - min(c.Lost, uint64(n))
		r.Uncounted += uncounted
		switch {
		case uncounted > frameEvents || uncounted > 0 && !r.newest:
			t.books.fail("silent loss", "%s: %d are missing, %d counted as lost, after %s; the first: %s", name, n, c.Lost, r.what, t.books.describe(some))
		case n > most || c.Lost > uint64(most):
			t.books.fail("not contained", "%s: %d are missing, %d counted as lost, after %s", name, n, c.Lost, r.what)
		case !c.AddUp():
			t.books.fail("counts", "%s does not add up: %+v", name, c)
		}
	}
	return missing
}

// admitsDamage says whether /metrics tells of damage.
func (t *torture) admitsDamage(ctx context.Context) bool {
	m, err := t.api.Metrics(ctx)
	if err != nil {
		t.books.fail("metrics", "%v", err)
		return false
	}
	for name, v := range m {
		if (strings.Contains(name, "damage") || strings.Contains(name, "quarantine") || strings.Contains(name, `"lost"`)) && v > 0 {
			return true
		}
	}
	return false
}

// goOn sends more, restarts the hub once more and looks that nothing else went missing.
func (t *torture) goOn(ctx context.Context, missing []int, r *DamageResult) error {
	const more = 500
	t.load.resume()
	if err := t.waitAcked(ctx, t.books.sums().acked+more); err != nil {
		return err
	}
	if err := t.load.pause(ctx); err != nil {
		return err
	}
	if err := t.stop(ctx); err != nil {
		return err
	}
	if err := t.start(ctx, ""); err != nil {
		return err
	}
	if stats, err := t.drain(ctx); err != nil {
		t.books.fail("not drained", "after going on, %s: %v; the hub's counts: %+v", r.what, err, stats)
		return nil
	}
	for i := range t.ids {
		if some, n := t.books.missing(i, missingShown); n != missing[i] {
			t.books.fail("lost", "%s, after going on: %d are missing instead of %d: %s", t.books.lanes[i].name, n, missing[i], t.books.describe(some))
		}
	}
	return nil
}
