package form

import (
	"errors"
	"fmt"
	"strings"
)

// FieldError is what is wrong with one field. Path names it as in "headers.0.value"; it is empty for the form as a
// whole. Message continues the path as a sentence and never holds a secret.
type FieldError struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Errors are all the errors of one input, in the form's order.
type Errors []FieldError

func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, f := range e {
		texts[i] = strings.TrimSpace(f.Path + " " + f.Message)
	}
	return strings.Join(texts, "; ")
}

// Add appends an error of the field at path.
func (e *Errors) Add(path, format string, args ...any) {
	*e = append(*e, FieldError{Path: path, Message: fmt.Sprintf(format, args...)})
}

// Err is e as an error, nil when there is none.
func (e Errors) Err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// AsErrors gives the field errors in err's chain.
func AsErrors(err error) (Errors, bool) {
	var e Errors
	ok := errors.As(err, &e)
	return e, ok
}

// at puts every path below prefix.
func (e Errors) at(prefix string) Errors {
	for i := range e {
		e[i].Path = join(prefix, e[i].Path)
	}
	return e
}

// has says whether path, or a field below it, has an error.
func (e Errors) has(path string) bool {
	for _, f := range e {
		if f.Path == path || strings.HasPrefix(f.Path, path+".") {
			return true
		}
	}
	return false
}

// join puts two parts of a path together.
func join(prefix, name string) string {
	switch {
	case prefix == "":
		return name
	case name == "":
		return prefix
	}
	return prefix + "." + name
}
