package ingest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Principal is who sends.
type Principal struct {
	Account event.Account
	KeyID   event.ID
	// MaySend says whether the key may send events of a type; nil: of every type.
	MaySend func(eventType string) bool
	// Rate is how the sender stands with its limit of requests; every answer says so.
	Rate Rate
}

// Rate is a limit of requests and what is left of it, as the X-RateLimit headers say it.
type Rate struct {
	Limit     int // 0: there is none, and nothing is said
	Remaining int
	Reset     time.Time // when Remaining grows next
}

// write sets the headers X-RateLimit-Limit, X-RateLimit-Remaining and X-RateLimit-Reset (Unix seconds, rounded up).
func (r Rate) write(h http.Header) {
	if r.Limit <= 0 {
		return
	}
	v := [3]string{strconv.Itoa(r.Limit), strconv.Itoa(max(r.Remaining, 0)), strconv.FormatInt(ceilSeconds(r.Reset), 10)}
	h["X-Ratelimit-Limit"], h["X-Ratelimit-Remaining"], h["X-Ratelimit-Reset"] = v[0:1:1], v[1:2:2], v[2:3:3]
}

func ceilSeconds(t time.Time) int64 { return t.Add(time.Second - 1).Unix() }

// Authenticator finds out who sends a request. It answers a *Refusal when the sender may not, any other error when it
// could not find out (503).
type Authenticator func(*http.Request) (Principal, error)

// Refusal is an answer other than 202 that the sender should understand.
type Refusal struct {
	Status     int
	Detail     string
	RetryAfter time.Duration // 0: no Retry-After header
	// Challenge is what WWW-Authenticate says with a 401; empty: that a bearer token is wanted.
	Challenge string
	// Code is an upper-case word for programs, "RATE_LIMITED"; empty: the status's own.
	Code string
	// Rate is how the sender stands with the limit that refused it; the zero value: as its Principal says.
	Rate Rate
}

func (r *Refusal) Error() string { return r.Detail }

// Unauthorized refuses a request without valid credentials.
func Unauthorized(detail string) error {
	return &Refusal{Status: http.StatusUnauthorized, Detail: detail}
}

// Forbidden refuses a sender who may not send.
func Forbidden(detail string) error { return &Refusal{Status: http.StatusForbidden, Detail: detail} }
