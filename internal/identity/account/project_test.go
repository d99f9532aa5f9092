package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func projectInput(raw string) ProjectInput {
	in, err := ParseProjectInput(json.RawMessage(raw))
	if err != nil {
		panic(err)
	}
	return in
}

func TestProjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t).family()
	ctx := t.Context()
	p, err := w.CreateProject(ctx, "acme", projectInput(`{"name":"production-api","title":"The API","environment":"production"}`))
	if err != nil || p.Version != 1 || p.Environment != "production" || p.Account != "acme" {
		t.Fatalf("%+v %v", p, err)
	}
	if a := w.recorder.last; a.Action != "project.create" || a.Account != "acme" || a.Target != p.ID.Text(event.PrefixProject) ||
		string(a.After) != `{"name":"production-api","title":"The API","environment":"production"}` {
		t.Errorf("%+v", a)
	}
	if _, err := w.CreateProject(ctx, "acme", projectInput(`{"name":"production-api"}`)); !errors.Is(err, ErrNameTaken) {
		t.Error(err)
	}
	if _, err := w.CreateProject(ctx, "nobody", projectInput(`{"name":"p"}`)); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	q, err := w.UpdateProject(ctx, "acme", p.ID, 1, projectInput(`{"name":"production-api","title":null,"environment":"test"}`))
	if err != nil || q.Version != 2 || q.Title != "" || q.Environment != "test" {
		t.Errorf("%+v %v", q, err)
	}
	if r, err := w.UpdateProject(ctx, "acme", p.ID, 0, ProjectInput{}); err != nil || r != q {
		t.Errorf("a change of nothing: %+v %v", r, err)
	}
	if _, err := w.UpdateProject(ctx, "acme", p.ID, 1, projectInput(`{"title":"x"}`)); !errors.Is(err, ErrVersion) {
		t.Error(err)
	}
	if _, err := w.UpdateProject(ctx, "other", p.ID, 0, projectInput(`{"title":"x"}`)); !errors.Is(err, ErrNotFound) {
		t.Errorf("another account's project: %v", err)
	}
	_, err = w.UpdateProject(ctx, "acme", p.ID, 0, projectInput(`{"name":"another"}`))
	if diff := cmp.Diff([]string{"name"}, paths(t, err)); diff != "" {
		t.Error(diff)
	}
	if err := w.DeleteProject(ctx, "other", p.ID, 0); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if err := w.DeleteProject(ctx, "acme", p.ID, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Project(ctx, "acme", p.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a deleted project: %v", err)
	}
	if list, _, err := w.Projects(ctx, "acme", store.Page{Limit: 10}); err != nil || len(list) > 0 {
		t.Errorf("%v %v", list, err)
	}
}

func TestProjectFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		raw   string
		paths []string
	}{
		{`{}`, []string{"name"}},
		{`{"name":" x"}`, []string{"name"}},
		{`{"name":"a\u0000b","title":"c\u2066d","environment":"staging"}`, []string{"name", "title", "environment"}},
		{`{"name":"` + strings.Repeat("ü", 129) + `"}`, []string{"name"}},
	} {
		_, err := w.CreateProject(t.Context(), event.DefaultAccount, projectInput(c.raw))
		if diff := cmp.Diff(c.paths, paths(t, err)); diff != "" {
			t.Errorf("%s: %v\n%s", c.raw, err, diff)
		}
	}
	for _, name := range []string{"production-api", "Über uns / \"prod\"", strings.Repeat("ü", 128)} {
		if _, err := w.CreateProject(t.Context(), event.DefaultAccount, ProjectInput{Name: &name}); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := ParseProjectInput(json.RawMessage(`{"colour":1,"environment":1}`)); len(paths(t, err)) != 2 {
		t.Error(err)
	}
}

func TestProjectsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range MaxProjects {
		p := store.Project{ID: event.NewID(), Account: event.DefaultAccount, Name: fmt.Sprintf("p%04d", n)}
		if err := w.store.CreateProject(context.Background(), p); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.CreateProject(t.Context(), event.DefaultAccount, projectInput(`{"name":"more"}`)); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
}
