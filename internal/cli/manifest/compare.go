package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// FieldChange is one field before and after, as people see it.
type FieldChange struct {
	Path   string
	Before string // JSON, or words in brackets
	After  string
}

// MarshalJSON writes the values as JSON has them; null for none.
func (f FieldChange) MarshalJSON() ([]byte, error) {
	text, err := plainJSON(struct {
		Path   string `json:"path"`
		Before any    `json:"before"`
		After  any    `json:"after"`
	}{f.Path, valueOf(f.Before), valueOf(f.After)})
	return []byte(text), err
}

// valueOf is a value for programs; one that was cut, or stands for something, is a text.
func valueOf(text string) any {
	switch {
	case text == absentText:
		return nil
	case json.Valid([]byte(text)):
		return json.RawMessage(text)
	}
	return text
}

// What stands in place of values that are not shown.
const (
	secretSet     = "(secret)"
	secretChanged = "(secret changed)"
	standardText  = "(default)"
	absentText    = "(none)"
)

// comparison compares what a file wants with what there is.
type comparison struct {
	item *Item
	// resend sends secrets that are known here again: whether they changed cannot be seen.
	resend bool
	// voided are paths of secrets that the hub has given up.
	voided []string
	// id gives the id that a name has now; "" if nothing has it yet.
	id func(Ref) string

	fields []FieldChange
	errs   Errors
}

// object compares members. The patch holds those that differ; nil if none does.
func (c *comparison) object(path string, want, have map[string]any, s *Schema) map[string]any {
	patch := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		was, there := have[name]
		if v, differs := c.value(join(path, name), want[name], was, there && was != nil, s.property(name)); differs {
			patch[name] = v
		}
	}
	if len(patch) == 0 {
		return nil
	}
	return patch
}

// value compares one value. there says whether the hub has one.
func (c *comparison) value(path string, want, have any, there bool, s *Schema) (patch any, differs bool) {
	switch w := want.(type) {
	case nil:
		standard, ok := s.standard()
		if !there || ok && equal(standard, have, s) || empty(have) {
			return nil, false
		}
		c.changed(path, shown(have), standardText)
		return nil, true
	case map[string]any:
		was, _ := have.(map[string]any)
		object := c.object(path, w, was, s)
		return object, object != nil
	case form.Secret:
		if have == form.Mask && !c.resend && !slices.Contains(c.voided, path) {
			return nil, false
		}
		before := absentText
		if there {
			before = secretSet
		}
		c.changed(path, before, secretChanged)
		return w, true
	case Ref:
		if id := c.id(w); id != "" && have == id {
			return nil, false
		}
		c.changed(path, shown(have), w.String())
		return w, true
	case string:
		if w == form.Mask {
			c.keep(path, have)
			return nil, false
		}
		if have == form.Mask { // a reference takes the place of what is stored
			c.changed(path, secretSet, shownSecret(w))
			return w, true
		}
	case []any:
		if c.sameList(path, w, have, s) {
			return nil, false
		}
		c.list(path, w, have, there, s)
		return w, true
	}
	if there && equal(want, have, s) || !there && empty(want) {
		return nil, false
	}
	c.changed(path, shownOr(have, there), shown(want))
	return want, true
}

func (c *comparison) changed(path, before, after string) {
	c.fields = append(c.fields, FieldChange{path, before, after})
}

// keep notes a mask: what an export writes for a secret that it cannot know.
func (c *comparison) keep(path string, have any) {
	if have != form.Mask {
		c.errs.add(c.item.At(path), "%s is masked, and the hub has no secret there to keep: write where it is, env:NAME or %sNAME", path, LocalEnv)
	}
}

// sameList says whether a list needs no change. A secret that is known here counts as unchanged unless it is to be sent
// again.
func (c *comparison) sameList(path string, want []any, have any, s *Schema) bool {
	was, ok := have.([]any)
	if len(want) == 0 && !ok {
		return have == nil
	}
	if !ok || len(was) != len(want) {
		return false
	}
	for i := range want {
		if !c.same(path+"."+strconv.Itoa(i), want[i], was[i], s.items()) {
			return false
		}
	}
	return true
}

func (c *comparison) same(path string, want, have any, s *Schema) bool {
	switch w := want.(type) {
	case form.Secret:
		return have == form.Mask && !c.resend && !slices.Contains(c.voided, path)
	case string:
		if w == form.Mask {
			return have == form.Mask
		}
	case []any:
		return c.sameList(path, w, have, s)
	case map[string]any:
		was, ok := have.(map[string]any)
		if !ok {
			return false
		}
		for name := range w {
			if !c.same(join(path, name), w[name], was[name], s.property(name)) {
				return false
			}
		}
		for name := range was { // of an element nothing stays that is not named, but defaults
			standard, hasStandard := s.property(name).standard()
			if _, named := w[name]; !named && !empty(was[name]) && (!hasStandard || !equal(standard, was[name], s.property(name))) {
				return false
			}
		}
		return true
	}
	return equal(want, have, s) || empty(want) && empty(have)
}

// list tells of a list that changes. One of texts says which come and go; another one is shown as a whole. Masks in it
// are kept by the hub, as far as it has secrets at those places.
func (c *comparison) list(path string, want []any, have any, there bool, s *Schema) {
	c.masks(path, want, have)
	c.changed(path, shownOr(have, there), shown(want))
}

// masks looks for masks where the hub has no secret.
func (c *comparison) masks(path string, want, have any) {
	switch w := want.(type) {
	case string:
		if w == form.Mask {
			c.keep(path, have)
		}
	case []any:
		was, _ := have.([]any)
		for i := range w {
			var x any
			if i < len(was) {
				x = was[i]
			}
			c.masks(path+"."+strconv.Itoa(i), w[i], x)
		}
	case map[string]any:
		was, _ := have.(map[string]any)
		for name := range w {
			c.masks(join(path, name), w[name], was[name])
		}
	}
}

// equal compares values as the hub would: a duration or a size is the same however it is written, and so is a URL with
// and without a slash at its end.
func equal(a, b any, s *Schema) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	if x, y := number(a), number(b); x != nil && y != nil {
		return *x == *y
	}
	x, y := fmt.Sprint(a), fmt.Sprint(b)
	if !scalar(a) || !scalar(b) {
		return false
	}
	if d, err := time.ParseDuration(x); err == nil {
		e, err := time.ParseDuration(y)
		return err == nil && d == e
	}
	if s != nil && s.Format == "byte-size" {
		n, err := form.ParseSize(x)
		m, err2 := form.ParseSize(y)
		return err == nil && err2 == nil && n == m
	}
	if strings.Contains(x, "://") {
		return strings.TrimRight(x, "/") == strings.TrimRight(y, "/")
	}
	return false
}

func number(v any) *float64 {
	switch v := v.(type) {
	case int64:
		f := float64(v)
		return &f
	case float64:
		return &v
	}
	return nil
}

func scalar(v any) bool {
	switch v.(type) {
	case string, int64, float64, bool:
		return true
	}
	return false
}

// empty says whether a value is as good as none.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	case bool:
		return !v
	case int64:
		return v == 0
	}
	return false
}
