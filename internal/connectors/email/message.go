package email

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	netmail "net/mail"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	mail "github.com/wneessen/go-mail"
)

// MaxMessageBytes is more than any message is (1 MiB): each part of a letter has a limit of its own.
const MaxMessageBytes = 1 << 20

// message is a mail, ready to be sent.
type message struct {
	from       string // the envelope's sender
	recipients []string
	bytes      []byte // CRLF line ends
}

// writer writes letters as messages. It is pure: the same letter gives the same bytes.
type writer struct {
	from, replyTo *netmail.Address
	to, cc, bcc   []*netmail.Address
	prefix        string
	account       string
	integration   string
	version       string
}

// newWriter takes over what the settings say of addresses.
func newWriter(s *Settings, account, integration, version string) (*writer, error) {
	w := &writer{prefix: line(s.SubjectPrefix), account: account, integration: integration, version: version}
	var err error
	if w.from, err = parseAddress(s.From); err != nil {
		return nil, fmt.Errorf("reading from: %w", err)
	}
	if s.ReplyTo != "" {
		if w.replyTo, err = parseAddress(s.ReplyTo); err != nil {
			return nil, fmt.Errorf("reading reply_to: %w", err)
		}
	}
	for _, list := range []struct {
		to    *[]*netmail.Address
		texts []string
	}{{&w.to, s.To}, {&w.cc, s.Cc}, {&w.bcc, s.Bcc}} {
		if *list.to, err = addresses(list.texts); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// recipients are the addresses of the envelope, each once.
func (w *writer) recipients() []string {
	var list []string
	seen := map[string]bool{}
	for _, a := range append(append(append([]*netmail.Address{}, w.to...), w.cc...), w.bcc...) {
		if key := strings.ToLower(a.Address); !seen[key] {
			seen[key] = true
			list = append(list, a.Address)
		}
	}
	return list
}

// write makes the message of a letter. key is the delivery's: the same key gives the same Message-ID, so that mail systems
// recognise a message that comes twice.
func (w *writer) write(l *letter, key string, now time.Time) (*message, error) {
	l.Footer = append(l.Footer, w.footer(l, key)...)
	body, err := html(l)
	if err != nil {
		return nil, err
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithCharset(mail.CharsetUTF8), mail.WithEncoding(mail.EncodingQP))
	w.header(m, l, key, now)
	m.SetBodyString(mail.TypeTextPlain, plain(l))
	m.AddAlternativeString(mail.TypeTextHTML, body)
	if len(l.Picture) > 0 {
		err := m.EmbedReader("trend.png", bytes.NewReader(l.Picture), mail.WithFileContentID(pictureCID), mail.WithFileContentType("image/png"))
		if err != nil {
			return nil, fmt.Errorf("adding the trend picture: %w", err)
		}
	}
	var out bytes.Buffer
	if _, err := m.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("writing the message: %w", err)
	}
	raw := settleBoundaries(out.Bytes(), key)
	if len(raw) > MaxMessageBytes {
		return nil, fmt.Errorf("the message has %d bytes, more than %d", len(raw), MaxMessageBytes)
	}
	return &message{from: w.from.Address, recipients: w.recipients(), bytes: raw}, nil
}

// header sets what stands above the text.
func (w *writer) header(m *mail.Msg, l *letter, key string, now time.Time) {
	m.FromMailAddress(w.from)
	m.ToMailAddress(w.to...)
	if len(w.cc) > 0 {
		m.CcMailAddress(w.cc...)
	}
	if w.replyTo != nil {
		m.ReplyToMailAddress(w.replyTo)
	}
	m.SetDateWithValue(now.UTC())
	m.SetMessageIDWithValue(w.id(key))
	if l.Thread != "" {
		root := "<" + w.root(l.Thread) + ">"
		m.SetGenHeader("In-Reply-To", root)
		m.SetGenHeader("References", root)
	}
	m.SetGenHeaderPreformatted("Subject", encodeSubject(w.subject(l)))
	// RFC 3834 §5: nobody's out-of-office answers it. Exchange wants its own word for that.
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetGenHeader("X-Mailer", "Tocsin/"+w.version)
	m.SetGenHeader("X-Tocsin-Delivery", token(key))
	m.SetGenHeader("X-Tocsin-Type", token(l.Type))
	m.SetGenHeader("X-Tocsin-Severity", l.Severity.String())
	if l.Event != "" {
		m.SetGenHeader("X-Tocsin-Event", token(l.Event))
	}
	if w.integration != "" {
		m.SetGenHeader("X-Tocsin-Integration", token(w.integration))
	}
}

// subject is the subject before its encoding: stable over the life of an alert, because mail programs part a thread when
// the subject changes.
func (w *writer) subject(l *letter) string {
	text := clip(l.Subject, maxSubject)
	if w.prefix != "" {
		text = w.prefix + " " + text
	}
	if l.Reply {
		text = "Re: " + text
	}
	return text
}

func (w *writer) footer(l *letter, key string) []string {
	list := []string{"Sent by Tocsin. Nobody reads answers to this mail."}
	if w.replyTo != nil {
		list[0] = "Sent by Tocsin."
	}
	if l.Event != "" {
		list = append(list, "Event "+l.Event)
	}
	return append(list, "Delivery "+token(key))
}

// id is the Message-ID of a delivery, without the brackets.
func (w *writer) id(key string) string { return token(key) + "@" + domainOf(w.from.Address) }

// root is the id that mails of one thread refer to. No mail has it; programs join mails that refer to the same one.
func (w *writer) root(thread string) string {
	h := sha256.Sum256([]byte(w.account + "\x00" + w.integration + "\x00" + thread))
	return "thread." + hex.EncodeToString(h[:16]) + "@" + domainOf(w.from.Address)
}

var tokens = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)

// token is text that may stand in a header as it is; other text is hashed.
func token(text string) string {
	if tokens.MatchString(text) && !strings.Contains(text, "..") && !strings.HasPrefix(text, ".") && !strings.HasSuffix(text, ".") {
		return text
	}
	h := sha256.Sum256([]byte(text))
	return "h" + hex.EncodeToString(h[:16])
}

// Limits of an encoded word (RFC 2047 §2), in bytes: 75 with "=?utf-8?b?" and "?=", which leaves 63 of base64.
const encodedWord = 45

// encodeSubject is a subject as a header has it. All of it is encoded when any of it must be, or looks encoded already, so
// that a reader decodes exactly what was meant.
func encodeSubject(text string) string {
	ascii := !strings.Contains(text, "=?")
	for i := range len(text) {
		ascii = ascii && text[i] >= ' ' && text[i] <= '~'
	}
	for _, word := range strings.Split(text, " ") {
		ascii = ascii && len(word) < 70
	}
	if ascii {
		return fold(text)
	}
	var words []string
	for len(text) > 0 {
		n := min(len(text), encodedWord)
		for n < len(text) && n > 0 && !utf8.RuneStart(text[n]) {
			n--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(text[:n]))+"?=")
		text = text[n:]
	}
	return strings.Join(words, "\r\n ")
}

// fold breaks a header's value at blanks into lines of less than 78 bytes, the first of which begins with "Subject: ".
func fold(text string) string {
	var b strings.Builder
	width := len("Subject: ")
	for i, word := range strings.Split(text, " ") {
		switch {
		case i == 0:
		case width+1+len(word) > 76:
			b.WriteString("\r\n ")
			width = 1
		default:
			b.WriteByte(' ')
			width++
		}
		b.WriteString(word)
		width += len(word)
	}
	return b.String()
}

// randomBoundary is how the library begins a part that has parts.
var randomBoundary = regexp.MustCompile(`(?m)^Content-Type: multipart/[a-z]+;\r\n boundary=([0-9a-f]{60})\r$`)

// settleBoundaries replaces the library's random boundaries by ones that the delivery's key gives, so that a message is the
// same at each attempt. Texts cannot look like a boundary's declaration: they are quoted-printable, which writes = as =3D.
func settleBoundaries(raw []byte, key string) []byte {
	for i, found := range randomBoundary.FindAllSubmatch(raw, -1) {
		h := sha256.Sum256(fmt.Appendf(nil, "boundary %d %s", i, key))
		raw = bytes.ReplaceAll(raw, found[1], []byte(hex.EncodeToString(h[:30])))
	}
	return raw
}
