package ticketing

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// facts is what an event says of the thing that has, or gets, a ticket.
type facts struct {
	subject  string
	id       event.ID
	at       time.Time // when it happened
	said     time.Time // when the hub knew, by its own clock
	internal bool      // Tocsin itself says it
	incident string    // the incident that an alert belongs to, as Tocsin says

	event    event.Event
	severity event.Severity
	// status, assignee: nil where the event does not say. rated, worded: it says what the severity, the texts are now.
	status   *Category
	assignee *string
	rated    bool
	worded   bool
	// begins: the event is an occurrence, which opens again what was closed.
	begins bool
	change event.CaseChange
}

// The prefixes of subjects that are neither an incident nor an alert of ours: nothing is brought back for them.
const (
	subjectTest  = "test:"  // of a sample
	subjectSent  = "sent:"  // an incident of a sender, which may have the number of one of ours
	subjectEvent = "event:" // by its dedup key
)

// maxSubject bounds what a sender has in a subject, in bytes.
const maxSubject = 200

// readFacts says what an event is about; false if it is about nothing that gets a ticket by the setting per.
func readFacts(r *event.Record, per string) (*facts, bool, error) {
	f := &facts{id: r.ID, at: r.Time, internal: r.Flags&event.Internal != 0, severity: r.Severity}
	if f.at.IsZero() {
		f.at = r.Received
	}
	// An id is given when a change is made; it is said a moment later.
	if f.said = r.Received; !f.id.IsZero() && f.id.Time().Before(f.said) {
		f.said = f.id.Time()
	}
	isIncident := event.TypeFilter("incident.*").Match(r.Type)
	isAlert := event.TypeFilter("alert.*").Match(r.Type)
	switch {
	case isIncident && per == PerAlert, !isIncident && per == PerIncident, f.internal && !isIncident && !isAlert:
		return nil, false, nil
	}
	if err := json.Unmarshal(r.Body, &f.event); err != nil {
		return nil, false, fmt.Errorf("reading the event: %w", err)
	}
	switch {
	case isIncident:
		f.subject = incidentSubject(f)
	case isAlert:
		f.subject = event.AlertID(r.Account, r.AlertKey()).Text(event.PrefixAlert)
	default:
		f.subject = subjectEvent + event.Clip(r.AlertKey(), maxSubject)
	}
	if r.Flags&event.Test != 0 {
		f.subject = subjectTest + f.subject
	}
	f.read(r.Type, isIncident)
	return f, true, nil
}

func incidentSubject(f *facts) string {
	number := f.event.Incident
	if f.internal && event.IncidentNumber(number) > 0 {
		return number
	}
	if number == "" {
		number = f.event.DedupKey
	}
	if number == "" {
		number = f.id.Text(event.PrefixEvent)
	}
	return subjectSent + event.Clip(number, maxSubject)
}

// ours says whether a subject is an alert or an incident that can be changed here.
func ours(subject string) (alert event.ID, incident string, ok bool) {
	if event.IncidentNumber(subject) > 0 {
		return alert, subject, true
	}
	alert, err := event.ParseID(event.PrefixAlert, subject)
	return alert, "", err == nil
}

// read takes out what the event says of status, assignee, severity and texts.
func (f *facts) read(eventType string, isIncident bool) {
	var data struct {
		Alert    *event.AlertState    `json:"alert"`
		Incident *event.IncidentState `json:"incident"`
		Change   event.CaseChange     `json:"change"`
	}
	if f.internal && json.Unmarshal(f.event.Data, &data) == nil {
		f.change = data.Change
		f.rated = true
		for _, name := range []string{"title", "description", "entities", "tags"} {
			if _, changed := data.Change.Changed[name]; changed {
				f.worded = true
			}
		}
		switch {
		case isIncident && data.Incident != nil:
			f.says(data.Incident.Status, data.Incident.Owner)
			if s, ok := event.ParseSeverity(data.Incident.Severity); ok {
				f.severity = s
			}
			return
		case !isIncident && data.Alert != nil:
			f.says(data.Alert.Status, data.Alert.Assignee)
			f.incident = data.Alert.Incident
			return
		}
	}
	f.guess(eventType)
}

func (f *facts) says(status, assignee string) {
	if c, ok := categoryOf(status); ok {
		f.status = &c
	}
	assignee = strings.ToLower(assignee)
	f.assignee = &assignee
}

// guess reads the status from the type of a sender's event.
func (f *facts) guess(eventType string) {
	_, verb, _ := strings.Cut(eventType, ".")
	set := func(c Category) { f.status = &c }
	switch verb {
	case "resolved", "closed":
		set(Closed)
	case "acknowledged":
		set(Active)
	case "reopened":
		set(New)
	case "updated":
		f.rated, f.worded = true, true
		if c, ok := categoryOf(f.event.Status); ok {
			set(c)
		}
	default:
		f.begins = true
		if c, ok := categoryOf(f.event.Status); ok && c == Closed {
			set(Closed)
		}
	}
}

// categoryOf reads the words that Tocsin and senders use.
func categoryOf(status string) (Category, bool) {
	switch strings.ToLower(status) {
	case event.AlertOpen, event.IncidentNew, "reopened", "triggered", "firing":
		return New, true
	case event.AlertAcknowledged, event.IncidentActive, "in_progress", "contained", "investigating":
		return Active, true
	case event.AlertResolved, event.IncidentClosed, "done":
		return Closed, true
	}
	return New, false
}

// opens says whether the event opens a ticket where there is none: one that was over before it began needs none.
func (f *facts) opens() bool { return f.status == nil || *f.status != Closed }

// values are what the fields of a new link begin with.
func (f *facts) values() (status Category, assignee string) {
	status = New
	if f.status != nil {
		status = *f.status
	}
	if f.assignee != nil {
		assignee = *f.assignee
	}
	return status, assignee
}
