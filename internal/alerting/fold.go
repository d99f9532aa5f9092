package alerting

import (
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The types of events that change an alert's state.
const (
	typeAcknowledged = "alert.acknowledged"
	typeResolved     = "alert.resolved"
	typeReopened     = "alert.reopened"
	typeUpdated      = "alert.updated"
)

// The verbs of an alert's history beside those of connector.Verb.
const (
	verbCreate = "create"
	verbUpdate = "update"
	verbRepeat = "repeat"
)

// alertTypes are the events that are folded.
const alertTypes = event.TypeFilter("alert.*")

// Folds says whether an event is folded into an alert: alert.* that Tocsin did not say itself.
func Folds(r *event.Record) bool { return r.Flags&event.Internal == 0 && alertTypes.Match(r.Type) }

// Fold makes of an alert what it is after an event of its key, and tells what to write into its history. An alert
// without Version and Count is made anew.
//
// Time is the event's, but never later than when it was received: an event that is older than the last change of the
// state does not undo it, and one that is older than the newest adds only what was not known.
func Fold(a *store.Alert, r *event.Record, e *event.Event) []store.CaseEntry {
	at := foldTime(r)
	state, plain := stateOf(r.Type, e.Status)
	h := history{alert: a, entry: store.CaseEntry{At: at, Event: r.ID, Change: event.CaseChange{Via: viaOf(e)}}}
	if a.Count == 0 {
		create(a, r, e, at, state)
		a.Bare = !plain
		h.tell(verbCreate, map[string][2]string{"status": {"", a.Status}, "severity": {"", a.Severity.String()}})
		h.seen()
		return h.entries
	}
	newest := !at.Before(a.LastSeen)
	if verb, from := foldState(a, state, at); verb != "" {
		h.acted(r, e, plain)
		h.tell(verb, map[string][2]string{"status": {from, a.Status}})
	}
	if plain {
		first := a.Bare
		a.Bare = false
		says := first || newest && r.Flags&event.NoSeverity == 0 && a.RatedAt.IsZero()
		if says && a.Severity != r.Severity {
			from := a.Severity.String()
			a.Severity = r.Severity
			h.tell(verbUpdate, map[string][2]string{"severity": {from, a.Severity.String()}})
		}
		describe(a, r, e, newest || first)
	} else {
		describe(a, r, e, false) // an acknowledgement says little about the alert, and has a title of its own
	}
	gather(a, e)
	h.seen()
	a.LastEvent = r.ID
	if at.Before(a.FirstSeen) {
		a.FirstSeen = at
	}
	if newest {
		a.LastSeen = at
	}
	return h.entries
}

// create makes an alert of its first event.
func create(a *store.Alert, r *event.Record, e *event.Event, at time.Time, state string) {
	key := r.AlertKey()
	*a = store.Alert{
		ID: event.AlertID(r.Account, key), Account: r.Account, Key: key, Status: event.AlertOpen, Severity: r.Severity,
		OrderingKey: r.OrderingKey, FirstSeen: at, LastSeen: at, StatusAt: at, FirstEvent: r.ID, LastEvent: r.ID,
		Version: a.Version, Incident: a.Incident,
	}
	if state != "" {
		a.Status = state
	}
	describe(a, r, e, true)
	gather(a, e)
}

// foldTime is when the event happened. A sender's clock may run ahead; what it says cannot have happened after it was
// received.
func foldTime(r *event.Record) time.Time {
	at := r.Time
	if !r.Received.IsZero() && (at.IsZero() || at.After(r.Received)) {
		at = r.Received
	}
	return at.UTC().Truncate(time.Microsecond) // as the store keeps it
}

// stateOf is the state that an event is about; empty where it only says that something was seen. plain: the event
// describes the alert itself.
func stateOf(eventType, status string) (state string, plain bool) {
	switch eventType {
	case typeAcknowledged:
		return event.AlertAcknowledged, false
	case typeResolved:
		return event.AlertResolved, false
	case typeReopened:
		return event.AlertOpen, false
	}
	if status == event.AlertAcknowledged || status == event.AlertResolved {
		return status, true
	}
	return "", true
}

// foldState changes the state as an event wants it, and says by which verb; none if nothing changes.
func foldState(a *store.Alert, state string, at time.Time) (verb, from string) {
	from = a.Status
	switch {
	case at.Before(a.StatusAt):
		return "", from
	case state == "": // seen again: that reopens a resolved alert, if it was after that
		if a.Status != event.AlertResolved || !at.After(a.StatusAt) {
			return "", from
		}
		state = event.AlertOpen
	case state == event.AlertAcknowledged && a.Status != event.AlertOpen, state == a.Status:
		return "", from
	}
	setStatus(a, state, at)
	return verbOf[state], from
}

var verbOf = map[string]string{event.AlertAcknowledged: "acknowledge", event.AlertResolved: "resolve", event.AlertOpen: "reopen"}

func setStatus(a *store.Alert, status string, at time.Time) {
	a.Status, a.StatusAt = status, at
	if status == event.AlertOpen {
		a.RatedAt = time.Time{} // it has come back: what was said of the last time holds no more
	}
}

// history collects what is written into an alert's history.
type history struct {
	alert   *store.Alert
	entry   store.CaseEntry // what all entries share
	entries []store.CaseEntry
}

// acted says who changed the state, as the sender tells it.
func (h *history) acted(r *event.Record, e *event.Event, plain bool) {
	if plain {
		return // its actor is the one that the alert is about
	}
	h.entry.Change.By = event.Clip(e.Actor, maxPerson)
	if note := gjson.GetBytes(r.Body, "data.note"); note.Type == gjson.String {
		h.entry.Change.Note = event.Clip(note.Str, MaxNote)
	}
}

// tell writes an entry. Repeats since the last one are one entry before it, so that an alert that is seen a million times
// has a short history.
func (h *history) tell(verb string, changed map[string][2]string) {
	a := h.alert
	if e, ok := repeats(a); ok {
		h.entries = append(h.entries, e)
		a.Told = a.Count
	}
	e := h.entry
	e.ID, e.Account, e.Alert = event.NewID(), a.Account, a.ID
	e.Change.Verb, e.Change.Changed = verb, changed
	h.entries = append(h.entries, e)
	h.entry.Change.By, h.entry.Change.Note = "", ""
}

// seen counts the event itself. The history tells of it if an entry was written for it.
func (h *history) seen() {
	h.alert.Count++
	if len(h.entries) > 0 {
		h.alert.Told = h.alert.Count
	}
}

// repeats is the entry about the events that the history does not tell of yet, if there are any.
func repeats(a *store.Alert) (store.CaseEntry, bool) {
	if a.Count <= a.Told {
		return store.CaseEntry{}, false
	}
	return store.CaseEntry{
		ID: event.NewID(), Account: a.Account, Alert: a.ID, At: a.LastSeen, Event: a.LastEvent,
		Change: event.CaseChange{Verb: verbRepeat, Via: a.Source, Changed: map[string][2]string{"count": {number(a.Told), number(a.Count)}}},
	}, true
}
