package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func openTest(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "odd name? #1 100%", "data")
	s := openTest(t, dir)
	if err := s.SetMeta(t.Context(), "a", "b"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < 2 {
		t.Fatalf("the folder holds %v (%v)", entries, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", e.Name(), info.Mode().Perm())
		}
	}
}

func TestOpenRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(t *testing.T, path string)
		want    error
		text    string
	}{
		"not a database": {
			prepare: func(t *testing.T, path string) {
				if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
					t.Fatal(err)
				}
			},
			want: store.ErrDamaged,
			text: LanesFile,
		},
		"a folder": {
			prepare: func(t *testing.T, path string) {
				if err := os.Mkdir(path, 0o700); err != nil {
					t.Fatal(err)
				}
			},
			want: store.ErrUnavailable,
			text: LanesFile,
		},
		"a newer schema": {
			prepare: func(t *testing.T, path string) {
				openTest(t, filepath.Dir(path)).Close()
				db, err := sql.Open("sqlite", path)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := db.Exec(`INSERT INTO schema_migrations VALUES (99, 'the future', 0)`); err != nil {
					t.Fatal(err)
				}
				db.Close()
			},
			text: "lanes.db has schema version 99, and this version of tocsin knows it up to",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c.prepare(t, filepath.Join(dir, LanesFile))
			_, err := Open(t.Context(), dir, Options{})
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("error is %v, want one that says %q", err, c.text)
			}
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
}

func TestMigrationsRunInOrderAndOnce(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", dsn(filepath.Join(t.TempDir(), "x.db"), "rwc", 100, time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	steps := []migration{
		{1, "a", `CREATE TABLE a (x BIGINT); INSERT INTO a VALUES (1);`},
		{2, "b", `INSERT INTO a VALUES (2);`},
		{3, "broken", `INSERT INTO a VALUES (3); INSERT INTO nowhere VALUES (1);`},
	}
	run := func(steps []migration) error { return applyMigrations(t.Context(), db, "x.db", steps, time.Now()) }
	rows := func() (n int) {
		if err := db.QueryRow(`SELECT count(*) FROM a`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, c := range []struct {
		upTo, rows int
		err        string
	}{{1, 1, ""}, {1, 1, ""}, {2, 2, ""}, {3, 2, "migrating x.db to schema version 3 (broken)"}, {2, 2, ""}, {1, 2, "knows it up to 1"}} {
		err := run(steps[:c.upTo])
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Fatalf("up to %d: error is %v, want %q", c.upTo, err, c.err)
		}
		if n := rows(); n != c.rows {
			t.Fatalf("up to %d: %d rows, want %d", c.upTo, n, c.rows)
		}
	}
}

func TestEmbeddedMigrationsAreNumbered(t *testing.T) {
	t.Parallel()
	folders, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if steps, err := readMigrations(migrations, "migrations/"+f.Name()); err != nil || len(steps) == 0 {
			t.Errorf("%s: %d steps, error %v", f.Name(), len(steps), err)
		}
	}
}

// smallTick parks n deliveries with a record of 1 KiB.
func smallTick(integration event.ID, n int) store.Tick {
	var t store.Tick
	for i := range n {
		t.Park = append(t.Park, store.Parked{
			Delivery: event.NewID(), Account: "a", Integration: integration, State: store.StateParked,
			Position: journal.Position{Epoch: 1, Frame: uint64(i)}, Since: time.Now(), Record: make([]byte, 1024),
		})
	}
	return t
}

// TestNoSpace takes the space away, and gives it back.
func TestNoSpace(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir())
	ctx := t.Context()
	setLimit := func(pages int) {
		var got int
		err := s.lanes.writer.QueryRowContext(ctx, "PRAGMA max_page_count = "+strconv.Itoa(pages)).Scan(&got)
		if err != nil || got != pages {
			t.Fatalf("limit is %d pages (%v), want %d", got, err, pages)
		}
	}
	setLimit(200)
	id := event.NewID()
	var err error
	saved := 0
	for range 100 {
		if err = s.SaveTick(ctx, smallTick(id, 20)); err != nil {
			break
		}
		saved += 20
	}
	if !errors.Is(err, store.ErrFull) || !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("error is %v, want ErrFull and ErrUnavailable", err)
	}
	if list, err := s.LoadParked(ctx, id); err != nil || len(list) != saved {
		t.Fatalf("%d rows (%v), want the %d that were saved", len(list), err, saved)
	}
	setLimit(100_000)
	if err := s.SaveTick(ctx, smallTick(id, 20)); err != nil {
		t.Fatalf("with space again: %v", err)
	}
}

// TestLogStaysSmall settles without a pause, with readers beside it.
func TestLogStaysSmall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openTest(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	read := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			_, _, err := s.ListParked(ctx, store.ParkedFilter{Account: "a"}, store.Page{Limit: 20})
			if err != nil && ctx.Err() == nil {
				read <- err
				return
			}
		}
		read <- nil
	}()
	id := event.NewID()
	var written, largest int64
	for written < 24<<20 {
		tick := smallTick(id, 16)
		for i := range tick.Park {
			tick.Park[i].Record = make([]byte, 16<<10)
			if i > 0 {
				tick.Unpark = append(tick.Unpark, tick.Park[i].Delivery)
			}
		}
		if err := s.SaveTick(ctx, tick); err != nil {
			t.Fatal(err)
		}
		written += int64(len(tick.Park)) * 16 << 10
		info, err := os.Stat(filepath.Join(dir, LanesFile+"-wal"))
		if err != nil {
			t.Fatal(err)
		}
		largest = max(largest, info.Size())
	}
	cancel()
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	t.Logf("wrote about %d MiB, the log grew to %d KiB", written>>20, largest>>10)
	if largest > 20<<20 {
		t.Errorf("the write-ahead log grew to %d MiB", largest>>20)
	}
}

func TestWriteWaitsNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir())
	if err := s.config.take(t.Context()); err != nil { // somebody writes
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if err := s.SetMeta(ctx, "a", "b"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want DeadlineExceeded", err)
	}
	s.config.turn <- struct{}{}
	if err := s.SetMeta(t.Context(), "a", "b"); err != nil {
		t.Error(err)
	}
}

func TestPingProvesAWriteAtMostOnceASecond(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s, err := Open(t.Context(), t.TempDir(), Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	probe := func() (at int64) {
		if err := s.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.lanes.readers.QueryRow(`SELECT at FROM schema_probe`).Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	first := probe()
	if first != micros(now) {
		t.Fatalf("the first ping wrote %d, want %d", first, micros(now))
	}
	now = now.Add(pingAge - 1)
	if got := probe(); got != first {
		t.Error("a ping wrote although a write had just been made")
	}
	now = now.Add(1)
	if got := probe(); got != micros(now) {
		t.Error("a ping after a second did not write")
	}
}
