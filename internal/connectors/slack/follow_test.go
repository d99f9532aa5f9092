package slack

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

var testTime = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const created = `{"type":"alert.created","severity":"high","title":"57 failed logins","description":"From one address.",
	"dedup_key":"k1","risk_score":84,"geo":{"city":"Amsterdam","country":"Netherlands","country_code":"NL"},
	"entities":[{"type":"ip","value":"203.0.113.7","role":"source","observed":true},{"type":"host","value":"web-1"}],
	"data":{"recommended_action":"Lock the account"}}`

// told is what Tocsin itself says of the alert.
func told(verb, status, by string) string {
	kind := map[string]string{"acknowledge": "acknowledged", "resolve": "resolved", "reopen": "reopened"}[verb]
	if kind == "" {
		kind = "updated"
	}
	return fmt.Sprintf(`{"type":"alert.%s","severity":"high","title":"57 failed logins","dedup_key":"k1","status":%q,"actor":%q,
		"data":{"alert":{"id":"x","status":%q,"count":3,"assignee":"dana@example.com"},"change":{"verb":%q,"by":%q,"note":"on it"}}}`,
		kind, status, by, status, verb, by)
}

// TestLife: one message follows the alert through its life, and its buttons fit.
func TestLife(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := m.open(t, map[string]any{"thread_updates": true})
	ref := event.AlertID(event.DefaultAccount, "k1").Text(event.PrefixAlert)
	for _, step := range []struct {
		body           string
		flags          event.Flags
		status, change string
		buttons        []string
		method         string
	}{
		{created, 0, "Open", "", []string{"tocsin_acknowledge", "tocsin_resolve"}, "chat.postMessage"},
		{created, 0, "Open", "", []string{"tocsin_acknowledge", "tocsin_resolve"}, "chat.update"},
		{told("acknowledge", "acknowledged", "dana@example.com"), event.Internal, "Acknowledged",
			"👀 Acknowledged by dana@example.com · 20 Nov 2026 12:00 UTC", []string{"tocsin_resolve"}, "chat.update"},
		{told("assign", "acknowledged", "erin@example.com"), event.Internal, "Acknowledged",
			"👤 Assigned to dana@example.com by erin@example.com · 20 Nov 2026 12:00 UTC", []string{"tocsin_resolve"}, "chat.update"},
		{told("resolve", "resolved", "dana@example.com"), event.Internal, "Resolved",
			"✅ Resolved by dana@example.com · 20 Nov 2026 12:00 UTC", []string{"tocsin_reopen"}, "chat.update"},
		{told("reopen", "open", "api key ci"), event.Internal, "Open",
			"🔁 Reopened by api key ci · 20 Nov 2026 12:00 UTC", []string{"tocsin_acknowledge", "tocsin_resolve"}, "chat.update"},
		{`{"type":"alert.resolved","severity":"info","title":"Alert resolved","dedup_key":"k1","actor":"sensor","data":{"reason":"gone"}}`, 0,
			"Resolved", "✅ Resolved by sensor · 20 Nov 2026 12:00 UTC", []string{"tocsin_reopen"}, "chat.update"},
	} {
		m.seen()
		send(t, c, record(t, step.flags, step.body))
		list := m.shown()
		if len(list) != 1 || m.seen()[0] != step.method {
			t.Fatalf("%s: %d messages", step.body, len(list))
		}
		got := list[0].read
		if got.field("Status") != step.status || step.change != "" && !got.shows(step.change) {
			t.Errorf("status %q, want %q and %q in %q", got.field("Status"), step.status, step.change, got.plain())
		}
		for _, kept := range []string{"From one address.", "• ip 203.0.113.7 (source) – observed", "web-1", "Lock the account"} {
			if !got.shows(kept) {
				t.Errorf("%s: the message has lost %q", step.status, kept)
			}
		}
		if got.field("Location") != "Amsterdam, Netherlands (NL)" || got.field("Risk score") != "84 of 100" || got.field("Severity") != "High" {
			t.Errorf("details %+v", got.plain())
		}
		want := map[string]string{"tocsin_open": "https://tocsin.example.com/alerts/" + ref}
		for _, b := range step.buttons {
			want[b] = ref
		}
		if step.status != "Resolved" {
			want["tocsin_block_1"] = ref + "/203.0.113.7"
		}
		if diff := cmp.Diff(want, got.buttons()); diff != "" {
			t.Errorf("%s: %s", step.status, diff)
		}
	}
	if said := m.said(); len(said) != 5 || !strings.HasPrefix(said[0], "👀 Acknowledged by dana@example.com") || !strings.HasSuffix(said[0], "\non it") {
		t.Errorf("in the thread: %q", said)
	}
	if got := m.shown()[0]; !strings.HasPrefix(got.Blocks[0].Text.Text, "✅ 57 failed") || got.Text != "✅ [High, resolved] 57 failed logins" {
		t.Errorf("%q, %q", got.Blocks[0].Text.Text, got.Text)
	}
	send(t, c, record(t, 0, created)) // it has come back: people must see that
	if list := m.shown(); len(list) != 2 || list[1].field("Status") != "Open" {
		t.Errorf("%d messages", len(list))
	}
}

// TestIncident: incidents have messages of their own.
func TestIncident(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := m.open(t, nil)
	body := func(kind, status, verb string) string {
		return fmt.Sprintf(`{"type":"incident.%s","severity":"critical","title":"account takeover","incident":"INC-7","status":%q,"actor":"dana@example.com",
			"data":{"incident":{"number":"INC-7","status":%q,"owner":"dana@example.com","alerts":3,"classification":"true_positive"},"change":{"verb":%q,"by":"dana@example.com"}}}`, kind, status, status, verb)
	}
	for _, step := range []struct {
		kind, status, verb, shown string
		buttons                   []string
	}{
		{"created", "new", "create", "New", []string{"tocsin_acknowledge", "tocsin_open", "tocsin_resolve"}},
		{"updated", "active", "acknowledge", "Active", []string{"tocsin_open", "tocsin_resolve"}},
		{"closed", "closed", "resolve", "Closed", []string{"tocsin_open", "tocsin_reopen"}},
		{"updated", "active", "reopen", "Active", []string{"tocsin_open", "tocsin_resolve"}},
	} {
		send(t, c, record(t, event.Internal, body(step.kind, step.status, step.verb)))
		list := m.shown()
		if len(list) != 1 {
			t.Fatalf("%d messages", len(list))
		}
		got := list[0]
		var buttons []string
		for name, value := range got.buttons() {
			buttons = append(buttons, name)
			if name != "tocsin_open" && value != "INC-7" {
				t.Errorf("%s carries %q", name, value)
			}
		}
		slices.Sort(buttons)
		if got.field("Status") != step.shown || !slices.Equal(buttons, step.buttons) || got.field("Alerts") != "3" || got.title() != "INC-7: account takeover" {
			t.Errorf("%s: %q %q %q", step.kind, got.field("Status"), buttons, got.title())
		}
	}
	// A sender's incident may have the same number. It is another one: the hub's message stays, and no button of the sender's
	// does anything to the hub's incident.
	send(t, c, record(t, 0, body("closed", "closed", "resolve")))
	list := m.shown()
	if len(list) != 2 || list[0].field("Status") != "Active" || list[1].field("Status") != "Closed" {
		t.Fatalf("%d messages, the first is %s", len(list), list[0].field("Status"))
	}
	for name, value := range list[1].buttons() {
		if name != "tocsin_open" {
			t.Errorf("a sender's incident has the button %s for %q", name, value)
		}
	}
}

// TestNotKnown: a change of an alert that no message tells of is posted; one that was overtaken is not shown.
func TestNotKnown(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := m.open(t, nil)
	early := record(t, event.Internal, told("acknowledge", "acknowledged", "dana@example.com"))
	late := record(t, event.Internal, told("resolve", "resolved", "erin@example.com"))
	send(t, c, late)
	send(t, c, early)
	list := m.shown()
	if len(list) != 1 || list[0].field("Status") != "Resolved" || list[0].edits != 0 || list[0].field("Actor") != "" {
		t.Errorf("%+v", list[0])
	}
	send(t, c, late) // once more, after a crash
	if len(m.shown()) != 1 {
		t.Error("posted twice")
	}
}

// TestDeleted: a message that is gone, or may not be changed, is posted anew.
func TestDeleted(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := m.open(t, map[string]any{"thread_updates": true})
	send(t, c, record(t, 0, created))
	m.shown()[0].deleted = true
	send(t, c, record(t, event.Internal, told("acknowledge", "acknowledged", "dana@example.com")))
	list := m.shown()
	if len(list) != 1 || list[0].field("Status") != "Acknowledged" || !list[0].shows("From one address.") {
		t.Fatalf("%d messages", len(list))
	}
	m.script(answer{status: 200, body: `{"ok":false,"error":"edit_window_closed"}`})
	send(t, c, record(t, event.Internal, told("resolve", "resolved", "dana@example.com")))
	if list = m.shown(); len(list) != 2 || list[1].field("Status") != "Resolved" {
		t.Errorf("%d messages", len(list))
	}
}

// TestFailures: what goes wrong while a message is followed.
func TestFailures(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := m.open(t, nil)
	first := record(t, 0, created)
	try := func(r *event.Record) error { return c.Send(t.Context(), connector.Delivery{Record: r, Attempt: 1}) }

	m.script(answer{status: 200, body: `{"ok":false,"error":"ratelimited"}`, header: http.Header{"Retry-After": {"30"}}})
	if after, ok := connector.IsThrottled(try(first)); !ok || after != 30*time.Second {
		t.Errorf("ok:false with Retry-After: %v %v", after, ok)
	}
	m.script(answer{status: 429, body: `{"ok":false,"error":"ratelimited"}`, header: http.Header{"Retry-After": {"7"}}})
	if after, ok := connector.IsThrottled(try(first)); !ok || after != 7*time.Second {
		t.Errorf("429 with Retry-After: %v %v", after, ok)
	}
	m.mu.Lock()
	m.lost = true
	m.mu.Unlock()
	if err := try(first); err == nil || connector.IsPermanent(err) {
		t.Errorf("a lost answer: %v", err)
	}
	send(t, c, first)
	if n := len(m.shown()); n != 2 { // the one place where a message doubles: see the README
		t.Errorf("%d messages after a lost answer", n)
	}
	m.mu.Lock()
	m.lost = true
	m.mu.Unlock()
	change := record(t, event.Internal, told("acknowledge", "acknowledged", "dana@example.com"))
	if err := try(change); err == nil || connector.IsPermanent(err) {
		t.Errorf("a lost answer: %v", err)
	}
	send(t, c, change) // a change is not doubled
	if n := len(m.shown()); n != 2 {
		t.Errorf("%d messages", n)
	}
	m.script(answer{status: 200, body: `{"ok":false,"error":"channel_not_found"}`})
	if err := try(record(t, event.Internal, told("resolve", "resolved", "x"))); !connector.IsPermanent(err) || !strings.Contains(err.Error(), "invite the app") {
		t.Errorf("%v", err)
	}
}

// TestChannelChanged: a message in a channel that is gone does not keep the new one from being told.
func TestChannelChanged(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	env := connectortest.Env(nil)
	settings := map[string]any{"base_url": m.url + "/api", "bot_token": testToken, "channel": testChannel}
	send(t, openWith(t, settings, env), record(t, 0, created))
	settings["channel"] = "C2222222222"
	m.script(answer{status: 200, body: `{"ok":false,"error":"is_archived"}`})
	send(t, openWith(t, settings, env), record(t, event.Internal, told("acknowledge", "acknowledged", "dana@example.com")))
	if list := m.shown(); len(list) != 2 || list[1].Channel != "C2222222222" {
		t.Errorf("%d messages", len(list))
	}
}

// brokenState cannot keep anything.
type brokenState struct{ connectortest.State }

func (*brokenState) Put(_ context.Context, _ string, _ []byte, _ time.Duration) error {
	return errors.New("no room")
}

// TestStateFails: a posted message whose place cannot be kept is not posted again; one that cannot be looked up is tried
// again before anything is sent.
func TestStateFails(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	env := connectortest.Env(nil)
	env.State = &brokenState{}
	c := openWith(t, map[string]any{"base_url": m.url + "/api", "bot_token": testToken, "channel": testChannel}, env)
	send(t, c, record(t, 0, created))
	if len(m.shown()) != 1 {
		t.Error("not posted")
	}
}

// TestDirect: a person gets direct messages, for which a conversation is opened once.
func TestDirect(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := m.open(t, map[string]any{"channel": "U0123456789", "mention": []string{"U0123456789", "S0ONCALL"}, "mention_from": "high"})
	send(t, c, record(t, 0, created))
	send(t, c, record(t, 0, created))
	send(t, c, record(t, 0, `{"type":"ip.blocked","severity":"info","title":"blocked"}`))
	if diff := cmp.Diff([]string{"conversations.open", "chat.postMessage", "chat.update", "chat.postMessage"}, m.seen()); diff != "" {
		t.Error(diff)
	}
	list := m.shown()
	if len(list) != 2 || list[0].Channel != "DU0123456789" || len(list[1].buttons()) != 1 {
		t.Errorf("%+v", list)
	}
	m2 := newModel(t)
	send(t, m2.open(t, map[string]any{"mention": []string{"U0123456789", "S0ONCALL"}, "mention_from": "high"}), record(t, 0, created))
	if got := m2.shown()[0]; !slices.Contains(got.markup(), "<@U0123456789> <!subteam^S0ONCALL>") {
		t.Errorf("%q", got.markup())
	}
}

// TestAnothersAlert: what belongs to an account below is shown, and not changed from here.
func TestAnothersAlert(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := m.open(t, nil)
	r := record(t, 0, created)
	r.Account = "child"
	send(t, c, r)
	if b := m.shown()[0].buttons(); len(b) != 1 || b["tocsin_open"] == "" {
		t.Errorf("%v", b)
	}
}

// TestInterleaved: whatever comes at once and in whatever order, one message shows what was done last.
func TestInterleaved(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	env := connectortest.Env(nil)
	c, called := m.openIn(t, env, nil), m.openIn(t, env, nil) // the hub opens one for deliveries, and one for calls
	send(t, c, record(t, 0, created))
	var facts []*event.Record
	for i := range 40 {
		facts = append(facts, record(t, event.Internal, told("assign", "open", fmt.Sprintf("person %d", i))))
	}
	facts = append(facts, record(t, event.Internal, told("acknowledge", "acknowledged", "the last")))
	last := facts[len(facts)-1]
	rand.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
	var wg sync.WaitGroup
	for _, r := range facts {
		wg.Go(func() {
			if r == last { // somebody clicked, beside the deliveries
				if err := called.Answer(t.Context(), connector.Wish{Token: `{}`}, connector.Outcome{Record: r}); err != nil {
					t.Error(err)
				}
				return
			}
			if err := c.Send(t.Context(), connector.Delivery{Record: r, Attempt: 1}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list := m.shown(); len(list) != 1 || !list[0].shows("👀 Acknowledged by the last · 20 Nov 2026 12:00 UTC") {
		t.Errorf("%d messages, %q", len(list), list[0].plain())
	}
}

// TestDirectGone: a conversation that is gone is opened again.
func TestDirectGone(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := m.open(t, map[string]any{"channel": "U0123456789"})
	m.script(answer{status: 200, body: `{"ok":false,"error":"channel_not_found"}`})
	if err := c.Send(t.Context(), connector.Delivery{Record: record(t, 0, created)}); !connector.IsPermanent(err) {
		t.Errorf("%v", err)
	}
	send(t, c, record(t, 0, created))
	if diff := cmp.Diff([]string{"conversations.open", "chat.postMessage", "conversations.open", "chat.postMessage"}, m.seen()); diff != "" {
		t.Error(diff)
	}
}
