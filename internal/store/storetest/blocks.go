package storetest

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func prefix(text string) netip.Prefix { return netip.MustParsePrefix(text) }

// block is a full one, in which no field is zero that may be something.
func block(account event.Account, target string) store.Block {
	return store.Block{
		ID: event.NewID(), Account: account, Target: prefix(target), State: store.BlockActive, Reason: "'; DROP TABLE blocks; --",
		Responders: []event.ID{event.NewID(), event.NewID()},
		Requester:  store.BlockActor{Kind: "key", ID: "key_1", Name: "\u202e", Principals: []string{"key_1", "usr_1"}, Address: "198.51.100.7"},
		Decider:    store.BlockActor{Kind: "user", ID: "usr_2"}, Rule: event.NewID(), Alert: event.NewID(), Incident: 7, Event: event.NewID(), Cause: "%",
		CreatedAt: at(1), UpdatedAt: at(2), ActiveAt: at(3), ExpiresAt: at(1000), TTL: 997*time.Second + 1, ApproveBy: at(60), EndedAt: time.Time{},
	}
}

func placed(b store.Block, integration event.ID) store.Placement {
	return store.Placement{
		Block: b.ID, Account: b.Account, Integration: integration, Target: b.Target, Wanted: true, State: store.PlacementRequested,
		Since: at(3), ExpiresAt: b.ExpiresAt,
	}
}

func step(b store.Block, n int) store.BlockStep {
	return store.BlockStep{ID: event.NewID(), Account: b.Account, Block: b.ID, Integration: event.NewID(), At: at(n), State: "asked_again", Cause: fmt.Sprint(n), By: "?"}
}

// stored is a block as it is read back after it was inserted.
func stored(b store.Block) store.Block {
	b.Version++
	return b
}

func (s *suite) blocks(t *testing.T, list ...store.Block) {
	t.Helper()
	must(t, s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: list}))
}

func (s *suite) blockIs(t *testing.T, what string, want store.Block) {
	t.Helper()
	got, err := s.GetBlock(s.ctx, want.Account, want.ID)
	must(t, err)
	same(t, what, got, want)
}

func (s *suite) placementsOf(t *testing.T, b store.Block) []store.Placement {
	t.Helper()
	list, err := s.BlockPlacements(s.ctx, b.Account, []event.ID{b.ID})
	must(t, err)
	return list
}

func (s *suite) book(t *testing.T, account event.Account, integration event.ID) store.ResponderBook {
	t.Helper()
	book, err := s.LoadResponder(s.ctx, account, integration)
	must(t, err)
	return book
}

func testBlocks(t *testing.T, s *suite) {
	b, v6 := block(acme, "203.0.113.7/32"), block(acme, "2001:db8::/48")
	v6.Responders, v6.Requester.Principals, v6.ExpiresAt, v6.TTL = nil, nil, time.Time{}, 0
	s.blocks(t, b, v6, block(other, "203.0.113.7/32"))
	s.blockIs(t, "block", stored(b))
	s.blockIs(t, "a block of IPv6", stored(v6))
	_, err := s.GetBlock(s.ctx, other, b.ID)
	wantErr(t, "another account's block", err, store.ErrNotFound)
	wantErr(t, "a known id", s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: []store.Block{b}}), store.ErrConflict)

	b = stored(b)
	b.State, b.Reason, b.Cause, b.EndedAt, b.UpdatedAt, b.Decider = store.BlockRemoved, "r", "c", at(9), at(9), store.BlockActor{Kind: "user", Principals: []string{"x"}}
	stale, foreign, gone := b, b, b
	stale.Version, foreign.Account, gone.ID = 7, other, event.NewID()
	wantErr(t, "a stale version", s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: []store.Block{stale}}), store.ErrConflict)
	wantErr(t, "another account's block", s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: []store.Block{foreign}}), store.ErrNotFound)
	wantErr(t, "a block that is not there", s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: []store.Block{gone}}), store.ErrNotFound)
	s.blocks(t, b)
	s.reopen(t)
	s.blockIs(t, "a changed block", stored(b))
	open, err := s.OpenBlocks(s.ctx)
	must(t, err)
	same(t, "open blocks of all accounts", len(open), 2)

	for name, spoil := range map[string]func(*store.Block){
		"without id":           func(b *store.Block) { b.ID = event.ID{} },
		"without account":      func(b *store.Block) { b.Account = "" },
		"without target":       func(b *store.Block) { b.Target = netip.Prefix{} },
		"without state":        func(b *store.Block) { b.State = "" },
		"with bits too many":   func(b *store.Block) { b.Target = netip.PrefixFrom(netip.MustParseAddr("192.0.2.1"), 24) },
		"of IPv4 as IPv6":      func(b *store.Block) { b.Target = netip.PrefixFrom(netip.MustParseAddr("::ffff:192.0.2.1"), 128) },
		"of all IPv4 as IPv6":  func(b *store.Block) { b.Target = netip.PrefixFrom(netip.MustParseAddr("::ffff:0.0.0.0"), 96) },
		"with a length beyond": func(b *store.Block) { b.Target = netip.PrefixFrom(netip.MustParseAddr("192.0.2.1"), 33) },
	} {
		bad := block(acme, "192.0.2.1/32")
		spoil(&bad)
		w := store.BlockWrite{Blocks: []store.Block{block(acme, "192.0.2.9/32"), bad}}
		wantErr(t, "a block "+name, s.SaveBlocks(s.ctx, w), store.ErrInvalid)
		_, err := s.GetBlock(s.ctx, acme, w.Blocks[0].ID)
		wantErr(t, "the one before a block "+name, err, store.ErrNotFound)
	}
}

// An account has one open block of a target, and blocks end before others begin.
func testBlocksAreUnique(t *testing.T, s *suite) {
	one, two := block(acme, "203.0.113.7/32"), block(acme, "203.0.113.7/32")
	two.State = store.BlockPending
	s.blocks(t, one)
	wantErr(t, "a second open block", s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: []store.Block{two}}), store.ErrConflict)
	s.blocks(t, block(other, "203.0.113.7/32"), block(acme, "203.0.113.0/24"), block(acme, "203.0.113.6/32"))
	both := []store.Block{block(acme, "192.0.2.1/32"), block(acme, "192.0.2.1/32")}
	wantErr(t, "two at once", s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: both}), store.ErrConflict)
	_, err := s.GetBlock(s.ctx, acme, both[0].ID)
	wantErr(t, "the first of two", err, store.ErrNotFound)

	one = stored(one)
	one.State, one.EndedAt = store.BlockExpired, at(5)
	s.blocks(t, two, one) // the new one first
	s.blockIs(t, "the one that ended", stored(one))
	s.blockIs(t, "the one that began", stored(two))
	again := stored(one)
	again.State, again.EndedAt = store.BlockActive, time.Time{}
	wantErr(t, "an ended one that is open again", s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: []store.Block{again}}), store.ErrConflict)
}

// What a write says about placements: those that are there keep their state, and learn what became of their blocks.
func testBlockPlacements(t *testing.T, s *suite) {
	a, b := block(acme, "203.0.113.7/32"), block(acme, "203.0.113.8/32")
	x, y := event.NewID(), event.NewID()
	must(t, s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: []store.Block{b, a}, Place: []store.Placement{placed(b, y), placed(b, x), placed(a, x)}}))
	list, err := s.BlockPlacements(s.ctx, acme, []event.ID{b.ID, a.ID, b.ID, event.NewID()})
	must(t, err)
	same(t, "placements", list, []store.Placement{placed(a, x), placed(b, x), placed(b, y)})
	list, err = s.BlockPlacements(s.ctx, other, []event.ID{a.ID})
	must(t, err)
	same(t, "another account's placements", len(list), 0)
	list, err = s.BlockPlacements(s.ctx, acme, nil)
	must(t, err)
	same(t, "placements of no block", len(list), 0)

	// The reconciler's part.
	p := placed(a, x)
	p.State, p.Cause, p.Covered, p.Attempts, p.DueAt = store.PlacementFailed, "'", event.NewID(), 3, at(30)
	p.Since, p.AppliedAt, p.VerifiedAt = at(20), at(21), at(22)
	lying := p
	lying.Wanted, lying.ExpiresAt, lying.Target = false, at(5), prefix("198.51.100.0/24")
	strange := placed(block(acme, "192.0.2.1/32"), x)
	must(t, s.SaveResponder(s.ctx, store.ResponderWrite{Account: acme, Integration: x, Placements: []store.Placement{lying, strange}}))
	same(t, "a changed placement", s.placementsOf(t, a), []store.Placement{p})
	list, err = s.BlockPlacements(s.ctx, acme, []event.ID{strange.Block})
	must(t, err)
	same(t, "a placement that a reconciler made up", len(list), 0)
	must(t, s.SaveResponder(s.ctx, store.ResponderWrite{Account: other, Integration: x, Placements: []store.Placement{placed(a, x)}}))
	must(t, s.SaveResponder(s.ctx, store.ResponderWrite{Account: acme, Integration: y, Placements: []store.Placement{placed(a, x)}}))
	same(t, "after others' writes", s.placementsOf(t, a), []store.Placement{p})

	// The room's part: a longer time, and another responder.
	a = stored(a)
	a.ExpiresAt = at(5000)
	again := placed(a, x)
	again.Wanted, again.State = false, store.PlacementRemoved
	must(t, s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: []store.Block{a}, Place: []store.Placement{again, placed(a, y)}}))
	p.ExpiresAt = at(5000)
	same(t, "after a longer time", s.placementsOf(t, a), []store.Placement{p, placed(a, y)})
	same(t, "the other block's", s.placementsOf(t, b), []store.Placement{placed(b, x), placed(b, y)})

	// The end: what was wanted is not, and that is all.
	a = stored(a)
	a.State, a.EndedAt, a.ExpiresAt = store.BlockRemoved, at(40), at(40)
	must(t, s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: []store.Block{a}, Unwant: []event.ID{a.ID}}))
	p.Wanted = false
	q := placed(a, y)
	q.Wanted, q.ExpiresAt = false, at(5000)
	s.reopen(t)
	same(t, "after the end", s.placementsOf(t, a), []store.Placement{p, q})
	p.Wanted, p.State = true, store.PlacementRemoving
	must(t, s.SaveResponder(s.ctx, store.ResponderWrite{Account: acme, Integration: x, Placements: []store.Placement{p}}))
	p.Wanted = false
	same(t, "a reconciler that wants it back", s.placementsOf(t, a), []store.Placement{p, q})
}

// Neither of the two writes is done in part.
func testBlockWritesAreAtomic(t *testing.T, s *suite) {
	a, x := block(acme, "203.0.113.7/32"), event.NewID()
	must(t, s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: []store.Block{a}, Place: []store.Placement{placed(a, x)}}))
	ledger := store.BlockLedgerEntry{Account: acme, Integration: x, Prefix: a.Target, State: store.EntryAdding, Block: a.ID, At: at(1)}
	must(t, s.SaveResponder(s.ctx, store.ResponderWrite{Account: acme, Integration: x, Ledger: []store.BlockLedgerEntry{ledger}}))
	before, err := s.LoadResponder(s.ctx, acme, x)
	must(t, err)
	unchanged := func(what string) {
		t.Helper()
		s.reopen(t)
		book, err := s.LoadResponder(s.ctx, acme, x)
		must(t, err)
		same(t, what+": book", book, before)
		s.blockIs(t, what+": block", stored(a))
		steps, err := s.BlockSteps(s.ctx, acme, a.ID)
		must(t, err)
		same(t, what+": steps", len(steps), 0)
		same(t, what+": facts", len(s.waiting(t)), 0)
	}
	for name, spoil := range spoiled() {
		ended := stored(a)
		ended.State, ended.EndedAt = store.BlockRemoved, at(9)
		w := store.BlockWrite{
			Blocks: []store.Block{ended, block(acme, "203.0.113.9/32")}, Place: []store.Placement{placed(a, event.NewID())}, Unwant: []event.ID{a.ID},
			Steps: []store.BlockStep{step(a, 1)}, Say: []store.Said{said(acme), said(acme)},
		}
		spoil(&w.Say[1])
		wantErr(t, "blocks with a fact "+name, s.SaveBlocks(s.ctx, w), store.ErrInvalid)
		unchanged("blocks with a fact " + name)

		p := placed(a, x)
		p.State = store.PlacementApplied
		r := store.ResponderWrite{
			Account: acme, Integration: x, Placements: []store.Placement{p}, Gone: []netip.Prefix{a.Target}, Steps: []store.BlockStep{step(a, 1)},
			Ledger: []store.BlockLedgerEntry{{Prefix: prefix("192.0.2.0/24"), State: store.EntryForeign}}, Say: []store.Said{said(acme)},
			Tell: func([]store.BlockStanding, []store.BlockStanding) []store.Said {
				v := said(acme)
				spoil(&v)
				return []store.Said{v}
			},
		}
		wantErr(t, "a responder's with a fact "+name, s.SaveResponder(s.ctx, r), store.ErrInvalid)
		unchanged("a responder's with a fact " + name)
	}
	for name, w := range map[string]store.BlockWrite{
		"a placement nowhere":     {Place: []store.Placement{{Block: a.ID, Account: acme, Integration: x, State: "requested"}}},
		"a step of nobody":        {Steps: []store.BlockStep{{ID: event.NewID(), Block: a.ID}}},
		"a step without id":       {Steps: []store.BlockStep{{Account: acme, Block: a.ID}}},
		"a placement in no state": {Place: []store.Placement{{Block: a.ID, Account: acme, Integration: event.NewID(), Target: a.Target}}},
	} {
		w.Unwant = []event.ID{a.ID}
		wantErr(t, name, s.SaveBlocks(s.ctx, w), store.ErrInvalid)
		unchanged(name)
	}
	for name, r := range map[string]store.ResponderWrite{
		"nobody's":                  {Integration: x},
		"no integration's":          {Account: acme},
		"a placement in no state":   {Account: acme, Integration: x, Placements: []store.Placement{{Block: a.ID}}},
		"an entry in no state":      {Account: acme, Integration: x, Ledger: []store.BlockLedgerEntry{{Prefix: a.Target}}},
		"an entry of no range":      {Account: acme, Integration: x, Ledger: []store.BlockLedgerEntry{{State: store.EntryHeld}}},
		"the end of no range":       {Account: acme, Integration: x, Gone: []netip.Prefix{{}}},
		"an entry of a loose range": {Account: acme, Integration: x, Ledger: []store.BlockLedgerEntry{{State: store.EntryHeld, Prefix: netip.PrefixFrom(a.Target.Addr(), 8)}}},
	} {
		wantErr(t, name, s.SaveResponder(s.ctx, r), store.ErrInvalid)
		unchanged(name)
	}
}

// Tell sees the blocks of the write everywhere, before and after it, and what it says is stored with the rest.
func testBlocksTell(t *testing.T, s *suite) {
	a, b := block(acme, "203.0.113.7/32"), block(acme, "203.0.113.8/32")
	x, y := event.NewID(), event.NewID()
	must(t, s.SaveBlocks(s.ctx, store.BlockWrite{
		Blocks: []store.Block{a, b, block(acme, "203.0.113.9/32")}, Place: []store.Placement{placed(a, x), placed(a, y), placed(b, x)},
	}))
	px, pb, gone := placed(a, x), placed(b, x), placed(block(acme, "192.0.2.1/32"), x)
	px.State, px.AppliedAt = store.PlacementApplied, at(9)
	one, two := said(acme), said(acme)
	var was, is []store.BlockStanding
	must(t, s.SaveResponder(s.ctx, store.ResponderWrite{
		Account: acme, Integration: x, Placements: []store.Placement{pb, px, gone}, Say: []store.Said{one},
		Tell: func(before, after []store.BlockStanding) []store.Said {
			was, is = before, after
			return []store.Said{two}
		},
	}))
	same(t, "before", was, []store.BlockStanding{
		{Block: stored(a), Placements: []store.Placement{placed(a, x), placed(a, y)}}, {Block: stored(b), Placements: []store.Placement{placed(b, x)}},
	})
	same(t, "after", is, []store.BlockStanding{
		{Block: stored(a), Placements: []store.Placement{px, placed(a, y)}}, {Block: stored(b), Placements: []store.Placement{placed(b, x)}},
	})
	same(t, "what was said", s.waiting(t), []store.Said{one, two})
	must(t, s.SaveResponder(s.ctx, store.ResponderWrite{Account: acme, Integration: x, Tell: func(before, after []store.BlockStanding) []store.Said {
		same(t, "standings of a write about no block", len(before)+len(after), 0)
		return nil
	}}))
}

func testBlockSteps(t *testing.T, s *suite) {
	a, b := block(acme, "203.0.113.7/32"), block(acme, "203.0.113.8/32")
	s.blocks(t, a, b)
	first, second := step(a, 1), step(a, 2)
	second.Integration = event.ID{}
	gone := step(block(acme, "192.0.2.1/32"), 1)
	must(t, s.SaveBlocks(s.ctx, store.BlockWrite{Steps: []store.BlockStep{second, first, step(b, 1), gone}}))
	must(t, s.SaveResponder(s.ctx, store.ResponderWrite{Account: acme, Integration: event.NewID(), Steps: []store.BlockStep{first}}))
	list := func(account event.Account, id event.ID) []store.BlockStep {
		t.Helper()
		steps, err := s.BlockSteps(s.ctx, account, id)
		must(t, err)
		return steps
	}
	same(t, "history", list(acme, a.ID), []store.BlockStep{first, second})
	same(t, "another account's", len(list(other, a.ID)), 0)
	same(t, "history of a block that is not there", len(list(acme, gone.Block)), 0)
	foreign := step(a, 3)
	foreign.Account = other
	must(t, s.SaveBlocks(s.ctx, store.BlockWrite{Steps: []store.BlockStep{foreign}}))
	same(t, "after another account's", len(list(acme, a.ID)), 2)

	want := []store.BlockStep{first, second}
	for n := range store.MaxBlockSteps + 30 {
		want = append(want, step(a, n))
	}
	for part := range slices.Chunk(want[2:], 100) {
		must(t, s.SaveResponder(s.ctx, store.ResponderWrite{Account: acme, Integration: event.NewID(), Steps: part}))
	}
	want = slices.Delete(want, 10, 10+32)
	s.reopen(t)
	same(t, "a long history", list(acme, a.ID), want)
	same(t, "the other block's", len(list(acme, b.ID)), 1)
}
