package reconcile

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/respond/fact"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestBlockAndUnblock(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.vendor.put("198.51.100.9/32", foreign, false)
		b := w.block("203.0.113.7/32", time.Hour)
		st := w.tick()
		w.want(b, store.PlacementVerified, "")
		w.holds("198.51.100.9/32 foreign", "203.0.113.7/32 us")
		if w.vendor.reads != 2 || w.vendor.changes != 1 {
			t.Errorf("%d reads and %d changes, want 2 and 1", w.vendor.reads, w.vendor.changes)
		}
		if c := w.vendor.seen[0]; c.Reason != "brute force" || c.Block != b.ID.Text("blk") || !c.Until.Equal(b.ExpiresAt) {
			t.Errorf("asked for %+v", c)
		}
		if st.Used != 1 && st.Used != 2 || st.Ours != 1 || !st.Ready || st.Error != "" {
			t.Errorf("state %+v", st)
		}
		for range 3 { // looking again changes and says nothing
			w.tick()
		}
		if w.vendor.changes != 1 {
			t.Errorf("%d changes", w.vendor.changes)
		}
		w.unblock("203.0.113.7/32")
		w.tick()
		w.want(b, store.PlacementRemoved, causeEnded)
		w.holds("198.51.100.9/32 foreign")
		if d := cmp.Diff([]string{"applied", "verified", "removing", "removed"}, w.history(b)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{fact.TypeBlocked, fact.TypeVerified, fact.TypeUnblock}, w.said()); d != "" {
			t.Error(d)
		}
		if len(w.rows()) > 0 {
			t.Errorf("left in the ledger: %v", w.rows())
		}
		if n := len(w.audit.acts); n != 2 || string(w.audit.acts[0].After) != `{"add":1}` || string(w.audit.acts[1].After) != `{"remove":1}` ||
			w.audit.acts[0].Action != "respond.apply" || w.audit.acts[0].Target != w.row.ID.Text("int") || w.audit.acts[0].Actor.Kind != "system" {
			t.Errorf("acts: %+v", w.audit.acts)
		}
	})
}

func TestExpired(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		b := w.block("203.0.113.7/32", time.Minute)
		w.tick()
		began := w.clock()
		w.clock = func() time.Time { return began.Add(2 * time.Minute) }
		w.unblock("203.0.113.7/32")
		w.tick()
		w.want(b, store.PlacementExpired, causeOver)
		w.holds()
	})
}

func TestThereBefore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.vendor.put("203.0.113.7/32", foreign, false)
		b := w.block("203.0.113.7/32", 0)
		w.tick()
		w.want(b, store.PlacementVerified, causeBefore)
		if row := w.rows()[b.Target]; row.State != store.EntryForeign {
			t.Errorf("row %+v", row)
		}
		w.restart()
		w.tick()
		w.unblock("203.0.113.7/32")
		w.tick()
		w.want(b, store.PlacementRemoved, causeBeforeEnd)
		w.holds("203.0.113.7/32 foreign")

		again := w.block("203.0.113.7/32", 0)
		w.tick()
		w.vendor.take(b.Target) // now it is ours to add
		w.tick()
		w.want(again, store.PlacementVerified, "")
		w.holds("203.0.113.7/32 us")
		w.unblock("203.0.113.7/32")
		w.tick()
		w.holds()
	})
}

func TestStaleIsNotOurs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		b := w.block("203.0.113.7/32", 0)
		w.vendor.before = func(n int) { // somebody is faster, between snapshot and change
			if n == 0 {
				w.vendor.put("203.0.113.7/32", foreign, false)
			}
		}
		w.tick()
		w.want(b, store.PlacementVerified, causeBefore)
		w.unblock("203.0.113.7/32")
		w.tick()
		w.holds("203.0.113.7/32 foreign")
	})
}

func TestDrift(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		b := w.block("203.0.113.7/32", 0)
		w.tick()
		w.vendor.take(b.Target)
		w.tick()
		w.want(b, store.PlacementVerified, "")
		if d := cmp.Diff([]string{"applied", "verified", "drifted", "applied", "verified"}, w.history(b)); d != "" {
			t.Error(d)
		}
		w.policy.ReportDrift = true
		w.vendor.take(b.Target)
		w.tick()
		w.tick()
		w.want(b, store.PlacementDrifted, causeReported)
		w.restart()
		w.tick()
		w.want(b, store.PlacementDrifted, causeReported)
		w.RetryNow(t.Context(), w.account)
		w.tick()
		w.want(b, store.PlacementVerified, "")
		want := []string{
			fact.TypeBlocked, fact.TypeVerified, fact.TypeDrifted, fact.TypeVerified, fact.TypeDrifted, fact.TypeVerified,
		}
		if d := cmp.Diff(want, w.said()); d != "" {
			t.Error(d)
		}
	})
}

func TestRemovedAndPutThereAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		b := w.block("203.0.113.7/32", 0)
		w.tick()
		w.unblock("203.0.113.7/32")
		w.hook("respond-results", func() { w.vendor.put("203.0.113.7/32", foreign, false) })
		w.tick()
		w.want(b, store.PlacementRemoved, causeAgain)
		w.tick()
		w.holds("203.0.113.7/32 foreign")
	})
}

// hook does something at a failpoint, once.
func (w *world) hook(name string, f func()) {
	done := false
	w.onHit = func(at string) {
		if at == name && !done {
			done = true
			f()
		}
	}
}

func TestCovered(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		narrow := w.block("203.0.113.7/32", 0)
		w.tick()
		wide := w.block("203.0.113.0/24", time.Hour)
		w.tick()
		w.want(wide, store.PlacementVerified, "")
		w.want(narrow, store.PlacementCovered, "covered by the block of 203.0.113.0/24")
		w.holds("203.0.113.0/24 us")
		if w.at(narrow).Covered != wide.ID {
			t.Error("it is not said what covers it")
		}
		other := w.block("203.0.113.8/32", 0)
		w.tick()
		w.want(other, store.PlacementCovered, "covered by the block of 203.0.113.0/24")
		seen := len(w.vendor.seen)
		w.unblock("203.0.113.0/24")
		w.tick()
		w.holds("203.0.113.7/32 us", "203.0.113.8/32 us")
		w.want(wide, store.PlacementRemoved, causeEnded)
		w.want(narrow, store.PlacementVerified, "")
		// The narrower ones came first, in a request of their own.
		if got := w.vendor.seen[seen:]; len(got) != 3 || got[0].Remove || got[1].Remove || !got[2].Remove {
			t.Errorf("changes %+v", got)
		}
	})
}

func TestCoveredAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		made := w.blockMany(0, "203.0.113.7/32", "203.0.113.0/24")
		w.tick()
		w.holds("203.0.113.0/24 us")
		w.want(made[0], store.PlacementCovered, "covered by the block of 203.0.113.0/24")
		w.want(made[1], store.PlacementVerified, "")
		if w.vendor.changes != 1 {
			t.Errorf("%d changes", w.vendor.changes)
		}
	})
}

func TestSuccessor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		first := w.block("203.0.113.7/32", 0)
		w.tick()
		w.unblock("203.0.113.7/32")
		second := w.block("203.0.113.7/32", 0)
		w.tick()
		w.want(first, store.PlacementRemoved, causeSuccessor)
		w.want(second, store.PlacementVerified, "")
		w.restart()
		w.tick()
		w.holds("203.0.113.7/32 us")
		if w.vendor.changes != 1 {
			t.Errorf("%d changes: the entry should serve both", w.vendor.changes)
		}
		w.unblock("203.0.113.7/32")
		w.tick()
		w.holds()
		w.want(second, store.PlacementRemoved, causeEnded)
		want := []string{fact.TypeBlocked, fact.TypeVerified, fact.TypeBlocked, fact.TypeVerified, fact.TypeUnblock}
		if d := cmp.Diff(want, w.said()); d != "" {
			t.Error(d)
		}
	})
}

func TestKillSwitch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		old, lost := w.block("203.0.113.1/32", 0), w.block("203.0.113.2/32", 0)
		w.tick()
		w.policy.KillSwitch, w.policy.KillReason = true, "we locked\nourselves out"
		b := w.block("203.0.113.7/32", 0)
		w.unblock("203.0.113.1/32")
		w.vendor.take(lost.Target)
		w.tick()
		cause := "the kill switch is on: we locked ourselves out"
		w.want(b, store.PlacementRequested, cause)
		w.want(lost, store.PlacementDrifted, cause)
		w.want(old, store.PlacementRemoved, causeEnded)
		w.holds()
		w.policy.KillSwitch = false
		w.tick()
		w.want(b, store.PlacementVerified, "")
		w.want(lost, store.PlacementVerified, "")
	})
}

func TestRefusedHere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.protected[netip.MustParsePrefix("203.0.113.1/32")] = "the office's way out"
		w.vendor.put("203.0.113.3/32", foreign, true)
		made := w.blockMany(0, "203.0.113.1/32", "203.0.112.0/20", "203.0.113.3/32", "203.0.113.4/32")
		w.tick()
		w.tick()
		w.want(made[0], store.PlacementFailed, "it is protected: the office's way out")
		w.want(made[1], store.PlacementFailed, "it cannot block a /20: of IPv4 it takes /16, /24, /32")
		w.want(made[2], store.PlacementFailed, causeAllows)
		w.want(made[3], store.PlacementVerified, "")
		w.holds("203.0.113.3/32 foreign", "203.0.113.4/32 us")
		if d := cmp.Diff([]string{"failed"}, w.history(made[0])); d != "" {
			t.Error(d)
		}
		delete(w.protected, made[0].Target)
		w.vendor.take(made[2].Target)
		w.tick()
		w.want(made[0], store.PlacementVerified, "")
		w.want(made[2], store.PlacementVerified, "")
	})
}
