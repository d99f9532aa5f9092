package audit

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestForward(t *testing.T) {
	t.Parallel()
	m, c, woken := newMemory(), newClock(), 0
	l := opened(t, m, func(d *Deps) { d.Now, d.Forward, d.Said = c.Now, true, func() { woken++ } })
	id := event.NewID().Text(event.PrefixIntegration)
	err := act.Do(t.Context(), l, update(id), func(context.Context) error {
		c.add(time.Second)
		if len(m.said) > 0 {
			t.Error("said before it was done")
		}
		return errors.New("the receiver said:\nno")
	})
	if err == nil {
		t.Fatal("no error")
	}
	closed(t, l)
	if len(m.said) != 1 || woken != 1 {
		t.Fatalf("%d facts, woken %d times", len(m.said), woken)
	}
	s := m.said[0]
	if s.Account != "acme" || s.Type != "audit.integration_update" || s.Origin != id || s.ID.IsZero() || !s.At.Equal(c.Now()) {
		t.Errorf("fact %+v", s)
	}
	var got event.Event
	if err := json.Unmarshal(s.Event, &got); err != nil {
		t.Fatal(err)
	}
	var data map[string]any
	if err := json.Unmarshal(got.Data, &data); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"action": "integration.update", "target": id, "outcome": "failed", "error": "the receiver said:\nno", "changed": []any{"name"},
		"actor":   map[string]any{"kind": "user", "id": "usr_1", "name": "dana@example.com", "account": "acme", "address": "192.0.2.7"},
		"took_ms": 1000.0, "seq": 2.0, "hash": hexOf(m.rows[1].Hash),
	}
	if diff := cmp.Diff(want, data); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	got.Data = nil
	if diff := cmp.Diff(event.Event{
		Type: "audit.integration_update", Severity: event.Low, Status: "failed", Actor: "dana@example.com",
		Title: "integration.update of " + id + " by dana@example.com failed: the receiver said: no",
		Entities: []event.Entity{
			{Type: "user", Value: "dana@example.com", Role: "actor"}, {Type: "ip", Value: "192.0.2.7", Role: "source"},
		},
	}, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if strings.Contains(string(s.Event), "a.example") {
		t.Error("the event holds a value")
	}
}

func TestNotForwarded(t *testing.T) {
	t.Parallel()
	m, _ := history(t, 3)
	if len(m.said) > 0 {
		t.Errorf("%d facts", len(m.said))
	}
}

// TestFact wants whatever somebody wrote to become a valid event of bounded size with a title of one line.
func TestFact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{strings.Repeat("\x01", 2500), "a\nb\u2028c", "integration.update"}))
		fields := map[string]string{}
		for range rapid.IntRange(0, 60).Draw(t, "fields") {
			fields[text.Draw(t, "field")] = "x"
		}
		after, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		a := act.Act{
			Account: "acme", Action: text.Draw(t, "action"), Target: text.Draw(t, "target"), After: after,
			Actor: act.Actor{Kind: act.KindUser, ID: text.Draw(t, "id"), Name: text.Draw(t, "name"), Address: text.Draw(t, "address")},
		}
		r := &request{entry: beginning(&a)}
		r.changed = changed(nil, r.entry.After)
		r.entry.Phase, r.entry.Act, r.entry.Outcome, r.entry.Error = PhaseEnd, 1, OutcomeFailed, clip(text.Draw(t, "error"), maxError)
		s, err := fact(r, &store.AuditEntry{Seq: 2, At: newClock().Now()})
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Event) > store.MaxSaidBytes || !event.ValidType(s.Type) {
			t.Fatalf("type %s, %d bytes", s.Type, len(s.Event))
		}
		rec, err := event.Parse(s.Event, "acme", newClock().Now(), event.Limits{})
		if err != nil || rec.Type != s.Type || len(rec.Raw) > 0 {
			t.Fatalf("record %+v, %v", rec, err)
		}
		e, err := rec.Event()
		if err != nil || e.Title != oneLine(e.Title) || len(e.Title) > maxTitle {
			t.Fatalf("title %q, %v", e.Title, err)
		}
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]act.Actor{
		"the hub (retention)": act.System("retention"),
		"the hub":             act.System(""),
		"the command line":    {Kind: act.KindLocal},
		"key_1":               {Kind: act.KindKey, ID: "key_1"},
		"ci":                  {Kind: act.KindKey, ID: "key_1", Name: "ci"},
	} {
		if got := name(a); got != want {
			t.Errorf("%+v is %q, want %q", a, got, want)
		}
	}
	for action, want := range map[string]string{"user.sign_in_failed": "audit.user_sign_in_failed", "x.y.z": "audit.x_y_z", "Ü": otherType} {
		if got := typeOf(action); got != want {
			t.Errorf("%s is %s", action, got)
		}
	}
}

// Every act that the hub knows has an event type with a sample.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	for prefix, acts := range map[string]string{
		"integration": "create update delete enable disable pause resume test callback sync", "api_key": "create rotate revoke",
		"user":    "invite update delete sign_in sign_in_failed sign_out password_change totp_enable totp_disable reset",
		"session": "revoke", "account": "create update close reopen", "project": "create update delete", "secrets": "rotate",
		"mailbox": "replay discard", "delivery": "retry", "audit": "export prune", "backup": "create",
		"alert": "acknowledge resolve reopen assign note rate bulk",
	} {
		for _, a := range strings.Fields(acts) {
			if _, ok := event.LookupType(typeOf(prefix + "." + a)); !ok {
				t.Errorf("the catalogue has no %s", typeOf(prefix+"."+a))
			}
		}
	}
	if _, ok := event.LookupType(otherType); !ok {
		t.Errorf("the catalogue has no %s", otherType)
	}
}
