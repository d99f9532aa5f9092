package user

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleAnalyst)
	f.record.actions()
	in, err := f.SignIn(t.Context(), Credentials{Account: acme, Email: "ADA@example.com", Password: form.NewSecret(good)}, home)
	must(t, err)
	if !strings.HasPrefix(in.Token.Reveal(), "tss_") || len(in.Token.Reveal()) != 56 || in.CSRF != CSRF(in.Token) || in.Session.Strong {
		t.Errorf("signed in: %+v", in)
	}
	if got := f.get(t, u); got.Version != in.User.Version || !got.LastLoginAt.Equal(f.clock.now()) {
		t.Errorf("the user is version %d of %v, given was %d", got.Version, got.LastLoginAt, in.User.Version)
	}
	p := f.principal(t, in.Token)
	want := identity.Principal{
		Account: acme, Home: acme, Kind: act.KindUser, ID: u.ID.Text("usr"), Name: "ada@example.com", Scopes: identity.RoleAnalyst.Scopes(),
		Role: identity.RoleAnalyst, SessionID: in.Session.ID,
	}
	if p.ID != want.ID || p.Role != want.Role || p.SessionID != want.SessionID || p.Account != acme || p.Home != acme || p.Kind != want.Kind ||
		p.Name != want.Name || !p.Can(identity.AlertsWrite) || p.Can(identity.BlocksWrite) || p.Can(identity.AuditRead) || p.Can(identity.EventsWrite) {
		t.Errorf("principal is %+v", p)
	}
	a := f.record.acts[0]
	if a.Action != "user.sign_in" || a.Account != acme || a.Target != p.ID || a.Actor != (act.Actor{
		Kind: act.KindUser, ID: p.ID, Name: "ada@example.com", Account: acme, Address: "192.0.2.1",
	}) || f.record.ends[0] != nil {
		t.Errorf("recorded is %+v", a)
	}
	if text := f.record.text(t); strings.Contains(text, in.Token.Reveal()[4:]) || strings.Contains(text, good) {
		t.Error("the record holds a token or password")
	}
}

func TestSignInRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	disabled := f.join(t, acme, "disabled@example.com", identity.RoleViewer)
	yes := true
	_, err := f.Update(t.Context(), root(acme), acme, disabled.ID, 0, Patch{Disabled: &yes})
	must(t, err)
	deleted := f.join(t, acme, "deleted@example.com", identity.RoleViewer)
	must(t, f.Delete(t.Context(), root(acme), acme, deleted.ID))
	invited, _, err := f.Invite(t.Context(), root(acme), acme, Invitation{Email: "invited@example.com", Role: identity.RoleViewer})
	must(t, err)
	for n, c := range map[string]Credentials{
		"a wrong password":   {acme, u.Email, form.NewSecret(good + "."), form.Secret{}},
		"no password":        {acme, u.Email, form.Secret{}, form.Secret{}},
		"an endless one":     {acme, u.Email, form.NewSecret(strings.Repeat("x", 1<<20)), form.Secret{}},
		"an unknown address": {acme, "nobody@example.com", form.NewSecret(good), form.Secret{}},
		"no address":         {acme, "", form.NewSecret(good), form.Secret{}},
		"a hostile address":  {acme, "x'@\r\n--", form.NewSecret(good), form.Secret{}},
		"another account":    {other, u.Email, form.NewSecret(good), form.Secret{}},
		"an unknown account": {"nowhere", u.Email, form.NewSecret(good), form.Secret{}},
		"no account":         {"", u.Email, form.NewSecret(good), form.Secret{}},
		"disabled":           {acme, disabled.Email, form.NewSecret(good), form.Secret{}},
		"deleted":            {acme, deleted.Email, form.NewSecret(good), form.Secret{}},
		"invited":            {acme, invited.Email, form.Secret{}, form.Secret{}},
	} {
		in, err := f.SignIn(t.Context(), c, Client{Address: "192.0.2." + n})
		if !errors.Is(err, ErrSignIn) || err.Error() != ErrSignIn.Error() || !in.Token.IsZero() {
			t.Errorf("%s: error is %v", n, err)
		}
	}
	f.closed.Store(acme, true)
	_, err = f.try(t, u, good, "")
	wantErr(t, "a closed account", err, ErrSignIn)
}

func TestHashIsUpgraded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	f.hasher = newHasher(f.Rand, cost{memory: 16, passes: 2, lanes: 1})
	for range 2 {
		_, err := f.try(t, u, good, "")
		must(t, err)
		if hash := f.get(t, u).Password; !strings.HasPrefix(hash, "$argon2id$v=19$m=16,t=2,p=1$") {
			t.Errorf("the hash is %s", hash)
		}
	}
}

func TestComposedPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, ticket, err := f.Invite(t.Context(), root(acme), acme, Invitation{Email: "ada@example.com", Role: identity.RoleViewer})
	must(t, err)
	in, err := f.Redeem(t.Context(), ticket.Token, Redemption{Password: form.NewSecret("dömaine de la forêt")}, home)
	must(t, err)
	_, err = f.try(t, in.User, "do\u0308maine de la fore\u0302t", "")
	must(t, err)
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	p, token := f.in(t, u, "")
	_, elsewhere := f.in(t, u, "")
	f.record.actions()
	secret, recovery := f.enrol(t, p)
	if got := f.record.actions(); len(got) != 1 || got[0] != "user.totp_enable" {
		t.Errorf("recorded: %v", got)
	}
	f.principal(t, token)
	_, err := f.Authenticate(t.Context(), elsewhere)
	wantErr(t, "another session after the second factor", err, ErrEnded)
	if row := f.get(t, u); strings.Contains(string(row.TOTP), base32Plain.EncodeToString(secret)) || len(row.TOTPNext) > 0 {
		t.Error("the secret is stored in the clear")
	}

	_, err = f.try(t, u, good, "")
	wantErr(t, "no code", err, ErrCodeNeeded)
	_, err = f.try(t, u, good+".", f.code(secret))
	wantErr(t, "a wrong password with the right code", err, ErrSignIn)
	_, err = f.try(t, u, good, "000000")
	wantErr(t, "a wrong code", err, ErrCodeWrong)
	in, err := f.try(t, u, good, " "+f.code(secret)[:3]+" "+f.code(secret)[3:])
	must(t, err)
	if !in.Session.Strong || !f.principal(t, in.Token).Strong {
		t.Error("a session with a second factor is not strong")
	}
	_, err = f.try(t, u, good, f.code(secret))
	wantErr(t, "the same code again", err, ErrCodeWrong)
	_, err = f.try(t, u, good, recovery[0].Reveal())
	must(t, err)
	_, err = f.try(t, u, good, recovery[0].Reveal())
	wantErr(t, "a recovery code again", err, ErrCodeWrong)
	if n := len(f.get(t, u).Recovery); n != recoveryCodes-1 {
		t.Errorf("%d recovery codes are left", n)
	}
}

// TestCodeWorksOnce signs in many times at once with one code.
func TestCodeWorksOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	p, _ := f.in(t, u, "")
	secret, _ := f.enrol(t, p)
	code := form.NewSecret(f.code(secret))
	var wg sync.WaitGroup
	results := make([]error, 4)
	for i := range results {
		wg.Go(func() {
			_, results[i] = f.SignIn(t.Context(), Credentials{acme, u.Email, form.NewSecret(good), code}, home)
		})
	}
	wg.Wait()
	signedIn := 0
	for _, err := range results {
		switch {
		case err == nil:
			signedIn++
		case !errors.Is(err, ErrCodeWrong):
			t.Errorf("error is %v", err)
		}
	}
	if signedIn != 1 {
		t.Errorf("one code signed in %d times", signedIn)
	}
}

// TestSignInsAtOnce: they are not in each other's way.
func TestSignInsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := f.SignIn(t.Context(), Credentials{Account: acme, Email: u.Email, Password: form.NewSecret(good)}, home); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestSignInIsThrottled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleViewer)
	attacker := Client{Address: "198.51.100.7"}
	guess := func(email string) error {
		_, err := f.SignIn(t.Context(), Credentials{Account: acme, Email: email, Password: form.NewSecret("wrong")}, attacker)
		return err
	}
	for _, email := range []string{u.Email, "nobody@example.com"} { // both answer the same
		for range pairFree {
			wantErr(t, "a wrong password", guess(email), ErrSignIn)
		}
		for _, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
			var throttled *ThrottledError
			if err := guess(email); !errors.As(err, &throttled) || throttled.After != want {
				t.Fatalf("error is %v, want a delay of %v", err, want)
			}
			f.clock.move(want)
			wantErr(t, "after the delay", guess(email), ErrSignIn)
		}
	}
	_, err := f.try(t, u, good, "") // the victim, from another client
	must(t, err)
	if c := f.Counts(); c.Throttled != 6 || c.Failed != 16 || c.SignIns != 1 {
		t.Errorf("counts are %+v", c)
	}
}

// TestFloodOfSignIns makes more failures than the record takes.
func TestFloodOfSignIns(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.join(t, acme, "ada@example.com", identity.RoleViewer)
	f.record.actions()
	const tries = 30
	for n := range tries {
		email := string(rune('a'+n)) + "@example.com"
		if n >= 26 {
			email = "other" + string(rune('a'+n-26)) + "@example.com"
		}
		_, err := f.SignIn(t.Context(), Credentials{Account: acme, Email: email, Password: form.NewSecret("x")}, Client{Address: "2001:db8::" + string(rune('a'+n%6))})
		if err == nil {
			t.Fatal("a stranger is in")
		}
	}
	if got := f.record.actions(); len(got) != failuresPerClient || got[0] != "user.sign_in_failed" {
		t.Errorf("recorded: %v", got)
	}
	c := f.Counts()
	if c.Failed != clientFree || c.Unrecorded != clientFree-failuresPerClient || c.Throttled != tries-clientFree {
		t.Errorf("counts are %+v", c)
	}
	f.clock.move(time.Hour)
	_, err := f.SignIn(t.Context(), Credentials{Account: acme, Email: "z@example.com", Password: form.NewSecret("x")}, home)
	wantErr(t, "an hour later", err, ErrSignIn)
	if a := f.record.acts[0]; !strings.HasPrefix(a.Note, "15 more failures") || !errors.Is(f.record.ends[0], act.ErrRefused) || a.Actor.ID != "" {
		t.Errorf("recorded: %+v (%v)", a, f.record.ends[0])
	}
}

func TestNoRecordNoSignIn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.join(t, acme, "ada@example.com", identity.RoleAdmin)
	p, token := f.in(t, u, "")
	before := f.get(t, u)
	full := errors.New("the record is full")
	f.record.fail = full
	yes := true
	for what, do := range map[string]func() error{
		"signing in": func() error { _, err := f.try(t, u, good, ""); return err },
		"inviting": func() error {
			_, ticket, err := f.Invite(t.Context(), p, acme, Invitation{Email: "x@example.com", Role: identity.RoleViewer})
			if !ticket.Token.IsZero() {
				t.Error("a link was given")
			}
			return err
		},
		"a link":       func() error { _, err := f.ResetLink(t.Context(), p, acme, u.ID); return err },
		"a setup link": func() error { _, _, err := f.SetupLink(t.Context()); return err },
		"updating":     func() error { _, err := f.Update(t.Context(), p, acme, u.ID, 0, Patch{Disabled: &yes}); return err },
		"deleting":     func() error { return f.Delete(t.Context(), p, acme, u.ID) },
		"signing out":  func() error { return f.SignOut(t.Context(), p) },
		"ending":       func() error { return f.RevokeSession(t.Context(), p, p.SessionID) },
		"ending all":   func() error { _, err := f.EndSessions(t.Context(), root(acme), acme, u.ID); return err },
		"a new password": func() error {
			return f.ChangePassword(t.Context(), p, form.NewSecret(good), form.NewSecret(good2), home)
		},
	} {
		wantErr(t, what, do(), full)
	}
	f.record.fail = nil
	if got := f.get(t, u); got.Version != before.Version || got.Password != before.Password {
		t.Errorf("the user changed: %+v", got)
	}
	f.principal(t, token)
	_, err := f.store.UserByEmail(t.Context(), acme, "x@example.com")
	wantErr(t, "who was not invited", err, store.ErrNotFound)
	wantErr(t, "a failed sign-in without a record", func() error { _, err := f.try(t, u, "x", ""); return err }(), ErrSignIn)
}

func TestHasherIsBounded(t *testing.T) {
	t.Parallel()
	h := newHasher(strings.NewReader(""), cheap)
	for range cap(h.places) {
		h.places <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range maxWaiting {
		wg.Go(func() {
			if _, _, err := h.verify(ctx, "x", ""); !errors.Is(err, context.Canceled) {
				t.Errorf("error of one who waits is %v", err)
			}
		})
	}
	for h.waiting.Load() < maxWaiting {
		select { // wait for the goroutines
		case <-ctx.Done():
		case <-time.After(time.Millisecond):
		}
	}
	var throttled *ThrottledError
	if _, _, err := h.verify(ctx, "x", ""); !errors.As(err, &throttled) || throttled.After <= 0 {
		t.Errorf("error of one too many is %v", err)
	}
	cancel()
	wg.Wait()
}

func TestSessionsOfOthersStay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.join(t, acme, "ada@example.com", identity.RoleViewer), f.join(t, other, "ada@example.com", identity.RoleViewer)
	p, _ := f.in(t, ada, "")
	stranger, token := f.in(t, bob, "")
	wantErr(t, "another's session", f.RevokeSession(t.Context(), p, stranger.SessionID), ErrNotFound)
	f.principal(t, token)
	key := identity.Principal{Account: acme, Home: acme, Kind: act.KindKey, ID: event.NewID().Text("key"), Scopes: identity.Scopes{identity.Admin}}
	for what, err := range map[string]error{
		"signing out": f.SignOut(t.Context(), key),
		"a password":  f.ChangePassword(t.Context(), key, form.Secret{}, form.NewSecret(good2), home),
		"an end":      f.RevokeSession(t.Context(), key, p.SessionID),
	} {
		wantErr(t, what+" by a key", err, ErrNotUser)
	}
}
