package seal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// errCrash is what everything answers once the process is "dead".
var errCrash = errors.New("crashed")

// fuse lets a number of steps happen and fails the one after, and with it every later one. Half of the failing steps
// take effect before they fail, as a write does whose success nobody hears of.
type fuse struct {
	left   int
	effect bool
	blown  bool
	steps  int
}

func (f *fuse) step(do func() error) error {
	if f == nil {
		return do()
	}
	f.steps++
	switch {
	case f.blown:
		return errCrash
	case f.left > 0:
		f.left--
		return do()
	}
	f.blown = true
	if f.effect {
		_ = do()
	}
	return errCrash
}

type faultyDisk struct {
	osDisk
	*fuse
}

func (d faultyDisk) CreateTemp(dir, pattern string) (f tempFile, err error) {
	err = d.step(func() error { f, err = d.osDisk.CreateTemp(dir, pattern); return err })
	if err != nil {
		return nil, err
	}
	return faultyFile{f, d.fuse}, nil
}
func (d faultyDisk) Rename(from, to string) error {
	return d.step(func() error { return d.osDisk.Rename(from, to) })
}
func (d faultyDisk) Link(from, to string) error {
	return d.step(func() error { return d.osDisk.Link(from, to) })
}
func (d faultyDisk) Remove(path string) error {
	return d.step(func() error { return d.osDisk.Remove(path) })
}
func (d faultyDisk) SyncDir(dir string) error {
	return d.step(func() error { return d.osDisk.SyncDir(dir) })
}

type faultyFile struct {
	tempFile
	*fuse
}

func (f faultyFile) WriteString(text string) (n int, err error) {
	err = f.step(func() error { n, err = f.tempFile.WriteString(text); return err })
	if err != nil && f.effect { // a torn write
		_, _ = f.tempFile.WriteString(text[:len(text)/2])
	}
	return n, err
}
func (f faultyFile) Sync() error { return f.step(f.tempFile.Sync) }

// room keeps sealed values in memory, as a store would.
type room struct {
	mu     sync.Mutex
	values map[string][]byte
	*fuse
}

func (r *room) aad(name string) AAD {
	return AAD{Account: "acme", Integration: event.ID{9}, Field: name}
}

func (r *room) put(t testing.TB, s *Sealer, name string) {
	t.Helper()
	defer s.Hold()()
	sealed, err := s.Seal(form.NewSecret("secret of "+name), r.aad(name))
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values[name] = sealed
}

func (r *room) Reseal(_ context.Context, reseal func([]byte, AAD) ([]byte, bool, error)) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, sealed := range r.values {
		fresh, changed, err := reseal(sealed, r.aad(name))
		if err != nil {
			return n, err
		}
		if !changed {
			continue
		}
		if err := r.step(func() error { r.values[name] = fresh; return nil }); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (r *room) check(t *testing.T, s *Sealer) {
	t.Helper()
	for name, sealed := range r.values {
		got, err := s.Unseal(sealed, r.aad(name))
		if err != nil || got.Reveal() != "secret of "+name {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

func filled(t *testing.T, s *Sealer) *room {
	t.Helper()
	r := &room{values: map[string][]byte{}}
	for i := range 5 {
		r.put(t, s, fmt.Sprintf("field %d", i))
	}
	return r
}

func TestRotate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	before := s.KeyID()
	r := filled(t, s)
	done, err := s.Rotate(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if done.Key == before || done.Key != s.KeyID() || len(done.Earlier) != 1 || done.Earlier[0] != before ||
		done.Resealed != 5 || done.Values != 5 || done.Resumed || done.Next != "" || len(done.Unreadable) != 0 {
		t.Errorf("rotation is %+v", done)
	}
	r.check(t, s)
	again, err := Open(dir, Options{Existing: true})
	if err != nil || len(again.Keys()) != 1 || again.KeyID() != done.Key {
		t.Fatalf("the file holds %v (%v), want %s alone", again.Keys(), err, done.Key)
	}
	r.check(t, again)
	for name, sealed := range r.values {
		if KeyOf(sealed) != done.Key {
			t.Errorf("%s names %s", name, KeyOf(sealed))
		}
	}
	onlyKeyFile(t, dir)
}

func onlyKeyFile(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != KeyFile {
		t.Errorf("the directory holds %v (%v)", entries, err)
	}
}

// TestRotateCrash breaks a rotation off at each single step, with and without that step taking effect. Whatever is left
// must be readable by a process that starts from it, and rotating again must finish.
func TestRotateCrash(t *testing.T) {
	t.Parallel()
	crashes := 0
	for _, effect := range []bool{false, true} {
		for k := 0; ; k++ {
			dir := t.TempDir()
			s, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			first := s.KeyID()
			r := filled(t, s)
			f := &fuse{left: k, effect: effect}
			s.keys.disk, r.fuse = faultyDisk{fuse: f}, f
			_, err = s.Rotate(t.Context(), r)
			if err == nil {
				if k < 10 {
					t.Fatalf("a rotation has only %d steps", k)
				}
				break
			}
			if !errors.Is(err, errCrash) {
				t.Fatalf("step %d: %v", k, err)
			}
			crashes++
			r.check(t, s) // the process that failed may live on
			r.fuse = nil
			checkAfterCrash(t, dir, r, first)
		}
	}
	t.Logf("%d crashes", crashes)
}

func checkAfterCrash(t *testing.T, dir string, r *room, first string) {
	t.Helper()
	s, err := Open(dir, Options{Existing: true})
	if err != nil {
		t.Fatalf("opening after a crash: %v", err)
	}
	r.check(t, s)
	r.put(t, s, "made after the crash")
	if _, err := s.Rotate(t.Context(), r); err != nil {
		t.Fatalf("rotating again: %v", err)
	}
	r.check(t, s)
	if len(s.Keys()) != 1 || s.KeyID() == first {
		t.Fatalf("after the second rotation the keys are %v, at first there was %s", s.Keys(), first)
	}
	again, err := Open(dir, Options{Existing: true})
	if err != nil || again.KeyID() != s.KeyID() || len(again.Keys()) != 1 {
		t.Fatalf("the file holds %v, %v", again.Keys(), err)
	}
	r.check(t, again)
	onlyKeyFile(t, dir)
}

// TestRotateAgainInTheSameProcess fails at each step and lets the same process try again.
func TestRotateAgainInTheSameProcess(t *testing.T) {
	t.Parallel()
	for k := range 15 {
		dir := t.TempDir()
		s, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := filled(t, s)
		f := &fuse{left: k, effect: k%2 == 0}
		s.keys.disk, r.fuse = faultyDisk{fuse: f}, f
		_, _ = s.Rotate(t.Context(), r)
		s.keys.disk, r.fuse = osDisk{}, nil
		r.put(t, s, "between")
		if _, err := s.Rotate(t.Context(), r); err != nil {
			t.Fatalf("step %d: %v", k, err)
		}
		r.check(t, s)
		again, err := Open(dir, Options{Existing: true})
		if err != nil || again.KeyID() != s.KeyID() || len(again.Keys()) != 1 {
			t.Fatalf("step %d: the file holds %v, %v; the process has %v", k, again.Keys(), err, s.Keys())
		}
		r.check(t, again)
	}
}

// TestRotateBesideChanges seals and stores while keys rotate: nothing may be stored with a key that is given up.
func TestRotateBesideChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := filled(t, s)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					r.put(t, s, fmt.Sprintf("writer %d value %d", w, i%20))
				}
			}
		})
	}
	for range 20 {
		if _, err := s.Rotate(t.Context(), r); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	writers.Wait()
	again, err := Open(dir, Options{Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	r.check(t, again)
}

func TestRotateOneAtATime(t *testing.T) {
	t.Parallel()
	s := testSealer(t)
	inner := make(chan error, 1)
	_, err := s.Rotate(t.Context(), resealFunc(func() error {
		_, err := s.Rotate(t.Context())
		select {
		case inner <- err:
		default:
		}
		return nil
	}))
	if err != nil || !errors.Is(<-inner, ErrRotating) {
		t.Errorf("the outer rotation gave %v", err)
	}
}

type resealFunc func() error

func (f resealFunc) Reseal(context.Context, func([]byte, AAD) ([]byte, bool, error)) (int, error) {
	return 0, f()
}

// TestRotateKeepsKeysInUse: a room that does not reseal, and a value that is damaged, keep the earlier key.
func TestRotateKeepsKeysInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := filled(t, s)
	r.values["field 3"][40] ^= 1
	_, err = s.Rotate(t.Context(), r)
	if !errors.Is(err, ErrStillUsed) || !strings.Contains(err.Error(), "field 3") || !strings.Contains(err.Error(), "enter that secret again") {
		t.Fatalf("got %v", err)
	}
	if again, err := Open(dir, Options{}); err != nil || len(again.Keys()) != 2 {
		t.Fatalf("the file holds %v, %v", again.Keys(), err)
	}
	r.put(t, s, "field 3")
	done, err := s.Rotate(t.Context(), r)
	if err != nil || !done.Resumed || len(s.Keys()) != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	r.check(t, s)
}

// TestRotateForeignKey: what names a key that is nowhere cannot get worse, and does not stop a rotation.
func TestRotateForeignKey(t *testing.T) {
	t.Parallel()
	s, other := testSealer(t), testSealer(t)
	r := filled(t, s)
	r.put(t, other, "foreign")
	done, err := s.Rotate(t.Context(), r)
	if err != nil || len(done.Unreadable) != 1 || done.Unreadable[0].Field != "foreign" || done.Unreadable[0].Key != other.KeyID() {
		t.Fatalf("%+v, %v", done, err)
	}
	found, err := s.Survey(t.Context(), r)
	if err != nil || found.Values != 6 || found.ByKey[s.KeyID()] != 5 || found.ByKey[other.KeyID()] != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestRotateRemovesWhatACrashLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, KeyFile+tempMark+"123"), []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	onlyKeyFile(t, dir)
}
