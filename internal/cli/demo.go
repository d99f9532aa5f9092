package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/app"
	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/config"
	"github.com/tocsin-hub/tocsin/internal/demo"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// demoCmd runs the hub with a workspace that shows what it does.
type demoCmd struct {
	settingFlags

	Once  bool `help:"Stop when everything is delivered, instead of serving on."`
	Still bool `help:"Send nothing more once the samples are delivered."`
}

// Help is the long help.
func (*demoCmd) Help() string {
	return `Runs the hub as "tocsin serve" does, and beside it four receivers on this machine: one that checks the signatures of
webhooks, a model of Splunk's HTTP Event Collector, a model of a firewall, and a ticket desk that fails at times. It sets up
integrations for them and an inbox, a rule that makes an incident of related alerts, a silence, and a rule that only says
what it would block; sends sample events in the formats of Falco, Wallarm and Tocsin itself; waits until each has arrived;
prints where, and the queue of alerts; and blocks two addresses at the firewall. Then it serves on until Ctrl-C, and sends
an event or two a second, some of them alerts, so that there is something to watch: the desk refuses a project that it does
not know yet, which ends in the mailbox until it is replayed a minute later, and is busy now and then, which a retry mends.
Nothing leaves this machine.

A second run on the same data directory finds the key and the workspace of the first.

Examples:

    tocsin demo

    # The samples only, and then quiet
    tocsin demo --still

    # In a directory of its own, and back
    tocsin demo --data-dir /tmp/tocsin-demo --listen 127.0.0.1:0 --once`
}

// Run runs the demo.
func (c *demoCmd) Run(ctx context.Context, p *Process) error {
	cfg, err := c.settings(p)
	if err != nil {
		return err
	}
	state, err := demo.LoadState(cfg.DataDir)
	if err != nil {
		return err
	}
	world, err := demo.StartWorld(state)
	if err != nil {
		return err
	}
	p.note("starting the hub in %s …\n", cfg.DataDir)
	hub := startHub(ctx, p, cfg)
	err = c.run(hub.ctx, p, cfg, state, world, hub)
	if hub.ctx.Err() != nil {
		err = nil // somebody asked for the end, or the hub failed: stop knows which
	}
	return errors.Join(err, orderly(ctx, hub.stop()), world.Close())
}

// settings are those of serve, with this machine's receivers allowed, quieter logs and, unless a port was asked for,
// any free one where the usual one is taken.
func (c *demoCmd) settings(p *Process) (config.Config, error) {
	cfg, err := c.load(p)
	if err != nil {
		return cfg, err
	}
	cfg.Egress.Allow = append(cfg.Egress.Allow, netip.MustParsePrefix("127.0.0.0/8"))
	for _, v := range cfg.Values() {
		switch {
		case v.Origin != "default":
		case v.Key == "log.level":
			cfg.Log.Level = slog.LevelWarn
		case v.Key == "listen" && taken(cfg.Listen):
			p.note("%s is taken: using another port\n", cfg.Listen)
			cfg.Listen = "127.0.0.1:0"
		}
	}
	return cfg, nil
}

// taken says whether somebody listens there already.
func taken(address string) bool {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return true
	}
	return listener.Close() != nil
}

// runningHub is a hub in this process.
type runningHub struct {
	ctx    context.Context // done when the hub has ended or is to end
	cancel context.CancelFunc
	ready  chan app.Info
	ended  chan error
}

func startHub(ctx context.Context, p *Process, cfg config.Config) *runningHub {
	h := &runningHub{ready: make(chan app.Info, 1), ended: make(chan error, 1)}
	h.ctx, h.cancel = context.WithCancel(ctx)
	go func() {
		defer h.cancel()
		h.ended <- app.Run(h.ctx, cfg, p.logger(cfg.Log), func(info app.Info) { h.ready <- info })
	}()
	return h
}

// stop ends the hub and waits for it.
func (h *runningHub) stop() error {
	h.cancel()
	return <-h.ended
}

// run shows the demo when the hub is ready, and serves on until it is to end.
func (c *demoCmd) run(ctx context.Context, p *Process, cfg config.Config, state *demo.State, world *demo.World, h *runningHub) error {
	var info app.Info
	select {
	case info = <-h.ready:
	case <-ctx.Done():
		return nil // stop gives the reason
	}
	hub, err := demoClient(ctx, cfg, state, info)
	if err != nil {
		return err
	}
	defer hub.Close()
	if err := show(ctx, p, hub, state, world, info); err != nil || c.Once {
		return err
	}
	if c.Still {
		p.note("\nserving; Ctrl-C stops it\n")
		<-ctx.Done()
		return nil
	}
	p.note("\nsending an event or two a second, and serving; Ctrl-C stops it\n")
	return world.Live(ctx, hub, time.Now, func(err error) { p.note("the demo could not send: %v\n", err) })
}

// show sets the workspace up, runs the samples through it and prints what happened.
func show(ctx context.Context, p *Process, hub *client.Client, state *demo.State, world *demo.World, info app.Info) error {
	p.note("setting up the demo workspace …\n")
	integrations, err := world.Setup(ctx, hub, time.Now())
	if err != nil {
		return err
	}
	p.note("sending sample events …\n\n")
	rows, err := world.Run(ctx, hub, integrations, time.Now)
	if tableErr := demo.WriteTable(p.Stdout, integrations, rows); tableErr != nil || err != nil {
		return errors.Join(err, tableErr)
	}
	if err := demo.WriteQueue(ctx, p.Stdout, hub); err != nil {
		return err
	}
	if err := world.WriteBlocks(ctx, p.Stdout, hub); err != nil {
		return err
	}
	if err := demo.WriteCounts(ctx, p.Stdout, hub, integrations); err != nil {
		return err
	}
	if !info.OwnerLink.IsZero() {
		p.say("\n  Console        %s\n                 (makes the first owner; valid once, for 24 hours)\n", info.OwnerLink.Reveal())
	} else {
		p.say("\n  Console        %s\n                 (sign in as the owner that you made)\n", info.URL)
	}
	p.say(demoFooter, info.URL, info.URL, state.Key, alias(), integrations[0].ID)
	return nil
}

// demoClient finds a key that works: that of the first run, the one just made, the environment's, or a new one.
func demoClient(ctx context.Context, cfg config.Config, state *demo.State, info app.Info) (*client.Client, error) {
	for _, key := range []string{state.Key, info.AdminKey.Reveal(), cfg.AdminKey.Reveal(), ""} {
		if key == "" {
			continue
		}
		hub, err := client.New(info.URL, form.NewSecret(key))
		if err != nil {
			return nil, err
		}
		var problem *client.Problem
		err = hub.Do(ctx, http.MethodGet, "/api/v1/integrations?limit=1", nil, nil)
		switch {
		case err == nil:
			state.Key = key
			return hub, state.Save()
		case errors.As(err, &problem) && (problem.Status == http.StatusUnauthorized || problem.Status == http.StatusForbidden):
			hub.Close()
		default:
			return nil, err
		}
	}
	ring, err := openOfflineKeys(ctx, cfg.DataDir)
	if err != nil {
		return nil, err
	}
	_, secret, err := ring.create(ctx, keyWish{Name: "demo", Scopes: []string{string(identity.Admin)}})
	if err := errors.Join(err, ring.close()); err != nil {
		return nil, fmt.Errorf("making a key for the demo: %w", err)
	}
	state.Key = secret
	if err := state.Save(); err != nil {
		return nil, err
	}
	return client.New(info.URL, form.NewSecret(secret))
}

// alias is the line that lets a shell find this program by its name, where it does not yet.
func alias() string {
	here, err := os.Executable()
	if err != nil {
		return ""
	}
	if found, err := exec.LookPath("tocsin"); err == nil && found == here {
		return ""
	}
	return fmt.Sprintf("  alias tocsin=%s\n", shellQuote(here))
}

// shellQuote writes a text as one word of a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

const demoFooter = `
  API reference  %s/api/docs

Try it, in another terminal:

  export TOCSIN_SERVER=%s TOCSIN_KEY=%s
%s
  # Send an event of your own; it is in the inbox and in Splunk at once
  curl -H "X-API-Key: $TOCSIN_KEY" -H 'Content-Type: application/json' "$TOCSIN_SERVER/api/v1/events" \
       -d '{"type":"alert.created","severity":"low","title":"Hello from curl"}'

  # See what the inbox got
  curl -H "X-API-Key: $TOCSIN_KEY" "$TOCSIN_SERVER/api/v1/captures?integration=%s"

  # Work on the alerts: acknowledge one, look at the incident that three of them made, see what is silenced
  tocsin alerts list --status open
  tocsin alerts ack mailrule:m.roe -m "Looking into it."
  tocsin incidents get INC-1
  tocsin silences list

  # See what is blocked and where, why something never is, what a rule would have blocked; end a block
  tocsin blocks list --state open
  tocsin never-block check 198.51.100.7
  tocsin response rules report "demo: password spraying"
  tocsin blocks remove 192.0.2.10 --reason "It was ours."

  # Send a sample, watch what happens, look at the integrations, look for trouble
  tocsin send --sample incident.created
  tocsin tail --events --deliveries
  tocsin integrations list
  tocsin doctor --remote
`
