package announce

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRecord(t *testing.T) {
	t.Parallel()
	s := fact("acme")
	received := s.At.Add(time.Hour)
	r, err := record(&s, received)
	if err != nil {
		t.Fatal(err)
	}
	want := &event.Record{
		ID: s.ID, Account: "acme", Type: s.Type, Severity: event.High, Time: s.At, Received: received,
		Origin: "int_x", Hops: 1, Flags: event.Internal | event.NoTime, Body: s.Event,
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	s.Event = json.RawMessage("{\"type\":\"system.integration_failing\",\n\"odd\":1}")
	if r, err = record(&s, received); err != nil || len(r.Raw) > 0 {
		t.Errorf("a fact that had to be rewritten: %+v, %v", r, err)
	}
	s.At = time.Time{}
	if r, err = record(&s, received); err != nil || !r.Time.Equal(received) {
		t.Errorf("a fact without a time: %+v, %v", r, err)
	}
}

// TestRefused wants facts that cannot be said to leave, and to keep nobody waiting.
func TestRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		good := fact("acme")
		far, last, broken, liar, empty := fact("acme"), fact("acme"), fact("acme"), fact("acme"), fact("acme")
		far.Hops, last.Hops = MaxHops+1, MaxHops
		broken.Event, liar.Type, empty.Event = json.RawMessage(`{"type":`), "alert.created", json.RawMessage(`{}`)
		f.outbox.put(far, broken, liar, empty, good, last)
		stop := f.start(t)
		synctest.Wait()
		stop()
		if diff := cmp.Diff(idsOf([]store.Said{good, last}), f.journal.ids()); diff != "" {
			t.Errorf("said (-want +got):\n%s", diff)
		}
		if got := f.Stats(); got != (Stats{Said: 2, Refused: 4}) || f.outbox.left() != 0 {
			t.Errorf("stats %+v, %d left", got, f.outbox.left())
		}
	})
}

func TestOneAppendPerAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		rows := []store.Said{fact("a"), fact("b"), fact("a"), fact("c"), fact("b")}
		f.outbox.put(rows...)
		stop := f.start(t)
		synctest.Wait()
		stop()
		var got [][]event.ID
		for _, a := range f.journal.appends {
			var ids []event.ID
			for _, r := range a.Records {
				if r.Account != a.Account {
					t.Errorf("%s's record among %s's", r.Account, a.Account)
				}
				ids = append(ids, r.ID)
			}
			got = append(got, ids)
		}
		want := [][]event.ID{{rows[0].ID, rows[2].ID}, {rows[1].ID, rows[4].ID}, {rows[3].ID}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("appends (-want +got):\n%s", diff)
		}
	})
}

func TestWakeAndIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		defer f.start(t)()
		pass(idleWait / 2)
		f.outbox.put(fact("acme"))
		f.Wake()
		f.Wake() // never waits
		synctest.Wait()
		if f.outbox.left() != 0 {
			t.Error("a wake did not hurry the pump")
		}
		f.outbox.put(fact("acme")) // in silence
		pass(gapWait + idleWait + time.Millisecond)
		synctest.Wait()
		if f.outbox.left() != 0 {
			t.Error("a fact that came in silence is not said")
		}
		before := f.outbox.polls()
		pass(time.Minute)
		synctest.Wait()
		if polls := f.outbox.polls() - before; polls > 60 {
			t.Errorf("%d polls in an idle minute", polls)
		}
	})
}

// TestBurst wants facts that come one by one to share appends, and more than a page to need no wait.
func TestBurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		defer f.start(t)()
		synctest.Wait()
		for range 100 {
			f.outbox.put(fact("acme"))
			f.Wake()
			pass(time.Millisecond)
		}
		pass(gapWait)
		synctest.Wait()
		if n := f.journal.called(); n > 3 || f.outbox.left() != 0 {
			t.Errorf("a burst took %d appends, %d left", n, f.outbox.left())
		}
		pass(gapWait)
		f.outbox.put(facts("acme", 2*pageRows+1)...)
		f.Wake()
		synctest.Wait()
		if f.outbox.left() != 0 {
			t.Errorf("%d of three pages are left", f.outbox.left())
		}
	})
}

// TestFull wants a full journal to be asked ever more rarely, and everything to be said once it has room.
func TestFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		rows := facts("acme", 3)
		f.outbox.put(rows...)
		f.journal.setFail(func(journal.Append) error { return journal.ErrFull })
		defer f.start(t)()
		for range 600 { // ten minutes with a wake per second
			pass(time.Second)
			f.Wake()
		}
		synctest.Wait()
		if n := f.journal.called(); n < 10 || n > 20 {
			t.Errorf("a full journal was asked %d times in ten minutes", n)
		}
		f.journal.setFail(nil)
		pass(longestWait + time.Second)
		synctest.Wait()
		if diff := cmp.Diff(idsOf(rows), f.journal.ids()); diff != "" || f.outbox.left() != 0 {
			t.Errorf("said once there was room (-want +got):\n%s", diff)
		}
		if f.failing.wait != 0 {
			t.Error("the next failure would wait as if there had been many")
		}
	})
}

// TestQuota wants an account at its quota to hold back nobody else, however much of it waits.
func TestQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		f.outbox.put(facts("greedy", pageRows+1)...)
		f.outbox.put(fact("acme"))
		f.journal.setFail(func(a journal.Append) error {
			if a.Account == "greedy" {
				return journal.ErrQuota
			}
			return nil
		})
		defer f.start(t)()
		synctest.Wait()
		if f.Stats().Said != 1 {
			t.Fatalf("said %d facts of the other account", f.Stats().Said)
		}
		for range 60 {
			f.outbox.put(fact("acme"))
			f.Wake()
			pass(10 * time.Second)
			synctest.Wait()
		}
		if got := f.Stats().Said; got != 61 {
			t.Errorf("said %d facts of the other account, want 61", got)
		}
		if n := f.journal.called() - 61; n < 8 || n > 20 {
			t.Errorf("the account at its quota was tried %d times in ten minutes", n)
		}
		f.journal.setFail(nil)
		pass(longestWait + time.Second)
		synctest.Wait()
		if f.outbox.left() != 0 || len(f.blocked) != 0 {
			t.Errorf("%d facts left when there was room again, %d accounts blocked", f.outbox.left(), len(f.blocked))
		}
	})
}

// TestUndeletedIsNotSaidTwice has the store refuse the deletion for a while.
func TestUndeletedIsNotSaidTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		rows := facts("acme", 2)
		f.outbox.put(rows...)
		f.outbox.set(func(o *fakeOutbox) { o.failDel = errBroken })
		defer f.start(t)()
		synctest.Wait()
		late := fact("acme")
		f.outbox.put(late)
		pass(10 * time.Minute)
		f.outbox.set(func(o *fakeOutbox) { o.failDel = nil })
		pass(longestWait + time.Second)
		synctest.Wait()
		if diff := cmp.Diff(idsOf(append(rows, late)), f.journal.ids()); diff != "" || f.outbox.left() != 0 {
			t.Errorf("said (-want +got):\n%s", diff)
		}
	})
}

// TestStopAfterAppend stops the pump at the moment when facts are in the journal and still in the outbox.
func TestStopAfterAppend(t *testing.T) {
	t.Parallel()
	f := newFixture()
	f.outbox.put(fact("acme"))
	ctx, cancel := context.WithCancel(t.Context())
	f.journal.after = cancel
	f.Run(ctx)
	if f.outbox.left() != 0 {
		t.Error("a fact that is in the journal stayed in the outbox")
	}
}

// TestCrash ends a pump between the append and the deletion, over a real store, and goes on with a second one.
func TestCrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows := facts("acme", 3)
	if err := s.SaveTick(t.Context(), store.Tick{Say: rows}); err != nil {
		t.Fatal(err)
	}
	j := new(fakeJournal)
	j.after = func() { // the process is gone, as far as the store can tell
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := New(Deps{Outbox: s, Appender: j}).round(t.Context()); err == nil {
		t.Fatal("the crash went unnoticed")
	}
	if s, err = sqlite.Open(t.Context(), dir, sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	j.after = nil
	p := New(Deps{Outbox: s, Appender: j})
	for want := range 2 { // the second round has nothing left
		read, err := p.round(t.Context())
		if err != nil || read != 3*(1-want) {
			t.Fatalf("a round after the crash read %d facts, %v", read, err)
		}
	}
	want := idsOf(rows)
	if diff := cmp.Diff(sorted(append(slices.Clone(want), want...)), sorted(j.ids())); diff != "" {
		t.Errorf("appended (-want +got):\n%s", diff)
	}
}

// TestDroppedIsTold wants the log to name what the outbox had no room for, once.
func TestDroppedIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		log := newTestLog()
		f.deps.Log = log.logger
		f.outbox.set(func(o *fakeOutbox) { o.dropped = 7 }) // before this process began
		f.outbox.set(func(o *fakeOutbox) { o.failList = errBroken })
		defer f.start(t)()
		synctest.Wait()
		f.outbox.set(func(o *fakeOutbox) { o.dropped = 10 })
		pass(time.Hour)
		synctest.Wait()
		if text := log.String(); strings.Count(text, "dropped=3") != 1 || strings.Contains(text, "dropped=7") ||
			strings.Count(text, "has to wait") != 1 {
			t.Errorf("the log says\n%s", text)
		}
	})
}
