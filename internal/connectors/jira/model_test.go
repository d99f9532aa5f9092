package jira

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// model is a model of Jira, of both editions, and no Jira: projects with fields of many types, a workflow, an index that lags
// behind, permissions, comments and webhooks. It is strict: what the published description does not allow fails the test.
type model struct {
	t     testing.TB
	url   string
	cloud bool
	spec  *spec // nil: not here

	mu       sync.Mutex
	clock    time.Time // of changes
	lag      time.Duration
	issues   []*mIssue
	noScreen map[string]bool // fields that are on no screen
	closing  []mField        // what closing asks for
	linear   bool            // from to do to done only through in progress
	hidden   bool            // addresses are not shown
	answer   func(w http.ResponseWriter, r *http.Request) bool
	lose     func(method, path string) bool // the answer, after it was done
	seen     []string
	hooks    []string // bodies of webhooks
}

type mIssue struct {
	ID, Key     string
	Summary     string
	Description json.RawMessage
	Labels      []string
	Priority    string
	Assignee    string // e-mail
	Status      string
	Resolution  string
	Fields      map[string]json.RawMessage
	Comments    []mComment
	Files       map[string]string
	Updated     time.Time
	created     time.Time // by the real clock: when the index must know
	deleted     bool
}

type mComment struct {
	ID, Author string
	Body       json.RawMessage
	Created    time.Time
	Restricted bool
}

type mField struct {
	id, name string
	values   []string
	required bool
}

// mine is the account of the token.
const mine = "hub@example.com"

var accounts = map[string]string{mine: "acc-hub", "dana@example.com": "acc-dana", "bo@example.com": "acc-bo"}

var statuses = map[string]string{"Backlog": "new", "Selected": "indeterminate", "Finished": "done"}

func newModel(t testing.TB, cloud bool) *model {
	m := &model{t: t, cloud: cloud, clock: time.Now().Add(-time.Minute).Truncate(time.Millisecond), noScreen: map[string]bool{}}
	if cloud {
		m.spec = loadSpec(t)
	}
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	m.url = s.URL
	return m
}

func (m *model) set(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

func (m *model) tick() time.Time {
	m.clock = m.clock.Add(time.Millisecond)
	return m.clock
}

func (m *model) version() string {
	if m.cloud {
		return "3"
	}
	return "2"
}

// refused is an answer of the model.
type refused struct {
	status int
	fields map[string]string
	text   string
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, r.Method+" "+r.URL.Path)
	if m.answer != nil && m.answer(w, r) {
		return
	}
	if m.spec != nil {
		m.spec.check(m.t, r, body)
	}
	status, out, no := m.serve(r, body)
	if m.lose != nil && m.lose(r.Method, r.URL.Path) {
		if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
			c.Close()
		}
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if no != nil {
		messages := []string{}
		if no.text != "" {
			messages = append(messages, no.text)
		}
		w.WriteHeader(no.status)
		json.NewEncoder(w).Encode(map[string]any{"errorMessages": messages, "errors": no.fields}) //nolint:errcheck // the client may have gone
		return
	}
	w.WriteHeader(status)
	if out != nil {
		json.NewEncoder(w).Encode(out) //nolint:errcheck // the client may have gone
	}
}

// serve does a request. The caller holds mu.
func (m *model) serve(r *http.Request, body []byte) (int, any, *refused) {
	if auth := r.Header.Get("Authorization"); m.cloud && !strings.HasPrefix(auth, "Basic ") || !m.cloud && !strings.HasPrefix(auth, "Bearer ") {
		return 0, nil, &refused{status: 401, text: "You are not authenticated."}
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/rest/api/"+m.version())
	if !ok {
		return 0, nil, &refused{status: 404, text: "null for uri " + r.URL.Path}
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case r.Method == "GET" && path == "/serverInfo":
		return 200, map[string]string{"deploymentType": map[bool]string{true: "Cloud", false: "Server"}[m.cloud], "baseUrl": m.url}, nil
	case r.Method == "GET" && path == "/myself":
		return 200, m.user(mine), nil
	case r.Method == "GET" && parts[0] == "project" && len(parts) == 2:
		if parts[1] != "SEC" {
			return 0, nil, &refused{status: 404, text: "No project could be found with key '" + parts[1] + "'."}
		}
		return 200, map[string]string{"key": "SEC", "id": "10000"}, nil
	case r.Method == "GET" && path == "/user/assignable/search":
		return m.people(r)
	case strings.HasPrefix(path, "/search"):
		return m.search(r, path, body)
	case len(parts) > 1 && parts[1] == "createmeta":
		return m.createmeta(parts)
	case r.Method == "POST" && path == "/issue":
		return m.create(body)
	case parts[0] == "issue" && len(parts) > 1:
		return m.ofIssue(r, parts, body)
	}
	m.t.Errorf("there is no %s %s", r.Method, r.URL.Path)
	return 0, nil, &refused{status: 404}
}

func (m *model) user(email string) map[string]any {
	if email == "" {
		return nil
	}
	u := map[string]any{"displayName": strings.ToUpper(email[:1]) + email[1:strings.IndexByte(email, '@')], "active": true}
	if m.cloud {
		u["accountId"] = accounts[email]
	} else {
		u["name"], u["key"] = accounts[email], "JIRAUSER-"+accounts[email]
	}
	if !m.hidden {
		u["emailAddress"] = email
	}
	return u
}

func (m *model) people(r *http.Request) (int, any, *refused) {
	name := "query"
	if !m.cloud {
		name = "username"
	}
	list := []any{}
	for email := range accounts {
		if q := r.URL.Query().Get(name); q != "" && strings.HasPrefix(email, q) {
			list = append(list, m.user(email))
		}
	}
	return 200, list, nil
}
