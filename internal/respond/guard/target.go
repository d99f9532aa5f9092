package guard

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxTarget bounds the text of a target, in bytes: the longest spelling of an IPv6 range has 49.
const MaxTarget = 64

// Bits of the families.
const (
	bits4 = 32
	bits6 = 128
	// mapped is how many bits stand before the IPv4 address in an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2).
	mapped = bits6 - bits4
)

// ParseTarget reads an address or a range in CIDR notation. Whatever the spelling, the result is the same for the same
// addresses: masked, a single address as /32 or /128, and an IPv4-mapped IPv6 address or range as the IPv4 one that it
// stands for. Forms that programs read differently from each other (leading zeros, hexadecimal, fewer than four parts,
// zones) are refused, and so is a range whose address has bits beyond its length: what was meant cannot be known.
func ParseTarget(text string) (netip.Prefix, error) {
	t := strings.Trim(text, " \t\r\n")
	switch {
	case t == "":
		return netip.Prefix{}, errors.New("must be an address such as 203.0.113.7 or a range such as 203.0.113.0/24")
	case len(t) > MaxTarget:
		return netip.Prefix{}, fmt.Errorf("must be an address or a range: at most %d bytes", MaxTarget)
	case strings.Contains(t, "%"):
		return netip.Prefix{}, fmt.Errorf("%s has a zone: such an address means something on one link only", quote(t))
	}
	if !strings.Contains(t, "/") {
		a, err := netip.ParseAddr(t)
		if err != nil {
			return netip.Prefix{}, notAnAddress(t)
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(t)
	if err != nil {
		return netip.Prefix{}, notARange(t)
	}
	p = unmap(p)
	if p.Masked() != p {
		return netip.Prefix{}, fmt.Errorf("%s has bits beyond its length: %s is the range, %s the address", t, p.Masked(), p.Addr())
	}
	return p, nil
}

// unmap gives the IPv4 range that an IPv4-mapped range stands for, and anything else as it is.
func unmap(p netip.Prefix) netip.Prefix {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= mapped {
		return netip.PrefixFrom(a.Unmap(), p.Bits()-mapped)
	}
	return p
}

// normal is a prefix as the guard compares it: masked, unmapped.
func normal(p netip.Prefix) netip.Prefix { return unmap(p).Masked() }

// notAnAddress says what is wrong with a text that has no slash.
func notAnAddress(t string) error {
	q := quote(t)
	switch {
	case strings.HasPrefix(t, "["):
		return fmt.Errorf("%s is not an address: write it without brackets and port", q)
	case strings.ContainsAny(t, ",; \t"):
		return fmt.Errorf("%s is not one address: ask for one after the other", q)
	case strings.Count(t, ":") == 1 && strings.Contains(t, "."):
		return fmt.Errorf("%s is not an address: write it without the port", q)
	case isAmbiguous(t):
		return fmt.Errorf("%s can be read in several ways: write an IPv4 address as four decimal numbers without leading zeros, such as 203.0.113.7", q)
	case strings.Contains(t, "-"):
		return fmt.Errorf("%s is not an address: write a range in CIDR notation, such as 203.0.113.0/24", q)
	}
	return fmt.Errorf("%s is neither an address such as 203.0.113.7 or 2001:db8::7 nor a range such as 203.0.113.0/24", q)
}

// isAmbiguous says whether some programs would take a text for an IPv4 address: numbers with leading zeros (octal to
// some), hexadecimal, one big number, fewer than four parts.
func isAmbiguous(t string) bool {
	for part := range strings.SplitSeq(t, ".") {
		if _, err := strconv.ParseUint(part, 0, 64); err != nil {
			if _, err = strconv.ParseUint(part, 10, 64); err != nil {
				return false
			}
		}
	}
	return true
}

// notARange says what is wrong with a text that has a slash.
func notARange(t string) error {
	address, length, _ := strings.Cut(t, "/")
	a, err := netip.ParseAddr(address)
	if err != nil {
		return notAnAddress(t)
	}
	if _, err := netip.ParseAddr(length); err == nil {
		return fmt.Errorf("%s has a netmask: write the length instead, such as 203.0.113.0/24", quote(t))
	}
	return fmt.Errorf("%s: the length behind the slash must be a number from 0 to %d, without leading zeros", quote(t), a.BitLen())
}

// quote shows a text that may be anybody's.
func quote(t string) string {
	if !utf8.ValidString(t) {
		t = strings.ToValidUTF8(t, "\uFFFD")
	}
	return strconv.QuoteToASCII(t)
}

// Words is a prefix as people see it: a single address without its length.
func Words(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// Bounds of how long a block lasts.
const (
	// MinTTL is the shortest: what is over before the responders have done it blocks nobody.
	MinTTL = time.Minute
	// LongestTTL is the longest that is not for ever.
	LongestTTL = 10 * 366 * day

	day = 24 * time.Hour
)

// Permanent is the text of a TTL without an end.
const Permanent = "permanent"

// ParseTTL reads how long a block is to last: a Go duration ("90m", "24h"), a number of days or weeks ("7d", "2w"), or
// "permanent", which gives 0. What is shorter than MinTTL or longer than LongestTTL is an error.
func ParseTTL(text string) (time.Duration, error) {
	t := strings.Trim(text, " \t\r\n")
	if t == Permanent {
		return 0, nil
	}
	d, err := duration(t)
	switch {
	case err != nil:
		return 0, errors.New(`must be a duration such as "90m", "24h" or "7d", or "permanent"`)
	case d < MinTTL:
		return 0, fmt.Errorf("must be at least %s", TTLWords(MinTTL))
	case d > LongestTTL:
		return 0, fmt.Errorf(`must be at most %s, or "permanent"`, TTLWords(LongestTTL))
	}
	return d, nil
}

func duration(t string) (time.Duration, error) {
	unit := map[byte]time.Duration{'d': day, 'w': 7 * day}
	if len(t) > 1 && unit[t[len(t)-1]] > 0 {
		n, err := strconv.ParseUint(t[:len(t)-1], 10, 16) // at most 65,535: far from overflow
		return time.Duration(n) * unit[t[len(t)-1]], err
	}
	return time.ParseDuration(t)
}

// TTLWords is a TTL as people write it and ParseTTL reads it: "24h", "7d", "90m", "permanent".
func TTLWords(d time.Duration) string {
	switch {
	case d == 0:
		return Permanent
	case d > day && d%day == 0:
		return strconv.FormatInt(int64(d/day), 10) + "d"
	case d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	case d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	}
	return d.String()
}
