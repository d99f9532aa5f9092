package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// field is a field of the issue type, as Jira describes it to whoever may create issues.
type field struct {
	ID         string `json:"fieldId"`
	Key        string `json:"key"` // the same on older servers
	Name       string `json:"name"`
	Required   bool   `json:"required"`
	HasDefault bool   `json:"hasDefaultValue"`
	Schema     struct {
		Type   string `json:"type"`
		Items  string `json:"items"`
		System string `json:"system"`
		Custom string `json:"custom"`
	} `json:"schema"`
	Allowed []struct {
		ID    string `json:"id"`
		Value string `json:"value"` // of an option
		Name  string `json:"name"`  // of anything else
	} `json:"allowedValues"`
}

func (f *field) id() string {
	if f.ID != "" {
		return f.ID
	}
	return f.Key
}

// fieldSet is what was asked for last.
type fieldSet struct {
	list []field
	at   time.Time
}

// Limits of asking for fields.
const (
	keepFields    = 10 * time.Minute
	metaPage      = 50
	maxMetaPages  = 20
	maxIssueTypes = 1000
)

// metadata gives the fields of the issue type. They are asked for anew after keepFields.
func (c *Connector) metadata(ctx context.Context) ([]field, error) {
	c.mu.Lock()
	known := c.fields
	c.mu.Unlock()
	if known != nil && c.env.Now().Sub(known.at) < keepFields {
		return known.list, nil
	}
	id, err := c.issueTypeID(ctx)
	if err != nil {
		return nil, err
	}
	var list []field
	path := "/issue/createmeta/" + url.PathEscape(c.settings.Project) + "/issuetypes/" + url.PathEscape(id)
	err = pages(func(start int) (int, int, error) {
		var page struct {
			Fields, Results, Values []field // Cloud, Cloud, Data Center
			Total                   int
		}
		if err := c.call(ctx, http.MethodGet, path+paging(start), nil, &page); err != nil {
			return 0, 0, fmt.Errorf("asking for the fields of %s: %w", c.settings.IssueType, err)
		}
		got := longest(page.Fields, page.Results, page.Values)
		list = append(list, got...)
		return len(got), page.Total, nil
	})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fields = &fieldSet{list, c.env.Now()}
	return list, nil
}

func paging(start int) string { return fmt.Sprintf("?startAt=%d&maxResults=%d", start, metaPage) }

// longest gives the list that is there: editions call it differently.
func longest[T any](lists ...[]T) []T {
	var best []T
	for _, l := range lists {
		if len(l) > len(best) {
			best = l
		}
	}
	return best
}

// pages reads page after page until all are read.
func pages(read func(start int) (got, total int, err error)) error {
	start := 0
	for range maxMetaPages {
		got, total, err := read(start)
		if err != nil {
			return err
		}
		if start += got; got == 0 || start >= total {
			return nil
		}
	}
	return nil
}

// issueTypeID finds the issue type by its name, or by its id.
func (c *Connector) issueTypeID(ctx context.Context) (string, error) {
	type kind struct {
		ID, Name string
		Subtask  bool
	}
	var list []kind
	path := "/issue/createmeta/" + url.PathEscape(c.settings.Project) + "/issuetypes"
	err := pages(func(start int) (int, int, error) {
		var page struct {
			IssueTypes, CreateMetaIssueType, Values []kind
			Total                                   int
		}
		if err := c.call(ctx, http.MethodGet, path+paging(start), nil, &page); err != nil {
			return 0, 0, fmt.Errorf("asking for the issue types of project %s: %w", c.settings.Project, err)
		}
		got := longest(page.IssueTypes, page.CreateMetaIssueType, page.Values)
		list = append(list, got...)
		return len(got), min(page.Total, maxIssueTypes), nil
	})
	if err != nil {
		return "", err
	}
	var names []string
	for _, k := range list {
		if strings.EqualFold(k.Name, c.settings.IssueType) || k.ID == c.settings.IssueType {
			return k.ID, nil
		}
		if !k.Subtask {
			names = append(names, k.Name)
		}
	}
	if len(list) == 0 {
		return "", connector.Permanent(fmt.Errorf("the account may not create issues in project %s, or the project has no issue types", c.settings.Project))
	}
	return "", connector.Permanent(fmt.Errorf("project %s has no issue type %q; it has %s", c.settings.Project, c.settings.IssueType, strings.Join(names, ", ")))
}

// lookup finds a field by its name in any letter case, or by its id.
func lookup(list []field, name string) *field {
	for i := range list {
		if strings.EqualFold(list[i].Name, name) || list[i].id() == name {
			return &list[i]
		}
	}
	return nil
}

// fieldName is what people call a field, if that is known.
func (c *Connector) fieldName(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fields != nil {
		if f := lookup(c.fields.list, id); f != nil {
			return f.Name
		}
	}
	return id
}

var errNoMatch = errors.New("is none of the values that the field takes")

// convert makes the value that a field takes. Text is written by write; people are left to the caller (see isUser).
func (f *field) convert(raw json.RawMessage, write func(text string) (any, error)) (any, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	if f.Schema.Type == "array" {
		return f.array(raw, write)
	}
	return f.one(f.Schema.Type, raw, write)
}

func (f *field) array(raw json.RawMessage, write func(string) (any, error)) (any, error) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	out := []any{}
	for _, item := range list {
		v, err := f.one(f.Schema.Items, item, write)
		if err != nil {
			return nil, err
		}
		if text, ok := v.(string); ok && (f.Schema.System == "labels" || strings.HasSuffix(f.Schema.Custom, ":labels")) {
			v = strings.Join(strings.Fields(text), "_")
		}
		out = append(out, v)
	}
	return out, nil
}

// one converts a single value of a type.
func (f *field) one(kind string, raw json.RawMessage, write func(string) (any, error)) (any, error) {
	text, isText := textOf(raw)
	switch kind {
	case "string":
		if !isText {
			return nil, errors.New("is not a text")
		}
		if strings.HasSuffix(f.Schema.Custom, ":textarea") || f.Schema.System == "environment" || f.Schema.System == "description" {
			return write(text)
		}
		return event.Shorten(ticketing.OneLine(clean(text)), maxSummary, event.UTF16, "…"), nil
	case "number":
		return number(raw)
	case "date":
		return day(text)
	case "datetime":
		return instant(text)
	case "option", "priority", "resolution", "version", "component", "securitylevel", "option-with-child", "group":
		return f.choice(kind, text)
	}
	return nil, fmt.Errorf("is of the type %q, which cannot be filled in", kind)
}

// choice finds one of the values that the field takes.
func (f *field) choice(kind, text string) (any, error) {
	if kind == "group" && len(f.Allowed) == 0 {
		return named{text}, nil
	}
	for _, a := range f.Allowed {
		if text != "" && (strings.EqualFold(a.Value, text) || strings.EqualFold(a.Name, text) || a.ID == text) {
			return map[string]string{"id": a.ID}, nil
		}
	}
	return nil, fmt.Errorf("%.60q %w", text, errNoMatch)
}

// textOf gives a JSON text, or a number or truth value as text.
func textOf(raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, true
	}
	switch raw[0] {
	case '{', '[':
		return "", false
	}
	return string(raw), true
}

// number takes a number, or a text that is one.
func number(raw json.RawMessage) (any, error) {
	text, _ := textOf(raw)
	var n json.Number
	if json.Unmarshal([]byte(text), &n) != nil {
		return nil, fmt.Errorf("%.40q is not a number", text)
	}
	return n, nil
}

// day takes a date, or a time of which it keeps the date.
func day(text string) (any, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UTC().Format(time.DateOnly), nil
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return nil, fmt.Errorf("%.40q is not a date", text)
	}
	return text, nil
}

// instant takes a time of RFC 3339 and writes it as Jira reads it.
func instant(text string) (any, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil, fmt.Errorf("%.40q is not a time", text)
	}
	return t.UTC().Format("2006-01-02T15:04:05.000-0700"), nil
}
