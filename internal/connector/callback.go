package connector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// MaxCallBytes bounds the body of a Call (1 MiB).
const MaxCallBytes = 1 << 20

// Call is a request of the vendor to POST /api/v1/callbacks/{kind}/{integration}. Nobody has proven yet who sent it.
type Call struct {
	Header http.Header
	Query  url.Values
	Body   []byte // as it came, at most MaxCallBytes
	At     time.Time
}

// Verb is what somebody wants done to an alert or an incident.
type Verb string

// The verbs. To an incident, acknowledge makes it active, resolve closes it, reopen makes it active again.
const (
	Acknowledge Verb = "acknowledge"
	Resolve     Verb = "resolve"
	Reopen      Verb = "reopen"
	Assign      Verb = "assign" // to Wish.Assignee; to nobody if that is empty
	Note        Verb = "note"   // Wish.Text
	Rate        Verb = "rate"   // gives it Wish.Severity

	// Block asks for a block of Wish.Entity, an address that a sensor observed in Wish.Alert. Approve and Reject decide about
	// Wish.Block, which waits for a person. The three are done in the name of a person alone.
	Block   Verb = "block"
	Approve Verb = "approve"
	Reject  Verb = "reject"
)

// Person is somebody in the vendor's eyes.
type Person struct {
	ID    string // the vendor's id
	Name  string // for people
	Email string // empty where the vendor does not say, or has not verified it
}

// Wish is one thing that a verified call, or a look at the vendor's side, asks for. Exactly one of Alert, DedupKey, Incident
// and (of Approve and Reject) Block says of what.
type Wish struct {
	// ID is the vendor's id of the message, the same when it is sent again: of several wishes of one ID and Verb one is
	// done. Empty: no such id, and the wish is harmless twice.
	ID       string
	Verb     Verb
	Alert    event.ID // the alert's id
	DedupKey string
	Incident string // "INC-1042"
	// Entity is the address to be blocked, as the alert's entity has it; of Block alone.
	Entity string
	// Block is the block that is decided about; of Approve and Reject alone.
	Block event.ID
	// Person is who acted over there. With Personal it is done in this person's name: they must be a user of the account
	// whose role allows it, else it is refused. Without, the integration itself is trusted to bring it over.
	Person   Person
	Personal bool
	Text     string // the note, or why
	Assignee Person // of Assign
	Severity event.Severity
	At       time.Time // when it was done over there; zero if that is not known
	// Token is for the connector itself: Answer gets it back (a response URL, a message's id).
	Token string
}

// Reply is what a verified call is answered with, at once, and what it asks for.
type Reply struct {
	Status      int // 200 if 0
	ContentType string
	Body        []byte
	Wishes      []Wish
	// Note says, for people who look at the calls that came, why nothing is asked for.
	Note string
}

// Callback is implemented by an instance whose vendor calls back. Receive verifies first, and changes nothing but its
// State: what is to happen it asks for. It returns within two seconds. An error that is not Refused is answered with 503,
// which asks the vendor to try again.
type Callback interface {
	Receive(ctx context.Context, c Call) (Reply, error)
}

// Refused marks the error of a call that has not proven its sender (401), or makes no sense (400). Its text is shown to
// the caller, so it holds nothing of the secret.
func Refused(status int, format string, args ...any) error {
	return &refusedError{status, fmt.Errorf(format, args...)}
}

type refusedError struct {
	status int
	err    error
}

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

// IsRefused says whether a call was refused, and with which status.
func IsRefused(err error) (status int, ok bool) {
	var e *refusedError
	if errors.As(err, &e) {
		return e.status, true
	}
	return 0, false
}

// Outcome is what became of a wish.
type Outcome struct {
	// Refusal says, for people, why it was not done; empty when it was.
	Refusal string
	// By is the user in whose name it was done ("dana@example.com"); empty without one.
	By string
	// Record is the event that tells of the change. It is not delivered to the integration that asked for it, so that
	// whatever the integration shows of the alert must be brought up to date from here. Nil if nothing changed.
	Record *event.Record
	// Done says, for people, what was done where no event tells of it yet: "203.0.113.7 is blocked for 24h". Empty otherwise.
	Done string
}

// Answerer is implemented by a Callback that shows what became of a wish. Answer is called soon after the reply, once for
// each wish; an error is recorded and nothing is tried again.
type Answerer interface {
	Answer(ctx context.Context, w Wish, o Outcome) error
}

// Reconciler is implemented by an instance that looks at the vendor's side from time to time, because calls get lost.
type Reconciler interface {
	// ReconcileEvery is the time between two looks; 0: none.
	ReconcileEvery() time.Duration
	// Reconcile gives what was done over there and is not known here. It remembers in its State where it has looked; an
	// error leaves the rest to the next look.
	Reconcile(ctx context.Context) ([]Wish, error)
}
