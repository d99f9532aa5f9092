package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func session(u store.User) store.Session {
	s := store.Session{
		ID: event.NewID(), User: u.ID, Account: u.Account, Strong: true, CreatedAt: at(1), LastSeenAt: at(2), ExpiresAt: at(1000),
		Address: "2001:db8::1", UserAgent: "a browser",
	}
	copy(s.Hash[:], s.ID[:])
	return s
}

func (s *suite) session(t *testing.T, want store.Session) store.Session {
	t.Helper()
	got, err := s.SessionByHash(s.ctx, want.Hash)
	must(t, err)
	return got
}

// signIn stores a user with that many sessions, and gives them.
func (s *suite) signIn(t *testing.T, u store.User, n int) (list []store.Session) {
	t.Helper()
	for range n {
		list = append(list, session(u))
	}
	must(t, s.CreateUser(s.ctx, u))
	u.Version = 1
	for i := range list {
		u.With = store.With{NewSession: &list[i]}
		must(t, s.UpdateUser(s.ctx, u))
		u.Version++
	}
	return list
}

func testSessions(t *testing.T, s *suite) {
	u := user(acme, "ada@example.com")
	list := s.signIn(t, u, 3)
	for _, want := range list {
		same(t, "session", s.session(t, want), want)
	}
	_, err := s.SessionByHash(s.ctx, [32]byte{1})
	wantErr(t, "an unknown session", err, store.ErrNotFound)

	must(t, s.TouchSession(s.ctx, list[0].ID, at(30)))
	must(t, s.TouchSession(s.ctx, list[0].ID, at(20))) // late news
	must(t, s.TouchSession(s.ctx, event.NewID(), at(20)))
	list[0].LastSeenAt = at(30)
	got, err := s.ListSessions(s.ctx, acme, u.ID, at(999))
	must(t, err)
	same(t, "sessions", got, []store.Session{list[2], list[1], list[0]})
	for what, empty := range map[string]func() ([]store.Session, error){
		"past their end":  func() ([]store.Session, error) { return s.ListSessions(s.ctx, acme, u.ID, at(1000)) },
		"another account": func() ([]store.Session, error) { return s.ListSessions(s.ctx, other, u.ID, at(3)) },
		"another user":    func() ([]store.Session, error) { return s.ListSessions(s.ctx, acme, event.NewID(), at(3)) },
	} {
		got, err := empty()
		must(t, err)
		same(t, what, len(got), 0)
	}
}

func testSessionsRecent(t *testing.T, s *suite) {
	list := s.signIn(t, user(acme, "ada@example.com"), 3)
	s.signIn(t, user(acme, "bob@example.com"), 1)
	s.signIn(t, user(other, "eve@example.com"), 1)
	must(t, s.RevokeSession(s.ctx, acme, list[0].User, list[0].ID, at(6)))
	must(t, s.TouchSession(s.ctx, list[1].ID, at(30)))
	for _, c := range []struct {
		what      string
		seen, now time.Time
		limit     int
		want      []string
	}{
		{"all", at(0), at(40), 10, []string{"ada@example.com", "ada@example.com", "bob@example.com"}},
		{"seen lately", at(3), at(40), 10, []string{"ada@example.com"}},
		{"past their end", at(0), at(1000), 10, nil},
		{"limited", at(0), at(40), 1, nil},
	} {
		got, err := s.RecentSessions(s.ctx, acme, c.seen, c.now, c.limit)
		must(t, err)
		var people []string
		for _, g := range got {
			same(t, c.what+": address", g.Address, "2001:db8::1")
			people = append(people, g.Email)
		}
		slices.Sort(people)
		if c.what == "limited" {
			same(t, c.what, len(people), 1)
			continue
		}
		same(t, c.what, people, c.want)
	}
}

func testSessionsEnd(t *testing.T, s *suite) {
	u := user(acme, "ada@example.com")
	list := s.signIn(t, u, 4)
	stranger := s.signIn(t, user(acme, "bob@example.com"), 1)[0]
	wantErr(t, "another account's", s.RevokeSession(s.ctx, other, u.ID, list[0].ID, at(5)), store.ErrNotFound)
	wantErr(t, "another user's", s.RevokeSession(s.ctx, acme, u.ID, stranger.ID, at(5)), store.ErrNotFound)
	wantErr(t, "an unknown one", s.RevokeSession(s.ctx, acme, u.ID, event.NewID(), at(5)), store.ErrNotFound)
	must(t, s.RevokeSession(s.ctx, acme, u.ID, list[0].ID, at(6)))
	must(t, s.RevokeSession(s.ctx, acme, u.ID, list[0].ID, at(7)))
	same(t, "first end", s.session(t, list[0]).RevokedAt, at(6))

	n, err := s.RevokeSessions(s.ctx, other, u.ID, event.ID{}, at(8))
	must(t, err)
	same(t, "sessions ended for another account", n, 0)
	n, err = s.RevokeSessions(s.ctx, acme, u.ID, list[1].ID, at(8))
	must(t, err)
	same(t, "sessions ended", n, 2)
	same(t, "kept session", s.session(t, list[1]).RevokedAt, time.Time{})
	n, err = s.RevokeSessions(s.ctx, acme, u.ID, event.ID{}, at(9))
	must(t, err)
	same(t, "sessions ended at last", n, 1)
	same(t, "another user's session", s.session(t, stranger).RevokedAt, time.Time{})
	got, err := s.ListSessions(s.ctx, acme, u.ID, at(3))
	must(t, err)
	same(t, "valid sessions", len(got), 0)
}

func testSessionsAreBounded(t *testing.T, s *suite) {
	u := user(acme, "ada@example.com")
	bystander := s.signIn(t, user(acme, "bob@example.com"), 1)[0]
	list := s.signIn(t, u, store.MaxSessions+2)
	for n, want := range list {
		if got := s.session(t, want).RevokedAt; got.IsZero() != (n >= 2) {
			t.Errorf("session %d ended %v", n, got)
		}
	}
	same(t, "another user's session", s.session(t, bystander).RevokedAt, time.Time{})
}

func testSessionsPrune(t *testing.T, s *suite) {
	list := s.signIn(t, user(acme, "ada@example.com"), 5)
	for _, i := range []int{0, 2} {
		must(t, s.RevokeSession(s.ctx, acme, list[i].User, list[i].ID, at(10)))
	}
	prune := func(t0 time.Time, limit, want int) {
		t.Helper()
		n, err := s.PruneSessions(s.ctx, t0, limit)
		must(t, err)
		same(t, "sessions pruned", n, want)
	}
	prune(at(10), 10, 0)
	prune(at(11), 1, 1)
	prune(at(11), 10, 1)
	prune(at(1000), 10, 0)
	same(t, "session that is valid", s.session(t, list[1]), list[1])
	prune(at(1001), 2, 2)
	prune(at(1001), 2, 1)
}
