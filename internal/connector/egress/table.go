package egress

import "net/netip"

// The tables follow the column "Globally Reachable" of the IANA IPv4 and IPv6 Special-Purpose Address Registries
// (https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry; RFC 6890, RFC 8190),
// read in 2026: False and N/A are refused, True is allowed. They are stricter in two places, where "True" names no host
// that an event could be for:
//
//   - 192.0.0.9, 192.0.0.10 and 2001:1::1 to 2001:1::3 (PCP, TURN and SRP anycast) are answered by the nearest device,
//     which is one of the hub's own network;
//   - 2001:20::/28 (ORCHIDv2) and 2001:30::/28 (DRIP) hold identifiers, not places.
//
// Multicast, and all IPv6 space outside of 2000::/3, are refused as well; the registries do not list them.
var (
	// nat64 is the well-known prefix of RFC 6052. A network's own NAT64 prefix cannot be told from other addresses: a
	// network that has one must see to it that it does not translate to private addresses.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")

	// unicast6 is all global unicast space that IANA has opened. Outside of it lie ::/96 (v4-compatible),
	// ::ffff:0:0:0/96 (translated, RFC 2765), 64:ff9b:1::/48, 100::/64, 100:0:0:1::/64, 5f00::/16, fc00::/7, fe80::/10,
	// fec0::/10 and ff00::/8.
	unicast6 = netip.MustParsePrefix("2000::/3")

	special4 = prefixes(
		"0.0.0.0/8",       // this network
		"10.0.0.0/8",      // private use
		"100.64.0.0/10",   // shared address space: carrier-grade NAT
		"127.0.0.0/8",     // loopback
		"169.254.0.0/16",  // link local
		"172.16.0.0/12",   // private use
		"192.0.0.0/24",    // IETF protocol assignments
		"192.0.2.0/24",    // documentation
		"192.88.99.0/24",  // 6to4 relay anycast, deprecated
		"192.168.0.0/16",  // private use
		"198.18.0.0/15",   // benchmarking
		"198.51.100.0/24", // documentation
		"203.0.113.0/24",  // documentation
		"224.0.0.0/4",     // multicast
		"240.0.0.0/4",     // reserved, and broadcast
	)
	special6 = prefixes(
		"2001::/23",     // IETF protocol assignments, with Teredo, benchmarking, ORCHID and DRIP
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4, which carries an IPv4 address
		"3fff::/20",     // documentation
	)
	// reachable6 are the parts of 2001::/23 that are globally reachable.
	reachable6 = prefixes(
		"2001:3::/32",     // automatic multicast tunnelling
		"2001:4:112::/48", // AS112
	)

	// metadata are the addresses at which clouds tell a machine its credentials and settings.
	metadata = addresses(map[string][]string{
		"AWS": {"169.254.169.254", "fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"},
		// 168.63.129.16 is public by its number and never leaves Azure's hosts.
		"Azure":         {"168.63.129.16"},
		"Google Cloud":  {"fd20:ce::254", "169.254.169.252"},
		"Alibaba Cloud": {"100.100.100.200"},
		"Oracle Cloud":  {"192.0.0.192", "fd00:c1::a9fe:a9fe"},
		"OpenStack":     {"fe80::a9fe:a9fe"},
		"Scaleway":      {"169.254.42.42", "fd00:42::42"},
		"Tencent Cloud": {"169.254.0.23"},
		"Akamai":        {"fd00:a9fe:a9fe::1"},
		"Rancher":       {"169.254.169.250"},
	})
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		list[i] = netip.MustParsePrefix(t)
	}
	return list
}

// addresses turns a cloud's list into address → cloud.
func addresses(clouds map[string][]string) map[netip.Addr]string {
	m := map[netip.Addr]string{}
	for cloud, list := range clouds {
		for _, text := range list {
			m[netip.MustParseAddr(text)] = cloud
		}
	}
	return m
}
