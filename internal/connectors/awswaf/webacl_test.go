package awswaf

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connectors/awswaf/awswaftest"
)

// ruleOf is a rule that names something in its statement.
func ruleOf(name, statement, action string) string {
	return fmt.Sprintf(`{"Name":%q,"Priority":0,"Statement":%s,%s,"VisibilityConfig":{}}`, name, statement, action)
}

func usesSet(arn string) string { return fmt.Sprintf(`{"IPSetReferenceStatement":{"ARN":%q}}`, arn) }
func usesGroup(arn string) string {
	return fmt.Sprintf(`{"RuleGroupReferenceStatement":{"ARN":%q}}`, arn)
}

const (
	blocks = `"Action":{"Block":{}}`
	counts = `"Action":{"Count":{}}`
	allows = `"Action":{"Allow":{}}`
	group1 = `"OverrideAction":{"None":{}}`
)

// TestRulesThatUseTheSet: what web ACLs do with the set is told from what has no effect.
func TestRulesThatUseTheSet(t *testing.T) {
	t.Parallel()
	const nobody = "No web ACL uses the IP set tocsin: blocks have no effect until a rule with the action Block does."
	for name, tt := range map[string]struct {
		rules func(b *bench) string
		want  string // a part of the warning; empty: none
	}{
		"none":        {func(*bench) string { return `[]` }, nobody},
		"another set": {func(b *bench) string { return "[" + ruleOf("r", usesSet(b.v6), blocks) + "]" }, nobody},
		"blocks":      {func(b *bench) string { return "[" + ruleOf("r", usesSet(b.v4), blocks) + "]" }, ""},
		"blocks, custom response": {func(b *bench) string {
			return "[" + ruleOf("r", usesSet(b.v4), `"Action":{"Block":{"CustomResponse":{"ResponseCode":403}}}`) + "]"
		}, ""},
		"one of many": {func(b *bench) string {
			return "[" + ruleOf("c", usesSet(b.v4), counts) + "," + ruleOf("r", `{"OrStatement":{"Statements":[`+usesSet(b.v6)+`,`+usesSet(b.v4)+`]}}`, blocks) + "]"
		}, ""},
		"a statement nobody knows yet": {func(b *bench) string {
			return "[" + ruleOf("r", `{"NewStatement":{"Inner":[{"Deep":`+usesSet(b.v4)+`}]}}`, blocks) + "]"
		}, ""},
		"not and not": {func(b *bench) string {
			return "[" + ruleOf("r", `{"NotStatement":{"Statement":{"NotStatement":{"Statement":`+usesSet(b.v4)+`}}}}`, blocks) + "]"
		}, ""},
		"counts": {func(b *bench) string { return "[" + ruleOf("watch", usesSet(b.v4), counts) + "]" }, "the rule watch of the web ACL edge has the action Count"},
		"allows": {func(b *bench) string { return "[" + ruleOf("let", usesSet(b.v4), allows) + "]" }, "the rule let of the web ACL edge lets through what is in it"},
		"negated": {func(b *bench) string {
			return "[" + ruleOf("r", `{"NotStatement":{"Statement":`+usesSet(b.v4)+`}}`, blocks) + "]"
		}, "has the action Block for what is not in it"},
		"rated": {func(b *bench) string {
			return "[" + ruleOf("r", `{"RateBasedStatement":{"Limit":100,"ScopeDownStatement":`+usesSet(b.v4)+`}}`, blocks) + "]"
		}, "only limits the rate"},
		"in a group": {func(b *bench) string {
			return "[" + ruleOf("g", usesGroup(b.AddRuleGroup("REGIONAL", "ours", "["+ruleOf("r", usesSet(b.v4), blocks)+"]")), group1) + "]"
		}, ""},
		"in a group that counts": {func(b *bench) string {
			return "[" + ruleOf("g", usesGroup(b.AddRuleGroup("REGIONAL", "ours", "["+ruleOf("r", usesSet(b.v4), blocks)+"]")), `"OverrideAction":{"Count":{}}`) + "]"
		}, "overridden by Count"},
		"in no group": {func(b *bench) string {
			return "[" + ruleOf("g", usesGroup(b.AddRuleGroup("REGIONAL", "ours", `[]`)), group1) + "]"
		}, nobody},
		"a hostile name": {func(b *bench) string {
			return "[" + ruleOf("a\nb\u202e<script>", usesSet(b.v4), counts) + "]"
		}, "the rule a b<script> of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, map[string]any{"ip_set_arn_v6": nil})
			b.AddWebACL("CLOUDFRONT", "elsewhere", "["+ruleOf("r", usesSet(b.v4), blocks)+"]")
			b.AddWebACL("REGIONAL", "edge", tt.rules(b))
			got := strings.Join(b.snapshot(t).Warnings, "\n")
			if !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if err := b.Test(t.Context()); err != nil {
				t.Fatal(err)
			}
			if notes := strings.Join(b.Notes(), "\n"); !strings.Contains(notes, tt.want) || tt.want == "" && !strings.Contains(notes, "A rule of a web ACL blocks by each IP set.") {
				t.Error(notes)
			}
		})
	}
}

// TestGlobalScope: sets of CloudFront are asked for in us-east-1, with their own web ACLs.
func TestGlobalScope(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.Region = "us-east-1"
	arn := b.AddSet(awswaftest.Set{Name: "edge", Scope: "CLOUDFRONT"})
	b.AddWebACL("REGIONAL", "regional", "["+ruleOf("r", usesSet(arn), blocks)+"]")
	b.settings["ip_set_arn"] = arn
	delete(b.settings, "ip_set_arn_v6")
	b.open(t)
	if w := b.snapshot(t).Warnings; len(w) != 1 || !strings.Contains(w[0], "No web ACL uses the IP set edge") {
		t.Error(w)
	}
	b.change(t, add("203.0.113.7/32"))
	b.holds(t, arn, "203.0.113.7/32")
	b.AddWebACL("CLOUDFRONT", "global", "["+ruleOf("r", usesSet(arn), blocks)+"]")
	if err := b.Test(t.Context()); err != nil || len(b.snapshot(t).Warnings) != 0 {
		t.Error(err, b.snapshot(t).Warnings)
	}
	for _, c := range b.Calls("UpdateIPSet", "ListWebACLs", "GetWebACL") {
		if !strings.Contains(string(c.Body), `"Scope":"CLOUDFRONT"`) {
			t.Errorf("%s %s", c.Action, c.Body)
		}
	}
}

// TestOnceAnHour: web ACLs are looked at once in an hour, whichever instance does it.
func TestOnceAnHour(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	now := time.Now()
	b.env.Now = func() time.Time { return now }
	looks := func(want int) {
		t.Helper()
		for range 3 {
			b.open(t)
			if w := b.snapshot(t).Warnings; len(w) != 2 {
				t.Errorf("%q", w)
			}
		}
		if n := len(b.Calls("ListWebACLs")); n != want {
			t.Errorf("%d looks, want %d", n, want)
		}
	}
	looks(1)
	now = now.Add(59 * time.Minute)
	looks(1)
	now = now.Add(2 * time.Minute)
	looks(2)
	b.env.State = nil // unsaved settings
	b.open(t)
	b.snapshot(t)
	b.snapshot(t)
	if n := len(b.Calls("ListWebACLs")); n != 3 {
		t.Errorf("%d looks", n)
	}
}

// TestManyWebACLs: a long look goes on from one reading to the next, and says nothing before it is over.
func TestManyWebACLs(t *testing.T) {
	t.Parallel()
	b := newBench(t, map[string]any{"ip_set_arn_v6": nil})
	for i := range 130 {
		rules := "[]"
		if i == 127 {
			rules = "[" + ruleOf("watch", usesSet(b.v4), counts) + "]"
		}
		b.AddWebACL("REGIONAL", fmt.Sprintf("acl-%d", i), rules)
	}
	readings := 0
	var warnings []string
	for before := -1; before != len(b.Calls("GetWebACL")); readings++ {
		before = len(b.Calls("GetWebACL"))
		if len(warnings) > 0 {
			t.Fatalf("it said %q before it was over", warnings)
		}
		b.open(t)
		warnings = b.snapshot(t).Warnings
		if n := len(b.Calls("GetWebACL")) - before; before > 0 && n > maxLook {
			t.Fatalf("%d requests in one reading", n)
		}
		if before > 0 && len(warnings) > 0 {
			break
		}
	}
	if n := len(b.Calls("GetWebACL")); n != 130 || len(warnings) != 1 || !strings.Contains(warnings[0], "acl-127 has the action Count") {
		t.Errorf("%d web ACLs in %d readings: %q", n, readings, warnings)
	}
	// A test looks at more at once, and may not get through either: then it says so.
	b.env.State = nil
	b.open(t)
	if err := b.Test(t.Context()); err != nil || !strings.Contains(strings.Join(b.Notes(), "\n"), "was not found out in time") {
		t.Errorf("%v, %q", err, b.Notes())
	}
}

// TestNotAllowedToLook: it is no failure, and no warning, but said.
func TestNotAllowedToLook(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		allowed []string
		want    string
	}{
		"nothing":     {[]string{"GetIPSet"}, "was not checked: wafv2:ListWebACLs and wafv2:GetWebACL are not allowed"},
		"the list":    {[]string{"GetIPSet", "ListWebACLs"}, "was not checked: wafv2:ListWebACLs and wafv2:GetWebACL are not allowed"},
		"all but one": {[]string{"GetIPSet", "ListWebACLs", "GetWebACL"}, "wafv2:GetRuleGroup is not allowed"},
	} {
		b := newBench(t, nil)
		b.AddKey(keyID, secret, tt.allowed...)
		b.AddWebACL("REGIONAL", "edge", "["+ruleOf("g", usesGroup(b.AddRuleGroup("REGIONAL", "ours", `[]`)), group1)+"]")
		if err := b.Test(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if notes := strings.Join(b.Notes(), "\n"); !strings.Contains(notes, tt.want) {
			t.Errorf("%s: %s", name, notes)
		}
		if w := b.snapshot(t).Warnings; len(w) != 0 {
			t.Errorf("%s: %q", name, w)
		}
	}
}

// TestLookFails: whatever goes wrong with web ACLs, the sets are read; it is tried again after a while.
func TestLookFails(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]awswaftest.Fault{
		"cut": {Cut: true}, "a page": {Body: "<html>"}, "throttled": {Code: "ThrottlingException"}, "a fault": {Status: 500, Code: "WAFInternalErrorException"},
	} {
		for _, action := range []string{"ListWebACLs", "GetWebACL"} {
			b := newBench(t, map[string]any{"ip_set_arn_v6": nil})
			now := time.Now()
			b.env.Now = func() time.Time { return now }
			b.open(t)
			b.AddWebACL("REGIONAL", "edge", `[]`)
			b.Fail(action, fault)
			for range 3 {
				if w := b.snapshot(t).Warnings; len(w) > 0 {
					t.Errorf("%s of %s: %q", name, action, w)
				}
			}
			if n := len(b.Calls("ListWebACLs")); n != 1 {
				t.Errorf("%s of %s: %d looks at once", name, action, n)
			}
			now = now.Add(2 * time.Minute)
			if w := b.snapshot(t).Warnings; len(w) != 1 {
				t.Errorf("%s of %s: %q", name, action, w)
			}
		}
	}
}

// TestDeletedWebACL: one that is gone when it is looked at is passed over.
func TestDeletedWebACL(t *testing.T) {
	t.Parallel()
	b := newBench(t, map[string]any{"ip_set_arn_v6": nil})
	b.AddWebACL("REGIONAL", "gone", `[]`)
	b.AddWebACL("REGIONAL", "edge", "["+ruleOf("r", usesSet(b.v4), blocks)+"]")
	b.Fail("GetWebACL", awswaftest.Fault{Code: "WAFNonexistentItemException"})
	if w := b.snapshot(t).Warnings; len(w) != 0 || len(b.Calls("GetWebACL")) != 2 {
		t.Error(w)
	}
}
