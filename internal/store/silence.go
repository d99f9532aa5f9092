package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Silence says what nobody wants to be told of for a time.
type Silence struct {
	ID      event.ID
	Account event.Account
	// Matchers is a JSON list, Where an expression; empty: none.
	Matchers json.RawMessage
	Where    string
	// Integrations are those that it is for; none: all of the account.
	Integrations     []event.ID
	Reason           string
	Author           string // who made it, as people know them
	StartsAt, EndsAt time.Time
	Version          int64 // grows by one with each change; it is the ETag
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// Silences keeps them. They are few (a few hundred for an account) and held in memory by their reader.
type Silences interface {
	// CreateSilence stores s with Version 1.
	CreateSilence(ctx context.Context, s Silence) error
	// UpdateSilence replaces all but the author and the time of creation if the row's version is still s.Version, and stores
	// s.Version+1. ErrConflict when it is not; ErrNotFound.
	UpdateSilence(ctx context.Context, s Silence) error
	GetSilence(ctx context.Context, account event.Account, id event.ID) (Silence, error)
	// ListSilences gives all of an account, the one that ends last first.
	ListSilences(ctx context.Context, account event.Account) ([]Silence, error)
	// AllSilences gives those of all accounts that have not ended at the time now, for start-up, in no order.
	AllSilences(ctx context.Context, now time.Time) ([]Silence, error)
	// PruneSilences deletes those that ended before a time, at most limit, and says how many.
	PruneSilences(ctx context.Context, before time.Time, limit int) (deleted int, err error)
}
