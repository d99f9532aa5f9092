package event

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// What of an event's text may be shown to people, and how much of it. Event text is hostile: whoever shows it asks here.

// Unit is what a limit counts.
type Unit uint8

// The units.
const (
	Bytes      Unit = iota
	Characters      // code points
	UTF16           // the units of UTF-16, which JavaScript and Java count
)

func (u Unit) of(r rune) int {
	switch u {
	case Characters:
		return 1
	case UTF16:
		return utf16.RuneLen(r) // what is no character stands as U+FFFD
	}
	return utf8.RuneLen(r)
}

// Count is how many units a text has. No text has more than it has bytes.
func (u Unit) Count(text string) int {
	if u == Bytes {
		return len(text)
	}
	n := 0
	for _, r := range text {
		n += u.of(r)
	}
	return n
}

// Clip cuts text to at most n bytes (n at least 3) without splitting a character; what was cut ends in "…".
func Clip(text string, n int) string { return Shorten(text, n, Bytes, "…") }

// Shorten cuts text to at most limit units without splitting a character. What was cut ends in mark, which is left out
// where there is no room for it.
func Shorten(text string, limit int, unit Unit, mark string) string {
	if len(text) <= limit {
		return text
	}
	room := limit - unit.Count(mark)
	if room < 0 {
		room, mark = max(limit, 0), ""
	}
	if unit == Bytes {
		for room > 0 && !utf8.RuneStart(text[room]) {
			room--
		}
		return text[:room] + mark
	}
	units, end := 0, 0
	for i, r := range text {
		if units <= room {
			end = i
		}
		if units += unit.of(r); units > limit {
			return text[:end] + mark
		}
	}
	return text
}

// Hidden says whether a character has no look of its own, or changes how others look: controls (the ends of lines among
// them), and the format characters of Unicode, which reorder or hide text. The joiners U+200C and U+200D are not: scripts
// and emoji need them.
func Hidden(r rune) bool {
	switch {
	case r == '\u200c', r == '\u200d':
		return false
	case r == '\u2028', r == '\u2029', unicode.IsControl(r):
		return true
	}
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Noncharacter_Code_Point, r)
}

// MaxWebURL bounds an address that people are led to, in bytes.
const MaxWebURL = 2 << 10

// IsWebURL says whether people may be led to an address. A browser must read it as we do: printable ASCII without what
// HTML, markup and shells trip over, an absolute address of http or https, and no user name that could pass for a host.
func IsWebURL(text string) bool {
	if len(text) > MaxWebURL || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`\"<>|^{}`+"`", r) }) {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.Opaque == ""
}
