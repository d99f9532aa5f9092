package storetest

import (
	"fmt"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func testBlockList(t *testing.T, s *suite) {
	var want []string
	add := func(account event.Account) store.Block {
		b := block(account, fmt.Sprintf("10.0.%d.%d/32", len(want)/250, len(want)%250))
		s.blocks(t, b)
		return b
	}
	for range 17 {
		want = append([]string{add(acme).ID.UUID()}, want...)
		s.blocks(t, block(other, fmt.Sprintf("10.1.0.%d/32", len(want))))
	}
	list := func(p store.Page) ([]store.Block, string, error) {
		return s.ListBlocks(s.ctx, store.BlockFilter{Account: acme}, p)
	}
	n := 100
	checkWalk(t, list, func(b store.Block) string { return b.ID.UUID() }, want, func(int) {
		n++
		s.blocks(t, block(acme, fmt.Sprintf("10.2.0.%d/32", n)))
	})
	for _, cursor := range []string{"x", "AAAA", "' OR 1=1 --"} {
		_, _, err := list(store.Page{After: cursor})
		wantErr(t, "no cursor", err, store.ErrCursor)
	}
}

func testBlockFilters(t *testing.T, s *suite) {
	x, y := event.NewID(), event.NewID()
	rule, alert := event.NewID(), event.NewID()
	targets := []string{"203.0.113.7/32", "203.0.113.0/24", "203.0.112.0/20", "198.51.100.1/32", "2001:db8::1/128", "2001:db8::/32", "0.0.0.0/1", "8000::/1"}
	all := make([]store.Block, len(targets))
	for n, target := range targets {
		b := block(acme, target)
		b.Rule, b.Alert, b.Incident, b.Reason, b.CreatedAt = event.ID{}, event.ID{}, 0, fmt.Sprintf("Case %d_100%%", n), at(n)
		b.Requester.Principals = []string{fmt.Sprintf("usr_%d", n%2), fmt.Sprintf("key_%d", n)}
		switch n {
		case 1:
			b.State, b.Rule, b.Incident = store.BlockPending, rule, 7
		case 2:
			b.State, b.Alert, b.Rule = store.BlockRemoved, alert, rule
		}
		w := store.BlockWrite{Blocks: []store.Block{b}}
		if n != 3 {
			w.Place = []store.Placement{placed(b, x)}
		}
		if n%2 == 0 {
			p := placed(b, y)
			p.State = store.PlacementVerified
			w.Place = append(w.Place, p)
		}
		if n == 4 {
			w.Place[0].State = store.PlacementVerified
		}
		must(t, s.SaveBlocks(s.ctx, w))
		all[n] = b
	}
	theirs := block(other, "203.0.113.7/32")
	theirs.Rule, theirs.Alert = rule, alert
	must(t, s.SaveBlocks(s.ctx, store.BlockWrite{Blocks: []store.Block{theirs}, Place: []store.Placement{placed(theirs, x)}}))

	for name, c := range map[string]struct {
		f    store.BlockFilter
		want []int // the newest first
	}{
		"none":                      {store.BlockFilter{}, []int{7, 6, 5, 4, 3, 2, 1, 0}},
		"a state":                   {store.BlockFilter{States: []store.BlockState{store.BlockPending}}, []int{1}},
		"two states":                {store.BlockFilter{States: []store.BlockState{store.BlockPending, store.BlockRemoved}}, []int{2, 1}},
		"ids":                       {store.BlockFilter{IDs: []event.ID{all[5].ID, all[1].ID, theirs.ID, event.NewID()}}, []int{5, 1}},
		"a rule":                    {store.BlockFilter{Rule: rule}, []int{2, 1}},
		"a rule and a state":        {store.BlockFilter{Rule: rule, States: []store.BlockState{store.BlockRemoved}}, []int{2}},
		"an alert":                  {store.BlockFilter{Alert: alert}, []int{2}},
		"an incident":               {store.BlockFilter{Incident: 7}, []int{1}},
		"an incident and an alert":  {store.BlockFilter{Incident: 7, Alert: alert}, nil},
		"a placement":               {store.BlockFilter{Placement: store.PlacementVerified}, []int{6, 4, 2, 0}},
		"a placement there":         {store.BlockFilter{Placement: store.PlacementVerified, Integration: x}, []int{4}},
		"a responder":               {store.BlockFilter{Integration: y}, []int{6, 4, 2, 0}},
		"a responder and a rule":    {store.BlockFilter{Integration: y, Rule: rule}, []int{2}},
		"a placement that none has": {store.BlockFilter{Placement: store.PlacementEvicted}, nil},
		"an address":                {store.BlockFilter{Target: prefix("203.0.113.7/32")}, []int{2, 1, 0}},
		"an address beside":         {store.BlockFilter{Target: prefix("203.0.113.8/32")}, []int{2, 1}},
		"a wider range":             {store.BlockFilter{Target: prefix("203.0.0.0/8")}, []int{2, 1, 0}},
		"the last of a range":       {store.BlockFilter{Target: prefix("203.0.127.255/32")}, []int{2}},
		"behind a range":            {store.BlockFilter{Target: prefix("203.0.128.0/32")}, nil},
		"all of IPv4":               {store.BlockFilter{Target: prefix("0.0.0.0/0")}, []int{6, 3, 2, 1, 0}},
		"all of IPv6":               {store.BlockFilter{Target: prefix("::/0")}, []int{7, 5, 4}},
		"an address of IPv6":        {store.BlockFilter{Target: prefix("2001:db8::1/128")}, []int{5, 4}},
		"half of IPv6":              {store.BlockFilter{Target: prefix("8000::/2")}, []int{7}},
		"an asker":                  {store.BlockFilter{By: "key_3"}, []int{3}},
		"another asker":             {store.BlockFilter{By: "usr_1"}, []int{7, 5, 3, 1}},
		"a part of an asker":        {store.BlockFilter{By: "usr_"}, nil},
		"a reason":                  {store.BlockFilter{Search: "cASE 3"}, []int{3}},
		"a sign of patterns":        {store.BlockFilter{Search: "2_100%"}, []int{2}},
		"no pattern":                {store.BlockFilter{Search: "case %100"}, nil},
		"a target":                  {store.BlockFilter{Search: "2001:DB8::1/"}, []int{4}},
		"since":                     {store.BlockFilter{Since: at(6)}, []int{7, 6}},
		"all at once": {store.BlockFilter{
			States: []store.BlockState{store.BlockRemoved}, Placement: store.PlacementVerified, Integration: y, Target: prefix("203.0.113.7/32"), Rule: rule,
			Alert: alert, Search: "case", Since: at(2), By: "key_2",
		}, []int{2}},
	} {
		want := make([]string, len(c.want))
		for i, n := range c.want {
			want[i] = all[n].Target.String()
		}
		c.f.Account = acme
		list := func(p store.Page) ([]store.Block, string, error) { return s.ListBlocks(s.ctx, c.f, p) }
		for _, limit := range []int{1, 100} {
			got := make([]string, 0, len(want))
			for _, b := range walk(t, limit, list, nil) {
				got = append(got, b.Target.String())
			}
			same(t, fmt.Sprintf("blocks by %s, %d at a time", name, limit), got, want)
		}
	}
}
