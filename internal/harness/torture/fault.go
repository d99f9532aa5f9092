package torture

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
)

// Fault is one row of the matrix: something that goes wrong, done to a real hub again and again while every event is
// accounted for.
type Fault struct {
	Name string // what -faults calls it
	What string // what goes wrong, in a line
	// Long and Short are the rounds of the two forms; a form without rounds leaves the fault out.
	Long, Short int

	run func(ctx context.Context, b *Bench, row *Row, rounds int) error
}

// Matrix lists the faults in the order in which they are run and shown.
func Matrix() []Fault {
	return []Fault{
		killFault(), receiversFault(), throttleFault(), dnsFault(), tlsFault(), partialFault(), poisonFault(), diskFullFault(),
		diskErrorFault(), diskSlowFault(), clockFault(), configFault(), restartFault(), twoFault(), backlogFault(), rotFault(),
		descriptorsFault(), bombsFault(),
	}
}

// Pick finds faults by name; no name means all. An unknown name is an error.
func Pick(names []string) ([]Fault, error) {
	all := Matrix()
	if len(names) == 0 {
		return all, nil
	}
	var out []Fault
	for _, name := range names {
		i := slices.IndexFunc(all, func(f Fault) bool { return f.Name == name })
		if i < 0 {
			var known []string
			for _, f := range all {
				known = append(known, f.Name)
			}
			return nil, fmt.Errorf("there is no fault %q: there are %s", name, strings.Join(known, ", "))
		}
		out = append(out, all[i])
	}
	return out, nil
}

// Bench is where faults are tried.
type Bench struct {
	Binary string // a hub built with failpoints
	Dir    string // for data and logs; each fault has a folder in it
	Seed   uint64
	Short  bool
	Rate   float64 // events per second, where a fault does not need another
	// Kills, Life and Window are for the fault "kill"; see Config.
	Kills  int
	Life   time.Duration
	Window uint64
	// DrainTime and ReadyTime bound how long a round may take to deliver everything, and one start.
	DrainTime, ReadyTime time.Duration
	// Shared is where reference material is, such as corpora of hostile text; empty: built-in samples only.
	Shared string
	Keep   bool
	Out    io.Writer
}

// Row is what came of a fault: a line of the table.
type Row struct {
	Fault, What string
	Rounds      int
	Acked       uint64
	Lost        int
	Duplicates  uint64
	Skipped     string   // why it could not be tried here
	Notes       []string // figures
	Violations  violations
	Took        time.Duration

	stopped bool  // by an error of the harness
	peak    int64 // the most memory that a hub held, in bytes
}

// Err is not nil if anything happened that must not.
func (r *Row) Err() error {
	if err := (&Result{Violations: r.Violations}).Err(); err != nil {
		return fmt.Errorf("%s: %w", r.Fault, err)
	}
	return nil
}

func (r *Row) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// violate adds a violation that the books do not know of.
func (r *Row) violate(kind, format string, args ...any) { r.Violations.add(kind, format, args...) }

// add takes over what books say.
func (r *Row) add(s *sums, wrong violations, lost int) {
	r.Acked += s.acked
	r.Lost += lost
	r.Duplicates += s.duplicates()
	for kind, one := range wrong {
		for _, d := range one.details {
			r.Violations.add(kind, "%s", d)
		}
		r.Violations[kind].count += one.count - len(one.details)
	}
}

// Try runs one fault; rounds of 0 are those of the form. The error is about the harness or its surroundings.
func (b *Bench) Try(ctx context.Context, f Fault, rounds int) (*Row, error) {
	if rounds == 0 {
		if rounds = f.Long; b.Short {
			rounds = f.Short
		}
	}
	row := &Row{Fault: f.Name, What: f.What}
	if rounds == 0 {
		row.Skipped = "not in the short form"
		return row, nil
	}
	began := time.Now()
	err := f.run(ctx, b, row, rounds)
	row.Took = time.Since(began)
	if row.peak > 0 {
		row.note("most memory %d MB", row.peak>>20)
	}
	if err != nil {
		row.stopped = true
		return row, fmt.Errorf("%s: %w", f.Name, err)
	}
	if len(row.Violations) == 0 && !b.Keep {
		if err := os.RemoveAll(b.folder(f.Name)); err != nil {
			return row, fmt.Errorf("removing %s: %w", b.folder(f.Name), err)
		}
	}
	return row, nil
}

// Log is the hub's log of a fault. (Faults whose rounds have a hub each keep them in folders beside it.)
func (b *Bench) Log(fault string) string { return filepath.Join(b.folder(fault), "hub.log") }

func (b *Bench) folder(fault string) string { return filepath.Join(b.Dir, fault) }

// stand says how a hub, its receivers and its load are set up for a fault. The zero stand is that of the fault "kill"
// without the kills.
type stand struct {
	name   string // of its folder within the fault's; for faults with more than one hub
	lanes  []lane
	plan   plan
	rate   float64
	env    []string
	unsure bool // see load
	// prepare changes the process before its first start.
	prepare func(*harness.Process)
	listen  listen
	shape   func(index int, addr string, i *harness.Integration)
}

// hub prepares a process in a directory of its own.
func (b *Bench) hub(ctx context.Context, row *Row, s *stand) (*harness.Process, error) {
	addr, err := harness.FreeAddr(ctx)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.folder(row.Fault), s.name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	p := &harness.Process{
		Binary: b.Binary, DataDir: filepath.Join(dir, "data"), Listen: addr, Log: filepath.Join(dir, "hub.log"),
		Env: SmallJournal(),
	}
	if s.prepare != nil {
		s.prepare(p)
	}
	return p, nil
}

// round is one round of a fault on a stand: it does what goes wrong and accounts for the events.
type round func(ctx context.Context, t *torture, number int) error

// on sets a stand up and runs rounds on it until one finds a violation.
func (b *Bench) on(ctx context.Context, row *Row, s stand, rounds int, one round) error {
	hub, err := b.hub(ctx, row, &s)
	if err != nil {
		return err
	}
	if s.lanes == nil {
		s.lanes = lanes
	}
	if s.rate == 0 {
		s.rate = b.Rate
	}
	s.plan.seed = b.Seed
	t := &torture{
		Config: Config{
			Hub: hub, Seed: b.Seed, Rate: s.rate, Window: b.Window, DrainTime: b.DrainTime, ReadyTime: b.ReadyTime, Out: io.Discard,
		},
		rng: rand.New(rand.NewPCG(b.Seed, 2)), books: newBooks(s.plan, s.lanes), env: s.env, listen: s.listen, shape: s.shape, unsure: s.unsure,
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer t.tearDown(cancel)
	defer func() {
		s := t.books.sums()
		row.add(&s, t.books.violationsSoFar(), t.result.Lost)
	}()
	if err := t.setUp(ctx); err != nil {
		return err
	}
	for i := range rounds {
		if err := one(ctx, t, i); err != nil {
			return fmt.Errorf("round %d: %w", i+1, err)
		}
		row.Rounds++
		row.weigh(hub)
		if len(t.books.violationsSoFar()) > 0 || len(row.Violations) > 0 {
			break
		}
	}
	return nil
}

// weigh notes the most memory that the hub has held; a hub that does not run is left out.
func (r *Row) weigh(p *harness.Process) {
	select {
	case <-p.Done():
		return
	default:
	}
	if m, err := harness.ReadMemory(p.PID()); err == nil {
		r.peak = max(r.peak, m.Peak)
	}
}

// process is the stand's hub.
func (t *torture) process() *harness.Process { return t.Hub.(*harness.Process) }

// loaded lets the load run for a while.
func (t *torture) loaded(ctx context.Context, d time.Duration) {
	t.load.resume()
	sleep(ctx, d)
}

// settled waits until nothing is on its way to the lanes that are meant; false if it took too long.
func (t *torture) settled(ctx context.Context, within time.Duration, meant func(lane int) bool) (bool, error) {
	for until := time.Now().Add(within); ; sleep(ctx, statsPoll) {
		s, err := t.api.Stats(ctx)
		if err != nil {
			return false, err
		}
		pending := uint64(0)
		for i, id := range t.ids {
			if meant(i) {
				pending += s.Integrations[id].Pending()
			}
		}
		if pending == 0 {
			return true, nil
		}
		if time.Now().After(until) || ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
	}
}

func everyLane(int) bool { return true }
