package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// forgetful is the connector with an empty memory for each delivery, so that each opens an issue: the contract's tests
// look at single requests, and would otherwise see one issue that is kept in step.
type forgetful struct{ *Connector }

func (f forgetful) Send(ctx context.Context, d connector.Delivery) error {
	c := &Connector{settings: f.settings, client: f.client, env: f.env, site: &site{cloud: true, base: f.settings.URL}}
	c.env.State, c.env.Tickets = new(connectortest.State), new(connectortest.Tickets)
	c.engine = ticketing.Open(ticketing.Options{Settings: &c.settings.Settings, Env: c.env, Vendor: "Jira", Ticketer: c, Settle: settle})
	return c.Send(ctx, d)
}

func TestContract(t *testing.T) {
	t.Parallel()
	cert, key := connectortest.ClientCertificate(t)
	definition := connector.Define(Definition().Kind, func(s *Settings, env connector.Env) (forgetful, error) {
		c, err := open(s, env)
		return forgetful{c}, err
	})
	connectortest.Run(t, connectortest.Harness{
		Definition: definition,
		Settings: func(url string) string {
			raw, err := json.Marshal(map[string]any{"url": url, "email": mine, "api_token": connectortest.Canary, "project": "SEC", "deployment": "cloud",
				"webhook_secret": webhookSecret, "client_certificate": cert, "client_key": key})
			if err != nil {
				t.Fatal(err)
			}
			return string(raw)
		},
		Accept: func(w http.ResponseWriter, r *http.Request) {
			answers := map[string]string{
				"POST /rest/api/3/search/jql": `{"issues":[],"isLast":true}`, "POST /rest/api/3/issue": `{"id":"10001","key":"SEC-1"}`,
				"GET /rest/api/3/issue/10001": `{"id":"10001","key":"SEC-1","fields":{"status":{"name":"To Do","statusCategory":{"key":"new"}},"updated":"2026-11-20T12:00:00.000+0000"}}`,
				"GET /rest/api/3/myself":      `{"accountId":"acc-hub"}`, "GET /rest/api/3/project/SEC": `{"key":"SEC"}`,
				"GET /rest/api/3/issue/createmeta/SEC/issuetypes":    `{"issueTypes":[{"id":"2","name":"Task"}],"total":1}`,
				"GET /rest/api/3/issue/createmeta/SEC/issuetypes/2":  `{"fields":[{"fieldId":"summary","name":"Summary","required":true}],"total":1}`,
				"POST /rest/api/3/issue/10001/comment":               `{"id":"1"}`,
				"GET /rest/api/3/user/assignable/search":             `[]`,
				"GET /rest/api/3/issue/10001/transitions":            `{"transitions":[]}`,
				"POST /rest/api/3/issue/10001/attachments":           `[]`,
				"GET /rest/api/3/issue/10001/comment":                `{"comments":[]}`,
				"PUT /rest/api/3/issue/10001":                        ``,
				"POST /rest/api/3/issue/10001/transitions":           ``,
				"GET /rest/api/3/serverInfo":                         `{"deploymentType":"Cloud"}`,
				"GET /rest/api/3/issue/createmeta/SEC/issuetypes/10": ``,
			}
			answer, ok := answers[r.Method+" "+r.URL.Path]
			if !ok {
				t.Errorf("%s %s", r.Method, r.URL.Path)
			}
			io.WriteString(w, answer) //nolint:errcheck // the client may have gone
		},
		Titles: func(r connectortest.Request) ([]string, error) {
			if r.Method != "POST" || r.Path != "/rest/api/3/issue" {
				return nil, nil
			}
			var in struct{ Fields struct{ Summary string } }
			err := json.Unmarshal(r.Body, &in)
			return []string{in.Fields.Summary}, err
		},
		Shown:  cutSummary,
		Alerts: func(r connectortest.Request) bool { return r.Method != "GET" },
	})
}

func TestReadme(t *testing.T) {
	t.Parallel()
	connectortest.Readme(t, Definition())
}

// sample is an alert whose bytes never change.
func sample(t testing.TB) *event.Record {
	t.Helper()
	id, err := event.ParseID(event.PrefixEvent, "evt_01jd4000000000000000000001")
	if err != nil {
		t.Fatal(err)
	}
	return connectortest.Record(id, "Failed logins <5>")
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]string{
		"cloud.http":       `{"url":"https://example.atlassian.net/","email":"hub@example.com","api_token":"ATATT3x","project":"SEC","fields":[{"name":"Risk score","value":"event.risk_score"}]}`,
		"data-center.http": `{"url":"https://jira.example.com/jira","api_token":"NjM2","project":"SEC","issue_type":"10002","deployment":"datacenter","labels":["soc"]}`,
		"plain.http":       `{"url":"https://jira.example.com/jira","api_token":"NjM2","project":"SEC","deployment":"datacenter","text":"plain"}`,
	} {
		i, err := Definition().Open(json.RawMessage(settings), connectortest.Env(nil))
		if err != nil {
			t.Fatal(err)
		}
		c := i.(*Connector)
		t.Cleanup(c.Close)
		e := &httpkit.Exchange{Full: true, DryRun: true}
		err = c.Send(httpkit.WithExchange(t.Context(), e), connector.Delivery{Key: "dlv_1", Record: sample(t), Attempt: 1})
		if !errors.Is(err, httpkit.ErrDryRun) {
			t.Fatalf("%s: %v", name, err)
		}
		connectortest.Golden(t, name, connectortest.Text(e))
	}
}

func TestTest(t *testing.T) {
	editions(t, func(t *testing.T, cloud bool) {
		for _, tt := range []struct {
			name  string
			patch map[string]any
			spoil func(*model)
			want  string // a part of the error; empty: none
		}{
			{"all is well", map[string]any{"fields": []any{map[string]any{"name": "Risk score", "value": "event.risk_score"}}}, nil, ""},
			{"another project", map[string]any{"project": "NOPE"}, nil, "No project could be found"},
			{"no such type", map[string]any{"issue_type": "Incident"}, nil, `no issue type "Incident"; it has Bug, Task`},
			{"no such field", map[string]any{"fields": []any{map[string]any{"name": "Risk", "value": "1"}}}, nil, `no field "Risk"`},
			{"a field that cannot be filled in", map[string]any{"fields": []any{map[string]any{"name": "Sprint", "value": "1"}}}, nil, `type "array"`},
			{"refused", nil, func(m *model) {
				m.answer = func(w http.ResponseWriter, _ *http.Request) bool {
					w.WriteHeader(http.StatusUnauthorized)
					fmt.Fprint(w, `{"errorMessages":["You are not authenticated."],"errors":{}}`)
					return true
				}
			}, "check the e-mail address and the API token"},
		} {
			f := newFixture(t, cloud, tt.patch)
			if tt.spoil != nil {
				f.m.set(func() { tt.spoil(f.m) })
			}
			err := f.Test(t.Context())
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v", tt.name, err)
			}
			for _, r := range f.m.seen {
				if !strings.HasPrefix(r, "GET ") {
					t.Errorf("%s: it made %s", tt.name, r)
				}
			}
			if len(f.m.issues) > 0 {
				t.Errorf("%s: an issue was created", tt.name)
			}
		}
	})
}

func TestJudge(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		status int
		header map[string]string
		body   string
		class  string
		want   string
		after  time.Duration
	}{
		{400, nil, `{"errorMessages":[],"errors":{"summary":"You must specify a summary.","customfield_1":"A\nnumber."}}`, "permanent", "customfield_1: A number.; summary: You must specify a summary.", 0},
		{401, nil, `{"errorMessages":["Unauthorized"]}`, "permanent", "API token", 0},
		{403, map[string]string{"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE"}, `{"errorMessages":["Forbidden"]}`, "permanent", "CAPTCHA", 0},
		{403, nil, `{"errorMessages":["No."]}`, "permanent", "permissions in the guide", 0},
		{404, nil, `{"errorMessages":["Issue does not exist."]}`, "permanent", "may not see it", 0},
		{409, nil, `{"errorMessages":["Conflict"]}`, "retryable", "Conflict", 0},
		{429, map[string]string{"Retry-After": "7"}, ``, "throttled", "429", 7 * time.Second},
		{429, map[string]string{"X-RateLimit-Reset": "2026-11-20T12:01Z"}, ``, "throttled", "429", time.Minute},
		{503, map[string]string{"Retry-After": "3"}, `<html>`, "throttled", "503", 3 * time.Second},
		{500, nil, `{"errorMessages":["Internal"]}`, "retryable", "Internal", 0},
	} {
		h := http.Header{}
		for k, v := range tt.header {
			h.Set(k, v)
		}
		err := judge(&httpkit.Response{Status: tt.status, Header: h, Body: []byte(tt.body)}, now, func(s string) string { return s })
		after, throttled := connector.IsThrottled(err)
		class := "retryable"
		if throttled {
			class = "throttled"
		} else if connector.IsPermanent(err) {
			class = "permanent"
		}
		if class != tt.class || after != tt.after || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%d: %s, %v, %v", tt.status, class, after, err)
		}
	}
}

// Fields that are on no screen are left out, and named; the issue is there all the same.
func TestFieldsOffScreen(t *testing.T) {
	editions(t, func(t *testing.T, cloud bool) {
		f := newFixture(t, cloud, map[string]any{"fields": []any{map[string]any{"name": "Risk score", "value": "'high'"}, map[string]any{"name": "Kind", "value": "'Phishing'"}}})
		f.m.noScreen["priority"], f.m.noScreen["assignee"] = true, true
		f.send(fact{status: "new", severity: event.High, verb: "create", owner: "dana@example.com"})
		row := f.row()
		for _, part := range []string{`field "Risk score": "high" is not a number`, `field "Kind": "Phishing" is none of the values`, "priority: Field 'priority' cannot be set", "assignee: Field 'assignee'"} {
			if !strings.Contains(row.Error, part) {
				t.Errorf("%s lacks %s", row.Error, part)
			}
		}
		if wishes, err := f.Reconcile(t.Context()); len(wishes) > 0 || err != nil {
			t.Errorf("%s, %v", verbs(wishes), err)
		}
	})
}

func TestTransitions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		patch map[string]any
		spoil func(*model)
		want  string // status, or a part of the error
		res   string
	}{
		{"straight", nil, func(*model) {}, "Finished", ""},
		{"by way of another", nil, func(m *model) { m.linear = true }, "Finished", ""},
		{"with a resolution", nil, func(m *model) { m.closing = []mField{{"resolution", "Resolution", []string{"Won't do", "Done"}, true}} }, "Finished", "1"},
		{"with another resolution", map[string]any{"resolution": "Fixed"}, func(m *model) { m.closing = []mField{{"resolution", "Resolution", []string{"Won't do", "Done"}, true}} }, "Finished", "0"},
		{"by name", map[string]any{"transitions": map[string]any{"closed": "start"}}, func(*model) {}, "Selected", ""},
		{"with a field that nobody fills in", nil, func(m *model) { m.closing = []mField{{"customfield_9", "Root cause", nil, true}} }, `asks for the field "Root cause"`, ""},
	} {
		f := newFixture(t, true, tt.patch)
		tt.spoil(f.m)
		f.send(fact{status: "new", severity: event.High, verb: "create"})
		err := f.Send(t.Context(), say(t, fact{status: "closed", severity: event.High, verb: "resolve"}))
		i := f.m.issues[0]
		if statuses[tt.want] == "" {
			if !connector.IsPermanent(err) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(f.row().Error, tt.want) {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if err != nil || i.Status != tt.want || i.Resolution != tt.res {
			t.Errorf("%s: %s, resolution %q, %v", tt.name, i.Status, i.Resolution, err)
		}
	}
}

func TestEdition(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		`"url":"https://x.atlassian.net","email":"a@x"`: "cloud true https://x.atlassian.net", `"url":"https://x.atlassian.net/jira/","email":"a@x"`: "cloud true https://x.atlassian.net",
		`"url":"https://api.atlassian.com/ex/jira/1","email":"a@x"`: "cloud true https://api.atlassian.com/ex/jira/1", `"url":"https://jira.x.com/jira/browse/"`: "datacenter false https://jira.x.com/jira",
		`"url":"https://jira.x.com","email":"a@x"`: "cloud false https://jira.x.com", `"url":"https://jira.x.com","email":"a@x","deployment":"datacenter"`: "datacenter true https://jira.x.com",
	} {
		i, err := Definition().Open(json.RawMessage(`{"api_token":"t","project":"SEC",`+settings+`}`), connectortest.Env(nil))
		if err != nil {
			t.Fatal(err)
		}
		s := i.(*Connector).settings
		edition, sure := s.guess()
		if diff := cmp.Diff(want, fmt.Sprint(edition, " ", sure, " ", s.URL)); diff != "" {
			t.Error(diff)
		}
	}
	if _, err := Definition().Open(json.RawMessage(`{"api_token":"t","project":"SEC\" OR 1=1","url":"https://x"}`), connectortest.Env(nil)); err == nil {
		t.Error("a query was taken for a project's key")
	}
}
