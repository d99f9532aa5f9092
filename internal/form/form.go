// Package form declares settings once and reads the declaration four ways: it decodes input and reports every error,
// gives a JSON Schema, gives the table of the docs, and knows which values are secret.
//
// A form is executed, not parsed: a settings type has one method,
//
//	func (s *Settings) Form(f *form.Set) {
//		f.URL("url", &s.URL, "Target URL", form.Required(), form.Help("Where events are posted."))
//		f.Secret("token", &s.Token, "Token", form.Required())
//		f.Duration("request_timeout", &s.Timeout, "Request timeout", form.Default(15*time.Second))
//	}
//
// which every reading runs over a value. There is no second declaration that could drift from the first.
package form

import (
	"fmt"
	"strconv"
	"time"
)

// Form is a settings type that declares itself.
type Form interface{ Form(*Set) }

// Validator is a Form with rules that span several fields. Validate runs after decoding, also when single fields were
// wrong (they then hold their default or zero value); what it says about a field that already has an error is dropped.
// It returns nil, an [Errors], or any other error, which then stands for the form as a whole.
type Validator interface{ Validate() error }

// Limits of one form's input.
const (
	// MaxBytes bounds the JSON of one form's input (512 KiB).
	MaxBytes = 512 << 10
	// MaxItems bounds a list that names no Max of its own.
	MaxItems = 100
	// MaxText bounds a text that names no Max of its own, in bytes.
	MaxText = 4 << 10
	// MaxPEM bounds PEM text, in bytes.
	MaxPEM = 128 << 10
	// MaxDepth bounds the nesting of the input.
	MaxDepth = 20
)

// Size is a number of bytes, written as text such as "900KiB".
type Size int64

// The units of a Size.
const (
	Byte Size = 1
	KiB       = 1024 * Byte
	MiB       = 1024 * KiB
	GiB       = 1024 * MiB
	TiB       = 1024 * GiB
)

// String writes the size in the largest unit that divides it.
func (n Size) String() string {
	for _, u := range []struct {
		unit Size
		name string
	}{{TiB, "TiB"}, {GiB, "GiB"}, {MiB, "MiB"}, {KiB, "KiB"}} {
		if n != 0 && n%u.unit == 0 {
			return strconv.FormatInt(int64(n/u.unit), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(n), 10) + "B"
}

// ParseSize reads a size: digits and one of B, KB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers of 1024).
// A number without a unit is bytes.
func ParseSize(text string) (Size, error) {
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	n, err := strconv.ParseInt(text[:digits], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a size: want one like \"900KiB\"", text)
	}
	unit, ok := sizeUnits[text[digits:]]
	if !ok {
		return 0, fmt.Errorf("%q is not a size: the unit must be one of B, KB, MB, GB, TB, KiB, MiB, GiB, TiB", text)
	}
	if n > int64((1<<63-1)/unit) {
		return 0, fmt.Errorf("%q is too large", text)
	}
	return Size(n) * unit, nil
}

var sizeUnits = map[string]Size{
	"": Byte, "B": Byte, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": KiB, "MiB": MiB, "GiB": GiB, "TiB": TiB,
}

// DurationText writes a duration the way people do: "15s", "5m", "72h", without trailing zero units.
func DurationText(d time.Duration) string {
	text := d.String()
	if len(text) > 2 && text[len(text)-2:] == "0s" && (text[len(text)-3] == 'm') {
		text = text[:len(text)-2]
	}
	if len(text) > 2 && text[len(text)-2:] == "0m" && (text[len(text)-3] == 'h') {
		text = text[:len(text)-2]
	}
	return text
}
