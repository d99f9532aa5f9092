package gate

import (
	"errors"
	"net/http"
	"testing"
)

// TestSourceSenders: senders that prove themselves in ways of their own are held to the same limits.
func TestSourceSenders(t *testing.T) {
	t.Parallel()
	var reasons []string
	g := newHouse().gate(5, 2)
	g.Refused = func(reason string) { reasons = append(reasons, reason) }
	status := func(err error) int {
		if err == nil {
			return 0
		}
		no, ok := errors.AsType[*Refusal](err)
		if !ok {
			t.Fatal(err)
		}
		return no.Status
	}
	const address = "203.0.113.9"
	for i, want := range []int{http.StatusUnauthorized, http.StatusUnauthorized, http.StatusTooManyRequests} {
		if got := status(g.Refuse(address, "no", "source_signature", true)); got != want {
			t.Errorf("refusal %d is %d, want %d", i, got, want)
		}
	}
	if got := status(g.Refuse(address, "no", "source_missing", false)); got != http.StatusUnauthorized {
		t.Errorf("without anything presented it is %d", got)
	}
	rate, err := g.Arrive(address)
	if status(err) != 0 || rate.Limit != 5 || rate.Remaining != 4 {
		t.Errorf("arriving gives %+v, %v", rate, err)
	}
	if rate, err := g.Admit("acme", rate); status(err) != 0 || rate.Limit != 5 {
		t.Errorf("admitting gives %+v, %v", rate, err)
	}
	if _, err := g.Admit("shut", rate); status(err) != http.StatusForbidden {
		t.Errorf("admitting to a closed account gives %v", err)
	}
	for range 4 {
		_, err = g.Arrive(address)
	}
	if status(err) != 0 {
		t.Errorf("the fifth request is %v", err)
	}
	if _, err = g.Arrive(address); status(err) != http.StatusTooManyRequests {
		t.Errorf("the sixth request is %v", err)
	}
	if len(reasons) != 6 || reasons[0] != "source_signature" || reasons[3] != "source_missing" || reasons[4] != "account_closed" || reasons[5] != "rate_limited" {
		t.Errorf("the reasons are %v", reasons)
	}
}
