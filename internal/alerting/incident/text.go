package incident

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// joiner holds emoji together. It is no letter and harmless.
const joiner = '\u200d'

// checkLine says what is wrong with one line of text.
func checkLine(errs *form.Errors, path, text string, most int) {
	switch {
	case utf8.RuneCountInString(text) > most:
		errs.Add(path, "must have at most %d characters", most)
	case strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) && r != joiner }) || !utf8.ValidString(text):
		errs.Add(path, "must be one line of characters that can be seen")
	}
}

// checkText says what is wrong with a text of several lines.
func checkText(errs *form.Errors, path, text string, most int) {
	switch {
	case len(text) > most:
		errs.Add(path, "must have at most %d bytes", most)
	case strings.ContainsFunc(text, hidden) || !utf8.ValidString(text):
		errs.Add(path, "must consist of characters that can be seen, and line breaks")
	}
}

func hidden(r rune) bool {
	return !unicode.IsPrint(r) && r != '\n' && r != '\r' && r != '\t' && r != joiner
}

// checkOwner says what is wrong with an owner.
func checkOwner(errs *form.Errors, path, text string) {
	if text == "" {
		return
	}
	local, host, ok := strings.Cut(text, "@")
	if !ok || local == "" || host == "" || len(text) > MaxOwner || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' }) ||
		strings.Contains(host, "@") {
		errs.Add(path, "must be an e-mail address of at most %d bytes, or empty", MaxOwner)
	}
}

// oneLine makes one line that can be seen of what somebody else wrote.
func oneLine(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd")))
}

// seen takes what cannot be seen out of a text of several lines.
func seen(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if hidden(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	return event.Clip(text, most)
}
