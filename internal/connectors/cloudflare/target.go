package cloudflare

import (
	"net/netip"
	"strings"
)

// The targets of IP access rules that are addresses. There are others: asn, country.
const (
	targetIPv4  = "ip"
	targetIPv6  = "ip6"
	targetRange = "ip_range"
)

// configuration says what an access rule is for.
type configuration struct {
	Target string `json:"target"`
	Value  string `json:"value"`
}

// configurationOf says how an access rule names a prefix: a single address is no range.
func configurationOf(p netip.Prefix) configuration {
	c := configuration{Target: targetRange, Value: valueOf(p)}
	switch {
	case !p.IsSingleIP():
	case p.Addr().Is4():
		c.Target = targetIPv4
	default:
		c.Target = targetIPv6
	}
	return c
}

// prefix is what the rule is for, if that is an address or a range.
func (c configuration) prefix() (netip.Prefix, bool) {
	switch c.Target {
	case targetIPv4, targetIPv6, targetRange:
		return prefixOf(c.Value)
	}
	return netip.Prefix{}, false
}

// valueOf is an address or a range as Cloudflare writes it: a single address has no length.
func valueOf(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// prefixOf reads an address or a range. Host bits, capital letters and left-out zeros are Cloudflare's matter: what is
// meant is the range.
func prefixOf(text string) (netip.Prefix, bool) {
	if !strings.Contains(text, "/") {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, false
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}
