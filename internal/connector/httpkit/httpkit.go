// Package httpkit is the only way out of the hub over HTTP. Its clients dial only addresses that are globally routable
// or that the operator has allowed (package egress), follow no redirects, use no proxy but the operator's, bound every
// phase by time and every answer by size, reuse connections, and keep secrets out of errors and of what they record.
package httpkit

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/egress"
)

// ErrForbiddenAddress says that an address is not globally routable and not allowed by the operator.
var ErrForbiddenAddress = egress.ErrForbiddenAddress

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
	// Proxy is what all requests go through (egress.proxy), as ParseProxy gives it; nil is none. The environment
	// (HTTP_PROXY and its like) is never looked at. Its own address needs no allowance.
	Proxy *url.URL
	// Bind holds the local addresses that connections leave from (egress.bind); empty leaves it to the system.
	Bind []netip.Addr
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
	dialer *egress.Dialer
	proxy  *proxy // nil for none
	err    error  // what is wrong with cfg.Proxy; every Client says it
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
	m := &Maker{cfg: cfg, masker: newMasker(nil), dialer: egress.NewDialer(egress.Config{
		Allow: cfg.Allow, Bind: cfg.Bind, Log: cfg.Log, Resolver: cfg.Resolver, OnConnect: cfg.OnConnect,
	})}
	if cfg.Proxy != nil {
		m.proxy, m.err = newProxy(cfg.Proxy)
		if password, ok := cfg.Proxy.User.Password(); ok {
			m.masker = newMasker([]string{password})
		}
	}
	return m
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
func (m *Maker) CheckAddress(a netip.Addr) error { return m.dialer.Guard().Check(a) }

// Dialer connects for protocols other than HTTP, through the same guard. It goes out directly, also if there is a proxy.
func (m *Maker) Dialer() *egress.Dialer { return m.dialer }
