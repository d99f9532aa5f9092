package storetest

import (
	"fmt"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func project(account event.Account, name string) store.Project {
	return store.Project{
		ID: event.NewID(), Account: account, Name: name, Title: "The shop", Environment: "production", Version: 1,
		CreatedAt: at(1), UpdatedAt: at(2),
	}
}

func testProjects(t *testing.T, s *suite) {
	p := project(acme, "production-api")
	must(t, s.CreateProject(s.ctx, p))
	got, err := s.GetProject(s.ctx, acme, p.ID)
	must(t, err)
	same(t, "project", got, p)
	_, err = s.GetProject(s.ctx, other, p.ID)
	wantErr(t, "another account's project", err, store.ErrNotFound)

	p.Title, p.Environment, p.UpdatedAt = "", "", at(9)
	must(t, s.UpdateProject(s.ctx, p))
	wantErr(t, "a stale version", s.UpdateProject(s.ctx, p), store.ErrConflict)
	foreign := p
	foreign.Account = other
	wantErr(t, "another account's project", s.UpdateProject(s.ctx, foreign), store.ErrNotFound)
	wantErr(t, "an unknown project", s.UpdateProject(s.ctx, project(acme, "unknown")), store.ErrNotFound)
	got, err = s.GetProject(s.ctx, acme, p.ID)
	must(t, err)
	p.Version = 2
	same(t, "changed project", got, p)
}

func testProjectNames(t *testing.T, s *suite) {
	first := project(acme, "name")
	must(t, s.CreateProject(s.ctx, first))
	wantErr(t, "a taken name", s.CreateProject(s.ctx, project(acme, "name")), store.ErrConflict)
	must(t, s.CreateProject(s.ctx, project(other, "name")))
	first.DeletedAt = at(20)
	must(t, s.UpdateProject(s.ctx, first))
	must(t, s.CreateProject(s.ctx, project(acme, "name"))) // a deleted project gives its name back
	got, err := s.GetProject(s.ctx, acme, first.ID)
	must(t, err)
	same(t, "time of deletion", got.DeletedAt, at(20))
}

func testProjectList(t *testing.T, s *suite) {
	var want []string
	add := func(name string) {
		must(t, s.CreateProject(s.ctx, project(acme, name)))
		must(t, s.CreateProject(s.ctx, project(other, name)))
	}
	for n := range 11 {
		want = append(want, fmt.Sprintf("m%02d", n))
		add(want[n])
	}
	gone := project(acme, "m05 deleted")
	gone.DeletedAt = at(1)
	must(t, s.CreateProject(s.ctx, gone))
	list := func(p store.Page) ([]store.Project, string, error) { return s.ListProjects(s.ctx, acme, p) }
	checkWalk(t, list, func(p store.Project) string {
		if p.Account != acme {
			t.Fatalf("the list holds %s's project", p.Account)
		}
		return p.Name
	}, want, func(n int) {
		add(fmt.Sprintf("a%02d", n)) // before the cursor
		add(fmt.Sprintf("z%02d", n)) // after it
	})
	for _, cursor := range []string{"x", "====", "' OR 1=1 --"} {
		_, _, err := list(store.Page{After: cursor, Limit: 1})
		wantErr(t, cursor, err, store.ErrCursor)
	}
}
