// Package ticketing keeps a ticket of another system in step with an alert or an incident. It knows no vendor: a ticket
// connector hands it the operations of its vendor (Ticketer), calls Send for each delivery, Heard for each verified call
// of the vendor, and Reconcile from time to time.
//
// What is decided is decided by pure functions (facts.go, merge.go) over a Link, which is what is remembered of one ticket:
// for each field that is kept in step, what either side has now and what both had when they last agreed. So a change is
// told from an echo of our own, on whichever side and in whatever order it is heard of.
package ticketing

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Category is the state of a ticket as far as all systems agree on states.
type Category string

// The categories: nothing was begun, somebody is at it, nothing is left to do.
const (
	New    Category = event.IncidentNew
	Active Category = event.IncidentActive
	Closed Category = event.IncidentClosed
)

// Ref is a ticket at the vendor.
type Ref struct {
	ID  string // what the vendor finds it by, for ever: "10023"
	Key string // what people call it: "SEC-12"
	URL string // where people read it
}

// Draft is a ticket to be opened.
type Draft struct {
	// Mark is what Find finds the ticket by: letters, digits and a hyphen, at most MaxMark bytes.
	Mark     string
	Summary  string
	Body     Document
	Severity event.Severity
	Level    string // the vendor's word for Severity
	Assignee string // an e-mail address; empty: nobody
	Labels   []string
	Fields   []FieldValue
}

// FieldValue is a value for a field that people have added over there, by its name.
type FieldValue struct {
	Name  string
	Value json.RawMessage // any JSON; null empties the field
}

// Change is what is to be different about a ticket; nil fields and empty lists stay as they are.
type Change struct {
	Summary   *string
	Body      Document
	Level     *string
	Assignee  *string // an e-mail address; empty: nobody
	AddLabels []string
	Fields    []FieldValue
}

// Empty says that nothing is to change.
func (c *Change) Empty() bool {
	return c.Summary == nil && c.Body == nil && c.Level == nil && c.Assignee == nil && len(c.AddLabels) == 0 && len(c.Fields) == 0
}

// Remote is a ticket as the vendor has it.
type Remote struct {
	Ref
	Status   string // the vendor's word
	Category Category
	Level    string // the vendor's word for the severity; empty if the ticket has none
	Assignee connector.Person
	Summary  string
	Body     string // as plain text; empty if it was not asked for
	// Updated orders what is heard of a ticket: it grows with every change.
	Updated time.Time
	// By made the last change, At when; zero where the vendor does not say.
	By connector.Person
	At time.Time
}

// Comment is a comment on a ticket.
type Comment struct {
	ID     string
	Author connector.Person
	Own    bool // written by the account that the hub uses
	Text   string
	At     time.Time
}

// Ticketer are the operations of a vendor. Errors are classified as those of a connector.Sender: permanent and throttled ones
// mean that nothing was done, any other leaves that open. A ticket that is not there is ErrDeleted; what was done in part is
// a *LeftOut.
type Ticketer interface {
	// Open opens a ticket. It may give a Ref together with a *LeftOut.
	Open(ctx context.Context, d Draft) (Ref, error)
	// Find gives the tickets with a mark, the oldest first. The vendor may know of a new one only after some time: see
	// Options.Settle.
	Find(ctx context.Context, mark string) ([]Ref, error)
	Get(ctx context.Context, r Ref) (Remote, error)
	// Update is harmless twice.
	Update(ctx context.Context, r Ref, c Change) error
	// Move gives the ticket a status of a category; it does nothing if it has one.
	Move(ctx context.Context, r Ref, to Category) error
	// Comment writes one and gives its id. The text ends in a mark of ours.
	Comment(ctx context.Context, r Ref, d Document) (id string, err error)
	// Comments gives those written since a time, the oldest first.
	Comments(ctx context.Context, r Ref, since time.Time) ([]Comment, error)
	// Changed gives tickets with the hub's label (see Label) that changed since a time, the longest ago first, and says
	// whether there are more.
	Changed(ctx context.Context, since time.Time) (list []Remote, more bool, err error)
}

// Attacher is implemented by a Ticketer whose tickets have files.
type Attacher interface {
	Attach(ctx context.Context, r Ref, name string, body []byte) error
}

// ErrDeleted: the ticket is not there (any more), or may not be seen.
var ErrDeleted = errors.New("the ticket is not there any more, or may not be seen")

// LeftOut is the error of an operation that was done but for some parts, which will not work later either.
type LeftOut struct{ Parts []Part }

// Part is what was left out: a field (FieldAssignee, FieldSeverity, or the vendor's name of another), and why.
type Part struct{ Field, Reason string }

// The fields that the engine must know of when they were left out.
const (
	FieldAssignee = fieldAssignee
	FieldSeverity = fieldSeverity
)

func (e *LeftOut) Error() string { return "left out: " + strings.Join(e.reasons(), "; ") }

func (e *LeftOut) reasons() []string {
	var list []string
	for _, p := range e.Parts {
		list = append(list, p.Reason)
	}
	return list
}

// Label is on every ticket that the hub opened, so that Changed finds them.
const Label = "tocsin"

// MaxMark bounds a mark, in bytes.
const MaxMark = 40

// Limits of what is kept in step.
const (
	// MaxNote bounds a comment that is brought over, in bytes; the rest is cut, visibly.
	MaxNote = 8 << 10
	// MaxWishes bounds what one look asks for; the rest waits for the next.
	MaxWishes = 500
	// MaxAttention bounds the tickets that wait for the next look because something is unfinished about them.
	MaxAttention = 500
	// maxRemembered bounds the comments that a Link remembers in each direction.
	maxRemembered = 48
	// maxAsks bounds what of one ticket waits for an answer.
	maxAsks = 32
	// maxTries is how often a wish is asked for without an answer; then it counts as done.
	maxTries = 5
	// maxError bounds Ticket.Error, in bytes.
	maxError = 500
)
