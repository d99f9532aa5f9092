package form

import (
	"encoding/json"
	"strings"
	"time"
)

// schemaDialect is the JSON Schema version that Schema writes.
const schemaDialect = "https://json-schema.org/draft/2020-12/schema"

// The patterns of durations and sizes in a schema.
const (
	durationPattern = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$`
	sizePattern     = `^[0-9]+(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?$`
)

// schema is the part of JSON Schema that forms need, in the order in which it is written.
type schema struct {
	Dialect     string             `json:"$schema,omitempty"`
	Type        any                `json:"type,omitempty"` // a word or a list of words
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Format      string             `json:"format,omitempty"`
	Default     any                `json:"default,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	MinLength   *float64           `json:"minLength,omitempty"`
	MaxLength   *float64           `json:"maxLength,omitempty"`
	Minimum     *float64           `json:"minimum,omitempty"`
	Maximum     *float64           `json:"maximum,omitempty"`
	MinItems    *float64           `json:"minItems,omitempty"`
	MaxItems    *float64           `json:"maxItems,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Closed      *bool              `json:"additionalProperties,omitempty"`
	Examples    []string           `json:"examples,omitempty"`
	WriteOnly   bool               `json:"writeOnly,omitempty"`
	Deprecated  bool               `json:"deprecated,omitempty"`

	// What JSON Schema has no word for.
	Secret   any    `json:"x-secret,omitempty"` // true, or "conditional": a sibling field decides
	Made     string `json:"x-made,omitempty"`   // "whsec": such a secret can be made up
	Order    *int   `json:"x-order,omitempty"`
	Group    string `json:"x-group,omitempty"`
	Advanced bool   `json:"x-advanced,omitempty"`
	Since    string `json:"x-since,omitempty"`
	Instead  string `json:"x-instead,omitempty"`
	Lines    bool   `json:"x-multiline,omitempty"`
	Minimal  string `json:"x-minimum,omitempty"` // of a duration or size, as text
	Maximal  string `json:"x-maximum,omitempty"`
}

// Schema is the form as JSON Schema 2020-12. Secrets are writeOnly and have x-secret; x-order keeps the order of the
// fields. A null stands for "left out" in input but is not part of the schema.
func Schema(f Form) json.RawMessage {
	top := objectSchema(build(f))
	top.Dialect = schemaDialect
	raw, err := json.Marshal(top)
	if err != nil {
		panic("form: encoding a schema: " + err.Error())
	}
	return raw
}

func objectSchema(s *Set) *schema {
	closed := false
	obj := &schema{Type: "object", Properties: map[string]*schema{}, Closed: &closed}
	for i, f := range s.fields {
		p := f.schema()
		order := i
		p.Order = &order
		obj.Properties[f.name] = p
		if f.required {
			obj.Required = append(obj.Required, f.name)
		}
	}
	return obj
}

// schema describes one field.
func (f *field) schema() *schema {
	p := f.typeSchema()
	p.Title, p.Description, p.Group, p.Advanced, p.Since = f.title, f.help, f.group, f.advanced, f.since
	p.Deprecated, p.Instead = f.deprecated != "", f.deprecated
	if f.made {
		p.Made = "whsec"
	}
	if f.placeholder != "" {
		p.Examples = []string{f.placeholder}
	}
	if f.def != nil {
		p.Default = f.defaultJSON()
	}
	return p
}

func (f *field) typeSchema() *schema {
	switch f.kind {
	case kindBool:
		return &schema{Type: "boolean"}
	case kindInt:
		return &schema{Type: "integer", Minimum: f.min, Maximum: f.max}
	case kindFloat:
		return &schema{Type: "number", Minimum: f.min, Maximum: f.max}
	case kindDuration:
		return f.withRange(&schema{Type: "string", Format: "go-duration", Pattern: durationPattern})
	case kindSize:
		return f.withRange(&schema{Type: []string{"string", "integer"}, Format: "byte-size", Pattern: sizePattern})
	case kindObject:
		return objectSchema(f.sub)
	case kindList:
		return f.listSchema(objectSchema(f.sub))
	case kindDurations:
		return f.listSchema(&schema{Type: "string", Format: "go-duration", Pattern: durationPattern})
	case kindTexts:
		return f.listSchema(&schema{Type: "string", Pattern: f.patternText()})
	}
	return f.textSchema()
}

func (f *field) textSchema() *schema {
	p := &schema{Type: "string", Pattern: f.patternText(), MinLength: f.min, MaxLength: f.max}
	if f.required && p.MinLength == nil {
		one := 1.0
		p.MinLength = &one
	}
	p.Lines = f.multiline
	switch f.kind {
	case kindURL:
		p.Format = "uri"
		if p.Pattern == "" {
			p.Pattern = "^(" + strings.Join(f.schemes, "|") + ")://"
		}
	case kindChoice:
		p.Enum = f.choices
	case kindPEM:
		p.Format, p.Lines = "pem", true
	case kindSecret:
		p.WriteOnly, p.Secret = true, true
		if f.secretWhen != nil {
			p.WriteOnly, p.Secret = false, "conditional"
		}
		if f.hint == "PEM" {
			p.Format, p.Lines = "pem", true
		}
	}
	// An optional text may be emptied, whatever its pattern says.
	if !f.required && p.Pattern != "" {
		p.Pattern = "^$|" + p.Pattern
	}
	if !f.required {
		p.MinLength = nil
	}
	if !f.required && f.kind == kindChoice {
		p.Enum = append(append([]string{}, f.choices...), "")
	}
	return p
}

func (f *field) patternText() string {
	if f.pattern == nil {
		return ""
	}
	return f.pattern.String()
}

func (f *field) listSchema(items *schema) *schema {
	p := &schema{Type: "array", Items: items, MinItems: f.min, MaxItems: f.max}
	if p.MaxItems == nil {
		limit := float64(MaxItems)
		p.MaxItems = &limit
	}
	if f.required && p.MinItems == nil {
		one := 1.0
		p.MinItems = &one
	}
	return p
}

func (f *field) withRange(p *schema) *schema {
	if f.min != nil {
		p.Minimal = f.rangeText(*f.min)
	}
	if f.max != nil {
		p.Maximal = f.rangeText(*f.max)
	}
	return p
}

// rangeText writes a bound in the field's own notation.
func (f *field) rangeText(x float64) string {
	if f.kind == kindDuration {
		return DurationText(time.Duration(x))
	}
	return Size(x).String()
}

// defaultJSON is the default as it would be written in JSON.
func (f *field) defaultJSON() any {
	switch d := f.def.(type) {
	case time.Duration:
		return DurationText(d)
	case Size:
		return d.String()
	case []time.Duration:
		list := make([]any, len(d))
		for i, v := range d {
			list[i] = DurationText(v)
		}
		return list
	case []string:
		list := make([]any, len(d))
		for i, v := range d {
			list[i] = v
		}
		return list
	}
	return f.def
}
