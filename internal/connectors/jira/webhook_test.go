package jira

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

func TestForgedWebhooks(t *testing.T) {
	t.Parallel()
	f := newFixture(t, true, nil)
	f.send(fact{status: "new", severity: event.High, verb: "create"})
	f.m.someone(func(i *mIssue) { i.Status = "Finished" })
	body := f.m.hooksSince(0)[f.m.hookCount()-1]
	good := webhook(body, webhookSecret)
	for name, c := range map[string]connector.Call{
		"another secret":       webhook(body, "another secret"),
		"another body":         {Header: good.Header, Body: []byte(strings.Replace(body, "Finished", "Selected", 1))},
		"no signature":         {Header: http.Header{}, Body: []byte(body)},
		"an empty signature":   {Header: http.Header{"X-Hub-Signature": {"sha256="}}, Body: []byte(body)},
		"no hex":               {Header: http.Header{"X-Hub-Signature": {"sha256=zz"}}, Body: []byte(body)},
		"half a signature":     {Header: http.Header{"X-Hub-Signature": {good.Header.Get("X-Hub-Signature")[:40]}}, Body: []byte(body)},
		"another algorithm":    {Header: http.Header{"X-Hub-Signature": {strings.Replace(good.Header.Get("X-Hub-Signature"), "sha256", "sha1", 1)}}, Body: []byte(body)},
		"a signature of SHA-1": {Header: http.Header{"X-Hub-Signature": {"sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709"}}, Body: []byte(body)},
	} {
		reply, err := f.Receive(t.Context(), c)
		status, refused := connector.IsRefused(err)
		if !refused || status != http.StatusUnauthorized || len(reply.Wishes) > 0 || strings.Contains(err.Error(), webhookSecret) {
			t.Errorf("%s: %d, %v", name, status, err)
		}
	}
	open := newFixture(t, true, map[string]any{"webhook_secret": ""})
	if _, err := open.Receive(t.Context(), webhook(body, "")); err == nil {
		t.Error("a call was taken without a secret")
	}
	if got := verbs(f.hear(body)); got != "resolve" {
		t.Errorf("the true one asks for %q", got)
	}
}

// What is signed may still be anything.
func TestOddWebhooks(t *testing.T) {
	t.Parallel()
	f := newFixture(t, true, nil)
	f.send(fact{status: "new", severity: event.High, verb: "create"})
	for _, body := range []string{
		`{}`, `{"webhookEvent":"jira:issue_updated"}`, `{"webhookEvent":"jira:issue_updated","issue":{"id":"1"}}`,
		`{"webhookEvent":"jira:issue_updated","issue":{"id":"10001","fields":{"status":null,"updated":"x","assignee":null}}}`,
		`{"webhookEvent":"jira:issue_updated","issue":{"id":"99999","fields":{"status":{"name":"Done","statusCategory":{"key":"done"}},"updated":"2026-11-21T12:00:00.000+0000"}}}`,
		`{"webhookEvent":"comment_created","issue":{"id":"10001"},"comment":{"id":"1","body":{"type":"doc","content":[1,"x",null,{"content":{}}]}}}`,
		`{"webhookEvent":"comment_created","issue":{"id":"10001"},"comment":{"id":"2","body":"restricted","visibility":{"type":"role"}}}`,
		`{"webhookEvent":"comment_updated","issue":{"id":"10001"},"comment":{"id":"3","body":"edited"}}`,
		`{"webhookEvent":"sprint_started","sprint":{"id":1}}`,
	} {
		if wishes := f.hear(body); len(wishes) > 0 {
			t.Errorf("%s asks for %s", body, verbs(wishes))
		}
	}
	for _, body := range []string{``, `[]`, `"x"`, `{"issue":7}`} {
		if _, err := f.Receive(t.Context(), webhook(body, webhookSecret)); err == nil {
			t.Errorf("%q was taken", body)
		}
	}
}
