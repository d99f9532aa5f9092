package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// custom puts the values of fields that people have added into f, by their names. What the field does not take is left
// out.
func (c *Connector) custom(ctx context.Context, f fields, values []ticketing.FieldValue) ([]ticketing.Part, error) {
	if len(values) == 0 {
		return nil, nil
	}
	s, err := c.where(ctx)
	if err != nil {
		return nil, err
	}
	list, err := c.metadata(ctx)
	if err != nil {
		return nil, err
	}
	var left []ticketing.Part
	for _, v := range values {
		meta := lookup(list, v.Name)
		if meta == nil {
			left = append(left, ticketing.Part{Field: v.Name, Reason: fmt.Sprintf("issue type %s has no field %q", c.settings.IssueType, v.Name)})
			continue
		}
		value, why, err := c.value(ctx, s, meta, v.Value)
		if err != nil {
			return nil, err
		}
		if why != nil {
			left = append(left, ticketing.Part{Field: v.Name, Reason: fmt.Sprintf("field %q: %v", v.Name, why)})
			continue
		}
		f[meta.id()] = value
	}
	return left, nil
}

// value makes what a field takes. Why says what is wrong with the value; err, that Jira could not be asked.
func (c *Connector) value(ctx context.Context, s *site, meta *field, raw json.RawMessage) (value any, why, err error) {
	if kind := meta.Schema.Type; kind == "user" || kind == "array" && meta.Schema.Items == "user" {
		return c.users(ctx, s, kind == "array", raw)
	}
	value, why = meta.convert(raw, func(text string) (any, error) {
		return c.write(s, ticketing.Document{{Text: text}})
	})
	return value, why, nil
}

// users makes the value of a field of people, who are named by e-mail address.
func (c *Connector) users(ctx context.Context, s *site, many bool, raw json.RawMessage) (value any, why, err error) {
	emails := []string{}
	if json.Unmarshal(raw, &emails) != nil {
		text, _ := textOf(raw)
		emails = []string{text}
	}
	list := []any{}
	for _, email := range emails {
		id, err := c.find(ctx, s, email)
		if err != nil {
			return nil, nil, err
		}
		if id == "" {
			return nil, fmt.Errorf("nobody in Jira has the address %.100q", email), nil
		}
		list = append(list, s.user(id))
	}
	switch {
	case many:
		return list, nil, nil
	case len(list) == 1:
		return list[0], nil, nil
	}
	return nil, fmt.Errorf("%d people do not fit in it", len(list)), nil
}

// user names an account in a request.
func (s *site) user(id string) map[string]string {
	if s.cloud {
		return map[string]string{"accountId": id}
	}
	return map[string]string{"name": id}
}

// nobody takes the assignee away: a null id does, and the published description allows no null for the whole.
func (s *site) nobody() map[string]any {
	if s.cloud {
		return map[string]any{"accountId": nil}
	}
	return map[string]any{"name": nil}
}

// assignee puts the assignee into f. Somebody whom Jira does not know is left out.
func (c *Connector) assignee(ctx context.Context, f fields, email string) ([]ticketing.Part, error) {
	if email == "" {
		return nil, nil
	}
	s, err := c.where(ctx)
	if err != nil {
		return nil, err
	}
	id, err := c.find(ctx, s, email)
	if err != nil {
		return nil, err
	}
	if id == "" {
		return []ticketing.Part{{Field: ticketing.FieldAssignee, Reason: fmt.Sprintf("nobody who can be assigned issues of project %s has the address %s: the setting people can say who that is", c.settings.Project, email)}}, nil
	}
	f["assignee"] = s.user(id)
	return nil, nil
}

// Keeping what was found out about people.
const (
	keepPerson = 24 * time.Hour
	keepNobody = 10 * time.Minute
)

// find gives the id of whoever has an address and can be assigned issues of the project; empty if nobody has.
func (c *Connector) find(ctx context.Context, s *site, email string) (string, error) {
	if id := c.settings.ID(email); id != "" {
		return id, nil
	}
	key := "jira-user:" + event.Clip(email, 254)
	if c.env.State != nil {
		if raw, err := c.env.State.Get(ctx, key); err == nil {
			return string(raw), nil
		}
	}
	query := url.Values{"project": {c.settings.Project}, "maxResults": {"10"}}
	if s.cloud {
		query.Set("query", email)
	} else {
		query.Set("username", email)
	}
	var list []user
	if err := c.call(ctx, http.MethodGet, "/user/assignable/search?"+query.Encode(), nil, &list); err != nil {
		if connector.IsPermanent(err) { // the account may not search for people: an issue without an assignee is better than none
			return "", nil
		}
		return "", fmt.Errorf("looking for %s in Jira: %w", email, err)
	}
	id, keep := match(list, email), keepPerson
	if id == "" {
		keep = keepNobody
	}
	if c.env.State != nil {
		if err := c.env.State.Put(ctx, key, []byte(id), keep); err != nil {
			return "", fmt.Errorf("remembering who somebody is: %w", err)
		}
	}
	return id, nil
}

// match picks whoever has the address. Jira may hide addresses: then the only one that it finds is taken, as it has
// searched by the address.
func match(list []user, email string) string {
	var hidden []string
	for i := range list {
		u := &list[i]
		switch {
		case u.Active != nil && !*u.Active:
		case strings.EqualFold(u.EmailAddress, email):
			return u.id()
		case u.EmailAddress == "":
			hidden = append(hidden, u.id())
		}
	}
	if len(hidden) == 1 && len(list) == 1 {
		return hidden[0]
	}
	return ""
}
