package respond

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// lifeScenarios go on where scenarios ends.
var lifeScenarios = map[string]func(w *world){
	"who asks for no more than was asked already may approve it": func(w *world) {
		out := w.block("203.0.113.0/24", "24h")
		w.ask(erin, Request{Target: "203.0.113.0/24", TTL: "1h", Reason: "me too"})
		w.eq("history", w.steps(out.Block.ID), []string{"pending_approval", "asked_again"})
		_, err := w.Approve(w.as(erin), acme, out.Block.ID, "")
		w.must(err)
	},
	"a pending block becomes active when somebody asks who needs no approval": func(w *world) {
		_, evidence := evt()
		out, err := w.BlockByRule(w.t.Context(), rule, true, Request{Target: "203.0.113.7", TTL: "7d", Reason: "rule", Evidence: evidence})
		w.must(err)
		w.eq("state", []any{out.Block.State, out.Block.Rule, out.Block.Requester.Kind}, []any{store.BlockPending, rule.ID, "rule"})
		again := w.block("203.0.113.7", "1h")
		w.eq("active", []any{again.New, again.Block.ID == out.Block.ID, again.Block.State, again.Block.ExpiresAt}, []any{false, true, store.BlockActive, base.Add(7 * 24 * time.Hour)})
		w.eq("placements", len(again.Placements), 2)
	},
	"what nobody approved is not let in by a smaller request": func(w *world) {
		out := w.ask(dana, Request{Target: "203.0.113.7", TTL: "permanent", Reason: "for ever"})
		w.eq("state", out.Block.State, store.BlockPending)
		again := w.ask(dana, Request{Target: "203.0.113.7", TTL: "1h", Reason: "for now"})
		w.eq("active, for an hour", []any{again.Block.State, again.Block.ExpiresAt}, []any{store.BlockActive, base.Add(time.Hour)})
	},
	"the requester may withdraw, others may reject": func(w *world) {
		a := w.block("203.0.113.0/24", "24h")
		st, err := w.Reject(w.as(newKey), acme, a.Block.ID, "a mistake")
		w.must(err)
		w.eq("rejected", []any{st.Block.State, st.Block.Cause}, []any{store.BlockRejected, "withdrawn: a mistake"})
		w.eq("facts", w.said(), []string{"ip.block_pending", "ip.block_rejected"})
		c := w.block("203.0.113.0/24", "24h")
		w.eq("a new one", c.New, true)
		st, err = w.Reject(w.as(erin), acme, c.Block.ID, "no")
		w.must(err)
		w.eq("rejected", []any{st.Block.State, st.Block.Cause, st.Block.EndedAt}, []any{store.BlockRejected, "rejected: no", base})
	},
	"approval that comes too late is none": func(w *world) {
		out := w.block("203.0.113.0/24", "24h")
		w.pass(time.Hour)
		_, err := w.Approve(w.as(erin), acme, out.Block.ID, "")
		w.eq("late", errors.Is(err, ErrNotPending), true)
		st := w.get(out.Block.ID)
		w.eq("lapsed", []any{st.Block.State, len(st.Placements)}, []any{store.BlockLapsed, 0})
		w.eq("facts", w.said(), []string{"ip.block_pending", "ip.block_rejected"})
		w.eq("asked anew", w.block("203.0.113.0/24", "24h").New, true)
	},
	"the guard decides again when it is approved": func(w *world) {
		out := w.block("203.0.113.0/24", "24h")
		_, err := w.Approve(w.as(act.Actor{Kind: act.KindUser, ID: "usr_erin", Name: "erin", Address: "203.0.113.77"}), acme, out.Block.ID, "")
		w.eq("from inside", w.refused(err), []string{guard.CodeProtected})
		w.mu.Lock()
		w.sessions = map[netip.Addr]string{netip.MustParseAddr("::ffff:203.0.113.9"): "frank@example.com"}
		w.mu.Unlock()
		_, err = w.Approve(w.as(erin), acme, out.Block.ID, "")
		w.eq("somebody is signed in from there", w.refused(err), []string{guard.CodeProtected})
		w.mu.Lock()
		w.sessions = nil
		w.mu.Unlock()
		w.must(w.Kill(w.as(frank), acme, true, "maintenance"))
		_, err = w.Approve(w.as(erin), acme, out.Block.ID, "")
		w.eq("killed", w.refused(err), []string{guard.CodeKillSwitch})
		w.must(w.Kill(w.as(frank), acme, false, ""))
		w.responders.set(acme, wall)
		_, err = w.Approve(w.as(erin), acme, out.Block.ID, "")
		w.eq("its responder is gone", w.refused(err), []string{guard.CodeNoResponder})
		w.responders.set(acme, edge)
		_, err = w.Approve(w.as(erin), acme, out.Block.ID, "")
		w.must(err)
	},
	"an entry of the never-block list rejects what waits": func(w *world) {
		out := w.block("203.0.113.0/24", "24h")
		_, ended, err := w.Protect(w.as(frank), acme, ProtectedInput{Target: "203.0.113.5", Reason: "our mail server"}, false)
		w.must(err)
		w.eq("ended", len(ended), 1)
		_, err = w.Approve(w.as(erin), acme, out.Block.ID, "")
		w.eq("approve", errors.Is(err, ErrNotPending), true)
		w.eq("facts", w.said(), []string{"ip.block_pending", "ip.block_rejected"})
	},
	"unblock ends, once": func(w *world) {
		out := w.block("203.0.113.7", "24h")
		_, err := w.Unblock(w.as(erin), acme, out.Block.ID, 7, "")
		w.eq("version", errors.Is(err, ErrVersion), true)
		st, err := w.Unblock(w.as(erin), acme, out.Block.ID, out.Block.Version, "a customer")
		w.must(err)
		w.eq("removed", []any{st.Block.State, st.Block.Cause, st.Block.Decider.ID, st.Block.EndedAt}, []any{store.BlockRemoved, "a customer", "usr_erin", base})
		for _, p := range st.Placements {
			w.eq("wanted", p.Wanted, false)
		}
		w.eq("nudged", w.responders.nudged[edge.Integration], 2)
		again, err := w.Unblock(w.as(erin), acme, out.Block.ID, 0, "x")
		w.must(err)
		w.eq("stays", again.Block.Version, st.Block.Version)
		_, err = w.Unblock(w.as(erin), acme, event.NewID(), 0, "")
		w.eq("unknown", errors.Is(err, ErrNotFound), true)
		_, err = w.Unblock(w.as(erin), parent, out.Block.ID, 0, "")
		w.eq("another account's", errors.Is(err, ErrNotFound), true)
		w.eq("a new block", w.block("203.0.113.7", "").New, true)
	},
	"a block that is in force nowhere is told to be gone": func(w *world) {
		out := w.block("203.0.113.7", "24h")
		for _, id := range []event.ID{edge.Integration, wall.Integration} {
			w.must(w.store.DropResponder(w.t.Context(), acme, id, "the integration was deleted", base))
		}
		_, err := w.Unblock(w.as(erin), acme, out.Block.ID, 0, "")
		w.must(err)
		w.eq("facts", w.said(), []string{"ip.unblocked"})
	},
	"a block that had to make room is put there again when it is asked for": func(w *world) {
		first := w.block("203.0.113.7", "24h")
		w.block("203.0.113.8", "24h")
		p := first.Placements[0]
		p.State = store.PlacementEvicted
		w.must(w.store.SaveResponder(w.t.Context(), store.ResponderWrite{Account: acme, Integration: p.Integration, Placements: []store.Placement{p}}))
		w.pass(time.Hour)
		again := w.block("203.0.113.7", "1h")
		w.eq("new", []any{again.New, again.Block.ID != first.Block.ID, again.Block.ExpiresAt, len(again.Placements)}, []any{true, true, base.Add(24 * time.Hour), 2})
		st := w.get(first.Block.ID)
		w.eq("old", []any{st.Block.State, st.Placements[1].Wanted}, []any{store.BlockRemoved, false})
		list, err := w.Import(w.as(dana), acme, []Request{{Target: "203.0.113.7"}, {Target: "203.0.113.8"}})
		w.must(err)
		w.eq("in force", []any{list[0].Outcome.New, list[1].Outcome.New}, []any{false, false})
		w.eq("open", w.open(), []string{"203.0.113.7/32", "203.0.113.8/32"})
	},
	"change shortens and lengthens": func(w *world) {
		out := w.block("203.0.113.7", "24h")
		w.pass(time.Hour)
		st, err := w.Change(w.as(erin), acme, out.Block.ID, out.Block.Version, "10m", "")
		w.must(err)
		w.eq("shorter", []any{st.Block.ExpiresAt, st.Block.Reason, st.Placements[0].ExpiresAt}, []any{base.Add(70 * time.Minute), "brute force", base.Add(70 * time.Minute)})
		_, err = w.Change(w.as(erin), acme, out.Block.ID, out.Block.Version, "10m", "")
		w.eq("version", errors.Is(err, ErrVersion), true)
		_, err = w.Change(w.as(erin), acme, out.Block.ID, 0, "permanent", "")
		w.eq("permanent needs approval", w.refused(err), []string{guard.CodePermanent})
		st, err = w.Change(w.as(erin), acme, out.Block.ID, 0, "48h", "worse than it seemed")
		w.must(err)
		w.eq("longer", []any{st.Block.ExpiresAt, st.Block.Reason}, []any{base.Add(49 * time.Hour), "worse than it seemed"})
		w.must(w.Kill(w.as(frank), acme, true, ""))
		_, err = w.Change(w.as(erin), acme, out.Block.ID, 0, "72h", "")
		w.eq("killed", w.refused(err), []string{guard.CodeKillSwitch})
		_, err = w.Change(w.as(erin), acme, out.Block.ID, 0, "1h", "")
		w.must(err)
		_, err = w.Change(w.as(erin), acme, out.Block.ID, 0, "", "")
		w.eq("nothing", w.wrong(err), []string{""})
		w.pass(2 * time.Hour)
		_, err = w.Change(w.as(erin), acme, out.Block.ID, 0, "72h", "")
		w.eq("ended", errors.Is(err, ErrEnded), true)
		w.eq("expired by the way", w.get(out.Block.ID).Block.State, store.BlockExpired)
	},
	"the kill switch stops all but what ends": func(w *world) {
		out := w.block("203.0.113.7", "24h")
		w.must(w.Kill(w.as(dana), acme, true, "false positives everywhere"))
		w.eq("audit", w.recorder.last().Action, "response.kill_switch")
		_, err := w.Block(w.as(dana), acme, Request{Target: "203.0.113.8"})
		w.eq("codes", w.refused(err), []string{guard.CodeKillSwitch})
		if !strings.Contains(err.Error(), "false positives everywhere") {
			w.t.Error(err)
		}
		v, err := w.Judge(w.t.Context(), acme, Request{Target: "203.0.113.8"})
		w.must(err)
		w.eq("judged", v.Decision, guard.Refuse)
		_, err = w.Unblock(w.as(dana), acme, out.Block.ID, 0, "")
		w.must(err)
		w.restart()
		w.eq("survives", w.PolicyOf(acme).KillSwitch, true)
		w.must(w.Kill(w.as(dana), acme, false, ""))
		w.block("203.0.113.8", "")
	},
	"a kill switch above holds below, and goes with the one above": func(w *world) {
		w.must(w.Kill(w.as(dana), parent, true, "stop"))
		_, err := w.Block(w.as(dana), acme, Request{Target: "203.0.113.8"})
		w.eq("codes", w.refused(err), []string{guard.CodeKillSwitch})
		w.policy(`{"per_minute":7}`) // the account's own policy does not take the switch over
		w.eq("still", w.PolicyOf(acme).KillSwitch, true)
		w.must(w.Kill(w.as(dana), parent, false, ""))
		w.eq("gone", []any{w.PolicyOf(acme).KillSwitch, w.PolicyOf(acme).PerMinute}, []any{false, 7})
		w.block("203.0.113.8", "")
	},
	"a policy is had from above until one is saved": func(w *world) {
		_, _, err := w.SetPolicy(w.as(dana), parent, 0, json.RawMessage(`{"per_minute":5,"approve_all":true}`))
		w.must(err)
		p, _, version, err := w.Policy(w.t.Context(), acme)
		w.must(err)
		w.eq("from above", []any{p.PerMinute, p.ApproveAll, version}, []any{5, true, 0})
		doc, next, err := w.SetPolicy(w.as(dana), acme, 0, json.RawMessage(`{"approve_all":null}`))
		w.must(err)
		p, _ = guard.ParsePolicy(doc)
		w.eq("own", []any{p.PerMinute, p.ApproveAll, next}, []any{5, false, 1})
		_, _, err = w.SetPolicy(w.as(dana), acme, 9, json.RawMessage(`{}`))
		w.eq("version", errors.Is(err, ErrVersion), true)
		_, _, err = w.SetPolicy(w.as(dana), acme, next, json.RawMessage(`{"per_minute":-1,"kill":true}`))
		w.eq("paths", len(w.wrong(err)), 2)
		_, _, err = w.SetPolicy(w.as(dana), acme, next, json.RawMessage(`[]`))
		w.eq("no object", w.wrong(err), []string{""})
		w.restart()
		p, _, version, err = w.Policy(w.t.Context(), acme)
		w.must(err)
		w.eq("kept", []any{p.PerMinute, version}, []any{5, 1})
	},
	"a policy that cannot be read any more stops everything": func(w *world) {
		w.must(w.store.SaveResponsePolicy(w.t.Context(), store.ResponsePolicy{Account: acme, Document: json.RawMessage(`{"per_minute":"many"}`), UpdatedAt: base}))
		w.restart()
		_, err := w.Block(w.as(dana), acme, Request{Target: "203.0.113.8"})
		w.eq("codes", w.refused(err), []string{guard.CodeKillSwitch})
	},
	"an entry above ends blocks below, and dry runs say which": func(w *world) {
		w.block("203.0.113.7", "24h")
		w.block("203.0.113.8", "24h")
		w.block("2001:db8::7", "24h")
		in := ProtectedInput{Target: "203.0.113.0/29", Reason: "a partner", TTL: "8h"}
		_, touched, err := w.Protect(w.as(dana), parent, in, true)
		w.must(err)
		w.eq("touched", []any{len(touched), len(w.open())}, []any{1, 3})
		row, ended, err := w.Protect(w.as(dana), parent, in, false)
		w.must(err)
		w.eq("ended", []any{len(ended), ended[0].State, strings.HasPrefix(ended[0].Cause, "203.0.113.0/29 is protected since 2026-03-14: a partner")}, []any{1, store.BlockRemoved, true})
		w.eq("open", w.open(), []string{"2001:db8::7/128", "203.0.113.8/32"})
		w.eq("asked", errorOf(w.Block(w.as(dana), acme, Request{Target: "203.0.113.7"})) != nil, true)
		if reason, yes := w.Protected(acme, netip.MustParsePrefix("203.0.113.0/24")); !yes || !strings.Contains(reason, "a partner") {
			w.t.Errorf("protected: %t, %s", yes, reason)
		}
		w.pass(8 * time.Hour) // the exemption is over
		if _, yes := w.Protected(acme, netip.MustParsePrefix("203.0.113.7/32")); yes {
			w.t.Error("still protected")
		}
		w.block("203.0.113.7", "24h")
		// Renewed, it ends what was made meanwhile.
		_, err = w.ChangeProtected(w.as(dana), parent, row.ID, row.Version, "", "permanent")
		w.must(err)
		w.eq("open", w.open(), []string{"2001:db8::7/128", "203.0.113.8/32"})
		w.must(w.Unprotect(w.as(dana), parent, row.ID))
		w.block("203.0.113.7", "24h")
	},
	"the never-block list is kept in order": func(w *world) {
		row, _, err := w.Protect(w.as(dana), acme, ProtectedInput{Target: "203.0.113.7", Reason: " the office "}, false)
		w.must(err)
		w.eq("entry", []any{row.Prefix, row.Reason, row.Author, row.Version}, []any{"203.0.113.7/32", "the office", "dana@example.com", 1})
		for _, in := range []ProtectedInput{{Target: "0.0.0.0/0", Reason: "x"}, {Target: "203.0.113.7", Reason: "x"}, {Target: "x", Reason: "x"}} {
			_, _, err := w.Protect(w.as(dana), acme, in, false)
			w.eq(in.Target, w.wrong(err), []string{"target"})
		}
		_, _, err = w.Protect(w.as(dana), acme, ProtectedInput{Target: "203.0.113.9", TTL: "x"}, false)
		w.eq("paths", w.wrong(err), []string{"reason", "ttl"})
		_, err = w.ChangeProtected(w.as(dana), acme, row.ID, 5, "x", "")
		w.eq("version", errors.Is(err, ErrVersion), true)
		changed, err := w.ChangeProtected(w.as(dana), acme, row.ID, 1, "headquarters", "30m")
		w.must(err)
		w.eq("changed", []any{changed.Reason, changed.ExpiresAt, changed.Version}, []any{"headquarters", base.Add(30 * time.Minute), 2})
		w.restart()
		got, err := w.GetProtected(w.t.Context(), acme, row.ID)
		w.must(err)
		w.eq("kept", got, changed)
		_, err = w.GetProtected(w.t.Context(), parent, row.ID)
		w.eq("another account's", errors.Is(err, ErrNoProtect), true)
		all, own, err := w.ProtectedList(w.as(dana), acme, true)
		w.must(err)
		var sources []string
		for _, p := range all {
			if !slices.Contains(sources, p.Source) {
				sources = append(sources, p.Source)
			}
		}
		slices.Sort(sources)
		w.eq("sources", []any{sources, len(own)}, []any{[]string{"caller", "cloudflare", "list", "operator", "own", "reserved", "resolver"}, 1})
		w.must(w.Unprotect(w.as(dana), acme, row.ID))
		w.eq("again", errors.Is(w.Unprotect(w.as(dana), acme, row.ID), ErrNoProtect), true)
	},
	"what is protected since the last start is ended at the next": func(w *world) {
		w.block("203.0.113.7", "24h")
		w.block("203.0.113.8", "24h")
		w.deps.Operator = map[netip.Prefix]string{netip.MustParsePrefix("203.0.113.7/32"): "the new gateway"}
		w.restart()
		w.eq("open", w.open(), []string{"203.0.113.8/32"})
		w.must(w.Addresses(w.t.Context(), []netip.Prefix{netip.MustParsePrefix("203.0.113.0/28")}, nil))
		w.eq("open", len(w.open()), 0)
	},
	"undo ends the newest, all since a time, mine, a rule's": func(w *world) {
		for n := range 3 {
			w.block(address(n), "24h")
			w.pass(time.Minute)
		}
		since := w.time()
		w.ask(erin, Request{Target: address(3)})
		_, evidence := evt()
		_, err := w.BlockByRule(w.t.Context(), rule, false, Request{Target: address(4), Evidence: evidence})
		w.must(err)
		undo := func(spec UndoSpec) []string {
			list, err := w.Undo(w.as(dana), acme, spec)
			w.must(err)
			var targets []string
			for _, b := range list {
				targets = append(targets, b.Target.Addr().String())
			}
			return targets
		}
		w.eq("dry", undo(UndoSpec{Last: 2, DryRun: true}), []string{address(4), address(3)})
		w.eq("open", len(w.open()), 5)
		w.eq("mine", undo(UndoSpec{Last: 1, Mine: true}), []string{address(2)})
		w.eq("rule", undo(UndoSpec{Last: 10, Rule: rule.ID.Text(event.PrefixResponse)}), []string{address(4)})
		w.eq("since", undo(UndoSpec{Since: &since, Reason: "a mistake"}), []string{address(3)})
		w.eq("last", undo(UndoSpec{Last: 10}), []string{address(1), address(0)})
		w.eq("open", len(w.open()), 0)
		for _, spec := range []UndoSpec{{}, {Last: -1}, {Last: MaxUndo + 1}, {Last: 1, Since: &since}, {Last: 1, Rule: "x"}} {
			_, err := w.Undo(w.as(dana), acme, spec)
			w.eq("wrong", len(w.wrong(err)), 1)
		}
	},
}
