package httpkit

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// ErrForbiddenAddress says that an address is not globally routable and not allowed by the operator.
var ErrForbiddenAddress = errors.New("address is not allowed")

// guard decides which addresses may be dialled. It looks at the address that is about to be connected to, after name
// look-up, so neither a spelling nor a changing name gets around it.
type guard struct{ allow []netip.Prefix }

func newGuard(allow []netip.Prefix) guard {
	g := guard{}
	for _, p := range allow {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		g.allow = append(g.allow, p.Masked())
	}
	return g
}

// check is nil for an address that may be dialled.
func (g guard) check(a netip.Addr) error {
	a = a.Unmap().WithZone("")
	for _, p := range g.allow {
		if p.Contains(a) {
			return nil
		}
	}
	if global(a) {
		return nil
	}
	return fmt.Errorf("%w: %s is not a public address; whoever operates this hub can allow it with egress.allow "+
		"(or TOCSIN_EGRESS_ALLOW)", ErrForbiddenAddress, a)
}

// control is called by the dialer for every single address, before connecting.
func (m *Maker) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %q is not an address and port", ErrForbiddenAddress, address)
	}
	if err := m.guard.check(ap.Addr()); err != nil {
		m.cfg.Log.Warn("refused to connect", "address", ap.Addr().String(), "reason", "egress guard")
		return err
	}
	if m.cfg.OnConnect != nil {
		return m.cfg.OnConnect(network, address)
	}
	return nil
}

// global says whether an address is globally reachable by the IANA special-purpose address registries (RFC 6890 and
// its updates, read in 2026) and is no cloud's metadata service.
func global(a netip.Addr) bool {
	if a.Is4() {
		return !within(a, special4)
	}
	if nat64.Contains(a) { // RFC 6052: the last 32 bits are the IPv4 address that is reached
		b := a.As16()
		return global(netip.AddrFrom4([4]byte(b[12:])))
	}
	return unicast6.Contains(a) && !within(a, special6)
}

func within(a netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

var (
	// nat64 is the well-known prefix of RFC 6052. (64:ff9b:1::/48, RFC 8215, is local use and not in 2000::/3.)
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
	// unicast6 is all global unicast space that IANA has opened. Outside of it lie ::/96 (v4-compatible), fc00::/7,
	// fe80::/10, fec0::/10, ff00::/8, 100::/64, 5f00::/16 and 64:ff9b:1::/48.
	unicast6 = netip.MustParsePrefix("2000::/3")

	special4 = prefixes(
		"0.0.0.0/8",        // this network
		"10.0.0.0/8",       // private use
		"100.64.0.0/10",    // carrier-grade NAT; also a metadata service (100.100.100.200)
		"127.0.0.0/8",      // loopback
		"168.63.129.16/32", // Azure's platform and metadata address, public by number
		"169.254.0.0/16",   // link local; metadata services
		"172.16.0.0/12",    // private use
		"192.0.0.0/24",     // IETF protocol assignments; also a metadata service (192.0.0.192)
		"192.0.2.0/24",     // documentation
		"192.88.99.0/24",   // 6to4 relay anycast, deprecated
		"192.168.0.0/16",   // private use
		"198.18.0.0/15",    // benchmarking
		"198.51.100.0/24",  // documentation
		"203.0.113.0/24",   // documentation
		"224.0.0.0/4",      // multicast
		"240.0.0.0/4",      // reserved, and broadcast
	)
	special6 = prefixes(
		"2001::/23",     // IETF protocol assignments, with Teredo (2001::/32), benchmarking and ORCHID
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4, which carries an IPv4 address
		"3fff::/20",     // documentation
	)
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		list[i] = netip.MustParsePrefix(t)
	}
	return list
}
