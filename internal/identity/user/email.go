package user

import (
	"errors"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits of an address (RFC 5321 §4.5.3.1, and 256 with the angle brackets of a path).
const (
	MaxEmailBytes = 254
	maxLocalBytes = 64
)

var errEmail = errors.New("must be an e-mail address such as ada@example.com")

// ParseEmail reads an address alone: no name beside it, no comment, no quoting, no address of a machine in brackets.
// What it gives is in lower case and composed (NFC), so that one address is one text.
func ParseEmail(text string) (string, error) {
	if len(text) > MaxEmailBytes || !utf8.ValidString(text) || strings.ContainsFunc(text, notInEmail) {
		return "", errEmail
	}
	folded := norm.NFC.String(strings.ToLower(norm.NFC.String(text)))
	a, err := mail.ParseAddress(folded)
	if err != nil || a.Name != "" || a.Address != folded {
		return "", errEmail
	}
	at := strings.LastIndexByte(folded, '@')
	local, domain := folded[:at], folded[at+1:]
	if len(folded) > MaxEmailBytes || len(local) > maxLocalBytes || !goodDomain(domain) || strings.ContainsFunc(folded, notInEmail) {
		return "", errEmail
	}
	return folded, nil
}

// notInEmail refuses everything that is not a letter, a digit, an accent or a character of an unquoted local part: no
// spaces, no controls, nothing that turns the direction of text, no symbols.
func notInEmail(r rune) bool {
	if r < utf8.RuneSelf {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.@", r))
	}
	return !unicode.In(r, unicode.L, unicode.Mn, unicode.Mc, unicode.Nd)
}

func goodDomain(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r < utf8.RuneSelf && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				return false
			}
		}
	}
	return domain != ""
}
