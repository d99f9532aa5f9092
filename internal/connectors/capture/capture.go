// Package capture keeps the last payloads of an integration so that people and tests can look at what would be
// delivered. Nothing leaves the hub.
package capture

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

//go:embed README.md
var readme string

// Limits of the setting "keep".
const (
	defaultKeep = 100
	maxKeep     = 1000
)

// Kind describes the connector.
func Kind() connector.Kind {
	return connector.Kind{
		Name:             "capture",
		Title:            "Capture",
		Summary:          "Keeps the last payloads in memory, to be looked at.",
		Category:         "testing",
		Auth:             "None: nothing leaves the hub.",
		Retry:            "Keeping a payload does not fail; a payload that is kept again takes its old one's place.",
		Ownership:        "The payload is Tocsin's own envelope; it is lost when the hub stops.",
		Readme:           readme,
		ConfirmsDelivery: true,
	}
}

// Definition is the catalogue entry.
func Definition() connector.Definition { return connector.Define(Kind(), open) }

// Settings are what an integration of this kind is configured with.
type Settings struct{ Keep int }

// Form declares the settings.
func (s *Settings) Form(f *form.Set) {
	f.Int("keep", &s.Keep, "Keep", form.Default(defaultKeep), form.Min(1), form.Max(maxKeep),
		form.Help("How many payloads are kept; older ones go first."))
}

// Connector is one opened capture integration.
type Connector struct {
	keep        int
	account     event.Account
	integration string
	sink        connector.Sink
	now         func() time.Time
	hub         string // where people reach this hub
}

var (
	_ connector.Sender        = (*Connector)(nil)
	_ connector.BatchSender   = (*Connector)(nil)
	_ connector.EngineChooser = (*Connector)(nil)
	_ connector.Tester        = (*Connector)(nil)
)

func open(s *Settings, env connector.Env) (*Connector, error) {
	if env.Sink == nil {
		return nil, errors.New("the hub has no inbox to keep payloads in")
	}
	return &Connector{keep: s.Keep, account: env.Account, integration: env.Integration, sink: env.Sink, now: env.Now, hub: env.PublicURL}, nil
}

// UsesBatch is true: keeping many at once is cheaper.
func (c *Connector) UsesBatch() bool { return true }

// Send keeps one payload.
func (c *Connector) Send(ctx context.Context, d connector.Delivery) error {
	return c.SendBatch(ctx, []connector.Delivery{d})
}

// SendBatch keeps payloads. Only the last ones are written at all if there are more than are kept.
func (c *Connector) SendBatch(ctx context.Context, ds []connector.Delivery) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("keeping payloads: %w", err)
	}
	ds = ds[max(0, len(ds)-c.keep):]
	kept := make([]connector.Captured, len(ds))
	for i, d := range ds {
		kept[i] = connector.Captured{
			Delivery: d.Key, Event: d.Record.ID.Text(event.PrefixEvent), Type: string([]byte(d.Record.Type)),
			Time: c.now(), Payload: d.Record.AppendLinked(nil, d.Record.Link(c.hub)),
		}
	}
	if e := httpkit.ExchangeOf(ctx); e != nil && len(kept) > 0 {
		if e.Full {
			e.RequestBody = kept[len(kept)-1].Payload
		}
		if e.DryRun {
			return httpkit.ErrDryRun
		}
	}
	if c.integration == "" {
		return nil // unsaved settings are being tested: there is no inbox yet
	}
	if err := c.sink.Keep(ctx, c.account, c.integration, c.keep, kept...); err != nil {
		return fmt.Errorf("keeping payloads: %w", err)
	}
	return nil
}

// Test succeeds: there is nothing to reach.
func (c *Connector) Test(context.Context) error { return nil }
