package email

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// maxReply bounds the piece of a server's reply that an error quotes, in bytes.
const maxReply = 300

// step is a command that failed, with the server's reply if there was one.
type step struct {
	name  string // "MAIL FROM"
	reply *textproto.Error
	err   error
}

func (s *step) Error() string {
	if s.reply == nil {
		return fmt.Sprintf("%s: %v", s.name, s.err)
	}
	text := fmt.Sprintf("%s: the server answered %d %s", s.name, s.reply.Code, inline(s.reply.Msg, maxReply))
	if advice := advise(s); advice != "" {
		text += ": " + advice
	}
	return text
}

func (s *step) Unwrap() error { return s.err }

// stepError is err of a command. The end of ctx is told as that, and not as what it did to the connection.
func stepError(name string, ctx context.Context, err error) error { //nolint:revive // the name says most
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return &step{name: name, err: context.Cause(ctx)}
	}
	s := &step{name: name, err: err}
	errors.As(err, &s.reply)
	return s
}

// The steps whose replies concern a message or its credentials. A refusal in any other step concerns the server: somebody
// mends it, and events wait for that.
const (
	stepAuth = "AUTH"
	stepMail = "MAIL FROM"
	stepRcpt = "RCPT TO"
	stepData = "DATA"
	stepEnd  = "the end of the message"
)

// closedPause is how long a server is left alone that has closed: it names no time itself.
const closedPause = 30 * time.Second

// classify judges a failed step by the server's reply (RFC 5321 §4.2.1):
//
//   - 421, the server closes, and 432, too many connections at once (Exchange Online): Throttled. Nothing was taken.
//   - 4yz, greylisting among it: an unmarked error, so it is tried again.
//   - 5yz about the message, its addresses or the credentials: Permanent.
//   - 5yz before that (greeting, EHLO, STARTTLS), anything that is no SMTP, and faults of the network: an unmarked error.
func classify(err error) error {
	var s *step
	if !errors.As(err, &s) || s.reply == nil {
		return err
	}
	switch {
	case s.reply.Code == 421, s.reply.Code == 432:
		return connector.Throttled(err, closedPause)
	case s.reply.Code < 500 || s.reply.Code > 599:
		return err
	}
	switch s.name {
	case stepAuth, stepMail, stepRcpt, stepData, stepEnd:
		return connector.Permanent(err)
	}
	return err
}

// lasting says whether a recipient was refused for good.
func lasting(err error) bool { return connector.IsPermanent(classify(err)) }

// advise says what people can do about a reply.
func advise(s *step) string {
	switch code := s.reply.Code; {
	case s.name == stepAuth && (code == 535 || code == 534 || code == 538):
		return "user name and password were refused: check them, and whether the account wants an app password, or auth xoauth2 with a fresh access token"
	case code == 530 && needsTLS.MatchString(s.reply.Msg):
		return "it wants TLS first: set security"
	case code == 530, code == 550 && s.name == stepMail, code == 553 && s.name == stepMail:
		return "it does not let this sender send: check username, password and from"
	case code == 454 && s.name == stepAuth:
		return "it cannot check passwords at present"
	case code == 552, code == 523:
		return "the message is too large for it"
	case code == 554 && s.name == "greeting":
		return "it does not want to speak with this hub: ask whoever operates it"
	case code == 450, code == 451:
		return "the hub tries again"
	}
	return ""
}

var needsTLS = regexp.MustCompile(`(?i)starttls|tls`)

// refusal is a recipient that the server did not take.
type refusal struct {
	address string
	err     error
}

// refused is the error of a message that some recipients did not get. delivered counts those who did.
func refused(list []refusal, delivered int) error {
	permanent := true
	texts := make([]string, 0, len(list))
	for _, r := range list {
		permanent = permanent && lasting(r.err)
		if len(texts) < maxNamed {
			texts = append(texts, fmt.Sprintf("%s (%v)", r.address, r.err))
		}
	}
	text := strings.Join(texts, "; ")
	if len(list) > maxNamed {
		text += fmt.Sprintf("; and %d more", len(list)-maxNamed)
	}
	var err error
	switch {
	case delivered == 0 && len(list) == 1:
		err = classify(fmt.Errorf("%s: %w", list[0].address, list[0].err))
	case delivered == 0:
		err = fmt.Errorf("no recipient was taken: %s", text)
	case permanent:
		err = fmt.Errorf("%s it; refused for good: %s", plural(delivered, "recipient has", "recipients have"), text)
	default:
		err = fmt.Errorf("%s it and will not get it again; refused: %s", plural(delivered, "recipient has", "recipients have"), text)
	}
	if permanent && !connector.IsPermanent(err) {
		return connector.Permanent(err)
	}
	return err
}

// maxNamed bounds the recipients that one error names.
const maxNamed = 5
