package card

import (
	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// The states of a block in State.Status.
const (
	BlockPending  = "pending_approval"
	BlockActive   = "active"
	BlockRemoved  = "removed"
	BlockExpired  = "expired"
	BlockRejected = "rejected"
	BlockLapsed   = "lapsed"
)

// blockVerbs are what an event of a type says was done to its block, where it tells of a step in the block's life; the first
// step is none. Whatever went wrong with a block at a responder stands for itself: a message that people read long ago
// would not tell them.
var blockVerbs = map[string]string{
	"ip.block_pending": "", "ip.block_rejected": "reject", "ip.blocked": "block", "ip.block_verified": "verify", "ip.unblocked": "lift",
}

// BlockInfo is what a card shows of a block.
type BlockInfo struct {
	Target    string `json:"target"` // an address, or a range in CIDR notation
	Reason    string `json:"reason,omitempty"`
	By        string `json:"by,omitempty"`         // who asked
	TTL       string `json:"ttl,omitempty"`        // "24h", "permanent"
	ApproveBy string `json:"approve_by,omitempty"` // RFC 3339; of a pending one
	// Waits says what a pending one waits for approval for.
	Waits string `json:"waits,omitempty"`
	// Because is the alert, incident or event that it was asked for because of.
	Because string `json:"because,omitempty"`
}

// block fills in what Tocsin itself tells of a block. A sender may write the same members: its word is an event like any
// other.
func (c *Card) block(r *event.Record) {
	verb, ok := blockVerbs[r.Type]
	if !ok || r.Flags&event.Internal == 0 {
		return
	}
	data := gjson.GetBytes(r.Body, "data")
	b := data.Get("block")
	id, err := event.ParseID(event.PrefixBlock, b.Get("id").Str)
	if err != nil {
		return
	}
	c.Subject, c.Ref = Block, id.Text(event.PrefixBlock)
	c.Block = &BlockInfo{
		Target: line(b.Get("target").Str, MaxField), Reason: line(b.Get("reason").Str, maxNote), By: line(b.Get("requested_by").Str, MaxField),
		TTL: line(b.Get("ttl").Str, MaxField), Because: line(firstOf(b, "alert", "incident", "event"), MaxField),
	}
	s := &c.State
	s.Status, s.Verb = line(b.Get("state").Str, MaxField), verb
	cause := line(data.Get("cause").Str, maxNote)
	c.Actor = "" // it says who did this to the block
	if verb == "" {
		c.Block.ApproveBy, c.Block.Waits = line(b.Get("approve_by").Str, MaxField), cause
		return
	}
	s.At, s.By, s.Note = r.Time.UTC(), line(b.Get("decided_by").Str, MaxField), cause
	switch s.Status {
	case BlockLapsed, BlockExpired: // nobody did that
		s.Verb, s.By = "lapse", ""
	}
	if verb == "block" && s.By == "" {
		s.By = c.Block.By
	}
}

// firstOf is the first member that is a text.
func firstOf(v gjson.Result, names ...string) string {
	for _, name := range names {
		if text := v.Get(name).Str; text != "" {
			return text
		}
	}
	return ""
}
