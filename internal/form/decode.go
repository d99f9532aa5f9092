package form

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Decode reads raw into f, which should be a zero value, and applies defaults. What is wrong comes back all at once as
// Errors: unknown fields (with the likely spelling), wrong types, broken constraints, and what Validate says. A field
// that is null counts as left out.
func Decode(raw json.RawMessage, f Form) error {
	s := build(f)
	v, err := parse(raw)
	if err != nil {
		return Errors{{Message: err.Error()}}
	}
	obj, ok := v.(map[string]any)
	if !ok {
		return Errors{{Message: "must be a JSON object"}}
	}
	return decodeObject(s, f, obj).Err()
}

// decodeObject reads obj into the fields of s, which are bound to f.
func decodeObject(s *Set, f Form, obj map[string]any) Errors {
	var errs Errors
	for _, fd := range s.fields {
		v, given := obj[fd.name]
		if !given || v == nil {
			v = nil
		}
		errs = append(errs, fd.decode(v, obj)...)
	}
	for _, name := range unknownNames(s, obj) {
		errs = append(errs, FieldError{Path: name, Message: "is not a known field" + didYouMean(s, name, obj)})
	}
	return append(errs, validate(f, errs)...)
}

// validate runs the form's own rules and keeps what is news.
func validate(f Form, known Errors) Errors {
	v, ok := f.(Validator)
	if !ok {
		return nil
	}
	err := v.Validate()
	if err == nil {
		return nil
	}
	own, ok := AsErrors(err)
	if !ok {
		own = Errors{{Message: err.Error()}}
	}
	return slices.DeleteFunc(slices.Clone(own), func(e FieldError) bool { return e.Path != "" && known.has(e.Path) })
}

// decode reads one value, nil when it was left out.
func (f *field) decode(v any, parent map[string]any) Errors {
	if v == nil {
		switch {
		case f.required:
			return f.fail("is required")
		case f.kind == kindObject:
			v = map[string]any{} // its fields may be required, and its Validate must run
		default:
			return nil
		}
	}
	switch f.kind {
	case kindObject:
		obj, ok := v.(map[string]any)
		if !ok {
			return f.fail("must be an object")
		}
		return decodeObject(f.sub, f.subForm, obj).at(f.name)
	case kindList:
		return f.decodeList(v)
	case kindTexts, kindDurations:
		return f.decodeScalars(v)
	}
	value, err := f.scalar(v)
	if err != nil {
		return f.fail(err.Error())
	}
	if text, ok := value.(string); ok && text == "" {
		if f.required {
			return f.fail("is required")
		}
		if f.kind == kindChoice || f.def != nil {
			return nil // an emptied field has its default
		}
	}
	f.assign(value)
	return nil
}

func (f *field) fail(message string) Errors { return Errors{{Path: f.name, Message: message}} }

func (f *field) decodeList(v any) Errors {
	list, ok := v.([]any)
	if !ok {
		return f.fail("must be a list")
	}
	if err := f.checkLength(len(list)); err != nil {
		return f.fail(err.Error())
	}
	var errs Errors
	for i, form := range f.items(len(list)) {
		path := f.name + "." + strconv.Itoa(i)
		obj, ok := list[i].(map[string]any)
		if !ok {
			errs.Add(path, "must be an object")
			continue
		}
		errs = append(errs, decodeObject(build(form), form, obj).at(path)...)
	}
	return errs
}

// decodeScalars reads a list of texts or durations.
func (f *field) decodeScalars(v any) Errors {
	list, ok := v.([]any)
	if !ok {
		return f.fail("must be a list")
	}
	if err := f.checkLength(len(list)); err != nil {
		return f.fail(err.Error())
	}
	var errs Errors
	values := make([]any, len(list))
	for i, item := range list {
		value, err := f.element(item)
		if err != nil {
			errs.Add(f.name+"."+strconv.Itoa(i), "%s", err)
		}
		values[i] = value
	}
	if len(errs) == 0 {
		f.assignList(values)
	}
	return errs
}

func (f *field) checkLength(n int) error {
	limit := MaxItems
	if f.max != nil {
		limit = int(*f.max)
	}
	switch {
	case n == 0 && f.required:
		return errors.New("is required")
	case f.min != nil && n < int(*f.min):
		return fmt.Errorf("must have at least %d items", int(*f.min))
	case n > limit:
		return fmt.Errorf("must have at most %d items, has %d", limit, n)
	}
	return nil
}

// unknownNames gives the members of obj that s does not declare, sorted.
func unknownNames(s *Set, obj map[string]any) []string {
	var names []string
	for name := range obj {
		if s.find(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// didYouMean names the closest declared field that is not given, if one is close.
func didYouMean(s *Set, name string, obj map[string]any) string {
	best, distance := "", max(2, len(name)/3)+1
	for _, f := range s.fields {
		if _, given := obj[f.name]; given {
			continue
		}
		d := editDistance(fold(name), fold(f.name))
		if d < distance {
			best, distance = f.name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// fold drops what people confuse in names: letter case and separators.
func fold(name string) string {
	if len(name) > 64 {
		name = name[:64]
	}
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
}

// editDistance is Levenshtein's, over bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
