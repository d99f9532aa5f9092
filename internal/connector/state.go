package connector

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Limits of what an integration remembers.
const (
	MaxStateKey     = 512       // bytes of a key
	MaxStateValue   = 16 << 10  // bytes of a value
	MaxStateEntries = 1_000_000 // entries of one integration; beyond it the ones that end first make room
)

// ErrNoState: nothing is remembered under the key.
var ErrNoState = errors.New("nothing is remembered under this key")

// State is what one integration remembers from one delivery to the next: which message tells of an alert, which routing
// key triggered it. It is durable when a method returns, and belongs to the integration alone. Its errors but ErrNoState
// are retryable. Methods are safe for concurrent use. Keys that begin with "tocsin/" are the hub's own.
type State interface {
	// Get gives ErrNoState for a key that was never put, or has ended.
	Get(ctx context.Context, key string) ([]byte, error)
	// Put remembers value for a time; 0 is as long as the integration exists.
	Put(ctx context.Context, key string, value []byte, keep time.Duration) error
	// Add is Put where nothing is remembered yet; otherwise it changes nothing and says false. Of two calls at once one
	// says true.
	Add(ctx context.Context, key string, value []byte, keep time.Duration) (added bool, err error)
	// Delete forgets a key; one that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// Ticket is what another system keeps for an alert or an incident: an issue, a record, a card.
type Ticket struct {
	// Subject is the incident ("INC-1042") or the alert (its id) that it stands for. An integration has one ticket for one.
	Subject string `json:"subject"`
	// Ref is what the vendor finds it by ("10023"); Key is what people call it ("SEC-12").
	Ref string `json:"ref"`
	Key string `json:"key,omitempty"`
	URL string `json:"url,omitempty"`
	// Status and Assignee are in the vendor's words, as of SyncedAt. Closed: its status means that nothing is left to do.
	Status   string `json:"status,omitempty"`
	Closed   bool   `json:"closed"`
	Assignee string `json:"assignee,omitempty"`
	// SyncedAt is when both sides were last known to agree, By who made the last change that was brought over ("jira:
	// Dana Doe", "tocsin"), Error what went wrong since then.
	SyncedAt time.Time `json:"synced_at,omitzero"`
	By       string    `json:"by,omitempty"`
	Error    string    `json:"error,omitempty"`
	// State is what the engine of tickets needs to go on: hashes, versions. At most MaxStateValue bytes.
	State json.RawMessage `json:"-"`
}

// ErrNoTicket: there is no such ticket.
var ErrNoTicket = errors.New("there is no such ticket")

// Tickets are the tickets of one integration. They are durable when a method returns, and shown with their subjects.
type Tickets interface {
	// OfSubject gives ErrNoTicket when the subject has none.
	OfSubject(ctx context.Context, subject string) (Ticket, error)
	// OfRef gives ErrNoTicket when no ticket has that Ref.
	OfRef(ctx context.Context, ref string) (Ticket, error)
	// Save inserts or replaces the ticket of t.Subject.
	Save(ctx context.Context, t Ticket) error
	// List gives tickets by subject, those after a subject ("" from the beginning), at most limit (1 to 500).
	List(ctx context.Context, after string, open bool, limit int) ([]Ticket, error)
	// Delete forgets the ticket of a subject; one that is not there is no error.
	Delete(ctx context.Context, subject string) error
}
