package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func attempt(account event.Account, integration event.ID, n int) store.Attempt {
	return store.Attempt{
		ID: event.NewID(), Account: account, Integration: integration, Delivery: event.NewID(), Event: event.NewID(),
		Type: "alert.created", Number: n + 1, At: at(n), Latency: 1234567 * time.Nanosecond, Outcome: store.OutcomeRetry,
		Status: 503, Error: "the receiver is busy", Class: "retryable", Answer: "<html>", Batched: 2, Grade: "confirmed",
		Run: event.NewID(), FromIntegration: event.NewID(), FromDelivery: event.NewID(),
	}
}

func pack(account event.Account, integration event.ID, lo, hi uint64, n int) store.Pack {
	return store.Pack{
		Account: account, Integration: integration, At: at(n), Lo: pos(lo), Hi: pos(hi), Count: 5, Data: []byte{byte(n), 0, 1},
	}
}

func testAttempts(t *testing.T, s *suite) {
	id := event.NewID()
	full := attempt(acme, id, 1)
	bare := store.Attempt{ID: event.NewID(), Account: acme, At: at(2)}
	foreign := attempt(other, id, 3)
	foreign.Delivery, foreign.Event = full.Delivery, full.Event
	failed := attempt(acme, event.NewID(), 4)
	failed.Outcome, failed.Delivery, failed.Event = store.OutcomeMailbox, full.Delivery, full.Event
	s.tick(t, store.Tick{Attempts: []store.Attempt{full, bare, foreign, failed}})

	for name, c := range map[string]struct {
		filter store.AttemptFilter
		want   []store.Attempt
	}{
		"account":       {store.AttemptFilter{}, []store.Attempt{failed, bare, full}},
		"integration":   {store.AttemptFilter{Integration: id}, []store.Attempt{full}},
		"delivery":      {store.AttemptFilter{Delivery: full.Delivery}, []store.Attempt{failed, full}},
		"event":         {store.AttemptFilter{Event: full.Event}, []store.Attempt{failed, full}},
		"outcome":       {store.AttemptFilter{Outcome: store.OutcomeMailbox}, []store.Attempt{failed}},
		"several":       {store.AttemptFilter{Event: full.Event, Integration: id, Outcome: store.OutcomeRetry}, []store.Attempt{full}},
		"none of those": {store.AttemptFilter{Event: event.NewID()}, nil},
	} {
		c.filter.Account = acme
		got, next, err := s.ListAttempts(s.ctx, c.filter, store.Page{Limit: 10})
		must(t, err)
		same(t, "attempts by "+name, got, c.want)
		same(t, "cursor at the end", next, "")
	}
}

func testAttemptList(t *testing.T, s *suite) {
	id := event.NewID()
	var want []string
	add := func(n int) string {
		a := attempt(acme, id, n/2) // two rows each second
		a.Error = fmt.Sprint(n)
		s.tick(t, store.Tick{Attempts: []store.Attempt{a, attempt(other, id, n), attempt(acme, event.NewID(), n)}})
		return a.Error
	}
	for n := range 11 {
		want = append([]string{add(n)}, want...)
	}
	list := func(p store.Page) ([]store.Attempt, string, error) {
		return s.ListAttempts(s.ctx, store.AttemptFilter{Account: acme, Integration: id}, p)
	}
	checkWalk(t, list, func(a store.Attempt) string { return a.Error }, want, func(n int) { add(1000 + n) })
}

func testPacks(t *testing.T, s *suite) {
	id := event.NewID()
	early, late := pack(acme, id, 10, 20, 1), pack(acme, id, 15, 30, 2)
	empty := store.Pack{Account: acme, Integration: id, At: at(3), Lo: pos(40), Hi: pos(40)}
	s.tick(t, store.Tick{Packs: []store.Pack{late, early, pack(acme, event.NewID(), 0, 100, 1), empty}})
	for _, c := range []struct {
		pos  uint64
		want []store.Pack
	}{
		{9, nil}, {10, []store.Pack{early}}, {15, []store.Pack{early, late}}, {20, []store.Pack{early, late}},
		{21, []store.Pack{late}}, {31, nil}, {40, []store.Pack{empty}},
	} {
		got, err := s.PacksAt(s.ctx, id, pos(c.pos))
		must(t, err)
		same(t, fmt.Sprintf("packs at %d", c.pos), got, c.want)
	}
	for _, c := range []struct {
		pos  uint64
		want []store.Pack
	}{{0, []store.Pack{early, late, empty}}, {20, []store.Pack{late, empty}}, {30, []store.Pack{empty}}, {40, nil}} {
		got, err := s.PacksAbove(s.ctx, id, pos(c.pos))
		must(t, err)
		same(t, fmt.Sprintf("packs above %d", c.pos), got, c.want)
	}
}

// testPackRanges compares with the definition, for ranges of every size, over the ends of epochs and of numbers.
func testPackRanges(t *testing.T, s *suite) {
	id := event.NewID()
	top := uint64(1<<64 - 1)
	var packs []store.Pack
	add := func(lo, hi journal.Position) {
		packs = append(packs, store.Pack{Account: acme, Integration: id, At: at(len(packs)), Lo: lo, Hi: hi, Count: len(packs)})
	}
	for shift := range 64 {
		for _, lo := range []uint64{1, 1000, 1 << 20} {
			add(journal.Position{Epoch: 1, Frame: lo}, journal.Position{Epoch: 1, Frame: lo + 1<<shift - 1, Item: 9})
			add(journal.Position{Epoch: 1, Frame: lo, Item: 5}, journal.Position{Epoch: 1, Frame: lo + 1<<shift, Item: 4})
		}
	}
	add(journal.Position{Epoch: 1, Frame: top}, journal.Position{Epoch: 2, Frame: 3})
	add(journal.Position{Epoch: 1, Frame: 1}, journal.Position{Epoch: 3, Frame: 1})
	add(journal.Position{}, journal.Position{Epoch: 1<<32 - 1, Frame: top, Item: 1<<32 - 1})
	add(journal.Position{Epoch: 2, Frame: top, Item: 1}, journal.Position{Epoch: 2, Frame: top, Item: 2})
	s.tick(t, store.Tick{Packs: packs})

	for _, epoch := range []uint32{0, 1, 2, 3, 4} {
		for _, frame := range []uint64{0, 1, 2, 15, 16, 17, 999, 1001, 1<<20 + 255, 1 << 40, top - 1, top} {
			for _, item := range []uint32{0, 2, 9} {
				at := journal.Position{Epoch: epoch, Frame: frame, Item: item}
				var want []int
				for _, p := range packs {
					if !at.Less(p.Lo) && !p.Hi.Less(at) {
						want = append(want, p.Count)
					}
				}
				list, err := s.PacksAt(s.ctx, id, at)
				must(t, err)
				var got []int
				for _, p := range list {
					got = append(got, p.Count)
				}
				same(t, "packs at "+at.String(), got, want)
			}
		}
	}
}

func testPackList(t *testing.T, s *suite) {
	a, b := event.NewID(), event.NewID()
	var want, wantA []string
	add := func(n int) (string, string) {
		pa, pb := pack(acme, a, uint64(n), uint64(n), n), pack(acme, b, uint64(n), uint64(n), n)
		pa.Count, pb.Count = n, n+500_000
		twin := pa // a second pack of the same range in the same tick
		twin.Count = n + 900_000
		s.tick(t, store.Tick{Packs: []store.Pack{pa, pb, pack(other, a, 1, 1, n), twin}})
		return fmt.Sprint(pa.Count), fmt.Sprint(pb.Count)
	}
	for n := range 6 {
		ka, kb := add(n)
		twin := fmt.Sprint(n + 900_000)
		want = append([]string{kb, twin, ka}, want...)
		wantA = append([]string{twin, ka}, wantA...)
	}
	name := func(p store.Pack) string { return fmt.Sprint(p.Count) }
	checkWalk(t, func(p store.Page) ([]store.Pack, string, error) {
		return s.ListPacks(s.ctx, store.PackFilter{Account: acme}, p)
	},
		name, want, nil)
	checkWalk(t, func(p store.Page) ([]store.Pack, string, error) {
		return s.ListPacks(s.ctx, store.PackFilter{Account: acme, Integration: a}, p)
	},
		name, wantA, func(n int) { add(1000 + n) })
}

func testLedgerPruneByAge(t *testing.T, s *suite) {
	id := event.NewID()
	var tick store.Tick
	for n := range 10 {
		tick.Attempts = append(tick.Attempts, attempt(acme, id, n))
		tick.Packs = append(tick.Packs, pack(acme, id, uint64(n), uint64(n), n))
	}
	s.tick(t, tick)
	for _, want := range []int{5, 5, 2, 0} {
		n, err := s.PruneAttempts(s.ctx, at(6), 0, 5)
		must(t, err)
		same(t, "number of pruned rows", n, want)
	}
	got := s.counts(t, id)
	same(t, "what is left", [2]int{got.Attempts, got.Packs}, [2]int{4, 4})
}

func testLedgerPruneByBytes(t *testing.T, s *suite) {
	id := event.NewID()
	const rows, size = 40, 64 << 10
	for n := range rows {
		p := pack(acme, id, uint64(n), uint64(n), n)
		p.Data = make([]byte, size)
		s.tick(t, store.Tick{Packs: []store.Pack{p}, Attempts: []store.Attempt{attempt(acme, id, n)}})
	}
	prune := func(maxBytes int64) (deleted int) {
		for {
			n, err := s.PruneAttempts(s.ctx, at(-100), maxBytes, 6)
			must(t, err)
			if n > 6 {
				t.Fatalf("one call deleted %d rows, want at most 6", n)
			}
			if deleted += n; n == 0 {
				return deleted
			}
		}
	}
	same(t, "pruned with no limit", prune(0), 0)
	same(t, "pruned within the budget", prune(rows*(size+2048)), 0)
	if n := prune(rows / 2 * size); n < rows-4 || n > rows+4 {
		t.Errorf("to halve the ledger %d of %d rows were pruned", n, 2*rows)
	}
	left, _, err := s.ListPacks(s.ctx, store.PackFilter{Account: acme, Integration: id}, store.Page{Limit: 100})
	must(t, err)
	for i, p := range left {
		same(t, "the newest packs are left", p.At, at(rows-1-i))
	}
	if prune(1); s.counts(t, id).Packs != 0 {
		t.Error("a budget of one byte left something")
	}
	same(t, "pruned when empty", prune(1), 0)
}
