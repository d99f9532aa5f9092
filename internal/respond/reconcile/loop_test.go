package reconcile

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// running runs a world's service within a bubble; the time there is not real.
func running(t *testing.T, v *vendor, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, v, newMemory())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			w.Run(ctx)
		}()
		synctest.Wait()
		test(t, w)
		cancel()
		<-ended
		if running, _ := w.entry().clock.view(); running {
			t.Error("a cycle goes on after the end")
		}
	})
}

func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestLoopBeginsAtOnce(t *testing.T) {
	t.Parallel()
	running(t, &vendor{}, func(t *testing.T, w *world) {
		if st := w.States(w.account); len(st) != 1 || !st[0].Ready || st[0].Limits.Batch == 0 || w.vendor.reads != 1 {
			t.Errorf("at the start: %+v after %d reads", st, w.vendor.reads)
		}
		began := time.Now()
		b := w.block("203.0.113.7/32", 0)
		w.Nudge(w.row.ID, event.NewID())
		synctest.Wait()
		w.want(b, store.PlacementVerified, "")
		if d := time.Since(began); d != 0 {
			t.Errorf("it took %s", d)
		}
		reads := w.vendor.reads
		w.vendor.take(b.Target)
		after(every + every/10)
		w.want(b, store.PlacementVerified, "")
		if w.vendor.reads != reads+2 {
			t.Errorf("%d reads in one period", w.vendor.reads-reads)
		}
	})
}

// TestLost: the process ended within the deletion of a responder. What waits there is given up by the next one, or else the
// block would never be gone everywhere; a block that was made meanwhile is given up in time.
func TestLost(t *testing.T) {
	t.Parallel()
	base := newMemory()
	v := &vendor{}
	before := newWorld(t, v, base)
	b := before.block("203.0.113.7/32", 0)
	before.tick()
	before.unblock("203.0.113.7/32")
	base.lost = []store.ResponderRef{{Account: before.account, Integration: before.row.ID}}
	synctest.Test(t, func(t *testing.T) {
		s := New(Deps{Store: base, Catalogue: catalogue()})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Run(ctx)
		}()
		synctest.Wait()
		before.want(b, store.PlacementRemoved, causeDropped)
		if len(before.rows()) > 0 {
			t.Errorf("left: %v", before.rows())
		}
		late := before.block("203.0.113.8/32", 0)
		after(longestSleep)
		before.want(late, store.PlacementRemoved, causeDropped)
		cancel()
		<-ended
	})
	before.holds("203.0.113.7/32 us")
}

func TestLoopCoalesces(t *testing.T) {
	t.Parallel()
	running(t, &vendor{}, func(t *testing.T, w *world) {
		open := make(chan struct{})
		w.vendor.before = func(n int) {
			if n == 0 {
				<-open
			}
		}
		w.block("203.0.113.1/32", 0)
		w.Nudge(w.row.ID)
		synctest.Wait()
		if _, err := w.ReconcileNow(t.Context(), w.account, w.row.ID); !errors.Is(err, ErrBusy) {
			t.Errorf("while a cycle runs: %v", err)
		}
		for i := range 90 {
			w.block(fmt.Sprintf("198.51.100.%d/32", i), 0)
			w.Nudge(w.row.ID)
		}
		close(open)
		synctest.Wait()
		if w.vendor.changes != 2 || len(w.vendor.list()) != 91 {
			t.Errorf("%d changes for %d entries", w.vendor.changes, len(w.vendor.list()))
		}
	})
}

func TestLoopWaits(t *testing.T) {
	t.Parallel()
	running(t, &vendor{}, func(t *testing.T, w *world) {
		w.vendor.answer(connector.Throttled(errors.New("slow down"), time.Minute))
		b := w.block("203.0.113.1/32", 0)
		w.Nudge(w.row.ID)
		synctest.Wait()
		reads := w.vendor.reads
		for range 5 {
			after(10 * time.Second)
			w.Nudge(w.row.ID)
		}
		if w.vendor.reads != reads {
			t.Error("the pause that the vendor asked for was not kept to")
		}
		w.vendor.answer(nil)
		after(30 * time.Second)
		w.want(b, store.PlacementVerified, "")

		w.vendor.answer(errVendor)
		failed := w.block("203.0.113.2/32", 0)
		reads = w.vendor.reads
		w.Nudge(w.row.ID)
		after(time.Hour)
		if n := w.vendor.reads - reads; n < 8 || n > 16 {
			t.Errorf("%d tries within an hour", n)
		}
		if p := w.at(failed); p.State != store.PlacementFailed || p.Attempts < 8 || !p.DueAt.After(time.Now()) {
			t.Errorf("%+v", p)
		}
		w.vendor.answer(nil)
		w.Nudge(w.row.ID) // somebody wants something: that does not wait for a quarter of an hour
		after(nudgePause)
		w.want(failed, store.PlacementVerified, "")
	})
}

func TestLoopRetriesOne(t *testing.T) {
	t.Parallel()
	running(t, &vendor{}, func(t *testing.T, w *world) {
		tries := 0
		w.vendor.before = func(int) { tries++ }
		w.vendor.refuse = func(p netip.Prefix) error {
			if p.String() == "203.0.113.1/32" && tries < 4 {
				return errors.New("try later")
			}
			return nil
		}
		made := w.blockMany(0, "203.0.113.1/32", "203.0.113.2/32")
		w.Nudge(w.row.ID)
		synctest.Wait()
		w.want(made[0], store.PlacementFailed, "try later")
		w.want(made[1], store.PlacementVerified, "")
		after(time.Minute) // far less than a period
		w.want(made[0], store.PlacementVerified, "")
	})
}

func TestLoopIsBounded(t *testing.T) {
	t.Parallel()
	running(t, &vendor{}, func(t *testing.T, w *world) {
		stuck := make(chan struct{})
		w.vendor.before = func(n int) {
			if n == 0 {
				<-stuck
			}
		}
		b := w.block("203.0.113.1/32", 0)
		w.Nudge(w.row.ID)
		synctest.Wait()
		// A change of the integration breaks the cycle off; Remove waits for its end.
		w.row.Version++
		w.Apply(w.row)
		gone := make(chan error)
		go func() { gone <- w.Remove(t.Context(), w.account, w.row.ID) }()
		synctest.Wait()
		select {
		case err := <-gone:
			t.Fatalf("it was removed while a cycle ran: %v", err)
		default:
		}
		e := w.entry()
		close(stuck)
		if err := <-gone; err != nil || e != nil {
			t.Errorf("%v", err)
		}
		w.want(b, store.PlacementRemoved, causeDropped)
		w.Apply(w.row) // so that there is something to end
	})
}

// TestTenThousand: what is wanted goes out in as few requests as the vendor takes. On a disk they are fewer, unless large
// tests are asked for: the race detector makes writing them twenty times as long.
func TestTenThousand(t *testing.T) {
	for _, disk := range []bool{false, true} {
		var base store.Blocks = newMemory()
		if disk {
			if testing.Short() {
				continue
			}
			base = openSQLite(t)
		}
		w := newWorld(t, &vendor{batch: connector.MaxBlockBatch, capacity: connector.MaxBlockBatch + 1}, base)
		w.vendor.put("192.0.2.1/32", foreign, false)
		many := connector.MaxBlockBatch
		if disk && os.Getenv("TOCSIN_BIG") == "" {
			many /= 10
		}
		targets := make([]string, many)
		for i := range targets {
			targets[i] = fmt.Sprintf("198.18.%d.%d/32", i>>8, i&255)
		}
		w.blockMany(time.Hour, targets...)
		began := cpu(t)
		st := w.tick()
		used := cpu(t) - began
		t.Logf("disk %t: %s of CPU, %s in all", disk, used, st.Took)
		if w.vendor.reads != 2 || w.vendor.changes != 1 || len(w.vendor.list()) != len(targets)+1 || len(w.vendor.wrong) > 0 || st.Error != "" {
			t.Errorf("%d reads, %d changes, %d entries; %q", w.vendor.reads, w.vendor.changes, len(w.vendor.list()), st.Error)
		}
		for _, p := range w.open() {
			if p.State != store.PlacementVerified {
				t.Fatalf("%s is %s: %s", p.Target, p.State, p.Cause)
			}
		}
		if m, ok := base.(*memory); ok && m.rows > saveRows {
			t.Errorf("%d rows in one write", m.rows)
		}
		began = cpu(t)
		w.tick()
		t.Logf("looking again: %s of CPU", cpu(t)-began)
		if w.vendor.changes != 1 {
			t.Error("looking again changed something")
		}
	}
}

// cpu is what the process has used.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(os.NewSyscallError("getrusage", err))
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
