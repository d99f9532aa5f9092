package user

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// The texts of what is handed out once. Each begins with what it is, so that it is recognised where it does not belong.
const (
	sessionPrefix = "tss_"
	linkPrefix    = "tsl_"
	tokenChars    = 52 // of 5 bits: 260 bits that nobody can guess
	// alphabet is Crockford's base32: no letter can be taken for a digit.
	alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	// maxTokenBytes bounds what is taken for a token at all.
	maxTokenBytes = 128
)

// draw gives n random characters.
func draw(random io.Reader, n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("drawing random bytes: %w", err)
	}
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return string(b), nil
}

// newToken makes a token and its hash, which is what the store keeps.
func newToken(random io.Reader, prefix string) (form.Secret, [32]byte, error) {
	text, err := draw(random, tokenChars)
	if err != nil {
		return form.Secret{}, [32]byte{}, err
	}
	token := form.NewSecret(prefix + text)
	return token, tokenHash(token), nil
}

func tokenHash(token form.Secret) [32]byte { return sha256.Sum256([]byte(token.Reveal())) }

// csrfDomain keeps this use of a session's token apart from every other one.
const csrfDomain = "tocsin/csrf"

// CSRF is what requests that change something carry in X-CSRF-Token beside the session's cookie: only a page of the hub
// itself can have read it. It is derived from the token, so it needs no place in the store and ends with the session.
func CSRF(token form.Secret) string {
	if token.IsZero() {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(token.Reveal()))
	io.WriteString(mac, csrfDomain) //nolint:errcheck // a hash takes everything
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// CheckCSRF says whether what was presented belongs to the session's token, in constant time.
func CheckCSRF(token form.Secret, presented string) bool {
	want := CSRF(token)
	return want != "" && subtle.ConstantTimeCompare([]byte(want), []byte(presented)) == 1
}

// Recovery codes stand in for a lost second factor.
const (
	recoveryCodes = 10
	recoveryChars = 15 // of 5 bits: 75 bits
	recoveryGroup = 5
)

// newRecovery makes recovery codes ("7f3kq-9zdm2-x8w4n") and their hashes.
func newRecovery(random io.Reader) (codes []form.Secret, hashes [][32]byte, err error) {
	for range recoveryCodes {
		text, err := draw(random, recoveryChars)
		if err != nil {
			return nil, nil, err
		}
		var shown []string
		for at := 0; at < recoveryChars; at += recoveryGroup {
			shown = append(shown, text[at:at+recoveryGroup])
		}
		codes = append(codes, form.NewSecret(strings.Join(shown, "-")))
		hashes = append(hashes, recoveryHash(text))
	}
	return codes, hashes, nil
}

func recoveryHash(code string) [32]byte { return sha256.Sum256([]byte("tocsin/recovery\x00" + code)) }

// codeText is a code without the spaces and hyphens that people type, in lower case, with the letters that Crockford
// reads as digits.
func codeText(typed string) string {
	if len(typed) > maxTokenBytes {
		return ""
	}
	return strings.NewReplacer(" ", "", "-", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(typed))
}

// spend finds the hash of a recovery code and gives the others. Every one is compared.
func spend(hashes [][32]byte, code string) (rest [][32]byte, ok bool) {
	hash := recoveryHash(code)
	for _, h := range hashes {
		if subtle.ConstantTimeCompare(h[:], hash[:]) == 1 {
			ok = true
			continue
		}
		rest = append(rest, h)
	}
	return rest, ok
}
