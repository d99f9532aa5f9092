package storetest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func lane(account event.Account, id event.ID, frame uint64) store.LaneRow {
	return store.LaneRow{Integration: id, Account: account, Mark: pos(frame), State: json.RawMessage(`{"delivered":7}`)}
}

func testTailAndLanes(t *testing.T, s *suite) {
	_, err := s.LoadTail(s.ctx)
	wantErr(t, "a new installation's tail", err, store.ErrNotFound)
	lanes, err := s.LoadLanes(s.ctx)
	must(t, err)
	same(t, "a new installation's lanes", len(lanes), 0)

	a, b := event.NewID(), event.NewID()
	first := store.Tick{
		Tail:  &store.TailMark{Mark: pos(5), State: json.RawMessage(`{"acme":1}`)},
		Lanes: []store.LaneRow{lane(acme, a, 1), lane(other, b, 2)},
	}
	s.tick(t, first)
	second := lane(acme, a, 9)
	second.Idle, second.State = true, nil
	s.tick(t, store.Tick{Lanes: []store.LaneRow{second}})

	tail, err := s.LoadTail(s.ctx)
	must(t, err)
	same(t, "tail", tail, *first.Tail)
	lanes, err = s.LoadLanes(s.ctx)
	must(t, err)
	same(t, "lanes", lanes, []store.LaneRow{second, lane(other, b, 2)})

	far := store.TailMark{Mark: journal.Position{Epoch: 1<<32 - 1, Frame: 1<<64 - 1, Item: 1<<32 - 1}}
	s.tick(t, store.Tick{Tail: &far})
	tail, err = s.LoadTail(s.ctx)
	must(t, err)
	same(t, "a far tail", tail, far)

	must(t, s.DeleteLane(s.ctx, a))
	must(t, s.DeleteLane(s.ctx, a))
	lanes, err = s.LoadLanes(s.ctx)
	must(t, err)
	same(t, "lanes after a deletion", lanes, []store.LaneRow{lane(other, b, 2)})
}

// fullTick has a row of everything.
func fullTick(account event.Account, integration event.ID, frame uint64) store.Tick {
	return store.Tick{
		Tail:     &store.TailMark{Mark: pos(frame)},
		Lanes:    []store.LaneRow{lane(account, integration, frame)},
		Packs:    []store.Pack{pack(account, integration, frame, frame+2, int(frame))},
		Attempts: []store.Attempt{attempt(account, integration, int(frame))},
		Park:     []store.Parked{parked(account, integration, int(frame))},
	}
}

// counts is what a tick left behind for an integration of acme.
type counts struct {
	Tail                             journal.Position
	Lanes, Packs, Attempts, Parkings int
}

func (s *suite) counts(t *testing.T, integration event.ID) (c counts) {
	t.Helper()
	if tail, err := s.LoadTail(s.ctx); err == nil {
		c.Tail = tail.Mark
	}
	lanes, err := s.LoadLanes(s.ctx)
	must(t, err)
	packs, _, err := s.ListPacks(s.ctx, store.PackFilter{Account: acme, Integration: integration}, store.Page{Limit: store.MaxPage})
	must(t, err)
	attempts, _, err := s.ListAttempts(s.ctx, store.AttemptFilter{Account: acme, Integration: integration}, store.Page{Limit: store.MaxPage})
	must(t, err)
	parkings, err := s.LoadParked(s.ctx, integration)
	must(t, err)
	c.Lanes, c.Packs, c.Attempts, c.Parkings = len(lanes), len(packs), len(attempts), len(parkings)
	return c
}

func testTickIsAtomic(t *testing.T, s *suite) {
	id := event.NewID()
	spoil := map[string]func(*store.Tick){
		"lane":    func(x *store.Tick) { x.Lanes[0].Account = "" },
		"pack":    func(x *store.Tick) { x.Packs[0].Account = "" },
		"attempt": func(x *store.Tick) { x.Attempts[0].Account = "" },
		"parked":  func(x *store.Tick) { x.Park[0].Account = "" },
		"last parked": func(x *store.Tick) {
			for n := range 50 {
				x.Park = append(x.Park, parked(acme, id, n))
			}
			x.Park[50].Account = ""
		},
	}
	for name, f := range spoil {
		tick := fullTick(acme, id, 7)
		f(&tick)
		wantErr(t, "an invalid "+name, s.SaveTick(s.ctx, tick), store.ErrInvalid)
		same(t, "what an invalid "+name+" left behind", s.counts(t, id), counts{})
	}
	s.tick(t, fullTick(acme, id, 8))
	want := counts{Tail: pos(8), Lanes: 1, Packs: 1, Attempts: 1, Parkings: 1}
	same(t, "after a valid tick", s.counts(t, id), want)

	bad := fullTick(acme, id, 9)
	bad.Unpark = []event.ID{bad.Park[0].Delivery}
	bad.Park = append(bad.Park, store.Parked{})
	wantErr(t, "an invalid tick after a valid one", s.SaveTick(s.ctx, bad), store.ErrInvalid)
	same(t, "after an invalid tick", s.counts(t, id), want)
}

func testTickTwice(t *testing.T, s *suite) {
	id := event.NewID()
	tick := fullTick(acme, id, 7)
	for n := range 3 {
		tick.Attempts = append(tick.Attempts, attempt(acme, id, n))
		tick.Packs = append(tick.Packs, pack(acme, id, 7, 7, 7)) // the same range more than once
	}
	s.tick(t, tick)
	want := s.counts(t, id)
	same(t, "after a tick", want, counts{Tail: pos(7), Lanes: 1, Packs: 4, Attempts: 4, Parkings: 1})
	s.tick(t, tick)
	same(t, "after the same tick once more", s.counts(t, id), want)

	// The byte budget must not count the second time: what the ledger holds fits a budget it just fits.
	n, err := s.PruneAttempts(s.ctx, at(-1000), 1<<20, 100)
	must(t, err)
	same(t, "pruned within the budget", n, 0)
}

func testTickOfManyRows(t *testing.T, s *suite) {
	const rows = 167 // no multiple of anything
	id := event.NewID()
	var tick store.Tick
	for n := range rows {
		tick.Lanes = append(tick.Lanes, lane(acme, event.NewID(), uint64(n)))
		tick.Packs = append(tick.Packs, pack(acme, id, uint64(n), uint64(n), n))
		tick.Attempts = append(tick.Attempts, attempt(acme, id, n))
		tick.Park = append(tick.Park, parked(acme, id, n))
	}
	s.tick(t, tick)
	same(t, "after many rows", s.counts(t, id), counts{Lanes: rows, Packs: rows, Attempts: rows, Parkings: rows})
	got, err := s.LoadParked(s.ctx, id)
	must(t, err)
	for n := range tick.Park {
		tick.Park[n].Record = nil
	}
	same(t, "parked rows", got, tick.Park)

	var unpark []event.ID
	for n := range tick.Park {
		unpark = append(unpark, tick.Park[n].Delivery)
	}
	s.tick(t, store.Tick{Unpark: append(unpark, event.NewID())})
	same(t, "after unparking", s.counts(t, id).Parkings, 0)
	_, err = s.GetParked(s.ctx, acme, unpark[0])
	wantErr(t, "an unparked delivery", err, store.ErrNotFound)
}

func testTickCancelled(t *testing.T, s *suite) {
	id := event.NewID()
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	wantErr(t, "a cancelled tick", s.SaveTick(ctx, fullTick(acme, id, 1)), context.Canceled)
	same(t, "after a cancelled tick", s.counts(t, id), counts{})
}
