package respond

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// terms are what requests of all accounts are decided by. They do not change: a change makes new ones.
type terms struct {
	policies map[event.Account]saved
	entries  map[event.Account][]store.Protected
	fixed    *guard.List // built in, the hub's own, the operator's
	lists    sync.Map    // accounts, from the highest down to one, as text → *guard.List
}

// saved is a policy that an account has saved.
type saved struct {
	row    store.ResponsePolicy
	policy guard.Policy
}

// defaults is the policy of an account that has saved none, and is below none that has.
var defaults = sync.OnceValue(guard.DefaultPolicy)

// with are the same terms with one thing changed.
func (t *terms) with(change func(*terms)) *terms {
	next := &terms{policies: maps.Clone(t.policies), entries: maps.Clone(t.entries), fixed: t.fixed}
	change(next)
	return next
}

// readTerms takes policies and the never-block list from the store.
func (s *Service) readTerms(ctx context.Context) error {
	t := &terms{policies: map[event.Account]saved{}, entries: map[event.Account][]store.Protected{}, fixed: fixed(s.deps.Own, s.deps.Operator)}
	policies, err := s.deps.Store.AllResponsePolicies(ctx)
	if err != nil {
		return fmt.Errorf("reading the policies of response: %w", err)
	}
	for _, row := range policies {
		t.policies[row.Account] = s.compile(row)
	}
	entries, err := s.deps.Store.AllProtected(ctx)
	if err != nil {
		return fmt.Errorf("reading the never-block list: %w", err)
	}
	for _, e := range entries {
		t.entries[e.Account] = append(t.entries[e.Account], e)
	}
	s.terms.Store(t)
	return nil
}

// compile reads a stored policy. One that is not valid any more stops all blocks of the account until somebody has looked.
func (s *Service) compile(row store.ResponsePolicy) saved {
	p, err := guard.ParsePolicy(row.Document)
	if err != nil { // it was checked when it was saved: what can be said has changed since
		s.deps.Log.Error("a policy of response is not valid any more: nothing is blocked until it is saved anew",
			slog.String("account", string(row.Account)), slog.Any("error", err))
		p = guard.DefaultPolicy()
		p.KillSwitch, p.KillReason = true, "the account's policy is not valid any more and must be saved anew: "+err.Error()
	}
	return saved{row, p}
}

// fixed is what is protected in every account.
func fixed(own []netip.Prefix, operator map[netip.Prefix]string) *guard.List {
	list := guard.NewList(guard.BuiltIn())
	var more []guard.Protected
	for _, p := range own {
		more = append(more, guard.Protected{Prefix: p, Source: "own", Reason: "Tocsin itself is there"})
	}
	for _, p := range slices.SortedFunc(maps.Keys(operator), netip.Prefix.Compare) {
		more = append(more, guard.Protected{Prefix: p, Source: "operator", Reason: operator[p]})
	}
	return list.With(more)
}

// list is the never-block list of an account: what is fixed, what the accounts above have, the highest first, its own.
func (t *terms) list(account event.Account, parents []event.Account) *guard.List {
	chain := append([]event.Account{account}, parents...)
	slices.Reverse(chain)
	var key strings.Builder
	for _, a := range chain {
		key.WriteString(string(a) + "\n")
	}
	if l, known := t.lists.Load(key.String()); known {
		return l.(*guard.List)
	}
	l := t.fixed
	for _, a := range chain {
		if len(t.entries[a]) > 0 {
			l = l.With(listed(t.entries[a]))
		}
	}
	t.lists.Store(key.String(), l)
	return l
}

// listed are entries as the guard wants them.
func listed(entries []store.Protected) []guard.Protected {
	list := make([]guard.Protected, len(entries))
	for i, e := range entries {
		list[i] = guard.Protected{Prefix: e.Prefix, Source: "list", Reason: e.Reason, ID: e.ID, Account: e.Account, Until: e.ExpiresAt}
	}
	return list
}

// policy is what holds for an account: its own, else that of the nearest account above that has saved one, else the
// defaults. A kill switch holds for all accounts below.
func (t *terms) policy(account event.Account, parents []event.Account) guard.Policy {
	p := defaults()
	for _, a := range append([]event.Account{account}, parents...) {
		if own, known := t.policies[a]; known {
			p = own.policy
			break
		}
	}
	for _, a := range parents {
		if above := t.policies[a].policy; above.KillSwitch && !p.KillSwitch {
			p.KillSwitch, p.KillReason = true, above.KillReason
		}
	}
	return p
}

// PolicyOf is the policy that holds for an account now.
func (s *Service) PolicyOf(account event.Account) guard.Policy {
	return s.terms.Load().policy(account, s.parents(account))
}

// Protected says whether a prefix overlaps what no block of an account may ever touch, and why. People's own addresses are
// looked at when they ask, not here.
func (s *Service) Protected(account event.Account, p netip.Prefix) (reason string, yes bool) {
	return protects(s.terms.Load().list(account, s.parents(account)), p, s.now())
}

func protects(l *guard.List, p netip.Prefix, now time.Time) (reason string, yes bool) {
	list := l.Overlaps(p, now)
	if len(list) == 0 {
		return "", false
	}
	e := list[len(list)-1] // the account's own word before what is built in
	return fmt.Sprintf("%s is protected: %s", guard.Words(e.Prefix), e.Reason), true
}

// claim waits to be the one who changes terms. The caller gives it back by unclaim.
func (s *Service) claim(ctx context.Context) error {
	select {
	case s.changing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Service) unclaim() { <-s.changing }

// settle waits until nobody decides by older terms any more, in an account and below.
func (s *Service) settle(ctx context.Context, account event.Account) {
	for _, a := range s.below(account) {
		b, err := s.hold(context.WithoutCancel(ctx), a)
		if err == nil {
			b.release()
		}
	}
}
