package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that a test moves.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.ns.Store(time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time         { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) move(by time.Duration)  { c.ns.Add(int64(by)) }
func quiet(w io.Writer) *slog.Logger    { return slog.New(slog.NewJSONHandler(w, nil)) }
func isHash(k store.Key, s string) bool { return k.Hash == sha256.Sum256([]byte(s)) }

// countingKeys counts look-ups and can be made to fail.
type countingKeys struct {
	store.Keys
	lookups atomic.Int64
	touches atomic.Int64
	fail    atomic.Bool
}

func (c *countingKeys) KeyByHash(ctx context.Context, hash [32]byte) (store.Key, error) {
	c.lookups.Add(1)
	if c.fail.Load() {
		return store.Key{}, store.ErrUnavailable
	}
	return c.Keys.KeyByHash(ctx, hash)
}

func (c *countingKeys) TouchKey(ctx context.Context, id event.ID, at time.Time, ip string) error {
	c.touches.Add(1)
	return c.Keys.TouchKey(ctx, id, at, ip)
}

// fakeRecord keeps the acts and can be made to refuse them.
type fakeRecord struct {
	mu   sync.Mutex
	acts []act.Act
	ends []error
	fail error
}

func (r *fakeRecord) Begin(ctx context.Context, a act.Act) (act.Finish, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return nil, r.fail
	}
	if a.Actor.Kind == "" {
		a.Actor = act.From(ctx)
	}
	n := len(r.acts)
	r.acts, r.ends = append(r.acts, a), append(r.ends, errors.New("not finished"))
	return func(err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ends[n] = err
	}, nil
}

// fixture is a service on a real store.
type fixture struct {
	*Service
	keys   *countingKeys
	clock  *clock
	record *fakeRecord
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{keys: &countingKeys{Keys: s}, clock: newClock(), record: &fakeRecord{}}
	f.Service = New(Deps{Keys: f.keys, Recorder: f.record, Now: f.clock.now})
	t.Cleanup(func() {
		f.Close()
		_ = s.Close()
	})
	return f
}

// other is a second process on the same store; change may set what differs.
func (f *fixture) other(t testing.TB, change ...func(*Deps)) *Service {
	d := Deps{Keys: f.keys, Now: f.clock.now}
	for _, c := range change {
		c(&d)
	}
	s := New(d)
	t.Cleanup(s.Close)
	return s
}

func (f *fixture) create(t testing.TB, days int, scopes ...Scope) (store.Key, string) {
	t.Helper()
	return f.make(t, KeySpec{Name: "a key", Scopes: scopes, ExpiresInDays: days})
}

func (f *fixture) make(t testing.TB, spec KeySpec) (store.Key, string) {
	t.Helper()
	k, secret, err := f.Create(t.Context(), "acme", spec)
	if err != nil {
		t.Fatal(err)
	}
	return k, secret.Reveal()
}

func (f *fixture) wantAuth(t testing.TB, what, presented string, want error) Principal {
	t.Helper()
	p, err := f.Authenticate(t.Context(), presented, "192.0.2.9")
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Fatalf("%s: error is %v, want %v", what, err, want)
	}
	if want != nil && !errors.Is(err, ErrUnauthenticated) {
		t.Fatalf("%s: %v is not ErrUnauthenticated", what, err)
	}
	return p
}

func TestCreatedKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	k, secret, err := f.Create(t.Context(), "acme", KeySpec{Name: "CI: pushes events", Scopes: []Scope{EventsRead, EventsWrite, EventsRead}, ExpiresInDays: 30})
	if err != nil {
		t.Fatal(err)
	}
	text := secret.Reveal()
	if !regexp.MustCompile(`^tsk_live_[0-9a-hjkmnp-tv-z]{8}_[0-9a-hjkmnp-tv-z]{52}$`).MatchString(text) {
		t.Errorf("the key %q has another form", text)
	}
	want := store.Key{
		ID: k.ID, Account: "acme", Name: "CI: pushes events", Prefix: text[:17], Hash: sha256.Sum256([]byte(text)),
		Scopes: []string{"events:write", "events:read"}, Environment: Live, CreatedAt: f.clock.now(), ExpiresAt: f.clock.now().AddDate(0, 0, 30),
	}
	if diff := cmp.Diff(want, k); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
	p := f.wantAuth(t, "a new key", text, nil)
	if diff := cmp.Diff(Principal{
		Account: "acme", Home: "acme", Kind: "key", ID: k.ID.Text("key"), Name: k.Name, Scopes: Scopes{EventsWrite, EventsRead}, Environment: Live,
	}, p); diff != "" {
		t.Errorf("principal (-want +got):\n%s", diff)
	}
	if !p.Can(EventsRead) || p.Can(Admin) || p.Can(DeliveriesRead) {
		t.Error("the principal can something else than its scopes say")
	}
	list, _, err := f.List(t.Context(), "acme", store.Page{Limit: 10})
	if err != nil || len(list) != 1 || list[0].ID != k.ID {
		t.Errorf("list is %v (%v)", list, err)
	}
	if list, _, _ := f.List(t.Context(), "other", store.Page{Limit: 10}); len(list) != 0 {
		t.Error("another account sees the key")
	}
}

func TestKeysDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		k := newKeyText(Live)
		if seen[k] || seen[k[:17]] && seen[k[18:]] {
			t.Fatal("a key was made twice")
		}
		seen[k] = true
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	for _, i := range AllScopes() {
		if !i.Scope.Valid() || i.Help == "" {
			t.Errorf("scope %s is not complete", i.Scope)
		}
		for _, j := range AllScopes() {
			if got, want := (Scopes{i.Scope}).Can(j.Scope), i.Scope == j.Scope || i.Scope == Admin; got != want {
				t.Errorf("%s can %s: %v, want %v", i.Scope, j.Scope, got, want)
			}
		}
	}
	for _, s := range []Scope{"", "Admin", "events", "events:*", "admin "} {
		if s.Valid() {
			t.Errorf("%q is taken for a scope", s)
		}
	}
	if (Scopes)(nil).Can(EventsRead) || (Principal{}).Can(EventsRead) {
		t.Error("nobody can read events")
	}
}

func TestFromRequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header http.Header
		want   string
	}{
		"nothing":          {http.Header{}, ""},
		"own header":       {http.Header{"X-Api-Key": {"k"}}, "k"},
		"bearer":           {http.Header{"Authorization": {"Bearer k"}}, "k"},
		"any case":         {http.Header{"Authorization": {"bEARER  k "}}, "k"},
		"own header wins":  {http.Header{"X-Api-Key": {"a"}, "Authorization": {"Bearer b"}}, "a"},
		"blank own header": {http.Header{"X-Api-Key": {" "}, "Authorization": {"Bearer b"}}, "b"},
		"basic":            {http.Header{"Authorization": {"Basic azpr"}}, ""},
		"no token":         {http.Header{"Authorization": {"Bearer "}}, ""},
		"only bearer":      {http.Header{"Authorization": {"Bearer"}}, ""},
		"glued":            {http.Header{"Authorization": {"Bearerk"}}, ""},
	} {
		if got := FromRequest(&http.Request{Header: c.header}); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestNothingPrintsAKey looks for the secrets in the log and in everything that is stored or returned.
func TestNothingPrintsAKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var logged strings.Builder
	s := New(Deps{Keys: f.keys, Recorder: f.record, Now: f.clock.now, Log: quiet(&logged)})
	k, secret, err := s.Create(t.Context(), event.DefaultAccount, KeySpec{Name: "x", Scopes: []Scope{Admin}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Bootstrap(t.Context(), form.NewSecret(envKey)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Bootstrap(t.Context(), form.Secret{}); err != nil {
		t.Fatal(err)
	}
	s.log.Info("made", "key", k, "secret", secret)
	s.Close()
	for _, text := range []string{envKey, secret.Reveal(), secret.Reveal()[18:]} {
		if strings.Contains(logged.String(), text) {
			t.Errorf("the log holds a key: %s", logged.String())
		}
	}
	recorded, err := json.Marshal(f.record.acts)
	if err != nil || len(f.record.acts) != 3 {
		t.Fatalf("%d acts were recorded (%v), want 3", len(f.record.acts), err)
	}
	hash := sha256.Sum256([]byte(secret.Reveal()))
	for _, text := range []string{envKey, secret.Reveal()[18:], hex.EncodeToString(hash[:]), base64.StdEncoding.EncodeToString(hash[:])} {
		if strings.Contains(string(recorded), text) {
			t.Errorf("the audit record holds a key or its hash: %s", recorded)
		}
	}
	if !strings.Contains(logged.String(), "was revoked") {
		t.Error("the revocation was not logged")
	}
}
