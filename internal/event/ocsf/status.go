package ocsf

import "strings"

// Status ids. A finding and an incident agree on the first; the words after them differ.
const (
	statusNew        = 1
	statusInProgress = 2
	statusSuppressed = 3 // of a finding
	statusOnHold     = 3 // of an incident
	statusResolved   = 4
	statusArchived   = 5 // of a finding
	statusClosed     = 5 // of an incident
	statusDeleted    = 6 // of a finding
	statusSuccess    = 1 // of a base event
	statusFailure    = 2 // of a base event
	statusOther      = 99
)

// words are what the sources call the states that findings and incidents share.
var words = map[string]int64{
	"new": statusNew, "open": statusNew, "opened": statusNew, "firing": statusNew, "active": statusNew, "detected": statusNew,
	"reopened": statusNew, "created": statusNew,
	"acknowledged": statusInProgress, "ack": statusInProgress, "in_progress": statusInProgress, "in progress": statusInProgress,
	"investigating": statusInProgress, "triage": statusInProgress, "triaged": statusInProgress, "assigned": statusInProgress,
	"contained": statusInProgress, "running": statusInProgress,
	"resolved": statusResolved, "fixed": statusResolved, "remediated": statusResolved, "mitigated": statusResolved,
}

// findingWords and incidentWords are what only one of the two has.
var (
	findingWords = map[string]int64{
		"suppressed": statusSuppressed, "silenced": statusSuppressed, "false_positive": statusSuppressed, "falsepositive": statusSuppressed,
		"dismissed": statusSuppressed, "ignored": statusSuppressed, "closed": statusResolved, "archived": statusArchived,
		"deleted": statusDeleted,
	}
	incidentWords = map[string]int64{
		"on_hold": statusOnHold, "on hold": statusOnHold, "pending": statusOnHold, "waiting": statusOnHold, "closed": statusClosed,
		"false_positive": statusClosed, "active": statusInProgress, // somebody works on it
	}
)

// status writes status_id, and what the source calls it.
func (p *projection) status() {
	word := strings.ToLower(p.f.Event.Status)
	var id int64
	switch p.class {
	case baseEvent:
		id = p.baseStatus(word)
	case incidentFinding:
		id = p.findingStatus(word, incidentWords, statusClosed)
	default:
		id = p.findingStatus(word, findingWords, statusResolved)
	}
	if id != 0 {
		p.w.Int("status_id", id)
	}
	p.w.Text("status", p.f.Event.Status)
}

// findingStatus reads the source's word, or without one what the activity says.
func (p *projection) findingStatus(word string, own map[string]int64, whenClosed int64) int64 {
	if word == "" {
		return [...]int64{create: statusNew, change: statusInProgress, closed: whenClosed}[p.activity]
	}
	if id := own[word]; id != 0 {
		return id
	}
	if id := words[word]; id != 0 {
		return id
	}
	return statusOther
}

// baseStatus is how something went; 0 when nothing says so.
func (p *projection) baseStatus(word string) int64 {
	switch p.f.Outcome() {
	case "success":
		return statusSuccess
	case "failure":
		return statusFailure
	}
	if word == "" {
		return 0
	}
	return statusOther
}
