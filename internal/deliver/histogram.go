package deliver

import (
	"slices"
	"time"
)

// LatencyBounds are the upper bounds of the latency histogram's buckets, in seconds.
func LatencyBounds() []float64 {
	return []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}
}

var latencyBounds = LatencyBounds()

// Histogram counts latencies of attempts. The zero value is empty.
type Histogram struct {
	Buckets []uint64 // not cumulative; one more than LatencyBounds for what is above
	Count   uint64
	Sum     time.Duration
}

// Observe counts n deliveries that took d.
func (h *Histogram) Observe(d time.Duration, n uint64) {
	if h.Buckets == nil {
		h.Buckets = make([]uint64, len(latencyBounds)+1)
	}
	i, _ := slices.BinarySearch(latencyBounds, d.Seconds())
	h.Buckets[i] += n
	h.Count += n
	h.Sum += d * time.Duration(n)
}

func (h *Histogram) clone() Histogram {
	c := *h
	c.Buckets = slices.Clone(h.Buckets)
	return c
}
