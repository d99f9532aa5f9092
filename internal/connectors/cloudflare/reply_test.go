package cloudflare

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		status int
		header http.Header
		body   string
		class  string
		text   string
		full   bool
	}{
		"good":                  {200, nil, `{"success":true,"errors":[],"result":{"id":"x"}}`, "", "", false},
		"created":               {201, nil, `{"success":true,"errors":[],"result":null}`, "", "", false},
		"nothing to say":        {204, nil, ``, "", "", false},
		"errors beside success": {200, nil, `{"success":true,"errors":[{"code":1,"message":"odd"}],"result":{}}`, "", "", false},
		"success false":         {200, nil, `{"success":false,"errors":[{"code":1004,"message":"no"}]}`, "permanent", "no (1004)", false},
		"no success":            {200, nil, `{"result":{}}`, "retryable", "does not speak", false},
		"an array":              {200, nil, `[]`, "retryable", "does not speak", false},
		"nothing with 200":      {200, nil, ``, "retryable", "does not speak", false},
		"several errors":        {400, nil, `{"success":false,"errors":[{"code":6003,"message":"Invalid request headers","error_chain":[{"code":6111,"message":"Invalid format"}]},{"message":"more"}]}`, "permanent", "Invalid request headers (6003), Invalid format (6111); more", false},
		"no reason":             {400, nil, `{"success":false,"errors":[]}`, "permanent", "400 Bad Request", false},
		"a hostile message":     {400, nil, `{"success":false,"errors":[{"code":1,"message":"a\nb\u202ec"}]}`, "permanent", "a bc (1)", false},
		"full, by a code":       {400, nil, `{"success":false,"errors":[{"code":10015,"message":"firewallaccessrules.api.max_rules_exceeded"}]}`, "retryable", "max_rules", true},
		"full, in words":        {403, nil, `{"success":false,"errors":[{"code":20217,"message":"exceeded maximum number of rules in the phase"}]}`, "retryable", "exceeded", true},
		"full, a quota":         {400, nil, `{"success":false,"errors":[{"code":1,"message":"Quota reached for this plan"}]}`, "retryable", "Quota", true},
		"too many requests":     {429, nil, `{"success":false,"errors":[{"code":10429,"message":"rate limit exceeded"}]}`, "throttled 5m0s", "rate limit", false},
		"limited with 400":      {400, nil, `{"success":false,"errors":[{"code":10040,"message":"you have been ratelimited please wait and try again"}]}`, "throttled 5m0s", "ratelimited", false},
		"not for now":           {503, http.Header{"Retry-After": {"3"}}, `x`, "throttled 3s", "503", false},
		"a day":                 {429, http.Header{"Retry-After": {"86400"}}, ``, "throttled 1h0m0s", "429", false},
		"a fault":               {500, nil, `{"success":false,"errors":[{"code":10000,"message":"internal"}]}`, "retryable", "internal", false},
		"a page":                {521, nil, `<html>`, "retryable", "521", false},
		"too slow":              {408, nil, ``, "retryable", "408", false},
		"gone":                  {410, nil, ``, "gone", "410", false},
	} {
		e, err := judge(&httpkit.Response{Status: tt.status, Header: tt.header, Body: []byte(tt.body)}, now)
		if classOf(err) != tt.class || err == nil == (e == nil) || err != nil && !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %q, %v", name, classOf(err), err)
		}
		if isFull(asAPI(err)) != tt.full {
			t.Errorf("%s: full is %v", name, !tt.full)
		}
	}
	if _, err := judge(&httpkit.Response{Status: 200, Body: []byte(`{"success":true}`), Truncated: true}, now); classOf(err) != "retryable" {
		t.Errorf("cut off: %v", err)
	}
}

func TestUsedUp(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"":                         0,
		`"default";r=50;t=30`:      0,
		`"default";r=0;t=30`:       30 * time.Second,
		`"a";r=0;t=5, "b";r=0;t=9`: 9 * time.Second,
		`"a";r=7;t=5,"b";r=0;t=2`:  2 * time.Second,
		`"a";t=5`:                  0,
		`"a";r=0`:                  0,
		`"a";r=x;t=5`:              0,
		`"a";r=0;t=1e99`:           time.Hour,
		`"a";r=-1;t=5`:             0,
		`"a";r=0;t=NaN`:            0,
		strings.Repeat(";=,", 999): 0,
	} {
		if got := usedUp(header); got != want {
			t.Errorf("%s: %v, want %v", header, got, want)
		}
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"203.0.113.7": "203.0.113.7/32", "203.0.113.7/32": "203.0.113.7/32", "198.51.100.4/16": "198.51.0.0/16", "2001:DB8:100::CF": "2001:db8:100::cf/128",
		"2001:0db8:0000:0000:0000:0000:0000:0001": "2001:db8::1/128", "2001:db8::/32": "2001:db8::/32", "::ffff:203.0.113.7": "203.0.113.7/32",
		"::ffff:203.0.113.0/120": "203.0.113.0/24",
		"":                       "", "203.0.113": "", "203.0.113.07": "", "fe80::1%eth0": "", "203.0.113.0/33": "", "AS64496": "", "T1": "", "203.0.113.0/-1": "", "/": "",
	} {
		p, ok := prefixOf(text)
		if ok != (want != "") || ok && p != netip.MustParsePrefix(want) {
			t.Errorf("%q: %v %v, want %q", text, p, ok, want)
		}
		if ok {
			if again, _ := prefixOf(valueOf(p)); again != p {
				t.Errorf("%v is written %s, which is %v", p, valueOf(p), again)
			}
		}
	}
}
