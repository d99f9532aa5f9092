package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Source is an endpoint for one sending tool: a URL of its own, with its own key and its own way of proving who sends.
type Source struct {
	ID      event.ID
	Account event.Account
	Name    string // unique per account
	Dialect string // the name of what reads its bodies: "falco", or "native"
	Enabled bool
	// Auth says how a sender proves itself, with every secret replaced by form.Mask.
	Auth json.RawMessage
	// Secrets maps a secret's path in Auth ("secret", "previous_secret") to its sealed value.
	Secrets map[string][]byte
	// Project and Labels are given to events that bring none of their own.
	Project string
	Labels  map[string]string
	// Types limits what may be sent (patterns as in subscriptions); empty: every type.
	Types     []string
	Version   int64 // grows by one with each change; it is the ETag
	CreatedAt time.Time
	UpdatedAt time.Time

	// Counts and LastReceivedAt come through SaveSourceUse alone and are no change of the source.
	Counts         SourceCounts
	LastReceivedAt time.Time // when a request last proved to be the source's; zero: never
}

// SourceCounts is what came to a source since it was made.
type SourceCounts struct {
	Accepted uint64 // events in the journal
	Rejected uint64 // events that were not valid
	Refused  uint64 // requests that could not prove to be the source's
}

// SourceUse is what came to a source since the last one was saved.
type SourceUse struct {
	ID             event.ID
	Counts         SourceCounts // to be added
	LastReceivedAt time.Time    // zero, or earlier than what is known: it stays as it is
}

// Sources keeps the source endpoints.
type Sources interface {
	// CreateSource stores s with Version 1 and without counts. ErrConflict when the name is taken in its account.
	CreateSource(ctx context.Context, s Source) error
	// UpdateSource replaces the row, but for its counts, if its version is still s.Version, and stores s.Version+1.
	// ErrNotFound, ErrConflict (also when the name is taken).
	UpdateSource(ctx context.Context, s Source) error
	// DeleteSource deletes the row if its version is still version. ErrNotFound, ErrConflict.
	DeleteSource(ctx context.Context, account event.Account, id event.ID, version int64) error
	// GetSource gives ErrNotFound when the account has no such source.
	GetSource(ctx context.Context, account event.Account, id event.ID) (Source, error)
	// ListSources gives an account's sources by name; next is "" at the end.
	ListSources(ctx context.Context, account event.Account, p Page) (list []Source, next string, err error)
	// AllSources gives those of all accounts, for start-up.
	AllSources(ctx context.Context) ([]Source, error)
	// SaveSourceUse adds what came to sources, in one transaction. A source that is gone is no error.
	SaveSourceUse(ctx context.Context, list []SourceUse) error
}
