package reconcile

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/respond/fact"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestCapacity(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.vendor.capacity = 3
		w.vendor.put("198.51.100.9/32", foreign, false)
		made := w.blockMany(time.Hour, "203.0.113.1/32", "203.0.113.2/32", "203.0.113.3/32", "203.0.113.4/32")
		st := w.tick()
		w.tick()
		w.want(made[0], store.PlacementVerified, "")
		w.want(made[1], store.PlacementVerified, "")
		w.want(made[2], store.PlacementFailed, "the responder is full: it holds 3 of 3 entries")
		if st.Used != 3 || st.Capacity != 3 || st.Ours != 2 {
			t.Errorf("gauge %+v", st)
		}
		w.unblock("203.0.113.1/32")
		w.tick()
		w.want(made[2], store.PlacementVerified, "")
		w.want(made[3], store.PlacementFailed, "the responder is full: it holds 3 of 3 entries")
		if w.vendor.most > 3 {
			t.Errorf("%d entries at once", w.vendor.most)
		}
	})
}

func TestEviction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.vendor.capacity, w.policy.Evict = 4, true
		w.vendor.put("198.51.100.9/32", foreign, false)
		good, late, early := w.block("203.0.113.1/32", 0), w.block("203.0.113.2/32", 2*time.Hour), w.block("203.0.113.3/32", time.Hour)
		w.tick()
		fresh := w.blockMany(time.Minute, "203.0.113.4/32", "203.0.113.5/32")
		w.tick()
		w.want(early, store.PlacementEvicted, causeEvicted)
		w.want(late, store.PlacementEvicted, causeEvicted)
		for _, b := range []store.Block{good, fresh[0], fresh[1]} {
			w.want(b, store.PlacementVerified, "")
		}
		w.holds("198.51.100.9/32 foreign", "203.0.113.1/32 us", "203.0.113.4/32 us", "203.0.113.5/32 us")
		if w.vendor.most > 4 {
			t.Errorf("%d entries at once", w.vendor.most)
		}
		if n := strings.Count(strings.Join(w.said(), " "), fact.TypeEvicted); n != 2 {
			t.Errorf("%d evictions were said", n)
		}
	})
}

func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, f := range []fault{lostDone, lostUndone} {
		each(t, func(t *testing.T, w *world) {
			lose := func() { // the next answer
				w.vendor.fail = func(int) fault {
					w.vendor.fail = nil
					return f
				}
			}
			lose()
			b := w.block("203.0.113.7/32", 0)
			w.tick()
			if p := w.at(b); p.State != store.PlacementRequested || p.Attempts != 1 {
				t.Errorf("after a lost answer: %+v", p)
			}
			w.restart()
			w.tick()
			w.want(b, store.PlacementVerified, "")
			w.holds("203.0.113.7/32 us")
			w.unblock("203.0.113.7/32")
			lose()
			w.tick()
			w.restart()
			w.tick()
			if p := w.at(b); p.State != store.PlacementRemoved {
				t.Errorf("at the end: %+v", p)
			}
			w.holds()
		})
	}
}

func TestVendorIsDown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.vendor.readErr = errVendor
		b := w.block("203.0.113.7/32", 0)
		if st := w.tick(); !strings.Contains(st.Error, "does not answer") || st.ErrorSince.IsZero() {
			t.Errorf("state %+v", st)
		}
		w.want(b, store.PlacementRequested, "reading what the vendor holds: the vendor does not answer")
		w.tick()
		w.tick()
		w.want(b, store.PlacementFailed, "reading what the vendor holds: the vendor does not answer")
		if p := w.at(b); p.Attempts != 3 || p.DueAt.IsZero() {
			t.Errorf("%+v", p)
		}
		w.vendor.readErr = nil
		w.tick()
		w.want(b, store.PlacementVerified, "")
		if d := cmp.Diff([]string{fact.TypeFailed, fact.TypeBlocked, fact.TypeVerified}, w.said()); d != "" {
			t.Error(d)
		}
		w.vendor.fail = func(int) fault { return broken500 }
		w.unblock("203.0.113.7/32")
		for range 4 {
			w.tick()
		}
		if p := w.at(b); p.State != store.PlacementRemoving || !strings.HasPrefix(p.Cause, causeNoRemove) {
			t.Errorf("%+v", p)
		}
		w.vendor.fail = nil
		w.tick()
		w.want(b, store.PlacementRemoved, causeEnded)
		want := []string{fact.TypeFailed, fact.TypeBlocked, fact.TypeVerified, fact.TypeDrifted, fact.TypeUnblock}
		if d := cmp.Diff(want, w.said()); d != "" {
			t.Error(d)
		}
	})
}

func TestThrottled(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.vendor.readErr = connector.Throttled(errors.New("slow down"), time.Minute)
		b := w.block("203.0.113.7/32", 0)
		st := w.tick()
		if p := w.at(b); p.State != store.PlacementRequested || p.Attempts != 0 {
			t.Errorf("%+v", p)
		}
		if wait := st.NextCycle.Sub(w.clock()); wait < 59*time.Second || wait > 2*time.Minute {
			t.Errorf("the next cycle is in %s", wait)
		}
		w.Nudge(w.row.ID)
		if st := w.States(w.account)[0]; st.NextCycle.Sub(w.clock()) < 59*time.Second {
			t.Error("a nudge does not keep to the pause")
		}
	})
}

func TestOneIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		bad, worse := netip.MustParsePrefix("203.0.113.7/32"), netip.MustParsePrefix("203.0.113.8/32")
		w.vendor.refuse = func(p netip.Prefix) error {
			switch p {
			case bad:
				return errors.New("try later")
			case worse:
				return connector.Permanent(errors.New("a range of ours"))
			}
			return nil
		}
		made := w.blockMany(0, bad.String(), worse.String(), "203.0.113.9/32")
		w.tick()
		w.want(made[0], store.PlacementFailed, "try later")
		w.want(made[1], store.PlacementFailed, "a range of ours")
		w.want(made[2], store.PlacementVerified, "")
		if p := w.at(made[0]); p.Attempts != 1 || p.DueAt.IsZero() {
			t.Errorf("%+v", p)
		}
		if p := w.at(made[1]); p.Attempts != 1 || !p.DueAt.IsZero() {
			t.Errorf("%+v", p)
		}
		w.tick()
		if w.vendor.changes != 1 {
			t.Errorf("%d changes: it is not due", w.vendor.changes)
		}
		began := w.clock()
		w.clock = func() time.Time { return began.Add(time.Minute) }
		w.tick()
		if p := w.at(made[0]); p.Attempts != 2 {
			t.Errorf("%+v", p)
		}
		if p := w.at(made[1]); p.Attempts != 1 {
			t.Errorf("%+v", p)
		}
		w.vendor.refuse = nil
		w.RetryNow(t.Context(), w.account, w.row.ID)
		w.tick()
		w.want(made[1], store.PlacementVerified, "")
	})
}

func TestUnusable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		old := w.block("203.0.113.1/32", 0)
		w.tick()
		reads := w.vendor.reads
		w.row.Enabled, w.row.Version = false, 2
		w.Apply(w.row)
		b := w.block("203.0.113.7/32", 0)
		w.unblock("203.0.113.1/32")
		if st := w.tick(); st.Enabled || st.Ready {
			t.Errorf("%+v", st)
		}
		w.want(b, store.PlacementRequested, "the responder is disabled")
		if p := w.at(old); p.Cause != "the responder is disabled" {
			t.Errorf("%+v", p)
		}
		if w.vendor.reads != reads {
			t.Error("it was used although it is disabled")
		}
		if n, err := w.Held(t.Context(), w.account, w.row.ID); n != 1 || err != nil {
			t.Errorf("holds %d, %v", n, err)
		}
		w.row.Enabled, w.row.Version = true, 3
		w.Apply(w.row)
		w.tick()
		w.want(b, store.PlacementVerified, "")
		w.holds("203.0.113.7/32 us")
		if w.vendor.opened != 2 || w.vendor.closed != 1 {
			t.Errorf("opened %d, closed %d", w.vendor.opened, w.vendor.closed)
		}
		if err := w.Remove(t.Context(), w.account, w.row.ID); err != nil {
			t.Fatal(err)
		}
		w.want(b, store.PlacementRemoved, causeDropped)
		w.holds("203.0.113.7/32 us")
		if len(w.rows()) > 0 || w.vendor.closed != 2 {
			t.Errorf("left: %v, closed %d", w.rows(), w.vendor.closed)
		}
		if _, err := w.ReconcileNow(t.Context(), w.account, w.row.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("a removed one: %v", err)
		}
	})
}

func TestMarks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &vendor{marks: true}, openSQLite(t))
	gone, kept := w.block("203.0.113.1/32", 0), w.block("203.0.113.2/32", 0)
	w.tick()
	w.unblock("203.0.113.1/32")
	w.tick()
	mark := func(p, block string) {
		w.vendor.put(p, us, false)
		w.vendor.things[len(w.vendor.things)-1].Mark = block
	}
	mark("203.0.113.1/32", gone.ID.Text("blk"))              // of a block that has ended: an orphan
	mark("203.0.113.3/32", "blk_01kmb7a2v4e9zr6x3q8w5t0ysd") // of a block that nobody knows
	mark("203.0.113.4/32", kept.ID.Text("blk"))              // a copy, of another address
	w.vendor.things = append(w.vendor.things, thing{connector.BlockEntry{Prefix: kept.Target, Handle: "copy", Mark: kept.ID.Text("blk")}, us})
	st := w.tick()
	w.holds("203.0.113.2/32 us", "203.0.113.3/32 us", "203.0.113.4/32 us")
	if len(st.Warnings) != 1 || !strings.HasPrefix(st.Warnings[0], "2 entries bear the mark") {
		t.Errorf("warnings %q", st.Warnings)
	}
	if i := slices.IndexFunc(w.vendor.things, func(t thing) bool { return t.Prefix == kept.Target }); w.vendor.things[i].Handle == "copy" {
		t.Error("the copy was kept instead of the entry that the ledger knows")
	}
	// Without its ledger the mark tells whose it is.
	if err := w.base.SaveResponder(t.Context(), store.ResponderWrite{Account: w.account, Integration: w.row.ID, Gone: []netip.Prefix{kept.Target}}); err != nil {
		t.Fatal(err)
	}
	w.tick()
	w.want(kept, store.PlacementVerified, "")
	w.unblock("203.0.113.2/32")
	w.tick()
	w.holds("203.0.113.3/32 us", "203.0.113.4/32 us")
}

func TestSlowToShow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &vendor{marks: true, hideNew: true}, newMemory())
	b := w.block("203.0.113.7/32", 0)
	st := w.tick()
	w.want(b, store.PlacementApplied, "")
	if wait := st.NextCycle.Sub(w.clock()); wait > settleTime {
		t.Errorf("looks again in %s", wait)
	}
	w.vendor.hideNew = false
	w.tick()
	w.want(b, store.PlacementVerified, "")
	if w.vendor.changes != 1 {
		t.Errorf("%d changes", w.vendor.changes)
	}
}

func TestPanicsAndFaults(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		b := w.block("203.0.113.7/32", 0)
		w.vendor.panics = true
		if st := w.tick(); !strings.Contains(st.Error, "the connector failed") {
			t.Errorf("%+v", st)
		}
		w.vendor.panics = false
		w.audit.err = errors.New("no record, no act")
		if st := w.tick(); !strings.Contains(st.Error, "no record") || w.vendor.changes > 0 {
			t.Errorf("%+v", st)
		}
		w.audit.err = nil
		w.row.Version++
		w.openErr = errors.New("no such file")
		w.Apply(w.row)
		if st := w.tick(); !strings.Contains(st.Error, "cannot be opened: no such file") {
			t.Errorf("%+v", st)
		}
		w.openErr = nil
		w.row.Version++
		w.Apply(w.row)
		w.tick()
		w.want(b, store.PlacementVerified, "")
	})
}
