package card

import (
	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// The types that tell of an alert or an incident. Others of their families stand for themselves.
var alertStatus = map[string]string{
	"alert.created": event.AlertOpen, "alert.acknowledged": event.AlertAcknowledged, "alert.resolved": event.AlertResolved,
	"alert.reopened": event.AlertOpen, "alert.updated": "",
}

var incidentStatus = map[string]string{
	"incident.created": event.IncidentNew, "incident.updated": "", "incident.closed": event.IncidentClosed,
}

// verbs are what an event's type says was done, where the event does not say it itself.
var verbs = map[string]string{
	"alert.acknowledged": "acknowledge", "alert.resolved": "resolve", "alert.reopened": "reopen", "alert.updated": "update",
	"incident.updated": "update", "incident.closed": "resolve",
}

// state fills in what the event says of its alert or incident.
func (c *Card) state(r *event.Record, e *event.Event) {
	body := r.Body
	if status, ok := alertStatus[r.Type]; ok {
		c.Subject, c.Ref = Alert, event.AlertID(r.Account, r.AlertKey()).Text(event.PrefixAlert)
		c.State.Status = status
		c.alert(r, gjson.GetBytes(body, "data.alert"))
	} else if status, ok := incidentStatus[r.Type]; ok && event.IncidentNumber(e.Incident) > 0 {
		c.Subject, c.Ref, c.Case = Incident, e.Incident, ""
		c.Theirs = r.Flags&event.Internal == 0
		c.State.Status = status
		c.incident(e, gjson.GetBytes(body, "data.incident"))
	} else {
		c.block(r)
		return
	}
	c.change(r, e, gjson.GetBytes(body, "data.change"), gjson.GetBytes(body, "data"))
}

// alert reads an event.AlertState. Only what Tocsin itself says counts: a sender may write the same members.
func (c *Card) alert(r *event.Record, v gjson.Result) {
	s := &c.State
	if r.Flags&event.Internal == 0 {
		return
	}
	if status := v.Get("status").Str; status == event.AlertOpen || status == event.AlertAcknowledged || status == event.AlertResolved {
		s.Status = status
	}
	s.Count, s.FirstSeen, s.LastSeen = v.Get("count").Uint(), v.Get("first_seen").Time().UTC(), v.Get("last_seen").Time().UTC()
	s.Assignee = line(v.Get("assignee").Str, MaxField)
	if number := v.Get("incident").Str; number != "" {
		c.Case = line(number, MaxField)
	}
}

// incident reads an event.IncidentState, or a sender's own words.
func (c *Card) incident(e *event.Event, v gjson.Result) {
	s := &c.State
	status := v.Get("status").Str
	if status == "" {
		status = e.Status
	}
	switch {
	case s.Status == event.IncidentClosed:
	case status == event.IncidentClosed:
		s.Status = event.IncidentClosed
	case status == "" || status == "open" || status == event.IncidentNew:
		s.Status = event.IncidentNew
	default:
		s.Status = event.IncidentActive
	}
	s.Assignee = line(v.Get("owner").Str, MaxField)
	s.Alerts = int(v.Get("alerts").Int())
	s.Reason = line(joined(", ", v.Get("classification").Str, v.Get("reason").Str), MaxField)
}

// change reads an event.CaseChange, or what senders write instead.
func (c *Card) change(r *event.Record, e *event.Event, v, data gjson.Result) {
	s := &c.State
	s.Verb = verbs[r.Type]
	if r.Flags&event.Internal != 0 || s.Verb != "" {
		s.By, c.Actor = c.Actor, "" // it says who did this to the alert, not what the alert is about
	}
	if s.Verb == "" {
		return // it has just begun
	}
	s.At = r.Time.UTC()
	if r.Flags&event.Internal != 0 {
		if verb := v.Get("verb").Str; verb != "" {
			s.Verb = line(verb, MaxField)
		}
		if by := v.Get("by").Str; by != "" {
			s.By = line(by, MaxField)
		}
		s.Note = line(v.Get("note").Str, maxNote)
		return
	}
	s.Note = line(joined("; ", data.Get("resolution").Str, data.Get("reason").Str, data.Get("note").Str), maxNote)
	if s.Verb == "update" {
		s.Note = line(joined("; ", e.Title, s.Note), maxNote)
	}
	if s.By == "" {
		s.By = c.Source
	}
}

// After is the card of a subject of which earlier was shown, now that c has come: what c does not tell stays.
//
// An alert that is created again brings its own content and keeps the state; a change brings the state. Of changes, those
// by Tocsin itself know the alert's present title, severity and case; a sender's own tell how its words are. Told says that
// it is one of the former: the record's Flags hold event.Internal.
func (c Card) After(earlier Card, told bool) Card {
	switch {
	case c.Event == earlier.Event:
		return earlier // the same once more
	case c.State.Verb == "":
		return c.again(earlier)
	}
	now := earlier
	now.Event, now.Type, now.State = c.Event, c.Type, c.State
	if now.State.Status == "" {
		now.State.Status = earlier.State.Status
	}
	if now.State.Count == 0 {
		now.State.Count, now.State.FirstSeen, now.State.LastSeen = earlier.State.Count, earlier.State.FirstSeen, earlier.State.LastSeen
	}
	switch {
	case told:
		now.Severity, now.Title, now.Tags, now.Case = c.Severity, c.Title, c.Tags, c.Case
	case now.State.Verb == "update":
		now.Severity = c.Severity
	}
	if !told {
		now.State.Assignee = earlier.State.Assignee
	}
	now.learn(c)
	return now
}

// again is the card of an alert that was created once more.
func (c Card) again(earlier Card) Card {
	now := c
	now.State = earlier.State
	if c.Subject == Alert {
		now.State.Count, now.State.LastSeen = max(earlier.State.Count, 1)+1, c.Time
		if now.State.FirstSeen.IsZero() {
			now.State.FirstSeen = earlier.Time
		}
	}
	if c.Case == "" {
		now.Case = earlier.Case
	}
	return now
}

// learn takes over what a change tells beside the state.
func (c *Card) learn(change Card) {
	if change.Risk != nil {
		c.Risk = change.Risk
	}
	if change.Case != "" {
		c.Case = change.Case
	}
	if change.Description != "" {
		c.Description = change.Description
	}
	if len(change.Mitre) > 0 {
		c.Mitre = change.Mitre
	}
	if change.Runbook != nil {
		c.Runbook = change.Runbook
	}
	if len(change.Advice) > 0 {
		c.Advice = change.Advice
	}
	if change.Block != nil {
		c.Block = change.Block
	}
}
