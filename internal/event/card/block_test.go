package card

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// TestBlock: what people are shown of a block, and whose word counts.
func TestBlock(t *testing.T) {
	t.Parallel()
	id := event.ID{3, 15: 3}.Text(event.PrefixBlock)
	body := func(kind, state, more string) string {
		return fmt.Sprintf(`{"type":%q,"severity":"medium","title":"T","actor":"mallory","data":{"block":{"id":%q,"target":"203.0.113.0/24","state":%q,
			"reason":"a\nb\u202e","requested_by":"erin","ttl":"24h","approve_by":"2026-11-20T13:00:00Z","event":"evt_1","incident":"INC-7"%s},"cause":"why"}}`, kind, id, state, more)
	}
	info := BlockInfo{Target: "203.0.113.0/24", Reason: "a b\ufffd", By: "erin", TTL: "24h", Because: "INC-7"}
	waiting := info
	waiting.ApproveBy, waiting.Waits = "2026-11-20T13:00:00Z", "why"
	then := at.Add(time.Minute)
	for _, tt := range []struct {
		name  string
		flags event.Flags
		body  string
		block *BlockInfo
		state State
	}{
		{"waits", event.Internal, body("ip.block_pending", "pending_approval", ""), &waiting, State{Status: BlockPending}},
		{"rejected", event.Internal, body("ip.block_rejected", "rejected", `,"decided_by":"dana"`), &info, State{Status: BlockRejected, Verb: "reject", By: "dana", At: then, Note: "why"}},
		{"lapsed", event.Internal, body("ip.block_rejected", "lapsed", `,"decided_by":"Tocsin"`), &info, State{Status: BlockLapsed, Verb: "lapse", At: then, Note: "why"}},
		{"blocked at once", event.Internal, body("ip.blocked", "active", ""), &info, State{Status: BlockActive, Verb: "block", By: "erin", At: then, Note: "why"}},
		{"verified", event.Internal, body("ip.block_verified", "active", ""), &info, State{Status: BlockActive, Verb: "verify", At: then, Note: "why"}},
		{"lifted", event.Internal, body("ip.unblocked", "removed", `,"decided_by":"dana"`), &info, State{Status: BlockRemoved, Verb: "lift", By: "dana", At: then, Note: "why"}},
		{"ran out", event.Internal, body("ip.unblocked", "expired", ""), &info, State{Status: BlockExpired, Verb: "lapse", At: then, Note: "why"}},
		{"trouble", event.Internal, body("ip.block_failed", "active", ""), nil, State{}},
		{"a sender's", 0, body("ip.block_pending", "pending_approval", ""), nil, State{}},
		{"no id", event.Internal, strings.Replace(body("ip.block_pending", "pending_approval", ""), "blk_", "alr_", 1), nil, State{}},
	} {
		c := Of(record(t, 1, tt.flags, tt.body), "")
		if diff := cmp.Diff(tt.block, c.Block) + cmp.Diff(tt.state, c.State); diff != "" || (c.Subject == Block) != (tt.block != nil) || (c.Ref == id) != (tt.block != nil) {
			t.Errorf("%s: %s %q %s", tt.name, c.Subject, c.Ref, diff)
		}
	}
	first := Of(record(t, 1, event.Internal, body("ip.block_pending", "pending_approval", "")), "")
	now := Of(record(t, 2, event.Internal, body("ip.blocked", "active", "")), "").After(first, true)
	if now.State.Status != BlockActive || now.Block.Waits != "" || now.Subject != Block {
		t.Errorf("after it: %+v", now)
	}
}
