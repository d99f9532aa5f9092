// Package bench measures a hub from outside: events per second from a POST to a receiver, latency, memory, backlog, and
// what integrations cost. The hub shares the machine with the load and the receivers, which therefore are as cheap as
// they can honestly be; see docs/measurements.md for the method.
package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
)

// Config says what to measure and how.
type Config struct {
	Binary      string
	Dir         string // for data and logs; each run's data is removed when it is done
	Runs        int    // the median counts
	Quick       bool   // small numbers: a smoke test, no measurement
	Engine      Engine
	Connections int // of the load with single events
	Batchers    int // of the load with batches
	Procs       int // GOMAXPROCS of this process; 0 leaves it
	Only        []string
	Progress    io.Writer
}

// Engine is what the load and the receivers are made of.
type Engine string

// The engines.
const (
	// Raw is bare TCP with prepared requests and answers, a goroutine per connection. Nearly all of its time is the
	// kernel's; a thread of its own with epoll was tried and was no cheaper.
	Raw Engine = "raw"
	// NetHTTP is net/http for both, to compare with harnesses that use it.
	NetHTTP Engine = "nethttp"
)

// bench is one run of all cases.
type bench struct {
	Config
	sizes  sizes
	report *Report
}

// sizes are how much each case sends.
type sizes struct {
	single, fanOut, batch, backlog, integrations, warm int
	latency, settle                                    time.Duration
}

var (
	fullSizes = sizes{
		single: 150_000, fanOut: 20_000, batch: 500_000, backlog: 1_000_000, integrations: 1000, warm: 5000,
		latency: 20 * time.Second, settle: 3 * time.Second,
	}
	quickSizes = sizes{
		single: 5000, fanOut: 1000, batch: 20_000, backlog: 30_000, integrations: 50, warm: 200,
		latency: 2 * time.Second, settle: 500 * time.Millisecond,
	}
)

// latencyRate is the steady load at which latency is measured, in events per second.
const latencyRate = 500

// benchCase is one measurement.
type benchCase struct {
	name string
	run  func(*bench, context.Context) error
}

var cases = []benchCase{
	{"idle", (*bench).idle},
	{"single", (*bench).single},
	{"batch", (*bench).batchPlain},
	{"batch-gzip", (*bench).batchGzip},
	{"latency", (*bench).latency},
	{"fan-out", (*bench).fanOut},
	{"bystanders", (*bench).bystanders},
	{"backlog", (*bench).backlog},
}

// Cases lists the names that Config.Only may hold.
func Cases() []string {
	var names []string
	for _, c := range cases {
		names = append(names, c.name)
	}
	return names
}

// Run measures. The report is valid as far as it goes even when there is an error.
func Run(ctx context.Context, c Config) (*Report, error) {
	b := &bench{Config: c, sizes: fullSizes, report: &Report{}}
	if c.Quick {
		b.sizes = quickSizes
	}
	for _, name := range c.Only {
		if !slices.Contains(Cases(), name) {
			return b.report, fmt.Errorf("there is no case %q: there are %v", name, Cases())
		}
	}
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // the load and the receivers make little garbage
	if c.Procs > 0 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(c.Procs))
	}
	for run := range c.Runs {
		for _, one := range cases {
			if len(c.Only) > 0 && !slices.Contains(c.Only, one.name) {
				continue
			}
			if _, err := fmt.Fprintf(c.Progress, "run %d of %d: %s\n", run+1, c.Runs, one.name); err != nil {
				return b.report, err
			}
			if err := one.run(b, ctx); err != nil {
				return b.report, fmt.Errorf("measuring %s: %w", one.name, err)
			}
		}
	}
	return b.report, nil
}

// trial is one hub with an empty data directory.
type trial struct {
	*harness.Process
	api   *harness.API
	ready time.Duration
	dir   string
}

// startTime bounds one start.
const startTime = 20 * time.Second

func (b *bench) start(ctx context.Context) (*trial, error) {
	dir, err := os.MkdirTemp(b.Dir, "trial-")
	if err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	addr, err := harness.FreeAddr(ctx)
	if err != nil {
		return nil, err
	}
	t := &trial{dir: dir, Process: &harness.Process{
		Binary: b.Binary, DataDir: filepath.Join(dir, "data"), Listen: addr, Log: filepath.Join(dir, "hub.log"),
	}}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if t.ready, err = t.Start(ctx); err != nil {
		return nil, err
	}
	if t.api, err = harness.NewAPI(addr); err != nil {
		return nil, err
	}
	return t, nil
}

// end ends the hub and removes its data.
func (t *trial) end() error {
	t.api.Close()
	if err := t.Kill(); err != nil {
		return err
	}
	if err := os.RemoveAll(t.dir); err != nil {
		return fmt.Errorf("removing the trial's data: %w", err)
	}
	return nil
}

// webhook makes a signed webhook to the sink.
func (t *trial) webhook(ctx context.Context, s *sink, name, path string, types ...string) (string, error) {
	return t.api.Create(ctx, harness.Integration{
		Kind: "webhook", Name: name, Enabled: true,
		Settings:     map[string]any{"url": "http://" + s.addr + path, "signing_secret": signingSecret, "format": "object"},
		Subscription: map[string]any{"types": types},
	})
}

// splunk makes a HEC to the sink.
func (t *trial) splunk(ctx context.Context, s *sink, gzip bool) (string, error) {
	return t.api.Create(ctx, harness.Integration{
		Kind: "splunk", Name: "hec", Enabled: true,
		Settings:     map[string]any{"url": "http://" + s.addr + "/services/collector/event", "token": hecToken, "gzip": gzip},
		Subscription: map[string]any{"types": []string{"*"}},
	})
}

// Secrets of the integrations.
const (
	signingSecret = "bench-signing-secret-0123456789ab"
	hecToken      = "0a1f5e0a-4b1c-4f0e-9a53-7f1f0c2f9b11"
)

// usage is what the hub has used at a moment.
type usage struct {
	cpu     time.Duration
	own     time.Duration // processor time of this process: the load and the receivers
	mallocs float64       // -1 when /metrics does not tell
	memory  harness.Memory
}

func (t *trial) usage(ctx context.Context) (usage, error) {
	m, err := t.api.Metrics(ctx)
	if err != nil {
		return usage{}, err
	}
	u := usage{mallocs: -1}
	for _, name := range []string{"go_memstats_mallocs_total", "go_gc_heap_allocs_objects_total"} {
		if v, ok := m[name]; ok {
			u.mallocs = v
			break
		}
	}
	if u.memory, err = harness.ReadMemory(t.PID()); err != nil {
		return usage{}, err
	}
	if u.own, err = harness.CPU(os.Getpid()); err != nil {
		return usage{}, err
	}
	u.cpu, err = harness.CPU(t.PID())
	return u, err
}

// measured is what one measured load came to.
type measured struct {
	events     int
	perSecond  float64
	cpu, own   time.Duration // of the hub and of this process, per event
	allocs     float64       // of the hub, per event; -1 if not known
	peak       int64         // resident bytes, since the hub's start
	duplicates int
}

// measure runs a load and waits until its events have arrived at the sink, copies times each.
func (t *trial) measure(ctx context.Context, s *sink, events, copies int, load func(context.Context) error) (measured, error) {
	before, err := t.usage(ctx)
	if err != nil {
		return measured{}, err
	}
	s.expect(events, copies)
	began := time.Now()
	if err := load(ctx); err != nil {
		return measured{}, err
	}
	if err := s.wait(ctx); err != nil {
		return measured{}, err
	}
	took := s.lastArrival().Sub(began)
	after, err := t.usage(ctx)
	if err != nil {
		return measured{}, err
	}
	duplicates, err := s.verify()
	if err != nil {
		return measured{}, err
	}
	m := measured{
		events: events, perSecond: float64(events) / took.Seconds(), cpu: (after.cpu - before.cpu) / time.Duration(events),
		own: (after.own - before.own) / time.Duration(events), allocs: -1, peak: after.memory.Peak, duplicates: duplicates,
	}
	if before.mallocs >= 0 {
		m.allocs = (after.mallocs - before.mallocs) / float64(events)
	}
	return m, nil
}

func (b *bench) note(name, unit, want string, v float64) { b.report.add(name, unit, want, v) }

// noteMeasured adds the figures that every load has.
func (b *bench) noteMeasured(name, want string, m measured) {
	b.note(name, "events/s", want, m.perSecond)
	b.note(name+": hub's processor time", "µs/event", "", us(m.cpu))
	b.note(name+": load's and receiver's processor time", "µs/event", "", us(m.own))
	if m.allocs >= 0 {
		b.note(name+": hub's allocations", "per event", "", m.allocs)
	}
	b.note(name+": most memory", "MB", "", mb(m.peak))
	if m.duplicates > 0 {
		b.note(name+": duplicates", "events", "0", float64(m.duplicates))
	}
}

func us(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

func mb(bytes int64) float64 { return float64(bytes) / 1e6 }

func number(n int) string { return strconv.Itoa(n) }
