package identity

import (
	"math"
	"strings"
	"testing"
	"time"
)

// BenchmarkRefusalTiming compares how long the refusals take, with Welch's t: below 4.5 nothing tells them apart. Read it
// of a long run (-benchtime 1000000x) on a quiet machine.
func BenchmarkRefusalTiming(b *testing.B) {
	f := newFixture(b)
	revokedKey, revoked := f.create(b, 0, EventsWrite)
	if err := f.Revoke(b.Context(), "acme", revokedKey.ID); err != nil {
		b.Fatal(err)
	}
	_, expired := f.create(b, 1, EventsWrite)
	f.clock.move(48 * time.Hour)
	_, valid := f.create(b, 0, EventsWrite)
	unknown := "tsk_live_00000000_" + strings.Repeat("0", secretChars)
	for _, pair := range []struct{ name, a, b string }{
		{"unknown against revoked", unknown, revoked},
		{"expired against revoked", expired, revoked},
		{"almost valid against unknown", valid[:len(valid)-1] + "!", unknown},
	} {
		b.Run(strings.ReplaceAll(pair.name, " ", "_"), func(b *testing.B) {
			var first, second series
			for n := 0; b.Loop(); n++ {
				if n%64 == 0 { // what is cached is asked again now and then, for both
					_, _ = f.Authenticate(b.Context(), pair.a, "")
					_, _ = f.Authenticate(b.Context(), pair.b, "")
				}
				if n%2 == 0 {
					first.take(func() { _, _ = f.Authenticate(b.Context(), pair.a, "") })
					second.take(func() { _, _ = f.Authenticate(b.Context(), pair.b, "") })
				} else {
					second.take(func() { _, _ = f.Authenticate(b.Context(), pair.b, "") })
					first.take(func() { _, _ = f.Authenticate(b.Context(), pair.a, "") })
				}
			}
			b.ReportMetric(welch(&first, &second), "t")
		})
	}
}

// series is the mean and variance of durations, kept as they come (Welford).
type series struct{ n, mean, m2 float64 }

// crop leaves out what a garbage collection or another process did.
const crop = 20 * time.Microsecond

func (s *series) take(f func()) {
	start := time.Now()
	f()
	took := time.Since(start)
	if took > crop {
		return
	}
	s.n++
	d := float64(took) - s.mean
	s.mean += d / s.n
	s.m2 += d * (float64(took) - s.mean)
}

func welch(a, b *series) float64 {
	return math.Abs(a.mean-b.mean) / math.Sqrt(a.m2/(a.n-1)/a.n+b.m2/(b.n-1)/b.n)
}
