package cloudflare

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

func TestRulesLife(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := opened(t, m, `{}`)
	targets := []string{"203.0.113.7/32", "198.51.100.0/24", "192.0.0.0/16", "2001:db8::7/128", "2001:db8:1:2::/64", "2001:db8:3::/48", "2001:dba::/32"}
	var changes []connector.BlockChange
	for _, p := range targets {
		changes = append(changes, add(p, newBlock()))
	}
	results := change(t, c, changes...)
	s := snapshot(t, c)
	for i, p := range targets {
		want := connector.BlockEntry{Prefix: prefix(p), Handle: results[i].Handle, Mark: changes[i].Block}
		if diff := cmp.Diff(want, find(t, s, p), comparePrefixes); diff != "" || !results[i].Done || results[i].Handle == "" {
			t.Errorf("%s: %+v, and read back (-want +got):\n%s", p, results[i], diff)
		}
	}
	want := []configuration{
		{"ip", "203.0.113.7"}, {"ip_range", "198.51.100.0/24"}, {"ip_range", "192.0.0.0/16"},
		{"ip6", "2001:db8::7"}, {"ip_range", "2001:db8:1:2::/64"}, {"ip_range", "2001:db8:3::/48"}, {"ip_range", "2001:dba::/32"},
	}
	var got []configuration
	for _, r := range m.rules {
		got = append(got, r.Configuration)
		if r.Mode != "block" {
			t.Errorf("%v is there with mode %s", r.Configuration, r.Mode)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	// All are taken away: half of them by their handles, half as one would who never heard the handle.
	for i := range changes {
		changes[i].Remove = true
		if i%2 == 0 {
			changes[i].Handle = results[i].Handle
		}
	}
	for i, r := range change(t, c, changes...) {
		if !r.Done {
			t.Errorf("taking away %s: %+v", targets[i], r)
		}
	}
	if s := snapshot(t, c); len(s.Entries) != 0 || s.Used != 0 {
		t.Errorf("left over: %+v", s)
	}
	// Once more is as good as once.
	for i, r := range change(t, c, changes...) {
		if !r.Done {
			t.Errorf("taking away %s again: %+v", targets[i], r)
		}
	}
}

// TestRulesOfOthers: what others have made is told and never changed, whatever its notes say.
func TestRulesOfOthers(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := opened(t, m, `{}`)
	block := newBlock()
	mark := "tocsin-block:" + block
	rows := []struct {
		mode, target, value, notes, scope string
		want                              connector.BlockEntry // without its handle; no prefix: no entry
	}{
		{"block", "ip", "203.0.113.1", "by hand", "zone", connector.BlockEntry{Prefix: prefix("203.0.113.1/32")}},
		{"whitelist", "ip", "203.0.113.2", "the office", "zone", connector.BlockEntry{Prefix: prefix("203.0.113.2/32"), Allows: true}},
		{"challenge", "ip_range", "198.51.100.4/16", "", "zone", connector.BlockEntry{Prefix: prefix("198.51.0.0/16"), Allows: true}},
		{"managed_challenge", "ip6", "2001:DB8:0100:0::CF", "", "zone", connector.BlockEntry{Prefix: prefix("2001:db8:100::cf/128"), Allows: true}},
		{"block", "ip", "203.0.113.3", mark, "organization", connector.BlockEntry{Prefix: prefix("203.0.113.3/32")}},
		{"whitelist", "ip", "203.0.113.4", mark, "user", connector.BlockEntry{Prefix: prefix("203.0.113.4/32"), Allows: true}},
		{"block", "ip", "203.0.113.5", " " + mark, "zone", connector.BlockEntry{Prefix: prefix("203.0.113.5/32")}},
		{"block", "ip", "203.0.113.6", "see " + mark, "zone", connector.BlockEntry{Prefix: prefix("203.0.113.6/32")}},
		{"block", "ip", "203.0.113.7", mark + "x", "zone", connector.BlockEntry{Prefix: prefix("203.0.113.7/32")}},
		{"block", "ip", "203.0.113.8", mark + "\nmore", "zone", connector.BlockEntry{Prefix: prefix("203.0.113.8/32")}},
		{"block", "ip", "203.0.113.9", strings.ToUpper(mark), "zone", connector.BlockEntry{Prefix: prefix("203.0.113.9/32")}},
		{"block", "ip", "203.0.113.10", "tocsin-block-2:" + block, "zone", connector.BlockEntry{Prefix: prefix("203.0.113.10/32")}},
		{"block", "ip", "203.0.113.11", "tocsin-block:int_" + block[4:], "zone", connector.BlockEntry{Prefix: prefix("203.0.113.11/32")}},
		{"block", "ip", "203.0.113.12", mark + " ours", "zone", connector.BlockEntry{Prefix: prefix("203.0.113.12/32"), Mark: block}},
		{"block", "country", "T1", "", "zone", connector.BlockEntry{}},
		{"block", "asn", "AS64496", "", "zone", connector.BlockEntry{}},
		{"block", "ip", "not an address", "", "zone", connector.BlockEntry{}},
	}
	var want []connector.BlockEntry
	for _, r := range rows {
		x := m.addRule(r.mode, r.target, r.value, r.notes, r.scope)
		if !r.want.Prefix.IsValid() {
			continue
		}
		if r.scope == "zone" {
			r.want.Handle = x.ID
		}
		want = append(want, r.want)
	}
	s := snapshot(t, c)
	if diff := cmp.Diff(want, s.Entries, comparePrefixes); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if s.Used != len(rows) {
		t.Errorf("%d used, want %d: rules for other things count as well", s.Used, len(rows))
	}
	// Someone who means to take away 203.0.113.1 with the handle of another rule hits neither.
	results := change(t, c, connector.BlockChange{Remove: true, Block: block, Prefix: prefix("203.0.113.1/32"), Handle: s.Entries[1].Handle})
	if results[0].Done || !connector.IsPermanent(results[0].Err) || len(m.rules) != len(rows) {
		t.Errorf("a wrong handle: %+v", results)
	}
	// Without a handle, a rule is found by the mark of the very block, and no other.
	results = change(t, c, connector.BlockChange{Remove: true, Block: newBlock(), Prefix: prefix("203.0.113.12/32")},
		connector.BlockChange{Remove: true, Block: block, Prefix: prefix("203.0.113.1/32")})
	if !results[0].Done || !results[1].Done || len(m.rules) != len(rows) {
		t.Errorf("what is not there by that block: %+v", results)
	}
}

// TestRulesTaken: an address that has a rule already stays another's, unless the rule is that of this block.
func TestRulesTaken(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := opened(t, m, `{}`)
	s := snapshot(t, c)
	mine := newBlock()
	m.with(func() { // all of them came after the reading
		m.addRule("block", "ip", "203.0.113.1", "by hand", "zone")
		m.addRule("whitelist", "ip6", "2001:db8::1", "the office", "zone")
		m.addRule("block", "ip", "203.0.113.2", noteOf(defaultTag, newBlock(), "another block"), "zone")
		m.addRule("block", "ip6", "2001:db8::2", noteOf(defaultTag, mine, "its answer got lost"), "zone")
		m.addRule("whitelist", "ip", "203.0.113.4", noteOf(defaultTag, newBlock(), ""), "organization")
	})
	results, err := c.Change(t.Context(), s, []connector.BlockChange{
		add("203.0.113.1/32", newBlock()), add("2001:db8::1/128", newBlock()), add("203.0.113.2/32", newBlock()), add("2001:db8::2/128", mine),
		add("203.0.113.4/32", newBlock()),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []connector.BlockResult{{Was: true}, {Was: true}, {Was: true}, {Done: true, Handle: m.rule("2001:db8::2").ID}, {Done: true, Handle: results[4].Handle}}
	if diff := cmp.Diff(want, results, comparePrefixes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(m.rules) != 6 || m.rule("203.0.113.1").Notes != "by hand" {
		t.Error("a rule of somebody else's was changed")
	}
	// A rule of ours that somebody has made another thing of is no block.
	x := m.rule("2001:db8::2")
	m.with(func() { x.Mode = "whitelist" })
	if _, err := c.Change(t.Context(), s, []connector.BlockChange{add("2001:db8::2/128", mine)}); !errors.Is(err, connector.ErrStale) {
		t.Errorf("a rule of ours that lets through now: %v", err)
	}
}

func TestRulesPages(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ rules, perPage, requests int }{
		"none":                   {0, 0, 1},
		"one page":               {999, 0, 1},
		"a full page":            {1000, 0, 1},
		"three pages":            {2345, 0, 3},
		"fewer than were wanted": {2345, 100, 24},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t)
			m.perPage = tt.perPage
			for i := range tt.rules {
				m.addRule("block", "ip", fmt.Sprintf("10.%d.%d.1", i/256, i%256), "", "zone")
			}
			s := snapshot(t, opened(t, m, `{}`))
			if n := len(m.requests()); len(s.Entries) != tt.rules || n != tt.requests {
				t.Errorf("%d entries with %d requests, want %d with %d", len(s.Entries), n, tt.rules, tt.requests)
			}
		})
	}
}

// TestRulesMovePages: a rule that goes while the pages are read moves all that follow, so that one would be missed.
func TestRulesMovePages(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	for i := range 2500 {
		m.addRule("block", "ip", fmt.Sprintf("10.%d.%d.1", i/256, i%256), "", "zone")
	}
	requests := 0
	m.hook(func(string, string) verdict {
		if requests++; requests == 2 {
			m.with(func() { m.rules = slices.Delete(m.rules, 10, 11) })
		}
		return verdict{}
	})
	s := snapshot(t, opened(t, m, `{}`))
	seen := map[netip.Prefix]bool{}
	for _, e := range s.Entries {
		seen[e.Prefix] = true
	}
	if len(seen) != 2499 || len(s.Entries) != 2499 {
		t.Errorf("%d entries, %d of them different, want 2499", len(s.Entries), len(seen))
	}
}
