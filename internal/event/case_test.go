package event

import (
	"strings"
	"testing"
)

func TestAlertID(t *testing.T) {
	t.Parallel()
	a, b := AlertID("acme", "k"), AlertID("acme", "k2")
	if a != AlertID("acme", "k") || a == b || a == AlertID("acm", "ek") || a == AlertID("other", "k") {
		t.Error("not a function of account and key")
	}
	if u := a.UUID(); u[14] != '8' || !strings.ContainsRune("89ab", rune(u[19])) {
		t.Errorf("%s is no UUIDv8", u)
	}
	text := a.Text(PrefixAlert)
	if back, err := ParseID(PrefixAlert, text); err != nil || back != a {
		t.Errorf("%s: %v", text, err)
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	id := NewID()
	evt := "https://h/events/" + id.Text(PrefixEvent)
	blk := NewID().Text(PrefixBlock)
	blockBody := func(id string) []byte { return []byte(`{"data":{"block":{"id":"` + id + `"}}}`) }
	for _, c := range []struct {
		record Record
		want   string
	}{
		{Record{Type: "alert.created", DedupKey: "k", Account: "a"}, "https://h/alerts/" + AlertID("a", "k").Text(PrefixAlert)},
		{Record{Type: "alert.created", Account: "a"}, "https://h/alerts/" + AlertID("a", id.Text(PrefixEvent)).Text(PrefixAlert)},
		{Record{Type: "incident.closed", Body: []byte(`{"incident":"INC-7"}`)}, "https://h/incidents/INC-7"},
		{Record{Type: "incident.closed", Body: []byte(`{"incident":"../x"}`)}, evt},
		{Record{Type: "incident.closed", Body: []byte(`{}`)}, evt},
		{Record{Type: "hit.detected", DedupKey: "k"}, evt},
		{Record{Type: "ip.blocked", Flags: Internal, Body: blockBody(blk)}, "https://h/blocks/" + blk},
		{Record{Type: "ip.block_failed", Flags: Internal, Body: blockBody(blk)}, "https://h/blocks/" + blk},
		{Record{Type: "ip.unblocked", Flags: Internal, Body: blockBody(blk)}, "https://h/blocks/" + blk},
		{Record{Type: "ip.blocked", Body: blockBody(blk)}, evt}, // somebody else's
		{Record{Type: "ip.allowed", Flags: Internal, Body: blockBody(blk)}, evt},
		{Record{Type: "ip.blocked", Flags: Internal, Body: blockBody("../../admin")}, evt},
		{Record{Type: "ip.blocked", Flags: Internal, Body: blockBody(blk + "/../../x")}, evt},
		{Record{Type: "ip.blocked", Flags: Internal, Body: blockBody(id.Text(PrefixEvent))}, evt},
		{Record{Type: "ip.blocked", Flags: Internal, Body: []byte(`{"data":{"block":{"id":{"x":1}}}}`)}, evt},
		{Record{Type: "ip.blocked", Flags: Internal, Body: []byte(`{"data":[]}`)}, evt},
	} {
		c.record.ID = id
		if got := c.record.Link("https://h"); got != c.want {
			t.Errorf("%s: %s, want %s", c.record.Type, got, c.want)
		}
		if got := c.record.Link(""); got != "" {
			t.Errorf("without a public URL: %s", got)
		}
	}
}

func TestIncidentNumber(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"INC-1": 1, "INC-1042": 1042, "INC-999999999999": 999999999999, "INC-1000000000000": 0, "": 0, "INC-": 0, "INC-01": 0,
		"INC-0": 0, "inc-1": 0, "INC-1x": 0, "INC--1": 0, "1": 0, "INC-١": 0,
	} {
		if got := IncidentNumber(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
