package store

import (
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Noise reads what noise control left out and remembers; the lanes write it through SaveTick.
type Noise interface {
	// LoadRemembered gives what is remembered for an integration.
	LoadRemembered(ctx context.Context, integration event.ID) ([]Remembered, error)
	// ListSuppressed gives what was left out of an integration's deliveries, the newest first.
	ListSuppressed(ctx context.Context, account event.Account, integration event.ID, p Page) (list []Suppressed, next string, err error)
	// PruneSuppressed deletes all but the newest rows of an integration, and says how many.
	PruneSuppressed(ctx context.Context, integration event.ID, keep int) (deleted int, err error)
}

// Suppressed is a delivery that noise control left out for good.
type Suppressed struct {
	Delivery    event.ID
	Account     event.Account
	Integration event.ID
	Event       event.ID
	// EventAccount is the event's account: Account, or one below it.
	EventAccount event.Account
	Type         string
	Severity     event.Severity
	Title        string
	Reason       string // dedup, silenced, resolved
	Detail       string // the silence's id; empty for the other reasons
	At           time.Time
	Until        time.Time // until when the same is left out; zero where there is no such time
}

// Remembered is one thing that noise control remembers for an integration.
type Remembered struct {
	Integration event.ID
	Key         [16]byte
	Value       []byte // JSON; at most 4 KiB
	At          time.Time
}
