package store

import (
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Account is a tenant. Its name is its id: it never changes and is never used again, even when the account is closed.
type Account struct {
	Name   event.Account
	Title  string        // what people call it
	Parent event.Account // empty: none
	Plan   string        // empty: the default plan
	// Version grows by one with each change; it is the ETag.
	Version              int64
	CreatedAt, UpdatedAt time.Time
	ClosedAt             time.Time // zero while it is open; the keys and users of a closed one are refused
}

// Accounts keeps the tenants. They are few enough (thousands) to be held in memory by their reader.
type Accounts interface {
	// CreateAccount stores a with Version 1; ErrConflict when the name was ever taken.
	CreateAccount(ctx context.Context, a Account) error
	// UpdateAccount replaces the row if its version is still a.Version, and stores a.Version+1. ErrNotFound, ErrConflict.
	UpdateAccount(ctx context.Context, a Account) error
	// AllAccounts gives every account, closed ones included, by name.
	AllAccounts(ctx context.Context) ([]Account, error)
}

// Project is a named scope inside an account, such as "production-api". Events carry its name.
type Project struct {
	ID          event.ID
	Account     event.Account
	Name        string // unique per account among those not deleted
	Title       string
	Environment string // production, test, development or empty
	Version     int64
	CreatedAt   time.Time
	UpdatedAt   time.Time
	DeletedAt   time.Time
}

// Projects keeps them.
type Projects interface {
	CreateProject(ctx context.Context, p Project) error // ErrConflict when the name is taken
	UpdateProject(ctx context.Context, p Project) error // as UpdateIntegration
	GetProject(ctx context.Context, account event.Account, id event.ID) (Project, error)
	// ListProjects gives the existing ones of an account by name; next is "" at the end.
	ListProjects(ctx context.Context, account event.Account, p Page) (list []Project, next string, err error)
}

// Usage is what an account used in one calendar month (UTC).
type Usage struct {
	Account event.Account
	Month   string // "2026-11"
	Events  uint64 // accepted
	Over    uint64 // of those, above the plan's monthly number and flagged
	Refused uint64 // not accepted because of the plan
	// Journalled is the journal's running number of the account when the row was saved, so that what was accepted
	// after the last save and before a crash is found again.
	Journalled uint64
	// OverSaid says that the crossing of the plan's monthly number was told to people.
	OverSaid  bool
	UpdatedAt time.Time
}

// Usages keeps what plans are measured by.
type Usages interface {
	SaveUsage(ctx context.Context, rows []Usage) error // inserted or replaced
	// LatestUsage gives the newest month's row of every account.
	LatestUsage(ctx context.Context) ([]Usage, error)
	// ListUsage gives the last months of an account, newest first, at most limit (1 to 36).
	ListUsage(ctx context.Context, account event.Account, limit int) ([]Usage, error)
}
