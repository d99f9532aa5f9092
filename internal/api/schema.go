package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func statusText(status string) string {
	code, err := strconv.Atoi(status)
	if err != nil {
		return status
	}
	return http.StatusText(code)
}

// jsonObject is an object whose members the document does not describe.
type jsonObject json.RawMessage

// MarshalJSON writes the object as it is; none is null.
func (o jsonObject) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// UnmarshalJSON keeps the bytes.
func (o *jsonObject) UnmarshalJSON(b []byte) error { return (*json.RawMessage)(o).UnmarshalJSON(b) }

// Schema says that it is an object.
func (jsonObject) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// formSchema is the part of a form's JSON Schema that the document shows.
type formSchema struct {
	Type                 any                    `json:"type"`
	Title                string                 `json:"title"`
	Description          string                 `json:"description"`
	Default              any                    `json:"default"`
	Enum                 []any                  `json:"enum"`
	Minimum              *float64               `json:"minimum"`
	Maximum              *float64               `json:"maximum"`
	MaxLength            *int                   `json:"maxLength"`
	MaxItems             *int                   `json:"maxItems"`
	Items                *formSchema            `json:"items"`
	Properties           map[string]*formSchema `json:"properties"`
	Required             []string               `json:"required"`
	AdditionalProperties *bool                  `json:"additionalProperties"`
	WriteOnly            bool                   `json:"writeOnly"`
	Deprecated           bool                   `json:"deprecated"`
	Examples             []any                  `json:"examples"`
}

// fromForm turns a form's JSON Schema into one of the document, so that a declaration serves both.
func fromForm(raw json.RawMessage) *huma.Schema {
	var f formSchema
	if err := json.Unmarshal(raw, &f); err != nil {
		panic(fmt.Sprintf("api: reading a form's schema: %v", err))
	}
	return f.schema()
}

func (f *formSchema) schema() *huma.Schema {
	if f == nil {
		return nil
	}
	s := &huma.Schema{
		Description: f.Description, Default: f.Default, Minimum: f.Minimum, Maximum: f.Maximum,
		MaxLength: f.MaxLength, MaxItems: f.MaxItems, Items: f.Items.schema(), Required: f.Required,
		WriteOnly: f.WriteOnly, Deprecated: f.Deprecated, Examples: f.Examples,
	}
	if s.Description == "" {
		s.Description = f.Title
	}
	for _, v := range f.Enum {
		if v != "" { // an optional choice may be emptied; nobody needs to be told
			s.Enum = append(s.Enum, v)
		}
	}
	s.Type, _ = f.Type.(string)
	if s.Type == "" {
		s.Type = huma.TypeString // a size may be a number too
	}
	if f.AdditionalProperties != nil {
		s.AdditionalProperties = *f.AdditionalProperties
	}
	if f.Properties != nil {
		s.Properties = map[string]*huma.Schema{}
		for name, p := range f.Properties {
			s.Properties[name] = p.schema()
		}
	}
	return s
}
