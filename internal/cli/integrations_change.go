package cli

import (
	"context"
	"errors"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// changeFlags are those of a command that changes the state of one integration.
type changeFlags struct {
	hubFlags
	viewFlags

	Which string `arg:"" name:"integration" help:"Its id, its name, or kind/name."`
}

// change finds the integration, makes it do something, and says what came of it.
func (c *changeFlags) change(ctx context.Context, p *Process, verb string) error {
	return c.with(p, func(hub *client.Client) error {
		r, _, err := findIntegration(ctx, hub, c.Which)
		if err != nil {
			return err
		}
		after, raw, err := request[integrationRow](ctx, hub, http.MethodPost, below(integrationsPath, r.ID, verb), nil)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			p.say("%s is %s\n", shown(after.Name), line(after.state()))
			return nil
		})
	})
}

type integrationsEnableCmd struct{ changeFlags }

// Help is the long help.
func (*integrationsEnableCmd) Help() string {
	return `Events that came while it was disabled were skipped; "tocsin integrations backfill" brings them.

Example:

    tocsin integrations enable "SOC webhook"`
}

// Run enables it.
func (c *integrationsEnableCmd) Run(ctx context.Context, p *Process) error {
	return c.change(ctx, p, "enable")
}

type integrationsDisableCmd struct {
	changeFlags
	sureFlags
}

// Help is the long help.
func (*integrationsDisableCmd) Help() string {
	return `What is in flight is cancelled, what is parked is discarded (it can be replayed from there), and events are skipped and
counted from now on. To let events wait instead, pause it. A responder that is disabled or paused leaves what it blocks in force,
and neither adds nor takes anything away.

Example:

    tocsin integrations disable "SOC webhook" --yes`
}

// Run disables it.
func (c *integrationsDisableCmd) Run(ctx context.Context, p *Process) error {
	if err := c.confirm(p, "Disabling "+c.Which+" discards what is parked, and skips events from now on."); err != nil {
		return err
	}
	return c.change(ctx, p, "disable")
}

type integrationsPauseCmd struct{ changeFlags }

// Help is the long help.
func (*integrationsPauseCmd) Help() string {
	return `Events wait in the journal, for as long as the journal keeps them, until it is resumed.

Example:

    tocsin integrations pause "SOC webhook"`
}

// Run pauses it.
func (c *integrationsPauseCmd) Run(ctx context.Context, p *Process) error {
	return c.change(ctx, p, "pause")
}

type integrationsResumeCmd struct{ changeFlags }

// Help is the long help.
func (*integrationsResumeCmd) Help() string {
	return `What waited goes out, in its order.

Example:

    tocsin integrations resume "SOC webhook"`
}

// Run resumes it.
func (c *integrationsResumeCmd) Run(ctx context.Context, p *Process) error {
	return c.change(ctx, p, "resume")
}

// integrationsDeleteCmd deletes an integration.
type integrationsDeleteCmd struct {
	hubFlags
	sureFlags

	Which string `arg:"" name:"integration" help:"Its id, its name, or kind/name."`
	Force bool   `help:"Delete it although deliveries are waiting or parked, which are given up, or blocks are in force there, which stay at the vendor for good."`
}

// Help is the long help.
func (*integrationsDeleteCmd) Help() string {
	return `Its secrets are destroyed; the history of its deliveries stays. While deliveries wait, or blocks are in force at a responder, it is
refused, and says how many.

Examples:

    tocsin integrations delete "Old webhook"
    tocsin integrations delete int_01kmb7a2v4e9zr6x3q8w5t0ysd --force --yes`
}

// Run deletes it, if it is still what was looked at.
func (c *integrationsDeleteCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		r, _, err := findIntegration(ctx, hub, c.Which)
		if err != nil {
			return err
		}
		if err := c.confirm(p, "Deleting "+r.Kind+"/"+r.Name+" ("+r.ID+") destroys its secrets."); err != nil {
			return err
		}
		path := below(integrationsPath, r.ID)
		if c.Force {
			path += "?force=true"
		}
		err = hub.DoIf(ctx, etag(r.Version), http.MethodDelete, path, nil, nil)
		var no *client.Problem
		if errors.As(err, &no) && no.Status == http.StatusConflict && !c.Force {
			return errors.New(no.Error() + " (here: --force)")
		}
		if err != nil {
			return err
		}
		p.say("deleted %s/%s\n", r.Kind, shown(r.Name))
		return nil
	})
}
