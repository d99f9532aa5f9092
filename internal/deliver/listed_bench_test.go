package deliver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// BenchmarkDeliveries is a page of 100 of the list, of events of about 2 KiB: what failed, and what was delivered.
func BenchmarkDeliveries(b *testing.B) {
	for _, status := range []string{"mailbox", statusDelivered} {
		b.Run(status, func(b *testing.B) {
			w := newWorld(b)
			w.start()
			id, r := w.add(`{"concurrency":8}`, "*")
			if status == "mailbox" {
				r.set(func(ctx context.Context, _ connector.Delivery) error {
					httpkit.ExchangeOf(ctx).Status = 400
					return connector.Permanent(errors.New("400"))
				})
			}
			for i := range 20 {
				batch := make([]*event.Record, 50)
				for j := range batch {
					batch[j] = alertOf(opened, fmt.Sprint(i, "-", j), event.Low)
					batch[j].Body = fmt.Appendf(nil, `{"type":%q,"data":{"text":%q},"title":"about %d"}`, opened, strings.Repeat("x", 2000), j)
				}
				w.send(batch...)
			}
			w.settled(id)
			w.tick()
			for b.Loop() {
				list, _, err := w.e.Deliveries(b.Context(), event.DefaultAccount, DeliveryFilter{Status: status}, store.Page{Limit: 100})
				if err != nil || len(list) != 100 {
					b.Fatal(len(list), err)
				}
			}
		})
	}
}
