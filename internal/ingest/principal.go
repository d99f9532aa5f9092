package ingest

import (
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Principal is who sends.
type Principal struct {
	Account event.Account
	KeyID   event.ID
	// MaySend says whether the key may send events of a type; nil: of every type.
	MaySend func(eventType string) bool
}

// Authenticator finds out who sends a request. It answers a *Refusal when the sender may not, any other error when it
// could not find out (503).
type Authenticator func(*http.Request) (Principal, error)

// Refusal is an answer other than 202 that the sender should understand.
type Refusal struct {
	Status     int
	Detail     string
	RetryAfter time.Duration // 0: no Retry-After header
}

func (r *Refusal) Error() string { return r.Detail }

// Unauthorized refuses a request without valid credentials.
func Unauthorized(detail string) error {
	return &Refusal{Status: http.StatusUnauthorized, Detail: detail}
}

// Forbidden refuses a sender who may not send.
func Forbidden(detail string) error { return &Refusal{Status: http.StatusForbidden, Detail: detail} }
