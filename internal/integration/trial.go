package integration

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
)

// Limits of a trial.
const (
	// MaxSamples is how many of the wanted events a trial names, and how many of the others.
	MaxSamples = 20
	// MaxTrialErrors is how many different errors a trial tells.
	MaxTrialErrors = 10
)

// SubscriptionTrial is what a subscription would have wanted of an account's events.
type SubscriptionTrial struct {
	Looked   int            `json:"looked" doc:"How many events were looked at."`
	Since    time.Time      `json:"since" doc:"From when on all events were looked at: 24 hours ago, or later, where the journal begins or the look ended." example:"2026-03-13T09:26:53Z"`
	Until    time.Time      `json:"until" doc:"When they were looked at." example:"2026-03-14T09:26:53Z"`
	Complete bool           `json:"complete" doc:"Whether these are all of the last 24 hours that the journal holds. Otherwise there are too many, and since says how far back these go."`
	Matched  int            `json:"matched" doc:"How many of them it wants."`
	Filtered []TrialReason  `json:"filtered" doc:"Why it does not want the others, the most frequent reason first."`
	Samples  []TrialSample  `json:"samples" doc:"The newest 20 that it wants."`
	LeftOut  []TrialSample  `json:"left_out" doc:"The newest 20 that it does not want, each with the reason."`
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
	Reason   string         `json:"reason,omitempty" doc:"Why it is not wanted; not told of those that are." example:"its type is not chosen"`
}

// TrialMistake is an error of an expression and one event for which it happens.
type TrialMistake struct {
	Error string `json:"error" doc:"What went wrong." example:"the event has no \"port\" there: ask has(…) first"`
	Count int    `json:"count" doc:"For how many events."`
	Event string `json:"event" doc:"One of them." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

// Trial tries a subscription on an account's events, which it is given from the newest on. It is not safe for concurrent
// use.
type Trial struct {
	trier *route.Trier
	last  int
	// reached is the time of the oldest event that was looked at, if the look ended among events that stand together.
	reached time.Time
	result  SubscriptionTrial
}

// NewTrial tries a subscription on at most so many events. Its error is form.Errors.
func NewTrial(raw json.RawMessage, last int) (*Trial, error) {
	sub, err := route.ParseSubscription(raw)
	if err != nil {
		return nil, err
	}
	return &Trial{trier: route.NewTrier(sub), last: last, result: SubscriptionTrial{
		Filtered: []TrialReason{}, Samples: []TrialSample{}, LeftOut: []TrialSample{}, Errors: []TrialMistake{},
	}}, nil
}

// Section looks at events that stand together in the journal, the oldest first, none of them older than those that came
// before. The types and how many there are of each say when they need not be opened. It is false when they are too many, or
// ctx is done: then only the newest of them were looked at, or none.
func (t *Trial) Section(ctx context.Context, types []journal.TypeCount, open func() ([]*event.Record, error)) bool {
	if ctx.Err() != nil || t.result.Looked == t.last {
		return false
	}
	if t.closed(types) {
		return true
	}
	records, err := open()
	if err != nil {
		return true // damaged: nobody can say what it held
	}
	for i, r := range slices.Backward(records) {
		if ctx.Err() != nil || t.result.Looked == t.last {
			if i+1 < len(records) {
				t.reached = records[i+1].Received
			}
			return false
		}
		t.event(r)
	}
	return true
}

// closed counts events by their types, if these alone say that none is wanted and no more examples are needed.
func (t *Trial) closed(types []journal.TypeCount) bool {
	n := 0
	for _, c := range types {
		if t.trier.OfType(c.Type) == route.Wanted {
			return false
		}
		n += int(c.Count)
	}
	if n == 0 || t.result.Looked+n > t.last || len(t.result.LeftOut) < MaxSamples {
		return false
	}
	for _, c := range types {
		t.result.filtered(t.trier.OfType(c.Type), int(c.Count))
	}
	t.result.Looked += n
	return true
}

func (t *Trial) event(r *event.Record) {
	t.result.Looked++
	why, err := t.trier.Explain(r)
	if why == route.Wanted {
		t.result.Matched++
		if len(t.result.Samples) < MaxSamples {
			t.result.Samples = append(t.result.Samples, sampleOf(r, why))
		}
		return
	}
	t.result.filtered(why, 1)
	if err != nil {
		t.result.mistake(r, err)
	}
	if len(t.result.LeftOut) < MaxSamples {
		t.result.LeftOut = append(t.result.LeftOut, sampleOf(r, why))
	}
}

// Result says what was found. Since is from when on everything was looked at, until when that was; complete, that there
// are no more events of the time that was asked for.
func (t *Trial) Result(since, until time.Time, complete bool) SubscriptionTrial {
	out := t.result
	out.Since, out.Until, out.Complete = since, until, complete
	if !t.reached.IsZero() && t.reached.Before(since) {
		out.Since = t.reached.UTC()
	}
	slices.SortStableFunc(out.Filtered, func(a, b TrialReason) int { return cmp.Compare(b.Count, a.Count) })
	slices.SortStableFunc(out.Errors, func(a, b TrialMistake) int { return cmp.Compare(b.Count, a.Count) })
	return out
}

func sampleOf(r *event.Record, why route.Reason) TrialSample {
	s := TrialSample{ID: r.ID.Text(event.PrefixEvent), Type: strings.Clone(r.Type), Severity: r.Severity, Reason: string(why)}
	for name, value := range event.Members(r.Body) {
		if string(name) == "title" {
			s.Title = event.Unquote(value)
		}
	}
	return s
}

func (t *SubscriptionTrial) filtered(why route.Reason, n int) {
	for i := range t.Filtered {
		if t.Filtered[i].Reason == string(why) {
			t.Filtered[i].Count += n
			return
		}
	}
	t.Filtered = append(t.Filtered, TrialReason{string(why), n})
}

func (t *SubscriptionTrial) mistake(r *event.Record, err error) {
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
