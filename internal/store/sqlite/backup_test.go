package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestCopy: a copy that is made while the store is written to is sound, private, and opens as a store.
func TestCopy(t *testing.T) {
	t.Parallel()
	dir, to := t.TempDir(), t.TempDir()
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetMeta(t.Context(), "before", "yes"); err != nil {
		t.Fatal(err)
	}
	writing, stop := context.WithCancel(t.Context())
	var writer sync.WaitGroup
	started := make(chan struct{})
	writer.Go(func() {
		for n := 0; writing.Err() == nil; n++ {
			if err := s.SetMeta(t.Context(), fmt.Sprint("n", n%50), fmt.Sprint(n)); err != nil {
				t.Error(err)
			}
			if n == 3 {
				close(started)
			}
		}
	})
	<-started
	for _, name := range []string{ConfigFile, LanesFile} {
		schema, err := Copy(t.Context(), dir, name, filepath.Join(to, name))
		if err != nil {
			t.Fatal(err)
		}
		if known, err := KnownSchema(name); err != nil || schema != known || schema == 0 {
			t.Errorf("%s: schema %d, want %d (%v)", name, schema, known, err)
		}
		if err := Check(t.Context(), to, name); err != nil {
			t.Error(err)
		}
		info, err := os.Stat(filepath.Join(to, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	stop()
	writer.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Copy(t.Context(), dir, ConfigFile, filepath.Join(to, ConfigFile)); err == nil {
		t.Error("a copy replaced a file")
	}
	if err := WriteMeta(t.Context(), to, map[string]string{"before": "no", "restored_at": "now"}); err != nil {
		t.Fatal(err)
	}
	copied, err := Open(t.Context(), to, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	for key, want := range map[string]string{"before": "no", "restored_at": "now"} {
		if got, err := copied.GetMeta(t.Context(), key); err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", key, got, want, err)
		}
	}
}

// TestCopyNothing: nothing is made where nothing is.
func TestCopyNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Copy(t.Context(), dir, ConfigFile, filepath.Join(dir, "copy.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, LanesFile), make([]byte, 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := HighestMark(t.Context(), dir); err == nil {
		t.Error("zeros pass for a database")
	}
	if list, _ := filepath.Glob(filepath.Join(dir, "co*")); len(list) > 0 {
		t.Errorf("left behind: %v", list)
	}
}

func TestHighestMark(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := HighestMark(t.Context(), dir); err != nil || !got.IsZero() {
		t.Errorf("of a new store: %v, %v", got, err)
	}
	high := journal.Position{Epoch: 2, Frame: 1 << 33, Item: 4}
	tick := store.Tick{
		Tail:  &store.TailMark{Mark: journal.Position{Epoch: 1, Frame: 1 << 40}, State: []byte("{}")},
		Lanes: []store.LaneRow{{Integration: event.NewID(), Account: "a", Mark: high, State: []byte("{}")}},
	}
	if err := s.SaveTick(t.Context(), tick); err != nil {
		t.Fatal(err)
	}
	if got, err := HighestMark(t.Context(), dir); err != nil || got != high {
		t.Errorf("%v, want %v (%v)", got, high, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
