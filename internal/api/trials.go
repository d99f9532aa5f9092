package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// SubscriptionTrialInput is a subscription to be tried.
type SubscriptionTrialInput struct {
	Subscription subscriptionObject `json:"subscription" doc:"The subscription, as an integration would have it."`
	Last         int                `json:"last,omitempty" minimum:"1" maximum:"100000" default:"100000" doc:"On at most how many of the account's events of the last 24 hours, the newest."`
}

// Limits of trying a subscription: what one looks at, and how many do so.
const (
	// trialWindow is how far back events are looked at.
	trialWindow = 24 * time.Hour
	// mostTriedDay is how many events are looked at.
	mostTriedDay = 100_000
	// trialTime is how long they are looked at, after which what was found is the answer.
	trialTime = 2 * time.Second
	// maxTrying is how many subscriptions are tried at a time, of all callers; others wait, as long as their callers do.
	maxTrying = 2
)

func (a *server) trialOperations() {
	register(a, op{
		id: "try-subscription", method: http.MethodPost, path: "/api/v1/subscriptions/try", tag: tagIntegrations, scope: scopeIntegrationsWrite,
		summary: "Try a subscription", ownBody: true,
		body: object{{"subscription", object{{"types", []string{"alert.*"}}, {"where", `event.severity_level >= HIGH || "pci" in event.tags`}}}, {"last", mostTriedDay}},
		about: "Which of the account's events of the last 24 hours it would want, and why not the others. At most 100,000 events are looked at, the newest, and for at most 2 seconds: complete says whether that was all. Events of child accounts are not looked at. An error in the where expression is told with its position; " +
			"one that shows only with some events is listed under errors, with an event for which it happens.",
	}, a.trySubscription)
}

func (a *server) trySubscription(ctx context.Context, in *struct {
	Body raw[SubscriptionTrialInput]
}) (*body[integration.SubscriptionTrial], error) {
	trial, err := readTrial(in.Body.RawMessage, "subscription", mostTriedDay, mostTriedDay)
	if err != nil {
		return nil, err
	}
	t, err := integration.NewTrial(trial.what, trial.last)
	if err != nil {
		return nil, below(err, "subscription")
	}
	select {
	case a.trying <- struct{}{}:
		defer func() { <-a.trying }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	limited, cancel := context.WithTimeout(ctx, a.tryingFor)
	defer cancel()
	now := time.Now().UTC()
	extent, err := a.Deliveries.LookBack(limited, accountOf(ctx), now.Add(-trialWindow), func(types []journal.TypeCount, open func() ([]*event.Record, error)) bool {
		return t.Section(limited, types, open)
	})
	if err != nil && (limited.Err() == nil || ctx.Err() != nil) {
		return nil, err
	}
	return result(t.Result(extent.Since, now, extent.Complete), nil)
}

// trial is what is to be tried, and on how many events.
type trial struct {
	what json.RawMessage
	last int
}

// readTrial reads a body of two members: the one that is named, and last, which is at most most.
func readTrial(raw json.RawMessage, name string, last, most int) (trial, error) {
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
			if json.Unmarshal(value, &t.last) != nil || t.last < 1 || t.last > most {
				errs.Add("last", "must be a whole number from 1 to %d", most)
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
