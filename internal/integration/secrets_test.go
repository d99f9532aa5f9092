package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func secretsOf(f *fixture) *Secrets { return &Secrets{Sealer: f.sealer, Integrations: f.Service} }

func TestRotateSecrets(t *testing.T) {
	t.Parallel()
	f, recorder := newFixture(t), &fakeRecorder{}
	i := f.create(t, `{"settings":{"signing_secret":"canary-signing"}}`)
	other, err := f.Create(t.Context(), "acme", object(t, `{}`))
	if err != nil {
		t.Fatal(err)
	}
	gone := f.create(t, `{"name":"Gone"}`)
	if err := f.Delete(t.Context(), account, gone.ID, 0, true); err != nil {
		t.Fatal(err)
	}
	f.heard(t)
	before := f.sealer.KeyID()
	x := secretsOf(f)
	x.Recorder = recorder
	done, err := x.Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := RotationResult{Key: f.sealer.KeyID(), Earlier: []string{before}, Resealed: 3, Secrets: 3, Unreadable: []SealedPlace{}}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, row := range []store.Integration{i, other} {
		now, err := f.Get(t.Context(), row.Account, row.ID)
		if err != nil || now.Version != 2 || now.UpdatedAt != row.UpdatedAt {
			t.Fatalf("%+v, %v", now, err)
		}
		for path, sealed := range now.Secrets {
			if seal.KeyOf(sealed) != f.sealer.KeyID() {
				t.Errorf("%s names %s", path, seal.KeyOf(sealed))
			}
		}
		if _, err := f.Open(t.Context(), now); err != nil {
			t.Error(err)
		}
	}
	if last := f.lanes.last(t); last.Version != 2 {
		t.Error("the lanes keep the secrets of before")
	}
	if len(f.heard(t)) != 0 {
		t.Error("a rotation is told as a change of integrations")
	}
	if acts := recorder.take(t); len(acts) != 1 || acts[0].Action != actRotate || acts[0].Account != event.DefaultAccount {
		t.Errorf("recorded %+v", acts)
	}
}

// failingStore fails the n-th update and every one after it, until it is mended.
type failingStore struct {
	store.Integrations
	mu   sync.Mutex
	left int // negative: works
}

func (s *failingStore) UpdateIntegration(ctx context.Context, i store.Integration) error {
	s.mu.Lock()
	left := s.left
	if s.left > 0 {
		s.left--
	}
	s.mu.Unlock()
	if left == 0 {
		return store.ErrUnavailable
	}
	return s.Integrations.UpdateIntegration(ctx, i)
}

// TestRotateSecretsBrokenOff fails the store at each row and starts over with what is on disk then.
func TestRotateSecretsBrokenOff(t *testing.T) {
	t.Parallel()
	for n := range 4 {
		f := newFixture(t)
		for k := range 3 {
			f.create(t, fmt.Sprintf(`{"name":"N%d","settings":{"signing_secret":"canary-signing"}}`, k))
		}
		failing := &failingStore{Integrations: f.store, left: n}
		f.Store = failing
		_, err := secretsOf(f).Rotate(t.Context())
		if (n < 3) != errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("%d: %v", n, err)
		}
		failing.left = -1

		again, err := seal.Open(f.keys, seal.Options{Existing: true})
		if err != nil {
			t.Fatal(err)
		}
		f.Sealer, f.sealer = again, again
		f.create(t, `{"name":"Between"}`)
		openAll(t, f)
		done, err := secretsOf(f).Rotate(t.Context())
		if err != nil || done.Resumed != (n < 3) || len(f.sealer.Keys()) != 1 {
			t.Fatalf("%d: %+v, %v", n, done, err)
		}
		openAll(t, f)
	}
}

func openAll(t *testing.T, f *fixture) {
	t.Helper()
	rows, err := f.store.AllIntegrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range rows {
		if _, err := f.Open(t.Context(), i); err != nil {
			t.Errorf("%s: %v", i.Name, err)
		}
	}
}

// TestRotateBesideChanges changes integrations in every way while keys rotate. Nothing may be lost.
func TestRotateBesideChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const writers, rounds = 4, 12
	ids := make([]event.ID, writers)
	for w := range ids {
		ids[w] = f.create(t, fmt.Sprintf(`{"name":"W%d"}`, w)).ID
	}
	var changing sync.WaitGroup
	for w, id := range ids {
		changing.Go(func() {
			for n := range rounds {
				patch := fmt.Sprintf(`{"owner":"round %d","settings":{"token":"canary-%d-%d"}}`, n, w, n)
				if _, err := f.Update(context.Background(), account, id, 0, []byte(patch)); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
				if _, err := f.Create(context.Background(), account, object(t, fmt.Sprintf(`{"name":"new %d %d"}`, w, n))); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { changing.Wait(); close(done) }()
	for rotating := true; rotating; {
		select {
		case <-done:
			rotating = false
		default:
		}
		if _, err := secretsOf(f).Rotate(t.Context()); err != nil {
			t.Error(err)
			break
		}
	}
	<-done
	again, err := seal.Open(f.keys, seal.Options{Existing: true}) // as after a restart
	if err != nil {
		t.Fatal(err)
	}
	f.Sealer, f.sealer = again, again
	openAll(t, f)
	for w, id := range ids {
		i, err := f.Get(t.Context(), account, id)
		if err != nil || i.Owner != fmt.Sprintf("round %d", rounds-1) {
			t.Fatalf("%+v, %v", i, err)
		}
		opened, err := f.Open(t.Context(), i)
		if err != nil || opened.(*beacon).s.token.Reveal() != fmt.Sprintf("canary-%d-%d", w, rounds-1) {
			t.Errorf("writer %d: its last secret is lost, %v", w, err)
		}
	}
}

// otherProcess changes the row between the reading and the storing, once.
type otherProcess struct {
	store.Integrations
	once sync.Once
	do   func()
}

func (s *otherProcess) UpdateIntegration(ctx context.Context, i store.Integration) error {
	s.once.Do(s.do)
	return s.Integrations.UpdateIntegration(ctx, i)
}

func TestResealTakesTheNewestRow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.create(t, `{}`)
	f.Store = &otherProcess{Integrations: f.store, do: func() {
		i.Owner = "changed meanwhile"
		if err := f.store.UpdateIntegration(t.Context(), i); err != nil {
			t.Error(err)
		}
	}}
	if _, err := secretsOf(f).Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	now, err := f.Get(t.Context(), account, i.ID)
	if err != nil || now.Owner != "changed meanwhile" || now.Version != 3 {
		t.Errorf("%+v, %v", now, err)
	}
	openAll(t, f)
}

func TestSecretsStatus(t *testing.T) {
	t.Parallel()
	h, f := newHostile(t), newFixture(t)
	f.References = h.refs
	a := f.create(t, `{"name":"A","rotate_by":"2026-03-05","owner":"dana","settings":{"token":"file:`+h.secrets+`/token"}}`)
	b := f.create(t, `{"name":"B","rotate_by":"2026-02-05","settings":{"signing_secret":"canary-signing"}}`)
	c := f.create(t, `{"name":"C"}`)
	if _, err := f.Update(t.Context(), account, c.ID, 0, []byte(`{"settings":{"url":"https://new.example.com"}}`)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(h.secrets, "token")); err != nil {
		t.Fatal(err)
	}
	foreign, err := seal.Open(t.TempDir(), seal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := foreign.Seal(form.NewSecret("canary"), aad(b, "signing_secret"))
	if err != nil {
		t.Fatal(err)
	}
	b.Secrets["signing_secret"] = sealed
	if err := f.store.UpdateIntegration(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	got, err := secretsOf(f).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := SecretsStatus{
		Keys: []KeyStatus{
			{KeyInfo: seal.KeyInfo{ID: f.sealer.KeyID(), Current: true, Source: seal.KeyFile}, Secrets: 1},
			{KeyInfo: seal.KeyInfo{ID: foreign.KeyID()}, Secrets: 1, Missing: true},
		},
		Secrets:    2,
		Unreadable: []SealedPlace{{Account: "default", Holder: b.ID.UUID(), Field: "signing_secret", Key: foreign.KeyID()}},
		References: []ReferenceStatus{{Account: "default", Integration: idText(a), Setting: "token",
			Reference: "file:" + h.secrets + "/token", Error: "setting token: file:" + h.secrets +
				"/token does not exist: make the file, readable for the hub's user, or change the setting"}},
		Voided: []VoidedCredential{{Account: "default", Integration: idText(c), Settings: []string{"token"}}},
		Expiring: []Expiring{
			{Account: "default", Integration: idText(b), Name: "B", RotateBy: "2026-02-05", DaysLeft: -24},
			{Account: "default", Integration: idText(a), Name: "A", Owner: "dana", RotateBy: "2026-03-05", DaysLeft: 4},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if strings.Contains(encoded(t, got), "canary") {
		t.Error("the status gives a secret away")
	}

	// A secret whose key is lost can be entered again, and only that one must be.
	_, err = f.Update(t.Context(), account, b.ID, 0, []byte(`{"settings":{"mode":"plain"}}`))
	if got := paths(t, err); !cmp.Equal(got, []string{"settings.signing_secret"}) {
		t.Errorf("leaving a lost secret: %v", err)
	}
	if _, err = f.Update(t.Context(), account, b.ID, 0, []byte(`{"settings":{"signing_secret":"canary-again"}}`)); err != nil {
		t.Errorf("entering a lost secret again: %v", err)
	}
}

func TestCredential(t *testing.T) {
	t.Parallel()
	h, f := newHostile(t), newFixture(t)
	f.References = h.refs
	ctx := t.Context()
	name := func(more string) string {
		i := f.create(t, more)
		c := f.Credential(ctx, i)
		if strings.Contains(c, "canary") {
			t.Error("the name holds the secret")
		}
		return c
	}
	a := name(`{"name":"1"}`)
	if a == "" {
		t.Fatal("no name")
	}
	for n, tt := range []struct {
		more string
		same bool
	}{
		{`{"settings":{"url":"https://SIEM.example.com:443/other","mode":"panics"},"subscription":{"types":["*"]}}`, true},
		{`{"settings":{"token":"another-token"}}`, false},
		{`{"settings":{"url":"https://other.example.com"}}`, false},
		{`{"settings":{"signing_secret":"canary-signing"}}`, false},
		{`{"kind":"pager"}`, false},
	} {
		more := strings.Replace(tt.more, "{", fmt.Sprintf(`{"name":"n%d",`, n), 1)
		if got := name(more); (got == a) != tt.same {
			t.Errorf("%s: same is %v", tt.more, got == a)
		}
	}
	other, err := f.Create(ctx, "acme", object(t, `{}`))
	if err != nil || f.Credential(ctx, other) == a {
		t.Errorf("another account shares the name, %v", err)
	}
	ref := f.create(t, `{"name":"by reference","settings":{"token":"env:SPLUNK_TOKEN"}}`)
	if f.Credential(ctx, ref) != name(`{"name":"by value","settings":{"token":"`+referred+`"}}`) {
		t.Error("what a reference stands for has another name than the same by value")
	}
	held, err := f.Update(ctx, account, ref.ID, 0, []byte(`{"settings":{"url":"https://new.example.com"}}`))
	if err != nil || f.Credential(ctx, held) != "" {
		t.Errorf("a held one has a name, %v", err)
	}
	if f2 := newFixture(t); f2.Credential(ctx, f2.create(t, `{}`)) == a {
		t.Error("the name is the same in another process")
	}
}

// TestRefresh: lanes open an integration anew when what its references stand for has changed.
func TestRefresh(t *testing.T) {
	t.Parallel()
	h, f := newHostile(t), newFixture(t)
	f.References = h.refs
	ctx := act.With(t.Context(), act.System("test"))
	path := filepath.Join(h.secrets, "token")
	i := f.create(t, `{"settings":{"token":"file:`+path+`"}}`)
	f.create(t, `{"name":"without"}`)
	reopen := func() {
		t.Helper()
		now, err := f.Get(ctx, account, i.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.Open(ctx, now) // as the lanes do; the file may be gone
	}
	round := func(want int) {
		t.Helper()
		before := len(f.lanes.applied)
		if err := f.refresh(ctx); err != nil {
			t.Fatal(err)
		}
		if got := len(f.lanes.applied) - before; got != want {
			t.Errorf("%d were applied, want %d", got, want)
		}
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	round(0) // it was never opened
	reopen()
	round(0)
	write("canary-renewed")
	round(1)
	reopen()
	round(0)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	round(0) // what is open goes on
	write("canary-renewed-2")
	round(1)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	reopen() // too late: the file is gone again
	round(0)
	write("canary-renewed-2")
	round(1) // and back
	if err := f.Delete(ctx, account, i.ID, 0, true); err != nil {
		t.Fatal(err)
	}
	round(0)
	f.opened.Range(func(id, _ any) bool {
		t.Errorf("%v is remembered", id)
		return true
	})
}
