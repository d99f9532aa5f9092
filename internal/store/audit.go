package store

import (
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// AuditEntry is one link of the audit record's chain. The store keeps the bytes; what they mean and how they are
// chained is the audit room's business. Everything beside Body and Hash stands in Body, too: it is there to be searched.
type AuditEntry struct {
	Seq     uint64 // from 1, without gaps
	At      time.Time
	Account event.Account
	Action  string
	Target  string
	Actor   string // the actor's id, or its kind if it has none
	Act     uint64 // the number of the entry that this one ends; 0 in an entry that begins an act
	Body    []byte // the canonical JSON that Hash covers
	Hash    [32]byte
}

// AuditFilter selects entries of an account. Empty fields do not filter.
type AuditFilter struct {
	Account event.Account // never empty
	Action  string        // exact, or a prefix that ends in ".*"
	Target  string
	// Actor is the actor's id or kind, or its name, in which the letters A to Z may be of either case. By name, the newest
	// MaxAuditNamed entries of all accounts are looked at.
	Actor  string
	After  time.Time // At not before
	Before time.Time // At before
	Begins bool      // only entries that begin an act
}

// AuditAnchor is where the chain begins after older entries were pruned: the number and the hash of the last entry
// that is gone.
type AuditAnchor struct {
	Seq  uint64   // 0: nothing was pruned
	Hash [32]byte // zero while Seq is 0
	// Installation tells this record from those of other installations. It is random, made with the tables, and never
	// changes.
	Installation [16]byte
}

// MaxAuditNamed is how many entries, the newest, are looked at for those of an actor's name, which only Body has.
const MaxAuditNamed = 100_000

// MaxAuditRead is the most entries that one ReadAudit gives.
const MaxAuditRead = 1000

// AuditReader reads the record as a whole.
type AuditReader interface {
	AuditAnchor(ctx context.Context) (AuditAnchor, error)
	// ReadAudit gives entries of all accounts from a number on, oldest first, at most limit (1 to MaxAuditRead).
	ReadAudit(ctx context.Context, from uint64, limit int) ([]AuditEntry, error)
}

// Audit keeps the record. There is no way to change an entry, and none to delete one but the oldest.
type Audit interface {
	AuditReader
	// AppendAudit stores entries that follow the last one, together with facts for the outbox; ErrConflict if they do
	// not follow (another process wrote).
	AppendAudit(ctx context.Context, entries []AuditEntry, say []Said) error
	// AuditHead gives the last entry, or the anchor's Seq and Hash if there is none.
	AuditHead(ctx context.Context) (AuditEntry, error)
	// ListAudit gives an account's entries newest first.
	ListAudit(ctx context.Context, f AuditFilter, p Page) (list []AuditEntry, next string, err error)
	// AuditEnds gives the entries that end the acts that the given numbers began, oldest first; at most MaxPage numbers.
	AuditEnds(ctx context.Context, acts []uint64) ([]AuditEntry, error)
	// AuditSpan gives the first and the last number among the entries with after ≤ At < before, where a zero time is
	// no bound; ErrNotFound if there is none.
	AuditSpan(ctx context.Context, after, before time.Time) (first, last uint64, err error)
	// PruneAudit deletes at most limit of the oldest entries up to number through, and moves the anchor. The newest
	// entry stays. It gives the number of deleted entries.
	PruneAudit(ctx context.Context, through uint64, limit int) (int, error)
}
