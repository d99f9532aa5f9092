package segment_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/segment"
)

func record(n uint64) []byte {
	return append(fmt.Appendf(nil, "record %d ", n), bytes.Repeat([]byte{byte(n) | 1}, int(n*13%90))...)
}

func openMem(t *testing.T, m *memFS) (*segment.Log, error) {
	return segment.Open(t.Context(), "memory", segment.Options{SegmentBytes: 1024, MaxOpen: 2, FS: m})
}

// life is what a run of the scenario promised.
type life struct {
	acknowledged uint64
	trimmed      uint64 // a trim before that number was asked for
	err          error
}

const lifetime = 90

// live appends until something goes wrong or all is done, with trims in between.
func live(t *testing.T, log *segment.Log) (l life) {
	for n := uint64(1); n <= lifetime; n++ {
		got, err := log.Append(t.Context(), record(n))
		if errors.Is(err, journal.ErrFull) {
			got, err = log.Append(t.Context(), record(n)) // room again: nothing has been touched
		}
		if err != nil {
			l.err = err
			return l
		}
		if got != n {
			t.Fatalf("record %d got number %d", n, got)
		}
		l.acknowledged = n
		if n%30 == 0 {
			l.trimmed = n - 15
			if err := log.TrimBefore(t.Context(), l.trimmed); err != nil && l.err == nil {
				l.err = err
			}
		}
	}
	return l
}

// check reads everything from a log that was opened after the scenario.
func check(t *testing.T, what string, log *segment.Log, l life) {
	t.Helper()
	first, last := log.Bounds()
	if last < l.acknowledged || l.acknowledged > 0 && first > max(l.trimmed, 1) {
		t.Fatalf("%s: %d to %d are left; acknowledged up to %d, trimmed before %d", what, first, last, l.acknowledged, l.trimmed)
	}
	for n := max(first, 1); n <= last; n++ {
		got, err := log.Read(t.Context(), n)
		switch {
		case err == nil && bytes.Equal(got, record(n)):
		case n <= l.acknowledged, err == nil, !errors.Is(err, journal.ErrDamaged):
			t.Fatalf("%s: record %d of %d acknowledged: %q, %v", what, n, l.acknowledged, got, err)
		}
	}
	if n, err := log.Append(t.Context(), record(last+1)); err != nil || n != last+1 {
		t.Fatalf("%s: appending again: number %d after %d, %v", what, n, last, err)
	}
}

// TestFailAtEveryCall lets each call that changes something go wrong in each way, then cuts the power: nothing that
// was acknowledged is lost, nothing wrong is read, and a log that failed stays failed and touches nothing.
func TestFailAtEveryCall(t *testing.T) {
	t.Parallel()
	healthy := newMemFS()
	log, err := openMem(t, healthy)
	if err != nil {
		t.Fatal(err)
	}
	if l := live(t, log); l.err != nil || l.acknowledged != lifetime {
		t.Fatalf("without a fault: %+v", l)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	faults := map[string]fault{
		"an error":      {err: syscall.EIO},
		"a full disk":   {err: syscall.ENOSPC},
		"a short write": {err: syscall.EIO, short: true},
		"no descriptor": {err: syscall.EMFILE},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for k := 1; k <= healthy.calls; k++ {
				failAt(t, k, f)
			}
		})
	}
}

func failAt(t *testing.T, k int, f fault) {
	t.Helper()
	what := fmt.Sprintf("call %d", k)
	m := newMemFS()
	m.failAt, m.fault = k, f
	log, err := openMem(t, m)
	if err != nil {
		t.Fatal(err)
	}
	l := live(t, log)
	if l.acknowledged < lifetime {
		if l.err == nil {
			t.Fatalf("%s: no error", what)
		}
		before := m.newest()
		for range 3 {
			if _, err := log.Append(t.Context(), nil); err == nil || errors.Is(err, journal.ErrFull) {
				t.Fatalf("%s: the log works again after %v: %v", what, l.err, err)
			}
		}
		if !bytes.Equal(before, m.newest()) {
			t.Fatalf("%s: a failed log wrote to its newest segment", what)
		}
	}
	r := rand.New(rand.NewPCG(uint64(k), 1))
	for _, kept := range []float64{0, 0.5, 1} {
		crashed := m.crash(r, kept)
		for range 2 {
			again, err := openMem(t, crashed)
			if err != nil {
				t.Fatalf("%s: opening again: %v", what, err)
			}
			check(t, fmt.Sprintf("%s, %.1f of the rest kept", what, kept), again, l)
			if err := again.Close(); err != nil {
				t.Fatalf("%s: closing again: %v", what, err)
			}
		}
	}
	_ = log.Close()
	again, err := openMem(t, m)
	if err != nil {
		t.Fatalf("%s: opening after closing: %v", what, err)
	}
	check(t, what+", closed", again, l)
	_ = again.Close()
}

// poor has no file descriptors for new files while the flag is set.
type poor struct {
	segment.FS
	now *atomic.Bool
}

func (p poor) Create(name string) (segment.File, error) {
	if p.now.Load() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EMFILE}
	}
	return p.FS.Create(name)
}

// TestNoDescriptors: while a file cannot be made because too many are open, the log is full; then it goes on.
func TestNoDescriptors(t *testing.T) {
	t.Parallel()
	dir, none := t.TempDir(), new(atomic.Bool)
	log, err := segment.Open(t.Context(), dir, segment.Options{SegmentBytes: 1024, FS: poor{segment.DirFS(dir), none}})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	next, full := uint64(1), 0
	for next < 200 {
		none.Store(next > 50 && full < 5)
		got, err := log.Append(t.Context(), record(next))
		switch {
		case errors.Is(err, journal.ErrFull) && full < 5:
			full++
		case err != nil || got != next:
			t.Fatalf("record %d: number %d, %v", next, got, err)
		default:
			next++
		}
	}
	if full != 5 {
		t.Errorf("full %d times, want 5", full)
	}
}

// newest is what the newest segment holds.
func (m *memFS) newest() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := ""
	for name := range m.files {
		if strings.HasSuffix(name, ".seg") {
			last = max(last, name)
		}
	}
	if last == "" {
		return nil
	}
	return bytes.Clone(m.files[last].data)
}

// TestPowerCut cuts the power after every call of a healthy log.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	m := newMemFS()
	log, err := openMem(t, m)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(2, 2))
	for n := uint64(1); n <= lifetime; n++ {
		if _, err := log.Append(t.Context(), record(n)); err != nil {
			t.Fatal(err)
		}
		again, err := openMem(t, m.crash(r, float64(n%3)/2))
		if err != nil {
			t.Fatal(err)
		}
		check(t, "after the append", again, life{acknowledged: n})
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}
