package canary

import (
	"encoding/json"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/source"
)

// sourceOf is a source endpoint of a method whose every secret field holds a canary.
func sourceOf(m source.Method, secret func(path string) []string, ca string) (map[string]any, error) {
	auth := map[string]any{"method": m.Name}
	uses := map[string]bool{}
	for _, name := range m.Fields {
		uses[name] = true
	}
	for _, name := range form.SecretFields(new(source.Auth)) {
		if uses[name] {
			auth[name] = secret(name)[0]
		}
	}
	for name, value := range map[string]string{
		"header": "X-Canary", "username": "somebody", "ca_bundle": ca, "subject": "canary.example", "prefix": "sha256=",
	} {
		if uses[name] {
			auth[name] = value
		}
	}
	raw, err := json.Marshal(auth)
	if err != nil {
		return nil, err
	}
	if err := form.Decode(raw, new(source.Auth)); err != nil {
		return nil, err
	}
	return map[string]any{"name": "canary " + m.Name, "dialect": "native", "auth": auth, "labels": map[string]string{"a": "b"}}, nil
}
