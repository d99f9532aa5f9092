package deliver

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// noop takes everything at once.
type noop struct {
	batch bool
	n     *atomic.Int64
}

func (s noop) UsesBatch() bool { return s.batch }

func (s noop) Send(context.Context, connector.Delivery) error { s.n.Add(1); return nil }

func (s noop) SendBatch(_ context.Context, ds []connector.Delivery) error {
	s.n.Add(int64(len(ds)))
	return nil
}

type noopOpener struct{ noop }

func (o noopOpener) Open(context.Context, store.Integration) (connector.Instance, error) {
	return o.noop, nil
}

// BenchmarkEngine is from the journal's append (1 KiB events, frames of 400, fsync) to the settled delivery. "lag" runs
// with a backlog: the lane was paused while everything was journalled.
func BenchmarkEngine(b *testing.B) {
	for _, c := range []struct {
		name           string
		batch, backlog bool
		others         int
	}{
		{"single", false, false, 0}, {"batch", true, false, 0}, {"single/lag", false, true, 0}, {"batch/lag", true, true, 0},
		{"batch/others=1000", true, false, 1000},
	} {
		b.Run(c.name, func(b *testing.B) { benchEngine(b, c.batch, c.backlog, c.others) })
	}
}

func benchEngine(b *testing.B, batch, backlog bool, others int) {
	w := newWorld(b)
	sender := noop{batch: batch, n: new(atomic.Int64)}
	w.seg = 64 << 20
	w.opts = func(o *Options) { o.Opener = noopOpener{sender} }
	w.start()
	id, _ := w.add(`{}`, "alert.*")
	for range others {
		i := store.Integration{ID: event.NewID(), Account: event.DefaultAccount, Kind: "fake", Enabled: true, Subscription: subscriptionOf("ip.blocked")}
		l := newLane(w.e, i)
		w.e.mu.Lock()
		w.e.lanes[i.ID] = l
		w.e.mu.Unlock()
		w.e.tail.begin(l)
	}
	records := make([]*event.Record, 400)
	for i := range records {
		records[i] = recordOf("alert.created", "")
		records[i].Body = fmt.Appendf(nil, `{"type":"alert.created","description":"%0960d"}`, i)
	}
	if backlog {
		w.change(id, func(i *store.Integration) { i.Paused = true })
	}
	journalAll := func() {
		for sent := 0; sent < b.N; sent += len(records) {
			fresh := make([]*event.Record, min(len(records), b.N-sent))
			ids := event.NewIDs(len(fresh))
			for i := range fresh {
				r := *records[i]
				r.ID = ids.At(i)
				fresh[i] = &r
			}
			if _, err := w.j.Append(b.Context(), journal.Append{Account: event.DefaultAccount, Records: fresh}); err != nil {
				b.Fatal(err)
			}
		}
	}
	if backlog {
		journalAll()
		eventually(b, "the tail is at the end", w.tailAtEnd)
	}
	b.ReportAllocs()
	b.ResetTimer()
	began := time.Now()
	if backlog {
		w.change(id, func(i *store.Integration) { i.Paused = false })
	} else {
		journalAll()
	}
	eventually(b, "all is delivered", func() bool { return sender.n.Load() >= int64(b.N) })
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "events/s")
	b.StopTimer()
	w.settled(id)
	w.crash()
}
