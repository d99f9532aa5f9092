package identity

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const envKey = "0123456789abcdef01234567"

func (f *fixture) bootstrap(t *testing.T, env string) string {
	t.Helper()
	made, err := f.Bootstrap(t.Context(), form.NewSecret(env))
	if err != nil {
		t.Fatal(err)
	}
	return made.Reveal()
}

func TestBootstrapWithoutVariable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.bootstrap(t, "")
	p := f.wantAuth(t, "the first key", first, nil)
	if p.Account != event.DefaultAccount || !p.Can(IntegrationsWrite) || !p.Can(Admin) {
		t.Errorf("the first key is %+v", p)
	}
	if again := f.bootstrap(t, ""); again != "" {
		t.Error("a second key was made although the first is valid")
	}
	list, _, _ := f.List(t.Context(), event.DefaultAccount, store.Page{Limit: 10})
	if len(list) != 1 || !isHash(list[0], first) {
		t.Fatalf("keys are %+v", list)
	}
	if err := f.Revoke(t.Context(), event.DefaultAccount, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if third := f.bootstrap(t, ""); third == "" || third == first {
		t.Error("no new key was made although none is valid")
	}
}

func TestBootstrapIgnoresOtherKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct {
		account event.Account
		scope   Scope
		days    int
	}{{"acme", Admin, 0}, {event.DefaultAccount, EventsWrite, 0}, {event.DefaultAccount, Admin, 1}} {
		if _, _, err := f.Create(t.Context(), c.account, KeySpec{Name: "x", Scopes: []Scope{c.scope}, ExpiresInDays: c.days}); err != nil {
			t.Fatal(err)
		}
	}
	f.clock.move(48 * time.Hour)
	if f.bootstrap(t, "") == "" {
		t.Error("no key was made although no administrator's is valid")
	}
}

func TestBootstrapWithVariable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.wantAuth(t, "before", envKey, ErrBadKey)
	for range 3 {
		if f.bootstrap(t, envKey) != "" {
			t.Fatal("a key was made although one was given")
		}
		if p := f.wantAuth(t, "the key of the variable", envKey, nil); !p.Can(Admin) || p.Name != AdminKeyEnv {
			t.Errorf("principal is %+v", p)
		}
	}
	f.bootstrap(t, envKey+"-changed")
	f.wantAuth(t, "the new value", envKey+"-changed", nil)
	f.wantAuth(t, "the old value", envKey, ErrRevoked)
	f.bootstrap(t, envKey) // and back
	f.wantAuth(t, "the old value again", envKey, nil)
	f.wantAuth(t, "the value between", envKey+"-changed", ErrRevoked)
	if f.bootstrap(t, "") == "" {
		t.Error("without the variable no key was made")
	}
	f.wantAuth(t, "the value when the variable is gone", envKey, ErrRevoked)

	list, _, _ := f.List(t.Context(), event.DefaultAccount, store.Page{Limit: 10})
	for _, k := range list {
		if strings.Contains(k.Prefix, envKey[:4]) {
			t.Error("the list shows a piece of the chosen key")
		}
	}
	if len(list) != 3 {
		t.Errorf("%d keys, want one per value and one made", len(list))
	}
}

func TestBootstrapWithAMadeKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	made := f.bootstrap(t, "")
	if f.bootstrap(t, made) != "" {
		t.Error("a key was made although a valid one was given")
	}
	f.wantAuth(t, "the made key as the variable", made, nil)
	_, weak, err := f.Create(t.Context(), event.DefaultAccount, KeySpec{Name: "weak", Scopes: []Scope{EventsWrite}})
	if err != nil {
		t.Fatal(err)
	}
	var invalid *InvalidError
	if _, err := f.Bootstrap(t.Context(), weak); !errors.As(err, &invalid) || strings.Contains(err.Error(), weak.Reveal()) {
		t.Errorf("a key without the right as the variable: %v", err)
	}
}

func TestBootstrapRefusesUnfitValues(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, v := range []string{"short", strings.Repeat("x", MinAdminKeyBytes-1), strings.Repeat("x", MaxKeyBytes+1), envKey + " ", envKey + "\n", envKey + "é"} {
		var invalid *InvalidError
		_, err := f.Bootstrap(t.Context(), form.NewSecret(v))
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), AdminKeyEnv) || strings.Contains(err.Error(), v) {
			t.Errorf("%q: error is %v", v, err)
		}
	}
	if list, _, _ := f.List(t.Context(), event.DefaultAccount, store.Page{Limit: 10}); len(list) != 0 {
		t.Error("a refused value left a key")
	}
}
