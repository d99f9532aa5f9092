// Package egress is the only way out of the hub. Its Dialer connects only to addresses that are globally reachable or
// that the operator has allowed, and looks at the address itself, right before connecting: spellings, changing names,
// several answers to one look-up and redirects make no difference. HTTP goes out through httpkit, which dials through
// this package; a connector for any other protocol dials with the Dialer of its Env.
//
// What remains outside of its reach: a network that routes or translates public addresses to private hosts (NAT64 with
// a prefix of its own, destination NAT), and an HTTP proxy that looks names up by itself (see Dialer.Via).
package egress

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
	"time"
)

const (
	// DefaultTimeout bounds one DialContext: name look-up and all connection attempts together.
	DefaultTimeout = 10 * time.Second
	// keepAlive is how often an idle connection is probed.
	keepAlive = 30 * time.Second
)

// ErrNetwork says that a network is none that leaves the machine over TCP or UDP.
var ErrNetwork = errors.New("not a network to dial")

// ErrNoAddress says that none of the other side's addresses can be reached from the addresses of Config.Bind.
var ErrNoAddress = errors.New("no address in common")

// Config is what all dialers of a process share.
type Config struct {
	// Allow lists networks that may be reached although they are not globally reachable (egress.allow).
	Allow []netip.Prefix
	// Bind holds the local addresses that connections leave from (egress.bind): at most one for IPv4 and one for IPv6.
	// If there is any, the other side is reached over those families only. Empty leaves it to the system.
	Bind []netip.Addr
	// Timeout bounds one DialContext; DefaultTimeout if 0.
	Timeout time.Duration
	// Log gets a line for every refused address.
	Log *slog.Logger
	// Resolver looks names up; nil is the system's.
	Resolver *net.Resolver
	// OnConnect, if set, is called with an address that passed the guard, right before it is connected to. An error
	// stops the connection. Tests use it to prove that nothing was dialled.
	OnConnect func(network, address string) error
}

// Dialer connects through the guard. It is safe for concurrent use and keeps nothing.
type Dialer struct {
	cfg   Config
	guard Guard
	// via is the one address (host:port) that may be dialled, whatever its IP; empty for an ordinary dialer.
	via string
}

// NewDialer makes a Dialer.
func NewDialer(cfg Config) *Dialer {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.Resolver == nil {
		cfg.Resolver = net.DefaultResolver
	}
	return &Dialer{cfg: cfg, guard: NewGuard(cfg.Allow)}
}

// Guard is the guard that the dialer asks.
func (d *Dialer) Guard() Guard { return d.guard }

// WithTimeout is a Dialer with another limit for one DialContext.
func (d *Dialer) WithTimeout(limit time.Duration) *Dialer {
	c := *d
	c.cfg.Timeout = limit
	return &c
}

// Via is a Dialer for a proxy that the operator has named: it connects to address (host:port) whatever its IP, and to
// nothing else. Whoever asks that proxy for a target must have checked the target first, with CheckHost.
func (d *Dialer) Via(address string) *Dialer {
	c := *d
	c.via = address
	return &c
}

// DialContext connects to a host and port over "tcp" or "udp" (or either's 4 and 6), within the dialer's time limit.
// The guard is asked for every single address; an address that it refuses is skipped, and if no other can be connected
// to, the error wraps ErrForbiddenAddress and names the address as it was asked for, not what it was looked up as.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
	default:
		return nil, fmt.Errorf("dialling over %q: %w", network, ErrNetwork)
	}
	if d.via != "" && address != d.via {
		return nil, fmt.Errorf("connecting to %s, which is not the proxy: %w", address, ErrForbiddenAddress)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, d.cfg.Timeout, &TimeoutError{After: d.cfg.Timeout})
	defer cancel()
	conn, err := d.dial(ctx, network, address)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("connecting to %s: %w", address, context.Cause(ctx))
	}
	if errors.Is(err, ErrForbiddenAddress) { // without the net.OpError around it, which names the address
		return nil, fmt.Errorf("connecting to %s: %w", address, ErrForbiddenAddress)
	}
	return conn, err
}

// dial connects from the system's choice of address, or from each of the bound ones in turn.
func (d *Dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	nd := net.Dialer{KeepAlive: keepAlive, Resolver: d.cfg.Resolver}
	nd.ControlContext = func(_ context.Context, network, to string, _ syscall.RawConn) error {
		return d.control(network, address, to)
	}
	if len(d.cfg.Bind) == 0 {
		return nd.DialContext(ctx, network, address)
	}
	return d.dialBound(ctx, nd, network, address)
}

// control decides about one address, right before it is connected to. asked is what it was looked up for.
func (d *Dialer) control(network, asked, address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("reading the address and port %q: %w", address, ErrForbiddenAddress)
	}
	if d.via == "" {
		if err := d.check(asked, ap.Addr()); err != nil {
			return err
		}
	}
	if d.cfg.OnConnect != nil {
		return d.cfg.OnConnect(network, address)
	}
	return nil
}

// check asks the guard, and logs its refusal.
func (d *Dialer) check(asked string, a netip.Addr) error {
	err := d.guard.Check(a)
	if err != nil {
		d.cfg.Log.Warn("refused to connect", slog.String("target", asked), slog.String("address", a.String()),
			slog.String("reason", reason(a)))
	}
	return err
}

// CheckHost looks a host up and asks the guard for each of its addresses; all must pass. It is for what is not dialled
// here but by a proxy: between this look-up and the proxy's own the name may change, which only the proxy can prevent.
func (d *Dialer) CheckHost(ctx context.Context, host string) error {
	if a, err := netip.ParseAddr(host); err == nil {
		return d.check(host, a)
	}
	list, err := d.cfg.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return fmt.Errorf("looking up what the proxy is asked for: %w", err)
	}
	for _, a := range list {
		if err := d.check(host, a); err != nil {
			return err
		}
	}
	return nil
}

// TimeoutError says that no connection came about in time.
type TimeoutError struct {
	// After is the limit.
	After time.Duration
}

func (e *TimeoutError) Error() string { return fmt.Sprintf("no connection within %s", e.After) }

// Timeout is true, as for errors of package net.
func (e *TimeoutError) Timeout() bool { return true }
