package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/cli/manifest"
	"github.com/tocsin-hub/tocsin/internal/client"
)

// applyCmd makes the hub what files say.
type applyCmd struct {
	hubFlags
	viewFlags
	fileFlags
	sureFlags

	DryRun bool `help:"Only show what would change."`
}

// Help is the long help.
func (*applyCmd) Help() string {
	return `Shows what would change, asks, and changes it. Applied again, the same files change nothing. A file manages what it names
and nothing else: a field that it leaves out stays as it is, null puts one back to its default, lists are taken as a
whole. What changed on the hub between the look and the change is not overwritten: the command says so and stops.
Whatever stops it, it says what was done and what was not.

A file:

    version: 1
    integrations:
      - kind: webhook
        name: SOC
        settings:
          url: https://soc.example.com/hooks/tocsin
          signing_secret: env:SOC_SECRET        # read by the hub, from its own environment
        subscription:
          types: [alert.*, incident.*]
    sources:
      - name: GitHub
        dialect: github
        auth:
          method: github
          secret: local-file:secrets/github     # read here, and sent to the hub
    mapping_rules:
      - name: drop health checks
        source: name:GitHub                     # a source by its name
        when: event.title.contains("healthz")
        drop: true

Things are the same when their names are (integrations: kind and name). Secrets are never written into a file: env:NAME
and file:/path are read by the hub (administrators only), local-env:NAME and local-file:PATH here. Since the hub does not
show secrets, one that is read here is sent when the thing is made or has none, and again only with --secrets.

--prune deletes what the hub has and the files do not, only in the lists that the files have: "sources: []" with --prune
deletes every source. It always asks, or needs --yes.

Examples:

    tocsin apply -f tocsin.yaml --dry-run
    tocsin apply -f tocsin.yaml
    tocsin apply -f hub.d/ --prune --yes          # from a pipeline

    # What one hub has, for another one: write where the secrets are in place of the ********, and apply
    tocsin export --profile lab > tocsin.yaml
    tocsin apply --profile production -f tocsin.yaml`
}

// Run plans, asks and applies.
func (c *applyCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		plan, things, err := c.plan(ctx, p, hub)
		if err != nil {
			return err
		}
		if err := c.showPlan(p, plan); err != nil {
			return err
		}
		if c.DryRun || len(plan.Changes) == 0 {
			return nil
		}
		question := "This makes the changes above."
		if n := plan.Deletions(); n > 0 {
			question = fmt.Sprintf("This makes the changes above, and deletes %d things with their secrets.", n)
		}
		if err := c.confirm(p, question); err != nil {
			return err
		}
		return newApplier(hub, things).all(ctx, p, plan)
	})
}

// showPlan prints a plan.
func (f *viewFlags) showPlan(p *Process, plan *manifest.Plan) error {
	return f.showValue(p, plan, func() error {
		p.say("%s", colouredPlan(plan.Text(), p.colours()))
		return nil
	})
}

// colouredPlan paints the lines of a plan.
func colouredPlan(text string, on bool) string {
	var b strings.Builder
	for part := range strings.Lines(text) {
		part = line(strings.TrimSuffix(part, "\n"))
		colour := ""
		if part != "" {
			colour = map[byte]string{'+': green, '~': yellow, '-': red}[part[0]]
		}
		b.WriteString(paint(on, colour, part) + "\n")
	}
	return b.String()
}

// applier makes the changes of a plan.
type applier struct {
	hub *client.Client
	ids map[manifest.Ref]string
}

func newApplier(hub *client.Client, things []manifest.Thing) *applier {
	a := &applier{hub: hub, ids: map[manifest.Ref]string{}}
	for _, t := range things {
		a.ids[manifest.Ref{Section: t.Section.Key, Name: t.Name}] = t.ID
	}
	return a
}

// all makes the changes one after the other, and stops at the first that fails.
func (a *applier) all(ctx context.Context, p *Process, plan *manifest.Plan) error {
	done := map[manifest.Action]string{manifest.Create: "made", manifest.Update: "changed", manifest.Delete: "deleted"}
	for i, c := range plan.Changes {
		if err := a.one(ctx, c); err != nil {
			return fmt.Errorf("%w\n%d of %d changes were made; not made: %s", explained(c, err), i, len(plan.Changes), titles(plan.Changes[i:]))
		}
		p.note("%s %s\n", done[c.Action], line(c.Title()))
	}
	return nil
}

func titles(changes []*manifest.Change) string {
	var list []string
	for _, c := range changes {
		list = append(list, c.Title())
	}
	return strings.Join(list, ", ")
}

func (a *applier) one(ctx context.Context, c *manifest.Change) error {
	body, err := manifest.Wire(c.Body, func(r manifest.Ref) (string, error) {
		if id := a.ids[r]; id != "" {
			return id, nil
		}
		return "", fmt.Errorf("%s is not there yet", r)
	})
	if err != nil {
		return err
	}
	switch c.Action {
	case manifest.Create:
		made, _, err := request[struct{ ID string }](ctx, a.hub, http.MethodPost, c.Section.Path, body)
		a.ids[manifest.Ref{Section: c.Section.Key, Name: c.Name}] = made.ID
		return err
	case manifest.Update:
		return a.hub.DoIf(ctx, etag(c.Version), http.MethodPatch, below(c.Section.Path, c.ID), body, nil)
	}
	return a.hub.DoIf(ctx, etag(c.Version), http.MethodDelete, below(c.Section.Path, c.ID), nil, nil)
}

// explained says what a refusal is about, and where the wrong fields stand.
func explained(c *manifest.Change, err error) error {
	var no *client.Problem
	switch {
	case !errors.As(err, &no):
		return fmt.Errorf("%s: %w", c.Title(), err)
	case no.Status == http.StatusPreconditionFailed:
		return fmt.Errorf("%s has changed on the hub meanwhile: look at the difference again (tocsin diff)", c.Title())
	case no.Status == http.StatusConflict && c.Action == manifest.Delete:
		return fmt.Errorf("%s: %w (or: tocsin integrations delete %s --force)", c.Title(), err, c.ID)
	case c.Item == nil || len(no.Errors) == 0:
		return fmt.Errorf("%s: %w", c.Title(), err)
	}
	var list []string
	for _, f := range no.Errors {
		field := strings.TrimPrefix(f.Field, "body.")
		list = append(list, fmt.Sprintf("%s: %s: %s %s", c.Item.At(field), c.Title(), field, f.Message))
	}
	return errors.New(strings.Join(list, "\n"))
}

// diffCmd shows what apply would change.
type diffCmd struct {
	hubFlags
	viewFlags
	fileFlags
}

// Help is the long help.
func (*diffCmd) Help() string {
	return `The same as "tocsin apply --dry-run", but exit code 4 says that there are differences: for a check that nobody changed by
hand what files describe. "tocsin apply --help" says what a file looks like.

Examples:

    tocsin diff -f tocsin.yaml
    tocsin diff -f hub.d/ --prune || echo "not as in the repository"`
}

// Run plans.
func (c *diffCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		plan, _, err := c.plan(ctx, p, hub)
		if err != nil {
			return err
		}
		if err := c.showPlan(p, plan); err != nil {
			return err
		}
		if len(plan.Changes) > 0 {
			return errDifferent
		}
		return nil
	})
}

// exportCmd writes what apply reads.
type exportCmd struct {
	hubFlags

	To   string   `placeholder:"FILE" help:"Where to: a new file; standard output if left out."`
	Only []string `enum:"integrations,mapping_rules,sources" placeholder:"LIST" help:"Only this list: integrations, mapping_rules or sources; may be repeated."`
}

// Help is the long help.
func (*exportCmd) Help() string {
	return `What is as it is by default is left out. The hub does not give secrets away: where it keeps one the file says ********,
which apply takes as "as it is", and refuses where the thing is new. References (env:, file:) are written as they are.

Examples:

    tocsin export > tocsin.yaml
    tocsin export --only integrations --to integrations.yaml`
}

// Run writes the document.
func (c *exportCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		wanted := func(s *manifest.Section) bool { return len(c.Only) == 0 || slices.Contains(c.Only, s.Key) }
		needed := func(s *manifest.Section) bool { return wanted(s) || s.Key == "sources" }
		things, err := readThings(ctx, hub, needed, func(s *manifest.Section) {
			p.note("tocsin: this hub does not know %s\n", s.Key)
		})
		if err != nil {
			return err
		}
		var kinds []string
		for _, t := range things {
			if kind, ok := t.Fields["kind"].(string); ok {
				kinds = append(kinds, kind)
			}
		}
		var schemas map[string]manifest.Schemas
		if len(kinds) > 0 {
			if schemas, err = readSchemas(ctx, hub, kinds); err != nil {
				return err
			}
		}
		doc := manifest.Export(things, schemas, wanted)
		if c.To == "" {
			return encodeYAML(p.Stdout, doc)
		}
		return writeNew(c.To, func(w io.Writer) error { return encodeYAML(w, doc) })
	})
}
