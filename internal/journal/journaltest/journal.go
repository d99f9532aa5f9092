package journaltest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// RunJournal proves the journal over a driver. open and fast are as in Run.
func RunJournal(t *testing.T, open, fast Open) {
	if dir := os.Getenv(childEnv); dir != "" {
		journalUntilKilled(t, open, dir)
		return
	}
	tests := []struct {
		name string
		run  func(*testing.T, Open)
		open Open
	}{
		{"many writers", testWriters, open},
		{"flips", testJournalFlips, fast},
		{"killed", testJournalKilled, open},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, test.open)
		})
	}
}

// openJournal opens a journal; reports are put into *reports.
func openJournal(t testing.TB, open Open, dir string, reports *[]journal.DamageReport) (*journal.Journal, journal.Log) {
	t.Helper()
	log, err := open(dir)
	if err != nil {
		t.Fatalf("opening the log: %v", err)
	}
	j, err := journal.Open(t.Context(), log, journal.Options{OnDamage: func(r journal.DamageReport) {
		if reports != nil {
			*reports = append(*reports, r)
		}
	}})
	if err != nil {
		t.Fatalf("opening the journal: %v", err)
	}
	return j, log
}

// someEvents are of one account; their keys number them within it.
func someEvents(account event.Account, from uint64, n int) []*event.Record {
	list := make([]*event.Record, n)
	ids := event.NewIDs(n)
	for i := range list {
		list[i] = &event.Record{
			ID: ids.At(i), Account: account, Type: "alert.created", DedupKey: fmt.Sprint(from + uint64(i)),
			Time: time.Unix(1, 0).UTC(), Received: time.Unix(2, 0).UTC(), Body: []byte(`{"title":"x"}`),
		}
	}
	return list
}

// survived is what a journal still holds: the keys of the events, by account, in order.
type survived map[event.Account][]string

// surveyJournal reads everything. A gap between sections must be as large as their Before says; at the end the journal
// must know how many events there were.
func surveyJournal(t testing.TB, j *journal.Journal) survived {
	t.Helper()
	got, before := survived{}, map[event.Account]uint64{}
	first, last := j.Bounds()
	for n := max(first, 1); n <= last; n++ {
		f, err := j.Read(t.Context(), n)
		if errors.Is(err, journal.ErrDamaged) {
			continue
		}
		if err != nil {
			t.Fatalf("frame %d: %v", n, err)
		}
		for i := range f.Sections {
			s := &f.Sections[i]
			if s.Before < before[s.Account] {
				t.Fatalf("frame %d: %d events of %s before, already %d", n, s.Before, s.Account, before[s.Account])
			}
			list, err := s.Records()
			if s.Damaged != (err != nil) || err != nil && !errors.Is(err, journal.ErrDamaged) {
				t.Fatalf("frame %d, section of %s: %v", n, s.Account, err)
			}
			for k, r := range list {
				if r.DedupKey != fmt.Sprint(s.Before+uint64(k)) {
					t.Fatalf("frame %d: event %d of %s says that it is %s", n, s.Before+uint64(k), s.Account, r.DedupKey)
				}
				got[s.Account] = append(got[s.Account], r.DedupKey)
			}
			before[s.Account] = s.Before + uint64(s.Count)
		}
	}
	for account, n := range before {
		if have := j.Journalled(account); have < n {
			t.Fatalf("%d events of %s journalled, the frames say %d", have, account, n)
		}
	}
	return got
}

// testWriters appends from many goroutines while readers follow.
func testWriters(t *testing.T, open Open) {
	dir := t.TempDir()
	j, _ := openJournal(t, open, dir, nil)
	const writers, each = 8, 30
	var all sync.WaitGroup
	for w := range writers {
		account := event.Account(fmt.Sprintf("account-%d", w))
		all.Go(func() {
			for i := range uint64(each) {
				if _, err := j.Append(t.Context(), journal.Append{Account: account, Records: someEvents(account, i, 1)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 3 {
		all.Go(func() {
			for n, seen := uint64(1), uint32(0); seen < writers*each; n++ {
				f, err := j.Next(t.Context(), n)
				if err != nil {
					t.Error(err)
					return
				}
				for _, s := range f.Sections {
					seen += s.Count
				}
			}
		})
	}
	all.Wait()
	for range 2 {
		got := surveyJournal(t, j)
		for account, keys := range got {
			if len(keys) != each {
				t.Errorf("%d events of %s", len(keys), account)
			}
		}
		if len(got) != writers {
			t.Errorf("events of %d accounts", len(got))
		}
		if err := j.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		j, _ = openJournal(t, open, dir, nil)
	}
	if err := j.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// testJournalFlips flips a bit of every byte on disk: at most one frame is lost, what is lost is reported, and the
// running numbers go on behind it.
func testJournalFlips(t *testing.T, open Open) {
	dir := t.TempDir()
	j, _ := openJournal(t, open, dir, nil)
	const frames, each = 7, 2
	for i := range uint64(frames) {
		account := event.Account(fmt.Sprintf("account-%d", i%2))
		if _, err := j.Append(t.Context(), journal.Append{Account: account, Records: someEvents(account, i/2*each, each)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	img := take(t, dir)
	for _, name := range slices.Sorted(maps.Keys(img)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "log")
			img.flipEach(t, dir, name, func(i int, goOn bool) {
				var reports []journal.DamageReport
				j, _ := openJournal(t, open, dir, &reports)
				kept := 0
				for _, keys := range surveyJournal(t, j) {
					kept += len(keys)
				}
				lost := frames*each - kept
				if lost > each || lost > 0 && len(reports) == 0 {
					t.Fatalf("byte %d of %s: %d events are lost, reports %+v", i, name, lost, reports)
				}
				if goOn {
					if _, err := j.Append(t.Context(), journal.Append{Account: "new", Records: someEvents("new", 0, 1)}); err != nil {
						t.Fatalf("byte %d of %s: %v", i, name, err)
					}
				}
				if err := j.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// testJournalKilled kills a process that appends to a journal.
func testJournalKilled(t *testing.T, open Open) {
	dir := t.TempDir()
	test, _, _ := strings.Cut(t.Name(), "/")
	acknowledged := uint64(0)
	for round := range killRounds {
		acknowledged = runUntil(t, test, dir, acknowledged+uint64(15+round*11))
		j, _ := openJournal(t, open, dir, nil)
		have := j.Journalled("default")
		if keys := surveyJournal(t, j)["default"]; have < acknowledged || uint64(len(keys)) != have {
			t.Fatalf("%d events were acknowledged, %d are counted and %d are there", acknowledged, have, len(keys))
		}
		acknowledged = have
		if err := j.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func journalUntilKilled(t *testing.T, open Open, dir string) {
	j, _ := openJournal(t, open, dir, nil)
	const most = 100_000
	for range most {
		n := j.Journalled("default")
		if _, err := j.Append(t.Context(), journal.Append{Account: "default", Records: someEvents("default", n, 1)}); err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Printf("%d\n", n+1)
	}
}
