package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/wneessen/go-mail/smtp"
)

// session is a connection on which mails can be sent. It serves one goroutine at a time.
type session struct {
	wire *wire
	smtp *smtp.Client
	sent int // messages
}

// begin connects, greets and authenticates.
func (c *Connector) begin(ctx context.Context) (*session, error) {
	w, err := c.route.open(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.greet(ctx, w)
	if err != nil {
		w.Close() //nolint:errcheck // the error that counts is the first one
		return nil, err
	}
	return s, nil
}

func (c *Connector) greet(ctx context.Context, w *wire) (*session, error) {
	stop := expire(ctx, w)
	defer stop()
	client, err := smtp.NewClient(w, c.route.host)
	if err != nil {
		return nil, stepError("greeting", ctx, err)
	}
	client.SkipSMTPUTF8(true) // all addresses are ASCII
	if err := client.Hello(c.route.helo); err != nil {
		return nil, stepError("EHLO", ctx, err)
	}
	s := &session{wire: w, smtp: client}
	if c.settings.Username == "" {
		return s, nil
	}
	_, offered := client.Extension("AUTH")
	name, err := mechanism(c.settings.Auth, offered, c.settings.Security != securityNone)
	if err != nil {
		return nil, &step{name: stepAuth, err: err}
	}
	if err := client.Auth(c.credentials(name)); err != nil {
		return nil, stepError(stepAuth, ctx, err)
	}
	return s, nil
}

// errAborted says that no recipient was taken, so that there was nobody to send the message to.
var errAborted = errors.New("no recipient was taken")

// send makes one transaction. It gives the recipients that were refused, as far as the server was asked. Its error is about
// the whole message: errAborted if all recipients were refused, and nobody has got it if there is any.
func (s *session) send(ctx context.Context, from string, to []string, data []byte) (list []refusal, err error) {
	stop := expire(ctx, s.wire)
	defer stop()
	s.wire.left = maxReplies
	list, err = s.address(ctx, from, to)
	if err != nil {
		return list, err
	}
	if len(list) == len(to) {
		return list, errAborted
	}
	w, err := s.smtp.Data()
	if err != nil {
		return list, stepError(stepData, ctx, err)
	}
	if _, err := w.Write(data); err != nil {
		return list, stepError(stepData, ctx, err)
	}
	if err := w.Close(); err != nil {
		return list, stepError(stepEnd, ctx, err)
	}
	s.sent++
	return list, nil
}

// address names sender and recipients.
func (s *session) address(ctx context.Context, from string, to []string) (list []refusal, err error) {
	if err := s.smtp.Mail("<" + from + ">"); err != nil {
		return nil, stepError(stepMail, ctx, err)
	}
	for _, address := range to {
		err := stepError(stepRcpt, ctx, s.smtp.Rcpt("<"+address+">"))
		var refusedIt *step
		switch {
		case err == nil:
		case !errors.As(err, &refusedIt) || refusedIt.reply == nil || refusedIt.reply.Code == 421 || refusedIt.reply.Code == 432:
			return list, err // the connection, not the recipient
		default:
			list = append(list, refusal{address, err})
		}
	}
	return list, nil
}

// reset forgets a transaction that was begun, and so proves that the server still listens.
func (s *session) reset(ctx context.Context) error {
	stop := expire(ctx, s.wire)
	defer stop()
	if err := s.smtp.Reset(); err != nil {
		return stepError("RSET", ctx, err)
	}
	return nil
}

// quit takes leave, as far as there is time.
func (s *session) quit(ctx context.Context) {
	stop := expire(ctx, s.wire)
	defer stop()
	s.smtp.Quit()  //nolint:errcheck // there is nothing more to say
	s.wire.Close() //nolint:errcheck // as above
}

// close ends the connection without a word.
func (s *session) close() { s.wire.Close() } //nolint:errcheck // nothing more is sent over it

// describe is an error of the session for people.
func (c *Connector) describe(err error) error {
	if err == nil {
		return nil
	}
	var s *step
	if errors.As(err, &s) && (s.reply != nil || s.name == stepAuth) || errors.Is(err, errNoTLS) || errors.Is(err, errInjected) || errors.Is(err, errChatty) {
		return &masked{text: c.mask(fmt.Sprintf("%s: %v", c.route.address, err)), err: err}
	}
	var record tls.RecordHeaderError
	if errors.As(err, &record) {
		return &masked{text: c.route.address + ": it does not speak TLS here: check port, and whether security is starttls or tls", err: err}
	}
	explained := c.http.Explain(err, c.route.address)
	if s != nil && s.name == stepEnd {
		return &masked{text: explained.Error() + "; it may have taken the message, which keeps its Message-ID when it is sent again", err: err}
	}
	return explained
}

// masked is an error whose text has no secrets.
type masked struct {
	text string
	err  error
}

func (m *masked) Error() string { return m.text }
func (m *masked) Unwrap() error { return m.err }
