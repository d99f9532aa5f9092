package integration

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that callers tell apart with errors.Is or errors.As. What is wrong with single fields is a form.Errors.
var (
	// ErrNotFound: no such integration in that account, or it was deleted.
	ErrNotFound = errors.New("no such integration")
	// ErrVersion: the integration changed since the caller read it.
	ErrVersion = errors.New("the integration has changed since it was read")
	// ErrEvent: the event that a preview names is not there.
	ErrEvent = errors.New("no such event")
)

// UnknownKindError says that no connector has the kind, and which ones there are.
type UnknownKindError struct {
	Kind  string
	Known []string
}

func (e *UnknownKindError) Error() string {
	return fmt.Sprintf("there is no connector of kind %.50q; there are %s", e.Kind, strings.Join(e.Known, ", "))
}

// NameTakenError says that another integration of the kind has the name.
type NameTakenError struct{ Kind, Name string }

func (e *NameTakenError) Error() string {
	return fmt.Sprintf("another %s integration is named %q", e.Kind, e.Name)
}

// BacklogError says how much a delete would leave undelivered.
type BacklogError struct {
	Waiting uint64 // in the journal
	Parked  uint64 // parked for another attempt
}

func (e *BacklogError) Error() string {
	return fmt.Sprintf("%d deliveries are waiting and %d are parked", e.Waiting, e.Parked)
}
