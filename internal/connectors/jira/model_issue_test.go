package jira

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	byLabel   = regexp.MustCompile(`^project = "SEC" AND labels = "([^"\\]+)" ORDER BY created ASC$`)
	byUpdated = regexp.MustCompile(`^labels = "([^"\\]+)" AND updated >= -([0-9]+)m ORDER BY updated ASC$`)
)

func (m *model) search(r *http.Request, path string, body []byte) (int, any, *refused) {
	if m.cloud != (path == "/search/jql") || r.Method != "POST" {
		return 0, nil, &refused{status: 410, text: "The requested API has been removed."}
	}
	var q struct {
		JQL           string
		Fields        []string
		MaxResults    int
		NextPageToken string
		StartAt       int
	}
	if err := json.Unmarshal(body, &q); err != nil || len(q.Fields) == 0 {
		m.t.Errorf("the search %s: %v", body, err)
	}
	want := func(*mIssue) bool { return false }
	label := byLabel.FindStringSubmatch(q.JQL)
	if u := byUpdated.FindStringSubmatch(q.JQL); u != nil {
		age, err := time.ParseDuration(u[2] + "m")
		if err != nil {
			m.t.Error(err)
		}
		label = u
		want = func(i *mIssue) bool { return !i.Updated.Before(time.Now().Add(-age)) }
	} else if label != nil {
		want = func(*mIssue) bool { return true }
	} else {
		m.t.Errorf("JQL %s", q.JQL)
	}
	all := []any{}
	for _, i := range m.issues {
		if !i.deleted && slices.Contains(i.Labels, label[1]) && want(i) && time.Since(i.created) >= m.lag {
			all = append(all, m.view(i, q.Fields))
		}
	}
	if m.cloud {
		return 200, map[string]any{"issues": all, "isLast": true}, nil
	}
	return 200, map[string]any{"issues": all, "total": len(all), "startAt": 0, "maxResults": q.MaxResults}, nil
}

const jiraTime = "2006-01-02T15:04:05.000-0700"

// view is an issue as Jira shows it.
func (m *model) view(i *mIssue, want []string) map[string]any {
	all := map[string]any{
		"summary": i.Summary, "description": i.Description, "labels": i.Labels, "updated": i.Updated.In(time.FixedZone("", 3*3600)).Format(jiraTime),
		"status": map[string]any{"id": "s-" + i.Status, "name": i.Status, "statusCategory": map[string]any{"key": statuses[i.Status]}},
	}
	if i.Priority != "" {
		all["priority"] = map[string]string{"name": i.Priority}
	}
	if i.Assignee != "" {
		all["assignee"] = m.user(i.Assignee)
	}
	f := map[string]any{}
	for _, name := range want {
		if v, ok := all[name]; ok {
			f[name] = v
		}
	}
	return map[string]any{"id": i.ID, "key": i.Key, "fields": f}
}

func (m *model) find(ref string) *mIssue {
	for _, i := range m.issues {
		if (i.ID == ref || i.Key == ref) && !i.deleted {
			return i
		}
	}
	return nil
}

func (m *model) ofIssue(r *http.Request, parts []string, body []byte) (int, any, *refused) {
	i := m.find(parts[1])
	if i == nil {
		return 0, nil, &refused{status: 404, text: "Issue does not exist or you do not have permission to see it."}
	}
	rest := strings.Join(parts[2:], "/")
	switch r.Method + " " + rest {
	case "GET ":
		return 200, m.view(i, strings.Split(r.URL.Query().Get("fields"), ",")), nil
	case "PUT ":
		return m.edit(i, body)
	case "GET transitions":
		return 200, map[string]any{"transitions": m.transitions(i)}, nil
	case "POST transitions":
		return m.transit(i, body)
	case "GET comment":
		return m.comments(i)
	case "POST comment":
		var in struct{ Body json.RawMessage }
		if err := json.Unmarshal(body, &in); err != nil || m.text(in.Body) != "" {
			return 0, nil, &refused{status: 400, fields: map[string]string{"comment": m.text(in.Body)}}
		}
		return 201, map[string]string{"id": m.comment(i, mine, in.Body).ID}, nil
	case "POST attachments":
		return m.attach(i, r, body)
	}
	m.t.Errorf("there is no %s %s", r.Method, r.URL.Path)
	return 0, nil, &refused{status: 405}
}

func (m *model) edit(i *mIssue, body []byte) (int, any, *refused) {
	var in struct {
		Fields map[string]json.RawMessage
		Update struct{ Labels []map[string]string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return 0, nil, &refused{status: 400, text: err.Error()}
	}
	if no := m.apply(i, in.Fields, false); no != nil {
		return 0, nil, no
	}
	for _, op := range in.Update.Labels {
		if l := op["add"]; l != "" && !slices.Contains(i.Labels, l) {
			i.Labels = append(i.Labels, l)
		}
	}
	i.Updated = m.tick()
	m.hook("jira:issue_updated", i, mine, nil)
	return 204, nil, nil
}

// ways are the transitions of the workflow, by status.
func (m *model) ways(i *mIssue) map[string]string {
	ways := map[string]string{"11": "Backlog", "21": "Selected", "31": "Finished"}
	if m.linear {
		ways = map[string]map[string]string{"Backlog": {"21": "Selected"}, "Selected": {"31": "Finished", "11": "Backlog"}, "Finished": {"21": "Selected"}}[i.Status]
	}
	return ways
}

func (m *model) transitions(i *mIssue) []any {
	names := map[string]string{"11": "Put back", "21": "Start", "31": "Finish"}
	list := []any{}
	for _, id := range []string{"11", "21", "31"} {
		to, ok := m.ways(i)[id]
		if !ok || to == i.Status {
			continue
		}
		fields := map[string]any{}
		if to == "Finished" {
			for _, f := range m.closing {
				var allowed []map[string]string
				for n, v := range f.values {
					allowed = append(allowed, map[string]string{"id": fmt.Sprint(n), "name": v})
				}
				fields[f.id] = map[string]any{"required": f.required, "name": f.name, "key": f.id, "allowedValues": allowed, "schema": map[string]string{"type": "resolution"}}
			}
		}
		list = append(list, map[string]any{"id": id, "name": names[id], "fields": fields,
			"to": map[string]any{"id": "s-" + to, "name": to, "statusCategory": map[string]any{"key": statuses[to]}}})
	}
	return list
}

func (m *model) transit(i *mIssue, body []byte) (int, any, *refused) {
	var in struct {
		Transition struct{ ID string }
		Fields     map[string]map[string]string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return 0, nil, &refused{status: 400, text: err.Error()}
	}
	to, ok := m.ways(i)[in.Transition.ID]
	if !ok {
		return 0, nil, &refused{status: 400, text: "It seems that you have tried to perform an illegal workflow operation."}
	}
	if to == "Finished" {
		for _, f := range m.closing {
			if _, given := in.Fields[f.id]; f.required && !given {
				return 0, nil, &refused{status: 400, fields: map[string]string{f.id: f.name + " is required."}}
			}
		}
	}
	i.Status, i.Updated, i.Resolution = to, m.tick(), in.Fields["resolution"]["id"]
	m.hook("jira:issue_updated", i, mine, nil)
	return 204, nil, nil
}

// comment writes one, and tells of it.
func (m *model) comment(i *mIssue, author string, body json.RawMessage) *mComment {
	i.Updated = m.tick()
	i.Comments = append(i.Comments, mComment{ID: fmt.Sprintf("%s%02d", i.ID, len(i.Comments)+1), Author: author, Body: body, Created: i.Updated})
	c := &i.Comments[len(i.Comments)-1]
	m.hook("comment_created", i, author, c)
	return c
}

func (m *model) showComment(c *mComment) map[string]any {
	out := map[string]any{"id": c.ID, "author": m.user(c.Author), "body": c.Body, "created": c.Created.Format(jiraTime)}
	if c.Restricted {
		out["visibility"] = map[string]string{"type": "role", "value": "Administrators"}
	}
	return out
}

func (m *model) comments(i *mIssue) (int, any, *refused) {
	list := []any{}
	for _, c := range slices.Backward(i.Comments) {
		list = append(list, m.showComment(&c))
	}
	return 200, map[string]any{"comments": list, "total": len(list), "startAt": 0, "maxResults": 100}, nil
}

func (m *model) attach(i *mIssue, r *http.Request, body []byte) (int, any, *refused) {
	if r.Header.Get("X-Atlassian-Token") != "no-check" {
		return 0, nil, &refused{status: 403, text: "XSRF check failed"}
	}
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		m.t.Error(err)
	}
	form, err := multipart.NewReader(strings.NewReader(string(body)), params["boundary"]).ReadForm(1 << 20)
	if err != nil || len(form.File["file"]) != 1 {
		m.t.Errorf("the attachment: %v", err)
		return 0, nil, &refused{status: 400}
	}
	f, err := form.File["file"][0].Open()
	if err != nil {
		m.t.Error(err)
	}
	content, err := io.ReadAll(f)
	if err != nil {
		m.t.Error(err)
	}
	i.Files[form.File["file"][0].Filename] = string(content)
	i.Updated = m.tick()
	return 200, []any{map[string]string{"id": "1"}}, nil
}

// hook notes the webhook that tells of a change.
func (m *model) hook(kind string, i *mIssue, by string, c *mComment) {
	fields := issueFields
	in := map[string]any{"webhookEvent": kind, "timestamp": i.Updated.UnixMilli(), "user": m.user(by), "issue": m.view(i, fields)}
	if c != nil {
		delete(in["issue"].(map[string]any)["fields"].(map[string]any), "updated") // such calls have a few fields only
		in["comment"] = m.showComment(c)
	}
	raw, err := json.Marshal(in)
	if err != nil {
		m.t.Error(err)
	}
	m.hooks = append(m.hooks, string(raw))
}

// someone changes an issue over there, and Jira tells of it.
func (m *model) someone(change func(*mIssue)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.issues[0]
	change(i)
	i.Updated = m.tick()
	m.hook("jira:issue_updated", i, "dana@example.com", nil)
}

// hooksSince gives the webhooks from the n-th on.
func (m *model) hooksSince(n int) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.hooks[n:])
}

func (m *model) hookCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.hooks)
}
