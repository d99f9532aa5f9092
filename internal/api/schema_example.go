package api

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// maxSchemaDepth bounds how deep examples and property lists follow a schema; recursive schemas end there.
const maxSchemaDepth = 6

// exampleOf makes a value that fits the schema, from its examples where it has some.
func exampleOf(reg huma.Registry, s *huma.Schema, depth int) any {
	s = resolve(reg, s)
	if s == nil || depth > maxSchemaDepth {
		return nil
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeObject:
		return objectExample(reg, s, depth)
	case huma.TypeArray:
		if v := exampleOf(reg, s.Items, depth+1); v != nil {
			return []any{v}
		}
		return []any{}
	case huma.TypeString:
		if s.Format == "date-time" {
			return "2026-03-14T09:26:53.5Z"
		}
		return "text"
	case huma.TypeInteger, huma.TypeNumber:
		return 1
	case huma.TypeBoolean:
		return true
	}
	return map[string]any{}
}

// member is a name and a value of an object whose order is kept.
type member struct {
	name  string
	value any
}

// object is a JSON object that keeps the order of the schema's properties.
type object []member

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func objectExample(reg huma.Registry, s *huma.Schema, depth int) any {
	o := object{}
	for _, name := range propertyOrder(s) {
		if v := exampleOf(reg, s.Properties[name], depth+1); v != nil {
			o = append(o, member{name, v})
		}
	}
	return o
}

// resolve follows references.
func resolve(reg huma.Registry, s *huma.Schema) *huma.Schema {
	for range maxSchemaDepth {
		if s == nil || s.Ref == "" {
			return s
		}
		s = reg.SchemaFromRef(s.Ref)
	}
	return s
}

// propertyOrder lists the required properties first, as the schema has them, then the others by name.
func propertyOrder(s *huma.Schema) []string {
	order := make([]string, 0, len(s.Properties))
	seen := map[string]bool{}
	for _, name := range s.Required {
		if s.Properties[name] != nil && !seen[name] {
			order, seen[name] = append(order, name), true
		}
	}
	for _, name := range sortedKeys(s.Properties) {
		if !seen[name] {
			order = append(order, name)
		}
	}
	return order
}

// indent is JSON to be read by people.
func indent(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}
