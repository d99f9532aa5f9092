package storetest

import (
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func account(name event.Account) store.Account {
	return store.Account{
		Name: name, Title: "Acme ✓ \"Ltd\"", Parent: "default", Plan: "pro", Version: 1, CreatedAt: at(1), UpdatedAt: at(2), ClosedAt: at(3),
	}
}

func testAccounts(t *testing.T, s *suite) {
	list, err := s.AllAccounts(s.ctx)
	must(t, err)
	same(t, "accounts of a new store", len(list), 0)

	bare := store.Account{Name: "bare", Version: 1, CreatedAt: at(4), UpdatedAt: at(4)}
	full := account(acme)
	for _, a := range []store.Account{bare, full} {
		odd := a
		odd.Version = 17 // the first is always 1
		must(t, s.CreateAccount(s.ctx, odd))
	}
	list, err = s.AllAccounts(s.ctx)
	must(t, err)
	same(t, "accounts by name", list, []store.Account{full, bare})
	s.reopen(t)
	list, err = s.AllAccounts(s.ctx)
	must(t, err)
	same(t, "accounts after opening again", list, []store.Account{full, bare})
}

func testAccountVersions(t *testing.T, s *suite) {
	a := account(acme)
	must(t, s.CreateAccount(s.ctx, a))
	a.Title, a.Parent, a.Plan, a.UpdatedAt = "", "", "", at(9)
	a.ClosedAt = fromZero
	must(t, s.UpdateAccount(s.ctx, a))
	wantErr(t, "a stale version", s.UpdateAccount(s.ctx, a), store.ErrConflict)
	wantErr(t, "an unknown account", s.UpdateAccount(s.ctx, account("unknown")), store.ErrNotFound)
	list, err := s.AllAccounts(s.ctx)
	must(t, err)
	a.Version = 2
	same(t, "accounts after a change", list, []store.Account{a})
}

func testAccountNames(t *testing.T, s *suite) {
	a := account(acme)
	must(t, s.CreateAccount(s.ctx, a))
	wantErr(t, "a taken name", s.CreateAccount(s.ctx, account(acme)), store.ErrConflict)
	a.ClosedAt = at(20)
	must(t, s.UpdateAccount(s.ctx, a))
	wantErr(t, "the name of a closed account", s.CreateAccount(s.ctx, account(acme)), store.ErrConflict)
	wantErr(t, "no name", s.CreateAccount(s.ctx, account("")), store.ErrInvalid)
}
