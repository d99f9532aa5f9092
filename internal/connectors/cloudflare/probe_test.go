package cloudflare

import (
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// TestTest: what each token is told. Nothing is changed by any.
func TestTest(t *testing.T) {
	t.Parallel()
	rules := []string{permRulesRead, permRulesWrite}
	lists := []string{permListWrite, permWAFWrite}
	for name, tt := range map[string]struct {
		settings string
		perms    []string
		setup    func(m *model)
		wrong    []string // in the error
		note     string
		grade    connector.Grade
	}{
		"rules, the template's permission":   {settings: `{}`, perms: rules, grade: connector.Confirmed, note: "may read and write"},
		"rules, the one permission":          {settings: `{}`, perms: []string{permRulesWrite}, grade: connector.Confirmed},
		"rules, reading alone":               {settings: `{}`, perms: []string{permRulesRead}, wrong: []string{"403", needRules}},
		"rules, a permission for more":       {settings: `{}`, perms: lists, wrong: []string{"listing", needRules}},
		"rules, another zone":                {settings: `{"zone_id":"` + nobody + `"}`, perms: rules, wrong: []string{"7003"}},
		"a token that expires soon":          {settings: `{}`, perms: rules, grade: connector.Confirmed, note: "expires on 2026-12-01"},
		"a disabled token":                   {settings: `{}`, perms: rules, setup: func(m *model) { m.token.status = "disabled" }, wrong: []string{"it is disabled"}},
		"an expired token":                   {settings: `{}`, perms: rules, setup: func(m *model) { m.token.status = "expired" }, wrong: []string{"it is expired"}},
		"a token that is none":               {settings: `{"api_token":"canary-5f3b1c-other"}`, perms: rules, wrong: []string{"Invalid API Token", "account_id"}},
		"none, of an account":                {settings: `{"api_token":"canary-5f3b1c-other","account_id":"` + testAccount + `"}`, perms: rules, wrong: []string{"Invalid API Token"}},
		"an account's token":                 {settings: `{"account_id":"` + testAccount + `"}`, perms: rules, setup: func(m *model) { m.token.owner = "account" }, grade: connector.Confirmed},
		"an account's token, account unsaid": {settings: `{}`, perms: rules, setup: func(m *model) { m.token.owner = "account" }, grade: connector.Confirmed, note: "give account_id"},
		"list, the two permissions":          {settings: byList, perms: lists, grade: connector.Confirmed},
		"list, the list read alone":          {settings: byList, perms: []string{permListRead, permWAFWrite}, wrong: []string{"403", needList}},
		"list, the rules read alone":         {settings: byList, perms: []string{permListWrite, permWAFRead}, wrong: []string{"403", needWAF}},
		"list, nothing for the rules":        {settings: byList, perms: []string{permListWrite}, wrong: []string{"reading the zone's custom rules", needWAF}},
		"list, nothing for the list":         {settings: byList, perms: []string{permWAFWrite}, wrong: []string{"looking for the list", needList}},
		"list, the permission for rules A":   {settings: byList, perms: rules, wrong: []string{"reading the zone's custom rules", needWAF}},
		"list, a zone without custom rules":  {settings: byList, perms: lists, setup: func(m *model) { m.set = nil }, grade: connector.Unverifiable, note: "shows with the first block"},
		"list, none yet":                     {settings: byList, perms: lists, setup: func(m *model) { m.lists = nil }, grade: connector.Confirmed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, l := withList(t)
			m.perms = tt.perms
			m.addRule("block", "ip", "203.0.113.1", "", "zone")
			m.putItem(l.ID, "203.0.113.1", "")
			if tt.setup != nil {
				tt.setup(m)
			}
			seq, rulesBefore := m.seq, len(m.rules)
			c := opened(t, m, tt.settings)
			x := &httpkit.Exchange{Full: true}
			err := c.Test(httpkit.WithExchange(t.Context(), x))
			for _, text := range tt.wrong {
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Errorf("%v, want %q", err, text)
				}
			}
			switch {
			case len(tt.wrong) == 0 && err != nil:
				t.Error(err)
			case err != nil && classOf(err) != "permanent":
				t.Errorf("%s: %v", classOf(err), err)
			case err == nil && c.TestGrade() != tt.grade, err != nil && c.TestGrade() != connector.Unverifiable:
				t.Errorf("grade %s", c.TestGrade())
			case err == nil && x.Status >= 300, err != nil && x.Status < 300 && !strings.Contains(err.Error(), "it is "):
				t.Errorf("it shows %s %s %d, with %v", x.Method, x.URL, x.Status, err)
			}
			if !slices.ContainsFunc(append(c.Notes(), ""), func(n string) bool { return strings.Contains(n, tt.note) }) {
				t.Errorf("notes %q, want %q", c.Notes(), tt.note)
			}
			if m.seq != seq || len(m.rules) != rulesBefore || len(m.items[l.ID]) != 1 || m.set != nil && len(m.set.Rules) != 2 {
				t.Error("the test has changed something")
			}
		})
	}
}
