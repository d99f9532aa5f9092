package identity

import (
	"errors"
	"fmt"
)

// ErrUnauthenticated is what a caller is told, whatever the reason: which of the reasons it was would help only a
// guesser. Every refusal of Authenticate is this error.
var ErrUnauthenticated = errors.New("a valid API key is needed: send it as X-API-Key or as a bearer token")

// The reasons for a refusal, for logs and metrics. All of them are ErrUnauthenticated too.
var (
	// ErrNoKey: nothing was presented.
	ErrNoKey error = &refusal{"no API key was presented"}
	// ErrBadKey: no such key.
	ErrBadKey error = &refusal{"unknown API key"}
	// ErrExpired: the key's time is over.
	ErrExpired error = &refusal{"expired API key"}
	// ErrRevoked: the key was revoked.
	ErrRevoked error = &refusal{"revoked API key"}
)

type refusal struct{ reason string }

func (r *refusal) Error() string        { return r.reason }
func (r *refusal) Is(target error) bool { return target == ErrUnauthenticated }

// InvalidError says what is wrong with a wish for a key.
type InvalidError struct {
	Field  string // name, scopes, scopes.0, expires_in_days, admin_key
	Reason string
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Reason) }
