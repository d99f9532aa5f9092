package httpkit

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
)

// describeTLS is what is said of TLS that did not come about; empty for other errors. There is no way on without it:
// nothing is sent in plain text, and no certificate is taken that was not verified, unless verify_tls is switched off.
func describeTLS(err error) string {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		op        *net.OpError
	)
	switch {
	case errors.As(err, &authority):
		return "its certificate is signed by an authority the hub does not know: give the authority's certificate as " +
			"ca_bundle"
	case errors.As(err, &name):
		return clean(fmt.Sprintf("its certificate is for another name: %v", name), maxTLSText)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return describeDates(invalid)
	case errors.As(err, &invalid):
		return clean(fmt.Sprintf("its certificate is not valid: %v", invalid), maxTLSText)
	case errors.As(err, &record):
		return "it does not speak TLS on this port: check https against http"
	case errors.As(err, &op) && op.Op == "remote error": // an alert of the other side
		return fmt.Sprintf("it refused the TLS connection: %s%s", strings.TrimPrefix(op.Err.Error(), "tls: "), alertAdvice(op.Err))
	case strings.Contains(err.Error(), "tls: server selected unsupported protocol version"):
		return "it speaks only versions of TLS that are no longer safe: it must offer TLS 1.2 or 1.3"
	}
	return ""
}

// maxTLSText bounds what is quoted of a certificate, whose names are the other side's, in bytes.
const maxTLSText = 500

// describeDates says which certificate is out of date. It is the other side's to renew, unless the hub's clock is wrong.
func describeDates(invalid x509.CertificateInvalidError) string {
	const date = "2006-01-02 15:04 MST"
	cert, what := invalid.Cert, "has expired or is not valid yet"
	if cert == nil {
		return "its certificate " + what
	}
	return fmt.Sprintf("its certificate %s: it is good from %s to %s. It must be renewed there, unless the hub's clock is wrong",
		what, cert.NotBefore.UTC().Format(date), cert.NotAfter.UTC().Format(date))
}

// alertAdvice says what an alert usually means. Package tls gives alerts as text only.
func alertAdvice(alert error) string {
	text := alert.Error()
	switch {
	case strings.Contains(text, "protocol version"):
		return " (it must offer TLS 1.2 or 1.3)"
	case strings.Contains(text, "certificate"):
		return " (check client_certificate and client_key)"
	case strings.Contains(text, "handshake failure"):
		return " (a client certificate may be wanted, or it offers no cipher that is still safe)"
	}
	return ""
}
