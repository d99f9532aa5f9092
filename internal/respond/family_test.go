package respond

import (
	"fmt"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestShareByFamily: where each family has a place of its own, as in the two IP sets of AWS WAF, the share of the capacity
// holds for each of them, however empty the other is.
func TestShareByFamily(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	small := edge
	small.Limits.Capacity, small.Limits.CapacityIPv4, small.Limits.CapacityIPv6 = 20, 10, 10
	small.Capacity, small.Used, small.IPv4 = 20, 6, reconcile.Held{Used: 6}
	w.responders.set(acme, small)
	for n := range 2 { // 80 % of ten are eight
		w.eq("IPv4", w.block(fmt.Sprintf("203.0.113.%d", n), "").Block.State, store.BlockActive)
	}
	full := w.block("203.0.113.2", "")
	w.eq("IPv4 beyond the share", []any{full.Block.State, full.Verdict.Findings[0].Code}, []any{store.BlockPending, guard.CodeShare})
	for n := range 8 {
		w.eq("IPv6", w.block(fmt.Sprintf("2600:9000::%d", n), "").Block.State, store.BlockActive)
	}
	full = w.block("2600:9000::8", "")
	w.eq("IPv6 beyond the share", []any{full.Block.State, full.Verdict.Findings[0].Code}, []any{store.BlockPending, guard.CodeShare})
	// What the vendor holds by now is not counted twice, and what ends makes room in its own family.
	small.Used, small.IPv4, small.IPv6 = 16, reconcile.Held{Used: 8, Ours: 2}, reconcile.Held{Used: 8, Ours: 8}
	w.responders.set(acme, small)
	w.eq("IPv4 is full still", w.block("203.0.113.3", "").Block.State, store.BlockPending)
	small.Used, small.IPv4 = 15, reconcile.Held{Used: 7, Ours: 2}
	w.responders.set(acme, small)
	w.eq("IPv4 has room", w.block("203.0.113.4", "").Block.State, store.BlockActive)
	w.eq("IPv6 has none", w.block("2600:9000::9", "").Block.State, store.BlockPending)
}
