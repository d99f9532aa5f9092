package api

import (
	"errors"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/respond/rule"
)

// knownToRespond gives the problem that stands for an error about blocks, or nil.
func knownToRespond(err error) *Problem {
	if refused, ok := errors.AsType[*respond.RefusedError](err); ok {
		p := problem(http.StatusConflict, "the guard refuses: "+refused.Error()).coded("BLOCK_REFUSED")
		p.Findings = refused.Verdict.Findings
		return p
	}
	for _, k := range respondErrors {
		if errors.Is(err, k.err) {
			return problem(k.status, k.err.Error()).coded(k.code)
		}
	}
	return nil
}

// respondErrors are the errors of blocks whose text is for the caller as it is.
var respondErrors = []struct {
	err    error
	status int
	code   string
}{
	{respond.ErrNotFound, http.StatusNotFound, ""},
	{respond.ErrNoProtect, http.StatusNotFound, ""},
	{respond.ErrNoRule, http.StatusNotFound, ""},
	{respond.ErrVersion, http.StatusPreconditionFailed, ""},
	{respond.ErrEnded, http.StatusConflict, ""},
	{respond.ErrNotPending, http.StatusConflict, ""},
	{respond.ErrPending, http.StatusConflict, ""},
	{respond.ErrSamePerson, http.StatusForbidden, "SAME_PERSON"},
	{respond.ErrNotPerson, http.StatusForbidden, ""},
	{rule.ErrNameTaken, http.StatusConflict, ""},
	{rule.ErrFull, http.StatusConflict, ""},
	{reconcile.ErrNotFound, http.StatusNotFound, ""},
	{reconcile.ErrBusy, http.StatusConflict, ""},
}
