// Package syslog takes syslog messages apart and listens for them: RFC 5424 and RFC 3164 over UDP, TCP (RFC 6587) and
// TLS (RFC 5425). It knows nothing of events: package ingest makes events of what comes out of it.
package syslog

import (
	"strings"
	"time"
)

// Format says which form a message had.
type Format uint8

// The forms of a message.
const (
	Bare    Format = iota // no header that could be read; all of it is Text
	RFC3164               // "<34>Oct 11 22:14:15 host app[1]: text" and its many relatives
	RFC5424
)

func (f Format) String() string { return [...]string{"bare", "rfc3164", "rfc5424"}[f] }

// NoPriority is the Priority of a message without one.
const NoPriority = -1

// Message is a syslog message taken apart. Every text is valid UTF-8 without control characters other than tab and line
// breaks: see Repair.
type Message struct {
	Format   Format
	Priority int // facility * 8 + severity, 0 to 191, or NoPriority
	Version  int // of RFC 5424; else 0
	// Time is zero when there is none, when it could not be read, or when its year could not be guessed. Stamp is the
	// text of a time that could not be read.
	Time  time.Time
	Stamp string
	// Host, App, ProcID and MsgID are empty where the message has none ("-").
	Host, App, ProcID, MsgID string
	// Counter and Sequence are the numbers that Cisco's devices put before the time.
	Counter, Sequence string
	Data              []Element
	Text              string // without a byte order mark
}

// Element is one element of structured data.
type Element struct {
	ID     string
	Params []Param
}

// Param is one parameter of an element; its escapes are undone.
type Param struct{ Name, Value string }

// maxParams bounds the elements and parameters of a message, together. Structured data with more of them stays text.
const maxParams = 1000

// Options say what a message leaves out.
type Options struct {
	// Zone is where the times of RFC 3164 were taken (nil: UTC).
	Zone *time.Location
	// Now is when the message came: it tells the year of a time without one. Zero: such a time is not read.
	Now time.Time
}

// Parse takes a message apart. It never fails: what cannot be read as a header is part of Text, so that nothing of a
// message is lost.
func Parse(line []byte, o Options) Message {
	text := Repair(trimEnd(line))
	m := Message{Priority: NoPriority}
	rest := text
	if pri, after, ok := cutPriority(text); ok {
		m.Priority, rest = pri, after
	}
	if m.Priority != NoPriority && m.parse5424(rest) {
		m.Format = RFC5424
	} else if m.parse3164(rest, o) {
		m.Format = RFC3164
	} else {
		m.Text = rest
	}
	m.Text = strings.TrimPrefix(m.Text, bom)
	return m
}

// trimEnd takes off what senders put after a message: line breaks and NULs.
func trimEnd(line []byte) []byte {
	n := len(line)
	for n > 0 && (line[n-1] == '\n' || line[n-1] == '\r' || line[n-1] == 0) {
		n--
	}
	return line[:n]
}

// cutPriority reads "<34>". More than 191 is no priority.
func cutPriority(text string) (pri int, rest string, ok bool) {
	if len(text) < 3 || text[0] != '<' {
		return 0, text, false
	}
	i := 1
	for ; i < len(text) && i <= 3 && isDigit(text[i]); i++ {
		pri = pri*10 + int(text[i]-'0')
	}
	if i == 1 || i == len(text) || text[i] != '>' || pri > 191 {
		return 0, text, false
	}
	return pri, text[i+1:], true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// cutToken gives the text up to the next space, and what follows that space.
func cutToken(text string) (token, rest string) {
	if i := strings.IndexByte(text, ' '); i >= 0 {
		return text[:i], text[i+1:]
	}
	return text, ""
}

// field is a header field: "-" stands for none.
func field(token string) string {
	if token == "-" {
		return ""
	}
	return token
}

// payload says whether a text begins with a CEF or LEEF header, which ends any syslog header.
func payload(text string) bool {
	return strings.HasPrefix(text, "CEF:") || strings.HasPrefix(text, "LEEF:")
}
