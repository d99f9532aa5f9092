//go:build failpoint

package failpoint

import (
	"context"
	"net"
	"os"
)

// With TOCSIN_FAILPOINT_DNS the process asks that name server and no other. It is set before anything can look a name up.
func init() {
	addr := os.Getenv(EnvDNS)
	if addr == "" {
		return
	}
	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "udp", addr)
		},
	}
}
