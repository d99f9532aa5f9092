package pulse

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func TestHistoryOfAnHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, foreign := w.lane("acme", 1), w.lane("acme", 2), w.lane("other", 3)
	a.Matched = 500 // from before the process
	w.s.Look()
	w.received["acme"] += 10
	a.deliver(8, 20*time.Millisecond)
	b.deliver(2, 2*time.Second)
	b.Retried, b.Backlog = 3, 4
	foreign.deliver(77, time.Hour)
	w.pass(10 * time.Second)
	w.pass(10 * time.Second)
	b.Failed, b.Backlog, b.Mailbox = 1, 0, 1
	w.pass(11 * time.Second)

	h := w.s.History("acme", event.ID{}, Hour)
	if h.Step != 10*time.Second || !h.From.Equal(noon.Add(30*time.Second+10*time.Second-time.Hour)) {
		t.Errorf("steps of %s from %s", h.Step, h.From)
	}
	want := [][7]uint64{{0, 10, 10, 0, 3, 4, 0}, {10, 0, 0, 0, 0, 4, 0}, {20, 0, 0, 1, 0, 0, 1}}
	if diff := cmp.Diff(want, lines(h.Points)); diff != "" {
		t.Error(diff)
	}
	if p := h.Points[0]; !p.Timed || p.P50 < 15*time.Millisecond || p.P50 > 25*time.Millisecond || p.P99 < 1500*time.Millisecond || p.P99 > 2500*time.Millisecond {
		t.Errorf("the times are %s and %s", p.P50, p.P99)
	}
	if h.Points[1].Timed {
		t.Error("a step without deliveries has a time")
	}
	one := w.s.History("acme", event.ID{1}, Hour)
	if diff := cmp.Diff([][7]uint64{{0, 8, 8, 0, 0, 0, 0}, {10, 0, 0, 0, 0, 0, 0}, {20, 0, 0, 0, 0, 0, 0}}, lines(one.Points)); diff != "" {
		t.Error(diff)
	}
	if h := w.s.History("other", event.ID{1}, Hour); line(h.Points[0]) != ([7]uint64{}) {
		t.Errorf("another account sees %v", lines(h.Points))
	}
	if h := w.s.History("other", event.ID{}, Hour); h.Points[0].Delivered != 77 || h.Now.Backlog != 0 {
		t.Errorf("%+v", h)
	}
}

// What is kept in the store is there after a restart, the time in which the hub was down has no points, and what the
// counters say of before the process is not counted again.
func TestHistorySurvives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.lane("acme", 1)
	w.s.Look()
	for range 30 {
		w.received["acme"] += 2
		a.deliver(2, 20*time.Millisecond)
		w.pass(10 * time.Second)
	}
	before := map[Window][]Point{}
	for _, win := range []Window{Hour, Day, Week} {
		before[win] = w.s.History("acme", event.ID{}, win).Points
	}
	w.restart(7 * time.Minute)
	w.s.Look()
	for win, want := range before {
		got := w.s.History("acme", event.ID{}, win).Points
		if len(got) < len(want) {
			t.Fatalf("%s: %d points of %d are left", win, len(got), len(want))
		}
		for i := range want {
			if win == Hour {
				want[i].Partial = false
			}
			if want[i].Delivered != got[i].Delivered || want[i].P50 != got[i].P50 || !want[i].At.Equal(got[i].At) {
				t.Errorf("%s: point %d is %+v, was %+v", win, i, got[i], want[i])
			}
		}
	}
	w.readings[key{"acme", event.ID{1}}].deliver(5, time.Millisecond)
	w.pass(20 * time.Second)
	points := w.s.History("acme", event.ID{}, Hour).Points
	down := points[30].At.Sub(points[29].At)
	if down != 7*time.Minute+10*time.Second {
		t.Errorf("after %s comes %s: the hub was down", points[29].At, points[30].At)
	}
	var sum uint64
	for _, p := range points {
		sum += p.Delivered
	}
	if sum != 65 {
		t.Errorf("%d deliveries, want 65", sum)
	}
	if day := w.s.History("acme", event.ID{}, Day).Points; len(day) != 2 || day[0].Delivered != 60 || day[1].Delivered != 5 || day[0].Partial || !day[1].Partial {
		t.Errorf("the day is %+v", day)
	}
}

// After weeks no more is kept than there are windows, in memory and in the store, and what is of integrations that are
// gone goes, too.
func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, gone := w.lane("acme", 1), w.lane("acme", 2)
	gone.deliver(1, time.Second)
	w.s.Look()
	w.pass(time.Minute)
	delete(w.readings, key{"acme", gone.Integration})
	for range 10 * 24 * 12 {
		a.deliver(1, time.Second)
		w.received["acme"]++
		w.now = w.now.Add(5 * time.Minute)
		w.s.Look()
		w.s.save(t.Context(), false)
		w.s.prune(t.Context())
	}
	for win, most := range map[Window]int{Hour: 360, Day: 288, Week: 336} {
		h := w.s.History("acme", event.ID{}, win)
		least := most
		if win == Hour {
			least = 11 // one look in five minutes
		}
		if n := len(h.Points); n > most || n < least || h.Points[0].At.Before(h.From) {
			t.Errorf("%s has %d points from %s, and begins at %s", win, n, h.Points[0].At, h.From)
		}
	}
	if len(w.s.series) != 3 { // the hub, the account, the integration
		t.Errorf("%d series are kept", len(w.s.series))
	}
	size := 0
	for _, of := range w.s.series {
		for i := range of {
			if n, most := len(of[i].pieces), int(grains[i].keep/grains[i].piece)+2; n > most {
				t.Errorf("%d pieces of %s, at most %d are wanted", n, grains[i].step, most)
			}
			for _, p := range of[i].pieces {
				size += len(p.data)
			}
		}
	}
	if size > 30_000 {
		t.Errorf("%d bytes are kept", size)
	}
	if n := len(w.store.rows); n > 3*(8+6+14+1+16) {
		t.Errorf("%d rows are stored", n)
	}
}

// Few transactions, few rows and few bytes a minute, also with many integrations; what could not be stored is stored later.
func TestSavingIsCheap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 1000 {
		id := event.ID{}
		binary.BigEndian.PutUint64(id[:], uint64(i+1))
		w.readings[key{"acme", id}] = &Reading{Integration: id, Account: "acme"}
	}
	w.s.Look()
	work := func() {
		for _, r := range w.readings {
			r.deliver(3, 40*time.Millisecond)
		}
		w.pass(10 * time.Second)
		w.s.save(t.Context(), false)
	}
	for range 18 {
		work()
	}
	if most := 3 * (1002/saveBatch + 1); w.store.writes > most || w.store.writes == 0 || len(w.store.rows) != 1002 {
		t.Errorf("%d transactions in three minutes for %d rows", w.store.writes, len(w.store.rows))
	}
	w.store.fails = true
	for range 6 {
		work()
	}
	w.store.fails = false
	w.s.save(t.Context(), true)
	bytes := 0
	for _, p := range w.store.rows {
		bytes += len(p.Data)
	}
	if each := bytes / len(w.store.rows); each > 300 {
		t.Errorf("a row has %d bytes", each)
	}
	w.restart(0)
	if h := w.s.History("acme", event.ID{}, Hour); len(h.Points) != 24 || h.Points[23].Delivered != 3000 || h.Points[5].Delivered != 3000 {
		t.Errorf("%d points are left", len(h.Points))
	}
	sparks := w.s.Sparks("acme", Day)
	if len(sparks) != 1000 || len(sparks[7].Points) != 1 || sparks[7].Points[0].Delivered != 72 {
		t.Errorf("%d spark lines, %+v", len(sparks), sparks[7])
	}
}

func TestSparks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, quiet := w.lane("acme", 1), w.lane("acme", 2)
	w.lane("other", 3)
	w.s.Look()
	for range 9 * 24 {
		a.deliver(2, time.Second)
		w.now = w.now.Add(time.Hour)
		w.s.Look()
	}
	for win, most := range map[Window]int{Hour: 30, Day: 48, Week: 42} {
		sparks := w.s.Sparks("acme", win)
		if len(sparks) != 2 || sparks[0].Integration != a.Integration || sparks[1].Integration != quiet.Integration {
			t.Fatalf("%s: %+v", win, sparks)
		}
		n := len(sparks[0].Points)
		if n > most || n > MaxSparkPoints || n == 0 || len(sparks[1].Points) != n || sparks[1].Points[0].Delivered != 0 {
			t.Errorf("%s has %d and %d points", win, n, len(sparks[1].Points))
		}
	}
	week := w.s.Sparks("acme", Week)[0].Points
	if len(week) < 41 || week[20].Delivered != 8 || !week[20].Timed {
		t.Errorf("four hours in a week are %+v", week[20])
	}
}

func TestNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.lane("acme", 1), w.lane("acme", 2)
	if n := w.s.Now("acme"); n.ReceivedPerSecond != 0 {
		t.Errorf("before the first look: %+v", n)
	}
	w.now = w.now.Add(2 * time.Second)
	w.s.Look()
	w.pass(8 * time.Second)
	w.received["acme"] += 30
	a.deliver(60, 10*time.Millisecond)
	b.Failing, b.Backlog, b.Mailbox = true, 5, 6
	w.pass(10 * time.Second)
	want := Now{ReceivedPerSecond: 3, DeliveredPerSecond: 6, Backlog: 5, Mailbox: 6, Failing: 1, Timed: true}
	n := w.s.Now("acme")
	if n.P50 < 8*time.Millisecond || n.P99 > 13*time.Millisecond {
		t.Errorf("the times are %s and %s", n.P50, n.P99)
	}
	n.P50, n.P99 = 0, 0
	near := cmp.Comparer(func(a, b float64) bool { return a-b < 0.01 && b-a < 0.01 })
	if diff := cmp.Diff(want, n, near); diff != "" {
		t.Error(diff)
	}
	b.Backlog = 7
	if n := w.s.Now("acme"); n.Backlog != 5 {
		t.Errorf("it is counted again within a second: %+v", n)
	}
	w.now = w.now.Add(nowFor)
	if n := w.s.Now("acme"); n.Backlog != 7 {
		t.Errorf("after a second it is %+v", n)
	}
	if n := w.s.History("acme", event.ID{2}, Hour).Now; n.Failing != 1 || n.Timed || n.DeliveredPerSecond != 0 {
		t.Errorf("of one integration: %+v", n)
	}
	if n := w.s.Now("other"); n != (Now{}) {
		t.Errorf("another account has %+v", n)
	}
	w.pass(2 * time.Minute)
	if n := w.s.Now("acme"); n.Timed || n.ReceivedPerSecond != 0 {
		t.Errorf("two minutes later it is %+v", n)
	}
}

// A clock that is set back, or forth and back, makes no step twice and loses nothing but what is in the future.
func TestClockIsSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.lane("acme", 1)
	w.s.Look()
	for _, jump := range []time.Duration{0, -3 * time.Minute, 48 * time.Hour, -48 * time.Hour, 0} {
		w.now = w.now.Add(jump)
		for range 40 {
			a.deliver(1, time.Second)
			w.pass(10 * time.Second)
		}
	}
	points := w.s.History("acme", event.ID{}, Hour).Points
	var last time.Time
	for _, p := range points {
		if !p.At.After(last) {
			t.Fatalf("%s comes after %s", p.At, last)
		}
		last = p.At
	}
	if n := len(points); n < 60 || !last.After(w.now.Add(-time.Minute)) {
		t.Errorf("%d points, the last of %s; it is %s", n, last, w.now)
	}
}

// Run looks at once, and stores what is left when it ends.
func TestRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.lane("acme", 1)
	ctx, stop := context.WithCancel(t.Context())
	w.s.Look()
	a.deliver(3, time.Second)
	w.now = w.now.Add(4 * time.Second)
	stop()
	w.s.Run(ctx)
	w.open()
	if h := w.s.History("acme", event.ID{}, Hour); len(h.Points) != 1 || h.Points[0].Delivered != 3 {
		t.Errorf("%+v", h.Points)
	}
}
