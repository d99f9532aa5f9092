package torture

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// backlogFault kills one receiver of many, makes a backlog for it, and measures what the others notice.
func backlogFault() Fault {
	return Fault{
		Name: "backlog", What: "a backlog of 1,000,000 events for one dead receiver of fifty (short: 20,000 of ten)", Long: 1, Short: 1,
		run: runBacklog,
	}
}

// crowd is the size of a backlog round.
type crowd struct {
	receivers int           // the dead one included
	backlog   int           // events
	measure   time.Duration // of each of the phases
	rate      int           // events per second, each for all of the living
	floor     time.Duration // below it, a p99 is fine whatever it was before: a busy machine's noise
}

var (
	longCrowd  = crowd{50, 1_000_000, 30 * time.Second, 20, 10 * time.Millisecond}
	shortCrowd = crowd{10, 20_000, 2 * time.Second, 50, time.Second}
)

// The living must be served at most this much slower, and the hub hold at most this much, in bytes.
const (
	mostSlower    = 2.0
	backlogMemory = 300 << 20
)

// Types of the events: of the living, and of the backlog that only the dead one wants.
const (
	livingType  = "alert.created"
	backlogType = "telemetry.heartbeat"
)

// backlog is one run.
type backlog struct {
	crowd
	hub *harness.Process
	api *harness.API
	row *Row

	living []*witness
	dead   *witness
	client *wire.Client
	next   uint32
	sent   []atomic.Int64 // when each event was sent, in nanoseconds since began; by number
	began  time.Time
}

func runBacklog(ctx context.Context, b *Bench, row *Row, rounds int) error {
	size := longCrowd
	if b.Short {
		size = shortCrowd
	}
	for range rounds {
		if err := b.oneBacklog(ctx, row, size); err != nil {
			return err
		}
		row.Rounds++
	}
	return nil
}

func (b *Bench) oneBacklog(ctx context.Context, row *Row, size crowd) (err error) {
	hub, err := b.hub(ctx, row, &stand{prepare: func(p *harness.Process) { p.Env = nil }}) // the journal as it usually is
	if err != nil {
		return err
	}
	g := &backlog{crowd: size, hub: hub, row: row, began: time.Now()}
	g.sent = make([]atomic.Int64, size.backlog+4*int(size.measure.Seconds()+1)*size.rate+1000)
	defer g.close()
	if err := g.open(ctx, b.ReadyTime); err != nil {
		return err
	}
	idle, err := g.trickle(ctx)
	if err != nil {
		return err
	}
	g.dead.server.Close()
	g.dead.server = nil
	took, err := g.pile(ctx)
	if err != nil {
		return err
	}
	sleep(ctx, size.measure/10) // what the intake made busy calms down
	beside, err := g.trickle(ctx)
	if err != nil {
		return err
	}
	held, err := harness.ReadMemory(hub.PID())
	if err != nil {
		return err
	}
	row.note("%d receivers: p99 %v idle, %v beside the backlog (p50 %v, %v); backlog taken in %v; memory %d MB with it",
		size.receivers-1, quantile(idle, 0.99), quantile(beside, 0.99), quantile(idle, 0.5), quantile(beside, 0.5),
		took.Round(time.Millisecond), held.RSS>>20)
	if p, limit := quantile(beside, 0.99), max(time.Duration(mostSlower*float64(quantile(idle, 0.99))), size.floor); p > limit {
		row.violate("held up", "p99 %v beside the backlog, %v idle", p, quantile(idle, 0.99))
	}
	if err := g.drain(ctx, b.DrainTime); err != nil {
		return err
	}
	row.weigh(hub)
	if row.peak > backlogMemory {
		row.violate("memory", "the hub held %d MB", row.peak>>20)
	}
	return g.settle()
}

func (g *backlog) open(ctx context.Context, readyTime time.Duration) error {
	ready, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	if _, err := g.hub.Start(ready); err != nil {
		return fmt.Errorf("starting the hub: %w", err)
	}
	var err error
	if g.api, err = harness.NewAPI(g.hub.Addr()); err != nil {
		return err
	}
	for i := range g.receivers {
		w, err := newWitness(ctx, g)
		if err != nil {
			return err
		}
		format, types := "object", livingType
		if i == 0 {
			g.dead, format, types = w, "ndjson", "*"
		} else {
			g.living = append(g.living, w)
		}
		settings := webhookSettings(w.addr, format)
		settings["connect_timeout"], settings["request_timeout"] = "10s", "10s"
		if _, err := g.api.Create(ctx, harness.Integration{
			Kind: "webhook", Name: fmt.Sprintf("witness %d", i), Enabled: true, Settings: settings,
			Subscription: map[string]any{"types": []string{types}},
		}); err != nil {
			return err
		}
	}
	g.client, err = wire.Dial(ctx, g.hub.Addr())
	return err
}

func (g *backlog) close() {
	if g.client != nil {
		g.client.Close()
	}
	if g.api != nil {
		g.api.Close()
	}
	if err := g.hub.Kill(); err != nil {
		g.row.violate("harness", "%v", err)
	}
	for _, w := range append(slices.Clone(g.living), g.dead) {
		if w != nil && w.server != nil {
			w.server.Close()
		}
	}
}

// post sends events of one type in one request, as lines.
func (g *backlog) post(n int, eventType string) error {
	var body []byte
	at := int64(time.Since(g.began))
	for range n {
		g.sent[g.next].Store(at)
		body = harness.AppendEvent(body, harness.Event{Number: g.next, Type: eventType, Size: 600})
		body = append(body, '\n')
		g.next++
	}
	m, err := g.client.Do(wire.AppendRequest(nil, "POST", "/api/v1/events", g.hub.Addr(), []wire.Header{
		{Name: "X-API-Key", Value: harness.AdminKey}, {Name: "Content-Type", Value: "application/x-ndjson"},
	}, body), answerTime)
	if err != nil {
		return fmt.Errorf("sending events: %w", err)
	}
	if m.Status() != 202 {
		return fmt.Errorf("sending events: status %d: %.300s", m.Status(), m.Body)
	}
	g.row.Acked += uint64(n)
	return nil
}

// trickle sends single events to the living for a while and gives the times from sending to each receiver.
func (g *backlog) trickle(ctx context.Context) ([]time.Duration, error) {
	for _, w := range g.living {
		w.begin()
	}
	pace := time.NewTicker(time.Second / time.Duration(g.rate))
	defer pace.Stop()
	n := int(g.measure.Seconds() * float64(g.rate))
	for range n {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-pace.C:
		}
		if err := g.post(1, livingType); err != nil {
			return nil, err
		}
	}
	sleep(ctx, g.measure/10)
	var all []time.Duration
	for _, w := range g.living {
		got := w.end()
		if len(got) < n {
			g.row.violate("held up", "%d of %d events have not arrived %v after the last", n-len(got), n, g.measure/10)
		}
		all = append(all, got...)
	}
	return all, nil
}

// pile makes the backlog.
func (g *backlog) pile(ctx context.Context) (time.Duration, error) {
	const batch = 500
	began := time.Now()
	for left := g.backlog; left > 0 && ctx.Err() == nil; left -= batch {
		if err := g.post(min(batch, left), backlogType); err != nil {
			return 0, err
		}
	}
	return time.Since(began), context.Cause(ctx)
}

// drain brings the dead receiver back and waits until it has everything.
func (g *backlog) drain(ctx context.Context, within time.Duration) error {
	began := time.Now()
	if err := g.dead.back(ctx); err != nil {
		return err
	}
	for g.dead.distinct.Load() < uint64(g.next) {
		if time.Since(began) > within+time.Duration(g.backlog/10_000)*time.Second || ctx.Err() != nil {
			break // what is missing is counted as lost
		}
		sleep(ctx, statsPoll)
	}
	g.row.note("delivered %v after its receiver came back", time.Since(began).Round(10*time.Millisecond))
	return context.Cause(ctx)
}

// settle counts what is missing and what came twice.
func (g *backlog) settle() error {
	g.row.Lost += int(uint64(g.next) - g.dead.distinct.Load())
	g.row.Duplicates += g.dead.twice.Load()
	for _, w := range g.living {
		g.row.Lost += int(g.living[0].distinct.Load() - w.distinct.Load())
		g.row.Duplicates += w.twice.Load()
	}
	if g.row.Lost > 0 {
		g.row.violate("lost", "%d events", g.row.Lost)
	}
	return nil
}

// witness is a receiver that counts and takes times, and nothing else.
type witness struct {
	g      *backlog
	addr   string
	server *wire.Server

	distinct, twice atomic.Uint64

	mu      sync.Mutex
	seen    []uint64 // a bit per event
	timing  bool
	latency []time.Duration
}

func newWitness(ctx context.Context, g *backlog) (*witness, error) {
	w := &witness{g: g, seen: make([]uint64, len(g.sent)/64+1)}
	s, err := wire.Listen(ctx, "127.0.0.1:0", w.take)
	if err != nil {
		return nil, err
	}
	w.server, w.addr = s, s.Addr()
	return w, nil
}

// back listens again.
func (w *witness) back(ctx context.Context) error {
	s, err := wire.Listen(ctx, w.addr, w.take)
	w.server = s
	return err
}

func (w *witness) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timing, w.latency = true, nil
}

func (w *witness) end() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timing = false
	return w.latency
}

func (w *witness) take(_ *wire.Conn, m *wire.Message) ([]byte, wire.After) {
	now := int64(time.Since(w.g.began))
	w.mu.Lock()
	defer w.mu.Unlock()
	for line := range bytes.Lines(m.Body) {
		n, ok := harness.EventNumber(line)
		if !ok || int(n) >= len(w.g.sent) {
			continue
		}
		bit := uint64(1) << (n % 64)
		if w.seen[n/64]&bit != 0 {
			w.twice.Add(1)
			continue
		}
		w.seen[n/64] |= bit
		w.distinct.Add(1)
		if w.timing {
			w.latency = append(w.latency, time.Duration(now-w.g.sent[n].Load()))
		}
	}
	return plainAnswer(204), wire.Keep
}
