package alerting

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a change, in bytes.
const (
	// MaxNote bounds a note.
	MaxNote = 4 << 10
	// MaxAssignee bounds an assignee.
	MaxAssignee = 254
	// maxChangeID bounds the id of a change.
	maxChangeID = 1 << 10
)

// Change is what somebody wants done to an alert, or to an incident.
type Change struct {
	// ID is the change's own: one that is told twice with the same ID is made once. Empty: it has none.
	ID   string
	Verb connector.Verb
	// Text is the note, or why.
	Text     string
	Assignee string         // of Assign: an e-mail address; empty: nobody
	Severity event.Severity // of Rate
	By       string         // who, for people: "dana@example.com", "jira: Dana Doe", the name of a key
	Via      string         // "api", "console", "rule", or the id of an integration
	Origin   string         // the id of the integration that it came from, which is not told; empty: none
	Hops     uint8          // how many facts of Tocsin's own led to it
	At       time.Time      // when it was done; zero: now. A time to come is now.
}

// Check says what is wrong with a change. Its error is form.Errors.
func (c *Change) Check() error {
	var errs form.Errors
	add := func(path, message string) { errs = append(errs, form.FieldError{Path: path, Message: message}) }
	switch c.Verb {
	case connector.Acknowledge, connector.Resolve, connector.Reopen, connector.Rate:
	case connector.Assign:
		if c.Assignee != "" && !goodAssignee(c.Assignee) {
			add("assignee", fmt.Sprintf("must be an e-mail address of at most %d bytes, or empty for nobody", MaxAssignee))
		}
	case connector.Note:
		if strings.TrimSpace(c.Text) == "" {
			add("text", "is required")
		}
	default:
		add("action", "is not one that alerts know")
	}
	if len(c.Text) > MaxNote {
		add("text", fmt.Sprintf("must not be longer than %d bytes", MaxNote))
	}
	if c.Severity > event.Critical {
		add("severity", "is not a severity")
	}
	if len(c.ID) > maxChangeID {
		add("id", fmt.Sprintf("must not be longer than %d bytes", maxChangeID))
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// goodAssignee is about shape alone: who comes from another system need not be a user here.
func goodAssignee(text string) bool {
	name, domain, ok := strings.Cut(text, "@")
	return ok && name != "" && domain != "" && len(text) <= MaxAssignee && !strings.ContainsFunc(text, func(c rune) bool {
		return unicode.IsSpace(c) || unicode.IsControl(c)
	})
}

// once is what a change is remembered by; zero if it has no id.
func (c *Change) once(account event.Account, subject string) (key [16]byte) {
	if c.ID == "" {
		return key
	}
	h := sha256.New()
	for _, part := range []string{string(account), subject, string(c.Verb), c.ID} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	copy(key[:], h.Sum(nil))
	return key
}

// factTypes are the types of the facts about changes of the state; the others are updates.
var factTypes = map[string]string{
	event.AlertAcknowledged: typeAcknowledged, event.AlertResolved: typeResolved, event.AlertOpen: typeReopened,
}

// Alter makes of an alert what a change wants, and gives the type of the fact that tells of it and what it says; the type
// is empty if nothing changes. It is pure. A change of the state that is older than the last one changes nothing.
func Alter(a *store.Alert, c *Change, at time.Time) (eventType string, done event.CaseChange) {
	done = event.CaseChange{Verb: string(c.Verb), By: event.Clip(c.By, maxPerson), Via: c.Via, Note: c.Text}
	switch c.Verb {
	case connector.Acknowledge, connector.Resolve, connector.Reopen:
		from := a.Status
		if moves(a, c.Verb, at) {
			setStatus(a, states[c.Verb], at)
			done.Changed = map[string][2]string{"status": {from, a.Status}}
			return factTypes[a.Status], done
		}
		if strings.TrimSpace(c.Text) == "" {
			return "", done
		}
		done.Verb = string(connector.Note) // what was written with it is not lost
	case connector.Assign:
		if a.Assignee == c.Assignee {
			return "", done
		}
		done.Changed = map[string][2]string{"assignee": {a.Assignee, c.Assignee}}
		a.Assignee = c.Assignee
	case connector.Rate:
		if a.Severity == c.Severity && !a.RatedAt.IsZero() {
			return "", done
		}
		if from := a.Severity; from != c.Severity {
			done.Changed = map[string][2]string{"severity": {from.String(), c.Severity.String()}}
		}
		a.Severity, a.RatedAt = c.Severity, at
		if done.Changed == nil {
			return "", done
		}
	}
	return typeUpdated, done
}

var states = map[connector.Verb]string{
	connector.Acknowledge: event.AlertAcknowledged, connector.Resolve: event.AlertResolved, connector.Reopen: event.AlertOpen,
}

// moves says whether a change of the state is one. What is resolved is not acknowledged any more.
func moves(a *store.Alert, verb connector.Verb, at time.Time) bool {
	switch {
	case at.Before(a.StatusAt):
		return false
	case verb == connector.Acknowledge:
		return a.Status == event.AlertOpen
	}
	return a.Status != states[verb]
}
