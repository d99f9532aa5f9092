package jira

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
)

// fields are the members of an issue to create or edit.
type fields map[string]any

// edit is the body of a request that creates or edits an issue.
type edit struct {
	Fields fields `json:"fields,omitempty"`
	Update fields `json:"update,omitempty"`
}

type named struct {
	Name string `json:"name"`
}

// Open creates an issue.
func (c *Connector) Open(ctx context.Context, d ticketing.Draft) (ticketing.Ref, error) {
	s, err := c.where(ctx)
	if err != nil {
		return ticketing.Ref{}, err
	}
	body, err := c.write(s, d.Body)
	if err != nil {
		return ticketing.Ref{}, connector.Permanent(err)
	}
	e := edit{Fields: fields{
		"project": map[string]string{"key": c.settings.Project}, "issuetype": c.issueType(), "summary": cutSummary(d.Summary),
		"description": body, "labels": d.Labels,
	}}
	if d.Level != "" {
		e.Fields["priority"] = named{d.Level}
	}
	var left []ticketing.Part
	if dry := httpkit.ExchangeOf(ctx); dry != nil && dry.DryRun {
		preview(e.Fields, d)
	} else {
		if left, err = c.assignee(ctx, e.Fields, d.Assignee); err != nil {
			return ticketing.Ref{}, err
		}
		more, err := c.custom(ctx, e.Fields, d.Fields)
		if err != nil {
			return ticketing.Ref{}, err
		}
		left = append(left, more...)
	}
	var created struct{ ID, Key string }
	more, err := c.submit(ctx, http.MethodPost, "/issue", e, &created)
	if err != nil {
		return ticketing.Ref{}, err
	}
	if created.ID == "" {
		return ticketing.Ref{}, errors.New("the answer of Jira does not name the new issue")
	}
	return s.ref(created.ID, created.Key), leftOut(append(left, more...))
}

// issueType names the type of issues, by its id if the setting is a number.
func (c *Connector) issueType() any {
	if strings.Trim(c.settings.IssueType, "0123456789") == "" {
		return map[string]string{"id": c.settings.IssueType}
	}
	return named{c.settings.IssueType}
}

// preview shows what is looked up in Jira by what it is looked up with.
func preview(f fields, d ticketing.Draft) {
	if d.Assignee != "" {
		f["assignee"] = map[string]string{"emailAddress": d.Assignee}
	}
	for _, v := range d.Fields {
		f[v.Name] = v.Value
	}
}

func leftOut(parts []ticketing.Part) error {
	if len(parts) == 0 {
		return nil
	}
	return &ticketing.LeftOut{Parts: parts}
}

// submit creates or edits an issue. Fields that Jira refuses are left out if the issue can be without them: they may not
// be on the screen of this project.
func (c *Connector) submit(ctx context.Context, method, path string, e edit, out any) ([]ticketing.Part, error) {
	err := c.call(ctx, method, path, e, out)
	var refused *refusal
	if !errors.As(err, &refused) || refused.status != http.StatusBadRequest || len(refused.fields) == 0 {
		return nil, err
	}
	var left []ticketing.Part
	for _, name := range slices.Sorted(maps.Keys(refused.fields)) {
		if _, sent := e.Fields[name]; !sent || !optional(name) {
			return nil, err
		}
		part := ticketing.Part{Field: name, Reason: fmt.Sprintf("field %s: %s", c.fieldName(name), ticketing.OneLine(clean(refused.fields[name])))}
		if name == "priority" {
			part.Field = ticketing.FieldSeverity
		}
		left = append(left, part)
		delete(e.Fields, name)
	}
	if len(e.Fields) == 0 && len(e.Update) == 0 {
		return left, nil
	}
	return left, c.call(ctx, method, path, e, out)
}

// optional says whether an issue can be without a field. Labels it cannot: they are what it is found by.
func optional(name string) bool {
	return name == "priority" || name == ticketing.FieldAssignee || name == "description" || strings.HasPrefix(name, "customfield_")
}

// Get gives an issue.
func (c *Connector) Get(ctx context.Context, r ticketing.Ref) (ticketing.Remote, error) {
	s, err := c.where(ctx)
	if err != nil {
		return ticketing.Remote{}, err
	}
	var i issue
	err = c.call(ctx, http.MethodGet, issuePath(r.ID, "?fields="+strings.Join(append(issueFields, "description"), ",")), nil, &i)
	if err != nil {
		return ticketing.Remote{}, ofIssue(err)
	}
	return i.remote(s), nil
}

// Update edits an issue.
func (c *Connector) Update(ctx context.Context, r ticketing.Ref, change ticketing.Change) error {
	s, err := c.where(ctx)
	if err != nil {
		return err
	}
	e := edit{Fields: fields{}, Update: fields{}}
	if change.Summary != nil {
		e.Fields["summary"] = cutSummary(*change.Summary)
	}
	if change.Body != nil {
		if e.Fields["description"], err = c.write(s, change.Body); err != nil {
			return connector.Permanent(err)
		}
	}
	if change.Level != nil && *change.Level != "" {
		e.Fields["priority"] = named{*change.Level}
	}
	var adds []map[string]string
	for _, label := range change.AddLabels {
		adds = append(adds, map[string]string{"add": label})
	}
	if len(adds) > 0 {
		e.Update["labels"] = adds
	}
	var left []ticketing.Part
	if change.Assignee != nil && *change.Assignee == "" {
		e.Fields["assignee"] = s.nobody()
	} else if change.Assignee != nil {
		if left, err = c.assignee(ctx, e.Fields, *change.Assignee); err != nil {
			return err
		}
	}
	more, err := c.custom(ctx, e.Fields, change.Fields)
	if err != nil {
		return err
	}
	left = append(left, more...)
	if len(e.Fields) == 0 && len(e.Update) == 0 {
		return leftOut(left)
	}
	more, err = c.submit(ctx, http.MethodPut, issuePath(r.ID, ""), e, nil)
	if err != nil {
		return ofIssue(err)
	}
	return leftOut(append(left, more...))
}

// found is the answer of a search, of either edition.
type found struct {
	Issues        []issue `json:"issues"`
	NextPageToken string  `json:"nextPageToken"`
	IsLast        *bool   `json:"isLast"`
	Total         int     `json:"total"`
}

// Limits of a search.
const (
	pageSize = 100
	maxPages = 10
)

// search gives the issues of a query, and whether there are more. Cloud has only the new search, which pages by a token
// and may show an issue some seconds late; Data Center has only the old one.
func (c *Connector) search(ctx context.Context, jql string, want []string, pages int) (list []issue, more bool, err error) {
	s, err := c.where(ctx)
	if err != nil {
		return nil, false, err
	}
	path, body := "/search", map[string]any{"jql": jql, "fields": want, "maxResults": pageSize}
	if s.cloud {
		path = "/search/jql"
	}
	for range pages {
		var f found
		if err := c.call(ctx, http.MethodPost, path, body, &f); err != nil {
			return list, false, err
		}
		list = append(list, f.Issues...)
		switch {
		case s.cloud && f.NextPageToken != "" && (f.IsLast == nil || !*f.IsLast):
			body["nextPageToken"] = f.NextPageToken
		case !s.cloud && len(f.Issues) > 0 && len(list) < f.Total:
			body["startAt"] = len(list)
		default:
			return list, false, nil
		}
	}
	return list, true, nil
}

// quote writes a text for JQL.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// Find gives the issues with a mark.
func (c *Connector) Find(ctx context.Context, mark string) ([]ticketing.Ref, error) {
	s, err := c.where(ctx)
	if err != nil {
		return nil, err
	}
	jql := "project = " + quote(c.settings.Project) + " AND labels = " + quote(mark) + " ORDER BY created ASC"
	list, _, err := c.search(ctx, jql, []string{"summary"}, 1)
	var refs []ticketing.Ref
	for _, i := range list {
		refs = append(refs, s.ref(i.ID, i.Key))
	}
	return refs, err
}

// Changed gives the issues with the hub's label that changed since a time. JQL counts in minutes, and reads times in the
// account's time zone; so it is asked for an age.
func (c *Connector) Changed(ctx context.Context, since time.Time) ([]ticketing.Remote, bool, error) {
	s, err := c.where(ctx)
	if err != nil {
		return nil, false, err
	}
	age := c.env.Now().Sub(since)
	jql := fmt.Sprintf("labels = %s AND updated >= -%dm ORDER BY updated ASC", quote(ticketing.Label), int(max(age, 0)/time.Minute)+1)
	list, more, err := c.search(ctx, jql, issueFields, maxPages)
	if err != nil {
		return nil, false, err
	}
	var remotes []ticketing.Remote
	for _, i := range list {
		remotes = append(remotes, i.remote(s))
	}
	return remotes, more, nil
}

// Comment writes a comment.
func (c *Connector) Comment(ctx context.Context, r ticketing.Ref, d ticketing.Document) (string, error) {
	s, err := c.where(ctx)
	if err != nil {
		return "", err
	}
	body, err := c.write(s, d)
	if err != nil {
		return "", connector.Permanent(err)
	}
	var made comment
	err = c.call(ctx, http.MethodPost, issuePath(r.ID, "/comment"), map[string]any{"body": body}, &made)
	return made.ID, ofIssue(err)
}

// maxCommentPages bounds how many pages of comments are read for one look.
const maxCommentPages = 5

// Comments gives the comments since a time that everybody may read.
func (c *Connector) Comments(ctx context.Context, r ticketing.Ref, since time.Time) ([]ticketing.Comment, error) {
	self, err := c.whoami(ctx)
	if err != nil {
		return nil, err
	}
	var list []ticketing.Comment
	for page := range maxCommentPages {
		var answer struct {
			Comments []comment
			Total    int
		}
		path := issuePath(r.ID, "/comment?"+url.Values{"orderBy": {"-created"}, "startAt": {fmt.Sprint(page * pageSize)}, "maxResults": {fmt.Sprint(pageSize)}}.Encode())
		if err := c.call(ctx, http.MethodGet, path, nil, &answer); err != nil {
			return nil, ofIssue(err)
		}
		older := false
		for _, one := range answer.Comments {
			read := one.read(self)
			if older = older || read.At.Before(since); !read.At.Before(since) && !one.restricted() {
				list = append(list, read)
			}
		}
		if older || len(answer.Comments) == 0 || (page+1)*pageSize >= answer.Total {
			break
		}
	}
	slices.SortStableFunc(list, func(a, b ticketing.Comment) int { return a.At.Compare(b.At) })
	return list, nil
}

func (c *comment) read(self string) ticketing.Comment {
	author := c.Author.person()
	return ticketing.Comment{ID: c.ID, Author: author, Own: self != "" && author.ID == self, Text: readText(c.Body), At: parseTime(c.Created)}
}

// whoami gives the id of the hub's own account.
func (c *Connector) whoami(ctx context.Context) (string, error) {
	c.mu.Lock()
	self := c.self
	c.mu.Unlock()
	if self != "" {
		return self, nil
	}
	var u user
	if err := c.call(ctx, http.MethodGet, "/myself", nil, &u); err != nil {
		return "", fmt.Errorf("asking Jira who we are: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.self = u.id()
	return c.self, nil
}
