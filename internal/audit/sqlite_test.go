package audit_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/audit"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

func open(t testing.TB, dir string) (*sqlite.Store, *audit.Log) {
	t.Helper()
	s, err := sqlite.Open(context.Background(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := audit.New(context.Background(), audit.Deps{Store: s})
	if err != nil {
		t.Fatal(err)
	}
	return s, l
}

func something(account, target string) act.Act {
	return act.Act{
		Account: "acme", Action: "integration.update", Target: target, Note: account,
		Actor: act.Actor{Kind: act.KindKey, ID: "key_1", Account: "acme"}, After: []byte(`{"name":"x"}`),
	}
}

func done(context.Context) error { return nil }

// offline verifies the record in a data directory as the command does.
func offline(t *testing.T, dir string, checkpoints ...audit.Checkpoint) (audit.Report, error) {
	t.Helper()
	f, err := sqlite.OpenAuditFile(t.Context(), filepath.Join(dir, sqlite.ConfigFile))
	if err != nil {
		return audit.Report{}, err
	}
	defer f.Close()
	rec, err := audit.FromStore(t.Context(), f)
	if err != nil {
		return audit.Report{}, err
	}
	return audit.Verify(rec, checkpoints...)
}

// TestKilled leaves a hub's files as a kill would: an act is begun, not ended, and nothing is closed.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir, copied := t.TempDir(), t.TempDir()
	s, l := open(t, dir)
	if err := act.Do(t.Context(), l, something("acme", "int_1"), done); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Begin(t.Context(), something("acme", "int_2")); err != nil {
		t.Fatal(err)
	}
	point, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, ext := range []string{"", "-wal", "-shm"} { // the files at this moment
		b, err := os.ReadFile(filepath.Join(dir, sqlite.ConfigFile+ext))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, sqlite.ConfigFile+ext), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, d := range map[string]string{"while the hub runs": dir, "after it was killed": copied} {
		r, err := offline(t, d, point)
		if err != nil || !r.OK() || r.Entries < 2 || r.Unfinished < 1 || !r.Checkpoints[0].Confirmed {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if err := errors.Join(l.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	s, l = open(t, copied)
	acts, _, err := l.Acts(t.Context(), store.AuditFilter{Account: "acme", Target: "int_2"}, store.Page{Limit: 5})
	if err != nil || len(acts) != 1 || acts[0].Outcome != audit.OutcomeUnknown {
		t.Errorf("acts after the kill: %+v, %v", acts, err)
	}
	if err := act.Do(t.Context(), l, something("acme", "int_3"), done); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if r, err := offline(t, copied, point); err != nil || !r.OK() || !r.Checkpoints[0].Confirmed {
		t.Errorf("after going on: %+v, %v", r, err)
	}
}

// TestOfflineLeavesNothing verifies a directory that nobody may write to, and wants no file more in it.
func TestOfflineLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, l := open(t, dir)
	if err := errors.Join(act.Do(t.Context(), l, something("acme", "int_1"), done), l.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	names := func() string {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(list)
	}
	before := names()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700) //nolint:errcheck // the directory goes anyway
	if r, err := offline(t, dir); err != nil || !r.OK() || r.Entries != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	if after := names(); after != before {
		t.Errorf("before: %s, after: %s", before, after)
	}
}

// TestTamperedFile changes each column of a file's rows with SQL, and wants it found.
func TestTamperedFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, l := open(t, dir)
	for n := range 4 {
		if err := act.Do(t.Context(), l, something("acme", fmt.Sprint(n)), done); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	point, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, sqlite.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := offline(t, dir, point); err != nil || !r.OK() || r.Entries != 8 {
		t.Fatalf("untouched: %+v, %v", r, err)
	}
	for _, change := range []string{
		`UPDATE audit SET at = at + 1 WHERE seq = 3`, `UPDATE audit SET at = 'x' WHERE seq = 3`, `UPDATE audit SET account = 'b' WHERE seq = 3`,
		`UPDATE audit SET action = 'b' WHERE seq = 3`, `UPDATE audit SET target = 'b' WHERE seq = 3`, `UPDATE audit SET actor = 'b' WHERE seq = 3`,
		`UPDATE audit SET act = 1 WHERE seq = 3`, `UPDATE audit SET body = replace(body, 'acme', 'acne') WHERE seq = 3`,
		`UPDATE audit SET body = x'' WHERE seq = 3`, `UPDATE audit SET hash = randomblob(32) WHERE seq = 3`, `UPDATE audit SET seq = 30 WHERE seq = 3`,
		`UPDATE audit SET seq = -3 WHERE seq = 3`, `DELETE FROM audit WHERE seq = 3`, `DELETE FROM audit WHERE seq = 8`, `DELETE FROM audit`,
		`DELETE FROM audit WHERE seq <= 3`,
		`UPDATE audit_anchor SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3); DELETE FROM audit WHERE seq <= 3`,
		`UPDATE audit_anchor SET seq = 3`, `UPDATE audit_anchor SET installation = randomblob(16)`, `DELETE FROM audit_anchor`, `DROP TABLE audit`,
		`INSERT INTO audit SELECT 9, at, account, action, target, actor, act, body, hash FROM audit WHERE seq = 8`,
		`UPDATE audit SET seq = -seq; UPDATE audit SET seq = 9 + seq`,
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, sqlite.ConfigFile)
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Exec(`DROP TRIGGER audit_stays; DROP TRIGGER audit_is_kept;` + change)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatalf("%s: %v", change, err)
		}
		r, err := offline(t, dir, point)
		if err == nil && r.OK() {
			t.Errorf("%s: not found", change)
		}
	}
}

// The tables themselves refuse to be changed by mistake.
func TestTablesRefuse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, l := open(t, dir)
	if err := errors.Join(act.Do(t.Context(), l, something("acme", "int_1"), done), l.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, change := range []string{`UPDATE audit SET target = 'x'`, `DELETE FROM audit`, `DELETE FROM audit WHERE seq = 1`} {
		if _, err := db.Exec(change); err == nil || !strings.Contains(err.Error(), "audit record") {
			t.Errorf("%s: %v", change, err)
		}
	}
}

func TestNoRecord(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := offline(t, dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, sqlite.ConfigFile), []byte("hello, this is no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := offline(t, dir); err == nil {
		t.Error("no database, and no error")
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "other.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`CREATE TABLE x (y)`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := sqlite.OpenAuditFile(t.Context(), filepath.Join(dir, "other.db")); err == nil || !strings.Contains(err.Error(), "no audit record") {
		t.Errorf("another database: %v", err)
	}
}

// TestAtOnce verifies the file while a hub writes it, prunes aside.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, l := open(t, dir)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for i := range 10 {
				if err := act.Do(t.Context(), l, something("acme", fmt.Sprint(n, i)), done); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 5 {
		if r, err := offline(t, dir); err != nil || !r.OK() {
			t.Errorf("%+v, %v", r, err)
		}
	}
	wg.Wait()
	if err := errors.Join(l.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if r, err := offline(t, dir); err != nil || !r.OK() || r.Entries != 160 || r.Unfinished != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func BenchmarkAct(b *testing.B) {
	for _, n := range []int{1, 64} {
		b.Run(fmt.Sprintf("%d at once", n), func(b *testing.B) {
			s, l := open(b, b.TempDir())
			b.SetParallelism(n)
			work := func() {
				if err := act.Do(b.Context(), l, something("acme", "int_1"), done); err != nil {
					b.Error(err)
				}
			}
			if n == 1 {
				for b.Loop() {
					work()
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						work()
					}
				})
			}
			b.StopTimer()
			if err := errors.Join(l.Close(), s.Close()); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	dir := b.TempDir()
	s, l := open(b, dir)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 100 {
				if err := act.Do(b.Context(), l, something("acme", "int_1"), done); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(l.Close(), s.Close()); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, sqlite.ConfigFile))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		f, err := sqlite.OpenAuditFile(b.Context(), filepath.Join(dir, sqlite.ConfigFile))
		if err != nil {
			b.Fatal(err)
		}
		rec, err := audit.FromStore(b.Context(), f)
		if err != nil {
			b.Fatal(err)
		}
		if r, err := audit.Verify(rec); err != nil || r.Entries != 12800 {
			b.Fatal(r, err)
		}
		f.Close()
	}
	b.ReportMetric(float64(info.Size())/6400, "bytes/act")
}
