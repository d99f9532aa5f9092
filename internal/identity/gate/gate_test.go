package gate

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/plan"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
)

// house is what stands behind the gate: keys are "account/scope", sessions "session-account".
type house struct {
	now     time.Time
	closed  map[event.Account]bool
	parents map[event.Account]event.Account
	plan    map[event.Account]int
	limits  map[string]int
	broken  error
}

func (h *house) Authenticate(_ context.Context, presented, _ string) (identity.Principal, error) {
	account, scope, ok := strings.Cut(presented, "/")
	switch {
	case h.broken != nil:
		return identity.Principal{}, h.broken
	case presented == "":
		return identity.Principal{}, identity.ErrNoKey
	case presented == "test":
		return identity.Principal{}, identity.ErrTestKey
	case !ok:
		return identity.Principal{}, identity.ErrBadKey
	}
	return identity.Principal{
		Account: event.Account(account), Home: event.Account(account), Kind: act.KindKey, ID: "key_" + presented,
		Scopes: identity.Scopes{identity.Scope(scope)}, RateLimit: h.limits[presented],
	}, nil
}

func (h *house) IsOpen(a event.Account) bool { _, known := h.parents[a]; return known && !h.closed[a] }

func (h *house) Within(child, ancestor event.Account) bool {
	for ; child != ""; child = h.parents[child] {
		if child == ancestor {
			return true
		}
	}
	return false
}

func (h *house) Requests(a event.Account) int { return h.plan[a] }

func (h *house) Owner(a event.Account) event.Account { return a }

func (h *house) TooManyRequests(a event.Account, after time.Duration) *plan.LimitError {
	return &plan.LimitError{Limit: plan.RequestsPerMinute, Plan: "free", Max: h.plan[a], RetryAfter: after, PlanWithMore: "pro"}
}

type people struct{ h *house }

func (p people) Authenticate(_ context.Context, token form.Secret) (identity.Principal, error) {
	account, ok := strings.CutPrefix(token.Reveal(), "session-")
	if !ok {
		return identity.Principal{}, user.ErrEnded
	}
	return identity.Principal{Account: event.Account(account), Home: event.Account(account), Kind: act.KindUser, ID: "usr_1"}, nil
}

func newHouse() *house {
	return &house{
		now:     time.Unix(1_800_000_000, 0),
		closed:  map[event.Account]bool{"shut": true},
		parents: map[event.Account]event.Account{"default": "", "mssp": "", "acme": "mssp", "eu": "acme", "other": "", "shut": "mssp"},
		plan:    map[event.Account]int{}, limits: map[string]int{},
	}
}

func (h *house) gate(addressPerMinute, failures int) *Gate {
	return New(Deps{
		Keys: h, People: people{h}, Accounts: h, Plans: h, AddressPerMinute: addressPerMinute, FailuresPerMinute: failures,
		Now: func() time.Time { return h.now },
	})
}

func TestWhoMayActWhere(t *testing.T) {
	t.Parallel()
	g := newHouse().gate(0, 0)
	for _, c := range []struct {
		key, session, in string
		status           int // 0: let in
		code             string
		account          event.Account
	}{
		{key: "acme/admin", account: "acme"},
		{key: "acme/events:write", account: "acme"},
		{session: "session-acme", account: "acme"},
		{key: "acme/admin", session: "session-other", account: "acme"}, // the key wins
		{status: 401, code: "UNAUTHENTICATED"},
		{key: "nonsense", status: 401, code: "UNAUTHENTICATED"},
		{key: "nonsense", session: "session-acme", status: 401, code: "UNAUTHENTICATED"},
		{session: "gone", status: 401, code: "UNAUTHENTICATED"},
		{key: "test", status: 403, code: "TEST_KEY_REFUSED"},
		{key: "shut/admin", status: 403, code: "ACCOUNT_CLOSED"},
		{key: "mssp/admin", in: "mssp", account: "mssp"},
		{key: "mssp/admin", in: "acme", account: "acme"},
		{key: "mssp/admin", in: "eu", account: "eu"},
		{key: "default/admin", in: "eu", account: "eu"},
		{key: "default/admin", in: "other", account: "other"},
		{key: "default/events:read", in: "other", status: 403, code: "ACCOUNT_NOT_ALLOWED"},
		{key: "mssp/events:write", in: "acme", status: 403, code: "ACCOUNT_NOT_ALLOWED"},
		{key: "mssp/admin", in: "other", status: 403, code: "ACCOUNT_NOT_ALLOWED"},
		{key: "mssp/admin", in: "shut", status: 403, code: "ACCOUNT_NOT_ALLOWED"},
		{key: "mssp/admin", in: "nobody", status: 403, code: "ACCOUNT_NOT_ALLOWED"},
		{key: "acme/admin", in: "mssp", status: 403, code: "ACCOUNT_NOT_ALLOWED"}, // a child in its parent
		{key: "acme/admin", in: "default", status: 403, code: "ACCOUNT_NOT_ALLOWED"},
		{key: "acme/admin", in: "../mssp", status: 403, code: "ACCOUNT_NOT_ALLOWED"},
		{session: "session-mssp", in: "acme", status: 403, code: "ACCOUNT_NOT_ALLOWED"}, // no administrator
	} {
		v, err := g.Enter(t.Context(), Knock{Key: c.key, Session: form.NewSecret(c.session), Address: "192.0.2.1", ActIn: c.in})
		no, refused := errors.AsType[*Refusal](err)
		switch {
		case c.status == 0:
			if err != nil || v.Account != c.account {
				t.Errorf("%+v: %v, in %q", c, err, v.Account)
			}
		case !refused || no.Status != c.status || no.Code != c.code:
			t.Errorf("%+v: %v (%+v)", c, err, no)
		}
	}
}

// Accounts that do not exist and accounts of others are refused in the same words.
func TestRefusalsDoNotTellAccountsApart(t *testing.T) {
	t.Parallel()
	g := newHouse().gate(0, 0)
	_, missing := g.Enter(t.Context(), Knock{Key: "acme/admin", ActIn: "nobody"})
	_, foreign := g.Enter(t.Context(), Knock{Key: "acme/admin", ActIn: "other"})
	if missing.Error() != foreign.Error() {
		t.Errorf("%q and %q", missing, foreign)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set    func(*house) *Gate
		knock  Knock
		limit  int
		code   string
		others []Knock // that the limit does not touch
	}{
		"address": {
			set: func(h *house) *Gate { return h.gate(3, 0) }, knock: Knock{Key: "acme/admin", Address: "192.0.2.1"}, limit: 3,
			code: "RATE_LIMITED", others: []Knock{{Key: "acme/admin", Address: "192.0.2.2"}, {Key: "acme/admin", Address: "2001:db8::1"}},
		},
		"key": {
			set:   func(h *house) *Gate { h.limits["acme/admin"] = 4; return h.gate(0, 0) },
			knock: Knock{Key: "acme/admin"}, limit: 4, code: "RATE_LIMITED", others: []Knock{{Key: "acme/events:write"}},
		},
		"plan": {
			set:   func(h *house) *Gate { h.plan["acme"] = 5; return h.gate(0, 0) },
			knock: Knock{Key: "acme/admin"}, limit: 5, code: "RATE_LIMITED", others: []Knock{{Key: "mssp/admin"}},
		},
		"plan, by an administrator from above": {
			set:   func(h *house) *Gate { h.plan["acme"] = 5; return h.gate(0, 0) },
			knock: Knock{Key: "mssp/admin", ActIn: "acme"}, limit: 5, code: "RATE_LIMITED", others: []Knock{{Key: "mssp/admin"}},
		},
	} {
		h := newHouse()
		g := c.set(h)
		for n := range c.limit {
			v, err := g.Enter(t.Context(), c.knock)
			if err != nil || v.Rate.Limit != c.limit || v.Rate.Remaining != c.limit-n-1 {
				t.Fatalf("%s: request %d: %v, %+v", name, n, err, v.Rate)
			}
		}
		v, err := g.Enter(t.Context(), c.knock)
		no, refused := errors.AsType[*Refusal](err)
		if !refused || no.Status != http.StatusTooManyRequests || no.Code != c.code || no.RetryAfter <= 0 || v.Rate.Remaining != 0 || v.Rate.Limit != c.limit {
			t.Errorf("%s: above: %v (%+v), %+v", name, err, no, v.Rate)
		}
		for _, k := range c.others {
			if _, err := g.Enter(t.Context(), k); err != nil {
				t.Errorf("%s: %+v: %v", name, k, err)
			}
		}
		h.now = h.now.Add(61 * time.Second)
		if _, err := g.Enter(t.Context(), c.knock); err != nil {
			t.Errorf("%s: a minute later: %v", name, err)
		}
	}
}

// Floods of wrong keys are told to wait; a right key from the same address works on.
func TestFailures(t *testing.T) {
	t.Parallel()
	h := newHouse()
	g := h.gate(0, 10)
	var statuses []int
	for range 12 {
		_, err := g.Enter(t.Context(), Knock{Key: "nonsense", Address: "2001:db8::1"})
		no, _ := errors.AsType[*Refusal](err)
		statuses = append(statuses, no.Status)
	}
	if statuses[9] != 401 || statuses[10] != 429 || statuses[11] != 429 {
		t.Errorf("statuses are %v", statuses)
	}
	for _, k := range []Knock{{Key: "acme/admin", Address: "2001:db8::1"}, {Session: form.NewSecret("session-acme"), Address: "2001:db8::1"}} {
		if _, err := g.Enter(t.Context(), k); err != nil {
			t.Errorf("%+v: %v", k, err)
		}
	}
	_, err := g.Enter(t.Context(), Knock{Key: "nonsense", Address: "2001:db8:1::1"})
	if no, _ := errors.AsType[*Refusal](err); no == nil || no.Status != 401 {
		t.Errorf("another network: %v", err)
	}
	_, err = g.Enter(t.Context(), Knock{Key: "nonsense", Address: "2001:db8::ffff"})
	if no, _ := errors.AsType[*Refusal](err); no == nil || no.Status != 429 {
		t.Errorf("the same /64: %v", err)
	}
}

func TestApproach(t *testing.T) {
	t.Parallel()
	h := newHouse()
	g := h.gate(5, 3)
	for range 3 {
		if _, err := g.Approach("192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		g.Failed("192.0.2.1")
	}
	if _, err := g.Approach("192.0.2.1"); err == nil || !strings.Contains(err.Error(), "failed to authenticate") {
		t.Errorf("after three failures: %v", err)
	}
	for n := range 6 {
		rate, err := g.Approach("192.0.2.2")
		if (err != nil) != (n == 5) || rate.Limit != 5 {
			t.Errorf("request %d: %v, %+v", n, err, rate)
		}
	}
}

func TestWhatCannotBeFoundOutIsNoRefusal(t *testing.T) {
	t.Parallel()
	h := newHouse()
	h.broken = errors.New("disk")
	_, err := h.gate(0, 0).Enter(t.Context(), Knock{Key: "acme/admin"})
	if _, refused := errors.AsType[*Refusal](err); refused || !errors.Is(err, h.broken) {
		t.Errorf("error is %v", err)
	}
}

func BenchmarkEnter(b *testing.B) {
	h := newHouse()
	h.limits["acme/admin"], h.plan["acme"] = 1<<30, 1<<30
	for name, g := range map[string]*Gate{"limits": h.gate(1<<30, 0), "none": newHouse().gate(0, 0)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := g.Enter(b.Context(), Knock{Key: "acme/admin", Address: "192.0.2.1"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
