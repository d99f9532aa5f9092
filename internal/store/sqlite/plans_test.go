package sqlite

import (
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestPlans makes sure that no list scans a table or sorts more than a handful of rows.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir())
	id := event.NewID()
	parked := func(f store.ParkedFilter) (string, []any) {
		f.Account = "a"
		w := parkedWhere(f)
		return `SELECT ` + parkedColumns + ` FROM parked` + w.String() + ` ORDER BY since DESC, delivery DESC LIMIT 10`, w.args
	}
	attempts := func(f store.AttemptFilter) (string, []any) {
		f.Account = "a"
		w := attemptWhere(f)
		return `SELECT ` + attemptColumns + ` FROM attempts` + w.String() + ` ORDER BY at DESC, id DESC LIMIT 10`, w.args
	}
	plain := func(q string, args ...any) (string, []any) { return q, args }
	for name, c := range map[string]struct {
		file  *file
		query func() (string, []any)
		index string
		sorts bool
	}{
		"parked by account":     {s.lanes, func() (string, []any) { return parked(store.ParkedFilter{}) }, "parked_account", false},
		"parked by integration": {s.lanes, func() (string, []any) { return parked(store.ParkedFilter{Integration: id}) }, "parked_integration", false},
		"parked by state": {s.lanes, func() (string, []any) {
			return parked(store.ParkedFilter{Integration: id, States: []store.ParkedState{store.StateMailbox}})
		}, "parked_integration", false},
		"parked by event": {s.lanes, func() (string, []any) { return parked(store.ParkedFilter{Event: id}) }, "parked_event", false},
		"titles of parked": {s.lanes, func() (string, []any) {
			return plain(parkedTitlesQuery(2), id[:], id[:], "a")
		}, "sqlite_autoindex_parked_records_1", false},
		"count by integration": {s.lanes, func() (string, []any) {
			w := parkedWhere(store.ParkedFilter{Account: "a", Integration: id})
			return `SELECT state, count(*) FROM parked` + w.String() + ` GROUP BY state`, w.args
		}, "COVERING INDEX parked_integration", true},
		"parked to load": {s.lanes, func() (string, []any) {
			return plain(`SELECT `+parkedColumns+` FROM parked WHERE integration = ? AND state IN ('parked', 'behind') ORDER BY position, delivery`, id[:])
		}, "parked_integration", true},
		"parked to prune": {s.lanes, func() (string, []any) {
			return plain(`SELECT `+parkedColumns+` FROM parked WHERE `+parkedEnded+` AND since < ? ORDER BY since, delivery LIMIT ?`, 1, 1)
		}, "parked_age", false},
		"attempts by account":     {s.lanes, func() (string, []any) { return attempts(store.AttemptFilter{}) }, "attempts_account", false},
		"attempts by integration": {s.lanes, func() (string, []any) { return attempts(store.AttemptFilter{Integration: id}) }, "attempts_integration", false},
		"attempts by delivery":    {s.lanes, func() (string, []any) { return attempts(store.AttemptFilter{Delivery: id}) }, "attempts_delivery", false},
		"attempts by event":       {s.lanes, func() (string, []any) { return attempts(store.AttemptFilter{Event: id}) }, "attempts_event", false},
		"attempts to prune": {s.lanes, func() (string, []any) {
			return plain(`SELECT at, bytes, id FROM attempts ORDER BY at, id LIMIT 5`)
		}, "attempts_age", false},
		"packs to prune": {s.lanes, func() (string, []any) {
			return plain(`SELECT at, bytes, integration, span, hi, lo, seq FROM packs ORDER BY at LIMIT 5`)
		}, "packs_age", false},
		"packs by account": {s.lanes, func() (string, []any) {
			return plain(`SELECT `+packColumns+` FROM packs WHERE account = ? ORDER BY at DESC, integration DESC, hi DESC, lo DESC, seq DESC LIMIT 5`, "a")
		}, "packs_account", false},
		"packs by integration": {s.lanes, func() (string, []any) {
			return plain(`SELECT `+packColumns+` FROM packs WHERE account = ? AND integration = ? ORDER BY at DESC, integration DESC, hi DESC, lo DESC, seq DESC LIMIT 5`, "a", id[:])
		}, "packs_integration", false},
		"packs at": {s.lanes, func() (string, []any) {
			return plain(`SELECT `+packColumns+` FROM packs WHERE integration = ? AND span = ? AND hi >= ? AND hi <= ? AND lo <= ?`, id[:], 1, id[:], id[:], id[:])
		}, "(integration=? AND span=? AND hi>? AND hi<?)", false},
		"idempotency to forget": {s.lanes, func() (string, []any) {
			return plain(`SELECT account, key_hash FROM idempotency WHERE at < ? ORDER BY at LIMIT ?`, 1, 1)
		}, "idempotency_age", false},
		"history of deliveries": {s.lanes, func() (string, []any) { return plain(loadPulsesQuery, 10, 1) }, "PRIMARY KEY (step=? AND at>?)", false},
		"history to prune":      {s.lanes, func() (string, []any) { return plain(prunePulsesQuery, 10, 1, 1) }, "PRIMARY KEY (step=? AND at<?)", false},
		"open incidents":        {s.cases, func() (string, []any) { return plain(countOpenIncidentsQuery, "a", "new", "active") }, "COVERING INDEX incidents_status", false},
		"outbox": {s.lanes, func() (string, []any) {
			return outboxQuery(5, []event.Account{"a", "b"})
		}, "sqlite_autoindex_outbox_1", false},
		"integrations": {s.config, func() (string, []any) {
			return plain(`SELECT `+integrationColumns+` FROM integrations WHERE account = ? AND deleted_at = 0 ORDER BY name, id LIMIT 5`, "a")
		}, "integrations_list", false},
		"keys": {s.config, func() (string, []any) {
			return plain(`SELECT `+keyColumns+` FROM api_keys WHERE account = ? ORDER BY id DESC LIMIT 5`, "a")
		}, "api_keys_list", false},
		"unfinished jobs": {s.config, func() (string, []any) {
			return plain(`SELECT ` + jobColumns + ` FROM jobs WHERE state IN ('queued', 'running') ORDER BY id`)
		}, "jobs_unfinished", false},
	} {
		query, args := c.query()
		rows, err := c.file.readers.Query("EXPLAIN QUERY PLAN "+query, args...)
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
		if !strings.Contains(text, c.index) || strings.Contains(text, "TEMP B-TREE") && !c.sorts {
			t.Errorf("%s: the plan is %q, want one by %q, sorting %v", name, text, c.index, c.sorts)
		}
	}
}
