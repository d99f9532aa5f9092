package egress

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
)

// MinTLS is the oldest version of TLS that the hub speaks.
const MinTLS = tls.VersionTLS12

// TLS is conf, or the defaults if it is nil, for a connection to host: at least MinTLS, and with a server name to
// verify. It never weakens what conf says.
func TLS(conf *tls.Config, host string) *tls.Config {
	c := &tls.Config{}
	if conf != nil {
		c = conf.Clone()
	}
	c.MinVersion = max(c.MinVersion, MinTLS)
	if c.ServerName == "" {
		c.ServerName = host
	}
	return c
}

// DialTLS connects as DialContext does and shakes hands, both together within the dialer's time limit. Without a
// handshake there is no connection: it is closed, and never used in plain text.
func (d *Dialer) DialTLS(ctx context.Context, network, address string, conf *tls.Config) (*tls.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("reading the address: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, d.cfg.Timeout, &TimeoutError{After: d.cfg.Timeout})
	defer cancel()
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return Upgrade(ctx, conn, TLS(conf, host))
}

// Upgrade begins TLS on a connection. It is the second half of STARTTLS, where the rules are:
//
//   - A peer that does not offer STARTTLS, refuses it or fails the handshake is an error. Nothing is sent to it in plain
//     text: whoever is in the way can strike the offer out.
//   - What the peer sent before the handshake is forgotten, capabilities included, and a peer that sent anything after
//     its consent is refused: those bytes are not its own for sure.
//   - Credentials are sent after the handshake only.
//
// It closes conn if the handshake fails. conf must have a ServerName; see TLS.
func Upgrade(ctx context.Context, conn net.Conn, conf *tls.Config) (*tls.Conn, error) {
	t := tls.Client(conn, TLS(conf, ""))
	if err := t.HandshakeContext(ctx); err != nil {
		conn.Close() //nolint:errcheck // nothing was sent over it
		if ctx.Err() != nil {
			return nil, fmt.Errorf("shaking hands: %w", context.Cause(ctx))
		}
		return nil, fmt.Errorf("shaking hands: %w", err)
	}
	return t, nil
}
