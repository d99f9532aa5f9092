package cloudflare

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (m *model) listRules(r *http.Request, _ []string, _ []byte) reply {
	q := r.URL.Query()
	var found []*accessRule
	for _, x := range m.rules {
		if notes := q.Get("notes"); notes == "" || strings.Contains(strings.ToLower(x.Notes), strings.ToLower(notes)) {
			found = append(found, x)
		}
	}
	page, perPage := number(q.Get("page"), 1), number(q.Get("per_page"), 20)
	if m.perPage > 0 {
		perPage = min(perPage, m.perPage)
	}
	from := min((page-1)*perPage, len(found))
	to := min(from+perPage, len(found))
	a := good(slices.Clone(found[from:to]))
	a.info = map[string]any{"page": page, "per_page": perPage, "count": to - from, "total_count": len(found), "total_pages": (len(found) + perPage - 1) / perPage}
	return a
}

func number(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return otherwise
}

// createRule refuses what the API refuses: other lengths of ranges, and a second rule of the zone for the same.
func (m *model) createRule(_ *http.Request, _ []string, body []byte) reply {
	var in newRule
	if a, ok := decode(body, &in); !ok {
		return a
	}
	p, ok := in.Configuration.prefix()
	v4 := ok && p.Addr().Is4()
	switch c := in.Configuration; {
	case !ok, c.Target == targetIPv4 && (!v4 || !p.IsSingleIP()), c.Target == targetIPv6 && (v4 || !p.IsSingleIP()),
		c.Target == targetRange && v4 && p.Bits() != 16 && p.Bits() != 24,
		c.Target == targetRange && !v4 && !slices.Contains([]int{32, 48, 64}, p.Bits()):
		return bad(http.StatusBadRequest, 10001, "firewallaccessrules.api.validation_error:invalid "+c.Target+" provided")
	}
	own := 0
	for _, x := range m.rules {
		if x.inherited() {
			continue
		}
		if own++; x.Configuration == in.Configuration {
			return bad(http.StatusBadRequest, codeDuplicate, "firewallaccessrules.api.duplicate_of_existing")
		}
	}
	if own >= m.maxRules {
		return bad(http.StatusBadRequest, 10015, "firewallaccessrules.api.max_rules_exceeded")
	}
	return good(m.addRule(in.Mode, in.Configuration.Target, in.Configuration.Value, in.Notes, scopeZone))
}

// addRule puts a rule there, as anybody may.
func (m *model) addRule(mode, target, value, notes, scope string) *accessRule {
	x := &accessRule{ID: m.id(), Mode: mode, Notes: notes, Configuration: configuration{Target: target, Value: value}}
	x.Scope.Type = scope
	m.rules = append(m.rules, x)
	return x
}

// deleteRule answers for a rule that is gone as the API does: with success and nothing in it.
func (m *model) deleteRule(_ *http.Request, args []string, _ []byte) reply {
	for i, x := range m.rules {
		if x.ID == args[0] && !x.inherited() {
			m.rules = slices.Delete(m.rules, i, i+1)
			return good(map[string]any{"id": x.ID})
		}
	}
	return good(nil)
}

// rule is the rule for an address, nil if there is none.
func (m *model) rule(value string) *accessRule {
	for _, x := range m.rules {
		if x.Configuration.Value == value {
			return x
		}
	}
	return nil
}
