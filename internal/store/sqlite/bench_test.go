package sqlite_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// benchTick is a tick of n lanes with a pack each, and of some parked deliveries with an attempt each.
func benchTick(integrations []event.ID, frame uint64, parked int) store.Tick {
	now := time.Now()
	t := store.Tick{Tail: &store.TailMark{Mark: journal.Position{Epoch: 1, Frame: frame}, State: []byte(`{"default":{"matched":12345,"filtered":6789}}`)}}
	for _, id := range integrations {
		t.Lanes = append(t.Lanes, store.LaneRow{
			Integration: id, Account: event.DefaultAccount, Mark: t.Tail.Mark,
			State: []byte(`{"matched":123456,"filtered":0,"delivered":123400,"parked":12,"mailbox":3,"discarded":0,"expired":0,"skipped":0}`),
		})
		t.Packs = append(t.Packs, store.Pack{
			Account: event.DefaultAccount, Integration: id, At: now, Lo: journal.Position{Epoch: 1, Frame: frame},
			Hi: journal.Position{Epoch: 1, Frame: frame + 9}, Count: 150, Data: make([]byte, 1200),
		})
	}
	record := make([]byte, 1024)
	for n := range parked {
		id := integrations[n%len(integrations)]
		p := store.Parked{
			Delivery: event.NewID(), Account: event.DefaultAccount, Integration: id, Event: event.NewID(), Type: "alert.created",
			Severity: event.High, Position: journal.Position{Epoch: 1, Frame: frame, Item: uint32(n)}, State: store.StateParked,
			Due: now.Add(time.Minute), Attempts: 1, Cause: "posting to the receiver: 503 Service Unavailable", CauseClass: "retryable",
			Since: now, FirstTried: now, Record: record,
		}
		t.Park = append(t.Park, p)
	}
	return t
}

func openBench(b *testing.B) *sqlite.Store {
	s, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// BenchmarkSaveTick includes the fsync.
func BenchmarkSaveTick(b *testing.B) {
	for _, c := range []struct{ lanes, parked int }{{1, 0}, {10, 0}, {10, 100}, {300, 0}, {10, 10_000}} {
		b.Run(fmt.Sprintf("lanes=%d/parked=%d", c.lanes, c.parked), func(b *testing.B) {
			s := openBench(b)
			ids := make([]event.ID, c.lanes)
			for i := range ids {
				ids[i] = event.NewID()
			}
			b.ReportAllocs()
			frame := uint64(0)
			for b.Loop() {
				b.StopTimer()
				frame += 10
				tick := benchTick(ids, frame, c.parked)
				b.StartTimer()
				if err := s.SaveTick(b.Context(), tick); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRepark saves 10,000 parked rows once more without their records, as a failing retry does.
func BenchmarkRepark(b *testing.B) {
	s := openBench(b)
	tick := benchTick([]event.ID{event.NewID()}, 1, 10_000)
	if err := s.SaveTick(b.Context(), tick); err != nil {
		b.Fatal(err)
	}
	for i := range tick.Park {
		tick.Park[i].Record = nil
	}
	tick.Packs, tick.Lanes = nil, nil
	for b.Loop() {
		for i := range tick.Park {
			tick.Park[i].Since = tick.Park[i].Since.Add(time.Second)
		}
		if err := s.SaveTick(b.Context(), tick); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKeyByHash(b *testing.B) {
	s := openBench(b)
	k := store.Key{ID: event.NewID(), Account: event.DefaultAccount, Scopes: []string{"admin"}}
	if err := s.CreateKey(b.Context(), k); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.KeyByHash(b.Context(), k.Hash); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		s, err := sqlite.Open(b.Context(), dir, sqlite.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSteadyTicks settles without a pause, so that checkpoints happen beside it, and gives the longest waits.
func BenchmarkSteadyTicks(b *testing.B) {
	s := openBench(b)
	ids := make([]event.ID, 10)
	for i := range ids {
		ids[i] = event.NewID()
	}
	var took []time.Duration
	frame := uint64(0)
	for b.Loop() {
		frame += 10
		tick := benchTick(ids, frame, 20)
		start := time.Now()
		if err := s.SaveTick(b.Context(), tick); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	for name, q := range map[string]float64{"p50-µs": 0.5, "p99-µs": 0.99, "max-µs": 1} {
		b.ReportMetric(float64(took[int(q*float64(len(took)-1))].Microseconds()), name)
	}
}
