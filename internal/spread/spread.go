// Package spread counts durations in buckets, from fractions of a millisecond to days, so that their quantiles are known
// within a few percent and sums of counts are sums of what was counted.
package spread

import (
	"math/bits"
	"time"
)

// Buckets is how many buckets there are: one for everything below 256 µs, then four for each doubling. The last one is for
// all that is above eleven days.
const Buckets = 1 + 4*32

// firstOctave is the power of two, in microseconds, at which the second bucket begins.
const firstOctave = 8

// Counts says how many durations were in each bucket. The zero value is empty.
type Counts [Buckets]uint64

// Observe counts a duration. A negative one counts as none: clocks may be set back.
func (c *Counts) Observe(d time.Duration) { c[Bucket(d)]++ }

// Bucket is where a duration is counted.
func Bucket(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	octave := bits.Len64(us) - 1
	if octave < firstOctave {
		return 0
	}
	quarter := int(us>>(octave-2)) & 3
	return min(1+4*(octave-firstOctave)+quarter, Buckets-1)
}

// bounds are where a bucket begins and ends.
func bounds(bucket int) (from, to time.Duration) {
	if bucket == 0 {
		return 0, time.Microsecond << firstOctave
	}
	octave, quarter := time.Microsecond<<(firstOctave+(bucket-1)/4), time.Duration(bucket-1)%4
	return octave + quarter*octave/4, octave + (quarter+1)*octave/4
}

// Add adds what others counted.
func (c *Counts) Add(o *Counts) {
	for i, n := range o {
		c[i] += n
	}
}

// Since gives what was counted since an earlier state.
func (c *Counts) Since(before *Counts) (out Counts) {
	for i, n := range c {
		out[i] = n - min(before[i], n)
	}
	return out
}

// Total is how many were counted.
func (c *Counts) Total() (n uint64) {
	for _, of := range c {
		n += of
	}
	return n
}

// Quantile is a duration that a share q (0 to 1) of those counted did not exceed; false if none was. Within a bucket they
// are taken as evenly spread.
func (c *Counts) Quantile(q float64) (time.Duration, bool) {
	total := c.Total()
	if total == 0 {
		return 0, false
	}
	rank, seen := q*float64(total), 0.0
	last := 0
	for i, n := range c {
		if n == 0 {
			continue
		}
		last = i
		if seen+float64(n) >= rank {
			from, to := bounds(i)
			return from + time.Duration(float64(to-from)*(rank-seen)/float64(n)), true
		}
		seen += float64(n)
	}
	_, to := bounds(last) // what rounding left over
	return to, true
}
