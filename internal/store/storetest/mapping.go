package storetest

import (
	"encoding/json"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func mappingRule(account event.Account, name string, position int) store.MappingRule {
	return store.MappingRule{
		ID: event.NewID(), Account: account, Name: name, Source: "falco", Position: position, Enabled: true,
		When: "event.severity_level < HIGH &&\n\tevent.title.contains(\"'\")", Drop: true, Set: json.RawMessage(`{"project":"p"}`),
		Compute: json.RawMessage(`{}`), Version: 1, CreatedAt: at(1), UpdatedAt: at(2),
	}
}

func testMappingRules(t *testing.T, s *suite) {
	m := mappingRule(acme, "noise", 100)
	must(t, s.CreateMappingRule(s.ctx, m))
	got, err := s.GetMappingRule(s.ctx, acme, m.ID)
	must(t, err)
	same(t, "rule", got, m)
	_, err = s.GetMappingRule(s.ctx, other, m.ID)
	wantErr(t, "another account's rule", err, store.ErrNotFound)
	wantErr(t, "a taken name", s.CreateMappingRule(s.ctx, mappingRule(acme, "noise", 1)), store.ErrConflict)
	must(t, s.CreateMappingRule(s.ctx, mappingRule(other, "noise", 1)))

	must(t, s.SaveMappingCounts(s.ctx, []store.MappingCounts{{ID: m.ID, Matched: 3, Dropped: 2, Failed: 1}, {ID: event.NewID(), Matched: 9}}))
	m.Source, m.Position, m.Enabled, m.When, m.Drop, m.UpdatedAt = "*", 7, false, "", false, at(9)
	m.Set, m.Compute = json.RawMessage(`{}`), json.RawMessage(`{"project":"event.title"}`)
	must(t, s.UpdateMappingRule(s.ctx, m)) // the counts stay
	wantErr(t, "a stale version", s.UpdateMappingRule(s.ctx, m), store.ErrConflict)
	foreign := m
	foreign.Account = other
	wantErr(t, "another account's rule", s.UpdateMappingRule(s.ctx, foreign), store.ErrNotFound)
	wantErr(t, "an unknown rule", s.UpdateMappingRule(s.ctx, mappingRule(acme, "unknown", 1)), store.ErrNotFound)
	got, err = s.GetMappingRule(s.ctx, acme, m.ID)
	must(t, err)
	m.Version, m.Matched, m.Dropped, m.Failed = 2, 3, 2, 1
	same(t, "changed rule", got, m)

	second := mappingRule(acme, "second", 8)
	must(t, s.CreateMappingRule(s.ctx, second))
	taken := second
	taken.Name = "noise"
	wantErr(t, "a taken name", s.UpdateMappingRule(s.ctx, taken), store.ErrConflict)

	wantErr(t, "deleting a stale version", s.DeleteMappingRule(s.ctx, acme, m.ID, 1), store.ErrConflict)
	wantErr(t, "deleting another account's", s.DeleteMappingRule(s.ctx, other, m.ID, 2), store.ErrNotFound)
	must(t, s.DeleteMappingRule(s.ctx, acme, m.ID, 2))
	wantErr(t, "deleting it again", s.DeleteMappingRule(s.ctx, acme, m.ID, 2), store.ErrNotFound)
	must(t, s.CreateMappingRule(s.ctx, mappingRule(acme, "noise", 1))) // the name is free again
}

func testMappingRuleList(t *testing.T, s *suite) {
	ids := newIDs(5)
	for i, position := range []int{5, 1, 5, 3, 1} {
		m := mappingRule(acme, string(rune('a'+i)), position)
		m.ID = ids[i]
		must(t, s.CreateMappingRule(s.ctx, m))
	}
	must(t, s.CreateMappingRule(s.ctx, mappingRule(other, "a", 0)))
	s.reopen(t)
	list, err := s.ListMappingRules(s.ctx, acme)
	must(t, err)
	names := ""
	for _, m := range list {
		names += m.Name
	}
	same(t, "order", names, "bedac")
	all, err := s.AllMappingRules(s.ctx)
	must(t, err)
	same(t, "all", len(all), 6)
}
