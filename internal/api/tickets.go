package api

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Ticket is what another system keeps for an alert or an incident.
type Ticket struct {
	Integration string    `json:"integration" doc:"The integration that keeps it in step." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Key         string    `json:"key,omitempty" doc:"What people call it there." example:"SEC-12"`
	URL         string    `json:"url,omitempty" doc:"Where it is."`
	Status      string    `json:"status,omitempty" doc:"Its status, in that system's words, as of synced_at." example:"In Progress"`
	Closed      bool      `json:"closed" doc:"Whether that status means that nothing is left to do."`
	Assignee    string    `json:"assignee,omitempty" doc:"Who has it there."`
	SyncedAt    time.Time `json:"synced_at,omitzero" doc:"When both sides were last known to agree."`
	By          string    `json:"by,omitempty" doc:"Who made the last change that was brought over." example:"jira: Dana Doe"`
	Error       string    `json:"error,omitempty" doc:"What went wrong since then."`
}

func newTickets(list []store.Ticket) []Ticket {
	var tickets []Ticket
	for i := range list {
		t := &list[i]
		tickets = append(tickets, Ticket{
			Integration: t.Integration.Text(event.PrefixIntegration), Key: t.Key, URL: t.URL, Status: t.Status, Closed: t.Closed,
			Assignee: t.Assignee, SyncedAt: t.SyncedAt, By: t.By, Error: t.Error,
		})
	}
	return tickets
}
