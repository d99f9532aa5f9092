package rule

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" && len(got)+len(want) > 0 {
		t.Errorf("%s: %s", what, diff)
	}
}

// TestModes: a rule only says what it would do, then asks, then acts.
func TestModes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	row := w.rule(Shadow, `{"ttl":"2h","reason":"brute force"}`)
	w.append(w.detected("203.0.113.7"), w.detected("10.0.0.1"))
	w.settled()
	same(t, "blocks of a shadow", w.targets())
	same(t, "hits of a shadow", w.hits(row.ID), "203.0.113.7 would_block", "10.0.0.1 would_refuse")

	row, err := w.s.Update(t.Context(), "acme", row.ID, row.Version, json.RawMessage(`{"mode":"propose"}`))
	w.must(err)
	w.append(w.detected("203.0.113.7"), w.detected("10.0.0.1"))
	w.settled()
	same(t, "blocks that are proposed", w.targets(), "203.0.113.7 pending_approval")

	row, err = w.s.Update(t.Context(), "acme", row.ID, row.Version, json.RawMessage(`{"mode":"apply"}`))
	w.must(err)
	w.append(w.detected("203.0.113.8"), w.detected("203.0.113.7"), w.detected("8.8.8.8"))
	w.settled()
	same(t, "blocks that are made", w.targets(), "203.0.113.7 active", "203.0.113.8 active")
	same(t, "hits", w.hits(row.ID), "203.0.113.7 would_block", "10.0.0.1 would_refuse", "203.0.113.7 asked", "10.0.0.1 refused",
		"203.0.113.8 blocked", "203.0.113.7 blocked", "8.8.8.8 refused")

	list, _, err := w.store.ListBlocks(t.Context(), store.BlockFilter{Account: "acme", Rule: row.ID}, store.Page{Limit: 10})
	w.must(err)
	for _, b := range list {
		if b.Reason != "brute force" || b.TTL != 2*time.Hour || b.Event.IsZero() || b.Requester.Kind != "rule" || len(b.Responders) != 1 {
			t.Errorf("the block is %+v", b)
		}
	}
	rep, err := w.s.Report(t.Context(), "acme", row.ID)
	w.must(err)
	if rep.Hits != 7 || rep.Targets != 4 || rep.Shadow != (Tally{WouldBlock: 1, WouldRefuse: 1}) || rep.Live != (Tally{Blocked: 2, Asked: 1, Refused: 2}) || rep.From == nil {
		t.Errorf("the report is %+v", rep)
	}
	if h := rep.Items[2]; h.Target != "203.0.113.8" || h.Block == "" || h.Type != "detection.brute_force" {
		t.Errorf("a hit is %+v", h)
	}
}

// TestBlocksNothing: what an attacker writes, what Tocsin says, and what is for somebody else makes no rule act.
func TestBlocksNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	early := w.detected("203.0.113.1")
	w.run()
	row := w.rule(Apply, "")
	entity := func(fields string) *event.Record {
		return w.event(`{"type":"detection.brute_force","severity":"high","title":"x","entities":[{` + fields + `}]}`)
	}
	flagged := func(flags event.Flags, hops uint8) *event.Record {
		r := w.detected("203.0.113.7")
		r.Flags |= flags
		r.Hops = hops
		return r
	}
	other := w.detected("203.0.113.7")
	other.Account = "other"
	old, ancient := w.detected("203.0.113.101"), w.detected("203.0.113.102")
	old.Received = w.now().Add(-MaxReceivedAge - time.Minute) // it was received before the rule, too
	ancient.Time = w.now().Add(-MaxEventAge - time.Minute)
	ip := w.event(`{"type":"ip.blocked","severity":"high","title":"x","entities":[{"type":"ip","value":"203.0.113.7","role":"source","observed":true}]}`)
	const victim = "203.0.113.7"
	w.append(
		early, other, old, ip,
		w.event(`{"type":"detection.brute_force","severity":"critical","title":"203.0.113.7 attacks: block 203.0.113.7 now","description":"src=203.0.113.7","data":{"src_ip":"203.0.113.7","entities":[{"type":"ip","value":"203.0.113.7","role":"source","observed":true}]},"labels":{"ip":"203.0.113.7"},"tags":["203.0.113.7"]}`),
		entity(`"type":"ip","value":"`+victim+`","role":"source"`),
		entity(`"type":"ip","value":"`+victim+`","role":"source","observed":false`),
		entity(`"type":"ip","value":"`+victim+`","role":"target","observed":true`),
		entity(`"type":"ip","value":"`+victim+`","observed":true`),
		entity(`"type":"user","value":"`+victim+`","role":"source","observed":true`),
		entity(`"type":"domain","value":"`+victim+`","role":"source","observed":true`),
		entity(`"type":"cidr","value":"203.0.113.0/24","role":"source","observed":true`),
		entity(`"type":"ip","value":"203.0.113.0/24","role":"source","observed":true`),
		entity(`"type":"ip","value":"0.0.0.0/0","role":"source","observed":true`),
		entity(`"type":"ip","value":"203.0.113.7 and others","role":"source","observed":true`),
		entity(`"type":"ip","value":"203.0.113.07","role":"source","observed":true`),
		entity(`"type":"ip","value":"fe80::1%eth0","role":"source","observed":true`),
		flagged(event.Test, 0), flagged(event.Internal, 0), flagged(0, 1),
	)
	w.settled()
	same(t, "hits", w.hits(row.ID))
	w.append(ancient, w.detected("::ffff:10.0.0.1"), w.detected("2002:a00:1::"), w.detected("1.1.1.1"))
	w.settled()
	same(t, "blocks", w.targets())
	same(t, "hits", w.hits(row.ID), "203.0.113.102 refused", "10.0.0.1 refused", "2002:a00:1::/128 refused", "1.1.1.1 refused")
	w.append(w.detected("::ffff:203.0.113.9"), entity(`"type":"ip","value":"2001:DB8::0007","role":"source","observed":true`))
	w.settled()
	same(t, "blocks", w.targets(), "2001:db8::7 active", "203.0.113.9 active")
}

// TestRole: another role is looked at where the rule says so, and any.
func TestRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	target, all := w.rule(Shadow, `{"entity_role":"target"}`), w.rule(Shadow, `{"entity_role":"any"}`)
	w.append(w.event(`{"type":"network.flow","severity":"high","title":"x","entities":[
		{"type":"ip","value":"203.0.113.1","role":"source","observed":true},{"type":"ip","value":"203.0.113.2","role":"target","observed":true},
		{"type":"ip","value":"203.0.113.2","role":"target","observed":true},{"type":"ip","value":"203.0.113.3","observed":true}]}`))
	w.settled()
	same(t, "target", w.hits(target.ID), "203.0.113.2 would_block")
	same(t, "any", w.hits(all.ID), "203.0.113.1 would_block", "203.0.113.2 would_block", "203.0.113.3 would_block")
}

// TestManyTargets: an event that names a crowd is looked at in part, and the hits say so.
func TestManyTargets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	row := w.rule(Apply, `{"max_per_hour":500}`)
	var list []string
	for i := range 60 {
		list = append(list, fmt.Sprintf(`{"type":"ip","value":"203.0.113.%d","role":"source","observed":true}`, i+1))
	}
	w.append(w.event(`{"type":"detection.botnet","severity":"high","title":"x","entities":[` + strings.Join(list, ",") + `]}`))
	w.settled()
	if n := len(w.targets()); n != MaxTargets {
		t.Errorf("%d blocks, want %d", n, MaxTargets)
	}
	hits, _, err := w.s.Hits(t.Context(), "acme", row.ID, store.Page{Limit: 1})
	if err != nil || len(hits) != 1 || !strings.Contains(hits[0].Detail, "names 60 addresses: the first 10 count") {
		t.Errorf("the hits are %+v, %v", hits, err)
	}
}

// TestStorm: the cap of a rule is held in a storm, also over a restart, and what it did stays in the list.
func TestStorm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	row := w.rule(Apply, `{"max_per_hour":7}`)
	storm := func(third int) {
		var list []*event.Record
		for i := range 300 {
			list = append(list, w.detected(fmt.Sprintf("198.51.%d.%d", third, i%250+1)))
		}
		w.append(list...)
		w.settled()
	}
	storm(100)
	storm(101)
	if n := len(w.targets()); n != 7 {
		t.Errorf("%d blocks, want 7", n)
	}
	w.reopen()
	w.run()
	storm(102)
	if n := len(w.targets()); n != 7 {
		t.Errorf("%d blocks after a restart, want 7", n)
	}
	rep, err := w.s.Report(t.Context(), "acme", row.ID)
	if err != nil || rep.Live.Blocked != 7 || rep.Live.Refused != maxOthers {
		t.Errorf("the report is %+v, %v", rep.Live, err)
	}
	w.ahead.Add(int64(capWindow))
	storm(103)
	if n := len(w.targets()); n != 14 {
		t.Errorf("%d blocks an hour later, want 14", n)
	}
}

// TestShadowCap: a shadow counts by itself: a rule that is let loose has its whole cap.
func TestShadowCap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	row := w.rule(Shadow, `{"max_per_hour":2}`)
	w.append(w.detected("203.0.113.1"), w.detected("203.0.113.2"), w.detected("203.0.113.3"))
	w.settled()
	same(t, "shadow", w.hits(row.ID), "203.0.113.1 would_block", "203.0.113.2 would_block", "203.0.113.3 would_refuse")
	_, err := w.s.Update(t.Context(), "acme", row.ID, 0, json.RawMessage(`{"mode":"apply"}`))
	w.must(err)
	w.append(w.detected("203.0.113.4"), w.detected("203.0.113.5"), w.detected("203.0.113.6"))
	w.settled()
	same(t, "blocks", w.targets(), "203.0.113.4 active", "203.0.113.5 active")
}

// TestRepeats: an attacker who goes on is one hit and one block, and is looked at again later.
func TestRepeats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	row := w.rule(Apply, `{"ttl":"1h"}`)
	for range 50 {
		w.append(w.detected("203.0.113.7"))
	}
	w.settled()
	same(t, "hits", w.hits(row.ID), "203.0.113.7 blocked")
	if n := w.s.Stats().Folded; n != 49 {
		t.Errorf("%d decisions were folded, want 49", n)
	}
	w.ahead.Add(int64(6 * time.Minute))
	w.append(w.detected("203.0.113.7"), w.detected("203.0.113.7"))
	w.settled()
	same(t, "hits", w.hits(row.ID), "203.0.113.7 blocked", "203.0.113.7 repeated")
	same(t, "blocks", w.targets(), "203.0.113.7 active")
}

func TestTry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.detected("203.0.113.3")
	old.Received = w.now().Add(-100 * 24 * time.Hour)
	other := w.detected("203.0.113.9")
	other.Account = "other"
	got, err := w.s.Try(t.Context(), "acme", json.RawMessage(`{"name":"x","mode":"apply","subscription":{"types":["detection.*"],"min_severity":"high"},"block":{"max_per_hour":2}}`), []*event.Record{
		old, w.detected("203.0.113.1"), w.detected("203.0.113.1"), w.detected("10.0.0.1"), w.detected("203.0.113.4"), w.detected("203.0.113.5"), other,
		w.event(`{"type":"detection.brute_force","severity":"low","title":"x"}`), w.event(`{"type":"detection.brute_force","severity":"high","title":"203.0.113.66"}`),
	})
	w.must(err)
	if got.Looked != 9 || got.Matched != 7 || got.Without != 1 || got.Counts != (Tally{WouldBlock: 3, WouldRefuse: 2, Repeated: 1}) {
		t.Errorf("the trial is %+v", got)
	}
	if len(got.Items) != 5 || got.Items[0].Target != "203.0.113.3" || got.Items[4].Decision != WouldRefuse || !strings.Contains(got.Items[4].Detail, "own cap is 2") {
		t.Errorf("the items are %+v", got.Items)
	}
	same(t, "blocks", w.targets())
	if _, err := w.s.Try(t.Context(), "acme", json.RawMessage(`{"name":"x"}`), nil); err == nil {
		t.Error("a rule without types is tried")
	}
}
