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

// StartDesk starts a model of a ticket desk with the faults of a real one, so that there is something to see in the mailbox
// and among the retries: it refuses a project that it does not know yet (422), which a replay a minute later mends, and now
// and then it is busy (503), which a retry mends.
func StartDesk(port int, secret string) (*Receiver, error) {
	r := &Receiver{now: time.Now}
	d := &desk{heard: map[string]time.Time{}}
	return r, r.start(port, r.signed(secret, func(w http.ResponseWriter, e posted) {
		if status, why := d.answer(e.Project, r.now()); why != "" {
			http.Error(w, why, status)
			return
		}
		w.WriteHeader(http.StatusCreated)
	}))
}

// maxProjects bounds the projects that a desk remembers; it knows all others.
const maxProjects = 1000

type desk struct {
	mu       sync.Mutex
	requests int
	heard    map[string]time.Time // of which project first, and when
}

// answer is the status of a ticket of the project, and why it was not taken.
func (d *desk) answer(project string, now time.Time) (status int, why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
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
