package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// desk is a Jira (Cloud) with one project and at most one issue, as far as this path goes.
type desk struct {
	t  *testing.T
	mu sync.Mutex

	created  int
	requests int
	lose     bool // the next answer to a creation
	summary  string
	labels   string // JSON
	status   string // a category: new, indeterminate, done
	assignee string
	comments []string // JSON
	updated  time.Time
}

func (d *desk) change(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
	d.updated = d.updated.Add(time.Second)
}

// issue is it as JSON.
func (d *desk) issue() string {
	assignee := "null"
	if d.assignee != "" {
		assignee = fmt.Sprintf(`{"accountId":%q,"displayName":"Dana Doe","emailAddress":"dana@example.com"}`, d.assignee)
	}
	return fmt.Sprintf(`{"id":"10001","key":"SEC-1","fields":{"summary":%q,"labels":%s,"priority":{"name":"High"},"updated":%q,"assignee":%s,`+
		`"status":{"id":%q,"name":"In %s","statusCategory":{"key":%q}}}}`,
		d.summary, d.labels, d.updated.UTC().Format("2006-01-02T15:04:05.000-0700"), assignee, d.status, d.status, d.status)
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if user, token, _ := r.BasicAuth(); err != nil || user != "bot@example.com" || token != "a token" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests++
	status, body := d.answer(r.Method+" "+strings.TrimPrefix(r.URL.Path, "/rest/api/3"), gjson.ParseBytes(raw))
	if d.lose && status == http.StatusCreated {
		d.lose = false
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	io.WriteString(w, body) //nolint:errcheck // the test would see it
}

func (d *desk) answer(what string, in gjson.Result) (status int, body string) {
	switch what {
	case "GET /serverInfo":
		return http.StatusOK, `{"baseUrl":"https://acme.atlassian.net","deploymentType":"Cloud"}`
	case "GET /myself":
		return http.StatusOK, `{"accountId":"bot"}`
	case "GET /user/assignable/search":
		return http.StatusOK, `[{"accountId":"dana","emailAddress":"dana@example.com","active":true}]`
	case "POST /search/jql":
		_, label, _ := strings.Cut(in.Get("jql").Str, "labels = ")
		label, _, _ = strings.Cut(label, " ")
		if d.created > 0 && strings.Contains(d.labels, label) {
			return http.StatusOK, `{"isLast":true,"issues":[` + d.issue() + `]}`
		}
		return http.StatusOK, `{"isLast":true,"issues":[]}`
	case "POST /issue":
		d.created++
		d.summary, d.labels, d.status = in.Get("fields.summary").Str, in.Get("fields.labels").Raw, "new"
		return http.StatusCreated, `{"id":"10001","key":"SEC-1"}`
	case "GET /issue/10001":
		return http.StatusOK, d.issue()
	case "PUT /issue/10001":
		if a := in.Get("fields.assignee"); a.Exists() {
			d.assignee = a.Get("accountId").Str
		}
		d.updated = d.updated.Add(time.Second)
		return http.StatusNoContent, ""
	case "GET /issue/10001/transitions":
		return http.StatusOK, `{"transitions":[{"id":"1","name":"Begin","to":{"id":"indeterminate","statusCategory":{"key":"indeterminate"}}},` +
			`{"id":"2","name":"End","to":{"id":"done","statusCategory":{"key":"done"}}},{"id":"3","name":"Again","to":{"id":"new","statusCategory":{"key":"new"}}}]}`
	case "POST /issue/10001/transitions":
		d.status = map[string]string{"1": "indeterminate", "2": "done", "3": "new"}[in.Get("transition.id").Str]
		d.updated = d.updated.Add(time.Second)
		return http.StatusNoContent, ""
	case "GET /issue/10001/comment":
		return http.StatusOK, fmt.Sprintf(`{"total":%d,"comments":[%s]}`, len(d.comments), strings.Join(d.comments, ","))
	case "POST /issue/10001/comment":
		return http.StatusCreated, d.comment("bot", in.Get("body").Raw)
	}
	d.t.Errorf("nobody answers %s", what)
	return http.StatusNotFound, "{}"
}

func (d *desk) comment(by, body string) string {
	d.updated = d.updated.Add(time.Second)
	c := fmt.Sprintf(`{"id":"%d","author":{"accountId":%q,"displayName":"Dana Doe"},"created":%q,"body":%s}`,
		len(d.comments)+1, by, d.updated.UTC().Format("2006-01-02T15:04:05.000-0700"), body)
	d.comments = append(d.comments, c)
	return c
}

// call makes a call of Jira, and says how it was answered.
func (d *desk) call(o *house, url, secret, event, more string) int {
	d.mu.Lock()
	body := fmt.Sprintf(`{"webhookEvent":%q,"timestamp":%d,"user":{"accountId":"dana","displayName":"Dana Doe"},"issue":%s%s}`,
		event, d.updated.UnixMilli(), d.issue(), more)
	d.mu.Unlock()
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body)) //nolint:errcheck // a hash takes all
	return o.call("POST", url, body, "X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil))).status
}

// An incident and its issue are kept in step both ways through the whole hub: opened once although the answer was lost,
// moved, assigned and commented there and here, shown at the incident; and then it is quiet.
func TestIssueAndBack(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.hub.announce.Run(ctx)
	}()
	t.Cleanup(func() { stop(); <-done })
	d := &desk{t: t, lose: true, updated: time.Now().Add(-time.Hour)}
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	i := o.must("other", "POST", "/api/v1/integrations", fmt.Sprintf(`{"kind":"jira","name":"SOC","settings":{"url":%q,"email":"bot@example.com",`+
		`"api_token":"a token","project":"SEC","issue_type":"Task","webhook_secret":"a secret"},"subscription":{"types":["incident.*"],"where":"event.title == \"Account taken over\""},`+
		`"delivery":{"retry":{"schedule":["0s","10ms","10ms","10ms"]}}}`, s.URL))
	url := i.Get("callback_url").Str
	path := "/api/v1/incidents/" + o.must("other", "POST", "/api/v1/incidents", `{"title":"Account taken over","severity":"high"}`).Get("id").Str
	eventually := func(what string, ok func(incident gjson.Result) bool) {
		t.Helper()
		var now gjson.Result
		if within(20*time.Second, func() bool { now = o.must("other", "GET", path, ""); return ok(now) }) {
			return
		}
		t.Fatalf("%s: %s, there %s, failed %v", what, now, d.issue(), mailbox(o, i.Get("id").Str))
	}
	there := func(want string) func(gjson.Result) bool {
		return func(gjson.Result) bool { d.mu.Lock(); defer d.mu.Unlock(); return d.status+" "+d.assignee == want }
	}
	eventually("opened", func(now gjson.Result) bool {
		k := now.Get("tickets.0")
		return k.Get("key").Str == "SEC-1" && k.Get("url").Str == s.URL+"/browse/SEC-1" && k.Get("status").Str == "In new" &&
			k.Get("synced_at").Exists() && k.Get("by").Str == "tocsin" && k.Get("integration").Str == i.Get("id").Str
	})
	// There, and by nobody who does not know the secret.
	d.change(func() { d.status, d.assignee = "indeterminate", "dana" })
	if a := d.call(o, url, "another secret", "jira:issue_updated", ""); a != http.StatusUnauthorized {
		t.Errorf("a call of somebody else is answered with %d", a)
	}
	for range 2 {
		if a := d.call(o, url, "a secret", "jira:issue_updated", ""); a != http.StatusOK {
			t.Errorf("a call is answered with %d", a)
		}
	}
	eventually("came over", func(now gjson.Result) bool {
		return now.Get("status").Str == "active" && now.Get("owner").Str == "dana@example.com" && now.Get("tickets.0.by").Str == "Jira: Dana Doe"
	})
	var comment string
	d.change(func() {
		comment = d.comment("dana", `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"It was her."}]}]}`)
	})
	for range 2 {
		d.call(o, url, "a secret", "comment_created", `,"comment":`+comment)
	}
	// Here.
	o.must("other", "POST", path+"/notes", `{"text":"Password reset."}`)
	o.must("other", "PATCH", path, `{"status":"closed","classification":"true_positive","reason":"Reset.","owner":""}`)
	eventually("went there", there("done "))
	// There again, found by a look.
	d.change(func() { d.status = "new" })
	eventually("reopened", func(now gjson.Result) bool {
		o.call("POST", "/api/v1/integrations/"+i.Get("id").Str+"/sync", "", "X-API-Key", o.keys["other"])
		return now.Get("status").Str == "active"
	})
	eventually("quiet", func(gjson.Result) bool { // a look asks once what changed, and nothing comes of it
		d.mu.Lock()
		before := d.requests
		d.mu.Unlock()
		o.call("POST", "/api/v1/integrations/"+i.Get("id").Str+"/sync", "", "X-API-Key", o.keys["other"])
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.requests == before+1 && d.status == "new"
	})
	notes := map[string]int{}
	for _, e := range o.must("other", "GET", path+"/timeline", "").Get("items").Array() {
		if e.Get("verb").Str == "note" {
			notes[e.Get("note").Str+" by "+e.Get("by").Str]++
		}
	}
	if notes["It was her. by jira: Dana Doe"] != 1 || len(notes) != 2 {
		t.Errorf("the notes are %v", notes)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if all := strings.Join(d.comments, "\n"); d.created != 1 || strings.Count(all, "Password reset.") != 1 || strings.Count(all, "It was her.") != 1 {
		t.Errorf("%d issues were opened; the comments are %s", d.created, all)
	}
}
