package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// World is the receivers that the workspace delivers to.
type World struct {
	Webhook, HEC *Receiver
	Desk         *Desk // nothing is sent to it before Live
	Firewall     *Firewall
	firewallID   string // the responder that drives it
	state        *State
}

// StartWorld starts the receivers, on the ports of the last run if they are free.
func StartWorld(s *State) (*World, error) {
	w := &World{state: s}
	var err error
	if w.Webhook, err = StartWebhook(s.WebhookPort, s.SigningSecret); err != nil {
		return nil, err
	}
	if w.HEC, err = StartHEC(s.HECPort, s.HECToken); err != nil {
		return nil, errors.Join(err, w.Webhook.Close())
	}
	if w.Firewall, err = StartFirewall(s.FirewallPort, s.SigningSecret); err != nil {
		return nil, errors.Join(err, w.Webhook.Close(), w.HEC.Close())
	}
	if w.Desk, err = StartDesk(s.DeskPort, s.SigningSecret); err != nil {
		return nil, errors.Join(err, w.Webhook.Close(), w.HEC.Close(), w.Firewall.Close())
	}
	s.WebhookPort, s.HECPort, s.FirewallPort, s.DeskPort = w.Webhook.Port(), w.HEC.Port(), w.Firewall.Port(), w.Desk.Port()
	return w, s.Save()
}

// Close stops the receivers.
func (w *World) Close() error {
	return errors.Join(w.Webhook.Close(), w.HEC.Close(), w.Firewall.Close(), w.Desk.Close())
}

// Subscription is which events an integration wants, as in the API.
type Subscription struct {
	Types       []event.TypeFilter `json:"types"`
	MinSeverity event.Severity     `json:"min_severity"`
}

func (s *Subscription) wants(eventType string, severity event.Severity) bool {
	for _, f := range s.Types {
		if f.Match(eventType) {
			return severity >= s.MinSeverity
		}
	}
	return false
}

// Integration is one of the workspace, as in the API.
type Integration struct {
	ID           string         `json:"-"`
	Kind         string         `json:"kind,omitempty"` // left out of a change: it cannot change
	Name         string         `json:"name"`
	Enabled      bool           `json:"enabled"`
	Settings     map[string]any `json:"settings"`
	Subscription Subscription   `json:"subscription"`

	receiver *Receiver // nil for the inbox
	silenced bool      // the demo's silence is for it
}

// The names of the demo's integrations: by them a second run finds those of the first.
const (
	inboxName   = "demo inbox"
	webhookName = "demo webhook"
	splunkName  = "demo Splunk (a local model)"
	deskName    = "demo ticket desk"
)

// integrations is the workspace as it should be.
func (w *World) integrations() []*Integration {
	all := []event.TypeFilter{"*"}
	return []*Integration{
		{
			Kind: "capture", Name: inboxName, Enabled: true, Settings: map[string]any{"keep": inboxKeeps},
			Subscription: Subscription{Types: all},
		},
		{
			Kind: "webhook", Name: webhookName, Enabled: true, receiver: w.Webhook,
			Settings:     map[string]any{"url": w.Webhook.URL() + "/hook", "signing_secret": w.state.SigningSecret},
			Subscription: Subscription{Types: all, MinSeverity: event.High},
		},
		{
			Kind: "splunk", Name: splunkName, Enabled: true, receiver: w.HEC,
			Settings:     map[string]any{"url": w.HEC.URL() + "/services/collector/event", "token": w.state.HECToken},
			Subscription: Subscription{Types: all},
		},
	}
}

// inboxKeeps is how many payloads the inbox holds: more than one run sends, the last day and all.
const inboxKeeps = 200

const integrationsPath = "/api/v1/integrations"

// Setup makes the integrations, the incident rule, the silence and what blocks, or brings those of an earlier run up to date.
func (w *World) Setup(ctx context.Context, hub *client.Client, now time.Time) ([]*Integration, error) {
	existing, err := list[identified](ctx, hub, integrationsPath, nil)
	if err != nil {
		return nil, fmt.Errorf("looking for the demo's integrations: %w", err)
	}
	wanted := w.integrations()
	for _, want := range wanted {
		if err := put(ctx, hub, want, existing); err != nil {
			return nil, err
		}
	}
	if err := w.setupResponse(ctx, hub, existing); err != nil {
		return nil, err
	}
	return wanted, setupCases(ctx, hub, wanted, now)
}

// put makes an integration, or brings that of an earlier run up to date.
func put(ctx context.Context, hub *client.Client, want *Integration, existing []identified) error {
	method, path, body := http.MethodPost, integrationsPath, *want
	for _, have := range existing {
		if have.Kind == want.Kind && have.Name == want.Name {
			method, path, body.Kind = http.MethodPatch, integrationsPath+"/"+url.PathEscape(have.ID), ""
		}
	}
	var made identified
	if err := hub.Do(ctx, method, path, body, &made); err != nil {
		return fmt.Errorf("setting up %s: %w", want.Name, err)
	}
	want.ID = made.ID
	return nil
}

// identified is what the demo reads of an integration.
type identified struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// list reads all pages of a list.
func list[T any](ctx context.Context, hub *client.Client, path string, query url.Values) (all []T, err error) {
	q := url.Values{"limit": {"200"}}
	for name, values := range query {
		q[name] = values
	}
	for {
		var page struct {
			Items []T    `json:"items"`
			Next  string `json:"next"`
		}
		if err := hub.Do(ctx, http.MethodGet, path+"?"+q.Encode(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all, nil
		}
		q.Set("cursor", page.Next)
	}
}
