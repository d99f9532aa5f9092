// Package journaltest is what every driver of the journal must prove, and what the journal must prove over it.
//
// [Run] tests a driver through journal.Log alone, and through the files that it leaves in its directory: it flips
// bits in them, cuts the last write off, and kills a process that appends.
package journaltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/journal"
)

// Open opens the driver's log in dir. Its segments, if it has any, should be small, so that a few dozen records of
// some tens of bytes fill several.
type Open func(dir string) (journal.Log, error)

// Run proves a driver. Tests that need no durability use fast, which may leave syncs out; the others use open. They may
// be the same.
func Run(t *testing.T, open, fast Open) {
	if dir := os.Getenv(childEnv); dir != "" {
		appendUntilKilled(t, open, dir)
		return
	}
	tests := []struct {
		name string
		run  func(*testing.T, Open)
		open Open
	}{
		{"empty", testEmpty, fast},
		{"order", testOrder, fast},
		{"sizes", testSizes, fast},
		{"reopen", testReopen, fast},
		{"locked", testLocked, open},
		{"closed", testClosed, fast},
		{"readers", testReaders, open},
		{"trim", testTrim, fast},
		{"flips", testFlips, fast},
		{"torn", testTorn, fast},
		{"killed", testKilled, open},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, test.open)
		})
	}
}

// content is the record with that number: its length varies, and it says its number.
func content(number uint64) []byte {
	b := fmt.Appendf(nil, "record %d ", number)
	return append(b, bytes.Repeat([]byte{byte(number)}, int(number*7%41))...)
}

func mustOpen(t testing.TB, open Open, dir string) journal.Log {
	t.Helper()
	log, err := open(dir)
	if err != nil {
		t.Fatalf("opening the log: %v", err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return log
}

// fill appends records up to that number.
func fill(t testing.TB, log journal.Log, to uint64) {
	t.Helper()
	_, last := log.Bounds()
	for n := last + 1; n <= to; n++ {
		got, err := log.Append(t.Context(), content(n))
		if err != nil || got != n {
			t.Fatalf("appending record %d: number %d, %v", n, got, err)
		}
	}
}

func mustRead(t testing.TB, log journal.Log, n uint64) {
	t.Helper()
	got, err := log.Read(t.Context(), n)
	if err != nil || !bytes.Equal(got, content(n)) {
		t.Fatalf("reading record %d: %q, %v; want %q", n, got, err, content(n))
	}
}

func mustClose(t testing.TB, log journal.Log) {
	t.Helper()
	if err := log.Close(); err != nil {
		t.Fatalf("closing the log: %v", err)
	}
}

func wantBounds(t testing.TB, log journal.Log, first, last uint64) {
	t.Helper()
	if f, l := log.Bounds(); f != first || l != last {
		t.Fatalf("bounds %d to %d, want %d to %d", f, l, first, last)
	}
}

func wantError(t testing.TB, log journal.Log, n uint64, want error) {
	t.Helper()
	if _, err := log.Read(t.Context(), n); !errors.Is(err, want) {
		t.Fatalf("reading record %d: %v, want %v", n, err, want)
	}
}

func testEmpty(t *testing.T, open Open) {
	log := mustOpen(t, open, t.TempDir())
	wantBounds(t, log, 0, 0)
	wantError(t, log, 1, journal.ErrNotYet)
	if err := log.TrimBefore(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	if n := log.TrimPoint(1); n != 0 {
		t.Fatalf("trim point %d of an empty log", n)
	}
	if d := log.Damage(); len(d) > 0 {
		t.Fatalf("damage in an empty log: %v", d)
	}
}

func testOrder(t *testing.T, open Open) {
	log := mustOpen(t, open, t.TempDir())
	for n := uint64(1); n <= 100; n++ {
		fill(t, log, n)
		wantBounds(t, log, 1, n)
		mustRead(t, log, n)
		wantError(t, log, n+1, journal.ErrNotYet)
	}
	for n := uint64(100); n > 0; n-- {
		mustRead(t, log, n)
	}
	// The bytes belong to the caller.
	b, _ := log.Read(t.Context(), 7)
	clear(b)
	mustRead(t, log, 7)
}

func testSizes(t *testing.T, open Open) {
	dir := t.TempDir()
	log := mustOpen(t, open, dir)
	sizes := []int{0, 1, 7, 8, 9, 100, 1000, 10_000, 0, 300_000, 3}
	for i, size := range sizes {
		if n, err := log.Append(t.Context(), bytes.Repeat([]byte{byte(i + 1)}, size)); err != nil || n != uint64(i+1) {
			t.Fatalf("appending %d bytes: number %d, %v", size, n, err)
		}
	}
	for range 2 {
		for i, size := range sizes {
			got, err := log.Read(t.Context(), uint64(i+1))
			if err != nil || !bytes.Equal(got, bytes.Repeat([]byte{byte(i + 1)}, size)) {
				t.Fatalf("record %d of %d bytes: got %d bytes, %v", i+1, size, len(got), err)
			}
		}
		mustClose(t, log)
		log = mustOpen(t, open, dir)
	}
	if d := log.Damage(); len(d) > 0 {
		t.Fatalf("damage: %v", d)
	}
}

func testReopen(t *testing.T, open Open) {
	dir := t.TempDir()
	for to := uint64(0); to <= 120; to += 7 {
		log := mustOpen(t, open, dir)
		if to > 0 {
			wantBounds(t, log, 1, to-6)
		}
		for n := uint64(1); n+6 <= to; n++ {
			mustRead(t, log, n)
		}
		fill(t, log, to+1)
		if d := log.Damage(); len(d) > 0 {
			t.Fatalf("damage: %v", d)
		}
		mustClose(t, log)
	}
}

func testLocked(t *testing.T, open Open) {
	dir := t.TempDir()
	log := mustOpen(t, open, dir)
	fill(t, log, 3)
	if second, err := open(dir); err == nil {
		_ = second.Close()
		t.Fatal("the log was opened twice")
	} else if !bytes.Contains([]byte(err.Error()), []byte(dir)) {
		t.Errorf("the error does not name the directory: %v", err)
	}
	mustRead(t, log, 3)
	mustClose(t, log)
	mustRead(t, mustOpen(t, open, dir), 3)
}

func testClosed(t *testing.T, open Open) {
	log := mustOpen(t, open, t.TempDir())
	fill(t, log, 3)
	mustClose(t, log)
	mustClose(t, log)
	if _, err := log.Append(t.Context(), nil); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("appending to a closed log: %v", err)
	}
	if _, err := log.Read(t.Context(), 1); err == nil {
		t.Error("reading a closed log gave no error")
	}
}

// testReaders reads everything that exists, over and over, from several goroutines, while records are appended and
// old ones go.
func testReaders(t *testing.T, open Open) {
	log := mustOpen(t, open, t.TempDir())
	const total = 240
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var readers sync.WaitGroup
	for r := range 4 {
		readers.Go(func() {
			for n := uint64(r + 1); ctx.Err() == nil; n++ {
				got, err := log.Read(ctx, n)
				switch {
				case err == nil && bytes.Equal(got, content(n)):
				case errors.Is(err, journal.ErrNotYet):
					if _, last := log.Bounds(); last >= total {
						return
					}
					n = 0
				case errors.Is(err, journal.ErrTrimmed), errors.Is(err, context.Canceled):
				default:
					t.Errorf("record %d: %q, %v", n, got, err)
					return
				}
			}
		})
	}
	for n := uint64(1); n <= total; n++ {
		fill(t, log, n)
		if n%80 == 0 {
			if err := log.TrimBefore(ctx, n-50); err != nil {
				t.Error(err)
			}
		}
	}
	readers.Wait()
}

func testTrim(t *testing.T, open Open) {
	dir := t.TempDir()
	log := mustOpen(t, open, dir)
	fill(t, log, 200)
	full := log.Size()
	if err := log.TrimBefore(t.Context(), 90); err != nil {
		t.Fatal(err)
	}
	first, last := log.Bounds()
	if first > 90 || first == 1 || last != 200 {
		t.Fatalf("bounds %d to %d after trimming before 90", first, last)
	}
	if log.Size() >= full {
		t.Errorf("size %d after trimming, %d before", log.Size(), full)
	}
	wantError(t, log, first-1, journal.ErrTrimmed)
	wantError(t, log, 1, journal.ErrTrimmed)
	mustRead(t, log, first)

	point := log.TrimPoint(1)
	if point <= first || point > last {
		t.Fatalf("trim point %d of %d to %d", point, first, last)
	}
	before := log.Size()
	if err := log.TrimBefore(t.Context(), point); err != nil {
		t.Fatal(err)
	}
	if f, _ := log.Bounds(); f != point || log.Size() >= before {
		t.Fatalf("after trimming at the trim point %d: first %d, size %d, before %d", point, f, log.Size(), before)
	}

	// Everything goes but the newest.
	if err := log.TrimBefore(t.Context(), log.TrimPoint(1<<60)); err != nil {
		t.Fatal(err)
	}
	if err := log.TrimBefore(t.Context(), 10_000); err != nil {
		t.Fatal(err)
	}
	mustRead(t, log, 200)
	first, _ = log.Bounds()
	mustClose(t, log)
	log = mustOpen(t, open, dir)
	wantBounds(t, log, first, 200)
	fill(t, log, 210)
	mustRead(t, log, 210)
	if d := log.Damage(); len(d) > 0 {
		t.Fatalf("damage: %v", d)
	}
}
