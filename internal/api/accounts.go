package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity/account"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Account is a tenant as it is shown.
type Account struct {
	Name      string    `json:"name" doc:"Its name, which is its id: it never changes and is never used again." example:"acme"`
	Title     string    `json:"title" doc:"What people call it." example:"Acme Ltd"`
	Parent    string    `json:"parent,omitempty" doc:"The account above it; absent if there is none, or none that the caller may see." example:"mssp"`
	Plan      string    `json:"plan" doc:"Its plan; GET /api/v1/plans describes it." example:"business"`
	Version   int64     `json:"version" doc:"Grows with each change; it is the ETag." example:"1"`
	CreatedAt time.Time `json:"created_at" doc:"When it was made."`
	UpdatedAt time.Time `json:"updated_at" doc:"When it was changed last."`
	ClosedAt  time.Time `json:"closed_at,omitzero" doc:"When it was closed; absent while it is open."`
}

// AccountInput is a wish for an account.
type AccountInput struct {
	Name   string  `json:"name" doc:"1 to 64 of a-z, 0-9, _ and -." example:"acme"`
	Title  *string `json:"title,omitempty" doc:"What people call it." example:"Acme Ltd"`
	Parent *string `json:"parent,omitempty" doc:"The account above it. Left out it is the caller's own, except for the operator: then there is none." example:"mssp"`
	Plan   *string `json:"plan,omitempty" doc:"Its plan, which only the operator chooses; left out, that of the account above, or the default plan." example:"business"`
}

// AccountPatch is a change of an account.
type AccountPatch struct {
	Title  *string `json:"title,omitempty" doc:"What people call it."`
	Parent *string `json:"parent,omitempty" doc:"The account above it; empty for none, which only the operator may wish."`
	Plan   *string `json:"plan,omitempty" doc:"Its plan, which only the operator chooses; empty for that of the account above, or the default plan."`
}

// AccountPath names an account in a path.
type AccountPath struct {
	Name string `path:"name" maxLength:"64" doc:"The account's name." example:"acme"`
}

func (a *server) accountOperations() {
	const base = "/api/v1/accounts"
	notFound := []int{http.StatusNotFound}
	register(a, op{
		id: "get-own-account", method: http.MethodGet, path: "/api/v1/account", tag: tagAccounts, scope: scopeAny,
		summary: "Get the account", about: "The account that the key or the session acts in, with its plan's limits and this month's use.",
	}, a.ownAccount)
	register(a, op{
		id: "list-accounts", method: http.MethodGet, path: base, tag: tagAccounts, scope: scopeAdmin,
		summary: "List accounts", about: "The caller's own account and those below it, by name; all of them for the operator.",
	}, a.listAccounts)
	register(a, op{
		id: "create-account", method: http.MethodPost, path: base, tag: tagAccounts, scope: scopeAdmin, act: "account.create",
		summary: "Create an account", status: http.StatusCreated, problems: []int{http.StatusConflict},
		about: "A parent's administrator makes accounts below their own, the operator (an administrator of the account default) any. " +
			"To work in the new account, send X-Tocsin-Account with its name, and make its first key or invite its owner that way.",
		body: object{{"name", "acme"}, {"title", "Acme Ltd"}, {"plan", "business"}},
	}, a.createAccount)
	register(a, op{
		id: "get-account", method: http.MethodGet, path: base + "/{name}", tag: tagAccounts, scope: scopeAdmin,
		summary: "Get an account", about: "One account with its ETag.", problems: notFound,
	}, a.getAccount)
	register(a, op{
		id: "update-account", method: http.MethodPatch, path: base + "/{name}", tag: tagAccounts, scope: scopeAdmin, act: "account.update",
		summary: "Change an account", ownBody: true, body: object{{"plan", "pro"}},
		about:    "A JSON merge patch of title, plan and parent; null empties. Nobody but those above an account (or the operator) changes them. A new parent's integrations with include_children get the account's events from now on.",
		problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, a.updateAccount)
	for _, s := range []struct {
		verb, summary, about string
		do                   func(context.Context, event.Account, int64) (store.Account, error)
	}{
		{"close", "Close an account", "Its keys and people, and those of the accounts below it, are refused from now on. Nothing is deleted.", a.Accounts.Close},
		{"reopen", "Reopen an account", "Its keys and people are let in again.", a.Accounts.Reopen},
	} {
		register(a, op{
			id: s.verb + "-account", method: http.MethodPost, path: base + "/{name}/" + s.verb, tag: tagAccounts, scope: scopeAdmin,
			act: "account." + s.verb, summary: s.summary, about: s.about, problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
		}, func(ctx context.Context, in *struct {
			AccountPath
			Condition
		}) (*accountAnswer, error) {
			name, version, err := a.manageable(ctx, in.Name, in.Condition)
			if err != nil {
				return nil, err
			}
			return a.accountAnswer(ctx)(s.do(ctx, name, version))
		})
	}
	register(a, op{
		id: "get-usage", method: http.MethodGet, path: base + "/{name}/usage", tag: tagAccounts, scope: scopeAdmin,
		summary: "Get an account's use", about: "Events accepted, accepted above the plan's number, and refused because of the plan, by calendar month (UTC), the newest first.",
		problems: notFound,
	}, a.accountUsage)
}

type accountAnswer struct {
	ETag     string `header:"ETag" doc:"The version; send it back as If-Match."`
	Location string `header:"Location" doc:"Where a new account is."`
	Body     Account
}

func (a *server) accountAnswer(ctx context.Context) func(store.Account, error) (*accountAnswer, error) {
	return func(acc store.Account, err error) (*accountAnswer, error) {
		if err != nil {
			return nil, err
		}
		return &accountAnswer{ETag: etag(acc.Version), Body: a.accountView(ctx, acc)}, nil
	}
}

// accountView shows a parent only to those who may see it.
func (a *server) accountView(ctx context.Context, acc store.Account) Account {
	v := Account{
		Name: string(acc.Name), Title: acc.Title, Plan: a.Plans.Of(acc.Name).Name, Version: acc.Version,
		CreatedAt: acc.CreatedAt, UpdatedAt: acc.UpdatedAt, ClosedAt: acc.ClosedAt,
	}
	if acc.Parent != "" && a.maySee(ctx, acc.Parent) {
		v.Parent = string(acc.Parent)
	}
	return v
}

// maySee says whether the caller may know of an account: its own, those below, and all for the operator.
func (a *server) maySee(ctx context.Context, name event.Account) bool {
	who := callerOf(ctx)
	return account.MaySee(who.Home, who.Operator(), name, a.Accounts.Tree())
}

// visible gives an account that the caller may see; any other does not exist.
func (a *server) visible(ctx context.Context, name string) (store.Account, error) {
	acc, ok := a.Accounts.Get(event.Account(name))
	if !ok || !a.maySee(ctx, acc.Name) {
		return store.Account{}, problem(http.StatusNotFound, "there is no such account")
	}
	return acc, nil
}

// manageable gives an account that the caller may change: one below its own, or any for the operator.
func (a *server) manageable(ctx context.Context, name string, c Condition) (event.Account, int64, error) {
	acc, err := a.visible(ctx, name)
	if err != nil {
		return "", 0, err
	}
	who := callerOf(ctx)
	if !account.MayManage(who.Home, who.Operator(), acc.Name, a.Accounts.Tree()) {
		return "", 0, problem(http.StatusForbidden, "an account is changed by an administrator of an account above it, not by its own")
	}
	version, err := c.version()
	return acc.Name, version, err
}

// OwnAccount is the caller's account with what it may use.
type OwnAccount struct {
	Account
	Limits PlanLimits `json:"limits" doc:"What the plan allows."`
	Usage  Usage      `json:"usage" doc:"This month's use."`
}

func (a *server) ownAccount(ctx context.Context, _ *struct{}) (*body[OwnAccount], error) {
	name := accountOf(ctx)
	acc, ok := a.Accounts.Get(name)
	if !ok {
		return nil, problem(http.StatusNotFound, "there is no such account")
	}
	months, err := a.Plans.Usage(ctx, name, 1)
	if err != nil {
		return nil, err
	}
	own := OwnAccount{Account: a.accountView(ctx, acc), Limits: newPlanLimits(a.Plans.Of(name))}
	if len(months) > 0 {
		own.Usage = newUsage(months[0])
	}
	return answer(own), nil
}

func (a *server) listAccounts(ctx context.Context, in *Paging) (*body[list[Account]], error) {
	who := callerOf(ctx)
	within := who.Home
	if who.Operator() {
		within = ""
	}
	rows, next, err := a.Accounts.List(within, in.page())
	if err != nil {
		return nil, err
	}
	l := list[Account]{Items: make([]Account, len(rows)), Next: next}
	for i, acc := range rows {
		l.Items[i] = a.accountView(ctx, acc)
	}
	return answer(l), nil
}

func (a *server) createAccount(ctx context.Context, in *struct{ Body AccountInput }) (*accountAnswer, error) {
	who := callerOf(ctx)
	if in.Body.Parent == nil && !who.Operator() {
		in.Body.Parent = (*string)(&who.Home)
	}
	if err := a.mayPlace(ctx, in.Body.Parent, in.Body.Plan); err != nil {
		return nil, err
	}
	out, err := a.accountAnswer(ctx)(a.Accounts.Create(ctx, account.Input{
		Name: &in.Body.Name, Title: in.Body.Title, Parent: in.Body.Parent, Plan: in.Body.Plan,
	}))
	if err != nil {
		return nil, err
	}
	out.Location = "/api/v1/accounts/" + out.Body.Name
	return out, nil
}

// mayPlace says whether the caller may put an account below the parent, and give it the plan; nil is no wish.
func (a *server) mayPlace(ctx context.Context, parent, plan *string) error {
	who := callerOf(ctx)
	var wrong []FieldError
	if parent != nil && !account.MayPlace(who.Home, who.Operator(), event.Account(*parent), a.Accounts.Tree()) {
		wrong = append(wrong, fieldError("body.parent", "must be your own account or one below it"))
	}
	if plan != nil && !account.MayChoosePlan(who.Operator()) {
		wrong = append(wrong, fieldError("body.plan", "is chosen by the operator; without one an account has that of the account above it"))
	}
	if len(wrong) > 0 {
		return problem(http.StatusForbidden, summary(wrong), wrong...)
	}
	return nil
}

func (a *server) getAccount(ctx context.Context, in *AccountPath) (*accountAnswer, error) {
	return a.accountAnswer(ctx)(a.visible(ctx, in.Name))
}

func (a *server) updateAccount(ctx context.Context, in *struct {
	AccountPath
	Condition
	Body raw[AccountPatch]
}) (*accountAnswer, error) {
	name, version, err := a.manageable(ctx, in.Name, in.Condition)
	if err != nil {
		return nil, err
	}
	wish, err := account.ParseInput(in.Body.RawMessage)
	if err != nil {
		return nil, err
	}
	if err := a.mayPlace(ctx, wish.Parent, wish.Plan); err != nil {
		return nil, err
	}
	return a.accountAnswer(ctx)(a.Accounts.Update(ctx, name, version, wish))
}

// Usage is what an account used in one month.
type Usage struct {
	Month   string `json:"month" doc:"The calendar month (UTC)." example:"2026-11"`
	Events  uint64 `json:"events" doc:"Events accepted." example:"18234"`
	Over    uint64 `json:"over" doc:"Of those, above the plan's monthly number." example:"0"`
	Refused uint64 `json:"refused" doc:"Events refused because of the plan." example:"0"`
}

func newUsage(u store.Usage) Usage { return Usage{u.Month, u.Events, u.Over, u.Refused} }

func (a *server) accountUsage(ctx context.Context, in *struct {
	AccountPath
	Months int `query:"months" minimum:"1" maximum:"36" default:"12" doc:"How many months."`
}) (*body[list[Usage]], error) {
	acc, err := a.visible(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	rows, err := a.Plans.Usage(ctx, acc.Name, in.Months)
	if err != nil {
		return nil, err
	}
	l := list[Usage]{Items: make([]Usage, len(rows))}
	for i, u := range rows {
		l.Items[i] = newUsage(u)
	}
	return answer(l), nil
}
