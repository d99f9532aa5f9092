package integration

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Limits of an integration's own fields.
const (
	// MaxNameLength bounds a name, in characters.
	MaxNameLength = 100
	// MaxOwnerLength bounds the owner, in characters.
	MaxOwnerLength = 200
)

// input is an integration, or a change to one, as a caller sends it. Nil means left out; null stands as it is.
type input struct {
	Kind, Name, Owner, RotateBy      *string
	Fallback                         *string
	Enabled, Paused                  *bool
	Settings, Subscription, Delivery json.RawMessage
}

// readOnly are the fields of an answer that may come back with a change; they are ignored.
var readOnly = map[string]bool{
	"id": true, "account": true, "disabled_reason": true, "version": true, "created_at": true, "updated_at": true,
	"deleted_at": true, "warnings": true, "voided": true, "secrets": true, "callback_url": true,
}

// parseInput reads the object and reports every field that is unknown or of the wrong type.
func parseInput(raw json.RawMessage) (input, form.Errors) {
	var in input
	var errs form.Errors
	var fields map[string]json.RawMessage
	if !isObject(raw) || json.Unmarshal(raw, &fields) != nil {
		errs.Add("", "must be an object")
		return in, errs
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		switch name {
		case "kind":
			in.Kind = text(name, value, &errs)
		case "name":
			in.Name = text(name, value, &errs)
		case "owner":
			in.Owner = text(name, value, &errs)
		case "rotate_by":
			in.RotateBy = text(name, value, &errs)
		case "fallback":
			in.Fallback = text(name, value, &errs)
		case "enabled":
			in.Enabled = boolean(name, value, &errs)
		case "paused":
			in.Paused = boolean(name, value, &errs)
		case "settings":
			in.Settings = objectOrNull(name, value, &errs)
		case "subscription":
			in.Subscription = objectOrNull(name, value, &errs)
		case "delivery":
			in.Delivery = objectOrNull(name, value, &errs)
		default:
			if !readOnly[name] {
				errs.Add(shorten(name), "is not a known field")
			}
		}
	}
	return in, errs
}

// text reads a string; null is the empty one, so that a patch can clear it.
func text(name string, raw json.RawMessage, errs *form.Errors) *string {
	var s string
	if !isNull(raw) && json.Unmarshal(raw, &s) != nil {
		errs.Add(name, "must be a text")
		return nil
	}
	return &s
}

func boolean(name string, raw json.RawMessage, errs *form.Errors) *bool {
	var b bool
	if isNull(raw) || json.Unmarshal(raw, &b) != nil {
		errs.Add(name, "must be true or false")
		return nil
	}
	return &b
}

func objectOrNull(name string, raw json.RawMessage, errs *form.Errors) json.RawMessage {
	if !isObject(raw) && !isNull(raw) {
		errs.Add(name, "must be an object")
		return nil
	}
	return raw
}

// shorten keeps a field name that the caller made up from filling the answer.
func shorten(name string) string {
	const most = 100 // bytes
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}

// checkName says what is wrong with a name.
func checkName(name string, errs *form.Errors) {
	switch {
	case name == "":
		errs.Add("name", "is required")
	case strings.TrimSpace(name) != name:
		errs.Add("name", "must not begin or end with a space")
	default:
		checkLine("name", name, MaxNameLength, errs)
	}
}

// checkLine refuses what does not fit on one line or does not show what it is.
func checkLine(field, s string, most int, errs *form.Errors) {
	if n := utf8.RuneCountInString(s); n > most {
		errs.Add(field, "is %d characters long; at most %d are allowed", n, most)
	}
	if strings.ContainsFunc(s, hidden) {
		errs.Add(field, "must not contain control characters, or characters that are not seen")
	}
}

// hidden says whether a character is not seen, or changes how others are: control characters, line separators, private
// ones, and the formatting characters (bidirectional marks, zero-width ones) that let a name look like another.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
}

// bidi says whether r changes the direction of the text around it (Unicode Bidi_Control).
func bidi(r rune) bool {
	return unicode.Is(unicode.Bidi_Control, r)
}

func checkDate(field, s string, errs *form.Errors) {
	if s == "" {
		return
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		errs.Add(field, "must be a date such as 2027-01-31")
	}
}
