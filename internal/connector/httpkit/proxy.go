package httpkit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/egress"
)

// A proxy hides the target from the guard: what is dialled is the proxy, and the proxy looks the target's name up by
// itself. So every target is looked up and checked here before the proxy is asked for it, and what the proxy is asked
// for is what was checked. One thing remains that only the proxy can prevent: a name that means something else by the
// time the proxy looks it up. A proxy that can reach private networks must have rules of its own.

// clearanceTime is how long a checked name is not looked up again for the proxy.
const clearanceTime = 10 * time.Second

// clearance is a host that passed the guard.
type clearance struct {
	host  string
	until time.Time
}

// clear checks a target before the proxy is asked for it. Without a proxy the guard sees what is dialled.
func (c *Client) clear(ctx context.Context, host string) error {
	if c.maker.proxy == nil {
		return nil
	}
	now := time.Now()
	if k := c.cleared.Load(); k != nil && k.host == host && now.Before(k.until) {
		return nil
	}
	if err := c.maker.dialer.CheckHost(ctx, host); err != nil {
		return err
	}
	c.cleared.Store(&clearance{host: host, until: now.Add(clearanceTime)})
	return nil
}

// ParseProxy reads the URL of a proxy, such as http://proxy.example.com:3128 or https://user:password@10.0.0.1:8443;
// no text is no proxy. The name and password go to the proxy alone. Errors never repeat the text.
func ParseProxy(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("is not a valid URL")
	}
	_, err = newProxy(u)
	return u, err
}

// proxy is the operator's HTTP proxy.
type proxy struct {
	url     *url.URL // as the transport sees it: always http, since TLS to the proxy is begun by dial
	address string   // host:port
	tls     bool
	conf    *tls.Config // for TLS to the proxy; nil is the defaults
}

func newProxy(u *url.URL) (*proxy, error) {
	port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	switch {
	case port == "":
		return nil, errors.New("the proxy's URL must begin with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New("the proxy's URL must name a host")
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("the proxy's URL must end after the host and port")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return nil, errors.New("the proxy's port must be from 1 to 65535")
		}
		port = p
	}
	p := &proxy{address: net.JoinHostPort(u.Hostname(), port), tls: u.Scheme == "https"}
	p.url = &url.URL{Scheme: "http", Host: p.address, User: u.User}
	return p, nil
}

// use makes a transport send everything through the proxy: https as a tunnel (CONNECT), so that the proxy sees no
// content, and http as it is.
func (p *proxy) use(t *http.Transport, d *egress.Dialer, userAgent string) {
	via := d.Via(p.address)
	t.Proxy = http.ProxyURL(p.url)
	t.ProxyConnectHeader = http.Header{"User-Agent": {userAgent}}
	t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
		if answer.StatusCode != http.StatusOK {
			return &ProxyError{Status: answer.StatusCode}
		}
		return nil
	}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := p.dial(ctx, via, network, address)
		if err != nil {
			return nil, &ProxyError{err: err}
		}
		return conn, nil
	}
}

// dial connects to the proxy. Its certificate is judged by the system's authorities: what an integration says about
// TLS (its authorities, its client certificate, no verification) is about the integration's receiver.
func (p *proxy) dial(ctx context.Context, via *egress.Dialer, network, address string) (net.Conn, error) {
	if p.tls {
		return via.DialTLS(ctx, network, address, p.conf)
	}
	return via.DialContext(ctx, network, address)
}

// ProxyError says that the operator's proxy could not be reached, or would not connect to the target.
type ProxyError struct {
	// Status is the proxy's answer to CONNECT; 0 if it could not be reached.
	Status int
	err    error
}

func (e *ProxyError) Error() string {
	switch e.Status {
	case 0:
		return describe(e.err, "the hub's proxy (egress.proxy)")
	case http.StatusProxyAuthRequired:
		return "the hub's proxy (egress.proxy) answered 407 to CONNECT: it wants a name and a password"
	case http.StatusForbidden:
		return "the hub's proxy (egress.proxy) answered 403 to CONNECT: its rules do not allow this target"
	}
	return fmt.Sprintf("the hub's proxy (egress.proxy) answered %d %s to CONNECT", e.Status, http.StatusText(e.Status))
}

func (e *ProxyError) Unwrap() error { return e.err }
