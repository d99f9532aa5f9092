package user

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cheap is a cost for tests.
var cheap = cost{memory: 8, passes: 1, lanes: 1}

const (
	acme  event.Account = "acme"
	other event.Account = "other"
	good                = "correct horse battery staple"
	good2               = "violet tractor under the moon"
)

var home = Client{Address: "192.0.2.1", Agent: "a browser"}

// clock is a time that a test moves.
type clock struct{ ns atomic.Int64 }

func (c *clock) now() time.Time        { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) move(by time.Duration) { c.ns.Add(int64(by)) }

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

// actions are the recorded acts' names since the last call.
func (r *fakeRecord) actions() (names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.acts {
		names = append(names, a.Action)
	}
	r.acts, r.ends = nil, nil
	return names
}

func (r *fakeRecord) text(t testing.TB) string {
	t.Helper()
	raw, err := json.Marshal(r.acts)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// fixture is a service on a real store.
type fixture struct {
	*Service
	store  *sqlite.Store
	clock  *clock
	record *fakeRecord
	closed sync.Map // accounts
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	dir := t.TempDir()
	st, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	sealer, err := seal.Open(dir, seal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{store: st, clock: new(clock), record: &fakeRecord{}}
	f.clock.ns.Store(time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC).UnixNano())
	f.Service = New(Deps{
		Store: st, Sealer: sealer, Recorder: f.record, Now: f.clock.now,
		AccountOpen: func(a event.Account) bool { _, closed := f.closed.Load(a); return !closed && a != "nowhere" },
	})
	f.hasher = newHasher(rand.Reader, cheap)
	return f
}

// second is another process on the same store.
func (f *fixture) another() *Service {
	s := New(Deps{Store: f.store, Sealer: f.Sealer, Now: f.clock.now})
	s.hasher = f.hasher
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Fatalf("%s: error is %v, want %v", what, err, want)
	}
}

// root is an owner at the command line.
func root(account event.Account) identity.Principal {
	return identity.Principal{
		Account: account, Home: account, Kind: act.KindLocal, Role: identity.RoleOwner, Scopes: identity.Scopes{identity.Admin},
	}
}

// join makes somebody who has chosen the password good.
func (f *fixture) join(t testing.TB, account event.Account, email string, role identity.Role) store.User {
	t.Helper()
	_, ticket, err := f.Invite(t.Context(), root(account), account, Invitation{Email: email, Role: role})
	must(t, err)
	in, err := f.Redeem(t.Context(), ticket.Token, Redemption{Name: "Zoe Q", Password: form.NewSecret(good)}, home)
	must(t, err)
	must(t, f.SignOut(t.Context(), f.principal(t, in.Token)))
	return f.get(t, in.User)
}

func (f *fixture) get(t testing.TB, u store.User) store.User {
	t.Helper()
	u, err := f.store.GetUser(t.Context(), u.Account, u.ID)
	must(t, err)
	return u
}

func (f *fixture) try(t testing.TB, u store.User, password, code string) (SignedIn, error) {
	t.Helper()
	return f.SignIn(t.Context(), Credentials{u.Account, u.Email, form.NewSecret(password), form.NewSecret(code)}, home)
}

// in signs in and gives the principal and the token.
func (f *fixture) in(t testing.TB, u store.User, code string) (identity.Principal, form.Secret) {
	t.Helper()
	in, err := f.try(t, u, good, code)
	must(t, err)
	return f.principal(t, in.Token), in.Token
}

func (f *fixture) principal(t testing.TB, token form.Secret) identity.Principal {
	t.Helper()
	p, err := f.Authenticate(t.Context(), token)
	must(t, err)
	return p
}

// enrol turns a second factor on and gives the secret and the recovery codes.
func (f *fixture) enrol(t testing.TB, p identity.Principal) (secret []byte, recovery []form.Secret) {
	t.Helper()
	e, err := f.BeginTOTP(t.Context(), p, form.NewSecret(good), home)
	must(t, err)
	secret, err = base32Plain.DecodeString(e.Secret.Reveal())
	must(t, err)
	recovery, err = f.ConfirmTOTP(t.Context(), p, form.NewSecret(f.code(secret)), home)
	must(t, err)
	f.clock.move(2 * totpStep)
	return secret, recovery
}

func (f *fixture) code(secret []byte) string { return totpCode(secret, f.clock.now().Unix()/30) }
