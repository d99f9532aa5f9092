package journal_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

func TestTrim(t *testing.T) {
	t.Parallel()
	log, now := &memLog{}, newClock()
	j := openJournal(t, log, journal.Options{Now: now.Now, MaxAge: time.Hour, MaxBytes: 1 << 20})
	var swept []journal.Position
	sweep := func(_ context.Context, before journal.Position) error {
		swept = append(swept, before)
		return nil
	}
	trim := func() {
		t.Helper()
		if err := j.Trim(t.Context(), sweep); err != nil {
			t.Fatal(err)
		}
	}
	trim()
	for range 10 {
		mustAppend(t, j, "a", 1)
		now.add(10 * time.Minute)
	}
	refused := errors.New("not now")
	if err := j.Trim(t.Context(), func(context.Context, journal.Position) error { return refused }); !errors.Is(err, refused) {
		t.Fatalf("a sweep that fails: %v", err)
	}
	if first, _ := j.Bounds(); first != 1 {
		t.Fatal("trimmed without a sweep")
	}
	trim()
	trim()
	// Now it is 12:00 + 100 minutes: frames from before 12:40 are too old.
	if diff := cmp.Diff([]journal.Position{{Epoch: 1, Frame: 5}}, swept); diff != "" {
		t.Fatal(diff)
	}
	if first, _ := j.Bounds(); first != 5 {
		t.Fatalf("first frame %d", first)
	}
	if _, err := log.Read(t.Context(), 4); !errors.Is(err, journal.ErrTrimmed) {
		t.Fatal(err)
	}
	if s := j.Stats(); !s.OldestTime.Equal(newClock().Now().Add(40 * time.Minute)) {
		t.Errorf("the oldest is of %v", s.OldestTime)
	}

	// By size: everything but the newest frames goes.
	if _, err := j.Append(t.Context(), journal.Append{Account: "a", Records: incompressible(6, 400<<10)}); err != nil {
		t.Fatal(err)
	}
	_, last := j.Bounds()
	trim()
	first, _ := j.Bounds()
	if log.Size() > 1<<20 || first == last && log.Size() == 0 {
		t.Errorf("%d bytes in frames %d to %d", log.Size(), first, last)
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	log, now := &memLog{}, newClock()
	o := journal.Options{Now: now.Now, AccountQuota: 10_000, MaxAge: time.Hour}
	j := openJournal(t, log, o)
	add := func(account event.Account) error {
		_, err := j.Append(t.Context(), journal.Append{Account: account, Records: records(account, 1, 900)})
		return err
	}
	fill := func() (n int) {
		for n = 0; add("a") == nil; n++ {
		}
		return n
	}
	if n := fill(); n < 9 || n > 11 {
		t.Fatalf("%d events of 1 KB in 10 KB", n)
	}
	if err := add("a"); !errors.Is(err, journal.ErrQuota) {
		t.Fatal(err)
	}
	if err := add("b"); err != nil {
		t.Fatalf("another account: %v", err)
	}
	_ = j.Close(t.Context())
	j = openJournal(t, log, o)
	if err := add("a"); !errors.Is(err, journal.ErrQuota) {
		t.Fatalf("after a restart: %v", err)
	}
	now.add(2 * time.Hour)
	if err := add("b"); err != nil {
		t.Fatal(err)
	}
	if err := j.Trim(t.Context(), func(context.Context, journal.Position) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if n := fill(); n < 9 || n > 11 {
		t.Fatalf("%d events of 1 KB in 10 KB, after a trim", n)
	}
}

func TestLowDisk(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), newClock()
	ballast := filepath.Join(dir, "ballast")
	free := int64(1 << 30)
	j := openJournal(t, &memLog{}, journal.Options{
		Dir: dir, Now: now.Now, MinFree: 100 << 20, BallastBytes: 1 << 20,
		Free: func(string) (int64, error) { return free, nil },
	})
	check := func(what string, want error, size int64) {
		t.Helper()
		now.add(time.Second)
		_, err := j.Append(t.Context(), journal.Append{Account: "a", Records: records("a", 1, 1)})
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %v", what, err)
		}
		got := int64(-1)
		if info, err := os.Stat(ballast); err == nil {
			got = info.Size()
		}
		if got != size {
			t.Errorf("%s: a ballast of %d bytes, want %d", what, got, size)
		}
	}
	check("enough", nil, 1<<20)
	free = 99 << 20
	check("low", journal.ErrFull, -1)
	free = 100<<20 + 1
	check("only the ballast's room", journal.ErrFull, -1)
	free = 110 << 20
	check("room again", nil, 1<<20)
	if s := j.Stats(); s.FreeBytes != free {
		t.Errorf("free %d", s.FreeBytes)
	}
}

// TestQuarantine: a damaged section is reported once and kept aside; its neighbours in the frame are served.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	log := &memLog{gate: make(chan struct{}), waiting: make(chan struct{}, 10)}
	dir := t.TempDir()
	var reports []journal.DamageReport
	j := openJournal(t, log, journal.Options{})
	var callers sync.WaitGroup
	for i, account := range []event.Account{"x", "a", "b"} {
		list := records(account, 2, 10)
		callers.Go(func() {
			if _, err := j.Append(t.Context(), journal.Append{Account: account, Records: list}); err != nil {
				t.Error(err)
			}
		})
		if i == 0 {
			<-log.waiting
		} else {
			waitPending(t, j, 2*i)
		}
	}
	close(log.gate)
	callers.Wait()
	_ = j.Close(t.Context())
	record := log.records[1]
	record[len(record)-3] ^= 1
	log.gate = nil
	j = openJournal(t, log, journal.Options{Dir: dir, OnDamage: func(r journal.DamageReport) { reports = append(reports, r) }})
	for range 3 {
		f, err := j.Read(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		good, bad := &f.Sections[0], &f.Sections[1]
		if list, err := good.Records(); good.Damaged || len(list) != 2 || err != nil {
			t.Errorf("the sound section: %+v, %v", good, err)
		}
		if _, err := bad.Records(); !bad.Damaged || !errors.Is(err, journal.ErrDamaged) || bad.Types[0].Count != 2 {
			t.Errorf("the damaged section: %+v, %v", bad, err)
		}
	}
	if len(reports) != 1 || reports[0].Frame != 2 || reports[0].Account != "b" || reports[0].Events != 2 || j.Stats().Quarantined != 1 {
		t.Fatalf("reports %+v", reports)
	}
	kept, err := os.ReadFile(reports[0].Kept)
	if err != nil || !strings.HasSuffix(string(record), string(kept)) || len(kept) == 0 {
		t.Errorf("kept %d bytes in %s, %v", len(kept), reports[0].Kept, err)
	}
	if n := j.Journalled("b"); n != 2 {
		t.Errorf("%d events of b", n)
	}
}
