package card

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// hidden stands for a character that was taken out: control characters, and those that reorder or hide text. People see
// that something was there.
const hidden = '\ufffd'

// Line makes one printable line of hostile text: white space of any kind becomes blanks, and what would reorder or hide
// text (bidirectional controls, invisible characters) or is no text at all becomes U+FFFD. Nothing else is changed.
func Line(text string) string { return printable(text, false) }

// Lines is Line for a text that may have line breaks: they become "\n".
func Lines(text string) string { return printable(text, true) }

func printable(text string, breaks bool) string {
	if clean(text) {
		return text
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		i += n
		switch {
		case r == '\n' && breaks, (r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085') && breaks:
			b.WriteByte('\n')
		case unicode.IsSpace(r), r == '\u2028', r == '\u2029':
			b.WriteByte(' ')
		case event.Hidden(r):
			b.WriteRune(hidden)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// clean is the quick way out for ordinary text.
func clean(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// line is Line, cut to n bytes with a visible mark.
func line(text string, n int) string { return cut(text, n, Line) }

// lines is Lines, cut to n bytes with a visible mark.
func lines(text string, n int) string { return cut(text, n, Lines) }

// cut spares the work on what is cut away anyhow.
func cut(text string, n int, shown func(string) string) string {
	text = strings.TrimSpace(text)
	end := min(len(text), 4*n)
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	out := strings.TrimSpace(shown(text[:end]))
	if end < len(text) {
		out += "…"
	}
	return event.Clip(out, n)
}
