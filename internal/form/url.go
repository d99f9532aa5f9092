package form

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// CheckURL reads an absolute URL that the hub may send to, and refuses what two parsers could read differently: user
// information, fragments, hosts that are not plain ASCII, numbers that pass for an IPv4 address (0x7f000001, 127.1),
// zones and odd ports. Whether the host may be reached is decided when its address is dialled, not here.
func CheckURL(raw string, schemes ...string) (*url.URL, error) {
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c == 0x7f || c == '\\' {
			return nil, errors.New("is not a valid URL: it holds a space, a backslash or a control character")
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("is not a valid URL") // url.Error repeats the URL, which may hold a secret
	}
	if !slices.Contains(schemes, u.Scheme) {
		return nil, fmt.Errorf("must be an absolute URL that begins with %s://", strings.Join(schemes, ":// or "))
	}
	if u.Opaque != "" || u.Host == "" {
		return nil, errors.New("must name a host after //")
	}
	if u.User != nil {
		return nil, errors.New("must not hold a user name or password: use a header")
	}
	if strings.Contains(raw, "#") {
		return nil, errors.New("must not have a fragment (#…)")
	}
	if err := checkHost(u.Host, u.Hostname()); err != nil {
		return nil, err
	}
	if err := checkPort(u); err != nil {
		return nil, err
	}
	return u, nil
}

func checkPort(u *url.URL) error {
	port := u.Port()
	if port == "" {
		if strings.HasSuffix(u.Host, ":") {
			return errors.New("has a colon without a port")
		}
		return nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
		return errors.New("must have a port from 1 to 65535")
	}
	return nil
}

// checkHost accepts canonical IP addresses and host names of letters, digits, hyphens and underscores.
func checkHost(authority, host string) error {
	if strings.HasPrefix(authority, "[") {
		if a, err := netip.ParseAddr(host); err != nil || a.Zone() != "" {
			return errors.New("has a host in brackets that is not an IPv6 address")
		}
		return nil
	}
	name := strings.TrimSuffix(host, ".")
	if name == "" || len(name) > 253 {
		return errors.New("must name a host of at most 253 characters")
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return err
		}
	}
	// A last label that is a number makes an IPv4 address of the whole host for lenient parsers (WHATWG URL §3.5).
	if last := labels[len(labels)-1]; isNumber(last) {
		if a, err := netip.ParseAddr(host); err != nil || !a.Is4() {
			return errors.New("has a host that looks like an IP address but is not one in plain form (like 203.0.113.7)")
		}
	}
	return nil
}

func checkLabel(label string) error {
	if label == "" || len(label) > 63 {
		return errors.New("has a host with an empty or overlong part")
	}
	for i := range len(label) {
		c := label[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return errors.New("has a host with characters other than letters, digits, hyphens and dots " +
				"(write an international name in its xn-- form)")
		}
	}
	return nil
}

func isNumber(label string) bool {
	if hex, ok := strings.CutPrefix(strings.ToLower(label), "0x"); ok {
		_, err := strconv.ParseUint(hex, 16, 64)
		return hex == "" || err == nil || errors.Is(err, strconv.ErrRange)
	}
	for i := range len(label) {
		if label[i] < '0' || label[i] > '9' {
			return false
		}
	}
	return true
}

// checkPEM wants at least one PEM block and nothing that is not one.
func checkPEM(text string) error {
	rest, blocks := []byte(text), 0
	for len(strings.TrimSpace(string(rest))) > 0 {
		block, next := pem.Decode(rest)
		if block == nil {
			break
		}
		rest, blocks = next, blocks+1
	}
	if blocks == 0 {
		return errors.New("is not PEM text (-----BEGIN …)")
	}
	if len(strings.TrimSpace(string(rest))) > 0 {
		return errors.New("has something after the last PEM block")
	}
	return nil
}
