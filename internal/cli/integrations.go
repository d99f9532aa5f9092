package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// integrationsCmd groups the commands about integrations.
type integrationsCmd struct {
	List     integrationsListCmd     `cmd:"" help:"List the integrations and how they are doing."`
	Show     integrationsShowCmd     `cmd:"" help:"Show one integration with its settings and counts."`
	Test     integrationsTestCmd     `cmd:"" help:"Prove an integration's credentials, or send a test message."`
	Preview  integrationsPreviewCmd  `cmd:"" help:"Show the request that an event would be delivered with."`
	Enable   integrationsEnableCmd   `cmd:"" help:"Let an integration receive events again, from now on."`
	Disable  integrationsDisableCmd  `cmd:"" help:"Switch an integration off: events are skipped."`
	Pause    integrationsPauseCmd    `cmd:"" help:"Let an integration's events wait."`
	Resume   integrationsResumeCmd   `cmd:"" help:"Send what waited."`
	Backfill integrationsBackfillCmd `cmd:"" help:"Deliver past events to an integration."`
	Delete   integrationsDeleteCmd   `cmd:"" help:"Delete an integration and its secrets."`
}

// integrationRow is an integration as the API shows it.
type integrationRow struct {
	ID             string          `json:"id"`
	Kind           string          `json:"kind"`
	Name           string          `json:"name"`
	Enabled        bool            `json:"enabled"`
	Paused         bool            `json:"paused"`
	Voided         []string        `json:"voided"`
	DisabledReason string          `json:"disabled_reason"`
	Settings       json.RawMessage `json:"settings"`
	Subscription   json.RawMessage `json:"subscription"`
	Delivery       json.RawMessage `json:"delivery"`
	Owner          string          `json:"owner"`
	RotateBy       string          `json:"rotate_by"`
	Version        int64           `json:"version"`
	CreatedAt      time.Time       `json:"created_at"`
	UpdatedAt      time.Time       `json:"updated_at"`
	Warnings       []struct {
		Message string `json:"message"`
	} `json:"warnings"`
}

func (r integrationRow) ident() (id, name, kind string) { return r.ID, r.Name, r.Kind }

// state is what it does, in a word or two.
func (r *integrationRow) state() string {
	switch {
	case !r.Enabled && r.DisabledReason != "":
		return "disabled: " + r.DisabledReason
	case !r.Enabled:
		return "disabled"
	case len(r.Voided) > 0:
		return "held: enter " + strings.Join(r.Voided, ", ") + " again"
	case r.Paused:
		return "paused"
	}
	return "enabled"
}

// statsRow is what is known of an integration's deliveries.
type statsRow struct {
	Integration string            `json:"integration"`
	Breaker     string            `json:"breaker"`
	Counts      map[string]uint64 `json:"counts"`
	LagMS       float64           `json:"lag_ms"`
	LastError   string            `json:"last_error"`
	LastErrorAt *time.Time        `json:"last_error_at"`
	LastSuccess *time.Time        `json:"last_success_at"`
	LatencyMS   struct {
		P50, P99 float64
	} `json:"latency_ms"`
}

func findIntegration(ctx context.Context, hub *client.Client, text string) (integrationRow, []byte, error) {
	return find[integrationRow](ctx, hub, "integration", integrationsPath, "int_", text)
}

// integrationsListCmd lists integrations.
type integrationsListCmd struct {
	hubFlags
	viewFlags
}

// Help is the long help.
func (*integrationsListCmd) Help() string {
	return `MAILBOX and WAITING count deliveries that failed for good, and those that are still to be made. A breaker that is open
means that the receiver fails and is being probed.

Examples:

    tocsin integrations list

    # Names of those that are switched off
    tocsin integrations list -o json | jq -r '.[] | select(.enabled | not).name'`
}

// Run prints a table, by name.
func (c *integrationsListCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		rows, raw, err := listAll[integrationRow](ctx, hub, integrationsPath, nil)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			stats := statsOf(ctx, p, hub)
			t := p.table("ID", "KIND", "NAME", "STATE", "BREAKER", "DELIVERED", "WAITING", "MAILBOX", "LAST SUCCESS")
			for _, r := range rows {
				s, ok := stats[r.ID]
				count := func(names ...string) string {
					var n uint64
					for _, name := range names {
						n += s.Counts[name]
					}
					return map[bool]string{true: fmt.Sprint(n)}[ok]
				}
				t.row(r.ID, r.Kind, r.Name, r.state(), s.Breaker, count("delivered"), count("waiting", "parked", "behind"),
					count("mailbox"), day(s.LastSuccess, ""))
			}
			return t.flush()
		})
	})
}

// statsOf gives the counts of every integration. A key that may not read them still sees the list.
func statsOf(ctx context.Context, p *Process, hub *client.Client) map[string]statsRow {
	var all struct {
		Integrations []statsRow `json:"integrations"`
	}
	if err := hub.Do(ctx, "GET", "/api/v1/stats", nil, &all); err != nil {
		p.note("no counts: %s\n", line(err.Error()))
	}
	stats := map[string]statsRow{}
	for _, s := range all.Integrations {
		stats[s.Integration] = s
	}
	return stats
}

// integrationsShowCmd shows an integration.
type integrationsShowCmd struct {
	hubFlags
	viewFlags

	Which string `arg:"" name:"integration" help:"Its id, its name, or kind/name."`
}

// Help is the long help.
func (*integrationsShowCmd) Help() string {
	return `Secrets are masked.

Examples:

    tocsin integrations show "SOC webhook"
    tocsin integrations show webhook/soc -o yaml`
}

// Run prints it.
func (c *integrationsShowCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		r, raw, err := findIntegration(ctx, hub, c.Which)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			s, _, err := fetch[statsRow](ctx, hub, below(integrationsPath, r.ID, "stats"))
			var no *client.Problem
			switch {
			case errors.As(err, &no) && no.Status == http.StatusNotFound: // a responder gets no events
				r.Subscription, r.Delivery = nil, nil
			case err != nil:
				p.note("no counts: %s\n", line(err.Error()))
			}
			return printIntegration(p, &r, &s)
		})
	})
}

func printIntegration(p *Process, r *integrationRow, s *statsRow) error {
	pairs := []string{
		"id", r.ID, "kind", r.Kind, "name", r.Name, "state", r.state(), "owner", r.Owner, "rotate by", r.RotateBy,
		"made", day(&r.CreatedAt, ""), "changed", day(&r.UpdatedAt, "") + fmt.Sprintf(" (version %d)", r.Version),
	}
	if s.Integration != "" { // a responder has no deliveries
		pairs = append(pairs, "breaker", s.Breaker, "last success", day(s.LastSuccess, "never"))
	}
	if s.LastError != "" {
		pairs = append(pairs, "last error", day(s.LastErrorAt, "")+"  "+s.LastError)
	}
	for _, name := range []string{"matched", "filtered", "delivered", "waiting", "parked", "behind", "mailbox", "discarded", "expired", "skipped", "lost"} {
		if n, ok := s.Counts[name]; ok && (n > 0 || name == "delivered" || name == "mailbox") {
			pairs = append(pairs, name, fmt.Sprint(n))
		}
	}
	for _, w := range r.Warnings {
		pairs = append(pairs, "warning", w.Message)
	}
	if err := p.fields(pairs...); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		raw  json.RawMessage
	}{{"settings", r.Settings}, {"subscription", r.Subscription}, {"delivery", r.Delivery}} {
		if len(part.raw) == 0 {
			continue
		}
		var text strings.Builder
		if err := writeYAML(&text, part.raw); err != nil {
			return err
		}
		p.say("\n%s\n", part.name)
		for l := range strings.Lines(text.String()) {
			p.say("  %s", l)
		}
	}
	return nil
}
