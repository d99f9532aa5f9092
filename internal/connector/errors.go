package connector

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// An error that a connector returns is retryable unless it is marked. The marks are:
//
//   - Permanent: the vendor, or the settings, will refuse this for good; trying again is useless.
//   - Throttled: not now; nothing was done. It spends no attempt.
//   - Postponed: not now, for this delivery alone; nothing was done. It spends no attempt.
//   - Rejected: some deliveries of a batch failed; the others were taken.
//   - Gone: the destination no longer exists and asks for silence (HTTP 410); the integration is disabled.

// PermanentError marks an error that a retry cannot mend.
type PermanentError struct{ Err error }

func (e *PermanentError) Error() string { return e.Err.Error() }
func (e *PermanentError) Unwrap() error { return e.Err }

// Permanent marks err as final.
func Permanent(err error) error { return &PermanentError{Err: err} }

// IsPermanent says whether err is final, either by itself or because the destination is gone.
func IsPermanent(err error) bool {
	var p *PermanentError
	return errors.As(err, &p) || IsGone(err)
}

// ThrottledError asks for a pause of After, which is 0 when the vendor named none.
type ThrottledError struct {
	Err   error
	After time.Duration
}

func (e *ThrottledError) Error() string { return e.Err.Error() }
func (e *ThrottledError) Unwrap() error { return e.Err }

// Throttled marks err as "not now".
func Throttled(err error, after time.Duration) error { return &ThrottledError{Err: err, After: after} }

// IsThrottled gives the pause that err asks for.
func IsThrottled(err error) (after time.Duration, ok bool) {
	var t *ThrottledError
	if errors.As(err, &t) {
		return t.After, true
	}
	return 0, false
}

// PostponedError asks for a pause of After for one delivery; others of the integration go on.
type PostponedError struct {
	Err   error
	After time.Duration
}

func (e *PostponedError) Error() string { return e.Err.Error() }
func (e *PostponedError) Unwrap() error { return e.Err }

// Postponed marks err as "not this one, not now": the vendor is well, but what became of something must be waited for.
func Postponed(err error, after time.Duration) error { return &PostponedError{Err: err, After: after} }

// IsPostponed gives the pause that err asks for.
func IsPostponed(err error) (after time.Duration, ok bool) {
	var p *PostponedError
	if errors.As(err, &p) {
		return p.After, true
	}
	return 0, false
}

// Rejected names the failed deliveries of a batch by their index; each error is classified like any other.
type Rejected map[int]error

func (r Rejected) Error() string {
	first := slices.Min(slices.Collect(maps.Keys(r)))
	return fmt.Sprintf("%d of the batch refused, the first (item %d): %v", len(r), first, r[first])
}

// IsRejected gives the failed items of a batch.
func IsRejected(err error) (Rejected, bool) {
	var r Rejected
	if errors.As(err, &r) && len(r) > 0 {
		return r, true
	}
	return nil, false
}

// GoneError says that the destination answered 410.
type GoneError struct{ Err error }

func (e *GoneError) Error() string { return e.Err.Error() }
func (e *GoneError) Unwrap() error { return e.Err }

// Gone marks err as the destination's wish to hear no more.
func Gone(err error) error { return &GoneError{Err: err} }

// IsGone says whether the destination is gone.
func IsGone(err error) bool {
	var g *GoneError
	return errors.As(err, &g)
}
