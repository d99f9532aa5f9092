package torture

import (
	"math/rand/v2"
	"time"
)

// mood is how a receiver behaves for a while.
type mood uint8

const (
	moodUp       mood = iota
	moodDown          // nobody listens, open connections are reset
	moodSlow          // answers after a while
	moodFailing       // 500
	moodBusy          // 429 with Retry-After
	moodHanging       // never answers
	moodResets        // every other request is reset, before or after it was read
	moodClosing       // accepts, answers and closes the connection
	moodPicky         // refuses some events for good
	moodFlapping      // 503 for every other request
	moods
)

func (m mood) String() string {
	return [moods]string{"up", "down", "slow", "failing", "busy", "hanging", "resets", "closing", "picky", "flapping"}[m]
}

// moodWeights say how often each mood comes up.
var moodWeights = [moods]int{
	moodUp: 40, moodDown: 12, moodSlow: 10, moodFailing: 8, moodBusy: 5, moodHanging: 5, moodResets: 8, moodClosing: 5,
	moodPicky: 7, moodFlapping: 4,
}

// drawMood draws a mood and how long it lasts.
func drawMood(r *rand.Rand) (mood, time.Duration) {
	total := 0
	for _, w := range moodWeights {
		total += w
	}
	at := r.IntN(total)
	for m, w := range moodWeights {
		if at -= w; at < 0 {
			return mood(m), 50*time.Millisecond + time.Duration(r.Int64N(int64(700*time.Millisecond)))
		}
	}
	return moodUp, time.Second
}

// pickyShare is how many events a picky receiver refuses: one in this number.
const pickyShare = 40

// refuses says whether a picky receiver refuses an event, always the same ones.
func refuses(n uint32) bool { return n/workers%pickyShare == 7 }
