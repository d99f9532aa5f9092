package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Setting is one declared setting, as docs and commands see it.
type Setting struct {
	Group   string
	Key     string // "journal.max_age", as in the file
	Env     string // "TOCSIN_JOURNAL_MAX_AGE"
	Kind    string // what a value looks like: "duration", "size", …
	Default string // as it would be written; empty for none
	Range   string // the accepted range; empty for none
	Help    string
	Secret  bool
}

// entry is a setting together with its place in a Config.
type entry struct {
	Setting
	parse  func(text string) error
	format func() string
}

// declarer collects the entries of one Config.
type declarer struct {
	current string
	entries []entry
}

func (d *declarer) group(name string) { d.current = name }

func (d *declarer) add(s Setting, parse func(string) error, format func() string) {
	s.Group = d.current
	s.Env = envName(s.Key)
	d.entries = append(d.entries, entry{Setting: s, parse: parse, format: format})
}

// envName derives the environment variable from the key.
func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

func (d *declarer) address(p *string, key, def, help string) {
	d.add(Setting{Key: key, Kind: "host:port", Default: def, Help: help}, func(s string) error {
		_, port, err := net.SplitHostPort(s)
		if err != nil {
			return fmt.Errorf("%q is not host:port, such as 127.0.0.1:8080", s)
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return fmt.Errorf("port %q is not a number from 0 to 65535", port)
		}
		*p = s
		return nil
	}, func() string { return *p })
}

func (d *declarer) path(p *string, key, def, help string) {
	d.add(Setting{Key: key, Kind: "path", Default: def, Help: help}, func(s string) error {
		if s == "" && def != "" {
			return errors.New("is empty: give a path")
		}
		*p = s
		return nil
	}, func() string { return *p })
}

func (d *declarer) url(p *string, key, def, help string) {
	d.add(Setting{Key: key, Kind: "URL", Default: def, Help: help}, func(s string) error {
		if s == "" {
			*p = ""
			return nil
		}
		u, err := url.Parse(s)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return fmt.Errorf("%q is not a URL such as https://tocsin.example.com", s)
		}
		if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return errors.New("may not hold a user, a query or a fragment")
		}
		*p = strings.TrimRight(s, "/")
		return nil
	}, func() string { return *p })
}

func (d *declarer) secret(p *form.Secret, key string, least int, help string) {
	s := Setting{Key: key, Kind: "secret", Range: fmt.Sprintf("at least %d characters", least), Help: help, Secret: true}
	d.add(s, func(s string) error {
		if s != "" && len(s) < least {
			return fmt.Errorf("is %d characters long: use at least %d, for example from `openssl rand -hex 24`", len(s), least)
		}
		if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return errors.New("may hold printable ASCII without spaces only, so that it fits into a header")
		}
		*p = form.NewSecret(s)
		return nil
	}, func() string { return p.String() })
}

func (d *declarer) level(p *slog.Level, key, def, help string) {
	levels := []string{"debug", "info", "warn", "error"}
	d.add(Setting{Key: key, Kind: strings.Join(levels, ", "), Default: def, Help: help}, func(s string) error {
		if !contains(levels, strings.ToLower(s)) {
			return notOneOf(s, levels)
		}
		return p.UnmarshalText([]byte(s))
	}, func() string { return strings.ToLower(p.String()) })
}

func (d *declarer) choice(p *string, key, def string, choices []string, help string) {
	d.add(Setting{Key: key, Kind: strings.Join(choices, ", "), Default: def, Help: help}, func(s string) error {
		if !contains(choices, s) {
			return notOneOf(s, choices)
		}
		*p = s
		return nil
	}, func() string { return *p })
}

func (d *declarer) prefixes(p *[]netip.Prefix, key, def, help string) {
	d.add(Setting{Key: key, Kind: "list of CIDRs", Default: def, Help: help}, func(s string) error {
		var list []netip.Prefix
		for part := range strings.SplitSeq(s, ",") {
			part = strings.TrimSpace(part)
			if part == "" {
				continue
			}
			prefix, err := parsePrefix(part)
			if err != nil {
				return err
			}
			list = append(list, prefix)
		}
		*p = list
		return nil
	}, func() string {
		parts := make([]string, len(*p))
		for i, prefix := range *p {
			parts[i] = prefix.String()
		}
		return strings.Join(parts, ",")
	})
}

// parsePrefix reads a CIDR; a bare address is the network of that address alone.
func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not a network such as 10.0.0.0/8 or fd00::/8", s)
	}
	if prefix != prefix.Masked() {
		return netip.Prefix{}, fmt.Errorf("%q has bits set after its prefix: did you mean %s?", s, prefix.Masked())
	}
	return prefix, nil
}

func (d *declarer) duration(p *time.Duration, key, def string, least, most time.Duration, help string) {
	span := form.DurationText(least) + " to " + form.DurationText(most)
	d.add(Setting{Key: key, Kind: "duration", Default: def, Range: span, Help: help}, func(s string) error {
		v, err := time.ParseDuration(s)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 15s, 5m or 168h", s)
		}
		if v < least || v > most {
			return fmt.Errorf("%s is out of range: want %s", s, span)
		}
		*p = v
		return nil
	}, func() string { return form.DurationText(*p) })
}

func (d *declarer) number(p *int, key, def string, least, most int, help string) {
	span := fmt.Sprintf("%d to %d", least, most)
	d.add(Setting{Key: key, Kind: "number", Default: def, Range: span, Help: help}, func(s string) error {
		v, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", s)
		}
		if v < least || v > most {
			return fmt.Errorf("%d is out of range: want %s", v, span)
		}
		*p = v
		return nil
	}, func() string { return strconv.Itoa(*p) })
}

func (d *declarer) size(p *int64, key, def string, least, most int64, help string) {
	d.sizeOrOff(p, key, def, least, most, help, false)
}

func (d *declarer) optionalSize(p *int64, key string, least, most int64, help string) {
	d.sizeOrOff(p, key, off, least, most, help, true)
}

func (d *declarer) optionalSizeWith(p *int64, key, def string, least, most int64, help string) {
	d.sizeOrOff(p, key, def, least, most, help, true)
}

// off switches an optional limit off.
const off = "off"

func (d *declarer) sizeOrOff(p *int64, key, def string, least, most int64, help string, mayBeOff bool) {
	span, kind := form.Size(least).String()+" to "+form.Size(most).String(), "size"
	if mayBeOff {
		kind = "size or " + off
	}
	d.add(Setting{Key: key, Kind: kind, Default: def, Range: span, Help: help}, func(s string) error {
		if mayBeOff && (s == off || s == "0") {
			*p = 0
			return nil
		}
		v, err := form.ParseSize(s)
		if err != nil {
			return err
		}
		if int64(v) < least || int64(v) > most {
			return fmt.Errorf("%s is out of range: want %s", s, span)
		}
		*p = int64(v)
		return nil
	}, func() string {
		if mayBeOff && *p == 0 {
			return off
		}
		return form.Size(*p).String()
	})
}
