package user

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/known"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestSessionRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	_, token := f.in(t, u, "")
	for what, presented := range map[string]string{
		"unknown": "tss_" + strings.Repeat("0", 52), "shorter": token.Reveal()[:55], "longer": token.Reveal() + "0",
		"upper case": strings.ToUpper(token.Reveal()), "very long": strings.Repeat("x", 1<<20), "binary": "\x00\xff",
	} {
		_, err := f.Authenticate(t.Context(), form.NewSecret(presented))
		wantErr(t, what, err, ErrUnknown)
		wantErr(t, what, err, ErrUnauthenticated)
	}
	_, err := f.Authenticate(t.Context(), form.Secret{})
	wantErr(t, "nothing", err, ErrNoSession)
	if Reason(err) != "none" || Reason(errors.New("x")) != "" {
		t.Errorf("reason is %q", Reason(err))
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	_, idle := f.in(t, u, "")
	_, busy := f.in(t, u, "")
	started := f.clock.now()
	f.principal(t, idle)
	for f.clock.now().Sub(started) < DefaultLongest-time.Hour {
		f.clock.move(time.Hour)
		f.principal(t, busy)
		f.flush(t.Context())
	}
	_, err := f.Authenticate(t.Context(), idle)
	wantErr(t, "a session that was not used", err, ErrIdle)
	f.clock.move(time.Hour - 1)
	f.principal(t, busy)
	f.clock.move(1)
	_, err = f.Authenticate(t.Context(), busy)
	wantErr(t, "a session past its end", err, ErrExpired)
}

func TestIdleExactly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	_, token := f.in(t, u, "")
	f.clock.move(DefaultIdle - 1)
	f.principal(t, token)
	f.clock.move(DefaultIdle - 1)
	f.principal(t, token) // what was written down is older than this process knows
	f.clock.move(DefaultIdle)
	_, err := f.Authenticate(t.Context(), token)
	wantErr(t, "after the idle time", err, ErrIdle)
}

func TestChangesTakeEffectAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	p, token := f.in(t, u, "")
	if p.Can(identity.Admin) {
		t.Fatal("a viewer is an administrator")
	}
	role, yes, no := identity.RoleAdmin, true, false
	_, err := f.Update(t.Context(), root(acme), acme, u.ID, 0, Patch{Role: &role})
	must(t, err)
	if !f.principal(t, token).Can(identity.Admin) {
		t.Error("the new role is not in force")
	}
	f.closed.Store(acme, true)
	_, err = f.Authenticate(t.Context(), token)
	wantErr(t, "a closed account", err, ErrClosed)
	f.closed.Delete(acme)
	f.principal(t, token)

	_, err = f.Update(t.Context(), root(acme), acme, u.ID, 0, Patch{Disabled: &yes})
	must(t, err)
	_, err = f.Authenticate(t.Context(), token)
	wantErr(t, "a disabled user", err, ErrUnauthenticated)
	_, err = f.Update(t.Context(), root(acme), acme, u.ID, 0, Patch{Disabled: &no})
	must(t, err)
	_, err = f.Authenticate(t.Context(), token)
	wantErr(t, "an old session of a user who is enabled again", err, ErrEnded)
}

func TestOtherProcesses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	p, token := f.in(t, u, "")
	another := f.another()
	_, err := another.Authenticate(t.Context(), token)
	must(t, err)
	must(t, f.SignOut(t.Context(), p))
	f.clock.move(known.For)
	_, err = another.Authenticate(t.Context(), token)
	wantErr(t, "a session that another process ended", err, ErrEnded)
}

func TestPasswordChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	p, token := f.in(t, u, "")
	_, elsewhere := f.in(t, u, "")
	ticket, err := f.ResetLink(t.Context(), root(acme), acme, u.ID)
	must(t, err)
	change := func(old, next string) error {
		return f.ChangePassword(t.Context(), p, form.NewSecret(old), form.NewSecret(next), home)
	}
	wantErr(t, "a wrong password", change(good2, good2), ErrPassword)
	for _, weak := range []string{good, "short", "password1234", "ada@example.com is me"} {
		if errs, ok := form.AsErrors(change(good, weak)); !ok || errs[0].Path != "password" {
			t.Errorf("%q as the new password: %v", weak, errs)
		}
	}
	f.principal(t, elsewhere)
	f.record.actions()
	must(t, change(good, good2))
	if got := f.record.actions(); cmp.Diff([]string{"user.password_change"}, got) != "" {
		t.Errorf("recorded: %v", got)
	}
	f.principal(t, token)
	_, err = f.Authenticate(t.Context(), elsewhere)
	wantErr(t, "another session", err, ErrEnded)
	_, err = f.try(t, u, good, "")
	wantErr(t, "the old password", err, ErrSignIn)
	_, err = f.try(t, u, good2, "")
	must(t, err)
	_, err = f.InspectLink(t.Context(), ticket.Token)
	wantErr(t, "a link from before", err, ErrLink)
}

func TestStolenSessionGuessesSlowly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	p, _ := f.in(t, u, "")
	for range pairFree {
		wantErr(t, "a guess", f.ChangePassword(t.Context(), p, form.NewSecret("x"), form.NewSecret(good2), home), ErrPassword)
	}
	var throttled *ThrottledError
	if err := f.ChangePassword(t.Context(), p, form.NewSecret(good), form.NewSecret(good2), home); !errors.As(err, &throttled) {
		t.Errorf("error is %v", err)
	}
}

func TestFactorSteps(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	p, _ := f.in(t, u, "")
	ctx := t.Context()
	_, err := f.ConfirmTOTP(ctx, p, form.NewSecret("123456"), home)
	wantErr(t, "confirming nothing", err, ErrNoPending)
	wantErr(t, "disabling nothing", f.DisableTOTP(ctx, p, form.NewSecret(good), form.Secret{}, home), ErrFactorOff)
	_, err = f.BeginTOTP(ctx, p, form.NewSecret("x"), home)
	wantErr(t, "beginning with a wrong password", err, ErrPassword)
	e, err := f.BeginTOTP(ctx, p, form.NewSecret(good), home)
	must(t, err)
	raw, err := base32Plain.DecodeString(e.Secret.Reveal())
	if err != nil || len(raw) != totpBytes || !strings.Contains(e.URI.Reveal(), e.Secret.Reveal()) {
		t.Fatalf("the secret is %d bytes (%v)", len(raw), err)
	}
	_, err = f.ConfirmTOTP(ctx, p, form.NewSecret("000000"), home)
	wantErr(t, "a wrong first code", err, ErrCodeWrong)
	f.clock.move(pendingFor + time.Second)
	_, err = f.ConfirmTOTP(ctx, p, form.NewSecret(f.code(raw)), home)
	wantErr(t, "a first code too late", err, ErrNoPending)

	secret, recovery := f.enrol(t, p)
	if len(recovery) != recoveryCodes {
		t.Fatalf("%d recovery codes", len(recovery))
	}
	_, err = f.BeginTOTP(ctx, p, form.NewSecret(good), home)
	wantErr(t, "beginning again", err, ErrFactorOn)
	_, err = f.ConfirmTOTP(ctx, p, form.NewSecret(f.code(secret)), home)
	wantErr(t, "confirming again", err, ErrFactorOn)
	code := form.NewSecret(f.code(secret))
	wantErr(t, "disabling without a code", f.DisableTOTP(ctx, p, form.NewSecret(good), form.Secret{}, home), ErrCodeNeeded)
	wantErr(t, "with a wrong password", f.DisableTOTP(ctx, p, form.NewSecret("x"), code, home), ErrPassword)
	wantErr(t, "with a wrong code", f.DisableTOTP(ctx, p, form.NewSecret(good), form.NewSecret("000000"), home), ErrCodeWrong)
	must(t, f.DisableTOTP(ctx, p, form.NewSecret(good), code, home))
	if got := f.get(t, u); len(got.TOTP)+len(got.TOTPNext)+len(got.Recovery) > 0 {
		t.Error("something of the second factor is left")
	}
	_, err = f.try(t, u, good, "")
	must(t, err)
}

func TestFactorResetByAdministrator(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	owner, admin := f.join(t, acme, "owner@example.com", identity.RoleOwner), f.join(t, acme, "admin@example.com", identity.RoleAdmin)
	po, token := f.in(t, owner, "")
	pa, _ := f.in(t, admin, "")
	f.enrol(t, po)
	wantErr(t, "an admin at an owner's", f.ResetTOTP(t.Context(), pa, acme, owner.ID), ErrForbidden)
	f.principal(t, token)
	must(t, f.ResetTOTP(t.Context(), root(acme), acme, owner.ID))
	_, err := f.Authenticate(t.Context(), token)
	wantErr(t, "the session after the reset", err, ErrEnded)
	wantErr(t, "again", f.ResetTOTP(t.Context(), root(acme), acme, owner.ID), ErrFactorOff)
	_, err = f.try(t, owner, good, "")
	must(t, err)
}

func TestOwnSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	f.in(t, u, "")
	f.clock.move(DefaultIdle)
	p, token := f.in(t, u, "")
	q, second := f.in(t, u, "")
	list, err := f.Sessions(t.Context(), p)
	must(t, err)
	if len(list) != 2 || list[0].ID != q.SessionID || list[1].ID != p.SessionID || list[0].Address != "192.0.2.1" || list[0].UserAgent != "a browser" {
		t.Fatalf("sessions are %+v", list)
	}
	n, err := f.EndSessions(t.Context(), p, acme, u.ID)
	if err != nil || n != 2 { // the idle one too
		t.Errorf("%d sessions ended (%v)", n, err)
	}
	f.principal(t, token)
	_, err = f.Authenticate(t.Context(), second)
	wantErr(t, "the other session", err, ErrEnded)
	f.record.actions()
	must(t, f.SignOut(t.Context(), p))
	if got := f.record.actions(); cmp.Diff([]string{"user.sign_out"}, got) != "" {
		t.Errorf("recorded: %v", got)
	}
	_, err = f.Authenticate(t.Context(), token)
	wantErr(t, "after signing out", err, ErrEnded)
	wantErr(t, "an unknown one", f.RevokeSession(t.Context(), p, event.NewID()), ErrNotFound)
}

// countingStore counts touches.
type countingStore struct {
	Store
	touches int
	pruned  int
}

func (c *countingStore) TouchSession(ctx context.Context, id event.ID, at time.Time) error {
	c.touches++
	return c.Store.TouchSession(ctx, id, at)
}

func (c *countingStore) PruneSessions(ctx context.Context, at time.Time, limit int) (int, error) {
	n, err := c.Store.PruneSessions(ctx, at, limit)
	c.pruned += n
	return n, err
}

func TestLastUse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	_, token := f.in(t, u, "")
	counting := &countingStore{Store: f.store}
	f.Service.Store = counting
	for range 240 { // two minutes
		f.principal(t, token)
		f.flush(t.Context())
		f.clock.move(time.Second / 2)
	}
	if counting.touches != 1 {
		t.Errorf("%d writes within two minutes, want 1", counting.touches)
	}
	used := f.clock.now()
	f.principal(t, token)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	f.Run(ctx) // writes what is left and returns
	row, err := f.store.SessionByHash(t.Context(), tokenHash(token))
	if err != nil || !row.LastSeenAt.Equal(used) {
		t.Errorf("last use is %v (%v), want %v", row.LastSeenAt, err, used)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	f.in(t, u, "")
	counting := &countingStore{Store: f.store}
	f.Service.Store = counting
	f.prune(t.Context())
	f.clock.move(keepEnded + time.Second)
	f.prune(t.Context())
	f.clock.move(DefaultLongest)
	f.prune(t.Context())
	f.prune(t.Context())
	if counting.pruned != 2 { // the one that was signed out, then the one past its end
		t.Errorf("%d sessions were pruned, want 2", counting.pruned)
	}
}

func TestReseal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	p, _ := f.in(t, u, "")
	secret, _ := f.enrol(t, p)
	before := f.get(t, u)
	again := func(sealed []byte, aad seal.AAD) ([]byte, bool, error) {
		plain, err := f.Sealer.Unseal(sealed, aad)
		if err != nil {
			return nil, false, err
		}
		fresh, err := f.Sealer.Seal(plain, aad)
		return fresh, true, err
	}
	changedMeanwhile := false
	n, err := f.Reseal(t.Context(), func(sealed []byte, aad seal.AAD) ([]byte, bool, error) {
		if !changedMeanwhile {
			changedMeanwhile = true
			name := "Somebody else"
			_, err := f.Update(t.Context(), root(acme), acme, u.ID, 0, Patch{Name: &name})
			must(t, err)
		}
		return again(sealed, aad)
	})
	after := f.get(t, u)
	if err != nil || n != 1 || string(after.TOTP) == string(before.TOTP) || after.Name != "Somebody else" {
		t.Errorf("%d values were sealed anew (%v), the user is %+v", n, err, after)
	}
	_, err = f.try(t, u, good, f.code(secret))
	must(t, err)
	n, err = f.Reseal(t.Context(), func(sealed []byte, _ seal.AAD) ([]byte, bool, error) { return sealed, false, nil })
	if n != 0 || err != nil {
		t.Errorf("a survey changed %d values (%v)", n, err)
	}
}

// TestSealedForItsUser copies a sealed secret to somebody else.
func TestSealedForItsUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.join(t, acme, "ada@example.com", identity.RoleViewer), f.join(t, acme, "bob@example.com", identity.RoleViewer)
	p, _ := f.in(t, ada, "")
	secret, _ := f.enrol(t, p)
	bob = f.get(t, bob)
	bob.TOTP = f.get(t, ada).TOTP
	must(t, f.store.UpdateUser(t.Context(), bob))
	_, err := f.try(t, bob, good, f.code(secret))
	wantErr(t, "somebody else's secret", err, seal.ErrSealed)
}

var _ Store = (store.Store)(nil)
