package awswaf

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connectors/awswaf/awswaftest"
)

// diff fails the test unless a set holds exactly some addresses.
func (b *bench) holds(t *testing.T, arn string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), b.Set(arn).Addresses); diff != "" {
		t.Errorf("the set %s (-want +got):\n%s", b.Set(arn).Name, diff)
	}
}

func TestBlockAndUnblock(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	got := b.change(t, add("203.0.113.7/32"), add("2001:db8::1/128"), add("203.0.112.0/23"), remove("203.0.113.99/32"))
	if diff := cmp.Diff([]connector.BlockResult{{Done: true}, {Done: true}, {Done: true}, {Done: true}}, got); diff != "" {
		t.Error(diff)
	}
	b.holds(t, b.v4, append(slices.Clone(foreign4), "203.0.113.7/32", "203.0.112.0/23")...)
	b.holds(t, b.v6, append(slices.Clone(foreign6), "2001:0db8:0000:0000:0000:0000:0000:0001/128")...)
	s := b.snapshot(t)
	if want := []connector.BlockEntry{
		{Prefix: netip.MustParsePrefix("198.51.100.0/24")}, {Prefix: netip.MustParsePrefix("192.0.2.44/32")},
		{Prefix: netip.MustParsePrefix("203.0.113.7/32")}, {Prefix: netip.MustParsePrefix("203.0.112.0/23")},
		{Prefix: netip.MustParsePrefix("2001:db8:ff::/48")}, {Prefix: netip.MustParsePrefix("2001:db8::1/128")},
	}; !slices.Equal(s.Entries, want) || s.Used != 6 {
		t.Errorf("%d: %+v", s.Used, s.Entries)
	}
	if got := outcomes(b.change(t, remove("203.0.113.7/32"), remove("2001:db8::1/128"), remove("203.0.112.0/23"))); got != "done done done" {
		t.Error(got)
	}
	b.holds(t, b.v4, foreign4...)
	b.holds(t, b.v6, foreign6...)
	if d := b.Set(b.v4).Description; d != "kept by tocsin, and others" {
		t.Errorf("the description is %q", d)
	}
	if d := b.Set(b.v6).Description; d != "" {
		t.Errorf("the description of the other one is %q", d)
	}
	if n := len(b.Calls("UpdateIPSet")); n != 4 {
		t.Errorf("%d updates, want one for each set and call", n)
	}
}

// TestNothingToDo: no request is made for changes that leave the sets as they are.
func TestNothingToDo(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	s := b.snapshot(t)
	got, err := b.Change(t.Context(), s, []connector.BlockChange{
		add("192.0.2.44/32"), remove("203.0.113.1/32"), add("2001:db8:ff::/48"),
		add("203.0.113.5/32"), remove("203.0.113.5/32"), // one after the other: it is as it was
	})
	if err != nil || outcomes(got) != "was done was done done" {
		t.Errorf("%s, %v", outcomes(got), err)
	}
	if got, err := b.Change(t.Context(), s, nil); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	if n := len(b.Calls("UpdateIPSet")); n != 0 {
		t.Errorf("%d updates", n)
	}
}

// TestSpellings: an address is the same in every spelling; what is foreign goes back letter by letter.
func TestSpellings(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	strange4 := []string{"192.0.2.1", "192.0.2.77/24", "not-an-address", "010.1.1.1/32", "2001:db8::/32"}
	strange6 := []string{"2001:DB8:0:0::1/128", "2001:db8:1::/48", "2001:db8:2::5/64", "::ffff:192.0.2.9/128", "fe80::1%eth0/128"}
	b.Edit(b.v4, func(s *awswaftest.Set) { s.Addresses = strange4 })
	b.Edit(b.v6, func(s *awswaftest.Set) { s.Addresses = strange6 })
	s := b.snapshot(t)
	var got []string
	for _, e := range s.Entries {
		got = append(got, e.Prefix.String())
	}
	if want := []string{"192.0.2.1/32", "192.0.2.0/24", "2001:db8::1/128", "2001:db8:1::/48", "2001:db8:2::/64"}; !slices.Equal(got, want) || s.Used != 10 {
		t.Errorf("%d, %v", s.Used, got)
	}
	if text := strings.Join(s.Warnings, "\n"); !strings.Contains(text, `tocsin holds 3 addresses that are not understood`) ||
		!strings.Contains(text, `"not-an-address"`) || !strings.Contains(text, "tocsin-v6 holds 2") {
		t.Error(text)
	}
	results, err := b.Change(t.Context(), s, []connector.BlockChange{
		add("192.0.2.1/32"), add("203.0.113.7/32"), remove("192.0.2.9/32"), remove("2001:db8::1/128"), add("2001:db8:2::/64"), add("2001:db8:3::/64"),
	})
	if err != nil || outcomes(results) != "was done done done was done" {
		t.Errorf("%s, %v", outcomes(results), err)
	}
	b.holds(t, b.v4, append(slices.Clone(strange4), "203.0.113.7/32")...)
	b.holds(t, b.v6, append(slices.Clone(strange6[1:]), "2001:0db8:0003:0000:0000:0000:0000:0000/64")...)
}

// TestEmpty: a set may be emptied, and is then sent as an empty list.
func TestEmpty(t *testing.T) {
	t.Parallel()
	b := newBench(t, map[string]any{"ip_set_arn_v6": nil})
	b.Edit(b.v4, func(s *awswaftest.Set) { s.Addresses = []string{"203.0.113.7/32"} })
	b.change(t, remove("203.0.113.7/32"))
	b.holds(t, b.v4)
	if body := string(b.Calls("UpdateIPSet")[0].Body); !strings.Contains(body, `"Addresses":[]`) {
		t.Error(body)
	}
	if s := b.snapshot(t); len(s.Entries) != 0 || s.Used != 0 {
		t.Errorf("%+v", s)
	}
	b.change(t, add("203.0.113.7/32"))
	b.holds(t, b.v4, "203.0.113.7/32")
}

// TestForeignEdits: what others do between the reading and the update is never undone.
func TestForeignEdits(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*awswaftest.Set){
		"an addition":          func(s *awswaftest.Set) { s.Addresses = append(s.Addresses, "192.0.2.200/32") },
		"the same addition":    func(s *awswaftest.Set) { s.Addresses = append(s.Addresses, "203.0.113.7/32") },
		"a removal":            func(s *awswaftest.Set) { s.Addresses = s.Addresses[1:] },
		"another description":  func(s *awswaftest.Set) { s.Description = "words of somebody else" },
		"no description":       func(s *awswaftest.Set) { s.Description = "" },
		"everything":           func(s *awswaftest.Set) { s.Addresses = []string{} },
		"nothing but the lock": func(*awswaftest.Set) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, map[string]any{"ip_set_arn_v6": nil})
			b.Before("UpdateIPSet", func() { b.Edit(b.v4, edit) })
			got, err := b.Change(t.Context(), b.snapshot(t), []connector.BlockChange{add("203.0.113.7/32"), remove("203.0.113.8/32")})
			if class(err) != "stale" || outcomes(got) != "not done" {
				t.Fatalf("%s, %v", outcomes(got), err)
			}
			after := b.Set(b.v4)
			if after.Updates != 0 {
				t.Error("the edit was overwritten")
			}
			b.change(t, add("203.0.113.7/32"))
			now := b.Set(b.v4)
			if now.Description != after.Description || !slices.Contains(now.Addresses, "203.0.113.7/32") {
				t.Errorf("%+v", now)
			}
			for _, a := range after.Addresses {
				if !slices.Contains(now.Addresses, a) {
					t.Errorf("%s is gone", a)
				}
			}
		})
	}
}

// TestOneSnapshot: several changes may be made by one snapshot, as long as nobody else has written.
func TestOneSnapshot(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	s := b.snapshot(t)
	for i, changes := range [][]connector.BlockChange{
		{add("203.0.113.1/32")}, {add("203.0.113.2/32"), add("2001:db8::2/128")}, {remove("203.0.113.1/32")}, {add("203.0.113.2/32")},
	} {
		if _, err := b.Change(t.Context(), s, changes); err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
	}
	b.holds(t, b.v4, append(slices.Clone(foreign4), "203.0.113.2/32")...)
	if n := len(b.Calls("GetIPSet")); n != 2 {
		t.Errorf("%d reads", n)
	}
	other := newBench(t, map[string]any{"ip_set_arn_v6": nil})
	if got, err := other.Change(t.Context(), s, []connector.BlockChange{add("203.0.113.1/32")}); class(err) != "permanent" || outcomes(got) != "not" {
		t.Errorf("a snapshot of other sets: %s, %v", outcomes(got), err)
	}
}

// TestLostAnswers: an update whose answer is lost is not said to be done, nor not to be; another change by the same
// snapshot makes no request.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault awswaftest.Fault
		want  string
		class string
	}{
		"done, cut":              {awswaftest.Fault{Do: true, Cut: true}, "unknown", "retryable"},
		"cut":                    {awswaftest.Fault{Cut: true}, "unknown", "retryable"},
		"done, a gateway's 502":  {awswaftest.Fault{Do: true, Status: 502, Body: "<html>"}, "unknown", "retryable"},
		"done, a gateway's page": {awswaftest.Fault{Do: true, Status: 200, Body: "<html>sign in</html>"}, "unknown", "retryable"},
		"a fault inside":         {awswaftest.Fault{Status: 500, Code: "WAFInternalErrorException"}, "unknown", "retryable"},
		"half an answer":         {awswaftest.Fault{Do: true, Status: 200, Body: `{"NextLockToken":"`}, "unknown", "retryable"},
		"a slow down":            {awswaftest.Fault{Status: 503, Code: "ServiceUnavailable"}, "unknown", "retryable"},
		"throttled":              {awswaftest.Fault{Code: "ThrottlingException", Message: "Rate exceeded"}, "not", "throttled"},
		"forbidden":              {awswaftest.Fault{Code: "AccessDeniedException"}, "not", "permanent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, map[string]any{"ip_set_arn_v6": nil})
			s := b.snapshot(t)
			b.Fail("UpdateIPSet", tt.fault)
			got, err := b.Change(t.Context(), s, []connector.BlockChange{add("203.0.113.7/32"), add("192.0.2.44/32")})
			if class(err) != tt.class || outcomes(got) != tt.want+" was" {
				t.Fatalf("%s, %s (%v)", outcomes(got), class(err), err)
			}
			quietError(t, err)
			if tt.want != "unknown" {
				return
			}
			calls := len(b.Calls())
			if got, err := b.Change(t.Context(), s, []connector.BlockChange{add("203.0.113.8/32")}); class(err) != "stale" || outcomes(got) != "not" || len(b.Calls()) != calls {
				t.Errorf("%s, %v", outcomes(got), err)
			}
			want := "done"
			if tt.fault.Do {
				want = "was"
			}
			if got := outcomes(b.change(t, add("203.0.113.7/32"))); got != want {
				t.Errorf("afterwards: %s, want %s", got, want)
			}
			b.holds(t, b.v4, append(slices.Clone(foreign4), "203.0.113.7/32")...)
		})
	}
}

// TestNobodyThere: what surely was not sent is not unknown.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"http://127.0.0.1:1", "http://10.255.255.1", "http://nowhere.invalid"} {
		b := newBench(t, nil)
		s := b.snapshot(t)
		b.settings["base_url"] = where
		b.open(t)
		got, err := b.Change(t.Context(), s, []connector.BlockChange{add("203.0.113.7/32")})
		if class(err) != "retryable" || outcomes(got) != "not" {
			t.Errorf("%s: %s, %v", where, outcomes(got), err)
		}
	}
}

// TestOneOfTwo: a set that fails does not keep the other one from being written, unless it says that all is to be read anew.
func TestOneOfTwo(t *testing.T) {
	t.Parallel()
	both := []connector.BlockChange{add("203.0.113.7/32"), add("2001:db8::7/128"), add("2001:db8::8/128")}
	edit6 := func(b *bench) func() {
		return func() {
			b.Edit(b.v6, func(s *awswaftest.Set) { s.Addresses = append(s.Addresses, "2001:db8::8/128", "2001:db8::9/128") })
		}
	}
	for name, tt := range map[string]struct {
		arrange func(b *bench)
		class   string
		want    string
		updates int
	}{
		"the first one is stale":     {func(b *bench) { b.Edit(b.v4, func(*awswaftest.Set) {}) }, "stale", "not not not", 1},
		"the first one is forbidden": {func(b *bench) { b.Fail("UpdateIPSet", awswaftest.Fault{Code: "AccessDeniedException"}) }, "permanent", "not done done", 2},
		"the first one is lost":      {func(b *bench) { b.Fail("UpdateIPSet", awswaftest.Fault{Cut: true}) }, "retryable", "unknown done done", 2},
		"the second one is stale":    {func(b *bench) { edit6(b)() }, "none", "done done was", 3},
		"the second one is stale all the time": {func(b *bench) {
			edit6(b)()
			b.Fail("UpdateIPSet", awswaftest.Fault{Do: true}, stale, stale, stale)
		}, "retryable", "done not was", 4},
		"the second one is stale and cannot be read": {func(b *bench) {
			edit6(b)()
			b.Fail("GetIPSet", awswaftest.Fault{Code: "ThrottlingException"})
		}, "throttled", "done not not", 2},
		"the second one is forbidden": {func(b *bench) {
			b.Fail("UpdateIPSet", awswaftest.Fault{Do: true}, awswaftest.Fault{Code: "AccessDeniedException"})
		}, "permanent", "done not not", 2},
		"both, the passing fault first": {func(b *bench) {
			b.Fail("UpdateIPSet", awswaftest.Fault{Code: "AccessDeniedException"}, awswaftest.Fault{Code: "WAFUnavailableEntityException"})
		}, "retryable", "not not not", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			s := b.snapshot(t)
			tt.arrange(b)
			got, err := b.Change(t.Context(), s, both)
			if class(err) != tt.class || outcomes(got) != tt.want {
				t.Errorf("%s, %s (%v)", outcomes(got), class(err), err)
			}
			if n := len(b.Calls("UpdateIPSet")); n != tt.updates {
				t.Errorf("%d updates, want %d", n, tt.updates)
			}
			if strings.HasPrefix(name, "the second one is stale") && (b.Set(b.v6).Updates > 0) == (tt.class != "none") {
				t.Errorf("%+v", b.Set(b.v6))
			}
		})
	}
	b := newBench(t, nil)
	b.Delete(b.v6)
	if _, err := b.Blocked(t.Context()); class(err) != "permanent" || !strings.Contains(err.Error(), "create it") {
		t.Errorf("a set that is gone: %v", err)
	}
}

// stale is the answer to an update that somebody else was faster than.
var stale = awswaftest.Fault{Code: "WAFOptimisticLockException"}

// TestOtherSpellings: what somebody else has put into a set beside ours, for the same addresses in another spelling, stays.
func TestOtherSpellings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		is6           bool
		prefix        string
		before, after []string
	}{
		"ours alone":                 {false, "203.0.113.7/32", []string{"203.0.113.7/32"}, []string{}},
		"ours, as AWS spells it":     {true, "2001:db8::7/128", []string{"2001:db8::7/128"}, []string{}},
		"another's with host bits":   {false, "203.0.113.0/24", []string{"203.0.113.9/24", "203.0.113.0/24"}, []string{"203.0.113.9/24"}},
		"another's without a length": {false, "203.0.113.7/32", []string{"203.0.113.7/32", "203.0.113.7"}, []string{"203.0.113.7"}},
		"another's in short": {
			true, "2001:db8::7/128", []string{"2001:db8::7/128", "2001:0db8:0000:0000:0000:0000:0000:0007/128"}, []string{"2001:db8::7/128"},
		},
		"none as we spell it": {true, "2001:db8::7/128", []string{"2001:db8::7/128", "2001:DB8::7/128"}, []string{"2001:db8::7/128", "2001:DB8::7/128"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &held{is6: test.is6}
			if err := h.read(test.before); err != nil {
				t.Fatal(err)
			}
			e := h.edit([]connector.BlockChange{remove(test.prefix)}, []int{0})
			if diff := cmp.Diff(test.after, e.addresses); diff != "" {
				t.Error(diff)
			}
		})
	}
}
