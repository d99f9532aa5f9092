package egresstest

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// elsewhere are public addresses; in a test they are never dialled (see Canary).
var elsewhere = list("93.184.216.34", "2606:2800:220:1::1")

// names adds names that lead to what must not be reached: straight, besides a public address, or after one.
func (b *builder) names(dns *DNS) {
	for i, a := range append(slices.Clone(targets4), targets6...) {
		one := []netip.Addr{a}
		b.name(dns, fmt.Sprintf("straight-%d.example.com", i), "a name", false, one)
		b.name(dns, fmt.Sprintf("wild.%s.nip.example.com", flat(a)), "a name that says so", false, one)
		b.name(dns, fmt.Sprintf("all-%d.example.com", i), "a name with several addresses", false, []netip.Addr{a, targets4[0], targets6[0]})
		b.name(dns, fmt.Sprintf("besides-%d.example.com", i), "a name with a public address, too", true, []netip.Addr{a, elsewhere[0], elsewhere[1]})
		b.name(dns, fmt.Sprintf("rebind-%d.example.com", i), "rebinding", true, elsewhere, one)
		b.name(dns, fmt.Sprintf("flip-%d.example.com", i), "rebinding", true, elsewhere[:1], one, elsewhere[:1], one)
	}
}

func (b *builder) name(dns *DNS, name, trick string, public bool, rounds ...[]netip.Addr) {
	dns.Set(name, rounds...)
	// The dot at the end keeps the search list of the machine's resolver out of it.
	b.add(Spelling{URL: fmt.Sprintf("http://%s.:%s/hook", name, b.port), Host: name + ".", Trick: trick, Public: public})
}

// flat is an address as part of a name.
func flat(a netip.Addr) string {
	out := []byte(a.String())
	for i, c := range out {
		if c == ':' || c == '.' {
			out[i] = '-'
		}
	}
	return "a" + string(out) + "a"
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
