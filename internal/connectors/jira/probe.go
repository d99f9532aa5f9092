package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// Test proves that the account is known, sees the project and may create issues of the type, and that the fields to be
// filled in are there. It creates nothing.
func (c *Connector) Test(ctx context.Context) error {
	if _, err := c.whoami(ctx); err != nil {
		return err
	}
	var project struct{ Key string }
	if err := c.call(ctx, http.MethodGet, "/project/"+url.PathEscape(c.settings.Project), nil, &project); err != nil {
		return fmt.Errorf("looking at project %s: %w", c.settings.Project, err)
	}
	c.mu.Lock()
	c.fields = nil // as it is now
	c.mu.Unlock()
	list, err := c.metadata(ctx)
	if err != nil {
		return err
	}
	if wrong := c.checkFields(list); len(wrong) > 0 {
		return connector.Permanent(errors.New(strings.Join(wrong, "; ")))
	}
	return nil
}

// checkFields says what is wrong with the mapping of fields: names that are not there, types that cannot be filled in, and
// what the issue type wants and does not get.
func (c *Connector) checkFields(list []field) []string {
	var wrong []string
	given := map[string]bool{"summary": true, "project": true, "issuetype": true, "description": true, "labels": true, "priority": true, "reporter": true}
	for _, f := range c.settings.Custom {
		meta := lookup(list, f.Name)
		if meta == nil {
			wrong = append(wrong, fmt.Sprintf("issue type %s has no field %q that can be filled in when an issue is created", c.settings.IssueType, f.Name))
			continue
		}
		given[meta.id()] = true
		if !meta.fillable() {
			wrong = append(wrong, fmt.Sprintf("field %q is of the type %q, which cannot be filled in", f.Name, meta.Schema.Type))
		}
	}
	for _, f := range list {
		if f.Required && !f.HasDefault && !given[f.id()] {
			wrong = append(wrong, fmt.Sprintf("issue type %s wants the field %q: give it a value under fields", c.settings.IssueType, f.Name))
		}
	}
	return wrong
}

// fillable says whether values of the field's type can be made.
func (f *field) fillable() bool {
	kind := f.Schema.Type
	if kind == "array" {
		kind = f.Schema.Items
	}
	switch kind {
	case "string", "number", "date", "datetime", "option", "priority", "resolution", "version", "component", "securitylevel", "group", "user", "option-with-child":
		return true
	}
	return false
}
