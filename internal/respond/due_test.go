package respond

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// run lets the service run by the bubble's clock, which pass sets forward, until the test ends.
func (w *world) run() {
	w.deps.Now = func() time.Time { return time.Now().Add(w.time().Sub(base)) }
	w.restart()
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Run(ctx)
	}()
	w.t.Cleanup(func() {
		cancel()
		<-ended
	})
	synctest.Wait()
}

// until lets time pass.
func until(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
	synctest.Wait()
}

func TestBlocksExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.run()
		long := w.block(address(0), "2h")
		short := w.block(address(1), "10m") // sooner than what Run waits for
		pending := w.block("203.0.113.0/24", "24h")
		w.policy(`{"approve_permanent":false}`)
		ever := w.block(address(2), "permanent")
		state := func(o Outcome) store.BlockState { return w.get(o.Block.ID).Block.State }

		until(10*time.Minute - time.Millisecond)
		w.eq("short", state(short), store.BlockActive)
		until(time.Millisecond)
		w.eq("short", state(short), store.BlockExpired)
		st := w.get(short.Block.ID)
		w.eq("wanted", st.Placements[0].Wanted, false)
		w.eq("cause", st.Block.Cause, "its time is over")
		w.eq("nudged", w.responders.nudged[edge.Integration], 5) // three blocks, the policy, the end

		until(50*time.Minute - time.Millisecond)
		w.eq("pending", state(pending), store.BlockPending)
		until(time.Millisecond)
		w.eq("pending", state(pending), store.BlockLapsed)
		w.eq("facts", w.said(), []string{"ip.block_pending", "ip.block_rejected"})

		w.block(address(0), "2h") // extended at 1 h
		until(time.Hour)
		w.eq("extended", state(long), store.BlockActive)
		until(time.Hour)
		w.eq("long", state(long), store.BlockExpired)
		w.pass(24 * 365 * time.Hour)
		until(pruneEvery)
		w.eq("permanent", state(ever), store.BlockActive)
		w.agree()
	})
}

func TestExpiryIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.run()
		a := w.block(address(0), "10m")
		w.store.fail(errors.New("the disk is full"), false)
		until(11 * time.Minute)
		w.eq("state", w.get(a.Block.ID).Block.State, store.BlockActive)
		w.store.fail(nil, false)
		until(retryEvery)
		w.eq("state", w.get(a.Block.ID).Block.State, store.BlockExpired)
	})
}

// TestSweepIsTriedAgain protects an address while the store fails: its block is ended as soon as it can be.
func TestSweepIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.run()
		a := w.block(address(0), "24h")
		w.store.fail(errors.New("the disk is full"), false)
		_, ended, err := w.Protect(w.as(dana), acme, ProtectedInput{Target: address(0), Reason: "ours"}, false)
		w.must(err)
		w.eq("ended", len(ended), 0)
		synctest.Wait()
		w.store.fail(nil, false)
		until(retryEvery)
		w.eq("state", w.get(a.Block.ID).Block.State, store.BlockRemoved)
	})
}

// TestOverdue starts with blocks whose time ran out while nothing ran.
func TestOverdue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.deps.Now = time.Now
		w.restart()
		w.policy(`{"per_minute":10000,"per_hour":10000}`)
		var rs []Request
		for n := range 3 * dueBite {
			rs = append(rs, Request{Target: address(n), TTL: "10m"})
		}
		_, err := w.Import(w.as(dana), acme, rs)
		w.must(err)
		until(time.Hour)
		w.eq("open", len(w.open()), len(rs))
		w.run()
		w.eq("open", len(w.open()), 0)
	})
}

func TestOldThingsGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.run()
		a := w.block(address(0), "10m")
		for _, id := range []event.ID{edge.Integration, wall.Integration} {
			w.must(w.store.DropResponder(t.Context(), acme, id, "deleted", time.Now()))
		}
		short, _, err := w.Protect(w.as(dana), acme, ProtectedInput{Target: address(7), Reason: "for now", TTL: "1h"}, false)
		w.must(err)
		good, _, err := w.Protect(w.as(dana), acme, ProtectedInput{Target: address(8), Reason: "for good"}, false)
		w.must(err)
		w.pass(KeepExempt)
		until(pruneEvery)
		_, err = w.GetProtected(t.Context(), acme, short.ID)
		w.must(err)
		until(pruneEvery)
		_, err = w.GetProtected(t.Context(), acme, short.ID)
		w.eq("expired entry", errors.Is(err, ErrNoProtect), true)
		_, err = w.GetProtected(t.Context(), acme, good.ID)
		w.must(err)
		w.get(a.Block.ID)
		w.pass(KeepEnded)
		until(pruneEvery)
		_, err = w.Get(t.Context(), acme, a.Block.ID)
		w.eq("old block", errors.Is(err, ErrNotFound), true)
	})
}
