package identity

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func paths(t *testing.T, err error) (list []string) {
	t.Helper()
	errs, ok := form.AsErrors(err)
	if !ok && err != nil {
		t.Fatalf("error is %v, want form.Errors", err)
	}
	for _, e := range errs {
		list = append(list, e.Path)
	}
	return list
}

func TestWishesThatCannotBeGranted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ok := []Scope{EventsWrite}
	many := make([]string, MaxEventTypes+1)
	for i := range many {
		many[i] = "alert.*"
	}
	for name, c := range map[string]struct {
		spec KeySpec
		want []string
	}{
		"no name":           {KeySpec{Scopes: ok}, []string{"name"}},
		"a blank name":      {KeySpec{Name: " \u3000", Scopes: ok}, []string{"name"}},
		"a long name":       {KeySpec{Name: strings.Repeat("é", MaxNameRunes+1), Scopes: ok}, []string{"name"}},
		"a control name":    {KeySpec{Name: "a\nb", Scopes: ok}, []string{"name"}},
		"a turned name":     {KeySpec{Name: "a\u202eb", Scopes: ok}, []string{"name"}},
		"a broken name":     {KeySpec{Name: "a\xff", Scopes: ok}, []string{"name"}},
		"a reserved name":   {KeySpec{Name: AdminKeyEnv, Scopes: ok}, []string{"name"}},
		"no scopes":         {KeySpec{Name: "x"}, []string{"scopes"}},
		"unknown scope":     {KeySpec{Name: "x", Scopes: []Scope{Admin, "root"}}, []string{"scopes.1"}},
		"endless scopes":    {KeySpec{Name: "x", Scopes: make([]Scope, 1000)}, append(scopePaths(len(scopes)+1), "scopes")},
		"negative expiry":   {KeySpec{Name: "x", Scopes: ok, ExpiresInDays: -1}, []string{"expires_in_days"}},
		"endless expiry":    {KeySpec{Name: "x", Scopes: ok, ExpiresInDays: MaxExpiryDays + 1}, []string{"expires_in_days"}},
		"a bad type":        {KeySpec{Name: "x", Scopes: ok, EventTypes: []string{"alert.*", "Alert", "a.*.b"}}, []string{"event_types.1", "event_types.2"}},
		"too many types":    {KeySpec{Name: "x", Scopes: ok, EventTypes: many}, []string{"event_types"}},
		"types and no send": {KeySpec{Name: "x", Scopes: []Scope{EventsRead}, EventTypes: []string{"alert.*"}}, []string{"event_types"}},
		"negative rate":     {KeySpec{Name: "x", Scopes: ok, RateLimit: -1}, []string{"rate_limit"}},
		"endless rate":      {KeySpec{Name: "x", Scopes: ok, RateLimit: MaxRateLimit + 1}, []string{"rate_limit"}},
		"everything": {
			KeySpec{Scopes: []Scope{"root"}, ExpiresInDays: -1, EventTypes: []string{"x"}, RateLimit: -1},
			[]string{"name", "scopes.0", "expires_in_days", "event_types.0", "event_types", "rate_limit"},
		},
	} {
		_, secret, err := f.Create(t.Context(), "acme", c.spec)
		if diff := cmp.Diff(c.want, paths(t, err)); diff != "" || !secret.IsZero() {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if len(f.record.acts) > 0 {
		t.Errorf("a refused wish was recorded: %+v", f.record.acts)
	}
	f.make(t, KeySpec{
		Name: strings.Repeat("é", MaxNameRunes), Scopes: ok, ExpiresInDays: MaxExpiryDays, EventTypes: many[1:], RateLimit: MaxRateLimit,
	})
}

func scopePaths(n int) (list []string) {
	for i := range n {
		list = append(list, "scopes."+string("0123456789"[i/10])[:min(i/10, 1)]+string("0123456789"[i%10]))
	}
	return list
}

func TestTestKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	k, text := f.make(t, KeySpec{Name: "trial", Scopes: []Scope{EventsWrite}, Test: true})
	if !strings.HasPrefix(text, "tsk_test_") || k.Prefix != text[:17] || k.Environment != Test {
		t.Errorf("the key %q begins another way than a test key", k.Prefix)
	}
	if p := f.wantAuth(t, "a test key", text, nil); p.Environment != Test {
		t.Errorf("environment is %q", p.Environment)
	}
	production := f.other(t, func(d *Deps) { d.RefuseTestKeys = true })
	for range 2 {
		_, err := production.Authenticate(t.Context(), text, "")
		if !errors.Is(err, ErrTestKey) || !errors.Is(err, ErrUnauthenticated) || Reason(err) != "test" {
			t.Errorf("error in production is %v, want ErrTestKey", err)
		}
	}
	_, err := production.Authenticate(t.Context(), text[:len(text)-1]+"!", "")
	if !errors.Is(err, ErrBadKey) || Reason(err) != "unknown" {
		t.Errorf("an unknown key that looks like a test key: %v", err)
	}
	_, _, err = production.Create(t.Context(), "acme", KeySpec{Name: "x", Scopes: []Scope{EventsWrite}, Test: true})
	if diff := cmp.Diff([]string{"test"}, paths(t, err)); diff != "" {
		t.Error(diff)
	}
	if err := f.Revoke(t.Context(), "acme", k.ID); err != nil {
		t.Fatal(err)
	}
	f.clock.move(time.Minute)
	if _, err := production.Authenticate(t.Context(), text, ""); !errors.Is(err, ErrRevoked) {
		t.Errorf("a revoked test key: %v", err)
	}
}

func TestClosedAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, text := f.create(t, 0, EventsWrite)
	open := true
	s := f.other(t, func(d *Deps) { d.AccountOpen = func(a event.Account) bool { return a == "acme" && open } })
	for _, open = range []bool{true, false, true} {
		_, err := s.Authenticate(t.Context(), text, "")
		if open && err != nil || !open && !errors.Is(err, ErrClosed) {
			t.Errorf("open %v: error is %v", open, err)
		}
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	spec := KeySpec{Name: "ci", Scopes: []Scope{EventsWrite}, ExpiresInDays: 10, EventTypes: []string{"alert.*"}, RateLimit: 60, Test: true}
	old, oldText := f.make(t, spec)
	f.clock.move(24 * time.Hour)
	ctx := act.With(t.Context(), act.Actor{Kind: act.KindUser, ID: "usr_1"})
	next, secret, err := f.Rotate(ctx, "acme", old.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	text := secret.Reveal()
	want := store.Key{
		ID: next.ID, Account: "acme", Name: "ci", Prefix: text[:17], Hash: next.Hash, Scopes: old.Scopes, Environment: Test,
		EventTypes: spec.EventTypes, RateLimit: 60, CreatedBy: "usr_1", Replaces: old.ID,
		CreatedAt: f.clock.now(), ExpiresAt: f.clock.now().AddDate(0, 0, 10),
	}
	if diff := cmp.Diff(want, next); diff != "" || !isHash(next, text) || !strings.HasPrefix(text, testPrefix) {
		t.Errorf("new key (-want +got):\n%s", diff)
	}
	if got, err := f.Get(t.Context(), "acme", next.ID); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("stored key is %+v (%v)", got, err)
	}
	f.wantAuth(t, "the new key", text, nil)
	f.wantAuth(t, "the old key within the overlap", oldText, nil)
	f.clock.move(time.Hour)
	f.wantAuth(t, "the old key after the overlap", oldText, ErrExpired)
	if _, _, err := f.Rotate(ctx, "acme", old.ID, 0); !errors.Is(err, ErrNotRotatable) {
		t.Errorf("rotating an expired key: %v", err)
	}
	a := f.record.acts[1]
	if a.Action != "api_key.rotate" || a.Target != old.ID.Text("key") || a.Account != "acme" || !strings.Contains(string(a.After), `"`+next.ID.Text("key")+`"`) {
		t.Errorf("act is %+v", a)
	}
}

func TestRotationNeverLengthensALife(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, c := range map[string]struct {
		days    int
		overlap time.Duration
		want    time.Duration
	}{
		"at once":               {0, 0, 0},
		"an endless key":        {0, MaxOverlap, MaxOverlap},
		"a key that ends later": {2, time.Hour, time.Hour},
		"one that ends sooner":  {2, MaxOverlap, 48 * time.Hour},
	} {
		k, text := f.create(t, c.days, EventsWrite)
		f.wantAuth(t, name+": before", text, nil)
		if _, _, err := f.Rotate(t.Context(), "acme", k.ID, c.overlap); err != nil {
			t.Fatal(err)
		}
		got, err := f.Get(t.Context(), "acme", k.ID)
		if err != nil || !got.ExpiresAt.Equal(f.clock.now().Add(c.want)) {
			t.Errorf("%s: the old key ends %v (%v), want after %v", name, got.ExpiresAt, err, c.want)
		}
		if c.want == 0 {
			f.wantAuth(t, name, text, ErrExpired)
		}
	}
}

func TestRotationRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	k, text := f.create(t, 0, EventsWrite)
	for _, overlap := range []time.Duration{-1, MaxOverlap + 1} {
		if _, _, err := f.Rotate(t.Context(), "acme", k.ID, overlap); cmp.Diff([]string{"overlap"}, paths(t, err)) != "" {
			t.Errorf("overlap of %v: %v", overlap, err)
		}
	}
	if _, _, err := f.Rotate(t.Context(), "other", k.ID, 0); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another account's key: %v", err)
	}
	f.bootstrap(t, envKey)
	list, _, _ := f.List(t.Context(), event.DefaultAccount, store.Page{Limit: 1})
	if _, _, err := f.Rotate(t.Context(), event.DefaultAccount, list[0].ID, 0); !errors.Is(err, ErrNotRotatable) {
		t.Errorf("the key from the environment: %v", err)
	}
	if err := f.Revoke(t.Context(), "acme", k.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Rotate(t.Context(), "acme", k.ID, 0); !errors.Is(err, ErrNotRotatable) {
		t.Errorf("a revoked key: %v", err)
	}
	f.wantAuth(t, "the key", text, ErrRevoked)
}

// TestNoRecordNoAct makes the record refuse: nothing may happen then.
func TestNoRecordNoAct(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	k, text := f.create(t, 0, EventsWrite)
	full := errors.New("the record is full")
	f.record.fail = full
	if _, secret, err := f.Create(t.Context(), "acme", KeySpec{Name: "x", Scopes: []Scope{Admin}}); !errors.Is(err, full) || !secret.IsZero() {
		t.Errorf("creating: %v", err)
	}
	if _, secret, err := f.Rotate(t.Context(), "acme", k.ID, 0); !errors.Is(err, full) || !secret.IsZero() {
		t.Errorf("rotating: %v", err)
	}
	if err := f.Revoke(t.Context(), "acme", k.ID); !errors.Is(err, full) {
		t.Errorf("revoking: %v", err)
	}
	for _, env := range []string{"", envKey} {
		if made, err := f.Bootstrap(t.Context(), form.NewSecret(env)); !errors.Is(err, full) || !made.IsZero() {
			t.Errorf("bootstrapping with %q: %v", env, err)
		}
	}
	f.wantAuth(t, "the key", text, nil)
	list, _, _ := f.List(t.Context(), "acme", store.Page{Limit: 10})
	all, _, _ := f.List(t.Context(), event.DefaultAccount, store.Page{Limit: 10})
	if len(list) != 1 || len(all) != 0 {
		t.Errorf("%d and %d keys, want 1 and none", len(list), len(all))
	}
}

func TestWhatIsRecorded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	who := act.Actor{Kind: act.KindKey, ID: "key_1", Name: "boss", Account: "acme", Address: "192.0.2.1"}
	ctx := act.With(t.Context(), who)
	k, _, err := f.Create(ctx, "acme", KeySpec{Name: "ci", Scopes: []Scope{EventsWrite}})
	if err != nil || k.CreatedBy != "key_1" {
		t.Fatalf("made by %q (%v)", k.CreatedBy, err)
	}
	for range 2 { // the second time nothing happens
		if err := f.Revoke(ctx, "acme", k.ID); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for i, a := range f.record.acts {
		if a.Actor != who || a.Account != "acme" || a.Target != k.ID.Text("key") || f.record.ends[i] != nil {
			t.Errorf("act is %+v, its end %v", a, f.record.ends[i])
		}
		got = append(got, a.Action+" "+string(a.Before)+" → "+string(a.After))
	}
	key := `{"id":"` + k.ID.Text("key") + `","prefix":"` + k.Prefix + `","name":"ci","scopes":["events:write"],"environment":"live"`
	want := []string{
		"api_key.create  → " + key + "}",
		"api_key.revoke " + key + "} → " + key + `,"revoked_at":"2026-05-06T07:08:09Z"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	f.bootstrap(t, "")
	if a := f.record.acts[2]; a.Actor.Kind != act.KindSystem || a.Account != event.DefaultAccount {
		t.Errorf("the first key was made by %+v", a.Actor)
	}
}
