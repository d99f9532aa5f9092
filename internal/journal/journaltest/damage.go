package journaltest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/journal"
)

// image is a directory's files.
type image map[string][]byte

// take reads all files of dir but the lock, which holds nothing that must last.
func take(t testing.TB, dir string) image {
	t.Helper()
	img := image{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.EqualFold(d.Name(), "lock") {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		img[rel] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// put makes dir hold just these files.
func (img image) put(t testing.TB, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for name, b := range img {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// with is the image with one file replaced.
func (img image) with(name string, b []byte) image {
	other := maps.Clone(img)
	other[name] = b
	return other
}

// flipEach makes dir hold the image with one bit of the file changed, for each of its bytes. try may change the
// directory only with goOn.
func (img image) flipEach(t testing.TB, dir, name string, try func(i int, goOn bool)) {
	t.Helper()
	img.put(t, dir)
	path := filepath.Join(dir, name)
	for i, good := range img[name] {
		goOn := i%8 == 0
		setByte(t, path, i, good^1<<(i%8))
		try(i, goOn)
		if goOn {
			img.put(t, dir)
		} else {
			setByte(t, path, i, good)
		}
	}
}

func setByte(t testing.TB, path string, at int, b byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte{b}, int64(at))
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// testFlips flips a bit of every byte of every file: each time the log opens, at most one record is lost, that one is
// known to be damaged, everything else is served, and the next record gets a number of its own.
func testFlips(t *testing.T, open Open) {
	dir := t.TempDir()
	log := mustOpen(t, open, dir)
	const total = 30
	fill(t, log, total)
	mustClose(t, log)
	img := take(t, dir)
	for _, name := range slices.Sorted(maps.Keys(img)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "log")
			img.flipEach(t, dir, name, func(i int, goOn bool) {
				if lost := survey(t, open, dir, total, goOn); len(lost) > 1 {
					t.Fatalf("byte %d of %s: records %v are lost", i, name, lost)
				}
			})
		})
	}
}

// survey opens the log and reads what it should hold; it gives the records that are damaged, everything else must be
// right. With goOn it also appends a record and opens the log again.
func survey(t *testing.T, open Open, dir string, total uint64, goOn bool) (lost []uint64) {
	t.Helper()
	log := mustOpen(t, open, dir)
	first, last := log.Bounds()
	if first != 1 || last < total {
		t.Fatalf("bounds %d to %d of %d records", first, last, total)
	}
	for n := uint64(1); n <= last; n++ {
		got, err := log.Read(t.Context(), n)
		switch {
		case errors.Is(err, journal.ErrDamaged):
			if n <= total {
				lost = append(lost, n)
			}
		case err != nil || n > total || !bytes.Equal(got, content(n)):
			t.Fatalf("record %d: %q, %v", n, got, err)
		}
	}
	if len(lost) == 0 && last > total && len(log.Damage()) == 0 {
		t.Fatalf("numbers were given up without a word: last %d", last)
	}
	if !goOn {
		mustClose(t, log)
		return lost
	}
	n, err := log.Append(t.Context(), content(last+1))
	if err != nil || n != last+1 {
		t.Fatalf("appending after damage: number %d after %d, %v", n, last, err)
	}
	mustRead(t, log, n)
	mustClose(t, log)
	log = mustOpen(t, open, dir)
	wantBounds(t, log, first, n)
	mustRead(t, log, n)
	mustClose(t, log)
	return lost
}

// testTorn leaves parts of the last write out, as a power cut does: from every byte on, and up to every byte.
func testTorn(t *testing.T, open Open) {
	dir := t.TempDir()
	log := mustOpen(t, open, dir)
	const total = 17
	fill(t, log, total-1)
	mustClose(t, log) // nothing goes on in the background between the two images
	before := take(t, dir)
	log = mustOpen(t, open, dir)
	fill(t, log, total)
	mustClose(t, log)
	after := take(t, dir)
	name, from, to := lastWrite(t, before, after)
	old := append(bytes.Clone(before[name]), make([]byte, len(after[name])-len(before[name]))...)
	for i := from; i <= to; i++ {
		for _, kept := range []struct {
			what string
			b    []byte
		}{
			{"the beginning", slices.Concat(after[name][:i], old[i:])},
			{"the end", slices.Concat(old[:i], after[name][i:])},
		} {
			after.with(name, kept.b).put(t, dir)
			surveyTorn(t, open, dir, total, fmt.Sprintf("only %s of the last write is kept, byte %d of %d to %d", kept.what, i, from, to))
		}
	}
}

func surveyTorn(t *testing.T, open Open, dir string, total uint64, what string) {
	t.Helper()
	log := mustOpen(t, open, dir)
	_, last := log.Bounds()
	for n := uint64(1); n < total; n++ {
		mustRead(t, log, n)
	}
	if last < total-1 {
		t.Fatalf("%s: last is %d", what, last)
	}
	for n := total; n <= last; n++ {
		got, err := log.Read(t.Context(), n)
		if whole := err == nil && n == total && bytes.Equal(got, content(n)); !whole && !errors.Is(err, journal.ErrDamaged) {
			t.Fatalf("%s: record %d: %q, %v", what, n, got, err)
		}
	}
	n, err := log.Append(t.Context(), content(last+1))
	if err != nil || n != last+1 {
		t.Fatalf("%s: appending: number %d after %d, %v", what, n, last, err)
	}
	mustRead(t, log, n)
	mustClose(t, log)
}

// lastWrite finds the one place that differs.
func lastWrite(t testing.TB, before, after image) (name string, from, to int) {
	t.Helper()
	for file, b := range after {
		old := before[file]
		for i := range b {
			if i < len(old) && old[i] == b[i] {
				continue
			}
			if name == "" {
				name, from = file, i
			}
			if name != file {
				t.Fatalf("one append changed both %s and %s", name, file)
			}
			to = i + 1
		}
	}
	return name, from, to
}

// childEnv is the directory in which a copy of the test process appends until it is killed.
const childEnv = "TOCSIN_JOURNALTEST_DIR"

// killRounds is how often a process is killed.
const killRounds = 4

// testKilled kills a process while it appends: nothing that it acknowledged may be missing.
func testKilled(t *testing.T, open Open) {
	dir := t.TempDir()
	test, _, _ := strings.Cut(t.Name(), "/")
	acknowledged := uint64(0)
	for round := range killRounds {
		acknowledged = runUntil(t, test, dir, acknowledged+uint64(20+round*17))
		log := mustOpen(t, open, dir)
		_, last := log.Bounds()
		if last < acknowledged {
			t.Fatalf("record %d was acknowledged, the last is %d", acknowledged, last)
		}
		for n := uint64(1); n <= last; n++ {
			got, err := log.Read(t.Context(), n)
			if errors.Is(err, journal.ErrDamaged) && n > acknowledged {
				continue
			}
			if err != nil || !bytes.Equal(got, content(n)) {
				t.Fatalf("record %d of %d acknowledged: %q, %v", n, acknowledged, got, err)
			}
		}
		acknowledged = last
		mustClose(t, log)
		if t.Failed() {
			return
		}
	}
}

// runUntil starts the copy and kills it when it has acknowledged that number; it gives the last acknowledged one.
func runUntil(t *testing.T, test, dir string, until uint64) (acknowledged uint64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			t.Errorf("the copy said: %s", lines.Text())
			continue
		}
		acknowledged = n
		if n >= until && !killed {
			killed = true
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	if !killed {
		t.Fatal("the copy ended by itself")
	}
	return acknowledged
}

// appendUntilKilled is what the copy does: it says each number only when Append has given it.
func appendUntilKilled(t *testing.T, open Open, dir string) {
	log, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	const most = 100_000 // a parent that died must not leave a process that appends for ever
	for range most {
		_, last := log.Bounds()
		n, err := log.Append(t.Context(), content(last+1))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Printf("%d\n", n)
	}
}
