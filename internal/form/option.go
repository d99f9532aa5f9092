package form

import (
	"fmt"
	"regexp"
	"time"
)

// Option says something more about a field. An option that makes no sense for the field's type panics when the form is
// first executed: a form is code, and its tests execute it.
type Option func(*field)

// Help is one or two sentences for people who fill in the form.
func Help(text string) Option { return func(f *field) { f.help = text } }

// Required refuses input that leaves the field out or empty.
func Required() Option { return func(f *field) { f.required = true } }

// Default is the value of a field that is left out. Its type is the field's: string, bool, int, float64,
// time.Duration, Size, []string or []time.Duration.
func Default(v any) Option { return func(f *field) { f.def = v } }

// Min is the smallest number, duration, size, the shortest text (bytes) or the shortest list.
func Min[N int | float64 | time.Duration | Size](n N) Option {
	return func(f *field) { v := float64(n); f.min = &v }
}

// Max is the largest number, duration, size, the longest text (bytes) or the longest list.
func Max[N int | float64 | time.Duration | Size](n N) Option {
	return func(f *field) { v := float64(n); f.max = &v }
}

// Pattern is a regular expression (RE2, also valid in JSON Schema) that a text, or each text of a list, must match;
// hint says in words what it wants.
func Pattern(expr, hint string) Option {
	re := regexp.MustCompile(expr)
	return func(f *field) { f.pattern, f.hint = re, hint }
}

// Schemes are the URL schemes a URL field accepts, https and http unless said otherwise.
func Schemes(s ...string) Option { return func(f *field) { f.schemes = s } }

// Check adds a rule of the field's own to a text, URL, PEM or secret; its error becomes the field's. It never sees an
// empty value.
func Check(rule func(value string) error) Option { return func(f *field) { f.check = rule } }

// Key names the field by which items of a list are recognised when a changed list is merged, so that an item keeps its
// secrets when the list is reordered.
func Key(name string) Option { return func(f *field) { f.key = name } }

// SecretWhen makes a Secret field a secret only if rule says so of the object that holds it. The object is the parsed
// JSON. Without this option a Secret field is always a secret.
func SecretWhen(rule func(object map[string]any) bool) Option {
	return func(f *field) { f.secretWhen = rule }
}

// Destination marks a field that decides who receives the secrets of its form: a host, a region, which authorities are
// trusted. A change of it gives the stored secrets up until they are entered again (see [Destinations]). URL fields are
// destinations by themselves. Of a switch, the default must be the safe side.
func Destination() Option { return func(f *field) { f.destination = true } }

// Made marks a Secret field whose value whoever configures it makes up, as signing secrets are: nobody else gives it to
// them. The console's form offers a random one: whsec_ and the base64 of 32 bytes, which the field must accept.
func Made() Option { return func(f *field) { f.made = true } }

// Advanced fields are folded away until asked for.
func Advanced() Option { return func(f *field) { f.advanced = true } }

// Group puts the field under a heading of the console's form.
func Group(name string) Option { return func(f *field) { f.group = name } }

// Placeholder is an example shown in an empty field.
func Placeholder(text string) Option { return func(f *field) { f.placeholder = text } }

// Multiline lets a text have line breaks and tabs.
func Multiline() Option { return func(f *field) { f.multiline = true } }

// Deprecated marks a field that still works and says what to use instead.
func Deprecated(instead string) Option { return func(f *field) { f.deprecated = instead } }

// Since is the version that brought the field.
func Since(version string) Option { return func(f *field) { f.since = version } }

// options applies opts and checks what can be checked without input.
func (f *field) options(opts []Option) {
	for _, o := range opts {
		o(f)
	}
	if f.required && f.def != nil {
		panic(fmt.Sprintf("form: %s is required and has a default", f.name))
	}
	if f.key != "" && f.kind != kindList {
		panic(fmt.Sprintf("form: %s has a Key but is not a list", f.name))
	}
	if f.secretWhen != nil && f.kind != kindSecret {
		panic(fmt.Sprintf("form: %s has SecretWhen but is not a secret", f.name))
	}
}
