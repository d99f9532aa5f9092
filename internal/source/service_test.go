package source

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

const acme event.Account = "acme"

// fixture is a service over a real store and sealer.
type fixture struct {
	*Service
	t      *testing.T
	store  *sqlite.Store
	sealer *seal.Sealer
	record *recorder
	refs   *fakeReferences
	now    time.Time
}

type recorder struct {
	mu   sync.Mutex
	acts []act.Act
	err  error
}

func (r *recorder) Begin(_ context.Context, a act.Act) (act.Finish, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acts = append(r.acts, a)
	return func(error) {}, r.err
}

// fakeReferences resolves env: references.
type fakeReferences struct {
	mu    sync.Mutex
	value map[string]string
}

func (f *fakeReferences) Is(text string) bool { return strings.HasPrefix(text, "env:") }

func (f *fakeReferences) Check(account event.Account, _ string) error {
	if account != acme {
		return errors.New("is a reference, which this account may not use")
	}
	return nil
}

func (f *fakeReferences) Resolve(_ event.Account, text string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if v := f.value[text]; v != "" {
		return v, nil
	}
	return "", errors.New("is not set")
}

func (f *fakeReferences) set(text, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.value[text] = value
}

func newFixture(t *testing.T) *fixture {
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
	f := &fixture{t: t, store: st, sealer: sealer, record: &recorder{}, refs: &fakeReferences{value: map[string]string{}}, now: testNow}
	f.Service = f.open()
	return f
}

// open makes a service anew, as a start does.
func (f *fixture) open() *Service {
	f.t.Helper()
	s := New(Deps{
		Store: f.store, Sealer: f.sealer, Dialects: []string{"native", "github"}, Recorder: f.record, References: f.refs,
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return f.now },
	})
	if err := s.Load(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	return s
}

func admin(t *testing.T) context.Context {
	return act.With(t.Context(), act.Actor{Kind: act.KindKey, Admin: true})
}

func (f *fixture) create(raw string) store.Source {
	f.t.Helper()
	src, err := f.Create(admin(f.t), acme, json.RawMessage(raw))
	if err != nil {
		f.t.Fatalf("%s: %v", raw, err)
	}
	return src
}

// takes says whether the endpoint of a source takes a bearer token.
func (f *fixture) takes(s *Service, src store.Source, token string) bool {
	f.t.Helper()
	e := s.Find(idText(&src))
	if e == nil {
		return false
	}
	v, err := e.Verifier()
	if err != nil {
		return false
	}
	_, err = v.Check(&Head{Header: headers("Authorization", "Bearer "+token), Now: f.now})
	return err == nil
}

func bearerSource(name, secret string) string {
	return `{"name":"` + name + `","dialect":"native","auth":{"method":"bearer","secret":"` + secret + `"}}`
}

func TestServiceLife(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	src := f.create(bearerSource("x", goodSecret1))
	if string(Shown(src)) != `{"method":"bearer","secret":"********"}` || strings.Contains(string(src.Auth), goodSecret1) {
		t.Errorf("it is shown as %s and stored as %s", Shown(src), src.Auth)
	}
	for _, s := range []*Service{f.Service, f.open()} {
		if !f.takes(s, src, goodSecret1) || f.takes(s, src, goodSecret2) {
			t.Error("the endpoint does not take its own secret alone")
		}
	}
	ctx := t.Context()
	if _, err := f.Update(ctx, "other", src.ID, 0, json.RawMessage(`{"enabled":false}`)); !errors.Is(err, ErrNotFound) {
		t.Errorf("another account's change gives %v", err)
	}
	if _, err := f.Get(ctx, "other", src.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("another account gets %v", err)
	}
	if err := f.Delete(ctx, "other", src.ID, 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("another account's deletion gives %v", err)
	}
	if _, err := f.Create(ctx, acme, json.RawMessage(bearerSource("x", goodSecret1))); !errors.Is(err, ErrNameTaken) {
		t.Errorf("a taken name gives %v", err)
	}
	other := f.create(bearerSource("y", goodSecret1))
	if _, err := f.Update(ctx, acme, other.ID, 0, json.RawMessage(`{"name":"x"}`)); !errors.Is(err, ErrNameTaken) {
		t.Errorf("a change to a taken name gives %v", err)
	}
	src, err := f.Update(ctx, acme, src.ID, 1, json.RawMessage(`{"auth":{"secret":"`+goodSecret2+`","previous_secret":"`+goodSecret1+`"}}`))
	if err != nil || src.Version != 2 || !f.takes(f.Service, src, goodSecret1) || !f.takes(f.Service, src, goodSecret2) {
		t.Errorf("after the change: %+v, %v", src, err)
	}
	if _, err := f.Update(ctx, acme, src.ID, 1, json.RawMessage(`{"enabled":false}`)); !errors.Is(err, ErrVersion) {
		t.Errorf("a stale version gives %v", err)
	}
	src, err = f.Update(ctx, acme, src.ID, 2, json.RawMessage(`{"enabled":false,"auth":{"secret":"********"}}`))
	if err != nil || f.Find(idText(&src)) != nil {
		t.Errorf("a disabled source takes events (%v)", err)
	}
	src, err = f.Update(ctx, acme, src.ID, 0, json.RawMessage(`{"enabled":true,"auth":{"previous_secret":null}}`))
	if err != nil || !f.takes(f.Service, src, goodSecret2) || f.takes(f.Service, src, goodSecret1) {
		t.Errorf("after the previous secret is removed: %v", err)
	}
	if err := f.Delete(ctx, acme, src.ID, src.Version); err != nil || f.Find(idText(&src)) != nil {
		t.Errorf("after it was deleted: %v", err)
	}
}

// The record says what changed, before it does, and never a secret.
func TestServiceRecords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	src := f.create(bearerSource("x", goodSecret1))
	if _, err := f.Update(t.Context(), acme, src.ID, 0, json.RawMessage(`{"project":"web","auth":{"secret":"`+goodSecret2+`"}}`)); err != nil {
		t.Fatal(err)
	}
	_, fresh, err := f.Rotate(t.Context(), acme, src.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Delete(t.Context(), acme, src.ID, 0); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range f.record.acts {
		got = append(got, a.Action+" "+gjson.GetBytes(a.After, "@keys").Raw)
		text := string(a.Before) + string(a.After) + a.Note
		for _, secret := range []string{goodSecret1, goodSecret2, fresh.Reveal()} {
			if strings.Contains(text, secret) {
				t.Errorf("%s tells a secret: %s", a.Action, text)
			}
		}
		if a.Account != acme || a.Target != idText(&src) {
			t.Errorf("%s is of %s in %s", a.Action, a.Target, a.Account)
		}
	}
	want := []string{
		`source.create ["auth.method","auth.secret","dialect","enabled","labels","name","project","secret.secret","types"]`,
		`source.update ["project","secret.secret"]`, `source.rotate ["auth.previous_secret","secret.previous_secret","secret.secret"]`,
		`source.delete ["secret.previous_secret","secret.secret"]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f.record.err = errors.New("the record is full")
	if _, err := f.Create(admin(t), acme, json.RawMessage(bearerSource("y", goodSecret1))); !errors.Is(err, f.record.err) {
		t.Errorf("without a record it gives %v", err)
	}
	if list, _, err := f.List(t.Context(), acme, store.Page{Limit: 10}); err != nil || len(list) != 0 {
		t.Errorf("without a record there is %+v, %v", list, err)
	}
}

func TestServiceReferences(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.refs.set("env:TOKEN", goodSecret1)
	const raw = `{"name":"x","dialect":"native","auth":{"method":"bearer","secret":"env:TOKEN"}}`
	fieldOf := func(err error) string {
		fields, ok := form.AsErrors(err)
		if !ok || len(fields) != 1 {
			t.Fatalf("got %v", err)
		}
		return fields[0].Path
	}
	if _, err := f.Create(act.With(t.Context(), act.Actor{Kind: act.KindKey}), acme, json.RawMessage(raw)); fieldOf(err) != "auth.secret" {
		t.Errorf("whoever is no administrator sets a reference: %v", err)
	}
	if _, err := f.Create(admin(t), "other", json.RawMessage(raw)); fieldOf(err) != "auth.secret" {
		t.Errorf("another account sets a reference: %v", err)
	}
	if _, err := f.Create(admin(t), acme, json.RawMessage(strings.Replace(raw, "TOKEN", "NOTHING", 1))); fieldOf(err) != "auth.secret" {
		t.Errorf("a reference to nothing is taken: %v", err)
	}
	src := f.create(raw)
	if !strings.Contains(string(Shown(src)), "env:TOKEN") || !f.takes(f.Service, src, goodSecret1) {
		t.Errorf("it is shown as %s", Shown(src))
	}
	if _, _, err := f.Rotate(t.Context(), acme, src.ID, 0); !errors.Is(err, ErrNotRotatable) {
		t.Errorf("rotating a reference gives %v", err)
	}
	// Whoever may not set it may change the rest.
	if _, err := f.Update(act.With(t.Context(), act.Actor{Kind: act.KindKey}), acme, src.ID, 0, json.RawMessage(`{"project":"web","auth":{"secret":"env:TOKEN"}}`)); err != nil {
		t.Errorf("a change beside a reference gives %v", err)
	}
	if !f.takes(f.Service, src, goodSecret1) {
		t.Error("after the change the reference is not taken")
	}
	f.refs.set("env:TOKEN", goodSecret2)
	if f.takes(f.Service, src, goodSecret2) {
		t.Error("a reference is read with every request")
	}
	f.now = f.now.Add(readEvery)
	if !f.takes(f.Service, src, goodSecret2) || f.takes(f.Service, src, goodSecret1) {
		t.Error("what the reference stands for now is not taken")
	}
	f.refs.set("env:TOKEN", "")
	f.now = f.now.Add(readEvery)
	if f.takes(f.Service, src, goodSecret2) {
		t.Error("what cannot be read is taken")
	}
	if w := f.Warnings(src); len(w) != 1 || w[0].Field != "auth" {
		t.Errorf("the warnings are %+v", w)
	}
	f.refs.set("env:TOKEN", goodSecret2)
	f.now = f.now.Add(readEvery)
	if !f.takes(f.Service, src, goodSecret2) {
		t.Error("what can be read again is not taken")
	}
}

// Every secret is sealed for its place, and anew with another key.
func TestServiceReseals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.create(bearerSource("a", goodSecret1))
	a, err := f.Update(t.Context(), acme, a.ID, 0, json.RawMessage(`{"auth":{"previous_secret":"`+goodSecret2+`"}}`))
	if err != nil {
		t.Fatal(err)
	}
	b := f.create(bearerSource("b", goodSecret2))
	result, err := f.sealer.Rotate(t.Context(), f.Service)
	if err != nil || result.Resealed != 3 || result.Values != 3 || len(result.Unreadable) != 0 {
		t.Fatalf("got %+v, %v", result, err)
	}
	for _, s := range []*Service{f.Service, f.open()} {
		if !f.takes(s, a, goodSecret1) || !f.takes(s, a, goodSecret2) || !f.takes(s, b, goodSecret2) || f.takes(s, b, goodSecret1) {
			t.Error("after the secrets were sealed anew, not all of them are good")
		}
	}
	// A secret that somebody moved to another row cannot be read there.
	row, err := f.store.GetSource(t.Context(), acme, b.ID)
	if err != nil {
		t.Fatal(err)
	}
	from, err := f.store.GetSource(t.Context(), acme, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	row.Secrets = from.Secrets
	if err := f.store.UpdateSource(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	if f.takes(f.open(), b, goodSecret1) {
		t.Error("a secret that was moved is taken")
	}
}

// What comes is counted in memory, and saved in one go.
func TestServiceCounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	src := f.create(bearerSource("x", goodSecret1))
	e := f.Find(idText(&src))
	e.Received(3, 1)
	e.Refused()
	want := store.SourceCounts{Accepted: 3, Rejected: 1, Refused: 1}
	check := func(when string) {
		t.Helper()
		got, err := f.Get(t.Context(), acme, src.ID)
		if err != nil || got.Counts != want || !got.LastReceivedAt.Equal(f.now) {
			t.Errorf("%s the counts are %+v at %s, %v", when, got.Counts, got.LastReceivedAt, err)
		}
	}
	check("before they are saved")
	if _, err := f.Update(t.Context(), acme, src.ID, 0, json.RawMessage(`{"enabled":false}`)); err != nil {
		t.Fatal(err)
	}
	e.Received(1, 0) // a request that was under way
	want.Accepted++
	check("after a change")
	if err := f.save(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("once they are saved")
	row, err := f.store.GetSource(t.Context(), acme, src.ID)
	if err != nil || row.Counts != want {
		t.Errorf("the store has %+v, %v", row.Counts, err)
	}
	e.Received(1, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.save(ctx); err == nil {
		t.Error("saving did not fail")
	}
	want.Accepted++
	check("after saving failed")
	if err := f.save(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("after it went on")
	if row, err = f.store.GetSource(t.Context(), acme, src.ID); err != nil || row.Counts != want || row.Version != 2 {
		t.Errorf("the store has %+v, %v", row, err)
	}
}

func TestServiceInput(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for raw, want := range map[string]string{
		`[]`:   "",
		`null`: "",
		`{}`:   "name dialect",
		`{"name":"x","dialect":"native","auth":null}`:                                                     "OK",
		`{"name":" x","dialect":"native"}`:                                                                "name",
		"{\"name\":\"x\u202ey\",\"dialect\":\"native\"}":                                                  "name",
		`{"name":"x","dialect":"native","auth":"x"}`:                                                      "auth",
		`{"name":"x","dialect":"native","auth":{"method":7}}`:                                             "auth.method",
		`{"name":"x","dialect":"native","labels":[]}`:                                                     "labels",
		`{"name":"x","dialect":"native","labels":{"":"x"}}`:                                               "labels.",
		`{"name":"x","dialect":"native","types":"a.b"}`:                                                   "types",
		`{"name":"x","dialect":"native","auth":{"method":"none","secret":"` + goodSecret1 + `"}}`:         "auth.secret",
		`{"name":"x","dialect":"native","auth":{"method":"bearer","secret":"********"}}`:                  "auth.secret",
		`{"name":"x","dialect":"native","auth":{"method":"bearer","secret":["` + goodSecret1 + `"]}}`:     "auth.secret",
		`{"name":"x","dialect":"native","auth":{"method":"none","colour":1}}`:                             "auth.colour",
		`{"name":"x","dialect":"native","id":"src_x","url":"x","counts":{},"version":7,"warnings":[]}`:    "OK",
		`{"name":"x","dialect":"native","labels":{"a":"` + strings.Repeat("x", MaxLabel+1) + `","b":""}}`: "labels.a",
	} {
		src, err := f.Create(admin(t), acme, json.RawMessage(raw))
		var paths []string
		fields, ok := form.AsErrors(err)
		for _, e := range fields {
			paths = append(paths, e.Path)
		}
		got := strings.Join(paths, " ")
		if err == nil {
			got = "OK"
			if err := f.Delete(t.Context(), acme, src.ID, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil && !ok || got != want {
			t.Errorf("%s: wrong are %q, want %q (%v)", raw, got, want, err)
		}
		if err != nil && strings.Contains(err.Error(), goodSecret1) {
			t.Errorf("%s: the error tells the secret: %v", raw, err)
		}
	}
}

// Sources of an account are bounded.
func TestServiceIsBounded(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("makes many rows")
	}
	f := newFixture(t)
	for range MaxSources {
		src := store.Source{ID: event.NewID(), Account: acme, Name: event.NewID().UUID(), Dialect: "native", Version: 1, CreatedAt: f.now, UpdatedAt: f.now}
		if err := f.store.CreateSource(t.Context(), src); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Create(admin(t), acme, json.RawMessage(bearerSource("x", goodSecret1))); !errors.Is(err, ErrFull) {
		t.Errorf("one more gives %v", err)
	}
	if _, err := f.Create(admin(t), "other", json.RawMessage(bearerSource("x", goodSecret1))); err != nil {
		t.Errorf("another account's first gives %v", err)
	}
}
