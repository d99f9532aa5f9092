package demo

import (
	"sync"
	"time"
)

// arrivals remembers which events a receiver got.
type arrivals struct {
	mu     sync.Mutex
	first  map[string]time.Time // by event id
	total  int
	faults []string
}

const (
	// maxFaults bounds the kept descriptions of bad requests.
	maxFaults = 20
	// maxArrivals bounds the events that are remembered: more than a run follows.
	maxArrivals = 10_000
)

func (a *arrivals) got(eventID string, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.first == nil {
		a.first = map[string]time.Time{}
	}
	a.total++
	if _, again := a.first[eventID]; !again && len(a.first) < maxArrivals {
		a.first[eventID] = at
	}
}

func (a *arrivals) fault(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.faults) < maxFaults {
		a.faults = append(a.faults, text)
	}
}

// Arrived gives the time at which the event first arrived.
func (a *arrivals) Arrived(eventID string) (time.Time, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at, ok := a.first[eventID]
	return at, ok
}

// Faults lists what was wrong with requests that the receiver refused.
func (a *arrivals) Faults() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.faults...)
}
