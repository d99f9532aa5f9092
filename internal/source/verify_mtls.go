package source

import (
	"crypto/x509"
	"strings"
)

// certificateCheck takes client certificates of the authorities in the settings. The TLS handshake has proven that the
// sender has the key; whose certificate it is, is looked at here, because each source trusts authorities of its own.
func certificateCheck(a *Auth) func(*Head) (Claim, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(a.CABundle))
	subject := a.Subject
	return func(h *Head) (Claim, error) {
		if len(h.Certificates) == 0 {
			return Claim{}, refused(ReasonCertificate, "a TLS client certificate is needed")
		}
		leaf, between := h.Certificates[0], x509.NewCertPool()
		for _, c := range h.Certificates[1:] {
			between.AddCert(c)
		}
		_, err := leaf.Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: between, CurrentTime: h.Now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		})
		if err != nil {
			return Claim{}, refused(ReasonCertificate, "the client certificate is not a valid one of this source's authorities")
		}
		if subject != "" && !named(leaf, subject) {
			return Claim{}, refused(ReasonCertificate, "the client certificate is not of the subject that this source wants")
		}
		return Claim{}, nil
	}
}

// named says whether a certificate has a name: its common name, or one of the alternative ones. DNS names are compared as
// they stand, whatever the case: a wildcard is another name.
func named(c *x509.Certificate, name string) bool {
	if c.Subject.CommonName == name {
		return true
	}
	for _, n := range c.DNSNames {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	for _, n := range c.EmailAddresses {
		if n == name {
			return true
		}
	}
	for _, n := range c.URIs {
		if n.String() == name {
			return true
		}
	}
	for _, n := range c.IPAddresses {
		if n.String() == name {
			return true
		}
	}
	return false
}
