package deliver

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Lists of deliveries are of a type, a time and a status; what was left out is one. A page that is short leads on.
func TestDeliveriesFiltered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	id, _ := w.add(`{"noise":{"dedup_window":"1h"}}`, "*")
	first, again, ended := alertOf(opened, "a", event.Low), alertOf(opened, "a", event.Low), alertOf(over, "a", event.Low)
	w.send(first, again)
	w.settled(id)
	w.send(ended)
	if c := w.settled(id); c.Delivered != 2 || c.Skipped != 1 {
		t.Fatalf("%+v", c)
	}
	w.tick()
	now := w.e.Now()
	for name, tt := range map[string]struct {
		f    DeliveryFilter
		want []event.ID
	}{
		"delivered":         {DeliveryFilter{Status: statusDelivered}, []event.ID{ended.ID, first.ID}},
		"skipped":           {DeliveryFilter{Status: statusSkipped}, []event.ID{again.ID}},
		"a type":            {DeliveryFilter{Type: over}, []event.ID{ended.ID}},
		"types":             {DeliveryFilter{Type: "alert.*"}, []event.ID{ended.ID, first.ID}},
		"skipped of a type": {DeliveryFilter{Status: statusSkipped, Type: over}, nil},
		"another type":      {DeliveryFilter{Type: "ip.*"}, nil},
		"a while":           {DeliveryFilter{Since: now.Add(-time.Hour), Until: now.Add(time.Hour)}, []event.ID{ended.ID, first.ID}},
		"later":             {DeliveryFilter{Since: now.Add(time.Hour)}, nil},
		"before":            {DeliveryFilter{Until: now.Add(-time.Hour)}, nil},
		"an event":          {DeliveryFilter{Event: again.ID}, []event.ID{again.ID}},
		"not of that time":  {DeliveryFilter{Event: again.ID, Since: now.Add(time.Hour)}, nil},
		"parked":            {DeliveryFilter{Status: string(store.StateParked), Type: "alert.*"}, nil},
	} {
		tt.f.Integration = id
		for _, limit := range []int{1, 50} {
			var got []event.ID
			for after := ""; ; {
				list, next, err := w.e.Deliveries(context.Background(), event.DefaultAccount, tt.f, store.Page{Limit: limit, After: after})
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range list {
					got = append(got, v.Event)
				}
				if after = next; next == "" {
					break
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s, %d to a page: %v, want %v", name, limit, got, tt.want)
			}
		}
	}
}
