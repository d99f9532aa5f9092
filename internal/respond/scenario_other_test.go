package respond

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// otherScenarios go on where lifeScenarios ends.
var otherScenarios = map[string]func(w *world){
	"a dry run and a plan write nothing": func(w *world) {
		w.block("203.0.113.7", "24h")
		acts, writes := w.recorder.count(), w.store.written()
		out, err := w.Block(w.as(dana), acme, Request{Target: "203.0.113.8", DryRun: true})
		w.must(err)
		w.eq("dry", []any{out.New, out.Block.ID.IsZero(), len(out.Placements)}, []any{true, true, 2})
		p, err := w.Plan(w.as(dana), acme, Request{Target: "::ffff:203.0.113.8", TTL: "7d", Reason: "x"})
		w.must(err)
		w.eq("plan", []any{p.Decision, p.Target, *p.ExpiresAt, p.Merges, len(p.Responders), p.Responders[0].Call.Body},
			[]any{guard.Allow, "203.0.113.8", base.Add(7 * 24 * time.Hour), "", 2, "203.0.113.8/32"})
		p, err = w.Plan(w.as(dana), acme, Request{Target: "203.0.113.7", TTL: "7d"})
		w.must(err)
		w.eq("merges", strings.HasPrefix(p.Merges, "blk_"), true)
		p, err = w.Plan(w.as(dana), acme, Request{Target: "203.0.113.0/24"})
		w.must(err)
		w.eq("range", []any{p.Decision, p.Responders[0].Action, p.Responders[1].Action}, []any{guard.Approve, "add", "unsupported"})
		p, err = w.Plan(w.as(dana), acme, Request{Target: "10.0.0.0/8"})
		w.must(err)
		w.eq("refused", []any{p.Decision, p.Findings[0].Code, len(p.Responders)}, []any{guard.Refuse, guard.CodeProtected, 0})
		w.responders.fails = errors.New("the vendor does not answer")
		p, err = w.Plan(w.as(dana), acme, Request{Target: "203.0.113.9"})
		w.must(err)
		w.eq("unknown", []any{p.Responders[1].Action, p.Responders[1].Detail}, []any{"unknown", "the vendor does not answer"})
		w.eq("acts and writes", []int{w.recorder.count(), w.store.written()}, []int{acts, writes})
		w.eq("open", len(w.open()), 1)
	},
	"what a rule asks for because of one event is done once": func(w *world) {
		_, evidence := evt()
		r := Request{Target: "203.0.113.7", Reason: "rule\x00\x1b[31m", Evidence: evidence}
		first, err := w.BlockByRule(w.t.Context(), rule, false, r)
		w.must(err)
		w.eq("reason", first.Block.Reason, "rule\ufffd\ufffd[31m")
		w.pass(time.Hour)
		again := func(what string, id event.ID, state store.BlockState) {
			w.t.Helper()
			writes := w.store.written()
			out, err := w.BlockByRule(w.t.Context(), rule, false, r)
			w.must(err)
			w.eq(what, []any{out.New, out.Block.ID == id, out.Block.State, w.store.written() - writes}, []any{false, true, state, 0})
		}
		again("open", first.Block.ID, store.BlockActive)
		_, err = w.Unblock(w.as(dana), acme, first.Block.ID, 0, "")
		w.must(err)
		again("ended", first.Block.ID, store.BlockRemoved)
		w.restart()
		again("after a restart", first.Block.ID, store.BlockRemoved)
		// Merged into a person's block.
		mine := w.ask(dana, Request{Target: "203.0.113.7", Reason: "me"})
		_, r.Evidence = evt()
		out, err := w.BlockByRule(w.t.Context(), rule, false, r)
		w.must(err)
		w.eq("merged", out.Block.ID, mine.Block.ID)
		w.pass(time.Hour)
		again("merged", mine.Block.ID, store.BlockActive)
		w.restart()
		again("merged, after a restart", mine.Block.ID, store.BlockActive)
	},
	"a rule is judged as it is blocked": func(w *world) {
		w.policy(`{"approve_automatic":true}`)
		v, err := w.Judge(w.t.Context(), acme, Request{Target: "203.0.113.7", TTL: "1h"})
		w.must(err)
		w.eq("asks", v.Decision, guard.Approve)
		_, evidence := evt()
		out, err := w.BlockByRule(w.t.Context(), rule, false, Request{Target: "203.0.113.7", TTL: "1h", Evidence: evidence})
		w.must(err)
		w.eq("asks", out.Block.State, store.BlockPending)
		v, err = w.Judge(w.t.Context(), acme, Request{Target: "10.0.0.1"})
		w.must(err)
		w.eq("refuses", v.Decision, guard.Refuse)
		w.eq("nobody was asked", w.responders.previews, 0)
		_, err = w.Approve(w.as(dana), acme, out.Block.ID, "")
		w.must(err)
	},
	"a rule's proposal changes nothing about a block that is in force": func(w *world) {
		first := w.block("203.0.113.7", "1h")
		_, evidence := evt()
		out, err := w.BlockByRule(w.t.Context(), rule, true, Request{Target: "203.0.113.7", TTL: "24h", Evidence: evidence})
		w.must(err)
		w.eq("stays", []any{out.New, out.Block.ID == first.Block.ID, out.Block.ExpiresAt}, []any{false, true, base.Add(time.Hour)})
		w.eq("history", w.steps(first.Block.ID), []string{"active", "asked_again"})
	},
	"more than a thousand do not wait for approval": func(w *world) {
		w.policy(`{"approve_all":true}`)
		rs := make([]Request, MaxPending+1)
		for i := range rs {
			rs[i] = Request{Target: address(i)}
		}
		list, err := w.Import(w.as(dana), acme, rs)
		w.must(err)
		w.eq("the last one that fits", list[MaxPending-1].Err, error(nil))
		w.eq("codes", w.refused(list[MaxPending].Err), []string{guard.CodeFourEyes})
		_, err = w.Block(w.as(dana), acme, Request{Target: "2001:db8::1"})
		w.eq("codes", w.refused(err), []string{guard.CodeFourEyes})
		w.eq("one that waits is asked for again", w.ask(erin, Request{Target: address(0), TTL: "48h"}).New, false)
	},
	"an import has good and bad lines": func(w *world) {
		w.policy(`{"per_minute":3}`)
		w.block(address(0), "1h")
		list, err := w.Import(w.as(dana), acme, []Request{
			{Target: address(1), Reason: "list"}, {Target: "x"}, {Target: "10.0.0.1"}, {Target: address(0), TTL: "48h"}, {Target: address(1), TTL: "48h"},
			{Target: address(2)}, {Target: address(3)}, {Target: address(4), Evidence: Evidence{Incident: "INC-1"}}, {Target: address(1)},
		})
		w.must(err)
		var got []string
		for _, a := range list {
			switch {
			case a.Outcome == nil:
				_, fields := errors.AsType[*RefusedError](a.Err)
				got = append(got, map[bool]string{true: "refused", false: "wrong"}[fields])
			case a.Outcome.New:
				got = append(got, string(a.Outcome.Block.State))
			default:
				got = append(got, "merged")
			}
		}
		w.eq("outcomes", got, []string{"active", "wrong", "refused", "merged", "merged", "active", "pending_approval", "wrong", "merged"})
		w.eq("longest", list[0].Outcome.Block.ExpiresAt, base.Add(48*time.Hour))
		w.eq("placements", []int{len(list[0].Outcome.Placements), len(list[3].Outcome.Placements)}, []int{2, 2})
		st := w.get(list[0].Outcome.Block.ID)
		w.eq("stored", []any{st.Block.ExpiresAt, st.Placements[0].ExpiresAt}, []any{base.Add(48 * time.Hour), base.Add(48 * time.Hour)})
		a := w.recorder.last()
		w.eq("audit", []any{a.Action, a.Target, a.err}, []any{"block.import", "9 blocks", nil})
		_, err = w.Import(w.as(dana), acme, make([]Request, MaxImport+1))
		w.eq("too many", w.wrong(err), []string{""})
		dry, err := w.Import(w.as(dana), acme, []Request{{Target: address(9), DryRun: true}})
		w.must(err)
		w.eq("dry", []any{dry[0].Outcome.New, dry[0].Outcome.Block.ID.IsZero(), slices.Contains(w.open(), address(9)+"/32")}, []any{true, true, false})
	},
	"a write that fails changes nothing": func(w *world) {
		w.block(address(0), "24h")
		broken := errors.New("the disk is full")
		w.store.fail(broken, false)
		_, err := w.Block(w.as(dana), acme, Request{Target: address(1)})
		w.eq("error", errors.Is(err, broken), true)
		_, err = w.Unblock(w.as(dana), acme, w.open0(), 0, "")
		w.eq("error", errors.Is(err, broken), true)
		w.eq("recorded as failed", errors.Is(w.recorder.last().err, broken), true)
		list, err := w.Import(w.as(dana), acme, []Request{{Target: address(2)}})
		w.eq("error", []any{errors.Is(err, broken), errors.Is(list[0].Err, broken), list[0].Outcome == nil}, []any{true, true, true})
		w.store.fail(nil, false)
		w.eq("open", w.open(), []string{address(0) + "/32"})
		w.agree()
		w.eq("again", w.block(address(1), "24h").New, true)
	},
	"an answer that is lost is found again": func(w *world) {
		lost := errors.New("the answer is lost")
		w.store.fail(lost, true)
		_, err := w.Block(w.as(dana), acme, Request{Target: address(1)})
		w.eq("error", errors.Is(err, lost), true)
		w.store.fail(nil, false)
		w.eq("it was made", w.block(address(1), "24h").New, false)
	},
	"without a record nothing is done": func(w *world) {
		w.recorder.err = errors.New("the record is broken")
		_, err := w.Block(w.as(dana), acme, Request{Target: address(1)})
		w.eq("error", errors.Is(err, w.recorder.err), true)
		w.eq("killed", errors.Is(w.Kill(w.as(dana), acme, true, ""), w.recorder.err), true)
		w.eq("open", len(w.open()), 0)
	},
	"without knowing where people are nothing is blocked": func(w *world) {
		broken := errors.New("the sessions cannot be read")
		w.deps.Sessions = func(context.Context, event.Account) (map[netip.Addr]string, error) { return nil, broken }
		w.restart()
		_, err := w.Block(w.as(dana), acme, Request{Target: address(1)})
		w.eq("error", errors.Is(err, broken), true)
	},
	"a full responder is not filled further": func(w *world) {
		small := wall
		small.Capacity, small.Used, small.Ours = 10, 5, 0
		w.responders.set(acme, small)
		for n := range 3 { // 80 % are 8
			w.eq("state", w.block(address(n), "").Block.State, store.BlockActive)
		}
		out := w.block(address(3), "")
		w.eq("share", []any{out.Block.State, out.Verdict.Findings[0].Code}, []any{store.BlockPending, guard.CodeShare})
		// What the vendor holds by now is not counted twice.
		small.Used, small.Ours = 8, 3
		w.responders.set(acme, small)
		small.Capacity = 12
		w.responders.set(acme, small)
		w.eq("state", w.block(address(4), "").Block.State, store.BlockActive)
	},
	"a family with a place of its own is not filled further": func(w *world) {
		sets := edge
		sets.Capacity, sets.Limits.Capacity, sets.Limits.CapacityIPv4, sets.Limits.CapacityIPv6 = 20, 20, 10, 10
		sets.Used, sets.IPv4.Used, sets.IPv6.Used = 7, 6, 1 // somebody else's
		w.responders.set(acme, sets)
		for n := range 2 { // 80 % of the place of IPv4 are 8
			w.eq("state", w.block(address(n), "").Block.State, store.BlockActive)
		}
		out := w.block(address(2), "")
		w.eq("share", []any{out.Block.State, out.Verdict.Findings[0].Code}, []any{store.BlockPending, guard.CodeShare})
		for n := range 7 {
			w.eq("state", w.block("2001:db8::"+address(n), "").Block.State, store.BlockActive)
		}
		w.eq("state", w.block("2001:db8::1", "").Block.State, store.BlockPending)
	},
	"a restart keeps everything": func(w *world) {
		a, b := w.block(address(0), "24h"), w.block("203.0.113.0/24", "24h")
		w.restart()
		w.agree()
		w.eq("merged", w.block(address(0), "24h").Block.ID, a.Block.ID)
		st, err := w.Approve(w.as(erin), acme, b.Block.ID, "")
		w.must(err)
		w.eq("approved", []any{st.Block.State, st.Block.Requester.Principals}, []any{store.BlockActive, []string{"usr_dana"}})
	},
	"accounts do not see each other": func(w *world) {
		w.responders.set(parent, reconcile.State{Integration: event.ID{8}, Account: parent, Enabled: true, Limits: wall.Limits})
		a := w.block(address(0), "24h")
		out, err := w.Block(w.as(dana), parent, Request{Target: address(0)})
		w.must(err)
		w.eq("another block", []any{out.New, out.Block.ID != a.Block.ID}, []any{true, true})
		_, err = w.Block(w.as(dana), parent, Request{Target: address(1), Integrations: idTexts([]event.ID{edge.Integration})})
		w.eq("another account's responder", w.wrong(err), []string{"integrations.0"})
		_, err = w.Get(w.t.Context(), parent, a.Block.ID)
		w.eq("another account's block", errors.Is(err, ErrNotFound), true)
		_, err = w.Undo(w.as(dana), parent, UndoSpec{Last: 100})
		w.must(err)
		w.eq("open", w.open(), []string{address(0) + "/32"})
	},
	"lists, counts and retries": func(w *world) {
		a, _ := w.block(address(0), "24h"), w.block(address(1), "24h")
		list, next, err := w.List(w.t.Context(), store.BlockFilter{Account: acme}, store.Page{Limit: 1})
		w.must(err)
		w.eq("list", []any{len(list), list[0].Block.Target, len(list[0].Placements), next != ""}, []any{1, address(1) + "/32", 2, true})
		c, err := w.Counts(w.t.Context(), acme)
		w.must(err)
		w.eq("counts", []any{c.Blocks[store.BlockActive], c.Placements[edge.Integration][store.PlacementRequested]}, []any{2, 2})
		_, err = w.Retry(w.as(dana), acme, a.Block.ID)
		w.must(err)
		w.eq("retried", len(w.responders.retried), 2)
		_, err = w.Retry(w.as(dana), acme, event.NewID())
		w.eq("unknown", errors.Is(err, ErrNotFound), true)
	},
}
