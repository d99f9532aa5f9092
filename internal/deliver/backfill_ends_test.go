package deliver

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Cancelling, switching off and deleting end it.
func TestBackfillEnds(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"disabled", "removed", "cancelled", "cancelled after a restart"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			began := time.Now()
			w.sendN(200, 50, "alert.created", nil)
			eventually(t, "the tail is at the end", w.tailAtEnd)
			id, r := w.add(`{"concurrency":2,"retry":{"schedule":["0s","1h"]}}`, "*")
			r.set(failing)
			j := w.backfill(id, BackfillSpec{From: began})
			eventually(t, "they are parked", func() bool { return w.stats(id).Backfill.Parked == 200 })
			switch how {
			case "disabled":
				w.change(id, func(i *store.Integration) { i.Enabled = false })
			case "removed":
				if err := w.e.Remove(context.Background(), event.DefaultAccount, id); err != nil {
					t.Fatal(err)
				}
			case "cancelled after a restart":
				w.stop()
				w.start()
				fallthrough
			default:
				if err := w.e.CancelJob(context.Background(), event.DefaultAccount, j.ID); err != nil {
					t.Fatal(err)
				}
			}
			v := w.jobEnds(j.ID, "cancelled")
			eventually(t, "nothing is parked", func() bool {
				v, _ = w.e.Job(context.Background(), event.DefaultAccount, j.ID)
				return v.Backfill.Counts.Parked == 0
			})
			if c := v.Backfill.Counts; c.Discarded != 200 || !c.AddUp() {
				t.Fatalf("%+v", c)
			}
			w.mustAddUp()
			w.tick()
			n, err := w.s.CountParked(context.Background(), store.ParkedFilter{Account: event.DefaultAccount})
			if err != nil {
				t.Fatal(err)
			}
			if how == "disabled" || how == "removed" {
				if n[store.StateDiscarded] != 200 {
					t.Errorf("%v", n)
				}
			} else if len(n) != 0 {
				t.Errorf("%v", n)
			}
			if how == "disabled" {
				w.change(id, func(i *store.Integration) { i.Enabled = true })
				r.set(happy)
				v = w.jobEnds(w.backfill(id, BackfillSpec{From: began}).ID, "done")
				if v.Backfill.Counts.Skipped != 200 {
					t.Errorf("%+v", v.Backfill)
				}
			}
		})
	}
}

// trimmedJournal has lost its oldest frames.
type trimmedJournal struct {
	Journal
	first atomic.Uint64
}

// The journal does not have all of it any more: the job says from when on it has, and how much was trimmed meanwhile.
func TestBackfillClipped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := new(trimmedJournal)
	w.wrap = func(inner Journal) Journal { j.Journal = inner; return j }
	w.start()
	began := time.Now()
	w.sendN(100, 10, "alert.created", nil) // frames 1 to 10
	eventually(t, "the tail is at the end", w.tailAtEnd)
	j.first.Store(4)
	eventually(t, "the tail is at the end", w.tailAtEnd)
	id, r := w.add(`{"concurrency":1}`, "*")
	gate := make(chan struct{})
	r.set(func(context.Context, connector.Delivery) error { <-gate; return nil })
	v := w.jobAfter(w.backfill(id, BackfillSpec{From: began}), func() { close(gate) })
	if b := v.Backfill; b.Oldest.IsZero() || b.Counts.Delivered != 70 || b.Total != 70 || b.Missing != 0 || r.accepted() != 70 {
		t.Fatalf("%+v", v.Backfill)
	}

	// It is trimmed under the reader.
	id, r = w.add(quick, "*")
	w.lane(id).mu.Lock()
	w.lane(id).off = true // nothing is read yet
	w.lane(id).mu.Unlock()
	run := &run{id: event.NewID(), kind: runBackfill, state: runState{Fill: &fillState{BackfillSpec: BackfillSpec{From: began}, End: w.j.End()}}}
	l := w.lane(id)
	if err := l.placeFill(context.Background(), run.state.Fill); err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	l.runs[run.id], l.off = run, false
	l.mu.Unlock()
	f := newFiller(l, run)
	frame, err := w.j.Read(context.Background(), 4)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.frame(context.Background(), frame, 0); err != nil {
		t.Fatal(err)
	}
	j.first.Store(8)
	if err := f.read(context.Background()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "they come", func() bool { return r.accepted() == 40 })
	if run.state.Fill.Missing != 30 || run.state.Fill.Read != 40 {
		t.Fatalf("%+v", run.state.Fill)
	}
}

// An engine that is behind, and one that knows no start, brings nothing that its lane is about to deliver.
func TestBackfillMeetsTheLane(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	began := time.Now()
	w.sendN(100, 10, "alert.created", nil)
	eventually(t, "the tail is at the end", w.tailAtEnd)
	id, r := w.add(quick, "*")
	w.change(id, func(i *store.Integration) { i.Paused, i.CreatedAt = true, time.Now() })
	w.lane(id).mu.Lock()
	w.lane(id).start.Frame, w.lane(id).start.Epoch = 0, 0
	w.lane(id).mu.Unlock()
	<-time.After(2 * time.Millisecond)
	w.sendN(SingleWindowEvents+100, 100, "alert.created", nil)
	eventually(t, "it is behind", func() bool { return w.counts(id).Behind > 0 })
	j := w.backfill(id, BackfillSpec{From: began})
	eventually(t, "it has read", func() bool {
		v, err := w.e.Job(context.Background(), event.DefaultAccount, j.ID)
		return err == nil && v.Backfill.Counts.Matched == 100
	})
	w.change(id, func(i *store.Integration) { i.Paused = false })
	w.jobEnds(j.ID, "done")
	c := w.settled(id)
	if c.Delivered != SingleWindowEvents+100 || r.accepted() != SingleWindowEvents+200 {
		t.Fatalf("%+v, %d came", c, r.accepted())
	}
	for _, rec := range w.list {
		if r.count(rec.ID) != 1 {
			t.Fatalf("one came %d times", r.count(rec.ID))
		}
	}
}
