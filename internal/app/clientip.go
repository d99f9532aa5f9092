package app

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// maxForwarded bounds how many entries of X-Forwarded-For are looked at.
const maxForwarded = 32

// clientIP gives the function that finds a request's client: the connection's address, or, if that is a trusted proxy,
// the last address of X-Forwarded-For that is not one. What stands before it was written by the client and proves
// nothing.
func clientIP(trusted []netip.Prefix) func(*http.Request) string {
	isTrusted := func(a netip.Addr) bool {
		for _, p := range trusted {
			if p.Contains(a) {
				return true
			}
		}
		return false
	}
	return func(r *http.Request) string {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			host = r.RemoteAddr
		}
		if len(trusted) == 0 {
			return host
		}
		addr, err := netip.ParseAddr(host)
		if err != nil || !isTrusted(addr.Unmap()) {
			return host
		}
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0 && i >= len(hops)-maxForwarded; i-- {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if err != nil {
				return addr.Unmap().String() // not an address: nothing before it can be believed
			}
			addr = hop.Unmap()
			if !isTrusted(addr) {
				break
			}
		}
		return addr.String()
	}
}
