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
	ErrNoKey error = &refusal{"none", "no API key was presented"}
	// ErrBadKey: no such key.
	ErrBadKey error = &refusal{"unknown", "unknown API key"}
	// ErrExpired: the key's time is over.
	ErrExpired error = &refusal{"expired", "expired API key"}
	// ErrRevoked: the key was revoked.
	ErrRevoked error = &refusal{"revoked", "revoked API key"}
	// ErrClosed: the key's account was closed.
	ErrClosed error = &refusal{"closed", "API key of a closed account"}
	// ErrTestKey: a valid test key at a hub that takes only live ones. Its holder may be told so: it says nothing about
	// keys that they do not have.
	ErrTestKey error = &refusal{"test", "this hub takes no test keys: use a key that begins with " + livePrefix}
)

type refusal struct{ label, reason string }

func (r *refusal) Error() string        { return r.reason }
func (r *refusal) Is(target error) bool { return target == ErrUnauthenticated }

// Reason is a short fixed word for why a caller was refused, fit for a metric's label: none, unknown, expired, revoked,
// closed or test. It is empty for an error that is no refusal.
func Reason(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.label
	}
	return ""
}

// InvalidError says what is wrong with the key from the environment.
type InvalidError struct {
	Field  string // AdminKeyEnv
	Reason string
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Reason) }
