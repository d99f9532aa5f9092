package respond

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

const (
	acme   event.Account = "acme"
	parent event.Account = "holding"
)

var base = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

// The people of the tests, and their keys.
var (
	dana  = act.Actor{Kind: act.KindUser, ID: "usr_dana", Name: "dana@example.com", Account: acme, Address: "198.51.100.10"}
	erin  = act.Actor{Kind: act.KindUser, ID: "usr_erin", Name: "erin@example.com", Account: acme, Address: "198.51.100.11"}
	frank = act.Actor{Kind: act.KindUser, ID: "usr_frank", Name: "frank@example.com", Account: acme}
	// danasKey was made by dana, and newKey replaced it.
	danasKey = act.Actor{Kind: act.KindKey, ID: "key_dana", Name: "deploy", Account: acme}
	newKey   = act.Actor{Kind: act.KindKey, ID: "key_new", Name: "deploy 2", Account: acme}
	otherKey = act.Actor{Kind: act.KindKey, ID: "key_other", Name: "soar", Account: acme}
)

var principals = map[string][]string{
	"usr_dana": {"usr_dana"}, "usr_erin": {"usr_erin"}, "usr_frank": {"usr_frank"},
	"key_dana": {"key_dana", "usr_dana"}, "key_new": {"key_new", "key_dana", "usr_dana"}, "key_other": {"key_other"},
}

// edge takes single addresses and common ranges, wall single IPv4 addresses alone.
var (
	edge = reconcile.State{
		Integration: event.ID{1}, Account: acme, Name: "edge", Kind: "cloudflare", Enabled: true, Ready: true, Capacity: 100_000,
		Limits: connector.BlockLimits{IPv4: span(8, 32), IPv6: span(16, 128), Batch: 100},
	}
	wall = reconcile.State{
		Integration: event.ID{2}, Account: acme, Name: "wall", Kind: "responder", Enabled: true, Ready: true,
		Limits: connector.BlockLimits{IPv4: []int{32}, Batch: 1},
	}
	dead = reconcile.State{
		Integration: event.ID{3}, Account: acme, Name: "dead", Kind: "awswaf", Limits: connector.BlockLimits{IPv4: span(8, 32), Batch: 100},
	}
)

func span(from, to int) []int {
	var list []int
	for n := from; n <= to; n++ {
		list = append(list, n)
	}
	return list
}

func (r *responders) States(account event.Account) []reconcile.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.states[account])
}

func (r *responders) Nudge(ids ...event.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		r.nudged[id]++
	}
}

func (r *responders) Preview(_ context.Context, _ event.Account, id event.ID, c connector.BlockChange) (reconcile.Effect, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.previews++
	if r.fails != nil && id == wall.Integration {
		return reconcile.Effect{}, r.fails
	}
	return reconcile.Effect{Integration: id.Text(event.PrefixIntegration), Action: "add", Call: &reconcile.Call{Method: "POST", Body: c.Prefix.String()}}, nil
}

func (r *responders) RetryNow(_ context.Context, _ event.Account, ids ...event.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retried = append(r.retried, ids...)
}

func (r *responders) set(account event.Account, states ...reconcile.State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.states[account] = states
}

func (r *recorder) Begin(ctx context.Context, a act.Act) (act.Finish, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return nil, r.err
	}
	a.Actor = act.From(ctx)
	r.acts = append(r.acts, done{Act: a})
	n := len(r.acts) - 1
	return func(err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.acts[n].err = err
	}, nil
}

func (r *recorder) last() done {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.acts) == 0 {
		return done{}
	}
	return r.acts[len(r.acts)-1]
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.acts)
}

func (f *frail) SaveBlocks(ctx context.Context, w store.BlockWrite) error {
	f.mu.Lock()
	err, lost := f.fails, f.lost
	f.writes++
	f.mu.Unlock()
	if err != nil && !lost {
		return err
	}
	return errors.Join(err, f.Store.SaveBlocks(ctx, w))
}

func (f *frail) fail(err error, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fails, f.lost = err, lost
}

func (f *frail) written() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writes
}

func (e *evidences) Alert(_ context.Context, account event.Account, id event.ID) (store.Alert, error) {
	if a, known := e.alerts[id]; known && a.Account == account {
		return a, nil
	}
	return store.Alert{}, store.ErrNotFound
}

func (e *evidences) Incident(_ context.Context, _ event.Account, number int64) error {
	if number == 1042 {
		return nil
	}
	return store.ErrNotFound
}

func (e *evidences) Event(_ context.Context, account event.Account, id event.ID) (*event.Record, error) {
	if r := e.events[id]; r != nil && r.Account == account {
		return r, nil
	}
	return nil, store.ErrNotFound
}

// world is the service over a real store, with a clock that stands still.
type world struct {
	*Service
	t          testing.TB
	store      *frail
	responders *responders
	recorder   *recorder
	evidences  *evidences
	deps       Deps

	mu       sync.Mutex
	clock    time.Time
	sessions map[netip.Addr]string
	woken    int
}

// emptyStore gives the files of a store that nothing is in: copying them takes less time than making all tables.
var emptyStore = sync.OnceValue(func() map[string][]byte {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	dir, err := os.MkdirTemp("", "tocsin-respond-test")
	must(err)
	defer func() { must(os.RemoveAll(dir)) }()
	db, err := sqlite.Open(context.Background(), dir, sqlite.Options{})
	must(err)
	must(db.Close())
	entries, err := os.ReadDir(dir)
	must(err)
	files := map[string][]byte{}
	for _, e := range entries {
		files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name()))
		must(err)
	}
	return files
})

func newWorld(t testing.TB) *world {
	t.Helper()
	dir := t.TempDir()
	for name, content := range emptyStore() {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sqlite.Open(context.WithoutCancel(t.Context()), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := &world{
		t: t, store: &frail{Store: db}, recorder: &recorder{}, clock: base, evidences: &evidences{},
		responders: &responders{states: map[event.Account][]reconcile.State{acme: {edge, wall}}, nudged: map[event.ID]int{}},
	}
	w.deps = Deps{
		Store: w.store, Responders: w.responders, Evidences: w.evidences, Recorder: w.recorder, PublicURL: "https://tocsin.example.com",
		Own: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}, Operator: map[netip.Prefix]string{netip.MustParsePrefix("192.0.2.64/28"): "the office"},
		Principals: func(_ context.Context, a act.Actor) []string { return principals[a.ID] },
		Parents: func(a event.Account) []event.Account {
			if a == acme {
				return []event.Account{parent}
			}
			return nil
		},
		Sessions: func(_ context.Context, account event.Account) (map[netip.Addr]string, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if account != acme {
				return nil, nil
			}
			return w.sessions, nil
		},
		Wake: func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.woken++
		},
		Now: w.time,
	}
	w.restart()
	return w
}

// restart opens the service anew, as after a crash: what it had in memory is gone.
func (w *world) restart() {
	w.t.Helper()
	s, err := Open(w.t.Context(), w.deps)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Service = s
}

func (w *world) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// as is a context of somebody.
func (w *world) as(a act.Actor) context.Context { return act.With(w.t.Context(), a) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// block asks for a block as dana, who gets it.
func (w *world) block(target, ttl string) Outcome {
	w.t.Helper()
	return w.ask(dana, Request{Target: target, TTL: ttl, Reason: "brute force"})
}

func (w *world) ask(who act.Actor, r Request) Outcome {
	w.t.Helper()
	out, err := w.Block(w.as(who), acme, r)
	w.must(err)
	return out
}

// policy changes the account's policy.
func (w *world) policy(patch string) {
	w.t.Helper()
	_, _, err := w.SetPolicy(w.as(dana), acme, 0, json.RawMessage(patch))
	w.must(err)
}

// refused gives the codes of a refusal.
func (w *world) refused(err error) []string {
	w.t.Helper()
	no := new(RefusedError)
	if !errors.As(err, &no) {
		w.t.Fatalf("not refused, but %v", err)
	}
	if !errors.Is(err, act.ErrRefused) {
		w.t.Error("a refusal is no act.ErrRefused")
	}
	var codes []string
	for _, f := range no.Verdict.Findings {
		if f.Decision == guard.Refuse {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

// wrong gives the paths of field errors.
func (w *world) wrong(err error) []string {
	w.t.Helper()
	errs, ok := form.AsErrors(err)
	if !ok {
		w.t.Fatalf("no field errors, but %v", err)
	}
	var paths []string
	for _, e := range errs {
		paths = append(paths, e.Path)
	}
	return paths
}

func (w *world) eq(what string, got, want any) {
	w.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// get is a block as the store has it.
func (w *world) get(id event.ID) store.BlockStanding {
	w.t.Helper()
	st, err := w.Get(w.t.Context(), acme, id)
	w.must(err)
	return st
}

// steps are the states of a block's history.
func (w *world) steps(id event.ID) []string {
	w.t.Helper()
	list, err := w.History(w.t.Context(), acme, id)
	w.must(err)
	var states []string
	for _, s := range list {
		states = append(states, s.State)
	}
	return states
}

// said are the types of the facts that wait.
func (w *world) said() []string {
	w.t.Helper()
	list, err := w.store.ListOutbox(w.t.Context(), 500)
	w.must(err)
	var types []string
	for _, s := range list {
		types = append(types, s.Type)
	}
	return types
}

// open are the targets of the account's open blocks, as the store has them.
func (w *world) open() []string {
	w.t.Helper()
	list, err := w.store.OpenBlocks(w.t.Context())
	w.must(err)
	var targets []string
	for _, b := range list {
		if b.Account == acme {
			targets = append(targets, b.Target.String())
		}
	}
	slices.Sort(targets)
	return targets
}

// agree checks that what is in memory is what is stored.
func (w *world) agree() {
	w.t.Helper()
	b, err := w.hold(w.t.Context(), acme)
	w.must(err)
	defer b.release()
	var targets []string
	for p := range b.targets {
		targets = append(targets, p.String())
	}
	slices.Sort(targets)
	w.eq("targets in memory", targets, w.open())
	w.eq("sorted targets", len(b.sorted), len(targets))
	for _, o := range b.all() {
		st, err := w.store.GetBlock(w.t.Context(), acme, o.ID)
		w.must(err)
		if st.Version != o.Version || st.State != o.State || !st.ExpiresAt.Equal(o.ExpiresAt) {
			w.t.Errorf("in memory %+v, stored %+v", *o, st)
		}
	}
}
