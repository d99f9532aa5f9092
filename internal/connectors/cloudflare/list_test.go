package cloudflare

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

const byList = `{"driver":"list","account_id":"` + testAccount + `","list":"` + testList + `"}`

// withList is a model with an empty list, and the rule for it beside another one.
func withList(t *testing.T) (*model, *list) {
	t.Helper()
	m := newModel(t)
	l := m.addList(testList, kindIP)
	m.set = &ruleset{ID: m.id(), Kind: "zone", Phase: phase, Rules: []customRule{
		{ID: m.id(), Ref: "theirs", Description: "no bots", Expression: `http.user_agent contains "bot"`, Action: "block", Enabled: true},
		{ID: m.id(), Ref: "hand_made", Description: "the list", Expression: " ( ip.src  in $tocsin_blocks )", Action: "block", Enabled: true},
	}}
	return m, l
}

// onList is what is on a list: address and comment.
func onList(m *model, l *list) map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string]string{}
	for _, x := range m.items[l.ID] {
		all[x.IP] = x.Comment
	}
	return all
}

// TestListFromNothing: an account without anything gets the list and the rule with the first block, and each once.
func TestListFromNothing(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.lists = append(m.lists, &list{ID: m.id(), Name: "offices", Kind: kindIP, Items: 120}, &list{ID: m.id(), Name: "moved", Kind: kindRedirect, Items: 9000})
	c := opened(t, m, byList)
	s := snapshot(t, c)
	if len(s.Entries) != 0 || s.Used != 120 || len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "does not exist yet") {
		t.Errorf("before: %+v", s)
	}
	changes := []connector.BlockChange{add("203.0.113.7/32", newBlock()), add("198.51.100.0/25", newBlock()), add("2001:db8::7/128", newBlock()), add("2001:db8:10::/44", newBlock())}
	m.requests()
	for i, r := range change(t, c, changes...) {
		if !r.Done {
			t.Errorf("%s: %+v", changes[i].Prefix, r)
		}
	}
	s = snapshot(t, c)
	if len(s.Entries) != 4 || s.Used != 124 || len(s.Warnings) != 0 {
		t.Errorf("after: %+v", s)
	}
	for i, x := range changes {
		if e := find(t, s, x.Prefix.String()); e.Mark != x.Block || e.Handle == "" || e.Allows {
			t.Errorf("%+v", e)
		}
		changes[i].Remove = true
	}
	if m.set == nil || len(m.set.Rules) != 1 || m.set.Rules[0].Expression != "(ip.src in $tocsin_blocks)" || m.set.Rules[0].Ref != "tocsin_block_tocsin_blocks" {
		t.Errorf("the rule: %+v", m.set)
	}
	for i, r := range change(t, c, changes...) {
		if !r.Done {
			t.Errorf("taking away %s: %+v", changes[i].Prefix, r)
		}
	}
	if s := snapshot(t, c); len(s.Entries) != 0 || len(m.lists) != 3 || len(m.set.Rules) != 1 {
		t.Errorf("in the end: %+v", s)
	}
}

// TestListRule: a rule of the zone that blocks what is on the list will do, whoever made it; one that is missing is added to
// those that are there; one of ours that somebody has changed is told of and left.
func TestListRule(t *testing.T) {
	t.Parallel()
	ours := (&listDriver{settings: &Settings{Tag: defaultTag, List: testList}}).ourRule()
	changed := func(f func(*customRule)) *customRule { r := ours; f(&r); return &r }
	for name, tt := range map[string]struct {
		rule    *customRule // in the place of the one that is there
		warning string
		rules   int // after an addition
	}{
		"somebody's own":      {&customRule{Ref: "x", Expression: "ip.src in $tocsin_blocks", Action: "block", Enabled: true}, "", 2},
		"ours":                {&ours, "", 2},
		"ours, by its text":   {changed(func(r *customRule) { r.Ref = "0f0f" }), "", 2},
		"ours, disabled":      {changed(func(r *customRule) { r.Enabled = false }), "is disabled", 2},
		"ours, only a log":    {changed(func(r *customRule) { r.Action = "log" }), "does not block", 2},
		"ours, for one path":  {changed(func(r *customRule) { r.Expression += ` and http.request.uri.path eq "/x"` }), "has another expression", 2},
		"another list's":      {&customRule{Ref: "x", Expression: "(ip.src in $tocsin_blocks_2)", Action: "block", Enabled: true}, "No custom rule", 3},
		"all but the list":    {&customRule{Ref: "x", Expression: "(not ip.src in $tocsin_blocks)", Action: "block", Enabled: true}, "No custom rule", 3},
		"a challenge":         {&customRule{Ref: "x", Expression: "(ip.src in $tocsin_blocks)", Action: "managed_challenge", Enabled: true}, "No custom rule", 3},
		"two things in one":   {&customRule{Ref: "x", Expression: "(ip.src in $tocsin_blocks) and (http.host eq \"a\")", Action: "block", Enabled: true}, "No custom rule", 3},
		"somebody's disabled": {&customRule{Ref: "x", Expression: "(ip.src in $tocsin_blocks)", Action: "block"}, "No custom rule", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, _ := withList(t)
			tt.rule.ID = m.set.Rules[1].ID
			m.set.Rules[1] = *tt.rule
			before := slices.Clone(m.set.Rules)
			c := opened(t, m, byList)
			s := snapshot(t, c)
			if text := strings.Join(s.Warnings, " "); tt.warning == "" && text != "" || !strings.Contains(text, tt.warning) {
				t.Errorf("warnings %q, want %q", s.Warnings, tt.warning)
			}
			if r := change(t, c, add("203.0.113.7/32", newBlock())); !r[0].Done {
				t.Errorf("%+v", r)
			}
			if len(m.set.Rules) != tt.rules || !slices.Equal(before, m.set.Rules[:2]) {
				t.Errorf("rules: %+v", m.set.Rules)
			}
			if tt.rules == 3 && (len(snapshot(t, c).Warnings) != 0 || m.set.Rules[2].Expression != ours.Expression) {
				t.Errorf("it was made, and does not count: %+v", m.set.Rules[2])
			}
		})
	}
}

// TestListOfOthers: items without our mark are told and stay, whatever happens.
func TestListOfOthers(t *testing.T) {
	t.Parallel()
	m, l := withList(t)
	c := opened(t, m, byList)
	block := newBlock()
	m.putItem(l.ID, "203.0.113.1", "by hand")
	m.putItem(l.ID, "203.0.113.2", "see tocsin-block:"+block)
	m.putItem(l.ID, "2001:0DB8:0000::1", "")
	m.putItem(l.ID, "198.51.100.0/22", "tocsin-block:"+block+" ours")
	before := onList(m, l)
	s := snapshot(t, c)
	want := []connector.BlockEntry{
		{Prefix: prefix("203.0.113.1/32")}, {Prefix: prefix("203.0.113.2/32")}, {Prefix: prefix("2001:db8::1/128")},
		{Prefix: prefix("198.51.100.0/22"), Mark: block},
	}
	for i := range want {
		want[i].Handle = m.items[l.ID][i].ID
	}
	if diff := cmp.Diff(want, s.Entries, comparePrefixes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// An address that is on the list is not put there once more: that would take the place of what is there.
	results := change(t, c, add("203.0.113.1/32", newBlock()), add("203.0.113.2/32", newBlock()), add("198.51.100.0/22", newBlock()), add("198.51.100.0/22", block))
	if diff := cmp.Diff([]connector.BlockResult{{Was: true}, {Was: true}, {Was: true}, {Done: true, Handle: want[3].Handle}}, results); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	results = change(t, c, connector.BlockChange{Remove: true, Block: block, Prefix: prefix("203.0.113.1/32")},
		connector.BlockChange{Remove: true, Block: block, Prefix: prefix("203.0.113.2/32")},
		connector.BlockChange{Remove: true, Block: block, Prefix: prefix("203.0.113.1/32"), Handle: "gone"},
		connector.BlockChange{Remove: true, Block: block, Prefix: prefix("203.0.113.1/32"), Handle: want[3].Handle})
	if !results[0].Done || !results[1].Done || !results[2].Done || !connector.IsPermanent(results[3].Err) {
		t.Errorf("%+v", results)
	}
	if diff := cmp.Diff(before, onList(m, l)); diff != "" {
		t.Errorf("the list has changed:\n%s", diff)
	}
}

// TestListChangedMeanwhile: what somebody does between the reading and the change is never undone.
func TestListChangedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, many := range map[string]bool{"few": false, "many": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, l := withList(t)
			c := opened(t, m, byList)
			kept, claimed := newBlock(), newBlock()
			change(t, c, add("203.0.113.1/32", kept), add("203.0.113.2/32", claimed))
			s := snapshot(t, c)
			var more []connector.BlockChange
			if many {
				for i := range maxLookups {
					more = append(more, add(fmt.Sprintf("192.0.2.%d/32", i), newBlock()))
				}
			}
			m.with(func() {
				m.putItem(l.ID, "203.0.113.3", "by hand")
				m.putItem(l.ID, "203.0.113.2", "mine now, says Bob")
			})
			before := onList(m, l)
			for what, x := range map[string]connector.BlockChange{
				"an addition of what came": add("203.0.113.3/32", newBlock()),
				"a removal of what is another's now": {
					Remove: true, Block: claimed, Prefix: prefix("203.0.113.2/32"), Handle: find(t, s, "203.0.113.2/32").Handle,
				},
			} {
				results, err := c.Change(t.Context(), s, append(slices.Clone(more), x))
				if !errors.Is(err, connector.ErrStale) || slices.ContainsFunc(results, func(r connector.BlockResult) bool { return r.Done || r.Unknown }) {
					t.Errorf("%s: %+v, %v", what, results, err)
				}
			}
			if diff := cmp.Diff(before, onList(m, l)); diff != "" {
				t.Errorf("the list has changed:\n%s", diff)
			}
			// With a new reading all is as it should be, and what is not touched by it goes its way.
			results := change(t, c, append(more, connector.BlockChange{Remove: true, Block: kept, Prefix: prefix("203.0.113.1/32")})...)
			for _, r := range results {
				if !r.Done {
					t.Errorf("%+v", results)
				}
			}
		})
	}
}

// TestListVanishes: the list, or the zone's rules, go or come between the reading and the change.
func TestListVanishes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ before, meanwhile func(m *model) }{
		"the list goes":    {nil, func(m *model) { m.lists = nil }},
		"the list comes":   {func(m *model) { m.lists = nil }, func(m *model) { m.addList(testList, kindIP) }},
		"the rules go":     {func(m *model) { m.set.Rules = m.set.Rules[:1] }, func(m *model) { m.set.ID = m.id() }},
		"the rules come":   {func(m *model) { m.set = nil }, func(m *model) { m.set = &ruleset{ID: m.id()} }},
		"the rule is made": {func(m *model) { m.set = nil }, func(m *model) { m.createRuleset(nil, nil, []byte(`{"rules":[]}`)) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, _ := withList(t)
			if tt.before != nil {
				tt.before(m)
			}
			c := opened(t, m, byList)
			s := snapshot(t, c)
			m.with(func() { tt.meanwhile(m) })
			results, err := c.Change(t.Context(), s, []connector.BlockChange{add("203.0.113.7/32", newBlock())})
			if !errors.Is(err, connector.ErrStale) || results[0] != (connector.BlockResult{}) {
				t.Errorf("%+v, %v", results, err)
			}
			if r := change(t, c, add("203.0.113.7/32", newBlock())); !r[0].Done || len(snapshot(t, c).Warnings) != 0 {
				t.Errorf("then: %+v", r)
			}
		})
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 499, 500, 501, 1234} {
		m, l := withList(t)
		for i := range n {
			m.putItem(l.ID, fmt.Sprintf("10.%d.%d.1", i/256, i%256), "")
		}
		c := opened(t, m, byList)
		s := snapshot(t, c)
		if len(s.Entries) != n || s.Used != n {
			t.Errorf("%d of %d entries, %d used", len(s.Entries), n, s.Used)
		}
	}
	m, _ := withList(t)
	m.hook(func(_, path string) verdict {
		if strings.HasSuffix(path, "/items") {
			return verdict{status: 200, body: `{"success":true,"errors":[],"messages":[],"result":[],"result_info":{"cursors":{"after":"again"}}}`}
		}
		return verdict{}
	})
	if _, err := opened(t, m, byList).Blocked(t.Context()); err == nil || !strings.Contains(err.Error(), "circles") {
		t.Errorf("pages without end: %v", err)
	}
}
