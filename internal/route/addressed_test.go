package route

import (
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// What is addressed reaches the one it is for, whatever that subscribes to, and nobody else. Everybody counts it.
func TestAddressed(t *testing.T) {
	t.Parallel()
	x := NewIndex[string]()
	subs := map[string]Subscription{
		"int_none": {}, "int_alerts": {Types: filters("alert.*"), MinSeverity: event.Critical}, "int_all": {Types: filters("system.*")},
	}
	for id, sub := range subs {
		x.Add("a", id, sub, id)
	}
	x.Follow("a", "int_above", Subscription{Types: filters("system.*")}, "int_above")
	for _, to := range []string{"int_none", "int_alerts", "int_all"} {
		r := event.Record{Account: "a", Type: event.TypeDigest, Flags: event.Internal, Origin: to}
		got := map[string]Reason{}
		x.Match(&r, func(e *Entry[string], why Reason) { got[e.Value] = why })
		for _, id := range []string{"int_none", "int_alerts", "int_all", "int_above"} {
			want := Addressed
			if id == to {
				want = Wanted
			}
			sub := subs[id]
			if why, offered := got[id]; !offered || why != want || id != "int_above" && sub.Explain(&r, id) != want {
				t.Errorf("to %s: %s has %q (%t), want %q", to, id, why, offered, want)
			}
		}
	}
	forged := event.Record{Account: "a", Type: event.TypeDigest}
	got := map[string]Reason{}
	x.Match(&forged, func(e *Entry[string], why Reason) { got[e.Value] = why })
	if got["int_all"] != Wanted || got["int_none"] == Wanted || got["int_alerts"] == Wanted {
		t.Errorf("a sender's: %v", got)
	}
	x.Classes(func(_ event.Account, c *Class) {
		if c.Missed > 0 {
			t.Error("counted as missed by a class as well")
		}
	})
}

// Who asks for everything hears what becomes of an alert or an incident, and not what Tocsin says of itself. Nobody hears
// of what came from there.
func TestEverything(t *testing.T) {
	t.Parallel()
	all := Subscription{Types: filters("*")}
	for _, tt := range []struct {
		kind, origin string
		flags        event.Flags
		want         Reason
	}{
		{"alert.acknowledged", "", event.Internal, Wanted}, {"incident.created", "int_other", event.Internal, Wanted},
		{"alert.acknowledged", "int_1", event.Internal, OwnFact}, {"system.integration_failing", "", event.Internal, Unnamed},
		{"system.integration_failing", "", 0, Wanted},
	} {
		r := event.Record{Account: "a", Type: tt.kind, Origin: tt.origin, Flags: tt.flags}
		if why := all.Explain(&r, "int_1"); why != tt.want {
			t.Errorf("%s from %q: %q, want %q", tt.kind, tt.origin, why, tt.want)
		}
	}
}
