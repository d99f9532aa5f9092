package httpkit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/egress"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Options are one client's own. Zero values are the defaults.
type Options struct {
	// ConnectTimeout bounds getting a connection: look-up, TCP and TLS.
	ConnectTimeout time.Duration
	// RequestTimeout bounds a request once it has its connection.
	RequestTimeout time.Duration
	// CAPEM holds certificates to trust instead of the system's.
	CAPEM string
	// ClientCertPEM and ClientKeyPEM are the client's certificate for mutual TLS; both or none.
	ClientCertPEM string
	ClientKeyPEM  form.Secret
	// InsecureSkipVerify accepts any certificate.
	InsecureSkipVerify bool
	// MaxConns bounds the connections to one host; DefaultMaxConns if 0.
	MaxConns int
	// MaxBody bounds what is kept of an answer's body, in bytes; DefaultMaxBody if 0.
	MaxBody int
}

// Request is one request. Its Header and Body belong to Do until it returns; see Response.Released.
type Request struct {
	Method string
	URL    string
	Header http.Header // Do adds User-Agent if it is missing
	Body   []byte      // as it goes on the wire
	// Plain is the body before content encoding, if Body is encoded: that is what an Exchange shows.
	Plain []byte
	// Signatures names the headers that carry a signature; an Exchange masks them. Those that are called so ("signature"
	// in the name) need not be listed.
	Signatures []string
	// Secrets are values of this request alone, such as a token that ends soon: like those of the Maker, they are kept out of
	// what is recorded of it, of its answer and of its error.
	Secrets []string
}

// Response is an answer, read as far as MaxBody.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Truncated says that the body was longer.
	Truncated bool
	// Released says that nothing holds on to the request's Header and Body any more, so they can be used again. It is
	// false when the answer came before the request was fully written.
	Released bool

	masker *masker
}

// Client sends requests. It is safe for concurrent use and keeps its connections; one client serves one integration.
type Client struct {
	maker     *Maker
	transport *http.Transport
	connect   time.Duration
	request   time.Duration
	maxBody   int
	// target is the URL used last: a client mostly posts to one.
	target atomic.Pointer[target]
	// cleared is the host that was checked last before the proxy was asked for it.
	cleared atomic.Pointer[clearance]
}

// target is a checked URL.
type target struct {
	raw string
	// blank is a request for the URL, to be copied. It is never changed.
	blank *http.Request
}

// Client makes a client. Its errors are about the TLS options and the operator's proxy.
func (m *Maker) Client(o Options) (*Client, error) {
	if m.err != nil {
		return nil, m.err
	}
	conf, err := tlsConfig(o)
	if err != nil {
		return nil, err
	}
	c := &Client{maker: m, connect: o.ConnectTimeout, request: o.RequestTimeout, maxBody: o.MaxBody}
	if c.connect <= 0 {
		c.connect = DefaultConnectTimeout
	}
	if c.request <= 0 {
		c.request = DefaultRequestTimeout
	}
	if c.maxBody <= 0 {
		c.maxBody = DefaultMaxBody
	}
	conns := o.MaxConns
	if conns <= 0 {
		conns = DefaultMaxConns
	}
	c.transport = &http.Transport{
		Proxy:                  nil, // the environment's proxy would hide the target from the guard
		DialContext:            m.dialer.WithTimeout(c.connect + dialSlack).DialContext,
		TLSClientConfig:        conf,
		TLSHandshakeTimeout:    c.connect + dialSlack,
		ForceAttemptHTTP2:      true,
		MaxConnsPerHost:        conns,
		MaxIdleConns:           conns,
		MaxIdleConnsPerHost:    conns,
		IdleConnTimeout:        idleTimeout,
		DisableCompression:     true, // answers are short, and a compressed one could be a bomb
		MaxResponseHeaderBytes: maxAnswerHeader,
		WriteBufferSize:        writeBuffer,
	}
	if m.proxy != nil {
		m.proxy.use(c.transport, m.dialer.WithTimeout(c.connect+dialSlack), m.cfg.UserAgent)
	}
	return c, nil
}

func tlsConfig(o Options) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: egress.MinTLS, InsecureSkipVerify: o.InsecureSkipVerify}
	if strings.TrimSpace(o.CAPEM) != "" {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM([]byte(o.CAPEM)) {
			return nil, errors.New("reading the CA bundle: it holds no certificate")
		}
	}
	if o.ClientCertPEM == "" && o.ClientKeyPEM.IsZero() {
		return conf, nil
	}
	cert, err := tls.X509KeyPair([]byte(o.ClientCertPEM), []byte(o.ClientKeyPEM.Reveal()))
	if err != nil {
		return nil, fmt.Errorf("reading the client certificate and key: %w", err)
	}
	conf.Certificates = []tls.Certificate{cert}
	return conf, nil
}

// CloseIdle closes connections that are not in use; a client that is no longer needed wants it.
func (c *Client) CloseIdle() { c.transport.CloseIdleConnections() }

// MaskText is text with the client's secret values masked.
func (c *Client) MaskText(text string) string { return c.maker.masker.text(text) }

// Do sends a request and reads its answer. Every HTTP answer is a Response, whatever its status, and a redirect is not
// followed. An error means that there was no answer: nothing says whether the other side acted on the request. Its
// text has secrets masked; its chain holds ErrForbiddenAddress, a *TimeoutError, context.Canceled and so on.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	e, m := ExchangeOf(ctx), c.maker.masker
	if len(r.Secrets) > 0 {
		m = newMasker(append(slices.Clone(m.values), r.Secrets...))
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if _, ok := r.Header["User-Agent"]; !ok {
		r.Header["User-Agent"] = []string{c.maker.cfg.UserAgent}
	}
	if e != nil {
		e.request(r, m)
		if e.DryRun {
			return nil, ErrDryRun
		}
	}
	start := time.Now() // a duration is measured by the monotonic clock, not by the hub's
	resp, err := c.roundTrip(ctx, r)
	if err != nil {
		err = explain(err, r.URL, m)
	} else {
		resp.masker = m
	}
	if e != nil {
		e.answer(resp, err, time.Since(start))
	}
	return resp, err
}
