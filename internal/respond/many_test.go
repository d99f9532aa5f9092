package respond

import (
	"os"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// How many blocks are made in the tests of many, and how long that may take on a machine that does nothing else.
const (
	allBlocks    = MaxImport
	someBlocks   = 3000 // where the large tests are not asked for
	importBudget = 2 * time.Second
	singleBudget = 5 * time.Millisecond // each
	fewSingles   = 500
)

// big says that the large tests are asked for, and that there is time for them.
func big() bool { return os.Getenv("TOCSIN_BIG") != "" }

// TestManyBlocks imports many blocks, ends them, and asks for many one by one among as many others.
func TestManyBlocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy(`{"per_minute":1000000,"per_hour":1000000}`)
	many := someBlocks
	if big() {
		many = allBlocks
	}
	rs := make([]Request, many)
	for n := range rs {
		rs[n] = Request{Target: address(n), Reason: "a list of somebody's"}
	}
	took := func(what string, budget time.Duration, f func() error) {
		t.Helper()
		began := time.Now()
		if err := f(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		d := time.Since(began)
		t.Logf("%s: %s", what, d.Round(time.Millisecond))
		if big() && d > budget {
			t.Errorf("%s took %s, more than %s", what, d, budget)
		}
	}
	writes := w.store.written()
	took("importing", importBudget, func() error {
		list, err := w.Import(w.as(dana), acme, rs)
		for i := range list {
			if list[i].Err != nil || !list[i].Outcome.New || len(list[i].Outcome.Placements) != 2 {
				t.Fatalf("number %d: %+v", i, list[i])
			}
		}
		return err
	})
	w.eq("writes", w.store.written()-writes, (many+maxWrite-1)/maxWrite)
	w.eq("nudged, by the policy and once by all of them", w.responders.nudged[edge.Integration], 2)
	took("importing once more", importBudget, func() error {
		_, err := w.Import(w.as(dana), acme, rs)
		return err
	})
	singles := fewSingles
	if big() {
		singles = many
	}
	took("single requests", time.Duration(singles)*singleBudget, func() error {
		for n := range singles {
			if _, err := w.Block(w.as(dana), acme, Request{Target: address(many + n)}); err != nil {
				return err
			}
		}
		return nil
	})
	took("starting", importBudget, func() error { w.restart(); return nil })
	took("undoing", importBudget, func() error {
		list, err := w.Undo(w.as(dana), acme, UndoSpec{Last: many})
		w.eq("undone", len(list), many)
		return err
	})
	c, err := w.Counts(w.t.Context(), acme)
	w.must(err)
	w.eq("left", c.Blocks[store.BlockActive], singles)
}
