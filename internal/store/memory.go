package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// StateRow is one thing that an integration remembers.
type StateRow struct {
	Account     event.Account
	Integration event.ID
	Key         string
	Value       []byte
	// EndsAt is when it is forgotten; zero: with the integration.
	EndsAt time.Time
}

// States keep what integrations remember. A row past its end at the time now is as good as gone.
type States interface {
	// GetState gives ErrNotFound for a key that is not remembered.
	GetState(ctx context.Context, account event.Account, integration event.ID, key string, now time.Time) ([]byte, error)
	// PutState inserts or replaces a row. Of an integration that has most rows the one that ends first goes; if all others
	// have no end, its error is ErrInvalid. ErrConflict: the key is another account's.
	PutState(ctx context.Context, row StateRow, most int) error
	// AddState is PutState where no row is, or one that has ended at the time now; else it changes nothing and says false.
	AddState(ctx context.Context, row StateRow, now time.Time, most int) (added bool, err error)
	// DeleteState forgets a key; one that is not there is no error.
	DeleteState(ctx context.Context, account event.Account, integration event.ID, key string) error
	// PruneStates deletes at most limit rows that ended before now, and says how many.
	PruneStates(ctx context.Context, now time.Time, limit int) (deleted int, err error)
	// ForgetIntegration deletes the rows, tickets and digests of an integration.
	ForgetIntegration(ctx context.Context, account event.Account, integration event.ID) error
}

// Ticket is what another system keeps for an alert or an incident. See connector.Ticket.
type Ticket struct {
	Account     event.Account
	Integration event.ID
	Subject     string // "INC-1042", or an alert's id
	Ref         string
	Key         string
	URL         string
	Status      string
	Closed      bool
	Assignee    string
	SyncedAt    time.Time
	By          string
	Error       string
	State       json.RawMessage
}

// Tickets keep the tickets of all integrations.
type Tickets interface {
	// TicketOfSubject and TicketOfRef give ErrNotFound when there is none.
	TicketOfSubject(ctx context.Context, account event.Account, integration event.ID, subject string) (Ticket, error)
	TicketOfRef(ctx context.Context, account event.Account, integration event.ID, ref string) (Ticket, error)
	// SaveTicket inserts or replaces the ticket that an integration has for a subject. ErrConflict: another subject has
	// that ref, or the subject's ticket is another account's.
	SaveTicket(ctx context.Context, t Ticket) error
	// ListTickets gives an integration's tickets by subject, those after a subject; with open only those not closed.
	ListTickets(ctx context.Context, account event.Account, integration event.ID, after string, open bool, limit int) ([]Ticket, error)
	// TicketsOf gives the tickets that all integrations have for a subject, by integration.
	TicketsOf(ctx context.Context, account event.Account, subject string) ([]Ticket, error)
	DeleteTicket(ctx context.Context, account event.Account, integration event.ID, subject string) error
}
