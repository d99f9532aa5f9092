package app

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity/plan"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// quotaExceeded is what is said when an account has used up its plan's events of the month.
const quotaExceeded = "system.quota_exceeded"

// sayOver makes the fact.
func sayOver(name event.Account, p plan.Plan, now time.Time) (store.Said, error) {
	consequence := "further events are taken and counted as over"
	if p.Above == plan.Refuse {
		consequence = "further events are refused until the month ends"
	}
	data, err := json.Marshal(map[string]any{"plan": p.Name, "events_per_month": p.EventsPerMonth, "above": p.Above, "month": now.Format("2006-01")})
	if err != nil {
		return store.Said{}, fmt.Errorf("encoding what is said of a plan: %w", err)
	}
	r, err := event.FromEvent(&event.Event{
		Type: quotaExceeded, Severity: event.High, DedupKey: "quota/" + now.Format("2006-01"), Data: data,
		Title: fmt.Sprintf("The plan %s has used up its %d events of the month: %s", p.Name, p.EventsPerMonth, consequence),
	}, event.Origin{Account: name, Received: now}, event.DefaultLimits())
	if err != nil {
		return store.Said{}, fmt.Errorf("making an event of a plan that is used up: %w", err)
	}
	return store.Said{ID: event.NewID(), Account: name, Type: quotaExceeded, Event: r.Body, At: now}, nil
}
