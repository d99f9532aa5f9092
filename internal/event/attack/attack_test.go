package attack_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event/attack"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]attack.Technique{
		"T1110":        {ID: "T1110", Name: "Brute Force", Tactics: []string{"credential-access"}},
		" t1110.001\n": {ID: "T1110.001", Name: "Password Guessing", Tactics: []string{"credential-access"}},
		"T1078": {ID: "T1078", Name: "Valid Accounts", Tactics: []string{
			"initial-access", "persistence", "privilege-escalation", "defense-evasion",
		}},
		"T1681": {ID: "T1681", Name: "Search Threat Vendor Data", Tactics: []string{"reconnaissance"}},
		"T9999": {}, "": {}, "Brute Force": {}, ".001": {},
	} {
		got, ok := attack.Lookup(id)
		if diff := cmp.Diff(want, got); diff != "" || ok != (want.ID != "") {
			t.Errorf("%q (-want +got):\n%s", id, diff)
		}
	}
}

// TestList holds every line to its form: the parser takes them as they are.
func TestList(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^T1\d{3}(\.\d{3})?$`)
	all := attack.Techniques()
	if len(all) < 600 || len(attack.Tactics()) != 14 {
		t.Errorf("there are %d techniques and %d tactics", len(all), len(attack.Tactics()))
	}
	used := map[string]bool{}
	for i, x := range all {
		if !form.MatchString(x.ID) || x.Name == "" || x.Name != strings.TrimSpace(x.Name) || strings.ContainsFunc(x.Name, unicode.IsControl) || len(x.Tactics) == 0 {
			t.Errorf("%+v is not a technique", x)
		}
		if i > 0 && all[i-1].ID >= x.ID {
			t.Errorf("%s comes after %s", x.ID, all[i-1].ID)
		}
		if parent, _, sub := strings.Cut(x.ID, "."); sub {
			if of, ok := attack.Lookup(parent); !ok || !slices.Equal(of.Tactics, x.Tactics) {
				t.Errorf("%s is not one of its technique's", x.ID)
			}
		}
		for _, tactic := range x.Tactics {
			used[tactic] = true
		}
	}
	for _, tactic := range attack.Tactics() {
		if !used[tactic] {
			t.Errorf("no technique is used for %s", tactic)
		}
	}
}
