package torture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/harness"
)

// Hub is what is tortured: harness.Process, or a stand-in of a test.
type Hub interface {
	// Start starts the hub with more environment, waits until it is ready, and gives the time that took. Its error wraps
	// harness.ErrEnded when the hub ended before.
	Start(ctx context.Context, env ...string) (time.Duration, error)
	// Kill ends it as a power cut would.
	Kill() error
	// Stop ends it in peace.
	Stop(ctx context.Context) error
	// Done is closed when it has ended, whatever ended it.
	Done() <-chan struct{}
	// Crash says why it ended, nil if it was by SIGKILL; after Done.
	Crash() error
	// Addr is where it listens, host:port.
	Addr() string
}

// Config says how to torture.
type Config struct {
	Hub    Hub
	Rounds int
	Seed   uint64
	Rate   float64 // events per second
	Kills  int     // at most, per round, beside the restarts that put failpoints in place
	// Life is how long the hub lives at most between two kills of a round.
	Life   time.Duration
	Window uint64 // most duplicates per kill and lane
	// DrainTime bounds how long a round may take to deliver everything once the receivers are up.
	DrainTime time.Duration
	// ReadyTime bounds one start.
	ReadyTime time.Duration
	Out       io.Writer // a line per round
}

// DefaultLife is how long the hub lives at most between two kills.
const DefaultLife = 1650 * time.Millisecond

// DefaultWindow is the most duplicates per kill and lane: the largest lane window of the hub.
const DefaultWindow = 16_384

// Result is what a torture found.
type Result struct {
	Rounds, Kills int
	Points        map[string]int // deaths at each failpoint
	Sums          sums
	Lost          int
	CutOff        uint64 // what the hub counts as lost although it was never acknowledged, per lane
	MaxDuplicates uint64 // per kill and lane
	Recoveries    []time.Duration
	Violations    violations
}

// Err is not nil if anything happened that must not.
func (r *Result) Err() error {
	if len(r.Violations) == 0 {
		return nil
	}
	return fmt.Errorf("violations:\n%s", r.Violations)
}

// torture is one run.
type torture struct {
	Config
	rng       *rand.Rand
	books     *books
	receivers []*receiver
	ids       []string // of the integrations, by lane
	api       *harness.API
	load      *load
	result    Result
	deaths    []string // of this round
	armed     string   // the failpoint of this life or the last
	once      bool     // see load
	unsure    bool     // see load
	env       []string // of every start
	listen    listen   // of the receivers; nil: TCP
	// shape changes an integration before it is made; nil: as the lane has it.
	shape func(index int, addr string, i *harness.Integration)
}

// Run tortures. The error is about the harness or its surroundings; what the hub did wrong is in the result, which is
// valid either way.
func Run(ctx context.Context, c Config) (*Result, error) {
	t := &torture{Config: c, rng: rand.New(rand.NewPCG(c.Seed, 0)), books: newBooks(plan{seed: c.Seed}, lanes)}
	err := t.run(ctx)
	t.result.Sums, t.result.Violations = t.books.sums(), t.books.violationsSoFar()
	return &t.result, err
}

func (t *torture) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer t.tearDown(cancel)
	if err := t.setUp(ctx); err != nil {
		return err
	}
	for i := range t.Rounds {
		if err := t.round(ctx, i+1); err != nil {
			return fmt.Errorf("round %d: %w", i+1, err)
		}
		t.result.Rounds = i + 1
		if len(t.books.violationsSoFar()) > 0 {
			return nil
		}
	}
	return nil
}

func (t *torture) setUp(ctx context.Context) error {
	if err := t.start(ctx, ""); err != nil {
		return err
	}
	api, err := harness.NewAPI(t.Hub.Addr())
	if err != nil {
		return err
	}
	t.api = api
	for i := range t.books.lanes {
		r, err := newReceiver(ctx, i, t.books, t.listen)
		if err != nil {
			return err
		}
		t.receivers = append(t.receivers, r)
		integration := t.books.lanes[i].integration(r.addr)
		if t.shape != nil {
			t.shape(i, r.addr, &integration)
		}
		id, err := api.Create(ctx, integration)
		if err != nil {
			return err
		}
		t.ids = append(t.ids, id)
	}
	t.load = startLoad(ctx, &load{books: t.books, addr: t.Hub.Addr(), rate: t.Rate, seed: t.Seed, once: t.once, unsure: t.unsure})
	return nil
}

func (t *torture) tearDown(cancel context.CancelFunc) {
	cancel()
	if t.load != nil {
		t.load.done.Wait()
	}
	if err := t.Hub.Kill(); err != nil {
		t.books.fail("harness", "%v", err)
	}
	for _, r := range t.receivers {
		r.close()
	}
	if t.api != nil {
		t.api.Close()
	}
}

// start starts the hub. A death at a failpoint while it starts is part of the game: it is then started without.
func (t *torture) start(ctx context.Context, failpoints string) error {
	ready, cancel := context.WithTimeout(ctx, t.ReadyTime)
	defer cancel()
	env := slices.Clone(t.env)
	if failpoints == "" {
		t.armed = ""
	} else {
		env = append(env, failpoint.Env+"="+failpoints)
	}
	took, err := t.Hub.Start(ready, env...)
	if failpoints != "" && errors.Is(err, harness.ErrEnded) && t.Hub.Crash() == nil {
		t.atPoint()
		t.died("while starting")
		return t.start(ctx, "")
	}
	if err != nil {
		return fmt.Errorf("starting the hub: %w", err)
	}
	t.result.Recoveries = append(t.result.Recoveries, took)
	return nil
}

// atPoint notes that the hub died by itself: at the failpoint it was started with, or of a crash.
func (t *torture) atPoint() {
	if err := t.Hub.Crash(); err != nil {
		t.books.fail("crash", "%v", err)
		return
	}
	if t.result.Points == nil {
		t.result.Points = map[string]int{}
	}
	t.result.Points[t.armed]++
}

// died notes a death of the hub.
func (t *torture) died(how string) {
	t.result.Kills++
	t.deaths = append(t.deaths, how)
	t.result.MaxDuplicates = max(t.result.MaxDuplicates, t.checkDuplicates())
}

func (t *torture) checkDuplicates() uint64 {
	n := t.books.restarted()
	if n > t.Window {
		t.books.fail("too many duplicates", "%d after one kill, more than a window of %d", n, t.Window)
	}
	return n
}

// round is load, moods and kills, and the accounting after them.
func (t *torture) round(ctx context.Context, number int) error {
	t.deaths = t.deaths[:0]
	before := t.books.sums()
	began := time.Now()
	if err := t.storm(ctx, number); err != nil {
		return err
	}
	stormed := time.Since(began)
	began = time.Now()
	if err := t.account(ctx); err != nil {
		return err
	}
	after := t.books.sums()
	_, err := fmt.Fprintf(t.Out, "round %d: %.1f s, %d acknowledged, %d unanswered, deaths: %v, drained in %.1f s\n",
		number, stormed.Seconds(), after.acked-before.acked, int64(after.unclear)-int64(before.unclear), t.deaths,
		time.Since(began).Seconds())
	return err
}

// storm lets the load run while receivers change their moods and the hub is killed: first at the failpoint whose turn it
// is, then as it is drawn.
func (t *torture) storm(ctx context.Context, number int) error {
	moody, calm := context.WithCancel(ctx)
	var wandering sync.WaitGroup
	errs := make([]error, len(t.receivers))
	for i, r := range t.receivers {
		rng := rand.New(rand.NewPCG(t.rng.Uint64(), uint64(i)))
		wandering.Go(func() { errs[i] = r.wander(moody, rng) })
	}
	t.load.resume()
	err := t.live(ctx, deathAt(t.rng, failpoint.Names[(number+int(t.Seed%1024))%len(failpoint.Names)], t.Life))
	for range t.rng.IntN(t.Kills) {
		if err != nil {
			break
		}
		if err = t.live(ctx, drawDeath(t.rng, t.Life)); err != nil {
			break
		}
	}
	if err == nil && t.rng.IntN(3) == 0 {
		err = t.arm(ctx, drawLateDeath(t.rng))
	}
	calm()
	wandering.Wait()
	return errors.Join(err, errors.Join(errs...))
}

// live gives the hub one life: it is restarted with the death's failpoints, lives, and is brought back.
func (t *torture) live(ctx context.Context, d death) error {
	if err := t.arm(ctx, d); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.Hub.Done():
		t.atPoint()
	case <-time.After(d.after):
		if d.point != "" {
			d.name = "random, " + d.point + " was not reached"
		}
		if d.clean {
			if err := t.stop(ctx); err != nil {
				return err
			}
			break
		}
		if err := t.Hub.Kill(); err != nil {
			return err
		}
	}
	t.died(d.name)
	return t.start(ctx, "")
}

// arm restarts the hub with failpoints, where the death needs them: that is a kill of its own.
func (t *torture) arm(ctx context.Context, d death) error {
	if d.env == "" {
		return nil
	}
	if err := t.Hub.Kill(); err != nil {
		return err
	}
	t.died("random")
	t.armed = d.name
	return t.start(ctx, d.env)
}

// stopTime bounds a stop: the hub's own deadline and a bit.
const stopTime = 30 * time.Second

// stop stops the hub in peace, unless a failpoint ends it before.
func (t *torture) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	err := t.Hub.Stop(ctx)
	if err != nil && ctx.Err() == nil && t.armed != "" && !alive(t.Hub) && t.Hub.Crash() == nil {
		t.atPoint()
		return nil
	}
	return err
}
