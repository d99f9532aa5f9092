package awswaf

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"unicode/utf8"
)

// The service's published model, as far as it is needed to hold requests and answers against it: structures, lists and
// texts with the traits required, length and pattern.

type shape struct {
	Type    string                     `json:"type"`
	Members map[string]member          `json:"members"`
	Member  member                     `json:"member"`
	Input   member                     `json:"input"`
	Output  member                     `json:"output"`
	Traits  map[string]json.RawMessage `json:"traits"`
}

type member struct {
	Target string                     `json:"target"`
	Traits map[string]json.RawMessage `json:"traits"`
}

const namespace = "com.amazonaws.wafv2#"

// shapes reads the model once; it gives nil where it is not there.
var shapes = sync.OnceValues(func() (map[string]shape, error) {
	dir := os.Getenv("TOCSIN_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "specs", "aws-wafv2", "wafv2-ipset.smithy.json")) //nolint:gosec // a path of tests
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // reference material beside the repository
	}
	var doc struct {
		Shapes map[string]shape `json:"shapes"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("reading the model: %w", err)
	}
	return doc.Shapes, nil
})

// published gives a check of requests and answers against the published model; nil without it. Operations that it does not
// have are passed.
func published(t testing.TB) func(action string, request, answer []byte) error {
	t.Helper()
	model, err := shapes()
	if err != nil {
		t.Fatal(err)
	}
	if model == nil {
		return nil
	}
	return func(action string, request, answer []byte) error {
		op, ok := model[namespace+action]
		if !ok {
			return nil
		}
		for target, raw := range map[string][]byte{op.Input.Target: request, op.Output.Target: answer} {
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				return fmt.Errorf("%s: %w", action, err)
			}
			if err := conforms(model, target, v, action); err != nil {
				return err
			}
		}
		return nil
	}
}

func conforms(model map[string]shape, target string, v any, at string) error {
	s := model[target]
	switch s.Type {
	case "structure":
		object, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: %v is no object", at, v)
		}
		for name, m := range s.Members {
			if _, required := m.Traits["smithy.api#required"]; required && object[name] == nil {
				return fmt.Errorf("%s.%s is required", at, name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			m, known := s.Members[name]
			if !known {
				return fmt.Errorf("%s.%s is not known", at, name)
			}
			if err := conforms(model, m.Target, object[name], at+"."+name); err != nil {
				return err
			}
		}
		return nil
	case "list":
		list, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%s: %v is no list", at, v)
		}
		for _, x := range list {
			if err := conforms(model, s.Member.Target, x, at+"[]"); err != nil {
				return err
			}
		}
		return nil
	case "string", "enum":
		return s.conformsText(v, at)
	}
	return fmt.Errorf("%s: a %s (%s) is not understood", at, s.Type, target)
}

func (s *shape) conformsText(v any, at string) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("%s: %v is no text", at, v)
	}
	var length struct{ Min, Max *int }
	if raw := s.Traits["smithy.api#length"]; raw != nil {
		if err := json.Unmarshal(raw, &length); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	if n := utf8.RuneCountInString(text); length.Min != nil && n < *length.Min || length.Max != nil && n > *length.Max {
		return fmt.Errorf("%s has %d characters: %q", at, n, text)
	}
	var pattern string
	if raw := s.Traits["smithy.api#pattern"]; raw != nil {
		if err := json.Unmarshal(raw, &pattern); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	if !regexp.MustCompile(pattern).MatchString(text) {
		return fmt.Errorf("%s is %q, which is not %s", at, text, pattern)
	}
	if s.Type != "enum" {
		return nil
	}
	for _, m := range s.Members {
		if string(m.Traits["smithy.api#enumValue"]) == `"`+text+`"` {
			return nil
		}
	}
	return fmt.Errorf("%s is %q, which is none of the values", at, text)
}

// TestPublishedModel: what holds the requests does find faults.
func TestPublishedModel(t *testing.T) {
	t.Parallel()
	check := published(t)
	if check == nil {
		t.Skip("no reference material (TOCSIN_SHARED): requests are held against the model of tests alone")
	}
	const good = `{"Name":"tocsin","Scope":"REGIONAL","Id":"a1b2c3d4-5678-90ab-cdef-000000000001","Addresses":[],"LockToken":"a1b2c3d4-5678-90ab-cdef-000000000002"}`
	if err := check("UpdateIPSet", []byte(good), []byte(`{}`)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		`{}`, `[]`, `{"Name":"tocsin","Scope":"REGIONAL","Id":"a1b2c3d4-5678-90ab-cdef-000000000001","LockToken":"a1b2c3d4-5678-90ab-cdef-000000000002"}`,
		`{"Reason":"x",` + good[1:], `{"Description":"",` + good[1:], `{"Addresses":null,"Name":"x"}`,
		`{"Name":"a b","Scope":"REGIONAL","Id":"a1b2c3d4-5678-90ab-cdef-000000000001","Addresses":[""],"LockToken":"x"}`,
		`{"Name":"ab","Scope":"EVERYWHERE","Id":"a1b2c3d4-5678-90ab-cdef-000000000001","Addresses":[],"LockToken":"a1b2c3d4-5678-90ab-cdef-000000000002"}`,
	} {
		if err := check("UpdateIPSet", []byte(bad), []byte(`{}`)); err == nil {
			t.Errorf("%s was let through", bad)
		}
	}
}
