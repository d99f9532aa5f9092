package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/app"
	"github.com/tocsin-hub/tocsin/internal/version"
)

// serveCmd runs the hub until a signal.
type serveCmd struct {
	settingFlags
}

// Help is the long help.
func (*serveCmd) Help() string {
	return `Runs the hub until it is told to stop (Ctrl-C or SIGTERM); it then finishes what is in flight. A second signal
ends it at once; nothing that was acknowledged is lost by that.

On its first start it makes an admin key and prints it, once. To choose the key yourself, set TOCSIN_ADMIN_KEY (at
least 24 characters) beforehand.

Examples:

    # Everything below ./data, on port 8080 of this machine only
    tocsin serve

    # For automation: a known key, and receivers on this machine allowed
    TOCSIN_ADMIN_KEY=$(openssl rand -hex 24) TOCSIN_EGRESS_ALLOW=127.0.0.0/8 tocsin serve --data-dir /var/lib/tocsin

    # With a file, and one setting of it changed
    tocsin serve --config /etc/tocsin/tocsin.yaml --set journal.max_age=72h`
}

// Run runs the hub.
func (c *serveCmd) Run(ctx context.Context, p *Process) error {
	cfg, err := c.load(p)
	if err != nil {
		return err
	}
	log := p.logger(cfg.Log)
	for _, w := range cfg.Warnings() {
		log.Warn(w)
	}
	err = app.Run(ctx, cfg, log, func(info app.Info) {
		p.say("%s", announcement(info)) // in one piece, for those who wait for it
	})
	return orderly(ctx, err)
}

// orderly takes a start that a signal broke off for what it is: an end that somebody asked for.
func orderly(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// announcement is what a hub that is ready says.
func announcement(info app.Info) string {
	text := fmt.Sprintf("%s is ready\n  URL        %s\n  reference  %s/api/docs\n  data       %s\n",
		version.Long(), info.URL, info.URL, info.DataDir)
	if !info.OwnerLink.IsZero() {
		text += fmt.Sprintf("  sign in    %s\n             (makes the first owner; valid once, for 24 hours)\n", info.OwnerLink.Reveal())
	}
	if !info.AdminKey.IsZero() {
		text += fmt.Sprintf("  admin key  %s\n             (shown this once: keep it; send it as X-API-Key)\n", info.AdminKey.Reveal())
	}
	return text
}
