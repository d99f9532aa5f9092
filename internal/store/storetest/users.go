package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func user(account event.Account, email string) store.User {
	return store.User{
		ID: event.NewID(), Account: account, Email: email, Name: "Ada Lovelace", Role: "owner", Password: "$argon2id$…",
		Disabled: true, TOTP: []byte{1, 0, 0xff}, TOTPStep: 58_000_000, Recovery: [][32]byte{{1}, {31: 2}}, TOTPNext: []byte{7},
		Version: 1, CreatedAt: at(1), UpdatedAt: at(2), LastLoginAt: at(3), PasswordChangedAt: at(4),
	}
}

// owner is a user who can sign in.
func owner(account event.Account, email string) store.User {
	u := user(account, email)
	u.Disabled = false
	return u
}

func (s *suite) user(t *testing.T, u store.User) store.User {
	t.Helper()
	got, err := s.GetUser(s.ctx, u.Account, u.ID)
	must(t, err)
	return got
}

func testUsers(t *testing.T, s *suite) {
	full := user(acme, "ada@example.com")
	bare := store.User{ID: event.NewID(), Account: acme, Email: "bare@example.com", Role: "viewer", CreatedAt: at(1), UpdatedAt: at(1), Version: 1}
	for _, want := range []store.User{full, bare} {
		must(t, s.CreateUser(s.ctx, want))
		same(t, "user", s.user(t, want), want)
		got, err := s.UserByEmail(s.ctx, acme, want.Email)
		must(t, err)
		same(t, "user by address", got, want)
		_, err = s.GetUser(s.ctx, other, want.ID)
		wantErr(t, "another account's user", err, store.ErrNotFound)
		_, err = s.UserByEmail(s.ctx, other, want.Email)
		wantErr(t, "another account's user by address", err, store.ErrNotFound)
	}
	_, err := s.UserByEmail(s.ctx, acme, "ADA@example.com")
	wantErr(t, "another case", err, store.ErrNotFound)
	_, err = s.GetUser(s.ctx, acme, event.NewID())
	wantErr(t, "an unknown user", err, store.ErrNotFound)
	wantErr(t, "no account", s.CreateUser(s.ctx, user("", "x@example.com")), store.ErrInvalid)
	wantErr(t, "no address", s.CreateUser(s.ctx, user(acme, "")), store.ErrInvalid)
}

func testUserVersions(t *testing.T, s *suite) {
	u := user(acme, "ada@example.com")
	must(t, s.CreateUser(s.ctx, u))
	created := u.CreatedAt
	u.Name, u.Role, u.Disabled, u.TOTP, u.Recovery, u.TOTPNext = "Ada", "admin", false, nil, nil, nil
	u.CreatedAt, u.UpdatedAt, u.LastLoginAt, u.PasswordChangedAt = at(100), at(11), at(12), at(13)
	must(t, s.UpdateUser(s.ctx, u))
	stale := u
	u.Version, u.CreatedAt = 2, created
	same(t, "changed user", s.user(t, u), u)
	wantErr(t, "a stale version", s.UpdateUser(s.ctx, stale), store.ErrConflict)
	foreign := u
	foreign.Account = other
	wantErr(t, "another account's user", s.UpdateUser(s.ctx, foreign), store.ErrNotFound)
	wantErr(t, "an unknown user", s.UpdateUser(s.ctx, user(acme, "unknown@example.com")), store.ErrNotFound)
	same(t, "user after refused changes", s.user(t, u), u)
}

func testUserEmails(t *testing.T, s *suite) {
	first, second := user(acme, "a@example.com"), user(acme, "b@example.com")
	must(t, s.CreateUser(s.ctx, first))
	must(t, s.CreateUser(s.ctx, second))
	wantErr(t, "a taken address", s.CreateUser(s.ctx, user(acme, "a@example.com")), store.ErrConflict)
	must(t, s.CreateUser(s.ctx, user(other, "a@example.com")))
	second.Email = first.Email
	wantErr(t, "a change to a taken address", s.UpdateUser(s.ctx, second), store.ErrConflict)
	first.DeletedAt = at(20)
	must(t, s.UpdateUser(s.ctx, first))
	must(t, s.UpdateUser(s.ctx, second)) // a deleted user gives the address back
	got, err := s.UserByEmail(s.ctx, acme, "a@example.com")
	must(t, err)
	same(t, "who has the address", got.ID, second.ID)
	same(t, "time of deletion", s.user(t, first).DeletedAt, at(20))
}

func testUserList(t *testing.T, s *suite) {
	var want []string
	add := func(email, name string) {
		u := user(acme, email)
		u.Name = name
		must(t, s.CreateUser(s.ctx, u))
		must(t, s.CreateUser(s.ctx, user(other, email)))
	}
	for n := range 11 {
		email := fmt.Sprintf("m%02d@example.com", n)
		want = append(want, email)
		add(email, fmt.Sprintf("Name %02d_%%", n))
	}
	gone := user(acme, "m05a@example.com")
	gone.DeletedAt = at(1)
	must(t, s.CreateUser(s.ctx, gone))

	find := func(search string) []string {
		list, _, err := s.ListUsers(s.ctx, acme, search, store.Page{Limit: store.MaxPage})
		must(t, err)
		var emails []string
		for _, u := range list {
			emails = append(emails, u.Email)
		}
		return emails
	}
	same(t, "by address", find("M03@"), []string{"m03@example.com"})
	same(t, "by name", find("name 04"), []string{"m04@example.com"})
	same(t, "by a wildcard that is none", find("04_%"), []string{"m04@example.com"})
	same(t, "by nothing that is there", find("nobody"), []string(nil))
	same(t, "by hostile text", find("' OR 1=1 --"), []string(nil))

	list := func(p store.Page) ([]store.User, string, error) { return s.ListUsers(s.ctx, acme, "", p) }
	must(t, s.CreateKey(s.ctx, key(acme, "1")))
	must(t, s.CreateKey(s.ctx, key(acme, "2")))
	_, foreign, err := s.ListKeys(s.ctx, acme, store.Page{Limit: 1})
	must(t, err)
	for _, cursor := range []string{"x", "====", "dQ", "' OR 1=1 --", foreign} {
		_, _, err := list(store.Page{After: cursor, Limit: 1})
		wantErr(t, fmt.Sprintf("users after %q", cursor), err, store.ErrCursor)
	}
	checkWalk(t, list, func(u store.User) string { return u.Email }, want, func(n int) {
		add(fmt.Sprintf("a%02d@example.com", n), "")
		add(fmt.Sprintf("z%02d@example.com", n), "")
	})
}

func testUserOwners(t *testing.T, s *suite) {
	count := func(want int) {
		t.Helper()
		n, err := s.CountOwners(s.ctx, acme)
		must(t, err)
		same(t, "owners", n, want)
	}
	count(0)
	first, second := owner(acme, "1@example.com"), owner(acme, "2@example.com")
	must(t, s.CreateUser(s.ctx, first))
	must(t, s.CreateUser(s.ctx, second))
	for n, not := range []func(u *store.User){
		func(u *store.User) { u.Disabled = true }, func(u *store.User) { u.Password = "" },
		func(u *store.User) { u.DeletedAt = at(1) }, func(u *store.User) { u.Role = "admin" }, func(u *store.User) { u.Account = other },
	} {
		u := owner(acme, fmt.Sprintf("not%d@example.com", n))
		not(&u)
		must(t, s.CreateUser(s.ctx, u))
	}
	count(2)
	second.Role, second.With.KeepOwner = "viewer", true
	must(t, s.UpdateUser(s.ctx, second))
	count(1)
	first.With.KeepOwner = true
	for _, change := range []func(u *store.User){
		func(u *store.User) { u.Disabled = true }, func(u *store.User) { u.Role = "admin" }, func(u *store.User) { u.DeletedAt = at(1) },
	} {
		last := first
		change(&last)
		wantErr(t, "the last owner", s.UpdateUser(s.ctx, last), store.ErrLastOwner)
	}
	count(1)
	same(t, "version after refused changes", s.user(t, first).Version, int64(1))
	first.Name = "still an owner"
	must(t, s.UpdateUser(s.ctx, first))
}

func testUserWith(t *testing.T, s *suite) {
	u := owner(acme, "ada@example.com")
	invite := link(u, "invite")
	u.With.NewLink = &invite
	must(t, s.CreateUser(s.ctx, u))
	got, err := s.LinkByHash(s.ctx, invite.Hash)
	must(t, err)
	same(t, "link of a new user", got, invite)

	first, second := session(u), session(u)
	u.UpdatedAt, u.With = at(20), store.With{UseLink: &invite.Hash, NewSession: &first}
	must(t, s.UpdateUser(s.ctx, u))
	got, err = s.LinkByHash(s.ctx, invite.Hash)
	must(t, err)
	same(t, "use of the link", got.UsedAt, at(20))

	reset := link(u, "reset")
	must(t, s.CreateLink(s.ctx, reset))
	u.Version, u.UpdatedAt = 2, at(30)
	u.With = store.With{EndLinks: true, EndSessions: true, NewSession: &second}
	must(t, s.UpdateUser(s.ctx, u))
	_, err = s.LinkByHash(s.ctx, reset.Hash)
	wantErr(t, "a link that ended", err, store.ErrNotFound)
	same(t, "end of the first session", s.session(t, first).RevokedAt, at(30))
	same(t, "second session", s.session(t, second), second)

	u.Version, u.With = 3, store.With{EndSessions: true, KeepSession: second.ID}
	must(t, s.UpdateUser(s.ctx, u))
	same(t, "kept session", s.session(t, second), second)
	u.With = store.With{}
	u.Version = 4
	same(t, "user", s.user(t, u), u)
}

func testUserWithIsAtomic(t *testing.T, s *suite) {
	u := owner(acme, "ada@example.com")
	must(t, s.CreateUser(s.ctx, u))
	used := link(u, "reset")
	used.UsedAt = at(1)
	must(t, s.CreateLink(s.ctx, used))
	kept := session(u)
	start := u
	start.With.NewSession = &kept
	must(t, s.UpdateUser(s.ctx, start))
	u.Version = 2

	next, unknown := session(u), [32]byte{9}
	for name, c := range map[string]struct {
		with store.With
		want error
	}{
		"a used link":     {store.With{UseLink: &used.Hash, EndSessions: true, NewSession: &next}, store.ErrConflict},
		"an unknown link": {store.With{UseLink: &unknown, EndSessions: true, NewSession: &next}, store.ErrNotFound},
		"a known session": {store.With{EndSessions: true, NewSession: &kept}, store.ErrConflict},
	} {
		change := u
		change.Name, change.With = "changed", c.with
		wantErr(t, name, s.UpdateUser(s.ctx, change), c.want)
	}
	same(t, "user", s.user(t, u), u)
	same(t, "session", s.session(t, kept).RevokedAt, time.Time{})

	setup := link(store.User{Account: acme}, "setup")
	must(t, s.CreateLink(s.ctx, setup))
	twin := owner(acme, u.Email)
	twin.With = store.With{UseLink: &setup.Hash}
	wantErr(t, "a taken address", s.CreateUser(s.ctx, twin), store.ErrConflict)
	got, err := s.LinkByHash(s.ctx, setup.Hash)
	must(t, err)
	same(t, "link after a refused user", got, setup)
}

func testUsersSealed(t *testing.T, s *suite) {
	var want []store.User
	for n := range 7 {
		u := user([]event.Account{acme, other}[n%2], fmt.Sprintf("%d@example.com", n))
		switch n % 3 {
		case 0:
			u.TOTP, u.TOTPNext = nil, nil
		case 1:
			u.TOTP = nil
		}
		must(t, s.CreateUser(s.ctx, u))
		if n%3 != 0 {
			want = append(want, u)
		}
	}
	var got []store.User
	for after := (event.ID{}); ; after = got[len(got)-1].ID {
		list, err := s.SealedUsers(s.ctx, after, 3)
		must(t, err)
		if len(list) == 0 {
			break
		}
		got = append(got, list...)
	}
	same(t, "users with a sealed secret", got, want)
}
