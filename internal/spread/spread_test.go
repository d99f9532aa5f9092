package spread

import (
	"math"
	"testing"
	"time"
)

func TestBucketsFollowEachOther(t *testing.T) {
	t.Parallel()
	var end time.Duration
	for i := range Buckets {
		from, to := bounds(i)
		if from != end || to <= from {
			t.Fatalf("bucket %d is from %s to %s, after one to %s", i, from, to, end)
		}
		for _, d := range []time.Duration{from, to - time.Microsecond} {
			if got := Bucket(d); got != i {
				t.Errorf("%s is in bucket %d, want %d", d, got, i)
			}
		}
		end = to
	}
	if end < 11*24*time.Hour {
		t.Errorf("the last bucket ends at %s", end)
	}
	for d, want := range map[time.Duration]int{-time.Hour: 0, 0: 0, math.MaxInt64: Buckets - 1} {
		if got := Bucket(d); got != want {
			t.Errorf("%s is in bucket %d, want %d", d, got, want)
		}
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	var c Counts
	if _, any := c.Quantile(0.5); any {
		t.Error("nothing has a median")
	}
	for i := 1; i <= 1000; i++ {
		c.Observe(time.Duration(i) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.01: 10 * time.Millisecond, 0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond, 1: time.Second} {
		got, _ := c.Quantile(q)
		if off := math.Abs(got.Seconds()-want.Seconds()) / want.Seconds(); off > 0.1 {
			t.Errorf("quantile %g is %s, want about %s", q, got, want)
		}
	}
	before := c
	c.Observe(time.Hour)
	rest := c.Since(&before)
	if got, _ := rest.Quantile(0.99); rest.Total() != 1 || got < 50*time.Minute || got > 75*time.Minute {
		t.Errorf("what came since is %v", rest)
	}
	before.Add(&rest)
	if before != c {
		t.Error("sums differ from what was counted")
	}
}
