package email

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of what a mail shows, in bytes. What is cut is marked.
const (
	maxSubject     = 180
	maxTitle       = 1000
	maxDescription = 8000
	maxValue       = 500
)

// shown is text as a mail shows it: line ends are \n, hidden characters are spelled out (\u202e), bytes that are not UTF-8
// become U+FFFD. Everything else is as it was.
func shown(text string) string {
	if utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && event.Hidden(r) }) {
		return text
	}
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\r\n", "\n")
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n', r == '\t', !event.Hidden(r):
			b.WriteRune(r)
		case r == '\r', r == '\u2028', r == '\u2029', r == '\u0085', r == '\v', r == '\f':
			b.WriteByte('\n')
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// line is text as one line: white space of any kind becomes single blanks.
func line(text string) string { return strings.Join(strings.Fields(shown(text)), " ") }

// clip cuts text to about limit bytes, without splitting a character, and says by how much. Unseen are further characters
// that were cut before.
func clip(text string, limit int) string { return clipped(text, limit, 0) }

func clipped(text string, limit, unseen int) string {
	if len(text) <= limit && unseen == 0 {
		return text
	}
	head := upTo(text, limit)
	return fmt.Sprintf("%s… [cut: %d more characters]", head, utf8.RuneCountInString(text[len(head):])+unseen)
}

// upTo is the beginning of text of at most limit bytes, without splitting a character.
func upTo(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// lookAhead is how many times its limit is looked at of a text: what is shown may be shorter than the text. A title of a
// megabyte is not looked through for the sake of its beginning.
const lookAhead = 4

// block is text that may have several lines, clipped; inline is one line, clipped.
func block(text string, limit int) string  { return begin(text, limit, shown) }
func inline(text string, limit int) string { return begin(text, limit, line) }

func begin(text string, limit int, show func(string) string) string {
	head := upTo(text, lookAhead*limit)
	return clipped(show(head), limit, utf8.RuneCountInString(text[len(head):]))
}

// webLink is a URL that may be a link; empty for others.
func webLink(raw string) string {
	if !event.IsWebURL(raw) {
		return ""
	}
	return raw
}
