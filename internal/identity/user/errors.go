package user

import (
	"errors"
	"fmt"
	"time"
)

// Errors of the package. Field errors are form.Errors instead.
var (
	// ErrSignIn: the account, the address or the password is wrong, or the person may not sign in. Which of them it was
	// is not said.
	ErrSignIn = errors.New("the address or the password is wrong")
	// ErrCodeNeeded: the password is right, and a code of the second factor is missing.
	ErrCodeNeeded = errors.New("a code of the second factor is needed")
	// ErrCodeWrong: the password is right and the code is not, or it was used already.
	ErrCodeWrong = errors.New("the code is wrong or was used already")
	// ErrPassword: a signed-in person gave a wrong password.
	ErrPassword = errors.New("the password is wrong")
	// ErrLink: no such link, or it was used, replaced or is too old. Which of them it was is not said.
	ErrLink = errors.New("this link is not valid: it was used, replaced by a newer one, or is too old")
	// ErrNotFound: no such person or session in the account.
	ErrNotFound = errors.New("not found")
	// ErrConflict: somebody else changed the person meanwhile; read again.
	ErrConflict = errors.New("changed meanwhile")
	// ErrLastOwner: the account would be left without an owner who can sign in.
	ErrLastOwner = errors.New("the last owner of an account cannot be removed, disabled or given another role")
	// ErrForbidden: nobody changes people who are above themselves, and only owners change owners.
	ErrForbidden = errors.New("this needs a greater role than yours")
	// ErrFactorOn and ErrFactorOff: the second factor is already as it was asked to be.
	ErrFactorOn  = errors.New("the second factor is on already")
	ErrFactorOff = errors.New("the second factor is off")
	// ErrNoPending: no second factor was begun, or too long ago.
	ErrNoPending = errors.New("begin to set up the second factor first")
	// ErrNotUser: an API key asked for what only a person has.
	ErrNotUser = errors.New("only a person who is signed in can do this")
)

// ErrUnauthenticated is what the holder of an invalid session is told. Every refusal of Authenticate is this error.
var ErrUnauthenticated = errors.New("sign in again")

// The reasons for a refusal, for logs and metrics. All of them are ErrUnauthenticated too.
var (
	ErrNoSession error = &refusal{"none", "no session was presented"}
	ErrUnknown   error = &refusal{"unknown", "unknown session"}
	ErrEnded     error = &refusal{"ended", "the session was ended"}
	ErrExpired   error = &refusal{"expired", "the session is past its end"}
	ErrIdle      error = &refusal{"idle", "the session was not used for too long"}
	ErrDisabled  error = &refusal{"disabled", "the user is disabled or deleted"}
	ErrClosed    error = &refusal{"closed", "the account is closed"}
)

type refusal struct{ label, reason string }

func (r *refusal) Error() string        { return r.reason }
func (r *refusal) Is(target error) bool { return target == ErrUnauthenticated }

// Reason is a short fixed word for why a session was refused, fit for a metric's label; empty for another error.
func Reason(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.label
	}
	return ""
}

// ThrottledError asks to come back later: too many failed tries, or too many at the same time.
type ThrottledError struct {
	After time.Duration // more than 0
}

func (e *ThrottledError) Error() string {
	return fmt.Sprintf("too many tries: try again in %v", e.After.Round(time.Second))
}
