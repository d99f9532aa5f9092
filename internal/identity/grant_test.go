package identity

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGrant(t *testing.T) {
	t.Parallel()
	limited := func(scopes Scopes, types ...string) Principal {
		return Principal{Scopes: scopes, EventTypes: newEventTypes(types)}
	}
	for name, c := range map[string]struct {
		maker Principal
		spec  KeySpec
		want  []string
	}{
		"admin gives everything": {limited(Scopes{Admin}), KeySpec{Scopes: []Scope{AuditRead, Admin}}, nil},
		"own scopes":             {limited(Scopes{EventsRead, AuditRead}), KeySpec{Scopes: []Scope{AuditRead}}, nil},
		"others'":                {limited(Scopes{EventsRead}), KeySpec{Scopes: []Scope{EventsRead, AuditRead, Admin}}, []string{"scopes.1", "scopes.2"}},
		"nobody":                 {Principal{}, KeySpec{Scopes: []Scope{EventsRead}}, []string{"scopes.0"}},
		"an unknown scope":       {limited(Scopes{EventsRead}), KeySpec{Scopes: []Scope{"root"}}, nil}, // Create says what is wrong with it
		"within own types":       {limited(Scopes{Admin}, "alert.*", "hit.detected"), KeySpec{Scopes: []Scope{EventsWrite}, EventTypes: []string{"alert.created", "alert.*", "alert.x.*", "hit.detected"}}, nil},
		"beyond own types":       {limited(Scopes{Admin}, "alert.x.*"), KeySpec{Scopes: []Scope{EventsWrite}, EventTypes: []string{"alert.*", "alert.x.y", "*", "alert.x"}}, []string{"event_types.0", "event_types.2", "event_types.3"}},
		"without a limit":        {limited(Scopes{Admin}, "alert.*"), KeySpec{Scopes: []Scope{EventsWrite}}, []string{"event_types"}},
		"that sends nothing":     {limited(Scopes{Admin}, "alert.*"), KeySpec{Scopes: []Scope{EventsRead}}, nil},
		"all types":              {limited(Scopes{Admin}, "*"), KeySpec{Scopes: []Scope{EventsWrite}}, nil},
	} {
		if diff := cmp.Diff(c.want, paths(t, Grant(c.maker, c.spec))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	k := store.Key{Name: "x", Scopes: []string{"events:write"}, EventTypes: []string{"alert.*"}, RateLimit: 3, Environment: Test}
	want := KeySpec{Name: "x", Scopes: []Scope{EventsWrite}, EventTypes: []string{"alert.*"}, RateLimit: 3, Test: true}
	if diff := cmp.Diff(want, SpecOf(k)); diff != "" {
		t.Error(diff)
	}
}

func TestMaySend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		patterns []string
		yes, no  []string
	}{
		"no limit": {nil, []string{"alert.created", "x.y"}, nil},
		"all":      {[]string{"hit.detected", "*"}, []string{"alert.created", "x.y"}, nil},
		"some":     {[]string{"alert.*", "hit.detected"}, []string{"alert.created", "alert.a.b", "hit.detected"}, []string{"alerts.x", "hit.detected.x", "alert", ""}},
	} {
		p := Principal{EventTypes: newEventTypes(c.patterns)}
		filter := p.SendFilter()
		if (filter == nil) != (c.no == nil) {
			t.Errorf("%s: the filter is there: %v", name, filter != nil)
		}
		for _, typ := range c.yes {
			if !p.MaySend(typ) || filter != nil && !filter(typ) {
				t.Errorf("%s: %s may not be sent", name, typ)
			}
		}
		for _, typ := range c.no {
			if p.MaySend(typ) || filter(typ) {
				t.Errorf("%s: %s may be sent", name, typ)
			}
		}
	}
}

func TestMaySendAllocatesNothing(t *testing.T) {
	p := Principal{EventTypes: newEventTypes([]string{"alert.*", "hit.detected"})}
	if n := testing.AllocsPerRun(100, func() { _ = p.SendFilter()("hit.detected") && p.MaySend("incident.updated") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestPrincipal(t *testing.T) {
	t.Parallel()
	p := Principal{Account: "child", Home: event.DefaultAccount, Kind: act.KindKey, ID: "key_1", Name: "ci", Scopes: Scopes{Admin}}
	if !p.Operator() {
		t.Error("an administrator of the default account is no operator")
	}
	want := act.Actor{Kind: "key", ID: "key_1", Name: "ci", Account: event.DefaultAccount, Address: "192.0.2.1", Admin: true}
	if diff := cmp.Diff(want, p.Actor("192.0.2.1")); diff != "" {
		t.Error(diff)
	}
	for _, not := range []Principal{
		{Account: event.DefaultAccount, Home: "child", Scopes: Scopes{Admin}}, {Home: event.DefaultAccount, Scopes: Scopes{EventsWrite}}, {},
	} {
		if not.Operator() || not.Actor("").Admin != not.Can(Admin) {
			t.Errorf("%+v is taken for an operator", not)
		}
	}
}

// TestRoles compares the table of roles with testdata/roles.json; -update writes it anew.
func TestRoles(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(AllRoles(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const file = "testdata/roles.json"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	for i, r := range AllRoles() {
		if r.Role.Rank() != i+1 || !r.Role.Valid() || cmp.Diff(r.Role.Scopes(), r.Scopes) != "" {
			t.Errorf("%s has rank %d and scopes %v", r.Role, r.Role.Rank(), r.Role.Scopes())
		}
		for _, s := range r.Scopes { // a greater role can all that a lesser one can
			for _, greater := range AllRoles()[i:] {
				if !greater.Role.Scopes().Can(s) {
					t.Errorf("%s can %s, %s cannot", r.Role, s, greater.Role)
				}
			}
		}
	}
	if r := Role("root"); r.Valid() || r.Rank() != 0 || r.Scopes() != nil || Role("").Valid() {
		t.Error("a role that does not exist is taken for one")
	}
}
