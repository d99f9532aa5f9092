package rule

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/embedded"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// frail is a store that fails when it is told to.
type frail struct {
	*sqlite.Store
	mu sync.Mutex
	// fails are the errors of the next saves of hits. One that is errLost is saved all the same.
	fails []error
	// failing lets every save of hits fail.
	failing bool
	tried   chan struct{} // told of each save that fails
	// probes are the errors of the next saves without hits.
	probes []error
}

var (
	errFrail = errors.New("the store fails")
	errLost  = errors.New("the store's answer is lost")
)

func (f *frail) SaveRuleHits(ctx context.Context, hits []store.RuleHit, mark string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	switch {
	case len(hits) == 0:
		if len(f.probes) > 0 {
			err = f.probes[0]
			f.probes = f.probes[1:]
		}
	case f.failing:
		err = errFrail
	case len(f.fails) > 0:
		err = f.fails[0]
		f.fails = f.fails[1:]
	}
	if err != nil {
		select {
		case f.tried <- struct{}{}:
		default:
		}
		if !errors.Is(err, errLost) {
			return err
		}
	}
	return errors.Join(err, f.Store.SaveRuleHits(ctx, hits, mark))
}

// responders is one responder that takes everything.
type responders struct{ id event.ID }

func (r responders) States(account event.Account) []reconcile.State {
	l := connector.BlockLimits{Batch: 100}
	for n := 8; n <= 32; n++ {
		l.IPv4 = append(l.IPv4, n)
	}
	for n := 16; n <= 128; n++ {
		l.IPv6 = append(l.IPv6, n)
	}
	return []reconcile.State{{Integration: r.id, Account: account, Name: "edge", Kind: "generic", Enabled: true, Ready: true, Limits: l}}
}
func (responders) Nudge(...event.ID)                                    {}
func (responders) RetryNow(context.Context, event.Account, ...event.ID) {}
func (responders) Preview(context.Context, event.Account, event.ID, connector.BlockChange) (reconcile.Effect, error) {
	return reconcile.Effect{}, nil
}

// counting is a journal that counts how often frames are asked for.
type counting struct {
	*journal.Journal
	asked atomic.Int64
}

func (c *counting) Next(ctx context.Context, n uint64) (*journal.Frame, error) {
	c.asked.Add(1)
	return c.Journal.Next(ctx, n)
}

// record is a recorder that remembers.
type record struct {
	mu   sync.Mutex
	list []act.Act
}

func (a *record) Begin(_ context.Context, x act.Act) (act.Finish, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, x)
	return func(error) {}, nil
}

func (a *record) actions() (out []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, x := range a.list {
		out = append(out, x.Action)
	}
	return out
}

// world is a journal, a store, blocks, and rules over them.
type world struct {
	t       testing.TB
	dir     string
	edge    event.ID
	journal *counting
	store   *frail
	blocks  *respond.Service
	s       *Service
	acts    *record
	ahead   atomic.Int64 // how far the clock is ahead, in nanoseconds
	wrap    func(Blocks) Blocks

	cancel context.CancelFunc
	ended  chan struct{}
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, dir: t.TempDir(), edge: event.NewID(), acts: &record{}}
	w.open()
	t.Cleanup(w.close)
	return w
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) open() {
	w.t.Helper()
	ctx := context.WithoutCancel(w.t.Context())
	st, err := sqlite.Open(ctx, w.dir, sqlite.Options{})
	w.must(err)
	w.store = &frail{Store: st, tried: make(chan struct{}, 1)}
	j, err := embedded.Open(ctx, filepath.Join(w.dir, "journal"), embedded.Options{Options: journal.Options{MinFree: 1}})
	w.must(err)
	w.journal = &counting{Journal: j}
	w.blocks, err = respond.Open(ctx, respond.Deps{Store: w.store, Responders: responders{w.edge}, Now: w.now})
	w.must(err)
	w.openRules(w.journal)
}

func (w *world) openRules(j Journal) {
	w.t.Helper()
	var b Blocks = w.blocks
	if w.wrap != nil {
		b = w.wrap(b)
	}
	var err error
	w.s, err = Open(context.WithoutCancel(w.t.Context()), Deps{Store: w.store, Journal: j, Blocks: b, Recorder: w.acts, Now: w.now})
	w.must(err)
}

func (w *world) close() {
	w.t.Helper()
	w.stop()
	w.must(errors.Join(w.journal.Close(context.Background()), w.store.Close()))
}

// reopen is a new process over what the old one left.
func (w *world) reopen() {
	w.t.Helper()
	w.close()
	w.open()
}

func (w *world) run() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan struct{})
	w.cancel, w.ended = cancel, ended
	go func() {
		defer close(ended)
		w.s.Run(ctx)
	}()
}

func (w *world) stop() {
	if w.cancel != nil {
		w.cancel()
		<-w.ended
		w.cancel = nil
	}
}

// rule makes a rule for brute force and lets it be in a mode. The clock is a little ahead then, so that what comes next comes
// after it.
func (w *world) rule(mode, block string) store.ResponseRule {
	w.t.Helper()
	if block == "" {
		block = "{}"
	}
	row, err := w.s.Create(w.t.Context(), "acme", json.RawMessage(`{"name":"rule `+event.NewID().Text("n")+`","subscription":{"types":["*"]},"block":`+block+`}`))
	w.must(err)
	if mode != Shadow {
		row, err = w.s.Update(w.t.Context(), "acme", row.ID, row.Version, json.RawMessage(`{"mode":"`+mode+`"}`))
		w.must(err)
	}
	return row
}

// detected is an event about an attacker.
func (w *world) detected(address string) *event.Record {
	return w.event(`{"type":"detection.brute_force","severity":"high","title":"x","entities":[{"type":"ip","value":"` + address + `","role":"source","observed":true}]}`)
}

func (w *world) event(body string) *event.Record {
	w.t.Helper()
	r, err := event.Parse([]byte(body), "acme", w.now(), event.DefaultLimits())
	w.must(err)
	r.ID = event.NewID()
	return r
}

// append journals events.
func (w *world) append(records ...*event.Record) {
	w.t.Helper()
	by := map[event.Account][]*event.Record{}
	for _, r := range records {
		by[r.Account] = append(by[r.Account], r)
	}
	for account, list := range by {
		_, err := w.journal.Append(w.t.Context(), journal.Append{Account: account, Records: list})
		w.must(err)
	}
}

// settled waits until rules have looked at everything.
func (w *world) settled() {
	w.t.Helper()
	end := w.journal.End()
	for {
		w.s.cursor.mu.Lock()
		mark, moved := w.s.cursor.mark, w.s.cursor.moved
		w.s.cursor.mu.Unlock()
		if mark.Frame >= end.Frame {
			return
		}
		select {
		case <-moved:
		case <-w.t.Context().Done():
			w.t.Fatal("rules do not look at everything")
		case <-time.After(time.Minute):
			w.t.Fatalf("rules are at %s, the journal ends at %s", mark, end)
		}
	}
}

// open gives the targets of the blocks that there are, with their states.
func (w *world) targets() (out []string) {
	w.t.Helper()
	for after := ""; ; {
		list, next, err := w.store.ListBlocks(w.t.Context(), store.BlockFilter{Account: "acme"}, store.Page{After: after, Limit: store.MaxPage})
		w.must(err)
		for _, b := range list {
			out = append(out, b.Target.Addr().String()+" "+string(b.State))
		}
		if after = next; next == "" {
			slices.Sort(out)
			return out
		}
	}
}

// hits gives the decisions of a rule, the oldest first.
func (w *world) hits(rule event.ID) (out []string) {
	w.t.Helper()
	for after := ""; ; {
		list, next, err := w.s.Hits(w.t.Context(), "acme", rule, store.Page{After: after, Limit: store.MaxPage})
		w.must(err)
		for _, h := range list {
			out = append(out, strings.TrimSuffix(h.Target, "/32")+" "+h.Decision)
		}
		if after = next; next == "" {
			slices.Reverse(out)
			return out
		}
	}
}
