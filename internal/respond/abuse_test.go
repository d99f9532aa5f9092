package respond

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// abuses are what attackers and tired people do, one after the other, with what comes of each. A line is who, what they do
// with what, and after the last = the outcome; a target stands for its block. See script.line for the words.
var abuses = []struct {
	name  string
	lines []string
}{
	// Protected addresses, by every way in.
	{"the private network", []string{"dana block 10.1.2.3 = refused protected", "dana block 10.0.0.0/8 = refused protected", "rule block 10.1.2.3 = refused protected"}},
	{"loopback by its other names", []string{
		"dana block 127.1 = invalid target", "dana block 2130706433 = invalid target", "dana block 0177.0.0.1 = invalid target",
		"dana block 0x7f.0.0.1 = invalid target", "dana block ::ffff:127.0.0.1 = refused protected", "dana block ::127.0.0.1 = refused protected",
		"dana block ::1 = refused protected", "dana block 0:0:0:0:0:0:0:1 = refused protected",
	}},
	{"addresses within other addresses", []string{
		"dana block 64:ff9b::a00:1 = refused protected", "dana block 64:ff9b:1::10.0.0.1 = refused protected", "dana block 2002:a00:1::1 = refused protected",
		"dana block 2001:0:a00:1::1 = refused protected", "dana block ::ffff:0:10.0.0.1 = refused protected",
	}},
	{"what is no address", []string{
		"dana block [2001:db8::1] = invalid target", "dana block 203.0.113.7:443 = invalid target", "dana block fe80::1%eth0 = invalid target",
		"dana block 203.0.113.7/24 = invalid target", "dana block 203.0.113.0/255.255.255.0 = invalid target", "dana block 203.0.113.0-9 = invalid target",
		"dana block ２０３.0.113.7 = invalid target", "dana block 203.0.113.७ = invalid target", "dana block 203。0。113。7 = invalid target",
		"dana block 203.0.113.7\u200b = invalid target", "dana block 203.0.113.7/032 = invalid target", "dana block 203.0.113.7/-1 = invalid target",
		"dana block 203.0.113.7' = invalid target", "dana block example.com = invalid target", "dana block * = invalid target",
	}},
	{"everything at once", []string{"dana block 0.0.0.0/0 = refused protected", "dana block ::/0 = refused protected", "dana block 0.0.0.0/1 = refused protected", "dana block 128.0.0.0/1 = refused protected"}},
	{"a range around something protected", []string{"dana block 198.51.100.0/24 = refused protected", "dana block 192.0.2.0/24 = refused protected", "dana block 8.8.8.0/24 = refused protected"}},
	{"a range within something protected", []string{"dana block 192.0.2.72/30 = refused protected", "dana block 104.16.3.0/24 = refused protected"}},
	{"the hub's own address", []string{"dana block 192.0.2.1 = refused protected", "dana block ::ffff:c000:201 = refused protected"}},
	{"one's own address", []string{"dana block 198.51.100.10 = refused protected", "erin block 198.51.100.10 = active"}},
	{"one's own address, behind a range that somebody else asks for", []string{"erin block 198.51.100.8/29 = refused protected", "frank block 198.51.100.8/29 = pending"}},
	{"the approver's own address", []string{"frank block 198.51.100.11/32 permanent = pending", "erin approve 198.51.100.11 = refused protected", "frank reject 198.51.100.11 = rejected"}},
	{"a colleague's session", []string{"session 203.0.113.50", "dana block 203.0.113.50 = refused protected", "dana block 203.0.113.48/28 = refused protected", "rule block 203.0.113.50 = refused protected"}},
	{"a colleague signs in before it is approved", []string{"dana block 203.0.113.48/28 = pending", "session 203.0.113.50", "erin approve 203.0.113.48/28 = refused protected"}},
	{"an entry in its IPv6 form", []string{"dana protect ::ffff:203.0.113.7 = ok", "dana block 203.0.113.7 = refused protected"}},
	{"an entry of the account above", []string{"above protect 203.0.113.0/28 = ok", "dana block 203.0.113.7 = refused protected", "dana unprotect 203.0.113.0/28 = not found"}},
	{"an entry below binds nobody above", []string{"dana protect 203.0.113.7 = ok", "above block 203.0.113.7 = refused no_responder"}},
	{"an entry that is over", []string{"dana protect 203.0.113.7 1h = ok", "dana block 203.0.113.7 = refused protected", "pass 59m", "dana block 203.0.113.7 = refused protected", "pass 1m", "dana block 203.0.113.7 = active"}},
	{"protected after it was blocked", []string{"dana block 203.0.113.7 = active", "erin protect 203.0.113.0/24 = ok", "dana approve 203.0.113.7 = not pending", "open"}},
	{"protected while it waits", []string{"dana block 203.0.113.0/28 = pending", "erin protect 203.0.113.9 = ok", "erin approve 203.0.113.0/28 = not pending", "open"}},
	{"protected, and asked for again at once", []string{"dana block 203.0.113.7 = active", "above protect 203.0.113.7 = ok", "rule block 203.0.113.7 = refused protected", "dana import 203.0.113.7 = refused protected", "open"}},
	{"an import of protected addresses", []string{"dana import 10.0.0.1 203.0.113.7 ::1 x 8.8.8.8 = refused protected, active, refused protected, invalid target, refused protected", "open 203.0.113.7/32"}},
	{"a blocked address is protected and the hub restarts", []string{"dana block 203.0.113.7 = active", "erin protect 203.0.113.7 = ok", "restart", "open"}},

	// Widths.
	{"wider than anybody may", []string{"dana block 12.0.0.0/7 = refused width", "dana block 32.0.0.0/3 = refused", "dana block 2a00::/12 = refused", "dana block 2b00::/15 = refused width"}},
	{"wider than the policy, with somebody's approval", []string{"dana block 12.0.0.0/16 = pending", "dana approve 12.0.0.0/16 = same person", "erin approve 12.0.0.0/16 = active"}},
	{"wider than the policy, which refuses", []string{`policy {"on_breach":"refuse"}`, "dana block 12.0.0.0/16 = refused width"}},
	{"a wide range in its IPv6 form", []string{"dana block ::ffff:12.0.0.0/103 = refused width"}},
	{"a range in pieces is as many blocks", []string{`policy {"per_minute":4}`, "dana import 203.0.113.8 203.0.113.9 203.0.113.10 203.0.113.11 203.0.113.12 = active, active, active, active, pending"}},

	// Rates.
	{"a storm by one person", []string{`policy {"per_minute":2,"on_breach":"refuse"}`, "dana block 11.0.0.1 = active", "dana block 11.0.0.2 = active", "dana block 11.0.0.3 = refused rate_minute", "erin block 11.0.0.3 = refused rate_minute", "rule block 11.0.0.3 = refused rate_minute"}},
	{"block and unblock in turn", []string{`policy {"per_minute":2,"on_breach":"refuse"}`, "dana block 11.0.0.1 = active", "dana unblock 11.0.0.1 = ok", "dana block 11.0.0.1 = active", "dana unblock 11.0.0.1 = ok", "dana block 11.0.0.1 = refused rate_minute"}},
	{"a restart does not give the rate back", []string{`policy {"per_minute":2,"on_breach":"refuse"}`, "dana block 11.0.0.1 = active", "dana block 11.0.0.2 = active", "restart", "dana block 11.0.0.3 = refused rate_minute"}},
	{"the hour holds when the minute is over", []string{`policy {"per_minute":2,"per_hour":3,"on_breach":"refuse"}`, "dana import 11.0.0.1 11.0.0.2 = active, active", "pass 61s", "dana import 11.0.0.3 11.0.0.4 = active, refused rate_hour", "pass 60m", "dana block 11.0.0.4 = active"}},
	{"an import is no way round", []string{`policy {"per_minute":3,"on_breach":"refuse"}`, "dana import 11.0.0.1 11.0.0.2 11.0.0.3 11.0.0.4 11.0.0.5 = active, active, active, refused rate_minute, refused rate_minute"}},
	{"more responders are no way round", []string{
		`policy {"per_minute":3,"on_breach":"refuse"}`, "dana block@wall 11.0.0.1 = active", "dana block@wall 11.0.0.2 = active", "dana block@edge 11.0.0.1 = merged",
		"dana block@edge 11.0.0.2 = refused rate_minute", "dana block 11.0.0.3 = refused rate_minute",
	}},
	{"approval counts", []string{`policy {"per_minute":2,"approve_all":true}`, "dana block 11.0.0.1 = pending", "dana block 11.0.0.2 = pending", "erin approve 11.0.0.1 = active", "erin approve 11.0.0.2 = active", `policy {"approve_all":false,"on_breach":"refuse"}`, "dana block 11.0.0.3 = refused rate_minute"}},
	{"approval does not go beyond what is refused", []string{`policy {"per_minute":1}`, "dana block 11.0.0.1 = active", "dana block 11.0.0.2 = pending", `policy {"on_breach":"refuse"}`, "erin approve 11.0.0.2 = refused rate_minute", "pass 61s", "erin approve 11.0.0.2 = active"}},
	{"none may be blocked", []string{`policy {"per_hour":0,"on_breach":"refuse"}`, "dana block 11.0.0.1 = refused rate_hour", "rule block 11.0.0.1 = refused rate_hour"}},
	{"the clock is set back", []string{`policy {"per_minute":1,"on_breach":"refuse"}`, "dana block 11.0.0.1 = active", "pass -30s", "dana block 11.0.0.2 = refused rate_minute"}},

	// How long.
	{"for ever, without a reason", []string{"dana silently 203.0.113.7 permanent = refused ttl", "dana silently 203.0.113.7 24h = active"}},
	{"for ever, one step at a time", []string{"dana block 203.0.113.7 90d = active", "dana change 203.0.113.7 permanent = refused permanent", "dana change 203.0.113.7 91d = refused ttl", "dana block 203.0.113.7 permanent = refused permanent"}},
	{"a TTL that is none", []string{"dana block 203.0.113.7 0s = invalid ttl", "dana block 203.0.113.7 -5m = invalid ttl", "dana block 203.0.113.7 1s = invalid ttl", "dana block 203.0.113.7 99999999h = invalid ttl", "dana block 203.0.113.7 9223372036854775807d = invalid ttl", "dana block 203.0.113.7 NaN = invalid ttl"}},
	{"a second request shortens nothing", []string{"dana block 203.0.113.7 24h = active", "erin block 203.0.113.7 1m = merged", "pass 23h", "open 203.0.113.7/32", "pass 1h", "due", "open"}},
	{"a reason of nothing does not replace one", []string{"dana block 203.0.113.7 = active", "erin reason 203.0.113.7 \u3000 = invalid"}},

	// Four eyes.
	{"one's own request", []string{"dana block 203.0.113.0/24 = pending", "dana approve 203.0.113.0/24 = same person", "danasKey approve 203.0.113.0/24 = same person", "newKey approve 203.0.113.0/24 = same person", "otherKey approve 203.0.113.0/24 = active"}},
	{"one's key asks, oneself approves", []string{"newKey block 203.0.113.0/24 = pending", "dana approve 203.0.113.0/24 = same person", "danasKey approve 203.0.113.0/24 = same person", "erin approve 203.0.113.0/24 = active"}},
	{"the hub approves nothing", []string{"dana block 203.0.113.0/24 = pending", "system approve 203.0.113.0/24 = no person", "slack approve 203.0.113.0/24 = no person", "rule approve 203.0.113.0/24 = no person"}},
	{"who made it longer", []string{"dana block 203.0.113.0/24 1h = pending", "erin change 203.0.113.0/24 48h = ok", "erin approve 203.0.113.0/24 = same person", "dana approve 203.0.113.0/24 = same person", "frank approve 203.0.113.0/24 = active"}},
	{"who asked for it once more, and longer", []string{"dana block 203.0.113.0/24 1h = pending", "erin block 203.0.113.0/24 48h = merged", "erin approve 203.0.113.0/24 = same person", "frank approve 203.0.113.0/24 = active"}},
	{"too late", []string{"dana block 203.0.113.0/24 = pending", "pass 1h", "erin approve 203.0.113.0/24 = not pending", "open"}},
	{"rejected, and approved", []string{"dana block 203.0.113.0/24 = pending", "erin reject 203.0.113.0/24 = rejected", "frank approve 203.0.113.0/24 = not pending"}},
	{"in another account", []string{"dana block 203.0.113.0/24 = pending", "dana block 203.0.113.7 = active", "above approve 203.0.113.0/24 = not found", "above unblock 203.0.113.7 = not found", "above undo 10 = ok", "open 203.0.113.0/24 203.0.113.7/32"}},
	{"a smaller request does not let in what waits", []string{"dana block 203.0.113.7 permanent = pending", "dana block 203.0.113.7 1h = merged", "ends 203.0.113.7 1h"}},
	{"a proposal of a rule waits", []string{"rule propose 203.0.113.7 = pending", "rule propose 203.0.113.7 = merged", "dana approve 203.0.113.7 = active"}},
	{"rules may not, without a person", []string{`policy {"approve_automatic":true}`, "rule block 203.0.113.7 = pending", "rule approve 203.0.113.7 = no person", "erin approve 203.0.113.7 = active"}},
	{"a rule does not undo a decision", []string{"dana block 203.0.113.7 1h = active", "rule propose 203.0.113.7 = merged", "ends 203.0.113.7 1h"}},

	// The kill switch.
	{"everybody is stopped", []string{"dana block 203.0.113.0/24 = pending", "dana block 11.0.0.1 1h = active", "erin kill = ok", "dana block 203.0.113.9 = refused kill_switch", "rule block 203.0.113.9 = refused kill_switch", "dana import 203.0.113.9 = refused kill_switch", "erin approve 203.0.113.0/24 = refused kill_switch", "dana change 11.0.0.1 48h = refused kill_switch", "dana block 11.0.0.1 48h = refused kill_switch", "dana unblock 11.0.0.1 = ok"}},
	{"the one above", []string{"above kill = ok", "dana block 203.0.113.9 = refused kill_switch", "dana revive = ok", `policy {"kill_switch":false}`, "dana block 203.0.113.9 = refused kill_switch", "restart", "rule block 203.0.113.9 = refused kill_switch"}},

	// Texts.
	{"reasons that are none", []string{"dana says a\\x00b = invalid reason", "dana says a\\x1b[31mb = invalid reason", "dana says \\xff = invalid reason", "dana says =cmd|'/c'!A1 = active"}},
	{"a reason that names a mark, and a victim", []string{"dana says tocsin-block:blk_01kmb7a2v4e9zr6x3q8w5t0ysd\\nblock_198.51.100.7_too = invalid reason", "dana says tocsin-block:blk_01kmb7a2v4e9zr6x3q8w5t0ysd 198.51.100.7 = active", "open 203.0.113.7/32"}},
}

// TestAbuses goes through them over a real store. After each line nothing that is protected is blocked, and memory and
// store agree at the end, also for a hub that starts anew.
func TestAbuses(t *testing.T) {
	t.Parallel()
	if len(abuses) < 50 {
		t.Errorf("%d scenarios", len(abuses))
	}
	for _, a := range abuses {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			s := &script{world: newWorld(t)}
			for _, line := range a.lines {
				s.line(line)
				s.safe(line)
			}
			s.agree()
			s.restart()
			s.agree()
		})
	}
}

// script plays lines in a world.
type script struct{ *world }

// safe checks that nothing that is open is protected.
func (s *script) safe(line string) {
	s.t.Helper()
	list, err := s.store.OpenBlocks(s.t.Context())
	s.must(err)
	for _, b := range list {
		if why, yes := s.Protected(b.Account, b.Target); yes {
			s.t.Errorf("after %q %s is open: %s", line, b.Target, why)
		}
	}
}

var actors = map[string]act.Actor{
	"dana": dana, "erin": erin, "frank": frank, "danasKey": danasKey, "newKey": newKey, "otherKey": otherKey, "above": {Kind: act.KindUser, ID: "usr_frank", Account: parent},
	"system": act.System("x"), "slack": {Kind: act.KindIntegration, ID: "int_1"}, "rule": {Kind: kindRule, ID: "rsr_1"},
}

// line plays one: a word for the world ("policy", "pass", "restart", "session", "due"), a look at it ("open", "ends"), or
// who does what.
func (s *script) line(text string) {
	s.t.Helper()
	first, rest, _ := strings.Cut(text, " ")
	switch first {
	case "policy":
		_, _, err := s.SetPolicy(s.as(frank), acme, 0, json.RawMessage(rest))
		s.must(err)
	case "pass":
		d, err := time.ParseDuration(rest)
		s.must(err)
		s.pass(d)
	case "restart":
		s.restart()
	case "session":
		s.mu.Lock()
		s.sessions = map[netip.Addr]string{netip.MustParseAddr(rest): "grace@example.com"}
		s.mu.Unlock()
	case "due":
		_, err := s.endDue(s.t.Context())
		s.must(err)
	case "open":
		s.eq(text, s.open(), strings.Fields(rest))
	case "ends":
		target, in, _ := strings.Cut(rest, " ")
		d, err := time.ParseDuration(in)
		s.must(err)
		s.eq(text, s.get(s.find(target)).Block.ExpiresAt, s.time().Add(d))
	default:
		deed, want, _ := cutLast(rest, " = ")
		verb, what, _ := strings.Cut(deed, " ")
		if got := s.deed(first, verb, what); got != want && !(want == "refused" && strings.HasPrefix(got, want)) {
			s.t.Errorf("%s: got %q", text, got)
		}
	}
}

func cutLast(text, sep string) (before, after string, found bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(sep):], true
}

// find is the id of the newest block of a target, or of none.
func (s *script) find(target string) event.ID {
	s.t.Helper()
	p, err := guard.ParseTarget(target)
	s.must(err)
	list, _, err := s.List(s.t.Context(), store.BlockFilter{Account: acme, Target: p}, store.Page{Limit: 100})
	s.must(err)
	i := slices.IndexFunc(list, func(st store.BlockStanding) bool { return st.Block.Target == p })
	if i < 0 {
		return event.NewID()
	}
	return list[i].Block.ID
}

// deed does something in somebody's name, and gives the outcome.
func (s *script) deed(who, verb, what string) string {
	s.t.Helper()
	actor, account := actors[who], acme
	if who == "above" {
		account = parent
	}
	ctx := s.as(actor)
	args := strings.Split(what, " ")
	args = append(args, "")
	r := Request{Target: args[0], TTL: args[1], Reason: "x"}
	switch verb {
	case "block", "block@wall", "block@edge", "silently", "says", "propose":
		switch verb {
		case "block@wall":
			r.Integrations = idTexts([]event.ID{wall.Integration})
		case "block@edge":
			r.Integrations = idTexts([]event.ID{edge.Integration})
		case "silently":
			r.Reason = ""
		case "says":
			reason, err := strconv.Unquote(`"` + what + `"`)
			s.must(err)
			r = Request{Target: "203.0.113.7", Reason: reason}
		}
		if who == "rule" {
			_, r.Evidence = evt()
			return came(s.BlockByRule(ctx, rule, verb == "propose", r))
		}
		return came(s.Block(ctx, account, r))
	case "import":
		var rs []Request
		for _, target := range strings.Fields(what) {
			rs = append(rs, Request{Target: target})
		}
		list, err := s.Import(ctx, account, rs)
		s.must(err)
		var all []string
		for _, a := range list {
			if a.Outcome == nil {
				a.Outcome = new(Outcome)
			}
			all = append(all, came(*a.Outcome, a.Err))
		}
		return strings.Join(all, ", ")
	case "approve":
		st, err := s.Approve(ctx, account, s.find(what), "")
		return cmp.Or(wordOf(err), string(st.Block.State))
	case "reject":
		st, err := s.Reject(ctx, account, s.find(what), "")
		return cmp.Or(wordOf(err), string(st.Block.State))
	}
	return cmp.Or(wordOf(s.other(ctxOf{ctx, account}, verb, args)), "ok")
}

// came is what came of a request, in a word.
func came(o Outcome, err error) string {
	switch {
	case err != nil:
		return wordOf(err)
	case !o.New:
		return "merged"
	case o.Block.State == store.BlockPending:
		return "pending"
	}
	return string(o.Block.State)
}

// wordOf is an error in a word; empty for none.
func wordOf(err error) string {
	if err == nil {
		return ""
	}
	if no := new(RefusedError); errors.As(err, &no) {
		return "refused " + no.Verdict.Findings[0].Code
	}
	if fields, ok := form.AsErrors(err); ok {
		return strings.TrimSpace("invalid " + fields[0].Path)
	}
	for word, known := range map[string]error{
		"same person": ErrSamePerson, "no person": ErrNotPerson, "not found": ErrNotFound, "not found ": ErrNoProtect,
	} {
		if errors.Is(err, known) {
			return strings.TrimSpace(word)
		}
	}
	if errors.Is(err, ErrNotPending) {
		return "not pending"
	}
	return fmt.Sprint("error: ", err)
}

// ctxOf is in whose name and where something is done.
type ctxOf struct {
	context.Context
	account event.Account
}

// other is what gives nothing but an error.
func (s *script) other(c ctxOf, verb string, args []string) error {
	s.t.Helper()
	switch verb {
	case "unblock":
		_, err := s.Unblock(c, c.account, s.find(args[0]), 0, "")
		return err
	case "change":
		_, err := s.Change(c, c.account, s.find(args[0]), 0, args[1], "")
		return err
	case "reason":
		_, err := s.Change(c, c.account, s.find(args[0]), 0, "", args[1])
		return err
	case "protect":
		_, _, err := s.Protect(c, c.account, ProtectedInput{Target: args[0], Reason: "ours", TTL: args[1]}, false)
		return err
	case "unprotect":
		_, own, err := s.ProtectedList(c, parent, false)
		s.must(err)
		return s.Unprotect(c, c.account, own[0].ID)
	case "undo":
		n, err := strconv.Atoi(args[0])
		s.must(err)
		return errorOf(s.Undo(c, c.account, UndoSpec{Last: n}))
	case "kill", "revive":
		return s.Kill(c, c.account, verb == "kill", "")
	}
	s.t.Fatalf("nobody knows how to %s", verb)
	return nil
}

// TestSessionsAbove: where people of the account above are signed in from is protected, and who they are is not told below.
func TestSessionsAbove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deps.Sessions = func(_ context.Context, account event.Account) (map[netip.Addr]string, error) {
		n := map[event.Account]string{parent: "203.0.113.60", acme: "203.0.113.61"}[account]
		return map[netip.Addr]string{netip.MustParseAddr(n): "somebody@" + string(account)}, nil
	}
	w.restart()
	for n, name := range map[string]bool{"203.0.113.60": false, "203.0.113.61": true} {
		_, err := w.Block(w.as(dana), acme, Request{Target: n})
		w.eq(n, w.refused(err), []string{guard.CodeProtected})
		if strings.Contains(err.Error(), "somebody@") != name {
			t.Error(err)
		}
	}
	all, _, err := w.ProtectedList(w.as(dana), acme, true)
	w.must(err)
	var told []string
	for _, p := range all {
		if p.Source == "session" {
			told = append(told, guard.Words(p.Prefix))
		}
	}
	w.eq("listed", told, []string{"203.0.113.61"})
}
