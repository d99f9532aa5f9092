package connector

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// ErrStale is what Change gives, wrapped, when what the vendor holds has changed since the snapshot was taken: nothing was
// changed. The caller takes a new snapshot and decides anew, after a little while.
var ErrStale = errors.New("what the vendor holds has changed since it was read")

// ErrFull is what is wrapped, as Permanent, when the vendor can hold no more entries: others have to end first.
var ErrFull = errors.New("the vendor can hold no more entries")

// Limits of blocks at a vendor.
const (
	// MaxBlockEntries bounds the entries of one snapshot; a vendor that holds more cannot be a responder.
	MaxBlockEntries = 200_000
	// MaxBlockBatch bounds the changes of one call of Change.
	MaxBlockBatch = 10_000
	// MaxBlockTag bounds the tag of marks, in bytes.
	MaxBlockTag = 64
)

// Blocker is implemented by an instance that can keep addresses out. It holds no opinion: what is to be blocked, what is
// protected and what is whose is decided outside. Methods are not called concurrently for one instance, but two instances
// of one integration (a test, a plan) may work at once; two integrations may share what they change.
//
// Errors are classified as those of a Sender are. A request that is throttled has done nothing.
type Blocker interface {
	// BlockLimits says what the vendor can hold. It makes no request.
	BlockLimits() BlockLimits
	// Blocked reads what the vendor holds now, all of it.
	Blocked(ctx context.Context) (*BlockSnapshot, error)
	// Change makes at most BlockLimits.Batch changes. The snapshot is what they were decided by, and nobody else has it.
	// The answer has one result for each change, in their order, whatever err is; err says why what is not done is not: an
	// error about one change alone is in its result instead. What err may mean for a change without a result: see
	// BlockResult.Unknown. Change must do nothing to an entry that it was not asked to change.
	Change(ctx context.Context, s *BlockSnapshot, changes []BlockChange) ([]BlockResult, error)
}

// BlockLimits is what a vendor can hold.
type BlockLimits struct {
	// IPv4 and IPv6 are the lengths of prefixes that can be blocked, the widest first (32 is one address); empty: none of
	// that family.
	IPv4, IPv6 []int
	// Capacity is how many entries it holds at most, those of others included; 0: not known.
	Capacity int
	// CapacityIPv4 and CapacityIPv6 are how many of them may be of one family, where each has a place of its own; 0: as many
	// as of both together. See CapacityOf.
	CapacityIPv4, CapacityIPv6 int
	// Batch is how many changes one call of Change takes; at least 1, at most MaxBlockBatch.
	Batch int
	// Marks: an entry bears whose it is (BlockEntry.Mark). Without, only what was there before tells.
	Marks bool
	// Unverifiable: what is there cannot be read. Blocked gives no entries, whatever is there, and what was done is never
	// verified: the caller's own record alone says what is in force. Adding what this integration has added already, and
	// removing what is gone, are done.
	Unverifiable bool
}

// Takes says why a prefix cannot be blocked there; empty: it can.
func (l BlockLimits) Takes(p netip.Prefix) string { return l.takes(p) }

// CapacityOf is how many entries of the prefix's family it holds at most, those of others included; 0: not known. OfFamily
// says that entries of the other family do not count.
func (l BlockLimits) CapacityOf(p netip.Prefix) (most int, ofFamily bool) { return l.capacityOf(p) }

// BlockEntry is one entry that the vendor holds.
type BlockEntry struct {
	Prefix netip.Prefix // masked; an IPv4 address is never in its IPv6 form
	// Handle is what the vendor finds it by; empty where that is the prefix itself.
	Handle string
	// Mark is the id of the block that the entry was made for ("blk_…"), if it bears this integration's mark.
	Mark string
	// Allows: the entry lets the address through instead of keeping it out, or does something else than block.
	Allows bool
}

// BlockSnapshot is what a vendor held at one time.
type BlockSnapshot struct {
	Entries []BlockEntry
	// Used is how many entries count against the capacity, where that is not len(Entries); 0: it is. Capacity is what the
	// vendor said, if it did; 0: as in BlockLimits.
	Used, Capacity int
	// Warnings say what keeps blocks from having an effect, for people: "no web ACL uses the IP set".
	Warnings []string
	// Version belongs to the connector: lock tokens, descriptions.
	Version any
}

// BlockChange is one change.
type BlockChange struct {
	// Block is the id of the block ("blk_…"); it goes into the mark.
	Block  string
	Prefix netip.Prefix
	// Remove takes the entry away, by Handle where the vendor has handles. One that is not there any more is done.
	Remove bool
	Handle string
	// Until is when the block ends by itself; zero: never. Reason is one line of at most 200 bytes, of a person or a rule,
	// and hostile all the same.
	Until  time.Time
	Reason string
}

// BlockResult is what became of one change.
type BlockResult struct {
	Done bool
	// Was: an entry of that prefix was there already and is not of this change (an addition alone): it stays another's.
	Was bool
	// Handle is what an added entry is found by.
	Handle string
	// Unknown: the request was made, and nobody knows whether it was done. The next snapshot tells.
	Unknown bool
	// Err is why it was not done, where that is about this change alone; classified.
	Err error
}
