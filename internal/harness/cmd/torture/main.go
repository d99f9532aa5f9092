// Command torture proves that the hub loses nothing: it builds it with failpoints, loads it, kills it, lets its receivers
// misbehave, damages its journal, and accounts for every acknowledged event. See docs/measurements.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
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
	rounds, damage, kills int
	seed                  uint64
	rate                  float64
	window                uint64
	race, keep            bool
	life, drain, ready    time.Duration
	dir, binary           string
}

func parse() options {
	var o options
	flag.IntVar(&o.rounds, "rounds", 200, "rounds of load, moods and kills")
	flag.IntVar(&o.damage, "damage", -1, "rounds of flipped bits; -1 is a tenth of -rounds")
	flag.IntVar(&o.kills, "kills", 3, "most kills per round, beside the restarts that put failpoints in place")
	flag.Uint64Var(&o.seed, "seed", 0, "seed of everything that is drawn; 0 takes the time")
	flag.Float64Var(&o.rate, "rate", 2000, "events per second that are sent")
	flag.Uint64Var(&o.window, "window", torture.DefaultWindow, "most duplicates per kill and integration")
	flag.DurationVar(&o.life, "life", torture.DefaultLife, "longest life of the hub between two kills of a round")
	flag.DurationVar(&o.drain, "drain", 90*time.Second, "longest time to deliver everything at the end of a round")
	flag.DurationVar(&o.ready, "ready", 20*time.Second, "longest time of one start")
	flag.BoolVar(&o.race, "race", false, "build the hub with the race detector")
	flag.BoolVar(&o.keep, "keep", false, "keep data and logs although all went well")
	flag.StringVar(&o.dir, "dir", "", "where data and logs go; without it a temporary directory")
	flag.StringVar(&o.binary, "hub", "", "a hub built with -tags failpoint, instead of building one")
	flag.Parse()
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano())
	}
	if o.damage < 0 {
		o.damage = (o.rounds + 9) / 10
	}
	return o
}

func run(ctx context.Context) (err error) {
	o := parse()
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "tocsin-torture-"); err != nil {
			return fmt.Errorf("making a directory: %w", err)
		}
		defer func() {
			if err != nil || o.keep {
				fmt.Printf("data and logs are kept in %s\n", o.dir)
				return
			}
			err = os.RemoveAll(o.dir)
		}()
	}
	if o.binary == "" {
		if o.binary, err = harness.Build(ctx, o.dir, "failpoint", o.race); err != nil {
			return err
		}
	}
	fmt.Printf("seed %d\n", o.seed)
	return errors.Join(o.storms(ctx), o.damages(ctx))
}

// storms runs the rounds of load, moods and kills.
func (o options) storms(ctx context.Context) error {
	if o.rounds == 0 {
		return nil
	}
	hub, err := newHub(ctx, o, filepath.Join(o.dir, "storm"))
	if err != nil {
		return err
	}
	r, err := torture.Run(ctx, torture.Config{
		Hub: hub, Rounds: o.rounds, Seed: o.seed, Rate: o.rate, Kills: o.kills, Life: o.life, Window: o.window,
		DrainTime: o.drain, ReadyTime: o.ready, Out: os.Stdout,
	})
	return errors.Join(err, r.Print(os.Stdout), r.Err())
}

// newHub prepares a process in a directory of its own. The journal's small segments rotate and are trimmed often.
func newHub(ctx context.Context, o options, dir string) (*harness.Process, error) {
	addr, err := harness.FreeAddr(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	return &harness.Process{
		Binary: o.binary, DataDir: filepath.Join(dir, "data"), Listen: addr, Log: filepath.Join(dir, "hub.log"),
		Env: torture.SmallJournal(),
	}, nil
}

// damages runs the rounds of flipped bits, each on data of its own.
func (o options) damages(ctx context.Context) error {
	var total torture.DamageResult
	var failed error
	for i := range o.damage {
		dir := filepath.Join(o.dir, fmt.Sprintf("damage-%03d", i+1))
		hub, err := newHub(ctx, o, dir)
		if err != nil {
			return err
		}
		r, err := torture.RunDamage(ctx, torture.DamageConfig{
			Hub: hub, DataDir: hub.DataDir, Log: hub.Log, Seed: o.seed + uint64(i), DrainTime: o.drain, ReadyTime: o.ready,
		})
		fmt.Printf("damage %d: %s\n", i+1, r.Line())
		total.Add(r)
		if err != nil {
			return fmt.Errorf("damage %d, in %s: %w", i+1, dir, err)
		}
		if err := r.Err(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("damage %d, in %s: %w", i+1, dir, err))
			continue // the rounds have nothing in common, so the others still tell something
		}
		if !o.keep {
			if err := os.RemoveAll(dir); err != nil {
				return fmt.Errorf("removing %s: %w", dir, err)
			}
		}
	}
	if o.damage > 0 {
		fmt.Printf("damage, all rounds: %s\n", total.Line())
	}
	return failed
}
