package awswaf

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connectors/awswaf/awswaftest"
)

// many are n changes of one address each.
func many(n int, change func(string) connector.BlockChange) []connector.BlockChange {
	changes := make([]connector.BlockChange, n)
	for i := range changes {
		changes[i] = change(netip.AddrFrom4([4]byte{100, 64, byte(i >> 8), byte(i)}).String() + "/32")
	}
	return changes
}

// TestTenThousand: as many changes as there can be are one update, and so is taking them away.
func TestTenThousand(t *testing.T) {
	t.Parallel()
	b := newBench(t, map[string]any{"ip_set_arn_v6": nil})
	most := maxAddresses - len(foreign4)
	for _, changes := range [][]connector.BlockChange{many(most, add), many(most, remove)} {
		for i, r := range b.change(t, changes...) {
			if !r.Done {
				t.Fatalf("change %d: %+v", i, r)
			}
		}
	}
	b.holds(t, b.v4, foreign4...)
	if n := len(b.Calls("UpdateIPSet")); n != 2 {
		t.Errorf("%d updates", n)
	}
}

// BenchmarkTenThousand is a cycle of a full set: reading it, changing all of it with one update, reading it again.
func BenchmarkTenThousand(b *testing.B) {
	x := newBench(b, map[string]any{"ip_set_arn_v6": nil})
	x.Check = nil
	x.Edit(x.v4, func(s *awswaftest.Set) {
		s.Addresses = nil
		for i := range maxAddresses / 2 {
			s.Addresses = append(s.Addresses, fmt.Sprintf("10.%d.%d.0/24", i/256, i%256))
		}
	})
	half := maxAddresses / 2
	adds, removes := many(half, add), many(half, remove)
	for i := 0; b.Loop(); i++ {
		changes := adds
		if i%2 == 1 {
			changes = removes
		}
		x.change(b, changes...)
		x.snapshot(b)
	}
}
