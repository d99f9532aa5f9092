package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// PreviewInput names the event of a preview: exactly one of the three.
type PreviewInput struct {
	EventID   string          // an event that the hub has
	EventType string          // the catalogue's sample of a type
	Event     json.RawMessage // an event as a sender would send it
}

// Preview is what an integration would send.
type Preview struct {
	Request *Request        `json:"request" doc:"The request that would be made, with secrets masked."`
	Wanted  bool            `json:"wanted" doc:"Whether the subscription wants the event."`
	Why     string          `json:"why,omitempty" doc:"Why the subscription does not want it." example:"its severity is below the minimum"`
	Event   json.RawMessage `json:"event" doc:"The event in its canonical form."`
	Notes   []string        `json:"notes,omitempty" doc:"What to know of the requests: which signatures they carry, public keys for the receiver."`
}

// Preview makes the request for an event and does not send it. Errors: form.Errors, ErrNotFound, ErrEvent, and
// whatever keeps the integration from making a request.
func (s *Service) Preview(ctx context.Context, account event.Account, id event.ID, in PreviewInput) (Preview, error) {
	i, err := s.Get(ctx, account, id)
	if err != nil {
		return Preview{}, err
	}
	def, err := s.kind(i.Kind)
	if err != nil {
		return Preview{}, err
	}
	if def.Responds() {
		return Preview{}, form.Errors{{Message: noEvents(def.Kind) + "; POST /api/v1/blocks/plan shows the request that a block would be made with"}}
	}
	record, err := s.previewed(ctx, account, in)
	if err != nil {
		return Preview{}, err
	}
	plain, err := s.plain(i, def)
	var voided *VoidedError
	var broken *RefError
	switch {
	case errors.As(err, &voided), errors.As(err, &broken):
		return Preview{}, form.Errors{{Path: "settings", Message: err.Error()}}
	case err != nil:
		return Preview{}, err
	}
	text := id.Text(event.PrefixIntegration)
	o, err := s.open(def, account, text, plain)
	if err != nil {
		return Preview{}, form.Errors{{Path: "settings", Message: err.Error()}}
	}
	defer o.close()

	exchange := &httpkit.Exchange{Full: true, DryRun: true}
	// Under the id that the event's delivery has, so that whoever looks for it at the receiver finds it.
	err = send(httpkit.WithExchange(ctx, exchange), o.instance, record, event.DeliveryID(record.ID, id))
	p := Preview{Event: record.AppendJSON(nil), Notes: o.notes()}
	p.Request, _ = exchanged(exchange)
	if err != nil && !isDryRun(err) {
		return Preview{}, form.Errors{{Path: "event", Message: "cannot be sent: " + event.Clip(o.http.MaskText(err.Error()), maxTestError)}}
	}
	reason, err := s.explain(i, record, text)
	if err != nil {
		return Preview{}, err
	}
	p.Wanted, p.Why = reason == route.Wanted, string(reason)
	return p, nil
}

func (s *Service) explain(i store.Integration, r *event.Record, id string) (route.Reason, error) {
	sub, err := route.ParseSubscription(i.Subscription)
	if err != nil {
		return "", fmt.Errorf("reading the subscription of integration %s: %w", id, err)
	}
	return sub.Explain(r, id), nil
}

// previewed finds or makes the event.
func (s *Service) previewed(ctx context.Context, account event.Account, in PreviewInput) (*event.Record, error) {
	given := 0
	for _, is := range []bool{in.EventID != "", in.EventType != "", in.Event != nil} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return nil, form.Errors{{Message: "give exactly one of event_id, event_type and event"}}
	case in.EventID != "":
		return s.storedEvent(ctx, account, in.EventID)
	case in.EventType != "":
		return sampleEvent(account, in.EventType, s.Now().UTC())
	}
	return inlineEvent(account, in.Event, s.Now().UTC())
}

func (s *Service) storedEvent(ctx context.Context, account event.Account, text string) (*event.Record, error) {
	id, err := event.ParseID(event.PrefixEvent, text)
	if err != nil {
		return nil, form.Errors{{Path: "event_id", Message: err.Error()}}
	}
	r, err := s.Events.Event(ctx, account, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, ErrEvent
	case err != nil:
		return nil, fmt.Errorf("finding event %s: %w", text, err)
	}
	return r, nil
}
