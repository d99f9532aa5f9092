package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
)

// TestRulesLostAnswer: a request whose answer is lost is unknown, and what comes after it is not tried. Done again it is
// there once.
func TestRulesLostAnswer(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := opened(t, m, `{}`)
	s := snapshot(t, c)
	posts := 0
	m.hook(func(method, _ string) verdict {
		if method == http.MethodPost {
			posts++
		}
		return verdict{lose: method == http.MethodPost && posts == 2}
	})
	changes := []connector.BlockChange{add("203.0.113.1/32", newBlock()), add("203.0.113.2/32", newBlock()), add("203.0.113.3/32", newBlock())}
	results, err := c.Change(t.Context(), s, changes)
	if err == nil || !results[0].Done || !results[1].Unknown || results[1].Done || results[2] != (connector.BlockResult{}) {
		t.Fatalf("%+v, %v", results, err)
	}
	if e := find(t, snapshot(t, c), "203.0.113.2/32"); e.Mark != changes[1].Block {
		t.Errorf("the next reading does not tell: %+v", e)
	}
	results, err = c.Change(t.Context(), s, changes[1:])
	if err != nil || !results[0].Done || results[0].Handle != m.rule("203.0.113.2").ID || !results[1].Done || len(m.rules) != 3 {
		t.Errorf("again: %+v, %v; %d rules", results, err, len(m.rules))
	}
	// The same of one that is taken away.
	m.hook(func(method, _ string) verdict { return verdict{lose: method == http.MethodDelete} })
	gone := connector.BlockChange{Remove: true, Block: changes[0].Block, Prefix: changes[0].Prefix, Handle: m.rule("203.0.113.1").ID}
	results, err = c.Change(t.Context(), s, []connector.BlockChange{gone})
	if err == nil || !results[0].Unknown {
		t.Errorf("a removal whose answer is lost: %+v, %v", results, err)
	}
	m.hook(nil)
	if results := change(t, c, gone); !results[0].Done || len(m.rules) != 2 {
		t.Errorf("again: %+v", results)
	}
}

// TestRulesTrouble: what each answer means for the change that it is about, for those after it, and for the whole.
func TestRulesTrouble(t *testing.T) {
	t.Parallel()
	body := func(code int, message string) string {
		return fmt.Sprintf(`{"success":false,"errors":[{"code":%d,"message":%q}],"messages":[],"result":null}`, code, message)
	}
	for name, tt := range map[string]struct {
		v       verdict
		class   string // of the whole error
		unknown bool   // of the change
		own     bool   // the change has an error of its own, and others go on
	}{
		"one that is refused":       {v: verdict{status: 400, body: body(10001, "firewallaccessrules.api.validation_error")}, own: true},
		"success false with 200":    {v: verdict{status: 200, body: body(10001, "something is wrong")}, class: "permanent"},
		"forbidden":                 {v: verdict{status: 403, body: body(10000, "Authentication error")}, class: "permanent"},
		"a token that is none":      {v: verdict{status: 400, body: body(6003, "Invalid request headers")}, class: "permanent"},
		"no such zone":              {v: verdict{status: 404, body: body(7003, "Could not route")}, class: "permanent"},
		"no such zone, 400":         {v: verdict{status: 400, body: body(7003, "Could not route")}, class: "permanent"},
		"slow down":                 {v: verdict{status: 429, body: body(971, "Please wait")}, class: "throttled 5m0s"},
		"slow down, with a time":    {v: verdict{status: 429, header: http.Header{"Retry-After": {"7"}}, body: body(971, "Please wait")}, class: "throttled 7s"},
		"a quota that is used up":   {v: verdict{status: 429, header: http.Header{"Ratelimit": {`"default";r=0;t=30`}}, body: body(971, "")}, class: "throttled 30s"},
		"a server's fault":          {v: verdict{status: 500, body: body(10000, "internal")}, class: "retryable", unknown: true},
		"a gateway's page":          {v: verdict{status: 502, body: "<html>Bad gateway</html>"}, class: "retryable", unknown: true},
		"out of order for a while":  {v: verdict{status: 503, header: http.Header{"Retry-After": {"9"}}, body: ""}, class: "throttled 9s"},
		"no answer of Cloudflare's": {v: verdict{status: 200, body: "ok"}, class: "retryable", unknown: true},
		"an answer without an id":   {v: verdict{status: 200, body: `{"success":true,"errors":[],"messages":[],"result":{}}`}, class: "retryable", unknown: true},
		"half an answer":            {v: verdict{status: 200, body: `{"success":true,"res`}, class: "retryable", unknown: true},
		"a redirect":                {v: verdict{status: 302, header: http.Header{"Location": {"https://example.com"}}}, class: "permanent"},
		"gone":                      {v: verdict{status: 410, body: body(1000, "This API is gone")}, class: "gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t)
			c := opened(t, m, `{}`)
			s := snapshot(t, c)
			posts := 0
			m.hook(func(method, _ string) verdict {
				if method == http.MethodPost {
					if posts++; posts == 2 {
						return tt.v
					}
				}
				return verdict{}
			})
			results, err := c.Change(t.Context(), s, []connector.BlockChange{
				add("203.0.113.1/32", newBlock()), add("203.0.113.2/32", newBlock()), add("203.0.113.3/32", newBlock()),
			})
			if got := classOf(err); got != tt.class {
				t.Errorf("%q, want %q (%v)", got, tt.class, err)
			}
			if !results[0].Done || results[1].Done || results[1].Unknown != tt.unknown || (results[1].Err != nil) != tt.own || results[2].Done != tt.own {
				t.Errorf("%+v", results)
			}
			if tt.own && !connector.IsPermanent(results[1].Err) {
				t.Errorf("of its own: %v", results[1].Err)
			}
		})
	}
}

// classOf is how an error is marked; empty for none.
func classOf(err error) string {
	after, throttled := connector.IsThrottled(err)
	switch {
	case err == nil:
		return ""
	case throttled:
		return "throttled " + after.String()
	case connector.IsGone(err):
		return "gone"
	case connector.IsPermanent(err):
		return "permanent"
	}
	return "retryable"
}

// TestRulesFull: when the plan allows no more rules, none is tried in vain, and those that end still go.
func TestRulesFull(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := opened(t, m, `{}`)
	first, second := newBlock(), newBlock()
	change(t, c, add("203.0.113.1/32", first), add("203.0.113.2/32", second))
	m.with(func() { m.maxRules = 3 })
	m.requests()
	results, err := c.Change(t.Context(), snapshot(t, c), []connector.BlockChange{
		add("203.0.113.3/32", newBlock()), add("203.0.113.4/32", newBlock()), add("203.0.113.5/32", newBlock()),
		{Remove: true, Block: first, Prefix: prefix("203.0.113.1/32")},
	})
	if classOf(err) != "permanent" || !errors.Is(err, connector.ErrFull) || !strings.Contains(err.Error(), "max_rules_exceeded") {
		t.Errorf("the whole: %v", err)
	}
	if !results[0].Done || results[1].Done || results[2].Done || !results[3].Done || len(m.rules) != 2 {
		t.Errorf("%+v", results)
	}
	if log := m.requests(); len(log) != 4 { // the reading, two additions, one removal
		t.Errorf("requests: %q", log)
	}
}

// TestRulesWidths: what Cloudflare does not take is not sent.
func TestRulesWidths(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := opened(t, m, `{}`)
	s := snapshot(t, c)
	m.requests()
	for _, p := range []string{"203.0.113.0/25", "203.0.112.0/23", "203.0.0.0/8", "0.0.0.0/0", "2001:db8::/33", "2001:db8::/127", "::/0"} {
		results, err := c.Change(t.Context(), s, []connector.BlockChange{add(p, newBlock())})
		if err != nil || results[0].Done || !connector.IsPermanent(results[0].Err) || !strings.Contains(results[0].Err.Error(), "it takes") {
			t.Errorf("%s: %+v, %v", p, results, err)
		}
	}
	if log := m.requests(); len(log) != 0 {
		t.Errorf("sent: %q", log)
	}
}

// TestPauseIsShared: when Cloudflare asks to wait, nobody who uses the token asks again before, and nothing waits longer
// than it may.
func TestPauseIsShared(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	env := connectortest.Env(nil)
	env.Allowances = new(connector.Allowances)
	c, other := openedIn(t, m, `{}`, env), openedIn(t, m, `{"driver":"list","account_id":"`+testAccount+`","list":"x"}`, env)
	m.hook(func(string, string) verdict {
		return verdict{status: 429, header: http.Header{"Retry-After": {"60"}}, body: `{"success":false,"errors":[{"code":971,"message":"slow"}]}`}
	})
	if _, err := c.Blocked(t.Context()); classOf(err) != "throttled 1m0s" {
		t.Fatalf("%v", err)
	}
	m.requests()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := other.Blocked(ctx)
	if after, ok := connector.IsThrottled(err); !ok || after < 50*time.Second || after > time.Minute {
		t.Errorf("another integration with the same token: %v", err)
	}
	if log := m.requests(); len(log) != 0 {
		t.Errorf("it asked: %q", log)
	}
}
