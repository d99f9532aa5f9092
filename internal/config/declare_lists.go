package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// flag declares a switch.
func (d *declarer) flag(p *bool, key, def, help string) {
	d.add(Setting{Key: key, Kind: "true or false", Default: def, Help: help}, func(s string) error {
		v, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is not true or false", s)
		}
		*p = v
		return nil
	}, func() string { return strconv.FormatBool(*p) })
}

// count declares a number that may be off, which is 0.
func (d *declarer) count(p *int, key, def string, least, most int, help string) {
	span := fmt.Sprintf("%d to %d", least, most)
	d.add(Setting{Key: key, Kind: "number or " + off, Default: def, Range: span, Help: help}, func(s string) error {
		if s == off || s == "0" {
			*p = 0
			return nil
		}
		v, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", s)
		}
		if v < least || v > most {
			return fmt.Errorf("%d is out of range: want %s, or %s", v, span, off)
		}
		*p = v
		return nil
	}, func() string {
		if *p == 0 {
			return off
		}
		return strconv.Itoa(*p)
	})
}

// proxy declares the URL of a proxy, which may hold a password.
func (d *declarer) proxy(p *form.Secret, key, help string) {
	d.add(Setting{Key: key, Kind: "URL", Help: help, Secret: true}, func(s string) error {
		u, err := url.Parse(s)
		if s != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "") {
			return errors.New("is not a URL such as http://proxy.example.com:3128") // without the text: it may hold a password
		}
		*p = form.NewSecret(s)
		return nil
	}, func() string { return p.String() })
}

// words declares a list of texts without commas.
func (d *declarer) words(p *[]string, key, help string) {
	d.add(Setting{Key: key, Kind: "list", Help: help}, func(s string) error {
		var list []string
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
		*p = list
		return nil
	}, func() string { return strings.Join(*p, ",") })
}

// addresses declares a list of at most one IPv4 and one IPv6 address.
func (d *declarer) addresses(p *[]netip.Addr, key, def, help string) {
	d.add(Setting{Key: key, Kind: "list of addresses", Default: def, Help: help}, func(s string) error {
		var list []netip.Addr
		families := map[bool]bool{}
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			a, err := netip.ParseAddr(part)
			if err != nil {
				return fmt.Errorf("%q is not an address such as 192.0.2.7", part)
			}
			a = a.Unmap()
			if families[a.Is4()] {
				return errors.New("holds two addresses of one family")
			}
			families[a.Is4()] = true
			list = append(list, a)
		}
		*p = list
		return nil
	}, func() string {
		parts := make([]string, len(*p))
		for i, a := range *p {
			parts[i] = a.String()
		}
		return strings.Join(parts, ",")
	})
}

// reasons declares networks, each with a reason after it. A reason may hold commas: what follows one and does not begin with
// a network belongs to it.
func (d *declarer) reasons(p *map[netip.Prefix]string, key, help string) {
	d.add(Setting{Key: key, Kind: "list of CIDRs with reasons", Help: help}, func(s string) error {
		list := map[netip.Prefix]string{}
		var last netip.Prefix
		for part := range strings.SplitSeq(s, ",") {
			part = strings.TrimSpace(part)
			first, reason, _ := strings.Cut(part, " ")
			prefix, err := parsePrefix(first)
			switch {
			case part == "":
			case err == nil:
				last = prefix
				list[last] = strings.TrimSpace(reason)
			case last.IsValid() && !strings.ContainsAny(first, "/:"):
				list[last] += ", " + part
			default:
				return err
			}
		}
		for _, prefix := range sortedPrefixes(list) {
			if list[prefix] == "" {
				return fmt.Errorf("%s has no reason: write it behind the network, as in %s The office", prefix, prefix)
			}
		}
		*p = list
		return nil
	}, func() string {
		parts := make([]string, 0, len(*p))
		for _, prefix := range sortedPrefixes(*p) {
			parts = append(parts, prefix.String()+" "+(*p)[prefix])
		}
		return strings.Join(parts, ", ")
	})
}

func sortedPrefixes(list map[netip.Prefix]string) []netip.Prefix {
	return slices.SortedFunc(maps.Keys(list), func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
}

// share declares a part of a whole, 0 to 1.
func (d *declarer) share(p *float64, key, def, help string) {
	d.add(Setting{Key: key, Kind: "number", Default: def, Range: "0 to 1", Help: help}, func(s string) error {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || !(v >= 0 && v <= 1) {
			return fmt.Errorf("%q is not a number from 0 to 1", s)
		}
		*p = v
		return nil
	}, func() string { return strconv.FormatFloat(*p, 'g', -1, 64) })
}

// headers declares headers of HTTP whose values may be credentials: name=value, with commas between.
func (d *declarer) headers(p *map[string]form.Secret, key, help string) {
	d.add(Setting{Key: key, Kind: "headers", Help: help, Secret: true}, func(s string) error {
		list := map[string]form.Secret{}
		for pair := range strings.SplitSeq(s, ",") {
			if strings.TrimSpace(pair) == "" {
				continue
			}
			name, value, ok := strings.Cut(pair, "=")
			name, value = strings.TrimSpace(name), strings.TrimSpace(value)
			if !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
				return errors.New("is not a list such as Authorization=Bearer TOKEN") // without the text: it holds credentials
			}
			list[name] = form.NewSecret(value)
		}
		*p = list
		return nil
	}, func() string {
		if len(*p) == 0 {
			return ""
		}
		return form.NewSecret("set").String()
	})
}
