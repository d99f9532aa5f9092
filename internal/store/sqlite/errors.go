package sqlite

import (
	"context"
	"database/sql"
	"errors"

	driver "modernc.org/sqlite"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// Primary result codes, https://sqlite.org/rescode.html. The low byte of an extended code is its primary code.
const (
	codePerm       = 3
	codeBusy       = 5
	codeLocked     = 6
	codeNoMem      = 7
	codeReadOnly   = 8
	codeIOErr      = 10
	codeCorrupt    = 11
	codeFull       = 13
	codeCantOpen   = 14
	codeProtocol   = 15
	codeTooBig     = 18
	codeConstraint = 19
	codeMismatch   = 20
	codeNotADB     = 26
)

// Extended codes of a constraint that another row broke.
const (
	codeConstraintPrimaryKey = codeConstraint | 6<<8
	codeConstraintUnique     = codeConstraint | 8<<8
)

// storeError is an error of SQLite together with the store's errors that it means.
type storeError struct {
	err   error
	kinds []error
}

func (e *storeError) Error() string { return e.err.Error() }

// Unwrap gives the cause and what it means.
func (e *storeError) Unwrap() []error { return append([]error{e.err}, e.kinds...) }

// classify adds to an error what it means for the caller.
func classify(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var known *storeError
	if errors.As(err, &known) {
		return err
	}
	if kinds := meaning(err); kinds != nil {
		return &storeError{err: err, kinds: kinds}
	}
	return err
}

func meaning(err error) []error {
	var e *driver.Error
	if !errors.As(err, &e) {
		if errors.Is(err, sql.ErrConnDone) || err.Error() == "sql: database is closed" {
			return []error{store.ErrUnavailable}
		}
		return nil
	}
	switch e.Code() {
	case codeConstraintPrimaryKey, codeConstraintUnique:
		return []error{store.ErrConflict}
	}
	switch e.Code() & 0xff {
	case codeConstraint, codeTooBig, codeMismatch:
		return []error{store.ErrInvalid}
	case codeFull:
		return []error{store.ErrFull, store.ErrUnavailable}
	case codeCorrupt, codeNotADB:
		return []error{store.ErrDamaged, store.ErrUnavailable}
	case codePerm, codeBusy, codeLocked, codeNoMem, codeReadOnly, codeIOErr, codeCantOpen, codeProtocol:
		return []error{store.ErrUnavailable}
	}
	return nil
}
