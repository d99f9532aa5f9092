package egress

import (
	"errors"
	"net/netip"
)

// ErrForbiddenAddress says that an address is not globally reachable and not allowed by the operator. Its text is the
// same for every address: who may configure a destination must not learn which addresses names have inside. The log has
// the address.
var ErrForbiddenAddress = errors.New("not a public address; whoever operates this hub can allow it with egress.allow " +
	"(or TOCSIN_EGRESS_ALLOW)")

// Guard decides which addresses may be dialled. It looks at the address that is about to be connected to, after name
// look-up, so neither a spelling nor a changing name gets around it. The zero Guard allows what is public.
type Guard struct{ allow []netip.Prefix }

// NewGuard makes a Guard that lets the networks of allow be dialled besides everything public. A network given as
// IPv4-mapped IPv6 means the IPv4 network.
func NewGuard(allow []netip.Prefix) Guard {
	g := Guard{}
	for _, p := range allow {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		g.allow = append(g.allow, p.Masked())
	}
	return g
}

// Check is nil for an address that may be dialled, and ErrForbiddenAddress otherwise.
//
// A cloud's metadata service is let through only by an entry that names that one address: a network that happens to
// hold it (100.64.0.0/10, fd00::/8, 0.0.0.0/0) is not enough, since it hands out credentials to whoever asks.
func (g Guard) Check(a netip.Addr) error {
	a = a.Unmap().WithZone("")
	allowed := within(a, g.allow) || Global(a)
	if metadata[a] != "" {
		allowed = g.names(a)
	}
	if !allowed {
		return ErrForbiddenAddress
	}
	return nil
}

// reason is why an address is refused, for the operator's log.
func reason(a netip.Addr) string {
	if name := metadata[a.Unmap().WithZone("")]; name != "" {
		return "egress guard: the metadata service of " + name + ", allowed only by an entry for that single address"
	}
	return "egress guard"
}

// names says whether an entry is exactly a.
func (g Guard) names(a netip.Addr) bool {
	for _, p := range g.allow {
		if p.IsSingleIP() && p.Addr() == a {
			return true
		}
	}
	return false
}

// Global says whether an address is globally reachable by IANA's special-purpose address registries (see table.go) and
// is no cloud's metadata service. An IPv6 address that carries an IPv4 address is never better than that address.
func Global(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if metadata[a] != "" {
		return false
	}
	if a.Is4() {
		return !within(a, special4)
	}
	b := a.As16()
	if nat64.Contains(a) { // the last 32 bits are the IPv4 address that is reached
		return Global(netip.AddrFrom4([4]byte(b[12:])))
	}
	if !unicast6.Contains(a) || within(a, special6) && !within(a, reachable6) {
		return false
	}
	return !isISATAP(b) || Global(netip.AddrFrom4([4]byte(b[12:])))
}

// isISATAP says whether the interface identifier is that of RFC 5214 §6.1, 0000:5efe or 0200:5efe followed by the IPv4
// address to which a router that speaks ISATAP tunnels the packet.
func isISATAP(b [16]byte) bool {
	return b[8]&^0x03 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

func within(a netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
