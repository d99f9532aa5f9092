package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/callback"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// askedBlock is what a room of blocks was asked.
type askedBlock struct {
	What    string
	Account event.Account
	ID      event.ID
	Request respond.Request
	By      string // the actor's kind and id
}

// blockRooms are a room of blocks that remembers, and answers with one outcome or error.
type blockRooms struct {
	mu    sync.Mutex
	asked []askedBlock
	out   respond.Outcome
	err   error
}

func (b *blockRooms) add(ctx context.Context, a askedBlock) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	actor := act.From(ctx)
	a.By = actor.Kind + " " + actor.ID
	b.asked = append(b.asked, a)
	return b.err
}

func (b *blockRooms) BlockAlert(ctx context.Context, account event.Account, alert event.ID, r respond.Request) (respond.Outcome, error) {
	return b.out, b.add(ctx, askedBlock{"block", account, alert, r, ""})
}

func (b *blockRooms) Approve(ctx context.Context, account event.Account, id event.ID, note string) (store.BlockStanding, error) {
	return store.BlockStanding{Block: b.out.Block}, b.add(ctx, askedBlock{"approve", account, id, respond.Request{Reason: note}, ""})
}

func (b *blockRooms) Reject(ctx context.Context, account event.Account, id event.ID, note string) (store.BlockStanding, error) {
	return store.BlockStanding{Block: b.out.Block}, b.add(ctx, askedBlock{"reject", account, id, respond.Request{Reason: note}, ""})
}

func (b *blockRooms) list() []askedBlock {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

// What people are told of a block that they asked for, and why it cannot be.
func TestBlocksApply(t *testing.T) {
	t.Parallel()
	alert, id := event.NewID(), event.NewID()
	target, ends := netip.MustParsePrefix("203.0.113.7/32"), time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	active := store.Block{Target: target, State: store.BlockActive, ExpiresAt: ends}
	block := connector.Wish{Verb: connector.Block, Alert: alert, Entity: "203.0.113.7", Text: "t"}
	approve, reject := connector.Wish{Verb: connector.Approve, Block: id}, connector.Wish{Verb: connector.Reject, Block: id}
	two := guard.Verdict{Findings: []guard.Finding{{Text: "a /24 is wide"}, {Text: "it is the sixth within a minute"}}}
	for name, tt := range map[string]struct {
		wish    connector.Wish
		out     respond.Outcome
		err     error
		done    string
		refused string
	}{
		"blocked":         {block, respond.Outcome{Block: active, New: true}, nil, "203.0.113.7 is blocked until 2026-11-21 12:00:00 UTC", ""},
		"blocked already": {block, respond.Outcome{Block: active}, nil, "203.0.113.7 was blocked already, and is until 2026-11-21 12:00:00 UTC", ""},
		"for good":        {block, respond.Outcome{Block: store.Block{Target: target, State: store.BlockActive}, New: true}, nil, "203.0.113.7 is blocked for good", ""},
		"pending": {block, respond.Outcome{Block: store.Block{Target: target, State: store.BlockPending}, New: true, Verdict: two}, nil,
			"the block of 203.0.113.7 waits for approval: a /24 is wide; it is the sixth within a minute", ""},
		"approved":       {approve, respond.Outcome{Block: active}, nil, "203.0.113.7 is blocked until 2026-11-21 12:00:00 UTC", ""},
		"rejected":       {reject, respond.Outcome{Block: active}, nil, "203.0.113.7 is not blocked", ""},
		"refused":        {block, respond.Outcome{}, fmt.Errorf("x: %w", &respond.RefusedError{Verdict: two}), "", "a /24 is wide; it is the sixth within a minute"},
		"refused, full":  {block, respond.Outcome{}, &respond.RefusedError{}, "", "refused"},
		"the requester":  {approve, respond.Outcome{}, fmt.Errorf("x: %w", respond.ErrSamePerson), "", respond.ErrSamePerson.Error()},
		"decided before": {reject, respond.Outcome{}, respond.ErrNotPending, "", respond.ErrNotPending.Error()},
		"ended":          {approve, respond.Outcome{}, respond.ErrEnded, "", respond.ErrEnded.Error()},
		"no such block":  {approve, respond.Outcome{}, respond.ErrNotFound, "", respond.ErrNotFound.Error()},
		"no such alert":  {block, respond.Outcome{}, fmt.Errorf("reading: %w", store.ErrNotFound), "", "there is no such alert"},
		"not observed":   {block, respond.Outcome{}, form.Errors{{Path: "target", Message: "was not observed"}}, "", "target was not observed"},
		"another verb":   {connector.Wish{Verb: "bury"}, respond.Outcome{}, nil, "", `nobody knows how to "bury" a block`},
		"for now":        {block, respond.Outcome{}, errors.New("the disk is busy"), "", ""},
	} {
		room := &blockRooms{out: tt.out, err: tt.err}
		done, err := blocks{func() blockRoom { return room }}.Apply(t.Context(), "acme", tt.wish)
		if done != tt.done || (err != nil) != (tt.done == "") || errors.Is(err, act.ErrRefused) != (tt.refused != "") || tt.refused != "" && err.Error() != tt.refused {
			t.Errorf("%s: %q, %v", name, done, err)
		}
	}
	room := &blockRooms{}
	for _, w := range []connector.Wish{block, approve, reject} {
		if _, err := (blocks{func() blockRoom { return room }}).Apply(act.With(t.Context(), act.Actor{Kind: act.KindUser, ID: "usr_1"}), "acme", w); err != nil {
			t.Error(err)
		}
	}
	want := []askedBlock{
		{"block", "acme", alert, respond.Request{Target: "203.0.113.7", Reason: "t"}, "user usr_1"},
		{"approve", "acme", id, respond.Request{}, "user usr_1"}, {"reject", "acme", id, respond.Request{}, "user usr_1"},
	}
	if diff := cmp.Diff(want, room.asked); diff != "" {
		t.Error(diff)
	}
}

// A click on a block's button goes through the whole hub: signed, once, in the name of the user whose role allows it.
func TestBlockFromSlack(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	rooms, room := &tellers{}, &blockRooms{out: respond.Outcome{New: true, Block: store.Block{Target: netip.MustParsePrefix("203.0.113.7/32"), State: store.BlockActive}}}
	o.hub.openCallbacks(rooms.alert, rooms.incident, func() blockRoom { return room })
	o.handler = o.hub.handler()
	const secret = "8f742231b10e8888abcd99yyyzzz85a5"
	ids := map[string]event.ID{}
	for email, role := range map[string]string{"rea@example.com": "responder", "ana@example.com": "analyst"} {
		ids[email] = event.NewID()
		u := store.User{ID: ids[email], Account: "parent", Email: email, Role: role, Password: "x"}
		if err := o.hub.store.CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	i := o.must("parent", "POST", "/api/v1/integrations", fmt.Sprintf(`{"kind":"slack","name":"chat","settings":{"bot_token":"xoxb-1","channel":"C0123456789","signing_secret":%q,
		"base_url":"http://127.0.0.1:9/api","users":[{"slack_id":"UREA","email":"rea@example.com"},{"slack_id":"UANA","email":"ana@example.com"}]}}`, secret))
	alert := event.AlertID("parent", "k1")
	clicks := 0
	click := func(user, action, value, at string) answer {
		payload, err := json.Marshal(map[string]any{
			"type": "block_actions", "user": map[string]any{"id": user, "username": "x"}, "trigger_id": "t" + at, "response_url": "",
			"actions": []any{map[string]any{"action_id": action, "value": value, "action_ts": at + ".000001"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		// The form has something new in it each time, as a proxy that sends a call again may add: the same request twice is
		// refused before anybody looks at the click.
		clicks++
		body := url.Values{"payload": {string(payload)}, "n": {strconv.Itoa(clicks)}}.Encode()
		ts := strconv.FormatInt(time.Now().Unix(), 10)
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "v0:%s:%s", ts, body) //nolint:errcheck // a hash takes all
		return o.call("POST", i.Get("callback_url").Str, body, "Content-Type", "application/x-www-form-urlencoded",
			"X-Slack-Request-Timestamp", ts, "X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	}
	address, block := alert.Text(event.PrefixAlert)+"/203.0.113.7", event.NewID()
	for _, c := range []struct {
		user, action, value, at string
		status                  int
		outcome                 string
	}{
		{"UREA", "tocsin_block_1", address, "1700000001", 200, callback.Done},
		{"UREA", "tocsin_block_1", address, "1700000001", 200, callback.Repeated},
		{"UANA", "tocsin_block_1", address, "1700000002", 200, callback.Refused},
		{"UANA", "tocsin_approve", block.Text(event.PrefixBlock), "1700000003", 200, callback.Refused},
		{"UEVE", "tocsin_block_1", address, "1700000004", 200, callback.Refused},
		{"UREA", "tocsin_approve", block.Text(event.PrefixBlock), "1700000005", 200, callback.Done},
		{"UREA", "tocsin_reject", block.Text(event.PrefixBlock), "1700000006", 200, callback.Done},
		{"UREA", "tocsin_block_1", alert.Text(event.PrefixAlert) + "/0.0.0.0/0", "1700000007", 400, ""},
	} {
		if a := click(c.user, c.action, c.value, c.at); a.status != c.status {
			t.Errorf("%s by %s is answered with %d %s", c.action, c.user, a.status, a.body)
			continue
		}
		if c.outcome == "" {
			continue
		}
		v := o.must("parent", "GET", "/api/v1/integrations/"+i.Get("id").Str+"/callbacks", "")
		if got := v.Get("calls.0.wishes.0.outcome").Str; got != c.outcome {
			t.Errorf("%s by %s at %s: %s, want %s: %s", c.action, c.user, c.at, got, c.outcome, v.Get("calls.0"))
		}
	}
	rea := "user " + ids["rea@example.com"].Text(event.PrefixUser)
	want := []askedBlock{
		{"block", "parent", alert, respond.Request{Target: "203.0.113.7"}, rea}, {"approve", "parent", block, respond.Request{}, rea},
		{"reject", "parent", block, respond.Request{}, rea},
	}
	if diff := cmp.Diff(want, room.list()); diff != "" {
		t.Error(diff)
	}
	acts := o.must("parent", "GET", "/api/v1/audit?action=integration.callback", "")
	if n := acts.Get(`items.#(outcome=="refused")#`).Get("#").Int(); n != 3 || !strings.Contains(acts.Raw, `"address":"203.0.113.7"`) {
		t.Errorf("the record has %d refusals: %s", n, acts)
	}
	if len(rooms.list) > 0 {
		t.Errorf("alerts were changed: %+v", rooms.list)
	}
}
