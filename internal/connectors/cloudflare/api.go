package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// Limits of the API (https://developers.cloudflare.com/fundamentals/api/reference/limits/).
const (
	// blockedFor is how long Cloudflare refuses everything once its limit was passed.
	blockedFor = 5 * time.Minute
	// pendingPause is how long to wait for somebody else's bulk operation; they take seconds.
	pendingPause = 5 * time.Second
	// maxAnswer bounds what is read of an answer (16 MiB): a page of 1,000 rules has less than 1 MiB.
	maxAnswer = 16 << 20
)

// budget is what a token is used for. Cloudflare allows a user 1,200 requests in five minutes, whatever they are made with.
// In any five minutes this makes at most 160 + 2.8 × 300 = 1,000, which leaves 200 to the dashboard and to whoever else
// uses the token. The burst is enough to read all of 50,000 rules at once.
var budget = connector.Allowance{PerSecond: 2.8, Burst: 160}

// itemBudget is for requests that change items of lists: Cloudflare allows an account 30,000 of them in twelve hours
// (https://developers.cloudflare.com/waf/tools/lists/lists-api/); this makes at most 1,000 + 0.6 × 43,200 = 26,920.
var itemBudget = connector.Allowance{PerSecond: 0.6, Burst: 1000}

// The names of the two among allowances.
const (
	budgetName     = "api"
	itemBudgetName = "list items"
)

// api makes requests.
type api struct {
	settings *Settings
	client   *httpkit.Client
	env      connector.Env
}

// call is one request.
type call struct {
	method string
	path   string // below the base, escaped
	query  url.Values
	body   any
	doing  string // for errors: "listing the access rules"
	needs  string // the permission; empty: any token will do
	// bulk: it begins a bulk operation, of which an account has one at a time.
	bulk bool
}

// changes says whether the request may change something.
func (c call) changes() bool { return c.method != http.MethodGet }

// do makes a request and decodes its result into out, unless that is nil. If it may have been done although there is an
// error, that is an unknownError.
func (a *api) do(ctx context.Context, c call, out any) (resultInfo, error) {
	e, err := a.send(ctx, c)
	if err != nil {
		return resultInfo{}, a.explain(c, err)
	}
	if out != nil && len(e.Result) > 0 {
		if err := json.Unmarshal(e.Result, out); err != nil {
			return resultInfo{}, a.explain(c, c.unsure(fmt.Errorf("reading the answer: %w", err)))
		}
	}
	return e.Info, nil
}

func (a *api) send(ctx context.Context, c call) (*envelope, error) {
	r := &httpkit.Request{Method: c.method, URL: a.settings.BaseURL + c.path, Header: http.Header{
		"Accept": {"application/json"}, "Authorization": {"Bearer " + a.settings.token()},
	}}
	if len(c.query) > 0 {
		r.URL += "?" + c.query.Encode()
	}
	if c.body != nil {
		body, err := json.Marshal(c.body)
		if err != nil {
			return nil, connector.Permanent(fmt.Errorf("writing the request: %w", err))
		}
		r.Body, r.Header["Content-Type"] = body, []string{"application/json"}
	}
	if err := a.allow(ctx, c); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	resp, err := a.client.Do(ctx, r)
	if err != nil {
		if neverSent(err) {
			return nil, err
		}
		return nil, c.unsure(err)
	}
	e, err := judge(resp, a.env.Now())
	a.heed(c, resp, err)
	if err == nil {
		return e, nil
	}
	if _, throttled := connector.IsThrottled(err); throttled {
		if c.bulk && a.pending(resp, err) {
			err = connector.Throttled(fmt.Errorf("another bulk operation of the account is under way: %w", asAPI(err)), pendingPause)
		}
		return nil, err
	}
	if x := asAPI(err); x == nil || x.status >= 500 || x.status == http.StatusRequestTimeout {
		return nil, c.unsure(err)
	}
	return nil, err
}

// allow waits until the request is within the budgets. What is not sent spends nothing.
func (a *api) allow(ctx context.Context, c call) error {
	if dryRun(ctx) {
		return nil
	}
	if c.bulk {
		if err := a.env.Allow(ctx, a.settings.AccountID, itemBudgetName, itemBudget); err != nil {
			return err
		}
	}
	return a.env.Allow(ctx, a.settings.token(), budgetName, budget)
}

// heed keeps everybody who uses the token from asking before Cloudflare wants it.
func (a *api) heed(c call, resp *httpkit.Response, err error) {
	pause := usedUp(resp.Header.Get("Ratelimit"))
	if after, throttled := connector.IsThrottled(err); throttled && !(c.bulk && a.pending(resp, err)) {
		pause = max(pause, after)
	}
	if pause > 0 {
		a.env.AskedToPause(a.settings.token(), budgetName, budget, pause)
	}
}

// pending says whether a 429 is about the account's one bulk operation and not about the number of requests: then nothing
// is said of a quota, or something remains of it.
func (a *api) pending(resp *httpkit.Response, err error) bool {
	e := asAPI(err)
	return e != nil && e.status == http.StatusTooManyRequests && !e.has(codeSlowDown, codeLimited) &&
		resp.Header.Get("Retry-After") == "" && usedUp(resp.Header.Get("Ratelimit")) == 0
}

// unsure marks an error of a request that may have been done.
func (c call) unsure(err error) error {
	if c.changes() {
		return &unknownError{err: err}
	}
	return err
}

// explain says what was being done, and which permission is missing.
func (a *api) explain(c call, err error) error {
	err = fmt.Errorf("%s: %w", c.doing, err)
	e := asAPI(err)
	switch {
	case e == nil:
		return err
	case refused(e) && (e.status == http.StatusUnauthorized || e.has(codeBadHeaders) || c.needs == ""):
		return fmt.Errorf("%w: the token is not known, has expired, or may not be used from here", err)
	case refused(e):
		return fmt.Errorf("%w: the token lacks the permission %s, or is not for this zone and account", err, c.needs)
	}
	return err
}

// neverSent says that a request did not leave: there was no connection, or there was none to be.
func neverSent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.Is(err, httpkit.ErrDryRun) || errors.Is(err, httpkit.ErrForbiddenAddress) || errors.Is(err, httpkit.ErrURL) ||
		errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

// dryRun says that requests are to be shown and not to be made.
func dryRun(ctx context.Context) bool {
	e := httpkit.ExchangeOf(ctx)
	return e != nil && e.DryRun
}
