package user

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func fields(err error) (list []string) {
	errs, _ := form.AsErrors(err)
	for _, e := range errs {
		list = append(list, e.Path)
	}
	return list
}

func TestWhoMayChangeWhom(t *testing.T) {
	t.Parallel()
	as := func(r identity.Role) identity.Principal { return identity.Principal{Role: r, Scopes: r.Scopes()} }
	key := func(s ...identity.Scope) identity.Principal { return identity.Principal{Scopes: s} }
	const v, a, o = identity.RoleViewer, identity.RoleAdmin, identity.RoleOwner
	for _, c := range []struct {
		by        identity.Principal
		has, gets identity.Role
		want      bool
	}{
		{as(v), v, v, false},
		{as(identity.RoleResponder), v, v, false},
		{as(a), v, a, true},
		{as(a), a, v, true},
		{as(a), v, o, false},
		{as(a), o, v, false},
		{as(a), o, o, false},
		{as(o), v, o, true},
		{as(o), o, v, true},
		{key(identity.Admin), v, a, true},
		{key(identity.Admin), v, o, false},
		{key(identity.Admin), o, o, false},
		{key(identity.AuditRead, identity.IntegrationsWrite), v, v, false},
		{identity.Principal{}, v, v, false},
		{as("root"), v, v, false},
	} {
		if got := mayChange(c.by, c.has, c.gets); got != c.want {
			t.Errorf("%s %v changes %s to %s: %v", c.by.Role, c.by.Scopes, c.has, c.gets, got)
		}
	}
	for _, c := range []struct {
		by     identity.Principal
		role   identity.Role
		owners int
		want   bool
	}{
		{as(a), o, 1, false}, {as(a), o, 0, true}, {key(identity.Admin), o, 0, true}, {as(v), o, 0, false}, {as(o), o, 1, true}, {as(a), a, 1, true},
	} {
		if got := mayInvite(c.by, c.role, c.owners); got != c.want {
			t.Errorf("%s invites a %s beside %d owners: %v", c.by.Role, c.role, c.owners, got)
		}
	}
}

func TestSetup(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	first, made, err := f.SetupLink(ctx)
	if err != nil || !made || !first.ExpiresAt.Equal(f.clock.now().Add(SetupFor)) {
		t.Fatalf("made %v (%v), until %v", made, err, first.ExpiresAt)
	}
	ticket, made, err := f.SetupLink(ctx)
	if err != nil || !made {
		t.Fatal(made, err)
	}
	_, err = f.InspectLink(ctx, first.Token)
	wantErr(t, "the earlier link", err, ErrLink)
	info, err := f.InspectLink(ctx, ticket.Token)
	if diff := cmp.Diff(LinkInfo{Purpose: Setup, Account: "default", ExpiresAt: ticket.ExpiresAt}, info); err != nil || diff != "" {
		t.Error(err, diff)
	}
	_, err = f.Redeem(ctx, ticket.Token, Redemption{Email: "x", Password: form.NewSecret("x")}, home)
	if diff := cmp.Diff([]string{"email", "name", "password"}, fields(err)); diff != "" {
		t.Errorf("%v: %s", err, diff)
	}
	f.record.actions()
	in, err := f.Redeem(ctx, ticket.Token, Redemption{Email: "Root@example.com", Name: "Zoe", Password: form.NewSecret(good)}, home)
	must(t, err)
	if p := f.principal(t, in.Token); p.Role != identity.RoleOwner || !p.Operator() || p.Name != "root@example.com" {
		t.Errorf("principal is %+v", p)
	}
	stored := f.get(t, in.User)
	if diff := cmp.Diff(stored, in.User); diff != "" {
		t.Errorf("the user that was given (-stored +given):\n%s", diff)
	}
	if a := f.record.acts[0]; a.Action != "user.password_change" || a.Actor.ID != textOf(in.User.ID) || !strings.Contains(string(a.After), `"role":"owner"`) {
		t.Errorf("recorded: %+v", a)
	}
	_, err = f.Redeem(ctx, ticket.Token, Redemption{Email: "two@example.com", Name: "Two", Password: form.NewSecret(good)}, home)
	wantErr(t, "the link again", err, ErrLink)
	if _, made, err := f.SetupLink(ctx); made || err != nil {
		t.Error("a setup link was made although there is an owner")
	}
}

func TestLinksEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	u, ticket, err := f.Invite(ctx, root(acme), acme, Invitation{Email: "ada@example.com", Role: identity.RoleViewer})
	must(t, err)
	if ticket.Purpose != Invite || !ticket.ExpiresAt.Equal(f.clock.now().Add(InviteFor)) {
		t.Errorf("ticket is %+v", ticket)
	}
	info, err := f.InspectLink(ctx, ticket.Token)
	if err != nil || info.Email != "ada@example.com" || info.Account != acme {
		t.Errorf("link is %+v (%v)", info, err)
	}
	again, err := f.ResetLink(ctx, root(acme), acme, u.ID)
	if err != nil || again.Purpose != Invite {
		t.Errorf("a second invitation is %+v (%v)", again, err)
	}
	for what, token := range map[string]form.Secret{
		"replaced": ticket.Token, "none": {}, "unknown": form.NewSecret("tsl_x"), "long": form.NewSecret(strings.Repeat("x", 1<<20)),
	} {
		_, err := f.InspectLink(ctx, token)
		wantErr(t, what, err, ErrLink)
		_, err = f.Redeem(ctx, token, Redemption{Password: form.NewSecret(good)}, home)
		wantErr(t, what, err, ErrLink)
	}
	f.closed.Store(acme, true)
	_, err = f.InspectLink(ctx, again.Token)
	wantErr(t, "a closed account", err, ErrLink)
	f.closed.Delete(acme)
	f.clock.move(InviteFor)
	_, err = f.InspectLink(ctx, again.Token)
	wantErr(t, "too old", err, ErrLink)
}

func TestReset(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	p, token := f.in(t, u, "")
	ticket, err := f.ResetLink(ctx, root(acme), acme, u.ID)
	must(t, err)
	if ticket.Purpose != Reset {
		t.Errorf("purpose is %s", ticket.Purpose)
	}
	f.principal(t, token)
	if _, err := f.Redeem(ctx, ticket.Token, Redemption{Password: form.NewSecret("short")}, home); cmp.Diff([]string{"password"}, fields(err)) != "" {
		t.Errorf("a short password: %v", err)
	}
	in, err := f.Redeem(ctx, ticket.Token, Redemption{Email: "ignored@example.com", Password: form.NewSecret(good2)}, home)
	must(t, err)
	if in.User.Email != u.Email || in.User.Name != u.Name {
		t.Errorf("the user became %+v", in.User)
	}
	f.principal(t, in.Token)
	_, err = f.Authenticate(ctx, token)
	wantErr(t, "the session from before", err, ErrEnded)
	wantErr(t, "what it did", f.SignOut(ctx, p), nil) // ends what has ended

	// With a second factor a link alone does not sign in.
	q := f.principal(t, in.Token)
	e, err := f.BeginTOTP(ctx, q, form.NewSecret(good2), home)
	must(t, err)
	secret, _ := base32Plain.DecodeString(e.Secret.Reveal())
	_, err = f.ConfirmTOTP(ctx, q, form.NewSecret(f.code(secret)), home)
	must(t, err)
	f.clock.move(2 * totpStep)
	ticket, err = f.ResetLink(ctx, root(acme), acme, u.ID)
	must(t, err)
	half, err := f.Redeem(ctx, ticket.Token, Redemption{Password: form.NewSecret(good)}, home)
	if err != nil || !half.Token.IsZero() || half.CSRF != "" || !half.Session.ID.IsZero() {
		t.Errorf("signed in without a code: %+v (%v)", half, err)
	}
	if list, _ := f.store.ListSessions(ctx, acme, u.ID, f.clock.now()); len(list) != 0 {
		t.Errorf("%d sessions are left", len(list))
	}
	_, err = f.try(t, u, good, "")
	wantErr(t, "the new password", err, ErrCodeNeeded)
	_, err = f.try(t, u, good, f.code(secret))
	must(t, err)
}

// TestLinkWorksOnce redeems a link many times at once.
func TestLinkWorksOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	setup, _, err := f.SetupLink(t.Context())
	must(t, err)
	_, invite, err := f.Invite(t.Context(), root(acme), acme, Invitation{Email: "ada@example.com", Role: identity.RoleViewer})
	must(t, err)
	for purpose, ticket := range map[string]Ticket{"setup": setup, "invite": invite} {
		var wg sync.WaitGroup
		results := make([]error, 6)
		for i := range results {
			wg.Go(func() {
				email := string(rune('a'+i)) + "@example.com"
				_, results[i] = f.Redeem(t.Context(), ticket.Token, Redemption{Email: email, Name: "Zoe", Password: form.NewSecret(good)}, home)
			})
		}
		wg.Wait()
		done := 0
		for _, err := range results {
			switch {
			case err == nil:
				done++
			case !errors.Is(err, ErrLink):
				t.Errorf("%s: error is %v", purpose, err)
			}
		}
		if done != 1 {
			t.Errorf("%s: the link worked %d times", purpose, done)
		}
	}
	if n, err := f.store.CountOwners(t.Context(), event.DefaultAccount); n != 1 || err != nil {
		t.Errorf("%d owners (%v)", n, err)
	}
}

func TestInviteRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	owner := f.join(t, acme, "owner@example.com", identity.RoleOwner)
	admin := f.join(t, acme, "admin@example.com", identity.RoleAdmin)
	pa, _ := f.in(t, admin, "")
	_, _, err := f.Invite(ctx, pa, acme, Invitation{Email: "x", Name: "a\nb", Role: "root"})
	if diff := cmp.Diff([]string{"email", "name", "role"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	_, _, err = f.Invite(ctx, pa, acme, Invitation{Email: owner.Email, Role: identity.RoleViewer})
	if diff := cmp.Diff([]string{"email"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	_, _, err = f.Invite(ctx, pa, acme, Invitation{Email: "new@example.com", Role: identity.RoleOwner})
	wantErr(t, "an admin inviting an owner", err, ErrForbidden)
	_, _, err = f.Invite(ctx, pa, other, Invitation{Email: "new@example.com", Role: identity.RoleViewer})
	wantErr(t, "another account", err, ErrForbidden)
	_, err = f.ResetLink(ctx, pa, acme, owner.ID)
	wantErr(t, "an admin resetting an owner", err, ErrForbidden)
	_, err = f.EndSessions(ctx, pa, acme, owner.ID)
	wantErr(t, "an admin ending an owner's sessions", err, ErrForbidden)
	pa.Account = other
	_, err = f.ResetLink(ctx, pa, acme, admin.ID)
	wantErr(t, "while acting elsewhere", err, ErrForbidden)
	_, err = f.ResetLink(ctx, root(other), other, admin.ID)
	wantErr(t, "another account's user", err, ErrNotFound)
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	owner, u := f.join(t, acme, "owner@example.com", identity.RoleOwner), f.join(t, acme, "ada@example.com", identity.RoleViewer)
	name, role, up, yes := "Ada", identity.RoleAnalyst, identity.RoleOwner, true
	f.record.actions()
	_, err := f.Update(ctx, root(acme), acme, u.ID, u.Version+1, Patch{Name: &name})
	wantErr(t, "another version", err, ErrConflict)
	same, err := f.Update(ctx, root(acme), acme, u.ID, u.Version, Patch{})
	if err != nil || same.Version != u.Version || len(f.record.acts) != 0 {
		t.Errorf("no change: %+v (%v)", same, err)
	}
	next, err := f.Update(ctx, root(acme), acme, u.ID, u.Version, Patch{Name: &name, Role: &role})
	must(t, err)
	if diff := cmp.Diff(f.get(t, u), next); diff != "" || next.Role != "analyst" || next.Name != "Ada" {
		t.Errorf("given is another than stored: %s", diff)
	}
	a := f.record.acts[0]
	if string(a.Before) != `{"email":"ada@example.com","name":"Zoe Q","role":"viewer"}` || string(a.After) != `{"email":"ada@example.com","name":"Ada","role":"analyst"}` {
		t.Errorf("recorded: %s → %s", a.Before, a.After)
	}
	bad, long := identity.Role("root"), strings.Repeat("x", identity.MaxNameRunes+1)
	_, err = f.Update(ctx, root(acme), acme, u.ID, 0, Patch{Name: &long, Role: &bad})
	if diff := cmp.Diff([]string{"name", "role"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	admin := f.join(t, acme, "admin@example.com", identity.RoleAdmin)
	pa, _ := f.in(t, admin, "")
	for what, p := range map[string]struct {
		id    event.ID
		patch Patch
	}{
		"making an owner": {u.ID, Patch{Role: &up}}, "being an owner": {admin.ID, Patch{Role: &up}}, "lowering an owner": {owner.ID, Patch{Role: &role}},
		"disabling an owner": {owner.ID, Patch{Disabled: &yes}}, "renaming an owner": {owner.ID, Patch{Name: &name}},
	} {
		_, err := f.Update(ctx, pa, acme, p.id, 0, p.patch)
		wantErr(t, "an admin "+what, err, ErrForbidden)
	}
	wantErr(t, "an admin deleting an owner", f.Delete(ctx, pa, acme, owner.ID), ErrForbidden)
	_, err = f.Update(ctx, root(other), other, u.ID, 0, Patch{Name: &name})
	wantErr(t, "another account", err, ErrNotFound)
}

func TestLastOwner(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	first := f.join(t, acme, "first@example.com", identity.RoleOwner)
	// Neither an invited owner nor one of another account counts.
	invited, _, err := f.Invite(ctx, root(acme), acme, Invitation{Email: "invited@example.com", Role: identity.RoleOwner})
	must(t, err)
	f.join(t, other, "other@example.com", identity.RoleOwner)
	role, yes := identity.RoleAdmin, true
	check := func(what string, want error) {
		t.Helper()
		_, err := f.Update(ctx, root(acme), acme, first.ID, 0, Patch{Role: &role})
		wantErr(t, what+": another role", err, want)
		if want == nil {
			return
		}
		_, err = f.Update(ctx, root(acme), acme, first.ID, 0, Patch{Disabled: &yes})
		wantErr(t, what+": disabling", err, want)
		wantErr(t, what+": deleting", f.Delete(ctx, root(acme), acme, first.ID), want)
	}
	f.record.actions()
	check("the last one", ErrLastOwner)
	for _, end := range f.record.ends {
		if !errors.Is(end, act.ErrRefused) {
			t.Errorf("the record says %v", end)
		}
	}
	must(t, f.Delete(ctx, root(acme), acme, invited.ID)) // who never signed in is no last owner
	f.join(t, acme, "second@example.com", identity.RoleOwner)
	check("one of two", nil)
}

// TestOwnersLeaveTogether lets both owners step down at the same moment.
func TestOwnersLeaveTogether(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	pair := []store.User{f.join(t, acme, "a@example.com", identity.RoleOwner), f.join(t, acme, "b@example.com", identity.RoleOwner)}
	var wg sync.WaitGroup
	for _, u := range pair {
		wg.Go(func() {
			if err := f.Delete(t.Context(), root(acme), acme, u.ID); err != nil && !errors.Is(err, ErrLastOwner) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n, err := f.store.CountOwners(t.Context(), acme); n != 1 || err != nil {
		t.Errorf("%d owners are left (%v)", n, err)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	p, token := f.in(t, u, "")
	f.enrol(t, p)
	ticket, err := f.ResetLink(ctx, root(acme), acme, u.ID)
	must(t, err)
	must(t, f.Delete(ctx, root(acme), acme, u.ID))
	row := f.get(t, u)
	if row.Password != "" || len(row.TOTP) > 0 || len(row.Recovery) > 0 || row.DeletedAt.IsZero() {
		t.Errorf("something to sign in with is left: %+v", row)
	}
	_, err = f.Authenticate(ctx, token)
	wantErr(t, "the session", err, ErrUnauthenticated)
	_, err = f.InspectLink(ctx, ticket.Token)
	wantErr(t, "the link", err, ErrLink)
	_, err = f.Get(ctx, acme, u.ID)
	wantErr(t, "the user", err, ErrNotFound)
	wantErr(t, "again", f.Delete(ctx, root(acme), acme, u.ID), ErrNotFound)
	list, _, err := f.List(ctx, acme, "", store.Page{Limit: 10})
	if err != nil || len(list) != 0 {
		t.Errorf("listed are %+v (%v)", list, err)
	}
	next := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	if next.ID == u.ID {
		t.Error("an id is used again")
	}
	if _, _, err := f.List(ctx, acme, strings.Repeat("x", MaxSearchBytes+1), store.Page{}); cmp.Diff([]string{"search"}, fields(err)) != "" {
		t.Errorf("an endless search: %v", err)
	}
	f.clock.move(time.Hour)
}
