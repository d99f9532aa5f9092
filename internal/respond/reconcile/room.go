package reconcile

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// gauge says how full the vendor is.
func (p *planner) gauge() {
	p.used, p.capacity = p.snapshot.Used, p.snapshot.Capacity
	if p.used == 0 {
		p.used = len(p.snapshot.Entries)
	}
	if p.limits.Unverifiable {
		p.used = p.believed(func(netip.Prefix) bool { return true })
	}
	p.ipv4.Used, p.ipv6.Used = p.usedOf(isIPv4), p.usedOf(isIPv6)
	if p.capacity == 0 {
		p.capacity = p.limits.Capacity
	}
	if p.full > 0 && (p.capacity == 0 || p.full < p.capacity) && p.limits.CapacityIPv4+p.limits.CapacityIPv6 == 0 {
		p.capacity = p.full
	}
}

func isIPv4(p netip.Prefix) bool { return p.Addr().Is4() }

func isIPv6(p netip.Prefix) bool { return !p.Addr().Is4() }

// held is what is counted of a prefix's family.
func (p *plan) held(of netip.Prefix) *Held {
	if isIPv4(of) {
		return &p.ipv4
	}
	return &p.ipv6
}

// usedOf counts the entries of one family.
func (p *planner) usedOf(family func(netip.Prefix) bool) (n int) {
	if p.limits.Unverifiable {
		return p.believed(family)
	}
	for i := range p.snapshot.Entries {
		if family(p.snapshot.Entries[i].Prefix) {
			n++
		}
	}
	return n
}

// believed counts what may be there by us, where nothing can be read.
func (p *planner) believed(of func(netip.Prefix) bool) (n int) {
	for _, s := range p.sites {
		if of(s.prefix) && (len(s.ours) > 0 || s.maybe != nil) {
			n++
		}
	}
	return n
}

// pool is a part of what the vendor can hold: one family, or all of it.
type pool struct {
	has            func(netip.Prefix) bool
	used, capacity int // capacity 0: not known
}

func (p *planner) pools() []pool {
	v4, v6 := p.limits.CapacityIPv4, p.limits.CapacityIPv6
	var list []pool
	if v4 > 0 {
		list = append(list, pool{has: isIPv4, used: p.ipv4.Used, capacity: v4})
	}
	if v6 > 0 {
		list = append(list, pool{has: isIPv6, used: p.ipv6.Used, capacity: v6})
	}
	if v4 == 0 || v6 == 0 {
		list = append(list, pool{
			has:  func(x netip.Prefix) bool { return isIPv4(x) && v4 == 0 || isIPv6(x) && v6 == 0 },
			used: p.used, capacity: p.capacity,
		})
	}
	return list
}

// makeRoom keeps the plan within what the vendor can hold, at each moment: additions are made before removals, so only
// what fits beside what is there now is added by this plan. What fits into the room that the plan makes waits for the next
// one. What does not fit at all fails, the newest first, or has others of ours go that end first.
func (p *planner) makeRoom() {
	slices.SortFunc(p.adds, func(a, b *site) int {
		if a.follows != b.follows { // what stands for it is about to go
			if a.follows {
				return -1
			}
			return 1
		}
		return olderFirst(a.want, b.want)
	})
	pools := p.pools()
	var fit []*site
	rest := make([][]*site, len(pools))
	for i, q := range pools {
		mine := p.addsOf(q)
		fits := len(mine)
		if q.capacity > 0 {
			fits = max(min(fits, q.capacity-q.used), 0)
		}
		fit, rest[i] = append(fit, mine[:fits]...), mine[fits:]
		for _, s := range rest[i] {
			s.adding = false
		}
	}
	p.adds = fit
	p.holdBack()
	for i, q := range pools {
		p.squeeze(q, rest[i])
	}
}

func (p *planner) addsOf(q pool) (list []*site) {
	for _, s := range p.adds {
		if q.has(s.prefix) {
			list = append(list, s)
		}
	}
	return list
}

// squeeze decides what becomes of additions that do not fit now.
func (p *planner) squeeze(q pool, rest []*site) {
	if len(rest) == 0 {
		return
	}
	later := min(q.capacity-q.used, 0) // below zero: others have put more there than it was said to hold
	for _, s := range p.removes {
		if q.has(s.prefix) {
			later++
		}
	}
	for i := range p.duplicates {
		if q.has(p.duplicates[i].Prefix) {
			later++
		}
	}
	freed := min(max(later, 0), len(rest))
	rest = rest[freed:]
	p.more = p.more || freed > 0
	if p.policy.Evict && len(rest) > 0 {
		lack := max(-later, 0)
		gone := max(p.evict(q, len(rest)+lack)-lack, 0)
		rest = rest[gone:]
		p.more = p.more || gone > 0
	}
	for _, s := range rest {
		p.draft.of(s.want).fail(full(q.used, q.capacity), p.now)
	}
}

// olderFirst orders placements by when their blocks were made.
func olderFirst(a, b *store.Placement) int { return bytes.Compare(a.Block[:], b.Block[:]) }

// holdBack leaves removals to the next plan while what they stood for is being put in their place.
func (p *planner) holdBack() {
	p.removes = slices.DeleteFunc(p.removes, func(s *site) bool {
		if !slices.ContainsFunc(s.followers, func(f *site) bool { return f.adding }) {
			return false
		}
		for _, e := range s.ended {
			p.draft.of(e).is.Cause = causeHandover
		}
		p.more = true
		return true
	})
}

// evict has up to n blocks that are in force by us make room: those that end first, and permanent ones last.
func (p *planner) evict(q pool, n int) int {
	var able []*site
	for _, s := range p.sites {
		if s.want != nil && q.has(s.prefix) && len(s.ours) > 0 && !s.allows && !s.removing && !s.covers && !p.tried[s.prefix] {
			able = append(able, s)
		}
	}
	slices.SortFunc(able, func(a, b *site) int {
		return cmp.Or(endsFirst(a.want.ExpiresAt, b.want.ExpiresAt), olderFirst(a.want, b.want))
	})
	able = able[:min(n, len(able))]
	for _, s := range able {
		m := p.draft.of(s.want)
		m.enter(store.PlacementEvicted, causeEvicted, p.now)
		m.well()
		p.remove(s)
	}
	return len(able)
}

// endsFirst orders ends; zero is never.
func endsFirst(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}
