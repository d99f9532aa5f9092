package deliver

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Verdict is what happens to a delivery after an attempt.
type Verdict struct {
	Outcome store.Outcome
	// After is how long until the next attempt (OutcomeRetry), or the pause that was asked for (OutcomeThrottled).
	After time.Duration
	// Class says why: "", retryable, throttled, permanent, exhausted, gone.
	Class string
	// Free: the attempt does not count.
	Free bool
}

// Try is what Judge knows of an attempt.
type Try struct {
	Number int           // from 1
	Age    time.Duration // since the delivery was first tried
	Probe  bool          // made by an open breaker: it spends no attempt
	// Refused: a probe was refused because of the credentials or the address, as every delivery would be.
	Refused bool
	// Jitter is a random number in [0,1): the delay is drawn from (0, step] ("full jitter").
	Jitter float64
}

// Limits of waiting.
const (
	// maxThrottle bounds a single pause, whatever the vendor asks for.
	maxThrottle = time.Hour
	// defaultThrottle is the pause when the vendor names none.
	defaultThrottle = time.Second
	// minRetryShare is the least part of a step that jitter leaves, so that a retry never comes at once.
	minRetryShare = 0.1
)

// Judge decides what follows an attempt. It is pure: the only place where a delivery's fate is decided.
func Judge(err error, try Try, p connector.Policy) Verdict {
	if err == nil {
		return Verdict{Outcome: store.OutcomeDelivered}
	}
	if after, ok := connector.IsThrottled(err); ok {
		if try.Age > p.MaxAge {
			return Verdict{Outcome: store.OutcomeMailbox, Class: "throttled"}
		}
		if after <= 0 {
			after = defaultThrottle
		}
		return Verdict{Outcome: store.OutcomeThrottled, After: min(after, maxThrottle), Class: "throttled"}
	}
	if after, ok := connector.IsPostponed(err); ok && try.Age <= p.MaxAge {
		return Verdict{Outcome: store.OutcomeRetry, After: pauseOf(after), Class: "retryable", Free: true}
	}
	switch {
	case connector.IsGone(err):
		return Verdict{Outcome: store.OutcomeMailbox, Class: "gone"}
	case try.Refused && try.Age <= p.MaxAge:
	case connector.IsPermanent(err):
		return Verdict{Outcome: store.OutcomeMailbox, Class: "permanent"}
	case try.Age > p.MaxAge, try.Number >= len(p.Schedule) && !try.Probe:
		return Verdict{Outcome: store.OutcomeMailbox, Class: "exhausted"}
	}
	step := p.Schedule[min(try.Number, len(p.Schedule)-1)]
	share := minRetryShare + (1-minRetryShare)*try.Jitter
	return Verdict{Outcome: store.OutcomeRetry, After: time.Duration(float64(step) * share), Class: "retryable"}
}
