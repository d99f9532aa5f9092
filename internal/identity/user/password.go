package user

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Limits of a password, in characters of its composed form (NFC).
const (
	MinPasswordRunes = 12
	MaxPasswordRunes = 200
)

// maxPasswordBytes bounds what is looked at at all.
const maxPasswordBytes = 4 * MaxPasswordRunes

// composed is the form in which a password is hashed: the same letters typed on another system are the same bytes.
// Nothing else is changed and nothing cut off.
func composed(password string) string { return norm.NFC.String(password) }

// passwordProblem says what is wrong with a new password of a person; empty if nothing is.
func passwordProblem(password, email, name string) string {
	if len(password) > maxPasswordBytes {
		return fmt.Sprintf("must be at most %d characters", MaxPasswordRunes)
	}
	if !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl) {
		return "must be text without control characters"
	}
	password = composed(password)
	switch n := utf8.RuneCountInString(password); {
	case n < MinPasswordRunes:
		return fmt.Sprintf("must be at least %d characters", MinPasswordRunes)
	case n > MaxPasswordRunes:
		return fmt.Sprintf("must be at most %d characters", MaxPasswordRunes)
	}
	low := strings.ToLower(password)
	for _, own := range ownWords(email, name) {
		if strings.Contains(low, own) {
			return "must not contain your address or name"
		}
	}
	if common(low) {
		return "is one of those that are tried first: take several words that have nothing to do with each other"
	}
	return ""
}

// minOwnRunes is how long a part of the address or name must be to be missed in a password.
const minOwnRunes = 4

// ownWords is what an attacker knows about a person, in lower case.
func ownWords(email, name string) (words []string) {
	local, domain, _ := strings.Cut(email, "@")
	host, _, _ := strings.Cut(domain, ".")
	for _, w := range append([]string{email, local, host, name}, strings.FieldsFunc(local+" "+name, notLetter)...) {
		if w = strings.ToLower(composed(w)); utf8.RuneCountInString(w) >= minOwnRunes {
			words = append(words, w)
		}
	}
	return words
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

//go:embed common.txt
var commonText string

// commonWords is what the most common passwords are made of, the longest first.
var commonWords = func() []string {
	var words []string
	for line := range strings.Lines(commonText) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			words = append(words, line)
		}
	}
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}()

// Bounds of what counts as made of common words.
const (
	maxCommonWords = 2 // a phrase of more words is not common
	maxRemainder   = 3 // letters that are left when common words are taken away
	minDistinct    = 5 // different characters
)

// plain turns the usual replacements back: p4$$w0rd is password.
var plain = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// common says whether a password, in lower case, is one of the most common ones, or such a one with digits, signs and
// repetitions around it. It is no measure of strength.
func common(low string) bool {
	if distinct(low) < minDistinct || repeats(low) || steady(low) {
		return true
	}
	return madeOfCommon(low) || madeOfCommon(plain.Replace(low))
}

func distinct(s string) int {
	seen := make(map[rune]bool)
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// repeats says whether s is a short piece again and again: "abcabcabcabc".
func repeats(s string) bool {
	for n := 1; n <= len(s)/3; n++ {
		if strings.HasPrefix(strings.Repeat(s[:n], len(s)/n+1), s) {
			return true
		}
	}
	return false
}

// steady says whether most characters follow the one before them in the alphabet or among the digits: "abcdefgh1234".
func steady(s string) bool {
	steps, n, last := 0, 0, rune(-2)
	for _, r := range s {
		if d := r - last; d == 1 || d == -1 || d == 0 || last == '9' && r == '0' {
			steps++
		}
		last = r
		n++
	}
	return steps*4 >= n*3
}

// madeOfCommon takes common words away and looks whether more than a few letters are left. Digits alone are common too:
// they are dates and numbers of telephones.
func madeOfCommon(s string) bool {
	taken := make(map[string]bool)
	for _, w := range commonWords {
		if len(taken) < maxCommonWords && strings.Contains(s, w) {
			taken[w] = true
			s = strings.ReplaceAll(s, w, " ")
		}
	}
	left, digits := 0, true
	for _, r := range s {
		if unicode.IsLetter(r) {
			left++
		}
		digits = digits && unicode.IsDigit(r)
	}
	return digits || len(taken) > 0 && left <= maxRemainder
}

// checkPassword adds what is wrong with a new password.
func checkPassword(errs *form.Errors, password form.Secret, email, name string) {
	if p := passwordProblem(password.Reveal(), email, name); p != "" {
		errs.Add("password", "%s", p)
	}
}
