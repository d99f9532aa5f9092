package store

import (
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// DigestRow is the newest digest of a period that an integration was given, or that was passed over for it.
type DigestRow struct {
	Account     event.Account
	Integration event.ID
	Period      string // connector.Daily, connector.Weekly
	Slot        string // the local date at which it was due, "2026-11-20": it only grows
	DueAt       time.Time
}

// Digests keep which digests were given.
type Digests interface {
	// AllDigests gives the rows of all accounts.
	AllDigests(ctx context.Context) ([]DigestRow, error)
	// SaveDigest moves an integration's row of a period on and puts what it makes Tocsin say into the outbox, both or
	// neither. ErrConflict: the row has that slot already, or a later one; nothing is said.
	SaveDigest(ctx context.Context, row DigestRow, say ...Said) error
	// SayDigest puts a digest into the outbox that somebody asked for.
	SayDigest(ctx context.Context, say Said) error
	// DeleteDigest forgets a row; one that is not there is no error.
	DeleteDigest(ctx context.Context, account event.Account, integration event.ID, period string) error
}
