package deliver

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func drawRuns(t *rapid.T) []packRun {
	var runs []packRun
	pos := journal.Position{Epoch: 1, Frame: 1}
	for range rapid.IntRange(0, 30).Draw(t, "runs") {
		switch rapid.IntRange(0, 3).Draw(t, "step") {
		case 0:
			pos = journal.Position{Epoch: pos.Epoch + rapid.Uint32Range(1, 5).Draw(t, "epoch"), Frame: rapid.Uint64Range(1, 100).Draw(t, "restart")}
		case 1:
			pos = journal.Position{Epoch: pos.Epoch, Frame: pos.Frame + rapid.Uint64Range(1, 1<<40).Draw(t, "frame")}
		default:
			pos.Item += rapid.Uint32Range(1, 1000).Draw(t, "item")
		}
		r := packRun{
			Pos: pos, N: rapid.Uint32Range(1, 1000).Draw(t, "n"), Outcome: rapid.SampledFrom(packOutcomes).Draw(t, "outcome"),
			Status: rapid.Uint16Range(0, 999).Draw(t, "status"), Latency: time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "latency")) * time.Microsecond,
		}
		runs = append(runs, r)
		pos.Item += r.N - 1
	}
	return runs
}

func TestPackRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		runs := drawRuns(t)
		got, err := decodePack(encodePack(runs))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(runs, got); diff != "" {
			t.Fatal(diff)
		}
		for _, r := range runs {
			last := r.Pos
			last.Item += r.N - 1
			if found, ok := findRun(runs, last); !ok || found != r {
				t.Fatalf("the last of %+v was not found", r)
			}
		}
	})
}

func TestAppendRun(t *testing.T) {
	t.Parallel()
	at := func(frame uint64, item uint32, s uint16) packRun {
		return packRun{Pos: journal.Position{Epoch: 1, Frame: frame, Item: item}, N: 1, Outcome: store.OutcomeDelivered, Status: s}
	}
	var runs []packRun
	for _, r := range []packRun{at(1, 0, 200), at(1, 1, 200), at(1, 2, 201), at(1, 4, 201), at(2, 5, 201)} {
		runs = appendRun(runs, r)
	}
	if len(runs) != 4 || runs[0].N != 2 {
		t.Fatalf("%+v", runs)
	}
}

func FuzzDecodePack(f *testing.F) {
	f.Add(encodePack([]packRun{{Pos: journal.Position{Epoch: 1, Frame: 2, Item: 3}, N: 4, Outcome: store.OutcomeDelivered, Status: 200, Latency: time.Millisecond}}))
	f.Add([]byte{packVersion})
	f.Add([]byte{packVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		runs, err := decodePack(b)
		if err != nil {
			return
		}
		total := 0
		for _, r := range runs {
			if r.N == 0 || uint64(r.Pos.Item)+uint64(r.N) > 1<<32 {
				t.Fatalf("a run that cannot be: %+v", r)
			}
			total += int(r.N)
		}
		if total > maxPackEvents {
			t.Fatalf("%d events of %d bytes: recovery would remember them all", total, len(b))
		}
	})
}

func TestDeliveryID(t *testing.T) {
	t.Parallel()
	a, b, i, j := event.NewID(), event.NewID(), event.NewID(), event.NewID()
	ids := map[event.ID]bool{event.DeliveryID(a, i): true, event.DeliveryID(a, j): true, event.DeliveryID(b, i): true, event.DeliveryID(b, j): true}
	if len(ids) != 4 || !ids[event.DeliveryID(a, i)] || event.DeliveryID(a, i).Time() != a.Time() {
		t.Fatal("a delivery's id is its own, always the same, and of the event's time")
	}
}

func TestRecent(t *testing.T) {
	t.Parallel()
	var r recent
	r.init(10)
	for i := range 25 {
		r.add(recordOf("a.b", ""), journal.Position{Frame: uint64(i)})
	}
	var got []uint64
	r.newest(func(e *recentEvent) bool { got = append(got, e.pos.Frame); return len(got) < 12 })
	if diff := cmp.Diff([]uint64{24, 23, 22, 21, 20, 19, 18, 17, 16, 15}, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestSubVersions(t *testing.T) {
	t.Parallel()
	l, _ := pureLane(t, quick)
	for i := range maxSubVersions + 10 {
		v := l.e.versionOf(store.Integration{Subscription: subscriptionOf(fmt.Sprintf("a.b%d", i))})
		l.changeTo(v, journal.Position{Frame: uint64(10 * (i + 1))})
	}
	if len(l.subs) != maxSubVersions {
		t.Fatalf("%d versions are kept", len(l.subs))
	}
	last := fmt.Sprintf("a.b%d", maxSubVersions+9)
	if s := l.subAt(journal.Position{Frame: 1 << 40}); string(s.Types[0]) != last {
		t.Fatalf("the newest is %v", s.Types)
	}
	from := l.subs[5].From
	if s := l.subAt(from); s != &l.subs[5].sub {
		t.Fatal("a version is in force from its own position on")
	}
	if s := l.subAt(journal.Position{Epoch: from.Epoch, Frame: from.Frame - 1, Item: 99}); s != &l.subs[4].sub {
		t.Fatal("and not before")
	}
}

// What waits behind a key is promoted by position, one at a time, and never while one of the key is due or in flight.
func TestPromote(t *testing.T) {
	t.Parallel()
	l, now := pureLane(t, ordered)
	var all []*parked
	for i := range 200 {
		p := &parked{row: store.Parked{Delivery: event.NewID(), State: store.StateBehind, OrderingKey: fmt.Sprint(i % 2), Position: journal.Position{Frame: uint64(1 + i)}}}
		all = append(all, p)
	}
	for _, i := range rand.Perm(len(all)) {
		l.park.add(all[i])
		l.parkGated(all[i])
	}
	l.promote("0", now, false)
	l.promote("0", now, false)
	if p := l.park.next(); len(l.park.due) != 1 || p != all[0] {
		t.Fatalf("%d are due, the first from frame %d", len(l.park.due), p.row.Position.Frame)
	}
	p := l.takeDue(now, false)
	l.promote("0", now, false)
	if p != all[0] || len(l.park.due) != 0 {
		t.Fatal("another of the key became due while one is in flight")
	}
	l.unpark(p)
	l.release("0", now)
	if l.park.next() != all[2] {
		t.Fatal("the next of the key is not due")
	}
}
