package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity/account"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Project is a named scope as it is shown.
type Project struct {
	ID          string    `json:"id" doc:"Its id." example:"prj_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name        string    `json:"name" doc:"The name that events carry." example:"production-api"`
	Title       string    `json:"title" doc:"What people call it." example:"Production API"`
	Environment string    `json:"environment" enum:"production,test,development," doc:"What it is for; empty if nobody said."`
	Version     int64     `json:"version" doc:"Grows with each change; it is the ETag." example:"1"`
	CreatedAt   time.Time `json:"created_at" doc:"When it was made."`
	UpdatedAt   time.Time `json:"updated_at" doc:"When it was changed last."`
}

// ProjectInput is a wish for a project.
type ProjectInput struct {
	Name        string  `json:"name" doc:"The name that events carry as project." example:"production-api"`
	Title       *string `json:"title,omitempty" doc:"What people call it." example:"Production API"`
	Environment *string `json:"environment,omitempty" doc:"production, test, development or empty." example:"production"`
}

// ProjectPatch is a change of a project.
type ProjectPatch struct {
	Title       *string `json:"title,omitempty" doc:"What people call it."`
	Environment *string `json:"environment,omitempty" doc:"production, test, development or empty."`
}

// ProjectPath names a project in a path.
type ProjectPath struct {
	ID string `path:"id" maxLength:"64" doc:"The project's id." example:"prj_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func newProject(p store.Project) Project {
	return Project{
		ID: p.ID.Text(event.PrefixProject), Name: p.Name, Title: p.Title, Environment: p.Environment, Version: p.Version,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

func (a *server) projectOperations() {
	const base = "/api/v1/projects"
	register(a, op{
		id: "list-projects", method: http.MethodGet, path: base, tag: tagAccounts, scope: scopeAny,
		summary: "List projects", about: "The account's projects, by name. An event may carry a project that is not listed; integrations can filter on it all the same.",
	}, a.listProjects)
	register(a, op{
		id: "create-project", method: http.MethodPost, path: base, tag: tagAccounts, scope: scopeAdmin, act: "project.create",
		summary: "Create a project", status: http.StatusCreated, about: "A name for a part of what the account watches.",
		body: object{{"name", "production-api"}, {"environment", "production"}}, problems: []int{http.StatusConflict},
	}, a.createProject)
	register(a, op{
		id: "get-project", method: http.MethodGet, path: base + "/{id}", tag: tagAccounts, scope: scopeAny,
		summary: "Get a project", about: "One project with its ETag.", problems: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *ProjectPath) (*projectAnswer, error) {
		id, err := pathID(event.PrefixProject, in.ID)
		if err != nil {
			return nil, err
		}
		return newProjectAnswer(a.Accounts.Project(ctx, accountOf(ctx), id))
	})
	register(a, op{
		id: "update-project", method: http.MethodPatch, path: base + "/{id}", tag: tagAccounts, scope: scopeAdmin, act: "project.update",
		summary: "Change a project", ownBody: true, about: "A JSON merge patch of title and environment: what is left out stays, null empties. The name stays: events carry it.", body: object{{"environment", "test"}},
		problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, a.updateProject)
	register(a, op{
		id: "delete-project", method: http.MethodDelete, path: base + "/{id}", tag: tagAccounts, scope: scopeAdmin, act: "project.delete",
		summary: "Delete a project", status: http.StatusNoContent, about: "Its name can be used again. Events keep it.",
		problems: []int{http.StatusNotFound, http.StatusPreconditionFailed},
	}, func(ctx context.Context, in *struct {
		ProjectPath
		Condition
	}) (*struct{}, error) {
		id, err := pathID(event.PrefixProject, in.ID)
		if err != nil {
			return nil, err
		}
		version, err := in.version()
		if err != nil {
			return nil, err
		}
		return nil, a.Accounts.DeleteProject(ctx, accountOf(ctx), id, version)
	})
}

type projectAnswer struct {
	ETag     string `header:"ETag" doc:"The version; send it back as If-Match."`
	Location string `header:"Location" doc:"Where a new project is."`
	Body     Project
}

func newProjectAnswer(p store.Project, err error) (*projectAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &projectAnswer{ETag: etag(p.Version), Body: newProject(p)}, nil
}

func (a *server) listProjects(ctx context.Context, in *Paging) (*body[list[Project]], error) {
	rows, next, err := a.Accounts.Projects(ctx, accountOf(ctx), in.page())
	if err != nil {
		return nil, err
	}
	l := list[Project]{Items: make([]Project, len(rows)), Next: next}
	for i, p := range rows {
		l.Items[i] = newProject(p)
	}
	return answer(l), nil
}

func (a *server) createProject(ctx context.Context, in *struct{ Body ProjectInput }) (*projectAnswer, error) {
	out, err := newProjectAnswer(a.Accounts.CreateProject(ctx, accountOf(ctx), account.ProjectInput{
		Name: &in.Body.Name, Title: in.Body.Title, Environment: in.Body.Environment,
	}))
	if err != nil {
		return nil, err
	}
	out.Location = "/api/v1/projects/" + out.Body.ID
	return out, nil
}

func (a *server) updateProject(ctx context.Context, in *struct {
	ProjectPath
	Condition
	Body raw[ProjectPatch]
}) (*projectAnswer, error) {
	id, err := pathID(event.PrefixProject, in.ID)
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	wish, err := account.ParseProjectInput(in.Body.RawMessage)
	if err != nil {
		return nil, err
	}
	return newProjectAnswer(a.Accounts.UpdateProject(ctx, accountOf(ctx), id, version, wish))
}
