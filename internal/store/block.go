package store

import (
	"context"
	"encoding/json"
	"net/netip"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// BlockState says where a block stands as a whole. Pending and active ones are open.
type BlockState string

// The states of a block.
const (
	BlockPending  BlockState = "pending_approval" // waits for a person until ApproveBy
	BlockActive   BlockState = "active"           // it is to be in force until ExpiresAt
	BlockRemoved  BlockState = "removed"          // ended by a person, or because the address is protected now
	BlockExpired  BlockState = "expired"          // its time is over
	BlockRejected BlockState = "rejected"         // a person said no
	BlockLapsed   BlockState = "lapsed"           // nobody approved it in time
)

// Open says whether the block is pending or active.
func (s BlockState) Open() bool { return s == BlockPending || s == BlockActive }

// BlockActor is who asked for a block, approved it or ended it.
type BlockActor struct {
	Kind string `json:"kind"` // as act.Actor.Kind; "rule" for a response rule
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	// Principals are all ids that the actor acts with: the person, the key, who made the key, and the keys that it replaced.
	// Two actors are different people if none of their principals is the same.
	Principals []string `json:"principals,omitempty"`
	Address    string   `json:"address,omitempty"`
}

// Block is a decision that an address must not get in: desired state, which responders make true. An account has one open
// block of one target.
type Block struct {
	ID      event.ID
	Account event.Account
	Target  netip.Prefix // masked; a single address is /32 or /128; never an IPv4 address in its IPv6 form
	State   BlockState
	Reason  string
	// Responders are the integrations that it is for: those that there were when it was made, or those that were named.
	Responders []event.ID
	Requester  BlockActor
	// Decider approved, rejected or ended it last; zero: nobody yet.
	Decider BlockActor
	// Rule is the response rule that asked; zero: a person did.
	Rule event.ID
	// Evidence is what it was asked for because of: at most one of each; zero: none.
	Alert    event.ID
	Incident int64
	Event    event.ID
	// Cause says why it is in its state: what it waits for approval for, why it ended. For people.
	Cause     string
	CreatedAt time.Time
	UpdatedAt time.Time
	ActiveAt  time.Time // when it became active first; zero: never yet
	ExpiresAt time.Time // zero: never
	// TTL is how long it is to be active once it is approved; 0: for ever. ExpiresAt is ActiveAt + TTL of an active one.
	TTL       time.Duration
	ApproveBy time.Time // of a pending one
	EndedAt   time.Time // zero while it is open
	Version   int64     // grows by one with each change; it is the ETag
}

// PlacementState says where a block stands at one responder.
type PlacementState string

// The states of a placement. The last three are final.
const (
	PlacementRequested PlacementState = "requested" // not tried yet, or to be tried again
	PlacementApplied   PlacementState = "applied"   // the vendor has taken it
	PlacementVerified  PlacementState = "verified"  // it was read back
	PlacementFailed    PlacementState = "failed"    // Cause says why; tried again at DueAt unless that is zero
	PlacementDrifted   PlacementState = "drifted"   // it was there, and is not any more
	PlacementCovered   PlacementState = "covered"   // a wider block that is in force there contains it
	PlacementRemoving  PlacementState = "removing"  // it has ended, and is not known to be gone
	PlacementRemoved   PlacementState = "removed"
	PlacementExpired   PlacementState = "expired"
	PlacementEvicted   PlacementState = "evicted" // it had to make room
)

// Final says that nothing is left to be done.
func (s PlacementState) Final() bool {
	return s == PlacementRemoved || s == PlacementExpired || s == PlacementEvicted
}

// Placement is one block at one responder. SaveBlocks makes it and sets Wanted; all else is the reconciler's.
type Placement struct {
	Block       event.ID
	Account     event.Account
	Integration event.ID
	Target      netip.Prefix // the block's
	// Wanted: it is to be in force. It becomes false once, when the block ends, and never true again.
	Wanted bool
	State  PlacementState
	Cause  string // for people
	// Covered is the block that stands for it in PlacementCovered.
	Covered    event.ID
	Attempts   int       // in a row that failed
	DueAt      time.Time // when it is tried again; zero: with the next cycle, or of a failed one, not by itself
	Since      time.Time // when it came into State
	AppliedAt  time.Time // zero: never
	VerifiedAt time.Time // last; zero: never
	ExpiresAt  time.Time // the block's
}

// EntryState says what is known of an entry at a vendor.
type EntryState string

// The states of an entry.
const (
	EntryAdding   EntryState = "adding"   // a request to add it may have been made
	EntryHeld     EntryState = "held"     // it is there, by us
	EntryRemoving EntryState = "removing" // a request to take it away may have been made
	EntryForeign  EntryState = "foreign"  // it was there before: it is never removed
)

// BlockLedgerEntry is what is known of one entry at one responder's vendor. It is written before the request that it is
// about, and deleted when the entry is known to be gone.
type BlockLedgerEntry struct {
	Account     event.Account
	Integration event.ID
	Prefix      netip.Prefix
	State       EntryState
	Block       event.ID // whose mark it bears, or would
	Handle      string
	At          time.Time // when it came into State
}

// BlockStep is one line of a block's history.
type BlockStep struct {
	ID          event.ID // orders the lines
	Account     event.Account
	Block       event.ID
	Integration event.ID // zero: of the block as a whole
	At          time.Time
	State       string // a BlockState or PlacementState, or what was done: "extended", "asked_again"
	Cause       string
	By          string // as people know them; empty: Tocsin by itself
}

// MaxBlockSteps is how many lines the history of one block has; the first ten stay, and the oldest of the others go.
const MaxBlockSteps = 500

// BlockWrite is one change of blocks, all or nothing.
type BlockWrite struct {
	// Blocks are inserted (Version 0, stored as 1) or replaced (the version that was read; another one in the store is
	// ErrConflict, and so is a second open block of a target in an account).
	Blocks []Block
	// Place are inserted; one that is there is left as it is.
	Place []Placement
	// Unwant clears Wanted of all placements of these blocks. Extend sets ExpiresAt of all placements of blocks among
	// Blocks that are open: it is always done.
	Unwant []event.ID
	Steps  []BlockStep
	Say    []Said
}

// ResponderBook is what a reconciler goes by.
type ResponderBook struct {
	// Placements are those that are not final, by target.
	Placements []Placement
	// Reasons are the reasons of their blocks.
	Reasons map[event.ID]string
	Ledger  []BlockLedgerEntry
}

// ResponderWrite is what a reconciler makes durable, all or nothing. It never changes Wanted, ExpiresAt or Target of a
// placement, and makes none.
type ResponderWrite struct {
	Account     event.Account
	Integration event.ID
	Placements  []Placement
	Ledger      []BlockLedgerEntry // inserted or replaced
	Gone        []netip.Prefix     // ledger entries that are deleted; done before Ledger
	Steps       []BlockStep
	Say         []Said
	// Tell makes facts that depend on where the blocks of Placements stand everywhere, inside the transaction, after the
	// rest of it. It must be pure but for new ids. Nil: nothing is told.
	Tell func(was, is []BlockStanding) []Said
}

// BlockStanding is a block with its placements.
type BlockStanding struct {
	Block      Block
	Placements []Placement
}

// BlockFilter selects blocks of an account. Empty fields do not filter.
type BlockFilter struct {
	Account     event.Account
	IDs         []event.ID // at most MaxPage, of which it is one
	States      []BlockState
	Placement   PlacementState // has a placement in that state
	Integration event.ID       // has a placement there
	Target      netip.Prefix   // overlaps it
	Rule        event.ID
	Alert       event.ID
	Incident    int64
	Search      string    // part of the reason or target, whatever the case
	Since       time.Time // made at or after
	By          string    // one of the requester's principals
}

// BlockCounts counts by state.
type BlockCounts struct {
	Blocks     map[BlockState]int
	Placements map[event.ID]map[PlacementState]int // by integration
}

// Blocks keeps blocks and what responders make of them.
type Blocks interface {
	SaveBlocks(ctx context.Context, w BlockWrite) error
	GetBlock(ctx context.Context, account event.Account, id event.ID) (Block, error)
	// OpenBlocks gives the pending and active ones of all accounts, for start-up.
	OpenBlocks(ctx context.Context) ([]Block, error)
	// ListBlocks gives blocks, the newest first.
	ListBlocks(ctx context.Context, f BlockFilter, p Page) (list []Block, next string, err error)
	// CountBlocks counts an account's blocks and placements that are not pruned.
	CountBlocks(ctx context.Context, account event.Account) (BlockCounts, error)
	// ActivatedBlocks gives when the account's blocks became active, at or after a time, the oldest first; at most limit, the
	// newest ones.
	ActivatedBlocks(ctx context.Context, account event.Account, since time.Time, limit int) ([]time.Time, error)
	// DueBlocks gives active blocks that end, and pending ones that lapse, at or before now, of all accounts, the most
	// overdue first; and when the next one after now is due (zero: none).
	DueBlocks(ctx context.Context, now time.Time, limit int) (due []Block, next time.Time, err error)
	// BlockPlacements gives the placements of blocks, by block and integration.
	BlockPlacements(ctx context.Context, account event.Account, blocks []event.ID) ([]Placement, error)
	// BlockSteps gives a block's history, the oldest first.
	BlockSteps(ctx context.Context, account event.Account, block event.ID) ([]BlockStep, error)
	// PruneBlocks deletes blocks that ended before a time and whose placements are all final, with all that belongs to them;
	// at most limit.
	PruneBlocks(ctx context.Context, before time.Time, limit int) (deleted int, err error)

	LoadResponder(ctx context.Context, account event.Account, integration event.ID) (ResponderBook, error)
	SaveResponder(ctx context.Context, w ResponderWrite) error
	// DropResponder makes all placements of an integration that is gone final (PlacementRemoved, with a cause), and forgets
	// its ledger.
	DropResponder(ctx context.Context, account event.Account, integration event.ID, cause string, at time.Time) error
	// LostResponders gives deleted integrations that DropResponder has something left to do for, because the process ended
	// before it, or a block was made meanwhile; at most limit.
	LostResponders(ctx context.Context, limit int) ([]ResponderRef, error)
}

// ResponderRef names a responder.
type ResponderRef struct {
	Account     event.Account
	Integration event.ID
}

// Protected is an entry of the never-block list: no block ever touches it.
type Protected struct {
	ID      event.ID
	Account event.Account // the entry holds for this account and all below it
	Prefix  netip.Prefix  // masked
	Reason  string        // never empty
	Author  string        // who made it, as people know them
	// ExpiresAt: an exemption for a time; zero: for good.
	ExpiresAt time.Time
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ResponsePolicy is an account's rules for blocks, as a JSON document that the respond room reads.
type ResponsePolicy struct {
	Account   event.Account
	Document  json.RawMessage
	Version   int64 // 0: never saved
	UpdatedAt time.Time
}

// ResponseRule makes events propose or apply blocks.
type ResponseRule struct {
	ID           event.ID
	Account      event.Account
	Name         string // unique in the account
	Enabled      bool
	Mode         string // "shadow", "propose", "apply"
	Subscription json.RawMessage
	Document     json.RawMessage // the rest, as the respond room reads it
	// ShadowSince is when it began to be in shadow mode, or was last changed there.
	ShadowSince time.Time
	Author      string
	Version     int64
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// RuleHit is what a response rule did, or would have done, for one event and target.
type RuleHit struct {
	ID      event.ID
	Account event.Account
	Rule    event.ID
	Event   event.ID
	Type    string // the event's
	Target  string
	At      time.Time
	Mode    string
	// Decision is "would_block", "would_ask", "would_refuse", "blocked", "asked", "refused", "repeated".
	Decision string
	Detail   string // why, for people
	Block    event.ID
}

// MaxRuleHits is how many hits of one rule are kept, the newest ones.
const MaxRuleHits = 1000

// Responses keeps what blocks are decided by.
type Responses interface {
	GetResponsePolicy(ctx context.Context, account event.Account) (ResponsePolicy, error) // ErrNotFound if never saved
	// SaveResponsePolicy stores p if the version is still p.Version, as p.Version+1; ErrConflict.
	SaveResponsePolicy(ctx context.Context, p ResponsePolicy) error
	AllResponsePolicies(ctx context.Context) ([]ResponsePolicy, error)

	CreateProtected(ctx context.Context, p Protected) error
	// UpdateProtected replaces the row if its version is still p.Version; ErrConflict, ErrNotFound.
	UpdateProtected(ctx context.Context, p Protected) error
	DeleteProtected(ctx context.Context, account event.Account, id event.ID) error // ErrNotFound
	GetProtected(ctx context.Context, account event.Account, id event.ID) (Protected, error)
	// AllProtected gives those of all accounts, for start-up.
	AllProtected(ctx context.Context) ([]Protected, error)

	// CreateResponseRule gives ErrConflict when the name is taken.
	CreateResponseRule(ctx context.Context, r ResponseRule) error
	UpdateResponseRule(ctx context.Context, r ResponseRule) error
	DeleteResponseRule(ctx context.Context, account event.Account, id event.ID) error
	GetResponseRule(ctx context.Context, account event.Account, id event.ID) (ResponseRule, error)
	AllResponseRules(ctx context.Context) ([]ResponseRule, error)
	// SaveRuleHits appends hits and the mark of the cursor of rules, together, and forgets all but the newest MaxRuleHits of
	// each rule. A hit of a known rule, event and target is left as it is. An empty mark leaves the stored one.
	SaveRuleHits(ctx context.Context, hits []RuleHit, mark string) error
	RuleMark(ctx context.Context) (string, error) // "" at first
	// ListRuleHits gives a rule's hits, the newest first.
	ListRuleHits(ctx context.Context, account event.Account, rule event.ID, p Page) (list []RuleHit, next string, err error)
}
