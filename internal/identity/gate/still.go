package gate

import (
	"context"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/identity"
)

// Still says whether who was let in would be let in now: the key is not revoked, the session has not ended, the account
// is open. It counts against no limit of requests, for an answer that lasts is one request. Errors are those of Enter.
func (g *Gate) Still(ctx context.Context, k Knock) (identity.Principal, error) {
	who, err := g.authenticate(ctx, k)
	if err != nil {
		return who, err
	}
	if !g.Accounts.IsOpen(who.Home) {
		return who, &Refusal{Status: http.StatusForbidden, Code: "ACCOUNT_CLOSED", Detail: "the account is closed"}
	}
	err = g.actIn(k.ActIn, &who)
	return who, err
}
