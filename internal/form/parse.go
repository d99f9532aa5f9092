package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// parse reads one JSON value into maps, slices, strings, json.Number, bool and nil. It refuses what two parsers could
// read differently: a name that stands twice, text after the value, invalid UTF-8; and input beyond MaxBytes or
// MaxDepth. Empty input is an empty object.
func parse(raw json.RawMessage) (any, error) {
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("is longer than %d bytes", MaxBytes)
	}
	if !utf8.Valid(raw) {
		return nil, errors.New("is not valid UTF-8")
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return map[string]any{}, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	v, err := parseValue(dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("has something after the JSON value")
	}
	return v, nil
}

// errJSON is all that is said about broken syntax: encoding/json quotes characters, which may be a secret's.
var errJSON = errors.New("is not valid JSON")

func parseValue(dec *json.Decoder, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("is nested deeper than %d levels", MaxDepth)
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, errJSON
	}
	switch tok {
	case json.Delim('{'):
		return parseObject(dec, depth)
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			v, err := parseValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		if _, err := dec.Token(); err != nil {
			return nil, errJSON
		}
		return list, nil
	}
	return tok, nil
}

func parseObject(dec *json.Decoder, depth int) (any, error) {
	obj := map[string]any{}
	for dec.More() {
		tok, err := dec.Token()
		name, ok := tok.(string)
		if err != nil || !ok {
			return nil, errJSON
		}
		if _, dup := obj[name]; dup {
			return nil, fmt.Errorf("has the name %q twice", name)
		}
		if obj[name], err = parseValue(dec, depth+1); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, errJSON
	}
	return obj, nil
}

// parseLenient gives the object in raw, or an empty one.
func parseLenient(raw json.RawMessage) map[string]any {
	v, err := parse(raw)
	if err != nil {
		return map[string]any{}
	}
	obj, ok := v.(map[string]any)
	if !ok {
		return map[string]any{}
	}
	return obj
}

// encode writes obj in the order of its form; fields that the form does not know follow, by name.
func encode(s *Set, obj map[string]any) json.RawMessage {
	var b bytes.Buffer
	encodeObject(&b, s, obj)
	return b.Bytes()
}

func encodeObject(b *bytes.Buffer, s *Set, obj map[string]any) {
	b.WriteByte('{')
	first := true
	write := func(name string, f *field) {
		if !first {
			b.WriteByte(',')
		}
		first = false
		encodePlain(b, name)
		b.WriteByte(':')
		encodeField(b, f, obj[name])
	}
	var unknown []string
	for name := range obj {
		if s == nil || s.find(name) == nil {
			unknown = append(unknown, name)
		}
	}
	if s != nil {
		for _, f := range s.fields {
			if _, ok := obj[f.name]; ok {
				write(f.name, f)
			}
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		write(name, nil)
	}
	b.WriteByte('}')
}

// encodeField writes one value; f is nil for what the form does not know.
func encodeField(b *bytes.Buffer, f *field, v any) {
	var sub *Set
	if f != nil {
		sub = f.sub
	}
	switch v := v.(type) {
	case map[string]any:
		encodeObject(b, sub, v)
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			encodeField(b, f, item)
		}
		b.WriteByte(']')
	default:
		encodePlain(b, v)
	}
}

// encodePlain writes a text, number, bool or null, without HTML escapes.
func encodePlain(b *bytes.Buffer, v any) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("form: encoding a parsed value: " + err.Error()) // parsed values are texts, json.Numbers, bools and nil
	}
	b.Truncate(b.Len() - 1) // the encoder's newline
}
