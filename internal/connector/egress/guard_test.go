package egress_test

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/connector/egress"
	"github.com/tocsin-hub/tocsin/internal/connector/egress/egresstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// registry is every row of the IANA IPv4 and IPv6 Special-Purpose Address Registries with its column "Globally
// Reachable" (https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry).
var registry = []struct {
	block, name, source string
	reachable           string // True, False or N/A
}{
	{"0.0.0.0/8", "this network", "RFC 791 §3.2", "False"},
	{"0.0.0.0/32", "this host on this network", "RFC 1122 §3.2.1.3", "False"},
	{"10.0.0.0/8", "private use", "RFC 1918", "False"},
	{"100.64.0.0/10", "shared address space", "RFC 6598", "False"},
	{"127.0.0.0/8", "loopback", "RFC 1122 §3.2.1.3", "False"},
	{"169.254.0.0/16", "link local", "RFC 3927", "False"},
	{"172.16.0.0/12", "private use", "RFC 1918", "False"},
	{"192.0.0.0/24", "IETF protocol assignments", "RFC 6890 §2.1", "False"},
	{"192.0.0.0/29", "IPv4 service continuity", "RFC 7335", "False"},
	{"192.0.0.8/32", "IPv4 dummy address", "RFC 7600", "False"},
	{"192.0.0.9/32", "Port Control Protocol anycast", "RFC 7723", "True"},
	{"192.0.0.10/32", "TURN anycast", "RFC 8155", "True"},
	{"192.0.0.170/32", "NAT64/DNS64 discovery", "RFC 8880, RFC 7050 §2.2", "False"},
	{"192.0.0.171/32", "NAT64/DNS64 discovery", "RFC 8880, RFC 7050 §2.2", "False"},
	{"192.0.2.0/24", "documentation", "RFC 5737", "False"},
	{"192.31.196.0/24", "AS112-v4", "RFC 7535", "True"},
	{"192.52.193.0/24", "AMT", "RFC 7450", "True"},
	{"192.88.99.0/24", "deprecated 6to4 relay anycast", "RFC 7526", "N/A"},
	{"192.88.99.2/32", "6a44 relay anycast", "RFC 6751", "False"},
	{"192.168.0.0/16", "private use", "RFC 1918", "False"},
	{"192.175.48.0/24", "direct delegation AS112", "RFC 7534", "True"},
	{"198.18.0.0/15", "benchmarking", "RFC 2544", "False"},
	{"198.51.100.0/24", "documentation", "RFC 5737", "False"},
	{"203.0.113.0/24", "documentation", "RFC 5737", "False"},
	{"240.0.0.0/4", "reserved", "RFC 1112 §4", "False"},
	{"255.255.255.255/32", "limited broadcast", "RFC 8190, RFC 919 §7", "False"},

	{"::1/128", "loopback", "RFC 4291", "False"},
	{"::/128", "unspecified", "RFC 4291", "False"},
	{"::ffff:0:0/96", "IPv4-mapped", "RFC 4291", "False"}, // dialled, and so judged, as the IPv4 address
	{"64:ff9b::/96", "IPv4-IPv6 translation", "RFC 6052", "True"},
	{"64:ff9b:1::/48", "IPv4-IPv6 translation", "RFC 8215", "False"},
	{"100::/64", "discard only", "RFC 6666", "False"},
	{"100:0:0:1::/64", "dummy prefix", "RFC 9780", "False"},
	{"2001::/23", "IETF protocol assignments", "RFC 2928", "False"},
	{"2001::/32", "Teredo", "RFC 4380, RFC 8190", "N/A"},
	{"2001:1::1/128", "Port Control Protocol anycast", "RFC 7723", "True"},
	{"2001:1::2/128", "TURN anycast", "RFC 8155", "True"},
	{"2001:1::3/128", "DNS-SD SRP anycast", "RFC 9665", "True"},
	{"2001:2::/48", "benchmarking", "RFC 5180, RFC erratum 1752", "False"},
	{"2001:3::/32", "AMT", "RFC 7450", "True"},
	{"2001:4:112::/48", "AS112-v6", "RFC 7535", "True"},
	{"2001:10::/28", "deprecated ORCHID", "RFC 4843", "N/A"},
	{"2001:20::/28", "ORCHIDv2", "RFC 7343", "True"},
	{"2001:30::/28", "drone remote ID", "RFC 9374", "True"},
	{"2001:db8::/32", "documentation", "RFC 3849", "False"},
	{"2002::/16", "6to4", "RFC 3056", "N/A"},
	{"2620:4f:8000::/48", "direct delegation AS112", "RFC 7534", "True"},
	{"3fff::/20", "documentation", "RFC 9637", "False"},
	{"5f00::/16", "segment routing SIDs", "RFC 9602", "False"},
	{"fc00::/7", "unique local", "RFC 4193, RFC 8190", "False"},
	{"fe80::/10", "link-local unicast", "RFC 4291", "False"},

	// Not in the registries, from IANA's registries of address space.
	{"224.0.0.0/4", "multicast", "RFC 5771", "False"},
	{"ff00::/8", "multicast", "RFC 4291 §2.7", "False"},
	{"fec0::/10", "site local", "RFC 3879", "False"},
	{"::/96", "IPv4-compatible", "RFC 4291 §2.5.5.1", "False"},
	{"::ffff:0:0:0/96", "IPv4-translated", "RFC 2765", "False"},
	{"200::/7", "returned", "RFC 4048", "False"},
	{"4000::/3", "unassigned", "RFC 4291", "False"},
}

// refusedAllTheSame are the blocks that are globally reachable by the registry and hold no host that an event could be
// for: see table.go.
var refusedAllTheSame = map[string]bool{
	"192.0.0.9/32": true, "192.0.0.10/32": true, "2001:1::1/128": true, "2001:1::2/128": true, "2001:1::3/128": true,
	"2001:20::/28": true, "2001:30::/28": true,
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	var g egress.Guard
	for _, row := range registry {
		block := netip.MustParsePrefix(row.block)
		want := row.reachable == "True" && !refusedAllTheSame[row.block]
		for _, a := range []netip.Addr{block.Addr(), last(block)} {
			if row.block == "64:ff9b::/96" {
				a = netip.MustParseAddr("64:ff9b::5db8:d822") // its ends carry 0.0.0.0 and 255.255.255.255
			}
			err := g.Check(a)
			if want && err != nil || !want && !errors.Is(err, egress.ErrForbiddenAddress) {
				t.Errorf("%s, %s (%s, globally reachable: %s): %s: %v", row.block, row.name, row.source, row.reachable, a, err)
			}
		}
	}
}

// last is the last address of a block.
func last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// TestNeighbours: what is just outside of a refused block is public.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	var g egress.Guard
	for _, a := range []string{
		"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "168.63.129.15",
		"168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.1.255",
		"192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
		"198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "8.8.8.8", "1.1.1.1", "93.184.216.34",
		"2001:200::", "2001:db7:ffff::", "2001:db9::", "2001:ffff::", "2003::", "2606:4700::1111", "2a00:1450::1", "2620:fe::fe", "3ffe::1",
		"::ffff:8.8.8.8", "64:ff9b::808:808", "2a00:1450:1:2:0:5efe:8.8.8.8",
	} {
		if err := g.Check(netip.MustParseAddr(a)); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
}

// TestMetadata: the services that hand out a machine's credentials are refused, also when a network that holds them is
// allowed, unless they are named alone.
func TestMetadata(t *testing.T) {
	t.Parallel()
	everything := egress.NewGuard([]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")})
	for _, text := range []string{
		"169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23", "168.63.129.16", "fd20:ce::254",
		"169.254.169.252", "100.100.100.200", "192.0.0.192", "fd00:c1::a9fe:a9fe", "fe80::a9fe:a9fe", "fe80::a9fe:a9fe%eth0",
		"169.254.42.42", "fd00:42::42", "169.254.0.23", "::ffff:169.254.169.254",
	} {
		a := netip.MustParseAddr(text)
		for name, g := range map[string]egress.Guard{"by default": {}, "with everything allowed": everything} {
			if err := g.Check(a); !errors.Is(err, egress.ErrForbiddenAddress) || err.Error() != egress.ErrForbiddenAddress.Error() {
				t.Errorf("%s %s: %v", a, name, err)
			}
		}
		alone := a.Unmap().WithZone("")
		if err := egress.NewGuard([]netip.Prefix{netip.PrefixFrom(alone, alone.BitLen())}).Check(a); err != nil {
			t.Errorf("%s, allowed by name: %v", a, err)
		}
	}
}

func TestAllow(t *testing.T) {
	t.Parallel()
	g := egress.NewGuard([]netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::ffff:10.1.0.0/112"), netip.MustParsePrefix("fd00::/64"),
		netip.MustParsePrefix("192.168.7.9/24"),
	})
	for a, want := range map[string]bool{
		"127.0.0.1": true, "::ffff:127.0.0.1": true, "10.1.2.3": true, "10.2.0.1": false, "fd00::7": true, "fd00:0:0:1::7": false,
		"192.168.7.1": true, "192.168.8.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "::127.0.0.1": false,
		"2a00:1450:1:2:0:5efe:127.0.0.1": false, "169.254.169.254": false, "::1": false, "8.8.8.8": true,
	} {
		if err := g.Check(netip.MustParseAddr(a)); (err == nil) != want {
			t.Errorf("%s: %v", a, err)
		}
	}
	if err := g.Check(netip.Addr{}); !errors.Is(err, egress.ErrForbiddenAddress) {
		t.Errorf("no address: %v", err)
	}
}

// TestEmbedded: an IPv6 address that carries an IPv4 address is never better than that address.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	var g egress.Guard
	rapid.Check(t, func(t *rapid.T) {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], rapid.Uint32().Draw(t, "v4"))
		if g.Check(netip.AddrFrom4(b)) == nil {
			return
		}
		for prefix, at := range map[string]int{
			"::": 12, "::ffff:0:0": 12, "::ffff:0:0:0": 12, "64:ff9b::": 12, "64:ff9b:1::": 12, "2001::": 4, "2002::": 2,
			"2a00:1450:1:2:0:5efe::": 12, "2a00:1450:1:2:200:5efe::": 12, "2a00:1450:1:2:300:5efe::": 12, "2a00:1450:1:2:100:5efe::": 12,
		} {
			a := netip.MustParseAddr(prefix).As16()
			copy(a[at:], b[:])
			if g.Check(netip.AddrFrom16(a)) == nil {
				t.Fatalf("%v is taken", netip.AddrFrom16(a))
			}
		}
	})
}

// TestLookalikes: an address inside the text of a public name is nothing to the guard.
func TestLookalikes(t *testing.T) {
	t.Parallel()
	dns := &egresstest.DNS{Default: []netip.Addr{netip.MustParseAddr("93.184.216.34")}}
	canary := egresstest.Listen(t)
	d := egress.NewDialer(egress.Config{Resolver: dns.Resolver(), OnConnect: canary.OnConnect})
	lines := append(egresstest.Corpus(t, "ssrf-lookalikes.txt"), "http://127.0.0.1.example.com/", "http://10.0.0.1.nip.example.com/")
	for i, line := range lines {
		if !strings.Contains(line, "://") {
			line = "http://" + line
		}
		u, err := url.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.DialContext(t.Context(), "tcp", u.Hostname()+".:80"); !errors.Is(err, egresstest.ErrStopped) || canary.Public() != i+1 {
			t.Errorf("%s: %v", line, err)
		}
	}
	canary.Check(t, "lookalikes")
}

// FuzzGuard: what package netip knows to be no public address is refused, in every form, whatever its zone.
func FuzzGuard(f *testing.F) {
	for _, text := range []string{"127.0.0.1", "::1", "fe80::1", "fc00::1", "10.0.0.1", "::ffff:169.254.169.254", "8.8.8.8", "64:ff9b::a00:1"} {
		f.Add(netip.MustParseAddr(text).AsSlice(), "")
	}
	f.Fuzz(func(t *testing.T, raw []byte, zone string) {
		a, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		if a.Is6() && !a.Is4In6() {
			a = a.WithZone(zone)
		}
		var g egress.Guard
		err := g.Check(a)
		u := a.Unmap()
		private := u.IsPrivate() || u.IsLoopback() || u.IsUnspecified() || u.IsMulticast() || u.IsLinkLocalUnicast() || !u.IsGlobalUnicast()
		if private && err == nil {
			t.Errorf("%s is taken", a)
		}
		if (err == nil) != (g.Check(netip.AddrFrom16(a.As16())) == nil) || (err == nil) != egress.Global(a) {
			t.Errorf("%s is judged differently in another form", a)
		}
	})
}
