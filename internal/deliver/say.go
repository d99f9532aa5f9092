package deliver

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// What the lanes say of themselves. The fact and the state it is about are saved in one transaction.
const (
	saidFailing   = "system.integration_failing"
	saidRecovered = "system.integration_recovered"
	saidExpired   = "system.delivery_expired"
)

const (
	// failingAfter is how long a breaker must have been open before that is a fact: a short outage is none.
	failingAfter = 30 * time.Second
	// maxSaidText bounds each text of a fact, in bytes.
	maxSaidText = 1000
)

// telling is what a lane has said, and will say with the next tick.
type telling struct {
	failingSince time.Time // zero unless "failing" was the last that was said
	said         []store.Said
	expired      int // deliveries that expired since the last tick
	expiredCause string
}

// saidData is the "data" of a fact.
type saidData struct {
	Integration string `json:"integration"`
	Kind        string `json:"kind"`
	Name        string `json:"name"`
	Waiting     uint64 `json:"waiting,omitempty"`
	Error       string `json:"error,omitempty"`
	FailingFor  string `json:"failing_for,omitempty"`
	Count       int    `json:"count,omitempty"`
	Cause       string `json:"cause,omitempty"`
}

// tell notices what has become worth saying. The caller holds mu.
func (l *lane) tell(now time.Time) {
	switch t := &l.telling; {
	case l.breaker.open && t.failingSince.IsZero() && now.Sub(l.breaker.openedAt) >= failingAfter:
		t.failingSince = l.breaker.openedAt
		l.say(saidFailing, "is failing: deliveries wait", now,
			saidData{Waiting: l.waiting(), Error: event.Clip(l.health.lastError, maxSaidText)})
	case !l.breaker.open && !t.failingSince.IsZero():
		since := now.Sub(t.failingSince).Round(time.Second)
		t.failingSince = time.Time{}
		l.say(saidRecovered, "works again", now, saidData{Waiting: l.waiting(), FailingFor: form.DurationText(since)})
	}
	if l.telling.expired > 0 {
		l.say(saidExpired, fmt.Sprintf("lost %d deliveries to their age", l.telling.expired), now,
			saidData{Count: l.telling.expired, Cause: event.Clip(l.telling.expiredCause, maxSaidText)})
		l.telling.expired = 0
	}
}

// say makes the fact; the next tick saves it. A fact that cannot be made is logged, and everything else goes on.
func (l *lane) say(eventType, what string, now time.Time, data saidData) {
	data.Integration, data.Kind, data.Name = l.text, l.row.Kind, event.Clip(l.row.Name, maxSaidText)
	r, err := event.FromEvent(&event.Event{
		Type: eventType, Severity: event.DefaultSeverity(eventType),
		// The name is what somebody typed: %q shows where it begins and ends, and what in it cannot be seen.
		Title:    event.Clip(fmt.Sprintf("Integration %q (%s) %s", l.row.Name, l.row.Kind, what), maxSaidText),
		DedupKey: "integration/" + l.text, Data: marshal(data),
	}, event.Origin{Account: l.account, Received: now}, event.DefaultLimits())
	if err != nil {
		l.log.Error("a fact about the integration cannot be announced", slog.String("type", eventType), slog.Any("error", err))
		return
	}
	l.telling.said = append(l.telling.said, store.Said{
		ID: event.NewID(), Account: l.account, Type: eventType, Origin: l.text, Event: r.Body, At: now,
	})
	l.dirty = true
}

// expire counts deliveries that nobody will get any more.
func (l *lane) expire(n uint64, cause string) {
	l.telling.expired += int(n)
	l.telling.expiredCause = cause
	l.dirty = true
}
