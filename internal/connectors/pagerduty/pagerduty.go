// Package pagerduty pages people through PagerDuty's Events API v2, follows the life of alerts and incidents there, and
// brings back over webhooks (v3) what responders do.
package pagerduty

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

//go:embed README.md
var readme string

// Kind describes the connector.
func Kind() connector.Kind {
	return connector.Kind{
		Name:     "pagerduty",
		Title:    "PagerDuty",
		Summary:  "Triggers, acknowledges and resolves alerts in PagerDuty, and brings back what responders do there.",
		Category: "paging",
		Auth:     "A routing key (integration key) of the Events API v2; webhooks prove themselves by an HMAC-SHA256 signature.",
		Retry: "408, 429, 5xx and network faults are tried again, in the order of each alert; PagerDuty deduplicates by " +
			"dedup_key while its alert is open.",
		Ownership:        "The payload is PagerDuty's own format (PD-CEF), with the event's fields as custom details.",
		DocsURL:          "https://developer.pagerduty.com/docs/events-api-v2-overview",
		Readme:           readme,
		OrderedByKey:     true,
		ConfirmsDelivery: false, // 202 comes before PagerDuty looks whom the event is for
	}
}

// Definition is the catalogue entry.
func Definition() connector.Definition { return connector.Define(Kind(), open) }

// Connector is one opened PagerDuty integration.
type Connector struct {
	settings  *Settings
	client    *httpkit.Client
	now       func() time.Time
	publicURL string
	account   event.Account
	state     *store
}

var (
	_ connector.Sender     = (*Connector)(nil)
	_ connector.Tester     = (*Connector)(nil)
	_ connector.TestGrader = (*Connector)(nil)
	_ connector.Noter      = (*Connector)(nil)
	_ connector.Callback   = (*Connector)(nil)
)

func open(s *Settings, env connector.Env) (*Connector, error) {
	client, err := s.Connection.Open(env.HTTP.Masking(s.secrets()))
	if err != nil {
		return nil, err
	}
	return &Connector{settings: s, client: client, now: env.Now, publicURL: env.PublicURL, account: env.Account, state: newStore(env)}, nil
}

// Close gives the connections back.
func (c *Connector) Close() { c.client.CloseIdle() }

// Send tells PagerDuty of one event. What would change nothing there, such as a note, is no request.
func (c *Connector) Send(ctx context.Context, d connector.Delivery) error {
	e, err := d.Record.Event()
	if err != nil {
		return connector.Permanent(fmt.Errorf("reading the event: %w", err))
	}
	dry := false
	if x := httpkit.ExchangeOf(ctx); x != nil {
		dry = x.DryRun
	}
	plan, err := c.plan(ctx, d.Record, e, dry)
	if err != nil || plan.action == "" {
		return err
	}
	body, err := format(c.settings, c.publicURL, d.Record, e, plan)
	if err != nil {
		return connector.Permanent(err)
	}
	if err := c.post(ctx, body); err != nil {
		return err
	}
	if plan.action == actionResolve {
		return c.state.resolved(ctx, plan.key)
	}
	return nil
}

// plan says what to do about an event, and remembers a trigger before it is sent: whatever becomes of the answer, the
// resolve goes the same way.
func (c *Connector) plan(ctx context.Context, r *event.Record, e event.Event, dry bool) (plan, error) {
	s := subjectOf(c.settings, c.account, r, e)
	if s.own != "" { // it came under an incident after it was triggered: its page goes on
		m, err := c.state.get(ctx, s.own)
		if err != nil {
			return plan{}, err
		}
		if m != nil && m.Open {
			s.key, s.incident, s.whose = s.own, "", m.Whose
		}
	}
	var err error
	if s.key, err = c.state.keyOf(ctx, s.key, s.whose); err != nil {
		return plan{}, err
	}
	unlock, err := c.state.lock(ctx, whatPage, s.key)
	if err != nil {
		return plan{}, err
	}
	defer unlock()
	m, err := c.state.get(ctx, s.key)
	if err != nil {
		return plan{}, err
	}
	action, now := decide(c.settings, stepOf(r, e), s, m)
	p := plan{action: action, key: s.key}
	if action != "" {
		if p.routingKey, err = route(c.settings, action, r.Severity, m); err != nil {
			return plan{}, connector.Permanent(err)
		}
		if action == actionTrigger {
			now.Key = fingerprint(p.routingKey)
		}
	}
	if dry || now == nil || action == actionResolve { // which is remembered when PagerDuty has taken it
		return p, nil
	}
	return p, c.state.put(ctx, s.key, now)
}

// post sends one event.
func (c *Connector) post(ctx context.Context, body []byte) error {
	resp, err := c.client.Do(ctx, &httpkit.Request{
		Method: http.MethodPost, URL: c.settings.endpoint(), Body: body, Header: http.Header{"Content-Type": {"application/json"}},
	})
	if err != nil {
		return fmt.Errorf("posting to PagerDuty: %w", err)
	}
	return judge(resp, c.now(), c.client.MaskText)
}

// Test resolves an alert that there cannot be, which PagerDuty drops, and so alerts nobody. That proves the way there and
// that the routing key has the form of one. PagerDuty looks for the key's owner later, so nothing proves that there is one.
func (c *Connector) Test(ctx context.Context) error {
	for _, key := range c.settings.routingKeys() {
		body, err := follow(actionResolve, key, "tocsin/test/"+event.NewID().UUID())
		if err != nil {
			return err
		}
		if err := c.post(ctx, body); err != nil {
			return err
		}
	}
	return nil
}

// TestGrade is unverifiable: see Test.
func (c *Connector) TestGrade() connector.Grade { return connector.Unverifiable }

// Notes say what a test cannot prove, and what looks wrong.
func (c *Connector) Notes() []string {
	list := []string{"PagerDuty accepts events for later: a test without an event type proves the way there and the form of the " +
		"routing key, not that the key is somebody's. Send a sample to be sure."}
	for _, key := range c.settings.routingKeys() {
		if !looksLikeRoutingKey(key) {
			list = append(list, "A routing key is not 32 letters and digits, as PagerDuty's are: take the Integration Key of an Events API v2 integration, not an API key.")
			break
		}
	}
	if len(c.settings.webhookSecrets()) == 0 {
		list = append(list, "Without webhook_secret nothing comes back: what is acknowledged in PagerDuty stays open here.")
	}
	return list
}

var errNoSecret = errors.New("webhook_secret is not set")

// looksLikeRoutingKey says whether a text has the form of PagerDuty's.
func looksLikeRoutingKey(key string) bool {
	return len(key) == 32 && strings.IndexFunc(key, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}) < 0
}
