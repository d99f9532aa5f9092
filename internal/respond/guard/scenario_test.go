package guard

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// anything takes every prefix and never fills up.
func anything() Responder {
	l := connector.BlockLimits{Batch: 1}
	for n := range bits4 + 1 {
		l.IPv4 = append(l.IPv4, n)
	}
	for n := range bits6 + 1 {
		l.IPv6 = append(l.IPv6, n)
	}
	return Responder{Name: "edge", Limits: l}
}

// office is the never-block list of the scenarios, on top of what is built in.
func office() *List {
	list := func(texts map[string]time.Time, reason string) (out []Protected) {
		for text, until := range texts {
			out = append(out, Protected{Prefix: netip.MustParsePrefix(text), Source: "list", Reason: reason, Until: until})
		}
		return out
	}
	return NewList(BuiltIn()).
		With([]Protected{{Prefix: netip.MustParsePrefix("198.51.100.200/32"), Source: "own", Reason: "this hub"}}).
		With(list(map[string]time.Time{
			"198.51.100.16/28":       {},
			"2001:db8:0ff1::/48":     {},
			"::ffff:203.0.113.9/128": {}, // as some systems write an IPv4 address
			"203.0.113.77/32":        now.Add(time.Hour),
			"203.0.113.78/32":        now.Add(-time.Second),
			"203.0.113.79/32":        now,
		}, "the office's way out"))
}

// TestScenarios goes through what attackers and tired people do. Each is a request of a person with the default policy
// unless it says otherwise. Decision "" stands for a target that is not even read.
func TestScenarios(t *testing.T) {
	t.Parallel()
	policy := func(change func(*Policy)) Policy {
		p := DefaultPolicy()
		change(&p)
		return p
	}
	full := func(used, capacity int) Responder {
		r := anything()
		r.Used, r.Capacity = used, capacity
		return r
	}
	only := func(v4, v6 []int) Responder {
		return Responder{Name: "narrow", Limits: connector.BlockLimits{IPv4: v4, IPv6: v6, Batch: 1}}
	}
	tests := []struct {
		name   string
		target string
		policy func(*Policy)
		ask    Ask // without Target; TTL 0 is 24 h unless permanent
		perm   bool
		usage  Usage
		want   Decision
		codes  string // of the findings, in their order
		text   string // part of the first finding, or of ParseTarget's error
	}{
		// What is simply right.
		{name: "an attacker", target: "203.0.113.7", want: Allow},
		{name: "an attacker, IPv6", target: "2001:db8::7", want: Allow},
		{name: "an attacker, as a range of one", target: "203.0.113.7/32", want: Allow},
		{name: "upper case and zeros", target: "2001:0DB8:0000::0007", want: Allow},
		{name: "white space around it", target: " 203.0.113.7\n", want: Allow},
		{name: "IPv4 in IPv6 form", target: "::ffff:203.0.113.7", want: Allow},
		{name: "documentation ranges are blocked by examples", target: "3fff::1", want: Allow},
		{name: "next to a protected range", target: "198.51.100.32", want: Allow},
		{name: "before a protected range", target: "198.51.100.15", want: Allow},
		{name: "next to the private range", target: "172.32.0.1", want: Allow},
		{name: "before the private range", target: "172.15.255.255", want: Allow},
		{name: "a bot at a cloud", target: "168.63.129.17", want: Allow},

		// Protected addresses, in every spelling.
		{name: "private", target: "10.0.0.1", want: Refuse, codes: "protected", text: "private use"},
		{name: "private, 172", target: "172.16.0.1", want: Refuse, codes: "protected"},
		{name: "private, the end of 172", target: "172.31.255.255", want: Refuse, codes: "protected"},
		{name: "private, 192", target: "192.168.1.1", want: Refuse, codes: "protected"},
		{name: "loopback", target: "127.0.0.1", want: Refuse, codes: "protected"},
		{name: "another loopback", target: "127.127.127.127", want: Refuse, codes: "protected"},
		{name: "unspecified", target: "0.0.0.0", want: Refuse, codes: "protected"},
		{name: "this network", target: "0.1.2.3", want: Refuse, codes: "protected"},
		{name: "broadcast", target: "255.255.255.255", want: Refuse, codes: "protected"},
		{name: "multicast", target: "224.0.0.251", want: Refuse, codes: "protected"},
		{name: "reserved", target: "250.1.1.1", want: Refuse, codes: "protected"},
		{name: "carrier-grade NAT", target: "100.64.0.1", want: Refuse, codes: "protected"},
		{name: "a metadata service", target: "169.254.169.254", want: Refuse, codes: "protected"},
		{name: "Azure's metadata", target: "168.63.129.16", want: Refuse, codes: "protected"},
		{name: "benchmarking", target: "198.18.0.1", want: Refuse, codes: "protected"},
		{name: "loopback, IPv6", target: "::1", want: Refuse, codes: "protected", text: "loopback, RFC 4291"},
		{name: "loopback, spelt out", target: "0000:0000:0000:0000:0000:0000:0000:0001", want: Refuse, codes: "protected"},
		{name: "unspecified, IPv6", target: "::", want: Refuse, codes: "protected"},
		{name: "unique local", target: "fd00:ec2::254", want: Refuse, codes: "protected"},
		{name: "link local", target: "fe80::1", want: Refuse, codes: "protected"},
		{name: "site local", target: "fec0::1", want: Refuse, codes: "protected"},
		{name: "multicast, IPv6", target: "ff02::1", want: Refuse, codes: "protected"},
		{name: "space that nobody has", target: "4000::1", want: Refuse, codes: "protected"},
		{name: "mapped loopback", target: "::ffff:127.0.0.1", want: Refuse, codes: "protected", text: "127.0.0.1 is on"},
		{name: "mapped private, in hexadecimal", target: "::ffff:a00:1", want: Refuse, codes: "protected", text: "10.0.0.1 is on"},
		{name: "mapped private, spelt out", target: "0:0:0:0:0:FFFF:0A00:0001", want: Refuse, codes: "protected"},
		{name: "a mapped range", target: "::ffff:10.0.0.0/104", want: Refuse, codes: "protected,width,four_eyes", text: "10.0.0.0/8"},
		{name: "a mapped range of one", target: "::ffff:10.0.0.1/128", want: Refuse, codes: "protected"},
		{name: "all mapped addresses", target: "::ffff:0:0/96", want: Refuse, codes: "protected,width,four_eyes"},
		{name: "around all mapped addresses", target: "::/80", want: Refuse, codes: "protected,four_eyes"},
		{name: "an entry in IPv6 form, asked for in IPv4", target: "203.0.113.9", want: Refuse, codes: "protected", text: "the office's way out"},
		{name: "an entry in IPv6 form, asked for in IPv6", target: "::ffff:cb00:7109", want: Refuse, codes: "protected"},

		// Transition ranges that hide 10.0.0.1.
		{name: "IPv4-compatible", target: "::10.0.0.1", want: Refuse, codes: "protected"},
		{name: "IPv4-translated", target: "::ffff:0:10.0.0.1", want: Refuse, codes: "protected"},
		{name: "NAT64", target: "64:ff9b::10.0.0.1", want: Refuse, codes: "protected", text: "NAT64"},
		{name: "NAT64, local", target: "64:ff9b:1::a00:1", want: Refuse, codes: "protected"},
		{name: "6to4", target: "2002:0a00:0001::1", want: Refuse, codes: "protected", text: "6to4"},
		{name: "6to4 of an attacker", target: "2002:cb00:7107::/48", want: Refuse, codes: "protected,four_eyes"},
		{name: "Teredo", target: "2001:0:a00:1::f5ff:fffe", want: Refuse, codes: "protected", text: "Teredo"},
		{name: "6to4 relay", target: "192.88.99.1", want: Refuse, codes: "protected"},
		{name: "ORCHID", target: "2001:20::1", want: Refuse, codes: "protected"},

		// Cloudflare and resolvers.
		{name: "Cloudflare's edge", target: "104.16.1.1", want: Refuse, codes: "protected", text: "Cloudflare"},
		{name: "the last of Cloudflare's edge", target: "104.27.255.255", want: Refuse, codes: "protected"},
		{name: "behind Cloudflare's edge", target: "104.28.0.0", want: Allow},
		{name: "Cloudflare's edge, IPv6", target: "2606:4700::6810:101", want: Refuse, codes: "protected"},
		{name: "Cloudflare's edge, mapped", target: "::ffff:172.64.0.1", want: Refuse, codes: "protected"},
		{name: "1.1.1.1", target: "1.1.1.1", want: Refuse, codes: "protected", text: "Cloudflare's resolver"},
		{name: "8.8.8.8", target: "8.8.8.8", want: Refuse, codes: "protected", text: "Google"},
		{name: "8.8.8.8, mapped, in hexadecimal", target: "::ffff:808:808", want: Refuse, codes: "protected", text: "Google"},
		{name: "Google, IPv6", target: "2001:4860:4860:0:0:0:0:8888", want: Refuse, codes: "protected"},
		{name: "Quad9", target: "9.9.9.9", want: Refuse, codes: "protected"},
		{name: "OpenDNS, IPv6", target: "2620:119:35::35", want: Refuse, codes: "protected"},
		{name: "a range around a resolver", target: "8.8.8.0/24", want: Refuse, codes: "protected,four_eyes", text: "it contains 8.8.8.8 (Google Public DNS)"},
		{name: "a range around a resolver, IPv6", target: "2001:4860:4860::/48", want: Refuse, codes: "protected,four_eyes", text: "it contains"},

		// The operator's own list, both ways; exemptions for a time.
		{name: "the office", target: "198.51.100.17", want: Refuse, codes: "protected", text: "it lies in 198.51.100.16/28 (the office's way out)"},
		{name: "a part of the office", target: "198.51.100.24/29", want: Refuse, codes: "protected,four_eyes"},
		{name: "the office itself", target: "198.51.100.16/28", want: Refuse, codes: "protected,four_eyes"},
		{name: "around the office", target: "198.51.100.0/24", want: Refuse, codes: "protected,four_eyes", text: "it contains 198.51.100.16/28"},
		{name: "around the office, IPv6", target: "2001:db8::/32", want: Refuse, codes: "protected,width,four_eyes"},
		{name: "the hub itself", target: "198.51.100.200", want: Refuse, codes: "protected", text: "this hub"},
		{name: "exempt for an hour", target: "203.0.113.77", want: Refuse, codes: "protected"},
		{name: "an exemption that ended", target: "203.0.113.78", want: Allow},
		{name: "an exemption that ends now", target: "203.0.113.79", want: Allow},
		{name: "around one that ended and one that did not", target: "203.0.113.76/30", want: Refuse, codes: "protected,four_eyes"},

		// The caller.
		{name: "oneself", target: "203.0.113.50", ask: Ask{Caller: netip.MustParseAddr("203.0.113.50")}, want: Refuse, codes: "protected", text: "where this request comes from"},
		{name: "oneself, mapped at a dual-stack listener", target: "203.0.113.50", ask: Ask{Caller: netip.MustParseAddr("::ffff:203.0.113.50")}, want: Refuse, codes: "protected"},
		{name: "oneself, the target mapped", target: "::ffff:203.0.113.50", ask: Ask{Caller: netip.MustParseAddr("203.0.113.50")}, want: Refuse, codes: "protected"},
		{name: "a range around oneself", target: "203.0.113.48/29", ask: Ask{Caller: netip.MustParseAddr("203.0.113.50")}, want: Refuse, codes: "protected,four_eyes", text: "contains 203.0.113.50"},
		{name: "one's network, IPv6, with a zone", target: "2001:db8:1::/64", ask: Ask{Caller: netip.MustParseAddr("2001:db8:1::5%eth0")}, want: Refuse, codes: "protected,four_eyes"},
		{name: "a neighbour", target: "203.0.113.51", ask: Ask{Caller: netip.MustParseAddr("203.0.113.50")}, want: Allow},

		// Width.
		{name: "everybody", target: "0.0.0.0/0", want: Refuse, codes: "protected,width,four_eyes"},
		{name: "everybody, IPv6", target: "::/0", want: Refuse, codes: "protected,width,four_eyes"},
		{name: "everybody of IPv6 that there is", target: "2000::/3", want: Refuse, codes: "protected,width,four_eyes"},
		{name: "half of everybody", target: "128.0.0.0/1", want: Refuse, codes: "protected,width,four_eyes"},
		{name: "a /7 that holds nothing protected", target: "12.0.0.0/7", want: Refuse, codes: "width,four_eyes", text: "a /7 is too wide"},
		{name: "a /7, whatever the policy allows", target: "12.0.0.0/7", policy: func(p *Policy) { p.WidestIPv4, p.ApproveWiderIPv4 = 0, 0 }, want: Refuse, codes: "width"},
		{name: "a /8 is a person's to approve", target: "12.0.0.0/8", want: Approve, codes: "width,four_eyes"},
		{name: "a /8, refused by the policy", target: "12.0.0.0/8", policy: func(p *Policy) { p.OnBreach = Refuse }, want: Refuse, codes: "width,four_eyes"},
		{name: "a /15 of IPv6", target: "2a00::/15", want: Refuse, codes: "width,four_eyes"},
		{name: "a /23", target: "203.0.112.0/23", policy: func(p *Policy) { p.OnBreach = Refuse }, want: Refuse, codes: "protected,width,four_eyes"},
		{name: "the widest that is allowed", target: "12.1.2.0/24", policy: func(p *Policy) { p.ApproveWiderIPv4 = 0 }, want: Allow},
		{name: "one bit wider", target: "12.1.2.0/23", policy: func(p *Policy) { p.ApproveWiderIPv4 = 0 }, want: Approve, codes: "width"},
		{name: "the widest that is allowed, IPv6", target: "2a00:1:2::/48", policy: func(p *Policy) { p.ApproveWiderIPv6 = 0 }, want: Allow},
		{name: "one bit wider, IPv6", target: "2a00:1:2::/47", policy: func(p *Policy) { p.ApproveWiderIPv6 = 0 }, want: Approve, codes: "width"},
		{name: "a mapped range is judged as IPv4", target: "::ffff:12.1.2.0/120", policy: func(p *Policy) { p.ApproveWiderIPv4 = 0 }, want: Allow},

		// Storms.
		{name: "the last of a minute", target: "203.0.113.7", usage: Usage{Minute: 59, Hour: 599}, want: Allow},
		{name: "one more than a minute allows", target: "203.0.113.7", usage: Usage{Minute: 60, Hour: 60}, want: Approve, codes: "rate_minute"},
		{name: "one more than an hour allows", target: "203.0.113.7", usage: Usage{Minute: 0, Hour: 600}, want: Approve, codes: "rate_hour"},
		{name: "a storm, refused by the policy", target: "203.0.113.7", policy: func(p *Policy) { p.OnBreach = Refuse }, usage: Usage{Minute: 1e6, Hour: 1e6}, want: Refuse, codes: "rate_minute,rate_hour"},
		{name: "none may become active", target: "203.0.113.7", policy: func(p *Policy) { p.PerMinute, p.OnBreach = 0, Refuse }, want: Refuse, codes: "rate_minute"},
		{name: "a renewal in a storm", target: "203.0.113.7", ask: Ask{Renewed: true}, usage: Usage{Minute: 60, Hour: 600}, want: Allow},
		{name: "a renewal of what is protected now", target: "10.0.0.1", ask: Ask{Renewed: true}, want: Refuse, codes: "protected"},

		// Capacity.
		{name: "the last entry of the share", target: "203.0.113.7", usage: Usage{Responders: []Responder{full(79, 100)}}, want: Allow},
		{name: "one more than the share", target: "203.0.113.7", usage: Usage{Responders: []Responder{full(80, 100)}}, want: Approve, codes: "share"},
		{name: "a share that is not exact in binary", target: "203.0.113.7", policy: func(p *Policy) { p.MaxShare = 0.29 }, usage: Usage{Responders: []Responder{full(28, 100)}}, want: Allow},
		{name: "full", target: "203.0.113.7", usage: Usage{Responders: []Responder{full(100, 100)}}, want: Refuse, codes: "capacity,share"},
		{name: "full, and makes room", target: "203.0.113.7", policy: func(p *Policy) { p.Evict = true }, usage: Usage{Responders: []Responder{full(100, 100)}}, want: Approve, codes: "share"},
		{name: "full, and makes room to the last entry", target: "203.0.113.7", policy: func(p *Policy) { p.Evict, p.MaxShare = true, 1 }, usage: Usage{Responders: []Responder{full(99, 100)}}, want: Allow},
		{name: "one of two is full", target: "203.0.113.7", usage: Usage{Responders: []Responder{full(100, 100), anything()}}, want: Approve, codes: "share"},
		{name: "a renewal at a full responder", target: "203.0.113.7", ask: Ask{Renewed: true}, usage: Usage{Responders: []Responder{full(100, 100)}}, want: Allow},

		// Responders.
		{name: "nobody to do it", target: "203.0.113.7", usage: Usage{Responders: []Responder{}}, want: Refuse, codes: "no_responder"},
		{name: "one that takes /24 only", target: "203.0.113.7", usage: Usage{Responders: []Responder{only([]int{24}, nil)}}, want: Refuse, codes: "unsupported", text: "narrow: it cannot block a /32"},
		{name: "one that takes no IPv6", target: "2001:db8::7", usage: Usage{Responders: []Responder{only([]int{32}, nil)}}, want: Refuse, codes: "unsupported", text: "cannot block IPv6"},
		{name: "one of two takes it", target: "2001:db8::7", usage: Usage{Responders: []Responder{only([]int{32}, nil), anything()}}, want: Allow},

		// How long.
		{name: "for ever", target: "203.0.113.7", perm: true, ask: Ask{Reason: "botnet"}, want: Approve, codes: "permanent"},
		{name: "for ever, without a reason", target: "203.0.113.7", perm: true, want: Refuse, codes: "ttl,permanent", text: "needs a reason"},
		{name: "for ever, with a reason that nobody sees", target: "203.0.113.7", perm: true, ask: Ask{Reason: " \u200b\u2060…\n"}, want: Refuse, codes: "ttl,permanent"},
		{name: "for ever, alone in the team", target: "203.0.113.7", perm: true, policy: func(p *Policy) { p.ApprovePermanent = false }, ask: Ask{Reason: "botnet"}, want: Allow},
		{name: "longer than the policy allows", target: "203.0.113.7", ask: Ask{TTL: 90*day + 1}, want: Refuse, codes: "ttl"},
		{name: "as long as the policy allows", target: "203.0.113.7", ask: Ask{TTL: 90 * day}, want: Allow},
		{name: "as long as it likes", target: "203.0.113.7", policy: func(p *Policy) { p.MaxTTL = 0 }, ask: Ask{TTL: LongestTTL}, want: Allow},
		{name: "for a thousand years", target: "203.0.113.7", policy: func(p *Policy) { p.MaxTTL = 0 }, ask: Ask{TTL: LongestTTL + 1}, want: Refuse, codes: "ttl"},
		{name: "too short to be done", target: "203.0.113.7", ask: Ask{TTL: time.Minute - 1}, want: Refuse, codes: "ttl"},
		{name: "backwards", target: "203.0.113.7", ask: Ask{TTL: -time.Hour}, want: Refuse, codes: "ttl"},

		// Four eyes, rules, the switch.
		{name: "a range of two", target: "203.0.113.10/31", want: Approve, codes: "four_eyes"},
		{name: "a range of two, IPv6", target: "2001:db8::10/127", want: Approve, codes: "four_eyes"},
		{name: "a range in a team of one", target: "203.0.113.10/31", policy: func(p *Policy) { p.ApproveWiderIPv4 = 0 }, want: Allow},
		{name: "a rule asks", target: "203.0.113.7", ask: Ask{Automatic: true}, want: Allow},
		{name: "a rule asks, and people want to see it", target: "203.0.113.7", policy: func(p *Policy) { p.ApproveAutomatic = true }, ask: Ask{Automatic: true}, want: Approve, codes: "four_eyes"},
		{name: "a rule asks for a protected address", target: "8.8.4.4", ask: Ask{Automatic: true}, want: Refuse, codes: "protected"},
		{name: "everything is seen by two", target: "203.0.113.7", policy: func(p *Policy) { p.ApproveAll = true }, want: Approve, codes: "four_eyes"},
		{name: "the switch", target: "203.0.113.7", policy: func(p *Policy) { p.KillSwitch, p.KillReason = true, "wrong list" }, want: Refuse, codes: "kill_switch", text: "wrong list"},
		{name: "the switch, and a renewal", target: "203.0.113.7", policy: func(p *Policy) { p.KillSwitch = true }, ask: Ask{Renewed: true}, want: Refuse, codes: "kill_switch"},
		{name: "what would be approved is refused for another reason", target: "10.0.0.0/24", perm: true, want: Refuse, codes: "protected,ttl,permanent,four_eyes"},

		// What is not even read.
		{name: "nothing", target: "", text: "must be an address"},
		{name: "a leading zero", target: "203.0.113.07", text: "several ways"},
		{name: "octal loopback", target: "0177.0.0.1", text: "several ways"},
		{name: "hexadecimal", target: "0x7f.0.0.1", text: "several ways"},
		{name: "one number", target: "2130706433", text: "several ways"},
		{name: "one hexadecimal number", target: "0x7f000001", text: "several ways"},
		{name: "two parts", target: "127.1", text: "several ways"},
		{name: "five parts", target: "1.2.3.4.5", text: "several ways"},
		{name: "a part above 255", target: "203.0.113.256", text: "several ways"},
		{name: "a zone", target: "fe80::1%eth0", text: "zone"},
		{name: "a zone that hides another address", target: "2001:db8::7%10.0.0.1", text: "zone"},
		{name: "a port", target: "203.0.113.7:443", text: "without the port"},
		{name: "brackets", target: "[2001:db8::7]:443", text: "without brackets"},
		{name: "a host name", target: "evil.example.com", text: "neither an address"},
		{name: "a word", target: "localhost", text: "neither an address"},
		{name: "a URL", target: "http://203.0.113.7/", text: "is not an address"},
		{name: "bits beyond the length", target: "203.0.113.7/24", text: "203.0.113.7/24 has bits beyond its length: 203.0.113.0/24 is the range"},
		{name: "bits beyond the length, mapped", target: "::ffff:203.0.113.7/120", text: "203.0.113.0/24 is the range"},
		{name: "bits beyond the length, IPv6", target: "2001:db8::7/64", text: "2001:db8::/64 is the range"},
		{name: "a length with a leading zero", target: "203.0.113.0/024", text: "without leading zeros"},
		{name: "a negative length", target: "203.0.113.0/-1", text: "length behind the slash"},
		{name: "a length that is too long", target: "203.0.113.0/33", text: "from 0 to 32"},
		{name: "no length", target: "203.0.113.0/", text: "length behind the slash"},
		{name: "a netmask", target: "203.0.113.0/255.255.255.0", text: "netmask"},
		{name: "a range in words", target: "203.0.113.1-203.0.113.9", text: "CIDR"},
		{name: "two at once", target: "203.0.113.7,10.0.0.1", text: "one after the other"},
		{name: "two lines", target: "203.0.113.7\n10.0.0.1", text: "neither an address"},
		{name: "full-width digits", target: "２０３.0.113.7", text: "neither an address"},
		{name: "a dot that is none", target: "203。0。113。7", text: "neither an address"},
		{name: "a zero byte", target: "203.0.113.7\x00", text: "neither an address"},
		{name: "an invisible letter", target: "203.0.113.7\u200b", text: "neither an address"},
		{name: "a very long text", target: strings.Repeat("1", 1<<20), text: "at most 64 bytes"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, err := ParseTarget(tc.target)
			if tc.want == "" {
				if err == nil {
					t.Fatalf("ParseTarget(%q) gave %s, want an error", tc.target, p)
				}
				if !strings.Contains(err.Error(), tc.text) || len(err.Error()) > 300 {
					t.Errorf("the error is %q, want one with %q", err, tc.text)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ask := tc.ask
			ask.Target = p
			if ask.TTL == 0 && !tc.perm {
				ask.TTL = day
			}
			usage := tc.usage
			if usage.Responders == nil {
				usage.Responders = []Responder{anything()}
			}
			change := tc.policy
			if change == nil {
				change = func(*Policy) {}
			}
			v := Decide(policy(change), office(), ask, usage, now)
			var codes []string
			for _, f := range v.Findings {
				codes = append(codes, f.Code)
			}
			got := strings.Join(codes, ",")
			if v.Decision != tc.want || got != tc.codes {
				t.Errorf("%s: %s (%s), want %s (%s)\n%+v", tc.target, v.Decision, got, tc.want, tc.codes, v.Findings)
			}
			if tc.text != "" && (len(v.Findings) == 0 || !strings.Contains(v.Findings[0].Text, tc.text)) {
				t.Errorf("the findings are %+v, want the first one with %q", v.Findings, tc.text)
			}
		})
	}
}

// TestNothingProtectedIsEverAllowed compares the guard with a model that looks at each address of what overlaps.
func TestNothingProtectedIsEverAllowed(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	// Few bits vary, so that prefixes meet each other often.
	random := func() netip.Prefix {
		if rng.IntN(2) == 0 {
			b := [4]byte{12, 34, byte(rng.IntN(4)), byte(rng.IntN(256))}
			p := netip.PrefixFrom(netip.AddrFrom4(b), 20+rng.IntN(13))
			if rng.IntN(3) == 0 {
				p = netip.PrefixFrom(netip.AddrFrom16(p.Addr().As16()), p.Bits()+mapped)
			}
			return p
		}
		b := [16]byte{0x2a, 1, 2, 3, 4, 5, 6, byte(rng.IntN(4)), 15: byte(rng.IntN(8))}
		return netip.PrefixFrom(netip.AddrFrom16(b), 54+rng.IntN(75))
	}
	p := DefaultPolicy()
	p.WidestIPv4, p.WidestIPv6, p.ApproveWiderIPv4, p.ApproveWiderIPv6 = 8, 16, 0, 0
	usage := Usage{Responders: []Responder{anything()}}
	for round := range 300 {
		layers := make([][]Protected, 1+rng.IntN(3))
		var all []Protected
		var l *List
		for i := range layers {
			for range rng.IntN(20) {
				e := Protected{Prefix: random(), Source: "list"}
				if rng.IntN(4) == 0 {
					e.Until = now.Add(time.Duration(rng.IntN(3)-1) * time.Second)
				}
				layers[i] = append(layers[i], e)
				all = append(all, e)
			}
			l = l.With(layers[i])
		}
		for range 50 {
			target := random()
			count := 0
			for _, e := range all {
				if a, b := normal(e.Prefix), normal(target); a.Overlaps(b) && (e.Until.IsZero() || e.Until.After(now)) {
					count++
				}
			}
			v := Decide(p, l, Ask{Target: target, TTL: time.Hour}, usage, now)
			if got := len(l.Overlaps(target, now)); got != count {
				t.Fatalf("round %d: %s overlaps %d entries, want %d of %v", round, target, got, count, all)
			}
			if (v.Decision == Allow) != (count == 0) || count > 0 && v.Decision != Refuse {
				t.Fatalf("round %d: %s overlaps %d entries, and the decision is %s", round, target, count, v.Decision)
			}
		}
	}
}
