package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/gate"
	"github.com/tocsin-hub/tocsin/internal/identity/limit"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
)

// The scopes of the operations, as texts for their declarations.
const (
	scopeSend              = string(identity.EventsWrite)
	scopeEvents            = string(identity.EventsRead)
	scopeIntegrations      = string(identity.IntegrationsRead)
	scopeIntegrationsWrite = string(identity.IntegrationsWrite)
	scopeSources           = string(identity.SourcesRead)
	scopeSourcesWrite      = string(identity.SourcesWrite)
	scopeMapping           = string(identity.MappingRead)
	scopeMappingWrite      = string(identity.MappingWrite)
	scopeAlerts            = string(identity.AlertsRead)
	scopeAlertsWrite       = string(identity.AlertsWrite)
	scopeDeliveries        = string(identity.DeliveriesRead)
	scopeDeliveriesWrite   = string(identity.DeliveriesWrite)
	scopeIncidents         = string(identity.IncidentsRead)
	scopeIncidentsWrite    = string(identity.IncidentsWrite)
	scopeBlocks            = string(identity.BlocksRead)
	scopeBlocksWrite       = string(identity.BlocksWrite)
	scopeBlocksApprove     = string(identity.BlocksApprove)
	scopeAudit             = string(identity.AuditRead)
	scopeAdmin             = string(identity.Admin)
	// scopeAny asks for a valid key or session and for nothing more.
	scopeAny = "any"
)

// Headers of requests.
const (
	headerCSRF = "X-CSRF-Token"
)

type (
	principalKey struct{}
	clientKey    struct{}
)

// client is where a request comes from.
type client struct {
	user.Client

	origin string // "https://host", as the client addressed the hub
	csrf   string // the session's token against forged requests
	// session is the token of the cookie, unproven, where an operation is open to browsers.
	session form.Secret
}

// meet notes where a request comes from, and refuses what another site's page makes a browser send.
func (a *server) meet(o op) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		c := client{Client: user.Client{Address: a.ClientIP(r), Agent: r.UserAgent()}, origin: a.origin(r)}
		if o.browser {
			c.session = a.sessionOf(r)
			if err := a.sameOrigin.Check(r); err != nil {
				problem(http.StatusForbidden, "the request was made by the page of another site").coded("CROSS_ORIGIN").write(w)
				return
			}
			rate, err := a.Gate.Approach(c.Address)
			rateHeaders(w.Header(), rate)
			if err != nil {
				a.refuse(w, r, err)
				return
			}
		}
		next(huma.WithValue(ctx, clientKey{}, c))
	}
}

func (a *server) origin(r *http.Request) string {
	scheme := "http"
	if a.SecureCookies || r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// authorize lets a request pass whose key or session has the scope, before its body is read.
func (a *server) authorize(o op) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		c := clientOf(ctx.Context())
		key, session := identity.FromRequest(r), form.Secret{}
		if key == "" {
			session = a.sessionOf(r)
		}
		visit, err := a.Gate.Enter(r.Context(), gate.Knock{Key: key, Session: session, Address: c.Address, ActIn: gate.ActIn(r.Header)})
		rateHeaders(w.Header(), visit.Rate)
		if err == nil {
			err = a.permit(o, r, visit.Principal, session)
		}
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		if visit.Kind == act.KindUser {
			c.csrf = user.CSRF(session)
		}
		ctx = huma.WithValue(ctx, clientKey{}, c)
		ctx = huma.WithValue(ctx, principalKey{}, visit.Principal)
		next(huma.WithContext(ctx, act.With(ctx.Context(), visit.Actor(c.Address))))
	}
}

// sessionOf is the token of the session's cookie.
func (a *server) sessionOf(r *http.Request) form.Secret {
	cookie, err := r.Cookie(a.cookieName())
	if err != nil {
		return form.Secret{}
	}
	return form.NewSecret(cookie.Value)
}

// permit says whether somebody who was let in may do this.
func (a *server) permit(o op, r *http.Request, who identity.Principal, session form.Secret) error {
	if who.Kind == act.KindUser && !safe(r.Method) {
		if a.sameOrigin.Check(r) != nil || !user.CheckCSRF(session, r.Header.Get(headerCSRF)) {
			return problem(http.StatusForbidden, "a session's request needs its X-CSRF-Token; GET /api/v1/me gives it").coded("CSRF")
		}
	}
	if who.Kind == act.KindUser && safe(r.Method) && o.act != "" && r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return problem(http.StatusForbidden, "the request was made by the page of another site").coded("CROSS_ORIGIN")
	}
	switch {
	case o.scope != scopeAny && !who.Can(identity.Scope(o.scope)):
		return problem(http.StatusForbidden, "the scope "+o.scope+" is needed for this").coded("SCOPE_MISSING").
			with("WWW-Authenticate", `Bearer realm="tocsin", error="insufficient_scope", scope="`+o.scope+`"`)
	case o.operator && !who.Operator():
		return problem(http.StatusForbidden, "only the operator may do this: an administrator of the account "+string(event.DefaultAccount)).coded("OPERATOR_ONLY")
	case o.person:
		return onlyPeople(who)
	}
	return nil
}

func safe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// refuse answers a request that may not pass.
func (a *server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var p *Problem
	var no *gate.Refusal
	switch {
	case errors.As(err, &p):
	case errors.As(err, &no):
		p = problem(no.Status, no.Detail).coded(no.Code).retry(no.RetryAfter)
		if no.Status == http.StatusUnauthorized {
			p = p.with("WWW-Authenticate", `Bearer realm="tocsin"`)
		}
	default:
		a.log.ErrorContext(r.Context(), "a caller could not be checked", slog.String("error", err.Error()))
		p = problem(http.StatusServiceUnavailable, "the key could not be checked; try again").retry(time.Second)
	}
	p.write(w)
}

// rateHeaders says how much is left of a limit.
func rateHeaders(h http.Header, s limit.State) {
	if s.Limit == 0 {
		return
	}
	h.Set("X-RateLimit-Limit", strconv.Itoa(s.Limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(s.Remaining))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(s.Reset.Unix(), 10))
}

// callerOf is who makes the request.
func callerOf(ctx context.Context) identity.Principal {
	who, ok := ctx.Value(principalKey{}).(identity.Principal)
	if !ok || who.Account == "" {
		panic("api: an operation without a scope asked for the caller")
	}
	return who
}

// accountOf is the account that the request acts in.
func accountOf(ctx context.Context) event.Account { return callerOf(ctx).Account }

// clientOf is where the request comes from.
func clientOf(ctx context.Context) client {
	c, _ := ctx.Value(clientKey{}).(client)
	return c
}
