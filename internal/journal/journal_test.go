package journal_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestJoin: while a frame is being written, requests of several accounts gather in the next one.
func TestJoin(t *testing.T) {
	t.Parallel()
	log := &memLog{gate: make(chan struct{}), waiting: make(chan struct{}, 10)}
	j := openJournal(t, log, journal.Options{})
	var callers sync.WaitGroup
	add := func(account event.Account, n int) (at *journal.Position) {
		at = new(journal.Position)
		list := records(account, n, 10)
		callers.Go(func() {
			var err error
			if *at, err = j.Append(t.Context(), journal.Append{
				Account: account, Records: list, Idempotency: &journal.Idempotency{Account: account, First: list[0].ID, Count: uint32(n)},
			}); err != nil {
				t.Error(err)
			}
		})
		return at
	}
	first := add("a", 1)
	<-log.waiting
	places := map[journal.Position]bool{}
	list := []*journal.Position{add("a", 2), add("b", 3), add("a", 4)}
	waitPending(t, j, 9)
	close(log.gate)
	callers.Wait()
	for _, p := range list {
		places[*p] = true
	}
	if first.Frame != 1 || len(places) != 3 {
		t.Fatalf("positions %v, %v", first, places)
	}
	f, err := j.Read(t.Context(), 2)
	if err != nil || len(f.Sections) != 2 || len(f.Idempotency) != 3 {
		t.Fatalf("the second frame: %+v, %v", f, err)
	}
	for i := range f.Sections {
		s := &f.Sections[i]
		want := map[event.Account]struct{ before, count int }{"a": {1, 6}, "b": {0, 3}}[s.Account]
		if s.Before != uint64(want.before) || s.Count != uint32(want.count) {
			t.Errorf("section of %s: %d events after %d", s.Account, s.Count, s.Before)
		}
	}
	for p := range places {
		if p.Frame != 2 || p.Epoch != 1 || p.Item >= 9 {
			t.Errorf("position %v", p)
		}
	}
	if n := j.Journalled("a"); n != 7 {
		t.Errorf("%d events of a", n)
	}
	if diff := cmp.Diff([]event.Account{"a", "b"}, j.Accounts()); diff != "" {
		t.Error(diff)
	}
}

// waitPending waits until that many events wait for the next frame.
func waitPending(t *testing.T, j *journal.Journal, events int) {
	t.Helper()
	for j.Pending() != events {
		if t.Context().Err() != nil {
			t.Fatal("the events never came")
		}
		runtime.Gosched() // nothing announces that a caller has begun to wait
	}
}

// TestSpan: a request that is too large for a frame is several.
func TestSpan(t *testing.T) {
	t.Parallel()
	log := &memLog{}
	j := openJournal(t, log, journal.Options{})
	list := records("a", 7, 300<<10)
	p, err := j.Append(t.Context(), journal.Append{Account: "a", Records: list, Idempotency: &journal.Idempotency{Count: 7}})
	if err != nil || p != (journal.Position{Epoch: 1, Frame: 1}) {
		t.Fatal(p, err)
	}
	if _, last := j.Bounds(); last != 4 {
		t.Fatalf("%d frames, want 4", last)
	}
	for n := uint64(1); n <= 4; n++ {
		f, _ := j.Read(t.Context(), n)
		if f.Sections[0].Before != 2*(n-1) || (len(f.Idempotency) == 1) != (n == 4) {
			t.Errorf("frame %d: before %d, %d idempotency entries", n, f.Sections[0].Before, len(f.Idempotency))
		}
	}
	if _, err := j.Append(t.Context(), journal.Append{Account: "a", Records: records("a", 1, event.MaxRecordBytes)}); !errors.Is(err, journal.ErrTooLarge) {
		t.Errorf("an event that is too large: %v", err)
	}
	if p, err := j.Append(t.Context(), journal.Append{Account: "a"}); err != nil || p != (journal.Position{}) {
		t.Errorf("no events: %v, %v", p, err)
	}
}

// TestGiveUp: a caller whose context ends goes at once, be it the leader or not; the others get their answer.
func TestGiveUp(t *testing.T) {
	t.Parallel()
	log := &memLog{gate: make(chan struct{}), waiting: make(chan struct{}, 10)}
	j := openJournal(t, log, journal.Options{})
	results := make(chan error, 3)
	add := func(ctx context.Context) {
		list := records("a", 1, 10)
		go func() {
			_, err := j.Append(ctx, journal.Append{Account: "a", Records: list})
			results <- err
		}()
	}
	add(t.Context())
	<-log.waiting
	ctx, cancel := context.WithCancel(t.Context())
	add(ctx) // leads the second frame
	waitPending(t, j, 1)
	add(ctx)
	waitPending(t, j, 2)
	cancel()
	for range 2 {
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that gave up: %v", err)
		}
	}
	close(log.gate)
	if err := <-results; err != nil {
		t.Error(err)
	}
	f, err := j.Next(t.Context(), 2)
	if err != nil || f.Sections[0].Count != 2 {
		t.Errorf("what they left behind: %+v, %v", f, err)
	}
	if _, err := j.Append(ctx, journal.Append{Account: "a", Records: records("a", 1, 1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	log := &memLog{gate: make(chan struct{}), waiting: make(chan struct{}, 10)}
	j := openJournal(t, log, journal.Options{})
	cause := errors.New("the disk is on fire")
	log.fail = cause
	results := make(chan error, 9)
	for i := range cap(results) {
		list := records("a", 1, 10)
		go func() {
			_, err := j.Append(t.Context(), journal.Append{Account: "a", Records: list})
			results <- err
		}()
		if i == 0 {
			<-log.waiting
		}
	}
	waitPending(t, j, cap(results)-1)
	tail := make(chan error, 1)
	go func() {
		_, err := j.Next(t.Context(), 1)
		tail <- err
	}()
	close(log.gate)
	for range cap(results) {
		if err := <-results; !errors.Is(err, journal.ErrFailed) || !errors.Is(err, cause) {
			t.Errorf("a waiting caller: %v", err)
		}
	}
	if err := <-tail; !errors.Is(err, journal.ErrFailed) {
		t.Errorf("the tail: %v", err)
	}
	<-j.Failed()
	log.mu.Lock()
	log.fail = nil
	log.mu.Unlock()
	if _, err := j.Append(t.Context(), journal.Append{Account: "a", Records: records("a", 1, 1)}); !errors.Is(err, cause) {
		t.Errorf("afterwards: %v", err)
	}
	if s := j.Stats(); !errors.Is(s.Failed, cause) || s.Last != 0 || j.Journalled("a") != 0 {
		t.Errorf("stats %+v, %d journalled", s, j.Journalled("a"))
	}
}

// TestNoRoom: a log without room refuses, and works again when there is room.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	log := &memLog{fail: fmt.Errorf("no segment: %w", journal.ErrFull)}
	j := openJournal(t, log, journal.Options{})
	if _, err := j.Append(t.Context(), journal.Append{Account: "a", Records: records("a", 1, 1)}); !errors.Is(err, journal.ErrFull) || errors.Is(err, journal.ErrFailed) {
		t.Fatal(err)
	}
	log.fail = nil
	mustAppend(t, j, "a", 1)
	f, err := j.Read(t.Context(), 1)
	if err != nil || f.Sections[0].Before != 0 || j.Err() != nil {
		t.Fatalf("%+v, %v, %v", f, err, j.Err())
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	log := &memLog{}
	j := openJournal(t, log, journal.Options{})
	list := records("a", 2, 10)
	got := make(chan *journal.Frame)
	go func() {
		for n := uint64(1); n <= 3; n++ {
			f, err := j.Next(t.Context(), n)
			if err != nil {
				t.Error(err)
			}
			got <- f
		}
	}()
	for n := uint64(1); n <= 3; n++ {
		if _, err := j.Append(t.Context(), journal.Append{Account: "a", Records: list}); err != nil {
			t.Fatal(err)
		}
		f := <-got
		same, err := f.Sections[0].Records()
		if err != nil || f.Number != n || len(same) != 2 || same[0] != list[0] {
			t.Fatalf("frame %d: %+v, %v", n, f, err)
		}
	}
	if log.reads != 0 {
		t.Errorf("the tail read the log %d times", log.reads)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Next(ctx, 4); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with a context that has ended: %v", err)
	}
	if _, err := j.Read(t.Context(), 4); !errors.Is(err, journal.ErrNotYet) {
		t.Errorf("reading ahead: %v", err)
	}
	closed := make(chan error)
	go func() {
		_, err := j.Next(context.Background(), 4)
		closed <- err
	}()
	if err := j.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-closed; !errors.Is(err, journal.ErrClosed) {
		t.Errorf("the tail of a closed journal: %v", err)
	}
	if _, err := j.Append(t.Context(), journal.Append{Account: "a", Records: list}); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("appending to a closed journal: %v", err)
	}
}

// TestRestart: counters, epoch, time and ids go on where they were.
func TestRestart(t *testing.T) {
	t.Parallel()
	log, now := &memLog{}, newClock()
	total := map[event.Account]int{}
	var newest event.ID
	for run := range 5 {
		j := openJournal(t, log, journal.Options{Now: now.Now})
		for account, n := range total {
			if got := j.Journalled(account); got != uint64(n) {
				t.Fatalf("run %d: %d events of %s, want %d", run, got, account, n)
			}
		}
		for i := range 700 { // more than a snapshot's distance
			account := event.Account(fmt.Sprintf("account-%d", (i*i+run)%9))
			list := records(account, 1+i%3, 5)
			if _, err := j.Append(t.Context(), journal.Append{Account: account, Records: list}); err != nil {
				t.Fatal(err)
			}
			total[account] += len(list)
			newest = list[len(list)-1].ID
		}
		if err := j.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		now.add(-time.Hour) // frame times must not follow it
	}
	if id := event.NewID(); string(id[:]) <= string(newest[:]) {
		t.Errorf("id %s after %s", id.UUID(), newest.UUID())
	}
	log.reads = 0
	j := openJournal(t, log, journal.Options{Now: now.Now})
	if log.reads > 600 {
		t.Errorf("a start read %d frames of %d", log.reads, len(log.records))
	}
	before, last := map[event.Account]uint64{}, time.Time{}
	for n := uint64(1); n <= uint64(len(log.records)); n++ {
		f, err := j.Read(t.Context(), n)
		if err != nil || f.Time.Before(last) {
			t.Fatalf("frame %d at %v after %v: %v", n, f.Time, last, err)
		}
		last = f.Time
		for _, s := range f.Sections {
			if s.Before != before[s.Account] {
				t.Fatalf("frame %d: %s has %d events before, want %d", n, s.Account, s.Before, before[s.Account])
			}
			before[s.Account] += uint64(s.Count)
		}
	}
}

// TestRestartDamaged: lost frames, the one with the counters among them, do not stop the start, and a later section
// says how many events were lost.
func TestRestartDamaged(t *testing.T) {
	t.Parallel()
	log := &memLog{}
	j := openJournal(t, log, journal.Options{})
	for range 600 {
		mustAppend(t, j, "a", 1)
	}
	_ = j.Close(t.Context())
	log.records[512] = nil
	log.records[590] = nil
	var reports []journal.DamageReport
	j = openJournal(t, log, journal.Options{OnDamage: func(r journal.DamageReport) { reports = append(reports, r) }})
	if n := j.Journalled("a"); n != 600 {
		t.Errorf("%d events journalled, want 600", n)
	}
	for range 2 {
		if _, err := j.Read(t.Context(), 591); !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("a lost frame: %v", err)
		}
	}
	f, err := j.Read(t.Context(), 592)
	if err != nil || f.Sections[0].Before != 591 {
		t.Errorf("the frame behind it: %+v, %v", f, err)
	}
	checked, damaged, err := j.Verify(t.Context(), 1<<30)
	if checked != 600 || damaged != 2 || err != nil {
		t.Errorf("verified %d, %d damaged, %v", checked, damaged, err)
	}
	if len(reports) != 2 || j.Stats().Quarantined != 2 {
		t.Errorf("reports %+v, stats %+v", reports, j.Stats())
	}
}

func TestEpoch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		frames int
		floor  journal.Position
		damage []journal.Damage
		want   uint32
	}{
		{"new", 0, journal.Position{}, nil, 1},
		{"a mark within", 5, journal.Position{Epoch: 1, Frame: 4, Item: 1}, nil, 1},
		{"a mark at the end", 5, journal.Position{Epoch: 1, Frame: 6}, nil, 1},
		{"a mark behind the end", 5, journal.Position{Epoch: 1, Frame: 7}, nil, 2},
		{"a mark within the next frame", 5, journal.Position{Epoch: 1, Frame: 6, Item: 3}, nil, 2},
		{"a mark of a later epoch", 5, journal.Position{Epoch: 4, Frame: 2}, nil, 5},
		{"nothing left", 0, journal.Position{Epoch: 2, Frame: 9}, nil, 3},
		{"an end of unknown length", 5, journal.Position{}, []journal.Damage{{From: 6}}, 2},
		{"damage of known length", 5, journal.Position{}, []journal.Damage{{From: 6, To: 6}}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			log := &memLog{}
			j := openJournal(t, log, journal.Options{})
			for range test.frames {
				mustAppend(t, j, "a", 3)
			}
			_ = j.Close(t.Context())
			log.damage = test.damage
			j = openJournal(t, log, journal.Options{Floor: test.floor})
			if e := j.End(); e.Epoch != test.want || e.Less(test.floor) {
				t.Fatalf("the end is %v, want epoch %d", e, test.want)
			}
			_ = j.Close(t.Context())
			log.damage = nil
			j = openJournal(t, log, journal.Options{})
			if e := j.End(); e.Epoch != test.want {
				t.Fatalf("after a restart the end is %v, want epoch %d", e, test.want)
			}
			if p := mustAppend(t, j, "a", 1); p.Epoch != test.want || p.Less(test.floor) {
				t.Fatalf("the next event is at %v", p)
			}
		})
	}
}

func TestBumpEpoch(t *testing.T) {
	t.Parallel()
	log := &memLog{}
	j := openJournal(t, log, journal.Options{})
	mustAppend(t, j, "a", 2)
	if e, err := j.BumpEpoch(t.Context()); e != 2 || err != nil {
		t.Fatal(e, err)
	}
	_ = j.Close(t.Context())
	j = openJournal(t, log, journal.Options{})
	if p := mustAppend(t, j, "a", 1); p != (journal.Position{Epoch: 2, Frame: 3}) || j.Journalled("a") != 3 {
		t.Fatalf("position %v, %d journalled", p, j.Journalled("a"))
	}
}

func TestSeek(t *testing.T) {
	t.Parallel()
	log, now := &memLog{}, newClock()
	j := openJournal(t, log, journal.Options{Now: now.Now})
	start := now.Now()
	if n, err := j.Seek(t.Context(), start); n != 1 || err != nil {
		t.Fatalf("an empty journal: %d, %v", n, err)
	}
	for range 40 {
		mustAppend(t, j, "a", 1)
		now.add(time.Minute)
	}
	_ = j.Close(t.Context())
	for _, lost := range []int{0, 1, 17, 18, 19, 39} {
		log.records[lost] = nil
	}
	j = openJournal(t, log, journal.Options{Now: now.Now})
	for i := range 41 {
		n, err := j.Seek(t.Context(), start.Add(time.Duration(i)*time.Minute))
		// A frame that cannot be read has no time: it may be skipped or not, but none behind it may be.
		want := uint64(i + 1)
		for want <= 40 && log.records[want-1] == nil {
			want++
		}
		if err != nil || n > want || n < want-3 && n < uint64(i+1) {
			t.Errorf("minute %d: frame %d, want %d, %v", i, n, want, err)
		}
	}
}
