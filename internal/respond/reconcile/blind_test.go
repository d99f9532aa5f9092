package reconcile

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/respond/fact"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestUnverifiable: where nothing can be read the ledger tells what is there.
func TestUnverifiable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &vendor{blind: true, capacity: 2}, openSQLite(t))
	a, b, c := w.block("203.0.113.1/32", 0), w.block("203.0.113.2/32", 0), w.block("203.0.113.3/32", 0)
	st := w.tick()
	for range 2 {
		w.tick()
	}
	w.want(a, store.PlacementApplied, "")
	w.want(b, store.PlacementApplied, "")
	w.want(c, store.PlacementFailed, "the responder is full: it holds 2 of 2 entries")
	if st.Capacity != 2 || w.vendor.changes != 1 {
		t.Errorf("%+v after %d changes", st, w.vendor.changes)
	}
	w.unblock("203.0.113.1/32")
	w.tick()
	w.want(a, store.PlacementRemoved, causeEnded)
	w.want(c, store.PlacementApplied, "")
	w.holds("203.0.113.2/32 us", "203.0.113.3/32 us")
	if d := cmp.Diff([]string{fact.TypeFailed, fact.TypeBlocked, fact.TypeBlocked, fact.TypeUnblock, fact.TypeBlocked}, w.said()); d != "" {
		t.Error(d)
	}
}

// TestUnverifiableAfterACrash ends the hub between each pair of steps, and has the block end meanwhile, or not.
func TestUnverifiableAfterACrash(t *testing.T) {
	t.Parallel()
	for _, point := range failpoint.Respond {
		for _, f := range []fault{fine, lostDone, lostUndone} {
			for _, end := range []bool{false, true} {
				w := newWorld(t, &vendor{blind: true}, newMemory())
				b := w.block("203.0.113.1/32", 0)
				w.vendor.fail = func(int) fault { return f }
				w.kill(point, "power cut", 1)
				w.vendor.fail = nil
				want, state := []string{"203.0.113.1/32 us"}, store.PlacementApplied
				if end {
					w.unblock("203.0.113.1/32")
					want, state = nil, store.PlacementRemoved
				}
				w.restart()
				w.tick()
				if d := cmp.Diff(want, w.vendor.list()); d != "" || w.at(b).State != state {
					t.Errorf("%s, fault %d, ended %t: %s; it is %s", point, f, end, d, w.at(b).State)
				}
				if !end { // and the removal as well
					w.unblock("203.0.113.1/32")
					w.kill(point, "power cut", 1)
					w.restart()
					w.tick()
					if len(w.vendor.list()) > 0 || w.at(b).State != store.PlacementRemoved {
						t.Errorf("%s, fault %d: %q; it is %s", point, f, w.vendor.list(), w.at(b).State)
					}
				}
			}
		}
	}
}

// TestUnverifiableCover: what is covered is taken away surely, also when that has to be asked for twice.
func TestUnverifiableCover(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &vendor{blind: true}, newMemory())
	narrow := w.block("203.0.113.1/32", 0)
	w.tick()
	w.block("203.0.113.0/24", 0)
	w.vendor.fail = func(n int) fault {
		if n == 3 { // the removal of the narrower one
			return lostUndone
		}
		return fine
	}
	w.tick()
	w.tick()
	w.holds("203.0.113.0/24 us")
	w.want(narrow, store.PlacementCovered, "covered by the block of 203.0.113.0/24")
	w.unblock("203.0.113.0/24")
	w.tick()
	w.holds("203.0.113.1/32 us")
	w.want(narrow, store.PlacementApplied, "")
}

// TestUnverifiableSuccessor: what an endpoint took without its answer arriving is there for the first block, by which an
// endpoint that keeps ids knows it, also when another block wants it by then.
func TestUnverifiableSuccessor(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{0, 2 * lateTime} {
		w := newWorld(t, &vendor{blind: true, ids: true}, newMemory())
		w.block("203.0.113.1/32", 0)
		w.vendor.fail = func(int) fault { return lostDone }
		w.tick()
		w.vendor.fail = nil
		w.unblock("203.0.113.1/32")
		second := w.block("203.0.113.1/32", 0)
		began := w.clock()
		w.clock = func() time.Time { return began.Add(late) }
		w.tick()
		w.want(second, store.PlacementApplied, "")
		w.unblock("203.0.113.1/32")
		w.tick()
		w.holds()
		w.want(second, store.PlacementRemoved, causeEnded)
	}
}

// TestUnverifiableRefused: that a request was refused does not say that what an earlier one may have brought is not there.
func TestUnverifiableRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &vendor{blind: true, ids: true}, newMemory())
	w.block("203.0.113.1/32", 0)
	w.vendor.fail = func(int) fault { return lostDone }
	w.tick()
	w.vendor.fail = nil
	w.unblock("203.0.113.1/32")
	second := w.block("203.0.113.1/32", 0)
	w.vendor.refuse = func(netip.Prefix) error { return errors.New("busy") }
	began := w.clock()
	w.clock = func() time.Time { return began.Add(2 * lateTime) }
	w.tick()
	w.tick() // it waits now
	w.want(second, store.PlacementFailed, "busy")
	w.vendor.refuse = nil
	w.unblock("203.0.113.1/32")
	w.tick()
	w.holds()
	w.want(second, store.PlacementRemoved, causeEnded)
}

// TestUnverifiableForeign: what an endpoint says was there already is in force, and stays when the block ends.
func TestUnverifiableForeign(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &vendor{blind: true, ids: true}, newMemory())
	w.vendor.put("203.0.113.1/32", foreign, false)
	b := w.block("203.0.113.1/32", 0)
	w.tick()
	w.want(b, store.PlacementApplied, causeBefore)
	changes := w.vendor.changes
	w.tick()
	if w.vendor.changes != changes {
		t.Error("it was asked for again")
	}
	w.unblock("203.0.113.1/32")
	w.tick()
	w.want(b, store.PlacementRemoved, causeBeforeEnd)
	w.holds("203.0.113.1/32 " + foreign)
}

func TestCapacityByFamily(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.vendor.v4, w.vendor.v6 = 2, 1
		var v4, v6 []store.Block
		for i := range 3 {
			v4 = append(v4, w.block(fmt.Sprintf("203.0.113.%d/32", i), 0))
			v6 = append(v6, w.block(fmt.Sprintf("2001:db8::%d/128", i), 0))
		}
		w.tick()
		w.want(v4[1], store.PlacementVerified, "")
		w.want(v4[2], store.PlacementFailed, "the responder is full: it holds 2 of 2 entries")
		w.want(v6[0], store.PlacementVerified, "")
		w.want(v6[1], store.PlacementFailed, "the responder is full: it holds 1 of 1 entries")
		st := w.tick()
		if v4, v6 := st.Of(v4[0].Target), st.Of(v6[0].Target); v4 != (Held{2, 2}) || v6 != (Held{1, 1}) {
			t.Errorf("it says that it holds %+v and %+v", v4, v6)
		}
		w.policy.Evict = true
		w.unblock("203.0.113.0/32")
		w.unblock("2001:db8::2/128")
		w.tick()
		w.want(v4[2], store.PlacementVerified, "")
		w.want(v4[1], store.PlacementVerified, "")
		w.want(v6[0], store.PlacementEvicted, causeEvicted)
		w.want(v6[1], store.PlacementVerified, "")
	})
}

// TestFullWithoutSaying: the vendor says what it can hold only when it is full.
func TestFullWithoutSaying(t *testing.T) {
	t.Parallel()
	for _, loud := range []bool{false, true} {
		fullWithoutSaying(t, newWorld(t, &vendor{marks: true, secret: 2, loud: loud}, openSQLite(t)))
	}
}

func fullWithoutSaying(t *testing.T, w *world) {
	t.Helper()
	made := w.blockMany(time.Hour, "203.0.113.1/32", "203.0.113.2/32", "203.0.113.3/32")
	w.tick()
	w.want(made[1], store.PlacementVerified, "")
	w.want(made[2], store.PlacementFailed, "the responder is full: it holds 2 of 2 entries")
	changes := w.vendor.changes
	w.tick()
	if w.vendor.changes != changes {
		t.Error("it was asked for again at once")
	}
	w.policy.Evict = true
	w.tick()
	w.want(made[0], store.PlacementEvicted, causeEvicted)
	w.want(made[2], store.PlacementVerified, "")
	w.vendor.secret = 0
	began := w.clock()
	w.clock = func() time.Time { return began.Add(fullTime) }
	w.policy.Evict = false
	fresh := w.block("203.0.113.4/32", 0)
	w.tick()
	w.want(fresh, store.PlacementVerified, "")
}
