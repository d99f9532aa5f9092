// Package httpkit is the only way out of the hub over HTTP. Its clients dial only addresses that are globally routable
// or that the operator has allowed, follow no redirects, use no proxy, bound every phase by time and every answer by
// size, reuse connections, and keep secrets out of errors and of what they record.
package httpkit

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// Limits and defaults of a Client.
const (
	// DefaultConnectTimeout bounds name look-up, TCP and TLS together.
	DefaultConnectTimeout = 5 * time.Second
	// DefaultRequestTimeout bounds a request from the moment it has a connection until its answer is read.
	DefaultRequestTimeout = 15 * time.Second
	// DefaultMaxConns bounds the connections to one host, idle ones included. It is as many as one integration may
	// have requests in flight, so that no request waits for a connection.
	DefaultMaxConns = 256
	// DefaultMaxBody bounds what is kept of an answer's body (64 KiB).
	DefaultMaxBody = 64 << 10
	// maxDrain bounds what is read and thrown away beyond that, so that the connection can be used again (256 KiB).
	maxDrain = 256 << 10
	// maxAnswerHeader bounds an answer's header (64 KiB).
	maxAnswerHeader = 64 << 10
	// writeBuffer lets a header and a usual event leave in one packet (8 KiB a connection).
	writeBuffer = 8 << 10
	// dialSlack is how much longer than the connect timeout an attempt to connect may go on in the background, once
	// the request that wanted it has been given up.
	dialSlack = time.Second
	// idleTimeout closes connections that nobody used for so long.
	idleTimeout = 90 * time.Second
)

// Config is what all clients of a process share.
type Config struct {
	// Allow lists address ranges that may be reached although they are not globally routable (egress.allow).
	Allow []netip.Prefix
	// Log gets a line for every refused address.
	Log *slog.Logger
	// Now is the clock.
	Now func() time.Time
	// UserAgent goes with every request that names none, such as "Tocsin/1.2.3".
	UserAgent string
	// Resolver looks names up; nil is the system's.
	Resolver *net.Resolver
	// OnConnect, if set, is called with an address that passed the guard, right before it is connected to. An error
	// stops the connection. Tests use it to prove that nothing was dialled.
	OnConnect func(network, address string) error
}

// Maker makes clients.
type Maker struct {
	cfg    Config
	guard  guard
	masker *masker
}

// NewMaker prepares making clients.
func NewMaker(cfg Config) *Maker {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "Tocsin"
	}
	return &Maker{cfg: cfg, guard: newGuard(cfg.Allow), masker: newMasker(nil)}
}

// Masking is a Maker whose clients keep the given secret values out of everything they record and every error they
// return, in addition to those of m.
func (m *Maker) Masking(values []string) *Maker {
	c := *m
	c.masker = newMasker(append(append([]string{}, m.masker.values...), values...))
	return &c
}

// MaskText is text with the secret values masked, for errors that a connector makes itself.
func (m *Maker) MaskText(text string) string { return m.masker.text(text) }

// CheckAddress says whether the guard lets a be dialled; the error is an ErrForbiddenAddress.
func (m *Maker) CheckAddress(a netip.Addr) error { return m.guard.check(a) }

// dial connects through the guard. Do bounds the whole phase; the dialer's own limit ends what Do has given up.
func (m *Maker) dial(timeout time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second, Resolver: m.cfg.Resolver}
	d.ControlContext = m.control
	return d.DialContext
}
