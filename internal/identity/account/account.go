// Package account keeps the tree of accounts, which are the tenants, and the projects inside them.
//
// All accounts are held in memory as a [Tree] that is replaced as a whole when one changes, so that asking about them
// costs next to nothing and takes no lock.
package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of accounts.
const (
	// MaxAccounts is how many accounts an installation may have, closed ones included: they are held in memory.
	MaxAccounts = 10_000
	// MaxBelow is how many accounts there may be below one top-level account (see [Tree.Top]), closed ones included,
	// when somebody who is not the operator makes one more.
	MaxBelow = 500
	// Reserved is how many of MaxAccounts only the operator may use.
	Reserved = 1_000
	// MaxDepth is how many levels of accounts there may be.
	MaxDepth = 16
	// MaxTitle bounds a title, in characters.
	MaxTitle = 100
)

// Errors that callers tell apart with errors.Is. What is wrong with single fields is a form.Errors.
var (
	// ErrNotFound: no such account, or no such project in that account.
	ErrNotFound = errors.New("no such account or project")
	// ErrVersion: it changed since the caller read it.
	ErrVersion = errors.New("it has changed since it was read")
	// ErrNameTaken: another account has, or had, the name; or another project of the account has it.
	ErrNameTaken = errors.New("the name is taken")
	// ErrOperator: the default account is the operator's own and cannot be closed or moved.
	ErrOperator = errors.New("the default account is the operator's: it cannot be closed or moved")
	// ErrFull: there are MaxAccounts accounts (for who is not the operator: all but Reserved, or MaxBelow in the same
	// tree), or MaxProjects projects in the account.
	ErrFull = errors.New("there are as many as there may be")
)

// Store is what is needed of the store.
type Store interface {
	store.Accounts
	store.Projects
}

// Deps are what a Service stands on. Everything but Store may be nil; without a Recorder, changes are not recorded,
// which is for tests only.
type Deps struct {
	Store    Store
	Recorder act.Recorder
	// Plans says whether there is a plan of that name; nil: every name is one.
	Plans func(name string) bool
	// OnChange is told after a change of accounts is stored and can be seen, and before the caller hears of it. Changes
	// wait for it. Its error is the caller's, but the change stands.
	OnChange func(ctx context.Context) error
	Now      func() time.Time
	Log      *slog.Logger
}

// Service keeps accounts and projects. It is safe for concurrent use.
type Service struct {
	deps Deps
	tree atomic.Pointer[Tree]

	changes  sync.Mutex // one change of the tree at a time: two moves together could make a circle
	projects sync.Mutex // one new project at a time, so that they can be counted
}

// Open reads all accounts and makes the default account if there is none.
func Open(ctx context.Context, d Deps) (*Service, error) {
	if d.Recorder == nil {
		d.Recorder = act.Discard{}
	}
	if d.Plans == nil {
		d.Plans = func(string) bool { return true }
	}
	if d.OnChange == nil {
		d.OnChange = func(context.Context) error { return nil }
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{deps: d}
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	if _, ok := s.Get(event.DefaultAccount); ok {
		return s, nil
	}
	now := d.Now().UTC()
	err := d.Store.CreateAccount(ctx, store.Account{Name: event.DefaultAccount, Title: "Default", CreatedAt: now, UpdatedAt: now})
	if err != nil && !errors.Is(err, store.ErrConflict) { // a conflict: another process has made it
		return nil, fmt.Errorf("making the default account: %w", err)
	}
	return s, s.load(ctx)
}

// load replaces the tree by what is stored.
func (s *Service) load(ctx context.Context) error {
	list, err := s.deps.Store.AllAccounts(ctx)
	if err != nil {
		return fmt.Errorf("reading the accounts: %w", err)
	}
	s.show(list)
	return nil
}

func (s *Service) show(list []store.Account) {
	t, broken := NewTree(list)
	for _, name := range broken {
		s.deps.Log.Error("the parents of an account are missing or go round in a circle; it is taken for closed",
			slog.String("account", string(name)))
	}
	s.tree.Store(t)
}

// Reload reads all accounts again, for changes that another process has made.
func (s *Service) Reload(ctx context.Context) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	if err := s.load(ctx); err != nil {
		return err
	}
	return s.deps.OnChange(ctx)
}

// Tree gives all accounts as they are now, for several questions that must agree.
func (s *Service) Tree() *Tree { return s.tree.Load() }

// Get gives an account, closed ones included.
func (s *Service) Get(name event.Account) (store.Account, bool) { return s.Tree().Get(name) }

// IsOpen says whether an account exists and neither it nor one above it is closed.
func (s *Service) IsOpen(name event.Account) bool { return s.Tree().IsOpen(name) }

// Names gives the name of every account, in order, closed ones included. The caller must not change the list.
func (s *Service) Names() []event.Account { return s.Tree().names }

// Plan gives the name of an account's plan, see [Tree.Plan].
func (s *Service) Plan(name event.Account) string { return s.Tree().Plan(name) }

// PlanOwner gives the account whose plan an account uses up, see [Tree.PlanOwner].
func (s *Service) PlanOwner(name event.Account) event.Account { return s.Tree().PlanOwner(name) }

// Parents gives the accounts above one, the nearest first. The caller must not change the list.
func (s *Service) Parents(name event.Account) []event.Account { return s.Tree().Parents(name) }

// Descendants gives all accounts below one, by name.
func (s *Service) Descendants(name event.Account) []event.Account { return s.Tree().Descendants(name) }

// Within says whether an account is the other one or below it.
func (s *Service) Within(child, ancestor event.Account) bool { return s.Tree().Within(child, ancestor) }

// List gives the accounts that are within one, by name; an empty within gives all.
func (s *Service) List(within event.Account, p store.Page) ([]store.Account, string, error) {
	return s.Tree().List(within, p)
}

// All gives every account, by name.
func (s *Service) All() []store.Account { return s.Tree().All() }

// Create makes an account. How many there may be depends on the actor of ctx. Errors: form.Errors with every wrong
// field, ErrNameTaken, ErrFull.
func (s *Service) Create(ctx context.Context, in Input) (store.Account, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	t := s.Tree()
	now := s.deps.Now().UTC()
	a := store.Account{Name: event.Account(value(in.Name)), Version: 1, CreatedAt: now, UpdatedAt: now}
	a = with(a, in)
	var errs form.Errors
	if !event.ValidAccount(string(a.Name)) {
		errs.Add("name", "must be 1 to %d of a-z, 0-9, _ and -", event.MaxAccount)
	}
	s.check(t, a, 0, &errs)
	if errs != nil {
		return store.Account{}, errs
	}
	if _, taken := t.Get(a.Name); taken {
		return store.Account{}, ErrNameTaken
	}
	if err := t.room(a.Parent, isOperator(act.From(ctx))); err != nil {
		return store.Account{}, err
	}
	err := act.Do(ctx, s.deps.Recorder, act.Act{Account: a.Name, Action: "account.create", Target: string(a.Name), After: shown(a)},
		func(ctx context.Context) error { return s.deps.Store.CreateAccount(ctx, a) })
	switch {
	case errors.Is(err, store.ErrConflict): // another process has made it
		return store.Account{}, errors.Join(ErrNameTaken, s.load(ctx))
	case err != nil:
		return store.Account{}, fmt.Errorf("storing the account %s: %w", a.Name, err)
	}
	return a, s.changed(ctx, a)
}

// Update changes an account's title, parent and plan. With a version above 0 the change is refused with ErrVersion
// unless the account still has that version. Errors: form.Errors, ErrNotFound, ErrVersion, ErrOperator.
func (s *Service) Update(ctx context.Context, name event.Account, version int64, in Input) (store.Account, error) {
	return s.change(ctx, name, version, "account.update", func(a store.Account, t *Tree) (store.Account, error) {
		var errs form.Errors
		if in.Name != nil && *in.Name != string(name) {
			errs.Add("name", "cannot be changed")
		}
		next := with(a, in)
		if name == event.DefaultAccount && next.Parent != "" {
			return a, ErrOperator
		}
		s.check(t, next, t.height(name), &errs)
		return next, errs.Err()
	})
}

// Close closes an account, and with it all below it: their keys and people are refused until it is opened again, what
// they have stays. Closing a closed account changes nothing. Errors: as Update.
func (s *Service) Close(ctx context.Context, name event.Account, version int64) (store.Account, error) {
	return s.change(ctx, name, version, "account.close", func(a store.Account, _ *Tree) (store.Account, error) {
		if name == event.DefaultAccount {
			return a, ErrOperator
		}
		if a.ClosedAt.IsZero() {
			a.ClosedAt = s.deps.Now().UTC()
		}
		return a, nil
	})
}

// Reopen opens a closed account again. One that is below a closed one stays shut until that is opened too. Errors: as
// Update.
func (s *Service) Reopen(ctx context.Context, name event.Account, version int64) (store.Account, error) {
	return s.change(ctx, name, version, "account.reopen", func(a store.Account, _ *Tree) (store.Account, error) {
		a.ClosedAt = time.Time{}
		return a, nil
	})
}

// change edits and stores an account, unless the edit changes nothing.
func (s *Service) change(ctx context.Context, name event.Account, version int64, action string,
	edit func(store.Account, *Tree) (store.Account, error)) (store.Account, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	t := s.Tree()
	old, ok := t.Get(name)
	switch {
	case !ok:
		return store.Account{}, ErrNotFound
	case version > 0 && old.Version != version:
		return store.Account{}, ErrVersion
	}
	a, err := edit(old, t)
	if err != nil {
		return store.Account{}, err
	}
	if a == old {
		return old, nil
	}
	a.UpdatedAt = s.deps.Now().UTC()
	err = act.Do(ctx, s.deps.Recorder, act.Act{Account: name, Action: action, Target: string(name), Before: shown(old), After: shown(a)},
		func(ctx context.Context) error { return s.deps.Store.UpdateAccount(ctx, a) })
	switch {
	case errors.Is(err, store.ErrConflict): // another process has changed it: what is in memory is old
		return store.Account{}, errors.Join(ErrVersion, s.load(ctx))
	case err != nil:
		return store.Account{}, fmt.Errorf("storing the account %s: %w", name, err)
	}
	a.Version++
	return a, s.changed(ctx, a)
}

// changed shows a stored account in the tree and tells OnChange.
func (s *Service) changed(ctx context.Context, a store.Account) error {
	list := slices.DeleteFunc(s.All(), func(o store.Account) bool { return o.Name == a.Name })
	s.show(append(list, a))
	// The change is stored; a caller who hangs up must not keep it from others.
	if err := s.deps.OnChange(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("telling of the change of account %s: %w", a.Name, err)
	}
	return nil
}

func with(a store.Account, in Input) store.Account {
	if in.Title != nil {
		a.Title = *in.Title
	}
	if in.Parent != nil {
		a.Parent = event.Account(*in.Parent)
	}
	if in.Plan != nil {
		a.Plan = *in.Plan
	}
	return a
}

// check checks what can be chosen of an account that has so many levels below it.
func (s *Service) check(t *Tree, a store.Account, height int, errs *form.Errors) {
	checkLine("title", a.Title, MaxTitle, errs)
	if a.Plan != "" && !s.deps.Plans(a.Plan) {
		errs.Add("plan", "is not the name of a plan")
	}
	if a.Parent == "" {
		return
	}
	parent := t.nodes[a.Parent]
	switch {
	case a.Parent == a.Name:
		errs.Add("parent", "must be another account")
	case parent == nil:
		errs.Add("parent", "is not the name of an account")
	case parent.broken:
		errs.Add("parent", "has parents that go round in a circle: mend those first")
	case t.Within(a.Parent, a.Name):
		errs.Add("parent", "is below this account: that would make a circle")
	case len(t.Parents(a.Parent))+2+height > MaxDepth:
		errs.Add("parent", "would make more than %d levels of accounts", MaxDepth)
	}
}

// shown is an account as the audit record shows it.
func shown(a store.Account) json.RawMessage {
	raw, err := json.Marshal(struct {
		Title  string        `json:"title"`
		Parent event.Account `json:"parent"`
		Plan   string        `json:"plan"`
		Closed bool          `json:"closed"`
	}{a.Title, a.Parent, a.Plan, !a.ClosedAt.IsZero()})
	if err != nil {
		panic("account: writing an account as JSON: " + err.Error()) // texts and a truth value
	}
	return raw
}
