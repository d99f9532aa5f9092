package form

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Set collects the fields that a Form declares, in their order. Every method takes the field's JSON name, where its
// value goes, its title, and options.
type Set struct{ fields []*field }

// kind is the type of a field as people see it.
type kind uint8

const (
	kindText kind = iota
	kindSecret
	kindPEM
	kindURL
	kindChoice
	kindBool
	kindInt
	kindFloat
	kindDuration
	kindSize
	kindTexts
	kindDurations
	kindObject
	kindList
)

// field is one declared setting.
type field struct {
	name, title string
	kind        kind

	help, hint, group, placeholder, deprecated, since string

	required, advanced bool
	destination        bool
	multiline          bool
	made               bool
	def                any
	min, max           *float64
	pattern            *regexp.Regexp
	schemes, choices   []string
	check              func(string) error
	key                string
	secretWhen         func(map[string]any) bool

	// assign takes a checked value of the field's Go type.
	assign func(any)
	// sub is the form of an object, or of a new item of a list.
	sub *Set
	// subForm is the value that sub was made from.
	subForm Form
	// items makes n items of a list and returns their forms.
	items func(n int) []Form
}

// build executes a form over a value and so binds its fields to that value, setting defaults.
func build(f Form) *Set {
	s := new(Set)
	f.Form(s)
	return s
}

// find gives the field of that name.
func (s *Set) find(name string) *field {
	for _, f := range s.fields {
		if f.name == name {
			return f
		}
	}
	return nil
}

// add declares a field and gives it its default.
func (s *Set) add(f *field, opts []Option) {
	if s.find(f.name) != nil {
		panic("form: field declared twice: " + f.name)
	}
	f.options(opts)
	s.fields = append(s.fields, f)
	if f.def != nil && f.assign != nil {
		f.assign(f.def)
	}
}

// set makes the assignment of a field whose Go type is T. The panic names a default of the wrong type.
func set[T any](name string, dst *T) func(any) {
	return func(v any) {
		t, ok := v.(T)
		if !ok {
			panic(fmt.Sprintf("form: %s: the default is a %T, want a %T", name, v, *dst))
		}
		*dst = t
	}
}

// Text is a line of text without control characters.
func (s *Set) Text(name string, dst *string, title string, opts ...Option) {
	s.add(&field{name: name, title: title, kind: kindText, assign: set(name, dst)}, opts)
}

// Secret is text that no output shows. See also SecretWhen.
func (s *Set) Secret(name string, dst *Secret, title string, opts ...Option) {
	s.add(&field{name: name, title: title, kind: kindSecret, assign: func(v any) { *dst = NewSecret(v.(string)) }}, opts)
}

// PEM is text of one or more PEM blocks, such as certificates.
func (s *Set) PEM(name string, dst *string, title string, opts ...Option) {
	s.add(&field{name: name, title: title, kind: kindPEM, assign: set(name, dst)}, opts)
}

// SecretPEM is PEM text that no output shows, such as a private key.
func (s *Set) SecretPEM(name string, dst *Secret, title string, opts ...Option) {
	opts = append([]Option{Max(MaxPEM), Check(checkPEM), func(f *field) { f.hint = "PEM" }}, opts...)
	s.Secret(name, dst, title, opts...)
}

// URL is an absolute URL that passes CheckURL.
func (s *Set) URL(name string, dst *string, title string, opts ...Option) {
	f := &field{name: name, title: title, kind: kindURL, schemes: []string{"https", "http"}, assign: set(name, dst)}
	s.add(f, opts)
}

// Choice is one of a few words.
func (s *Set) Choice(name string, dst *string, title string, choices []string, opts ...Option) {
	f := &field{name: name, title: title, kind: kindChoice, choices: slices.Clone(choices), assign: set(name, dst)}
	s.add(f, opts)
}

// Bool is a switch.
func (s *Set) Bool(name string, dst *bool, title string, opts ...Option) {
	s.add(&field{name: name, title: title, kind: kindBool, assign: set(name, dst)}, opts)
}

// Int is a whole number.
func (s *Set) Int(name string, dst *int, title string, opts ...Option) {
	s.add(&field{name: name, title: title, kind: kindInt, assign: set(name, dst)}, opts)
}

// Float is a number.
func (s *Set) Float(name string, dst *float64, title string, opts ...Option) {
	s.add(&field{name: name, title: title, kind: kindFloat, assign: set(name, dst)}, opts)
}

// Duration is a Go duration as text, such as "15s".
func (s *Set) Duration(name string, dst *time.Duration, title string, opts ...Option) {
	s.add(&field{name: name, title: title, kind: kindDuration, assign: set(name, dst)}, opts)
}

// Size is a number of bytes as text, such as "900KiB"; a plain number of bytes is taken too.
func (s *Set) Size(name string, dst *Size, title string, opts ...Option) {
	s.add(&field{name: name, title: title, kind: kindSize, assign: set(name, dst)}, opts)
}

// Texts is a list of texts.
func (s *Set) Texts(name string, dst *[]string, title string, opts ...Option) {
	s.add(&field{name: name, title: title, kind: kindTexts, assign: set(name, dst)}, opts)
}

// Durations is a list of durations.
func (s *Set) Durations(name string, dst *[]time.Duration, title string, opts ...Option) {
	s.add(&field{name: name, title: title, kind: kindDurations, assign: set(name, dst)}, opts)
}

// Object is a group of fields with a form of its own. Its defaults apply when it is left out.
func (s *Set) Object(name string, dst Form, title string, opts ...Option) {
	s.add(&field{name: name, title: title, kind: kindObject, sub: build(dst), subForm: dst}, opts)
}

// List is a list of objects, each with the form of T. (A function, because methods have no type parameters.)
func List[T any, P interface {
	*T
	Form
}](s *Set, name string, dst *[]T, title string, opts ...Option) {
	s.add(&field{name: name, title: title, kind: kindList, sub: build(P(new(T))), items: func(n int) []Form {
		*dst = make([]T, n)
		forms := make([]Form, n)
		for i := range forms {
			forms[i] = P(&(*dst)[i])
		}
		return forms
	}}, opts)
}
