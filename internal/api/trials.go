package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/integration"
)

// SubscriptionTrialInput is a subscription to be tried.
type SubscriptionTrialInput struct {
	Subscription subscriptionObject `json:"subscription" doc:"The subscription, as an integration would have it."`
	Last         int                `json:"last,omitempty" minimum:"1" maximum:"1000" default:"1000" doc:"On how many of the account's newest events."`
}

func (a *server) trialOperations() {
	register(a, op{
		id: "try-subscription", method: http.MethodPost, path: "/api/v1/subscriptions/try", tag: tagIntegrations, scope: scopeIntegrationsWrite,
		summary: "Try a subscription", ownBody: true,
		body: object{{"subscription", object{{"types", []string{"alert.*"}}, {"where", `event.severity_level >= HIGH || "pci" in event.tags`}}}, {"last", 1000}},
		about: "Which of the account's newest events it would want, and why not the others. Events of child accounts are not looked at. An error in the where expression is told with its position; " +
			"one that shows only with some events is listed under errors, with an event for which it happens.",
	}, a.trySubscription)
}

func (a *server) trySubscription(ctx context.Context, in *struct {
	Body raw[SubscriptionTrialInput]
}) (*body[integration.SubscriptionTrial], error) {
	trial, err := readTrial(in.Body.RawMessage, "subscription", mostTried)
	if err != nil {
		return nil, err
	}
	records, err := a.newest(ctx, trial.last, func(*event.Record) bool { return true })
	if err != nil {
		return nil, err
	}
	t, err := integration.TrySubscription(trial.what, records)
	return result(t, below(err, "subscription"))
}

// trial is what is to be tried, and on how many events.
type trial struct {
	what json.RawMessage
	last int
}

// readTrial reads a body of two members: the one that is named, and last.
func readTrial(raw json.RawMessage, name string, last int) (trial, error) {
	t := trial{last: last}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return t, form.Errors{{Message: "must be an object"}}
	}
	var errs form.Errors
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		switch value := fields[field]; field {
		case name:
			t.what = value
		case "last":
			if json.Unmarshal(value, &t.last) != nil || t.last < 1 || t.last > mostTried {
				errs.Add("last", "must be a whole number from 1 to %d", mostTried)
			}
		default:
			errs.Add(event.Clip(field, 64), "is not known")
		}
	}
	if t.what == nil {
		errs.Add(name, "is required")
	}
	if err := errs.Err(); err != nil {
		return t, err
	}
	return t, nil
}

// below is err with what it says of fields said of fields below a member.
func below(err error, member string) error {
	fields, ok := form.AsErrors(err)
	if !ok {
		return err
	}
	list := make(form.Errors, len(fields))
	for i, f := range fields {
		list[i] = form.FieldError{Path: member, Message: f.Message}
		if f.Path != "" {
			list[i].Path = fmt.Sprint(member, ".", f.Path)
		}
	}
	return list
}
