package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// dedupKey joins what makes two events the same matter; empty parts are left out. A key that would be too long ends
// in a hash of all of it.
func dedupKey(parts ...string) string {
	given := parts[:0:0]
	for _, p := range parts {
		if p != "" {
			given = append(given, p)
		}
	}
	key := strings.Join(given, "/")
	if len(key) <= event.MaxKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return event.Clip(key, event.MaxKey-33) + "/" + hex.EncodeToString(sum[:16])
}

// slug makes a name of a-z, 0-9 and underscores out of a text, "terminal_shell_in_container".
func slug(text string) string {
	b := make([]byte, 0, len(text))
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b = append(b, c)
		case len(b) > 0 && b[len(b)-1] != '_':
			b = append(b, '_')
		}
	}
	return event.Clip(strings.TrimSuffix(string(b), "_"), event.MaxName)
}

// firstText is the first of the members that is a text and not empty.
func firstText(o object, names ...string) string {
	for _, name := range names {
		if v := o.text(name); v != "" {
			return v
		}
	}
	return ""
}
