package storetest

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func testResponder(t *testing.T, s *suite) {
	x, y := event.NewID(), event.NewID()
	empty, err := s.LoadResponder(s.ctx, acme, x)
	must(t, err)
	same(t, "an unknown responder", len(empty.Placements)+len(empty.Ledger)+len(empty.Reasons), 0)
	w := store.BlockWrite{}
	targets := []string{"203.0.113.200/32", "2001:db8::/48", "203.0.113.0/24", "9.9.9.9/32", "203.0.113.3/32"}
	for _, target := range targets {
		b := block(acme, target)
		b.Reason = target
		w.Blocks = append(w.Blocks, b)
		w.Place = append(w.Place, placed(b, x), placed(b, y))
	}
	must(t, s.SaveBlocks(s.ctx, w))
	end := w.Place[8] // 203.0.113.3 at x
	for _, state := range []store.PlacementState{store.PlacementRemoved, store.PlacementExpired, store.PlacementEvicted} {
		end.State = state
		must(t, s.SaveResponder(s.ctx, store.ResponderWrite{Account: acme, Integration: x, Placements: []store.Placement{end}}))
		book, err := s.LoadResponder(s.ctx, acme, x)
		must(t, err)
		same(t, "placements with one "+string(state), book.Placements, []store.Placement{w.Place[6], w.Place[4], w.Place[0], w.Place[2]})
		same(t, "reasons", len(book.Reasons), 4)
		same(t, "a reason", book.Reasons[w.Blocks[1].ID], "2001:db8::/48")
	}
	for _, state := range []store.PlacementState{
		store.PlacementRequested, store.PlacementApplied, store.PlacementVerified, store.PlacementFailed, store.PlacementDrifted, store.PlacementCovered,
		store.PlacementRemoving,
	} {
		end.State = state
		must(t, s.SaveResponder(s.ctx, store.ResponderWrite{Account: acme, Integration: x, Placements: []store.Placement{end}}))
		book, err := s.LoadResponder(s.ctx, acme, x)
		must(t, err)
		same(t, "placements with one "+string(state), len(book.Placements), 5)
	}
	same(t, "the other account's", len(s.book(t, other, x).Placements), 0)
	testBlockLedger(t, s, x, y)

	must(t, s.DropResponder(s.ctx, other, x, "not theirs", at(1)))
	same(t, "after another account's drop", len(s.book(t, acme, x).Placements), 5)
	end.State, end.Since = store.PlacementEvicted, at(70)
	must(t, s.SaveResponder(s.ctx, store.ResponderWrite{Account: acme, Integration: x, Placements: []store.Placement{end}}))
	must(t, s.DropResponder(s.ctx, acme, x, "the integration was deleted", at(80)))
	book := s.book(t, acme, x)
	same(t, "what is left of it", len(book.Placements)+len(book.Ledger), 0)
	p := w.Place[0]
	p.State, p.Cause, p.Since = store.PlacementRemoved, "the integration was deleted", at(80)
	same(t, "a placement of it", s.placementsOf(t, w.Blocks[0])[:1], []store.Placement{p})
	same(t, "one that was final", s.placementsOf(t, w.Blocks[4])[:1], []store.Placement{end})
	same(t, "the other one's", len(s.book(t, acme, y).Placements), 5)
	testLostResponders(t, s, x, y)
}

// testLostResponders: x has nothing left to be done, y has placements, and z a ledger alone.
func testLostResponders(t *testing.T, s *suite, x, y event.ID) {
	z := event.NewID()
	must(t, s.SaveResponder(s.ctx, store.ResponderWrite{Account: acme, Integration: z, Ledger: []store.BlockLedgerEntry{
		{Account: acme, Integration: z, Prefix: prefix("9.9.9.9/32"), State: store.EntryHeld, Block: event.NewID(), At: at(4)},
	}}))
	lost := func(when string, limit int, want ...event.ID) {
		t.Helper()
		list, err := s.LostResponders(s.ctx, limit)
		must(t, err)
		var got []event.ID
		for _, r := range list {
			same(t, "account", r.Account, acme)
			got = append(got, r.Integration)
		}
		slices.SortFunc(got, func(a, b event.ID) int { return slices.Compare(a[:], b[:]) })
		same(t, when, got, want)
	}
	lost("without integrations", 5)
	for i, id := range []event.ID{x, y, z} {
		row := integration(acme, "responder "+strconv.Itoa(i))
		row.ID = id
		must(t, s.CreateIntegration(s.ctx, row))
	}
	lost("before any is deleted", 5)
	for _, id := range []event.ID{x, y, z} {
		row, err := s.GetIntegration(s.ctx, acme, id)
		must(t, err)
		row.DeletedAt = at(90)
		must(t, s.UpdateIntegration(s.ctx, row))
	}
	want := []event.ID{y, z}
	slices.SortFunc(want, func(a, b event.ID) int { return slices.Compare(a[:], b[:]) })
	lost("after they were deleted", 5, want...)
	must(t, s.DropResponder(s.ctx, acme, y, "the integration was deleted", at(91)))
	lost("after one was dropped", 5, z)
	must(t, s.DropResponder(s.ctx, acme, z, "the integration was deleted", at(91)))
	lost("after all were dropped", 5)
}

func testBlockLedger(t *testing.T, s *suite, x, y event.ID) {
	entry := func(target string, state store.EntryState) store.BlockLedgerEntry {
		return store.BlockLedgerEntry{Account: acme, Integration: x, Prefix: prefix(target), State: state, Block: event.NewID(), Handle: "'", At: at(4)}
	}
	a, b, c := entry("9.9.9.9/32", store.EntryAdding), entry("2001:db8::/32", store.EntryHeld), entry("9.9.9.0/24", store.EntryForeign)
	write := func(w store.ResponderWrite) {
		t.Helper()
		w.Account, w.Integration = acme, x
		must(t, s.SaveResponder(s.ctx, w))
	}
	write(store.ResponderWrite{Ledger: []store.BlockLedgerEntry{a, b, c}})
	must(t, s.SaveResponder(s.ctx, store.ResponderWrite{Account: acme, Integration: y, Gone: []netip.Prefix{a.Prefix}}))
	same(t, "ledger", s.book(t, acme, x).Ledger, []store.BlockLedgerEntry{c, a, b})
	same(t, "another responder's", len(s.book(t, acme, y).Ledger), 0)
	a.State, a.Handle, a.At, a.Block = store.EntryHeld, "abc", at(5), event.NewID()
	c.State = store.EntryRemoving
	write(store.ResponderWrite{Ledger: []store.BlockLedgerEntry{a, c}, Gone: []netip.Prefix{b.Prefix, c.Prefix, prefix("192.0.2.0/24")}})
	s.reopen(t)
	same(t, "a changed ledger", s.book(t, acme, x).Ledger, []store.BlockLedgerEntry{c, a})
}

func testBlocksDue(t *testing.T, s *suite) {
	made := func(target string, state store.BlockState, expires, approve int) store.Block {
		b := block(acme, target)
		b.State, b.ExpiresAt, b.ApproveBy = state, at(expires), at(approve)
		if expires == 0 {
			b.ExpiresAt = time.Time{}
		}
		s.blocks(t, b)
		return stored(b)
	}
	late := made("192.0.2.1/32", store.BlockActive, 20, 5)
	later := made("192.0.2.2/32", store.BlockPending, 5, 10)
	made("192.0.2.3/32", store.BlockActive, 0, 5)
	made("192.0.2.4/32", store.BlockExpired, 5, 5)
	made("192.0.2.5/32", store.BlockRejected, 5, 5)
	theirs := block(other, "192.0.2.1/32")
	theirs.ExpiresAt = at(30)
	s.blocks(t, theirs)
	theirs = stored(theirs)
	for _, c := range []struct {
		now, limit int
		due        []store.Block
		next       time.Time
	}{
		{9, 9, nil, at(10)},
		{10, 9, []store.Block{later}, at(20)},
		{29, 9, []store.Block{later, late}, at(30)},
		{30, 9, []store.Block{later, late, theirs}, time.Time{}},
		{30, 1, []store.Block{later}, time.Time{}},
		{12, 0, nil, at(20)},
	} {
		due, next, err := s.DueBlocks(s.ctx, at(c.now), c.limit)
		must(t, err)
		same(t, fmt.Sprintf("what is due at %d", c.now), due, c.due)
		same(t, fmt.Sprintf("what is next after %d", c.now), next, c.next)
	}
	later.State, later.ActiveAt, later.ExpiresAt = store.BlockActive, at(11), at(500)
	s.blocks(t, later)
	due, next, err := s.DueBlocks(s.ctx, at(31), 9)
	must(t, err)
	same(t, "what is due after an approval", due, []store.Block{late, theirs})
	same(t, "what is next after it", next, at(500))
}

func testBlocksActivated(t *testing.T, s *suite) {
	for n := range 5 {
		b := block(acme, fmt.Sprintf("192.0.2.%d/32", n))
		b.ActiveAt = at(10 + n)
		s.blocks(t, b)
	}
	never := block(acme, "192.0.2.99/32")
	never.ActiveAt = time.Time{}
	s.blocks(t, never, block(other, "192.0.2.1/32"))
	for _, c := range []struct {
		since time.Time
		limit int
		want  []time.Time
	}{
		{time.Time{}, 9, []time.Time{at(10), at(11), at(12), at(13), at(14)}},
		{at(13), 9, []time.Time{at(13), at(14)}},
		{at(11), 2, []time.Time{at(13), at(14)}},
		{at(15), 2, nil},
		{at(11), 0, nil},
	} {
		got, err := s.ActivatedBlocks(s.ctx, acme, c.since, c.limit)
		must(t, err)
		same(t, "times", got, c.want)
	}
}

func testBlocksPrune(t *testing.T, s *suite) {
	x := event.NewID()
	ended := func(target string, n int, state store.PlacementState) store.Block {
		b := block(acme, target)
		b.State, b.EndedAt = store.BlockRemoved, at(n)
		p := placed(b, x)
		p.State = state
		must(t, s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: []store.Block{b}, Place: []store.Placement{p}, Steps: []store.BlockStep{step(b, 1)}}))
		return stored(b)
	}
	first, second := ended("192.0.2.1/32", 10, store.PlacementRemoved), ended("192.0.2.2/32", 20, store.PlacementExpired)
	removing, late := ended("192.0.2.3/32", 5, store.PlacementRemoving), ended("192.0.2.4/32", 50, store.PlacementEvicted)
	open := block(acme, "192.0.2.5/32")
	s.blocks(t, open)
	n, err := s.PruneBlocks(s.ctx, at(50), 1)
	must(t, err)
	same(t, "pruned", n, 1)
	_, err = s.GetBlock(s.ctx, acme, first.ID)
	wantErr(t, "the first to end", err, store.ErrNotFound)
	same(t, "its placements", len(s.placementsOf(t, first)), 0)
	steps, err := s.BlockSteps(s.ctx, acme, first.ID)
	must(t, err)
	same(t, "its history", len(steps), 0)
	s.blockIs(t, "the second", second)
	for _, want := range []int{1, 0} {
		n, err = s.PruneBlocks(s.ctx, at(50), 100)
		must(t, err)
		same(t, "pruned", n, want)
	}
	for _, b := range []store.Block{removing, late, stored(open)} {
		s.blockIs(t, "one that stays", b)
	}
}

func testBlockCounts(t *testing.T, s *suite) {
	counts, err := s.CountBlocks(s.ctx, acme)
	must(t, err)
	same(t, "counts of none", counts, store.BlockCounts{Blocks: map[store.BlockState]int{}, Placements: map[event.ID]map[store.PlacementState]int{}})
	x, y := event.NewID(), event.NewID()
	for n, state := range []store.BlockState{store.BlockActive, store.BlockActive, store.BlockPending, store.BlockLapsed} {
		b := block(acme, fmt.Sprintf("192.0.2.%d/32", n))
		b.State = state
		w := store.BlockWrite{Blocks: []store.Block{b}, Place: []store.Placement{placed(b, x)}}
		if n == 0 {
			p := placed(b, y)
			p.State = store.PlacementFailed
			w.Place = append(w.Place, p)
		}
		must(t, s.SaveBlocks(s.ctx, w))
	}
	s.blocks(t, block(other, "192.0.2.1/32"))
	counts, err = s.CountBlocks(s.ctx, acme)
	must(t, err)
	same(t, "counts", counts, store.BlockCounts{
		Blocks:     map[store.BlockState]int{store.BlockActive: 2, store.BlockPending: 1, store.BlockLapsed: 1},
		Placements: map[event.ID]map[store.PlacementState]int{x: {store.PlacementRequested: 4}, y: {store.PlacementFailed: 1}},
	})
}

// Whatever a text holds comes back as it was, and is found.
func testBlocksHostile(t *testing.T, s *suite) {
	for n, text := range ownHostile {
		b := block(acme, fmt.Sprintf("192.0.2.%d/32", n))
		b.Reason, b.Cause = text, text
		b.Requester.Principals = []string{text + "x"}
		if !strings.Contains(text, "\xff") { // an actor is JSON, which has no such text
			b.Requester.Name, b.Requester.Address = text, text
		} else {
			b.Requester.Principals = nil
		}
		v := step(b, n)
		v.Cause, v.By, v.State = text, text, text
		p := placed(b, event.NewID())
		must(t, s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: []store.Block{b}, Place: []store.Placement{p}, Steps: []store.BlockStep{v}}))
		p.Cause = text
		e := store.BlockLedgerEntry{Account: acme, Integration: p.Integration, Prefix: b.Target, State: store.EntryHeld, Handle: text}
		must(t, s.SaveResponder(s.ctx, store.ResponderWrite{
			Account: acme, Integration: p.Integration, Placements: []store.Placement{p}, Ledger: []store.BlockLedgerEntry{e},
		}))
		s.blockIs(t, fmt.Sprintf("a block with %.40q", text), stored(b))
		book, err := s.LoadResponder(s.ctx, acme, p.Integration)
		must(t, err)
		same(t, fmt.Sprintf("a responder with %.40q", text), book,
			store.ResponderBook{Placements: []store.Placement{p}, Reasons: map[event.ID]string{b.ID: text}, Ledger: []store.BlockLedgerEntry{e}})
		steps, err := s.BlockSteps(s.ctx, acme, b.ID)
		must(t, err)
		same(t, fmt.Sprintf("a history with %.40q", text), steps, []store.BlockStep{v})
		for name, f := range map[string]store.BlockFilter{"search": {Search: text}, "asker": {By: text + "x"}} {
			if name == "asker" && b.Requester.Principals == nil {
				continue
			}
			f.Account = acme
			list, _, err := s.ListBlocks(s.ctx, f, store.Page{Limit: 1})
			must(t, err)
			if len(list) != 1 || list[0].ID != b.ID {
				t.Errorf("%s by %.40q does not find the block", name, text)
			}
		}
	}
}
