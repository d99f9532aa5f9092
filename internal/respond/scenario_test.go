package respond

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestScenarios goes through what people, rules and accidents do to the service over a real store.
func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, part := range []map[string]func(w *world){scenarios, lifeScenarios, otherScenarios} {
		for name, run := range part {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				run(w)
				if !t.Failed() {
					w.agree()
				}
			})
		}
	}
}

var rule = store.ResponseRule{ID: event.ID{9}, Account: acme, Name: "brute force", Mode: "apply"}

func evt() (event.ID, Evidence) {
	id := event.NewID()
	return id, Evidence{Event: id.Text(event.PrefixEvent)}
}

// scenarios begin with asking and merging; lifeScenarios and otherScenarios go on.
var scenarios = map[string]func(w *world){
	"a block is active at all responders that take it": func(w *world) {
		out := w.block("203.0.113.7", "")
		w.eq("new", out.New, true)
		w.eq("state", out.Block.State, store.BlockActive)
		w.eq("ends", out.Block.ExpiresAt, base.Add(24*time.Hour))
		st := w.get(out.Block.ID)
		w.eq("placements", len(st.Placements), 2)
		for _, p := range st.Placements {
			w.eq("placement", []any{p.Wanted, p.State, p.ExpiresAt.Equal(out.Block.ExpiresAt)}, []any{true, store.PlacementRequested, true})
		}
		w.eq("version", st.Block.Version, out.Block.Version)
		w.eq("nudged", w.responders.nudged, map[event.ID]int{edge.Integration: 1, wall.Integration: 1})
		w.eq("history", w.steps(out.Block.ID), []string{"active"})
		a := w.recorder.last()
		w.eq("audit", []any{a.Action, a.Target, a.err}, []any{"block.request", "203.0.113.7", nil})
		w.eq("facts", w.said(), []string(nil)) // the reconciler tells when it is applied
	},
	"a range goes to those that take it": func(w *world) {
		w.policy(`{"approve_wider_ipv4":24}`)
		out := w.block("203.0.113.0/24", "1h")
		w.eq("responders", out.Block.Responders, []event.ID{edge.Integration})
	},
	"protected addresses are refused in every spelling, and the refusal is recorded": func(w *world) {
		w.sessions = map[netip.Addr]string{netip.MustParseAddr("203.0.113.99"): "grace@example.com"}
		_, _, err := w.Protect(w.as(dana), acme, ProtectedInput{Target: "203.0.113.128/25", Reason: "customers"}, false)
		w.must(err)
		for _, target := range []string{
			"10.0.0.1", "127.0.0.1", "::1", "::ffff:10.0.0.1", "::ffff:a00:1", "169.254.169.254", "1.1.1.1", "8.8.8.8", "104.16.0.1", "2606:4700::1",
			"fe80::1", "64:ff9b::a00:1", "2002:a00:1::", "0.0.0.0", "224.0.0.1", "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.70", "198.51.100.10",
			"203.0.113.99", "203.0.113.200", "::ffff:203.0.113.200", "203.0.113.0/24", "192.0.2.0/24",
		} {
			_, err := w.Block(w.as(dana), acme, Request{Target: target, Reason: "x"})
			if codes := w.refused(err); !slices.Contains(codes, guard.CodeProtected) {
				w.t.Errorf("%s: %v", target, codes)
			}
			if a := w.recorder.last(); a.Action != "block.request" || !errors.Is(a.err, act.ErrRefused) {
				w.t.Errorf("%s: recorded %s: %v", target, a.Action, a.err)
			}
		}
		w.eq("open", len(w.open()), 0)
	},
	"what is no target says so, and is not recorded": func(w *world) {
		before := w.recorder.count()
		for _, target := range []string{"", "example.com", "010.0.0.1", "0x7f.1", "2130706433", "fe80::1%eth0", "203.0.113.7/24", "203.0.113.7;", "１.2.3.4", "203.0.113.7/33"} {
			_, err := w.Block(w.as(dana), acme, Request{Target: target})
			w.eq(target, w.wrong(err), []string{"target"})
		}
		w.eq("acts", w.recorder.count(), before)
	},
	"every wrong field is named": func(w *world) {
		_, err := w.Block(w.as(dana), acme, Request{
			Target: "x", TTL: "soon", Reason: "a\x00b", Integrations: []string{edge.Integration.Text(event.PrefixIntegration), "int_x"},
			Evidence: Evidence{Alert: "alr_x", Event: "evt_x", Incident: "1042"},
		})
		w.eq("paths", w.wrong(err), []string{"target", "ttl", "reason", "integrations.1", "evidence.alert", "evidence.event", "evidence.incident"})
	},
	"responders that are named must be there, be enabled and take it": func(w *world) {
		w.responders.set(acme, edge, wall, dead)
		ids := func(list ...event.ID) []string { return idTexts(list) }
		_, err := w.Block(w.as(dana), acme, Request{Target: "203.0.113.7", Integrations: ids(edge.Integration, event.ID{77}, dead.Integration)})
		w.eq("paths", w.wrong(err), []string{"integrations.1", "integrations.2"})
		_, err = w.Block(w.as(dana), acme, Request{Target: "2001:db8::7", Integrations: ids(wall.Integration)})
		w.eq("paths", w.wrong(err), []string{"integrations.0"})
		out := w.ask(dana, Request{Target: "203.0.113.7", Integrations: ids(wall.Integration, wall.Integration)})
		w.eq("responders", out.Block.Responders, []event.ID{wall.Integration})
	},
	"without a responder it says what to do": func(w *world) {
		w.responders.set(acme)
		_, err := w.Block(w.as(dana), acme, Request{Target: "203.0.113.7"})
		w.eq("codes", w.refused(err), []string{guard.CodeNoResponder})
		if !strings.Contains(err.Error(), "Settings → Integrations") {
			w.t.Error(err)
		}
		w.responders.set(acme, wall)
		_, err = w.Block(w.as(dana), acme, Request{Target: "2001:db8::7"})
		w.eq("codes", w.refused(err), []string{guard.CodeUnsupported})
	},
	"evidence must be there": func(w *world) {
		_, evidence := evt()
		evidence.Incident, evidence.Alert = "INC-7", event.NewID().Text(event.PrefixAlert)
		_, err := w.Block(w.as(dana), acme, Request{Target: "203.0.113.7", Evidence: evidence})
		w.eq("paths", w.wrong(err), []string{"evidence.alert", "evidence.incident", "evidence.event"})
		w.eq("incident", w.ask(dana, Request{Target: "203.0.113.7", Evidence: Evidence{Incident: "INC-1042"}}).Block.Incident, 1042)
	},
	"an alert's victim that only its text names is never blocked": func(w *world) {
		id := event.NewID()
		w.evidences.alerts = map[event.ID]store.Alert{id: {ID: id, Account: acme, Title: "attack by 203.0.113.66 on 203.0.113.5", Entities: []event.Entity{
			{Type: "ip", Value: "203.0.113.66", Role: "source"},                            // parsed from text
			{Type: "ip", Value: "203.0.113.5", Role: "target"},                             // parsed from text
			{Type: "ip", Value: "::ffff:203.0.113.7", Role: "source", Observed: true},      // seen
			{Type: "ip", Value: "203.0.113.9", Role: "target", Observed: true},             // seen
			{Type: "host", Value: "203.0.113.11", Role: "source", Observed: true},          // no address
			{Type: "ip", Value: "0x7f000001", Role: "source", Observed: true},              // no address that all read alike
			{Type: "ip", Value: "203.0.113.0/25", Role: "source", Observed: true},          // a range
			{Type: "ip", Value: "203.0.113.7 ", Role: "source", Observed: true},            // once more
			{Type: "user", Value: "alice@example.com", Role: "target", Observed: true},     // nobody
			{Type: "ip", Value: "<b>203.0.113.13</b>", Role: "source", Observed: true},     // markup
			{Type: "ip", Value: strings.Repeat("1", 4000), Role: "source", Observed: true}, // long
		}}}
		for _, target := range []string{"203.0.113.66", "203.0.113.5", "203.0.113.11", "203.0.113.0/24", "203.0.113.0/25", "203.0.113.13"} {
			_, err := w.BlockAlert(w.as(dana), acme, id, Request{Target: target})
			w.eq(target, w.wrong(err), []string{"target"})
		}
		out, err := w.BlockAlert(w.as(dana), acme, id, Request{})
		w.must(err)
		w.eq("target", out.Block.Target, "203.0.113.7/32")
		w.eq("evidence", out.Block.Alert, id)
		out, err = w.BlockAlert(w.as(dana), acme, id, Request{Target: "::ffff:203.0.113.9"})
		w.must(err)
		w.eq("target", out.Block.Target, "203.0.113.9/32")
		_, err = w.BlockAlert(w.as(dana), parent, id, Request{})
		if !errors.Is(err, store.ErrNotFound) {
			w.t.Errorf("another account's alert: %v", err)
		}
		w.eq("open", w.open(), []string{"203.0.113.7/32", "203.0.113.9/32"})
	},
	"an event's observed address is found": func(w *world) {
		e := event.Event{Type: "alert.created", Title: "x", Entities: []event.Entity{{Type: "ip", Value: "203.0.113.7", Observed: true}, {Type: "ip", Value: "203.0.113.8", Role: "source"}}}
		r, err := event.FromEvent(&e, event.Origin{Account: acme, Received: base}, event.DefaultLimits())
		w.must(err)
		w.evidences.events = map[event.ID]*event.Record{r.ID: r}
		out, err := w.BlockEvent(w.as(dana), acme, r.ID, Request{})
		w.must(err)
		w.eq("block", []any{out.Block.Target, out.Block.Event}, []any{"203.0.113.7/32", r.ID})
	},
	"several observed addresses must be told apart": func(w *world) {
		id := event.NewID()
		w.evidences.alerts = map[event.ID]store.Alert{id: {ID: id, Account: acme, Entities: []event.Entity{
			{Type: "ip", Value: "203.0.113.7", Role: "source", Observed: true}, {Type: "ip", Value: "203.0.113.8", Role: "source", Observed: true},
		}}}
		_, err := w.BlockAlert(w.as(dana), acme, id, Request{})
		w.eq("paths", w.wrong(err), []string{"target"})
		if !strings.Contains(err.Error(), "203.0.113.7, 203.0.113.8") {
			w.t.Error(err)
		}
	},
	"the same request once more writes nothing": func(w *world) {
		first := w.block("203.0.113.7", "24h")
		writes := w.store.written()
		for range 20 {
			out := w.block("::ffff:203.0.113.7", "24h")
			w.eq("merged", []any{out.New, out.Block.ID}, []any{false, first.Block.ID})
			w.eq("placements", len(out.Placements), 2)
		}
		w.eq("writes", w.store.written(), writes)
		w.eq("history", w.steps(first.Block.ID), []string{"active"})
	},
	"a second request lasts until whichever is later": func(w *world) {
		first := w.block("203.0.113.7", "24h")
		w.pass(time.Hour)
		out := w.block("203.0.113.7", "1h") // never shorter
		w.eq("ends", out.Block.ExpiresAt, base.Add(24*time.Hour))
		out = w.block("203.0.113.7", "24h")
		w.eq("ends", out.Block.ExpiresAt, base.Add(25*time.Hour))
		w.eq("ttl", out.Block.TTL, 25*time.Hour)
		for _, p := range out.Placements {
			w.eq("placement ends", p.ExpiresAt, base.Add(25*time.Hour))
		}
		w.policy(`{"approve_permanent":false}`)
		out = w.block("203.0.113.7", "permanent")
		w.eq("permanent", []any{out.Block.ExpiresAt.IsZero(), out.Block.TTL}, []any{true, time.Duration(0)})
		out = w.block("203.0.113.7", "24h")
		w.eq("permanent wins", out.Block.ExpiresAt.IsZero(), true)
		w.eq("one block", w.open(), []string{"203.0.113.7/32"})
		w.eq("history", w.steps(first.Block.ID), []string{"active", "extended", "extended"})
	},
	"what would need approval is not done to a block that is in force": func(w *world) {
		first := w.block("203.0.113.7", "24h")
		_, err := w.Block(w.as(erin), acme, Request{Target: "203.0.113.7", TTL: "permanent", Reason: "x"})
		w.eq("codes", w.refused(err), []string{guard.CodePermanent})
		w.eq("stays", w.get(first.Block.ID).Block.ExpiresAt, base.Add(24*time.Hour))
	},
	"another reason goes into the history": func(w *world) {
		first := w.block("203.0.113.7", "24h")
		out := w.ask(erin, Request{Target: "203.0.113.7", TTL: "1h", Reason: "scans as well", Evidence: Evidence{Incident: "INC-1042"}})
		w.eq("merged", out.New, false)
		list, err := w.History(w.t.Context(), acme, first.Block.ID)
		w.must(err)
		w.eq("step", []string{list[1].State, list[1].Cause, list[1].By}, []string{"asked_again", "INC-1042, scans as well", "erin@example.com"})
	},
	"a responder that is named anew is added": func(w *world) {
		first := w.ask(dana, Request{Target: "203.0.113.7", Integrations: idTexts([]event.ID{edge.Integration})})
		out := w.ask(dana, Request{Target: "203.0.113.7", Integrations: idTexts([]event.ID{wall.Integration})})
		w.eq("merged", []any{out.New, out.Block.ID == first.Block.ID, len(out.Placements), len(out.Block.Responders)}, []any{false, true, 2, 2})
		w.eq("nudged", w.responders.nudged[wall.Integration], 1)
	},
	"a responder that comes later is not used by older blocks": func(w *world) {
		w.responders.set(acme, edge)
		out := w.block("203.0.113.7", "24h")
		w.responders.set(acme, edge, wall)
		w.restart()
		w.eq("placements", len(w.get(out.Block.ID).Placements), 1)
	},
	"narrow and wide blocks are blocks of their own": func(w *world) {
		w.policy(`{"approve_wider_ipv4":0,"approve_wider_ipv6":0}`)
		w.block("203.0.113.7", "48h")
		w.block("203.0.113.0/24", "1h")
		w.block("203.0.113.8", "1h")
		w.block("2001:db8:1::/48", "1h")
		w.block("2001:db8:1::7", "1h")
		w.eq("open", len(w.open()), 5)
		why, err := w.Why(w.as(frank), acme, "203.0.113.7")
		w.must(err)
		w.eq("overlap", len(why.Blocks), 2)
		why, err = w.Why(w.as(frank), acme, "203.0.113.0/28")
		w.must(err)
		w.eq("overlap", len(why.Blocks), 3)
	},
	"the rates hold, and what is beyond waits for approval": func(w *world) {
		w.policy(`{"per_minute":3,"per_hour":5}`)
		for n := range 4 {
			w.eq("state", w.block(address(n), "24h").Block.State, []store.BlockState{"active", "active", "active", "pending_approval"}[n])
		}
		w.pass(61 * time.Second)
		w.block(address(4), "24h")
		w.restart() // what became active before still counts
		w.block(address(5), "24h")
		out := w.block(address(6), "24h")
		w.eq("the hour is full", []any{out.Block.State, out.Verdict.Findings[0].Code}, []any{"pending_approval", guard.CodeRateHour})
		w.eq("facts", w.said(), []string{"ip.block_pending", "ip.block_pending"})
		w.policy(`{"on_breach":"refuse"}`)
		_, err := w.Block(w.as(dana), acme, Request{Target: address(7)})
		w.eq("codes", w.refused(err), []string{guard.CodeRateHour})
		// Approval does not lift what is refused.
		_, err = w.Approve(w.as(erin), acme, out.Block.ID, "")
		w.eq("codes", w.refused(err), []string{guard.CodeRateHour})
		w.pass(time.Hour - 61*time.Second)
		_, err = w.Approve(w.as(erin), acme, out.Block.ID, "")
		if !errors.Is(err, ErrNotPending) && err != nil {
			w.t.Error(err)
		}
	},
	"a pending block has no placements until somebody else approves it": func(w *world) {
		out := w.block("203.0.113.0/24", "24h")
		w.eq("state", out.Block.State, store.BlockPending)
		w.eq("placements", len(w.get(out.Block.ID).Placements), 0)
		w.eq("nudged", len(w.responders.nudged), 0)
		w.pass(10 * time.Minute)
		st, err := w.Approve(w.as(erin), acme, out.Block.ID, "go")
		w.must(err)
		w.eq("active", []any{st.Block.State, st.Block.ExpiresAt, st.Block.Decider.ID}, []any{store.BlockActive, base.Add(24*time.Hour + 10*time.Minute), "usr_erin"})
		w.eq("placements", len(st.Placements), 1)
		w.eq("nudged", w.responders.nudged[edge.Integration], 1)
		w.eq("history", w.steps(out.Block.ID), []string{"pending_approval", "active"})
		_, err = w.Approve(w.as(frank), acme, out.Block.ID, "")
		w.eq("again", errors.Is(err, ErrNotPending), true)
		_, err = w.Reject(w.as(frank), acme, out.Block.ID, "")
		w.eq("reject", errors.Is(err, ErrNotPending), true)
		w.eq("recorded as refused", errors.Is(w.recorder.last().err, act.ErrRefused), true)
	},
	"four eyes are two people, whatever keys they use": func(w *world) {
		out := w.ask(danasKey, Request{Target: "203.0.113.0/24", Reason: "x"})
		for _, same := range []act.Actor{dana, danasKey, newKey} {
			_, err := w.Approve(w.as(same), acme, out.Block.ID, "")
			w.eq(same.ID, errors.Is(err, ErrSamePerson), true)
		}
		for _, nobody := range []act.Actor{act.System("x"), {Kind: act.KindIntegration, ID: "int_slack", Name: "slack: Dana"}} {
			_, err := w.Approve(w.as(nobody), acme, out.Block.ID, "")
			w.eq(nobody.Kind, errors.Is(err, ErrNotPerson), true)
		}
		w.eq("state", w.get(out.Block.ID).Block.State, store.BlockPending)
		st, err := w.Approve(w.as(otherKey), acme, out.Block.ID, "")
		w.must(err)
		w.eq("state", st.Block.State, store.BlockActive)
	},
	"who made a pending request larger does not approve it": func(w *world) {
		out := w.block("203.0.113.0/24", "24h")
		again := w.ask(erin, Request{Target: "203.0.113.0/24", TTL: "48h", Reason: "longer"})
		w.eq("merged", []any{again.New, again.Block.ID == out.Block.ID, again.Block.TTL, again.Block.State}, []any{false, true, 48 * time.Hour, store.BlockPending})
		_, err := w.Approve(w.as(erin), acme, out.Block.ID, "")
		w.eq("erin", errors.Is(err, ErrSamePerson), true)
		_, err = w.Approve(w.as(frank), acme, out.Block.ID, "")
		w.must(err)
		w.eq("asked once", w.said(), []string{"ip.block_pending"})
	},
}

// address is the n-th of many addresses that tests may block.
func address(n int) string {
	return netip.AddrFrom4([4]byte{11, byte(n >> 16), byte(n >> 8), byte(n)}).String()
}

func errorOf[T any](_ T, err error) error { return err }

// open0 is the id of the one open block.
func (w *world) open0() event.ID {
	w.t.Helper()
	list, err := w.store.OpenBlocks(w.t.Context())
	w.must(err)
	return list[0].ID
}
