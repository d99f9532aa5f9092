package journal_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/embedded"
)

// kib is an event of about 1 KiB that compresses as events do.
func kib(i int) *event.Record {
	const words = "detection source destination process parent hash user host policy action severity rule "
	b := fmt.Appendf(nil, `{"type":"alert.created","title":"Suspicious sign-in %d","data":{"n":%d,"text":"`, i, rand.Uint64())
	for len(b) < 1000 {
		at := rand.IntN(len(words) - 12)
		b = fmt.Appendf(b, "%s %x ", words[at:at+12], rand.Uint32())
	}
	now := time.Now()
	return &event.Record{
		ID: event.NewID(), Account: event.DefaultAccount, Type: "alert.created", Severity: event.High,
		DedupKey: fmt.Sprint("key-", i%100), Time: now, Received: now, Body: append(b, `"}}`...),
	}
}

func benchJournal(b *testing.B) *journal.Journal {
	b.Helper()
	j, err := embedded.Open(b.Context(), b.TempDir(), embedded.Options{Options: journal.Options{MaxBytes: 8 << 30}})
	if err != nil {
		b.Fatal(err)
	}
	return j
}

// BenchmarkAppend measures events per second: one by one from 64 callers, and by hundreds from 16.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ callers, each int }{{64, 1}, {16, 100}} {
		b.Run(fmt.Sprintf("%dx%d", c.callers, c.each), func(b *testing.B) {
			records := make([]*event.Record, 1000)
			for i := range records {
				records[i] = kib(i)
			}
			j := benchJournal(b)
			b.ReportAllocs()
			b.ResetTimer()
			var next atomic.Int64
			var callers sync.WaitGroup
			for range c.callers {
				callers.Go(func() {
					for {
						i := int(next.Add(1) - 1)
						if i*c.each >= b.N {
							return
						}
						at := i * c.each % (len(records) - c.each + 1)
						if _, err := j.Append(b.Context(), journal.Append{
							Account: event.DefaultAccount, Records: records[at : at+c.each],
						}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			callers.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			if err := j.Close(b.Context()); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkLatency measures single appends at a steady 500 per second.
func BenchmarkLatency(b *testing.B) {
	j := benchJournal(b)
	record := kib(1)
	took := make([]time.Duration, 0, b.N)
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for range b.N {
		<-ticker.C
		start := time.Now()
		if _, err := j.Append(b.Context(), journal.Append{Account: event.DefaultAccount, Records: []*event.Record{record}}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	if err := j.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}
