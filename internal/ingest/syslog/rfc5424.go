package syslog

import (
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// parse5424 reads what follows the priority of a message of RFC 5424:
//
//	VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA [SP MSG]
//
// It is false when the version or the time is none, so that the text may be something else. A header that ends early,
// structured data that is missing or broken, and a time that does not exist are tolerated: what cannot be read is Text.
func (m *Message) parse5424(text string) bool {
	version, rest, ok := cutVersion(text)
	if !ok {
		return false
	}
	stamp, rest := cutToken(rest)
	t, ok := time5424(stamp)
	if !ok && (len(stamp) < 5 || !isDigit(stamp[0]) || stamp[4] != '-') {
		return false // neither "-" nor a date
	}
	m.Version = version
	if ok {
		m.Time = t
	} else {
		m.Stamp = stamp
	}
	for _, p := range []*string{&m.Host, &m.App, &m.ProcID, &m.MsgID} {
		if payload(rest) { // some senders end the header after the host
			m.Text = rest
			return true
		}
		token, after := cutToken(rest)
		if token == "" || !printable(token) {
			m.Text = rest
			return true
		}
		*p, rest = field(token), after
	}
	m.Text = m.cutData(rest)
	return true
}

// cutVersion reads one to three digits without a leading zero, and a space.
func cutVersion(text string) (version int, rest string, ok bool) {
	token, rest := cutToken(text)
	if len(token) == 0 || len(token) > 3 || token[0] == '0' || len(token) == len(text) {
		return 0, text, false
	}
	for i := range len(token) {
		if !isDigit(token[i]) {
			return 0, text, false
		}
		version = version*10 + int(token[i]-'0')
	}
	return version, rest, true
}

// time5424 reads a time of RFC 5424. "-" is none, and right.
func time5424(stamp string) (time.Time, bool) {
	if stamp == "-" {
		return time.Time{}, true
	}
	if len(stamp) < len("2006-01-02T15:04:05") || stamp[4] != '-' {
		return time.Time{}, false
	}
	return event.ParseTime(stamp)
}

// printable says whether a header field has only what it may have: printable ASCII. Letters beyond that are let through,
// as hosts are named with them.
func printable(token string) bool {
	return strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x2400 && r <= 0x2421 }) < 0
}

// cutData reads the structured data and gives the text after it. Where there is none, or where it is broken, all of it
// is text.
func (m *Message) cutData(text string) string {
	if text == "-" {
		return ""
	}
	if after, ok := strings.CutPrefix(text, "- "); ok {
		return after
	}
	rest, count := text, 0
	var data []Element
	for strings.HasPrefix(rest, "[") {
		e, after, ok := cutElement(rest[1:], maxParams-count)
		if !ok {
			return text
		}
		if count += 1 + len(e.Params); count > maxParams {
			return text
		}
		data, rest = append(data, e), after
	}
	switch {
	case len(data) == 0 || rest != "" && rest[0] != ' ':
		return text
	case rest != "":
		rest = rest[1:]
	}
	m.Data = data
	return rest
}

// cutElement reads an element after its bracket; ok is false when it is broken or has more than most parameters.
func cutElement(text string, most int) (e Element, rest string, ok bool) {
	end := strings.IndexAny(text, " ]=\"")
	if end <= 0 || text[end] != ' ' && text[end] != ']' || !printable(text[:end]) {
		return e, text, false
	}
	e.ID, rest = text[:end], text[end:]
	for {
		if after, closed := strings.CutPrefix(rest, "]"); closed {
			return e, after, true
		}
		if !strings.HasPrefix(rest, " ") || len(e.Params) == most {
			return e, text, false
		}
		p, after, ok := cutParam(rest[1:])
		if !ok {
			return e, text, false
		}
		e.Params, rest = append(e.Params, p), after
	}
}

// cutParam reads NAME="value".
func cutParam(text string) (p Param, rest string, ok bool) {
	end := strings.IndexAny(text, " ]=\"")
	if end <= 0 || !strings.HasPrefix(text[end:], `="`) || !printable(text[:end]) {
		return p, text, false
	}
	p.Name, rest = text[:end], text[end+2:]
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case ']':
			return p, text, false // it must be escaped
		case '"':
			p.Value = unescape(rest[:i])
			return p, rest[i+1:], true
		}
	}
	return p, text, false
}

// unescape undoes \", \\ and \]. A backslash before anything else is only a backslash (RFC 5424, 6.3.3).
func unescape(value string) string {
	if strings.IndexByte(value, '\\') < 0 {
		return value
	}
	b := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) && (value[i+1] == '"' || value[i+1] == '\\' || value[i+1] == ']') {
			i++
		}
		b = append(b, value[i])
	}
	return string(b)
}
