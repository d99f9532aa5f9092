// Command torture proves that the hub loses nothing: it builds it with failpoints, loads it, does to it what can go wrong,
// fault by fault, and accounts for every acknowledged event. See docs/reliability.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/harness/torture"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	rounds         int
	faults, report string
	race           bool
	bench          torture.Bench
}

func parse() (options, error) {
	var o options
	b := &o.bench
	flag.IntVar(&o.rounds, "rounds", 0, "rounds of each fault; 0 takes each fault's own number")
	flag.StringVar(&o.faults, "faults", "", "faults to try, with commas between; none is all (-list)")
	list := flag.Bool("list", false, "list the faults and stop")
	flag.BoolVar(&b.Short, "short", false, "the short form, as in make test")
	flag.StringVar(&o.report, "report", "", "a Markdown file into which the table is written, between its marks")
	flag.IntVar(&b.Kills, "kills", 3, "fault kill: most kills per round, beside the restarts that put failpoints in place")
	flag.Uint64Var(&b.Seed, "seed", 0, "seed of everything that is drawn; 0 takes the time")
	flag.Float64Var(&b.Rate, "rate", 2000, "events per second that are sent")
	flag.Uint64Var(&b.Window, "window", torture.DefaultWindow, "fault kill: most duplicates per kill and integration")
	flag.DurationVar(&b.Life, "life", torture.DefaultLife, "fault kill: longest life of the hub between two kills of a round")
	flag.DurationVar(&b.DrainTime, "drain", 90*time.Second, "longest time to deliver everything at the end of a round")
	flag.DurationVar(&b.ReadyTime, "ready", 20*time.Second, "longest time of one start")
	flag.BoolVar(&o.race, "race", false, "build the hub with the race detector")
	flag.BoolVar(&b.Keep, "keep", false, "keep data and logs although all went well")
	flag.StringVar(&b.Dir, "dir", "", "where data and logs go; without it a temporary directory")
	flag.StringVar(&b.Binary, "hub", "", "a hub built with -tags failpoint, instead of building one")
	flag.Parse()
	if *list {
		for _, f := range torture.Matrix() {
			fmt.Printf("%-12s %3d rounds  %s\n", f.Name, f.Long, f.What)
		}
		os.Exit(0)
	}
	if flag.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", flag.Arg(0))
	}
	if b.Seed == 0 {
		b.Seed = uint64(time.Now().UnixNano())
	}
	b.Shared, b.Out = os.Getenv("TOCSIN_SHARED"), os.Stdout
	return o, nil
}

func run(ctx context.Context) (err error) {
	o, err := parse()
	if err != nil {
		return err
	}
	var names []string
	if o.faults != "" {
		names = strings.Split(o.faults, ",")
	}
	faults, err := torture.Pick(names)
	if err != nil {
		return err
	}
	b := &o.bench
	if b.Dir == "" {
		if b.Dir, err = os.MkdirTemp("", "tocsin-torture-"); err != nil {
			return fmt.Errorf("making a directory: %w", err)
		}
		defer func() {
			if err != nil || b.Keep {
				fmt.Printf("data and logs are kept in %s\n", b.Dir)
				return
			}
			err = os.RemoveAll(b.Dir)
		}()
	}
	if b.Binary == "" {
		if b.Binary, _, err = harness.BuildFaulty(ctx, b.Dir, o.race); err != nil {
			return err
		}
	}
	fmt.Printf("seed %d\n", b.Seed)
	return o.try(ctx, faults)
}

// try runs the faults one after the other. They have nothing in common, so one that breaks does not stop the others.
func (o *options) try(ctx context.Context, faults []torture.Fault) error {
	var rows []*torture.Row
	var failed error
	for _, f := range faults {
		if ctx.Err() != nil {
			break
		}
		row, err := o.bench.Try(ctx, f, o.rounds)
		rows = append(rows, row)
		failed = errors.Join(failed, err, row.Err())
		fmt.Println(row.Line())
		if err != nil {
			fmt.Println(err)
		}
		fmt.Print(row.Violations)
	}
	fmt.Println()
	failed = errors.Join(failed, torture.PrintTable(os.Stdout, rows))
	if o.report != "" {
		failed = errors.Join(failed, torture.WriteReport(o.report, rows))
	}
	return failed
}
