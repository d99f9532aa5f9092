package awswaf

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// maxAddresses is how many addresses an IP set holds at most
// (https://docs.aws.amazon.com/waf/latest/developerguide/limits.html; it cannot be raised).
const maxAddresses = 10_000

// held is what one IP set held when it was read: all that is needed to write it anew, since an update replaces the whole.
type held struct {
	set         ipSet
	is6         bool
	token       string
	description string
	// addresses are as AWS spells them, or somebody else did; what is not ours is sent back letter by letter.
	addresses []string
	prefixes  map[netip.Prefix]bool
	spellings map[netip.Prefix]int // how often a prefix stands there
	// strange are addresses that are not understood.
	strange []string
	// lost: an update was sent, and nobody knows whether it was made, so that the token may be no good any more.
	lost bool
}

// read takes a set in. It is pure.
func (h *held) read(addresses []string) error {
	if addresses == nil {
		return errors.New("the answer does not say which addresses the set holds")
	}
	h.addresses, h.strange = addresses, nil
	h.prefixes, h.spellings = make(map[netip.Prefix]bool, len(addresses)), make(map[netip.Prefix]int, len(addresses))
	for _, text := range addresses {
		if text == "" {
			return errors.New("the answer holds an address without text")
		}
		if p, ok := parsePrefix(text, h.is6); ok {
			h.prefixes[p] = true
			h.spellings[p]++
		} else {
			h.strange = append(h.strange, text)
		}
	}
	return nil
}

// parsePrefix reads an address or a range of the set's family in any spelling: AWS writes IPv6 in full. An IPv4 address in
// its IPv6 form is not understood: as an entry it would stand for the IPv4 address, which such a set does not match.
func parsePrefix(text string, is6 bool) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, false
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4In6() || p.Addr().Is6() != is6 {
		return netip.Prefix{}, false
	}
	return p.Masked(), true
}

// spell writes a prefix as the service's model has it in its examples: always with its length, and IPv6 in full.
func spell(p netip.Prefix) string {
	return p.Addr().StringExpanded() + "/" + strconv.Itoa(p.Bits())
}

// edit is one update of a set, and what it would mean for each change.
type edit struct {
	addresses []string
	changed   bool
	// touched are the changes that the update makes; settled are those that need none; refused those that cannot be made.
	touched []int
	settled map[int]connector.BlockResult
}

// edit plans the update of a set: its addresses, less what is to be removed, and then what is to be added. Only what is
// asked for is removed or added; of two changes of one prefix the later one counts. Where a prefix stands in the set in
// several spellings, ours is removed, and the others stay: they are another's. It is pure.
func (h *held) edit(changes []connector.BlockChange, mine []int) edit {
	e := edit{settled: map[int]connector.BlockResult{}}
	last := map[netip.Prefix]int{}
	for _, i := range mine {
		last[changes[i].Prefix] = i
	}
	e.addresses = make([]string, 0, len(h.addresses)+len(mine))
	for _, text := range h.addresses {
		p, ok := parsePrefix(text, h.is6)
		if i, asked := last[p]; !ok || !asked || !changes[i].Remove || h.spellings[p] > 1 && text != spell(p) {
			e.addresses = append(e.addresses, text)
		}
	}
	refused := map[netip.Prefix]bool{}
	for _, i := range mine {
		if c := changes[i]; last[c.Prefix] == i && !c.Remove && !h.prefixes[c.Prefix] {
			if refused[c.Prefix] = len(e.addresses) >= maxAddresses; !refused[c.Prefix] {
				e.addresses, e.changed = append(e.addresses, spell(c.Prefix)), true
			}
		}
	}
	for _, i := range mine {
		switch c := changes[i]; {
		case c.Remove != changes[last[c.Prefix]].Remove: // done, and undone again
			e.settled[i] = connector.BlockResult{Done: true}
		case refused[c.Prefix]:
			e.settled[i] = connector.BlockResult{Err: connector.Permanent(fmt.Errorf("%w: the IP set %s has its %d addresses",
				connector.ErrFull, h.set.name, maxAddresses))}
		case c.Remove && !h.prefixes[c.Prefix]:
			e.settled[i] = connector.BlockResult{Done: true}
		case !c.Remove && h.prefixes[c.Prefix]:
			e.settled[i] = connector.BlockResult{Was: true}
		default:
			e.touched, e.changed = append(e.touched, i), true
		}
	}
	return e
}

// entries are the set's addresses that are understood, each once.
func (h *held) entries(list []connector.BlockEntry) []connector.BlockEntry {
	seen := make(map[netip.Prefix]bool, len(h.prefixes))
	for _, text := range h.addresses {
		if p, ok := parsePrefix(text, h.is6); ok && !seen[p] {
			seen[p] = true
			list = append(list, connector.BlockEntry{Prefix: p})
		}
	}
	return list
}

// warnings are what people should know of the set's contents.
func (h *held) warnings() []string {
	if len(h.strange) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("The IP set %s holds %d addresses that are not understood, and are kept as they are; the first is %q.",
		h.set.name, len(h.strange), clip(h.strange[0]))}
}
