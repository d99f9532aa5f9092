package guard

import "net/netip"

// BuiltIn is what no account may block, whatever its own list says. Documentation ranges (RFC 5737, RFC 3849, RFC 9637)
// are not among it: nobody is behind them, and examples and tests block them.
func BuiltIn() []Protected {
	var list []Protected
	for _, g := range builtIn {
		for _, text := range g.ranges {
			p, err := netip.ParsePrefix(text)
			if err != nil {
				a := netip.MustParseAddr(text)
				p = netip.PrefixFrom(a, a.BitLen())
			}
			list = append(list, Protected{Prefix: p, Source: g.source, Reason: g.reason})
		}
	}
	return list
}

// The sources of what is built in.
const (
	reserved   = "reserved"
	cloudflare = "cloudflare"
	resolver   = "resolver"
)

// builtIn is what is built in, by reason.
//
// Reserved ranges follow the IANA IPv4 and IPv6 Special-Purpose Address Registries
// (https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry, read in 2026), multicast
// (RFC 5771, RFC 4291 §2.7), and all IPv6 space outside of 2000::/3, which IANA has not opened. With the latter go ::1,
// IPv4-compatible (::/96), IPv4-mapped, IPv4-translated (RFC 2765), both NAT64 prefixes (RFC 6052, RFC 8215), unique local,
// link-local and site-local addresses. Ranges that carry IPv4 addresses (6to4, Teredo) are protected because a block of
// one, at a device that translates, is a block of an IPv4 address that was never looked at.
//
// Cloudflare's ranges are those of https://www.cloudflare.com/ips-v4 and …/ips-v6, as published in 2026: an origin behind
// Cloudflare sees nothing but these, and a block of one of them keeps everybody out.
var builtIn = []struct {
	source, reason string
	ranges         []string
}{
	{reserved, "this network, RFC 791", []string{"0.0.0.0/8"}},
	{reserved, "private use, RFC 1918", []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}},
	{reserved, "shared by the customers of a provider (carrier-grade NAT), RFC 6598", []string{"100.64.0.0/10"}},
	{reserved, "loopback, RFC 1122", []string{"127.0.0.0/8"}},
	{reserved, "link local, RFC 3927", []string{"169.254.0.0/16"}},
	{reserved, "IETF protocol assignments, RFC 6890", []string{"192.0.0.0/24", "2001::/23"}},
	{reserved, "6to4 relays, RFC 7526", []string{"192.88.99.0/24"}},
	{reserved, "benchmarking, RFC 2544", []string{"198.18.0.0/15"}},
	{reserved, "multicast, RFC 5771", []string{"224.0.0.0/4"}},
	{reserved, "reserved, RFC 1112", []string{"240.0.0.0/4"}},
	{reserved, "broadcast, RFC 919", []string{"255.255.255.255"}},
	{reserved, "Azure's services for its machines", []string{"168.63.129.16"}},

	{reserved, "unspecified, RFC 4291", []string{"::"}},
	{reserved, "loopback, RFC 4291", []string{"::1"}},
	{reserved, "IPv4 addresses in IPv6 form, RFC 4291", []string{"::/96"}},
	{reserved, "NAT64: it stands for IPv4 addresses, RFC 6052 and RFC 8215", []string{"64:ff9b::/96", "64:ff9b:1::/48"}},
	{reserved, "Teredo: it stands for IPv4 addresses, RFC 4380", []string{"2001::/32"}},
	{reserved, "6to4: it stands for IPv4 addresses, RFC 3056", []string{"2002::/16"}},
	{reserved, "unique local, RFC 4193", []string{"fc00::/7"}},
	{reserved, "link local, RFC 4291", []string{"fe80::/10"}},
	{reserved, "site local, RFC 3879", []string{"fec0::/10"}},
	{reserved, "multicast, RFC 4291", []string{"ff00::/8"}},
	{reserved, "no global unicast address, RFC 4291", []string{"::/3", "4000::/2", "8000::/1"}},

	{cloudflare, "Cloudflare's edge: whoever comes through it has one of these addresses", []string{
		"173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18", "108.162.192.0/18",
		"190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17", "162.158.0.0/15", "104.16.0.0/13",
		"104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22",
		"2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32", "2405:8100::/32", "2a06:98c0::/29", "2c0f:f248::/32",
	}},

	// https://developers.cloudflare.com/1.1.1.1/ip-addresses/
	{resolver, "Cloudflare's resolver", []string{"1.1.1.0/24", "1.0.0.0/24", "2606:4700:4700::/48"}},
	// https://developers.google.com/speed/public-dns/docs/using, …/docs/dns64
	{resolver, "Google Public DNS", []string{
		"8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844", "2001:4860:4860::64", "2001:4860:4860::6464",
	}},
	// https://quad9.net/service/service-addresses-and-features/
	{resolver, "Quad9", []string{"9.9.9.0/24", "149.112.112.0/24", "2620:fe::/48"}},
	// https://www.opendns.com/setupguide/ (Cisco Umbrella uses them too)
	{resolver, "OpenDNS", []string{
		"208.67.222.0/24", "208.67.220.0/24", "2620:119:35::/48", "2620:119:53::/48", "2620:0:ccc::2", "2620:0:ccd::2",
	}},
	// https://adguard-dns.io/en/public-dns.html
	{resolver, "AdGuard DNS", []string{
		"94.140.14.14", "94.140.15.15", "94.140.14.15", "94.140.15.16", "94.140.14.140", "94.140.14.141",
		"2a10:50c0::ad1:ff", "2a10:50c0::ad2:ff", "2a10:50c0::bad1:ff", "2a10:50c0::bad2:ff", "2a10:50c0::1:ff", "2a10:50c0::2:ff",
	}},
	// https://cleanbrowsing.org/filters/
	{resolver, "CleanBrowsing", []string{
		"185.228.168.9", "185.228.169.9", "185.228.168.10", "185.228.169.11", "185.228.168.168", "185.228.169.168",
		"2a0d:2a00:1::", "2a0d:2a00:1::1", "2a0d:2a00:1::2", "2a0d:2a00:2::", "2a0d:2a00:2::1", "2a0d:2a00:2::2",
	}},
	// https://controld.com/free-dns
	{resolver, "Control D", []string{"76.76.2.0/24", "76.76.10.0/24", "2606:1a40::/48", "2606:1a40:1::/48"}},
	// https://nextdns.io
	{resolver, "NextDNS", []string{"45.90.28.0/24", "45.90.30.0/24", "2a07:a8c0::/48", "2a07:a8c1::/48"}},
	// https://mullvad.net/en/help/dns-over-https-and-dns-over-tls
	{resolver, "Mullvad DNS", []string{"194.242.2.0/24", "2a07:e340::/48"}},
	// https://www.cira.ca/en/canadian-shield/configure/summary-cira-canadian-shield-dns-resolver-addresses/
	{resolver, "CIRA Canadian Shield", []string{"149.112.121.10", "149.112.122.10", "2620:10a:80bb::10", "2620:10a:80bc::10"}},
	// https://dns.he.net
	{resolver, "Hurricane Electric's resolver", []string{"74.82.42.42", "2001:470:20::2"}},
	// https://dns.yandex.com
	{resolver, "Yandex DNS", []string{"77.88.8.1", "77.88.8.8"}},
	// Vercara UltraDNS Public, once Verisign's
	{resolver, "UltraDNS Public", []string{"64.6.64.6", "64.6.65.6", "2620:74:1b::1:1", "2620:74:1c::2:2"}},
	// Level 3, now Lumen: not announced as public, and set up in half of the world's routers
	{resolver, "Level 3's resolver", []string{"4.2.2.1", "4.2.2.2", "4.2.2.3", "4.2.2.4", "4.2.2.5", "4.2.2.6"}},
}
