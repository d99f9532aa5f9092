package awswaf

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connectors/awswaf/awswaftest"
)

// TestReplies: every error has its class, says what can be done, and changes nothing.
func TestReplies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault awswaftest.Fault
		class string
		text  string
	}{
		{awswaftest.Fault{Code: "WAFOptimisticLockException"}, "stale", ""},
		{awswaftest.Fault{Code: "WAFLimitsExceededException"}, "full", "at most 10000 addresses"},
		{awswaftest.Fault{Code: "WAFNonexistentItemException"}, "permanent", "create it"},
		{awswaftest.Fault{Code: "WAFInvalidParameterException", Message: "no"}, "permanent", "WAFInvalidParameterException: no"},
		{awswaftest.Fault{Code: "WAFInvalidOperationException"}, "permanent", ""},
		{awswaftest.Fault{Code: "WAFDuplicateItemException"}, "permanent", ""},
		{awswaftest.Fault{Code: "WAFUnavailableEntityException"}, "retryable", ""},
		{awswaftest.Fault{Status: 500, Code: "WAFInternalErrorException"}, "retryable", ""},
		{awswaftest.Fault{Status: 500, Code: "com.amazon.coral.service#InternalFailure"}, "retryable", ""},
		{awswaftest.Fault{Status: 503, Code: "ServiceUnavailable"}, "retryable", ""},
		{awswaftest.Fault{Code: "ThrottlingException", Message: "Rate exceeded"}, "throttled", "Rate exceeded"},
		{awswaftest.Fault{Code: "Throttling"}, "throttled", ""},
		{awswaftest.Fault{Code: "RequestLimitExceeded"}, "throttled", ""},
		{awswaftest.Fault{Status: 429, Code: "SomethingNew"}, "throttled", ""},
		{awswaftest.Fault{Code: "AccessDeniedException"}, "permanent", "wafv2:UpdateIPSet on the IP set tocsin"},
		{awswaftest.Fault{Code: "AccessDenied"}, "permanent", "wafv2:UpdateIPSet on the IP set tocsin"},
		{awswaftest.Fault{Code: "UnrecognizedClientException"}, "permanent", "access_key_id"},
		{awswaftest.Fault{Code: "InvalidSignatureException", Message: "does not match"}, "permanent", "access_key_id"},
		{awswaftest.Fault{Code: "InvalidSignatureException", Message: "Signature expired: 1 is now earlier than 2"}, "retryable", "clock"},
		{awswaftest.Fault{Code: "RequestExpired"}, "retryable", "clock"},
		{awswaftest.Fault{Code: "ExpiredTokenException"}, "retryable", "have ended"},
		{awswaftest.Fault{Code: "OptInRequired"}, "permanent", "does not use the region"},
		{awswaftest.Fault{Code: "SomethingNew", Message: "whatever\x00\n\u202e<b>"}, "permanent", "SomethingNew: whatever <b>"},
		{awswaftest.Fault{Status: 502, Code: "SomethingNew"}, "retryable", ""},
		{awswaftest.Fault{Status: 400, Body: "no"}, "permanent", "what answers there answered 400"},
		{awswaftest.Fault{Status: 302, Body: ""}, "permanent", "redirects are not followed"},
		{awswaftest.Fault{Status: 404, Body: "<html>"}, "permanent", "nothing is there"},
		{awswaftest.Fault{Status: 407, Body: ""}, "permanent", ""},
		{awswaftest.Fault{Status: 408, Body: ""}, "retryable", ""},
		{awswaftest.Fault{Status: 429, Body: "slow"}, "throttled", ""},
		{awswaftest.Fault{Status: 500, Body: "{}"}, "retryable", ""},
		{awswaftest.Fault{Status: 503, Body: "", Header: map[string]string{"Retry-After": "7"}}, "throttled", ""},
		{awswaftest.Fault{Status: 200, Body: "<html>sign in"}, "retryable", "is not AWS's; it begins: <html>sign in"},
	} {
		b := newBench(t, map[string]any{"ip_set_arn_v6": nil})
		s := b.snapshot(t)
		b.Fail("UpdateIPSet", tt.fault)
		got, err := b.Change(t.Context(), s, []connector.BlockChange{add("203.0.113.7/32")})
		if class(err) != tt.class || !strings.Contains(err.Error(), tt.text) || got[0].Done || got[0].Err != nil {
			t.Errorf("%+v: %s %+v: %v", tt.fault, class(err), got, err)
		}
		if strings.ContainsAny(err.Error(), "\n\x00\u202e") {
			t.Errorf("%+v: more than one line: %q", tt.fault, err)
		}
		b.holds(t, b.v4, foreign4...)
	}
}

// TestRetryAfter: as long as AWS asks for, at most an hour, nobody of the account asks again.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	b := newBench(t, map[string]any{"ip_set_arn_v6": nil})
	b.env.Allowances = new(connector.Allowances)
	b.open(t)
	s := b.snapshot(t)
	b.Fail("UpdateIPSet", awswaftest.Fault{Code: "ThrottlingException", Header: map[string]string{"Retry-After": "70"}})
	for i := range 3 {
		_, err := b.Change(t.Context(), s, []connector.BlockChange{add("203.0.113.7/32")})
		after, ok := connector.IsThrottled(err)
		if !ok || after > 70*time.Second || after < 60*time.Second {
			t.Errorf("%d: %v, %v", i, after, err)
		}
		b.open(t) // another instance
	}
	if n := len(b.Calls("UpdateIPSet")); n != 1 {
		t.Errorf("%d updates in the pause", n)
	}
	if _, err := b.Blocked(t.Context()); err != nil {
		t.Errorf("reading is another matter: %v", err)
	}
}

// TestWithinTheRate: with the budget, the vendor never has to say that it is too much, and without it that is understood.
func TestWithinTheRate(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.Throttle = true
	s := b.snapshot(t)
	if got, err := b.Change(t.Context(), s, []connector.BlockChange{add("203.0.113.7/32"), add("2001:db8::7/128")}); class(err) != "throttled" || outcomes(got) != "done not" {
		t.Errorf("two updates at once: %s, %v", outcomes(got), err)
	}
	b = newBench(t, nil)
	b.Throttle = true
	b.env.Allowances = new(connector.Allowances)
	b.open(t)
	for i := range 2 {
		got := b.change(t, add("203.0.113."+string(rune('1'+i))+"/32"), add("2001:db8::"+string(rune('1'+i))+"/128"))
		if outcomes(got) != "done done" {
			t.Error(outcomes(got))
		}
		b.open(t)
	}
	updates := b.Calls("UpdateIPSet")
	for i, c := range updates {
		if c.Status != 200 {
			t.Errorf("update %d: %s", i, c.Code)
		}
	}
	if len(updates) != 4 {
		t.Errorf("%d updates", len(updates))
	}
}

// TestProveWrite: a test writes only when it is asked to, and changes nothing.
func TestProveWrite(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	if err := b.Test(t.Context()); err != nil || len(b.Calls("UpdateIPSet")) != 0 {
		t.Fatal(err)
	}
	if notes := strings.Join(b.Notes(), "\n"); !strings.Contains(notes, "The IP set tocsin holds 2 of 10000 addresses.") || !strings.Contains(notes, "shows with the first block") ||
		!strings.Contains(notes, "IPv6 addresses are blocked in the IP set tocsin-v6 (REGIONAL, eu-central-1, account 111122223333)") {
		t.Error(notes)
	}
	b.settings["prove_write"] = true
	b.open(t)
	b.Before("UpdateIPSet", func() { b.Edit(b.v4, func(*awswaftest.Set) {}) }) // somebody else is faster: it is proven all the same
	e := &httpkit.Exchange{Full: true}
	if err := b.Test(httpkit.WithExchange(t.Context(), e)); err != nil {
		t.Fatal(err)
	}
	if got := e.RequestHeader.Get("X-Amz-Target"); !strings.HasSuffix(got, "GetIPSet") {
		t.Errorf("what is shown is %s", got)
	}
	b.holds(t, b.v4, foreign4...)
	b.holds(t, b.v6, foreign6...)
	if b.Set(b.v6).Updates != 1 || b.Set(b.v4).Description == "" {
		t.Error("it was not written")
	}
	if notes := strings.Join(b.Notes(), "\n"); !strings.Contains(notes, "may write to the IP set tocsin-v6") {
		t.Error(notes)
	}
	b.AddKey(keyID, secret, "GetIPSet")
	err := b.Test(httpkit.WithExchange(t.Context(), e))
	if class(err) != "permanent" || !strings.Contains(err.Error(), "wafv2:UpdateIPSet on the IP set tocsin") || !strings.HasSuffix(e.RequestHeader.Get("X-Amz-Target"), "UpdateIPSet") {
		t.Errorf("without the permission: %v, shown is %v", err, e.RequestHeader)
	}
}
