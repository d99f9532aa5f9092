package connector

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

func (l BlockLimits) takes(p netip.Prefix) string {
	lengths, family := l.IPv6, "IPv6"
	if p.Addr().Is4() {
		lengths, family = l.IPv4, "IPv4"
	}
	switch {
	case len(lengths) == 0:
		return "it cannot block " + family
	case slices.Contains(lengths, p.Bits()):
		return ""
	}
	return fmt.Sprintf("it cannot block a /%d: of %s it takes %s", p.Bits(), family, lengthsText(lengths))
}

// lengthsText names lengths: "/16, /24, /28 to /32".
func lengthsText(lengths []int) string {
	var words []string
	for i := 0; i < len(lengths); {
		j := i
		for j+1 < len(lengths) && lengths[j+1] == lengths[j]+1 {
			j++
		}
		switch text := "/" + strconv.Itoa(lengths[i]); {
		case j > i+1:
			words = append(words, text+" to /"+strconv.Itoa(lengths[j]))
		case j == i+1:
			words = append(words, text, "/"+strconv.Itoa(lengths[j]))
		default:
			words = append(words, text)
		}
		i = j + 1
	}
	return strings.Join(words, ", ")
}

func (l BlockLimits) capacityOf(p netip.Prefix) (most int, ofFamily bool) {
	most = l.CapacityIPv6
	if p.Addr().Is4() {
		most = l.CapacityIPv4
	}
	if most == 0 {
		return l.Capacity, false
	}
	return most, true
}
