package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Schema is the JSON Schema of a part of an item, as far as it is needed here.
type Schema struct {
	Properties map[string]*Schema `json:"properties"`
	Items      *Schema            `json:"items"`
	Closed     *bool              `json:"additionalProperties"`
	Default    json.RawMessage    `json:"default"`
	Format     string             `json:"format"`
	Secret     any                `json:"x-secret"` // true, or "conditional": by the member "secret" beside it
}

// UnmarshalJSON reads a schema; one that is not an object (true, false) says nothing.
func (s *Schema) UnmarshalJSON(b []byte) error {
	type plain Schema
	var p struct {
		plain
		Closed json.RawMessage `json:"additionalProperties"`
	}
	if len(b) > 0 && b[0] != '{' {
		return nil
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*s = Schema(p.plain)
	if string(p.Closed) == "false" {
		closed := false
		s.Closed = &closed
	}
	return nil
}

func (s *Schema) property(name string) *Schema {
	if s == nil {
		return nil
	}
	return s.Properties[name]
}

func (s *Schema) items() *Schema {
	if s == nil {
		return nil
	}
	return s.Items
}

// Schemas are those of the fields of an item: of an integration's settings and delivery, by its kind.
type Schemas map[string]*Schema

// Check says what is wrong with an item as far as the schemas tell: unknown settings, and secrets written out.
func (i *Item) Check(schemas Schemas) error {
	var errs Errors
	for _, name := range slices.Sorted(maps.Keys(i.Fields)) {
		i.check(&errs, name, i.Fields[name], schemas[name], false)
	}
	return errs.err()
}

// check walks a value. hidden says that the object around it calls itself a secret.
func (i *Item) check(errs *Errors, path string, v any, s *Schema, hidden bool) {
	switch v := v.(type) {
	case map[string]any:
		hidden, _ := v["secret"].(bool)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			p := s.property(name)
			if p == nil && s != nil && s.Closed != nil && len(s.Properties) > 0 {
				errs.add(i.At(join(path, name)), "%s is not known; there are %s", join(path, name), strings.Join(slices.Sorted(maps.Keys(s.Properties)), ", "))
				continue
			}
			i.check(errs, join(path, name), v[name], p, hidden)
		}
	case []any:
		for at, x := range v {
			i.check(errs, join(path, strconv.Itoa(at)), x, s.items(), false)
		}
	case string:
		if i.secret(path, s, hidden) && v != "" && !stands(v) {
			errs.add(i.At(path), "%s is a secret: write where it is, env:NAME or file:/path (read by the hub), or %sNAME or %sPATH (read here)",
				path, LocalEnv, LocalFile)
		}
	}
}

// secret says whether a value is one.
func (i *Item) secret(path string, s *Schema, hidden bool) bool {
	if slices.Contains(i.Section.Secrets, path) {
		return true
	}
	return s != nil && (s.Secret == true || s.Secret == "conditional" && hidden)
}

// stands says whether a text stands for a secret without telling it.
func stands(text string) bool {
	return text == form.Mask || isReference(text)
}

// isReference says whether the hub reads the secret from elsewhere.
func isReference(text string) bool {
	return strings.HasPrefix(text, "env:") || strings.HasPrefix(text, "file:")
}

// standard is the default of a schema as a value.
func (s *Schema) standard() (any, bool) {
	if s == nil || len(s.Default) == 0 {
		return nil, false
	}
	v, err := Value(s.Default)
	return v, err == nil
}

// Value reads JSON as a value: whole numbers as int64.
func Value(raw []byte) (any, error) {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	return numbers(v), nil
}

func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64() // one that is too large is as good as infinite
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = numbers(v[name])
		}
	}
	return v
}
