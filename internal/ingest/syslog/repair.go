package syslog

import (
	"strings"
	"unicode/utf8"
)

// bom is the byte order mark that RFC 5424 puts before UTF-8 text.
const bom = "\ufeff"

// Repair makes text of bytes so that what was wrong can be seen: a control character other than tab, line feed and
// carriage return becomes its picture (NUL becomes ␀, U+2400), a byte that is not UTF-8 becomes U+FFFD. The result is at
// most three times as long.
func Repair(b []byte) string {
	if clean(b) {
		return string(b)
	}
	var s strings.Builder
	s.Grow(len(b) + 16)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		s.WriteRune(picture(r)) // utf8.RuneError is U+FFFD already
		b = b[n:]
	}
	return s.String()
}

// picture is the visible form of a character.
func picture(r rune) rune {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return r
	case r < ' ':
		return 0x2400 + r
	case r == 0x7f:
		return 0x2421
	case r >= 0x80 && r < 0xa0: // the control characters of ISO 8859 have no pictures
		return utf8.RuneError
	}
	return r
}

// clean says whether there is nothing to repair in plain ASCII; other text is walked through.
func clean(b []byte) bool {
	for _, c := range b {
		if c >= 0x7f || c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}
