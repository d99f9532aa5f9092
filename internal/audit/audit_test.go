package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var dana = act.Actor{Kind: act.KindUser, ID: "usr_1", Name: "dana@example.com", Account: "acme", Address: "192.0.2.7"}

// update is an act as services make them.
func update(target string) act.Act {
	return act.Act{
		Account: "acme", Actor: dana, Action: "integration.update", Target: target,
		Before: json.RawMessage(`{"name":"old","url":"https://a.example"}`), After: json.RawMessage(`{"name":"new", "url":"https://a.example"}`),
	}
}

// opened is a log on a store in memory, closed at the end of the test.
func opened(t *testing.T, m *memory, change ...func(*Deps)) *Log {
	t.Helper()
	d := Deps{Store: m, Now: newClock().Now}
	for _, c := range change {
		c(&d)
	}
	l, err := New(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func closed(t *testing.T, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// sound wants the record to verify, and gives the report.
func sound(t *testing.T, m *memory, checkpoints ...Checkpoint) Report {
	t.Helper()
	r := verified(t, m, checkpoints...)
	if !r.OK() {
		t.Fatalf("findings: %v", r.Findings)
	}
	return r
}

func verified(t *testing.T, s store.AuditReader, checkpoints ...Checkpoint) Report {
	t.Helper()
	rec, err := FromStore(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Verify(rec, checkpoints...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTwoEntries(t *testing.T) {
	t.Parallel()
	m := newMemory()
	l := opened(t, m)
	a := update("int_1")
	a.Actor, a.Note = act.Actor{}, "asked for in INC-7"
	finish, err := l.Begin(act.With(t.Context(), dana), a)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(m.entries()); n != 1 {
		t.Fatalf("%d entries before the act", n)
	}
	finish(errors.New("the receiver said no"))
	finish(nil) // once is enough
	closed(t, l)
	want := []Entry{
		{
			Seq: 1, At: "2026-11-21T09:30:00.123456Z", Account: "acme", Phase: PhaseBegin, Actor: dana, Action: "integration.update", Target: "int_1",
			Before: json.RawMessage(`{"name":"old","url":"https://a.example"}`), After: json.RawMessage(`{"name":"new","url":"https://a.example"}`),
			Note: "asked for in INC-7",
		},
		{
			Seq: 2, At: "2026-11-21T09:30:00.123456Z", Account: "acme", Phase: PhaseEnd, Act: 1, Actor: dana, Action: "integration.update",
			Target: "int_1", Outcome: OutcomeFailed, Error: "the receiver said no",
		},
	}
	if diff := cmp.Diff(want, m.entries(), cmpopts.IgnoreFields(Entry{}, "Salt")); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if e := m.entries(); e[0].Salt == e[1].Salt || len(e[0].Salt) != 16 {
		t.Errorf("salts %q and %q", e[0].Salt, e[1].Salt)
	}
	sound(t, m)
	if got := l.Stats(); got != (Stats{Begun: 1, Ended: 1, Head: 2}) {
		t.Errorf("stats %+v", got)
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for want, errs := range map[string][]error{
		OutcomeOK:     {nil},
		OutcomeFailed: {errors.New("x"), store.ErrUnavailable, act.ErrPanicked, context.Canceled},
		OutcomeRefused: {
			fmt.Errorf("signing in: %w", act.ErrRefused), fmt.Errorf("x: %w", store.ErrConflict), store.ErrNotFound,
			fmt.Errorf("x: %w", form.Errors{{Path: "url", Message: "is required"}}),
		},
	} {
		for _, err := range errs {
			if got := outcome(err); got != want {
				t.Errorf("%v: %s, want %s", err, got, want)
			}
		}
	}
}

// No audit, no act.
func TestFailingStore(t *testing.T) {
	t.Parallel()
	m := newMemory()
	l := opened(t, m)
	m.set(func(m *memory) { m.fail = store.ErrFull })
	for n := range 5 {
		err := act.Do(t.Context(), l, update("int_1"), func(context.Context) error {
			t.Error("it was done all the same")
			return nil
		})
		if !errors.Is(err, ErrUnavailable) || !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, store.ErrFull) {
			t.Fatalf("attempt %d: error %v", n, err)
		}
	}
	if err := l.Healthy(); err != nil {
		t.Errorf("nothing waits, and yet %v", err)
	}
	m.set(func(m *memory) { m.fail = nil })
	if err := act.Do(t.Context(), l, update("int_1"), func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	if r := sound(t, m); r.Entries != 2 {
		t.Errorf("%d entries", r.Entries)
	}
	if got := l.Stats(); got.Refused != 5 || got.Failed != 5 {
		t.Errorf("stats %+v", got)
	}
}

// An outcome waits until it can be written.
func TestOutcomeWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		l := opened(t, m)
		finish, err := l.Begin(t.Context(), update("int_1"))
		if err != nil {
			t.Fatal(err)
		}
		m.set(func(m *memory) { m.fail = store.ErrUnavailable })
		finish(nil)
		time.Sleep(20 * time.Second) //nolint:forbidigo // moves the fake clock
		if l.Healthy() == nil {
			t.Error("outcomes cannot be written, and the log is healthy")
		}
		if acts, _, err := l.Acts(t.Context(), store.AuditFilter{Account: "acme"}, store.Page{Limit: 9}); err != nil || acts[0].Outcome != OutcomeRunning {
			t.Errorf("acts %+v, %v", acts, err)
		}
		m.set(func(m *memory) { m.fail = nil })
		time.Sleep(longestRetry) //nolint:forbidigo // moves the fake clock
		if err := l.Healthy(); err != nil {
			t.Error(err)
		}
		if got := m.entries(); len(got) != 2 || got[1].Outcome != OutcomeOK {
			t.Errorf("entries %+v", got)
		}
		closed(t, l)
	})
}

// What cannot be written when the hub stops is said aloud.
func TestCloseGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		l := opened(t, m)
		finish, err := l.Begin(t.Context(), update("int_1"))
		if err != nil {
			t.Fatal(err)
		}
		late, err := l.Begin(t.Context(), update("int_2"))
		if err != nil {
			t.Fatal(err)
		}
		m.set(func(m *memory) { m.fail = store.ErrUnavailable })
		finish(nil)
		if err := l.Close(); err == nil {
			t.Error("closed without a word")
		}
		late(nil)
		if _, err := l.Begin(t.Context(), update("int_1")); !errors.Is(err, ErrUnavailable) {
			t.Errorf("beginning after the end: %v", err)
		}
		if got := l.Stats(); got.Lost != 2 {
			t.Errorf("stats %+v", got)
		}
		if r := sound(t, m); r.Unfinished != 2 {
			t.Errorf("unfinished %v", r.UnfinishedActs)
		}
	})
}

// Whoever leaves before the entry is written does not act; whoever leaves while it is written leaves a refusal behind.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	m := newMemory()
	l := opened(t, m)
	m.set(func(m *memory) { m.gate, m.inside = make(chan struct{}), make(chan struct{}) })
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error)
	begin := func() {
		_, err := l.Begin(ctx, update("int_1"))
		errs <- err
	}
	go begin()
	<-m.inside // the first is being written
	go begin() // the second waits
	for {
		l.mu.Lock()
		n := len(l.begins)
		l.mu.Unlock()
		if n == 1 {
			break
		}
		runtime.Gosched()
	}
	cancel()
	for range 2 {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	m.mu.Lock()
	gate := m.gate
	m.gate = nil
	m.mu.Unlock()
	close(gate)
	closed(t, l)
	got := m.entries()
	if len(got) != 2 || got[1].Outcome != OutcomeRefused || got[1].Act != 1 {
		t.Errorf("entries %+v", got)
	}
	sound(t, m)
}

// A transaction whose outcome nobody knows is looked up before it is repeated.
func TestDoubt(t *testing.T) {
	t.Parallel()
	m := newMemory()
	l := opened(t, m)
	finish, err := l.Begin(t.Context(), update("int_1"))
	if err != nil {
		t.Fatal(err)
	}
	m.set(func(m *memory) { m.fail, m.lands = store.ErrUnavailable, true })
	if _, err := l.Begin(t.Context(), update("int_2")); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("error %v", err)
	}
	m.set(func(m *memory) { m.blind = store.ErrUnavailable })
	finish(nil)
	if _, err := l.Begin(t.Context(), update("int_3")); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("error %v", err)
	}
	m.set(func(m *memory) { m.fail, m.blind = nil, nil })
	if err := act.Do(t.Context(), l, update("int_4"), func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	var got []string
	for _, e := range m.entries() {
		got = append(got, fmt.Sprintf("%d %s %d %s", e.Seq, e.Target, e.Act, e.Outcome))
	}
	var ends []string
	for _, g := range got {
		if !strings.HasSuffix(g, " 0 ") {
			ends = append(ends, g[2:])
		}
	}
	want := map[string]bool{"int_1 1 ok": true, "int_2 2 refused": true}
	for _, e := range ends {
		if !strings.HasPrefix(e, "int_4") && !want[e] {
			t.Errorf("an end too many: %s", e)
		}
		delete(want, e)
	}
	if len(want) > 0 {
		t.Errorf("missing %v in %v", want, got)
	}
	if r := sound(t, m); r.Unfinished != 0 {
		t.Errorf("unfinished %v in %v", r.UnfinishedActs, got)
	}
}

// Two processes write one record.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	m := newMemory()
	a, b := opened(t, m), opened(t, m)
	var wg sync.WaitGroup
	for n, l := range []*Log{a, b} {
		for i := range 4 {
			wg.Go(func() {
				for j := range 25 {
					err := act.Do(t.Context(), l, update(fmt.Sprintf("int_%d_%d_%d", n, i, j)), func(context.Context) error { return nil })
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	closed(t, a)
	closed(t, b)
	if r := sound(t, m); r.Entries != 400 || r.Unfinished != 0 {
		t.Errorf("%d entries, unfinished %v", r.Entries, r.UnfinishedActs)
	}
}

func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	m := newMemory()
	l := opened(t, m)
	l.mu.Lock()
	l.ends = make([]*request, maxUnsaid)
	l.mu.Unlock()
	if _, err := l.Begin(t.Context(), update("x")); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "1024 acts wait") {
		t.Errorf("error %v", err)
	}
	l.mu.Lock()
	l.ends, l.begins = nil, make([]*request, maxQueue)
	l.mu.Unlock()
	if _, err := l.Begin(t.Context(), update("x")); !errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	l.mu.Lock()
	l.begins = nil
	l.mu.Unlock()
}

func TestNoAct(t *testing.T) {
	t.Parallel()
	l := opened(t, newMemory())
	for _, a := range []act.Act{{Action: "a.b"}, {Account: "acme"}} {
		if _, err := l.Begin(t.Context(), a); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%+v: %v", a, err)
		}
	}
}

func TestActs(t *testing.T) {
	t.Parallel()
	m, c := newMemory(), newClock()
	l := opened(t, m, func(d *Deps) { d.Now = c.Now })
	ctx := t.Context()
	parent := dana
	parent.Account = "holding"
	begin := func(account, target string, who act.Actor) act.Finish {
		a := update(target)
		a.Account, a.Actor = "acme", who
		if account != "" {
			a.Account = "other"
		}
		finish, err := l.Begin(ctx, a)
		if err != nil {
			t.Fatal(err)
		}
		c.add(250 * time.Millisecond)
		return finish
	}
	begin("", "int_1", dana)(nil)
	begin("other", "int_2", dana)(nil)
	begin("", "int_3", parent)(store.ErrConflict)
	begin("", "int_4", dana) // still running
	var got []string
	f := store.AuditFilter{Account: "acme"}
	for p := (store.Page{Limit: 1}); ; {
		acts, next, err := l.Acts(ctx, f, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range acts {
			got = append(got, fmt.Sprintf("%s by %s of %s: %s %s", a.Target, a.Actor.Name, a.Actor.Account, a.Outcome, a.Error))
		}
		if p.After = next; next == "" {
			break
		}
	}
	want := []string{
		"int_4 by dana@example.com of acme: running ",
		"int_3 by dana@example.com of holding: refused conflict",
		"int_1 by dana@example.com of acme: ok ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("acts (-want +got):\n%s", diff)
	}
	closed(t, l)
	again := opened(t, m) // as after a crash
	acts, _, err := again.Acts(ctx, f, store.Page{Limit: 9})
	if err != nil || acts[0].Outcome != OutcomeUnknown || acts[0].TookMS != nil || *acts[2].TookMS != 250 {
		t.Errorf("acts %+v, %v", acts, err)
	}
}
