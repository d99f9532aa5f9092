package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
)

// transition is a way out of the present status.
type transition struct {
	ID     string           `json:"id"`
	Name   string           `json:"name"`
	To     status           `json:"to"`
	Fields map[string]field `json:"fields"`
}

// maxSteps bounds the transitions of one move: from "to do" to "done" a workflow may lead through "in progress".
const maxSteps = 3

// Move gives an issue a status of a category, by the transitions that its workflow has.
func (c *Connector) Move(ctx context.Context, r ticketing.Ref, to ticketing.Category) error {
	visited := map[string]bool{}
	for step := range maxSteps {
		var answer struct{ Transitions []transition }
		if err := c.call(ctx, http.MethodGet, issuePath(r.ID, "/transitions?expand=transitions.fields"), nil, &answer); err != nil {
			return ofIssue(err)
		}
		t, why := c.pick(answer.Transitions, to)
		if t == nil && step < maxSteps-1 {
			t = detour(answer.Transitions, to, visited)
		}
		if t == nil {
			return connector.Permanent(errors.New(why))
		}
		visited[t.To.ID] = true
		values, err := c.fill(t)
		if err != nil {
			return connector.Permanent(err)
		}
		body := map[string]any{"transition": map[string]string{"id": t.ID}}
		if len(values) > 0 {
			body["fields"] = values
		}
		if err := c.call(ctx, http.MethodPost, issuePath(r.ID, "/transitions"), body, nil); err != nil {
			return ofIssue(fmt.Errorf("transition %q: %w", t.Name, err))
		}
		if t.To.category() == to || c.preferred(to) != "" && strings.EqualFold(t.Name, c.preferred(to)) {
			return nil
		}
	}
	return connector.Permanent(fmt.Errorf("after %d transitions the issue still has no status of the category %s", maxSteps, to))
}

// preferred is the name of the transition that the settings want.
func (c *Connector) preferred(to ticketing.Category) string {
	t := &c.settings.Transitions
	return map[ticketing.Category]string{ticketing.New: t.New, ticketing.Active: t.Active, ticketing.Closed: t.Closed}[to]
}

// pick chooses a transition: the one that the settings name, else the first that leads to the category and asks for
// nothing that cannot be filled in. If there is none it says why.
func (c *Connector) pick(list []transition, to ticketing.Category) (*transition, string) {
	var names []string
	var missing string
	for i := range list {
		if want := c.preferred(to); want != "" && strings.EqualFold(list[i].Name, want) {
			return &list[i], ""
		}
		names = append(names, fmt.Sprintf("%q to %q", clean(list[i].Name), clean(list[i].To.Name)))
	}
	for i := range list {
		if list[i].To.category() != to {
			continue
		}
		if _, err := c.fill(&list[i]); err != nil {
			missing = ": " + err.Error()
			continue
		}
		return &list[i], ""
	}
	if len(names) == 0 {
		return nil, "the workflow offers no transition from the present status to this account: it may lack the permission Transition issues"
	}
	return nil, fmt.Sprintf("no transition leads to a status of the category %s%s; there are %s", to, missing, strings.Join(names, ", "))
}

// detour chooses a transition to a status that was not visited, from which the category may be within reach.
func detour(list []transition, to ticketing.Category, visited map[string]bool) *transition {
	for _, by := range []ticketing.Category{ticketing.Active, ticketing.New} {
		for i := range list {
			if t := &list[i]; by != to && t.To.category() == by && !visited[t.To.ID] && len(required(t)) == 0 {
				return t
			}
		}
	}
	return nil
}

// required are the fields that a transition asks for and that have no default.
func required(t *transition) map[string]field {
	out := map[string]field{}
	for id, f := range t.Fields {
		if f.Required && !f.HasDefault {
			out[id] = f
		}
	}
	return out
}

// fill gives a transition the fields that it asks for: a resolution, and nothing else.
func (c *Connector) fill(t *transition) (fields, error) {
	values := fields{}
	if f, ok := t.Fields["resolution"]; ok && t.To.category() == ticketing.Closed {
		if v, err := f.choice("resolution", c.settings.Resolution); err == nil {
			values["resolution"] = v
		} else if f.Required && len(f.Allowed) > 0 {
			values["resolution"] = map[string]string{"id": f.Allowed[0].ID}
		}
	}
	for id, f := range required(t) {
		if _, filled := values[id]; !filled {
			name := f.Name
			if name == "" {
				name = id
			}
			return nil, fmt.Errorf("transition %q asks for the field %q, which the hub does not fill in", clean(t.Name), clean(name))
		}
	}
	return values, nil
}
