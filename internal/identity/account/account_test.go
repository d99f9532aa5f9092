package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

func TestDefaultAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, ok := w.Get(event.DefaultAccount)
	if !ok || !w.IsOpen(event.DefaultAccount) || a.Version != 1 || a.Parent != "" {
		t.Errorf("%+v %v", a, ok)
	}
	w.create(`{"name":"acme"}`)
	if _, err := w.Update(t.Context(), event.DefaultAccount, 0, input(`{"parent":"acme"}`)); !errors.Is(err, ErrOperator) {
		t.Errorf("moving it: %v", err)
	}
	if _, err := w.Close(t.Context(), event.DefaultAccount, 0); !errors.Is(err, ErrOperator) {
		t.Errorf("closing it: %v", err)
	}
	if a, err := w.Update(t.Context(), event.DefaultAccount, 1, input(`{"title":"The SOC"}`)); err != nil || a.Title != "The SOC" || a.Version != 2 {
		t.Errorf("%+v %v", a, err)
	}
	again, err := Open(t.Context(), Deps{Store: w.store})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w.All(), again.All()); diff != "" {
		t.Error(diff)
	}
	w.store.err = store.ErrUnavailable
	if _, err := Open(t.Context(), Deps{Store: w.store}); !errors.Is(err, store.ErrUnavailable) {
		t.Error(err)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	w := newWorld(t).family()
	want := store.Account{Name: "acme", Title: "Acme", Plan: "pro", Version: 1, CreatedAt: testNow, UpdatedAt: testNow}
	if a, _ := w.Get("acme"); a != want {
		t.Errorf("%+v", a)
	}
	if diff := cmp.Diff([]string{"account.create acme", "account.create emea", "account.create uk", "account.create de", "account.create other"}, w.recorder.acts); diff != "" {
		t.Error(diff)
	}
	if string(w.recorder.last.After) != `{"title":"","parent":"","plan":"","closed":false}` || w.recorder.last.Account != "other" || w.changed != 5 {
		t.Errorf("%+v, %d changes", w.recorder.last, w.changed)
	}
	for _, c := range []struct {
		raw   string
		paths []string
	}{
		{`{}`, []string{"name"}},
		{`{"name":"Acme"}`, []string{"name"}},
		{`{"name":"` + strings.Repeat("a", 65) + `"}`, []string{"name"}},
		{`{"name":"a b","title":"one\ntwo","plan":"gold","parent":"nobody"}`, []string{"name", "title", "plan", "parent"}},
		{`{"name":"x","title":"a\u202etitle"}`, []string{"title"}},
		{`{"name":"x","title":"zero\u200bwidth"}`, []string{"title"}},
		{`{"name":"x","title":" x"}`, []string{"title"}},
		{`{"name":"x","title":"` + strings.Repeat("ü", 101) + `"}`, []string{"title"}},
		{`{"name":"x","parent":"x"}`, []string{"parent"}},
	} {
		_, err := w.Create(t.Context(), input(c.raw))
		if diff := cmp.Diff(c.paths, paths(t, err)); diff != "" {
			t.Errorf("%s: %v\n%s", c.raw, err, diff)
		}
	}
	if _, err := w.Close(t.Context(), "other", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Create(t.Context(), input(`{"name":"other"}`)); !errors.Is(err, ErrNameTaken) {
		t.Errorf("the name of a closed account: %v", err)
	}
	w.store.accounts["elsewhere"] = store.Account{Name: "elsewhere", Version: 1} // another process
	if _, err := w.Create(t.Context(), input(`{"name":"elsewhere"}`)); !errors.Is(err, ErrNameTaken) || !w.IsOpen("elsewhere") {
		t.Errorf("what another process has made: %v", err)
	}
}

func TestParseInput(t *testing.T) {
	t.Parallel()
	in, err := ParseInput(json.RawMessage(`{"name":"a","title":null,"version":3,"closed_at":null}`))
	if err != nil || *in.Name != "a" || *in.Title != "" || in.Parent != nil || in.Plan != nil {
		t.Errorf("%+v %v", in, err)
	}
	for raw, want := range map[string][]string{
		`null`: {""}, `[]`: {""}, `{`: {""}, ``: {""}, `"x"`: {""},
		`{"Name":"x","colour":"red"}`:               {"Name", "colour"},
		`{"name":1,"title":{},"parent":["a"]}`:      {"name", "parent", "title"},
		`{"` + strings.Repeat("x", 100) + `":true}`: {strings.Repeat("x", 61) + "…"},
	} {
		_, err := ParseInput(json.RawMessage(raw))
		if diff := cmp.Diff(want, paths(t, err)); diff != "" {
			t.Errorf("%s: %s", raw, diff)
		}
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t).family()
	a, err := w.Update(t.Context(), "emea", 1, input(`{"title":"Europe","parent":"other"}`))
	if err != nil || a.Version != 2 || a.Title != "Europe" || !w.Within("uk", "other") || w.Within("uk", "acme") {
		t.Errorf("%+v %v", a, err)
	}
	if string(w.recorder.last.Before) != `{"title":"","parent":"acme","plan":"","closed":false}` ||
		string(w.recorder.last.After) != `{"title":"Europe","parent":"other","plan":"","closed":false}` {
		t.Errorf("%s → %s", w.recorder.last.Before, w.recorder.last.After)
	}
	acts, changes := len(w.recorder.acts), w.changed
	if b, err := w.Update(t.Context(), "emea", 2, input(`{"title":"Europe"}`)); err != nil || b != a || len(w.recorder.acts) != acts || w.changed != changes {
		t.Errorf("a change of nothing: %+v %v", b, err)
	}
	if _, err := w.Update(t.Context(), "emea", 1, input(`{"title":"x"}`)); !errors.Is(err, ErrVersion) {
		t.Error(err)
	}
	if _, err := w.Update(t.Context(), "nobody", 0, input(`{}`)); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	for raw, want := range map[string]string{
		`{"name":"new"}`: "name", `{"parent":"emea"}`: "parent", `{"parent":"uk"}`: "parent", `{"parent":"nobody"}`: "parent", `{"plan":"gold"}`: "plan",
	} {
		_, err := w.Update(t.Context(), "emea", 0, input(raw))
		if diff := cmp.Diff([]string{want}, paths(t, err)); diff != "" {
			t.Errorf("%s: %s", raw, diff)
		}
	}
	if a, err := w.Update(t.Context(), "emea", 0, input(`{"name":"emea","parent":null,"title":null}`)); err != nil || a.Parent != "" || a.Title != "" {
		t.Errorf("%+v %v", a, err)
	}
	w.store.mu.Lock() // another process
	other := w.store.accounts["emea"]
	other.Version, other.Title = 9, "from elsewhere"
	w.store.accounts["emea"] = other
	w.store.mu.Unlock()
	if _, err := w.Update(t.Context(), "emea", 0, input(`{"title":"x"}`)); !errors.Is(err, ErrVersion) {
		t.Error(err)
	}
	if a, _ := w.Get("emea"); a.Title != "from elsewhere" {
		t.Errorf("what another process changed was not read: %+v", a)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	w := newWorld(t).family()
	a, err := w.Close(t.Context(), "acme", 0)
	if err != nil || !a.ClosedAt.Equal(testNow) {
		t.Fatal(a, err)
	}
	for name, want := range map[event.Account]bool{"acme": false, "emea": false, "uk": false, "other": true, "default": true, "nobody": false, "": false} {
		if got := w.IsOpen(name); got != want {
			t.Errorf("%s open: %v", name, got)
		}
	}
	if b, err := w.Close(t.Context(), "acme", 0); err != nil || b != a {
		t.Errorf("closing again: %+v %v", b, err)
	}
	if _, err := w.Close(t.Context(), "uk", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Reopen(t.Context(), "acme", 0); err != nil {
		t.Fatal(err)
	}
	if !w.IsOpen("de") || w.IsOpen("uk") {
		t.Error("opening an account opens what was closed with it, not what was closed by itself")
	}
}

func TestNoAuditNoAct(t *testing.T) {
	t.Parallel()
	w := newWorld(t).family()
	p, err := w.CreateProject(t.Context(), "acme", projectInput(`{"name":"p"}`))
	if err != nil {
		t.Fatal(err)
	}
	w.recorder.err = errNoAudit
	before := w.All()
	changes := w.changed
	for name, do := range map[string]func() error{
		"create": func() error { _, err := w.Create(t.Context(), input(`{"name":"new"}`)); return err },
		"update": func() error { _, err := w.Update(t.Context(), "uk", 0, input(`{"title":"x"}`)); return err },
		"close":  func() error { _, err := w.Close(t.Context(), "uk", 0); return err },
		"create project": func() error {
			_, err := w.CreateProject(t.Context(), "acme", projectInput(`{"name":"new"}`))
			return err
		},
		"update project": func() error {
			_, err := w.UpdateProject(t.Context(), "acme", p.ID, 0, projectInput(`{"title":"new"}`))
			return err
		},
		"delete project": func() error { return w.DeleteProject(t.Context(), "acme", p.ID, 0) },
	} {
		if err := do(); !errors.Is(err, errNoAudit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if diff := cmp.Diff(before, w.All()); diff != "" || len(w.store.projects) != 1 || w.changed != changes {
		t.Error("something changed without a record", diff)
	}
}

func TestDepth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	parent := ""
	for n := range MaxDepth {
		name := fmt.Sprintf("level-%d", n)
		w.create(fmt.Sprintf(`{"name":%q,"parent":%q}`, name, parent))
		parent = name
	}
	_, err := w.Create(t.Context(), input(`{"name":"deeper","parent":"`+parent+`"}`))
	paths(t, err)
	w.create(`{"name":"root"}`)
	_, err = w.Update(t.Context(), "level-0", 0, input(`{"parent":"root"}`)) // the whole branch would be too deep
	if diff := cmp.Diff([]string{"parent"}, paths(t, err)); diff != "" {
		t.Error(diff)
	}
	if _, err = w.Update(t.Context(), "level-1", 0, input(`{"parent":"root"}`)); err != nil {
		t.Error(err)
	}
}

// TestMovesAtOnce lets two callers hang each account below the other, again and again: one of them must be refused.
func TestMovesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(`{"name":"a"}`)
	w.create(`{"name":"b"}`)
	for range 100 {
		var both sync.WaitGroup
		for _, move := range [][2]event.Account{{"a", "b"}, {"b", "a"}} {
			both.Go(func() {
				in := input(fmt.Sprintf(`{"parent":%q}`, move[1]))
				_, _ = w.Update(context.Background(), move[0], 0, in)
				w.Within("a", "b")
				w.Descendants("a")
			})
		}
		both.Wait()
		if w.Within("a", "b") == w.Within("b", "a") {
			t.Fatal("a circle, or both were refused")
		}
		for _, name := range []event.Account{"a", "b"} {
			if _, err := w.Update(t.Context(), name, 0, input(`{"parent":""}`)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestOnChange(t *testing.T) {
	t.Parallel()
	s := newFakeStore()
	wrong := errors.New("not reached")
	var svc *Service
	svc, err := Open(t.Context(), Deps{Store: s, OnChange: func(ctx context.Context) error {
		if _, ok := svc.Get("new"); !ok {
			t.Error("told before the change can be seen")
		}
		if ctx.Err() != nil {
			t.Error("a caller who hung up keeps the change from others")
		}
		return wrong
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := svc.Create(ctx, input(`{"name":"new"}`)); !errors.Is(err, wrong) {
		t.Error(err)
	}
	if err := svc.Reload(t.Context()); !errors.Is(err, wrong) {
		t.Error(err)
	}
}

// TestWithSQLite goes the whole way once.
func TestWithSQLite(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := Open(t.Context(), Deps{Store: db})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), input(`{"name":"acme","parent":"default"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Close(t.Context(), "acme", 1); err != nil {
		t.Fatal(err)
	}
	p, err := s.CreateProject(t.Context(), "acme", projectInput(`{"name":"shop","environment":"production"}`))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), Deps{Store: db})
	if err != nil {
		t.Fatal(err)
	}
	if again.IsOpen("acme") || !again.Within("acme", event.DefaultAccount) || len(again.All()) != 2 {
		t.Errorf("%+v", again.All())
	}
	if got, err := again.Project(t.Context(), "acme", p.ID); err != nil || got.Name != "shop" {
		t.Errorf("%+v %v", got, err)
	}
}
