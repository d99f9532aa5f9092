package segment_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/segment"
)

// written makes a directory with that many records and gives its segments, oldest first.
func written(t *testing.T, records uint64) (dir string, segments []string) {
	t.Helper()
	dir = t.TempDir()
	log := opened(t, dir)
	for n := uint64(1); n <= records; n++ {
		if _, err := log.Append(t.Context(), record(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	segments, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(segments) < 3 {
		t.Fatalf("segments %v, %v", segments, err)
	}
	slices.Sort(segments)
	return dir, segments
}

func opened(t *testing.T, dir string) *segment.Log {
	t.Helper()
	log, err := segment.Open(t.Context(), dir, segment.Options{SegmentBytes: 1024, FS: unsynced{segment.DirFS(dir)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return log
}

// change edits a file.
func change(t *testing.T, path string, edit func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, edit(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// lost gives the numbers that read as damaged; all others must be right.
func lost(t *testing.T, log *segment.Log) (list []uint64) {
	t.Helper()
	first, last := log.Bounds()
	for n := first; n <= last; n++ {
		got, err := log.Read(t.Context(), n)
		if errors.Is(err, journal.ErrDamaged) {
			list = append(list, n)
		} else if err != nil || !bytes.Equal(got, record(n)) {
			t.Fatalf("record %d: %q, %v", n, got, err)
		}
	}
	return list
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	dir, segments := written(t, 60)
	if err := os.Remove(segments[1]); err != nil {
		t.Fatal(err)
	}
	log := opened(t, dir)
	gone := lost(t, log)
	d := log.Damage()
	if len(gone) == 0 || len(d) != 1 || d[0].From != gone[0] || d[0].To != gone[len(gone)-1] {
		t.Fatalf("records %v are lost, the log reports %+v", gone, d)
	}
}

func TestMissingNewestFile(t *testing.T) {
	t.Parallel()
	dir, segments := written(t, 60)
	if err := os.Remove(segments[len(segments)-1]); err != nil {
		t.Fatal(err)
	}
	log := opened(t, dir)
	if d := log.Damage(); len(d) != 1 || d[0].To != 0 {
		t.Fatalf("damage %+v; want one stretch of unknown length", d)
	}
	_, last := log.Bounds()
	if n, err := log.Append(t.Context(), record(last+1)); err != nil || n != last+1 || len(lost(t, log)) > 0 {
		t.Fatalf("appending: %d, %v", n, err)
	}
}

func TestFileCutShort(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"old", "new"} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			dir, segments := written(t, 60)
			path := segments[0]
			if which == "new" {
				path = segments[len(segments)-1]
			}
			for range 2 { // at the end of the footer, and among the records
				change(t, path, func(b []byte) []byte { return b[:len(b)/2] })
				log := opened(t, dir)
				lost(t, log)
				_, last := log.Bounds()
				if n, err := log.Append(t.Context(), record(last+1)); err != nil || n != last+1 {
					t.Fatalf("appending: %d, %v", n, err)
				}
				if err := log.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestStretch destroys a stretch with several headers in an old and in the newest segment: what lies behind it is
// served, and the lost numbers are reported.
func TestStretch(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"old", "new"} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			dir, segments := written(t, 58)
			path := segments[0]
			if which == "new" {
				path = segments[len(segments)-1]
			}
			change(t, path, func(b []byte) []byte {
				for i := 100; i < 300; i++ {
					b[i] = 0x5a
				}
				if which == "old" { // without its index it must be scanned
					b[len(b)-1] ^= 1
				}
				return b
			})
			log := opened(t, dir)
			gone := lost(t, log)
			if len(gone) < 2 || len(gone) > 8 || gone[len(gone)-1]-gone[0] != uint64(len(gone)-1) {
				t.Fatalf("records %v are lost", gone)
			}
			if d := log.Damage(); !slices.ContainsFunc(d, func(d journal.Damage) bool {
				return d.From >= gone[0] && d.To == gone[len(gone)-1]
			}) {
				t.Fatalf("records %v are lost, the log reports %+v", gone, d)
			}
		})
	}
}

// TestSalvage gets back what is left of records whose payload or header is damaged.
func TestSalvage(t *testing.T) {
	t.Parallel()
	dir, segments := written(t, 60)
	for _, path := range []string{segments[0], segments[len(segments)-1]} {
		change(t, path, func(b []byte) []byte {
			i := bytes.Index(b, []byte("record "))
			b[i] = 'R' // the payload of the segment's first record
			second := i + bytes.Index(b[i+8:], []byte("record ")) + 8
			b[second-8] ^= 4 // the header of its second
			return b
		})
	}
	log := opened(t, dir)
	gone := lost(t, log)
	if len(gone) != 4 {
		t.Fatalf("records %v are lost, want four", gone)
	}
	for i, n := range gone {
		b, err := log.Read(t.Context(), n)
		want := bytes.Clone(record(n))
		if i%2 == 0 {
			want[0] = 'R'
		}
		if !errors.Is(err, journal.ErrDamaged) || !bytes.HasPrefix(b, want) {
			t.Errorf("record %d: salvaged %q, %v; want %q", n, b, err, want)
		}
	}
}

// TestForgedRecord appends what looks like records of the log itself: damage around them must not bring them to life.
func TestForgedRecord(t *testing.T) {
	t.Parallel()
	dir, segments := written(t, 60)
	old, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	log := opened(t, dir)
	forged := bytes.Clone(old[64 : 64+800])
	for at := 0; at+24 <= len(forged); at += 8 { // later numbers, and checksums that anybody can compute
		if binary.LittleEndian.Uint32(forged[at:]) == 0xc3a5f17e {
			binary.LittleEndian.PutUint64(forged[at+8:], binary.LittleEndian.Uint64(forged[at+8:])+61)
			binary.LittleEndian.PutUint32(forged[at+20:], crc32.Checksum(forged[at:at+20], crc32.MakeTable(crc32.Castagnoli)))
		}
	}
	n, err := log.Append(t.Context(), forged)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	segments, _ = filepath.Glob(filepath.Join(dir, "*.seg"))
	slices.Sort(segments)
	change(t, segments[len(segments)-1], func(b []byte) []byte {
		i := bytes.Index(b, forged[:40])
		b[i-10] ^= 1 // its header
		return b
	})
	log = opened(t, dir)
	first, last := log.Bounds()
	for k := max(first, n); k <= last; k++ {
		if _, err := log.Read(t.Context(), k); !errors.Is(err, journal.ErrDamaged) {
			t.Fatalf("record %d of a forged payload: %v", k, err)
		}
	}
}

func TestNewerVersion(t *testing.T) {
	t.Parallel()
	dir, segments := written(t, 60)
	change(t, segments[len(segments)-1], func(b []byte) []byte {
		b[8] = 2
		binary.LittleEndian.PutUint32(b[60:], crc32.Checksum(b[:60], crc32.MakeTable(crc32.Castagnoli)))
		return b
	})
	_, err := segment.Open(t.Context(), dir, segment.Options{})
	if err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Fatalf("opening: %v", err)
	}
}

// counting counts the files that are opened and the bytes that are read.
type counting struct {
	segment.FS
	opened, read *atomic.Int64
}

type countingFile struct {
	segment.File
	read *atomic.Int64
}

func (c counting) Open(name string, write bool) (segment.File, error) {
	c.opened.Add(1)
	f, err := c.FS.Open(name, write)
	return countingFile{f, c.read}, err
}

func (f countingFile) ReadAt(b []byte, off int64) (int, error) {
	f.read.Add(int64(len(b)))
	return f.File.ReadAt(b, off)
}

// TestOpenCost: a start reads the newest segment and no other, however many there are. 320 segments of 64 MiB are
// 20 GiB.
func TestOpenCost(t *testing.T) {
	t.Parallel()
	const segments, size = 320, 1024
	dir := t.TempDir()
	quick := unsynced{segment.DirFS(dir)}
	log, err := segment.Open(t.Context(), dir, segment.Options{SegmentBytes: size, FS: quick})
	if err != nil {
		t.Fatal(err)
	}
	payload := make([]byte, 600)
	for range segments {
		if _, err := log.Append(t.Context(), payload); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	var files, read atomic.Int64
	log, err = segment.Open(context.Background(), dir, segment.Options{
		SegmentBytes: size, FS: counting{quick, &files, &read},
	})
	if err != nil {
		t.Fatal(err)
	}
	if files.Load() != 1 || read.Load() > 4*size {
		t.Errorf("opening %d segments opened %d files and read %d bytes", segments, files.Load(), read.Load())
	}
	if first, last := log.Bounds(); first != 1 || last != segments {
		t.Errorf("bounds %d to %d", first, last)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}
