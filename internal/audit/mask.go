package audit

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// secrets are texts that are secrets wherever they stand: API keys, sessions, one-time links, webhook signing secrets, private keys, age
// identities. Whoever records an act masks its settings by their declaration; this is the guard behind that one.
var secrets = regexp.MustCompile(`tsk_[a-z]+_[0-9A-Za-z]+_[0-9A-Za-z_-]+` +
	`|ts[sl]_[0-9a-z]{20,}` +
	`|whsec_[0-9A-Za-z+/=_-]+` +
	`|(?:AGE-SECRET-KEY-|age-secret-key-)[0-9A-Za-z-]+` +
	`|(?s:-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:.*?-----END [A-Z0-9 ]*PRIVATE KEY-----|.*))`)

// hints are what one of which is in every text with a secret: looking for them is much faster than the expression.
var hints = []string{"tsk_", "tss_", "tsl_", "whsec_", "PRIVATE KEY", "-SECRET-", "-secret-"}

// Mask replaces what looks like a secret in a text by form.Mask.
func Mask(text string) string {
	for _, h := range hints {
		if strings.Contains(text, h) {
			return secrets.ReplaceAllLiteralString(text, form.Mask)
		}
	}
	return text
}

// maskJSON masks the strings in valid JSON, and nothing else in it.
func maskJSON(raw []byte) []byte {
	var out []byte
	copied := 0
	for i := 0; i < len(raw); i++ {
		if raw[i] != '"' {
			continue
		}
		end := stringEnd(raw, i)
		if masked, ok := maskLiteral(raw[i:end]); ok {
			out = append(append(out, raw[copied:i]...), masked...)
			copied = end
		}
		i = end - 1
	}
	if copied == 0 {
		return raw
	}
	return append(out, raw[copied:]...)
}

// stringEnd is the index behind the string that begins at i.
func stringEnd(raw []byte, i int) int {
	for i++; i < len(raw) && raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(raw))
}

// maskLiteral masks a JSON string, and says whether there was anything to mask.
func maskLiteral(literal []byte) ([]byte, bool) {
	if !bytes.ContainsAny(literal, `_-\`) { // every secret has one of them, an escaped one a backslash
		return nil, false
	}
	var text string
	if json.Unmarshal(literal, &text) != nil {
		return nil, false
	}
	masked := Mask(text)
	if masked == text {
		return nil, false
	}
	return quote(masked), true
}
