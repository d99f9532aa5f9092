package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// mergePatch applies a JSON merge patch (RFC 7396) to a document that is an object. Both must be valid JSON. A patch
// of null gives the empty object.
func mergePatch(document, patch json.RawMessage) (json.RawMessage, error) {
	merged, err := merge(document, patch)
	if err != nil {
		return nil, err
	}
	if isNull(merged) {
		return json.RawMessage(`{}`), nil
	}
	return merged, nil
}

func merge(document, patch json.RawMessage) (json.RawMessage, error) {
	if !isObject(patch) {
		return patch, nil
	}
	fields := map[string]json.RawMessage{}
	if isObject(document) {
		if err := json.Unmarshal(document, &fields); err != nil {
			return nil, fmt.Errorf("reading what is to be patched: %w", err)
		}
	}
	var changes map[string]json.RawMessage
	if err := json.Unmarshal(patch, &changes); err != nil {
		return nil, fmt.Errorf("reading the patch: %w", err)
	}
	for name, change := range changes {
		if isNull(change) {
			delete(fields, name)
			continue
		}
		value, err := merge(fields[name], change)
		if err != nil {
			return nil, err
		}
		fields[name] = value
	}
	return encode(fields)
}

func isObject(raw json.RawMessage) bool {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	return len(raw) > 0 && raw[0] == '{'
}

func isNull(raw json.RawMessage) bool {
	return len(raw) == 0 || bytes.Equal(bytes.TrimSpace(raw), []byte("null"))
}

// encode writes JSON without HTML escapes, which would only lengthen what people wrote.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
