package store

import (
	"context"
	"errors"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// ErrLastOwner: the change would leave the account without an owner who can sign in.
var ErrLastOwner = errors.New("the account would be left without an owner")

// User is a person who may sign in to one account.
type User struct {
	ID      event.ID
	Account event.Account
	Email   string // folded to lower case; unique per account among those not deleted
	Name    string
	Role    string // viewer, analyst, responder, admin, owner
	// Password is an argon2id hash in PHC form; empty until the person has chosen one.
	Password string
	Disabled bool
	// TOTP is the sealed secret of the second factor; empty without one. TOTPStep is the last time step that was
	// accepted, so that a code works once. Recovery holds SHA-256 hashes of codes that are not used up.
	TOTP     []byte
	TOTPStep int64
	Recovery [][32]byte
	// TOTPNext is a sealed secret that waits for its first code.
	TOTPNext          []byte
	Version           int64
	CreatedAt         time.Time
	UpdatedAt         time.Time
	LastLoginAt       time.Time
	PasswordChangedAt time.Time
	DeletedAt         time.Time

	// With is what is stored together with the row, or not at all. It is no part of the row and is never read back.
	With With
}

// With is what one transaction does beside creating or updating a user. It is done in the order of the fields.
type With struct {
	// KeepOwner refuses with ErrLastOwner if the account has no owner who can sign in afterwards.
	KeepOwner bool
	// UseLink marks a link as used at the user's UpdatedAt; ErrConflict if it is already, ErrNotFound.
	UseLink *[32]byte
	// EndLinks deletes the user's links that are not used.
	EndLinks bool
	// NewLink is stored as by CreateLink.
	NewLink *Link
	// EndSessions ends the user's sessions at UpdatedAt, but not KeepSession.
	EndSessions bool
	KeepSession event.ID
	// NewSession begins. Beyond MaxSessions the oldest of the user's valid ones end.
	NewSession *Session
}

// MaxSessions is how many valid sessions one person has.
const MaxSessions = 100

// Users keeps people.
type Users interface {
	// CreateUser stores u with Version 1; ErrConflict when the address is taken in its account.
	CreateUser(ctx context.Context, u User) error
	// UpdateUser replaces the row if its version is still u.Version, and stores u.Version+1. ErrNotFound, ErrConflict
	// (also when the address is taken), ErrLastOwner.
	UpdateUser(ctx context.Context, u User) error
	// GetUser finds a row, deleted ones included; ErrNotFound.
	GetUser(ctx context.Context, account event.Account, id event.ID) (User, error)
	// UserByEmail finds an existing user; ErrNotFound.
	UserByEmail(ctx context.Context, account event.Account, email string) (User, error)
	// ListUsers gives the existing ones of an account by address; search, if not empty, must be part of the address or
	// name, whatever the case.
	ListUsers(ctx context.Context, account event.Account, search string, p Page) (list []User, next string, err error)
	// SealedUsers gives at most limit users of all accounts whose id is above after and who have a sealed secret, by
	// id: for sealing anew with another key.
	SealedUsers(ctx context.Context, after event.ID, limit int) ([]User, error)
	// CountOwners counts the existing, enabled owners of an account who have a password.
	CountOwners(ctx context.Context, account event.Account) (int, error)
}

// Session is a signed-in browser. Its token is never stored.
type Session struct {
	ID         event.ID
	Hash       [32]byte // SHA-256 of the token
	User       event.ID
	Account    event.Account
	Strong     bool // a second factor was given
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
	RevokedAt  time.Time // zero: valid
	Address    string
	UserAgent  string // at most 256 bytes
}

// SessionSeen is where somebody is signed in from.
type SessionSeen struct {
	Address string // of signing in
	Email   string
}

// Sessions keeps them. They begin through With.
type Sessions interface {
	// SessionByHash finds a session in whatever state; ErrNotFound.
	SessionByHash(ctx context.Context, hash [32]byte) (Session, error)
	// ListSessions gives a user's sessions that are neither revoked nor past their end, newest first, at most
	// MaxSessions.
	ListSessions(ctx context.Context, account event.Account, user event.ID, now time.Time) ([]Session, error)
	// RecentSessions gives the account's sessions that are neither revoked nor past their end at now and were seen at or
	// after a time, with the addresses of their people, in no order; at most limit.
	RecentSessions(ctx context.Context, account event.Account, seen, now time.Time, limit int) ([]SessionSeen, error)
	// RevokeSession ends one session of a user, which keeps its first end; ErrNotFound.
	RevokeSession(ctx context.Context, account event.Account, user, id event.ID, at time.Time) error
	// RevokeSessions ends all valid sessions of a user but keep (zero: all), and gives their number.
	RevokeSessions(ctx context.Context, account event.Account, user, keep event.ID, at time.Time) (int, error)
	// TouchSession remembers a use, unless a later one is known. A session that is gone is no error.
	TouchSession(ctx context.Context, id event.ID, at time.Time) error
	// PruneSessions deletes at most limit sessions that ended before t, and gives their number.
	PruneSessions(ctx context.Context, t time.Time, limit int) (int, error)
}

// Link is a one-time link: it lets whoever holds its token choose a password.
type Link struct {
	Hash      [32]byte // SHA-256 of the token
	Account   event.Account
	User      event.ID // zero for setup, which makes the first owner
	Purpose   string   // setup, invite, reset
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero: not used
}

// Links keeps them. They are used up through With.
type Links interface {
	// CreateLink stores l and deletes every unused link of the same account and user, whatever its purpose.
	CreateLink(ctx context.Context, l Link) error
	// LinkByHash finds a link in whatever state; ErrNotFound.
	LinkByHash(ctx context.Context, hash [32]byte) (Link, error)
	// PruneLinks deletes at most limit links that expired before t, and gives their number.
	PruneLinks(ctx context.Context, t time.Time, limit int) (int, error)
}
