package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// Caller is who makes the request.
type Caller struct {
	Kind      string    `json:"kind" enum:"key,user" doc:"An API key or a person."`
	ID        string    `json:"id" doc:"The key's or the user's id." example:"key_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name      string    `json:"name" doc:"The key's name or the person's address." example:"ci"`
	Account   string    `json:"account" doc:"The account that the request acts in." example:"default"`
	Home      string    `json:"home" doc:"The caller's own account; it differs from account with X-Tocsin-Account." example:"default"`
	Role      string    `json:"role,omitempty" doc:"A person's role." example:"analyst"`
	Scopes    []string  `json:"scopes" doc:"What the caller may do." example:"[\"events:read\"]"`
	CSRFToken string    `json:"csrf_token,omitempty" doc:"With a session: send it as X-CSRF-Token with everything but GET."`
	Operator  bool      `json:"operator" doc:"Whether the caller may do what concerns the whole hub."`
	Strong    bool      `json:"strong,omitempty" doc:"Whether the session was opened with a second factor."`
	Now       time.Time `json:"now" doc:"The hub's time."`

	User         *User   `json:"user,omitempty" doc:"Of a person: who it is."`
	Accounts     []ActIn `json:"accounts" doc:"The accounts that the caller may act in, with X-Tocsin-Account: its own first, then by name, at most 200."`
	MoreAccounts bool    `json:"more_accounts,omitempty" doc:"There are others; /api/v1/accounts lists all."`
	Plan         OwnPlan `json:"plan" doc:"The plan of the account that the request acts in."`
	PublicURL    string  `json:"public_url,omitempty" doc:"Where people reach the hub; absent if the operator has not said so." example:"https://tocsin.example.com"`
	Version      string  `json:"version" doc:"Which build of the hub answers." example:"1.0.0"`
}

// ActIn is an account that the caller may act in.
type ActIn struct {
	Name  string `json:"name" doc:"Its name." example:"acme"`
	Title string `json:"title,omitempty" doc:"Its name for people." example:"Acme Ltd"`
}

// OwnPlan is what an account may ask for.
type OwnPlan struct {
	Name    string     `json:"name" doc:"Its name." example:"pro"`
	Title   string     `json:"title" doc:"Its name for people." example:"Pro"`
	Limited bool       `json:"limited" doc:"Whether it has any limit, or lacks any connector."`
	Limits  PlanLimits `json:"limits" doc:"Its numbers."`
}

// maxActIn is how many accounts the caller is told of.
const maxActIn = 200

// Session is a signed-in browser.
type Session struct {
	ID         string    `json:"id" doc:"Its id." example:"ses_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Current    bool      `json:"current" doc:"Whether the request came with it."`
	Strong     bool      `json:"strong" doc:"Whether a second factor was given."`
	Address    string    `json:"address" doc:"Where it was opened from." example:"198.51.100.7"`
	UserAgent  string    `json:"user_agent" doc:"What the browser calls itself; not to be trusted." example:"Mozilla/5.0 …"`
	CreatedAt  time.Time `json:"created_at" doc:"When it was opened."`
	LastSeenAt time.Time `json:"last_seen_at" doc:"When it was used last, give or take a minute."`
	ExpiresAt  time.Time `json:"expires_at" doc:"When it ends in any case."`
}

// PasswordChange is a wish for another password.
type PasswordChange struct {
	Old string `json:"old" maxLength:"1024" doc:"The password so far." example:"correct horse battery staple"`
	New string `json:"new" maxLength:"1024" doc:"The new one, 12 to 200 characters." example:"another horse battery staple"`
}

// TOTPSecret is what an authenticator needs, shown once.
type TOTPSecret struct {
	Secret string `json:"secret" doc:"To be typed into an authenticator." example:"JBSWY3DPEHPK3PXP"`
	URI    string `json:"uri" doc:"The same as a link, for a QR code." example:"otpauth://totp/…"`
}

// RecoveryCodes are what lets somebody in who lost the authenticator.
type RecoveryCodes struct {
	Codes []string `json:"codes" doc:"Each works once. They are shown this once." example:"[\"7h2k-…\"]"`
}

// ownOperations are about whoever calls.
func (a *server) ownOperations() {
	const base = "/api/v1/me"
	register(a, op{
		id: "get-me", method: http.MethodGet, path: base, tag: tagUsers, scope: scopeAny,
		summary: "Who am I", about: "What the hub knows of the caller, and what a console begins with: the accounts to act in, the plan, where the hub is reached, and its version.",
	}, a.me)
	register(a, op{
		id: "change-password", method: http.MethodPost, path: base + "/password", tag: tagUsers, scope: scopeAny, act: "user.password_change", person: true,
		summary: "Change the own password", status: http.StatusNoContent, about: "All other sessions end.",
		problems: []int{http.StatusPreconditionFailed},
		body:     object{{"old", "correct horse battery staple"}, {"new", "another horse battery staple"}},
	}, func(ctx context.Context, in *struct{ Body PasswordChange }) (*struct{}, error) {
		err := a.Users.ChangePassword(ctx, callerOf(ctx), form.NewSecret(in.Body.Old), form.NewSecret(in.Body.New), clientOf(ctx).Client)
		return nil, renamed(err, "password", "new")
	})
	register(a, op{
		id: "list-sessions", method: http.MethodGet, path: base + "/sessions", tag: tagUsers, scope: scopeAny, person: true,
		summary: "List the own sessions", about: "Where somebody is signed in as the caller, the newest first.",
	}, a.ownSessions)
	register(a, op{
		id: "end-session", method: http.MethodDelete, path: base + "/sessions/{id}", tag: tagUsers, scope: scopeAny, act: "session.revoke", person: true,
		summary: "End a session", status: http.StatusNoContent, about: "It ends at once.", problems: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"64" doc:"The session's id." example:"ses_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	}) (*struct{}, error) {
		id, err := pathID(event.PrefixSession, in.ID)
		if err != nil {
			return nil, err
		}
		return nil, a.Users.RevokeSession(ctx, callerOf(ctx), id)
	})
	a.totpOperations(base + "/totp")
}

func (a *server) totpOperations(base string) {
	register(a, op{
		id: "begin-totp", method: http.MethodPost, path: base, tag: tagUsers, scope: scopeAny, person: true,
		summary: "Begin with a second factor", about: "Makes a secret for an authenticator (RFC 6238). It counts once a code has confirmed it.",
		body: object{{"password", "correct horse battery staple"}}, problems: []int{http.StatusConflict, http.StatusPreconditionFailed},
	}, func(ctx context.Context, in *struct {
		Body struct {
			Password string `json:"password" maxLength:"1024" doc:"The password." example:"correct horse battery staple"`
		}
	}) (*body[TOTPSecret], error) {
		e, err := a.Users.BeginTOTP(ctx, callerOf(ctx), form.NewSecret(in.Body.Password), clientOf(ctx).Client)
		if err != nil {
			return nil, err
		}
		return answer(TOTPSecret{e.Secret.Reveal(), e.URI.Reveal()}), nil
	})
	register(a, op{
		id: "confirm-totp", method: http.MethodPost, path: base + "/confirm", tag: tagUsers, scope: scopeAny, act: "user.totp_enable", person: true,
		summary: "Confirm the second factor", about: "From now on signing in asks for a code. The answer holds recovery codes.", body: object{{"code", "492039"}},
		problems: []int{http.StatusConflict, http.StatusPreconditionFailed},
	}, func(ctx context.Context, in *struct {
		Body struct {
			Code string `json:"code" maxLength:"16" doc:"The authenticator's code." example:"492039"`
		}
	}) (*body[RecoveryCodes], error) {
		codes, err := a.Users.ConfirmTOTP(ctx, callerOf(ctx), form.NewSecret(in.Body.Code), clientOf(ctx).Client)
		if err != nil {
			return nil, err
		}
		out := RecoveryCodes{Codes: make([]string, len(codes))}
		for i, c := range codes {
			out.Codes[i] = c.Reveal()
		}
		return answer(out), nil
	})
	register(a, op{
		id: "disable-totp", method: http.MethodPost, path: base + "/disable", tag: tagUsers, scope: scopeAny, act: "user.totp_disable", person: true,
		summary: "Give the second factor up", status: http.StatusNoContent, about: "Wants the password and a code.",
		body:     object{{"password", "correct horse battery staple"}, {"code", "492039"}},
		problems: []int{http.StatusConflict, http.StatusPreconditionFailed},
	}, func(ctx context.Context, in *struct {
		Body struct {
			Password string `json:"password" maxLength:"1024" doc:"The password." example:"correct horse battery staple"`
			Code     string `json:"code" maxLength:"64" doc:"A code of the authenticator, or a recovery code." example:"492039"`
		}
	}) (*struct{}, error) {
		return nil, a.Users.DisableTOTP(ctx, callerOf(ctx), form.NewSecret(in.Body.Password), form.NewSecret(in.Body.Code), clientOf(ctx).Client)
	})
}

func (a *server) me(ctx context.Context, _ *struct{}) (*body[Caller], error) {
	who := callerOf(ctx)
	c := Caller{
		Kind: who.Kind, ID: who.ID, Name: who.Name, Account: string(who.Account), Home: string(who.Home), Role: string(who.Role),
		Scopes: scopeTexts(who.Scopes), Operator: who.Operator(), Strong: who.Strong, Now: time.Now().UTC(),
	}
	if who.Kind == act.KindUser {
		c.CSRFToken = clientOf(ctx).csrf
		u, err := a.Users.Self(ctx, who)
		if err != nil {
			return nil, err
		}
		self := newUser(u)
		c.User = &self
	}
	c.Accounts, c.MoreAccounts = a.mayActIn(who)
	c.Plan = a.ownPlan(who.Account)
	c.PublicURL, c.Version = a.PublicURL, a.Version
	return answer(c), nil
}

// mayActIn gives the open accounts that a caller may act in.
func (a *server) mayActIn(who identity.Principal) (list []ActIn, more bool) {
	names := []event.Account{who.Home}
	switch {
	case who.Operator():
		names = append(names, a.Accounts.Names()...)
	case who.Can(identity.Admin):
		names = append(names, a.Accounts.Descendants(who.Home)...)
	}
	slices.Sort(names[1:])
	for i, name := range names {
		if i > 0 && name == who.Home || !a.Accounts.IsOpen(name) {
			continue
		}
		if len(list) == maxActIn {
			return list, true
		}
		known, _ := a.Accounts.Get(name)
		list = append(list, ActIn{string(name), known.Title})
	}
	return list, false
}

func (a *server) ownPlan(account event.Account) OwnPlan {
	p := a.Plans.Of(account)
	return OwnPlan{
		Name: p.Name, Title: p.Title, Limits: newPlanLimits(p),
		Limited: p.RequestsPerMinute+p.EventsPerSecond+p.BatchEvents+p.EventsPerMonth > 0 || !slices.Contains(p.Connectors, "*"),
	}
}

func (a *server) ownSessions(ctx context.Context, _ *struct{}) (*body[list[Session]], error) {
	who := callerOf(ctx)
	rows, err := a.Users.Sessions(ctx, who)
	if err != nil {
		return nil, err
	}
	l := list[Session]{Items: make([]Session, len(rows))}
	for i, s := range rows {
		l.Items[i] = Session{
			ID: s.ID.Text(event.PrefixSession), Current: s.ID == who.SessionID, Strong: s.Strong, Address: s.Address,
			UserAgent: s.UserAgent, CreatedAt: s.CreatedAt, LastSeenAt: s.LastSeenAt, ExpiresAt: s.ExpiresAt,
		}
	}
	return answer(l), nil
}

// onlyPeople refuses an API key where a person is meant.
func onlyPeople(who identity.Principal) error {
	if who.Kind == act.KindUser {
		return nil
	}
	return problem(http.StatusForbidden, "this is about a person who is signed in; an API key is none")
}
