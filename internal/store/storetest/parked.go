package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// parked is a delivery in StateParked that entered its state at(n).
func parked(account event.Account, integration event.ID, n int) store.Parked {
	return store.Parked{
		Delivery: event.NewID(), Account: account, Integration: integration, Event: event.NewID(),
		Type: "alert.created", Severity: event.High, OrderingKey: "INC-1", Position: pos(uint64(n)), State: store.StateParked,
		Due: at(n + 100), Attempts: 3, Cause: "posting: 503", CauseClass: "retryable", Since: at(n), FirstTried: at(n - 5),
		Record: []byte{1, 0, 2, byte(n)},
	}
}

func testParked(t *testing.T, s *suite) {
	id := event.NewID()
	p := parked(acme, id, 2)
	expired := store.Parked{
		Delivery: event.NewID(), Account: acme, Integration: id, Position: pos(3), State: store.StateExpired,
		Since: at(3), RangeTo: pos(400), Matched: 1 << 40, CauseClass: "trimmed",
	}
	behind := parked(acme, id, 1)
	behind.State, behind.Due = store.StateBehind, time.Time{}
	foreign := parked(other, event.NewID(), 1)
	child := parked(acme, id, 4)
	child.EventAccount, child.Parents = "shop", []event.Account{"emea", acme}
	child.Run, child.FromIntegration, child.FromDelivery = id, event.NewID(), event.NewID()
	held := parked(acme, id, 5)
	held.State, held.Group, held.Subject, held.Carrier = store.StateHeld, "group/\x1fweb", "a/k", event.NewID()
	s.tick(t, store.Tick{Park: []store.Parked{p, expired, behind, foreign, child, held}})
	held.Group, held.Subject, held.Carrier = "quiet", "", event.ID{}
	s.tick(t, store.Tick{Park: []store.Parked{held}})

	for _, want := range []store.Parked{p, expired, behind, child, held} {
		got, err := s.GetParked(s.ctx, acme, want.Delivery)
		must(t, err)
		same(t, "parked delivery", got, want)
		_, err = s.GetParked(s.ctx, other, want.Delivery)
		wantErr(t, "another account's delivery", err, store.ErrNotFound)
	}
	got, err := s.LoadParked(s.ctx, id)
	must(t, err)
	p.Record, behind.Record, child.Record, held.Record = nil, nil, nil, nil
	same(t, "waiting deliveries by position", got, []store.Parked{behind, p, child, held})
}

func testParkedTitles(t *testing.T, s *suite) {
	id := event.NewID()
	record := func(title string) []byte {
		r := &event.Record{ID: event.NewID(), Type: "alert.created", Body: fmt.Appendf(nil, `{"type":"alert.created","title":%q}`, title)}
		return r.AppendBinary(nil)
	}
	named, long, nameless, broken, foreign := parked(acme, id, 1), parked(acme, id, 2), parked(acme, id, 3), parked(acme, id, 4), parked(other, id, 5)
	named.Record, long.Record, nameless.Record, foreign.Record = record("<b>VPN"), record(strings.Repeat("x", 3*store.MaxListedTitle)), record(""), record("theirs")
	s.tick(t, store.Tick{Park: []store.Parked{named, long, nameless, broken, foreign}})
	got, err := s.ParkedTitles(s.ctx, acme, []event.ID{named.Delivery, long.Delivery, nameless.Delivery, broken.Delivery, foreign.Delivery, event.NewID()})
	must(t, err)
	if len(got) != 2 || got[named.Delivery] != "<b>VPN" || len(got[long.Delivery]) != store.MaxListedTitle {
		t.Errorf("titles %v", got)
	}
	got, err = s.ParkedTitles(s.ctx, acme, nil)
	must(t, err)
	same(t, "titles of nothing", len(got), 0)
	_, err = s.ParkedTitles(s.ctx, acme, make([]event.ID, store.MaxPage+1))
	wantErr(t, "too many at once", err, store.ErrInvalid)
}

func testParkedKeepsRecord(t *testing.T, s *suite) {
	p := parked(acme, event.NewID(), 1)
	s.tick(t, store.Tick{Park: []store.Parked{p}})
	again := p
	again.State, again.Due, again.Attempts, again.Cause, again.Since, again.Record = store.StateMailbox, time.Time{}, 9, "no", at(50), nil
	again.ToIntegration, again.ToDelivery = event.NewID(), event.NewID()
	s.tick(t, store.Tick{Park: []store.Parked{again}})
	got, err := s.GetParked(s.ctx, acme, p.Delivery)
	must(t, err)
	again.Record = p.Record
	same(t, "replaced row", got, again)

	twice := []store.Parked{again, again}
	twice[0].Attempts, twice[1].Attempts, twice[1].Record = 10, 11, []byte("new")
	s.tick(t, store.Tick{Park: twice})
	got, err = s.GetParked(s.ctx, acme, p.Delivery)
	must(t, err)
	same(t, "the last of two rows", got, twice[1])

	s.tick(t, store.Tick{Unpark: []event.ID{p.Delivery}})
	s.tick(t, store.Tick{Park: []store.Parked{{Delivery: p.Delivery, Account: acme, Integration: p.Integration, State: store.StateExpired}}})
	got, err = s.GetParked(s.ctx, acme, p.Delivery)
	must(t, err)
	same(t, "the record of a row that was gone between", len(got.Record), 0)
}

func testParkedFilters(t *testing.T, s *suite) {
	a, b := event.NewID(), event.NewID()
	states := []store.ParkedState{store.StateParked, store.StateBehind, store.StateMailbox, store.StateDiscarded, store.StateExpired}
	var rows []store.Parked
	for n := range 40 {
		p := parked(acme, a, n)
		if n%2 == 1 {
			p.Integration = b
		}
		p.State = states[n%len(states)]
		if n%4 == 0 {
			p.Run = a
		}
		if n%3 == 0 {
			p.Type, p.CauseClass, p.Cause = "ip.blocked", "permanent", "no"
		}
		rows = append(rows, p)
	}
	s.tick(t, store.Tick{Park: append(slices.Clone(rows), parked(other, a, 3))})
	rows[7].Record = nil

	for name, f := range map[string]store.ParkedFilter{
		"all":         {},
		"integration": {Integration: b},
		"event":       {Event: rows[7].Event},
		"run":         {Run: a},
		"run's state": {Run: a, States: states[1:3]},
		"another run": {Run: b},
		"one state":   {States: states[2:3]},
		"states":      {States: states[2:]},
		"type":        {Type: "ip.blocked"},
		"class":       {CauseClass: "retryable"},
		"cause":       {Cause: "no"},
		"types":       {Type: "ip.*"},
		"no types":    {Type: "ip.blocked.*"},
		"half a type": {Type: "i.*"},
		"every type":  {Type: "*"},
		"before":      {Before: at(10)},
		"after":       {After: at(10)},
		"between":     {After: at(10), Before: at(20), Integration: a},
		"everything":  {Integration: b, Event: rows[7].Event, States: states, Type: rows[7].Type, CauseClass: rows[7].CauseClass, Before: at(8), After: at(6)},
		"nothing":     {Type: "no.such"},
	} {
		f.Account = acme
		var want []event.ID
		wantCount := map[store.ParkedState]int{}
		for i := len(rows) - 1; i >= 0; i-- {
			if matches(f, rows[i]) {
				want = append(want, rows[i].Delivery)
				wantCount[rows[i].State]++
			}
		}
		list, _, err := s.ListParked(s.ctx, f, store.Page{Limit: store.MaxPage})
		must(t, err)
		var got []event.ID
		for _, p := range list {
			got = append(got, p.Delivery)
			if p.Record != nil {
				t.Fatalf("%s: the list holds a record", name)
			}
		}
		same(t, name, got, want)
		count, err := s.CountParked(s.ctx, f)
		must(t, err)
		same(t, "count of "+name, count, wantCount)
	}
}

func matches(f store.ParkedFilter, p store.Parked) bool {
	return (f.Integration.IsZero() || f.Integration == p.Integration) && (f.Event.IsZero() || f.Event == p.Event) &&
		(f.Run.IsZero() || f.Run == p.Run) && (len(f.States) == 0 || slices.Contains(f.States, p.State)) && (f.Type == "" || event.TypeFilter(f.Type).Match(p.Type)) && (f.Cause == "" || f.Cause == p.Cause) &&
		(f.CauseClass == "" || f.CauseClass == p.CauseClass) && (f.Before.IsZero() || p.Since.Before(f.Before)) &&
		(f.After.IsZero() || p.Since.After(f.After))
}

func testParkedCauses(t *testing.T, s *suite) {
	a, b := event.NewID(), event.NewID()
	var rows []store.Parked
	for n := range 30 {
		p := parked(acme, a, n)
		p.State = store.StateMailbox
		switch {
		case n%10 == 0:
			p.Integration = b
		case n%3 == 0:
			p.Cause, p.CauseClass = "posting: 400", "permanent"
		case n%7 == 0:
			p.State = store.StateDiscarded
		}
		rows = append(rows, p)
	}
	s.tick(t, store.Tick{Park: append(slices.Clone(rows), parked(other, a, 3))})
	for name, f := range map[string]store.ParkedFilter{
		"all": {}, "mailbox": {States: []store.ParkedState{store.StateMailbox}}, "integration": {Integration: a}, "cause": {Cause: "posting: 400"},
		"time": {After: at(5), Before: at(15)}, "none": {Type: "no.such"},
	} {
		f.Account = acme
		type key struct {
			integration  event.ID
			class, cause string
		}
		want, total := map[key]store.ParkedCause{}, 0
		examples := map[key]map[event.ID]bool{}
		for _, p := range rows { // the oldest first
			if !matches(f, p) {
				continue
			}
			k := key{p.Integration, p.CauseClass, p.Cause}
			c := want[k]
			if c.Count == 0 {
				c = store.ParkedCause{Integration: p.Integration, CauseClass: p.CauseClass, Cause: p.Cause, Oldest: p.Since}
				examples[k] = map[event.ID]bool{}
			}
			c.Count++
			c.Newest = p.Since
			want[k], examples[k][p.Delivery] = c, true
			total++
		}
		got, err := s.ParkedCauses(s.ctx, f)
		must(t, err)
		if got.Total != total || len(got.Causes) != len(want) || got.Approximate || got.More {
			t.Errorf("%s: %d of %d causes, %+v", name, len(got.Causes), len(want), got)
		}
		for i, c := range got.Causes {
			k := key{c.Integration, c.CauseClass, c.Cause}
			if !examples[k][c.Example] || i > 0 && got.Causes[i-1].Count < c.Count {
				t.Errorf("%s: the example or the place of %+v", name, c)
			}
			c.Example = event.ID{}
			same(t, name, c, want[k])
		}
	}
	// With many causes the most frequent ones are told of, and that there are others.
	var many []store.Parked
	for n := range store.MaxCauses + 10 {
		p := parked(acme, b, 100+n)
		p.State, p.Cause = store.StateExpired, fmt.Sprint("cause ", n)
		many = append(many, p)
	}
	s.tick(t, store.Tick{Park: many})
	got, err := s.ParkedCauses(s.ctx, store.ParkedFilter{Account: acme, States: []store.ParkedState{store.StateExpired}})
	must(t, err)
	if len(got.Causes) != store.MaxCauses || !got.More || got.Total != len(many) || got.Approximate {
		t.Errorf("of many causes: %d, more %t, total %d", len(got.Causes), got.More, got.Total)
	}
}

func testParkedList(t *testing.T, s *suite) {
	id := event.NewID()
	var want []string
	add := func(n int) string {
		p := parked(acme, id, n/2) // two rows each second
		p.OrderingKey = fmt.Sprint(n)
		s.tick(t, store.Tick{Park: []store.Parked{p, parked(other, id, n), parked(acme, event.NewID(), n)}})
		return p.OrderingKey
	}
	for n := range 11 {
		want = append([]string{add(n)}, want...)
	}
	list := func(p store.Page) ([]store.Parked, string, error) {
		return s.ListParked(s.ctx, store.ParkedFilter{Account: acme, Integration: id}, p)
	}
	checkWalk(t, list, func(p store.Parked) string { return p.OrderingKey }, want, func(n int) { add(1000 + n) })
}

func testParkedPrune(t *testing.T, s *suite) {
	id := event.NewID()
	var rows []store.Parked
	for n, state := range []store.ParkedState{
		store.StateMailbox, store.StateParked, store.StateDiscarded, store.StateBehind, store.StateExpired, store.StateMailbox,
	} {
		p := parked(acme, id, n)
		p.State = state
		rows = append(rows, p)
	}
	s.tick(t, store.Tick{Park: rows})
	var pruned []store.Parked
	for _, want := range []int{2, 1, 0} {
		got, err := s.PruneParked(s.ctx, at(5), 2)
		must(t, err)
		same(t, "number of pruned rows", len(got), want)
		pruned = append(pruned, got...)
	}
	for i := range rows {
		rows[i].Record = nil
	}
	same(t, "pruned rows", pruned, []store.Parked{rows[0], rows[2], rows[4]})
	left, err := s.CountParked(s.ctx, store.ParkedFilter{Account: acme})
	must(t, err)
	if diff := cmp.Diff(map[store.ParkedState]int{store.StateParked: 1, store.StateBehind: 1, store.StateMailbox: 1}, left); diff != "" {
		t.Fatalf("rows left (-want +got):\n%s", diff)
	}
}
