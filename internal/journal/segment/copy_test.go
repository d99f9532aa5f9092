package segment_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/segment"
)

func openLog(t *testing.T, dir string) *segment.Log {
	t.Helper()
	l, err := segment.Open(t.Context(), dir, segment.Options{SegmentBytes: small, MaxOpen: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// copyFiles copies a log as a backup does.
func copyFiles(t *testing.T, l *segment.Log) (dir string, files []journal.LogFile) {
	t.Helper()
	files, err := l.Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for _, f := range files {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil || int64(len(b)) != f.Bytes {
			t.Fatalf("%s: %d bytes, want %d (%v)", f.Name, len(b), f.Bytes, err)
		}
		if err := errors.Join(r.Close(), os.WriteFile(filepath.Join(dir, f.Name), b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir, files
}

// contents are the log's records, and what it found damaged.
func contents(t *testing.T, l *segment.Log) (list []string) {
	t.Helper()
	first, last := l.Bounds()
	for n := first; n <= last && n > 0; n++ {
		b, err := l.Read(t.Context(), n)
		if errors.Is(err, journal.ErrDamaged) {
			list = append(list, fmt.Sprint(n, " is damaged"))
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprint(n, " ", string(b)))
	}
	for _, d := range l.Damage() {
		list = append(list, fmt.Sprint("damage from ", d.From, " to ", d.To))
	}
	return list
}

func add(t *testing.T, l *segment.Log, n int) {
	t.Helper()
	for range n {
		if _, err := l.Append(t.Context(), []byte("0123456789012345678901234567890123456789")); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFiles: at every length of the log, and after a restart, its copy holds the same and is sound.
func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := openLog(t, dir)
	for i := range 60 {
		copied, files := copyFiles(t, l)
		back := openLog(t, copied)
		if diff := cmp.Diff(contents(t, l), contents(t, back)); diff != "" {
			t.Fatalf("after %d records:\n%s", i, diff)
		}
		next := uint64(1)
		for _, f := range files {
			if f.First != next || f.Next < f.First {
				t.Fatalf("%s holds the records from %d to %d", f.Name, f.First, f.Next)
			}
			next = f.Next
		}
		if _, last := l.Bounds(); i > 0 && next != last+1 {
			t.Fatalf("the files end before %d, the log holds %d", next, last)
		}
		add(t, back, 20) // it goes on
		if i%7 == 6 {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			l = openLog(t, dir)
		}
		add(t, l, 1)
	}
}

// TestFilesTorn: a log whose last write was cut off is copied with its damage, so that no number comes twice.
func TestFilesTorn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := openLog(t, dir)
	add(t, l, 25)
	_, files := copyFiles(t, l)
	last := files[len(files)-1]
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, last.Name), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("\x7e\xf1\xa5\xc3 half a record, and more of it than fits into one header"), last.Bytes); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	l = openLog(t, dir)
	want := contents(t, l)
	if len(l.Damage()) == 0 {
		t.Fatal("no damage was found")
	}
	copied, _ := copyFiles(t, l)
	back := openLog(t, copied)
	if diff := cmp.Diff(want, contents(t, back)); diff != "" {
		t.Error(diff)
	}
	first, err := l.Append(t.Context(), []byte("on"))
	if err != nil {
		t.Fatal(err)
	}
	if second, err := back.Append(t.Context(), []byte("on")); err != nil || second != first {
		t.Errorf("the copy goes on at %d, the log at %d (%v)", second, first, err)
	}
}

// TestFilesClosed: a log that is closed gives no files.
func TestFilesClosed(t *testing.T) {
	t.Parallel()
	l := openLog(t, t.TempDir())
	add(t, l, 30)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Files(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Files(t.Context()); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("error is %v", err)
	}
}
