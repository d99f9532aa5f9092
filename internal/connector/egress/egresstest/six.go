package egresstest

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

// embedded adds the IPv6 addresses that carry an IPv4 address, in one of their two notations each.
func (b *builder) embedded(a netip.Addr) {
	p := a.As4()
	hi, lo := binary.BigEndian.Uint16(p[:2]), binary.BigEndian.Uint16(p[2:])
	for i, e := range []struct{ trick, prefix string }{
		{"IPv4-mapped", "::ffff:"}, {"IPv4-mapped", "0:0:0:0:0:FFFF:"}, {"IPv4-mapped", "0000:0000:0000:0000:0000:ffff:"},
		{"IPv4-compatible", "::"}, {"IPv4-translated", "::ffff:0:"},
		{"NAT64", "64:ff9b::"}, {"NAT64", "0064:FF9B:0:0:0:0:"}, {"local NAT64", "64:ff9b:1::"},
		{"ISATAP", "fe80::5efe:"}, {"ISATAP", "2001:470:1:2:0:5efe:"}, {"ISATAP", "2a00:1450:1:2:200:5EFE:"},
	} {
		if (i+int(p[0]))%2 == 0 {
			b.hosts(e.trick, "["+e.prefix+a.String()+"]")
		} else {
			b.hosts(e.trick, fmt.Sprintf("[%s%x:%x]", e.prefix, hi, lo))
		}
	}
	b.hosts("6to4", fmt.Sprintf("[2002:%x:%x::1]", hi, lo), fmt.Sprintf("[2002:%X:%X:0:0:0:0:0]", hi, lo))
	b.hosts("Teredo", // RFC 4380 §4: server, flags, port and client, the last two inverted
		fmt.Sprintf("[2001:0:4136:e378:8000:63bf:%x:%x]", ^hi, ^lo), fmt.Sprintf("[2001:0:%x:%x:8000:63bf:f7f7:f7f7]", hi, lo))
}

// six adds the ways to write an IPv6 address.
func (b *builder) six(a netip.Addr) {
	short, long := a.String(), a.StringExpanded()
	b.hosts("plain", "["+short+"]")
	b.hosts("written out", "["+long+"]", "["+unpadded(long)+"]")
	b.hosts("upper case", "["+strings.ToUpper(short)+"]", "["+strings.ToUpper(long)+"]")
	b.hosts("with a zone", "["+short+"%25lo]", "["+short+"%lo]", "["+short+"%251]")
	b.hosts("without brackets", short)
	p := a.As16()
	b.hosts("with an IPv4 tail", fmt.Sprintf("[%s:%d.%d.%d.%d]", strings.Join(strings.Split(unpadded(long), ":")[:6], ":"), p[12], p[13], p[14], p[15]))
}

// unpadded writes all eight groups without leading zeros.
func unpadded(long string) string {
	groups := strings.Split(long, ":")
	for i, g := range groups {
		if groups[i] = strings.TrimLeft(g, "0"); groups[i] == "" {
			groups[i] = "0"
		}
	}
	return strings.Join(groups, ":")
}
