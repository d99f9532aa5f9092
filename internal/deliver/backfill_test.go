package deliver

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func (w *world) backfill(id event.ID, spec BackfillSpec) store.Job {
	w.t.Helper()
	j, err := w.e.Backfill(context.Background(), event.DefaultAccount, id, spec)
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

// A new integration begins now; a backfill brings what was before, by its subscription, and nothing twice.
func TestBackfill(t *testing.T) {
	t.Parallel()
	for _, batch := range []bool{false, true} {
		t.Run(fmt.Sprintf("batch=%v", batch), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			began := time.Now()
			w.sendN(300, 7, "alert.created", nil)
			w.sendN(100, 7, "ip.blocked", nil)
			eventually(t, "the tail is at the end", w.tailAtEnd)
			id, r := w.add(quick, "alert.*")
			r.batch.Store(batch)
			w.change(id, func(*store.Integration) {})
			w.sendN(50, 7, "alert.created", nil)
			w.settled(id)
			j := w.backfill(id, BackfillSpec{From: began.Add(-time.Hour)})
			v := w.jobEnds(j.ID, "done")
			b := v.Backfill
			if b.Counts != (RunCounts{Matched: 300, Delivered: 300}) || b.Read != 400 || b.Total != 400 || b.Missing != 0 || !b.Oldest.IsZero() || v.Done != 400 || v.Total != 400 {
				t.Fatalf("%+v", b)
			}
			for i, rec := range w.list {
				want := 1
				if rec.Type != "alert.created" {
					want = 0
				}
				if n := r.count(rec.ID); n != want {
					t.Fatalf("event %d came %d times", i, n)
				}
			}
			s := w.stats(id)
			if s.Counts.Matched != 50 || s.Counts.Delivered != 50 || s.Counts.Journalled != 50 || s.Backfill.Delivered != 300 || !s.AddsUp {
				t.Fatalf("%+v", s)
			}
			w.tick()
			d, err := w.e.Delivery(context.Background(), event.DefaultAccount, event.DeliveryID(w.list[5].ID, id))
			if err != nil || d.Status != "delivered" || d.Run != j.ID || d.Event != w.list[5].ID {
				t.Fatalf("%+v, %v", d, err)
			}
			list, _, err := w.e.Jobs(context.Background(), event.DefaultAccount, store.Page{})
			if err != nil || len(list) != 1 || list[0].ID != j.ID {
				t.Fatalf("%+v, %v", list, err)
			}

			// Everything once more: the same keys.
			v = w.jobEnds(w.backfill(id, BackfillSpec{From: began.Add(-time.Hour), All: true}).ID, "done")
			if v.Backfill.Counts.Delivered != 350 || r.changed {
				t.Fatalf("%+v", v.Backfill)
			}
			w.stop()
			w.start()
			w.mustAddUp()
			if s := w.stats(id); s.Backfill.Delivered != 650 {
				t.Errorf("%+v", s.Backfill)
			}
		})
	}
}

func TestBackfillSpan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	old := w.sendN(20, 5, "alert.created", nil)
	<-time.After(5 * time.Millisecond)
	middle := time.Now()
	<-time.After(5 * time.Millisecond)
	mid := w.sendN(20, 5, "alert.created", nil)
	<-time.After(5 * time.Millisecond)
	late := time.Now()
	<-time.After(5 * time.Millisecond)
	w.sendN(20, 5, "alert.created", nil)
	eventually(t, "the tail is at the end", w.tailAtEnd)
	id, r := w.add(quick, "*")
	v := w.jobEnds(w.backfill(id, BackfillSpec{From: middle, To: late}).ID, "done")
	if v.Backfill.Counts.Delivered != 20 || r.accepted() != 20 || r.count(mid[0].ID) != 1 || r.count(old[0].ID) != 0 {
		t.Fatalf("%+v", v.Backfill)
	}
	for _, bad := range []BackfillSpec{{From: time.Now().Add(time.Hour)}, {From: late, To: middle}} {
		if _, err := w.e.Backfill(context.Background(), event.DefaultAccount, id, bad); !errors.Is(err, ErrSpan) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := w.e.Backfill(context.Background(), "other", id, BackfillSpec{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another account's: %v", err)
	}
}

// One that fails is parked and ends in the mailbox like any other, marked with the run; from there it can be replayed, and
// another backfill leaves it there.
func TestBackfillFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	began := time.Now()
	w.sendN(40, 10, "alert.created", every(4, "bad"))
	eventually(t, "the tail is at the end", w.tailAtEnd)
	id, r := w.add(quick, "*")
	r.set(refusing)
	j := w.backfill(id, BackfillSpec{From: began})
	v := w.jobEnds(j.ID, "done")
	if v.Backfill.Counts != (RunCounts{Matched: 40, Delivered: 30, Mailbox: 10}) || v.Failed != 10 {
		t.Fatalf("%+v", v.Backfill)
	}
	for _, row := range w.mailbox(id) {
		if row.Run != j.ID {
			t.Fatalf("a row says that %s brought it", row.Run)
		}
	}
	rows, _, err := w.s.ListParked(context.Background(), store.ParkedFilter{Account: event.DefaultAccount, Run: j.ID}, store.Page{Limit: 50})
	if err != nil || len(rows) != 10 {
		t.Fatalf("%d rows of the run, %v", len(rows), err)
	}
	again := w.jobEnds(w.backfill(id, BackfillSpec{From: began}).ID, "done")
	if again.Backfill.Counts != (RunCounts{Matched: 40, Delivered: 30, Skipped: 10}) {
		t.Fatalf("%+v", again.Backfill)
	}
	r.set(happy)
	replay, err := w.e.Replay(context.Background(), event.DefaultAccount, ReplaySpec{Filter: &store.ParkedFilter{Integration: id}})
	if err != nil {
		t.Fatal(err)
	}
	w.jobEnds(replay.ID, "done")
	eventually(t, "the replays", func() bool {
		v, err := w.e.Job(context.Background(), event.DefaultAccount, j.ID)
		return err == nil && v.Backfill.Counts == RunCounts{Matched: 40, Delivered: 40}
	})
	w.mustAddUp()
	if c := w.counts(id); c.Mailbox != 0 || c.Delivered != 0 || c.Matched != 0 {
		t.Errorf("%+v", c)
	}
}

// A backfill does not starve the lane: what comes now goes out while thousands of old events wait.
func TestBackfillShares(t *testing.T) {
	t.Parallel()
	for _, batch := range []bool{false, true} {
		w := newWorld(t)
		w.start()
		began := time.Now()
		w.sendN(3000, 100, "alert.created", nil)
		eventually(t, "the tail is at the end", w.tailAtEnd)
		id, r := w.add(`{"concurrency":2,"batch":{"max_events":5}}`, "*")
		r.batch.Store(batch)
		r.set(func(context.Context, connector.Delivery) error { <-time.After(time.Millisecond); return nil })
		w.change(id, func(*store.Integration) {})
		j := w.backfill(id, BackfillSpec{From: began})
		eventually(t, "the backfill is under way", func() bool { return r.accepted() > 20 })
		live := w.sendN(100, 10, "alert.created", nil)
		eventually(t, "the live ones", func() bool { return w.counts(id).Delivered == 100 })
		if v, err := w.e.Job(context.Background(), event.DefaultAccount, j.ID); err != nil || v.State != "running" || v.Backfill.Counts.Delivered > 2000 {
			t.Errorf("batch=%v: the live ones had to wait: %+v, %v", batch, v.Backfill, err)
		}
		if r.count(live[0].ID) != 1 {
			t.Error("a live one came twice")
		}
		if _, err := w.e.Backfill(context.Background(), event.DefaultAccount, id, BackfillSpec{From: began}); !errors.Is(err, ErrBackfilling) {
			t.Errorf("a second one: %v", err)
		}
		if err := w.e.CancelJob(context.Background(), event.DefaultAccount, j.ID); err != nil {
			t.Fatal(err)
		}
		v := w.jobEnds(j.ID, "cancelled")
		eventually(t, "what was in flight has come back", func() bool {
			v, _ = w.e.Job(context.Background(), event.DefaultAccount, j.ID)
			return v.Backfill.Counts.Parked == 0
		})
		if c := v.Backfill.Counts; !c.AddUp() || c.Delivered+c.Discarded != c.Matched || c.Mailbox != 0 {
			t.Errorf("%+v", c)
		}
		if err := w.e.CancelJob(context.Background(), event.DefaultAccount, j.ID); !errors.Is(err, ErrJobEnded) {
			t.Errorf("cancelling twice: %v", err)
		}
		w.tick()
		if rows := w.mailbox(id); len(rows) != 0 {
			t.Errorf("%d rows are left", len(rows))
		}
		w.mustAddUp()
	}
}

// With order by key, no two of a key are in flight together, those of the backfill come in order, and a stuck one of the
// backfill holds back no live one of its key.
func TestBackfillOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	began := time.Now()
	old := w.sendN(60, 7, "alert.created", func(i int) string { return []string{"a", "b"}[i%2] })
	eventually(t, "the tail is at the end", w.tailAtEnd)
	id, r := w.add(`{"order":"by_key","concurrency":8,"retry":{"schedule":["0s","1h"]}}`, "*")
	stuck := old[10].ID
	r.set(func(_ context.Context, d connector.Delivery) error {
		if d.Record.ID == stuck {
			return errors.New("500")
		}
		<-time.After(time.Millisecond)
		return nil
	})
	j := w.backfill(id, BackfillSpec{From: began})
	eventually(t, "all of b and the first of a", func() bool { return r.accepted() == 30+5 })
	live := w.sendN(20, 3, "alert.created", func(i int) string { return []string{"a", "b"}[i%2] })
	eventually(t, "the live ones", func() bool { return w.counts(id).Delivered == 20 })
	if r.together > 1 || r.count(live[0].ID) != 1 {
		t.Errorf("%d of one key together", r.together)
	}
	r.set(happy)
	w.tick()
	eventually(t, "it can be retried", func() bool {
		_ = w.e.Retry(context.Background(), event.DefaultAccount, event.DeliveryID(stuck, id), false)
		return r.count(stuck) == 1
	})
	w.jobEnds(j.ID, "done")
	last := map[string]int{}
	place := map[event.ID]int{}
	for i, rec := range old {
		place[rec.ID] = i
	}
	for _, ev := range r.order {
		i, ok := place[ev]
		if !ok {
			continue
		}
		key := old[i].OrderingKey
		if i < last[key] {
			t.Fatalf("event %d of %s came after %d", i, key, last[key])
		}
		last[key] = i
	}
	w.mustAddUp()
}

// It goes on after a crash where its last saved delivery was, and nothing is left out or counted twice.
func TestBackfillCrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	began := time.Now()
	w.sendN(2500, 50, "alert.created", nil)
	eventually(t, "the tail is at the end", w.tailAtEnd)
	id, r := w.add(`{"concurrency":4}`, "*")
	r.set(func(context.Context, connector.Delivery) error { <-time.After(200 * time.Microsecond); return nil })
	j := w.backfill(id, BackfillSpec{From: began})
	for n := range 4 {
		want := (n + 1) * 400
		eventually(t, "some progress", func() bool { return r.accepted() > want })
		if n%2 == 0 {
			w.crash()
		} else {
			w.stop()
		}
		w.start()
		w.mustAddUp()
	}
	v := w.jobEnds(j.ID, "done")
	if v.Backfill.Counts != (RunCounts{Matched: 2500, Delivered: 2500}) || v.Backfill.Read != 2500 || r.accepted() != 2500 || r.changed {
		t.Fatalf("%+v, %d came", v.Backfill, r.accepted())
	}
}

func (j *trimmedJournal) Bounds() (first, last uint64) {
	first, last = j.Journal.Bounds()
	return max(first, j.first.Load()), last
}

func (j *trimmedJournal) Seek(ctx context.Context, t time.Time) (uint64, error) {
	n, err := j.Journal.Seek(ctx, t)
	return max(n, j.first.Load()), err
}

func (j *trimmedJournal) Read(ctx context.Context, n uint64) (*journal.Frame, error) {
	if n < j.first.Load() {
		return nil, fmt.Errorf("frame %d: %w", n, journal.ErrTrimmed)
	}
	return j.Journal.Read(ctx, n)
}

// jobAfter does something and waits for the job's end.
func (w *world) jobAfter(j store.Job, do func()) JobView {
	do()
	return w.jobEnds(j.ID, "done")
}
