package source

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Reasons why a request is refused; they are words for metrics and logs, and tell nothing about a secret.
const (
	ReasonMissing     = "missing"     // nothing was presented
	ReasonMalformed   = "malformed"   // what was presented cannot be read, or stands twice
	ReasonCredentials = "credentials" // another token or password
	ReasonSignature   = "signature"   // another signature
	ReasonTimestamp   = "timestamp"   // signed too long ago, or in the future
	ReasonCertificate = "certificate" // no certificate, or not one that is taken
)

// Refused says that a request does not prove to be the source's. Its text is for the sender: it says what was expected
// and where, which is no secret, and never repeats what was presented.
type Refused struct {
	Reason string
	Detail string
	// Basic says that the sender should be asked for a user name and password.
	Basic bool
}

func (r *Refused) Error() string { return r.Detail }

func refused(reason, format string, args ...any) error {
	return &Refused{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// Head is a request without its body.
type Head struct {
	Header http.Header
	// Certificates are those of the TLS client, its own first.
	Certificates []*x509.Certificate
	Now          time.Time
}

// Claim is what a request's head has shown.
type Claim struct {
	// Prove checks the body, as it came over the wire; nil if there is nothing left to prove.
	Prove func(body []byte) error
	// Delivery stands for this delivery: what comes again with it is the same one. Empty if the method has nothing that
	// tells an original from a copy.
	Delivery string
	// Signed is what was signed beside the body, where Delivery was not: the same again with the same body is a copy, too.
	Signed string
}

// Verifier checks requests by one source's settings. It is pure and safe for concurrent use.
type Verifier struct {
	method string
	check  func(*Head) (Claim, error)
}

// NewVerifier prepares the check of a. The settings must be valid.
func NewVerifier(a *Auth) (*Verifier, error) {
	v := &Verifier{method: a.Method}
	switch a.Method {
	case APIKey:
		v.check = func(*Head) (Claim, error) { return Claim{}, errByKey }
	case Bearer:
		v.check = bearerCheck(tokensOf(a))
	case Basic:
		v.check = basicCheck(a.Username, tokensOf(a))
	case Header:
		v.check = headerCheck(a.Header, tokensOf(a))
	case HMAC:
		v.check = hmacCheck(a)
	case GitHub:
		v.check = githubCheck(a)
	case StandardWebhooks:
		v.check = standardCheck(a)
	case Tocsin:
		v.check = tocsinCheck(a)
	case MTLS:
		v.check = certificateCheck(a)
	case None:
		v.check = func(*Head) (Claim, error) { return Claim{}, nil }
	default:
		return nil, fmt.Errorf("there is no method %q", a.Method)
	}
	return v, nil
}

// errByKey says that the method is not this package's business.
var errByKey = errors.New("an API key is checked by the gate")

// ByKey says that senders bring an API key, which the verifier does not check.
func (v *Verifier) ByKey() bool { return v.method == APIKey }

// Check looks at all that a request shows before its body. The error is a *Refused.
func (v *Verifier) Check(h *Head) (Claim, error) { return v.check(h) }

// Verify checks a whole request: the settings, its headers and its body as it came over the wire, at a time. The error is
// a *Refused.
func Verify(a *Auth, h *Head, body []byte) error {
	v, err := NewVerifier(a)
	if err != nil {
		return err
	}
	claim, err := v.Check(h)
	if err != nil || claim.Prove == nil {
		return err
	}
	return claim.Prove(body)
}

// secretsOf are the live secrets.
func secretsOf(a *Auth) []string {
	var list []string
	for _, s := range []form.Secret{a.Secret, a.Previous} {
		if !s.IsZero() {
			list = append(list, s.Reveal())
		}
	}
	return list
}
