package cli

import (
	"context"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// alertArgs are the alerts that a change is about.
type alertArgs struct {
	Alerts []string `arg:"" name:"alert" help:"The alerts: alr_…, or their dedup keys."`
}

// whyFlags say why.
type whyFlags struct {
	Note string `short:"m" placeholder:"TEXT" help:"A note that goes along."`
}

func (f *whyFlags) body() map[string]any {
	if f.Note == "" {
		return map[string]any{}
	}
	return map[string]any{"text": f.Note}
}

// alertsAckCmd acknowledges.
type alertsAckCmd struct {
	hubFlags
	viewFlags
	alertArgs
	whyFlags
}

// Help is the long help.
func (*alertsAckCmd) Help() string {
	return `Every integration that follows alert.acknowledged learns of it. What is resolved stays so.

Examples:

    tocsin alerts ack alr_01kmb7a2v4e9zr6x3q8w5t0ysd -m "Looking into it."
    tocsin alerts ack brute-force/203.0.113.7`
}

// Run acknowledges.
func (c *alertsAckCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		return changeAlerts(ctx, p, hub, &c.viewFlags, c.Alerts, "acknowledge", c.body())
	})
}

// alertsResolveCmd resolves.
type alertsResolveCmd struct {
	hubFlags
	viewFlags
	alertArgs
	whyFlags
}

// Help is the long help.
func (*alertsResolveCmd) Help() string {
	return `A later event of the same key opens it again.

Example:

    tocsin alerts resolve alr_01kmb7a2v4e9zr6x3q8w5t0ysd -m "Password reset, sessions ended."`
}

// Run resolves.
func (c *alertsResolveCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		return changeAlerts(ctx, p, hub, &c.viewFlags, c.Alerts, "resolve", c.body())
	})
}

// alertsReopenCmd reopens.
type alertsReopenCmd struct {
	hubFlags
	viewFlags
	alertArgs
	whyFlags
}

// Help is the long help.
func (*alertsReopenCmd) Help() string {
	return `For what is acknowledged, too: nobody has it any more.

Example:

    tocsin alerts reopen alr_01kmb7a2v4e9zr6x3q8w5t0ysd -m "It came back."`
}

// Run reopens.
func (c *alertsReopenCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		return changeAlerts(ctx, p, hub, &c.viewFlags, c.Alerts, "reopen", c.body())
	})
}

// alertsAssignCmd assigns.
type alertsAssignCmd struct {
	hubFlags
	viewFlags
	alertArgs

	To string `required:"" placeholder:"MAIL" help:"Whom: an e-mail address; none: nobody."`
}

// Help is the long help.
func (*alertsAssignCmd) Help() string {
	return `Examples:

    tocsin alerts assign alr_01kmb7a2v4e9zr6x3q8w5t0ysd --to dana@example.com
    tocsin alerts assign brute-force/203.0.113.7 --to none`
}

// Run assigns.
func (c *alertsAssignCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		to := c.To
		if to == "none" {
			to = ""
		}
		return changeAlerts(ctx, p, hub, &c.viewFlags, c.Alerts, "assign", map[string]any{"assignee": to})
	})
}

// alertsNoteCmd writes a note.
type alertsNoteCmd struct {
	hubFlags
	viewFlags
	alertArgs

	Note string `short:"m" required:"" placeholder:"TEXT" help:"The note."`
}

// Help is the long help.
func (*alertsNoteCmd) Help() string {
	return `Notes are part of an alert's history.

Example:

    tocsin alerts note alr_01kmb7a2v4e9zr6x3q8w5t0ysd -m "The user confirms the trip."`
}

// Run writes it.
func (c *alertsNoteCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		return changeAlerts(ctx, p, hub, &c.viewFlags, c.Alerts, "note", map[string]any{"text": c.Note})
	})
}
