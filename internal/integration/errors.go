package integration

import (
	"errors"
	"fmt"
	"strings"
	"time"
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

// errNotAdmin continues the name of a setting.
var errNotAdmin = errors.New("is a reference to the hub's own environment or files, which only an administrator may set: enter the secret itself")

// VoidedError says that secrets were given up because the destination changed, and are to be entered again.
type VoidedError struct {
	Paths []string // of settings
}

func (e *VoidedError) Error() string {
	return fmt.Sprintf("the destination changed, so %s must be entered again (or cleared)", strings.Join(e.Paths, ", "))
}

// ThrottledError says that an account tries too much.
type ThrottledError struct {
	After time.Duration // when to try again
}

func (e *ThrottledError) Error() string {
	return fmt.Sprintf("too many tests in a minute: try again in %s", e.After.Round(time.Second))
}

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

// HeldError says how many entries a delete would leave at a responder's vendor.
type HeldError struct{ Entries int }

func (e *HeldError) Error() string {
	return fmt.Sprintf("%d entries of ours are in force there", e.Entries)
}

// BacklogError says how much a delete would leave undelivered.
type BacklogError struct {
	Waiting uint64 // in the journal
	Parked  uint64 // parked for another attempt
}

func (e *BacklogError) Error() string {
	return fmt.Sprintf("%d deliveries are waiting and %d are parked", e.Waiting, e.Parked)
}
