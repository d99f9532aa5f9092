package sqlite

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// How many blocks one write may bring, how many an account may have, the same in tests that are not asked for more, and how
// long a write and a list may take on a machine that does nothing else.
const (
	manyWritten = 10_000
	manyBlocks  = 100_000
	someWritten = 1_000
	someBlocks  = 2_000
	writeBudget = time.Second
	listBudget  = 250 * time.Millisecond
)

// big says that the large tests are asked for, and that there is time for them.
func big() bool { return os.Getenv("TOCSIN_BIG") != "" }

// sizes are how many blocks one write brings, and how many there are.
func sizes() (written, total int) {
	if big() {
		return manyWritten, manyBlocks
	}
	return someWritten, someBlocks
}

// numberedBlock is the n-th block, with its placements and a step, as the room of blocks makes one.
func numberedBlock(w *store.BlockWrite, n int, ids []event.ID, responders []event.ID) {
	at := manyStart.Add(time.Duration(n) * time.Millisecond)
	b := store.Block{
		ID: ids[0], Account: "acme", Target: netip.PrefixFrom(netip.AddrFrom4([4]byte{198, byte(n >> 16), byte(n >> 8), byte(n)}), 32), State: store.BlockActive,
		Reason: fmt.Sprintf("brute force against the login, case %d", n), Responders: responders,
		Requester: store.BlockActor{Kind: "user", ID: "usr_01kmb7a2v4e9zr6x3q8w5t0ysd", Name: "dana@example.com", Principals: []string{"usr_01kmb7a2v4e9zr6x3q8w5t0ysd"}},
		CreatedAt: at, UpdatedAt: at, ActiveAt: at, ExpiresAt: at.Add(24 * time.Hour), TTL: 24 * time.Hour,
	}
	if n%10 == 0 {
		b.Requester.Principals = []string{"usr_of_a_few", "key_of_them"}
	}
	if n%1000 == 7 {
		b.Alert, b.Rule, b.Incident = event.ID{1}, event.ID{2}, 7
	}
	w.Blocks = append(w.Blocks, b)
	for _, r := range responders {
		w.Place = append(w.Place, store.Placement{
			Block: b.ID, Account: "acme", Integration: r, Target: b.Target, Wanted: true, State: store.PlacementRequested, Since: at, ExpiresAt: b.ExpiresAt,
		})
	}
	w.Steps = append(w.Steps, store.BlockStep{ID: ids[1], Account: "acme", Block: b.ID, At: at, State: string(b.State), By: "dana@example.com"})
}

// TestManyBlocks measures one write of ten thousand blocks if TOCSIN_BIG is set, else of some, and what a reconciler makes of
// them.
func TestManyBlocks(t *testing.T) {
	t.Parallel()
	written, _ := sizes()
	s := openTest(t, t.TempDir())
	responders := []event.ID{event.NewID(), event.NewID()}
	ids := event.NewIDs(4 * written)
	var w store.BlockWrite
	for n := range written {
		numberedBlock(&w, n, []event.ID{ids.At(2 * n), ids.At(2*n + 1)}, responders)
	}
	took := func(what string, f func() error) {
		t.Helper()
		start := time.Now()
		if err := f(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		d := time.Since(start)
		t.Logf("%s: %s", what, d.Round(time.Millisecond))
		if big() && d > writeBudget {
			t.Errorf("%s took %s, more than %s", what, d, writeBudget)
		}
	}
	took("making blocks", func() error { return s.SaveBlocks(t.Context(), w) })
	var book store.ResponderBook
	took("loading a responder", func() (err error) {
		book, err = s.LoadResponder(t.Context(), "acme", responders[0])
		return err
	})
	if len(book.Placements) != written || len(book.Reasons) != written ||
		!slices.IsSortedFunc(book.Placements, func(a, b store.Placement) int { return a.Target.Addr().Compare(b.Target.Addr()) }) {
		t.Fatalf("%d placements, %d reasons", len(book.Placements), len(book.Reasons))
	}
	r := store.ResponderWrite{Account: "acme", Integration: responders[0]}
	for n, p := range book.Placements {
		r.Ledger = append(r.Ledger, store.BlockLedgerEntry{Prefix: p.Target, State: store.EntryAdding, Block: p.Block, At: manyStart})
		p.State, p.AppliedAt, p.VerifiedAt, p.Since = store.PlacementVerified, manyStart, manyStart, manyStart
		r.Placements = append(r.Placements, p)
		r.Steps = append(r.Steps, store.BlockStep{ID: ids.At(2*written + n), Account: "acme", Block: p.Block, Integration: p.Integration, At: manyStart, State: "verified"})
	}
	took("writing intents", func() error {
		return s.SaveResponder(t.Context(), store.ResponderWrite{Account: "acme", Integration: responders[0], Ledger: r.Ledger})
	})
	took("writing results", func() error { return s.SaveResponder(t.Context(), r) })
	told := 0
	r.Tell = func(was, is []store.BlockStanding) []store.Said {
		told = len(was) + len(is)
		return nil
	}
	took("writing results and telling", func() error { return s.SaveResponder(t.Context(), r) })
	if told != 2*written {
		t.Errorf("told of %d standings", told)
	}
	took("loading a responder with a ledger", func() (err error) {
		book, err = s.LoadResponder(t.Context(), "acme", responders[0])
		return err
	})
	end := store.BlockWrite{Blocks: w.Blocks}
	for i := range end.Blocks {
		b := &end.Blocks[i]
		b.Version, b.State, b.EndedAt = 1, store.BlockRemoved, manyStart.Add(time.Hour)
		end.Unwant = append(end.Unwant, b.ID)
	}
	took("ending blocks", func() error { return s.SaveBlocks(t.Context(), end) })
}

// TestBlockLists measures lists of a hundred thousand blocks if TOCSIN_BIG is set, else of some.
func TestBlockLists(t *testing.T) {
	t.Parallel()
	written, total := sizes()
	s := openTest(t, t.TempDir())
	responders := []event.ID{event.NewID(), event.NewID()}
	ids := event.NewIDs(2 * total)
	for from := 0; from < total; from += written {
		var w store.BlockWrite
		for n := from; n < from+written; n++ {
			numberedBlock(&w, n, []event.ID{ids.At(2 * n), ids.At(2*n + 1)}, responders)
			if n%4 != 3 {
				b := &w.Blocks[len(w.Blocks)-1]
				b.State, b.EndedAt = store.BlockExpired, b.ExpiresAt
			}
			p := w.Place[len(w.Place)-2:]
			p[0].State, p[1].State = store.PlacementVerified, store.PlacementVerified
			if n%(total/20) == 0 {
				p[1].State = store.PlacementFailed
			}
		}
		if err := s.SaveBlocks(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		f    store.BlockFilter
		want int // of the first hundred
	}{
		{"all", store.BlockFilter{}, 100},
		{"one state", store.BlockFilter{States: []store.BlockState{store.BlockActive}}, 100},
		{"states that none has", store.BlockFilter{States: []store.BlockState{store.BlockPending, store.BlockLapsed}}, 0},
		{"failed somewhere", store.BlockFilter{Placement: store.PlacementFailed}, 20},
		{"verified somewhere", store.BlockFilter{Placement: store.PlacementVerified}, 100},
		{"failed at one", store.BlockFilter{Placement: store.PlacementFailed, Integration: responders[1]}, 20},
		{"at a responder", store.BlockFilter{Integration: responders[0]}, 100},
		{"at no responder", store.BlockFilter{Integration: event.NewID()}, 0},
		{"an address", store.BlockFilter{Target: netip.MustParsePrefix("198.0.0.9/32")}, 1},
		{"a range", store.BlockFilter{Target: netip.MustParsePrefix("198.0.0.0/28")}, 16},
		{"another range", store.BlockFilter{Target: netip.MustParsePrefix("10.0.0.0/8")}, 0},
		{"an alert's", store.BlockFilter{Alert: event.ID{1}}, total / 1000},
		{"a rule's", store.BlockFilter{Rule: event.ID{2}}, total / 1000},
		{"an incident's", store.BlockFilter{Incident: 7}, total / 1000},
		{"a reason that none has", store.BlockFilter{Search: "no such reason"}, 0},
		{"a reason", store.BlockFilter{Search: fmt.Sprint("CASE ", total-1)}, 1},
		{"one's own", store.BlockFilter{By: "key_of_them"}, 100},
		{"somebody's who has none", store.BlockFilter{By: "usr_of_none"}, 0},
		{"since a while", store.BlockFilter{Since: manyStart.Add((time.Duration(total) - 3) * time.Millisecond)}, 3},
	} {
		c.f.Account = "acme"
		start := time.Now()
		list, _, err := s.ListBlocks(t.Context(), c.f, store.Page{Limit: 100})
		if err != nil || len(list) != c.want {
			t.Errorf("%s: %d blocks, want %d (%v)", c.name, len(list), c.want, err)
		}
		d := time.Since(start)
		t.Logf("%-24s %s", c.name, d.Round(10*time.Microsecond))
		if big() && d > listBudget {
			t.Errorf("%s took %s, more than %s", c.name, d, listBudget)
		}
	}
	start := time.Now()
	counts, err := s.CountBlocks(t.Context(), "acme")
	t.Logf("counting: %s", time.Since(start).Round(10*time.Microsecond))
	if err != nil || counts.Blocks[store.BlockActive] != total/4 || counts.Placements[responders[1]][store.PlacementFailed] != 20 {
		t.Errorf("%v, %v", counts, err)
	}
	start = time.Now()
	n, err := s.PruneBlocks(t.Context(), manyStart.Add(48*time.Hour), 1000)
	t.Logf("looking for what to prune: %s", time.Since(start).Round(10*time.Microsecond))
	if err != nil || n != 0 { // none is final at its responders
		t.Errorf("pruned %d: %v", n, err)
	}
}
