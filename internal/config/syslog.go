package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // syslog.timezone works on machines without a database of time zones

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Syslog says where the hub listens for syslog, and what becomes of the messages.
type Syslog struct {
	// Listen lists the addresses, each with what it does differently from the rest.
	Listen []SyslogListener
	// Cert and Key are PEM files for TLS; empty: those of the HTTP server. ClientCA checks the senders' certificates.
	Cert, Key, ClientCA string
	// Clients says whether senders over TLS need a certificate: "off", "optional" or "required".
	Clients string

	Allow    []netip.Prefix // networks that may send; empty: all
	Account  string
	Project  string
	Labels   map[string]string
	Timezone string // of times without a zone

	MaxMessage     int64 // longer messages are cut
	MaxConnections int
	Idle           time.Duration
}

// SyslogListener is one address. What is empty is as in Syslog.
type SyslogListener struct {
	Network string // "udp", "tcp" or "tls"
	Address string // host:port

	Allow    []netip.Prefix
	Account  string
	Project  string
	Labels   map[string]string
	Timezone string
}

// Listeners gives the addresses with everything filled in.
func (s *Syslog) Listeners() []SyslogListener {
	list := slices.Clone(s.Listen)
	for i := range list {
		l := &list[i]
		if len(l.Allow) == 0 {
			l.Allow = s.Allow
		}
		labels := maps.Clone(s.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, l.Labels)
		l.Labels = labels
		for _, f := range []struct {
			own *string
			all string
		}{{&l.Account, s.Account}, {&l.Project, s.Project}, {&l.Timezone, s.Timezone}} {
			if *f.own == "" {
				*f.own = f.all
			}
		}
	}
	return list
}

// declareSyslog names the settings of syslog.
func (c *Config) declareSyslog(d *declarer) {
	s := &c.Syslog
	d.group("Syslog")
	d.listeners(&s.Listen, "syslog.listen", "Where to listen for syslog: `udp://0.0.0.0:514,tcp://0.0.0.0:601,tls://0.0.0.0:6514`. "+
		"Each may say what it does differently: `tcp://:601?account=acme&project=edge&label=site=x&allow=10.0.0.0/8&timezone=Europe/Berlin`. Empty: nowhere.")
	d.path(&s.Cert, "syslog.tls_cert", "", "PEM file of the certificate chain for TLS. Empty: that of `tls.cert`.")
	d.path(&s.Key, "syslog.tls_key", "", "PEM file of that certificate's private key.")
	d.path(&s.ClientCA, "syslog.tls_client_ca", "", "PEM file of the authorities whose certificates senders may show.")
	d.choice(&s.Clients, "syslog.tls_clients", "off", []string{"off", "optional", "required"}, "Whether senders over TLS have to show a certificate.")
	d.prefixes(&s.Allow, "syslog.allow", "", "Networks that may send. Empty: all that reach the address, as syslog has no keys.")
	d.choiceOf(&s.Account, "syslog.account", string(event.DefaultAccount), "account", event.ValidAccount, "Account that the messages belong to.")
	d.text(&s.Project, "syslog.project", event.MaxName, "Project of messages that name none.")
	d.labels(&s.Labels, "syslog.labels", "Labels that the messages get: `site=berlin,rack=7`.")
	d.choiceOf(&s.Timezone, "syslog.timezone", "UTC", "time zone such as Europe/Berlin", validZone, "Zone of times that name none, as in RFC 3164.")
	d.size(&s.MaxMessage, "syslog.max_message", "64KiB", kib, 128*kib, "Longest message. Of a longer one the beginning is taken, and marked.")
	d.number(&s.MaxConnections, "syslog.max_connections", "1000", 1, 100_000, "Most connections at a time, by address.")
	d.duration(&s.Idle, "syslog.idle", "1h", time.Second, 30*24*time.Hour,
		"How long a connection may be silent. Senders keep theirs open, and what they write to one that was closed is lost.")
}

func validZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}

// check looks at the settings together.
func (s *Syslog) check(server TLS) (errs []error) {
	isTLS := slices.ContainsFunc(s.Listen, func(l SyslogListener) bool { return l.Network == "tls" })
	switch {
	case (s.Cert == "") != (s.Key == ""):
		errs = append(errs, errors.New("syslog.tls_cert and syslog.tls_key go together: set both, or neither for those of tls.cert"))
	case isTLS && s.Cert == "" && server.Cert == "":
		errs = append(errs, errors.New("syslog.listen has an address for TLS: set syslog.tls_cert and syslog.tls_key, or tls.cert and tls.key"))
	}
	if (s.Clients == "off") != (s.ClientCA == "") {
		errs = append(errs, errors.New("syslog.tls_clients and syslog.tls_client_ca go together: without authorities no certificate can be checked"))
	}
	for _, path := range []string{s.Cert, s.Key, s.ClientCA} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			errs = append(errs, fmt.Errorf("reading the TLS files of syslog: %w", err))
		}
	}
	return errs
}

// doubts names what is valid but worth a second look.
func (s *Syslog) doubts() (doubts []string) {
	for _, l := range s.Listeners() {
		host, _, _ := net.SplitHostPort(l.Address)
		addr, err := netip.ParseAddr(host)
		local := host == "localhost" || err == nil && addr.IsLoopback()
		if !local && len(l.Allow) == 0 && (l.Network != "tls" || s.Clients != "required") {
			doubts = append(doubts, fmt.Sprintf("syslog.listen: whoever reaches %s://%s may send events: name the senders' networks in syslog.allow", l.Network, l.Address))
		}
	}
	return doubts
}

// listeners declares a list of addresses to listen on.
func (d *declarer) listeners(p *[]SyslogListener, key, help string) {
	d.add(Setting{Key: key, Kind: "list of URLs", Help: help}, func(text string) error {
		var list []SyslogListener
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			l, err := parseListener(part)
			if err != nil {
				return err
			}
			list = append(list, l)
		}
		*p = list
		return nil
	}, func() string {
		parts := make([]string, len(*p))
		for i := range *p {
			parts[i] = (*p)[i].text()
		}
		return strings.Join(parts, ",")
	})
}

func parseListener(text string) (l SyslogListener, err error) {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Fragment != "" || strings.Trim(u.Path, "/") != "" || !contains([]string{"udp", "tcp", "tls"}, u.Scheme) {
		return l, fmt.Errorf("%q is not an address such as tcp://0.0.0.0:601 (udp, tcp or tls)", text)
	}
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || n > 65535 {
		return l, fmt.Errorf("%q names no port from 0 to 65535", text)
	}
	l.Network, l.Address = u.Scheme, u.Host
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return l, fmt.Errorf("%q: %w", text, err)
	}
	for name, values := range query {
		for _, v := range values {
			if err := l.set(name, v); err != nil {
				return l, fmt.Errorf("%s: %w", l.Network+"://"+l.Address, err)
			}
		}
	}
	return l, nil
}

func (l *SyslogListener) set(name, value string) error {
	switch {
	case name == "account" && event.ValidAccount(value):
		l.Account = value
	case name == "project" && len(value) <= event.MaxName:
		l.Project = value
	case name == "timezone" && validZone(value):
		l.Timezone = value
	case name == "allow":
		p, err := parsePrefix(value)
		if err != nil {
			return err
		}
		l.Allow = append(l.Allow, p)
	case name == "label":
		labels, err := parseLabels(value)
		if err != nil {
			return err
		}
		if l.Labels == nil {
			l.Labels = map[string]string{}
		}
		maps.Copy(l.Labels, labels)
	case contains([]string{"account", "project", "timezone"}, name):
		return fmt.Errorf("%s: %q cannot be one", name, value)
	default:
		return notOneOf(name, []string{"account", "project", "label", "allow", "timezone"})
	}
	return nil
}

// text is the listener as it is written.
func (l *SyslogListener) text() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+strings.ReplaceAll(url.QueryEscape(value), "%2F", "/"))
		}
	}
	add("account", l.Account)
	add("project", l.Project)
	add("timezone", l.Timezone)
	for _, name := range sortedKeys(l.Labels) {
		add("label", name+"="+l.Labels[name])
	}
	for _, p := range l.Allow {
		add("allow", p.String())
	}
	text := l.Network + "://" + l.Address
	if len(parts) > 0 {
		text += "?" + strings.Join(parts, "&")
	}
	return text
}

// labels declares labels, "name=value".
func (d *declarer) labels(p *map[string]string, key, help string) {
	d.add(Setting{Key: key, Kind: "list of name=value", Help: help}, func(text string) (err error) {
		*p, err = parseLabels(text)
		return err
	}, func() string {
		parts := make([]string, 0, len(*p))
		for _, name := range sortedKeys(*p) {
			parts = append(parts, name+"="+(*p)[name])
		}
		return strings.Join(parts, ",")
	})
}

func parseLabels(text string) (map[string]string, error) {
	labels := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok || name == "" || len(name) > event.MaxName || len(value) > event.MaxText {
			return nil, fmt.Errorf("%q is not name=value", part)
		}
		labels[name] = value
	}
	return labels, nil
}

// text declares a text of limited length.
func (d *declarer) text(p *string, key string, most int, help string) {
	d.add(Setting{Key: key, Kind: "text", Help: help}, func(s string) error {
		if len(s) > most {
			return fmt.Errorf("is %d bytes long, more than %d", len(s), most)
		}
		*p = s
		return nil
	}, func() string { return *p })
}

// choiceOf declares a text that has to pass a check; kind says what it is.
func (d *declarer) choiceOf(p *string, key, def, kind string, valid func(string) bool, help string) {
	d.add(Setting{Key: key, Kind: kind, Default: def, Help: help}, func(s string) error {
		if !valid(s) {
			return fmt.Errorf("%q is no %s", s, kind)
		}
		*p = s
		return nil
	}, func() string { return *p })
}
