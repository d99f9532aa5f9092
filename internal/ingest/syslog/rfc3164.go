package syslog

import "strings"

// parse3164 reads what follows the priority of a message in the style of BSD: a time, a host, a tag. Devices write it in
// many ways (RFC 3164 describes what was seen, and prescribes little), so each part may be missing:
//
//	Oct 11 22:14:15 host su[12]: text
//	2019-12-02T16:49:23+02:00 host app: text
//	Jul 06 2020 20:33:28: %ASA-6-302013: text              (Cisco ASA)
//	237: 000485: router1: *Jan  8 19:46:03.295: %SYS-5-CONFIG_I: text   (Cisco IOS)
//	su: text
//
// It is false when none of them is there.
func (m *Message) parse3164(text string, o Options) bool {
	rest := m.cutCisco(text, o)
	t, stamp, after, ok := cutStamp(strings.TrimLeft(rest, "*."), o)
	if !ok {
		m.Counter, m.Sequence, m.Host = "", "", ""
		m.Text = text
		return m.cutTag(text) // a relay would add time and host
	}
	m.Time = t
	if t.IsZero() {
		m.Stamp = stamp
	}
	rest = strings.TrimLeft(after, " ")
	if m.Host == "" {
		m.Host, rest = cutHost(rest)
	}
	m.Text = rest
	m.cutTag(rest)
	return true
}

// cutCisco takes off the numbers and the host that IOS puts before the time, if a time follows.
func (m *Message) cutCisco(text string, o Options) string {
	rest := text
	var parts []string
	for len(parts) < 3 {
		part, after, ok := strings.Cut(rest, ": ")
		if !ok || part == "" || len(part) > 255 || strings.ContainsAny(part, " <>[]") {
			break
		}
		parts, rest = append(parts, part), strings.TrimLeft(after, " ")
	}
	if len(parts) == 0 {
		return text
	}
	if _, _, _, ok := cutStamp(strings.TrimLeft(rest, "*."), o); !ok {
		return text
	}
	for _, part := range parts {
		switch digits := strings.Trim(part, "0123456789") == ""; {
		case digits && m.Counter == "":
			m.Counter = part
		case digits:
			m.Sequence = part
		default:
			m.Host = part
		}
	}
	return rest
}

// cutHost takes off the host, if the next word can be one and is no tag.
func cutHost(text string) (host, rest string) {
	token, rest := cutToken(text)
	if token == "" || token[0] == '%' || payload(text) || strings.HasSuffix(token, ":") || !hostLike(token) {
		return "", text
	}
	rest = strings.TrimLeft(rest, " ")
	if after, ok := strings.CutPrefix(rest, ": "); ok && strings.HasPrefix(after, "%") { // "host : %ASA-…"
		rest = after
	}
	return field(token), rest
}

// hostLike says whether a word could be a name or an address; a tag with a process number ("su[12]") cannot.
func hostLike(token string) bool {
	return len(token) <= 255 && strings.IndexFunc(token, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r >= 0x80 ||
			r == '.' || r == '-' || r == '_' || r == ':' || r == '/')
	}) < 0
}

// maxTag bounds a tag, in bytes: 32 by RFC 3164, but systemd's are longer.
const maxTag = 128

// cutTag reads "app[pid]: ", "app: " or Cisco's "%FACILITY-5-MNEMONIC: " off the text.
func (m *Message) cutTag(text string) bool {
	if payload(text) {
		return false
	}
	end := strings.IndexFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			r == '.' || r == '-' || r == '_' || r == '/' || r == '@' || r == '%')
	})
	if end <= 0 || end > maxTag {
		return false
	}
	name, rest, pid := text[:end], text[end:], ""
	if rest[0] == '[' {
		close := strings.IndexByte(rest, ']')
		if close < 0 || close > maxTag || strings.ContainsAny(rest[:close], " \n") {
			return false
		}
		pid, rest = rest[1:close], rest[close+1:]
	}
	rest, ok := strings.CutPrefix(rest, ":")
	if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' && pid == "" {
		return false // "10:12:13", "http://…"
	}
	if name[0] == '%' {
		m.MsgID = name
	} else {
		m.App, m.ProcID = name, pid
	}
	m.Text = strings.TrimPrefix(rest, " ")
	return true
}
