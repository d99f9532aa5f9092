package awswaf

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// Test proves the credentials by reading each set, and looks whether rules use them. With prove_write it sends each set back
// as it is, which proves that the credentials may write and changes nothing.
func (c *Connector) Test(ctx context.Context) error {
	var notes []string
	var sets []*held
	for i, empty := range c.sets {
		err := shown(ctx, i == 0, func(ctx context.Context) error {
			h, err := c.readSet(ctx, empty)
			if err == nil {
				sets = append(sets, h)
			}
			return err
		})
		if err != nil {
			return err
		}
		notes = append(notes, fmt.Sprintf("The IP set %s holds %d of %d addresses.", sets[i].set.name, len(sets[i].addresses), maxAddresses))
		notes = append(notes, sets[i].warnings()...)
	}
	notes = append(notes, c.lookUp(ctx, true).notes()...)
	if ctx.Err() != nil {
		return fmt.Errorf("reading web ACLs: %w", context.Cause(ctx))
	}
	if !c.settings.ProveWrite {
		notes = append(notes, "The credentials may read. Whether they may write (wafv2:UpdateIPSet) shows with the first block, or in a test with prove_write.")
	}
	for _, h := range sets {
		if !c.settings.ProveWrite {
			break
		}
		if err := shown(ctx, false, func(ctx context.Context) error { return c.prove(ctx, h) }); err != nil {
			return err
		}
		notes = append(notes, "The credentials may write to the IP set "+h.set.name+": it was sent back as it is.")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.about = notes
	return nil
}

// prove writes a set as it is. That somebody else was faster proves as much: locks are looked at after permissions.
func (c *Connector) prove(ctx context.Context, h *held) error {
	if _, err := c.write(ctx, h, h.addresses); !errors.Is(err, connector.ErrStale) {
		return err
	}
	return nil
}

// shown makes requests, of which the exchange that is shown of a test tells if they are the first or if they fail.
func shown(ctx context.Context, first bool, do func(context.Context) error) error {
	outer := httpkit.ExchangeOf(ctx)
	if outer == nil || first {
		return do(ctx)
	}
	inner := &httpkit.Exchange{Full: outer.Full, DryRun: outer.DryRun}
	err := do(httpkit.WithExchange(ctx, inner))
	if err != nil {
		*outer = *inner
	}
	return err
}
