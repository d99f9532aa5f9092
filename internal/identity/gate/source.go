package gate

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity/limit"
)

// A source endpoint's senders prove themselves in ways of their own, which the gate does not know. Arrive, Refuse and Admit
// hold them to the same limits as everybody with a key.

// Arrive counts a request against its address, before anything of it is looked at.
func (g *Gate) Arrive(address string) (rate limit.State, err error) {
	err = g.address(address, &rate)
	return rate, g.told(err)
}

// Refuse is the answer to a request that did not prove where it is from; detail is for its sender, and reason a fixed word
// for metrics. It counts as a failed authentication, unless nothing was presented at all.
func (g *Gate) Refuse(address, detail, reason string, presented bool) error {
	no := &Refusal{Status: http.StatusUnauthorized, Code: "UNAUTHENTICATED", Detail: detail, Reason: reason}
	if !presented {
		return g.told(no)
	}
	return g.told(g.failed(address, no))
}

// Admit lets in a request that proved to be an account's: if that is open, and within its plan. rate is what Arrive gave.
func (g *Gate) Admit(account event.Account, rate limit.State) (limit.State, error) {
	if !g.Accounts.IsOpen(account) {
		return rate, g.told(&Refusal{Status: http.StatusForbidden, Code: "ACCOUNT_CLOSED", Detail: "the account is closed"})
	}
	err := g.planRate(account, &rate)
	return rate, g.told(err)
}

// told tells of a refusal, for a metric.
func (g *Gate) told(err error) error {
	if err != nil && g.Refused != nil {
		if no, ok := errors.AsType[*Refusal](err); ok {
			g.Refused(cmp.Or(no.Reason, strings.ToLower(no.Code)))
		}
	}
	return err
}
