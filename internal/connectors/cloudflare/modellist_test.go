package cloudflare

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

func (m *model) getLists(*http.Request, []string, []byte) reply {
	lists := []map[string]any{}
	for _, l := range m.lists {
		n := l.Items
		if own, ok := m.items[l.ID]; ok {
			n = len(own)
		}
		lists = append(lists, map[string]any{
			"id": l.ID, "name": l.Name, "kind": l.Kind, "num_items": n, "num_referencing_filters": 0,
			"created_on": "2026-11-01T00:00:00Z", "modified_on": "2026-11-01T00:00:00Z",
		})
	}
	return good(lists)
}

// addList puts a list there, as anybody may.
func (m *model) addList(name, kind string) *list {
	l := &list{ID: m.id(), Name: name, Kind: kind}
	m.lists = append(m.lists, l)
	m.items[l.ID] = []*item{}
	return l
}

func (m *model) createList(_ *http.Request, _ []string, body []byte) reply {
	var in newList
	if a, ok := decode(body, &in); !ok {
		return a
	}
	if slices.ContainsFunc(m.lists, func(l *list) bool { return l.Name == in.Name }) {
		return bad(http.StatusConflict, 10012, "a list with this name already exists")
	}
	return good(m.addList(in.Name, in.Kind))
}

func (m *model) theList(id string) *list {
	for _, l := range m.lists {
		if l.ID == id {
			return l
		}
	}
	return nil
}

var errNoList = bad(http.StatusNotFound, codeNoRule, "could not find list")

func (m *model) updateList(_ *http.Request, args []string, _ []byte) reply {
	if l := m.theList(args[0]); l != nil {
		return good(l)
	}
	return errNoList
}

func (m *model) getOperation(_ *http.Request, args []string, _ []byte) reply {
	op := m.ops[args[0]]
	if op == nil {
		return bad(http.StatusNotFound, codeNoRule, "could not find operation")
	}
	m.step(op)
	return good(op.operation)
}

// step takes an operation a little further.
func (m *model) step(op *modelOp) {
	switch {
	case op.Status == opCompleted || op.Status == opFailed:
	case op.left > 0:
		op.left--
		op.Status = "running"
	default:
		op.Status = opCompleted
		if op.Error = op.apply(); op.Error != "" {
			op.Status = opFailed
		}
	}
}

// finish does all that is under way.
func (m *model) finish() {
	for _, op := range m.ops {
		op.left = 0
		m.step(op)
	}
}

// begin begins an operation, of which an account has one at a time.
func (m *model) begin(apply func() string) reply {
	busy := m.busy
	for _, op := range m.ops {
		if op.Status != opCompleted && op.Status != opFailed {
			busy = true
			m.step(op) // time goes by
		}
	}
	if busy {
		return bad(http.StatusTooManyRequests, 10044, "there is already a pending bulk operation for this account")
	}
	op := &modelOp{operation: operation{ID: m.id(), Status: "pending"}, left: m.polls, apply: apply}
	m.ops[op.ID] = op
	return good(map[string]any{"operation_id": op.ID})
}

func (m *model) getItems(r *http.Request, args []string, _ []byte) reply {
	if m.theList(args[0]) == nil {
		return errNoList
	}
	q := r.URL.Query()
	var found []*item
	for _, x := range m.items[args[0]] {
		if strings.HasPrefix(x.IP, q.Get("search")) {
			found = append(found, x)
		}
	}
	from := number(strings.TrimPrefix(q.Get("cursor"), "c"), 0)
	to := min(from+number(q.Get("per_page"), 25), len(found))
	a := good(append([]*item{}, found[min(from, to):to]...))
	cursors := map[string]any{}
	if to < len(found) {
		cursors["after"] = fmt.Sprint("c", to)
	}
	a.info = map[string]any{"cursors": cursors}
	return a
}

func (m *model) getItem(_ *http.Request, args []string, _ []byte) reply {
	for _, x := range m.items[args[0]] {
		if x.ID == args[1] {
			return good(x)
		}
	}
	return bad(http.StatusNotFound, codeNoRule, "could not find item")
}

// putItem puts an item on a list. One of the same address takes the place of the one that was there.
func (m *model) putItem(list, ip, comment string) *item {
	ip = strings.TrimSuffix(ip, "/32")
	for _, x := range m.items[list] {
		if x.IP == ip {
			x.Comment = comment
			return x
		}
	}
	x := &item{ID: m.id(), IP: ip, Comment: comment}
	m.items[list] = append(m.items[list], x)
	return x
}

func (m *model) createItems(_ *http.Request, args []string, body []byte) reply {
	var in []newItem
	if a, ok := decode(body, &in); !ok {
		return a
	}
	if m.theList(args[0]) == nil {
		return errNoList
	}
	seen := map[string]bool{}
	for i, x := range in {
		why := ""
		p, ok := prefixOf(x.IP)
		switch {
		case !ok, p.Addr().Is4() && p.Bits() < 8, p.Addr().Is6() && p.Bits() < 12, p.Addr() == prefix("2001:db8:bad::/48").Addr():
			why = "filters.api.invalid_ip"
		case seen[p.String()]:
			why = "filters.api.duplicate_item_value"
		case len(x.Comment) > 500:
			why = "filters.api.comment_too_long"
		}
		if seen[p.String()] = true; why != "" {
			a := bad(http.StatusBadRequest, 10028, fmt.Sprintf("invalid value for ip at position %d: %s", i, why))
			a.faults[0]["source"] = map[string]any{"parameter_value_index": i}
			return a
		}
	}
	return m.begin(func() string {
		count := 0
		for _, items := range m.items {
			count += len(items)
		}
		if count+len(in) > m.maxItems {
			return "This list is at the maximum number of items"
		}
		for _, x := range in {
			m.putItem(args[0], x.IP, x.Comment)
		}
		return ""
	})
}

func (m *model) deleteItems(_ *http.Request, args []string, body []byte) reply {
	var in itemIDs
	if a, ok := decode(body, &in); !ok {
		return a
	}
	return m.begin(func() string {
		for _, x := range in.Items {
			m.items[args[0]] = slices.DeleteFunc(m.items[args[0]], func(y *item) bool { return y.ID == x.ID })
		}
		return ""
	})
}

func (m *model) getEntry(*http.Request, []string, []byte) reply {
	if m.set == nil {
		return bad(http.StatusNotFound, codeNoEntry, "could not find entrypoint ruleset in the http_request_firewall_custom phase")
	}
	return good(m.set)
}

func (m *model) createRuleset(_ *http.Request, _ []string, body []byte) reply {
	var in ruleset
	if a, ok := decode(body, &in); !ok {
		return a
	}
	if m.set != nil {
		return bad(http.StatusBadRequest, 20217, "a ruleset with this kind and phase already exists")
	}
	in.ID = m.id()
	for i := range in.Rules {
		in.Rules[i].ID = m.id()
	}
	m.set = &in
	return good(m.set)
}

func (m *model) createCustomRule(_ *http.Request, args []string, body []byte) reply {
	var in customRule
	if a, ok := decode(body, &in); !ok {
		return a
	}
	switch {
	case m.set == nil || m.set.ID != args[0]:
		return bad(http.StatusNotFound, codeNoEntry, "could not find ruleset")
	case len(m.set.Rules) >= m.maxWAF:
		return bad(http.StatusBadRequest, 20217, "exceeded maximum number of rules in the phase http_request_firewall_custom")
	case slices.ContainsFunc(m.set.Rules, func(r customRule) bool { return r.Ref == in.Ref }):
		return bad(http.StatusBadRequest, 20221, "a rule with this ref already exists")
	}
	in.ID = m.id()
	m.set.Rules = append(m.set.Rules, in)
	return good(m.set)
}

func (m *model) deleteCustomRule(_ *http.Request, args []string, _ []byte) reply {
	if m.set == nil || m.set.ID != args[0] {
		return bad(http.StatusNotFound, codeNoEntry, "could not find ruleset")
	}
	for i, r := range m.set.Rules {
		if r.ID == args[1] {
			m.set.Rules = slices.Delete(m.set.Rules, i, i+1)
			return good(m.set)
		}
	}
	return bad(http.StatusNotFound, codeNoRule, "could not find rule")
}
