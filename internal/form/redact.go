package form

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
)

// walkSecrets visits every place of obj that holds a secret, with its path, the object and the name. Only non-empty
// texts are visited.
func walkSecrets(s *Set, obj map[string]any, path string, visit func(path string, obj map[string]any, name string)) {
	for _, f := range s.fields {
		v := obj[f.name]
		p := join(path, f.name)
		switch f.kind {
		case kindSecret:
			if text, ok := v.(string); ok && text != "" && f.isSecret(obj) {
				visit(p, obj, f.name)
			}
		case kindObject:
			if sub, ok := v.(map[string]any); ok {
				walkSecrets(f.sub, sub, p, visit)
			}
		case kindList:
			list, _ := v.([]any)
			for i, item := range list {
				if sub, ok := item.(map[string]any); ok {
					walkSecrets(f.sub, sub, p+"."+strconv.Itoa(i), visit)
				}
			}
		}
	}
}

// isSecret says whether the field's value in obj is a secret.
func (f *field) isSecret(obj map[string]any) bool {
	return f.kind == kindSecret && (f.secretWhen == nil || f.secretWhen(obj))
}

// MaskSecrets is raw with Mask in the place of every secret. What is not a JSON object becomes an empty one: it cannot be
// told what of it is secret.
func MaskSecrets(f Form, raw json.RawMessage) json.RawMessage {
	masked, _, err := Split(f, raw)
	if err != nil {
		return json.RawMessage("{}")
	}
	return masked
}

// Split takes the secrets out of raw: masked holds Mask in their places, secrets has them by path. A place that holds
// Mask already gives no secret. The error says that raw is not a JSON object.
func Split(f Form, raw json.RawMessage) (masked json.RawMessage, secrets map[string]Secret, err error) {
	s := build(f)
	v, err := parse(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("splitting settings: the JSON %w", err)
	}
	obj, ok := v.(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("splitting settings: not a JSON object")
	}
	secrets = map[string]Secret{}
	walkSecrets(s, obj, "", func(path string, obj map[string]any, name string) {
		if text := obj[name].(string); text != Mask {
			secrets[path] = NewSecret(text)
		}
		obj[name] = Mask
	})
	return encode(s, obj), secrets, nil
}

// Join puts secrets back in the places where masked holds Mask. A secret without a place is left out.
func Join(f Form, masked json.RawMessage, secrets map[string]Secret) json.RawMessage {
	s := build(f)
	obj := parseLenient(masked)
	walkSecrets(s, obj, "", func(path string, obj map[string]any, name string) {
		if secret, ok := secrets[path]; ok && obj[name] == Mask {
			obj[name] = secret.Reveal()
		}
	})
	return encode(s, obj)
}

// SecretValues gives every secret that raw holds.
func SecretValues(f Form, raw json.RawMessage) []string {
	var values []string
	walkSecrets(build(f), parseLenient(raw), "", func(_ string, obj map[string]any, name string) {
		if text := obj[name].(string); text != Mask {
			values = append(values, text)
		}
	})
	return values
}

// Merge applies a JSON merge patch (RFC 7386) to old, which has its secrets in place. A secret that the patch leaves
// out or sends as Mask keeps its value; null or "" clears it. A list is replaced as a whole, but its items keep the
// secrets that were left out or masked: items are recognised by the list's Key, in order where a key stands twice, or
// else by their place. Nothing is checked: Decode does that, and refuses a Mask that found no secret.
func Merge(f Form, old, patch json.RawMessage) json.RawMessage {
	v, err := parse(patch)
	if err != nil {
		return patch // Decode will say what is wrong
	}
	change, ok := v.(map[string]any)
	if !ok {
		return patch
	}
	s := build(f)
	return encode(s, mergeObject(s, parseLenient(old), change))
}

// mergeObject gives old changed by patch; s is nil for objects that the form does not know.
func mergeObject(s *Set, old, patch map[string]any) map[string]any {
	merged := maps.Clone(old)
	if merged == nil {
		merged = map[string]any{}
	}
	for name, v := range patch {
		if v == nil {
			delete(merged, name)
			continue
		}
		var f *field
		if s != nil {
			f = s.find(name)
		}
		merged[name] = mergeValue(f, merged[name], v)
	}
	keepSecrets(s, old, merged)
	return merged
}

func mergeValue(f *field, old, v any) any {
	switch v := v.(type) {
	case map[string]any:
		var sub *Set
		if f != nil {
			sub = f.sub
		}
		was, _ := old.(map[string]any)
		return mergeObject(sub, was, v)
	case []any:
		if f != nil && f.kind == kindList {
			was, _ := old.([]any)
			return mergeList(f, was, v)
		}
	}
	return v
}

// keepSecrets puts old's secrets where merged holds Mask. It does so only where the place is secret before and after:
// no change of a sibling may turn a kept secret into something that is shown.
func keepSecrets(s *Set, old, merged map[string]any) {
	if s == nil {
		return
	}
	for _, f := range s.fields {
		if merged[f.name] == Mask && f.isSecret(merged) && f.isSecret(old) {
			if text, ok := old[f.name].(string); ok {
				merged[f.name] = text
			}
		}
	}
}

// mergeList pairs the new items with the old ones and lets them keep their secrets.
func mergeList(f *field, old, list []any) []any {
	used := make([]bool, len(old))
	merged := make([]any, len(list))
	for i, item := range list {
		merged[i] = item
		obj, ok := item.(map[string]any)
		if !ok {
			continue
		}
		was := f.match(old, used, obj, i)
		if was == nil {
			continue
		}
		now := maps.Clone(obj)
		for _, sub := range f.sub.fields {
			if _, given := now[sub.name]; !given && sub.isSecret(was) && sub.isSecret(now) {
				now[sub.name] = was[sub.name]
			}
		}
		keepSecrets(f.sub, was, now)
		merged[i] = now
	}
	return merged
}

// match finds the old item that obj, the i-th of the new ones, was.
func (f *field) match(old []any, used []bool, obj map[string]any, i int) map[string]any {
	if f.key == "" {
		if i >= len(old) {
			return nil
		}
		was, _ := old[i].(map[string]any)
		return was
	}
	for j, item := range old {
		was, ok := item.(map[string]any)
		if ok && !used[j] && was[f.key] == obj[f.key] {
			used[j] = true
			return was
		}
	}
	return nil
}

// Normalise is raw as the API shows it: what was given, plus the defaults of what was not. It checks nothing.
func Normalise(f Form, raw json.RawMessage) json.RawMessage {
	s := build(f)
	obj := parseLenient(raw)
	fillDefaults(s, obj)
	return encode(s, obj)
}

func fillDefaults(s *Set, obj map[string]any) {
	for _, f := range s.fields {
		v := obj[f.name]
		if v == nil {
			delete(obj, f.name)
		}
		switch {
		case f.kind == kindObject:
			sub, ok := v.(map[string]any)
			if v != nil && !ok {
				continue
			}
			if sub == nil {
				sub = map[string]any{}
			}
			if fillDefaults(f.sub, sub); len(sub) > 0 || v != nil {
				obj[f.name] = sub
			}
		case f.kind == kindList:
			list, _ := v.([]any)
			for _, item := range list {
				if sub, ok := item.(map[string]any); ok {
					fillDefaults(f.sub, sub)
				}
			}
		case f.def != nil && (v == nil || v == ""):
			obj[f.name] = f.defaultJSON()
		}
	}
}

// SecretFields names every field that a form declares as secret, in its order; the fields of a list's items are named
// like "headers[].value".
func SecretFields(f Form) []string { return secretFields(build(f), "") }

func secretFields(s *Set, prefix string) []string {
	var names []string
	for _, f := range s.fields {
		switch f.kind {
		case kindSecret:
			names = append(names, prefix+f.name)
		case kindObject:
			names = append(names, secretFields(f.sub, prefix+f.name+".")...)
		case kindList:
			names = append(names, secretFields(f.sub, prefix+f.name+"[].")...)
		}
	}
	return names
}
