package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// faultyJournal gives errors for some frames.
type faultyJournal struct {
	Journal
	fault func(frame uint64) error
}

func TestDamagedFramesAreCounted(t *testing.T) {
	t.Parallel()
	damaged := map[uint64]bool{3: true, 4: true, 9: true}
	w := newWorld(t)
	w.wrap = func(j Journal) Journal {
		return &faultyJournal{j, func(n uint64) error {
			if damaged[n] {
				return fmt.Errorf("frame %d: %w", n, journal.ErrDamaged)
			}
			return nil
		}}
	}
	w.start()
	id, _ := w.add(quick, "*")
	w.sendN(45, 5, "alert.created", nil) // frames 1 to 9
	eventually(t, "the tail is at the end", w.tailAtEnd)
	w.mustAddUp()
	if c := w.settled0(id); c.Delivered != 30 || c.Lost != 10 {
		t.Fatalf("before the next frame: %+v", c)
	}
	w.sendN(5, 5, "alert.created", nil)
	if c := w.settled(id); c.Delivered != 35 || c.Lost != 15 {
		t.Fatalf("%+v", c)
	}
}

// settled0 is settled without looking at what is behind.
func (w *world) settled0(id event.ID) Counts {
	eventually(w.t, "the lane settles", func() bool { c := w.counts(id); return c.Waiting == 0 && c.Parked == 0 })
	return w.counts(id)
}

// A reader that cannot open a file for a moment loses nothing.
func TestPassingReadErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fails := 2
	w.wrap = func(j Journal) Journal {
		return &faultyJournal{j, func(n uint64) error {
			if n == 2 && fails > 0 {
				fails--
				return errors.New("too many open files")
			}
			return nil
		}}
	}
	w.start()
	id, _ := w.add(quick, "*")
	w.sendN(15, 5, "alert.created", nil)
	if c := w.settled(id); c.Delivered != 15 || c.Lost != 0 {
		t.Fatalf("%+v", c)
	}
}

// Real damage on disk: what was settled above the mark is not lost a second time, and everything adds up.
func TestDamageOnDiskAfterCrash(t *testing.T) {
	t.Parallel()
	for _, spoil := range []string{"first", "later"} {
		t.Run(spoil, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			id, r := w.add(quick, "*")
			r.set(func(ctx context.Context, d connector.Delivery) error {
				if d.Record.OrderingKey == "stuck" {
					return hanging(ctx, d)
				}
				return nil
			})
			w.sendN(4, 4, "alert.created", func(i int) string { return []string{"", "stuck", "", "marker-one"}[i] })
			w.sendN(4, 4, "alert.created", func(i int) string { return []string{"", "", "", "marker-two"}[i] })
			w.sendN(4, 4, "alert.created", nil)
			eventually(t, "all but one", func() bool { return r.accepted() == 11 && w.counts(id).Waiting == 1 })
			w.tick()
			w.crash()
			r.set(happy)
			marker := map[string]string{"first": "marker-one", "later": "marker-two"}[spoil]
			if !flip(t, w.jdir, marker) {
				t.Skip("the journal's files do not show the event in plain text")
			}
			w.start()
			w.mustAddUp()
			c := w.settled(id)
			// In the first frame, the stuck one is the only event that is really lost.
			want := map[string]uint64{"first": 1, "later": 0}[spoil]
			if c.Lost != want || c.Delivered != 12-want || c.Journalled != 12 {
				t.Fatalf("%+v", c)
			}
			for _, rec := range w.list {
				if n := r.count(rec.ID); n > 1 {
					t.Fatalf("repeated %d times", n)
				}
			}
		})
	}
}

// flip changes a byte of every occurrence of the marker in the files of dir.
func flip(t *testing.T, dir, marker string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i := strings.Index(string(b), marker); i >= 0; i = strings.Index(string(b), marker) {
			b[i] ^= 0x20
			found = true
		}
		return os.WriteFile(path, b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A journal that lost its newest part begins a new epoch; marks beyond its end mean the end.
func TestMarkBeyondTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(quick, "*")
	w.sendN(20, 5, "alert.created", nil)
	w.settled(id)
	r.set(hanging)
	w.sendN(5, 5, "alert.created", nil)
	eventually(t, "they hang", func() bool { return w.counts(id).Waiting == 5 })
	w.tick()
	w.crash()
	// Frame 5 is lost, as if the disk had forgotten it.
	empty := t.TempDir()
	w.jdir = empty
	w.start()
	w.mustAddUp()
	r.set(happy)
	w.sendN(6, 2, "alert.created", nil)
	c := w.settled(id)
	if c.Delivered != 26 {
		t.Fatalf("%+v", c)
	}
}

// What could not be saved is saved later, before anything newer.
func TestStoreTrouble(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(patient, "*")
	w.s.stuck.Store(true)
	n := 0
	r.set(func(context.Context, connector.Delivery) error {
		if n++; n%3 == 0 {
			return errors.New("500")
		}
		return nil
	})
	w.change0(id, func(i *store.Integration) { i.Delivery = json.RawMessage(strings.Replace(patient, "8", "1", 1)) })
	w.sendN(SingleWindowEvents+700, 100, "alert.created", nil)
	eventually(t, "the window is full of what is not saved", func() bool { return w.e.Healthy() != nil && w.counts(id).Behind > 0 })
	w.mustAddUp()
	w.s.stuck.Store(false)
	if c := w.settled(id); c.Delivered != SingleWindowEvents+700 {
		t.Fatalf("%+v", c)
	}
	if err := w.e.Healthy(); err != nil {
		t.Fatal(err)
	}
}

// change0 applies a change while the store is in trouble.
func (w *world) change0(id event.ID, f func(*store.Integration)) {
	w.mu.Lock()
	i := w.conf[id]
	f(&i)
	w.conf[id] = i
	w.mu.Unlock()
	_ = w.e.Apply(context.Background(), i)
}
