package connector

import (
	"net/netip"
	"testing"
)

func TestBlockLimits(t *testing.T) {
	t.Parallel()
	rules := BlockLimits{IPv4: []int{16, 24, 32}, Capacity: 50_000}
	sets := BlockLimits{IPv4: []int{1, 2, 3, 30, 31}, IPv6: []int{64, 128}, Capacity: 300, CapacityIPv4: 100, CapacityIPv6: 200}
	for _, tt := range []struct {
		limits   BlockLimits
		prefix   string
		why      string
		most     int
		ofFamily bool
	}{
		{rules, "192.0.2.0/24", "", 50_000, false},
		{rules, "192.0.0.0/20", "it cannot block a /20: of IPv4 it takes /16, /24, /32", 50_000, false},
		{rules, "2001:db8::/32", "it cannot block IPv6", 50_000, false},
		{sets, "0.0.0.0/0", "it cannot block a /0: of IPv4 it takes /1 to /3, /30, /31", 100, true},
		{sets, "2001:db8::/32", "it cannot block a /32: of IPv6 it takes /64, /128", 200, true},
		{sets, "2001:db8::1/128", "", 200, true},
	} {
		p := netip.MustParsePrefix(tt.prefix)
		if why := tt.limits.Takes(p); why != tt.why {
			t.Errorf("%s: %q, want %q", p, why, tt.why)
		}
		if most, ofFamily := tt.limits.CapacityOf(p); most != tt.most || ofFamily != tt.ofFamily {
			t.Errorf("%s: %d, %t", p, most, ofFamily)
		}
	}
}
