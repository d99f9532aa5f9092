package form

import (
	"fmt"
	"io"
	"log/slog"
	"unique"
)

// Mask is what stands in place of a secret in every output. Sent back on a change, it means "keep what you have".
const Mask = "********"

// Secret is a string that cannot print: every formatting, logging and encoding path shows Mask (nothing when empty).
// Only Reveal gives the value, so that each use can be found. Secrets compare with ==.
//
// The value sits behind a handle because package fmt prints the unexported fields of a struct without asking their
// methods: so it finds an address there, not the text.
type Secret struct{ value unique.Handle[string] }

// NewSecret wraps a value.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{value: unique.Make(value)}
}

// Reveal is the value itself. Use it where it goes on the wire, nowhere else.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.value.Value()
}

// IsZero says whether nothing is set.
func (s Secret) IsZero() bool { return s == Secret{} }

func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return Mask
}

// Format writes the mask, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) } //nolint:errcheck // a fmt.State takes all

// MarshalText writes the mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue keeps slog from showing the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
