package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// HeldBack is a delivery that noise control left out.
type HeldBack struct {
	Delivery string    `json:"delivery" doc:"The delivery; it will not be made." example:"dlv_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Event    string    `json:"event" doc:"The event, which stays where it is." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Account  string    `json:"account" doc:"The event's account: the integration's own, or one below it." example:"acme"`
	Type     string    `json:"type" doc:"The event's type." example:"alert.created"`
	Severity string    `json:"severity" doc:"The event's severity." example:"low"`
	Title    string    `json:"title,omitempty" doc:"The event's title, at most 200 bytes of it."`
	Reason   string    `json:"reason" enum:"dedup,silenced,resolved" doc:"dedup: it repeated what was sent. silenced: by a silence. resolved: it was over before it was announced."`
	Silence  string    `json:"silence,omitempty" doc:"The silence." example:"sil_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	At       time.Time `json:"at" doc:"When that was decided."`
	Until    time.Time `json:"until,omitzero" doc:"Until when the same is left out: the end of the dedup window, or of the silence."`
}

func (a *server) heldOperations() {
	register(a, op{
		id: "list-held-back", method: http.MethodGet, path: "/api/v1/integrations/{id}/held", tag: tagDeliveries, scope: scopeDeliveries,
		summary: "List what was held back for good",
		about: "The deliveries that noise control left out, the newest first: at most the last 1,000; while there are very many at a time, some are only counted (in the integration's stats, under held). " +
			"What waits to be sent later is among the deliveries, with status held.",
		problems: []int{http.StatusNotFound},
	}, a.listHeldBack)
}

func (a *server) listHeldBack(ctx context.Context, in *struct {
	IntegrationPath
	Paging
}) (*body[list[HeldBack]], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := a.Integrations.Get(ctx, accountOf(ctx), id); err != nil {
		return nil, err
	}
	rows, next, err := a.Deliveries.Suppressed(ctx, accountOf(ctx), id, in.page())
	if err != nil {
		return nil, err
	}
	l := list[HeldBack]{Items: make([]HeldBack, len(rows)), Next: next}
	for i, r := range rows {
		l.Items[i] = HeldBack{
			Delivery: r.Delivery.Text(event.PrefixDelivery), Event: eventText(r.Event), Account: string(r.EventAccount), Type: r.Type,
			Severity: r.Severity.String(), Title: r.Title, Reason: r.Reason, Silence: r.Detail, At: r.At, Until: r.Until,
		}
	}
	return answer(l), nil
}
