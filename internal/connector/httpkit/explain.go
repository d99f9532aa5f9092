package httpkit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"
)

// ErrURL says that a URL cannot be sent to; form.CheckURL says why.
var ErrURL = errors.New("the URL is not usable")

// Error is a failed request: Error() has secrets masked and says, where that is known, what to do; the chain below has
// the cause.
type Error struct {
	text  string
	cause error
}

func (e *Error) Error() string { return e.text }
func (e *Error) Unwrap() error { return e.cause }

// Timeout says whether a phase took too long.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.cause, &t) && t.Timeout()
}

// explain makes the error that people see. Only the host of the URL is named: its path and query may hold a secret.
func (c *Client) explain(err error, rawURL string) error {
	host := "the host"
	if u, perr := url.Parse(rawURL); perr == nil && u.Host != "" {
		host = u.Host
	}
	text := describe(err, host)
	return &Error{text: c.maker.masker.text(text), cause: err}
}

func describe(err error, host string) string {
	var (
		timeout   *TimeoutError
		dns       *net.DNSError
		op        *net.OpError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		alert     tls.AlertError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, ErrURL):
		return err.Error()
	case errors.Is(err, context.Canceled):
		return fmt.Sprintf("%s: the request was cancelled", host)
	case errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s: %v", host, err)
	case errors.Is(err, ErrForbiddenAddress):
		return fmt.Sprintf("%s: %s", host, forbiddenText(err))
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("%s: no such host: check the spelling, and that the hub's name server knows it", host)
	case errors.As(err, &dns):
		return fmt.Sprintf("%s: looking up the name failed: %s", host, dns.Err)
	case errors.As(err, &authority):
		return fmt.Sprintf("%s: its certificate is signed by an authority the hub does not know: give the authority's "+
			"certificate as ca_bundle", host)
	case errors.As(err, &name):
		return fmt.Sprintf("%s: its certificate is for another name: %v", host, name)
	case errors.As(err, &invalid):
		return fmt.Sprintf("%s: its certificate is not valid: %v", host, invalid)
	case errors.As(err, &record):
		return fmt.Sprintf("%s: it does not speak TLS on this port: check https against http", host)
	case errors.As(err, &alert):
		return fmt.Sprintf("%s: it refused the TLS connection: %v (a client certificate may be wanted)", host, alert)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("%s: nothing accepts connections on that address and port", host)
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("%s: the connection was closed before the answer was complete", host)
	case errors.As(err, &op):
		return fmt.Sprintf("%s: %s: %v", host, op.Op, op.Err)
	}
	return clean(fmt.Sprintf("%s: %v", host, err), MaxAnswer)
}

// forbiddenText is the guard's own sentence, without the dialer's wrapping.
func forbiddenText(err error) string {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.HasPrefix(e.Error(), ErrForbiddenAddress.Error()) {
			return e.Error()
		}
	}
	return ErrForbiddenAddress.Error()
}

// Excerpt is the beginning of the answer's body as one line of printable text of at most limit bytes, secrets masked:
// fit for an error or a log.
func (r *Response) Excerpt(limit int) string {
	// A secret that straddles the cut must not survive it: mask first, with room to spare, then cut.
	body := r.Body[:min(len(r.Body), 4*limit+maxSecret)]
	text := string(body)
	if r.masker != nil {
		text = r.masker.text(text)
	}
	return clean(text, limit)
}

// maxSecret is more than any secret that is worth masking in an answer, in bytes.
const maxSecret = 16 << 10

// clean makes one printable line of hostile text: white space becomes single blanks, control and format characters
// (which could reorder or hide text) go.
func clean(text string, limit int) string {
	var b strings.Builder
	blank := false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			blank = b.Len() > 0
			continue
		case r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			continue
		}
		if b.Len()+utf8.RuneLen(r)+1 > limit {
			break
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(r)
	}
	return b.String()
}
