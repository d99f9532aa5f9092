// Command bench measures the hub and prints one table. See docs/measurements.md for the method.
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

	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/harness/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	var c bench.Config
	var receiver, only string
	var asJSON bool
	flag.IntVar(&c.Runs, "runs", 3, "runs of every case; the table shows the median")
	flag.BoolVar(&c.Quick, "quick", false, "small numbers: shows that everything works, measures nothing")
	flag.StringVar(&receiver, "receiver", string(bench.Raw), "what load and receiver are made of: raw (bare TCP) or nethttp")
	flag.IntVar(&c.Connections, "connections", 64, "connections of the load with single events")
	flag.IntVar(&c.Batchers, "batchers", 8, "connections of the load with batches")
	flag.IntVar(&c.Procs, "procs", 1, "processors for the load and the receivers together; 0 leaves it to Go")
	flag.StringVar(&only, "only", "", "cases to measure, separated by commas: "+strings.Join(bench.Cases(), ", "))
	flag.BoolVar(&asJSON, "json", false, "print JSON instead of a table")
	flag.StringVar(&c.Binary, "hub", "", "a hub to measure, instead of building one")
	flag.StringVar(&c.Dir, "dir", "", "where data goes while it is measured; its file system matters. Without it a temporary directory")
	flag.Parse()
	switch c.Engine = bench.Engine(receiver); c.Engine {
	case bench.Raw, bench.NetHTTP:
	default:
		return fmt.Errorf("-receiver is raw or nethttp, not %q", receiver)
	}
	if only != "" {
		c.Only = strings.Split(only, ",")
	}
	c.Progress = os.Stderr
	if c.Dir == "" {
		if c.Dir, err = os.MkdirTemp("", "tocsin-bench-"); err != nil {
			return fmt.Errorf("making a directory: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(c.Dir)) }()
	}
	if c.Binary == "" {
		if c.Binary, err = harness.Build(ctx, c.Dir, "", false); err != nil {
			return err
		}
	}
	report, err := bench.Run(ctx, c)
	if asJSON {
		return errors.Join(report.PrintJSON(os.Stdout), err)
	}
	return errors.Join(report.Print(os.Stdout), err)
}
