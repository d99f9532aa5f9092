package respond

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
)

// connectOne says what to do without a responder.
const connectOne = "connect Cloudflare, AWS WAF or your own endpoint under Settings → Integrations"

// around is what lies around a request of an account, beside its blocks: it is looked up before the book is held.
type around struct {
	responders []reconcile.State
	people     []guard.Protected // where people are signed in from
	// gathers: who is to look at what was written is gathered, and told once, when all is written.
	gathers  bool
	gathered []event.ID
}

// lookAround looks it up. Without knowing where people are signed in from nothing is decided.
func (s *Service) lookAround(ctx context.Context, account event.Account) (around, error) {
	a := around{responders: s.deps.Responders.States(account)}
	if s.deps.Sessions == nil {
		return a, nil
	}
	for _, of := range append([]event.Account{account}, s.parents(account)...) {
		signedIn, err := s.deps.Sessions(ctx, of)
		if err != nil {
			return a, fmt.Errorf("looking up where people are signed in from: %w", err)
		}
		for _, addr := range slices.SortedFunc(maps.Keys(signedIn), netip.Addr.Compare) {
			plain := addr.Unmap().WithZone("")
			if !plain.IsValid() {
				continue
			}
			who := line(signedIn[addr], event.MaxName)
			if of != account { // who they are is not the business of an account below
				who = "somebody of an account above"
			}
			a.people = append(a.people, guard.Protected{
				Prefix: netip.PrefixFrom(plain, plain.BitLen()), Source: "session", Reason: who + " is signed in from there", Account: of,
			})
		}
	}
	return a, nil
}

// state finds a responder.
func (a *around) state(id event.ID) *reconcile.State {
	i := slices.IndexFunc(a.responders, func(r reconcile.State) bool { return r.Integration == id })
	if i < 0 {
		return nil
	}
	return &a.responders[i]
}

// choose gives the responders that a request is for: those that it names, or all that are enabled and take the target. With
// none that takes it, it gives all that are enabled, so that the guard can say why not. The error is form.Errors.
func (a *around) choose(w *wish) ([]event.ID, error) {
	if len(w.named) == 0 {
		var takes, all []event.ID
		for i := range a.responders {
			if r := &a.responders[i]; r.Enabled {
				all = append(all, r.Integration)
				if r.Limits.Takes(w.target) == "" {
					takes = append(takes, r.Integration)
				}
			}
		}
		if len(takes) == 0 {
			return all, nil
		}
		return takes, nil
	}
	var errs form.Errors
	var ids []event.ID
	for i, id := range w.named {
		r := a.state(id)
		switch {
		case r == nil:
			errs.Add(place(i), "is not an integration of this account that can block")
			continue
		case !r.Enabled:
			errs.Add(place(i), "names %s, which is disabled, paused or without a secret: it blocks nothing", line(r.Name, event.MaxName))
		}
		if why := r.Limits.Takes(w.target); why != "" {
			errs.Add(place(i), "names %s, which cannot block %s: %s", line(r.Name, event.MaxName), guard.Words(w.target), why)
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, errs.Err()
}

// usage is what is going on in the account, for a target and responders.
func (d *draft) usage(target netip.Prefix, ids []event.ID) guard.Usage {
	u := guard.Usage{
		Minute: d.book.within(d.now.Add(-minute)) + d.activated,
		Hour:   d.book.within(d.now.Add(-hour)) + d.activated,
	}
	for _, id := range ids {
		r := d.around.state(id)
		if r != nil {
			u.Responders = append(u.Responders, d.roomAt(r, target))
		}
	}
	return u
}

// roomAt is how full a responder is for a target: where each family has a place of its own, that one alone.
func (d *draft) roomAt(r *reconcile.State, target netip.Prefix) guard.Responder {
	g := guard.Responder{Name: line(r.Name, event.MaxName), Limits: r.Limits, Capacity: r.Capacity}
	active, wanted := d.book.active[r.Integration], d.wanted[r.Integration]
	held, blocks := reconcile.Held{Used: r.Used, Ours: r.Ours}, active[0]+active[1]+wanted[0]+wanted[1]
	if most, ofFamily := r.Limits.CapacityOf(target); ofFamily {
		g.Capacity, held, blocks = most, r.Of(target), active[family(target)]+wanted[family(target)]
	}
	// What is wanted there and is not yet: each block may take an entry.
	g.Used = max(held.Used, held.Used-held.Ours+blocks)
	return g
}

// question is what the guard is asked about the target of a wish.
type question struct {
	ttl        time.Duration // 0: for ever
	reason     string
	responders []event.ID
	known      bool // the target has an open block
	renewed    bool // which is active, at all of the responders
}

// judge asks the guard.
func (d *draft) judge(w *wish, q question) guard.Verdict {
	v := guard.Decide(d.policy, d.list, guard.Ask{
		Target: w.target, TTL: q.ttl, Reason: q.reason, Automatic: !w.rule.IsZero(), Caller: w.caller, Renewed: q.renewed,
	}, d.usage(w.target, q.responders), d.now)
	for i := range v.Findings {
		if v.Findings[i].Code == guard.CodeNoResponder {
			v.Findings[i].Text += ": " + connectOne
		}
	}
	if w.ask {
		v = with(v, guard.CodeFourEyes, guard.Approve, "the response rule proposes it: a person decides")
	}
	switch {
	case q.known:
	case v.Decision == guard.Approve && d.book.pending+d.asked >= MaxPending:
		v = with(v, guard.CodeFourEyes, guard.Refuse, fmt.Sprintf("%d blocks wait for approval already: decide about them first", MaxPending))
	case len(d.book.ids)+len(d.fresh)-len(d.ended) >= MaxOpen:
		v = with(v, guard.CodeCapacity, guard.Refuse, fmt.Sprintf("the account has %d blocks: end some first", MaxOpen))
	}
	return v
}

// with adds a finding to a verdict.
func with(v guard.Verdict, code string, decision guard.Decision, text string) guard.Verdict {
	f := guard.Finding{Code: code, Decision: decision, Text: text}
	if decision == guard.Refuse {
		return guard.Verdict{Decision: guard.Refuse, Findings: append([]guard.Finding{f}, v.Findings...)}
	}
	if v.Decision == guard.Allow {
		v.Decision = decision
	}
	v.Findings = append(slices.Clip(v.Findings), f)
	return v
}

// Limits of an account.
const (
	// MaxPending is how many blocks may wait for approval: nobody looks through more, and each is told of.
	MaxPending = 1000
	// MaxOpen is how many blocks may be open; no responder holds more.
	MaxOpen = 200_000
)
