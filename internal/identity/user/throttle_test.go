package user

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	noon   = time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)
	victim = who{"acme", "ada@example.com"}
)

// fail makes an attempt that goes wrong, and says how long one had to wait instead.
func fail(t *throttle, w who, address string, now time.Time) time.Duration {
	_, err := t.begin(w, address, now)
	var throttled *ThrottledError
	if errors.As(err, &throttled) {
		return throttled.After
	}
	return 0
}

func TestDelays(t *testing.T) {
	t.Parallel()
	th, now := newThrottle(), noon
	var got []time.Duration
	for range 14 {
		wait := fail(th, victim, "192.0.2.1", now)
		if wait == 0 {
			continue
		}
		got = append(got, wait)
		if fail(th, victim, "192.0.2.1", now.Add(wait-1)) != 1 {
			t.Errorf("the delay of %v is not kept", wait)
		}
		now = now.Add(wait)
		fail(th, victim, "192.0.2.1", now)
	}
	want := "[30s 1m0s 2m0s 4m0s 8m0s 15m0s 15m0s 15m0s 15m0s]"
	if fmt.Sprint(got) != want {
		t.Errorf("delays are %v, want %v", got, want)
	}
	if wait := fail(th, victim, "192.0.2.1", now.Add(-24*time.Hour)); wait != 0 {
		t.Errorf("after the clock was set back the delay is %v", wait)
	}
}

func TestForgetting(t *testing.T) {
	t.Parallel()
	th := newThrottle()
	for range pairFree {
		fail(th, victim, "192.0.2.1", noon)
	}
	later := noon.Add(forgetAfter + time.Second)
	for n := range pairFree {
		if wait := fail(th, victim, "192.0.2.1", later); wait != 0 {
			t.Fatalf("failure %d after the pause waits %v", n, wait)
		}
	}
	if fail(th, victim, "192.0.2.1", later) == 0 {
		t.Error("the count did not begin anew")
	}
}

func TestSuccessClears(t *testing.T) {
	t.Parallel()
	th := newThrottle()
	for range 10 {
		for range pairFree - 1 {
			fail(th, victim, "192.0.2.1", noon)
		}
		a, err := th.begin(victim, "192.0.2.1", noon)
		if err != nil {
			var throttled *ThrottledError
			if !errors.As(err, &throttled) {
				t.Fatal(err)
			}
			return // the client's own count: it does not forget
		}
		a.succeeded(noon)
	}
	t.Error("a client that owns an address guesses without end")
}

func TestForgivenCountsNothing(t *testing.T) {
	t.Parallel()
	th := newThrottle()
	for range 1000 {
		a, err := th.begin(victim, "192.0.2.1", noon)
		if err != nil {
			t.Fatal(err)
		}
		a.forgiven()
	}
}

// TestManyAtOnce begins more attempts than are free before the first has ended.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	th := newThrottle()
	begun := 0
	for range 100 {
		if _, err := th.begin(victim, "192.0.2.1", noon); err == nil {
			begun++
		}
	}
	if begun != pairFree {
		t.Errorf("%d attempts at once, want %d", begun, pairFree)
	}
}

// TestNobodyIsLockedOut: whatever attackers do elsewhere, somebody at a client they know can try.
func TestNobodyIsLockedOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		th, now := newThrottle(), noon
		a, err := th.begin(victim, "192.0.2.1", now)
		if err != nil {
			t.Fatal(err)
		}
		a.succeeded(now)
		for range rapid.IntRange(0, 300).Draw(t, "tries") {
			email := rapid.SampledFrom([]string{victim.email, "bob@example.com"}).Draw(t, "email")
			from := fmt.Sprintf("198.51.100.%d", rapid.IntRange(0, 60).Draw(t, "client"))
			fail(th, who{"acme", email}, from, now)
			now = now.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "pause")) * time.Second)
		}
		if wait := fail(th, victim, "192.0.2.1", now); wait != 0 {
			t.Fatalf("the victim waits %v", wait)
		}
	})
}

func TestStrangersTogetherWait(t *testing.T) {
	t.Parallel()
	th := newThrottle()
	tried := 0
	for n := range 1000 {
		if fail(th, victim, fmt.Sprintf("10.%d.%d.1", n/250, n%250), noon) == 0 {
			tried++
		}
	}
	if tried != strangerFree {
		t.Errorf("a thousand clients tried %d times, want %d", tried, strangerFree)
	}
	if fail(th, who{"acme", "bob@example.com"}, "10.9.9.9", noon) != 0 {
		t.Error("somebody else waits")
	}
	th.welcome(victim, "10.9.9.9", noon)
	if fail(th, victim, "10.9.9.9", noon) != 0 {
		t.Error("who redeemed a link waits")
	}
}

func TestClientOf(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "::ffff:192.0.2.1": "192.0.2.1/32", "192.0.2.1:443": "192.0.2.1/32",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::1": "2001:db8:1:2::/64", "[2001:db8:1:2::9]:443": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "": "", "pipe": "pipe",
	} {
		if got := clientOf(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func TestThrottleIsBounded(t *testing.T) {
	t.Parallel()
	l := newLRU[int, int](100)
	for n := range 1000 {
		l.put(n, n)
		l.put(7, n) // used again and again: stays
		if len(l.at) > 100 || l.order.Len() != len(l.at) {
			t.Fatalf("%d entries, %d in order", len(l.at), l.order.Len())
		}
	}
	if l.value(7) != 999 || l.value(8) != 0 {
		t.Errorf("values are %d and %d", l.value(7), l.value(8))
	}
}
