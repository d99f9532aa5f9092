package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// The scopes of the operations, as texts for their declarations.
const (
	scopeSend              = string(identity.EventsWrite)
	scopeEvents            = string(identity.EventsRead)
	scopeIntegrations      = string(identity.IntegrationsRead)
	scopeIntegrationsWrite = string(identity.IntegrationsWrite)
	scopeDeliveries        = string(identity.DeliveriesRead)
	scopeDeliveriesWrite   = string(identity.DeliveriesWrite)
	scopeAdmin             = string(identity.Admin)
	// scopeAny asks for a valid key and for nothing more.
	scopeAny = "any"
)

type principalKey struct{}

// authorize lets a request pass whose key has the scope, before its body is read.
func (a *server) authorize(scope string) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		who, err := a.Identity.Authenticate(r.Context(), identity.FromRequest(r), a.ClientIP(r))
		switch {
		case errors.Is(err, identity.ErrUnauthenticated):
			problem(http.StatusUnauthorized, identity.ErrUnauthenticated.Error()).
				with("WWW-Authenticate", `Bearer realm="tocsin"`).write(w)
		case err != nil:
			a.log.ErrorContext(r.Context(), "a key could not be checked", slog.String("error", err.Error()))
			problem(http.StatusServiceUnavailable, "the key could not be checked; try again").with("Retry-After", "1").write(w)
		case scope != scopeAny && !who.Can(identity.Scope(scope)):
			problem(http.StatusForbidden, fmt.Sprintf("this key lacks the scope %s", scope)).
				with("WWW-Authenticate", fmt.Sprintf(`Bearer realm="tocsin", error="insufficient_scope", scope=%q`, scope)).write(w)
		default:
			next(huma.WithValue(ctx, principalKey{}, who))
		}
	}
}

// accountOf is the account of the key that the request came with.
func accountOf(ctx context.Context) event.Account {
	who, ok := ctx.Value(principalKey{}).(identity.Principal)
	if !ok || who.Account == "" {
		panic("api: an operation without a scope asked for the caller's account")
	}
	return who.Account
}
