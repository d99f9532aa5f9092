package httpkit

import (
	"context"
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
func explain(err error, rawURL string, m *masker) error {
	host := "the host"
	if u, perr := url.Parse(rawURL); perr == nil && u.Host != "" {
		host = u.Host
	}
	text := describe(err, host)
	return &Error{text: m.text(text), cause: err}
}

// Explain makes the error that people see of a failed connection over a protocol other than HTTP: secrets masked, and with
// what can be done where that is known. The chain below has err.
func (m *Maker) Explain(err error, host string) error {
	return &Error{text: m.masker.text(describe(err, host)), cause: err}
}

// describe says in one sentence what went wrong, and what people can do about it. None of these is marked as final: an
// event waits while somebody renews a certificate, mends a name or starts a server, and the breaker sees to it that
// waiting costs nothing.
func describe(err error, host string) string {
	var (
		timeout *TimeoutError
		proxied *ProxyError
		op      *net.OpError
	)
	switch {
	case errors.Is(err, ErrURL):
		return err.Error()
	case errors.Is(err, context.Canceled):
		return fmt.Sprintf("%s: the request was cancelled", host)
	case errors.As(err, &timeout):
		return fmt.Sprintf("%s: %v", host, timeout)
	case errors.As(err, &proxied):
		return fmt.Sprintf("%s: %v", host, proxied)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s: %v", host, err)
	case errors.Is(err, ErrForbiddenAddress):
		return fmt.Sprintf("%s: %v", host, ErrForbiddenAddress) // not which address it is: see there
	}
	if text := describeName(err); text != "" {
		return fmt.Sprintf("%s: %s", host, text)
	}
	if text := describeTLS(err); text != "" {
		return fmt.Sprintf("%s: %s", host, text)
	}
	switch {
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

// describeName is what is said of a failed name look-up; empty for other errors.
func describeName(err error) string {
	var dns *net.DNSError
	switch {
	case !errors.As(err, &dns):
		return ""
	case dns.IsNotFound:
		return "no such host: check the spelling, and that the hub's name server knows it"
	}
	return "looking up the name failed: " + dns.Err
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
