package jira

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// user is an account: Cloud knows accountId, Data Center name.
type user struct {
	AccountID    string `json:"accountId"`
	Name         string `json:"name"`
	DisplayName  string `json:"displayName"`
	EmailAddress string `json:"emailAddress"`
	Active       *bool  `json:"active"`
}

func (u *user) id() string {
	if u == nil {
		return ""
	}
	if u.AccountID != "" {
		return u.AccountID
	}
	return u.Name
}

func (u *user) person() connector.Person {
	if u == nil {
		return connector.Person{}
	}
	return connector.Person{ID: u.id(), Name: clean(u.DisplayName), Email: u.EmailAddress}
}

// issue is what is read of an issue.
type issue struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Fields struct {
		Summary     string          `json:"summary"`
		Description json.RawMessage `json:"description"`
		Status      *status         `json:"status"`
		Priority    *struct {
			Name string `json:"name"`
		} `json:"priority"`
		Assignee *user  `json:"assignee"`
		Updated  string `json:"updated"`
	} `json:"fields"`
}

// issueFields are the fields that make an issue.
var issueFields = []string{"summary", "status", "priority", "assignee", "updated"}

type status struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Category struct {
		Key string `json:"key"`
	} `json:"statusCategory"`
}

// categories are Jira's keys. There is a fourth, "undefined", which nothing is done about.
var categories = map[string]ticketing.Category{"new": ticketing.New, "indeterminate": ticketing.Active, "done": ticketing.Closed}

func (s *status) category() ticketing.Category {
	if c, ok := categories[s.Category.Key]; ok {
		return c
	}
	return ticketing.New
}

// remote is the issue as the engine wants it.
func (i *issue) remote(s *site) ticketing.Remote {
	r := ticketing.Remote{Ref: s.ref(i.ID, i.Key), Summary: i.Fields.Summary, Assignee: i.Fields.Assignee.person(), Updated: parseTime(i.Fields.Updated)}
	if st := i.Fields.Status; st != nil {
		r.Status, r.Category = clean(st.Name), st.category()
	}
	if p := i.Fields.Priority; p != nil {
		r.Level = p.Name
	}
	if len(i.Fields.Description) > 0 {
		r.Body = readText(i.Fields.Description)
	}
	return r
}

// parseTime reads Jira's times; zero for what is none.
func parseTime(text string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.000-0700", time.RFC3339Nano} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// comment is what is read of a comment.
type comment struct {
	ID         string          `json:"id"`
	Author     *user           `json:"author"`
	Body       json.RawMessage `json:"body"`
	Created    string          `json:"created"`
	Visibility json.RawMessage `json:"visibility"` // for some people only
}

func (c *comment) restricted() bool { return len(c.Visibility) > 0 && string(c.Visibility) != "null" }

// clean takes out of a text what Jira refuses and what makes it read as another.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\u0085', r == '\u2028', r == '\u2029':
			return '\n'
		case event.Hidden(r):
			return -1
		}
		return r
	}, strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\r\n", "\n"))
}
