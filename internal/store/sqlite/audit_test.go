package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestAuditPlans makes sure that no list of the audit record scans its rows or sorts them.
func TestAuditPlans(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir())
	list := func(f store.AuditFilter) (string, []any) {
		f.Account = "a"
		w := auditWhere(f)
		w.and(`seq < ?`, 9)
		return auditQuery(w) + ` LIMIT 10`, w.args
	}
	for name, c := range map[string]struct {
		query func() (string, []any)
		index string
	}{
		"all":       {func() (string, []any) { return list(store.AuditFilter{Begins: true}) }, "audit_account (account=? AND seq<?)"},
		"by action": {func() (string, []any) { return list(store.AuditFilter{Action: "x.*", Begins: true}) }, "audit_account (account=? AND seq<?)"},
		"by actor":  {func() (string, []any) { return list(store.AuditFilter{Actor: "x", After: time.Now()}) }, "audit_account (account=? AND seq<?)"},
		"by target": {func() (string, []any) { return list(store.AuditFilter{Target: "x"}) }, "audit_target (account=? AND target=? AND seq<?)"},
		"ends":      {func() (string, []any) { return auditEndsQuery(2), []any{1, 2} }, "audit_ends (act=?)"},
		"span": {func() (string, []any) {
			return `SELECT min(seq), max(seq) FROM audit WHERE at >= ? AND at < ?`, []any{1, 2}
		}, "COVERING INDEX audit_at"},
	} {
		query, args := c.query()
		rows, err := s.config.readers.Query("EXPLAIN QUERY PLAN "+query, args...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var plan []string
		for rows.Next() {
			var a, b, d int
			var detail string
			if err := rows.Scan(&a, &b, &d, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		rows.Close()
		text := strings.Join(plan, "; ")
		if !strings.Contains(text, c.index) || strings.Contains(text, "TEMP B-TREE") && name != "ends" {
			t.Errorf("%s: the plan is %q, want one by %q", name, text, c.index)
		}
	}
}

// A hub that starts while a file is read as one that nobody uses may change it: what was read is not told.
func TestAuditFileInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openTest(t, dir)
	if err := s.AppendAudit(t.Context(), []store.AuditEntry{{Seq: 1, Account: "a", At: time.Now()}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ConfigFile)
	f, err := OpenAuditFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if list, err := f.ReadAudit(t.Context(), 0, 9); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	if err := os.WriteFile(path+"-wal", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAudit(t.Context(), 0, 9); !errors.Is(err, ErrInUse) {
		t.Errorf("error %v", err)
	}
}

// Two installations never have one number.
func TestAuditInstallations(t *testing.T) {
	t.Parallel()
	a, errA := openTest(t, t.TempDir()).AuditAnchor(t.Context())
	b, errB := openTest(t, t.TempDir()).AuditAnchor(t.Context())
	if errA != nil || errB != nil || a.Installation == b.Installation {
		t.Errorf("%x and %x, %v, %v", a.Installation, b.Installation, errA, errB)
	}
}
