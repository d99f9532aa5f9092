package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a source's own fields.
const (
	// MaxName bounds a name, in bytes.
	MaxName = 100
	// MaxLabels is how many labels a source gives.
	MaxLabels = 32
	// MaxLabel bounds a label's value, in bytes.
	MaxLabel = 1 << 10
	// MaxTypes is how many patterns of types a source has.
	MaxTypes = 100
)

// Settings are what a source is configured with, but for its labels, whose names are the caller's.
type Settings struct {
	Name    string
	Dialect string
	Enabled bool
	Auth    Auth
	Project string
	Types   []string

	dialects []string
}

// NewSettings makes a form of a hub that has these dialects.
func NewSettings(dialects []string) *Settings { return &Settings{dialects: dialects} }

// Form declares the settings.
func (s *Settings) Form(f *form.Set) {
	f.Text("name", &s.Name, "Name", form.Required(), form.Max(MaxName), form.Check(checkShown), form.Help("A name for people, unique in the account."))
	f.Text("dialect", &s.Dialect, "Dialect", form.Required(), form.Max(64), form.Check(s.checkDialect), form.Placeholder("github"),
		form.Help("What the sender writes: one of GET /api/v1/dialects."))
	f.Bool("enabled", &s.Enabled, "Enabled", form.Default(true), form.Help("Whether it takes events. While it does not, its URL is not found."))
	f.Object("auth", &s.Auth, "Authentication", form.Help("How a sender proves itself."))
	f.Text("project", &s.Project, "Project", form.Max(event.MaxName), form.Check(checkShown), form.Help("For events that name none."))
	f.Texts("types", &s.Types, "Types", form.Max(MaxTypes), form.Check(checkType),
		form.Help("Event types that may be sent: names, prefixes such as alert.*, or *. Empty: every type but the hub's own audit.*."))
}

func (s *Settings) checkDialect(text string) error {
	if slices.Contains(s.dialects, text) {
		return nil
	}
	return fmt.Errorf("must be one of %s", strings.Join(s.dialects, ", "))
}

func checkType(text string) error {
	if event.TypeFilter(text).Check() != nil {
		return errors.New(`must be an event type, a prefix such as "alert.*", or "*"`)
	}
	return nil
}

// checkShown refuses what does not show what it is.
func checkShown(text string) error {
	switch {
	case strings.TrimSpace(text) != text:
		return errors.New("must not begin or end with a space")
	case strings.ContainsFunc(text, func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
	}):
		return errors.New("must not contain control characters, or characters that are not seen")
	}
	return nil
}

// readOnly are the fields of an answer that may come back with a change; they are ignored.
var readOnly = []string{"id", "account", "url", "version", "created_at", "updated_at", "last_received_at", "counts", "warnings"}

// split takes the labels out of what a caller sent, and leaves out what is read-only. Nil labels: there were none.
func split(raw json.RawMessage) (rest, labels json.RawMessage, err error) {
	var fields map[string]json.RawMessage
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &fields) != nil {
		return nil, nil, form.Errors{{Message: "must be an object"}}
	}
	labels = fields["labels"]
	delete(fields, "labels")
	for _, name := range readOnly {
		delete(fields, name)
	}
	rest, err = encode(fields)
	return rest, labels, err
}

// mergeLabels changes labels by a merge patch.
func mergeLabels(old map[string]string, patch json.RawMessage, errs *form.Errors) map[string]string {
	if patch == nil {
		return old
	}
	var changes map[string]*string
	if err := json.Unmarshal(patch, &changes); err != nil {
		errs.Add("labels", "must be an object of texts")
		return old
	}
	merged := map[string]string{}
	if changes != nil { // null removes all
		for name, value := range old {
			merged[name] = value
		}
	}
	for name, value := range changes {
		if value == nil {
			delete(merged, name)
			continue
		}
		merged[name] = *value
		checkLabel(name, *value, errs)
	}
	if len(merged) > MaxLabels {
		errs.Add("labels", "must be at most %d", MaxLabels)
	}
	return merged
}

func checkLabel(name, value string, errs *form.Errors) {
	path := "labels." + event.Clip(name, 64)
	switch {
	case name == "" || len(name) > event.MaxName || checkShown(name) != nil:
		errs.Add(path, "must have a name of 1 to %d bytes that can be seen", event.MaxName)
	case len(value) > MaxLabel || checkShown(value) != nil:
		errs.Add(path, "must be at most %d bytes that can be seen", MaxLabel)
	}
}

// document is a source as the form reads it, its secrets masked.
func document(src *store.Source) (json.RawMessage, error) {
	return encode(struct {
		Name    string          `json:"name"`
		Dialect string          `json:"dialect"`
		Enabled bool            `json:"enabled"`
		Auth    json.RawMessage `json:"auth,omitempty"`
		Project string          `json:"project"`
		Types   []string        `json:"types"`
	}{src.Name, src.Dialect, src.Enabled, src.Auth, src.Project, orEmpty(src.Types)})
}

// Shown is how a sender of a source proves itself, as it may be shown: secrets masked, with the defaults of what its
// method uses.
func Shown(src store.Source) json.RawMessage {
	full := form.Normalise(new(Auth), src.Auth)
	var fields map[string]json.RawMessage
	if json.Unmarshal(full, &fields) != nil {
		return json.RawMessage(`{}`) // what is stored is an object
	}
	m := methodIn(full)
	for name := range fields {
		if !m.uses(name) {
			delete(fields, name)
		}
	}
	shown, err := encode(fields)
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return shown
}

// methodIn is the method that an auth object names.
func methodIn(auth json.RawMessage) *Method {
	var a struct {
		Method string `json:"method"`
	}
	_ = json.Unmarshal(auth, &a) // what is no method is the default one, and Decode says so
	return methodOf(a.Method)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// encode writes JSON without HTML escapes, which would only lengthen what people wrote.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding a source: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
