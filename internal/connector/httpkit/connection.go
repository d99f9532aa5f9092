package httpkit

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Connection is the part of a connector's settings that is about reaching the vendor. A connector embeds it in its
// settings and calls Fields from its Form and Check from its Validate.
type Connection struct {
	ConnectTimeout time.Duration
	RequestTimeout time.Duration
	VerifyTLS      bool
	CABundle       string
	ClientCert     string
	ClientKey      form.Secret
}

// Limits of the two timeouts.
const (
	minTimeout = 100 * time.Millisecond
	maxTimeout = 5 * time.Minute
)

// Fields declares the settings; connect and request are the vendor's default timeouts.
func (c *Connection) Fields(f *form.Set, connect, request time.Duration) {
	const group = "Connection"
	f.Duration("connect_timeout", &c.ConnectTimeout, "Connect timeout", form.Default(connect), form.Min(minTimeout),
		form.Max(maxTimeout), form.Group(group), form.Advanced(),
		form.Help("How long getting a connection may take: name look-up, TCP and TLS."))
	f.Duration("request_timeout", &c.RequestTimeout, "Request timeout", form.Default(request), form.Min(minTimeout),
		form.Max(maxTimeout), form.Group(group), form.Advanced(),
		form.Help("How long a request may take once connected, until its answer is complete."))
	f.Bool("verify_tls", &c.VerifyTLS, "Verify the certificate", form.Default(true), form.Group(group), form.Advanced(),
		form.Destination(),
		form.Help("Switch off only to find a fault: without it, anyone on the way can read and change what is sent. "+
			"For a private authority give its certificate instead."))
	f.PEM("ca_bundle", &c.CABundle, "CA bundle", form.Group(group), form.Advanced(), form.Check(checkCABundle),
		form.Destination(),
		form.Help("Certificates of the authorities to trust instead of the system's, in PEM."))
	f.PEM("client_certificate", &c.ClientCert, "Client certificate", form.Group(group), form.Advanced(),
		form.Help("For receivers that want mutual TLS, in PEM; with client_key."))
	f.SecretPEM("client_key", &c.ClientKey, "Client key", form.Group(group), form.Advanced(),
		form.Help("The private key of the client certificate, in PEM."))
}

func checkCABundle(text string) error {
	if _, err := tlsConfig(Options{CAPEM: text}); err != nil {
		return errors.New("holds no certificate")
	}
	return nil
}

// Check adds what is wrong with the settings together.
func (c *Connection) Check(errs *form.Errors) {
	switch {
	case c.ClientCert == "" && c.ClientKey.IsZero():
	case c.ClientCert == "":
		errs.Add("client_certificate", "is required with client_key")
	case c.ClientKey.IsZero():
		errs.Add("client_key", "is required with client_certificate")
	default:
		if _, err := tlsConfig(Options{ClientCertPEM: c.ClientCert, ClientKeyPEM: c.ClientKey}); err != nil {
			errs.Add("client_certificate", "and client_key do not make a usable pair")
		}
	}
}

// TLS is what the settings say of TLS, for protocols other than HTTP; see egress.TLS.
func (c *Connection) TLS() (*tls.Config, error) {
	return tlsConfig(Options{
		InsecureSkipVerify: !c.VerifyTLS, CAPEM: c.CABundle, ClientCertPEM: c.ClientCert, ClientKeyPEM: c.ClientKey,
	})
}

// Open makes the client that the settings describe.
func (c *Connection) Open(m *Maker) (*Client, error) {
	client, err := m.Client(Options{
		ConnectTimeout: c.ConnectTimeout, RequestTimeout: c.RequestTimeout, InsecureSkipVerify: !c.VerifyTLS,
		CAPEM: c.CABundle, ClientCertPEM: c.ClientCert, ClientKeyPEM: c.ClientKey,
	})
	if err != nil {
		return nil, fmt.Errorf("making the HTTP client: %w", err)
	}
	return client, nil
}
