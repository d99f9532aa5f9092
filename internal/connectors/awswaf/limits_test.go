package awswaf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connectors/awswaf/awswaftest"
)

// TestCapacity: a set never gets more than it can hold, and makes room before it is filled.
func TestCapacity(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	full := make([]string, maxAddresses-1)
	for i := range full {
		full[i] = fmt.Sprintf("10.%d.%d.0/24", i/256, i%256)
	}
	b.Edit(b.v4, func(s *awswaftest.Set) { s.Addresses = full })
	changes := []connector.BlockChange{
		add("203.0.113.1/32"), add("203.0.113.2/32"), add("2001:db8::1/128"), add("203.0.113.3/32"), remove("10.0.0.0/24"), add("203.0.113.4/32"),
	}
	got := b.change(t, changes...)
	if outcomes(got) != "done done done full done full" {
		t.Errorf("%s: %v", outcomes(got), got[3].Err)
	}
	if n := len(b.Set(b.v4).Addresses); n != maxAddresses {
		t.Errorf("%d addresses", n)
	}
	if got := outcomes(b.change(t, add("203.0.113.9/32"))); got != "full" || len(b.Calls("UpdateIPSet")) != 2 {
		t.Errorf("a full set: %s", got)
	}
	// The quota is the vendor's to say, too.
	b.Fail("UpdateIPSet", awswaftest.Fault{Code: "WAFLimitsExceededException"})
	got, err := b.Change(t.Context(), b.snapshot(t), []connector.BlockChange{add("2001:db8::9/128")})
	if class(err) != "full" || outcomes(got) != "not" {
		t.Errorf("%s, %v", outcomes(got), err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	both, four, six := newBench(t, nil), newBench(t, map[string]any{"ip_set_arn_v6": nil}), newBench(t, map[string]any{"ip_set_arn": nil})
	for _, tt := range []struct {
		b                  *bench
		v4, v6             string // what is said of a host
		capacity, c4, c6   int
		wide               string
		hostOf4, hostOfSix bool
	}{
		{both, "", "", 20_000, 10_000, 10_000, "it cannot block a /0: of IPv4 it takes /1 to /32", true, true},
		{four, "", "it cannot block IPv6", 10_000, 10_000, 0, "it cannot block a /0: of IPv4 it takes /1 to /32", true, false},
		{six, "it cannot block IPv4", "", 10_000, 0, 10_000, "it cannot block IPv4", false, true},
	} {
		l := tt.b.BlockLimits()
		if l.Capacity != tt.capacity || l.CapacityIPv4 != tt.c4 || l.CapacityIPv6 != tt.c6 || l.Batch != 10_000 || l.Marks {
			t.Errorf("%+v", l)
		}
		if got := l.Takes(netip.MustParsePrefix("203.0.113.7/32")); got != tt.v4 {
			t.Error(got)
		}
		if got := l.Takes(netip.MustParsePrefix("2001:db8::1/128")); got != tt.v6 {
			t.Error(got)
		}
		if got := l.Takes(netip.MustParsePrefix("0.0.0.0/0")); got != tt.wide {
			t.Error(got)
		}
	}
	mapped := netip.PrefixFrom(netip.MustParseAddr("::ffff:203.0.113.7"), 128)
	odd := []connector.BlockChange{
		add("0.0.0.0/0"), add("::/0"), {Prefix: mapped}, {}, {Prefix: netip.PrefixFrom(netip.MustParseAddr("203.0.113.7"), 24)}, add("2001:db8::1/128"),
	}
	got, err := four.Change(t.Context(), four.snapshot(t), odd)
	if err != nil || outcomes(got) != strings.TrimSpace(strings.Repeat("permanent ", len(odd))) || len(four.Calls("UpdateIPSet")) != 0 {
		t.Errorf("%s, %v", outcomes(got), err)
	}
}

// TestReasonsStayHome: nothing of a change but its prefix is sent.
func TestReasonsStayHome(t *testing.T) {
	t.Parallel()
	b := newBench(t, map[string]any{"ip_set_arn_v6": nil})
	var bodies []string
	for _, reason := range []string{"harmless", `"],"Description":"owned","Addresses":["0.0.0.0/1`, "\x00\n\u202e", "203.0.113.99/32", strings.Repeat("a", 200)} {
		c := add("203.0.113.7/32")
		c.Reason, c.Block, c.Handle, c.Until = reason, reason, reason, time.Now()
		b.change(t, c)
		b.change(t, remove("203.0.113.7/32"))
	}
	for i, c := range b.Calls("UpdateIPSet") {
		var of map[string]any
		if err := json.Unmarshal(c.Body, &of); err != nil {
			t.Fatal(err)
		}
		delete(of, "LockToken")
		if raw, err := json.Marshal(of); err != nil {
			t.Fatal(err)
		} else if i%2 == 0 {
			bodies = append(bodies, string(raw))
		}
	}
	if len(bodies) != 5 || len(slices.Compact(bodies)) != 1 {
		t.Errorf("the requests differ: %q", bodies)
	}
}

// TestOddAnswers: an answer that is not understood never becomes an update.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	const id = "a1b2c3d4-5678-90ab-cdef-000000000001"
	for name, body := range map[string]string{
		"nothing":       `{}`,
		"no addresses":  `{"LockToken":"x","IPSet":{"Name":"tocsin","Id":"` + id + `","IPAddressVersion":"IPV4"}}`,
		"null":          `{"LockToken":"x","IPSet":{"Name":"tocsin","Id":"` + id + `","IPAddressVersion":"IPV4","Addresses":null}}`,
		"null within":   `{"LockToken":"x","IPSet":{"Name":"tocsin","Id":"` + id + `","IPAddressVersion":"IPV4","Addresses":["192.0.2.1/32",null]}}`,
		"numbers":       `{"LockToken":"x","IPSet":{"Name":"tocsin","Id":"` + id + `","IPAddressVersion":"IPV4","Addresses":[1]}}`,
		"no token":      `{"IPSet":{"Name":"tocsin","Id":"` + id + `","IPAddressVersion":"IPV4","Addresses":[]}}`,
		"another set":   `{"LockToken":"x","IPSet":{"Name":"tocsin","Id":"a1b2c3d4-5678-90ab-cdef-00000000000f","IPAddressVersion":"IPV4","Addresses":[]}}`,
		"a page":        `<html>`,
		"half":          `{"LockToken":"x","IPSet":{"Name":"tocsin","Id":"` + id + `","IPAddressVersion":"IPV4","Addresses":["192.`,
		"not an object": `[]`,
		"far too long":  `{"LockToken":"` + strings.Repeat("x", maxAnswer) + `"}`,
	} {
		b := newBench(t, map[string]any{"ip_set_arn_v6": nil})
		b.Fail("GetIPSet", awswaftest.Fault{Body: body})
		if s, err := b.Blocked(t.Context()); class(err) != "retryable" || s != nil {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	swapped := newBench(t, nil)
	swapped.settings["ip_set_arn"], swapped.settings["ip_set_arn_v6"] = swapped.v6, nil
	delete(swapped.settings, "ip_set_arn_v6")
	swapped.open(t)
	if _, err := swapped.Blocked(t.Context()); class(err) != "permanent" || !strings.Contains(err.Error(), "a set for IPv6, and its ARN belongs into ip_set_arn_v6") {
		t.Error(err)
	}
}

// TestCancel: what is cancelled ends soon, and the rest is not begun.
func TestCancel(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	s := b.snapshot(t)
	ctx, cancel := context.WithCancel(t.Context())
	returned := make(chan struct{})
	b.Before("UpdateIPSet", func() { cancel(); <-returned })
	got, err := b.Change(ctx, s, []connector.BlockChange{add("203.0.113.7/32"), add("2001:db8::7/128")})
	close(returned)
	if !errors.Is(err, context.Canceled) || outcomes(got) != "unknown not" {
		t.Errorf("%s, %v", outcomes(got), err)
	}
	if _, err := b.Blocked(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestDryRun: the exact request is shown, and nothing is sent or used up, not even to get a role's session.
func TestDryRun(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	s := b.snapshot(t)
	b.settings["role_arn"] = "arn:aws:iam::111122223333:role/nobody"
	b.env.Allowances = new(connector.Allowances)
	b.open(t)
	calls := len(b.Calls())
	for range 5 {
		e := &httpkit.Exchange{Full: true, DryRun: true}
		got, err := b.Change(httpkit.WithExchange(t.Context(), e), s, []connector.BlockChange{add("203.0.113.7/32")})
		if !errors.Is(err, httpkit.ErrDryRun) || outcomes(got) != "not" {
			t.Fatalf("%s, %v", outcomes(got), err)
		}
		if !strings.Contains(string(e.RequestBody), `"203.0.113.7/32"`) || e.RequestHeader.Get("Authorization") != "********" {
			t.Errorf("%s %v", e.RequestBody, e.RequestHeader)
		}
	}
	if len(b.Calls()) != calls {
		t.Error("something was sent")
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for name, do := range map[string]func(context.Context) error{
		"get.http": func(ctx context.Context) error { _, err := b.readSet(ctx, b.sets[1]); return err },
		"update.http": func(ctx context.Context) error {
			_, err := b.Change(ctx, b.snapshot(t), []connector.BlockChange{add("203.0.113.7/32"), add("203.0.112.0/23"), remove("198.51.100.0/24")})
			return err
		},
		"update-v6.http": func(ctx context.Context) error {
			_, err := b.Change(ctx, b.snapshot(t), []connector.BlockChange{add("2001:db8::1/128"), add("2001:db8:1::/64")})
			return err
		},
		"list.http": func(ctx context.Context) error {
			l := looker{Connector: b.Connector, look: &look{}, left: 1}
			_, err := l.list(ctx)
			return err
		},
	} {
		e := &httpkit.Exchange{Full: true, DryRun: true}
		if err := do(httpkit.WithExchange(t.Context(), e)); !errors.Is(err, httpkit.ErrDryRun) {
			t.Errorf("%s: %v", name, err)
		}
		e.URL = strings.Replace(e.URL, b.url, "https://wafv2.eu-central-1.amazonaws.com", 1)
		if at, err := time.Parse("20060102T150405Z", e.RequestHeader.Get("X-Amz-Date")); err != nil || time.Since(at) > time.Minute {
			t.Errorf("%s: X-Amz-Date is %s", name, e.RequestHeader.Get("X-Amz-Date"))
		}
		e.RequestHeader.Set("X-Amz-Date", "20261120T120000Z")
		connectortest.Golden(t, name, connectortest.Text(e))
	}
}
