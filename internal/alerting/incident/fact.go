package incident

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The types of what is said of incidents.
const (
	typeCreated = "incident.created"
	typeUpdated = "incident.updated"
	typeClosed  = "incident.closed"
)

// The verbs of changes that no integration asks for.
const (
	verbCreate = "create"
	verbUpdate = "update"
	verbLink   = "link"
	verbAttach = "attach"
	verbDetach = "detach"
)

// Limits of a fact and of a line of the timeline, in bytes before escaping.
const (
	maxFactText  = 4000
	maxFactSmall = 500
	maxNamed     = 20 // alerts that a change names
)

// teller makes the lines of timelines and the facts of one change.
type teller struct {
	s       *Service
	change  alerting.Change
	verb    string
	note    string
	changed map[string][2]string // beside what differs in the rows
	// fact is the one about the incident that the change was asked for.
	number int64
	fact   *event.Record
}

// tell implements store.IncidentWrite.Tell.
func (t *teller) tell(d store.IncidentDone) ([]store.CaseEntry, []store.Said) {
	at := t.s.now()
	entry := store.CaseEntry{ID: event.NewID(), At: at, Change: event.CaseChange{
		Verb: t.verb, By: event.Clip(oneLine(t.change.By), maxFactSmall), Via: event.Clip(t.change.Via, maxFactSmall), Note: t.note,
		Changed: differences(d),
	}}
	if c := t.change.At; !c.IsZero() && c.Before(at) && c.After(minTime) {
		entry.At = c.UTC()
	}
	if own := t.number == 0 || d.Is.Number == t.number; own {
		for name, pair := range t.changed {
			if entry.Change.Changed == nil {
				entry.Change.Changed = map[string][2]string{}
			}
			entry.Change.Changed[name] = pair
		}
	} else {
		entry.Change.Note = ""
	}
	said, record, err := t.s.say(d, entry.Change, t.change, at)
	if err != nil { // a change goes on without its fact
		t.s.deps.Log.Error("a change of an incident cannot be announced", slog.String("incident", Number(d.Is.Number)), slog.Any("error", err))
		return []store.CaseEntry{entry}, nil
	}
	entry.Event = said.ID
	if t.number == 0 || d.Is.Number == t.number {
		t.fact, t.number = record, d.Is.Number
	}
	return []store.CaseEntry{entry}, []store.Said{said}
}

// typeOf is what happened, as an event type.
func typeOf(d store.IncidentDone) string {
	switch {
	case d.Was.Number == 0:
		return typeCreated
	case d.Is.Status == event.IncidentClosed && d.Was.Status != event.IncidentClosed:
		return typeClosed
	}
	return typeUpdated
}

// say makes the fact. Long texts are cut until it fits.
func (s *Service) say(d store.IncidentDone, change event.CaseChange, c alerting.Change, at time.Time) (said store.Said, r *event.Record, err error) {
	said = store.Said{ID: event.NewID(), Account: d.Is.Account, Type: typeOf(d), Origin: c.Origin, Hops: c.Hops, At: at}
	for _, most := range []int{maxFactText, maxFactSmall, 100} {
		body, err := s.envelope(d, said.Type, change, at, most)
		if err != nil {
			return said, nil, err
		}
		if len(body) > store.MaxSaidBytes && most > 100 {
			continue
		}
		if r, err = event.Parse(body, said.Account, at, event.DefaultLimits()); err != nil {
			return said, nil, fmt.Errorf("reading the fact: %w", err)
		}
		said.Event = r.Body
		break
	}
	if len(said.Event) > store.MaxSaidBytes {
		return said, nil, fmt.Errorf("the fact has %d bytes, more than %d", len(said.Event), store.MaxSaidBytes)
	}
	r.ID, r.Received, r.Origin, r.Hops, r.Raw = said.ID, at, said.Origin, said.Hops, nil
	r.Flags |= event.Internal
	return said, r, nil
}

// envelope is the fact with no text longer than most bytes.
func (s *Service) envelope(d store.IncidentDone, eventType string, change event.CaseChange, at time.Time, most int) ([]byte, error) {
	i := &d.Is
	change.Note = event.Clip(change.Note, most)
	changed := map[string][2]string{}
	for name, pair := range change.Changed {
		changed[name] = [2]string{event.Clip(pair[0], min(most, 2000)), event.Clip(pair[1], min(most, 2000))}
	}
	change.Changed = changed
	data, err := json.Marshal(struct {
		Incident event.IncidentState `json:"incident"`
		Change   event.CaseChange    `json:"change"`
	}{state(d), change})
	if err != nil {
		return nil, fmt.Errorf("writing the fact: %w", err)
	}
	lists := MaxEntities
	if most < maxFactText {
		lists = 5
	}
	r, err := event.FromEvent(&event.Event{
		Type: eventType, Time: at, Severity: i.Severity, Title: event.Clip(i.Title, min(most, 2*MaxTitle)), Description: event.Clip(i.Description, most),
		Project: i.Project, OrderingKey: Number(i.Number), Incident: Number(i.Number), Status: i.Status, Actor: change.By,
		Entities: first(i.Entities, lists), Mitre: first(i.Mitre, lists), Tags: first(i.Tags, lists), URL: s.URL(i.Number), Data: data,
	}, event.Origin{Account: i.Account, Received: at}, event.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("writing the fact: %w", err)
	}
	return r.Body, nil
}

func first[T any](list []T, n int) []T { return list[:min(n, len(list))] }

// state is the incident as facts carry it.
func state(d store.IncidentDone) event.IncidentState {
	i := &d.Is
	return event.IncidentState{
		Number: Number(i.Number), Status: i.Status, Severity: i.Severity.String(), Owner: i.Owner, Classification: i.Classification,
		Reason: event.Clip(i.Reason, maxFactSmall), Alerts: i.Alerts, AlertIDs: alertTexts(d.Newest, store.NewestAlerts),
	}
}

func alertTexts(ids []event.ID, most int) []string {
	var list []string
	for _, id := range first(ids, most) {
		list = append(list, id.Text(event.PrefixAlert))
	}
	return list
}

// named is a list of alerts as a change tells of it.
func named(ids []event.ID) string {
	text := strings.Join(alertTexts(ids, maxNamed), " ")
	if len(ids) > maxNamed {
		text += " …"
	}
	return text
}

// differences are the members that differ between two states of an incident, and the alerts that came and went.
func differences(d store.IncidentDone) map[string][2]string {
	changed := map[string][2]string{}
	put := func(name, was, is string) {
		if was != is {
			changed[name] = [2]string{event.Clip(was, maxFactSmall), event.Clip(is, maxFactSmall)}
		}
	}
	if d.Was.Number > 0 {
		put("title", d.Was.Title, d.Is.Title)
		put("description", d.Was.Description, d.Is.Description)
		put("severity", d.Was.Severity.String(), d.Is.Severity.String())
		put("status", d.Was.Status, d.Is.Status)
		put("classification", d.Was.Classification, d.Is.Classification)
		put("reason", d.Was.Reason, d.Is.Reason)
		put("owner", d.Was.Owner, d.Is.Owner)
		put("project", d.Was.Project, d.Is.Project)
		if !slices.Equal(d.Was.Tags, d.Is.Tags) {
			put("tags", strings.Join(d.Was.Tags, ", "), strings.Join(d.Is.Tags, ", "))
		}
	}
	if len(d.Linked)+len(d.Unlinked) > 0 {
		changed["alerts"] = [2]string{named(d.Unlinked), named(d.Linked)}
	}
	if len(changed) == 0 {
		return nil
	}
	return changed
}
