package awswaf

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// Blocked reads all sets. What keeps blocks from having an effect is looked for from time to time; that it cannot be found
// out is no error.
func (c *Connector) Blocked(ctx context.Context) (*connector.BlockSnapshot, error) {
	s, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	u := c.lookUp(ctx, false)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("reading web ACLs: %w", context.Cause(ctx))
	}
	s.Warnings = append(s.Warnings, u.Warnings...)
	return s, nil
}

// read reads all sets.
func (c *Connector) read(ctx context.Context) (*connector.BlockSnapshot, error) {
	s, version := &connector.BlockSnapshot{}, make([]*held, len(c.sets))
	for i, empty := range c.sets {
		h, err := c.readSet(ctx, empty)
		if err != nil {
			return nil, err
		}
		version[i] = h
		s.Entries = h.entries(s.Entries)
		s.Used += len(h.addresses)
		s.Warnings = append(s.Warnings, h.warnings()...)
	}
	s.Version = version
	return s, nil
}

// readSet reads one set.
func (c *Connector) readSet(ctx context.Context, of *held) (*held, error) {
	a := action{name: "GetIPSet", doing: "reading the IP set " + of.set.name, needs: "wafv2:GetIPSet on the IP set " + of.set.name}
	out, _, err := invoke(ctx, c, a, reads, c.api.GetIPSet, &wafv2.GetIPSetInput{
		Name: aws.String(of.set.name), Id: aws.String(of.set.id), Scope: of.set.scope,
	})
	if err != nil {
		return nil, err
	}
	h := &held{set: of.set, is6: of.is6, token: deref(out.LockToken)}
	switch {
	case out.IPSet == nil || h.token == "":
		return nil, fmt.Errorf("%s: the answer does not hold the set", a.doing)
	case deref(out.IPSet.Id) != of.set.id:
		return nil, fmt.Errorf("%s: the answer holds another set", a.doing)
	case (out.IPSet.IPAddressVersion == types.IPAddressVersionIpv6) != of.is6:
		return nil, connector.Permanent(fmt.Errorf("%s: it is a set for %s, and its ARN belongs into %s", a.doing, family(!of.is6), setting(!of.is6)))
	}
	h.description = deref(out.IPSet.Description)
	if err := h.read(out.IPSet.Addresses); err != nil {
		return nil, fmt.Errorf("%s: %w", a.doing, err)
	}
	return h, nil
}

func setting(is6 bool) string {
	if is6 {
		return "ip_set_arn_v6"
	}
	return "ip_set_arn"
}

// Change makes the changes with at most one update for each set, and with none for a set that they leave as it is. A set
// that cannot be updated does not keep the other one from it. ErrStale is given while nothing was changed; once a set was,
// the other one is read anew and the changes are planned again for it, in which what somebody else has added stays theirs.
func (c *Connector) Change(ctx context.Context, s *connector.BlockSnapshot, changes []connector.BlockChange) ([]connector.BlockResult, error) {
	results := make([]connector.BlockResult, len(changes))
	version, ok := s.Version.([]*held)
	if !ok || len(version) != len(c.sets) {
		return results, connector.Permanent(errors.New("the snapshot is not one of these IP sets"))
	}
	mine := c.sort(changes, results)
	var failed error
	changed := false
	for i, h := range version {
		touched, err := c.update(ctx, h, changes, mine[i], results)
		if errors.Is(err, connector.ErrStale) {
			if !changed {
				return results, err
			}
			touched, err = c.insist(ctx, h, changes, mine[i], results)
		}
		changed = changed || touched
		failed = sooner(failed, err)
		if errors.Is(err, httpkit.ErrDryRun) || ctx.Err() != nil {
			break
		}
	}
	return results, failed
}

// maxInsist is how often a set is read anew within one call.
const maxInsist = 2

// insist updates a set that somebody else has changed, after the other one was updated.
func (c *Connector) insist(ctx context.Context, h *held, changes []connector.BlockChange, mine []int, results []connector.BlockResult) (touched bool, err error) {
	for range maxInsist {
		fresh, err := c.readSet(ctx, h)
		if err != nil {
			return false, err
		}
		*h = *fresh
		if touched, err = c.update(ctx, h, changes, mine, results); !errors.Is(err, connector.ErrStale) {
			return touched, err
		}
	}
	return false, fmt.Errorf("updating the IP set %s: somebody else changes it all the time", h.set.name)
}

// sort says which changes are for which set, and refuses those that are for none.
func (c *Connector) sort(changes []connector.BlockChange, results []connector.BlockResult) [][]int {
	limits := c.BlockLimits()
	mine := make([][]int, len(c.sets))
	for i, change := range changes {
		p := change.Prefix
		if !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() {
			results[i].Err = connector.Permanent(fmt.Errorf("%s is no range of addresses that can be blocked", p))
			continue
		}
		if why := limits.Takes(p); why != "" {
			results[i].Err = connector.Permanent(errors.New(why))
			continue
		}
		for j, h := range c.sets {
			if h.is6 == p.Addr().Is6() {
				mine[j] = append(mine[j], i)
			}
		}
	}
	return mine
}

// update changes one set, and says whether it was, or may have been.
func (c *Connector) update(ctx context.Context, h *held, changes []connector.BlockChange, mine []int, results []connector.BlockResult) (touched bool, err error) {
	e := h.edit(changes, mine)
	for _, i := range mine {
		results[i] = e.settled[i]
	}
	if !e.changed {
		return false, nil
	}
	did, err := c.write(ctx, h, e.addresses)
	unknown := maybeDone(did, err)
	h.lost = h.lost || unknown
	for _, i := range e.touched {
		results[i].Done, results[i].Unknown = err == nil, unknown
	}
	return err == nil || unknown, err
}

// write replaces a set's addresses, and keeps up what is known of it, so that another change may follow.
func (c *Connector) write(ctx context.Context, h *held, addresses []string) (*call, error) {
	a := action{name: "UpdateIPSet", doing: "updating the IP set " + h.set.name, needs: "wafv2:UpdateIPSet on the IP set " + h.set.name}
	if h.lost {
		return &call{}, fmt.Errorf("%s: %w: what became of the last update is not known", a.doing, connector.ErrStale)
	}
	input := &wafv2.UpdateIPSetInput{
		Name: aws.String(h.set.name), Id: aws.String(h.set.id), Scope: h.set.scope, Addresses: addresses, LockToken: aws.String(h.token),
	}
	if h.description != "" { // left out, it would be taken away; empty, it would be refused
		input.Description = aws.String(h.description)
	}
	out, did, err := invoke(ctx, c, a, updates, c.api.UpdateIPSet, input)
	if err != nil {
		return did, err
	}
	h.token, h.lost = deref(out.NextLockToken), deref(out.NextLockToken) == ""
	if err := h.read(addresses); err != nil {
		return did, fmt.Errorf("%s: %w", a.doing, err)
	}
	return did, nil
}

// sooner chooses which of two errors the changes that are not done are given: the one after which it is soonest worth
// another try. What the other one is about is met again then.
func sooner(a, b error) error {
	if a == nil || b != nil && rank(b) < rank(a) {
		return b
	}
	return a
}

func rank(err error) int {
	after, waits := connector.IsThrottled(err)
	switch {
	case waits && after < time.Minute:
		return 0
	case !connector.IsPermanent(err):
		return 1
	}
	return 2
}
