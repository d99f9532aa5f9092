package deliver

import (
	"context"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// What runs brought is in no pack: it leaves the parking when it is delivered, and from then on the attempt that succeeded
// is what tells of it.

// givenState finds a delivery of a run that succeeded; false if there is none. What only the event knows is not in it.
func (e *Engine) givenState(ctx context.Context, account event.Account, id event.ID) (DeliveryView, bool, error) {
	f := store.AttemptFilter{Account: account, Delivery: id, Outcome: store.OutcomeDelivered}
	list, _, err := e.Store.ListAttempts(ctx, f, store.Page{Limit: 1})
	if err != nil {
		return DeliveryView{}, false, fmt.Errorf("reading the attempts: %w", err)
	}
	if len(list) == 0 || list[0].Run.IsZero() {
		return DeliveryView{}, false, nil
	}
	return viewOfGiven(list[0]), true, nil
}

func viewOfGiven(a store.Attempt) DeliveryView {
	return DeliveryView{
		ID: a.Delivery, Integration: a.Integration, Event: a.Event, Account: a.Account, Type: a.Type, Status: statusDelivered,
		Attempts: a.Number, Since: a.At.Add(a.Latency), Grade: connector.Grade(a.Grade), Run: jobOf(a.Integration, a.Run),
		FromIntegration: a.FromIntegration, FromDelivery: a.FromDelivery,
	}
}

// withEvent adds what only the event knows, as long as the journal has it.
func (e *Engine) withEvent(ctx context.Context, v DeliveryView) DeliveryView {
	rec, _, err := e.find(ctx, e.readable(v.Account), v.Event.Time(), func(r *event.Record) bool { return r.ID == v.Event })
	if err != nil {
		return v
	}
	rec = seenFrom(v.Account, rec)
	v.Title = rec.TitleLine(store.MaxListedTitle)
	v.Severity, v.OrderingKey, v.Account = rec.Severity, rec.OrderingKey, rec.Account
	return v
}

// givenOf gives the deliveries by fallback of one event: integrations that did not match it may have them.
func (e *Engine) givenOf(ctx context.Context, account event.Account, f DeliveryFilter) ([]DeliveryView, error) {
	var list []DeliveryView
	seen := map[event.ID]bool{}
	add := func(v DeliveryView) {
		fits := (f.Integration.IsZero() || v.Integration == f.Integration) && f.lets(&v)
		if !v.FromDelivery.IsZero() && !seen[v.ID] && fits {
			list = append(list, v)
		}
		seen[v.ID] = true
	}
	rows, _, err := e.Store.ListParked(ctx, store.ParkedFilter{Account: account, Event: f.Event}, store.Page{Limit: maxPage})
	if err != nil {
		return nil, fmt.Errorf("listing parked deliveries: %w", err)
	}
	for _, r := range rows {
		add(viewOfParked(r))
	}
	attempts, _, err := e.Store.ListAttempts(ctx, store.AttemptFilter{Account: account, Event: f.Event, Outcome: store.OutcomeDelivered}, store.Page{Limit: maxPage})
	if err != nil {
		return nil, fmt.Errorf("reading the attempts: %w", err)
	}
	for _, a := range attempts {
		add(e.withEvent(ctx, viewOfGiven(a)))
	}
	return list, nil
}
