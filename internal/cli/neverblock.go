package cli

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// neverBlockCmd groups the commands about what is never blocked.
type neverBlockCmd struct {
	List   neverBlockListCmd   `cmd:"" help:"List what no block ever touches."`
	Check  neverBlockCheckCmd  `cmd:"" help:"Say whether an address may be blocked, and why not."`
	Add    neverBlockAddCmd    `cmd:"" help:"Let no block touch an address or a range."`
	Remove neverBlockRemoveCmd `cmd:"" help:"Take an entry away."`
}

const neverBlockPath = "/api/v1/never-block"

// exemptRow is a range that no block touches, as the API shows it.
type exemptRow struct {
	ID        string    `json:"id"`
	Target    string    `json:"target"`
	Reason    string    `json:"reason"`
	Source    string    `json:"source"`
	Account   string    `json:"account"`
	Author    string    `json:"author"`
	ExpiresAt time.Time `json:"expires_at"`
}

// neverBlockListCmd lists the entries.
type neverBlockListCmd struct {
	hubFlags
	viewFlags

	All bool `help:"Also what is built in, what the hub's configuration says, and the entries of the accounts above."`
}

// Help is the long help.
func (*neverBlockListCmd) Help() string {
	return `Examples:

    tocsin never-block list
    tocsin never-block list --all`
}

// Run prints a table.
func (c *neverBlockListCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		query := url.Values{}
		if c.All {
			query.Set("all", "true")
		}
		rows, raw, err := listAll[exemptRow](ctx, hub, neverBlockPath, query)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error { return printExempt(p, rows) })
	})
}

func printExempt(p *Process, rows []exemptRow) error {
	t := p.table("TARGET", "SOURCE", "ENDS", "BY", "ID", "REASON")
	for i := range rows {
		r := &rows[i]
		by := r.Author
		if by == "" {
			by = r.Account
		}
		t.row(r.Target, r.Source, day(&r.ExpiresAt, "never"), by, r.ID, r.Reason)
	}
	return t.flush()
}

// neverBlockCheckCmd asks why.
type neverBlockCheckCmd struct {
	hubFlags
	viewFlags

	Target string `arg:"" help:"An address or a range in CIDR notation."`
}

// Help is the long help.
func (*neverBlockCheckCmd) Help() string {
	return `Looks both ways: at what contains the target, and at what it contains. Exits with 0 if it may be blocked, as far as this list
goes, and with 1 if it is exempt.

Example:

    tocsin never-block check 198.51.100.7`
}

// exemptError says that something is exempt.
type exemptError struct{ target string }

func (e exemptError) Error() string { return e.target + " is exempt: no block may touch it" }

// Run prints the reasons.
func (c *neverBlockCheckCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		why, raw, err := fetch[struct {
			Target  string
			Exempt  bool
			Because []exemptRow
			Blocks  []struct{ ID, Target, State string }
		}](ctx, hub, neverBlockPath+"/check?"+url.Values{"target": {c.Target}}.Encode())
		if err != nil {
			return err
		}
		err = c.show(p, raw, func() error {
			if !why.Exempt {
				p.say("%s is not exempt\n", shown(why.Target))
			} else if err := printExempt(p, why.Because); err != nil {
				return err
			}
			for _, b := range why.Blocks {
				p.say("%s %s is %s\n", shown(b.ID), shown(b.Target), shown(b.State))
			}
			return nil
		})
		if err == nil && why.Exempt {
			err = exemptError{why.Target}
		}
		return err
	})
}

// neverBlockAddCmd adds an entry.
type neverBlockAddCmd struct {
	hubFlags
	viewFlags

	Target string `arg:"" help:"An address or a range in CIDR notation."`
	Reason string `short:"m" required:"" placeholder:"TEXT" help:"Why it is exempt; it is shown with every refusal."`
	TTL    string `placeholder:"DURATION" help:"For how long: 8h, 30d; for good if left out."`
	DryRun bool   `help:"Only say which open blocks it would end."`
}

// Help is the long help.
func (*neverBlockAddCmd) Help() string {
	return `Open blocks that it touches are ended at once. It holds for this account and for all below.

Examples:

    tocsin never-block add 198.51.100.0/24 --reason "The office's way out"
    tocsin never-block add 203.0.113.7 --reason "The penetration test of this week" --ttl 7d --dry-run`
}

// Run adds it.
func (c *neverBlockAddCmd) Run(ctx context.Context, p *Process) error {
	in := map[string]string{"target": c.Target, "reason": c.Reason}
	if c.TTL != "" {
		in["ttl"] = c.TTL
	}
	path, said := neverBlockPath, "exempt"
	if c.DryRun {
		path, said = path+"?dry_run=true", "would be exempt"
	}
	return c.with(p, func(hub *client.Client) error {
		r, raw, err := request[struct {
			exemptRow
			Ended []struct{ ID, Target string } `json:"ended_blocks"`
		}](ctx, hub, http.MethodPost, path, in)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			p.say("%s\n", joined(said+":", shown(r.Target), shown(r.ID), "("+exemptUntil(&r.ExpiresAt)+")"))
			for _, b := range r.Ended {
				p.say("  ends %s %s\n", shown(b.ID), shown(b.Target))
			}
			return nil
		})
	})
}

// exemptUntil says how long an entry holds.
func exemptUntil(t *time.Time) string {
	if set(t) {
		return "until " + day(t, "")
	}
	return "for good"
}

// neverBlockRemoveCmd takes an entry away.
type neverBlockRemoveCmd struct {
	hubFlags

	Entry string `arg:"" help:"The entry's id (prt_…) or its target."`
}

// Help is the long help.
func (*neverBlockRemoveCmd) Help() string {
	return `What is built in, configured or of an account above cannot be taken away here.

Example:

    tocsin never-block remove 198.51.100.0/24`
}

// Run takes it away.
func (c *neverBlockRemoveCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		id := c.Entry
		if !strings.HasPrefix(id, "prt_") {
			rows, err := listRows[exemptRow](ctx, hub, neverBlockPath)
			if err != nil {
				return err
			}
			for i := range rows {
				if strings.EqualFold(rows[i].Target, single(c.Entry)) {
					id = rows[i].ID
				}
			}
			if id == c.Entry {
				return notFoundf("there is no entry of %s: tocsin never-block list shows those there are", c.Entry)
			}
		}
		if err := hub.Do(ctx, http.MethodDelete, below(neverBlockPath, id), nil, nil); err != nil {
			return err
		}
		p.say("not exempt any more: %s\n", shown(c.Entry))
		return nil
	})
}
