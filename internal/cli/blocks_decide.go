package cli

import (
	"context"
	"net/http"
	"net/url"
)

// oneBlock names a block.
type oneBlock struct {
	hubFlags
	viewFlags

	Block string `arg:"" help:"The block's id (blk_…), or the target of an open one."`
}

// blocksChangeCmd changes a block.
type blocksChangeCmd struct {
	oneBlock

	TTL    string `placeholder:"DURATION" help:"How long from now on: 90m, 24h, 7d or permanent."`
	Reason string `short:"m" placeholder:"TEXT" help:"Why, for people."`
}

// Help is the long help.
func (*blocksChangeCmd) Help() string {
	return `Example:

    tocsin blocks change 203.0.113.7 --ttl 72h`
}

// Run changes it.
func (c *blocksChangeCmd) Run(ctx context.Context, p *Process) error {
	in := map[string]string{}
	for name, value := range map[string]string{"ttl": c.TTL, "reason": c.Reason} {
		if value != "" {
			in[name] = value
		}
	}
	if len(in) == 0 {
		return usagef("what is to be changed? Give --ttl or --reason")
	}
	return c.changeBlock(ctx, p, &c.viewFlags, c.Block, http.MethodPatch, "", nil, in, "changed")
}

// blocksRemoveCmd ends a block.
type blocksRemoveCmd struct {
	oneBlock

	Reason string `short:"m" placeholder:"TEXT" help:"Why, for people."`
}

// Help is the long help.
func (*blocksRemoveCmd) Help() string {
	return `The block ends now, and its responders take it away.

Example:

    tocsin blocks remove 203.0.113.7 --reason "It was a customer."`
}

// Run ends it.
func (c *blocksRemoveCmd) Run(ctx context.Context, p *Process) error {
	query := url.Values{}
	setAll(query, "reason", c.Reason)
	return c.changeBlock(ctx, p, &c.viewFlags, c.Block, http.MethodDelete, "", query, nil, "unblocked")
}

// blocksApproveCmd approves a block.
type blocksApproveCmd struct {
	oneBlock

	Note string `short:"m" placeholder:"TEXT" help:"Why, for people."`
}

// Help is the long help.
func (*blocksApproveCmd) Help() string {
	return `Whoever asked for a block does not approve it, nor does a key that the same person made.

Example:

    tocsin blocks approve blk_01kmb7a2v4e9zr6x3q8w5t0ysd -m "Seen it in the firewall's log, too."`
}

// Run approves it.
func (c *blocksApproveCmd) Run(ctx context.Context, p *Process) error {
	return c.changeBlock(ctx, p, &c.viewFlags, c.Block, http.MethodPost, "approve", nil, map[string]string{"note": c.Note}, "approved")
}

// blocksRejectCmd rejects a block.
type blocksRejectCmd struct {
	oneBlock

	Note string `short:"m" placeholder:"TEXT" help:"Why, for people."`
}

// Help is the long help.
func (*blocksRejectCmd) Help() string {
	return `Example:

    tocsin blocks reject blk_01kmb7a2v4e9zr6x3q8w5t0ysd -m "A customer's office."`
}

// Run rejects it.
func (c *blocksRejectCmd) Run(ctx context.Context, p *Process) error {
	return c.changeBlock(ctx, p, &c.viewFlags, c.Block, http.MethodPost, "reject", nil, map[string]string{"note": c.Note}, "rejected")
}

// blocksRetryCmd tries again.
type blocksRetryCmd struct{ oneBlock }

// Help is the long help.
func (*blocksRetryCmd) Help() string {
	return `Responders try by themselves, after longer and longer times; this makes them try at once.

Example:

    tocsin blocks retry 203.0.113.7`
}

// Run tries again.
func (c *blocksRetryCmd) Run(ctx context.Context, p *Process) error {
	return c.changeBlock(ctx, p, &c.viewFlags, c.Block, http.MethodPost, "retry", nil, nil, "trying again:")
}
