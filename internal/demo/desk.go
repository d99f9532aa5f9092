package demo

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	// deskLearns is how long after it first heard of a project the desk takes its tickets.
	deskLearns = time.Minute
	// deskBusy says of how many requests one finds the desk busy.
	deskBusy = 9
)

// Desk is a model of a ticket desk with the faults of a real one, so that there is something to see in the mailbox and among
// the retries: it refuses a project that it does not know yet (422), which a replay a minute later mends, and now and then it
// is busy (503), which a retry mends. Before it is moody it takes everything.
type Desk struct {
	Receiver
	mu       sync.Mutex
	moody    bool
	requests int
	heard    map[string]time.Time // of which project first, and when
}

// StartDesk starts a desk.
func StartDesk(port int, secret string) (*Desk, error) {
	d := &Desk{Receiver: Receiver{now: time.Now}, heard: map[string]time.Time{}}
	return d, d.start(port, d.signed(secret, func(w http.ResponseWriter, e posted) {
		if status, why := d.answer(e.Project, d.now()); why != "" {
			http.Error(w, why, status)
			return
		}
		w.WriteHeader(http.StatusCreated)
	}))
}

// turnMoody begins the faults.
func (d *Desk) turnMoody() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.moody = true
}

// maxProjects bounds the projects that a desk remembers; it knows all others.
const maxProjects = 1000

// answer is the status of a ticket of the project, and why it was not taken.
func (d *Desk) answer(project string, now time.Time) (status int, why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.moody {
		return http.StatusCreated, ""
	}
	d.requests++
	first, known := d.heard[project]
	if !known && len(d.heard) < maxProjects {
		d.heard[project], first, known = now, now, true
	}
	switch {
	case known && now.Sub(first) < deskLearns:
		return http.StatusUnprocessableEntity, fmt.Sprintf("the project %q is not known here yet: try again in a minute", project)
	case d.requests%deskBusy == 0:
		return http.StatusServiceUnavailable, "busy: try again"
	default:
		return http.StatusCreated, ""
	}
}
