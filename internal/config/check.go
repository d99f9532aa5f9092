package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// entries declares c's settings, bound to c.
func (c *Config) entries() []entry {
	var d declarer
	c.declare(&d)
	return d.entries
}

// Settings lists every setting in the order of the docs.
func Settings() []Setting {
	var c Config
	entries := c.entries()
	list := make([]Setting, len(entries))
	for i, e := range entries {
		list[i] = e.Setting
	}
	return list
}

// apply sets every entry from l, or from its default where l (which may be nil) has none, and checks the whole. It
// gives all errors.
func (c *Config) apply(l *layers) (errs []error) {
	for _, e := range c.entries() {
		text, origin := e.Default, "default"
		if l != nil && l.merged.Exists(e.Key) {
			text, origin = l.merged.String(e.Key), l.origins[e.Key]
		}
		if text == "" && e.Default == "" {
			continue
		}
		if err := e.parse(text); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", place(origin, e.Key), err))
		}
	}
	return append(errs, c.check()...)
}

// place says where a bad value stands, so that a person finds it.
func place(origin, key string) string {
	if strings.HasPrefix(origin, envPrefix) {
		return origin
	}
	return origin + ": " + key
}

// check looks at settings together.
func (c *Config) check() (errs []error) {
	switch {
	case (c.TLS.Cert == "") != (c.TLS.Key == ""):
		errs = append(errs, errors.New("tls.cert and tls.key go together: set both, or neither for plain HTTP"))
	case c.TLS.Cert != "":
		for _, path := range []string{c.TLS.Cert, c.TLS.Key} {
			if _, err := os.Stat(path); err != nil {
				errs = append(errs, fmt.Errorf("reading the TLS files: %w", err))
			}
		}
	}
	if c.Ingest.MaxInflatedBytes < c.Ingest.MaxWireBytes {
		errs = append(errs, errors.New("ingest.max_inflated_bytes is smaller than ingest.max_wire_bytes"))
	}
	if c.Ingest.MaxInFlightBytes < c.Ingest.MaxInflatedBytes {
		errs = append(errs, errors.New("ingest.max_in_flight_bytes is smaller than ingest.max_inflated_bytes"))
	}
	if c.Journal.SegmentBytes > c.Journal.MaxBytes/2 && c.Journal.MaxBytes > 0 {
		errs = append(errs, errors.New("journal.segment_bytes is more than half of journal.max_bytes: trimming frees whole files"))
	}
	if c.Sessions.Longest < c.Sessions.Idle {
		errs = append(errs, errors.New("sessions.longest is shorter than sessions.idle"))
	}
	return append(errs, c.Syslog.check(c.TLS)...)
}

// minAuditAge is how long auditors usually expect the record to be kept.
const minAuditAge = 365 * 24 * time.Hour

// doubts names settings that are valid but that a careful operator would look at again.
func (c *Config) doubts() (doubts []string) {
	host, _, err := net.SplitHostPort(c.Listen)
	addr, addrErr := netip.ParseAddr(host)
	local := host == "localhost" || addrErr == nil && addr.IsLoopback()
	if err == nil && !local && c.TLS.Cert == "" && len(c.TrustedProxies) == 0 {
		doubts = append(doubts, fmt.Sprintf("listening on %s without TLS: keys and events cross the network in the clear; "+
			"set tls.cert and tls.key, or put a proxy in front and name it in trusted_proxies", c.Listen))
	}
	if c.Audit.MaxAge < minAuditAge {
		doubts = append(doubts, fmt.Sprintf("audit.max_age is %s: most rules ask for a year at least", form.DurationText(c.Audit.MaxAge)))
	}
	return append(doubts, c.Syslog.doubts()...)
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func notOneOf(s string, choices []string) error {
	return fmt.Errorf("%q is not one of %s%s", s, strings.Join(choices, ", "), didYouMean(s, choices))
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
