package storetest

import (
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func link(u store.User, purpose string) store.Link {
	l := store.Link{Account: u.Account, User: u.ID, Purpose: purpose, CreatedAt: at(1), ExpiresAt: at(100)}
	id := event.NewID()
	copy(l.Hash[:], id[:])
	return l
}

func testLinks(t *testing.T, s *suite) {
	ada, bob := user(acme, "ada@example.com"), user(acme, "bob@example.com")
	setup, first, second, elsewhere := link(store.User{Account: acme}, "setup"), link(ada, "invite"), link(ada, "reset"), link(bob, "reset")
	for _, l := range []store.Link{setup, first, elsewhere, second} {
		must(t, s.CreateLink(s.ctx, l))
		got, err := s.LinkByHash(s.ctx, l.Hash)
		must(t, err)
		same(t, "link", got, l)
	}
	_, err := s.LinkByHash(s.ctx, first.Hash)
	wantErr(t, "an earlier link", err, store.ErrNotFound)
	for _, l := range []store.Link{setup, elsewhere} {
		_, err := s.LinkByHash(s.ctx, l.Hash)
		must(t, err)
	}
	wantErr(t, "a known token", s.CreateLink(s.ctx, setupAgain(setup)), store.ErrConflict)

	used := link(bob, "reset")
	used.UsedAt = at(50)
	must(t, s.CreateLink(s.ctx, used))
	must(t, s.CreateLink(s.ctx, link(bob, "reset")))
	got, err := s.LinkByHash(s.ctx, used.Hash)
	must(t, err)
	same(t, "a used link stays", got, used)
}

// setupAgain is another account's link with the same hash.
func setupAgain(l store.Link) store.Link {
	l.Account = other
	return l
}

func testLinksPrune(t *testing.T, s *suite) {
	for range 3 {
		must(t, s.CreateLink(s.ctx, link(user(acme, "x@example.com"), "invite")))
	}
	for _, step := range []struct{ t, limit, want int }{{100, 10, 0}, {101, 2, 2}, {101, 2, 1}, {101, 2, 0}} {
		n, err := s.PruneLinks(s.ctx, at(step.t), step.limit)
		must(t, err)
		same(t, "links pruned", n, step.want)
	}
}
