package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
)

// SignInInput is what somebody signs in with.
type SignInInput struct {
	Account  string `json:"account,omitempty" maxLength:"64" default:"default" doc:"The account to sign in to." example:"default"`
	Email    string `json:"email" maxLength:"254" doc:"The e-mail address." example:"ana@example.com"`
	Password string `json:"password" maxLength:"1024" doc:"The password." example:"correct horse battery staple"`
	Code     string `json:"code,omitempty" maxLength:"64" doc:"The second factor: six digits of the authenticator, or a recovery code. Asked for when it is needed." example:"492039"`
}

// SignedIn is what a browser needs after signing in.
type SignedIn struct {
	User      User      `json:"user" doc:"Who is signed in."`
	Account   string    `json:"account" doc:"In which account." example:"default"`
	Scopes    []string  `json:"scopes" doc:"What they may do." example:"[\"events:read\"]"`
	CSRFToken string    `json:"csrf_token,omitempty" doc:"Send it as X-CSRF-Token with everything but GET." example:"5b1f…"`
	ExpiresAt time.Time `json:"expires_at,omitzero" doc:"When the session ends in any case."`
	// After a link a person with a second factor has a new password and no session.
	CodeNeeded bool `json:"code_needed,omitempty" doc:"The password is set, and nobody is signed in: sign in with a code of the second factor."`
}

// RedeemInput uses a one-time link.
type RedeemInput struct {
	Token    string `json:"token" maxLength:"128" doc:"What stands behind # in the link." example:"tsl_…"`
	Email    string `json:"email,omitempty" maxLength:"254" doc:"Only with a setup link: the first owner's address." example:"ana@example.com"`
	Name     string `json:"name,omitempty" maxLength:"100" doc:"What to call the person." example:"Ana"`
	Password string `json:"password" maxLength:"1024" doc:"The password to use from now on, 12 to 200 characters." example:"correct horse battery staple"`
}

// LinkInfo says what a one-time link is for.
type LinkInfo struct {
	Purpose string `json:"purpose" enum:"setup,invite,reset" doc:"What it is for."`
	Account string `json:"account" doc:"In which account." example:"default"`
	Email   string `json:"email,omitempty" doc:"For whom; empty for setup." example:"ana@example.com"`
}

// SessionState is what a page needs to know before anybody has signed in.
type SessionState struct {
	SignedIn    bool `json:"signed_in" doc:"Whether the request came with a session that counts."`
	SetupNeeded bool `json:"setup_needed" doc:"Whether the hub has no owner yet: the link that it printed at its start makes one."`
}

func (a *server) sessionOperations() {
	register(a, op{
		id: "get-session", method: http.MethodGet, path: "/api/v1/session", tag: tagUsers, browser: true,
		summary: "Is anybody signed in", about: "Says whether the request's cookie is a session, and whether the hub waits for its first owner. It needs neither.",
		problems: []int{http.StatusTooManyRequests},
	}, a.sessionState)
	register(a, op{
		id: "sign-in", method: http.MethodPost, path: "/api/v1/session", tag: tagUsers, browser: true,
		summary: "Sign in", about: "Sets the session's cookie. After several failures in a row further attempts are refused for a while, with Retry-After.",
		body:     object{{"email", "ana@example.com"}, {"password", "correct horse battery staple"}},
		problems: []int{http.StatusUnauthorized, http.StatusTooManyRequests},
	}, a.signIn)
	register(a, op{
		id: "sign-out", method: http.MethodDelete, path: "/api/v1/session", tag: tagUsers, scope: scopeAny, act: "user.sign_out",
		summary: "Sign out", status: http.StatusNoContent, about: "Ends the session that the request came with.", problems: []int{http.StatusConflict},
	}, a.signOut)
	register(a, op{
		id: "inspect-link", method: http.MethodPost, path: "/api/v1/setup/inspect", tag: tagUsers, browser: true,
		summary: "Look at a one-time link", about: "Says what a link is for. It can be used once, and for a limited time.",
		body: object{{"token", "tsl_…"}}, problems: []int{http.StatusNotFound, http.StatusTooManyRequests},
	}, a.inspectLink)
	register(a, op{
		id: "redeem-link", method: http.MethodPost, path: "/api/v1/setup", tag: tagUsers, browser: true,
		summary: "Use a one-time link", about: "Makes the first owner (setup), takes up an invitation, or sets a new password, and signs in.",
		body:     object{{"token", "tsl_…"}, {"password", "correct horse battery staple"}},
		problems: []int{http.StatusNotFound, http.StatusTooManyRequests},
	}, a.redeemLink)
}

func (a *server) sessionState(ctx context.Context, _ *struct{}) (*body[SessionState], error) {
	var out SessionState
	if token := clientOf(ctx).session; !token.IsZero() {
		who, err := a.Users.Authenticate(ctx, token)
		if err != nil && !errors.Is(err, user.ErrUnauthenticated) {
			return nil, err
		}
		out.SignedIn = err == nil && a.Accounts.IsOpen(who.Home)
	}
	if out.SignedIn {
		return answer(out), nil
	}
	needed, err := a.Users.SetupNeeded(ctx)
	out.SetupNeeded = needed
	return result(out, err)
}

// signedInAnswer carries the session's cookie.
type signedInAnswer struct {
	SetCookie *http.Cookie `header:"Set-Cookie" doc:"The session; HttpOnly, SameSite=Lax, Secure over TLS."`
	Body      SignedIn
}

func (a *server) signIn(ctx context.Context, in *struct{ Body SignInInput }) (*signedInAnswer, error) {
	b := in.Body
	return a.signedIn(a.Users.SignIn(ctx, user.Credentials{
		Account: event.Account(b.Account), Email: b.Email, Password: form.NewSecret(b.Password), Code: form.NewSecret(b.Code),
	}, clientOf(ctx).Client))
}

func (a *server) signedIn(s user.SignedIn, err error) (*signedInAnswer, error) {
	if err != nil {
		return nil, err
	}
	out := &signedInAnswer{Body: SignedIn{
		User: newUser(s.User), Account: string(s.User.Account), Scopes: scopeTexts(identity.Role(s.User.Role).Scopes()),
	}}
	if s.Token.IsZero() {
		out.Body.CodeNeeded = true // a link set the password; the second factor is still to be given
		return out, nil
	}
	cookie := a.cookie(s.Token.Reveal(), s.Session.ExpiresAt)
	out.SetCookie = &cookie
	out.Body.CSRFToken, out.Body.ExpiresAt = s.CSRF, s.Session.ExpiresAt
	return out, nil
}

func (a *server) signOut(ctx context.Context, _ *struct{}) (*signedOutAnswer, error) {
	who := callerOf(ctx)
	if who.SessionID.IsZero() {
		return nil, problem(http.StatusConflict, "the request came with an API key, not with a session: there is nothing to sign out of")
	}
	if err := a.Users.SignOut(ctx, who); err != nil {
		return nil, err
	}
	return &signedOutAnswer{SetCookie: a.cookie("", time.Unix(1, 0))}, nil
}

type signedOutAnswer struct {
	SetCookie http.Cookie `header:"Set-Cookie" doc:"Removes the session's cookie."`
}

func (a *server) inspectLink(ctx context.Context, in *struct {
	Body struct {
		Token string `json:"token" maxLength:"128" doc:"What stands behind # in the link." example:"tsl_…"`
	}
}) (*body[LinkInfo], error) {
	l, err := a.Users.InspectLink(ctx, form.NewSecret(in.Body.Token))
	a.countGuess(ctx, err)
	if err != nil {
		return nil, err
	}
	return answer(LinkInfo{Purpose: l.Purpose, Account: string(l.Account), Email: l.Email}), nil
}

func (a *server) redeemLink(ctx context.Context, in *struct{ Body RedeemInput }) (*signedInAnswer, error) {
	s, err := a.Users.Redeem(ctx, form.NewSecret(in.Body.Token), user.Redemption{
		Email: in.Body.Email, Name: in.Body.Name, Password: form.NewSecret(in.Body.Password),
	}, clientOf(ctx).Client)
	a.countGuess(ctx, err)
	return a.signedIn(s, err)
}

// countGuess counts a wrong link as a failed authentication of its address.
func (a *server) countGuess(ctx context.Context, err error) {
	if errors.Is(err, user.ErrLink) {
		a.Gate.Failed(clientOf(ctx).Address)
	}
}

// The session's cookie. The prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis §4.1.3.2).
const (
	secureCookie = "__Host-tocsin_session"
	plainCookie  = "tocsin_session" // on a hub that is reached over plain HTTP
)

func (a *server) cookieName() string { return cookieName(a.SecureCookies) }

func cookieName(secure bool) string {
	if secure {
		return secureCookie
	}
	return plainCookie
}

func (a *server) cookie(value string, ends time.Time) http.Cookie {
	return http.Cookie{
		Name: a.cookieName(), Value: value, Path: "/", Expires: ends, Secure: a.SecureCookies, HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	}
}
