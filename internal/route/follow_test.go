package route

import (
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// An integration of an account above is offered every event of the account, with the reason when it does not want it,
// and is in no class.
func TestFollow(t *testing.T) {
	t.Parallel()
	x := NewIndex[string]()
	own := x.Add("child", "int_own", Subscription{Types: filters("ip.*")}, "own")
	above := x.Follow("child", "int_above", Subscription{Types: filters("alert.*"), MinSeverity: event.High}, "above")
	x.Add("parent", "int_above", Subscription{Types: filters("alert.*")}, "parent")
	offers := func(r event.Record) map[string]Reason {
		r.Account = "child"
		got := map[string]Reason{}
		x.Match(&r, func(e *Entry[string], why Reason) { got[e.Value] = why })
		return got
	}
	for _, c := range []struct {
		record event.Record
		above  Reason
		own    bool
	}{
		{event.Record{Type: "alert.created", Severity: event.High}, Wanted, false},
		{event.Record{Type: "alert.created", Severity: event.Low}, TooLow, false},
		{event.Record{Type: "ip.blocked"}, TypeFiltered, true},
		{event.Record{Type: "alert.created", Severity: event.High, Origin: "int_above"}, OwnFact, false},
	} {
		got := offers(c.record)
		why, offered := got["above"]
		_, ownToo := got["own"]
		if !offered || why != c.above || ownToo != c.own || len(got) > 2 || above.Class != nil {
			t.Errorf("%+v: %v", c.record, got)
		}
	}
	if own.Class.Missed != 3 {
		t.Errorf("the own one's class missed %d", own.Class.Missed)
	}
	x.Remove("child", above)
	if got := offers(event.Record{Type: "alert.created", Severity: event.High}); len(got) != 0 {
		t.Errorf("offered after it was removed: %v", got)
	}
	x.Remove("child", own)
	if len(x.accounts) != 1 {
		t.Error("an account that nobody is interested in is remembered")
	}
}
