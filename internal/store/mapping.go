package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// MappingRule says what happens to events of an account between their decoding and the journal.
type MappingRule struct {
	ID       event.ID
	Account  event.Account
	Name     string // unique per account
	Source   string // a dialect, the id of a source, or "*"
	Position int
	Enabled  bool
	When     string // an expression; empty: always
	Drop     bool
	Set      json.RawMessage // an object
	Compute  json.RawMessage // an object
	// Matched, Dropped and Failed count events as of the last SaveMappingCounts.
	Matched, Dropped, Failed uint64
	Version                  int64 // grows by one with each change; it is the ETag
	CreatedAt, UpdatedAt     time.Time
}

// MappingCounts are the counts of one rule.
type MappingCounts struct {
	ID                       event.ID
	Matched, Dropped, Failed uint64
}

// MappingRules keeps them. They are few (a few hundred for an account) and held in memory by their reader.
type MappingRules interface {
	// CreateMappingRule stores r with Version 1. ErrConflict when the name is taken.
	CreateMappingRule(ctx context.Context, r MappingRule) error
	// UpdateMappingRule replaces all but the counts and the time of creation if the row's version is still r.Version, and
	// stores r.Version+1. ErrConflict when it is not, or when the name is taken; ErrNotFound.
	UpdateMappingRule(ctx context.Context, r MappingRule) error
	// DeleteMappingRule deletes a row if its version is still version. ErrConflict, ErrNotFound.
	DeleteMappingRule(ctx context.Context, account event.Account, id event.ID, version int64) error
	GetMappingRule(ctx context.Context, account event.Account, id event.ID) (MappingRule, error)
	// ListMappingRules gives all of an account by position and id.
	ListMappingRules(ctx context.Context, account event.Account) ([]MappingRule, error)
	// AllMappingRules gives those of all accounts, for start-up, in no order.
	AllMappingRules(ctx context.Context) ([]MappingRule, error)
	// SaveMappingCounts replaces counts; a rule that is gone is no error.
	SaveMappingCounts(ctx context.Context, counts []MappingCounts) error
}
