package account

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Input is what a caller wants of an account. A nil field is left as it is; for a new account it is empty.
type Input struct {
	Name   *string // only of a new account
	Title  *string
	Parent *string // empty: none
	Plan   *string // empty: that of the account above, or the default plan
}

// ParseInput reads a JSON object as an Input: as the fields of a new account, or as a merge patch (null empties a
// field). What callers read back (version, times, parents, …) is ignored. Its error is a form.Errors.
func ParseInput(raw json.RawMessage) (Input, error) {
	var in Input
	err := parseTexts(raw, map[string]**string{
		"name": &in.Name, "title": &in.Title, "parent": &in.Parent, "plan": &in.Plan,
	}, "version", "created_at", "updated_at", "closed_at", "open", "parents", "children")
	return in, err
}

// ProjectInput is what a caller wants of a project, as Input.
type ProjectInput struct {
	Name        *string // only of a new project: events carry it
	Title       *string
	Environment *string // production, test, development or empty
}

// ParseProjectInput reads a JSON object, as ParseInput.
func ParseProjectInput(raw json.RawMessage) (ProjectInput, error) {
	var in ProjectInput
	err := parseTexts(raw, map[string]**string{"name": &in.Name, "title": &in.Title, "environment": &in.Environment},
		"id", "account", "version", "created_at", "updated_at")
	return in, err
}

// parseTexts reads an object whose fields are texts. Fields in ignored are passed over.
func parseTexts(raw json.RawMessage, fields map[string]**string, ignored ...string) error {
	var errs form.Errors
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || object == nil {
		errs.Add("", "must be a JSON object")
		return errs
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		to, known := fields[name]
		switch {
		case known:
			text := ""
			if !bytes.Equal(object[name], []byte("null")) && json.Unmarshal(object[name], &text) != nil {
				errs.Add(name, "must be a text")
				continue
			}
			*to = &text
		case !slices.Contains(ignored, name):
			errs.Add(event.Clip(strings.ToValidUTF8(name, "\ufffd"), 64), "is not a known field")
		}
	}
	return errs.Err()
}

// checkLine refuses a text that is not one line that shows what it is.
func checkLine(path, text string, most int, errs *form.Errors) {
	switch {
	case !utf8.ValidString(text):
		errs.Add(path, "must be valid UTF-8")
	case utf8.RuneCountInString(text) > most:
		errs.Add(path, "must have at most %d characters", most)
	case strings.ContainsFunc(text, hidden):
		errs.Add(path, "must be one line without control characters and marks that change the direction of text")
	case strings.TrimSpace(text) != text:
		errs.Add(path, "must not begin or end with space")
	}
}

// hidden says whether a character is not seen, or changes how others are: control characters, line separators, and the
// formatting characters (bidirectional marks, zero-width ones) that let a name look like another.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
}

func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
