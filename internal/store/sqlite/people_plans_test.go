package sqlite

import (
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// TestPeoplePlans makes sure that nothing about people scans a table.
func TestPeoplePlans(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir())
	id := event.NewID()
	for _, c := range []struct {
		name, query, index string
		args               []any
	}{
		{"user by address", userByEmailQuery, "users_email", []any{"a", "b"}},
		{"users", `SELECT ` + userColumns + ` FROM users WHERE account = ? AND deleted_at = 0 AND email > ? ORDER BY email LIMIT 5`, "users_email", []any{"a", "b"}},
		{"sealed users", sealedUsersQuery, "users_sealed", []any{id[:], 5}},
		{"session by hash", `SELECT ` + sessionColumns + ` FROM sessions WHERE hash = ?`, "sqlite_autoindex_sessions_2", []any{id[:]}},
		{"sessions of a user", listSessionsQuery, "sessions_user", []any{id[:], "a", 1, 5}},
		{"sessions of an account", recentSessionsQuery, "sessions_user", []any{"a", 1, 1, 5}},
		{"sessions past their end", `SELECT id FROM sessions WHERE expires_at < ? LIMIT ?`, "sessions_end", []any{1, 5}},
		{"sessions revoked", `SELECT id FROM sessions WHERE revoked_at > 0 AND revoked_at < ? LIMIT ?`, "sessions_revoked", []any{1, 5}},
		{"links of a user", `SELECT hash FROM links WHERE account = ? AND user = ? AND used_at = 0`, "links_user", []any{"a", id[:]}},
		{"links past their end", `SELECT hash FROM links WHERE expires_at < ? LIMIT ?`, "links_end", []any{1, 5}},
	} {
		rows, err := s.config.readers.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+c.query, c.args...)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
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
		if text := strings.Join(plan, "; "); !strings.Contains(text, c.index) || strings.Contains(text, "TEMP B-TREE") {
			t.Errorf("%s: the plan is %q, want one by %q that sorts nothing", c.name, text, c.index)
		}
	}
}
