package pagerduty

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Webhooks v3 (https://developer.pagerduty.com/docs/webhooks-overview): one event each, signed, delivered at least once and
// not always in order. PagerDuty wants a 2xx within 5 s, and gives up on a 4xx.

// headerSignature carries v1=<hex>, once for each secret that is valid at the time.
const headerSignature = "X-PagerDuty-Signature"

// maxSignatures bounds the signatures that are looked at.
const maxSignatures = 8

// verify says whether a body is signed with one of the secrets.
func verify(secrets []string, header []string, body []byte) bool {
	var macs [][]byte
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body) //nolint:errcheck // a hash takes all
		macs = append(macs, mac.Sum(nil))
	}
	ok, looked := false, 0
	for text := range strings.SplitSeq(strings.Join(header, ","), ",") {
		digits, v1 := strings.CutPrefix(strings.TrimSpace(text), "v1=")
		if looked++; looked > maxSignatures {
			break
		}
		given, err := hex.DecodeString(digits)
		if !v1 || err != nil {
			continue
		}
		for _, mac := range macs {
			ok = hmac.Equal(mac, given) || ok
		}
	}
	return ok
}

// webhook is the body of a call, as far as it matters here.
type webhook struct {
	Event *struct {
		ID         string    `json:"id"`
		Type       string    `json:"event_type"`
		OccurredAt time.Time `json:"occurred_at"`
		Agent      *ref      `json:"agent"`
		Data       data      `json:"data"`
	} `json:"event"`
}

type ref struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Summary string `json:"summary"`
}

// data is an incident, a note or a status update.
type data struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Key      string `json:"incident_key"`
	Incident *ref   `json:"incident"` // of a note and of a status update
	Content  string `json:"content"`  // of a note
	Message  string `json:"message"`  // of a status update
	Priority *ref   `json:"priority"`
	Policy   *ref   `json:"escalation_policy"`
	Assigned []ref  `json:"assignees"`
	Reason   *struct {
		Type     string `json:"type"`
		Incident *ref   `json:"incident"`
	} `json:"resolve_reason"`
}

// incident is the id of the incident that the event is about.
func (d *data) incident() string {
	if d.Incident != nil {
		return d.Incident.ID
	}
	if d.Type == "incident" {
		return d.ID
	}
	return ""
}

// Receive verifies a call and says what it asks for.
func (c *Connector) Receive(ctx context.Context, call connector.Call) (connector.Reply, error) {
	secrets := c.settings.webhookSecrets()
	if len(secrets) == 0 {
		return connector.Reply{}, connector.Refused(http.StatusUnauthorized, "%w", errNoSecret)
	}
	if !verify(secrets, call.Header.Values(headerSignature), call.Body) {
		return connector.Reply{}, connector.Refused(http.StatusUnauthorized, "no signature in %s is made with this integration's webhook_secret", headerSignature)
	}
	var w webhook
	if err := json.Unmarshal(call.Body, &w); err != nil || w.Event == nil || w.Event.ID == "" || w.Event.Type == "" {
		return connector.Reply{}, connector.Refused(http.StatusBadRequest, "the body is not a webhook of version 3")
	}
	if !strings.HasPrefix(w.Event.Type, "incident.") {
		return note(oneLine(w.Event.Type) + " asks for nothing")
	}
	return c.receive(ctx, &w)
}

// note answers a call that asks for nothing.
func note(text string) (connector.Reply, error) {
	return connector.Reply{Note: event.Clip(text, maxReply)}, nil
}

// receive finds out which alerts an event is about, and what it wants of them.
func (c *Connector) receive(ctx context.Context, w *webhook) (connector.Reply, error) {
	x := w.Event
	id := x.Data.incident()
	if id == "" {
		return note(oneLine(x.Type) + " says of no incident")
	}
	unlock, err := c.state.lock(ctx, whatIncident, id)
	if err != nil {
		return connector.Reply{}, err
	}
	defer unlock()
	known, err := c.state.incident(ctx, id)
	if err != nil {
		return connector.Reply{}, err
	}
	pages, err := c.pages(ctx, &known, x.Data.Key)
	if err != nil {
		return connector.Reply{}, err
	}
	if len(pages) == 0 {
		return note("the incident is not one that this integration made, or PagerDuty does not say which (no incident_key)")
	}
	if now := c.now(); x.OccurredAt.After(now) { // what is yet to come would outdo everything that comes until then
		x.OccurredAt = now
	}
	if changesStatus(x.Type) {
		if x.OccurredAt.Before(known.At) {
			return note("it is older than what is known of the incident already")
		}
		known.At = x.OccurredAt
	}
	if err := c.state.putIncident(ctx, id, known); err != nil {
		return connector.Reply{}, err
	}
	if x.Agent != nil && strings.HasSuffix(x.Agent.Type, "integration_reference") {
		return note("it was done by an event of an integration, such as this one")
	}
	if into := x.Data.mergedInto(); into != "" {
		return c.merged(ctx, known, into)
	}
	if err := c.follow(ctx, x.Type, pages); err != nil {
		return connector.Reply{}, err
	}
	return wishes(w, pages)
}

// page is what is remembered of one, with its key.
type page struct {
	key string
	*memory
}

// pages are the pages of this integration that an incident is about. A key that is new becomes known.
func (c *Connector) pages(ctx context.Context, known *incident, key string) ([]page, error) {
	if key != "" && !slices.Contains(known.Keys, key) {
		known.Keys = append(known.Keys, key)
	}
	var list []page
	for _, key := range known.Keys {
		m, err := c.state.get(ctx, key)
		if err != nil {
			return nil, err
		}
		if m != nil {
			list = append(list, page{key, m})
		}
	}
	return list, nil
}

// mergedInto is the incident that goes on with what this one was about.
func (d *data) mergedInto() string {
	if d.Reason == nil || d.Reason.Type != "merge_resolve_reason" || d.Reason.Incident == nil {
		return ""
	}
	return d.Reason.Incident.ID
}

// merged remembers that another incident stands for the pages of this one: they are not over.
func (c *Connector) merged(ctx context.Context, from incident, into string) (connector.Reply, error) {
	target, err := c.state.incident(ctx, into)
	if err != nil {
		return connector.Reply{}, err
	}
	for _, key := range from.Keys {
		if !slices.Contains(target.Keys, key) {
			target.Keys = append(target.Keys, key)
		}
	}
	if err := c.state.putIncident(ctx, into, target); err != nil {
		return connector.Reply{}, err
	}
	return note("the incident was merged into another one, which stands for it from now on")
}

// changesStatus says whether the order of events matters.
func changesStatus(eventType string) bool {
	switch eventType {
	case "incident.acknowledged", "incident.unacknowledged", "incident.resolved", "incident.reopened", "incident.triggered":
		return true
	}
	return false
}

// follow remembers that pages are over there, or open again.
func (c *Connector) follow(ctx context.Context, eventType string, pages []page) error {
	if eventType != "incident.resolved" && eventType != "incident.reopened" {
		return nil
	}
	open := eventType == "incident.reopened"
	for _, p := range pages {
		err := c.state.change(ctx, p.key, func(m *memory) *memory { // a delivery may have changed it since it was read
			now := *m
			now.Open = open
			return &now
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// wishes says what an event asks for.
func wishes(w *webhook, pages []page) (connector.Reply, error) {
	x := w.Event
	base := connector.Wish{ID: x.ID, At: x.OccurredAt, Token: x.Data.incident()}
	if x.Agent != nil {
		base.Person = connector.Person{ID: x.Agent.ID, Name: x.Agent.Summary}
	}
	switch x.Type {
	case "incident.acknowledged":
		base.Verb = connector.Acknowledge
	case "incident.resolved":
		base.Verb = connector.Resolve
	case "incident.reopened":
		base.Verb = connector.Reopen
	case "incident.unacknowledged":
		base.Verb, base.Text = connector.Reopen, "Nobody has it in PagerDuty any more."
	default:
		base.Verb, base.Text = connector.Note, noteOf(x.Type, &x.Data)
		if base.Text == "" {
			return note(oneLine(x.Type) + " asks for nothing")
		}
	}
	var r connector.Reply
	for _, p := range pages {
		r.Wishes = append(r.Wishes, p.wishes(base)...)
	}
	if len(r.Wishes) == 0 {
		return note("no alert is open under this incident")
	}
	return r, nil
}

// wishes asks for something of everything that the page is about: of the incident, or of each alert. Each has an id of its
// own, which stays the same when the message comes again.
func (p *page) wishes(base connector.Wish) (list []connector.Wish) {
	id := base.ID
	if p.Incident != "" {
		base.ID, base.Incident = id+"/"+p.Incident, p.Incident
		return []connector.Wish{base}
	}
	for _, a := range p.Alerts {
		alert, err := event.ParseID(event.PrefixAlert, a.ID)
		if err != nil || base.Verb == connector.Acknowledge && !a.Open {
			continue // one that is over is not acknowledged
		}
		base.ID, base.Alert = id+"/"+a.ID, alert
		list = append(list, base)
		if base.Verb == connector.Note {
			break
		}
	}
	return list
}

// noteOf is what an event says that changes no status; empty: nothing.
func noteOf(eventType string, d *data) string {
	switch eventType {
	case "incident.annotated":
		return strings.TrimSpace(d.Content)
	case "incident.status_update_published":
		return prefixed("Status update in PagerDuty: ", d.Message)
	case "incident.reassigned", "incident.delegated", "incident.escalated":
		var names []string
		for _, a := range d.Assigned {
			names = append(names, oneLine(a.Summary))
		}
		if len(names) == 0 && d.Policy != nil {
			names = []string{oneLine(d.Policy.Summary)}
		}
		return prefixed("In PagerDuty it is with ", strings.Join(names, ", "))
	case "incident.priority_updated":
		if d.Priority != nil {
			return prefixed("Its priority in PagerDuty is ", oneLine(d.Priority.Summary))
		}
	}
	return ""
}

func prefixed(before, text string) string {
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	return before + text
}

// oneLine is text of the vendor's on one line, without what acts on the text around it.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\ufffd"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	}), " ")
}
