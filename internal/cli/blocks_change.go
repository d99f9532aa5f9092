package cli

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// blockWish is what a block is asked for with.
type blockWish struct {
	Reason      string   `short:"m" placeholder:"TEXT" help:"Why, for people. A permanent block needs one."`
	TTL         string   `placeholder:"DURATION" help:"How long: 90m, 24h, 7d or permanent; the policy's default if left out."`
	Integration []string `sep:"none" placeholder:"NAME" help:"Only at this responder: its id, its name, or kind/name; may be repeated. Without it, at all that can block it."`
	Alert       string   `placeholder:"ID" help:"Because of this alert: its id or dedup key."`
	Incident    string   `placeholder:"INC" help:"Because of this incident."`
	Event       string   `placeholder:"ID" help:"Because of this event."`
}

func (w *blockWish) body(ctx context.Context, hub *client.Client, target string) (map[string]any, error) {
	in := map[string]any{"target": target}
	for name, value := range map[string]string{"reason": w.Reason, "ttl": w.TTL} {
		if value != "" {
			in[name] = value
		}
	}
	evidence := map[string]string{}
	for name, value := range map[string]string{"alert": w.Alert, "incident": w.Incident, "event": w.Event} {
		if value != "" {
			evidence[name] = value
		}
	}
	if len(evidence) > 0 {
		in["evidence"] = evidence
	}
	var ids []string
	for _, name := range w.Integration {
		r, _, err := findIntegration(ctx, hub, name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, r.ID)
	}
	if len(ids) > 0 {
		in["integrations"] = ids
	}
	return in, nil
}

// blocksAddCmd asks for a block.
type blocksAddCmd struct {
	hubFlags
	viewFlags
	blockWish

	Target string        `arg:"" optional:"" help:"An address or a range in CIDR notation. With --observed it may be left out."`
	From   string        `name:"observed" placeholder:"ALERT" help:"Block what a sensor observed in this alert (its id or dedup key) or event (evt_…), and nothing else."`
	DryRun bool          `help:"Only say what would become of it."`
	Wait   time.Duration `placeholder:"DURATION" help:"Wait until each responder has verified it, or failed, at most so long."`
}

// Help is the long help.
func (*blocksAddCmd) Help() string {
	return `A block is desired state: the address must not get in until the block ends, and responders make that true and read it back.
The guard looks first: what is on the never-block list is refused, what is beyond the policy waits for somebody else's approval.
The same target twice is one block, which lasts until whichever is later.

Exits with 1 if the guard refuses, or, with --wait, if a responder did not verify it.

Examples:

    tocsin blocks add 203.0.113.7 --reason "Brute force against the login"
    tocsin blocks add 203.0.113.0/28 --ttl 7d --reason "Scanners" --wait 30s
    tocsin blocks add --observed alr_01kmb7a2v4e9zr6x3q8w5t0ysd
    tocsin blocks add --observed spray:203.0.113.80 --ttl 2h
    tocsin blocks add 203.0.113.7 --dry-run`
}

// Run asks for it.
func (c *blocksAddCmd) Run(ctx context.Context, p *Process) error {
	path := blocksPath
	switch {
	case c.Target == "" && c.From == "":
		return usagef("what is to be blocked? Give an address, or --observed with an alert or event")
	case strings.HasPrefix(c.From, "evt_"):
		path = below("/api/v1/events", c.From, "block")
	}
	if c.From != "" && c.Alert+c.Incident+c.Event != "" {
		return usagef("--observed says already because of what: leave --alert, --incident and --event out")
	}
	return c.with(p, func(hub *client.Client) error {
		if c.From != "" && path == blocksPath {
			id, err := alertID(ctx, hub, c.From)
			if err != nil {
				return err
			}
			path = below(alertsPath, id, "block")
		}
		if c.Alert != "" {
			id, err := alertID(ctx, hub, c.Alert)
			if err != nil {
				return err
			}
			c.Alert = id
		}
		in, err := c.body(ctx, hub, c.Target)
		if err != nil {
			return err
		}
		if c.Target == "" {
			delete(in, "target")
		}
		if c.DryRun {
			in["dry_run"] = true
		}
		b, raw, err := request[blockRow](ctx, hub, http.MethodPost, path, in)
		if err != nil {
			return refusedBlock(p, err)
		}
		if c.Wait > 0 && b.State == "active" && !c.DryRun {
			if b, raw, err = waitForBlock(ctx, hub, b, raw, c.Wait); err != nil {
				return err
			}
		}
		if err := c.show(p, raw, func() error { return c.print(p, &b) }); err != nil {
			return err
		}
		if c.Wait > 0 {
			return unverified(&b)
		}
		return nil
	})
}

// refusedBlock prints why the guard refuses. One reason alone stands in the error already.
func refusedBlock(p *Process, err error) error {
	var refused *client.Problem
	if errors.As(err, &refused) && len(refused.Findings) > 1 {
		for _, f := range refused.Findings {
			p.note("  %s: %s\n", shown(f.Code), line(f.Text))
		}
	}
	return err
}

func (c *blocksAddCmd) print(p *Process, b *blockRow) error {
	what := map[string]string{
		"blocked": "blocked", "pending": "waits for approval:", "merged": "was blocked or asked for already:", "planned": "would be " + map[string]string{
			"allow": "blocked:", "approval": "made to wait for approval:", "refuse": "refused:",
		}[b.Decision],
	}[b.Outcome]
	if b.Outcome == "planned" && b.ID != "" {
		what = "is blocked or asked for already:"
	}
	p.say("%s\n", joined(what, shown(b.Target), shown(b.ID), "("+b.endsOrEnded()+")"))
	for _, f := range b.Findings {
		p.say("  %s: %s\n", shown(f.Code), line(f.Text))
	}
	for _, l := range b.Placements {
		p.say("  %s\n", joined(shown(orDash(l.Name))+":", shown(l.State), line(l.Cause)))
	}
	return nil
}

// joined are words with blanks between them; what is empty leaves none.
func joined(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// waitEvery is how often it is looked whether a block is verified.
const waitEvery = 200 * time.Millisecond

// waitForBlock waits until a block stands somewhere for good at every responder, or the time is over.
func waitForBlock(ctx context.Context, hub *client.Client, b blockRow, raw []byte, most time.Duration) (blockRow, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	tick := time.NewTicker(waitEvery)
	defer tick.Stop()
	for {
		settled := true
		for _, l := range b.Placements {
			settled = settled && l.State != "requested" && l.State != "applied"
		}
		if settled {
			return b, raw, nil
		}
		select {
		case <-ctx.Done():
			return b, raw, nil // what is missing is said by its state
		case <-tick.C:
		}
		now, text, err := fetch[blockRow](ctx, hub, below(blocksPath, b.ID))
		switch {
		case err != nil && ctx.Err() != nil:
			return b, raw, nil
		case err != nil:
			return b, raw, err
		}
		now.Outcome, now.Decision, now.Findings = b.Outcome, b.Decision, b.Findings
		b, raw = now, text
	}
}

// unverified says that a block is not in force everywhere.
func unverified(b *blockRow) error {
	var missing []string
	for _, l := range b.Placements {
		if l.State != "verified" && l.State != "covered" {
			missing = append(missing, orDash(l.Name)+" ("+l.State+")")
		}
	}
	if len(missing) > 0 {
		return errors.New("not verified at " + strings.Join(missing, ", "))
	}
	return nil
}

// blocksPlanCmd plans a block.
type blocksPlanCmd struct {
	hubFlags
	viewFlags
	blockWish

	Target string `arg:"" help:"An address or a range in CIDR notation."`
}

// Help is the long help.
func (*blocksPlanCmd) Help() string {
	return `Nothing is changed. The vendors are asked what they hold; the calls that would be made are shown with their secrets masked.
Exits with 0 whatever the decision is; "tocsin blocks add --dry-run" exits with 1 where the guard refuses.

Example:

    tocsin blocks plan 203.0.113.7 --ttl 7d`
}

// planRow is a plan as the API shows it.
type planRow struct {
	Decision   string           `json:"decision"`
	Findings   []client.Finding `json:"findings"`
	Target     string           `json:"target"`
	ExpiresAt  time.Time        `json:"expires_at"`
	Merges     string           `json:"merges"`
	Responders []struct {
		Name, Kind, Action, Detail string
		Used, Capacity             int
		Warnings                   []string
		Call                       *struct{ Method, URL, Body string }
	}
}

// Run prints the plan.
func (c *blocksPlanCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		in, err := c.body(ctx, hub, c.Target)
		if err != nil {
			return err
		}
		plan, raw, err := request[planRow](ctx, hub, http.MethodPost, blocksPath+"/plan", in)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error { return printPlan(p, &plan) })
	})
}

func printPlan(p *Process, plan *planRow) error {
	pairs := []string{"target", plan.Target, "decision", plan.Decision}
	if plan.Decision != "refuse" {
		pairs = append(pairs, "would end", day(&plan.ExpiresAt, "never"))
	}
	if plan.Merges != "" {
		pairs = append(pairs, "merges into", plan.Merges)
	}
	for _, f := range plan.Findings {
		pairs = append(pairs, f.Code, f.Text)
	}
	if err := p.fields(pairs...); err != nil {
		return err
	}
	for _, r := range plan.Responders {
		detail := line(r.Detail)
		if detail != "" {
			detail = "– " + detail
		}
		p.say("\n%s\n", joined(shown(r.Name), "("+shown(r.Kind)+"):", shown(r.Action), detail))
		if r.Capacity > 0 && r.Action != "unknown" {
			p.say("  holds %d of %d\n", r.Used, r.Capacity)
		}
		for _, w := range r.Warnings {
			p.say("  warning: %s\n", line(w))
		}
		if r.Call != nil {
			p.say("  %s %s\n", shown(r.Call.Method), line(r.Call.URL))
			if r.Call.Body != "" {
				p.say("  %s\n", line(r.Call.Body))
			}
		}
	}
	return nil
}

// changeBlock makes a request about a block and prints it, or one line about it.
func (f *hubFlags) changeBlock(ctx context.Context, p *Process, view *viewFlags, block, method, verb string, query url.Values, in any, said string) error {
	return f.with(p, func(hub *client.Client) error {
		id, err := blockID(ctx, hub, block)
		if err != nil {
			return err
		}
		path := below(blocksPath, id)
		if verb != "" {
			path += "/" + verb
		}
		if len(query) > 0 {
			path += "?" + query.Encode()
		}
		var raw json.RawMessage
		if err := hub.Do(ctx, method, path, in, &raw); err != nil {
			return refusedBlock(p, err)
		}
		return view.show(p, raw, func() error {
			var b blockRow
			if err := json.Unmarshal(raw, &b); err != nil {
				return err
			}
			p.say("%s %s %s (%s; %s)\n", said, shown(b.Target), shown(b.ID), shown(b.State), b.endsOrEnded())
			return nil
		})
	})
}
