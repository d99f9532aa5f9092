package awswaf

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A set does nothing by itself: a rule of a web ACL has to use it, directly or in a rule group, and has to block. This file
// finds that out from what AWS says of web ACLs and rule groups; it is pure.

// rule is the part of a rule that is looked at. Rules are read from the answer itself and not by the SDK's types, so that a
// set is found within kinds of statements that the SDK does not know yet.
type rule struct {
	Name           string                     `json:"Name"`
	Statement      any                        `json:"Statement"`
	Action         map[string]json.RawMessage `json:"Action"`         // one member: Block, Count, Allow, Captcha, Challenge
	OverrideAction map[string]json.RawMessage `json:"OverrideAction"` // of a rule that uses a rule group: None, Count
}

// managedGroup is a rule group that AWS Firewall Manager puts before or after the rules.
type managedGroup struct {
	Name                     string                     `json:"Name"`
	FirewallManagerStatement any                        `json:"FirewallManagerStatement"`
	OverrideAction           map[string]json.RawMessage `json:"OverrideAction"`
}

// acl is the answer to GetWebACL, group that to GetRuleGroup.
type (
	acl struct {
		WebACL *struct {
			Name   string         `json:"Name"`
			Rules  []rule         `json:"Rules"`
			Before []managedGroup `json:"PreProcessFirewallManagerRuleGroups"`
			After  []managedGroup `json:"PostProcessFirewallManagerRuleGroups"`
		} `json:"WebACL"`
	}
	group struct {
		RuleGroup *struct {
			Name  string `json:"Name"`
			Rules []rule `json:"Rules"`
		} `json:"RuleGroup"`
	}
)

// how a statement stands within its rule.
type how int

const (
	plainly how = iota
	negated     // below a NotStatement
	rated       // below a RateBasedStatement: what matches is only counted
)

// mention is one place where a rule names a set or a rule group.
type mention struct {
	rule   *rule
	arn    string
	isSet  bool
	how    how
	counts bool // the rule group's own actions are replaced by Count
}

// mentions finds what a web ACL's rules name.
func (a *acl) mentions() []mention {
	list := mentionsOf(a.WebACL.Rules)
	for _, m := range slices.Concat(a.WebACL.Before, a.WebACL.After) {
		list = append(list, mentionsOf([]rule{{Name: m.Name, Statement: m.FirewallManagerStatement, OverrideAction: m.OverrideAction}})...)
	}
	return list
}

func mentionsOf(rules []rule) (list []mention) {
	for i := range rules {
		r := &rules[i]
		_, counts := r.OverrideAction["Count"]
		walk(r.Statement, plainly, func(arn string, isSet bool, h how) {
			list = append(list, mention{rule: r, arn: arn, isSet: isSet, how: h, counts: counts})
		})
	}
	return list
}

// walk visits what a statement refers to, however deep.
func walk(v any, h how, visit func(arn string, isSet bool, h how)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			walk(x, h, visit)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			below := h
			switch name {
			case "IPSetReferenceStatement", "RuleGroupReferenceStatement":
				if of, ok := v[name].(map[string]any); ok {
					if arn, ok := of["ARN"].(string); ok {
						visit(arn, name == "IPSetReferenceStatement", h)
					}
				}
			case "NotStatement":
				below = flip(h)
			case "RateBasedStatement":
				below = rated
			}
			walk(v[name], below, visit)
		}
	}
}

func flip(h how) how {
	switch h {
	case plainly:
		return negated
	case negated:
		return plainly
	}
	return h
}

// use is what rules do with one set.
type use struct {
	// Blocks names a rule that blocks what is in the set; empty: none is known.
	Blocks string `json:"blocks,omitempty"`
	// Others say what other rules do, at most maxOthers.
	Others []string `json:"others,omitempty"`
}

const maxOthers = 3

// take notes what one rule does with the set.
func (u *use) take(m mention, where string, counts bool) {
	name := fmt.Sprintf("the rule %s of %s", clip(m.rule.Name), where)
	did := slices.Sorted(maps.Keys(m.rule.Action))
	action := clip(strings.Join(did, " "))
	switch {
	case counts:
		name += " only counts, since the rule group is overridden by Count"
	case m.how == negated:
		name += " has the action " + action + " for what is not in it"
	case m.how == rated:
		name += " only limits the rate of requests"
	case action == "Block":
		u.Blocks = name
		return
	case action == "Allow":
		name += " lets through what is in it (Allow)"
	default:
		name += " has the action " + action
	}
	if len(u.Others) < maxOthers && !slices.Contains(u.Others, name) {
		u.Others = append(u.Others, name)
	}
}

// warning is what is said of a set after everything was looked at; empty: a rule blocks.
func (u *use) warning(set string) string {
	switch {
	case u.Blocks != "":
		return ""
	case len(u.Others) > 0:
		return fmt.Sprintf("The IP set %s is used, but no rule of a web ACL blocks by it: %s. Blocks have no effect until one does.",
			set, strings.Join(u.Others, "; "))
	}
	return fmt.Sprintf("No web ACL uses the IP set %s: blocks have no effect until a rule with the action Block does.", set)
}
