package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/egress"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// maxReplies bounds what is read from a server over one connection, in bytes: replies are short, and a line without an end
// must not fill the memory.
const maxReplies = 1 << 20

var (
	errChatty   = errors.New("the server says more than a mail server has to say")
	errNoTLS    = errors.New("the server does not offer STARTTLS, and without it nothing is sent: use port 465 with security tls if it has that, or have TLS set up on it")
	errInjected = errors.New("the server sent more than its consent to STARTTLS: somebody in between may have put it there")
)

// wire is a connection to a mail server. It bounds what is read, and ends when its context does.
type wire struct {
	net.Conn
	left     int
	greeting []byte // is read before anything else
}

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.greeting) > 0 {
		n := copy(p, w.greeting)
		w.greeting = w.greeting[n:]
		return n, nil
	}
	if w.left <= 0 {
		return 0, errChatty
	}
	n, err := w.Conn.Read(p[:min(len(p), w.left)])
	w.left -= n
	return n, err
}

// route says how a server is reached.
type route struct {
	host     string
	address  string // host:port
	security string
	helo     string
	tls      *tls.Config
	connect  time.Duration // bounds getting a connection
	dial     *egress.Dialer
}

// open connects, up to the moment at which the server's greeting is to be read; a connection that begins in clear text and
// must not stay so is TLS by then. ctx bounds all of it.
func (r *route) open(ctx context.Context) (*wire, error) {
	dialer := r.dial.WithTimeout(r.connect)
	if r.security == securityTLS {
		conn, err := dialer.DialTLS(ctx, "tcp", r.address, r.tls)
		if err != nil {
			return nil, timely(err, r.connect)
		}
		return &wire{Conn: conn, left: maxReplies}, nil
	}
	conn, err := dialer.DialContext(ctx, "tcp", r.address)
	if err != nil {
		return nil, timely(err, r.connect)
	}
	w := &wire{Conn: conn, left: maxReplies}
	if r.security == securityNone {
		return w, nil
	}
	secure, greeting, err := r.startTLS(ctx, w)
	if err != nil {
		conn.Close() //nolint:errcheck // nothing was sent over it
		return nil, err
	}
	return &wire{Conn: secure, left: maxReplies, greeting: []byte(greeting)}, nil
}

// startTLS speaks the clear part of STARTTLS (RFC 3207). Nothing that the server says in it is used afterwards, but that it
// is ready. A greeting in its place begins what follows: a server greets once, before TLS.
func (r *route) startTLS(ctx context.Context, w *wire) (*tls.Conn, string, error) {
	stop := expire(ctx, w)
	defer stop()
	text := textproto.NewConn(w)
	if _, _, err := text.ReadResponse(220); err != nil {
		return nil, "", stepError("greeting", ctx, err)
	}
	if _, err := text.Cmd("EHLO %s", r.helo); err != nil {
		return nil, "", stepError("EHLO", ctx, err)
	}
	_, offer, err := text.ReadResponse(250)
	if err != nil {
		return nil, "", stepError("EHLO", ctx, err)
	}
	if !offers(offer, "STARTTLS") {
		return nil, "", errNoTLS
	}
	if _, err := text.Cmd("STARTTLS"); err != nil {
		return nil, "", stepError("STARTTLS", ctx, err)
	}
	if _, _, err := text.ReadResponse(220); err != nil {
		return nil, "", stepError("STARTTLS", ctx, err)
	}
	if text.R.Buffered() > 0 {
		return nil, "", errInjected
	}
	secure, err := egress.Upgrade(ctx, w.Conn, egress.TLS(r.tls, r.host))
	if err != nil {
		return nil, "", fmt.Errorf("STARTTLS: %w", err)
	}
	return secure, "220 ready\r\n", nil
}

// offers says whether the answer to EHLO has an extension.
func offers(answer, extension string) bool {
	for _, l := range strings.Split(answer, "\n")[1:] {
		if word, _, _ := strings.Cut(l, " "); strings.EqualFold(word, extension) {
			return true
		}
	}
	return false
}

// expire makes reads and writes of a connection end with ctx, at once when it is cancelled. After stop, which must be called,
// ctx has no more to do with the connection.
func expire(ctx context.Context, conn net.Conn) (stop func()) {
	// The context's own end decides: a deadline of the same time would now and then come first, and tell less.
	conn.SetDeadline(time.Time{}) //nolint:errcheck // a connection that is closed says so when it is used
	done := make(chan struct{})
	cut := context.AfterFunc(ctx, func() {
		defer close(done)
		conn.SetDeadline(time.Unix(1, 0)) //nolint:errcheck // as above
	})
	return func() {
		if !cut() {
			<-done
		}
	}
}

// timely says which setting bounds the time that ran out.
func timely(err error, limit time.Duration) error {
	var slow *egress.TimeoutError
	if errors.As(err, &slow) {
		return &httpkit.TimeoutError{Phase: "connect", After: limit}
	}
	return err
}
