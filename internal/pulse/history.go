package pulse

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Point is one step of a history.
type Point struct {
	// At is when the step began.
	At time.Time
	// Received are the events that came in: of an account those that were made durable, of an integration those that it
	// wanted.
	Received uint64
	// Delivered, Failed and Retried are the deliveries that succeeded, those that went to the mailbox, and the attempts that
	// failed and are to be made again.
	Delivered, Failed, Retried uint64
	// Backlog and Mailbox are how many waited, and how many were in the mailbox, when the step ended.
	Backlog, Mailbox uint64
	// Timed says whether anything was timed; P50 and P99 are the times from the arrival of an event to its delivery.
	Timed    bool
	P50, P99 time.Duration
	// Partial: the step has not ended yet.
	Partial bool
}

// Now is how it goes at this moment.
type Now struct {
	// ReceivedPerSecond and DeliveredPerSecond are of the last ten to twenty seconds.
	ReceivedPerSecond, DeliveredPerSecond float64
	Backlog, Mailbox                      uint64
	// Failing is how many integrations have an open breaker, or an attempt that failed last.
	Failing int
	// Timed says whether anything was timed in the last minute; P50 and P99 are of that.
	Timed    bool
	P50, P99 time.Duration
}

// History is how it went.
type History struct {
	Window Window
	Step   time.Duration
	// From is when the first step of the window began, whether there is a point for it or not.
	From time.Time
	// Points are the steps in which the hub was up, the oldest first.
	Points []Point
	Now    Now
}

// Spark is the history of one integration in few points.
type Spark struct {
	Integration event.ID
	Points      []Point
}

// Window is how far a history goes back.
type Window string

// The windows.
const (
	Hour Window = "1h"
	Day  Window = "24h"
	Week Window = "7d"
)

// MaxSparkPoints is how many points a spark line has at most.
const MaxSparkPoints = 48
