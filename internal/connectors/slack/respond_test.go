package slack

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

var testBlock = event.ID{1, 2, 3, 15: 7}

// blockFact is what Tocsin says of a block.
func blockFact(t *testing.T, kind, state, more string) *event.Record {
	t.Helper()
	return record(t, event.Internal, fmt.Sprintf(`{"type":%q,"severity":"medium","title":"Block of 203.0.113.0/24: %s","dedup_key":"block/203.0.113.0/24",
		"actor":"x","entities":[{"type":"cidr","value":"203.0.113.0/24","role":"target","observed":true}],
		"data":{"block":{"id":%q,"target":"203.0.113.0/24","state":%q,"reason":"guessing","requested_by":"erin@example.com","ttl":"24h",
		"approve_by":"2026-11-20T13:00:00Z","alert":%q%s},"cause":"too wide"}}`,
		kind, kind, testBlock.Text(event.PrefixBlock), state, testAlert.Text(event.PrefixAlert), more))
}

// blocksOf are the addresses that a message has buttons for, in order, as they are shown.
func blocksOf(m read) (list []string) {
	for _, b := range m.Blocks {
		for _, e := range b.Elements {
			var t readText
			if strings.HasPrefix(e.ActionID, "tocsin_block_") && json.Unmarshal(e.Text, &t) == nil {
				list = append(list, strings.TrimPrefix(t.Text, "Block IP "))
			}
		}
	}
	return list
}

// TestBlockButtons: which addresses of an alert can be blocked from its message.
func TestBlockButtons(t *testing.T) {
	t.Parallel()
	ip := func(value, role string, observed bool) event.Entity {
		return event.Entity{Type: "ip", Value: value, Role: role, Observed: observed}
	}
	for name, tt := range map[string]struct {
		entities []event.Entity
		status   string
		want     []string
	}{
		"an observed one":          {[]event.Entity{ip("203.0.113.7", "source", true)}, "open", []string{"203.0.113.7"}},
		"acknowledged":             {[]event.Entity{ip("203.0.113.7", "source", true)}, "acknowledged", []string{"203.0.113.7"}},
		"resolved":                 {[]event.Entity{ip("203.0.113.7", "source", true)}, "resolved", nil},
		"told, not observed":       {[]event.Entity{ip("203.0.113.7", "source", false)}, "open", nil},
		"the source first":         {[]event.Entity{ip("198.51.100.1", "", true), ip("203.0.113.7", "source", true)}, "open", []string{"203.0.113.7", "198.51.100.1"}},
		"the victim":               {[]event.Entity{ip("203.0.113.7", "target", true), ip("203.0.113.8", "victim", true)}, "open", nil},
		"a host of that name":      {[]event.Entity{{Type: "host", Value: "203.0.113.7", Observed: true}}, "open", nil},
		"IPv6":                     {[]event.Entity{ip("2001:DB8:0::1", "source", true)}, "open", []string{"2001:db8::1"}},
		"IPv4 as IPv6":             {[]event.Entity{ip("::ffff:203.0.113.7", "source", true)}, "open", []string{"203.0.113.7"}},
		"twice":                    {[]event.Entity{ip("203.0.113.7", "source", true), ip("::ffff:cb00:7107", "", true)}, "open", []string{"203.0.113.7"}},
		"a private one":            {[]event.Entity{ip("10.1.2.3", "source", true), ip("127.0.0.1", "source", true), ip("fe80::1", "source", true)}, "open", nil},
		"a range":                  {[]event.Entity{ip("203.0.113.0/24", "source", true)}, "open", nil},
		"in another form":          {[]event.Entity{ip("0xcb007107", "source", true), ip("203.0.113.07", "source", true), ip("3405803783", "source", true)}, "open", nil},
		"with a zone":              {[]event.Entity{ip("2001:db8::1%eth0", "source", true)}, "open", nil},
		"with more behind it":      {[]event.Entity{ip("203.0.113.7, 198.51.100.1", "source", true)}, "open", nil},
		"with markup":              {[]event.Entity{ip("<!channel>203.0.113.7", "source", true)}, "open", nil},
		"with what reorders":       {[]event.Entity{ip("\u202e7.311.0.302", "source", true)}, "open", nil},
		"many":                     {[]event.Entity{ip("203.0.113.1", "", true), ip("203.0.113.2", "", true), ip("203.0.113.3", "", true), ip("203.0.113.4", "source", true)}, "open", []string{"203.0.113.4", "203.0.113.1", "203.0.113.2"}},
		"none in the texts either": {nil, "open", nil},
	} {
		raw, err := json.Marshal(event.Event{
			Type: "alert.updated", Severity: event.High, Title: "block 198.51.100.99 now", Description: "it came from 198.51.100.98", DedupKey: "k1", Entities: tt.entities,
			Data: json.RawMessage(`{"alert":{"status":"` + tt.status + `"},"change":{"verb":"note","note":"198.51.100.97"}}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		m := newModel(t)
		send(t, m.open(t, nil), record(t, event.Internal, string(raw)))
		if diff := cmp.Diff(tt.want, blocksOf(m.shown()[0].read)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestNoBlockButtons: where nothing can be clicked there is nothing to click.
func TestNoBlockButtons(t *testing.T) {
	t.Parallel()
	for _, off := range []map[string]any{{"buttons": false}, {"signing_secret": ""}} {
		m := newModel(t)
		c := m.open(t, off)
		send(t, c, record(t, 0, created))
		send(t, c, blockFact(t, "ip.block_pending", "pending_approval", ""))
		for _, got := range m.shown() {
			if b := got.buttons(); len(b) != 1 || b["tocsin_open"] == "" {
				t.Errorf("%v: %v", off, b)
			}
		}
	}
}

// TestHostileAddress: whatever stands where an address is to be, a button has an address, and its question names it.
func TestHostileAddress(t *testing.T) {
	t.Parallel()
	s := schema(t)
	c := openWith(t, map[string]any{"bot_token": testToken, "channel": testChannel, "signing_secret": testSecret}, connectortest.Env(nil))
	for _, text := range corpus(t) {
		for _, value := range []string{text, "203.0.113.7" + text, text + "203.0.113.7"} {
			raw, err := json.Marshal(event.Event{
				Type: "alert.created", Severity: event.High, Title: "x", DedupKey: "k1",
				Entities: []event.Entity{{Type: "ip", Value: value, Role: "source", Observed: true}},
			})
			if err != nil {
				t.Fatal(err)
			}
			shown := card.Of(record(t, 0, string(raw)), "")
			for _, b := range blocking(&shown) {
				address := strings.TrimPrefix(b.Text.Text, "Block IP ")
				if shownAddress(address) != address || !strings.HasPrefix(b.Confirm.Text.Text, address+" is kept out") || b.Text.Type != "plain_text" {
					t.Errorf("%.60q has the button %+v", value, b)
				}
			}
			m, err := c.look.message(&shown, true, true)
			if err != nil {
				t.Fatal(err)
			}
			body, err := encode(hook{content: m})
			if err != nil {
				t.Fatal(err)
			}
			if err := valid(s, body); err != nil {
				t.Errorf("%.60q: %v", value, err)
			}
		}
	}
}

// TestBlockWishes: what the clicks ask for, and which are none of ours.
func TestBlockWishes(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.users["UDANA"] = dana
	c := m.open(t, nil)
	alert, block := testAlert.Text(event.PrefixAlert), testBlock.Text(event.PrefixBlock)
	for i, tt := range []struct {
		action, value string
		want          *connector.Wish
	}{
		{"tocsin_block_1", alert + "/203.0.113.7", &connector.Wish{Verb: connector.Block, Alert: testAlert, Entity: "203.0.113.7"}},
		{"tocsin_block_3", alert + "/2001:db8::1", &connector.Wish{Verb: connector.Block, Alert: testAlert, Entity: "2001:db8::1"}},
		{"tocsin_approve", block, &connector.Wish{Verb: connector.Approve, Block: testBlock}},
		{"tocsin_reject", block, &connector.Wish{Verb: connector.Reject, Block: testBlock}},
		{"tocsin_block_1", alert, nil},
		{"tocsin_block_1", alert + "/0.0.0.0/0", nil},
		{"tocsin_block_1", alert + "/10.0.0.1", nil},
		{"tocsin_block_1", "INC-7/203.0.113.7", nil},
		{"tocsin_block_1", block + "/203.0.113.7", nil},
		{"tocsin_approve", alert, nil},
		{"tocsin_approve", "INC-7", nil},
		{"tocsin_reject", "", nil},
		{"tocsin_resolve", block, nil},
	} {
		reply, err := c.Receive(t.Context(), signed(testTime.Add(time.Duration(i)*time.Second), click("UDANA", tt.action, tt.value, "")))
		if tt.want == nil {
			if status, ok := connector.IsRefused(err); !ok || status != 400 {
				t.Errorf("%s of %q: %v %+v", tt.action, tt.value, err, reply)
			}
			continue
		}
		if err != nil || len(reply.Wishes) != 1 {
			t.Fatalf("%s: %v %+v", tt.action, err, reply)
		}
		w := reply.Wishes[0]
		got := connector.Wish{Verb: w.Verb, Alert: w.Alert, Incident: w.Incident, Entity: w.Entity, Block: w.Block}
		if diff := cmp.Diff(*tt.want, got); diff != "" || !w.Personal || w.ID == "" || w.Person.Email != "dana@example.com" {
			t.Errorf("%s: %+v %s", tt.action, w, diff)
		}
	}
}

// TestBlockLife: one message follows a block, whoever decides and wherever.
func TestBlockLife(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := m.open(t, nil)
	block := testBlock.Text(event.PrefixBlock)
	both := map[string]string{"tocsin_approve": block, "tocsin_reject": block}
	for _, step := range []struct {
		kind, state, more string
		status, change    string
		buttons           map[string]string
	}{
		{"ip.block_pending", "pending_approval", "", "Waits for approval", "", both},
		{"ip.blocked", "active", `,"decided_by":"dana@example.com"`, "Active", "⛔ Blocked by dana@example.com · 20 Nov 2026 12:00 UTC", nil},
		{"ip.block_verified", "active", "", "Active", "⛔ Block in force · 20 Nov 2026 12:00 UTC", nil},
		{"ip.unblocked", "expired", `,"decided_by":"Tocsin"`, "Ran out", "⌛ Block ended · 20 Nov 2026 12:00 UTC", nil},
	} {
		send(t, c, blockFact(t, step.kind, step.state, step.more))
		list := m.shown()
		if len(list) != 1 {
			t.Fatalf("%s: %d messages", step.kind, len(list))
		}
		got := list[0].read
		if got.field("Status") != step.status || step.change != "" && !got.shows(step.change) || got.field("Target") != "203.0.113.0/24" ||
			got.field("Asked for by") != "erin@example.com" || got.field("Reason") != "guessing" {
			t.Errorf("%s: status %q in %q", step.kind, got.field("Status"), got.plain())
		}
		if waits := step.buttons != nil; (got.field("Needs approval") == "too wide") != waits || (got.field("Approve by") == "20 Nov 2026 13:00 UTC") != waits {
			t.Errorf("%s: %q", step.kind, got.plain())
		}
		buttons := got.buttons()
		delete(buttons, "tocsin_open")
		if diff := cmp.Diff(step.buttons, buttons); diff != "" && len(step.buttons)+len(buttons) > 0 {
			t.Errorf("%s: %s", step.kind, diff)
		}
	}
	// Trouble at a responder is a message of its own.
	send(t, c, blockFact(t, "ip.block_failed", "active", ""))
	if list := m.shown(); len(list) != 2 {
		t.Errorf("%d messages", len(list))
	}
}

// TestForeignBlock: no button decides about what a sender calls a block, or what is another account's.
func TestForeignBlock(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*event.Record){
		"a sender's":     func(r *event.Record) { r.Flags = 0 },
		"a child's":      func(r *event.Record) { r.Account = "child" },
		"one without id": func(r *event.Record) { r.Body = []byte(strings.Replace(string(r.Body), "blk_", "evt_", 1)) },
		"not pending": func(r *event.Record) {
			r.Body = []byte(strings.Replace(string(r.Body), "pending_approval", "active", 1))
		},
		"of a later build": func(r *event.Record) { r.Type = "ip.block_pondered" },
	} {
		m := newModel(t)
		c := m.open(t, nil)
		r := blockFact(t, "ip.block_pending", "pending_approval", "")
		change(r)
		send(t, c, r)
		for action := range m.shown()[0].buttons() {
			if _, does := actions[action]; does {
				t.Errorf("%s has the button %s", name, action)
			}
		}
	}
}

// TestBlockAnswer: what became of a click is in the message at once, and what came meanwhile stays.
func TestBlockAnswer(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := m.open(t, map[string]any{"thread_updates": true})
	send(t, c, record(t, 0, created))
	send(t, c, blockFact(t, "ip.block_pending", "pending_approval", ""))
	token := fmt.Sprintf(`{"response_url":%q}`, m.url+"/response/1")
	answer := func(w connector.Wish, o connector.Outcome) {
		t.Helper()
		w.Token, w.At = token, testTime
		if err := c.Answer(t.Context(), w, o); err != nil {
			t.Fatal(err)
		}
	}
	block := connector.Wish{Verb: connector.Block, Alert: testAlert, Entity: "203.0.113.7"}
	answer(block, connector.Outcome{By: "dana@example.com", Done: "203.0.113.7 is blocked for 24h <!here>\u202e"})
	list := m.shown()
	if got := list[0]; !got.shows("⛔ Blocked by dana@example.com · 20 Nov 2026 12:00 UTC") || !got.shows("203.0.113.7 is blocked for 24h <!here>\ufffd") ||
		got.field("Status") != "Open" || len(got.buttons()) != 4 || strings.Contains(strings.Join(got.markup(), ""), "here") {
		t.Errorf("the alert's message: %q", got.plain())
	}
	approve := connector.Wish{Verb: connector.Approve, Block: testBlock}
	answer(approve, connector.Outcome{By: "dana@example.com", Done: "203.0.113.0/24 is blocked for 24h"})
	if got := m.shown()[1]; !got.shows("👍 Block approved by dana@example.com · 20 Nov 2026 12:00 UTC") || got.field("Status") != "Active" || got.title() != "Block of 203.0.113.0/24" || len(got.buttons()) != 1 || got.field("Needs approval") != "" {
		t.Errorf("the block's message: %q %v", got.plain(), got.buttons())
	}
	send(t, c, blockFact(t, "ip.blocked", "active", `,"decided_by":"dana@example.com"`))
	edits := m.shown()[1].edits
	answer(approve, connector.Outcome{By: "dana@example.com", Done: "late"})
	answer(connector.Wish{Verb: connector.Reject, Block: testBlock}, connector.Outcome{Done: "late"})
	if got := m.shown()[1]; got.edits != edits || !got.shows("⛔ Blocked by dana@example.com · 20 Nov 2026 12:00 UTC") {
		t.Errorf("a late answer changes the message: %q", got.plain())
	}
	if said := m.said(); len(said) != 3 || !strings.HasPrefix(said[0], "⛔ Blocked by dana") || !strings.HasPrefix(said[1], "👍 Block approved by dana") {
		t.Errorf("in the threads: %q", said)
	}
	// Who may not is told why, and so is who clicked in a message that nothing is known of.
	answer(block, connector.Outcome{Refusal: "203.0.113.7 is on the never-block list: the office's way out"})
	answer(connector.Wish{Verb: connector.Approve, Block: event.ID{9, 15: 9}}, connector.Outcome{Done: "it is done"})
	want := []string{
		`{"response_type":"ephemeral","replace_original":false,"text":"Not done: 203.0.113.7 is on the never-block list: the office's way out"}`,
		`{"response_type":"ephemeral","replace_original":false,"text":"it is done"}`,
	}
	if diff := cmp.Diff(want, m.replies); diff != "" {
		t.Error(diff)
	}
}
