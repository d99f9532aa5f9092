package respond

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a plan.
const (
	// planTime is how long responders may be asked, planAtOnce how many at once.
	planTime   = 20 * time.Second
	planAtOnce = 4
	// maxChangeReason bounds the reason that goes to a vendor, in bytes.
	maxChangeReason = 200
)

// The actions of an Effect that a plan itself finds.
const (
	actionUnsupported = "unsupported"
	actionUnknown     = "unknown"
)

// Plan says what a request would do, with the exact calls. Errors: form.Errors. A refusal is in the plan.
func (s *Service) Plan(ctx context.Context, account event.Account, r Request) (Plan, error) {
	w, err := s.read(ctx, &r)
	if err == nil {
		err = s.exists(ctx, account, w)
	}
	if err != nil {
		return Plan{}, err
	}
	a, err := s.lookAround(ctx, account)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Target: guard.Words(w.target), Findings: []guard.Finding{}, Responders: []reconcile.Effect{}}
	out, err := s.would(ctx, account, w, &a)
	if no := new(RefusedError); errors.As(err, &no) {
		p.Decision, p.Findings = guard.Refuse, no.Verdict.Findings
		return p, nil
	}
	if err != nil {
		return Plan{}, err
	}
	p.Decision = out.Verdict.Decision
	p.Findings = append(p.Findings, out.Verdict.Findings...)
	b := &out.Block
	if !out.New {
		p.Merges = b.ID.Text(event.PrefixBlock)
	}
	if until := endsAt(b, s.now()); !until.IsZero() {
		p.ExpiresAt = &until
	}
	p.Responders = s.effects(ctx, account, b, w, &a)
	return p, nil
}

// endsAt is when a block ends, or would, were it approved now; zero: never.
func endsAt(b *store.Block, now time.Time) time.Time {
	if b.State == store.BlockPending && b.TTL > 0 {
		return now.Add(b.TTL)
	}
	return b.ExpiresAt
}

// effects asks each responder of a block what would be done there; those that a request could have been for and that do not
// take the target say so.
func (s *Service) effects(ctx context.Context, account event.Account, b *store.Block, w *wish, a *around) []reconcile.Effect {
	ctx, cancel := context.WithTimeout(ctx, planTime)
	defer cancel()
	c := connector.BlockChange{
		Block: b.ID.Text(event.PrefixBlock), Prefix: b.Target, Until: endsAt(b, s.now()), Reason: line(b.Reason, maxChangeReason),
	}
	var states []*reconcile.State
	for i := range a.responders {
		r := &a.responders[i]
		if slices.Contains(b.Responders, r.Integration) || r.Enabled && len(w.named) == 0 && r.Limits.Takes(b.Target) != "" {
			states = append(states, r)
		}
	}
	list := make([]reconcile.Effect, len(states))
	room := make(chan struct{}, planAtOnce)
	var wg sync.WaitGroup
	for i, r := range states {
		if !slices.Contains(b.Responders, r.Integration) {
			list[i] = effectOf(r, actionUnsupported, r.Limits.Takes(b.Target))
			continue
		}
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			e, err := s.deps.Responders.Preview(ctx, account, r.Integration, c)
			if err != nil {
				e = effectOf(r, actionUnknown, line(err.Error(), maxCause))
			}
			list[i] = e
		})
	}
	wg.Wait()
	return list
}

func effectOf(r *reconcile.State, action, detail string) reconcile.Effect {
	return reconcile.Effect{
		Integration: r.Integration.Text(event.PrefixIntegration), Name: r.Name, Kind: r.Kind, Action: action, Detail: detail,
		Used: r.Used, Capacity: max(r.Capacity, 0), Warnings: r.Warnings,
	}
}

// callerEntry is where a request comes from, as something that is protected.
func callerEntry(a netip.Addr) guard.Protected {
	return guard.Protected{Prefix: netip.PrefixFrom(a, a.BitLen()), Source: "caller", Reason: "this request comes from there"}
}
