package jira

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
)

// signatureHeader carries "sha256=" and the HMAC of the body, in hex, of webhooks that an administrator made with a secret.
const signatureHeader = "X-Hub-Signature"

// call is what is read of a webhook.
type call struct {
	Event     string   `json:"webhookEvent"`
	Kind      string   `json:"issue_event_type_name"`
	Timestamp int64    `json:"timestamp"` // ms
	User      *user    `json:"user"`
	Issue     *issue   `json:"issue"`
	Comment   *comment `json:"comment"`
}

// Receive takes a webhook. It may come late, twice and in any order: what it says of the issue counts only if it is newer
// than what is known.
func (c *Connector) Receive(ctx context.Context, w connector.Call) (connector.Reply, error) {
	if c.settings.WebhookSecret.IsZero() {
		return connector.Reply{}, connector.Refused(http.StatusUnauthorized, "this integration takes no calls: set webhook_secret here and in Jira")
	}
	if !c.signed(w) {
		return connector.Reply{}, connector.Refused(http.StatusUnauthorized, "the signature (%s) is missing or wrong", signatureHeader)
	}
	var in call
	if err := json.Unmarshal(w.Body, &in); err != nil {
		return connector.Reply{}, connector.Refused(http.StatusBadRequest, "the body is not a webhook of Jira")
	}
	n, ok := c.notice(ctx, &in)
	if !ok {
		return connector.Reply{}, nil
	}
	wishes, err := c.engine.Heard(ctx, n)
	return connector.Reply{Wishes: wishes}, err
}

// signed says whether the body carries the HMAC of the secret.
func (c *Connector) signed(w connector.Call) bool {
	given, ok := strings.CutPrefix(w.Header.Get(signatureHeader), "sha256=")
	sum, err := hex.DecodeString(given)
	if !ok || err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(c.settings.WebhookSecret.Reveal()))
	mac.Write(w.Body)
	return hmac.Equal(sum, mac.Sum(nil))
}

// notice reads what a webhook says; false if it says nothing that is kept in step.
func (c *Connector) notice(ctx context.Context, in *call) (ticketing.Notice, bool) {
	if in.Issue == nil || in.Issue.ID == "" {
		return ticketing.Notice{}, false
	}
	n := ticketing.Notice{Ref: in.Issue.ID, By: in.User.person()}
	switch in.Event {
	case "jira:issue_deleted":
		n.Deleted = true
		return n, true
	case "jira:issue_created", "jira:issue_updated", "comment_created":
	default:
		return n, false
	}
	if in.Issue.Fields.Status != nil && in.Issue.Fields.Updated != "" {
		edition, _ := c.settings.guess()
		s := &site{cloud: edition == cloud, base: c.settings.URL}
		c.mu.Lock()
		if c.site != nil {
			s = c.site
		}
		c.mu.Unlock()
		r := in.Issue.remote(s)
		r.URL, r.By = "", n.By // what is known of the URL is better
		if in.Timestamp > 0 {
			r.At = time.UnixMilli(in.Timestamp).UTC()
		}
		n.Remote = &r
	}
	if in.Comment != nil && !in.Comment.restricted() && (in.Event == "comment_created" || in.Kind == "issue_commented") {
		self, err := c.whoami(ctx)
		if err != nil {
			self = "" // our comments carry a mark, too
		}
		n.Comments = []ticketing.Comment{in.Comment.read(self)}
	}
	return n, n.Remote != nil || len(n.Comments) > 0
}
