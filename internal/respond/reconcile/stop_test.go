package reconcile

import (
	"testing"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestStopWithinACycle: what is stopped while a cycle is at work is not added by its later batches.
func TestStopWithinACycle(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.vendor.batch = 1
		w.block("203.0.113.1/32", 0)
		b, c := w.block("203.0.113.2/32", 0), w.block("203.0.113.3/32", 0)
		stopped := false
		w.vendor.before = func(int) {
			if !stopped { // the first batch is on its way
				stopped, w.protected[b.Target] = true, "the office"
			}
		}
		w.tick()
		w.want(b, store.PlacementFailed, "it is protected: the office")
		w.want(c, store.PlacementVerified, "")
		w.holds("203.0.113.1/32 us", "203.0.113.3/32 us")

		stopped = false
		e, f := w.block("203.0.113.5/32", 0), w.block("203.0.113.6/32", 0)
		w.unblock("203.0.113.3/32")
		w.vendor.before = func(int) { w.policy.KillSwitch = true }
		w.tick()
		w.want(e, store.PlacementVerified, "")
		w.want(f, store.PlacementRequested, "the kill switch is on")
		w.want(c, store.PlacementRemoved, causeEnded) // what ends is still taken away
	})
}

// TestGaugeByFamily: what is there, and what is ours of it, is told by family.
func TestGaugeByFamily(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.block("203.0.113.1/32", 0)
		w.block("2001:db8::1/128", 0)
		w.vendor.put("2001:db8::2/128", foreign, false)
		s := w.tick()
		if got, want := [4]int{s.Used, s.Ours, s.IPv6.Used, s.IPv6.Ours}, [4]int{3, 2, 2, 1}; got != want {
			t.Errorf("%v, want %v", got, want)
		}
	})
}
