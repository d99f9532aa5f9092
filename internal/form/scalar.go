package form

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// scalar reads and checks one JSON value for a field that is neither an object nor a list, and gives it as the field's
// Go type. Errors never repeat the value of a secret.
func (f *field) scalar(v any) (any, error) {
	switch f.kind {
	case kindBool:
		b, ok := v.(bool)
		if !ok {
			return nil, errors.New("must be true or false")
		}
		return b, nil
	case kindInt, kindFloat:
		return f.number(v)
	case kindDuration:
		return f.duration(v)
	case kindSize:
		return f.size(v)
	}
	text, ok := v.(string)
	if !ok {
		return nil, errors.New("must be a text")
	}
	return text, f.checkText(text)
}

// element reads one element of a list of texts or durations. Min and Max are about the list, not the element.
func (f *field) element(v any) (any, error) {
	e := *f
	e.min, e.max = nil, nil
	if f.kind == kindDurations {
		e.kind = kindDuration
	} else {
		e.kind = kindText
	}
	if v == "" {
		return nil, errors.New("must not be empty")
	}
	return e.scalar(v)
}

// assignList hands a list of elements to the field as the slice it wants.
func (f *field) assignList(values []any) {
	if f.kind == kindDurations {
		f.assign(sliceOf[time.Duration](values))
		return
	}
	f.assign(sliceOf[string](values))
}

func sliceOf[T any](values []any) []T {
	list := make([]T, len(values))
	for i, v := range values {
		list[i] = v.(T)
	}
	return list
}

func (f *field) checkText(text string) error {
	if text == "" {
		return nil // whether that may be is for the caller to say
	}
	if f.kind == kindSecret && text == Mask {
		return errors.New("holds the mask, not a value: send the secret itself")
	}
	if err := f.checkTextSize(text); err != nil {
		return err
	}
	switch f.kind {
	case kindChoice:
		if !slices.Contains(f.choices, text) {
			return fmt.Errorf("must be one of %s", strings.Join(f.choices, ", "))
		}
	case kindURL:
		if _, err := CheckURL(text, f.schemes...); err != nil {
			return err
		}
	case kindPEM:
		if err := checkPEM(text); err != nil {
			return err
		}
	}
	if f.pattern != nil && !f.pattern.MatchString(text) {
		if f.hint != "" {
			return errors.New("must be " + f.hint)
		}
		return fmt.Errorf("must match %s", f.pattern)
	}
	if f.check != nil {
		return f.check(text)
	}
	return nil
}

// checkTextSize bounds a text and refuses control characters, except the line breaks and tabs of PEM text and of Lines.
func (f *field) checkTextSize(text string) error {
	limit := MaxText
	pem := f.kind == kindPEM || f.hint == "PEM"
	if pem {
		limit = MaxPEM
	}
	if f.max != nil {
		limit = int(*f.max)
	}
	if f.min != nil && len(text) < int(*f.min) {
		return fmt.Errorf("must have at least %d characters", int(*f.min))
	}
	if len(text) > limit {
		return fmt.Errorf("must have at most %d characters", limit)
	}
	if !utf8.ValidString(text) {
		return errors.New("must be valid UTF-8")
	}
	for _, r := range text {
		if r == 0x7f || r < ' ' && !((pem || f.multiline) && (r == '\n' || r == '\r' || r == '\t')) {
			return errors.New("must not hold control characters")
		}
	}
	return nil
}

func (f *field) number(v any) (any, error) {
	n, ok := v.(json.Number)
	if !ok {
		return nil, errors.New("must be a number")
	}
	x, err := n.Float64()
	if err != nil || math.IsInf(x, 0) {
		return nil, errors.New("must be a number in range")
	}
	if f.kind == kindInt && (x != math.Trunc(x) || math.Abs(x) > 1<<53) {
		return nil, errors.New("must be a whole number")
	}
	plain := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	if err := f.checkRange(x, plain); err != nil {
		return nil, err
	}
	if f.kind == kindInt {
		return int(x), nil
	}
	return x, nil
}

func (f *field) duration(v any) (any, error) {
	text, ok := v.(string)
	if !ok {
		return nil, errors.New(`must be a duration as text, such as "15s"`)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, errors.New(`must be a duration such as "15s", "5m" or "72h"`)
	}
	if d < 0 {
		return nil, errors.New("must not be negative")
	}
	return d, f.checkRange(float64(d), func(x float64) string { return DurationText(time.Duration(x)) })
}

func (f *field) size(v any) (any, error) {
	var text string
	switch v := v.(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	}
	n, err := ParseSize(text)
	if err != nil {
		return nil, errors.New(`must be a size such as "900KiB"`)
	}
	return n, f.checkRange(float64(n), func(x float64) string { return Size(x).String() })
}

func (f *field) checkRange(x float64, text func(float64) string) error {
	if f.min != nil && x < *f.min {
		return fmt.Errorf("must be at least %s", text(*f.min))
	}
	if f.max != nil && x > *f.max {
		return fmt.Errorf("must be at most %s", text(*f.max))
	}
	return nil
}
