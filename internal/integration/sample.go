package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// What marks an event as a test: people read the title, receivers can filter by tag and dedup key.
const (
	testTitle    = "[Test message] "
	testTag      = "test"
	testDedupKey = "tocsin/test"
)

// sampleEvent is the catalogue's sample of a type as an event of the account.
func sampleEvent(account event.Account, eventType string, now time.Time) (*event.Record, error) {
	raw, ok := event.Sample(eventType)
	if !ok {
		return nil, form.Errors{{Path: "event_type", Message: fmt.Sprintf("%.60q is not an event type", eventType)}}
	}
	r, err := event.Parse(raw, account, now, event.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("reading the sample of %s: %w", eventType, err)
	}
	r.ID = event.NewID()
	return r, nil
}

// testEvent makes the event that a test sends: the catalogue's sample of the type, marked.
func testEvent(account event.Account, eventType string, now time.Time) (*event.Record, error) {
	sample, err := sampleEvent(account, eventType, now)
	if err != nil {
		return nil, err
	}
	e, err := sample.Event()
	if err != nil {
		return nil, fmt.Errorf("reading the sample of %s: %w", eventType, err)
	}
	e.Title = testTitle + e.Title
	e.DedupKey, e.OrderingKey, e.Incident = testDedupKey, "", ""
	if !slices.Contains(e.Tags, testTag) {
		e.Tags = append(e.Tags, testTag)
	}
	e.Time = now
	r, err := event.FromEvent(&e, event.Origin{Account: account, Received: now, Flags: event.Test}, event.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("making a test event of %s: %w", eventType, err)
	}
	r.ID = sample.ID
	return r, nil
}

// inlineEvent reads an event that came with the request.
func inlineEvent(account event.Account, raw json.RawMessage, now time.Time) (*event.Record, error) {
	r, err := event.Parse(raw, account, now, event.DefaultLimits())
	var fields event.FieldErrors
	switch {
	case errors.As(err, &fields):
		var errs form.Errors
		for _, f := range fields {
			path := "event"
			if f.Field != "" {
				path += "." + f.Field
			}
			errs.Add(path, "%s", f.Detail)
		}
		return nil, errs
	case err != nil:
		return nil, form.Errors{{Path: "event", Message: err.Error()}}
	}
	r.ID = event.NewID()
	return r, nil
}
