package deliver

import (
	"fmt"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// What a restart puts back into the journal, and is trimmed there, leaves a row in the mailbox as a sweep does.
func TestTrimmedWindowLeavesARow(t *testing.T) {
	t.Parallel()
	for _, children := range []bool{false, true} {
		c := newClan(t)
		c.tree.up = map[event.Account]event.Account{"a": "acme", "b": "a"}
		trimmed := uint64(0)
		c.wrap = func(j Journal) Journal {
			return &faultyJournal{j, func(n uint64) error {
				if n <= trimmed {
					return fmt.Errorf("frame %d: %w", n, journal.ErrTrimmed)
				}
				return nil
			}}
		}
		c.start()
		top, r := c.join("acme", quick, children, "*")
		c.change(top, func(i *store.Integration) { i.Paused = true })
		c.post("acme", 10, 5, "alert.created") // frames 1 and 2
		c.post("a", 6, 2, "alert.created")     // 3, 4, 5
		c.post("b", 4, 4, "alert.created")     // 6
		eventually(t, "the tail is at the end", c.tailAtEnd)
		c.stop()
		trimmed = 6
		c.start()
		c.post("b", 2, 2, "alert.created")
		c.post("acme", 3, 3, "alert.created")
		c.post("a", 1, 1, "alert.created")
		c.change(top, func(i *store.Integration) { i.Paused = false })
		n := c.rest(top)
		gone, came := uint64(10), uint64(3)
		if children {
			gone, came = 20, 6
		}
		if n.Expired != gone || n.Delivered != came || n.Lost != 0 || r.accepted() != int(came) {
			t.Fatalf("%+v", n)
		}
		c.tick()
		rows, _, err := c.s.ListParked(t.Context(), store.ParkedFilter{Account: "acme", States: []store.ParkedState{store.StateExpired}}, store.Page{})
		if err != nil || len(rows) != 1 || rows[0].Matched != gone || rows[0].Position.Frame != 1 || rows[0].RangeTo.Frame < 7 {
			t.Fatalf("%+v, %v", rows, err)
		}
		c.crash()
	}
}
