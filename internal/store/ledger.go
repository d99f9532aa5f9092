package store

import (
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// Outcome of an attempt.
type Outcome string

// The outcomes of an attempt.
const (
	OutcomeDelivered Outcome = "delivered"
	OutcomeRetry     Outcome = "retry"
	OutcomeThrottled Outcome = "throttled"
	OutcomeMailbox   Outcome = "mailbox"
	OutcomeCancelled Outcome = "cancelled"
)

// Attempt is one recorded request that deserves a row of its own: every failure, and every success after a failure.
type Attempt struct {
	ID          event.ID
	Account     event.Account
	Integration event.ID
	Delivery    event.ID
	Event       event.ID
	Type        string
	Number      int // from 1
	At          time.Time
	Latency     time.Duration
	Outcome     Outcome
	Status      int    // HTTP status or 0
	Error       string // bounded, secrets masked
	Class       string // as Parked.CauseClass
	Answer      string // at most 1 KiB of the answer, secrets masked
	// Batched is how many deliveries the request carried; 1 for a single message.
	Batched int
	// Grade says how sure a success is: accepted, confirmed or unverifiable; empty for a failure.
	Grade string
	// Run, FromIntegration and FromDelivery are those of the delivery (see Parked).
	Run, FromIntegration, FromDelivery event.ID
}

// Pack is the successes of one lane in one tick, encoded by deliver.
type Pack struct {
	Account     event.Account
	Integration event.ID
	At          time.Time
	Lo, Hi      journal.Position // inclusive
	Count       int
	Data        []byte
}

// AttemptFilter selects attempts of an account. Empty fields do not filter.
type AttemptFilter struct {
	Account     event.Account
	Integration event.ID
	Delivery    event.ID
	Event       event.ID
	Outcome     Outcome
}

// PackFilter selects packs of an account. Empty fields do not filter.
type PackFilter struct {
	Account     event.Account
	Integration event.ID
	Since       time.Time // At from then on
	Before      time.Time // At before
}

// Attempts reads the ledger.
type Attempts interface {
	// ListAttempts gives rows newest first.
	ListAttempts(ctx context.Context, f AttemptFilter, p Page) (list []Attempt, next string, err error)
	// PacksAt gives the packs of an integration whose range holds pos.
	PacksAt(ctx context.Context, integration event.ID, pos journal.Position) ([]Pack, error)
	// PacksAbove gives the packs of an integration with Hi above pos, oldest first: what recovery consults.
	PacksAbove(ctx context.Context, integration event.ID, pos journal.Position) ([]Pack, error)
	// ListPacks gives packs newest first.
	ListPacks(ctx context.Context, f PackFilter, p Page) (list []Pack, next string, err error)
	// PruneAttempts deletes at most limit attempts and packs that are older than t, and then, while the ledger holds
	// more than maxBytes (0: no limit), the oldest. It gives the number of deleted rows.
	PruneAttempts(ctx context.Context, t time.Time, maxBytes int64, limit int) (int, error)
}
