package storetest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func run(account event.Account, kind string) store.Run {
	return store.Run{ID: event.NewID(), Account: account, Integration: event.NewID(), Kind: kind, State: json.RawMessage(`{"matched":3}`)}
}

func testRuns(t *testing.T, s *suite) {
	list, err := s.LoadRuns(s.ctx)
	must(t, err)
	same(t, "a new installation's runs", len(list), 0)
	a, b := run(acme, "backfill"), run(other, "fallback")
	s.tick(t, store.Tick{Runs: []store.Run{a, b}})
	a.State, a.EndedAt = json.RawMessage(`{"matched":4}`), at(9)
	s.tick(t, store.Tick{Runs: []store.Run{a}})
	s.tick(t, store.Tick{Runs: []store.Run{a}})
	list, err = s.LoadRuns(s.ctx)
	must(t, err)
	same(t, "runs", list, []store.Run{a, b})

	got, err := s.GetRun(s.ctx, acme, a.ID)
	must(t, err)
	same(t, "one run", got, a)
	_, err = s.GetRun(s.ctx, other, a.ID)
	wantErr(t, "another account's run", err, store.ErrNotFound)

	must(t, s.DeleteLane(s.ctx, a.Integration))
	_, err = s.GetRun(s.ctx, acme, a.ID)
	must(t, err)
	must(t, s.DeleteRuns(s.ctx, nil))
	must(t, s.DeleteRuns(s.ctx, []event.ID{a.ID, event.NewID()}))
	list, err = s.LoadRuns(s.ctx)
	must(t, err)
	same(t, "runs after a deletion", list, []store.Run{b})
}

// What a run counts and the rows that it brings are saved together or not at all.
func testRunsAreAtomic(t *testing.T, s *suite) {
	for name, spoil := range map[string]func(*store.Tick){
		"run":    func(x *store.Tick) { x.Runs[0].Account = "" },
		"parked": func(x *store.Tick) { x.Park[0].Account = "" },
	} {
		r := run(acme, "fallback")
		tick := store.Tick{Runs: []store.Run{r}, Park: []store.Parked{parked(acme, r.Integration, 1)}}
		spoil(&tick)
		wantErr(t, "an invalid "+name, s.SaveTick(s.ctx, tick), store.ErrInvalid)
		list, err := s.LoadRuns(s.ctx)
		must(t, err)
		rows, err := s.LoadParked(s.ctx, r.Integration)
		must(t, err)
		same(t, "what an invalid "+name+" left behind", len(list)+len(rows), 0)
	}
}

func testJobList(t *testing.T, s *suite) {
	n := 0
	add := func() string {
		n++
		j := store.Job{ID: event.NewID(), Account: acme, Kind: "backfill", State: "done", Error: fmt.Sprint(n), CreatedAt: at(n), UpdatedAt: at(n)}
		must(t, s.SaveJob(s.ctx, j))
		must(t, s.SaveJob(s.ctx, store.Job{ID: event.NewID(), Account: other, Kind: "replay", State: "queued", CreatedAt: time.Time{}}))
		return j.Error
	}
	var want []string
	for range 11 {
		want = append([]string{add()}, want...)
	}
	list := func(p store.Page) ([]store.Job, string, error) { return s.ListJobs(s.ctx, acme, p) }
	checkWalk(t, list, func(j store.Job) string { return j.Error }, want, func(int) { add() })
}
