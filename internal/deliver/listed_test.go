package deliver

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// pages reads a list to its end, limit to a page.
func (w *world) pages(f DeliveryFilter, limit int) (list []DeliveryView) {
	w.t.Helper()
	for after := ""; ; {
		page, next, err := w.e.Deliveries(w.t.Context(), event.DefaultAccount, f, store.Page{Limit: limit, After: after})
		if err != nil {
			w.t.Fatal(err)
		}
		if len(page) > limit {
			w.t.Fatalf("a page of %d, at most %d were asked for", len(page), limit)
		}
		list = append(list, page...)
		if after = next; next == "" {
			return list
		}
	}
}

// The list without a filter has what failed, then what waits for its turn, then what was delivered; each names its event.
func TestDeliveriesInGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"concurrency":1,"retry":{"schedule":["0s"]}}`, "*")
	done, bad := alertOf(opened, "done", event.Low), alertOf(opened, "bad", event.Low)
	waits := []*event.Record{alertOf(opened, "in flight", event.Low), alertOf(opened, "next", event.Low), alertOf(opened, "last", event.Low)}
	r.set(func(ctx context.Context, d connector.Delivery) error {
		switch {
		case d.Record.ID == bad.ID:
			return connector.Permanent(errors.New("no"))
		case slices.ContainsFunc(waits, func(w *event.Record) bool { return w.ID == d.Record.ID }):
			return hanging(ctx, d)
		}
		return nil
	})
	w.send(done, bad)
	w.settled(id)
	w.tick()
	w.send(waits...)
	eventually(t, "they wait", func() bool { return w.counts(id).Waiting == 3 })
	type line struct{ Status, Title string }
	want := []line{
		{"mailbox", "about bad"}, {"waiting", "about in flight"}, {"waiting", "about next"}, {"waiting", "about last"}, {"delivered", "about done"},
	}
	for _, limit := range []int{1, 2, 4, 50} {
		var got []line
		for _, v := range w.pages(DeliveryFilter{}, limit) {
			got = append(got, line{v.Status, v.Title})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d to a page: %s", limit, diff)
		}
	}
	for _, rec := range append(waits, done, bad) {
		v, err := w.e.Delivery(t.Context(), event.DefaultAccount, event.DeliveryID(rec.ID, id))
		if err != nil || v.Title != "about "+rec.DedupKey {
			t.Errorf("%s: %q, %v", rec.DedupKey, v.Title, err)
		}
		of := w.pages(DeliveryFilter{Event: rec.ID}, 50)
		if len(of) != 1 || of[0].Title != "about "+rec.DedupKey {
			t.Errorf("%s, by its event: %+v", rec.DedupKey, of)
		}
	}
	r.set(happy)
	w.crash()
}

// A delivery that was parked is delivered since it arrived, not since its first attempt failed.
func TestDeliveredSince(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		answer  func(context.Context, connector.Delivery) error
		settled func(Counts) bool
	}{
		{"after an attempt that may pass", failing, func(c Counts) bool { return c.Parked == 1 }},
		{"after a replay from the mailbox", refusing, func(c Counts) bool { return c.Mailbox == 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			deliveredSince(t, c.answer, c.settled)
		})
	}
}

func deliveredSince(t *testing.T, answer func(context.Context, connector.Delivery) error, settled func(Counts) bool) {
	t.Helper()
	w := newWorld(t)
	w.start()
	id, r := w.add(`{"retry":{"schedule":["0s","1h"]}}`, "*")
	r.set(answer)
	rec := alertOf(opened, strings.Repeat("é", 400), event.Low)
	rec.OrderingKey = "bad"
	w.send(rec)
	eventually(t, "it failed", func() bool { return settled(w.counts(id)) })
	w.tick()
	r.set(happy)
	again := time.Now().Truncate(time.Microsecond)
	dlv := event.DeliveryID(rec.ID, id)
	if err := w.e.Retry(t.Context(), event.DefaultAccount, dlv, false); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is delivered", func() bool { return w.counts(id).Delivered == 1 })
	w.tick()
	one, err := w.e.Delivery(t.Context(), event.DefaultAccount, dlv)
	if err != nil {
		t.Fatal(err)
	}
	for from, list := range map[string][]DeliveryView{
		"all": w.pages(DeliveryFilter{}, 50), "delivered": w.pages(DeliveryFilter{Status: statusDelivered}, 50),
		"of its event": w.pages(DeliveryFilter{Event: rec.ID}, 50), "one": {one},
	} {
		if len(list) != 1 {
			t.Errorf("%s: %d deliveries", from, len(list))
			continue
		}
		v := list[0]
		if v.Status != statusDelivered || v.Since.Before(again) || v.Attempts != 2 {
			t.Errorf("%s: %s since %v with %d attempts, want delivered after %v at the second", from, v.Status, v.Since, v.Attempts, again)
		}
		if len(v.Title) > store.MaxListedTitle || !strings.HasPrefix(v.Title, "about éé") {
			t.Errorf("%s: title of %d bytes: %q", from, len(v.Title), v.Title)
		}
	}
}
