package integration

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/route"
)

// Limits of a trial.
const (
	// MaxSamples is how many of the wanted events a trial names.
	MaxSamples = 20
	// MaxTrialErrors is how many different errors a trial tells.
	MaxTrialErrors = 10
)

// SubscriptionTrial is what a subscription would have wanted of some events.
type SubscriptionTrial struct {
	Looked   int            `json:"looked" doc:"How many events were looked at."`
	Matched  int            `json:"matched" doc:"How many of them it wants."`
	Filtered []TrialReason  `json:"filtered" doc:"Why it does not want the others, the most frequent reason first."`
	Samples  []TrialSample  `json:"samples" doc:"The newest 20 that it wants."`
	Errors   []TrialMistake `json:"errors" doc:"Why its where expression cannot be evaluated, the most frequent error first."`
}

// TrialReason is a reason and how many events were filtered by it.
type TrialReason struct {
	Reason string `json:"reason" doc:"The reason." example:"its severity is below the minimum"`
	Count  int    `json:"count" doc:"For how many events."`
}

// TrialSample is an event in short.
type TrialSample struct {
	ID       string         `json:"id" doc:"Its id." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Type     string         `json:"type" doc:"Its type." example:"alert.created"`
	Severity event.Severity `json:"severity" enum:"info,low,medium,high,critical" doc:"Its severity."`
	Title    string         `json:"title" doc:"Its title."`
}

// TrialMistake is an error of an expression and one event for which it happens.
type TrialMistake struct {
	Error string `json:"error" doc:"What went wrong." example:"the event has no \"port\" there: ask has(…) first"`
	Count int    `json:"count" doc:"For how many events."`
	Event string `json:"event" doc:"One of them." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

// TrySubscription says which events a subscription would want and why not the others. It is pure. Its error is
// form.Errors.
func TrySubscription(raw json.RawMessage, records []*event.Record) (SubscriptionTrial, error) {
	t := SubscriptionTrial{Looked: len(records), Filtered: []TrialReason{}, Samples: []TrialSample{}, Errors: []TrialMistake{}}
	sub, err := route.ParseSubscription(raw)
	if err != nil {
		return t, err
	}
	for _, r := range records {
		switch why := sub.Explain(r, ""); why {
		case route.Wanted:
			t.Matched++
			t.sample(r)
		case route.WhereFailed:
			_, err := sub.Where.Match(r)
			t.mistake(r, err)
			t.filtered(why)
		default:
			t.filtered(why)
		}
	}
	slices.SortStableFunc(t.Filtered, func(a, b TrialReason) int { return cmp.Compare(b.Count, a.Count) })
	slices.SortStableFunc(t.Errors, func(a, b TrialMistake) int { return cmp.Compare(b.Count, a.Count) })
	return t, nil
}

func (t *SubscriptionTrial) sample(r *event.Record) {
	if len(t.Samples) == MaxSamples {
		return
	}
	s := TrialSample{ID: r.ID.Text(event.PrefixEvent), Type: r.Type, Severity: r.Severity}
	for name, value := range event.Members(r.Body) {
		if string(name) == "title" {
			s.Title = event.Unquote(value)
		}
	}
	t.Samples = append(t.Samples, s)
}

func (t *SubscriptionTrial) filtered(why route.Reason) {
	for i := range t.Filtered {
		if t.Filtered[i].Reason == string(why) {
			t.Filtered[i].Count++
			return
		}
	}
	t.Filtered = append(t.Filtered, TrialReason{string(why), 1})
}

func (t *SubscriptionTrial) mistake(r *event.Record, err error) {
	if err == nil {
		return
	}
	for i := range t.Errors {
		if t.Errors[i].Error == err.Error() {
			t.Errors[i].Count++
			return
		}
	}
	if len(t.Errors) < MaxTrialErrors {
		t.Errors = append(t.Errors, TrialMistake{err.Error(), 1, r.ID.Text(event.PrefixEvent)})
	}
}
