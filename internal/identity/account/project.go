package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// MaxProjects is how many projects an account may have.
const MaxProjects = 1000

// Environments are what a project may be labelled with, besides nothing.
var Environments = []string{"production", "test", "development"}

// CreateProject makes a project. Errors: form.Errors with every wrong field, ErrNotFound for an unknown account,
// ErrNameTaken, ErrFull.
func (s *Service) CreateProject(ctx context.Context, account event.Account, in ProjectInput) (store.Project, error) {
	if _, ok := s.Get(account); !ok {
		return store.Project{}, ErrNotFound
	}
	now := s.deps.Now().UTC()
	p := store.Project{
		ID: event.NewID(), Account: account, Name: value(in.Name), Title: value(in.Title), Environment: value(in.Environment),
		Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if err := checkProject(p); err != nil {
		return store.Project{}, err
	}
	s.projects.Lock()
	defer s.projects.Unlock()
	if err := s.roomForProject(ctx, account); err != nil {
		return store.Project{}, err
	}
	a := act.Act{Account: account, Action: "project.create", Target: p.ID.Text(event.PrefixProject), After: shownProject(p)}
	err := act.Do(ctx, s.deps.Recorder, a, func(ctx context.Context) error { return s.deps.Store.CreateProject(ctx, p) })
	return p, named(err, p)
}

// UpdateProject changes a project's title and environment. With a version above 0 the change is refused with ErrVersion
// unless the project still has that version. Errors: form.Errors, ErrNotFound, ErrVersion.
func (s *Service) UpdateProject(ctx context.Context, account event.Account, id event.ID, version int64, in ProjectInput) (store.Project, error) {
	return s.changeProject(ctx, account, id, version, "project.update", func(p store.Project) (store.Project, error) {
		if in.Name != nil && *in.Name != p.Name {
			return p, form.Errors{{Path: "name", Message: "cannot be changed: events carry it"}}
		}
		if in.Title != nil {
			p.Title = *in.Title
		}
		if in.Environment != nil {
			p.Environment = *in.Environment
		}
		return p, checkProject(p)
	})
}

// DeleteProject deletes a project. Events keep its name. Errors: ErrNotFound, ErrVersion.
func (s *Service) DeleteProject(ctx context.Context, account event.Account, id event.ID, version int64) error {
	_, err := s.changeProject(ctx, account, id, version, "project.delete", func(p store.Project) (store.Project, error) {
		p.DeletedAt = s.deps.Now().UTC()
		return p, nil
	})
	return err
}

// changeProject reads, edits and stores a project, unless the edit changes nothing.
func (s *Service) changeProject(ctx context.Context, account event.Account, id event.ID, version int64, action string,
	edit func(store.Project) (store.Project, error)) (store.Project, error) {
	old, err := s.Project(ctx, account, id)
	switch {
	case err != nil:
		return store.Project{}, err
	case version > 0 && old.Version != version:
		return store.Project{}, ErrVersion
	}
	p, err := edit(old)
	if err != nil {
		return store.Project{}, err
	}
	if p == old {
		return old, nil
	}
	p.UpdatedAt = s.deps.Now().UTC()
	a := act.Act{Account: account, Action: action, Target: id.Text(event.PrefixProject), Before: shownProject(old), After: shownProject(p)}
	if !p.DeletedAt.IsZero() {
		a.After = nil
	}
	err = act.Do(ctx, s.deps.Recorder, a, func(ctx context.Context) error { return s.deps.Store.UpdateProject(ctx, p) })
	if errors.Is(err, store.ErrConflict) { // names do not change, so it is the version
		return store.Project{}, ErrVersion
	}
	if err != nil {
		return store.Project{}, named(err, p)
	}
	p.Version++
	return p, nil
}

// Project gives a project that is not deleted. Its error is ErrNotFound, or the store's.
func (s *Service) Project(ctx context.Context, account event.Account, id event.ID) (store.Project, error) {
	p, err := s.deps.Store.GetProject(ctx, account, id)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !p.DeletedAt.IsZero():
		return store.Project{}, ErrNotFound
	case err != nil:
		return store.Project{}, fmt.Errorf("reading project %s: %w", id.Text(event.PrefixProject), err)
	}
	return p, nil
}

// Projects gives an account's projects by name; next is empty at the end.
func (s *Service) Projects(ctx context.Context, account event.Account, page store.Page) (list []store.Project, next string, err error) {
	list, next, err = s.deps.Store.ListProjects(ctx, account, page)
	if err != nil {
		return nil, "", fmt.Errorf("listing the projects of account %s: %w", account, err)
	}
	return list, next, nil
}

// roomForProject says whether an account may have one more project.
func (s *Service) roomForProject(ctx context.Context, account event.Account) error {
	page := store.Page{Limit: store.MaxPage}
	for n := 0; ; {
		list, next, err := s.Projects(ctx, account, page)
		if err != nil {
			return err
		}
		if n += len(list); n >= MaxProjects {
			return ErrFull
		}
		if page.After = next; next == "" {
			return nil
		}
	}
}

// named turns the store's error into one that a caller understands.
func named(err error, p store.Project) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrConflict):
		return ErrNameTaken
	case errors.Is(err, store.ErrNotFound):
		return ErrNotFound
	}
	return fmt.Errorf("storing project %s: %w", p.ID.Text(event.PrefixProject), err)
}

// checkProject checks all that can be chosen. A name may be whatever the project of an event may be (see the limits of
// package event), as long as people can see what it is.
func checkProject(p store.Project) error {
	var errs form.Errors
	checkLine("name", p.Name, event.MaxName, &errs)
	switch {
	case p.Name == "":
		errs.Add("name", "is required")
	case len(p.Name) > event.MaxName && len(errs) == 0:
		errs.Add("name", "must be at most %d bytes", event.MaxName)
	}
	checkLine("title", p.Title, MaxTitle, &errs)
	if p.Environment != "" && !slices.Contains(Environments, p.Environment) {
		errs.Add("environment", "must be one of %s, or empty", strings.Join(Environments, ", "))
	}
	return errs.Err()
}

// shownProject is a project as the audit record shows it.
func shownProject(p store.Project) json.RawMessage {
	raw, err := json.Marshal(struct {
		Name        string `json:"name"`
		Title       string `json:"title"`
		Environment string `json:"environment"`
	}{p.Name, p.Title, p.Environment})
	if err != nil {
		panic("account: writing a project as JSON: " + err.Error()) // texts
	}
	return raw
}
