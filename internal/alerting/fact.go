package alerting

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a fact about an alert. What is longer is cut, visibly; a fact that is too large all the same is made with
// less of everything.
const (
	factEntities = 20
	factTags     = 20 // and as many techniques
)

// factSizes are the most bytes that one text of a fact has, from one attempt to the next, and how many entities and tags
// go along.
var factSizes = []struct{ text, list int }{{2 << 10, factEntities}, {512, factEntities}, {256, 8}, {64, 2}}

// State is an alert's state as facts tell it.
func State(a *store.Alert) event.AlertState {
	s := event.AlertState{
		ID: a.ID.Text(event.PrefixAlert), Status: a.Status, Count: a.Count, FirstSeen: a.FirstSeen, LastSeen: a.LastSeen, Assignee: a.Assignee,
	}
	if a.Incident > 0 {
		s.Incident = "INC-" + strconv.FormatInt(a.Incident, 10)
	}
	return s
}

// Fact makes what Tocsin says of a change of an alert, and the event as the journal will hold it.
func Fact(a *store.Alert, eventType string, done event.CaseChange, origin string, hops uint8, at time.Time) (store.Said, *event.Record, error) {
	for _, size := range factSizes {
		e, err := factEvent(a, eventType, done, size.text, size.list)
		if err != nil {
			return store.Said{}, nil, err
		}
		e.Time = at
		r, err := event.FromEvent(e, event.Origin{Account: a.Account, Received: at, Integration: origin, Hops: hops, Flags: event.Internal}, event.DefaultLimits())
		if err != nil {
			return store.Said{}, nil, fmt.Errorf("making the event about alert %s: %w", a.ID.Text(event.PrefixAlert), err)
		}
		if len(r.Body) > store.MaxSaidBytes {
			continue
		}
		r.ID = event.NewID()
		return store.Said{ID: r.ID, Account: a.Account, Type: eventType, Origin: origin, Hops: hops, Event: r.Body, At: at}, r, nil
	}
	return store.Said{}, nil, fmt.Errorf("making the event about alert %s: it does not fit into %d bytes", a.ID.Text(event.PrefixAlert), store.MaxSaidBytes)
}

func factEvent(a *store.Alert, eventType string, done event.CaseChange, text, list int) (*event.Event, error) {
	clip := func(s string) string { return event.Clip(s, text) }
	done.Note, done.By = clip(done.Note), clip(done.By)
	state := State(a)
	data, err := json.Marshal(struct {
		Alert  event.AlertState `json:"alert"`
		Change event.CaseChange `json:"change"`
	}{state, done})
	if err != nil {
		return nil, fmt.Errorf("encoding what is said of an alert: %w", err)
	}
	e := &event.Event{
		Type: eventType, Severity: a.Severity, Title: clip(a.Title), Status: a.Status, DedupKey: a.Key, OrderingKey: a.OrderingKey,
		Incident: state.Incident, AlertType: a.AlertType, Project: a.Project, Endpoint: clip(a.Endpoint), RiskScore: a.RiskScore, Actor: done.By,
		Mitre: a.Mitre[:min(len(a.Mitre), list)], Tags: a.Tags[:min(len(a.Tags), list)], Data: data,
	}
	if len(a.URL) <= text {
		e.URL = a.URL // a part of it leads nowhere
	}
	if a.RuleID != "" || a.RuleName != "" {
		e.Rule = &event.Rule{ID: clip(a.RuleID), Name: clip(a.RuleName)}
	}
	if vendor, product := splitSource(a.Source); vendor != "" {
		e.Source = &event.Source{Vendor: vendor, Product: product}
	}
	for _, x := range a.Entities[:min(len(a.Entities), list)] {
		if len(x.Value) <= text { // a part of one is another
			e.Entities = append(e.Entities, x)
		}
	}
	return e, nil
}

// splitSource takes "vendor/product" apart.
func splitSource(source string) (vendor, product string) {
	for i := range len(source) {
		if source[i] == '/' {
			return source[:i], source[i+1:]
		}
	}
	return source, ""
}
