// Package jira keeps an issue in Jira in step with each incident or alert: Jira Cloud (REST v3, Atlassian Document
// Format) and Jira Data Center (REST v2, wiki markup or plain text). What is the same for all systems of tickets is in
// package ticketing.
package jira

import (
	"context"
	_ "embed"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
)

//go:embed README.md
var readme string

// Definition is the catalogue entry.
func Definition() connector.Definition {
	return connector.Define(connector.Kind{
		Name:         "jira",
		Title:        "Jira",
		Summary:      "Keeps an issue in step with each incident or alert, both ways.",
		Category:     "ticketing",
		Auth:         "E-mail address and API token (Cloud), or a personal access token (Data Center). Jira signs its calls (X-Hub-Signature).",
		Retry:        "408, 409, 425, 429, 5xx and network faults are tried again. A label finds an issue whose creation was not answered, so that there are never two.",
		Ownership:    "The issue holds the title, description, severity, entities and links of the incident or alert, and the notes; with attach_event the event.",
		DocsURL:      "https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/",
		Readme:       readme,
		OrderedByKey: true, ConfirmsDelivery: true,
	}, open)
}

// Connector is one opened integration with a Jira.
type Connector struct {
	settings *Settings
	client   *httpkit.Client
	env      connector.Env
	engine   *ticketing.Engine

	mu     sync.Mutex
	site   *site     // which Jira it is; nil until it is known
	self   string    // the id of our own account; empty until it is known
	fields *fieldSet // of the issue type
}

var (
	_ connector.Sender     = (*Connector)(nil)
	_ connector.Tester     = (*Connector)(nil)
	_ connector.Callback   = (*Connector)(nil)
	_ connector.Answerer   = (*Connector)(nil)
	_ connector.Reconciler = (*Connector)(nil)
	_ ticketing.Ticketer   = (*Connector)(nil)
	_ ticketing.Attacher   = (*Connector)(nil)
)

// Limits of what is read and how long Jira may take.
const (
	// maxAnswer bounds an answer (4 MiB): a page of issues, or the fields of an issue type with all their options.
	maxAnswer = 4 << 20
	// settle is how long Jira's index may lag behind: after it, an issue that search does not find is not there.
	settle = time.Minute
)

func open(s *Settings, env connector.Env) (*Connector, error) {
	secrets := []string{s.Token.Reveal(), s.WebhookSecret.Reveal(), s.ClientKey.Reveal(), s.credentials()}
	client, err := env.HTTP.Masking(secrets).Client(httpkit.Options{
		ConnectTimeout: s.ConnectTimeout, RequestTimeout: s.RequestTimeout, InsecureSkipVerify: !s.VerifyTLS,
		CAPEM: s.CABundle, ClientCertPEM: s.ClientCert, ClientKeyPEM: s.ClientKey, MaxBody: maxAnswer,
	})
	if err != nil {
		return nil, err
	}
	c := &Connector{settings: s, client: client, env: env}
	c.engine = ticketing.Open(ticketing.Options{Settings: &s.Settings, Env: env, Vendor: "Jira", Ticketer: c, Settle: settle})
	return c, nil
}

// Close gives the connections back.
func (c *Connector) Close() { c.client.CloseIdle() }

// Send brings a delivery to its issue.
func (c *Connector) Send(ctx context.Context, d connector.Delivery) error {
	return c.engine.Send(ctx, d)
}

// ReconcileEvery is the time between two looks.
func (c *Connector) ReconcileEvery() time.Duration { return c.engine.ReconcileEvery() }

// Reconcile looks for what changed in Jira.
func (c *Connector) Reconcile(ctx context.Context) ([]connector.Wish, error) {
	return c.engine.Reconcile(ctx)
}

// Answer notes what became of a wish.
func (c *Connector) Answer(ctx context.Context, w connector.Wish, o connector.Outcome) error {
	return c.engine.Answer(ctx, w, o)
}
