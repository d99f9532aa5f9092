package reconcile

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// ids of blocks in these tests, by one letter, in the order in which they were made.
func blockID(letter byte) event.ID { return event.ID{letter, 6: 0x70, 8: 0x80} }

func markOf(letter byte) string { return blockID(letter).Text(event.PrefixBlock) }

// want and ended make placements: "a 203.0.113.1/32 verified".
func placement(wanted bool, text string) store.Placement {
	f := strings.Fields(text)
	return store.Placement{
		Block: blockID(f[0][0]), Target: netip.MustParsePrefix(f[1]), Wanted: wanted, State: store.PlacementState(f[2]),
		AppliedAt: planTime.Add(-time.Hour), VerifiedAt: planTime.Add(-time.Minute), Since: planTime.Add(-time.Hour),
	}
}

var planTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// show writes a plan down, a line for each thing.
func show(p plan) (list []string) {
	for _, c := range p.changes {
		verb := "add"
		if c.Remove {
			verb = "remove"
		}
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s", verb, c.Prefix, c.Handle)))
	}
	var rest []string
	for _, m := range p.draft.moves {
		rest = append(rest, strings.TrimSpace(fmt.Sprintf("%s is %s %s", m.is.Target, m.is.State, m.action)))
	}
	for _, r := range p.draft.rows {
		rest = append(rest, strings.TrimSpace(fmt.Sprintf("row %s %s %s", r.Prefix, r.State, r.Handle)))
	}
	for _, g := range p.draft.gone {
		rest = append(rest, fmt.Sprintf("forget %s", g))
	}
	slices.Sort(rest)
	list = append(list, rest...)
	if p.strays > 0 {
		list = append(list, fmt.Sprint("strays ", p.strays))
	}
	if p.more {
		list = append(list, "more")
	}
	return list
}

func TestPlan(t *testing.T) {
	t.Parallel()
	const x, wide = "203.0.113.1/32", "203.0.113.0/24"
	type row = store.BlockLedgerEntry
	entry := func(prefix, handle, mark string) connector.BlockEntry {
		return connector.BlockEntry{Prefix: netip.MustParsePrefix(prefix), Handle: handle, Mark: mark}
	}
	ledger := func(prefix string, state store.EntryState, handle string, block byte, age time.Duration) row {
		return row{Prefix: netip.MustParsePrefix(prefix), State: state, Handle: handle, Block: blockID(block), At: planTime.Add(-age)}
	}
	for name, c := range map[string]struct {
		marks    bool
		want     []string
		ended    []string
		ledger   []row
		there    []connector.BlockEntry
		known    map[string]string // marks of blocks that have ended here
		policy   guard.Policy
		capacity int
		again    again
		plan     []string
	}{
		"nothing": {},
		"new":     {want: []string{"a " + x + " requested"}, plan: []string{"add " + x}},
		"there before, without marks": {
			want: []string{"a " + x + " requested"}, there: []connector.BlockEntry{entry(x, "", "")},
			plan: []string{x + " is verified", "row " + x + " foreign"},
		},
		"after a crash, without marks": {
			want: []string{"a " + x + " requested"}, there: []connector.BlockEntry{entry(x, "", "")}, ledger: []row{ledger(x, store.EntryAdding, "", 'a', time.Hour)},
			plan: []string{x + " is verified", "row " + x + " held"},
		},
		"after a crash that came before the request": {
			want: []string{"a " + x + " requested"}, ledger: []row{ledger(x, store.EntryAdding, "", 'a', time.Hour)},
			plan: []string{"add " + x, "forget " + x},
		},
		"in step": {
			want: []string{"a " + x + " verified"}, there: []connector.BlockEntry{entry(x, "", "")}, ledger: []row{ledger(x, store.EntryHeld, "", 'a', time.Hour)},
		},
		"drifted": {
			want: []string{"a " + x + " verified"}, ledger: []row{ledger(x, store.EntryHeld, "", 'a', time.Hour)},
			plan: []string{"add " + x, x + " is drifted blocked again", "forget " + x},
		},
		"drifted and only reported": {
			want: []string{"a " + x + " verified"}, ledger: []row{ledger(x, store.EntryHeld, "", 'a', time.Hour)}, policy: guard.Policy{ReportDrift: true},
			plan: []string{x + " is drifted reported", "forget " + x},
		},
		"drifted under the kill switch": {
			want: []string{"a " + x + " applied"}, ledger: []row{ledger(x, store.EntryHeld, "", 'a', time.Hour)}, policy: guard.Policy{KillSwitch: true},
			plan: []string{x + " is drifted left: the kill switch is on", "forget " + x},
		},
		"somebody else's has vanished": {
			want: []string{"a " + x + " verified"}, ledger: []row{ledger(x, store.EntryForeign, "", 0, time.Hour)}, policy: guard.Policy{ReportDrift: true},
			plan: []string{"add " + x, x + " is requested", "forget " + x},
		},
		"ended": {
			ended: []string{"a " + x + " verified"}, there: []connector.BlockEntry{entry(x, "", "")}, ledger: []row{ledger(x, store.EntryHeld, "", 'a', time.Hour)},
			policy: guard.Policy{KillSwitch: true}, plan: []string{"remove " + x, x + " is removing"},
		},
		"ended, and never there": {ended: []string{"a " + x + " requested"}, plan: []string{x + " is removed"}},
		"ended, and somebody else's": {
			ended: []string{"a " + x + " verified"}, there: []connector.BlockEntry{entry(x, "", "")}, ledger: []row{ledger(x, store.EntryForeign, "", 0, time.Hour)},
			plan: []string{x + " is removed", "forget " + x},
		},
		"a row without a block": {
			there: []connector.BlockEntry{entry(x, "", "")}, ledger: []row{ledger(x, store.EntryRemoving, "", 'a', time.Hour)}, plan: []string{"remove " + x},
		},
		"ours by the mark": {
			marks: true, want: []string{"a " + x + " verified"}, there: []connector.BlockEntry{entry(x, "h1", markOf('a'))},
			plan: []string{"row " + x + " held h1"},
		},
		"ours by the handle": {
			marks: true, ended: []string{"a " + x + " verified"}, there: []connector.BlockEntry{entry(x, "h1", "")}, ledger: []row{ledger(x, store.EntryHeld, "h1", 'a', time.Hour)},
			plan: []string{"remove " + x + " h1", x + " is removing"},
		},
		"replaced by somebody else": {
			marks: true, ended: []string{"a " + x + " verified"}, there: []connector.BlockEntry{entry(x, "h2", "")}, ledger: []row{ledger(x, store.EntryHeld, "h1", 'a', time.Hour)},
			plan: []string{x + " is removed", "forget " + x},
		},
		"a mark on another address": {
			marks: true, want: []string{"a " + x + " requested"}, there: []connector.BlockEntry{entry("203.0.113.9/32", "h1", markOf('a'))},
			plan: []string{"add " + x, "strays 1"},
		},
		"a mark that nobody knows": {
			marks: true, ended: []string{"a " + x + " verified"}, there: []connector.BlockEntry{entry(x, "h1", markOf('z')), entry(wide, "h2", "our<mark>")},
			plan: []string{x + " is removed", "strays 2"},
		},
		"an orphan": {
			marks: true, there: []connector.BlockEntry{entry(x, "h1", markOf('z')), entry(wide, "h2", markOf('z'))}, known: map[string]string{markOf('z'): x},
			plan: []string{"remove " + x + " h1", "strays 1"},
		},
		"twice": {
			marks: true, want: []string{"a " + x + " verified"}, there: []connector.BlockEntry{entry(x, "h1", markOf('a')), entry(x, "h2", markOf('a'))},
			ledger: []row{ledger(x, store.EntryHeld, "h2", 'a', time.Hour)}, plan: []string{"remove " + x + " h1"},
		},
		"not shown yet": {
			marks: true, want: []string{"a " + x + " applied"}, ledger: []row{ledger(x, store.EntryHeld, "h1", 'a', time.Second)},
		},
		"covered": {
			want: []string{"a " + x + " verified", "b " + wide + " verified"}, there: []connector.BlockEntry{entry(x, "", ""), entry(wide, "", "")},
			ledger: []row{ledger(x, store.EntryHeld, "", 'a', time.Hour), ledger(wide, store.EntryHeld, "", 'b', time.Hour)},
			plan:   []string{"remove " + x, x + " is covered"},
		},
		"covered under the kill switch": {
			want: []string{"a " + x + " verified", "b " + wide + " verified"}, there: []connector.BlockEntry{entry(x, "", ""), entry(wide, "", "")},
			ledger: []row{ledger(x, store.EntryHeld, "", 'a', time.Hour), ledger(wide, store.EntryHeld, "", 'b', time.Hour)}, policy: guard.Policy{KillSwitch: true},
		},
		"to be covered": {
			want: []string{"a " + x + " requested", "b " + wide + " requested"}, plan: []string{"add " + wide, "more"},
		},
		"not covered by what failed": {
			want: []string{"a " + x + " requested", "b " + wide + " failed"}, plan: []string{"add " + x, "add " + wide},
		},
		"handed over": {
			want: []string{"a " + x + " covered"}, ended: []string{"b " + wide + " verified"}, there: []connector.BlockEntry{entry(wide, "", "")},
			ledger: []row{ledger(wide, store.EntryHeld, "", 'b', time.Hour)},
			plan:   []string{"add " + x, wide + " is removing", x + " is requested", "more"},
		},
		"handed over without room": {
			want: []string{"a " + x + " covered"}, ended: []string{"b " + wide + " verified"}, there: []connector.BlockEntry{entry(wide, "", "")},
			ledger: []row{ledger(wide, store.EntryHeld, "", 'b', time.Hour)}, capacity: 1,
			plan: []string{"remove " + wide, wide + " is removing", x + " is requested", "more"},
		},
		"full": {
			want: []string{"b " + x + " requested", "a 203.0.113.2/32 requested"}, there: []connector.BlockEntry{entry("198.51.100.1/32", "", "")}, capacity: 2,
			plan: []string{"add 203.0.113.2/32", x + " is failed"},
		},
		"room is made": {
			want: []string{"b " + x + " requested"}, ended: []string{"a 203.0.113.2/32 verified"}, there: []connector.BlockEntry{entry("203.0.113.2/32", "", "")},
			ledger: []row{ledger("203.0.113.2/32", store.EntryHeld, "", 'a', time.Hour)}, capacity: 1,
			plan: []string{"remove 203.0.113.2/32", "203.0.113.2/32 is removing", "more"},
		},
		"evicted": {
			want: []string{"b " + x + " requested", "a 203.0.113.2/32 verified"}, there: []connector.BlockEntry{entry("203.0.113.2/32", "", "")},
			ledger: []row{ledger("203.0.113.2/32", store.EntryHeld, "", 'a', time.Hour)}, capacity: 1, policy: guard.Policy{Evict: true},
			plan: []string{"remove 203.0.113.2/32", "203.0.113.2/32 is evicted", "more"},
		},
		"others are not evicted": {
			want: []string{"b " + x + " requested", "a 203.0.113.2/32 verified"}, there: []connector.BlockEntry{entry("203.0.113.2/32", "", "")},
			ledger: []row{ledger("203.0.113.2/32", store.EntryForeign, "", 0, time.Hour)}, capacity: 1, policy: guard.Policy{Evict: true},
			plan: []string{x + " is failed", "203.0.113.2/32 is verified"},
		},
		"overfull": { // one is over, so two have to go for one
			want: []string{"b " + x + " requested", "a 203.0.113.2/32 verified", "c 203.0.113.3/32 verified"},
			there: []connector.BlockEntry{
				entry("203.0.113.2/32", "", ""), entry("203.0.113.3/32", "", ""), entry("198.51.100.1/32", "", ""),
			},
			ledger:   []row{ledger("203.0.113.2/32", store.EntryHeld, "", 'a', time.Hour), ledger("203.0.113.3/32", store.EntryHeld, "", 'c', time.Hour)},
			capacity: 2, policy: guard.Policy{Evict: true},
			plan: []string{"remove 203.0.113.2/32", "remove 203.0.113.3/32", "203.0.113.2/32 is evicted", "203.0.113.3/32 is evicted", "more"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b store.ResponderBook
			for _, text := range c.want {
				b.Placements = append(b.Placements, placement(true, text))
			}
			for _, text := range c.ended {
				b.Placements = append(b.Placements, placement(false, text))
			}
			b.Ledger = c.ledger
			known := map[string]netip.Prefix{}
			for mark, p := range c.known {
				known[mark] = netip.MustParsePrefix(p)
			}
			p := makePlan(view{
				book: newBook(b), snapshot: &connector.BlockSnapshot{Entries: c.there}, ended: known, policy: c.policy, again: c.again, now: planTime,
				limits: connector.BlockLimits{IPv4: []int{24, 32}, Marks: c.marks, Capacity: c.capacity},
			})
			if d := cmp.Diff(c.plan, show(p)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestHostileTexts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &vendor{}, newMemory())
	w.policy.KillSwitch, w.policy.KillReason = true, "a\r\nb\u202e\x00c"+strings.Repeat("x", 2*maxCause)
	b := w.block("203.0.113.7/32", 0)
	w.tick()
	if p := w.at(b); strings.ContainsAny(p.Cause, "\r\n\x00\u202e") || len(p.Cause) > maxCause {
		t.Errorf("%q", p.Cause)
	}
	w.policy.KillSwitch = false
	w.vendor.refuse = func(netip.Prefix) error {
		return fmt.Errorf("no\r\n{\"x\":1}\u2028 %s", strings.Repeat("y", 2*maxCause))
	}
	w.tick()
	if p := w.at(b); strings.ContainsAny(p.Cause, "\r\n\u2028") || len(p.Cause) > maxCause || p.State != store.PlacementFailed {
		t.Errorf("%q", p.Cause)
	}
}
