package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Delivery is one event on its way to one integration.
type Delivery struct {
	ID          string        `json:"id" doc:"Its id; the same at every attempt." example:"dlv_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Integration string        `json:"integration" doc:"Where it goes." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Event       string        `json:"event,omitempty" doc:"The event; absent for a range that expired as a whole." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Account     string        `json:"account,omitempty" doc:"The event's account: the integration's own, or one below it." example:"acme"`
	Type        string        `json:"type,omitempty" doc:"The event's type." example:"alert.created"`
	Title       string        `json:"title,omitempty" doc:"The event's title, at most 500 bytes of it; absent where the event has none or is not there any more." example:"Brute force against the VPN"`
	Severity    string        `json:"severity" doc:"The event's severity." example:"high"`
	Status      string        `json:"status" enum:"delivered,waiting,parked,behind,held,mailbox,discarded,expired,skipped" doc:"Where it stands."`
	Attempts    int           `json:"attempts" doc:"Attempts spent so far."`
	Due         time.Time     `json:"due,omitzero" doc:"When a parked delivery is tried again, or a held one is due."`
	Cause       string        `json:"cause,omitempty" doc:"The last error, or why it was discarded." example:"the webhook's receiver answered 503 Service Unavailable"`
	CauseClass  string        `json:"cause_class,omitempty" doc:"permanent, retryable, throttled, exhausted, disabled, gone, person, trimmed, age or overflow; of a held one grouped, quiet_hours or rate_cap." example:"exhausted"`
	Since       time.Time     `json:"since,omitzero" doc:"When it got its status."`
	OrderingKey string        `json:"ordering_key,omitempty" doc:"Deliveries of one key keep their order." example:"brute-force/203.0.113.7"`
	Matched     uint64        `json:"matched,omitempty" doc:"How many events an expired range held."`
	Grade       string        `json:"grade,omitempty" enum:"accepted,confirmed,unverifiable" doc:"Of a delivered one: how sure that is."`
	Job         string        `json:"job,omitempty" doc:"The backfill that brought it." example:"job_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	FallbackOf  *DeliveryLink `json:"fallback_of,omitempty" doc:"Of one that came by fallback: the delivery that failed, and where."`
	Fallback    *DeliveryLink `json:"fallback,omitempty" doc:"Of one in the mailbox: the delivery that its integration's fallback got for it."`
	History     []Attempt     `json:"history,omitempty" doc:"Its attempts, in the answer for one delivery."`
}

// DeliveryLink names another delivery.
type DeliveryLink struct {
	Delivery    string `json:"delivery" doc:"Its id." example:"dlv_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Integration string `json:"integration" doc:"Its integration." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func newLink(integration, delivery event.ID) *DeliveryLink {
	if delivery.IsZero() {
		return nil
	}
	return &DeliveryLink{Delivery: delivery.Text(event.PrefixDelivery), Integration: integration.Text(event.PrefixIntegration)}
}

// link adds what a delivery has to do with others.
func (d *Delivery) link(job, fromIntegration, fromDelivery, toIntegration, toDelivery event.ID) {
	d.Job = idOrEmpty(event.PrefixJob, job)
	d.FallbackOf, d.Fallback = newLink(fromIntegration, fromDelivery), newLink(toIntegration, toDelivery)
}

// Attempt is one request made for a delivery.
type Attempt struct {
	Number    int       `json:"number" doc:"From 1."`
	At        time.Time `json:"at" doc:"When it began."`
	LatencyMS float64   `json:"latency_ms" doc:"How long it took, in milliseconds."`
	Outcome   string    `json:"outcome" enum:"delivered,retry,throttled,mailbox,cancelled" doc:"What came of it."`
	Status    int       `json:"status,omitempty" doc:"The HTTP status." example:"503"`
	Error     string    `json:"error,omitempty" doc:"What went wrong." example:"the webhook's receiver answered 503 Service Unavailable"`
	Class     string    `json:"class,omitempty" doc:"What kind of error it was." example:"retryable"`
	Answer    string    `json:"answer,omitempty" doc:"The beginning of what the receiver answered." example:"try again later"`
	Batched   int       `json:"batched" doc:"How many deliveries the request carried."`
	Grade     string    `json:"grade,omitempty" enum:"accepted,confirmed,unverifiable" doc:"How sure a success is: the vendor took it, it arrived for certain, or nothing could be proven."`
}

func newDelivery(v deliver.DeliveryView) Delivery {
	d := Delivery{
		ID: v.ID.Text(event.PrefixDelivery), Integration: v.Integration.Text(event.PrefixIntegration), Event: eventText(v.Event),
		Type: v.Type, Title: v.Title, Severity: v.Severity.String(), Status: v.Status, Attempts: v.Attempts, Due: v.Due, Cause: v.Cause,
		CauseClass: v.CauseClass, Since: v.Since, OrderingKey: v.OrderingKey, Account: string(v.Account),
		Grade: string(v.Grade),
	}
	d.link(v.Run, v.FromIntegration, v.FromDelivery, v.ToIntegration, v.ToDelivery)
	for _, t := range v.History {
		d.History = append(d.History, Attempt{
			Number: t.Number, At: t.At, LatencyMS: milliseconds(t.Latency), Outcome: string(t.Outcome), Status: t.Status,
			Error: t.Error, Class: t.Class, Answer: t.Answer, Batched: t.Batched, Grade: string(t.Grade),
		})
	}
	return d
}

func eventText(id event.ID) string { return idOrEmpty(event.PrefixEvent, id) }

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// DeliveryPath is the parameter of everything about one delivery.
type DeliveryPath struct {
	ID string `path:"id" maxLength:"64" doc:"The delivery's id." example:"dlv_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

// DeliveryFilter are the filters of a list of deliveries.
type DeliveryFilter struct {
	Status string    `query:"status" enum:"delivered,waiting,parked,behind,held,mailbox,discarded,expired,skipped" doc:"Only those that stand there."`
	Event  string    `query:"event" maxLength:"64" doc:"Only those of this event." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Type   string    `query:"type" maxLength:"128" doc:"Only those of events of this type, or with .* of all below it." example:"alert.*"`
	Since  time.Time `query:"since" doc:"Only those that got their status from this time on."`
	Until  time.Time `query:"until" doc:"Only those that got their status before this time."`
}

// read turns the filter into the engine's.
func (f *DeliveryFilter) read(integration event.ID) (out deliver.DeliveryFilter, err error) {
	out = deliver.DeliveryFilter{Integration: integration, Status: f.Status, Since: f.Since, Until: f.Until}
	if out.Event, err = queryID(event.PrefixEvent, "event", f.Event); err != nil {
		return out, err
	}
	out.Type, err = typeFilterOf("query.type", f.Type)
	return out, err
}

func (a *server) deliveryOperations() {
	const base = "/api/v1/deliveries"
	register(a, op{
		id: "list-deliveries", method: http.MethodGet, path: base, tag: tagDeliveries, scope: scopeDeliveries,
		summary: "List deliveries", about: "Deliveries and where they stand. Without a status, those that failed or wait for another attempt come first, then those whose turn has not come, then those that were delivered; " +
			"in each group the newest come first, but of those whose turn has not come the oldest. One that was delivered at a later attempt stands at the place of its first. What was delivered or skipped is looked up in the journal, at most 5,000 events for a page: " +
			"a page can have fewer entries than its limit, or none, while next leads on.",
	}, a.listDeliveries)
	register(a, op{
		id: "list-integration-deliveries", method: http.MethodGet, path: "/api/v1/integrations/{id}/deliveries", tag: tagDeliveries,
		scope: scopeDeliveries, summary: "List an integration's deliveries", about: "Its deliveries and where they stand, in the order of list-deliveries.",
		problems: []int{http.StatusNotFound},
	}, a.listIntegrationDeliveries)
	register(a, op{
		id: "get-delivery", method: http.MethodGet, path: base + "/{id}", tag: tagDeliveries, scope: scopeDeliveries,
		summary: "Get a delivery", about: "One delivery with its attempts: when, what the receiver answered, and what came of it.",
		problems: []int{http.StatusNotFound},
	}, a.getDelivery)
	register(a, op{
		id: "retry-delivery", method: http.MethodPost, path: base + "/{id}/retry", tag: tagDeliveries, scope: scopeDeliveriesWrite, act: "delivery.retry",
		summary: "Retry a delivery now", status: http.StatusAccepted, body: map[string]any{"force": false},
		about:    "Tries a parked, failed or discarded delivery again at once, with the same id. If something newer of its ordering key was delivered since, it is refused without force.",
		problems: []int{http.StatusNotFound, http.StatusConflict},
	}, a.retryDelivery)
}

func (a *server) listDeliveries(ctx context.Context, in *struct {
	Paging
	DeliveryFilter
	Integration string `query:"integration" maxLength:"64" doc:"Only those of this integration." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}) (*body[list[Delivery]], error) {
	id, err := queryID(event.PrefixIntegration, "integration", in.Integration)
	if err != nil {
		return nil, err
	}
	return a.deliveries(ctx, id, in.DeliveryFilter, in.page())
}

func (a *server) listIntegrationDeliveries(ctx context.Context, in *struct {
	IntegrationPath
	Paging
	DeliveryFilter
}) (*body[list[Delivery]], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return a.deliveries(ctx, id, in.DeliveryFilter, in.page())
}

func (a *server) deliveries(ctx context.Context, integration event.ID, f DeliveryFilter, p store.Page) (*body[list[Delivery]], error) {
	filter, err := f.read(integration)
	if err != nil {
		return nil, err
	}
	views, next, err := a.Deliveries.Deliveries(ctx, accountOf(ctx), filter, p)
	if err != nil {
		return nil, err
	}
	l := list[Delivery]{Items: make([]Delivery, len(views)), Next: next}
	for i, v := range views {
		l.Items[i] = newDelivery(v)
	}
	return answer(l), nil
}

func (a *server) getDelivery(ctx context.Context, in *DeliveryPath) (*body[Delivery], error) {
	id, err := pathID(event.PrefixDelivery, in.ID)
	if err != nil {
		return nil, err
	}
	v, err := a.Deliveries.Delivery(ctx, accountOf(ctx), id)
	return result(newDelivery(v), err)
}

func (a *server) retryDelivery(ctx context.Context, in *struct {
	DeliveryPath
	Body *struct {
		Force bool `json:"force,omitempty" doc:"Retry although something newer of the ordering key was delivered since."`
	}
}) (*body[Delivery], error) {
	id, err := pathID(event.PrefixDelivery, in.ID)
	if err != nil {
		return nil, err
	}
	force := in.Body != nil && in.Body.Force
	err = a.recorded(ctx, act.Act{Action: "delivery.retry", Target: in.ID}, func(ctx context.Context) error {
		return a.Deliveries.Retry(ctx, accountOf(ctx), id, force)
	})
	if err != nil {
		return nil, deliverProblem(err)
	}
	v, err := a.Deliveries.Delivery(ctx, accountOf(ctx), id)
	return result(newDelivery(v), err)
}

// deliverProblem names the delivery room's refusals.
func deliverProblem(err error) error {
	switch {
	case errors.Is(err, deliver.ErrNewerDelivered):
		return problem(http.StatusConflict, deliver.ErrNewerDelivered.Error()+`; send {"force": true} to deliver it all the same`)
	case errors.Is(err, deliver.ErrNotReplayable), errors.Is(err, deliver.ErrDisabled):
		return problem(http.StatusConflict, err.Error())
	}
	return err
}
