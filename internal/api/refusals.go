package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/backup"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/account"
	"github.com/tocsin-hub/tocsin/internal/identity/plan"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/mapping"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/silence"
	"github.com/tocsin-hub/tocsin/internal/source"
)

// knownToIdentity gives the problem that stands for an error about accounts, plans, people and keys, or nil.
func knownToIdentity(err error) *Problem {
	if after, ok := throttled(err); ok {
		return problem(http.StatusTooManyRequests, err.Error()).coded("RATE_LIMITED").retry(after)
	}
	if e, ok := errors.AsType[*plan.NotInPlanError](err); ok {
		return problem(http.StatusForbidden, e.Error()).coded("PLAN_LIMIT")
	}
	if e, ok := errors.AsType[*plan.LimitError](err); ok {
		return problem(http.StatusTooManyRequests, e.Error()).coded("PLAN_LIMIT").retry(e.RetryAfter)
	}
	for _, k := range speaking {
		if errors.Is(err, k.err) {
			if errors.Is(k.err, account.ErrFull) {
				return problem(k.status, err.Error()) // which limit it is
			}
			return problem(k.status, k.err.Error()).coded(k.code)
		}
	}
	return nil
}

// throttled says how long somebody is to wait who tries too often.
func throttled(err error) (time.Duration, bool) {
	if e, ok := errors.AsType[*user.ThrottledError](err); ok {
		return e.After, true
	}
	if e, ok := errors.AsType[*integration.ThrottledError](err); ok {
		return e.After, true
	}
	return 0, false
}

// speaking are the errors whose text is for the caller as it is.
var speaking = []struct {
	err    error
	status int
	code   string
}{
	{user.ErrSignIn, http.StatusUnauthorized, "BAD_CREDENTIALS"},
	{user.ErrCodeNeeded, http.StatusUnauthorized, "CODE_NEEDED"},
	{user.ErrCodeWrong, http.StatusUnauthorized, "CODE_WRONG"},
	{user.ErrPassword, http.StatusUnprocessableEntity, "BAD_CREDENTIALS"},
	{user.ErrLink, http.StatusNotFound, "LINK_INVALID"},
	{user.ErrNotFound, http.StatusNotFound, ""},
	{user.ErrConflict, http.StatusPreconditionFailed, ""},
	{user.ErrLastOwner, http.StatusConflict, "LAST_OWNER"},
	{user.ErrForbidden, http.StatusForbidden, "ROLE_TOO_LOW"},
	{user.ErrFactorOn, http.StatusConflict, ""},
	{user.ErrFactorOff, http.StatusConflict, ""},
	{user.ErrNoPending, http.StatusConflict, ""},
	{user.ErrNotUser, http.StatusForbidden, ""},
	{identity.ErrNotRotatable, http.StatusConflict, ""},
	{backup.ErrBusy, http.StatusConflict, ""},
	{backup.ErrNoSpace, http.StatusServiceUnavailable, ""},
	{journal.ErrTrimmed, http.StatusServiceUnavailable, ""},
	{seal.ErrRotating, http.StatusConflict, ""},
	{seal.ErrNoNewKey, http.StatusConflict, ""},
	{seal.ErrStillUsed, http.StatusConflict, ""},
	{source.ErrNotFound, http.StatusNotFound, ""},
	{source.ErrVersion, http.StatusPreconditionFailed, ""},
	{source.ErrNotRotatable, http.StatusConflict, ""},
	{source.ErrFull, http.StatusConflict, ""},
	{account.ErrNotFound, http.StatusNotFound, ""},
	{account.ErrVersion, http.StatusPreconditionFailed, ""},
	{account.ErrOperator, http.StatusConflict, ""},
	{account.ErrNameTaken, http.StatusConflict, ""},
	{account.ErrFull, http.StatusConflict, ""},
	{incident.ErrNotFound, http.StatusNotFound, ""},
	{incident.ErrVersion, http.StatusPreconditionFailed, ""},
	{incident.ErrTooMany, http.StatusConflict, ""},
	{incident.ErrClosed, http.StatusConflict, ""},
	{incident.ErrAttachment, http.StatusNotFound, ""},
	{incident.ErrNoRoom, http.StatusConflict, ""},
	{incident.ErrRuleNotFound, http.StatusNotFound, ""},
	{incident.ErrNameTaken, http.StatusConflict, ""},
	{incident.ErrRulesFull, http.StatusConflict, ""},
	{silence.ErrNotFound, http.StatusNotFound, ""},
	{silence.ErrVersion, http.StatusPreconditionFailed, ""},
	{silence.ErrFull, http.StatusConflict, ""},
	{silence.ErrEnded, http.StatusConflict, ""},
	{mapping.ErrNotFound, http.StatusNotFound, ""},
	{mapping.ErrVersion, http.StatusPreconditionFailed, ""},
	{mapping.ErrNameTaken, http.StatusConflict, ""},
	{mapping.ErrFull, http.StatusConflict, ""},
}
