package sqlite

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestBlockPlans makes sure that nothing about blocks scans a table, and that no list of them is sorted.
func TestBlockPlans(t *testing.T) {
	t.Parallel()
	s := openTest(t, t.TempDir())
	id := event.NewID()
	plain := func(q string, args ...any) func() (string, []any) { return func() (string, []any) { return q, args } }
	list := func(f store.BlockFilter) func() (string, []any) {
		return func() (string, []any) {
			f.Account = "a"
			q, args := blocksQuery(&f, noneBefore())
			return q + " LIMIT 10", args
		}
	}
	for _, c := range []struct {
		name  string
		query func() (string, []any)
		index string
	}{
		{"blocks", list(store.BlockFilter{}), "blocks_list (account=? AND id<?)"},
		{"some", list(store.BlockFilter{IDs: []event.ID{id, id}}), "blocks_list (account=? AND id=?)"},
		{"of a state", list(store.BlockFilter{States: []store.BlockState{"active"}}), "blocks_state (account=? AND state=? AND id<?)"},
		{"of states", list(store.BlockFilter{States: []store.BlockState{"active", "removed"}}), "blocks_list (account=? AND id<?)"},
		{"of a rule", list(store.BlockFilter{Rule: id}), "blocks_rule (account=? AND rule=? AND id<?)"},
		{"of an alert", list(store.BlockFilter{Alert: id, States: []store.BlockState{"active"}}), "blocks_alert (account=? AND alert=? AND id<?)"},
		{"of an incident", list(store.BlockFilter{Incident: 7}), "blocks_incident (account=? AND incident=? AND id<?)"},
		{"of a target", list(store.BlockFilter{Target: netip.MustParsePrefix("203.0.113.0/24")}), "blocks_list (account=? AND id<?)"},
		{"of somebody", list(store.BlockFilter{By: "usr_1", Since: time.Unix(1, 0), Search: "x"}), "blocks_list (account=? AND id<?)"},
		{"with a placement", list(store.BlockFilter{Placement: "failed"}), "p USING COVERING INDEX block_placements_state (account=? AND integration=? AND state=?)"},
		{"with a placement, in order", list(store.BlockFilter{Placement: "failed"}), "blocks_list (account=? AND id<?)"},
		{"with a placement there", list(store.BlockFilter{Placement: "failed", Integration: id}), "p USING COVERING INDEX block_placements_state (account=? AND integration=? AND state=?)"},
		{"at a responder", list(store.BlockFilter{Integration: id}), "p EXISTS USING PRIMARY KEY (block=? AND integration=?)"},
		{"open ones", plain(openBlocksQuery), "SCAN blocks USING INDEX blocks_open"},
		{"due ones", plain(dueBlocksQuery, 1, 1), "blocks_due (due_at>? AND due_at<?)"},
		{"the next one due", plain(nextBlockQuery, 1), "blocks_due (due_at>?)"},
		{"activated ones", plain(activatedBlocksQuery, "a", 1, 1), "COVERING INDEX blocks_active (account=? AND active_at>?)"},
		{"to prune", plain(prunedBlocksQuery, 1, 1), "blocks_ended (ended_at>? AND ended_at<?)"},
		{"to prune, with placements", plain(prunedBlocksQuery, 1, 1), "p USING PRIMARY KEY (block=?)"},
		{"counts", plain(countBlocksQuery, "a"), "COVERING INDEX blocks_state (account=?)"},
		{"counts of placements", plain(countPlacementsQuery, "a"), "COVERING INDEX block_placements_state (account=?)"},
		{"placements of a responder", plain(loadPlacementsQuery, "a", id[:]), "block_placements_state (account=? AND integration=? AND state=?)"},
		{"the ledger", plain(loadLedgerQuery, "a", id[:]), "PRIMARY KEY (account=? AND integration=?)"},
		{"lost responders", plain(lostRespondersQuery, 1), "block_placements_state (account=? AND integration=? AND state=?)"},
		{"history", plain(blockStepsQuery, id[:], "a"), "PRIMARY KEY (block=?)"},
		{"hits of a rule", plain(ruleHitsQuery+" LIMIT 5", id[:], "a", id[:]), "response_hits_list (rule=? AND id<?)"},
		{"hits to forget", plain(forgetHits, id[:], 5), "response_hits_list (rule=? AND id<?)"},
	} {
		query, args := c.query()
		rows, err := s.config.readers.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
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
