// Package gate is the one way in: it turns a key or a session into a principal, lets a parent act in a child, and holds
// every request to the limits of its address, its key and its account's plan. Ingest and the API both ask it.
package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/limit"
	"github.com/tocsin-hub/tocsin/internal/identity/plan"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
)

// Keys checks API keys; *identity.Service is one.
type Keys interface {
	Authenticate(ctx context.Context, presented, address string) (identity.Principal, error)
}

// People checks sessions; *user.Service is one.
type People interface {
	Authenticate(ctx context.Context, token form.Secret) (identity.Principal, error)
}

// Accounts knows the tree; *account.Service is one.
type Accounts interface {
	// IsOpen says whether the account exists and neither it nor one above it is closed.
	IsOpen(event.Account) bool
	Within(child, ancestor event.Account) bool
}

// Plans knows what accounts may ask for; *plan.Service is one.
type Plans interface {
	// Requests is the most requests a minute; 0 is no limit.
	Requests(event.Account) int
	// Owner is the account whose plan is charged: itself, or the one above that has the plan.
	Owner(event.Account) event.Account
	// TooManyRequests is the error for more than that.
	TooManyRequests(account event.Account, retry time.Duration) *plan.LimitError
}

// Deps are what a Gate is made of.
type Deps struct {
	Keys     Keys
	People   People
	Accounts Accounts
	Plans    Plans
	// AddressPerMinute is the most requests of one client address, 0 for no limit; FailuresPerMinute the most failed
	// authentications.
	AddressPerMinute, FailuresPerMinute int
	// Refused is told a word for each refusal, for a metric: unknown, expired, rate_limited, … It may be nil.
	Refused func(reason string)
	Now     func() time.Time
}

// Gate lets requests in. It is safe for concurrent use.
type Gate struct {
	Deps

	addresses *limit.Limiter[limit.Address]
	keys      *limit.Limiter[string]
	accounts  *limit.Limiter[event.Account]
	failures  *limit.Failures
}

// New makes a gate.
func New(d Deps) *Gate {
	if d.Now == nil {
		d.Now = time.Now
	}
	o := limit.Options{Now: d.Now}
	return &Gate{
		Deps: d, addresses: limit.New[limit.Address](o), keys: limit.New[string](o), accounts: limit.New[event.Account](o),
		failures: limit.NewFailures(d.FailuresPerMinute, o),
	}
}

// HeaderAccount names the account that an administrator's request is about, if not its own.
const HeaderAccount = "X-Tocsin-Account"

// ActIn is the account that a request names. Two of them name none that there is.
func ActIn(h http.Header) string {
	values := h[HeaderAccount]
	if len(values) == 0 {
		return ""
	}
	return strings.Join(values, ",")
}

// Knock is what a request brings.
type Knock struct {
	// Key is an API key; Session a session's token. The key wins.
	Key     string
	Session form.Secret
	Address string
	// ActIn is the account that the caller wants to act in; empty for its own.
	ActIn string
}

// Visit is a request that was let in.
type Visit struct {
	identity.Principal

	// Rate is the tightest limit that the request was counted against; its Limit is 0 without one.
	Rate limit.State
}

// Refusal is why a request was not let in.
type Refusal struct {
	Status     int
	Code       string // UNAUTHENTICATED, RATE_LIMITED, …
	Detail     string
	RetryAfter time.Duration
	Rate       limit.State
	// Reason is identity.Reason's word for logs and metrics; the caller is not told.
	Reason string
}

func (r *Refusal) Error() string { return r.Detail }

// Enter lets a request in, or says why not with a *Refusal. Any other error means that it could not be found out.
func (g *Gate) Enter(ctx context.Context, k Knock) (Visit, error) {
	v, err := g.enter(ctx, k)
	return v, g.told(err)
}

func (g *Gate) enter(ctx context.Context, k Knock) (Visit, error) {
	var v Visit
	if err := g.address(k.Address, &v.Rate); err != nil {
		return v, err
	}
	who, err := g.authenticate(ctx, k)
	if err != nil {
		return v, err
	}
	v.Principal = who
	if !g.Accounts.IsOpen(who.Home) {
		return v, &Refusal{Status: http.StatusForbidden, Code: "ACCOUNT_CLOSED", Detail: "the account is closed"}
	}
	if err := g.callerRate(who, &v.Rate); err != nil {
		return v, err
	}
	if err := g.actIn(k.ActIn, &v.Principal); err != nil {
		return v, err
	}
	err = g.planRate(v.Account, &v.Rate)
	return v, err
}

// Approach is for what is open to everybody, such as signing in: it counts a request against its address, and refuses
// one that fails to authenticate too often.
func (g *Gate) Approach(address string) (rate limit.State, err error) {
	if err = g.address(address, &rate); err != nil {
		return rate, err
	}
	if wait, blocked := g.failures.Blocked(limit.AddressOf(address)); blocked {
		return rate, tooManyFailures(wait, "")
	}
	return rate, nil
}

// Failed counts a failed authentication that was not the gate's own.
func (g *Gate) Failed(address string) { g.failures.Fail(limit.AddressOf(address)) }

func tooManyFailures(wait time.Duration, reason string) *Refusal {
	return &Refusal{
		Status: http.StatusTooManyRequests, Code: "RATE_LIMITED", RetryAfter: wait, Reason: reason,
		Detail: "too many requests from this address failed to authenticate: wait, and send a valid API key",
	}
}

// address counts the request against its client address.
func (g *Gate) address(address string, rate *limit.State) error {
	if g.AddressPerMinute == 0 {
		return nil
	}
	return tighten(rate, g.addresses.Take(limit.AddressOf(address), 1, g.AddressPerMinute), "this address may make %d requests a minute")
}

// authenticate asks who it is. An address that fails too often is told to wait, which hides from then on whether a key
// is right; who has a valid key is let in all the same, so that nobody is locked out by a neighbour behind one proxy.
func (g *Gate) authenticate(ctx context.Context, k Knock) (identity.Principal, error) {
	if k.Key == "" && !k.Session.IsZero() {
		who, err := g.People.Authenticate(ctx, k.Session)
		if errors.Is(err, user.ErrUnauthenticated) {
			err = g.failed(k.Address, &Refusal{Detail: "the session has ended: sign in again", Reason: user.Reason(err)})
		}
		return who, err
	}
	who, err := g.Keys.Authenticate(ctx, k.Key, k.Address)
	if errors.Is(err, identity.ErrUnauthenticated) {
		no := &Refusal{Detail: identity.ErrUnauthenticated.Error(), Reason: identity.Reason(err)}
		switch {
		case k.Key == "":
			no.Status, no.Code = http.StatusUnauthorized, "UNAUTHENTICATED"
			return who, no
		case errors.Is(err, identity.ErrTestKey):
			no.Status, no.Code, no.Detail = http.StatusForbidden, "TEST_KEY_REFUSED", "this hub is in production and takes no test keys: use a live one"
		}
		err = g.failed(k.Address, no)
	}
	return who, err
}

// failed counts a failed authentication, and gives the answer to it.
func (g *Gate) failed(address string, no *Refusal) error {
	from := limit.AddressOf(address)
	if wait, blocked := g.failures.Blocked(from); blocked {
		return tooManyFailures(wait, no.Reason)
	}
	g.failures.Fail(from)
	if no.Status == 0 {
		no.Status, no.Code = http.StatusUnauthorized, "UNAUTHENTICATED"
	}
	return no
}

// callerRate counts the request against its key.
func (g *Gate) callerRate(who identity.Principal, rate *limit.State) error {
	if who.RateLimit == 0 {
		return nil
	}
	return tighten(rate, g.keys.Take(who.ID, 1, who.RateLimit), "this key may make %d requests a minute")
}

// planRate counts the request against the account's plan.
func (g *Gate) planRate(account event.Account, rate *limit.State) error {
	most := g.Plans.Requests(account)
	if most == 0 {
		return nil
	}
	s := g.accounts.Take(g.Plans.Owner(account), 1, most)
	*rate = limit.Tighter(*rate, s)
	if s.OK {
		return nil
	}
	return &Refusal{
		Status: http.StatusTooManyRequests, Code: "RATE_LIMITED", Detail: g.Plans.TooManyRequests(account, s.RetryAfter).Error(),
		RetryAfter: s.RetryAfter, Rate: s,
	}
}

// tighten keeps the limit that leaves least, and refuses when one is used up.
func tighten(rate *limit.State, s limit.State, sentence string) error {
	*rate = limit.Tighter(*rate, s)
	if s.OK {
		return nil
	}
	return &Refusal{
		Status: http.StatusTooManyRequests, Code: "RATE_LIMITED", Detail: fmt.Sprintf(sentence, s.Limit), RetryAfter: s.RetryAfter, Rate: s,
	}
}

// actIn moves the principal into another account: its administrator may act in the accounts below its own, and the
// operator in every one. Whether an account exists is not told to those who may not.
func (g *Gate) actIn(name string, who *identity.Principal) error {
	target := event.Account(name)
	if name == "" || target == who.Account {
		return nil
	}
	allowed := who.Can(identity.Admin) && (who.Operator() || g.Accounts.Within(target, who.Home))
	if !allowed || !g.Accounts.IsOpen(target) {
		return &Refusal{
			Status: http.StatusForbidden, Code: "ACCOUNT_NOT_ALLOWED",
			Detail: "X-Tocsin-Account names an account that this caller may not act in: only administrators may, and only in open accounts below their own",
		}
	}
	who.Account = target
	return nil
}
