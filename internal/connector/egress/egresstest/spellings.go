// Package egresstest proves that nothing gets past package egress: more than a thousand spellings of targets that must
// not be reached, a fake name server that can change its mind, and a canary that notices what is reached.
package egresstest

import (
	"fmt"
	"net/netip"
	"strings"
)

// Spelling is a target that must not be reached, written in some way.
type Spelling struct {
	// URL is how it looks in a setting for a URL.
	URL string
	// Host is how it looks in a setting for a host; empty for tricks that need a URL.
	Host string
	// Trick says how it is disguised.
	Trick string
	// Public says that a public address may be dialled on the way (by a name that changes, or has several addresses),
	// and nothing else.
	Public bool
}

// targets4 are addresses of every kind that must not be reached.
var targets4 = list(
	"127.0.0.1", "127.0.0.53", "127.1.2.3", "127.255.255.254", // loopback
	"0.0.0.0", "0.1.2.3", // this host, this network
	"10.0.0.1", "10.255.255.255", "172.16.5.4", "172.31.255.1", "192.168.1.1", // private use
	"169.254.169.254", "169.254.170.2", "169.254.42.42", "169.254.0.1", // link local, with metadata services
	"168.63.129.16", "192.0.0.192", "100.100.100.200", // metadata services elsewhere
	"100.64.0.1", "100.127.255.254", // carrier-grade NAT
	"192.0.0.8", "192.0.2.1", "198.51.100.7", "203.0.113.9", // protocol assignments, documentation
	"192.88.99.1", "198.18.0.1", "198.19.255.254", // 6to4 relays, benchmarking
	"224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", // multicast, reserved, broadcast
)

// targets6 likewise.
var targets6 = list(
	"::1", "::", // loopback, unspecified
	"fd00:ec2::254", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42", "fe80::a9fe:a9fe", // metadata services
	"fc00::1", "fdff:ffff::1", "fe80::1", "febf::1", "fec0::1", // unique local, link local, site local
	"ff02::1", "ff0e::1", // multicast
	"100::1", "100:0:0:1::1", "64:ff9b:1::1", "5f00::1", "4000::1", // discard, dummy, local NAT64, SRv6, unassigned
	"2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:30::1", "2001:1::1", // protocol assignments
	"2001:db8::1", "3fff::1", "2002:808:808::1", // documentation, 6to4
)

func list(texts ...string) []netip.Addr {
	all := make([]netip.Addr, len(texts))
	for i, t := range texts {
		all[i] = netip.MustParseAddr(t)
	}
	return all
}

// Spellings are the targets that must not be reached, in all their disguises: well over a thousand, always the same. URLs
// name the given port. The names among them are set in dns; whatever else is looked up there leads to 127.0.0.1, as it
// would with a resolver that reads numbers in every base.
func Spellings(dns *DNS, port string) []Spelling {
	dns.Default = list("127.0.0.1")
	b := builder{port: port, seen: map[string]bool{}}
	for _, a := range targets4 {
		b.hosts("plain", a.String())
		b.numbers(a)
		b.embedded(a)
	}
	for _, a := range list("127.0.0.1", "169.254.169.254", "10.0.0.1") {
		b.unicode(a.String())
		b.tricks(a.String())
	}
	for _, a := range targets6 {
		b.six(a)
	}
	for _, name := range []string{"localhost", "loopback", "ip6-localhost", "metadata.google.internal"} {
		b.hosts("a name", name, name+".", strings.ToUpper(name))
		b.tricks(name)
	}
	b.names(dns)
	return b.out
}

// builder collects spellings, each once.
type builder struct {
	port string
	seen map[string]bool
	out  []Spelling
}

// hosts adds hosts as they stand in a URL.
func (b *builder) hosts(trick string, hosts ...string) {
	for _, h := range hosts {
		b.add(Spelling{URL: fmt.Sprintf("http://%s:%s/hook", h, b.port), Host: strings.Trim(h, "[]"), Trick: trick})
	}
}

// urls adds whole URLs.
func (b *builder) urls(trick string, urls ...string) {
	for _, u := range urls {
		b.add(Spelling{URL: u, Trick: trick})
	}
}

func (b *builder) add(s Spelling) {
	if !b.seen[s.URL] {
		b.seen[s.URL] = true
		b.out = append(b.out, s)
	}
}
