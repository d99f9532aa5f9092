package alerting

import (
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// BenchmarkFold folds events from the journal, of which each is an alert of its own, or one of a few that repeat. It says
// how many a second.
func BenchmarkFold(b *testing.B) {
	for _, keys := range []int{1 << 30, 1000} {
		name := "new"
		if keys == 1000 {
			name = "repeats"
		}
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			var some []*event.Record
			for i := range b.N {
				body := fmt.Sprintf(`{"type":"alert.created","severity":"high","title":"%d failed logins for user%d@example.com from 203.0.113.%d","dedup_key":"brute_force/%d",`+
					`"project":"web","alert_type":"brute_force","rule":{"id":"auth-017","name":"Failed logins followed by success"},"risk_score":84,`+
					`"entities":[{"type":"ip","value":"203.0.113.%d","observed":true},{"type":"user","value":"user%d@example.com"}],"tags":["auth"],"source":{"vendor":"example","product":"identity"}}`,
					i%50, i%5000, i%256, i%keys, i%256, i%5000)
				r, err := event.Parse([]byte(body), "acme", start.Add(time.Duration(i)*time.Millisecond), event.DefaultLimits())
				if err != nil {
					b.Fatal(err)
				}
				r.ID = event.NewID()
				if some = append(some, r); len(some) == 500 {
					w.append("acme", some...)
					some = nil
				}
			}
			if len(some) > 0 {
				w.append("acme", some...)
			}
			b.ResetTimer()
			w.run()
			for w.s.Sweep(b.Context(), w.journal.End()) != nil { // it waits for a while at most
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
