package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// accounts tells the worlds of one store apart.
var accounts atomic.Int64

type settings struct{}

func (*settings) Form(*form.Set) {}

type deaf struct{}

func (deaf) Send(context.Context, connector.Delivery) error { return nil }

func catalogue() connector.Catalogue {
	return connector.NewCatalogue(
		connector.Define(connector.Kind{Name: "wall"}, func(*settings, connector.Env) (*blocker, error) { return nil, nil }),
		connector.Define(connector.Kind{Name: "deaf"}, func(*settings, connector.Env) (deaf, error) { return deaf{}, nil }),
	)
}

// process is one life of the hub: when it is dead, nothing that it does has an effect any more.
type process struct {
	store.Blocks
	dead atomic.Bool
}

func (p *process) SaveResponder(ctx context.Context, w store.ResponderWrite) error {
	if p.dead.Load() {
		return errDead
	}
	return p.Blocks.SaveResponder(ctx, w)
}

// audit remembers acts.
type audit struct {
	mu   sync.Mutex
	acts []act.Act
	err  error
}

func (a *audit) Begin(_ context.Context, x act.Act) (act.Finish, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return nil, a.err
	}
	a.acts = append(a.acts, x)
	return func(error) {}, nil
}

// world is a hub with one responder.
type world struct {
	*Service
	account   event.Account
	t         testing.TB
	base      store.Blocks
	vendor    *vendor
	process   *process
	row       store.Integration
	policy    guard.Policy
	protected map[netip.Prefix]string
	audit     *audit
	clock     func() time.Time
	blocks    map[string]store.Block // open ones, by target
	openErr   error
}

func newWorld(t testing.TB, v *vendor, base store.Blocks) *world {
	w := &world{
		account: event.Account(fmt.Sprintf("acme%d", accounts.Add(1))), t: t, base: base, vendor: v, audit: &audit{}, clock: time.Now, blocks: map[string]store.Block{}, protected: map[netip.Prefix]string{},
		row: store.Integration{ID: event.NewID(), Kind: "wall", Name: "edge", Enabled: true, Version: 1},
	}
	w.row.Account = w.account
	w.vendor.batch = cmp.Or(w.vendor.batch, 100)
	w.restart()
	return w
}

// restart begins a new life on the same store.
func (w *world) restart() {
	if w.process != nil {
		w.process.dead.Store(true)
	}
	w.process = &process{Blocks: w.base}
	w.Service = New(Deps{
		Store: w.process, Opener: w, Catalogue: catalogue(), Policy: func(event.Account) guard.Policy { return w.policy },
		Protected: func(_ event.Account, p netip.Prefix) (string, bool) { r, yes := w.protected[p]; return r, yes },
		Recorder:  w.audit, Now: func() time.Time { return w.clock() },
	})
	w.Load([]store.Integration{w.row})
}

func (w *world) Open(context.Context, store.Integration) (connector.Instance, error) {
	if w.openErr != nil {
		return nil, w.openErr
	}
	w.vendor.mu.Lock()
	defer w.vendor.mu.Unlock()
	w.vendor.opened++
	p := w.process
	return &blocker{w.vendor, p.dead.Load}, nil
}

// block asks for a block as the service would.
func (w *world) block(target string, ttl time.Duration) store.Block {
	w.t.Helper()
	return w.blockMany(ttl, target)[0]
}

func (w *world) blockMany(ttl time.Duration, targets ...string) (made []store.Block) {
	w.t.Helper()
	now := w.clock().UTC().Truncate(time.Microsecond)
	var write store.BlockWrite
	for _, target := range targets {
		p := netip.MustParsePrefix(target)
		b := store.Block{
			ID: event.NewID(), Account: w.account, Target: p, State: store.BlockActive, Reason: "brute\nforce", Responders: []event.ID{w.row.ID},
			Requester: store.BlockActor{Kind: "user", ID: "usr_1", Name: "dana"}, CreatedAt: now, UpdatedAt: now, ActiveAt: now, TTL: ttl,
		}
		if ttl > 0 {
			b.ExpiresAt = now.Add(ttl)
		}
		made = append(made, b)
		write.Blocks = append(write.Blocks, b)
		write.Place = append(write.Place, store.Placement{
			Block: b.ID, Account: w.account, Integration: w.row.ID, Target: p, Wanted: true, State: store.PlacementRequested, Since: now, ExpiresAt: b.ExpiresAt,
		})
	}
	if err := w.base.SaveBlocks(context.Background(), write); err != nil {
		w.t.Fatal(err)
	}
	for i, target := range targets {
		made[i].Version = 1
		w.blocks[target] = made[i]
	}
	return made
}

// unblock ends a block as the service would.
func (w *world) unblock(target string) {
	w.t.Helper()
	b := w.blocks[target]
	delete(w.blocks, target)
	now := w.clock().UTC().Truncate(time.Microsecond)
	b.State, b.EndedAt, b.UpdatedAt, b.Cause = store.BlockRemoved, now, now, "done with it"
	if !b.ExpiresAt.IsZero() && !b.ExpiresAt.After(now) {
		b.State = store.BlockExpired
	}
	if err := w.base.SaveBlocks(context.Background(), store.BlockWrite{Blocks: []store.Block{b}, Unwant: []event.ID{b.ID}}); err != nil {
		w.t.Fatal(err)
	}
}

// tick runs one cycle.
func (w *world) tick() State {
	w.t.Helper()
	s, err := w.ReconcileNow(context.Background(), w.account, w.row.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// at is the placement of a block.
func (w *world) at(b store.Block) store.Placement {
	w.t.Helper()
	list, err := w.base.BlockPlacements(context.Background(), w.account, []event.ID{b.ID})
	if err != nil || len(list) != 1 {
		w.t.Fatalf("%d placements: %v", len(list), err)
	}
	return list[0]
}

func (w *world) want(b store.Block, state store.PlacementState, cause string) {
	w.t.Helper()
	if p := w.at(b); p.State != state || p.Cause != cause {
		w.t.Errorf("%s is %s %q, want %s %q", b.Target, p.State, p.Cause, state, cause)
	}
}

// history is what the steps of a block say.
func (w *world) history(b store.Block) (list []string) {
	w.t.Helper()
	steps, err := w.base.BlockSteps(context.Background(), w.account, b.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range steps {
		list = append(list, s.State)
	}
	return list
}

// rows is the ledger.
func (w *world) rows() map[netip.Prefix]store.BlockLedgerEntry {
	b, err := w.base.LoadResponder(context.Background(), w.account, w.row.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return newBook(b).ledger
}

// said are the types of what was said, in order.
func (w *world) said() (list []string) {
	switch b := w.base.(type) {
	case *memory:
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, s := range b.said {
			list = append(list, s.Type)
		}
	case *sqlite.Store:
		all, err := b.ListOutbox(context.Background(), 500)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, s := range all {
			list = append(list, s.Type)
		}
	}
	return list
}

func (w *world) entry() *entry { return w.of(w.row.ID) }

func (w *world) holds(want ...string) {
	w.t.Helper()
	if got := w.vendor.list(); !slices.Equal(got, want) {
		w.t.Errorf("the vendor holds %q, want %q", got, want)
	}
	if len(w.vendor.wrong) > 0 {
		w.t.Errorf("wrong: %q", w.vendor.wrong)
	}
}

// each runs a test against both kinds of vendor and both stores.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	for _, marks := range []bool{false, true} {
		for _, disk := range []bool{false, true} {
			name := map[bool]string{false: "set", true: "rules"}[marks] + map[bool]string{false: " memory", true: " sqlite"}[disk]
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var base store.Blocks = newMemory()
				if disk {
					base = openSQLite(t)
				}
				test(t, newWorld(t, &vendor{marks: marks}, base))
			})
		}
	}
}

func openSQLite(t testing.TB) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(context.Background(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var errVendor = errors.New("the vendor does not answer")
