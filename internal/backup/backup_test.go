package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

func restore(t *testing.T, archive []byte, target Target) Report {
	t.Helper()
	report, err := Restore(t.Context(), bytes.NewReader(archive), target)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestWhileWriting: what was acknowledged before the backup began is in it, whatever goes on meanwhile.
func TestWhileWriting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, filepath.Join(t.TempDir(), "data"))
	if err := w.store.SetMeta(t.Context(), "known", "value"); err != nil {
		t.Fatal(err)
	}
	const before = 300
	w.fill(0, before)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	writers.Go(func() {
		for n := before; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := w.append(n); err != nil {
				t.Error(err)
				return
			}
		}
	})
	archive := w.backup(w.source())
	close(stop)
	writers.Wait()
	end := w.journal.End()
	w.close()

	dir := filepath.Join(t.TempDir(), "restored")
	report := restore(t, archive, Target{Dir: dir, Key: w.key(), PlaceKey: true})
	if report.Epoch <= end.Epoch || report.Manifest.Version != "1.2.3" || len(report.Missing) > 0 || report.Aside != "" {
		t.Errorf("report %+v", report)
	}
	back := newWorld(t, dir)
	if got, err := back.store.GetMeta(t.Context(), "known"); err != nil || got != "value" {
		t.Errorf("meta %q, %v", got, err)
	}
	if got, err := back.store.GetMeta(t.Context(), MetaRestoredAt); err != nil || got == "" {
		t.Errorf("restored_at %q, %v", got, err)
	}
	have := back.bodies()
	for n := range before {
		if !have[fmt.Sprintf(`{"n":%d}`, n)] {
			t.Fatalf("event %d is lost", n)
		}
	}
	tail, err := back.store.LoadTail(t.Context())
	if err != nil || !tail.Mark.Less(back.journal.End()) {
		t.Errorf("the mark %v is not before the journal's end %v (%v)", tail.Mark, back.journal.End(), err)
	}
	if s := back.journal.Stats(); s.Quarantined > 0 || s.Epoch != report.Epoch {
		t.Errorf("stats %+v", s)
	}
	back.fill(1_000_000, 1_000_010)
	if got := back.journal.End(); got.Epoch != report.Epoch || !end.Less(got) {
		t.Errorf("it goes on at %v after %v", got, end)
	}
	if id := back.sealer.KeyID(); id != w.sealer.KeyID() {
		t.Errorf("key %s, want %s", id, w.sealer.KeyID())
	}
}

// TestTwice: the same archive restored a second time gives other positions than the first time.
func TestTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, filepath.Join(t.TempDir(), "data"))
	w.fill(0, 5)
	archive := w.backup(w.source())
	now := time.Now()
	var last uint32
	for i := range 3 {
		dir := filepath.Join(t.TempDir(), "restored")
		report := restore(t, archive, Target{
			Dir: dir, WithoutKey: true, Now: func() time.Time { return now.Add(time.Duration(i) * time.Hour) },
		})
		if report.Epoch <= last {
			t.Errorf("epoch %d after %d", report.Epoch, last)
		}
		last = report.Epoch
	}
	// A clock that stands in the past does not matter.
	report := restore(t, archive, Target{
		Dir: filepath.Join(t.TempDir(), "restored"), WithoutKey: true, Now: func() time.Time { return time.Unix(0, 0) },
	})
	if report.Epoch != 2 {
		t.Errorf("epoch %d", report.Epoch)
	}
}

// trimming is a source during whose copying the journal is trimmed all the time.
func (w *world) trimming() Source {
	s := w.source()
	s.Progress = func(int64, int64) {
		if err := w.journal.Trim(w.t.Context(), func(context.Context, journal.Position) error { return nil }); err != nil {
			w.t.Error(err)
		}
	}
	return s
}

// TestTrim: while a backup is made nothing is trimmed that it has not copied yet, and then it is.
func TestTrim(t *testing.T) {
	t.Parallel()
	w := newWorld(t, filepath.Join(t.TempDir(), "data"))
	w.fillBytes(maxBytes + segmentBytes)
	first, last := w.journal.Bounds()
	m, err := Verify(t.Context(), bytes.NewReader(w.backup(w.trimming())), w.key(), nil)
	if err != nil || m.Journal.First != first || m.Journal.Next != last+1 {
		t.Errorf("%+v, %v: want frames %d to %d", m.Journal, err, first, last)
	}
	if now, _ := w.journal.Bounds(); now <= first {
		t.Error("nothing was trimmed")
	}
}

// TestTrimFirst: a journal that is far too large is trimmed, and the backup fails.
func TestTrimFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, filepath.Join(t.TempDir(), "data"))
	w.fillBytes(2*maxBytes - segmentBytes)
	first, _ := w.journal.Bounds()
	var out bytes.Buffer
	if _, err := Write(t.Context(), w.trimming(), &out); !errors.Is(err, journal.ErrTrimmed) {
		t.Errorf("error is %v", err)
	}
	if now, _ := w.journal.Bounds(); now <= first {
		t.Error("nothing was trimmed")
	}
	if _, err := Verify(t.Context(), &out, w.key(), nil); !errors.Is(err, ErrIncomplete) {
		t.Errorf("what it left: %v", err)
	}
}

// TestConfiguration: without events, the archive holds what people set up.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t, filepath.Join(t.TempDir(), "data"))
	w.fill(0, 20)
	s := w.source()
	s.Hold = nil
	archive := w.backup(s)
	dir := filepath.Join(t.TempDir(), "restored")
	report := restore(t, archive, Target{Dir: dir, Key: w.key(), PlaceKey: true})
	if report.Manifest.Events || report.Manifest.Count != 2 || report.Epoch <= w.journal.End().Epoch {
		t.Errorf("report %+v", report)
	}
	back := newWorld(t, dir)
	if n := len(back.bodies()); n != 0 {
		t.Errorf("%d events", n)
	}
	back.fill(0, 3)
}

// TestOffline: a directory that no hub uses can be backed up, and one that a hub uses only without events.
func TestOffline(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := OpenOffline(t.Context(), dir, seal.Options{}, true); err == nil || !strings.Contains(err.Error(), "holds no hub's data") {
		t.Errorf("error is %v", err)
	}
	w := newWorld(t, dir)
	w.fill(0, 50)
	w.close()
	lock, err := lockFile(filepath.Join(dir, dirLock))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenOffline(t.Context(), dir, seal.Options{}, true); err == nil || !strings.Contains(err.Error(), "a hub is running") {
		t.Errorf("error is %v", err)
	}
	half, err := OpenOffline(t.Context(), dir, seal.Options{}, false)
	if err != nil {
		t.Fatal(err)
	}
	w.t = t
	w.backup(half.Source)
	if err := errors.Join(half.Close(), lock.Close()); err != nil {
		t.Fatal(err)
	}
	whole, err := OpenOffline(t.Context(), dir, seal.Options{}, true)
	if err != nil {
		t.Fatal(err)
	}
	archive := w.backup(whole.Source)
	if err := whole.Close(); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "restored")
	restore(t, archive, Target{Dir: to, Key: w.key(), PlaceKey: true})
	if n := len(newWorld(t, to).bodies()); n != 50 {
		t.Errorf("%d events", n)
	}
}

// TestBusy: one backup at a time; what a killed one left goes away.
func TestBusy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, filepath.Join(t.TempDir(), "data"))
	stage, err := openStaging(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Write(t.Context(), w.source(), io.Discard); !errors.Is(err, ErrBusy) {
		t.Errorf("error is %v", err)
	}
	left := filepath.Join(stage.path, sqlite.ConfigFile)
	if err := os.WriteFile(left, []byte("left behind"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := stage.lock.Close(); err != nil {
		t.Fatal(err)
	}
	w.backup(w.source())
	if list, _ := os.ReadDir(stage.path); len(list) != 1 {
		t.Errorf("left behind: %v", list)
	}
}

// failing fails after some bytes.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("the peer has gone")
	}
	return len(p), nil
}

// TestBrokenOff: a peer that goes away, or a cancelled request, ends the backup; trimming goes on afterwards.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, filepath.Join(t.TempDir(), "data"))
	w.fill(0, 200)
	if _, err := Write(t.Context(), w.source(), &failing{left: 1}); err == nil || !strings.Contains(err.Error(), "the peer has gone") {
		t.Errorf("error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := w.source()
	s.Progress = func(int64, int64) { cancel() }
	if _, err := Write(ctx, s, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	w.backup(w.source())
}

// TestKeys: a restore wants the right key, from wherever it comes.
func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, filepath.Join(t.TempDir(), "data"))
	w.fill(0, 3)
	owner, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	s := w.source()
	plain := w.backup(s)
	s.Recipients = []age.Recipient{owner.Recipient()}
	withKey := w.backup(s)
	secret := strings.Fields(w.key().Reveal())
	for _, archive := range [][]byte{plain, withKey} {
		if text := unpack(t, archive); strings.Contains(text, secret[len(secret)-1]) {
			t.Error("the key is in the archive")
		}
	}
	for name, test := range map[string]struct {
		archive []byte
		target  Target
		want    string // part of the error; empty: success
		placed  bool
	}{
		"none":            {plain, Target{}, w.sealer.KeyID(), false},
		"none on purpose": {plain, Target{WithoutKey: true}, "", false},
		"right":           {plain, Target{Key: w.key(), PlaceKey: true}, "", true},
		"from outside":    {plain, Target{Key: w.key()}, "", false},
		"another":         {plain, Target{Key: seal.NewKey(), PlaceKey: true}, "sealed with the key " + w.sealer.KeyID(), false},
		"no key":          {plain, Target{Key: form.NewSecret("hello"), PlaceKey: true}, "does not fit", false},
		"inside":          {withKey, Target{Identities: []age.Identity{owner}}, "", true},
		"inside, locked":  {withKey, Target{Identities: []age.Identity{stranger}}, "not encrypted for that identity", false},
		"not inside":      {plain, Target{Identities: []age.Identity{owner}}, w.sealer.KeyID(), false},
		"inside, given":   {withKey, Target{Key: w.key(), PlaceKey: true, Identities: []age.Identity{stranger}}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.target.Dir = filepath.Join(t.TempDir(), "restored")
			_, err := Restore(t.Context(), bytes.NewReader(test.archive), test.target)
			if test.want != "" {
				if !errors.Is(err, ErrKey) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error is %v, want one with %q", err, test.want)
				}
				if list, _ := os.ReadDir(filepath.Dir(test.target.Dir)); len(list) > 0 {
					t.Errorf("left behind: %v", list)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			key, err := os.ReadFile(filepath.Join(test.target.Dir, seal.KeyFile))
			if placed := err == nil && string(key) == w.key().Reveal(); placed != test.placed {
				t.Errorf("the key is in place: %v", placed)
			}
		})
	}
}

// TestWhere: where can be restored, and where not.
func TestWhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, filepath.Join(t.TempDir(), "data"))
	w.fill(0, 3)
	archive := w.backup(w.source())
	w.close()
	dir := filepath.Join(t.TempDir(), "a", "b")
	target := Target{Dir: dir, Key: w.key(), PlaceKey: true}
	restore(t, archive, target)

	if _, err := Restore(t.Context(), bytes.NewReader(archive), target); !errors.Is(err, ErrTarget) || !strings.Contains(err.Error(), "--set-aside") {
		t.Errorf("error is %v", err)
	}
	lock, err := lockFile(filepath.Join(dir, dirLock))
	if err != nil {
		t.Fatal(err)
	}
	target.SetAside = true
	if _, err := Restore(t.Context(), bytes.NewReader(archive), target); !errors.Is(err, ErrTarget) || !strings.Contains(err.Error(), "a hub is running") {
		t.Errorf("error is %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	report := restore(t, archive, target)
	if _, err := os.Stat(filepath.Join(report.Aside, sqlite.ConfigFile)); err != nil {
		t.Errorf("set aside at %q: %v", report.Aside, err)
	}
	// A broken archive moves nothing.
	if _, err := Restore(t.Context(), bytes.NewReader(archive[:len(archive)-9]), target); err == nil {
		t.Error("a truncated archive passes")
	}
	if list, _ := os.ReadDir(filepath.Dir(dir)); len(list) != 2 {
		t.Errorf("there are %v", list)
	}
	if n := len(newWorld(t, dir).bodies()); n != 3 {
		t.Errorf("%d events", n)
	}

	// An empty directory, such as a mounted volume, stays the one it is.
	volume := t.TempDir()
	if err := os.Mkdir(filepath.Join(volume, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(volume)
	if err != nil {
		t.Fatal(err)
	}
	restore(t, archive, Target{Dir: volume, Key: w.key(), PlaceKey: true})
	after, err := os.Stat(volume)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the directory is another one (%v)", err)
	}
	if _, err := os.Stat(filepath.Join(volume, RestoreDir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
	if n := len(newWorld(t, volume).bodies()); n != 3 {
		t.Errorf("%d events", n)
	}
}
