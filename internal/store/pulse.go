package store

import (
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// PulsePiece is a part of the history of deliveries: of an integration, of an account as a whole (no integration), or of
// the times in which the hub was up (no account either).
type PulsePiece struct {
	Account     event.Account
	Integration event.ID
	Step        time.Duration // how long the steps are that it is made of; whole seconds
	At          time.Time     // when its first step begins
	Data        []byte        // as the pulse room packs it
}

// Pulses keep the history of deliveries.
type Pulses interface {
	// SavePulses inserts or replaces pieces, all or nothing.
	SavePulses(ctx context.Context, pieces []PulsePiece) error
	// LoadPulses gives the pieces of a step that begin at a time or later, the oldest first.
	LoadPulses(ctx context.Context, step time.Duration, since time.Time) ([]PulsePiece, error)
	// PrunePulses deletes at most limit pieces of a step that begin before a time, and says how many.
	PrunePulses(ctx context.Context, step time.Duration, before time.Time, limit int) (deleted int, err error)
}
