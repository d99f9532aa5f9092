package account

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// fakeStore keeps rows in memory, with the store's rules.
type fakeStore struct {
	mu       sync.Mutex
	accounts map[event.Account]store.Account
	projects map[event.ID]store.Project
	err      error
}

func newFakeStore() *fakeStore {
	return &fakeStore{accounts: map[event.Account]store.Account{}, projects: map[event.ID]store.Project{}}
}

func (f *fakeStore) CreateAccount(_ context.Context, a store.Account) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	if _, taken := f.accounts[a.Name]; taken {
		return store.ErrConflict
	}
	a.Version = 1
	f.accounts[a.Name] = a
	return nil
}

func (f *fakeStore) UpdateAccount(_ context.Context, a store.Account) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	old, ok := f.accounts[a.Name]
	switch {
	case f.err != nil:
		return f.err
	case !ok:
		return store.ErrNotFound
	case old.Version != a.Version:
		return store.ErrConflict
	}
	a.Version++
	f.accounts[a.Name] = a
	return nil
}

func (f *fakeStore) AllAccounts(context.Context) (list []store.Account, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.accounts {
		list = append(list, a)
	}
	return list, f.err
}

func (f *fakeStore) CreateProject(_ context.Context, p store.Project) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.projects {
		if o.Account == p.Account && o.Name == p.Name && o.DeletedAt.IsZero() {
			return store.ErrConflict
		}
	}
	f.projects[p.ID] = p
	return f.err
}

func (f *fakeStore) UpdateProject(_ context.Context, p store.Project) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	old, ok := f.projects[p.ID]
	switch {
	case !ok || old.Account != p.Account:
		return store.ErrNotFound
	case old.Version != p.Version:
		return store.ErrConflict
	}
	p.Version++
	f.projects[p.ID] = p
	return f.err
}

func (f *fakeStore) GetProject(_ context.Context, account event.Account, id event.ID) (store.Project, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, ok := f.projects[id]
	if !ok || p.Account != account {
		return store.Project{}, store.ErrNotFound
	}
	return p, f.err
}

func (f *fakeStore) ListProjects(_ context.Context, account event.Account, page store.Page) (list []store.Project, next string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.projects {
		if p.Account == account && p.DeletedAt.IsZero() && p.Name > page.After {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b store.Project) int { return strings.Compare(a.Name, b.Name) })
	if len(list) > page.Limit {
		list = list[:page.Limit]
		next = list[page.Limit-1].Name
	}
	return list, next, f.err
}

// recorder keeps the acts that were begun, and refuses when told to.
type recorder struct {
	mu   sync.Mutex
	acts []string
	last act.Act
	err  error
}

var errNoAudit = errors.New("the audit record cannot be written")

func (r *recorder) Begin(_ context.Context, a act.Act) (act.Finish, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return nil, r.err
	}
	r.acts = append(r.acts, a.Action+" "+a.Target)
	r.last = a
	return func(error) {}, nil
}

type world struct {
	*Service
	t        testing.TB
	store    *fakeStore
	recorder *recorder
	changed  int
}

var testNow = time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)

func newWorld(t testing.TB) *world {
	w := &world{t: t, store: newFakeStore(), recorder: &recorder{}}
	var err error
	w.Service, err = Open(context.Background(), Deps{
		Store: w.store, Recorder: w.recorder, Now: func() time.Time { return testNow },
		Plans:    func(name string) bool { return name == "free" || name == "pro" },
		OnChange: func(context.Context) error { w.changed++; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func input(raw string) Input {
	in, err := ParseInput(json.RawMessage(raw))
	if err != nil {
		panic(err)
	}
	return in
}

func (w *world) create(raw string) store.Account {
	w.t.Helper()
	a, err := w.Create(context.Background(), input(raw))
	if err != nil {
		w.t.Fatalf("%s: %v", raw, err)
	}
	return a
}

// family makes default, acme ─ emea ─ (uk, de), and other.
func (w *world) family() *world {
	w.t.Helper()
	w.create(`{"name":"acme","title":"Acme","plan":"pro"}`)
	w.create(`{"name":"emea","parent":"acme"}`)
	w.create(`{"name":"uk","parent":"emea","plan":"free"}`)
	w.create(`{"name":"de","parent":"emea"}`)
	w.create(`{"name":"other"}`)
	return w
}

// paths gives the fields that an error is about.
func paths(t testing.TB, err error) []string {
	t.Helper()
	errs, ok := form.AsErrors(err)
	if !ok {
		t.Fatalf("want form.Errors, got %v", err)
	}
	var list []string
	for _, e := range errs {
		list = append(list, e.Path)
	}
	return list
}
