package callback

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// settings of the fake vendor: none.
type settings struct{}

func (*settings) Form(*form.Set) {}

// pager is an instance of the fake vendor. Its functions are a test's.
type pager struct {
	receive   func(context.Context, connector.Call) (connector.Reply, error)
	answer    func(context.Context, connector.Wish, connector.Outcome) error
	reconcile func(context.Context) ([]connector.Wish, error)
	every     time.Duration
	closed    func()
}

func (p *pager) Send(context.Context, connector.Delivery) error { return nil }

func (p *pager) Receive(ctx context.Context, c connector.Call) (connector.Reply, error) {
	return p.receive(ctx, c)
}

func (p *pager) Answer(ctx context.Context, w connector.Wish, o connector.Outcome) error {
	if p.answer == nil {
		return nil
	}
	return p.answer(ctx, w, o)
}

func (p *pager) ReconcileEvery() time.Duration { return p.every }

func (p *pager) Reconcile(ctx context.Context) ([]connector.Wish, error) {
	if p.reconcile == nil {
		return nil, nil
	}
	return p.reconcile(ctx)
}

func (p *pager) Close() {
	if p.closed != nil {
		p.closed()
	}
}

// deaf is an instance that nobody calls.
type deaf struct{}

func (deaf) Send(context.Context, connector.Delivery) error { return nil }

func catalogue() connector.Catalogue {
	return connector.NewCatalogue(
		connector.Define(connector.Kind{Name: "pager"}, func(*settings, connector.Env) (*pager, error) { return nil, nil }),
		connector.Define(connector.Kind{Name: "deaf"}, func(*settings, connector.Env) (deaf, error) { return deaf{}, nil }),
	)
}

// world is a service among fakes, all of which it is itself.
type world struct {
	t *testing.T
	*Service

	mu      sync.Mutex
	opened  map[event.ID]func(store.Integration) (connector.Instance, error)
	opens   int
	states  map[event.ID]*connectortest.State
	applied []change
	blocked []change
	fails   func(change) error // of Apply
	acts    []act.Act
	ends    []error
	people  map[string]Person
	open    map[event.Account]bool
}

// change is what came to Cases.
type change struct {
	account     event.Account
	integration event.ID
	wish        connector.Wish
	by          string
}

func newWorld(t *testing.T) *world {
	w := &world{
		t: t, opened: map[event.ID]func(store.Integration) (connector.Instance, error){}, states: map[event.ID]*connectortest.State{},
		people: map[string]Person{}, open: map[event.Account]bool{"acme": true, "other": true},
	}
	w.Service = New(Deps{
		Opener: w, Cases: w, People: w, Catalogue: catalogue(), Recorder: w, Blocks: blocker{w},
		AccountOpen: func(a event.Account) bool { w.mu.Lock(); defer w.mu.Unlock(); return w.open[a] },
	})
	t.Cleanup(func() {
		if err := w.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return w
}

// add makes an integration whose instances are p.
func (w *world) add(account event.Account, kind string, p connector.Instance) store.Integration {
	i := store.Integration{ID: event.NewID(), Account: account, Kind: kind, Enabled: true, Version: 1}
	w.mu.Lock()
	w.opened[i.ID] = func(store.Integration) (connector.Instance, error) { return p, nil }
	w.states[i.ID] = new(connectortest.State)
	w.mu.Unlock()
	w.Service.Apply(i)
	return i
}

// asking is an instance whose calls ask for some wishes.
func asking(wishes ...connector.Wish) *pager {
	return &pager{receive: func(context.Context, connector.Call) (connector.Reply, error) {
		return connector.Reply{Wishes: wishes}, nil
	}}
}

func (w *world) call(i store.Integration, body string) Answer {
	a := w.Receive(context.Background(), i.Kind, i.ID.Text(event.PrefixIntegration), connector.Call{Body: []byte(body), At: time.Now()})
	a.After()
	return a
}

// Open implements Opener.
func (w *world) Open(_ context.Context, i store.Integration) (connector.Instance, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opens++
	return w.opened[i.ID](i)
}

// State implements Opener.
func (w *world) State(account event.Account, id event.ID) connector.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.states[id]
}

// Apply implements Cases.
func (w *world) Apply(_ context.Context, account event.Account, integration event.ID, wish connector.Wish, by string) (*event.Record, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := change{account, integration, wish, by}
	if w.fails != nil {
		if err := w.fails(c); err != nil {
			return nil, err
		}
	}
	w.applied = append(w.applied, c)
	return &event.Record{ID: event.NewID(), Account: account, Type: "alert.updated"}, nil
}

// blocker is the world as a room of blocks.
type blocker struct{ *world }

// Apply implements Blocks.
func (b blocker) Apply(ctx context.Context, account event.Account, wish connector.Wish) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := change{account: account, wish: wish, by: act.From(ctx).ID}
	if b.fails != nil {
		if err := b.fails(c); err != nil {
			return "", err
		}
	}
	b.blocked = append(b.blocked, c)
	return "it is done", nil
}

// verbs are those that were done, in their order.
func (w *world) verbs() (list []connector.Verb) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.applied {
		list = append(list, c.wish.Verb)
	}
	return list
}

// Person implements People.
func (w *world) Person(_ context.Context, account event.Account, email string) (Person, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, ok := w.people[string(account)+"/"+email]
	if !ok {
		return p, ErrNobody
	}
	return p, nil
}

// Begin implements act.Recorder.
func (w *world) Begin(_ context.Context, a act.Act) (act.Finish, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acts = append(w.acts, a)
	return func(err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ends = append(w.ends, err)
	}, nil
}

// last is the newest call that is shown.
func (w *world) last(i store.Integration) CallLine {
	w.t.Helper()
	v, err := w.View(i.Account, i.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(v.Calls) == 0 {
		w.t.Fatal("no call is shown")
	}
	return v.Calls[0]
}

// outcomes are those of the newest call's wishes.
func (w *world) outcomes(i store.Integration) (list []string) {
	for _, t := range w.last(i).Wishes {
		list = append(list, t.Outcome)
	}
	return list
}

func wish(verb connector.Verb, id string, at time.Time) connector.Wish {
	return connector.Wish{ID: id, Verb: verb, DedupKey: "host-1/cpu", At: at, Text: "a text", Person: connector.Person{ID: "P1", Name: "Dana Doe"}}
}

// holdStatus compares an answer's status.
func holdStatus(t *testing.T, what string, a Answer, want int) {
	t.Helper()
	if a.Status != want {
		t.Errorf("%s: answered %d (%s), want %d", what, a.Status, a.Detail, want)
	}
}

var errFlaky = errors.New("the disk is busy")

func holdVerbs(t *testing.T, w *world, want ...connector.Verb) {
	t.Helper()
	if got := w.verbs(); !slices.Equal(got, want) {
		t.Errorf("done: %v, want %v", fmt.Sprint(got), fmt.Sprint(want))
	}
}
